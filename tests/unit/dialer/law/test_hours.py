"""Opening hours against a slow reference that looks at every minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringway.dialer.core.law import Hours
from ringway.proto.dialer_spec import DayName, DialWindow, Schedule

pytestmark = pytest.mark.property

DAYS: tuple[DayName, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Around a change of clock in each: at night, at midnight, by half an hour, twice a year or never.
CHANGES = {
    "Europe/London": (date(2026, 3, 29), date(2026, 10, 25)),
    "America/New_York": (date(2026, 3, 8), date(2026, 11, 1)),
    "America/Havana": (date(2026, 3, 8), date(2026, 11, 1)),
    "America/Santiago": (date(2026, 4, 4), date(2026, 9, 6)),
    "Africa/Cairo": (date(2026, 4, 24), date(2026, 10, 30)),
    "Asia/Beirut": (date(2026, 3, 29), date(2026, 10, 25)),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4)),
    "Asia/Kathmandu": (date(2026, 1, 1), date(2026, 12, 31)),
    "Asia/Shanghai": (date(2026, 2, 17),),
    "Pacific/Apia": (date(2011, 12, 30),),
    "America/Sao_Paulo": (date(2018, 11, 4),),
}
_START = datetime(2026, 3, 2, tzinfo=UTC)


def reference(schedule: Schedule, zones: tuple[str, ...], at: datetime) -> bool:
    """Say by the wall clocks alone whether a schedule is open."""
    for zone in set(zones):
        local = at.astimezone(ZoneInfo(zone))
        day, clock = local.date(), local.strftime("%H:%M")
        if schedule.valid_from and day < schedule.valid_from:
            return False
        if schedule.valid_until and day > schedule.valid_until:
            return False
        if day in schedule.holidays:
            return False
        name = "mon" if day in schedule.workdays else DAYS[day.weekday()]
        if schedule.windows and not any(
            name in w.days and w.begins <= clock < w.ends for w in schedule.windows
        ):
            return False
    return True


clocks = st.one_of(
    st.sampled_from(["00:00", "00:30", "01:00", "01:30", "02:00", "02:30", "03:00", "23:00"]),
    st.builds(lambda h, m: f"{h:02}:{m:02}", st.integers(0, 23), st.integers(0, 59)),
)


@st.composite
def windows(draw: st.DrawFn) -> DialWindow:
    begins, ends = sorted((draw(clocks), draw(st.one_of(clocks, st.just("24:00")))))
    if begins == ends:
        ends = "24:00"
    days = draw(st.lists(st.sampled_from(DAYS), min_size=1, unique=True))
    return DialWindow(days=tuple(days), begins=begins, ends=ends)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Schedule, tuple[str, ...], datetime]:
    zone = draw(st.sampled_from(sorted(CHANGES)))
    change = draw(st.sampled_from(CHANGES[zone]))
    others = draw(st.lists(st.sampled_from(sorted(CHANGES)), max_size=2))
    near = st.integers(-2, 3).map(lambda n: change + timedelta(days=n))
    schedule = Schedule(
        zone=zone,
        windows=tuple(draw(st.lists(windows(), max_size=3))),
        holidays=tuple(draw(st.lists(near, max_size=2))),
        workdays=tuple(draw(st.lists(near, max_size=2))),
        valid_from=draw(st.none() | near),
        valid_until=draw(st.none() | near),
    )
    noon = datetime(change.year, change.month, change.day, 12, tzinfo=UTC)
    at = noon + timedelta(minutes=draw(st.integers(-2 * 1440, 2 * 1440)))
    return schedule, (zone, *others), at


@settings(max_examples=100, deadline=None)
@given(cases())
def test_open_exactly_when_every_clock_on_the_wall_is_inside_a_window(
    case: tuple[Schedule, tuple[str, ...], datetime],
) -> None:
    schedule, zones, at = case
    hours = Hours(schedule)
    for minutes in range(0, 300, 13):
        moment = at + timedelta(minutes=minutes)
        assert hours.is_open(zones, moment) == reference(schedule, zones, moment)
    # What is remembered of earlier questions changes no answer.
    assert hours.next_open(zones, at) == Hours(schedule).next_open(zones, at)


@settings(max_examples=40, deadline=None)
@given(cases())
def test_the_next_opening_is_the_first_open_minute(
    case: tuple[Schedule, tuple[str, ...], datetime],
) -> None:
    schedule, zones, at = case
    opens = Hours(schedule).next_open(zones, at)
    limit = at + timedelta(days=1.5)
    end = limit if opens is None or opens > limit else opens
    moment = at
    while moment < end:
        assert not reference(schedule, zones, moment), moment
        moment += timedelta(minutes=1)
    if opens is not None:
        assert reference(schedule, zones, opens)
        if opens > at:
            assert not reference(schedule, zones, opens - timedelta(seconds=1))


def nine_to_five(**more: object) -> Schedule:
    window = DialWindow(days=DAYS[:5], begins="09:00", ends="17:00")
    return Schedule.model_validate({"windows": (window,), **more})


def test_an_hour_that_comes_twice_is_open_twice() -> None:
    schedule = Schedule(windows=(DialWindow(begins="01:15", ends="01:45"),))
    hours, zones = Hours(schedule), ("Europe/London",)
    midnight_utc = datetime(2026, 10, 25, tzinfo=UTC)
    open_at = [m for m in range(240) if hours.is_open(zones, midnight_utc + timedelta(minutes=m))]
    assert open_at == [*range(15, 45), *range(75, 105)]


def test_an_hour_that_does_not_exist_is_never_open() -> None:
    schedule = Schedule(windows=(DialWindow(days=("sun",), begins="01:15", ends="01:45"),))
    hours, zones = Hours(schedule), ("Europe/London",)
    assert hours.next_open(zones, datetime(2026, 3, 28, tzinfo=UTC)) == datetime(
        2026, 4, 5, 0, 15, tzinfo=UTC
    )


def test_a_window_across_the_change_opens_when_the_clock_jumps_into_it() -> None:
    schedule = Schedule(windows=(DialWindow(begins="01:30", ends="04:00"),))
    opens = Hours(schedule).next_open(("Europe/London",), datetime(2026, 3, 29, 0, 30, tzinfo=UTC))
    assert opens == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)  # 00:59 is followed by 02:00


def test_in_several_zones_all_must_be_open() -> None:
    hours = Hours(nine_to_five())
    zones = ("America/New_York", "America/Los_Angeles")
    assert hours.next_open(zones, _START + timedelta(hours=14)) == datetime(
        2026, 3, 2, 17, 0, tzinfo=UTC
    )
    assert not hours.is_open(zones, datetime(2026, 3, 2, 22, 0, tzinfo=UTC))


def test_zones_that_never_agree_have_no_opening() -> None:
    hours = Hours(nine_to_five())
    assert hours.next_open(("Asia/Tokyo", "America/New_York"), _START) is None


def test_zones_that_agree_in_winter_only_wait_for_winter() -> None:
    schedule = Schedule(windows=(DialWindow(begins="09:00", ends="10:00"),))
    zones = ("America/Denver", "America/Phoenix")
    assert Hours(schedule).next_open(zones, datetime(2026, 6, 1, tzinfo=UTC)) == datetime(
        2026, 11, 1, 16, 0, tzinfo=UTC
    )


def test_holidays_close_and_make_up_days_have_mondays_hours() -> None:
    schedule = nine_to_five(
        zone="Asia/Shanghai",
        holidays=(date(2026, 2, 16), date(2026, 2, 17)),
        workdays=(date(2026, 2, 14),),
    )
    hours, zones = Hours(schedule), ("Asia/Shanghai",)
    assert hours.is_open(zones, datetime(2026, 2, 14, 1, 0, tzinfo=UTC))  # a Saturday
    assert hours.next_open(zones, datetime(2026, 2, 14, 9, 0, tzinfo=UTC)) == datetime(
        2026, 2, 18, 1, 0, tzinfo=UTC
    )


def test_validity_is_inclusive_and_ends_for_good() -> None:
    schedule = nine_to_five(valid_from=date(2027, 6, 1), valid_until=date(2027, 6, 2))
    hours, zones = Hours(schedule), ("UTC",)
    assert hours.next_open(zones, _START) == datetime(2027, 6, 1, 9, 0, tzinfo=UTC)
    assert hours.is_open(zones, datetime(2027, 6, 2, 16, 59, tzinfo=UTC))
    assert hours.next_open(zones, datetime(2027, 6, 2, 17, 0, tzinfo=UTC)) is None


def test_without_windows_any_hour_of_its_days_is_open() -> None:
    assert Hours(Schedule()).is_open(("Asia/Tokyo",), _START)
    hours = Hours(Schedule(holidays=(date(2026, 3, 3),)))
    assert hours.next_open(("UTC",), datetime(2026, 3, 3, 5, tzinfo=UTC)) == datetime(
        2026, 3, 4, tzinfo=UTC
    )


def test_the_leads_zones_count_only_where_the_schedule_says_so() -> None:
    assert Hours(Schedule(zone="UTC")).zones(("Asia/Tokyo",)) == ("Asia/Tokyo",)
    assert Hours(Schedule(zone="UTC")).zones(()) == ("UTC",)
    assert Hours(Schedule(zone="UTC", use_lead_zone=False)).zones(("Asia/Tokyo",)) == ("UTC",)
