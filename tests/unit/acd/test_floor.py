"""Named behaviours of the floor, one story a test."""

from __future__ import annotations

import pytest

from ringway.acd.core import model as m
from ringway.acd.core.floor import PHONE_LOST, RECONNECTING, RONA, Floor, NoAgentReady
from ringway.acd.core.routing import Queue, Strategy
from ringway.proto.acd import AgentState, HungUpBy, LegMode

pytestmark = pytest.mark.unit


def floor_with(*ready: str, mode: LegMode = LegMode.NAILED_UP, wrap_up_s: float = 30) -> Floor:
    floor = Floor()
    floor.handle(m.CampaignSet(0, "sales", frozenset({"ann", "bob"}), 2.0, wrap_up_s))
    for at, agent in enumerate(ready):
        floor.handle(m.SignedIn(at, agent, "1001", f"session-{agent}", mode))
        floor.handle(m.Chose(at, agent, True))
    return floor


def arrives(floor: Floor, name: str, at: float) -> list[m.Command]:
    return list(floor.handle(m.Arrived(at, name, "sales", f"attempt-{name}", at)))


def state_of(floor: Floor, agent: str) -> AgentState:
    return floor.agents[agent].state


def test_the_longest_idle_agent_gets_the_customer() -> None:
    floor = floor_with("bob", "ann")
    assert m.Connect("i1", "bob") in arrives(floor, "i1", 10)
    assert m.Connect("i2", "ann") in arrives(floor, "i2", 11)


def test_customers_are_served_in_the_order_of_their_answers() -> None:
    floor = floor_with("ann", wrap_up_s=0)
    arrives(floor, "i0", 10)
    floor.handle(m.Bridged(10, "i0"))
    floor.handle(m.Arrived(10.2, "late", "sales", "a2", 10.2))
    floor.handle(m.Arrived(10.3, "early", "sales", "a1", 10.1))
    commands = floor.handle(m.CustomerGone(10.5, "i0"))
    assert m.Connect("early", "ann") in commands


def test_a_customer_without_an_agent_hears_the_message_after_the_limit() -> None:
    floor = floor_with()
    arrives(floor, "i1", 10)
    assert floor.next_deadline == 12
    assert floor.handle(m.Tick(11.9)) == []
    assert floor.handle(m.Tick(12)) == [
        m.Abandoned(12, "i1", 2.0, by_limit=True),
    ]
    assert floor.handle(m.CustomerGone(15, "i1")) == []


def test_the_limit_counts_from_the_answer_not_from_the_arrival() -> None:
    floor = floor_with()
    commands = floor.handle(m.Arrived(10, "i1", "sales", "a1", answered_at=7.5))
    assert m.Abandoned(10, "i1", 2.5, by_limit=True) in commands


def test_a_customer_who_leaves_early_is_not_an_abandonment_by_limit() -> None:
    floor = floor_with()
    arrives(floor, "i1", 10)
    assert floor.handle(m.CustomerGone(11, "i1")) == [m.Abandoned(11, "i1", 1.0, by_limit=False)]


def test_wrap_up_ends_with_the_agents_result_or_with_the_time() -> None:
    floor = floor_with("ann", wrap_up_s=5)
    for name, at in (("i1", 10.0), ("i2", 30.0)):
        arrives(floor, name, at)
        floor.handle(m.Bridged(at, name))
        ended = floor.handle(m.CustomerGone(at + 10, name))
        assert m.Disconnected(at + 10, name, "ann", at, HungUpBy.CUSTOMER) in ended
        assert state_of(floor, "ann") is AgentState.WRAP_UP
        if name == "i1":
            done = floor.handle(m.WrapUpDone(at + 12, "ann", name, "sale"))
            assert m.Ended(at + 12, name, "ann", 2.0, "sale") in done
            assert floor.handle(m.WrapUpDone(at + 12, "ann", name, "sale")) == []
        else:
            assert m.Ended(at + 15, name, "ann", 5.0, "") in floor.handle(m.Tick(at + 15))
        assert state_of(floor, "ann") is AgentState.READY


def test_a_reserved_agent_waits_for_his_own_attempt_only() -> None:
    floor = floor_with("ann")
    floor.handle(m.Reserve(10, "sales", "attempt-mine", 60))
    assert state_of(floor, "ann") is AgentState.RESERVED
    assert not any(isinstance(c, m.Connect) for c in arrives(floor, "other", 11))
    assert m.Connect("mine", "ann") in arrives(floor, "mine", 12)


