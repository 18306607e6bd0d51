"""Who waits, and who is offered whom: the router's decisions carried out on agents and calls."""

from __future__ import annotations

from ringway.acd.core import model as m
from ringway.acd.core.alarms import Alarm
from ringway.acd.core.desk import PHONE_LOST, campaign_queue
from ringway.acd.core.records import CallState
from ringway.acd.core.routing import Offer, Overflow, Strategy, Withdraw
from ringway.acd.core.sessions import Sessions
from ringway.proto.acd import AgentState, LegMode

RING_TIMEOUT_S = 15.0  # a campaign's offer: a phone may ring this long (RONA)
RONA = "rona"


class Offers(Sessions):
    """The part of the floor that is about waiting customers and offers."""

    # -- queues --------------------------------------------------------------------------------

    def _campaign_set(self, event: m.CampaignSet) -> None:
        campaign_id = event.campaign_id
        campaign = self.campaigns[campaign_id] = m.Campaign(
            campaign_id, event.agent_ids, event.limit_s, event.wrap_up_s, event.message
        )
        self._put_campaigns(event.at, (campaign,))
        self._unassigned(event.at, campaign)

    def _campaign_gone(self, at: float, campaign_id: str) -> None:
        if campaign_id not in self.campaigns:
            return
        if all(call.campaign_id != campaign_id for call in self.calls.values()):
            del self.campaigns[campaign_id]
            self._decide(at, self.router.remove_queue(at, campaign_queue(campaign_id)))

    def _queue_set(self, event: m.QueueSet) -> None:
        self.queues[event.queue.queue_id] = event
        self._decide(event.at, self.router.put_queue(event.at, event.queue))

    def _queue_gone(self, event: m.QueueGone) -> None:
        if self.queues.pop(event.queue_id, None) is None:
            return
        for call in list(self.calls.values()):
            if call.queue_id != event.queue_id:
                continue
            if call.state is CallState.WAITING or (
                call.state is CallState.OFFERED and call.agent_id is None
            ):
                self._overflow(event.at, call, "closed")
        self._drain()
        self._decide(event.at, self.router.remove_queue(event.at, event.queue_id))

    # -- customers come and go -----------------------------------------------------------------

    def _arrived(self, event: m.Arrived) -> None:
        if event.interaction_id in self.calls:
            return
        campaign = self.campaigns.get(event.campaign_id) or m.Campaign(event.campaign_id)
        call = m.Call(
            event.interaction_id,
            event.campaign_id,
            event.attempt_id,
            answered_at=event.answered_at,
            limit_at=event.answered_at + campaign.limit_s,
            waiting_since=event.answered_at,
            wrap_up_s=campaign.wrap_up_s,
        )
        self.calls[call.interaction_id] = call
        self._out.append(m.Queued(event.at, call.interaction_id))
        agent = self.agents.get(self.reserved_for(event.attempt_id) or "")
        assert call.limit_at is not None
        if agent is not None and agent.interaction_id is None and event.at < call.limit_at:
            self._offer(event.at, call, (agent,))
        else:
            self._wait(event.at, call)

    def _enqueued(self, event: m.Enqueued) -> None:
        call = self.calls.get(event.interaction_id)
        if call is None:
            call = m.Call(event.interaction_id, answered_at=event.at)
            self.calls[event.interaction_id] = call
        elif call.state in (CallState.OVER, CallState.ABANDONING):
            return
        elif call.state in (CallState.WAITING, CallState.OFFERED):
            if call.queue_id == event.queue_id:
                return  # a repeat
            self._take_back_all(event.at, call)
        elif call.state is CallState.TALKING:
            self._all_leave(event.at, call)
        if event.answered_at is not None:
            call.answered_at = event.answered_at
        rules = self.queues.get(event.queue_id)
        call.queue_id, call.campaign_id, call.attempt_id = event.queue_id, "", ""
        call.limit_at = None
        call.waiting_since = event.since
        call.excluded, call.declined = event.excluded, frozenset()
        if event.priority is not None:
            call.priority = event.priority
        if event.vip is not None:
            call.vip = event.vip
        if event.value_grade is not None:
            call.value_grade = event.value_grade
        call.wrap_up_s = rules.wrap_up_s if rules else 0.0
        call.hung_up_by = None
        self._out.append(m.Queued(event.at, call.interaction_id))
        self._wait(event.at, call, event.preferred_agent_id, event.at + event.prefer_s)

    def _left_queue(self, at: float, interaction_id: str) -> None:
        call = self.calls.get(interaction_id)
        if call is not None and call.state in (CallState.WAITING, CallState.OFFERED):
            self._take_back_all(at, call)
            call.state = CallState.ELSEWHERE

    def _overflow(self, at: float, call: m.Call, reason: str) -> None:
        self._take_back_all(at, call)
        call.state = CallState.ELSEWHERE
        waited_s = max(0.0, at - call.waiting_since)
        self._out.append(
            m.Overflow(at, call.interaction_id, self._queue_of(call), reason, waited_s)
        )

    # -- offers --------------------------------------------------------------------------------

    def _drain(self) -> None:
        """Carry out what the router decided, in its order."""
        while self._decisions:
            at, decision = self._decisions.popleft()
            call = self.calls.get(decision.interaction_id)
            if call is None:
                continue
            match decision:
                case Offer(_, agent_ids):
                    ready = [
                        agent
                        for agent_id in agent_ids
                        if (agent := self.agents.get(agent_id)) and agent.state is AgentState.READY
                    ]
                    rings_for_more = call.state is CallState.OFFERED and call.agent_id is None
                    if ready and (call.state is CallState.WAITING or rings_for_more):
                        self._offer(at, call, ready)
                case Withdraw(_, agent_id):
                    if agent_id in call.offers:
                        self._end_offer(at, call, self.agents[agent_id], "withdrawn")
                        self._wait_if_nobody_rings(call)
                case Overflow(_, reason):
                    if call.state is CallState.WAITING:
                        self._routed.discard(call.interaction_id)
                        self._overflow(at, call, reason.value)

    def _offer(self, at: float, call: m.Call, agents: list[m.Agent] | tuple[m.Agent, ...]) -> None:
        call.state = CallState.OFFERED
        rules = self.queues.get(call.queue_id)
        ring_s = rules.ring_timeout_s if rules else RING_TIMEOUT_S
        at_once: m.Agent | None = None
        for agent in agents:
            call.offers[agent.agent_id] = at
            agent.deadline = None
            if agent.state is AgentState.RESERVED:
                agent.interaction_id = call.interaction_id
            else:
                self._to(agent, at, AgentState.RESERVED, "", call.interaction_id, by_router=True)
            if agent.leg_mode is LegMode.ON_DEMAND:
                self._out.append(m.Ring(call.interaction_id, agent.agent_id, ring_s))
            elif agent.auto_answer:
                at_once = at_once or agent
            else:
                self._out.append(m.Show(call.interaction_id, agent.agent_id, ring_s))
        if call.offer_until is None:  # one who joins those who ring does not make it longer
            call.offer_until = at + ring_s
            self._alarms.set(call.offer_until, Alarm.OFFER, call.interaction_id)
        if at_once is not None:
            self._accepted(m.Accepted(at, call.interaction_id, at_once.agent_id))

    def _accepted(self, event: m.Accepted) -> None:
        """The one winner of an offer; whoever comes later gets nothing."""
        call = self.calls.get(event.interaction_id)
        if (
            call is None
            or call.state is not CallState.OFFERED
            or call.agent_id is not None
            or event.agent_id not in call.offers
        ):
            return
        if call.interaction_id in self._routed:
            won, decisions = self.router.accept(event.at, call.interaction_id, event.agent_id)
            if not won:
                return
            self._routed.discard(call.interaction_id)
            self._decide(event.at, decisions)
        call.agent_id = event.agent_id
        call.offer_until = None
        for agent_id in [a for a in call.offers if a != event.agent_id]:
            self._end_offer(event.at, call, self.agents[agent_id], "withdrawn")
        self._out.append(m.Connect(call.interaction_id, event.agent_id))

    def _offer_failed(self, event: m.OfferFailed, lost: str = PHONE_LOST) -> None:
        call = self.calls.get(event.interaction_id)
        if call is None or call.state is not CallState.OFFERED or event.agent_id not in call.offers:
            return
        agent = self.agents[event.agent_id]
        at = event.at
        reason = "no_answer" if event.rona else "declined" if event.declined else "phone_lost"
        if event.interrupted:
            reason = "withdrawn"
        rules = self.queues.get(call.queue_id)
        is_group = rules is not None and rules.queue.strategy is Strategy.RING_ALL
        if event.rona and not is_group:
            agent.chose_ready, agent.chose_reason = False, RONA
        elif not (event.rona or event.declined or event.interrupted):
            agent.has_leg = False
            if agent.leg_mode is LegMode.ON_DEMAND:
                agent.chose_ready, agent.chose_reason = False, PHONE_LOST
        if call.agent_id == agent.agent_id:
            call.agent_id = None
        exclude = event.rona or event.declined
        if exclude:  # also for the router's next time with it: it has forgotten who has accepted
            call.declined |= {agent.agent_id}
        if call.interaction_id in self._routed:
            self._decide(
                at,
                self.router.decline(at, call.interaction_id, agent.agent_id, exclude=exclude),
            )
        self._end_offer(at, call, agent, reason, lost=lost)
        if self._wait_if_nobody_rings(call) and call.interaction_id not in self._routed:
            self._wait(at, call)  # it had been taken out for the one who has just failed

    def _end_offer(
        self, at: float, call: m.Call, agent: m.Agent, outcome: str, lost: str = PHONE_LOST
    ) -> None:
        rang_since = call.offers.pop(agent.agent_id)
        if agent.leg_mode is LegMode.ON_DEMAND or not agent.auto_answer:
            self._out.append(m.Withdraw(call.interaction_id, agent.agent_id))
        self._out.append(
            m.OfferEnded(
                at, call.interaction_id, agent.agent_id, outcome, max(0.0, at - rang_since)
            )
        )
        self._settle(agent, at, lost=lost)

    def _wait_if_nobody_rings(self, call: m.Call) -> bool:
        if call.state is not CallState.OFFERED or call.offers:
            return False
        call.state = CallState.WAITING
        call.agent_id = call.offer_until = None
        if call.limit_at is not None:
            self._alarms.set(call.limit_at, Alarm.LIMIT, call.interaction_id)
        return True

    def _take_back_all(self, at: float, call: m.Call) -> None:
        """End every offer of the call without a fault of the agents, and its waiting."""
        self._unroute(at, call)
        for agent_id in list(call.offers):
            self._end_offer(at, call, self.agents[agent_id], "withdrawn")
        call.agent_id = call.offer_until = None

    def _bridged(self, at: float, interaction_id: str) -> None:
        call = self.calls.get(interaction_id)
        agent = self.agents.get(call.agent_id or "") if call else None
        if call is None or agent is None or call.state is not CallState.OFFERED:
            return
        call.offers.clear()
        call.offer_until = None
        self._begin_talk(at, call, agent)

    # -- deadlines -----------------------------------------------------------------------------

    def _limit_passed(self, at: float, call: m.Call) -> None:
        self._take_back_all(at, call)
        call.state = CallState.ABANDONING
        waited_s = at - call.answered_at
        self._out.append(m.Abandoned(at, call.interaction_id, waited_s, by_limit=True))

    def _rang_out(self, at: float, call: m.Call) -> None:
        for agent_id in list(call.offers):
            self._offer_failed(m.OfferFailed(at, call.interaction_id, agent_id, rona=True))

    # -- the other parts -----------------------------------------------------------------------

    def _begin_talk(self, at: float, call: m.Call, agent: m.Agent) -> None:
        raise NotImplementedError  # the talks' part

    def _all_leave(self, at: float, call: m.Call) -> None:
        raise NotImplementedError  # the talks' part
