"""One tenant's floor: its agents and the customers who wait for them, as a pure state machine.

Rule 1: no IO and no clock here. Time enters as ``at`` on every event.
Rule 2: everything that decides which agent gets which customer, and when a customer is
        abandoned, lives in this package: the router picks, the floor carries it out.
Rule 3: late and repeated events are normal and have a defined answer: nothing happens twice.

The floor is built in layers: ``desk`` (agents' states), ``choosing`` (whose calls they want),
``sessions`` (agents come and go), ``offers`` (customers wait and are offered), ``talking`` (talks
and the work after them).
"""

from __future__ import annotations

from collections.abc import Sequence

from ringway.acd.core import model as m
from ringway.acd.core.alarms import Alarm
from ringway.acd.core.desk import PHONE_LOST, RECONNECTING, campaign_queue, personal_queue
from ringway.acd.core.offers import RING_TIMEOUT_S, RONA
from ringway.acd.core.records import CallState, NoAgentReady
from ringway.acd.core.sessions import SIGNED_IN
from ringway.acd.core.talking import Talking
from ringway.proto.acd import AgentState

__all__ = [
    "PHONE_LOST",
    "RECONNECTING",
    "RING_TIMEOUT_S",
    "RONA",
    "SIGNED_IN",
    "Floor",
    "NoAgentReady",
    "campaign_queue",
    "personal_queue",
]


