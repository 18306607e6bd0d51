"""When a call-back is due, and what becomes of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ringway.dialer.core.law.zone_time import DAY_S, moment, seconds, spans_of_day
from ringway.dialer.core.retry import Closed as LeadClosed
from ringway.dialer.core.retry import DialAgain
from ringway.proto.dialer_spec import AttemptDisposition as D
from ringway.proto.dialer_spec import CallbackRule

_AGAIN_S = 300.0  # where the call's end names no delay of its own
_SOONEST = timedelta(seconds=60)
_DAYS_AHEAD = 3  # no zone skips more days than one
# Whoever is reached so was called back; who does not exist cannot be.
_SETTLES = frozenset({D.CONNECTED, D.SERVED, D.INVALID_NUMBER})


@dataclass(frozen=True, slots=True)
class Times:
    """The moments of one call-back, in UTC and in this order.

    Attributes:
        try_at: Not dialed before.
        escalates_at: When the team takes over; None: never, or it is the team's already.
        missed_at: Not dialed as a call-back from then on.
    """

    try_at: datetime
    escalates_at: datetime | None
    missed_at: datetime

    @property
    def look_at(self) -> datetime:
        """When something is to be done if nobody has called back."""
        return self.missed_at if self.escalates_at is None else self.escalates_at


def moment_of(local_time: datetime, zone: str) -> datetime:
    """Return when a zone's clock shows a time, in UTC, to the second.

    A time that comes twice is the first of both; one that is skipped, the first moment after the
    gap. So a later local time is never an earlier moment.

    Args:
        local_time: Naive; what the clock on the wall shows.
    """
    day = local_time.date().toordinal()
    second = local_time.hour * 3600 + local_time.minute * 60 + local_time.second
    for later in range(_DAYS_AHEAD):
        spans = spans_of_day(zone, day + later, [(0 if later else second, DAY_S)])
        if spans:
            return moment(spans[0][0])
    raise ValueError(f"{zone} has no such time")


def local_time_of(at: datetime, zone: str) -> datetime:
    """Return what a zone's clock shows at a moment, naive, to the second."""
    shown = datetime.fromtimestamp(seconds(at), UTC).astimezone(ZoneInfo(zone))
    return shown.replace(tzinfo=None)


def times_of(
    due_at: datetime,
    rule: CallbackRule,
    *,
    is_personal: bool,
    early_s: float = 0,
    late_s: float | None = None,
) -> Times:
    """Return the moments of a call-back; whoever is promised more or less time gets it."""
    missed_at = due_at + timedelta(seconds=late_s or rule.missed_after_s)
    escalates_at = None
    if is_personal and rule.escalate_to == "team":
        escalates_at = due_at + timedelta(seconds=rule.personal_wait_s)
        if escalates_at >= missed_at:
            # The window is shorter than the rule thinks: half of it is his.
            escalates_at = due_at + (missed_at - due_at) / 2
    return Times(due_at - timedelta(seconds=early_s), escalates_at, missed_at)


def try_again_at(
    disposition: D, then: DialAgain | LeadClosed, ended_at: datetime, missed_at: datetime
) -> datetime | None:
    """Return when a call-back is dialed again after a dial of it ended; None: it is done."""
    if disposition in _SETTLES:
        return None
    delay_s = then.delay_s if isinstance(then, DialAgain) else _AGAIN_S
    at = ended_at + max(_SOONEST, timedelta(seconds=delay_s))
    return at if at < missed_at else None
