"""A floor in the hands of hypothesis: random events in random order, and what always holds."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ringway.acd.core import model as m
from ringway.acd.core.floor import Floor, NoAgentReady
from ringway.acd.core.records import AgentBusy, CallState
from ringway.acd.core.routing import Queue, Ring, SkillNeed, Strategy
from ringway.proto.acd import AgentState, LegMode

AGENTS = ("ann", "bob", "cid")
CAMPAIGNS = ("c1", "c2")
agents = st.sampled_from(AGENTS)
campaigns = st.sampled_from(CAMPAIGNS)
queues = st.sampled_from(["q1", "q2", "q3", "gone"])


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
        self.ringing: set[tuple[str, str]] = set()
        self.refused: set[tuple[str, str]] = set()
        self.ended: dict[str, int] = {}
        self.overflowed: set[str] = set()
        self.state = dict.fromkeys(AGENTS, AgentState.LOGGED_OUT)

    def send(self, event: m.Event) -> None:
        for command in self.floor.handle(event):
            match command:
                case m.Connect(interaction_id, agent_id):
                    self.connecting.add((interaction_id, agent_id))
                case m.Ring(interaction_id, agent_id) | m.Show(interaction_id, agent_id):
                    self.ringing.add((interaction_id, agent_id))
                case m.Withdraw(interaction_id, agent_id):
                    self.ringing.discard((interaction_id, agent_id))
                    self.connecting.discard((interaction_id, agent_id))
                case m.Connected():
                    segments = self.connected.get(command.interaction_id, 0)
                    assert command.segment == segments + 1
                    self.connected[command.interaction_id] = segments + 1
                case m.Abandoned() | m.Finished():
                    self.outcomes[command.interaction_id].append("unserved")
                case m.Disconnected():
                    self.ended[command.interaction_id] = command.segment
                    if command.is_last:
                        self.outcomes[command.interaction_id].append("disconnected")
                case m.Overflow():
                    self.overflowed.add(command.interaction_id)
                case m.StateChanged():
                    assert command.previous is self.state[command.agent_id]
                    assert command.previous_s >= 0
                    self.state[command.agent_id] = command.state

    @initialize()
    def campaigns_begin(self) -> None:
        self.send(m.CampaignSet(0.0, "c1", frozenset({"ann", "bob"}), 2.0, 10.0))
        self.send(m.CampaignSet(0.0, "c2", frozenset({"bob", "cid"}), 2.0, 0.0))
        needs = (SkillNeed("wine", 5),)
        widening = (Ring(0.0, needs), Ring(15.0, ()))
        for queue in (
            Queue("q1", rings=widening, max_waiting=2),
            Queue("q2", agent_ids=("ann", "cid"), strategy=Strategy.RING_ALL, max_wait_s=30),
            Queue("q3", agent_ids=("bob",), leave_when_empty=True, priority=9),
        ):
            self.send(m.QueueSet(0.0, queue, wrap_up_s=None if queue.queue_id == "q1" else 5.0))
        self.send(m.ProfileSet(0.0, "ann", m.Profile({"wine": 7}, auto_answer=False)))
        self.send(m.ProfileSet(0.0, "bob", m.Profile({"wine": 2})))
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
        assert agent in self.floor.calls[name].offers

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

    @rule(queue=queues, late_s=st.sampled_from([0.0, 5.0]), vip=st.booleans(), prefer=agents)
    def caller_is_queued(self, queue: str, late_s: float, vip: bool, prefer: str) -> None:
        self.seen += 1
        name = f"i{self.seen}"
        self.outcomes[name] = []
        self.send(
            m.Enqueued(
                self.at,
                name,
                queue,
                self.at - late_s,
                vip=vip,
                preferred_agent_id=prefer,
                prefer_s=3.0 if vip else 0.0,
            )
        )

    @rule(queue=queues, agent=agents, data=st.data())
    def talk_is_sent_to_a_queue(self, queue: str, agent: str, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(["unknown", *self.floor.calls]))
        if name in self.floor.calls:
            self.send(m.Enqueued(self.at, name, queue, self.at, excluded=frozenset({agent})))

    @rule(data=st.data())
    def caller_leaves_the_queue(self, data: st.DataObject) -> None:
        self.send(m.LeftQueue(self.at, data.draw(st.sampled_from(["?", *self.floor.calls]))))

    @rule(agent=agents, data=st.data(), own=st.booleans())
    def agent_is_claimed(self, agent: str, data: st.DataObject, own: bool) -> None:
        name = data.draw(st.sampled_from(["new", *self.floor.calls]))
        if name == "new":
            self.seen += 1
            name = f"i{self.seen}"
        try:
            self.send(m.Claim(self.at, agent, name, own))
        except AgentBusy:
            return
        self.outcomes.setdefault(name, [])

    @rule(agent=agents, owns=st.booleans(), comes=st.booleans())
    def claimed_agent_answers(self, agent: str, owns: bool, comes: bool) -> None:
        found = self.floor.agents.get(agent)
        name = found.interaction_id if found and found.interaction_id else "?"
        if comes:
            self.send(m.Joined(self.at, name, agent, owns, 5.0))
        else:
            self.send(m.Unclaim(self.at, agent, name))

    @rule(data=st.data(), on=st.booleans())
    def hold_changes(self, data: st.DataObject, on: bool) -> None:
        name = data.draw(st.sampled_from(["?", *self.floor.calls]))
        self.send(m.HoldChanged(self.at, name, on))

    @rule(data=st.data(), heir=st.sampled_from([None, *AGENTS]), leaves=agents)
    def talk_changes_hands(self, data: st.DataObject, heir: str | None, leaves: str) -> None:
        name = data.draw(st.sampled_from(["?", *self.floor.calls]))
        self.send(m.OwnerChanged(self.at, name, heir))
        self.send(m.AgentLeft(self.at, name, leaves))

    @rule(agent=agents, on=st.booleans())
    def is_not_to_be_disturbed(self, agent: str, on: bool) -> None:
        self.send(m.DoNotDisturb(self.at, agent, on))

    @precondition(lambda self: self.ringing)
    @rule(data=st.data(), takes=st.booleans(), declines=st.booleans())
    def phone_rang(self, data: st.DataObject, takes: bool, declines: bool) -> None:
        pair = data.draw(st.sampled_from(sorted(self.ringing)))
        self.ringing.discard(pair)
        if takes:
            self.send(m.Accepted(self.at, *pair))
        else:
            self.refused.add(pair)
            self.send(m.OfferFailed(self.at, *pair, rona=not declines, declined=declines))

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
            assert self.ended.get(name, 0) <= self.connected.get(name, 0)
            if not outcomes:
                assert name in self.floor.calls
            elif name in self.floor.calls:
                call = self.floor.calls[name]
                assert call.state in (CallState.OVER, CallState.ABANDONING)

    @invariant()
    def agents_and_calls_know_each_other(self) -> None:
        places: dict[str, str] = {}
        for call in self.floor.calls.values():
            for agent_id in {*call.offers, *call.members, *call.claimed}:
                assert places.setdefault(agent_id, call.interaction_id) == call.interaction_id
                assert self.floor.agents[agent_id].interaction_id == call.interaction_id
            if call.state is CallState.TALKING:
                assert call.agent_id in call.members
            elif call.state is CallState.OFFERED:
                assert call.offers
                assert call.agent_id in (None, *call.offers)
            else:
                assert call.agent_id is None
                assert not call.offers
        for agent in self.floor.agents.values():
            if agent.state in (AgentState.TALKING, AgentState.HOLD):
                assert agent.agent_id in self.floor.calls[agent.interaction_id or ""].members
            elif agent.state is AgentState.WRAP_UP:
                assert agent.wrap_up is not None
                assert self.floor.calls[agent.interaction_id or ""].wrap_ups > 0
            elif agent.interaction_id is not None:
                assert places[agent.agent_id] == agent.interaction_id

    @invariant()
    def nobody_waits_beside_a_ready_agent(self) -> None:
        for call in self.floor.calls.values():
            if call.state is CallState.WAITING and call.campaign_id:
                for agent_id in self.floor.campaigns[call.campaign_id].agent_ids:
                    agent = self.floor.agents.get(agent_id)
                    is_ready = agent is not None and agent.state is AgentState.READY
                    is_ready = is_ready and self.floor.serves(agent_id, call.campaign_id)
                    assert not is_ready or (call.interaction_id, agent_id) in self.refused
            if call.state is CallState.WAITING and call.queue_id == "q3":
                bob = self.floor.agents["bob"]
                may_wait = "bob" in call.excluded or call.vip
                may_wait = may_wait or (call.interaction_id, "bob") in self.refused
                assert bob.state is not AgentState.READY or may_wait

    @invariant()
    def the_limit_is_kept(self) -> None:
        for call in self.floor.calls.values():
            if call.state is CallState.WAITING and call.limit_at is not None:
                assert call.limit_at > self.at
        deadline = self.floor.next_deadline
        assert deadline is None or deadline > self.at

    @invariant()
    def a_ready_agent_can_be_reached(self) -> None:
        for agent in self.floor.agents.values():
            if agent.state is AgentState.READY and agent.leg_mode is LegMode.NAILED_UP:
                assert agent.has_leg
            assert agent.state is self.state[agent.agent_id]

    @invariant()
    def held_and_worked_after_is_told_to_the_second(self) -> None:
        for call in self.floor.calls.values():
            assert call.held_s >= 0
            assert (call.held_since is None) or call.state is CallState.TALKING
