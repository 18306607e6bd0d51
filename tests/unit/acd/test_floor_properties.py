"""Hypothesis tries to break the floor: lost customers, double use of an agent, missed limits."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ringway.acd.core import model as m
from ringway.acd.core.floor import Floor, NoAgentReady
from ringway.acd.core.model import CallState
from ringway.proto.acd import AgentState, LegMode

pytestmark = pytest.mark.property

AGENTS = ("ann", "bob", "cid")
CAMPAIGNS = ("c1", "c2")
agents = st.sampled_from(AGENTS)
campaigns = st.sampled_from(CAMPAIGNS)


class FloorMachine(RuleBasedStateMachine):
    """Random events in random order, also late and repeated ones."""

    def __init__(self) -> None:
        super().__init__()
        self.floor = Floor()
        self.at = 0.0
        self.seen = 0
        self.outcomes: dict[str, list[str]] = {}
        self.connected: dict[str, int] = {}
        self.connecting: set[tuple[str, str]] = set()
        self.state = dict.fromkeys(AGENTS, AgentState.LOGGED_OUT)

    def send(self, event: m.Event) -> None:
        for command in self.floor.handle(event):
            match command:
                case m.Connect(interaction_id, agent_id) | m.Ring(interaction_id, agent_id, _):
                    self.connecting.add((interaction_id, agent_id))
                case m.Withdraw(interaction_id, agent_id):
                    self.connecting.discard((interaction_id, agent_id))
                case m.Connected(_, interaction_id, _, _):
                    self.connected[interaction_id] = self.connected.get(interaction_id, 0) + 1
                case m.Abandoned(_, interaction_id, _, _):
                    self.outcomes[interaction_id].append("abandoned")
                case m.Disconnected(_, interaction_id, _, _, _):
                    self.outcomes[interaction_id].append("disconnected")
                case m.StateChanged():
                    assert command.previous is self.state[command.agent_id]
                    assert command.previous_s >= 0
                    self.state[command.agent_id] = command.state

    @initialize()
    def campaigns_begin(self) -> None:
        self.send(m.CampaignSet(0.0, "c1", frozenset({"ann", "bob"}), 2.0, 10.0))
        self.send(m.CampaignSet(0.0, "c2", frozenset({"bob", "cid"}), 2.0, 0.0))
        for agent, mode in (("bob", LegMode.NAILED_UP), ("cid", LegMode.ON_DEMAND)):
            self.send(m.SignedIn(0.0, agent, "1", f"s-{agent}", mode))
            self.send(m.Chose(0.0, agent, True))

    @rule(passed_s=st.sampled_from([0.0, 0.1, 1.0, 2.0, 20.0, 70.0]))
    def time_passes(self, passed_s: float) -> None:
        self.at += passed_s
        self.send(m.Tick(self.at))

    @rule(agent=agents, mode=st.sampled_from(LegMode))
    def signs_in(self, agent: str, mode: LegMode) -> None:
        self.send(m.SignedIn(self.at, agent, "1", f"s-{agent}", mode))

    @rule(agent=agents)
    def signs_out(self, agent: str) -> None:
        self.send(m.SignOut(self.at, agent))

    @rule(agent=agents, ready=st.booleans())
    def chooses(self, agent: str, ready: bool) -> None:
        self.send(m.Chose(self.at, agent, ready, "" if ready else "break"))

    @rule(agent=agents, node_lost=st.booleans())
    def loses_leg(self, agent: str, node_lost: bool) -> None:
        self.send(m.LegLost(self.at, agent, node_lost))

    @rule(campaign=campaigns, late_s=st.sampled_from([0.0, 1.0, 3.0]), repeat=st.booleans())
    def customer_arrives(self, campaign: str, late_s: float, repeat: bool) -> None:
        self.seen += 1
        name = f"i{self.seen}"
        self.outcomes[name] = []
        event = m.Arrived(self.at, name, campaign, f"a{self.seen}", self.at - late_s)
        self.send(event)
        if repeat:
            self.send(event)

    @rule(campaign=campaigns)
    def precise_attempt_answers(self, campaign: str) -> None:
        self.seen += 1
        name = f"i{self.seen}"
        try:
            self.send(m.Reserve(self.at, campaign, f"a{self.seen}", 60.0))
        except NoAgentReady:
            return
        agent = self.floor.reserved_for(f"a{self.seen}")
        assert agent is not None
        self.outcomes[name] = []
        self.send(m.Arrived(self.at, name, campaign, f"a{self.seen}", self.at))
        assert self.floor.calls[name].agent_id == agent

    @rule(campaign=campaigns, keep=st.booleans())
    def precise_attempt_fails(self, campaign: str, keep: bool) -> None:
        self.seen += 1
        attempt = f"a{self.seen}"
        try:
            self.send(m.Reserve(self.at, campaign, attempt, 60.0))
        except NoAgentReady:
            return
        self.send(m.Release(self.at, attempt, f"n{self.seen}" if keep else None))
        assert self.floor.reserved_for(attempt) is None

    @rule(data=st.data())
    def customer_goes(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(["unknown", *self.floor.calls]))
        self.send(m.CustomerGone(self.at, name))

    @rule(data=st.data())
    def customer_goes_again(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(["unknown", *self.outcomes]))
        if name not in self.floor.calls:
            self.send(m.CustomerGone(self.at, name))

    @precondition(lambda self: self.connecting)
    @rule(data=st.data(), joined=st.booleans(), rona=st.booleans(), again=st.booleans())
    def connect_ends(self, data: st.DataObject, joined: bool, rona: bool, again: bool) -> None:
        pair = data.draw(st.sampled_from(sorted(self.connecting)))
        if not again:
            self.connecting.discard(pair)
        if joined:
            self.send(m.Bridged(self.at, pair[0]))
        else:
            self.send(m.OfferFailed(self.at, *pair, rona=rona))

    @rule(agent=agents, data=st.data())
    def finishes_wrap_up(self, agent: str, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(["unknown", *self.outcomes]))
        self.send(m.WrapUpDone(self.at, agent, name, "sale"))

    @rule(agent=agents)
    def hangs_up(self, agent: str) -> None:
        self.send(m.HangUpAsked(self.at, agent))

    @invariant()
    def nobody_is_lost_and_nothing_ends_twice(self) -> None:
        for name, outcomes in self.outcomes.items():
            assert len(outcomes) <= 1
            assert self.connected.get(name, 0) <= 1
            if not outcomes:
                assert name in self.floor.calls

    @invariant()
    def an_agent_has_one_customer_and_both_know(self) -> None:
        busy = [c.agent_id for c in self.floor.calls.values() if c.agent_id is not None]
        assert len(busy) == len(set(busy))
        for call in self.floor.calls.values():
            if call.agent_id is not None:
                assert self.floor.agents[call.agent_id].interaction_id == call.interaction_id
        for agent in self.floor.agents.values():
            if agent.interaction_id is not None:
                assert self.floor.calls[agent.interaction_id].agent_id == agent.agent_id

    @invariant()
    def nobody_waits_beside_a_ready_agent(self) -> None:
        for call in self.floor.calls.values():
            if call.state is CallState.WAITING:
                assert self.floor.counts(call.campaign_id).ready == 0

    @invariant()
    def the_limit_is_kept(self) -> None:
        for call in self.floor.calls.values():
            if call.state is CallState.WAITING:
                assert call.limit_at > self.at
        deadline = self.floor.next_deadline
        assert deadline is None or deadline > self.at

    @invariant()
    def a_ready_agent_can_be_reached(self) -> None:
        for agent in self.floor.agents.values():
            if agent.state is AgentState.READY and agent.leg_mode is LegMode.NAILED_UP:
                assert agent.has_leg
            assert agent.state is self.state[agent.agent_id]


TestFloor = FloorMachine.TestCase
TestFloor.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
