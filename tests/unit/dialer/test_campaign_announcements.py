"""What a campaign does with what the network says before an answer."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.campaign_core import agent, agents, leads, only, running

from ringway.dialer.core import messages as m
from ringway.dialer.core.campaign import Campaign
from ringway.proto.dialer import AttemptDisposition as D
from ringway.proto.dialer import CampaignMode, CampaignState
from ringway.proto.dialer_spec import EarlyMediaRule, NumberState

pytestmark = pytest.mark.unit

LISTENS = EarlyMediaRule(listens=True)


def ringing(mode: CampaignMode = CampaignMode.SCREENING, **more: Any) -> Campaign:
    """A campaign whose one call rings since 2."""
    campaign = running(mode, max_lines=1, **more)
    campaign.handle(agents(0, [agent("ann")]))
    campaign.handle(m.Claimed(1, leads("x"), None))
    campaign.handle(m.AgentBooked(1, "x", "ann"))
    campaign.handle(m.Placed(1, "x"))
    campaign.handle(m.Rang(2, "x"))
    return campaign


def gone(campaign: Campaign, at: float = 9, cause: int = 16) -> m.Close:
    event = m.ChannelGone(at, "x", cause, 0, hangup_requested=True)
    (close,) = only(campaign.handle(event), m.Close)
    assert isinstance(close, m.Close)
    return close


@pytest.mark.parametrize(
    ("mode", "rule", "listens"),
    [
        (CampaignMode.SCREENING, EarlyMediaRule(), True),
        (CampaignMode.SCREENING, EarlyMediaRule(listens=False), False),
        (CampaignMode.PROGRESSIVE, EarlyMediaRule(), False),
        (CampaignMode.PROGRESSIVE, LISTENS, True),
        (CampaignMode.PRECISE, LISTENS, True),
    ],
)
def test_screening_listens_before_the_answer_and_others_when_told_to(
    mode: CampaignMode, rule: EarlyMediaRule, listens: bool
) -> None:
    campaign = ringing(mode, early_media=rule)
    told = only(campaign.handle(m.EarlyMedia(2, "x")), m.ListenEarly)
    assert bool(told) is listens
    assert only(campaign.handle(m.EarlyMedia(3, "x")), m.ListenEarly) == []  # once is enough


@pytest.mark.parametrize(
    ("state", "disposition"),
    [
        (NumberState.VACANT, D.INVALID_NUMBER),
        (NumberState.SUSPENDED, D.INVALID_NUMBER),
        (NumberState.BARRED, D.REJECTED),
        (NumberState.POWERED_OFF, D.NO_ANSWER),
        (NumberState.UNREACHABLE, D.NO_ANSWER),
        (NumberState.BUSY, D.BUSY),
        (NumberState.NO_ANSWER, D.NO_ANSWER),
    ],
)
def test_a_recognised_announcement_ends_the_call_as_what_it_means(
    state: NumberState, disposition: D
) -> None:
    campaign = ringing()
    campaign.handle(m.EarlyMedia(2, "x"))
    assert only(campaign.handle(m.Announced(6, "x", state)), m.HangUp) == [m.HangUp("x")]
    assert only(campaign.handle(m.Announced(6, "x", state)), m.HangUp) == []
    assert gone(campaign).disposition is disposition


def test_a_call_may_be_left_ringing_and_still_tell_what_was_said() -> None:
    campaign = ringing(early_media=EarlyMediaRule(hangs_up=False))
    assert only(campaign.handle(m.Announced(6, "x", NumberState.VACANT)), m.HangUp) == []
    assert gone(campaign, 60, cause=19).disposition is D.INVALID_NUMBER


def test_who_answers_all_the_same_is_answered() -> None:
    campaign = ringing(
        CampaignMode.PRECISE, early_media=EarlyMediaRule(listens=True, hangs_up=False)
    )
    campaign.handle(m.Announced(6, "x", NumberState.BUSY))
    assert only(campaign.handle(m.Answered(7, "x")), m.HandOver) == [m.HandOver("x", "ann")]


def test_an_answer_that_crosses_our_hang_up_is_no_abandoned_customer() -> None:
    campaign = ringing(CampaignMode.PRECISE, early_media=LISTENS)
    campaign.handle(m.Announced(6, "x", NumberState.VACANT))
    commands = campaign.handle(m.Answered(6.1, "x"))
    assert only(commands, m.NoteAnswer) == [m.NoteAnswer("x")]
    assert only(commands, m.HandOver) + only(commands, m.PlayAbandon) == []
    assert gone(campaign).disposition is D.INVALID_NUMBER
    assert (campaign.counts.answered, campaign.counts.abandoned) == (1, 0)


def test_what_is_heard_too_late_changes_nothing() -> None:
    campaign = ringing(CampaignMode.PRECISE, early_media=LISTENS)
    campaign.handle(m.Answered(3, "x"))
    assert campaign.handle(m.Announced(4, "x", NumberState.VACANT)) == []
    campaign = ringing(early_media=LISTENS)
    campaign.handle(m.Controlled(3, CampaignState.STOPPED))
    assert only(campaign.handle(m.Announced(4, "x", NumberState.VACANT)), m.HangUp) == []
    assert gone(campaign).disposition is D.CANCELLED


def test_an_end_that_was_lost_is_looked_for() -> None:
    campaign = ringing()
    campaign.handle(m.Announced(6, "x", NumberState.VACANT))
    assert only(campaign.handle(m.Tick(12)), m.LookUp) == [m.LookUp("x")]
    event = m.ChannelGone(13, "x", 0, 0, hangup_requested=False, known=D.NO_ANSWER)
    (close,) = only(campaign.handle(event), m.Close)
    assert close.disposition is D.INVALID_NUMBER
