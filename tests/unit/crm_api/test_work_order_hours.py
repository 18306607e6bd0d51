"""Business hours and promises' clocks against a slow reference, around changes of the clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ringway.crm_api.core.work_orders.hours import (
    Always,
    Hours,
    HoursInvalid,
    Interval,
    hours_of,
)
from ringway.crm_api.core.work_orders.sla import Clock
from ringway.proto.acd_config import Calendar, Day, TimeSlot

pytestmark = pytest.mark.unit

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
# Days around changes to and from summer time, also at midnight and by half an hour.
_CHANGES = [
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/New_York", date(2026, 11, 1)),
    ("Asia/Beirut", date(2026, 3, 29)),
    ("America/Havana", date(2026, 11, 1)),
    ("America/Asuncion", date(2024, 3, 24)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Asia/Shanghai", date(2026, 10, 1)),
]


@st.composite
def _intervals(draw: st.DrawFn) -> tuple[Interval, ...]:
    edges = sorted(draw(st.sets(st.integers(0, 1440), min_size=0, max_size=4)))
    return tuple(zip(edges[::2], edges[1::2], strict=False))


_weeks = st.dictionaries(st.integers(0, 6), _intervals(), max_size=7)


@cache
def _minutes_of(zone: ZoneInfo, day: date) -> list[tuple[datetime, int]]:
    """Return all minutes of a local date in UTC, with what the clock on the wall shows."""
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) - _DAY
    found = []
    for n in range(3 * 1440):
        local = (at + n * _MINUTE).astimezone(zone)
        if local.date() == day:
            found.append((at + n * _MINUTE, local.hour * 60 + local.minute))
    return found


def _open_minutes(hours: Hours, days: Sequence[date]) -> set[datetime]:
    found: set[datetime] = set()
    for day in days:
        minutes = _minutes_of(hours.zone, day)
        special = hours.days.get(day)
        for start, end in special if special is not None else hours.weekly.get(day.weekday(), ()):
            begins = [at for at, wall in minutes if wall >= start]
            ends = [at for at, wall in minutes if wall < end]
            if begins and ends:
                found |= {at for at, _ in minutes if begins[0] <= at <= ends[-1]}
    return found


@given(
    st.sampled_from(_CHANGES),
    _weeks,
    st.dictionaries(st.integers(-1, 2), _intervals(), max_size=2),
    st.integers(0, 2 * 1440),
    st.integers(0, 2 * 1440),
)
@example(("Europe/Berlin", date(2026, 10, 25)), {6: ((90, 150),)}, {}, 0, 2880)
@example(("Europe/Berlin", date(2026, 3, 29)), {6: ((150, 240),)}, {}, 0, 2880)
@settings(max_examples=60, deadline=None)
def test_hours_are_those_of_a_slow_reference(
    change: tuple[str, date],
    weekly: dict[int, tuple[Interval, ...]],
    special: dict[int, tuple[Interval, ...]],
    begin_minute: int,
    length: int,
) -> None:
    name, day = change
    hours = Hours(ZoneInfo(name), weekly, {day + n * _DAY: each for n, each in special.items()})
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC) - _DAY + begin_minute * _MINUTE
    end = begin + length * _MINUTE
    is_open = _open_minutes(hours, [day + n * _DAY for n in range(-3, 6)])
    asked = [begin + n * _MINUTE for n in range(length)]
    expected = [at for at in asked if at in is_open]
    assert hours.between(begin, end) == 60 * len(expected)
    if expected:
        # The moment at which the last open minute is over, and no earlier.
        reached = hours.after(begin, 60 * len(expected))
        assert reached == expected[-1] + _MINUTE
        assert hours.between(begin, reached) == 60 * len(expected)


@given(_weeks, st.integers(1, 10**6), st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_after_is_the_inverse_of_between(
    weekly: dict[int, tuple[Interval, ...]], seconds: int, shift_s: int
) -> None:
    hours = Hours(ZoneInfo("Europe/Berlin"), weekly)
    begin = datetime(2026, 3, 20, tzinfo=UTC) + timedelta(seconds=shift_s)
    reached = hours.after(begin, seconds)
    if reached is None:
        week_s = sum(60 * (end - start) for each in weekly.values() for start, end in each)
        assert week_s * 150 < seconds
    else:
        assert hours.between(begin, reached) == pytest.approx(seconds, abs=1e-3)


@given(
    st.lists(st.tuples(st.sampled_from(["run", "pause", "stop"]), st.integers(0, 4000)), max_size=8)
)
@settings(max_examples=60, deadline=None)
def test_a_clock_counts_what_runs_within_business_hours(steps: list[tuple[str, int]]) -> None:
    hours = Hours(ZoneInfo("Europe/Berlin"), dict.fromkeys(range(5), ((540, 1020),)))
    now = begin = datetime(2026, 3, 27, 6, tzinfo=UTC)  # the clock changes two days later
    clock = Clock(target_s=8 * 3600)
    is_open = _open_minutes(hours, [begin.date() + n * _DAY for n in range(-1, 26)])
    spent, is_running, is_stopped = 0, False, False
    for word, minutes in steps:
        if word == "run":
            clock = clock.run(now)
            is_running = not is_stopped
        elif word == "pause":
            clock, is_running = clock.pause(now, hours), False
        else:
            clock, is_running, is_stopped = clock.stop(now, hours), False, True
        if is_running:
            spent += 60 * sum(now + n * _MINUTE in is_open for n in range(minutes))
        now += minutes * _MINUTE
        assert clock.spent(now, hours) == spent
        assert clock.is_broken(now, hours) == (spent >= 8 * 3600)
        due_at = clock.due_at(hours)
        assert (due_at is not None) == is_running
        assert due_at is None or (due_at <= now) == (spent >= 8 * 3600)
        assert due_at is None or clock.is_broken(due_at, hours)


def test_calendars_of_the_acd_are_read() -> None:
    office = TimeSlot(start="09:00", end="18:00")
    calendar = Calendar(
        name="office",
        time_zone="Asia/Shanghai",
        weekly={"mon": (office,)},
        days=(
            Day(date="2026-10-05", name="holiday"),  # a Monday
            Day(date="2026-10-10", name="make-up", like="mon"),  # a Saturday
        ),
    )
    hours = hours_of(calendar)
    begin = datetime(2026, 10, 3, tzinfo=UTC)
    assert hours.after(begin, 3600) == datetime(2026, 10, 10, 2, tzinfo=UTC)
    assert hours.between(begin, begin + 14 * _DAY) == 18 * 3600
    for wrong in (
        {"time_zone": "Mars/Base"},
        {"days": (Day(date="2026-02-30"),)},
        {"weekly": {"mon": (TimeSlot(start="18:00", end="09:00"),)}},
    ):
        with pytest.raises(HoursInvalid):
            hours_of(calendar.model_copy(update=wrong))


def test_without_a_calendar_every_second_counts() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert Always().after(now, 90) == now + timedelta(seconds=90)
    assert Always().between(now, now - _DAY) == 0
    assert Hours(ZoneInfo("UTC"), {}).after(now, 1) is None
