"""When call-backs are due, and what becomes of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ringway.dialer.core.callbacks import local_time_of, moment_of, times_of, try_again_at
from ringway.dialer.core.dispositions import priority_of_grade
from ringway.dialer.core.retry import Closed, ClosedReason, DialAgain
from ringway.proto.dialer_callback import (
    DEFAULTS,
    CallbackTime,
    Disposition,
    DispositionAction,
    Grade,
    catalogue,
)
from ringway.proto.dialer_spec import AttemptDisposition as D
from ringway.proto.dialer_spec import CallbackRule

pytestmark = pytest.mark.unit

ZONES = st.sampled_from(
    ["America/New_York", "Europe/London", "Asia/Shanghai", "Australia/Lord_Howe", "Asia/Kolkata",
     "America/Sao_Paulo", "Pacific/Apia", "Africa/Casablanca", "UTC"]
)  # fmt: skip
FIRST, LAST = (datetime.fromisoformat(f"{year}-01-01") for year in (2009, 2031))
LOCAL = st.datetimes(FIRST, LAST).map(lambda at: at.replace(microsecond=0))
AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
RULE = CallbackRule(personal_wait_s=600, missed_after_s=1800)


@pytest.mark.parametrize(
    ("zone", "local", "utc"),
    [
        ("America/New_York", "2026-03-07 10:30", "2026-03-07 15:30"),  # before clocks change
        ("America/New_York", "2026-03-08 10:30", "2026-03-08 14:30"),  # and after
        ("America/New_York", "2026-03-08 02:30", "2026-03-08 07:00"),  # skipped: after the gap
        ("America/New_York", "2026-11-01 01:30", "2026-11-01 05:30"),  # twice: the first
        ("America/New_York", "2026-11-01 02:00", "2026-11-01 07:00"),
        ("Asia/Shanghai", "2026-11-23 10:30", "2026-11-23 02:30"),
        ("Pacific/Apia", "2011-12-30 10:00", "2011-12-30 10:00"),  # a day that never was
    ],
)
def test_a_local_time_is_exact_across_changes_of_the_clock(zone: str, local: str, utc: str) -> None:
    wanted = datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert moment_of(datetime.fromisoformat(local), zone) == wanted


@given(ZONES, LOCAL)
def test_the_customers_clock_shows_the_time_or_it_was_skipped(zone: str, local: datetime) -> None:
    at = moment_of(local, zone)
    shown = local_time_of(at, zone)
    if shown != local:
        just_before = local_time_of(at - timedelta(seconds=1), zone)
        assert just_before < local < shown
    else:
        # The first of two.
        earlier = [at - timedelta(minutes=m) for m in (20, 30, 60, 120)]
        assert all(local_time_of(each, zone) != local for each in earlier)
        assert at == local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@given(ZONES, LOCAL, st.timedeltas(timedelta(0), timedelta(days=2)))
def test_a_later_time_is_never_an_earlier_moment(
    zone: str, local: datetime, more: timedelta
) -> None:
    later = (local + more).replace(microsecond=0)
    assert moment_of(local, zone) <= moment_of(later, zone)


@given(
    is_personal=st.booleans(),
    early_s=st.floats(0, 86_400),
    late_s=st.none() | st.floats(1, 2_592_000),
    escalate_to=st.sampled_from(["team", "nobody"]),
    wait_s=st.floats(0, 3599),
)
def test_a_callbacks_moments_are_in_order(
    is_personal: bool, early_s: float, late_s: float | None, escalate_to: str, wait_s: float
) -> None:
    rule = CallbackRule.model_validate({"personal_wait_s": wait_s, "escalate_to": escalate_to})
    times = times_of(AT, rule, is_personal=is_personal, early_s=early_s, late_s=late_s)
    assert times.try_at <= AT < times.missed_at
    escalates = is_personal and escalate_to == "team"
    assert (times.escalates_at is not None) == escalates
    assert times.escalates_at is None or AT <= times.escalates_at < times.missed_at
    assert times.look_at == (times.escalates_at or times.missed_at)


def test_a_callback_is_tried_again_within_its_window_until_somebody_is_reached() -> None:
    missed_at = AT + timedelta(minutes=30)
    busy = try_again_at(D.BUSY, DialAgain(300), AT, missed_at)
    assert busy == AT + timedelta(minutes=5)
    assert try_again_at(D.NO_ANSWER, DialAgain(1800), AT, missed_at) is None
    assert try_again_at(D.CONNECTED, Closed(ClosedReason.REACHED), AT, missed_at) is None
    assert try_again_at(D.INVALID_NUMBER, Closed(ClosedReason.INVALID), AT, missed_at) is None
    # Used up for the list is not used up for who waits for the call.
    exhausted = try_again_at(D.BUSY, Closed(ClosedReason.EXHAUSTED), AT, missed_at)
    assert exhausted == AT + timedelta(minutes=5)
    assert try_again_at(D.BUSY, DialAgain(0), AT, missed_at) == AT + timedelta(minutes=1)


def test_a_catalogue_is_the_default_with_the_tenants_changes() -> None:
    sold = DEFAULTS["sale"].model_copy(update={"name_en": "Sold", "position": 99})
    own = Disposition(name_en="Later", name_zh="以后", position=1)
    found = catalogue({"sale": sold, "later": own})
    assert next(iter(found)) == "later"
    assert list(found)[-1] == "sale"
    assert found["sale"].name_en == "Sold"
    assert set(found) == {*DEFAULTS, "later"}
    assert {d.action for d in DEFAULTS.values()} >= set(DispositionAction) - {"none"}
    grades = (Grade.A, Grade.B, Grade.C, None, Grade.NOT_INTERESTED)
    moves = [priority_of_grade(g) for g in grades]
    assert moves == sorted(moves, reverse=True)


def test_a_time_is_given_and_a_rule_escalates_before_it_is_missed() -> None:
    for wrong in (
        {},
        {"local_time": "2026-02-30T10:00"},
        {"local_time": "10:00"},
    ):
        with pytest.raises(ValidationError):
            CallbackTime.model_validate(wrong)
    with pytest.raises(ValidationError):
        CallbackRule(personal_wait_s=3600)
    assert CallbackRule(personal_wait_s=3600, escalate_to="nobody").missed_after_s == 3600
