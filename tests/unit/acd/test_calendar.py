"""Business hours over holidays, make-up work days and changes of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from ringway.acd.core.calendar import Calendar, CalendarInvalid, Duty, DutyWhen, Interval

pytestmark = pytest.mark.unit

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
NINE_TO_SIX = ((540, 720), (780, 1080))
OFFICE = dict.fromkeys(range(5), NINE_TO_SIX)


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def test_hours_are_those_of_the_calendars_own_zone() -> None:
    calendar = Calendar(SHANGHAI, OFFICE)
    assert calendar.is_open(datetime(2026, 3, 2, 1, 0, tzinfo=UTC))  # Monday, 09:00 there
    assert not calendar.is_open(datetime(2026, 3, 2, 0, 59, 59, tzinfo=UTC))
    assert not calendar.is_open(shanghai("2026-03-02T12:00"))
    assert not calendar.is_open(shanghai("2026-03-02T18:00"))
    assert not calendar.is_open(shanghai("2026-03-07T10:00"))


def test_a_holiday_is_closed_and_a_make_up_saturday_is_open() -> None:
    calendar = Calendar(
        SHANGHAI,
        OFFICE,
        closed_days={date(2026, 10, day): "国庆节" for day in range(1, 8)},
        work_days={date(2026, 10, 10): 3, date(2026, 9, 27): ((600, 660),)},
    )
    assert calendar.is_open(shanghai("2026-09-30T10:00"))
    assert not calendar.is_open(shanghai("2026-10-01T10:00"))
    assert calendar.closed_day(shanghai("2026-10-01T10:00")) == "国庆节"
    assert calendar.is_open(shanghai("2026-10-10T17:59"))
    assert calendar.is_open(shanghai("2026-09-27T10:30"))
    assert not calendar.is_open(shanghai("2026-09-27T11:00"))
    assert calendar.next_change(shanghai("2026-09-30T18:00")) == shanghai("2026-10-08T09:00")


def test_hours_that_go_on_over_midnight_do_not_close_there() -> None:
    calendar = Calendar(SHANGHAI, {0: ((1320, 1440),), 1: ((0, 360),)})
    assert calendar.next_change(shanghai("2026-03-02T23:00")) == shanghai("2026-03-03T06:00")


def test_a_calendar_that_never_changes_says_so() -> None:
    always = Calendar(SHANGHAI, dict.fromkeys(range(7), ((0, 1440),)))
    assert always.is_open(shanghai("2026-03-02T00:00"))
    assert always.next_change(shanghai("2026-03-02T00:00")) is None
    assert Calendar(SHANGHAI, {}).next_change(shanghai("2026-03-02T00:00")) is None


def test_summer_time_neither_loses_nor_repeats_an_opening() -> None:
    calendar = Calendar(BERLIN, {6: ((150, 200),)})  # Sundays 02:30-03:20
    # 02:00 becomes 03:00: it opens when the skip ends.
    opens = calendar.next_change(datetime(2026, 3, 29, 0, 0, tzinfo=BERLIN))
    assert opens == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert calendar.next_change(opens) == datetime(2026, 3, 29, 1, 20, tzinfo=UTC)
    # 03:00 becomes 02:00: open from the first 02:30 without a break.
    opens = calendar.next_change(datetime(2026, 10, 25, 0, 0, tzinfo=BERLIN))
    assert opens == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert calendar.next_change(opens) == datetime(2026, 10, 25, 2, 20, tzinfo=UTC)


def test_hours_inside_of_a_skipped_hour_do_not_open() -> None:
    calendar = Calendar(BERLIN, {6: ((130, 170),)})
    nearby = calendar.next_change(datetime(2026, 3, 28, 0, 0, tzinfo=BERLIN))
    assert nearby == datetime(2026, 4, 5, 2, 10, tzinfo=BERLIN).astimezone(UTC)


def test_the_duty_of_the_hour_is_the_first_that_counts() -> None:
    night = Duty("night", dict.fromkeys(range(7), ((0, 1440),)), DutyWhen.CLOSED, ("ann",))
    lunch = Duty("lunch", {0: ((720, 780),)}, team_ids=("t1",))
    rush = Duty("rush", {0: ((600, 700),)}, DutyWhen.OPEN, ("bob",))
    calendar = Calendar(SHANGHAI, OFFICE, duties=(lunch, rush, night))
    assert calendar.duty_at(shanghai("2026-03-02T12:30")) == "lunch"
    assert calendar.duty_at(shanghai("2026-03-02T10:30")) == "rush"
    assert calendar.duty_at(shanghai("2026-03-02T09:30")) is None
    assert calendar.duty_at(shanghai("2026-03-02T20:00")) == "night"
    assert calendar.duty("night") == night
    assert calendar.duty("day") is None


@pytest.mark.parametrize(
    ("weekly", "words"),
    [
        ({0: ((540, 700), (699, 800))}, "overlap"),
        ({0: ((540, 540),)}, "no interval"),
        ({0: ((540, 1441),)}, "no interval"),
        ({0: ((-1, 10),)}, "no interval"),
        ({7: ((540, 700),)}, "weekday 7"),
    ],
)
def test_hours_that_contradict_themselves_are_refused(
    weekly: dict[int, tuple[Interval, ...]], words: str
) -> None:
    with pytest.raises(CalendarInvalid, match=words):
        Calendar(SHANGHAI, weekly)
    with pytest.raises(CalendarInvalid, match=words):
        Duty("night", weekly)


def test_a_day_is_not_closed_and_a_work_day() -> None:
    day = date(2026, 10, 1)
    with pytest.raises(CalendarInvalid, match="closed day and a work day"):
        Calendar(SHANGHAI, OFFICE, {day: "国庆节"}, {day: 0})
    with pytest.raises(CalendarInvalid, match="weekday 9"):
        Calendar(SHANGHAI, OFFICE, {}, {day: 9})


def test_a_moment_needs_a_time_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Calendar(SHANGHAI, OFFICE).is_open(datetime(2026, 3, 2))  # noqa: DTZ001
