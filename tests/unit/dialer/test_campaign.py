"""A running campaign, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ringway.dialer.core.campaign import Campaign
from ringway.dialer.core.messages import (
    Adopted,
    AgentBooked,
    AgentsSeen,
    Answered,
    Book,
    BookingRefused,
    Bridged,
    ChannelGone,
    Claim,
    Claimed,
    ClaimedLead,
    Close,
    Command,
    Controlled,
    Draining,
    Finish,
    GiveBack,
    HandedOver,
    HandOver,
    HandOverFailed,
    HangUp,
    LookUp,
    NoteAnswer,
    NotPlaced,
    Originate,
    OutcomeKnown,
    Part,
    PartChanged,
    Placed,
    PlayAbandon,
    Rang,
    Recovered,
    Tick,
    Unbook,
)
from ringway.proto.dialer import AttemptDisposition as D
from ringway.proto.dialer import CampaignMode, CampaignSpec, CampaignState

pytestmark = pytest.mark.unit


def _spec(mode: CampaignMode = CampaignMode.PROGRESSIVE, **more: Any) -> CampaignSpec:
    return CampaignSpec(
        name="c", project_id="p", mode=mode, list_ids=("l",), agent_ids=("ann",), trunk_id="t",
        **more,
    )  # fmt: skip


def _running(mode: CampaignMode = CampaignMode.PROGRESSIVE, **more: Any) -> Campaign:
    campaign = Campaign(_spec(mode, **more))
    campaign.handle(Recovered(0, 0, 0, 0, 0))
    campaign.handle(Controlled(0, CampaignState.RUNNING))
    return campaign


def _agents(at: float, ready: int, **more: int) -> AgentsSeen:
    values: dict[str, Any] = {
        "reserved": 0,
        "talking": 0,
        "wrap_up": 0,
        "not_ready": 0,
        "waiting": 0,
        **more,
    }
    return AgentsSeen(at, at, ready, **values)


def _leads(*names: str) -> tuple[ClaimedLead, ...]:
    return tuple(ClaimedLead(name, f"lead-{name}", 1) for name in names)


def _only(commands: Sequence[Command], kind: type) -> list[Any]:
    return [c for c in commands if isinstance(c, kind)]


def _dial(campaign: Campaign, name: str = "a", at: float = 1) -> None:
    campaign.handle(_agents(at, 1))
    assert campaign.handle(Claimed(at, _leads(name), 0)) == [Originate(name)]
    campaign.handle(Placed(at, name))


def test_one_call_is_started_for_each_ready_agent() -> None:
    campaign = _running(ratio=1.0)
    assert campaign.handle(_agents(1, 2)) == [Claim(2)]
    assert campaign.handle(Claimed(1, _leads("a", "b"), None)) == [Originate("a"), Originate("b")]
    assert campaign.handle(_agents(2, 2)) == []


def test_nothing_is_dialed_on_stale_presence() -> None:
    campaign = _running()
    campaign.handle(_agents(1, 1))
    assert campaign.handle(Claimed(4.5, _leads("a"), None)) == [GiveBack("a")]
    assert "No word" in campaign.explanation


def test_an_answered_customer_is_handed_over_at_once() -> None:
    campaign = _running()
    _dial(campaign)
    assert campaign.handle(Answered(5, "a"))[:2] == [HandOver("a", None), NoteAnswer("a")]


def test_without_an_acd_the_customer_hears_the_message_when_the_limit_passes() -> None:
    campaign = _running(abandonment_limit_s=2)
    _dial(campaign)
    campaign.handle(Answered(5, "a"))
    campaign.handle(HandOverFailed(5.1, "a"))
    assert _only(campaign.handle(Tick(5.4)), HandOver) == [HandOver("a", None)]
    campaign.handle(HandOverFailed(5.5, "a"))
    assert _only(campaign.handle(Tick(7)), PlayAbandon) == [PlayAbandon("a")]
    closed = campaign.handle(ChannelGone(9, "a", 16, 0, True))
    assert _only(closed, Close) == [Close("a", D.ABANDONED, 16, 0, None)]


def test_an_acd_that_takes_the_channel_and_does_nothing_is_overruled() -> None:
    campaign = _running(abandonment_limit_s=2)
    _dial(campaign)
    campaign.handle(Answered(5, "a"))
    campaign.handle(HandedOver(5.01, "a"))
    assert _only(campaign.handle(Tick(8)), PlayAbandon) == []
    assert _only(campaign.handle(Tick(8.6)), PlayAbandon) == [PlayAbandon("a")]


def test_a_bridged_customer_is_left_alone_though_the_bus_is_silent() -> None:
    campaign = _running(abandonment_limit_s=2)
    _dial(campaign)
    campaign.handle(Answered(5, "a"))
    campaign.handle(HandedOver(5.01, "a"))
    campaign.handle(Bridged(5.05, "a"))
    assert _only(campaign.handle(Tick(60)), PlayAbandon) == []
    assert _only(campaign.handle(ChannelGone(61, "a", 16, 0, True)), Close) == []
    closed = [c for t in range(62, 75) for c in campaign.handle(Tick(t)) if isinstance(c, Close)]
    assert closed == [Close("a", D.CONNECTED, 16, 0, None)]


def test_the_fact_may_come_before_or_after_the_end_of_the_channel() -> None:
    for fact_first in (True, False):
        campaign = _running()
        _dial(campaign)
        campaign.handle(Answered(5, "a"))
        campaign.handle(HandedOver(5, "a"))
        events: list[Any] = [
            OutcomeKnown(6, "a", D.CONNECTED, "ann", 6),
            ChannelGone(6, "a", 16, 0, True),
        ]
        out = [c for e in (events if fact_first else events[::-1]) for c in campaign.handle(e)]
        assert _only(out, Close) == [Close("a", D.CONNECTED, 16, 0, "ann")]
        assert campaign.counts.connected == 1


def test_a_customer_who_leaves_before_the_hand_over_is_nobodys_abandonment() -> None:
    campaign = _running()
    _dial(campaign)
    campaign.handle(Answered(5, "a"))
    assert _only(campaign.handle(ChannelGone(5.2, "a", 0, 0, True)), Close) == [
        Close("a", D.HUNG_UP_EARLY, 0, 0, None)
    ]


def test_a_connected_call_covers_its_agent_until_presence_has_caught_up() -> None:
    campaign = _running()
    _dial(campaign)
    campaign.handle(Answered(5, "a"))
    campaign.handle(OutcomeKnown(6, "a", D.CONNECTED, "ann", acd_at=6))
    stale = AgentsSeen(6.1, 5.9, ready=1, reserved=0, talking=0, wrap_up=0, not_ready=0, waiting=0)
    assert _only(campaign.handle(stale), Claim) == []
    assert _only(campaign.handle(_agents(6.5, 1)), Claim) == [Claim(1)]


def test_pause_gives_claimed_leads_back_and_leaves_calls_alone() -> None:
    campaign = _running()
    _dial(campaign)
    campaign.handle(_agents(2, 2))
    assert _only(campaign.handle(Controlled(2, CampaignState.PAUSED)), HangUp) == []
    assert campaign.handle(Claimed(2, _leads("b"), None)) == [GiveBack("b")]
    assert _only(campaign.handle(Answered(3, "a")), HandOver) == [HandOver("a", None)]


def test_stop_cancels_what_rings() -> None:
    campaign = _running()
    _dial(campaign)
    assert campaign.handle(Controlled(3, CampaignState.STOPPED)) == [HangUp("a")]
    closed = campaign.handle(ChannelGone(3.1, "a", 16, 487, True))
    assert closed == [Close("a", D.CANCELLED, 16, 487, None)]


def test_an_answer_that_crosses_the_cancellation_is_an_abandonment() -> None:
    campaign = _running()
    _dial(campaign)
    campaign.handle(Controlled(3, CampaignState.STOPPED))
    assert campaign.handle(Answered(3.05, "a")) == [NoteAnswer("a")]
    closed = campaign.handle(ChannelGone(3.1, "a", 16, 0, True))
    assert closed == [Close("a", D.ABANDONED, 16, 0, None)]


def test_precise_books_an_agent_before_it_dials_and_moves_down_the_list() -> None:
    campaign = _running(CampaignMode.PRECISE, ring_timeout_s=20)
    assert campaign.handle(_agents(1, 1)) == [Claim(1)]
    assert campaign.handle(Claimed(1, _leads("a"), 0)) == [Book("a", 30.0)]
    assert campaign.handle(AgentBooked(1, "a", "ann")) == [Originate("a")]
    campaign.handle(_agents(1.1, 0, reserved=1))
    campaign.handle(Placed(1.1, "a"))
    ended = campaign.handle(ChannelGone(3, "a", 17, 486, True))
    assert ended == [Close("a", D.BUSY, 17, 486, None), Claim(1)]
    assert campaign.handle(Claimed(3, _leads("b"), 0)) == [Book("b", 30.0, instead_of="a")]
    assert campaign.handle(AgentBooked(3, "b", "ann")) == [Originate("b")]
    campaign.handle(Placed(3, "b"))
    assert campaign.handle(Answered(4, "b"))[0] == HandOver("b", "ann")


def test_precise_frees_the_agent_when_the_list_has_nobody_left() -> None:
    campaign = _running(CampaignMode.PRECISE)
    campaign.handle(_agents(1, 1))
    campaign.handle(Claimed(1, _leads("a"), 0))
    campaign.handle(AgentBooked(1, "a", "ann"))
    campaign.handle(_agents(1.1, 0, reserved=1))
    campaign.handle(ChannelGone(3, "a", 17, 486, True))
    assert campaign.handle(Claimed(3, (), None)) == [Finish(), Unbook("a")]


def test_a_refused_booking_gives_the_lead_back() -> None:
    campaign = _running(CampaignMode.PRECISE)
    campaign.handle(_agents(1, 1))
    campaign.handle(Claimed(1, _leads("a"), 0))
    assert campaign.handle(BookingRefused(1, "a")) == [GiveBack("a")]


def test_a_campaign_with_future_retries_says_when_the_next_lead_is_due() -> None:
    campaign = _running()
    campaign.handle(_agents(1, 1))
    campaign.handle(Claimed(1, (), 240))
    assert "240 s" in campaign.explanation
    assert campaign.state is CampaignState.RUNNING


def test_a_campaign_finishes_though_every_agent_is_away() -> None:
    campaign = _running()
    assert campaign.handle(_agents(6, 0)) == [Claim(0)]
    assert campaign.handle(Claimed(6, (), None)) == [Finish()]


def test_a_lead_that_becomes_due_is_claimed_when_it_is() -> None:
    campaign = _running()
    campaign.handle(_agents(1, 1))
    campaign.handle(Claimed(1, (), 2.0))
    assert campaign.next_deadline == pytest.approx(3.0)
    assert campaign.handle(Tick(3.0)) == [Claim(1)]


def test_a_trunk_that_refuses_everything_is_left_alone_for_a_while() -> None:
    campaign = _running(max_lines=1)
    at = 1.0
    for n in range(5):
        _dial(campaign, f"a{n}", at)
        campaign.handle(ChannelGone(at, f"a{n}", 34, 503, True))
        campaign.handle(Claimed(at, (), 1.0)) if campaign.lines else None
        at += 1.1
    campaign.handle(_agents(at, 1))
    assert campaign.breaker.is_open or campaign.breaker.failures >= 5
    assert "trunk failed" in campaign.explanation


def test_a_call_that_never_left_is_given_back_and_not_counted() -> None:
    campaign = _running()
    campaign.handle(_agents(1, 1))
    campaign.handle(Claimed(1, _leads("a"), None))
    assert campaign.handle(NotPlaced(1, "a", trunk_fault=True))[0] == GiveBack("a")
    assert campaign.counts.attempts == 0


def test_a_missing_end_is_looked_for_and_counts_as_no_answer() -> None:
    campaign = _running(ring_timeout_s=20)
    _dial(campaign)
    campaign.handle(Rang(2, "a"))
    out = campaign.handle(Tick(27))
    assert out[:2] == [HangUp("a"), LookUp("a")]
    closed = campaign.handle(ChannelGone(28, "a", 16, 487, True))
    assert _only(closed, Close) == [Close("a", D.NO_ANSWER, 16, 487, None)]


def test_the_rate_holds_in_precise_mode_too() -> None:
    campaign = _running(CampaignMode.PRECISE, rate_cps=0.5)
    assert campaign.handle(_agents(1, 3)) == [Claim(1)]
    campaign.handle(Claimed(1, _leads("a"), 0))
    assert campaign.handle(AgentBooked(1, "a", "ann")) == [Originate("a")]
    assert only_claims(campaign.handle(_agents(2, 2, reserved=1))) == []
    assert only_claims(campaign.handle(_agents(3.1, 2, reserved=1))) == [Claim(1)]


def only_claims(commands: Sequence[Command]) -> list[Any]:
    return [c for c in commands if isinstance(c, Claim) and c.count]


def test_a_lost_dependency_stops_new_calls_only() -> None:
    campaign = _running()
    _dial(campaign)
    campaign.handle(PartChanged(2, Part.DATABASE, is_up=False))
    assert _only(campaign.handle(_agents(2, 5)), Claim) == []
    assert "PostgreSQL" in campaign.explanation
    assert _only(campaign.handle(Answered(3, "a")), HandOver) == [HandOver("a", None)]
    assert _only(campaign.handle(PartChanged(4, Part.DATABASE, is_up=True)), Claim) == [Claim(4)]


def test_an_adopted_call_that_was_answered_long_ago_is_abandoned() -> None:
    campaign = Campaign(_spec(), CampaignState.RUNNING)
    base: dict[str, Any] = {"lead_id": "l", "attempt_no": 1, "agent_id": None, "outcome": None}
    out = campaign.handle(
        Adopted(9, "a", answered_for_s=60, in_bridge=False, was_handed_over=False, **base)
    )
    assert out == [PlayAbandon("a")]
    out = campaign.handle(
        Adopted(9, "b", answered_for_s=60, in_bridge=True, was_handed_over=True, **base)
    )
    assert out == []
    assert campaign.lines == 2


def test_draining_starts_nothing_and_is_quiet_when_the_ringing_is_over() -> None:
    campaign = _running()
    _dial(campaign)
    campaign.handle(Draining(2))
    assert not campaign.is_quiet
    campaign.handle(ChannelGone(3, "a", 19, 480, True))
    assert campaign.is_quiet
    assert campaign.handle(_agents(4, 3)) == []


def test_where_no_agent_waits_leads_are_claimed_many_at_a_time() -> None:
    campaign = _running(CampaignMode.SCREENING, rate_cps=40)
    campaign.handle(Claimed(0.05, _leads("a"), 0.0))
    for at in (0.06, 0.09):
        assert not _only(campaign.handle(Rang(at, "a")), Claim)
    assert campaign.next_deadline == pytest.approx(0.1)
    (claim,) = _only(campaign.handle(Tick(0.11)), Claim)
    assert claim.count > 1
