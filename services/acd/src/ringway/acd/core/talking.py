"""Talks on the floor: who is credited, who else is there, and the work after it."""

from __future__ import annotations

from ringway.acd.core import model as m
from ringway.acd.core.desk import PHONE_LOST
from ringway.acd.core.offers import Offers
from ringway.acd.core.records import CallState, WrapUp
from ringway.proto.acd import AgentState, HungUpBy, LegMode

_BUSY = {
    AgentState.LOGGED_OUT: "The agent is not signed in.",
    AgentState.RESERVED: "A call is being offered to the agent.",
    AgentState.TALKING: "The agent is in a call.",
    AgentState.HOLD: "The agent is in a call.",
    AgentState.WRAP_UP: "The agent is in after-call work.",
}


class Talking(Offers):
    """The part of the floor that is about calls which agents have."""

    # -- a talk begins -------------------------------------------------------------------------

    def _begin_talk(self, at: float, call: m.Call, agent: m.Agent) -> None:
        """Credit the agent from now on: a new segment of the interaction."""
        call.state = CallState.TALKING
        call.agent_id = agent.agent_id
        call.connected_at = at
        call.hung_up_by = None
        call.held_since, call.held_s = None, 0.0
        call.segment += 1
        call.members.add(agent.agent_id)
        if agent.leg_mode is LegMode.ON_DEMAND:
            agent.has_leg = True
        waited_s = max(0.0, at - call.waiting_since)
        self._out.append(
            m.Connected(at, call.interaction_id, agent.agent_id, waited_s, call.segment)
        )
        if agent.state is not AgentState.TALKING:
            self._free(agent)
            self._to(agent, at, AgentState.TALKING, "", call.interaction_id)

    def _claim(self, event: m.Claim) -> None:
        agent = self.agents.get(event.agent_id)
        if agent is not None and agent.interaction_id == event.interaction_id:
            return  # a repeat
        state = agent.state if agent is not None else AgentState.LOGGED_OUT
        if agent is None or state in _BUSY:
            raise m.AgentBusy(_BUSY[state])
        if agent.do_not_disturb and not event.own_wish:
            raise m.AgentBusy("The agent does not want to be disturbed.")
        if agent.leg_mode is LegMode.NAILED_UP and not agent.has_leg:
            raise m.AgentBusy("The agent's phone is not there.")
        if event.interaction_id not in self.calls:
            self.calls[event.interaction_id] = m.Call(
                event.interaction_id, answered_at=event.at, waiting_since=event.at
            )
        self.calls[event.interaction_id].claimed.add(agent.agent_id)
        self._to(agent, event.at, AgentState.RESERVED, "", event.interaction_id)

    def _unclaim(self, event: m.Unclaim) -> None:
        call = self.calls.get(event.interaction_id)
        if call is not None and event.agent_id in call.claimed:
            call.claimed.discard(event.agent_id)
            self._settle(self.agents[event.agent_id], event.at)

    def _joined(self, event: m.Joined) -> None:
        call = self.calls.get(event.interaction_id)
        agent = self.agents.get(event.agent_id)
        if call is None or agent is None or call.state in (CallState.OVER, CallState.ABANDONING):
            return
        if agent.agent_id not in call.claimed and agent.agent_id not in call.members:
            return
        call.claimed.discard(agent.agent_id)
        if event.owns:
            if call.agent_id == agent.agent_id and call.state is CallState.TALKING:
                return
            if not call.queue_id and not call.campaign_id:
                call.wrap_up_s = event.wrap_up_s
            if call.agent_id is not None and call.state is CallState.TALKING:
                self._credit_ends(event.at, call, goes_on=True)
            self._begin_talk(event.at, call, agent)
        elif agent.state is AgentState.RESERVED:
            call.members.add(agent.agent_id)
            if agent.leg_mode is LegMode.ON_DEMAND:
                agent.has_leg = True
            self._to(agent, event.at, AgentState.TALKING, "", call.interaction_id)

    # -- a talk goes on ------------------------------------------------------------------------

    def _hold_changed(self, event: m.HoldChanged) -> None:
        call = self.calls.get(event.interaction_id)
        agent = self.agents.get(call.agent_id or "") if call else None
        if call is None or agent is None or call.state is not CallState.TALKING:
            return
        if event.on and call.held_since is None:
            call.held_since = event.at
            self._to(agent, event.at, AgentState.HOLD, "", call.interaction_id)
        elif not event.on and call.held_since is not None:
            self._end_hold(event.at, call, agent)
            self._to(agent, event.at, AgentState.TALKING, "", call.interaction_id)

    def _end_hold(self, at: float, call: m.Call, agent: m.Agent) -> None:
        if call.held_since is not None:
            held_s = max(0.0, at - call.held_since)
            call.held_since = None
            call.held_s += held_s
            self._out.append(m.Held(at, call.interaction_id, agent.agent_id, held_s))

    def _owner_changed(self, event: m.OwnerChanged) -> None:
        call = self.calls.get(event.interaction_id)
        if call is None or call.state not in (CallState.TALKING, CallState.ELSEWHERE):
            return
        if call.agent_id == event.agent_id:
            return
        heir = self.agents.get(event.agent_id or "")
        if heir is not None and heir.agent_id not in call.members:
            return
        if call.agent_id is not None:
            self._credit_ends(event.at, call, goes_on=True)
        if heir is None:
            call.state = CallState.ELSEWHERE
        else:
            self._begin_talk(event.at, call, heir)

    def _agent_left(self, event: m.AgentLeft) -> None:
        call = self.calls.get(event.interaction_id)
        if call is None or event.agent_id not in call.members:
            return
        if call.agent_id == event.agent_id:
            self._credit_ends(event.at, call, goes_on=True)
            call.state = CallState.ELSEWHERE
        self._leaves(event.at, call, event.agent_id)

    def _all_leave(self, at: float, call: m.Call) -> None:
        if call.agent_id is not None and call.state is CallState.TALKING:
            self._credit_ends(at, call, goes_on=True)
        for agent_id in sorted(call.members):
            self._leaves(at, call, agent_id)

    # -- a talk ends ---------------------------------------------------------------------------

    def _credit_ends(self, at: float, call: m.Call, *, goes_on: bool) -> None:
        """End the segment of the agent who is credited; his after-call work is due."""
        agent = self.agents.get(call.agent_id or "")
        if agent is not None:
            self._end_hold(at, call, agent)
        connected_at = call.connected_at if call.connected_at is not None else at
        by = call.hung_up_by or (HungUpBy.AGENT if goes_on else HungUpBy.CUSTOMER)
        self._out.append(
            m.Disconnected(
                at,
                call.interaction_id,
                call.agent_id or "",
                connected_at,
                by,
                call.segment,
                not goes_on,
                call.held_s,
                call.queue_id,
            )
        )
        self.router.note_talk(call.agent_id or "", max(0.0, at - connected_at))
        if agent is not None:
            agent.wrap_up = WrapUp(call.interaction_id, call.segment, at, not goes_on)
        call.agent_id = None

    def _leaves(self, at: float, call: m.Call, agent_id: str) -> None:
        """Free an agent of the talk: after-call work if he was credited, else what he chose."""
        call.members.discard(agent_id)
        agent = self.agents[agent_id]
        if agent.leg_mode is LegMode.ON_DEMAND and agent.has_leg:
            agent.has_leg = False
            self._out.append(m.HangUpLeg(agent_id))
        wrap_up = agent.wrap_up
        if wrap_up is None or wrap_up.interaction_id != call.interaction_id:
            agent.wrap_up = None
            self._settle(agent, at, lost=PHONE_LOST)
            return
        wrap_up.since = at
        call.wrap_ups += 1
        self._to(agent, at, AgentState.WRAP_UP, "", call.interaction_id)
        if call.wrap_up_s is not None:
            self._set_deadline(agent, at + call.wrap_up_s)
        if call.wrap_up_s == 0 or agent.wants_out:
            self._wrap_up_done(m.WrapUpDone(at, agent_id, call.interaction_id))

    def _customer_gone(self, at: float, interaction_id: str) -> None:
        call = self.calls.get(interaction_id)
        if call is None or call.state is CallState.OVER:
            return
        waited_s = max(0.0, at - (call.waiting_since or call.answered_at))
        state = call.state
        if state in (CallState.WAITING, CallState.OFFERED):
            self._take_back_all(at, call)
            self._out.append(
                m.Abandoned(at, interaction_id, waited_s, by_limit=False, queue_id=call.queue_id)
            )
        elif state is CallState.TALKING:
            if call.agent_id is not None:
                self._credit_ends(at, call, goes_on=False)
        elif state is CallState.ELSEWHERE:
            self._out.append(m.Finished(at, interaction_id, waited_s, call.queue_id, call.segment))
        call.state = CallState.OVER
        for agent_id in sorted(call.members):
            self._leaves(at, call, agent_id)
        self._claimed_settle(at, call)
        self._forget_if_done(call)

    def _claimed_settle(self, at: float, call: m.Call) -> None:
        """Free those who were being called for the talk that is over."""
        for agent_id in sorted(call.claimed):
            agent = self.agents[agent_id]
            if agent.leg_mode is LegMode.ON_DEMAND:
                self._out.append(m.Withdraw(call.interaction_id, agent_id))
            self._settle(agent, at)
        call.claimed.clear()

    def _wrap_up_done(self, event: m.WrapUpDone) -> None:
        agent = self.agents.get(event.agent_id)
        if agent is None or agent.state is not AgentState.WRAP_UP or agent.wrap_up is None:
            return
        wrap_up = agent.wrap_up
        if wrap_up.interaction_id != event.interaction_id:
            return
        agent.wrap_up = None
        self._out.append(
            m.Ended(
                event.at,
                event.interaction_id,
                agent.agent_id,
                max(0.0, event.at - wrap_up.since),
                event.disposition,
                wrap_up.segment,
                wrap_up.is_last,
            )
        )
        call = self.calls.get(event.interaction_id)
        if call is not None:
            call.wrap_ups -= 1
            self._forget_if_done(call)
        self._settle(agent, event.at)

    def _hang_up_asked(self, agent_id: str, by: HungUpBy) -> None:
        agent = self.agents.get(agent_id)
        call = self.calls.get(agent.interaction_id or "") if agent else None
        if call is None or call.state is not CallState.TALKING:
            return
        call.hung_up_by = call.hung_up_by or by
        self._out.append(m.HangUpCustomer(call.interaction_id))