class Floor(Talking):
    """Events in, commands out."""

    def handle(self, event: m.Event) -> Sequence[m.Command]:
        """Advance by one event and return commands, to be performed in order.

        Raises:
            NoAgentReady: Nobody can be reserved. AgentBusy: The agent cannot be claimed.
        """
        self._out = []
        self._dispatch(event)
        self._drain()
        self._expire(event.at)
        return self._out

    def _dispatch(self, event: m.Event) -> None:
        match event:
            case m.CampaignSet():
                self._campaign_set(event)
            case m.CampaignGone(at, campaign_id):
                self._campaign_gone(at, campaign_id)
            case m.QueueSet():
                self._queue_set(event)
            case m.QueueGone():
                self._queue_gone(event)
            case m.ProfileSet():
                self._profile_set(event)
            case m.SignedIn():
                self._signed_in(event)
            case m.SignOut(at, agent_id):
                self._sign_out(at, agent_id)
            case m.Chose():
                self._chose(event)
            case m.CampaignsChosen():
                self._campaigns_chosen(event)
            case m.ChoiceRequired():
                self._choice_required(event)
            case m.DoNotDisturb(_, agent_id, on):
                if agent_id in self.agents:
                    self.agents[agent_id].do_not_disturb = on
            case m.LegLost(at, agent_id, node_lost):
                self._leg_lost(at, agent_id, node_lost)
            case m.Arrived():
                self._arrived(event)
            case m.Enqueued():
                self._enqueued(event)
            case m.LeftQueue(at, interaction_id):
                self._left_queue(at, interaction_id)
            case m.CustomerGone(at, interaction_id):
                self._customer_gone(at, interaction_id)
            case m.Accepted():
                self._accepted(event)
            case m.Bridged(at, interaction_id):
                self._bridged(at, interaction_id)
            case m.OfferFailed():
                self._offer_failed(event)
            case m.HoldChanged():
                self._hold_changed(event)
            case m.Claim():
                self._claim(event)
            case m.Unclaim():
                self._unclaim(event)
            case m.Joined():
                self._joined(event)
            case m.OwnerChanged():
                self._owner_changed(event)
            case m.AgentLeft():
                self._agent_left(event)
            case m.WrapUpDone():
                self._wrap_up_done(event)
            case m.HangUpAsked(_, agent_id, by):
                self._hang_up_asked(agent_id, by)
            case m.Reserve():
                self._reserve(event)
            case m.Release():
                self._release(event)
            case m.Tick():
                pass

    def _expire(self, at: float) -> None:
        for kind, id_ in self._alarms.due(at):
            if kind is Alarm.AGENT:
                self._agent_deadline(at, self.agents[id_])
            elif kind is Alarm.LIMIT:
                self._limit_passed(at, self.calls[id_])
            else:
                self._rang_out(at, self.calls[id_])
            self._drain()
        due = self.router.next_deadline
        if due is not None and due <= at:
            self._decide(at, self.router.tick(at))
            self._drain()

    def _agent_deadline(self, at: float, agent: m.Agent) -> None:
        agent.deadline = None
        if agent.state is AgentState.WRAP_UP and agent.wrap_up is not None:
            self._wrap_up_done(m.WrapUpDone(at, agent.agent_id, agent.wrap_up.interaction_id))
        elif agent.state is AgentState.RESERVED and agent.interaction_id is None:
            self._settle(agent, at)

    def restore(self, restored: m.Restored) -> None:
        """Take over a snapshot; the caller then reports what it finds in Asterisk as events.

        Queues and profiles are set before. Nobody is offered anything until an event says of
        each agent what he chose.
        """
        for campaign in restored.campaigns:
            self._campaign_set(
                m.CampaignSet(
                    0.0,
                    campaign.campaign_id,
                    campaign.agent_ids,
                    campaign.limit_s,
                    campaign.wrap_up_s,
                    campaign.message,
                )
            )
        for agent in restored.agents:
            self.agents[agent.agent_id] = agent
            if agent.state is not AgentState.LOGGED_OUT:
                self._enter_router(agent.since, agent)
            if agent.deadline is not None:
                self._alarms.set(agent.deadline, Alarm.AGENT, agent.agent_id)
            if agent.attempt_id is not None:
                self._attempts[agent.attempt_id] = agent.agent_id
        if any(agent.chosen is not None for agent in restored.agents):
            self._put_campaigns(0.0, self.campaigns.values())
        for call in restored.calls:
            self.calls[call.interaction_id] = call
            if call.offer_until is not None:
                self._alarms.set(call.offer_until, Alarm.OFFER, call.interaction_id)
            if call.state is CallState.WAITING:
                self._wait(call.waiting_since, call)
            elif call.limit_at is not None:
                self._alarms.set(call.limit_at, Alarm.LIMIT, call.interaction_id)

    def adopt(self, at: float, interaction_id: str, agent_id: str) -> Sequence[m.Command]:
        """Accept that Asterisk has joined these two although no snapshot says so."""
        call, agent = self.calls[interaction_id], self.agents[agent_id]
        if call.state not in (CallState.WAITING, CallState.OFFERED) or (
            agent.interaction_id not in (None, interaction_id)
        ):
            return []
        self._out = []
        self._unroute(at, call)
        for other in [a for a in call.offers if a != agent_id]:
            self._end_offer(at, call, self.agents[other], "withdrawn")
        call.state, call.agent_id = CallState.OFFERED, agent_id
        self._to(agent, at, AgentState.RESERVED, "", interaction_id)
        adopted = self._out
        return [*adopted, *self.handle(m.Bridged(at, interaction_id))]

    # -- what others may ask -------------------------------------------------------------------

    @property
    def next_deadline(self) -> float | None:
        """When the next limit, offer, reservation or wrap-up ends; ``None``: no timer needed."""
        times = [t for t in (self._alarms.next, self.router.next_deadline) if t is not None]
        return min(times, default=None)

    def counts(self, campaign_id: str) -> m.Counts:
        """Agents of a campaign by state. Who chose others counts as logged out, but for a call."""
        campaign = self.campaigns.get(campaign_id)
        by_state = dict.fromkeys(AgentState, 0)
        for agent_id in campaign.agent_ids if campaign else ():
            agent = self.agents.get(agent_id)
            if agent is not None and self.counts_for(agent_id, campaign_id):
                by_state[agent.state] += 1
        return m.Counts(
            ready=by_state[AgentState.READY],
            reserved=by_state[AgentState.RESERVED],
            talking=by_state[AgentState.TALKING] + by_state[AgentState.HOLD],
            wrap_up=by_state[AgentState.WRAP_UP],
            not_ready=by_state[AgentState.NOT_READY],
            waiting=self.router.waiting_in(campaign_queue(campaign_id)) if campaign else 0,
        )
