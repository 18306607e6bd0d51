"""The record of an interaction is the same in whatever order and number its facts come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.crm_api.core.interaction import (
    InteractionRow,
    derive,
    is_counted,
    merge,
    segments,
    source_of,
)
from ringway.proto.acd import (
    InteractionAbandonedV1,
    InteractionConnectedV1,
    InteractionDisconnectedV1,
    InteractionEndedV1,
    InteractionQueuedV1,
)
from ringway.proto.acd_calls import (
    InteractionConsultedV1,
    InteractionFinishedV1,
    InteractionHeldV1,
    InteractionRatedV1,
    InteractionStartedV1,
    InteractionTransferredV1,
    Outcome,
)
from ringway.proto.acd_config import Target
from ringway.proto.base import Fact
from ringway.proto.dialer import (
    AttemptAnsweredV1,
    AttemptDisposition,
    AttemptEndedV1,
    AttemptStartedV1,
)
from ringway.proto.dialer_callback import DispositionAction, DispositionSetV1
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
        "said": _said("callback", now + 21, f"k{now:.0f}"),
    }  # fmt: skip


def _said(code: str, at: float, message_id: str = "said") -> DispositionSetV1:
    return DispositionSetV1(
        tenant=_TENANT, interaction_id=_I, attempt_id=_A, campaign_id=_C, lead_id=_L,
        occurred_at=_at(at), code=code, action=DispositionAction.NONE, grade=None,
        counts_as_success=False, message_id=message_id,
    )  # fmt: skip


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
        segments=1,
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


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        ([], "sale"),
        ([("callback", 21)], "sale"),  # wrap-up ended with another word after that
        ([("callback", 30)], "callback"),
        ([("callback", 30), ("refused", 26)], "callback"),
        ([("callback", 30), ("refused", 3_000)], "refused"),
    ],
)
def test_the_last_word_about_a_call_counts(said: list[tuple[str, float]], counts: str) -> None:
    facts = _facts()
    words = [_said(code, at, f"{code}{at}") for code, at in said]
    assert _row(facts["disconnected"], facts["ended"], *words).agent_disposition == counts
    assert _row(*words, facts["ended"]).agent_disposition == counts


def test_a_word_counts_when_wrap_up_ended_without_one() -> None:
    silent = _facts()["ended"].model_copy(update={"disposition": ""})
    assert _row(_said("refused", 10), silent).agent_disposition == "refused"


def test_stored_recording_wins_over_a_missing_one() -> None:
    facts = _facts()
    assert _row(facts["missing"]).recording_missing_reason == "gone"
    row = _row(facts["missing"], facts["stored"])
    assert (row.recording_id, row.recording_missing_reason) == ("r1", None)


@pytest.mark.parametrize("name", sorted(_facts()))
def test_only_what_was_answered_or_reached_the_acd_is_an_interaction(name: str) -> None:
    sources = merge({}, *source_of(_facts()[name]))
    assert is_counted(sources) == (name not in ("started", "said"))


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


_BOB = str(UUID(int=7))


def _transferred(now: float = 0) -> list[Fact]:
    """An inbound call that ann holds, asks bob about, and leaves to him; rated at the end."""
    base = {"tenant": _TENANT, "interaction_id": _I}
    ann = {"agent_id": _AGENT, "agent_number": "1001"}
    bob = {"agent_id": _BOB, "agent_number": "1002"}
    end = {"direction": "inbound", "caller": "+8613", "called": "400", "node": "ast-0"}
    target = Target(kind="agent", value=_BOB)
    return [
        InteractionStartedV1(
            **base, occurred_at=_at(now), direction="inbound", caller="+8613", called="400",
            message_id=f"s{now:.0f}",
        ),
        InteractionQueuedV1(
            **base, occurred_at=_at(now + 1), direction="inbound", answered_at=_at(1),
            queue_id="help", message_id=f"{_I}-queued-1",
        ),
        InteractionConnectedV1(
            **base, **ann, occurred_at=_at(now + 5), connected_at=_at(5), wait_s=4,
            leg_mode="nailed_up", queue_id="help", message_id=f"c1{now:.0f}",
        ),
        InteractionHeldV1(
            **base, occurred_at=_at(now + 20), agent_id=_AGENT, held_s=8, message_id="held-1"
        ),
        InteractionConsultedV1(
            **base, occurred_at=_at(now + 20), agent_id=_AGENT, target=target, talked_s=7,
            outcome="transferred", message_id="consulted-1",
        ),
        InteractionTransferredV1(
            **base, occurred_at=_at(now + 20), agent_id=_AGENT, target=target, is_attended=True,
            message_id="transferred-1",
        ),
        InteractionDisconnectedV1(
            **base, **ann, **end, occurred_at=_at(now + 20), connected_at=_at(5),
            disconnected_at=_at(20), talk_s=15, hung_up_by="agent", queue_id="help", segment=1,
            is_last=False, held_s=8, message_id=f"d1{now:.0f}",
        ),
        InteractionConnectedV1(
            **base, **bob, occurred_at=_at(now + 20), connected_at=_at(20), wait_s=15,
            leg_mode="nailed_up", queue_id="help", segment=2, message_id=f"c2{now:.0f}",
        ),
        InteractionEndedV1(
            **base, occurred_at=_at(now + 25), agent_id=_AGENT, wrap_up_s=5,
            disposition="passed_on", is_last=False, message_id=f"e1{now:.0f}",
        ),
        InteractionDisconnectedV1(
            **base, **bob, **end, occurred_at=_at(now + 50), connected_at=_at(20),
            disconnected_at=_at(50), talk_s=30, hung_up_by="agent", queue_id="help", segment=2,
            message_id=f"d2{now:.0f}",
        ),
        InteractionEndedV1(
            **base, occurred_at=_at(now + 60), agent_id=_BOB, wrap_up_s=10, disposition="solved",
            segment=2, message_id=f"e2{now:.0f}",
        ),
        InteractionRatedV1(
            **base, occurred_at=_at(now + 55), agent_id=_BOB, queue_id="help", score=4,
            message_id=f"r{now:.0f}",
        ),
    ]  # fmt: skip


def _sources(facts: list[Fact]) -> dict[str, dict[str, object]]:
    sources: dict[str, dict[str, object]] = {}
    for fact in facts:
        sources = merge(sources, *source_of(fact))
    return sources


def test_each_agent_of_a_transferred_call_is_credited_with_his_own_talk() -> None:
    sources = _sources(_transferred())
    ann, bob = segments(sources)
    assert (ann.agent_number, ann.talk_s, ann.held_s, ann.wrap_up_s) == ("1001", 15, 8, 5)
    assert (bob.agent_number, bob.talk_s, bob.held_s, bob.wrap_up_s) == ("1002", 30, 0, 10)
    assert (ann.is_last, bob.is_last) == (False, True)
    row = derive(sources)
    assert (row.agent_number, row.talk_s, row.wrap_up_s) == ("1002", 45, 15)
    assert (row.connected_at, row.disconnected_at, row.wait_s) == (_at(5), _at(50), 15)
    assert (row.queue_id, row.segments, row.held_s) == ("help", 2, 8)
    assert (row.consults, row.transfers, row.rating) == (1, 1, 4)
    assert (row.agent_disposition, row.is_live) == ("solved", False)


def test_a_call_that_went_on_is_live_until_its_last_agent_is_done() -> None:
    facts = _transferred()
    assert derive(_sources(facts[:8])).is_live
    assert derive(_sources(facts[:9])).is_live  # ann's after-call work is over, bob talks
    assert not derive(_sources(facts[:10])).is_live


@pytest.mark.parametrize("outcome", Outcome)
def test_a_call_that_nobody_had_ends_with_its_outcome(outcome: Outcome) -> None:
    begun = _transferred()[:2]
    finished = InteractionFinishedV1(
        tenant=_TENANT, interaction_id=_I, occurred_at=_at(9), outcome=outcome, queue_id="help"
    )
    row = _row(*begun, finished)
    assert (row.disposition, row.outcome, row.is_live) == (outcome, outcome, False)
    assert (row.caller, row.called, row.ended_at) == ("+8613", "400", _at(9))


@given(st.permutations(_transferred() + _transferred()[:6]))
def test_any_order_of_a_transferred_calls_facts_gives_the_same(facts: list[Fact]) -> None:
    sources = _sources(facts)
    assert derive(sources) == derive(_sources(_transferred()))
    assert segments(sources) == segments(_sources(_transferred()))
