"""One tenant's floor: its agents and the customers who wait for them, as a pure state machine.

Rule 1: no IO and no clock here. Time enters as ``at`` on every event.
Rule 2: everything that decides which agent gets which customer, and when a customer is
        abandoned, lives in this file.
Rule 3: late and repeated events are normal and have a defined answer: nothing happens twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ringway.acd.core import model as m
from ringway.acd.core.model import CallState
from ringway.proto.acd import AgentState, HungUpBy, LegMode

RING_TIMEOUT_S = 15.0  # one phone may ring this long before the offer is withdrawn (RONA)

PHONE_LOST = "phone_lost"  # the agent's phone left; he signs in again
RECONNECTING = "reconnecting"  # the node left; the phone is called again by itself
RONA = "rona"
SIGNED_IN = "signed_in"


class NoAgentReady(Exception):
    """Nobody of the campaign is ready to be reserved."""


class Floor:
    """Match the longest-waiting customer with the longest-idle ready agent of his campaign."""

    def __init__(self) -> None:
        self.agents: dict[str, m.Agent] = {}
        self.calls: dict[str, m.Call] = {}
        self.campaigns: dict[str, m.Campaign] = {}

    # -- events in -----------------------------------------------------------------------------

    def handle(self, event: m.Event) -> Sequence[m.Command]:
        """Advance by one event and return commands, to be performed in order."""
        out: list[m.Command] = []
        match event:
            case m.CampaignSet():
                self.campaigns[event.campaign_id] = m.Campaign(
                    event.campaign_id, event.agent_ids, event.limit_s, event.wrap_up_s
                )
            case m.CampaignGone(_, campaign_id):
                if all(call.campaign_id != campaign_id for call in self.calls.values()):
                    self.campaigns.pop(campaign_id, None)
            case m.SignedIn():
                out += self._signed_in(event)
            case m.SignOut(at, agent_id):
                out += self._sign_out(at, agent_id)
            case m.Chose():
                out += self._chose(event)
            case m.LegLost(at, agent_id, node_lost):
                out += self._leg_lost(at, agent_id, node_lost)
            case m.Arrived():
                out += self._arrived(event)
            case m.CustomerGone(at, interaction_id):
                out += self._customer_gone(at, interaction_id)
            case m.Bridged(at, interaction_id):
                out += self._bridged(at, interaction_id)
            case m.OfferFailed():
                out += self._offer_failed(event)
            case m.WrapUpDone():
                out += self._wrap_up_done(event)
            case m.HangUpAsked(_, agent_id):
                out += self._hang_up_asked(agent_id)
            case m.Reserve():
                out += self._reserve(event)
            case m.Release():
                out += self._release(event)
            case m.Tick():
                pass
        out += self._expire(event.at)
        out += self._match(event.at)
        return out

    def restore(self, restored: m.Restored) -> None:
        """Take over a snapshot; the caller then reports what it finds in Asterisk as events."""
        self.campaigns.update({c.campaign_id: c for c in restored.campaigns})
        self.agents.update({a.agent_id: a for a in restored.agents})
        self.calls.update({c.interaction_id: c for c in restored.calls})

    def adopt(self, at: float, interaction_id: str, agent_id: str) -> Sequence[m.Command]:
        """Accept that Asterisk has joined these two although no snapshot says so."""
        call, agent = self.calls[interaction_id], self.agents[agent_id]
        if call.state not in (CallState.WAITING, CallState.OFFERED) or (
            agent.interaction_id not in (None, interaction_id)
        ):
            return []
        call.state, call.agent_id = CallState.OFFERED, agent_id
        out = [self._to(agent, at, AgentState.RESERVED, "", interaction_id)]
        return [*out, *self.handle(m.Bridged(at, interaction_id))]

    # -- what others may ask -------------------------------------------------------------------

    @property
    def next_deadline(self) -> float | None:
        """When the next limit, offer, reservation or wrap-up ends; ``None``: no timer needed."""
        times = [a.deadline for a in self.agents.values() if a.deadline is not None]
        for call in self.calls.values():
            if call.state in (CallState.WAITING, CallState.OFFERED) and not self._last_moment(
                call, self.agents.get(call.agent_id or "")
            ):
                times.append(call.limit_at)
            if call.state is CallState.OFFERED and call.offer_until is not None:
                times.append(call.offer_until)
        return min(times, default=None)

    def reserved_for(self, attempt_id: str) -> str | None:
        """Who is reserved for an attempt."""
        for agent in self.agents.values():
            if agent.attempt_id == attempt_id and agent.state is AgentState.RESERVED:
                return agent.agent_id
        return None

    def counts(self, campaign_id: str) -> m.Counts:
        """Agents of a campaign by state."""
        campaign = self.campaigns.get(campaign_id)
        by_state = dict.fromkeys(AgentState, 0)
        for agent_id in campaign.agent_ids if campaign else ():
            agent = self.agents.get(agent_id)
            by_state[agent.state if agent else AgentState.LOGGED_OUT] += 1
        return m.Counts(
            ready=by_state[AgentState.READY],
            reserved=by_state[AgentState.RESERVED],
            talking=by_state[AgentState.TALKING] + by_state[AgentState.HOLD],
            wrap_up=by_state[AgentState.WRAP_UP],
            not_ready=by_state[AgentState.NOT_READY],
            waiting=sum(
                1
                for c in self.calls.values()
                if c.campaign_id == campaign_id and c.state is CallState.WAITING
            ),
        )

    # -- agents --------------------------------------------------------------------------------

    def _signed_in(self, event: m.SignedIn) -> Iterable[m.Command]:
        agent = self.agents.setdefault(event.agent_id, m.Agent(event.agent_id))
        agent.number = event.number
        agent.wants_out = False
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
            return [self._to(agent, event.at, AgentState.NOT_READY, SIGNED_IN)]
        if agent.state is AgentState.NOT_READY and agent.reason in (PHONE_LOST, RECONNECTING):
            return self._settle(agent, event.at)
        return []

    def _sign_out(self, at: float, agent_id: str) -> Iterable[m.Command]:
        agent = self.agents.get(agent_id)
        if agent is None or agent.state is AgentState.LOGGED_OUT:
            return []
        agent.wants_out = True
        if agent.state is AgentState.WRAP_UP and agent.interaction_id is not None:
            return self._wrap_up_done(m.WrapUpDone(at, agent_id, agent.interaction_id))
        if agent.interaction_id is not None:
            return []  # after the talk
        agent.attempt_id = agent.deadline = None
        return self._settle(agent, at)

    def _chose(self, event: m.Chose) -> Iterable[m.Command]:
        agent = self.agents.get(event.agent_id)
        if agent is None or agent.state is AgentState.LOGGED_OUT:
            return []
        agent.chose_ready, agent.chose_reason = event.ready, event.reason
        if agent.state in (AgentState.READY, AgentState.NOT_READY):
            return self._settle(agent, event.at)
        return []

    def _leg_lost(self, at: float, agent_id: str, node_lost: bool) -> Iterable[m.Command]:
        agent = self.agents.get(agent_id)
        if agent is None:
            return []
        out: list[m.Command] = []
        agent.has_leg = False
        call = self.calls.get(agent.interaction_id or "")
        if call is not None and call.state is CallState.TALKING:
            call.hung_up_by = call.hung_up_by or (HungUpBy.SYSTEM if node_lost else HungUpBy.AGENT)
            out.append(m.HangUpCustomer(call.interaction_id))
        elif call is not None and call.state is CallState.OFFERED:
            self._back_to_queue(call)
            agent.interaction_id = agent.attempt_id = agent.deadline = None
            out += self._settle(agent, at, lost=RECONNECTING if node_lost else PHONE_LOST)
        elif agent.leg_mode is LegMode.NAILED_UP and agent.state in (
            AgentState.READY,
            AgentState.NOT_READY,
            AgentState.RESERVED,
        ):
            agent.attempt_id = agent.deadline = None
            out += self._settle(agent, at, lost=RECONNECTING if node_lost else PHONE_LOST)
        signed_in = agent.state is not AgentState.LOGGED_OUT
        if node_lost and agent.leg_mode is LegMode.NAILED_UP and signed_in:
            out.append(m.RecallLeg(agent_id))
        return out

    def _reserve(self, event: m.Reserve) -> Iterable[m.Command]:
        if self.reserved_for(event.attempt_id) is not None:
            return []
        agent = self._longest_idle(event.campaign_id)
        if agent is None:
            raise NoAgentReady(event.campaign_id)
        agent.attempt_id = event.attempt_id
        agent.deadline = event.at + event.hold_s
        return [self._to(agent, event.at, AgentState.RESERVED)]

    def _release(self, event: m.Release) -> Iterable[m.Command]:
        agent = self.agents.get(self.reserved_for(event.attempt_id) or "")
        if agent is None or agent.interaction_id is not None:
            return []
        agent.attempt_id = agent.deadline = None
        if event.next_attempt_id is not None and agent.chose_ready and not agent.wants_out:
            agent.attempt_id = event.next_attempt_id
            agent.deadline = event.at + event.hold_s
            return []
        return self._settle(agent, event.at)

    # -- customers -----------------------------------------------------------------------------

    def _arrived(self, event: m.Arrived) -> Iterable[m.Command]:
        if event.interaction_id in self.calls:
            return []
        campaign = self.campaigns.get(event.campaign_id) or m.Campaign(event.campaign_id)
        call = m.Call(
            event.interaction_id,
            event.campaign_id,
            event.attempt_id,
            event.answered_at,
            event.answered_at + campaign.limit_s,
            wrap_up_s=campaign.wrap_up_s,
        )
        self.calls[call.interaction_id] = call
        out: list[m.Command] = [m.Queued(event.at, call.interaction_id)]
        agent = self.agents.get(self.reserved_for(event.attempt_id) or "")
        if agent is not None and agent.interaction_id is None and event.at < call.limit_at:
            out += self._offer(event.at, call, agent)
        return out

    def _customer_gone(self, at: float, interaction_id: str) -> Iterable[m.Command]:
        call = self.calls.get(interaction_id)
        if call is None or call.state is CallState.WRAP_UP:
            return []
        agent = self.agents.get(call.agent_id or "")
        waited_s = max(0.0, at - call.answered_at)
        if call.state is CallState.ABANDONING:
            del self.calls[interaction_id]
            return []
        if call.state is CallState.WAITING:
            del self.calls[interaction_id]
            return [m.Abandoned(at, interaction_id, waited_s, by_limit=False)]
        if call.state is CallState.OFFERED:
            del self.calls[interaction_id]
            out: list[m.Command] = [m.Abandoned(at, interaction_id, waited_s, by_limit=False)]
            if agent is not None:
                out += self._take_back(at, call, agent)
            return out
        return self._disconnected(at, call, agent)

    def _disconnected(self, at: float, call: m.Call, agent: m.Agent | None) -> Iterable[m.Command]:
        call.disconnected_at = at
        out: list[m.Command] = [
            m.Disconnected(
                at,
                call.interaction_id,
                call.agent_id or "",
                call.connected_at if call.connected_at is not None else at,
                call.hung_up_by or HungUpBy.CUSTOMER,
            )
        ]
        if agent is None:
            del self.calls[call.interaction_id]
            return [*out, m.Ended(at, call.interaction_id, call.agent_id or "", 0.0, "")]
        if agent.leg_mode is LegMode.ON_DEMAND:
            out.append(m.HangUpLeg(agent.agent_id))
        call.state = CallState.WRAP_UP
        out.append(self._to(agent, at, AgentState.WRAP_UP, "", call.interaction_id))
        agent.deadline = at + call.wrap_up_s
        if call.wrap_up_s <= 0 or agent.wants_out:
            out += self._wrap_up_done(m.WrapUpDone(at, agent.agent_id, call.interaction_id))
        return out

    def _bridged(self, at: float, interaction_id: str) -> Iterable[m.Command]:
        call = self.calls.get(interaction_id)
        agent = self.agents.get(call.agent_id or "") if call else None
        if call is None or agent is None or call.state is not CallState.OFFERED:
            return []
        call.state = CallState.TALKING
        call.connected_at = at
        call.offer_until = None
        agent.attempt_id = agent.deadline = None
        if agent.leg_mode is LegMode.ON_DEMAND:
            agent.has_leg = True
        return [
            m.Connected(at, interaction_id, agent.agent_id, max(0.0, at - call.answered_at)),
            self._to(agent, at, AgentState.TALKING, "", interaction_id),
        ]

    def _offer_failed(self, event: m.OfferFailed) -> Iterable[m.Command]:
        call = self.calls.get(event.interaction_id)
        if call is None or call.state is not CallState.OFFERED or call.agent_id != event.agent_id:
            return []
        agent = self.agents[event.agent_id]
        self._back_to_queue(call)
        agent.interaction_id = agent.attempt_id = agent.deadline = None
        if event.rona:
            agent.chose_ready, agent.chose_reason = False, RONA
            return self._settle(agent, event.at)
        agent.has_leg = False
        if agent.leg_mode is LegMode.ON_DEMAND:
            agent.chose_ready, agent.chose_reason = False, PHONE_LOST
        return self._settle(agent, event.at, lost=PHONE_LOST)

    def _wrap_up_done(self, event: m.WrapUpDone) -> Iterable[m.Command]:
        call = self.calls.get(event.interaction_id)
        agent = self.agents.get(event.agent_id)
        if (
            call is None
            or agent is None
            or call.state is not CallState.WRAP_UP
            or agent.interaction_id != event.interaction_id
        ):
            return []
        del self.calls[event.interaction_id]
        agent.interaction_id = agent.deadline = None
        wrap_up_s = event.at - (call.disconnected_at or event.at)
        return [
            m.Ended(event.at, event.interaction_id, agent.agent_id, wrap_up_s, event.disposition),
            *self._settle(agent, event.at),
        ]

    def _hang_up_asked(self, agent_id: str) -> Iterable[m.Command]:
        agent = self.agents.get(agent_id)
        call = self.calls.get(agent.interaction_id or "") if agent else None
        if call is None or call.state is not CallState.TALKING:
            return []
        call.hung_up_by = call.hung_up_by or HungUpBy.AGENT
        return [m.HangUpCustomer(call.interaction_id)]

    # -- matching ------------------------------------------------------------------------------

    def _match(self, at: float) -> Iterable[m.Command]:
        waiting = [c for c in self.calls.values() if c.state is CallState.WAITING]
        out: list[m.Command] = []
        for call in sorted(waiting, key=lambda c: (c.answered_at, c.interaction_id)):
            agent = self._longest_idle(call.campaign_id)
            if agent is not None:
                out += self._offer(at, call, agent)
        return out

    def _longest_idle(self, campaign_id: str) -> m.Agent | None:
        campaign = self.campaigns.get(campaign_id)
        ready = [
            agent
            for agent_id in (campaign.agent_ids if campaign else ())
            if (agent := self.agents.get(agent_id)) and agent.state is AgentState.READY
        ]
        return min(ready, key=lambda a: (a.idle_since, a.agent_id), default=None)

    def _offer(self, at: float, call: m.Call, agent: m.Agent) -> Iterable[m.Command]:
        call.state = CallState.OFFERED
        call.agent_id = agent.agent_id
        agent.deadline = None
        out: list[m.Command] = []
        if agent.state is AgentState.RESERVED:
            agent.interaction_id = call.interaction_id
        else:
            out.append(self._to(agent, at, AgentState.RESERVED, "", call.interaction_id))
        if agent.leg_mode is LegMode.NAILED_UP:
            return [*out, m.Connect(call.interaction_id, agent.agent_id)]
        call.offer_until = at + RING_TIMEOUT_S
        return [*out, m.Ring(call.interaction_id, agent.agent_id, RING_TIMEOUT_S)]

    def _take_back(self, at: float, call: m.Call, agent: m.Agent) -> Iterable[m.Command]:
        """The offer is over without a fault of the agent."""
        out: list[m.Command] = []
        if agent.leg_mode is LegMode.ON_DEMAND:
            out.append(m.Withdraw(call.interaction_id, agent.agent_id))
        agent.interaction_id = agent.attempt_id = agent.deadline = None
        return [*out, *self._settle(agent, at)]

    @staticmethod
    def _back_to_queue(call: m.Call) -> None:
        call.state = CallState.WAITING
        call.agent_id = call.offer_until = None

    def _expire(self, at: float) -> Iterable[m.Command]:
        out: list[m.Command] = []
        for call in list(self.calls.values()):
            open_ = call.state in (CallState.WAITING, CallState.OFFERED)
            agent = self.agents.get(call.agent_id or "")
            if open_ and call.limit_at <= at and not self._last_moment(call, agent):
                if call.state is CallState.OFFERED and agent is not None:
                    out += self._take_back(at, call, agent)
                call.state = CallState.ABANDONING
                call.agent_id = call.offer_until = None
                waited_s = at - call.answered_at
                out.append(m.Abandoned(at, call.interaction_id, waited_s, by_limit=True))
            elif call.state is CallState.OFFERED and call.offer_until and call.offer_until <= at:
                assert agent is not None
                out.append(m.Withdraw(call.interaction_id, agent.agent_id))
                out += self._offer_failed(
                    m.OfferFailed(at, call.interaction_id, agent.agent_id, rona=True)
                )
        for agent in self.agents.values():
            if agent.deadline is None or agent.deadline > at:
                continue
            if agent.state is AgentState.WRAP_UP and agent.interaction_id is not None:
                out += self._wrap_up_done(m.WrapUpDone(at, agent.agent_id, agent.interaction_id))
            elif agent.state is AgentState.RESERVED and agent.interaction_id is None:
                agent.attempt_id = agent.deadline = None
                out += self._settle(agent, at)
            else:
                agent.deadline = None
        return out

    @staticmethod
    def _last_moment(call: m.Call, agent: m.Agent | None) -> bool:
        """A nailed-up connect is on its way and is done within milliseconds: let it finish."""
        return (
            call.state is CallState.OFFERED
            and agent is not None
            and agent.leg_mode is LegMode.NAILED_UP
        )

    # -- small parts ---------------------------------------------------------------------------

    def _settle(self, agent: m.Agent, at: float, lost: str = "") -> Iterable[m.Command]:
        """Put a free agent into the state that he chose and his phone allows."""
        agent.interaction_id = None
        if agent.wants_out:
            agent.wants_out = False
            hang_up = [m.HangUpLeg(agent.agent_id)] if agent.has_leg else []
            agent.has_leg = False
            return [*hang_up, self._to(agent, at, AgentState.LOGGED_OUT)]
        if agent.leg_mode is LegMode.NAILED_UP and not agent.has_leg:
            reason = lost or (agent.reason if agent.reason == RECONNECTING else PHONE_LOST)
            return self._to_if_new(agent, at, AgentState.NOT_READY, reason)
        if agent.chose_ready:
            return self._to_if_new(agent, at, AgentState.READY, "")
        return self._to_if_new(agent, at, AgentState.NOT_READY, agent.chose_reason)

    def _to_if_new(
        self, agent: m.Agent, at: float, state: AgentState, reason: str
    ) -> Iterable[m.Command]:
        if agent.state is state and agent.reason == reason:
            return []
        return [self._to(agent, at, state, reason)]

    @staticmethod
    def _to(
        agent: m.Agent,
        at: float,
        state: AgentState,
        reason: str = "",
        interaction_id: str | None = None,
    ) -> m.StateChanged:
        change = m.StateChanged(
            at,
            agent.agent_id,
            agent.session_id,
            agent.state,
            max(0.0, at - agent.since),
            state,
            reason,
            interaction_id,
        )
        agent.state, agent.reason, agent.since = state, reason, at
        agent.interaction_id = interaction_id
        if state is AgentState.READY:
            agent.idle_since = at
        return change
