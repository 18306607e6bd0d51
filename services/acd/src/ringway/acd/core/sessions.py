"""Agents' sessions on the floor: signing in and out, what they choose, phones that leave."""

from __future__ import annotations

from ringway.acd.core import model as m
from ringway.acd.core.choosing import Choosing
from ringway.acd.core.desk import PHONE_LOST, RECONNECTING, personal_queue
from ringway.acd.core.records import CallState
from ringway.acd.core.routing import Queue
from ringway.proto.acd import AgentState, HungUpBy, LegMode

SIGNED_IN = "signed_in"


class Sessions(Choosing):
    """The part of the floor that is about agents."""

    def _signed_in(self, event: m.SignedIn) -> None:
        agent = self.agents.setdefault(event.agent_id, m.Agent(event.agent_id))
        agent.number = event.number
        agent.wants_out = False
        agent.auto_answer = self._profile(agent.agent_id).auto_answer
        is_new = agent.state is AgentState.LOGGED_OUT
        if is_new or agent.interaction_id is None:
            agent.leg_mode = event.leg_mode
            agent.has_leg = event.leg_mode is LegMode.NAILED_UP
        elif agent.leg_mode is LegMode.NAILED_UP:
            # How the phone is used does not change under a customer.
            agent.has_leg = agent.has_leg or event.leg_mode is LegMode.NAILED_UP
        if is_new:
            agent.session_id = event.session_id
            agent.chose_ready, agent.chose_reason = False, SIGNED_IN
            agent.since = event.at
            self._to(agent, event.at, AgentState.NOT_READY, SIGNED_IN)
            self._enter_router(event.at, agent)
        elif agent.state is AgentState.NOT_READY and agent.reason in (PHONE_LOST, RECONNECTING):
            self._settle(agent, event.at)

    def _enter_router(self, at: float, agent: m.Agent) -> None:
        own = Queue(personal_queue(agent.agent_id), agent_ids=(agent.agent_id,), priority=10)
        self.queues.setdefault(own.queue_id, m.QueueSet(at, own))
        self._decide(at, self.router.put_queue(at, own))
        skills = self._profile(agent.agent_id).skills
        self._decide(at, self.router.put_agent(at, agent.agent_id, skills))

    def _profile(self, agent_id: str) -> m.Profile:
        return self.profiles.get(agent_id) or m.Profile()

    def _profile_set(self, event: m.ProfileSet) -> None:
        self.profiles[event.agent_id] = event.profile
        agent = self.agents.get(event.agent_id)
        if agent is None:
            return
        agent.auto_answer = event.profile.auto_answer
        if agent.state is not AgentState.LOGGED_OUT:
            skills = event.profile.skills
            self._decide(event.at, self.router.put_agent(event.at, agent.agent_id, skills))

    def _sign_out(self, at: float, agent_id: str) -> None:
        agent = self.agents.get(agent_id)
        if agent is None or agent.state is AgentState.LOGGED_OUT:
            return
        agent.wants_out = True
        if agent.state is AgentState.WRAP_UP and agent.wrap_up is not None:
            self._wrap_up_done(m.WrapUpDone(at, agent_id, agent.wrap_up.interaction_id))
        elif agent.interaction_id is None:
            self._settle(agent, at)  # else after the talk

    def _chose(self, event: m.Chose) -> None:
        agent = self.agents.get(event.agent_id)
        if agent is None or agent.state is AgentState.LOGGED_OUT:
            return
        agent.chose_ready, agent.chose_reason = event.ready, event.reason
        is_stranded = agent.interaction_id is None and agent.attempt_id is None
        if is_stranded or agent.state in (AgentState.READY, AgentState.NOT_READY):
            self._settle(agent, event.at)  # stranded: of a snapshot, without what he was in

    def _leg_lost(self, at: float, agent_id: str, node_lost: bool) -> None:
        agent = self.agents.get(agent_id)
        if agent is None:
            return
        lost = RECONNECTING if node_lost else PHONE_LOST
        agent.has_leg = False
        call = self.calls.get(agent.interaction_id or "")
        if agent.state in (AgentState.TALKING, AgentState.HOLD) and call is not None:
            if call.agent_id == agent_id:
                by = HungUpBy.SYSTEM if node_lost else HungUpBy.AGENT
                call.hung_up_by = call.hung_up_by or by
            self._out.append(m.AgentLost(call.interaction_id, agent_id))
        elif call is not None and call.state is CallState.OFFERED:
            self._offer_failed(m.OfferFailed(at, call.interaction_id, agent_id), lost=lost)
        elif call is not None and agent_id in call.claimed:
            call.claimed.discard(agent_id)
            self._out.append(m.AgentLost(call.interaction_id, agent_id))
            self._settle(agent, at, lost=lost)
        elif agent.leg_mode is LegMode.NAILED_UP and agent.state in (
            AgentState.READY,
            AgentState.NOT_READY,
            AgentState.RESERVED,
        ):
            self._settle(agent, at, lost=lost)
        signed_in = agent.state is not AgentState.LOGGED_OUT
        if node_lost and agent.leg_mode is LegMode.NAILED_UP and signed_in:
            self._out.append(m.RecallLeg(agent_id))

    # -- precise dialing -----------------------------------------------------------------------

    def reserved_for(self, attempt_id: str) -> str | None:
        """Who is reserved for an attempt."""
        agent = self.agents.get(self._attempts.get(attempt_id, ""))
        if agent is not None and agent.state is AgentState.RESERVED:
            return agent.agent_id
        return None

    def _reserve(self, event: m.Reserve) -> None:
        held = self.agents.get(self.reserved_for(event.attempt_id) or "")
        if held is not None:
            if held.interaction_id is None:
                self._set_deadline(held, event.at + event.hold_s)
            return
        agent = self._longest_idle(event)
        if agent is None:
            raise m.NoAgentReady(event.campaign_id)
        self._to(agent, event.at, AgentState.RESERVED)
        agent.attempt_campaign_id = event.campaign_id
        self._keep_for(agent, event.attempt_id, event.at + event.hold_s)

    def _keep_for(self, agent: m.Agent, attempt_id: str, until: float) -> None:
        agent.attempt_id = attempt_id
        self._attempts[attempt_id] = agent.agent_id
        self._set_deadline(agent, until)

    def _release(self, event: m.Release) -> None:
        agent = self.agents.get(self.reserved_for(event.attempt_id) or "")
        if agent is None or agent.interaction_id is not None:
            return
        self._free(agent)
        stays = agent.chose_ready and not agent.wants_out
        if (
            event.next_attempt_id is not None
            and stays
            and self.serves(agent.agent_id, agent.attempt_campaign_id)
        ):
            self._keep_for(agent, event.next_attempt_id, event.at + event.hold_s)
        else:
            self._settle(agent, event.at)

    def _longest_idle(self, event: m.Reserve) -> m.Agent | None:
        campaign = self.campaigns.get(event.campaign_id)
        ready = [
            agent
            for agent_id in (campaign.agent_ids if campaign else ())
            if (agent := self.agents.get(agent_id))
            and agent.state is AgentState.READY
            and event.agent_id in (None, agent_id)
            and agent_id not in event.excluded
            and self.serves(agent_id, event.campaign_id)
        ]
        return min(ready, key=lambda a: (a.idle_since, a.agent_id), default=None)

    # -- the other parts -----------------------------------------------------------------------

    def _wrap_up_done(self, event: m.WrapUpDone) -> None:
        raise NotImplementedError  # the talks' part

    def _offer_failed(self, event: m.OfferFailed, lost: str = PHONE_LOST) -> None:
        raise NotImplementedError  # the offers' part
