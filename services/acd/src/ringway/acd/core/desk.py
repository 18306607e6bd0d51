"""What all parts of the floor stand on: its agents and calls, and how an agent's state changes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from ringway.acd.core import model as m
from ringway.acd.core.alarms import Alarm, Alarms
from ringway.acd.core.records import CallState
from ringway.acd.core.routing import Decision, Queue, Router, Waiting
from ringway.proto.acd import AgentState, LegMode

PHONE_LOST = "phone_lost"  # the agent's phone left; he signs in again
RECONNECTING = "reconnecting"  # the node left; the phone is called again by itself

_OPEN = (CallState.WAITING, CallState.OFFERED)


def campaign_queue(campaign_id: str) -> str:
    """Return the router's name of a campaign's queue."""
    return f"campaign:{campaign_id}"


def personal_queue(agent_id: str) -> str:
    """Return the router's name of the queue of calls for one agent."""
    return f"agent:{agent_id}"


class Desk:
    """Agents, calls, campaigns and queues of one tenant."""

    def __init__(self) -> None:
        self.agents: dict[str, m.Agent] = {}
        self.calls: dict[str, m.Call] = {}
        self.campaigns: dict[str, m.Campaign] = {}
        self.queues: dict[str, m.QueueSet] = {}
        self.profiles: dict[str, m.Profile] = {}
        self.must_choose = False  # who has not chosen campaigns serves none
        self.router = Router()
        self._alarms = Alarms(self._holds)
        self._attempts: dict[str, str] = {}  # attempt -> agent reserved for it
        self._routed: set[str] = set()  # interactions that the router knows
        self._decisions: deque[tuple[float, Decision]] = deque()
        self._out: list[m.Command] = []

    # -- deadlines -----------------------------------------------------------------------------

    def _holds(self, kind: Alarm, id_: str, at: float) -> bool:
        if kind is Alarm.AGENT:
            agent = self.agents.get(id_)
            return agent is not None and agent.deadline == at
        call = self.calls.get(id_)
        if call is None or call.state not in _OPEN:
            return False
        if kind is Alarm.OFFER:
            return call.state is CallState.OFFERED and call.offer_until == at
        return call.limit_at == at and not self._is_last_moment(call)

    def _is_last_moment(self, call: m.Call) -> bool:
        """A nailed-up connect is on its way and is done within milliseconds: let it finish."""
        agent = self.agents.get(call.agent_id or "")
        return (
            call.state is CallState.OFFERED
            and agent is not None
            and agent.leg_mode is LegMode.NAILED_UP
        )

    def _set_deadline(self, agent: m.Agent, at: float | None) -> None:
        agent.deadline = at
        if at is not None:
            self._alarms.set(at, Alarm.AGENT, agent.agent_id)

    # -- an agent's state ----------------------------------------------------------------------

    def _free(self, agent: m.Agent) -> None:
        """Forget what the agent was reserved for or talked in."""
        if agent.attempt_id is not None:
            self._attempts.pop(agent.attempt_id, None)
        agent.interaction_id = agent.attempt_id = agent.deadline = None

    def _settle(self, agent: m.Agent, at: float, lost: str = "") -> None:
        """Put a free agent into the state that he chose and his phone allows."""
        self._free(agent)
        if agent.wants_out:
            agent.wants_out = False
            if agent.has_leg:
                self._out.append(m.HangUpLeg(agent.agent_id))
            agent.has_leg = False
            self._to(agent, at, AgentState.LOGGED_OUT)
            self._decide(at, self.router.remove_agent(at, agent.agent_id))
            self._set_choice(at, agent, None)
        elif agent.leg_mode is LegMode.NAILED_UP and not agent.has_leg:
            reason = lost or (agent.reason if agent.reason == RECONNECTING else PHONE_LOST)
            self._to_if_new(agent, at, AgentState.NOT_READY, reason)
        elif agent.chose_ready:
            self._to_if_new(agent, at, AgentState.READY, "")
        else:
            self._to_if_new(agent, at, AgentState.NOT_READY, agent.chose_reason)

    def _to_if_new(self, agent: m.Agent, at: float, state: AgentState, reason: str) -> None:
        if agent.state is not state or agent.reason != reason:
            self._to(agent, at, state, reason)
        elif state is AgentState.READY:
            self._decide(at, self.router.ready(at, agent.agent_id, agent.idle_since))

    def _to(
        self,
        agent: m.Agent,
        at: float,
        state: AgentState,
        reason: str = "",
        interaction_id: str | None = None,
        *,
        by_router: bool = False,
    ) -> None:
        """Change an agent's state, tell it, and let the router know whether he is free."""
        was_ready = agent.state is AgentState.READY
        self._out.append(
            m.StateChanged(
                at,
                agent.agent_id,
                agent.session_id,
                agent.state,
                max(0.0, at - agent.since),
                state,
                reason,
                interaction_id,
            )
        )
        agent.state, agent.reason, agent.since = state, reason, at
        agent.interaction_id = interaction_id
        if state is AgentState.READY:
            agent.idle_since = at
            self._decide(at, self.router.ready(at, agent.agent_id, at))
        elif was_ready and not by_router:
            self._decide(at, self.router.busy(at, agent.agent_id))

    # -- queues --------------------------------------------------------------------------------

    def _queue_of(self, call: m.Call) -> str:
        return call.queue_id or campaign_queue(call.campaign_id)

    def _wait(
        self,
        at: float,
        call: m.Call,
        preferred_agent_id: str | None = None,
        prefer_until: float = 0.0,
    ) -> None:
        """Let the call wait in its queue, with the place that ``waiting_since`` gives it."""
        queue_id = self._queue_of(call)
        if queue_id not in self.queues and call.queue_id:
            self._out.append(
                m.Overflow(at, call.interaction_id, queue_id, "closed", at - call.waiting_since)
            )
            call.state = CallState.ELSEWHERE
            return
        if not call.queue_id and call.campaign_id not in self.campaigns:
            self.router.put_queue(at, Queue(queue_id, agent_ids=()))
        call.state = CallState.WAITING
        call.agent_id = call.offer_until = None
        call.offers.clear()
        if call.limit_at is not None:
            self._alarms.set(call.limit_at, Alarm.LIMIT, call.interaction_id)
        self._routed.add(call.interaction_id)
        self._decide(
            at,
            self.router.enqueue(
                at,
                Waiting(
                    call.interaction_id,
                    queue_id,
                    call.waiting_since,
                    priority=call.priority,
                    vip=call.vip,
                    value_grade=call.value_grade,
                    preferred_agent_id=preferred_agent_id,
                    prefer_until=prefer_until,
                    excluded=call.excluded,
                    declined=call.declined,
                ),
            ),
        )

    def _unroute(self, at: float, call: m.Call) -> None:
        """Take the call out of the router; phones that ring for it stop."""
        if call.interaction_id in self._routed:
            self._routed.discard(call.interaction_id)
            self._decide(at, self.router.leave(at, call.interaction_id))

    def _forget_if_done(self, call: m.Call) -> None:
        if call.state is CallState.OVER and call.wrap_ups == 0:
            self.calls.pop(call.interaction_id, None)

    def _decide(self, at: float, decisions: Iterable[Decision]) -> None:
        """Remember what the router decided; it is carried out when the event is dealt with."""
        self._decisions += ((at, decision) for decision in decisions)

    # -- the other parts -----------------------------------------------------------------------

    def _set_choice(self, at: float, agent: m.Agent, chosen: frozenset[str] | None) -> None:
        raise NotImplementedError  # the choosing's part
