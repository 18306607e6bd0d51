"""The record of an interaction is the same in whatever order and number its facts come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.crm_api.core.interaction import InteractionRow, derive, is_counted, merge, source_of
from ringway.proto.acd import (
    InteractionAbandonedV1,
    InteractionConnectedV1,
    InteractionDisconnectedV1,
    InteractionEndedV1,
    InteractionQueuedV1,
)
from ringway.proto.base import Fact
from ringway.proto.dialer import (
    AttemptAnsweredV1,
    AttemptDisposition,
    AttemptEndedV1,
    AttemptStartedV1,
)
from ringway.proto.recorder import RecordingMissingV1, RecordingStoredV1

pytestmark = pytest.mark.unit

_T0 = datetime(2026, 10, 18, 9, tzinfo=UTC)
_TENANT = str(UUID(int=1))
_I, _A, _C, _L, _AGENT = (str(UUID(int=n)) for n in range(2, 7))


def _at(seconds: float) -> datetime:
    return _T0 + timedelta(seconds=seconds)


def _facts(now: float = 0) -> dict[str, Fact]:
    """Every kind of fact about one interaction, observed ``now`` seconds later than it happened."""
    base = {"tenant": _TENANT, "interaction_id": _I}
    ids = {**base, "attempt_id": _A, "campaign_id": _C}
    dial = {**ids, "lead_id": _L, "phone_e164": "+40215550100"}
    who = {"agent_id": _AGENT, "agent_number": "1001"}
    return {
        "started": AttemptStartedV1(
            **dial, occurred_at=_at(now), attempt_no=1, caller_id="+40215550199",
            mode="progressive", node="ast-0", channel_id=f"{_I}.c", message_id=f"a{now:.0f}",
        ),
        "answered": AttemptAnsweredV1(
            **dial, occurred_at=_at(now + 3.1), answered_at=_at(3), message_id=f"b{now:.0f}"
        ),
        "attempt_ended": AttemptEndedV1(
            **dial, occurred_at=_at(now + 20), attempt_no=1, caller_id="+40215550199",
            disposition="connected", cause_q850=16, tech_cause=200, started_at=_at(0.5),
            answered_at=_at(3), ended_at=_at(20), agent_id=_AGENT, message_id=f"c{now:.0f}",
        ),
        "queued": InteractionQueuedV1(
            **ids, occurred_at=_at(now + 3.2), direction="outbound", answered_at=_at(3),
            message_id=f"d{now:.0f}",
        ),
        "connected": InteractionConnectedV1(
            **ids, **who, occurred_at=_at(now + 3.5), connected_at=_at(3.5), wait_s=0.5,
            leg_mode="nailed_up", message_id=f"e{now:.0f}",
        ),
        "abandoned": InteractionAbandonedV1(
            **ids, occurred_at=_at(now + 5), waited_s=2, by_limit=True, message_played=True,
            message_id=f"f{now:.0f}",
        ),
        "disconnected": InteractionDisconnectedV1(
            **ids, **who, occurred_at=_at(now + 20), direction="outbound", called="+40215550100",
            connected_at=_at(3.5), disconnected_at=_at(20), talk_s=16.5, hung_up_by="customer",
            cause_q850=16, node="ast-0", message_id=f"g{now:.0f}",
        ),
        "ended": InteractionEndedV1(
            **base, occurred_at=_at(now + 25), agent_id=_AGENT, wrap_up_s=5, disposition="sale",
            message_id=f"h{now:.0f}",
        ),
        "stored": RecordingStoredV1(
            **base, **who, occurred_at=_at(now + 22), recording_id="r1", started_at=_at(3.5),
            duration_s=16.5, file_name="1.wav", size_bytes=9, message_id=f"i{now:.0f}",
        ),
        "missing": RecordingMissingV1(
            **base, occurred_at=_at(now + 22), reason="gone", message_id=f"j{now:.0f}"
        ),
    }  # fmt: skip


def _row(*facts: Fact) -> InteractionRow:
    sources: dict[str, dict[str, object]] = {}
    for fact in facts:
        sources = merge(sources, *source_of(fact))
    return derive(sources)


_ALL = [*_facts().values(), *_facts(now=60).values()]


@given(st.lists(st.sampled_from(_ALL), min_size=1, max_size=14).flatmap(
    lambda facts: st.tuples(st.just(facts), st.permutations(facts + facts[:3]))
))  # fmt: skip
def test_any_order_and_any_repeats_give_the_same_row(
    orders: tuple[list[Fact], list[Fact]],
) -> None:
    first, second = orders
    assert _row(*first) == _row(*second)


@given(st.lists(st.sampled_from(_ALL), max_size=10), st.lists(st.sampled_from(_ALL), max_size=10))
def test_merging_is_idempotent(before: list[Fact], again: list[Fact]) -> None:
    sources: dict[str, dict[str, object]] = {}
    for fact in before + again:
        sources = merge(sources, *source_of(fact))
    for fact in before + again:
        assert merge(sources, *source_of(fact)) == sources


def test_facts_of_one_id_and_time_but_other_content_have_an_order_too() -> None:
    one = _facts()["missing"]
    other = one.model_copy(update={"reason": "lost"})
    assert _row(one, other) == _row(other, one)


def test_whole_call_is_told_in_full() -> None:
    facts = _facts()
    names = [
        "started",
        "answered",
        "queued",
        "connected",
        "disconnected",
        "attempt_ended",
        "ended",
        "stored",
    ]
    row = _row(*(facts[name] for name in names))
    assert row == InteractionRow(
        attempt_id=UUID(_A), campaign_id=UUID(_C), lead_id=UUID(_L), direction="outbound",
        caller="+40215550199", called="+40215550100", agent_id=UUID(_AGENT), agent_number="1001",
        started_at=_at(0.5), answered_at=_at(3), connected_at=_at(3.5), disconnected_at=_at(20),
        ended_at=_at(25), ring_s=2.5, wait_s=0.5, talk_s=16.5, wrap_up_s=5,
        disposition="connected", agent_disposition="sale", cause_q850=16, tech_cause=200,
        hung_up_by="customer", recording_id="r1", recording_missing_reason=None, is_live=False,
    )  # fmt: skip


def test_customer_who_waits_is_live_and_has_no_disposition_yet() -> None:
    facts = _facts()
    row = _row(facts["started"], facts["answered"], facts["queued"])
    assert (row.is_live, row.disposition, row.started_at) == (True, "", _at(0))


def test_abandoned_call_ends_with_its_channel_and_has_no_wrap_up() -> None:
    facts = _facts()
    row = _row(facts["answered"], facts["queued"], facts["abandoned"])
    assert (row.disposition, row.wait_s, row.ended_at, row.is_live) == (
        "abandoned", 2, _at(5), False,
    )  # fmt: skip
    ended = facts["attempt_ended"].model_copy(
        update={"disposition": AttemptDisposition.ABANDONED, "agent_id": None}
    )
    assert _row(*(facts[n] for n in ("answered", "queued", "abandoned")), ended).ended_at == _at(20)


def test_customer_who_hung_up_before_the_limit_is_not_abandoned() -> None:
    early = _facts()["abandoned"].model_copy(update={"by_limit": False})
    assert _row(early).disposition == "hung_up_early"


def test_what_the_acd_saw_wins_over_a_dialer_that_was_not_looking() -> None:
    facts = _facts()
    lost = facts["attempt_ended"].model_copy(
        update={"disposition": AttemptDisposition.LOST, "answered_at": None}
    )
    row = _row(lost, facts["queued"], facts["disconnected"])
    assert (row.disposition, row.answered_at, row.talk_s) == ("connected", _at(3), 16.5)


def test_stored_recording_wins_over_a_missing_one() -> None:
    facts = _facts()
    assert _row(facts["missing"]).recording_missing_reason == "gone"
    row = _row(facts["missing"], facts["stored"])
    assert (row.recording_id, row.recording_missing_reason) == ("r1", None)


@pytest.mark.parametrize("name", sorted(_facts()))
def test_only_what_was_answered_or_reached_the_acd_is_an_interaction(name: str) -> None:
    sources = merge({}, *source_of(_facts()[name]))
    assert is_counted(sources) == (name != "started")


def test_dial_that_nobody_answered_is_no_interaction() -> None:
    facts = _facts()
    unanswered = facts["attempt_ended"].model_copy(
        update={"disposition": AttemptDisposition.BUSY, "answered_at": None}
    )
    sources = merge(merge({}, *source_of(facts["started"])), *source_of(unanswered))
    assert not is_counted(sources)
    assert is_counted(merge(sources, *source_of(facts["queued"])))


def test_services_whose_clocks_differ_make_no_negative_durations() -> None:
    facts = _facts()
    early = facts["answered"].model_copy(update={"answered_at": _at(-1)})
    assert _row(facts["started"], early).ring_s == 0
