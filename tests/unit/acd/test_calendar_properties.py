"""Hypothesis compares the calendar with the clock on the wall."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.acd.core.calendar import Calendar, Interval

pytestmark = pytest.mark.property


@st.composite
def _intervals(draw: st.DrawFn) -> tuple[Interval, ...]:
    edges = sorted(draw(st.sets(st.integers(0, 48), max_size=6)))
    return tuple((a * 30, b * 30) for a, b in zip(edges[::2], edges[1::2], strict=False))


@st.composite
def _calendars(draw: st.DrawFn) -> Calendar:
    zone = draw(
        st.sampled_from(
            # Half an hour's shift, a shift at midnight, a date that was skipped, none at all.
            ("Europe/Berlin", "Australia/Lord_Howe", "America/Havana", "Asia/Shanghai", "UTC")
        )
    )
    days = st.dates(date(2026, 3, 1), date(2026, 11, 30))
    closed = draw(st.dictionaries(days, st.just("holiday"), max_size=4))
    work = draw(st.dictionaries(days, _intervals() | st.integers(0, 6), max_size=4))
    weekly = draw(st.dictionaries(st.integers(0, 6), _intervals()))
    return Calendar(
        ZoneInfo(zone), weekly, closed, {d: hours for d, hours in work.items() if d not in closed}
    )


_moments = st.datetimes(
    datetime(2026, 3, 1),  # noqa: DTZ001
    datetime(2026, 11, 30),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@given(_calendars(), _moments, st.lists(st.floats(0, 1), max_size=8))
def test_nothing_changes_before_the_next_change(
    calendar: Calendar, moment: datetime, shares: list[float]
) -> None:
    now = calendar.is_open(moment)
    change = calendar.next_change(moment)
    until = change or moment + timedelta(days=30)
    assert until > moment
    if change is not None:
        assert calendar.is_open(change) is not now
    for share in shares:
        inside = min(moment + share * (until - moment), until - timedelta(microseconds=1))
        assert calendar.is_open(inside) is now


@given(_calendars(), _moments)
def test_away_from_a_change_of_the_clock_the_wall_clock_decides(
    calendar: Calendar, moment: datetime
) -> None:
    local = moment.astimezone(calendar.time_zone)
    offsets = {
        (moment + timedelta(hours=h)).astimezone(calendar.time_zone).utcoffset()
        for h in range(-25, 26)
    }
    if len(offsets) == 1:
        minute = local.hour * 60 + local.minute
        expected = any(a <= minute < b for a, b in calendar.hours_of(local.date()))
        assert calendar.is_open(moment) is expected
