"""Leads that agents look at before they are dialed."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.campaign_core import agent, agents, leads, only, running, spec_of

from ringway.dialer.core.campaign import Campaign
from ringway.dialer.core.messages import (
    AgentBooked,
    Answered,
    Book,
    BookingRefused,
    ChannelGone,
    Claim,
    Claimed,
    Close,
    Configured,
    Controlled,
    Draining,
    EndPreview,
    GiveBack,
    HandOver,
    LeadAsked,
    LeadTaken,
    Originate,
    Placed,
    PreviewAccepted,
    PreviewEnd,
    PreviewSkipped,
    Refusal,
    ShowPreview,
    Skip,
    Take,
    Tick,
    Told,
    Unbook,
)
from ringway.proto.acd import AgentState
from ringway.proto.dialer import AttemptDisposition as D
from ringway.proto.dialer import CampaignMode, CampaignState

pytestmark = pytest.mark.unit

RULE: dict[str, Any] = {"time_s": 30, "skip_delay_s": 600}


def _shown(**preview: Any) -> Campaign:
    """A preview campaign whose agent ann is shown lead a since moment 1."""
    campaign = running(CampaignMode.PREVIEW, ring_timeout_s=20, preview={**RULE, **preview})
    assert campaign.handle(agents(1, [agent("ann")])) == [Claim(1)]
    assert campaign.handle(Claimed(1, leads("a"), 0)) == [Book("a", 80.0)]
    assert campaign.handle(AgentBooked(1, "a", "ann")) == [ShowPreview("a", "ann", 30.0)]
    return campaign


def _seen(campaign: Campaign, at: float, state: AgentState, **more: Any) -> Any:
    return campaign.handle(agents(at, [agent("ann", state, **more)]))


def test_a_lead_is_shown_first_and_dialed_when_the_agent_wants_it() -> None:
    campaign = _shown()
    assert _seen(campaign, 1.5, AgentState.RESERVED) == []
    assert campaign.handle(PreviewAccepted(3, "q", "a", "ann")) == [
        EndPreview("a", "ann", PreviewEnd.DIALED),
        Originate("a"),
        Told("q", None, "a"),
    ]
    campaign.handle(Placed(3, "a"))
    assert campaign.handle(PreviewAccepted(3.1, "q2", "a", "ann"))[0] == Told("q2", None, "a")
    skip = campaign.handle(PreviewSkipped(3.2, "q3", "a", "ann"))
    assert skip == [Told("q3", Refusal.PREVIEW_DIALED)]
    assert campaign.handle(Answered(4, "a"))[0] == HandOver("a", "ann")


def test_the_agent_whose_customer_did_not_come_is_shown_the_next_lead() -> None:
    campaign = _shown()
    campaign.handle(PreviewAccepted(3, "q", "a", "ann"))
    campaign.handle(Placed(3, "a"))
    _seen(campaign, 4, AgentState.RESERVED)
    ended = campaign.handle(ChannelGone(5, "a", 17, 486, True))
    assert ended == [Close("a", D.BUSY, 17, 486, None), Claim(1)]
    assert campaign.handle(Claimed(5, leads("b"), 0)) == [Book("b", 80.0, instead_of="a")]


@pytest.mark.parametrize(("rule", "kind"), [("dial", Originate), ("skip", Skip)])
def test_when_the_time_is_up_the_rule_decides(rule: str, kind: type) -> None:
    campaign = _shown(on_timeout=rule)
    _seen(campaign, 30, AgentState.RESERVED)
    assert only(campaign.handle(Tick(30.9)), kind) == []
    out = campaign.handle(Tick(31))
    assert len(only(out, kind)) == len(only(out, EndPreview)) == 1
    late = campaign.handle(PreviewAccepted(31.1, "q", "a", "ann"))
    expected = None if rule == "dial" else Refusal.PREVIEW_GONE
    assert [t.refusal for t in only(late, Told)] == [expected]
    assert only(late, Originate) == []


def test_a_skipped_lead_is_postponed_and_the_agent_gets_another() -> None:
    campaign = _shown()
    _seen(campaign, 2, AgentState.RESERVED)
    out = campaign.handle(PreviewSkipped(3, "q", "a", "ann", "language"))
    assert out == [
        EndPreview("a", "ann", PreviewEnd.SKIPPED),
        Skip("a", "ann", "language", 600),
        Told("q", None, "a"),
        Claim(1),
    ]


def test_who_may_not_skip_is_told_so() -> None:
    campaign = _shown(can_skip=False)
    out = campaign.handle(PreviewSkipped(3, "q", "a", "ann"))
    assert only(out, Told) == [Told("q", Refusal.MAY_NOT_SKIP)]
    assert campaign.call("a") is not None


@pytest.mark.parametrize(
    ("state", "leaves"),
    [
        (AgentState.RESERVED, True),
        (AgentState.NOT_READY, False),
        (AgentState.READY, False),
        (None, False),
    ],
)
def test_a_lead_goes_back_when_its_agent_does_not_stay(
    state: AgentState | None, leaves: bool
) -> None:
    campaign = _shown()
    seen = [] if state is None else [agent("ann", state, leaves=leaves)]
    early = campaign.handle(agents(1.4, seen))  # made before the reservation, perhaps
    assert only(early, GiveBack) == []
    out = campaign.handle(agents(3, seen))
    assert out[:3] == [
        EndPreview("a", "ann", PreviewEnd.WITHDRAWN),
        Unbook("a"),
        GiveBack("a"),
    ]


@pytest.mark.parametrize("how", ["paused", "stopped", "draining", "mode"])
def test_a_lead_goes_back_when_the_campaign_does_not_go_on(how: str) -> None:
    campaign = _shown()
    match how:
        case "draining":
            out = campaign.handle(Draining(3))
        case "mode":
            out = campaign.handle(Configured(3, spec_of(CampaignMode.PROGRESSIVE)))
        case _:
            out = campaign.handle(Controlled(3, CampaignState(how)))
    assert GiveBack("a") in out
    assert Unbook("a") in out
    assert campaign.calls == ()
    gone = campaign.handle(PreviewAccepted(4, "q", "a", "ann"))
    assert only(gone, Told) == [Told("q", Refusal.PREVIEW_GONE)]


def test_the_rate_holds_also_for_leads_that_agents_accept() -> None:
    campaign = running(CampaignMode.PREVIEW, rate_cps=0.5, preview=RULE)
    campaign.handle(agents(1, [agent("ann"), agent("bob")]))
    campaign.handle(Claimed(1, leads("a"), 0))
    assert only(campaign.handle(AgentBooked(1, "a", "ann")), Claim) == [Claim(1)]
    campaign.handle(agents(2, [agent("bob"), agent("ann", AgentState.RESERVED)]))
    campaign.handle(Claimed(2, leads("b"), 0))
    campaign.handle(AgentBooked(2, "b", "bob"))
    assert only(campaign.handle(PreviewAccepted(2.1, "q", "a", "ann")), Originate)
    accepted = campaign.handle(PreviewAccepted(2.2, "r", "b", "bob"))
    assert only(accepted, Originate) == []
    assert only(accepted, Told) == [Told("r", None, "b")]
    both = [agent("ann", AgentState.RESERVED), agent("bob", AgentState.RESERVED)]
    campaign.handle(agents(4, both))
    assert only(campaign.handle(Tick(4.2)), Originate) == [Originate("b")]


def test_a_manual_campaign_dials_only_what_agents_ask_for() -> None:
    campaign = running(CampaignMode.MANUAL, preview=RULE)
    assert campaign.handle(agents(1, [agent("ann")])) == []
    assert campaign.handle(LeadAsked(2, "q", "ann", "lead-a")) == [Take("q", "lead-a")]
    assert campaign.handle(LeadAsked(2, "r", "ann"))[0] == Told("r", Refusal.PREVIEW_OPEN)
    (book,) = campaign.handle(LeadTaken(2, "q", leads("a")[0]))
    assert isinstance(book, Book)
    assert book.agent_id == "ann"
    assert campaign.handle(AgentBooked(2, "a", "ann")) == [
        ShowPreview("a", "ann", 30.0),
        Told("q", None, "a"),
    ]
    assert campaign.handle(LeadAsked(3, "s", "ann"))[0] == Told("s", None, "a")
    campaign.handle(agents(3.5, [agent("ann", AgentState.RESERVED)]))
    campaign.handle(PreviewAccepted(4, "t", "a", "ann"))
    campaign.handle(agents(6, [agent("ann", AgentState.RESERVED)]))
    ended = campaign.handle(ChannelGone(6.5, "a", 17, 486, True))
    assert Unbook("a") in ended
    assert only(ended, Claim) in ([], [Claim(0)])  # whether it was the last


def test_who_asks_for_what_is_not_there_is_told_why() -> None:
    campaign = running(CampaignMode.MANUAL)
    campaign.handle(agents(1, [agent("ann")]))
    campaign.handle(LeadAsked(1, "q", "ann"))
    assert only(campaign.handle(LeadTaken(1, "q", None)), Told) == [Told("q", Refusal.NO_LEAD)]
    campaign.handle(LeadAsked(1, "r", "ann"))
    campaign.handle(LeadTaken(1, "r", leads("a")[0]))
    assert campaign.handle(BookingRefused(1, "a"))[:2] == [
        Told("r", Refusal.NOT_READY),
        GiveBack("a"),
    ]
    campaign.handle(Controlled(2, CampaignState.PAUSED))
    (told,) = only(campaign.handle(LeadAsked(2, "s", "ann")), Told)
    assert told.refusal is Refusal.NOT_DIALING
    progressive = running(CampaignMode.PROGRESSIVE)
    assert progressive.handle(LeadAsked(1, "t", "ann"))[0] == Told("t", Refusal.NOT_BY_HAND)
