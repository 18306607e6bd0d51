"""Predictive campaigns: when the pacer is asked, what it is shown, and what becomes of its word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from tests.support.campaign_core import agent, agents, leads, only, running

from ringway.dialer.core.campaign import Campaign
from ringway.dialer.core.messages import (
    Answered,
    Bridged,
    ChannelGone,
    Claim,
    Claimed,
    ClockRead,
    Controlled,
    LeadsCounted,
    Originate,
    OutcomeKnown,
    Part,
    PartChanged,
    Placed,
    Recovered,
    Tick,
    Work,
)
from ringway.dialer.core.picture import Tail
from ringway.proto.acd import AgentState
from ringway.proto.dialer import AttemptDisposition as D
from ringway.proto.dialer import CampaignMode, CampaignState

pytestmark = pytest.mark.unit


class StandIn:
    """Wants what a test says, and keeps what it was shown."""

    tick_seconds = 1.0

    def __init__(self) -> None:
        self.wants = 0
        self.shown: list[tuple[float, Any]] = []
        self.restored: Mapping[str, Any] = {}

    def decide(self, now: float, state: Any) -> int:
        self.shown.append((now, state))
        if self.wants == 666:
            raise ZeroDivisionError
        return self.wants

    def explain(self) -> Mapping[str, float | str]:
        return {"risk": 0.02}

    def dump(self) -> dict[str, Any]:
        return {"calls": len(self.shown)}

    def restore(self, saved: Mapping[str, Any]) -> None:
        self.restored = saved


def _predictive(wants: int = 0, **spec: Any) -> tuple[Campaign, StandIn]:
    pacer = StandIn()
    pacer.wants = wants
    campaign = running(CampaignMode.PREDICTIVE, make_pacer=lambda: pacer, **spec)
    return campaign, pacer


def test_the_pacer_is_asked_every_second_and_on_events_at_most_twice_a_second() -> None:
    campaign, pacer = _predictive()
    campaign.handle(agents(1, [agent("ann")]))
    for n in range(1, 10):
        campaign.handle(agents(1 + n / 10, [agent("ann")]))
    assert [now for now, _ in pacer.shown] == pytest.approx([1, 1.5])
    assert campaign.next_deadline == pytest.approx(2.5)
    campaign.handle(Tick(2.5))
    assert len(pacer.shown) == 3
    assert campaign.figures == {"risk": 0.02}


def test_what_it_wants_is_cut_to_lines_rate_and_leads_and_not_owed_later() -> None:
    campaign, pacer = _predictive(wants=50, max_lines=20)
    assert campaign.handle(agents(1, [agent("ann")]))[0] == Claim(10)  # a trunk not heard of yet
    campaign, pacer = _predictive(wants=50, rate_cps=3)
    assert campaign.handle(agents(1, [agent("ann")]))[0] == Claim(1)
    campaign, pacer = _predictive(wants=5)
    campaign.handle(LeadsCounted(0, 2))
    assert campaign.handle(agents(1, [agent("ann")])) == [Claim(2)]
    pacer.wants = 0
    out = campaign.handle(Claimed(1.1, leads("a"), None))
    assert out == [Originate("a")]
    assert only(campaign.handle(agents(1.6, [agent("ann")])), Claim) == []


def test_leads_that_come_are_dialed_without_asking_again() -> None:
    campaign, pacer = _predictive(wants=3)
    campaign.handle(agents(1, [agent("ann")]))
    out = campaign.handle(Claimed(1.7, leads("a", "b", "c"), 0))
    assert only(out, Originate) == [Originate("a"), Originate("b"), Originate("c")]
    assert [state.n_dialing for _, state in pacer.shown] == [0, 3]


def test_without_agents_nothing_is_dialed_whatever_the_pacer_says() -> None:
    campaign, _ = _predictive(wants=5)
    assert only(campaign.handle(agents(1, [])), Claim) == []
    on_break = [agent("ann", AgentState.NOT_READY)]
    assert only(campaign.handle(agents(2, on_break)), Claim) == []
    inbound = [agent("ann", AgentState.TALKING, 2, work=Work.INBOUND)]
    assert only(campaign.handle(agents(3, inbound)), Claim) == []


@pytest.mark.parametrize("part", [Part.BUS, Part.ASTERISK, Part.ACD])
def test_while_a_part_is_sick_the_pacer_is_not_asked(part: Part) -> None:
    campaign, pacer = _predictive(wants=5)
    campaign.handle(agents(1, [agent("ann")]))
    campaign.handle(Claimed(1, (), 0))
    asked = len(pacer.shown)
    campaign.handle(PartChanged(2, part, is_up=False))
    assert campaign.handle(agents(3, [agent("ann")])) == []
    assert len(pacer.shown) == asked


def test_a_sick_trunk_gets_one_call_now_and_then() -> None:
    campaign, pacer = _predictive(wants=9)
    campaign.handle(agents(1, [agent("ann")]))
    campaign.handle(Claimed(1, leads(*"abcde"), 0))
    for name in "abcde":
        campaign.handle(Placed(1, name))
        campaign.handle(ChannelGone(1.1, name, 34, 503, True))
    campaign.handle(Claimed(1.2, (), 0))
    assert only(campaign.handle(agents(1.6, [agent("ann")])), Claim) == []
    assert only(campaign.handle(agents(2.7, [agent("ann")])), Claim) == [Claim(1)]
    assert list(pacer.shown[-1][1].logs.outcomes) == []


def test_a_pacer_that_fails_leaves_one_call_for_each_ready_agent() -> None:
    campaign, _ = _predictive(wants=666)
    out = campaign.handle(agents(1, [agent("ann"), agent("bob")]))
    assert only(out, Claim) == [Claim(2)]
    assert campaign.pacing_faults == 1


def test_it_is_shown_calls_and_agents_by_age_and_what_has_ended() -> None:
    campaign, pacer = _predictive(wants=2)
    campaign.handle(ClockRead(0, 1000))
    campaign.handle(agents(1, [agent("ann", since=0), agent("bob", since=0)]))
    pacer.wants = 0
    campaign.handle(Claimed(1, leads("a", "b"), 0))
    campaign.handle(Placed(1, "a"))
    campaign.handle(Placed(2, "b"))
    campaign.handle(Answered(9, "a"))
    campaign.handle(Bridged(9.5, "a"))
    campaign.handle(OutcomeKnown(9.5, "a", D.CONNECTED, "ann", 9.4))
    talks = agent("ann", AgentState.TALKING, 9.5, work=Work.OURS, leaves=True)
    campaign.handle(agents(9.6, [talks, agent("bob")]))
    pacer.shown.clear()
    campaign.handle(agents(12, [talks, agent("bob")], inbound_waiting=1))
    now, state = pacer.shown[-1]
    assert now == pytest.approx(1012)
    assert (state.n_idle, state.n_talking, state.n_logged_in) == (1, 1, 2)
    assert list(state.talking_elapsed) == pytest.approx([2.5])
    assert state.pause_pending_ids == {"ann"}
    assert list(state.dialing_elapsed) == pytest.approx([10])
    assert (state.n_waiting, list(state.waiting_elapsed)) == (1, [0.0])  # the caller of a queue
    assert list(state.logs.outcomes) == [(1001, 1009, "human", 8, 0)]
    assert list(state.logs.live) == [(1009, True, 0.5)]
    assert (state.live_total, state.dialed_total, state.abandoned_total) == (1, 2, 0)
    wraps = agent("ann", AgentState.WRAP_UP, 29.5, work=Work.OURS)
    campaign.handle(agents(30, [wraps, agent("bob")]))
    campaign.handle(ChannelGone(31, "b", 17, 486, True))
    campaign.handle(agents(40, [agent("ann", AgentState.NOT_READY, 39.5), agent("bob")]))
    state = pacer.shown[-1][1]
    assert list(state.logs.talks) == [(1029.5, 20, "ann")]
    assert list(state.logs.wraps) == [(1039.5, 10, "ann", "")]
    assert state.logs.outcomes[1:] == [(1002, 1031, "busy", 29, 0)]


def test_agents_of_another_campaign_do_not_count() -> None:
    campaign, pacer = _predictive()
    both = [agent("ann"), agent("bob", AgentState.TALKING, 0.5, work=Work.OTHERS)]
    campaign.handle(agents(1, both, away=frozenset({"ann"})))
    state = pacer.shown[-1][1]
    assert (state.n_idle, state.n_talking) == (0, 1)


def test_a_new_day_counts_anew_in_the_campaigns_zone() -> None:
    campaign, pacer = _predictive(schedule={"zone": "Asia/Shanghai", "use_lead_zone": False})
    before_midnight = 1_700_000_000 // 86400 * 86400 + 16 * 3600 - 10
    campaign.handle(ClockRead(0, before_midnight))
    campaign.handle(Recovered(0, 50, 20, 19, 1, today=(30, 10, 1)))
    campaign.handle(agents(1, [agent("ann")]))
    state = pacer.shown[-1][1]
    assert (state.dialed_total, state.live_total, state.abandoned_total) == (30, 10, 1)
    campaign.handle(ClockRead(11, before_midnight + 11))
    campaign.handle(agents(12, [agent("ann")]))
    assert pacer.shown[-1][1].dialed_total == 0


def test_what_was_learned_is_restored_and_can_be_kept() -> None:
    campaign, pacer = _predictive()
    assert campaign.learned() is None
    campaign.handle(Recovered(0, 0, 0, 0, 0, learned={"calls": 7}))
    campaign.handle(agents(1, [agent("ann")]))
    assert pacer.restored == {"calls": 7}
    assert campaign.learned() == {"calls": 1}


def test_a_pause_throws_what_was_wanted_away() -> None:
    campaign, pacer = _predictive(wants=3)
    campaign.handle(agents(1, [agent("ann")]))
    campaign.handle(Controlled(1.1, CampaignState.PAUSED))
    assert only(campaign.handle(Claimed(1.2, leads("a"), 0)), Originate) == []
    campaign.handle(Controlled(1.3, CampaignState.RUNNING))
    pacer.wants = 0
    assert only(campaign.handle(agents(2, [agent("ann")])), Claim) == []


def test_a_tail_forgets_the_oldest_and_keeps_their_places() -> None:
    tail: Tail[int] = Tail(kept=10)
    for n in range(95):
        tail.append(n)
    assert len(tail) == 95
    assert tail[90:] == [90, 91, 92, 93, 94]
    assert tail[-1] == tail[94] == 94
    assert tail[0:95][-1] == 94
    assert len(tail[0:95]) < 20
    with pytest.raises(IndexError):
        tail[3]
