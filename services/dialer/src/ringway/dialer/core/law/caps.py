"""How often one lead or number may be dialed: by day, by week, and how soon again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ringway.dialer.core.law.zone_time import begin_of_day, local_day, moment, seconds

WEEK_DAYS = 7


def next_within_cap(
    dials: Sequence[datetime], cap: int | None, days: int, zones: Sequence[str], at: datetime
) -> datetime:
    """Return the first moment, not before ``at``, at which one dial more is within ``cap``.

    Dials count when a zone's calendar showed them within the last ``days`` days, today included;
    in none of the zones may there be ``cap`` of them.
    """
    if cap is None or len(dials) < cap:
        return at
    moved = True
    while moved:
        moved = False
        for zone in zones:
            counted = [local_day(zone, seconds(d)) for d in dials]
            today = local_day(zone, seconds(at))
            while sum(today - days < day <= today for day in counted) >= cap:
                today += 1
                begins = begin_of_day(zone, today)
                if begins is not None and moment(begins) > at:
                    at, moved = moment(begins), True
    return at
