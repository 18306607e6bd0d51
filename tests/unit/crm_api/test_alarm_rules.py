"""When an alarm is raised, raised again and cleared: at most one is open about one thing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.crm_api.core.alarms.kinds import (
    AlarmCode,
    AlarmKind,
    Severity,
    object_type_of,
    severity_of,
)
from ringway.crm_api.core.alarms.rules import (
    BELIEVED_AFTER,
    GIVEN_UP_AFTER,
    SAME_WITHIN,
    Alarm,
    Condition,
    Step,
    differences,
    given_up,
    is_over,
    on_seen,
    settle,
)

pytestmark = pytest.mark.unit

_START = datetime(2026, 11, 20, tzinfo=UTC)
_TENANT = UUID(int=7)
_DOWN = Condition(
    _TENANT, AlarmKind.TRUNK_DOWN, "t", AlarmCode.TRUNK_UNREACHABLE, {"name": "Carrier"}
)


def _alarm(seen: Condition, at: datetime, number: int = 1) -> Alarm:
    return Alarm(
        seen.tenant_id, UUID(int=number), seen.kind, seen.object_id, seen.code, seen.params,
        seen.weight, 1, at, at, None, None, "", "",
    )  # fmt: skip


_OPEN = _alarm(_DOWN, _START)
_OVER = replace(_OPEN, cleared_at=_START + timedelta(minutes=1))


def test_every_kind_has_a_severity_and_an_object() -> None:
    for kind in AlarmKind:
        assert severity_of(kind, "x") in Severity
        assert object_type_of(kind)
    # Without the ACD there is no call; what the recorder does can wait.
    assert severity_of(AlarmKind.SERVICE_AWAY, "acd") is Severity.CRITICAL
    assert severity_of(AlarmKind.SERVICE_AWAY, "recorder") is Severity.MAJOR
    # A code is named as its kind, but for those of which there are several.
    assert {each.value for each in AlarmKind} - {each.value for each in AlarmCode} == {"trunk_down"}


def test_the_first_time_it_is_raised_and_a_repeat_is_nothing() -> None:
    assert on_seen(None, _DOWN, _START) is Step.RAISE
    assert on_seen(_OPEN, _DOWN, _START + timedelta(hours=1)) is Step.NOTHING
    renamed = replace(_DOWN, params={"name": "Carrier B"})
    assert on_seen(_OPEN, renamed, _START) is Step.REFRESH
    assert on_seen(_OPEN, replace(_DOWN, weight=1), _START) is Step.REPEAT
    fewer = replace(_DOWN, weight=1)
    assert on_seen(_alarm(replace(_DOWN, weight=2), _START), fewer, _START) is Step.REFRESH


def test_what_comes_back_at_once_is_the_same_alarm_and_what_is_told_late_is_none() -> None:
    assert _OVER.cleared_at is not None
    assert on_seen(_OVER, _DOWN, _OVER.cleared_at) is Step.NOTHING
    assert on_seen(_OVER, _DOWN, _OVER.cleared_at + timedelta(seconds=1)) is Step.REOPEN
    assert on_seen(_OVER, _DOWN, _OVER.cleared_at + SAME_WITHIN) is Step.REOPEN
    later = _OVER.cleared_at + SAME_WITHIN + timedelta(seconds=1)
    assert on_seen(_OVER, _DOWN, later) is Step.RAISE


def test_only_what_is_open_and_was_raised_before_is_cleared() -> None:
    assert is_over(_OPEN, _START)
    assert not is_over(_OPEN, _START - timedelta(seconds=1))
    assert not is_over(_OVER, _START + timedelta(days=1))
    assert not is_over(None, _START)


def test_a_service_is_given_up_long_after_somebody_knew_that_it_is_away() -> None:
    away = _alarm(
        Condition(_TENANT, AlarmKind.SERVICE_AWAY, "recorder", AlarmCode.SERVICE_AWAY), _START
    )
    late = _START + 10 * GIVEN_UP_AFTER
    assert given_up([away], late) == frozenset()  # nobody knows of it
    known = replace(away, acknowledged_at=_START + timedelta(hours=1))
    assert given_up([known], _START + GIVEN_UP_AFTER) == frozenset()
    assert given_up([known], _START + timedelta(hours=1) + GIVEN_UP_AFTER) == {"recorder"}
    # It was there meanwhile, and is the same alarm.
    again = replace(known, last_raised_at=_START + timedelta(days=1))
    assert given_up([again], _START + timedelta(hours=1) + GIVEN_UP_AFTER) == frozenset()
    assert given_up([replace(_OPEN, acknowledged_at=_START)], late) == frozenset()
    assert known.condition.key == known.key


_CONDITIONS = st.lists(
    st.builds(
        lambda tenant, kind, name, weight: Condition(
            UUID(int=tenant), kind, name, AlarmCode.NODE_AWAY, {}, weight
        ),
        *(st.integers(0, 2), st.sampled_from(list(AlarmKind)), st.sampled_from("ab")),
        st.integers(0, 3),
    ),
    max_size=12,
    unique_by=lambda each: each.key,
)


@given(_CONDITIONS, _CONDITIONS, st.sets(st.sampled_from(list(AlarmKind)), max_size=4))
def test_after_a_look_what_is_open_is_what_was_found(
    before: list[Condition], seen: list[Condition], unknown: set[AlarmKind]
) -> None:
    known = [_alarm(each, _START, n) for n, each in enumerate(before)]
    raised, cleared = differences(seen, known, unknown)
    keys = {each.key for each in known}
    after = (keys | {each.key for each in raised}) - {each.key for each in cleared}
    assert {key for key in after if key[1] not in unknown} == {
        each.key for each in seen if each.kind not in unknown
    }
    # What could not be looked at stays as it was.
    assert {key for key in after if key[1] in unknown} == {key for key in keys if key[1] in unknown}
    # A second look that finds the same changes nothing.
    weights = {each.key: each for each in seen}
    now_open = [replace(_alarm(weights[key], _START)) for key in after if key in weights]
    still = [each for each in seen if each.key in after]
    assert differences(still, now_open, unknown) == ([], [])


@given(st.lists(st.tuples(st.sets(st.sampled_from("abc")), st.integers(1, 40)), max_size=20))
def test_a_suspect_is_believed_when_it_was_found_at_every_look_for_long_enough(
    looks: list[tuple[set[str], int]],
) -> None:
    now = _START
    suspects: dict[str, datetime] = {}
    since: dict[str, datetime] = {}
    for present, seconds in looks:
        now += timedelta(seconds=seconds)
        since = {name: since.get(name, now) for name in present}
        suspects, believed = settle(suspects, sorted(present), now)
        assert suspects == since
        assert believed == {name for name in present if now - since[name] >= BELIEVED_AFTER}