def test_a_released_agent_can_be_kept_for_the_next_attempt() -> None:
    floor = floor_with("ann")
    floor.handle(m.Reserve(10, "sales", "a1", 60))
    assert floor.handle(m.Release(12, "a1", "a2")) == []
    assert floor.reserved_for("a2") == "ann"
    floor.handle(m.Release(13, "a2"))
    assert state_of(floor, "ann") is AgentState.READY


def test_one_given_agent_can_be_reserved_and_a_repeat_begins_the_hold_anew() -> None:
    floor = floor_with("ann", "bob")
    floor.handle(m.Reserve(10, "sales", "a1", 60, "bob"))
    assert floor.reserved_for("a1") == "bob"
    with pytest.raises(NoAgentReady):
        floor.handle(m.Reserve(11, "sales", "a2", 60, "bob"))
    with pytest.raises(NoAgentReady):
        floor.handle(m.Reserve(12, "sales", "a3", 60, excluded=frozenset({"ann"})))
    floor.handle(m.Reserve(50, "sales", "a1", 60))
    floor.handle(m.Tick(109))
    assert floor.reserved_for("a1") == "bob"
    floor.handle(m.Tick(110))
    assert floor.reserved_for("a1") is None


def test_a_reservation_ends_by_itself() -> None:
    floor = floor_with("ann")
    floor.handle(m.Reserve(10, "sales", "a1", 60))
    floor.handle(m.Tick(70))
    assert state_of(floor, "ann") is AgentState.READY


def test_nobody_ready_is_said() -> None:
    with pytest.raises(NoAgentReady):
        floor_with().handle(m.Reserve(10, "sales", "a1", 60))


def test_a_phone_on_demand_that_rings_out_makes_its_agent_not_ready() -> None:
    floor = floor_with("ann", mode=LegMode.ON_DEMAND)
    assert m.Ring("i1", "ann", 15.0) in arrives(floor, "i1", 10)
    floor.handle(m.OfferFailed(11, "i1", "ann", rona=True))
    assert state_of(floor, "ann") is AgentState.NOT_READY
    assert floor.agents["ann"].reason == RONA
    assert floor.counts("sales").waiting == 1


def test_the_limit_withdraws_a_ringing_phone() -> None:
    floor = floor_with("ann", mode=LegMode.ON_DEMAND)
    arrives(floor, "i1", 10)
    commands = floor.handle(m.Tick(12))
    assert m.Withdraw("i1", "ann") in commands
    assert m.Abandoned(12, "i1", 2.0, by_limit=True) in commands
    assert state_of(floor, "ann") is AgentState.READY


def test_an_agent_who_loses_his_phone_in_a_talk_ends_the_talk_and_is_not_ready_after() -> None:
    floor = floor_with("ann", wrap_up_s=0)
    arrives(floor, "i1", 10)
    floor.handle(m.Bridged(10, "i1"))
    assert floor.handle(m.LegLost(20, "ann")) == [m.AgentLost("i1", "ann")]
    ended = floor.handle(m.CustomerGone(20.1, "i1"))
    assert m.Disconnected(20.1, "i1", "ann", 10, HungUpBy.AGENT) in ended
    assert floor.agents["ann"].reason == PHONE_LOST
    floor.handle(m.SignedIn(30, "ann", "1001", "session-ann", LegMode.NAILED_UP))
    assert state_of(floor, "ann") is AgentState.READY


def test_a_lost_node_calls_the_phone_again_and_the_agent_goes_on() -> None:
    floor = floor_with("ann")
    assert m.RecallLeg("ann") in floor.handle(m.LegLost(20, "ann", node_lost=True))
    assert floor.agents["ann"].reason == RECONNECTING
    floor.handle(m.SignedIn(25, "ann", "1001", "session-ann", LegMode.NAILED_UP))
    assert state_of(floor, "ann") is AgentState.READY


def test_signing_out_during_a_talk_waits_for_its_end() -> None:
    floor = floor_with("ann")
    arrives(floor, "i1", 10)
    floor.handle(m.Bridged(10, "i1"))
    assert floor.handle(m.SignOut(15, "ann")) == []
    commands = floor.handle(m.CustomerGone(20, "i1"))
    assert m.HangUpLeg("ann") in commands
    assert state_of(floor, "ann") is AgentState.LOGGED_OUT


