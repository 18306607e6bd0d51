"""What a campaign does with people, machines and announcements."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.campaign_core import agent, agents

from ringway.dialer.core import messages as m
from ringway.dialer.core.campaign import Campaign
from ringway.dialer.core.listening import Answerer
from ringway.dialer.core.messages import Phase
from ringway.proto.acd import AgentState
from ringway.proto.dialer import AttemptDisposition as D
from ringway.proto.dialer import CampaignMode, CampaignSpec, CampaignState
from ringway.proto.dialer_spec import AmdRule, KeyScript, OnMachine

pytestmark = pytest.mark.unit

SCRIPT = KeyScript(sounds=("hello",))
LEAVES = AmdRule(enabled=True, on_machine=OnMachine.MESSAGE, message=("hello",))


def answered(mode: CampaignMode = CampaignMode.PROGRESSIVE, **more: Any) -> Campaign:
    """A campaign whose one call was answered at 12."""
    values = {
        "name": "c", "project_id": "p", "mode": mode, "list_ids": ("l",), "agent_ids": ("a",),
        "trunk_id": "t", "max_lines": 1, "amd": AmdRule(enabled=True), **more,
    }  # fmt: skip
    campaign = Campaign(CampaignSpec.model_validate(values))
    campaign.handle(m.Recovered(10, 0, 0, 0, 0))
    campaign.handle(m.Controlled(10, CampaignState.RUNNING))
    campaign.handle(agents(10, [agent("a", AgentState.READY)]))
    campaign.handle(m.Claimed(11, (m.ClaimedLead("x", "lead", 1),), 0.0))
    if mode.books_agents:
        campaign.handle(m.AgentBooked(11, "x", "a"))
    campaign.handle(m.Placed(11, "x"))
    return campaign


def kinds(commands: Any) -> list[str]:
    return [type(c).__name__ for c in commands if getattr(c, "attempt_id", "") == "x"]


def disposition(campaign: Campaign, at: float = 30) -> D:
    (close,) = [
        c
        for c in campaign.handle(m.ChannelGone(at, "x", 16, 0, hangup_requested=True))
        if isinstance(c, m.Close)
    ]
    return close.disposition


def test_nobody_is_handed_over_before_it_is_known_who_answered() -> None:
    campaign = answered()
    assert kinds(campaign.handle(m.Answered(12, "x"))) == ["Listen", "NoteAnswer"]
    assert kinds(campaign.handle(m.Detected(13, "x", Answerer.PERSON, 12.5))) == ["HandOver"]
    call = campaign.call("x")
    assert call is not None
    # The limit of two seconds begins when the greeting ends.
    assert (call.phase, call.deadline) == (Phase.ANSWERED, 14.5)
    assert kinds(campaign.handle(m.Tick(14.6))) == ["PlayAbandon"]
    assert disposition(campaign) is D.ABANDONED


@pytest.mark.parametrize("answerer", [Answerer.UNSURE, Answerer.PERSON])
def test_who_may_be_a_person_is_treated_as_one(answerer: Answerer) -> None:
    campaign = answered()
    campaign.handle(m.Answered(12, "x"))
    assert kinds(campaign.handle(m.Detected(14, "x", answerer))) == ["HandOver"]
    call = campaign.call("x")
    assert call is not None
    assert call.deadline == 16


def test_a_listener_that_says_nothing_holds_nobody_up() -> None:
    campaign = answered()
    campaign.handle(m.Answered(12, "x"))
    due = campaign.next_deadline
    assert due is not None
    assert due <= 12 + AmdRule().decide_within_ms / 1000 + 1
    handed = [c for at in (12 + 4.6,) for c in campaign.handle(m.Tick(at))]
    assert kinds(handed) == ["HandOver"]
    assert kinds(campaign.handle(m.Detected(17, "x", Answerer.MACHINE))) == []  # too late


@pytest.mark.parametrize(
    ("amd", "answerer", "then", "end"),
    [
        (AmdRule(enabled=True), Answerer.MACHINE, "HangUp", D.MACHINE),
        (AmdRule(enabled=True), Answerer.FAX, "HangUp", D.MACHINE),
        (AmdRule(enabled=True), Answerer.NOBODY, "HangUp", D.INVALID_NUMBER),
        (LEAVES, Answerer.MACHINE, "LeaveMessage", D.MACHINE),
        (LEAVES, Answerer.FAX, "HangUp", D.MACHINE),
        (
            AmdRule(enabled=True, on_machine=OnMachine.CONNECT),
            Answerer.MACHINE,
            "HandOver",
            D.HUNG_UP_EARLY,
        ),
    ],
)
def test_machines_are_dealt_with_as_the_campaign_says(
    amd: AmdRule, answerer: Answerer, then: str, end: D
) -> None:
    campaign = answered(amd=amd)
    campaign.handle(m.Answered(12, "x"))
    assert kinds(campaign.handle(m.Detected(14, "x", answerer))) == [then]
    assert disposition(campaign, 14.5) is end


@pytest.mark.parametrize("who", [Answerer.MACHINE, Answerer.FAX, Answerer.NOBODY])
def test_a_machine_that_got_no_agent_is_no_abandoned_customer(who: Answerer) -> None:
    campaign = answered(CampaignMode.PREDICTIVE)
    campaign.handle(m.Answered(12, "x"))
    campaign.handle(m.Detected(14, "x", who))
    disposition(campaign)
    assert [outcome[2] for outcome in campaign.picture.logs.outcomes] == ["machine"]
    assert list(campaign.picture.logs.live) == []


def test_a_person_who_got_no_agent_is_an_abandoned_customer() -> None:
    campaign = answered(CampaignMode.PREDICTIVE)
    campaign.handle(m.Answered(12, "x"))
    campaign.handle(m.Detected(14, "x", Answerer.PERSON, 13.5))
    disposition(campaign, 15.5)
    ((_, connected, wait_s),) = campaign.picture.logs.live
    assert (connected, wait_s) == (False, pytest.approx(2))


def test_an_agent_kept_for_a_machine_is_free_for_the_next_lead() -> None:
    campaign = answered(CampaignMode.PRECISE)
    campaign.handle(m.Answered(12, "x"))
    campaign.handle(agents(13.9, [agent("a", AgentState.RESERVED)]))
    campaign.handle(m.Detected(14, "x", Answerer.MACHINE))
    campaign.handle(m.ChannelGone(14.1, "x", 16, 0, hangup_requested=False))
    out = campaign.handle(m.Claimed(14.3, (m.ClaimedLead("y", "next", 1),), 0.0))
    assert [c.instead_of for c in out if isinstance(c, m.Book)] == ["x"]


def test_a_machine_that_cannot_be_hung_up_is_tried_again() -> None:
    campaign = answered()
    campaign.handle(m.Answered(12, "x"))
    campaign.handle(m.Detected(14, "x", Answerer.MACHINE))
    assert kinds(campaign.handle(m.Tick(20))) == ["HangUp", "LookUp"]


def test_who_leaves_while_he_is_listened_to_hung_up_early() -> None:
    campaign = answered()
    campaign.handle(m.Answered(12, "x"))
    assert disposition(campaign, 13) is D.HUNG_UP_EARLY


def test_without_agents_the_script_runs_and_the_lead_is_served() -> None:
    campaign = answered(CampaignMode.IVR, script=SCRIPT, amd=AmdRule(), agent_ids=())
    assert kinds(campaign.handle(m.Answered(12, "x"))) == ["RunScript", "NoteAnswer"]
    campaign.handle(m.ScriptHeard(20, "x"))
    assert disposition(campaign) is D.SERVED


def test_who_hangs_up_before_the_script_was_heard_is_not_served() -> None:
    campaign = answered(CampaignMode.IVR, script=SCRIPT, amd=AmdRule(), agent_ids=())
    campaign.handle(m.Answered(12, "x"))
    assert disposition(campaign) is D.HUNG_UP_EARLY


def test_who_wants_an_agent_gets_one_within_the_limit() -> None:
    campaign = answered(CampaignMode.IVR, script=SCRIPT, amd=AmdRule())
    campaign.handle(m.Answered(12, "x"))
    assert kinds(campaign.handle(m.ScriptHeard(20, "x", True))) == ["HandOver"]
    assert kinds(campaign.handle(m.Tick(22.1))) == ["PlayAbandon"]


def test_screening_hangs_up_at_the_answer() -> None:
    campaign = answered(CampaignMode.SCREENING, agent_ids=())
    assert kinds(campaign.handle(m.Answered(12, "x"))) == ["HangUp", "NoteAnswer"]
    assert disposition(campaign, 12.1) is D.SERVED


def test_campaigns_without_agents_dial_without_a_word_from_the_acd() -> None:
    spec = CampaignSpec.model_validate(
        {
            "name": "c", "project_id": "p", "mode": CampaignMode.IVR, "list_ids": ("l",),
            "trunk_id": "t", "max_lines": 7, "script": SCRIPT,
        }
    )  # fmt: skip
    campaign = Campaign(spec)
    campaign.handle(m.Recovered(10, 0, 0, 0, 0))
    out = campaign.handle(m.Controlled(10, CampaignState.RUNNING))
    assert [c.count for c in out if isinstance(c, m.Claim)] == [7]
    assert "no agents are needed" in campaign.explanation