def test_state_durations_add_up() -> None:
    floor = floor_with("ann", wrap_up_s=5)
    changes = [c for c in arrives(floor, "i1", 10) if isinstance(c, m.StateChanged)]
    changes += [c for c in floor.handle(m.Bridged(10.5, "i1")) if isinstance(c, m.StateChanged)]
    changes += [c for c in floor.handle(m.CustomerGone(20, "i1")) if isinstance(c, m.StateChanged)]
    changes += [c for c in floor.handle(m.Tick(25)) if isinstance(c, m.StateChanged)]
    assert [(c.previous, c.previous_s) for c in changes] == [
        (AgentState.READY, 10),
        (AgentState.RESERVED, 0.5),
        (AgentState.TALKING, 9.5),
        (AgentState.WRAP_UP, 5),
    ]


def test_a_campaign_nobody_speaks_of_is_forgotten_when_its_last_call_is_over() -> None:
    floor = floor_with("ann", wrap_up_s=0)
    arrives(floor, "i1", 10)
    floor.handle(m.CampaignGone(11, "sales"))
    assert floor.counts("sales").reserved == 1
    floor.handle(m.CustomerGone(12, "i1"))
    floor.handle(m.CampaignGone(13, "sales"))
    assert floor.counts("sales") == m.Counts()
    assert not any(isinstance(c, m.Connect) for c in arrives(floor, "i2", 14))


def test_who_is_sent_on_stays_as_important_as_he_was() -> None:
    floor = Floor()
    floor.handle(m.Enqueued(1, "i1", "q", 1, priority=9, vip=True, value_grade=3))
    for event in (m.LeftQueue(2, "i1"), m.Enqueued(3, "i1", "other", 3)):
        floor.handle(event)
    call = floor.calls["i1"]
    assert (call.queue_id, call.priority, call.vip, call.value_grade) == ("other", 9, True, 3)
    floor.handle(m.LeftQueue(4, "i1"))
    floor.handle(m.Enqueued(5, "i1", "q", 5, priority=2, vip=False, value_grade=0))
    assert (call.priority, call.vip, call.value_grade) == (2, False, 0)
    floor.handle(m.Enqueued(1, "i2", "q", 1))
    assert (floor.calls["i2"].priority, floor.calls["i2"].vip) == (5, False)


def test_an_agent_who_becomes_ready_while_all_ring_rings_too_and_one_wins() -> None:
    floor = Floor()
    floor.handle(m.QueueSet(0, Queue("q", agent_ids=("ann", "bob"), strategy=Strategy.RING_ALL)))
    for agent in ("ann", "bob"):
        floor.handle(m.SignedIn(0, agent, "1001", f"session-{agent}", LegMode.ON_DEMAND))
    floor.handle(m.Chose(1, "ann", True))
    assert m.Ring("i1", "ann", 15.0) in floor.handle(m.Enqueued(2, "i1", "q", 2))
    assert m.Ring("i1", "bob", 15.0) in floor.handle(m.Chose(5, "bob", True))
    assert floor.next_deadline == 17
    won = floor.handle(m.Accepted(6, "i1", "bob"))
    assert m.Connect("i1", "bob") in won
    assert m.Withdraw("i1", "ann") in won
    assert floor.handle(m.Accepted(6, "i1", "ann")) == []
    assert state_of(floor, "ann") is AgentState.READY


@pytest.mark.parametrize("reserved", [True, False])
def test_who_declines_what_he_was_given_at_once_is_not_given_it_again(reserved: bool) -> None:
    floor = floor_with("ann", "bob")
    if reserved:
        floor.handle(m.Reserve(5, "sales", "attempt-i1", 60))
    assert m.Connect("i1", "ann") in arrives(floor, "i1", 10)
    commands = floor.handle(m.OfferFailed(10.1, "i1", "ann", declined=True))
    assert m.Connect("i1", "bob") in commands
    assert state_of(floor, "ann") is AgentState.READY
    commands = floor.handle(m.OfferFailed(10.2, "i1", "bob", declined=True))
    assert m.Connect("i1", "ann") in commands, "nobody else is left"
