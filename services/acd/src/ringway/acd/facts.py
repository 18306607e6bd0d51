"""The floor's decisions as facts for everyone else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prometheus_client import Counter, Histogram

from ringway.acd.calls import Call
from ringway.acd.core import model as m
from ringway.proto.acd import (
    AgentStateChangedV1,
    InteractionAbandonedV1,
    InteractionConnectedV1,
    InteractionDisconnectedV1,
    InteractionEndedV1,
    InteractionQueuedV1,
)
from ringway.proto.acd_calls import (
    InteractionFinishedV1,
    InteractionHeldV1,
    OfferEndedV1,
    Outcome,
)
from ringway.proto.acd_choice import AgentCampaignsChosenV1
from ringway.proto.base import Fact
from ringway.runtime.bus import FactWriter

if TYPE_CHECKING:
    from ringway.acd.runner import FloorRunner

_interactions = Counter("acd_interactions", "Interactions by what became of them.", ["outcome"])
_wait = Histogram(
    "acd_connect_wait_seconds",
    "From the customer's answer until customer and agent are joined.",
    buckets=(0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60),
)


class FloorFacts:
    """Turns commands that tell of something into facts; others it passes over.

    An abandonment by the limit is told by ``write_abandoned``, a moment after its command.

    Ids are made from the interaction and the event, so that a fact told twice is one fact.
    """

    def __init__(self, runner: FloorRunner, writer: FactWriter) -> None:
        self._runner = runner
        self._writer = writer

    def write(self, command: m.Command) -> None:
        """Write the fact of one command, if it is one."""
        fact = self._fact(command)
        if fact is not None:
            self._writer.put(fact)

    def _fact(self, command: m.Command) -> Fact | None:
        match command:
            case m.StateChanged():
                return self._state_changed(command)
            case m.ChoiceChanged():
                return self._choice_changed(command)
            case m.Queued():
                return self._queued(command)
            case m.OfferEnded() if command.outcome != "withdrawn":
                return self._offer_ended(command)
            case m.Connected():
                return self._connected(command)
            case m.Abandoned() if not command.by_limit:
                return self._abandoned(command, self._runner.calls[command.interaction_id])
            case m.Held():
                return self._held(command)
            case m.Disconnected():
                return self._disconnected(command)
            case m.Finished():
                return self._finished(command)
            case m.Ended():
                return self._ended(command)
            case _:
                return None

    def _state_changed(self, c: m.StateChanged) -> Fact:
        return AgentStateChangedV1(
            occurred_at=self._runner.wall(c.at),
            tenant=self._runner.tenant,
            agent_id=c.agent_id,
            session_id=c.session_id,
            previous=c.previous,
            previous_s=c.previous_s,
            state=c.state,
            reason=c.reason,
            interaction_id=c.interaction_id,
        )

    def _choice_changed(self, c: m.ChoiceChanged) -> Fact:
        return AgentCampaignsChosenV1(
            occurred_at=self._runner.wall(c.at),
            tenant=self._runner.tenant,
            agent_id=c.agent_id,
            session_id=c.session_id,
            campaign_ids=None if c.campaign_ids is None else tuple(sorted(c.campaign_ids)),
            by=c.by,
        )

    def _queued(self, c: m.Queued) -> Fact | None:
        call = self._runner.calls.get(c.interaction_id)
        if call is None:
            return None
        floor_call = self._runner.floor.calls[c.interaction_id]
        name = f"queued-{self._ms(c.at)}" if floor_call.queue_id else "queued"
        return InteractionQueuedV1(
            **self._about(c, name, call),
            direction=call.direction,
            answered_at=call.answered_at,
            queue_id=_tenants_queue(floor_call.queue_id),
            priority=floor_call.priority,
        )

    def _offer_ended(self, c: m.OfferEnded) -> Fact:
        floor_call = self._runner.floor.calls.get(c.interaction_id)
        return OfferEndedV1(
            message_id=f"{c.interaction_id}-offer-{self._ms(c.at)}-{c.agent_id}",
            occurred_at=self._runner.wall(c.at),
            tenant=self._runner.tenant,
            interaction_id=c.interaction_id,
            agent_id=c.agent_id,
            queue_id=_tenants_queue(floor_call.queue_id) if floor_call else None,
            outcome=c.outcome,
            rang_s=c.rang_s,
        )

    def _connected(self, c: m.Connected) -> Fact:
        agent = self._runner.floor.agents[c.agent_id]
        floor_call = self._runner.floor.calls[c.interaction_id]
        call = self._runner.calls[c.interaction_id]
        call.last_agent_id = c.agent_id
        _interactions.labels("connected").inc()
        _wait.observe(c.wait_s)
        return InteractionConnectedV1(
            **self._about(c, _nth("connected", c.segment), call),
            agent_id=c.agent_id,
            agent_number=agent.number,
            connected_at=self._runner.wall(c.at),
            wait_s=c.wait_s,
            leg_mode=agent.leg_mode,
            queue_id=_tenants_queue(floor_call.queue_id),
            segment=c.segment,
        )

    def write_abandoned(self, command: m.Abandoned, call: Call, *, played: bool) -> None:
        """Write that the limit passed, once it is known whether the message could be begun."""
        self._writer.put(self._abandoned(command, call, played=played))

    def _abandoned(self, c: m.Abandoned, call: Call, *, played: bool = False) -> Fact:
        _interactions.labels("abandoned" if c.by_limit else "left").inc()
        return InteractionAbandonedV1(
            **self._about(c, "abandoned", call),
            waited_s=c.waited_s,
            by_limit=c.by_limit,
            message_played=played,
            queue_id=_tenants_queue(c.queue_id),
        )

    def _held(self, c: m.Held) -> Fact:
        return InteractionHeldV1(
            message_id=f"{c.interaction_id}-held-{self._ms(c.at)}",
            occurred_at=self._runner.wall(c.at),
            tenant=self._runner.tenant,
            interaction_id=c.interaction_id,
            agent_id=c.agent_id,
            held_s=c.held_s,
        )

    def _disconnected(self, c: m.Disconnected) -> Fact:
        call = self._runner.calls[c.interaction_id]
        agent = self._runner.floor.agents.get(c.agent_id)
        return InteractionDisconnectedV1(
            **self._about(c, _nth("disconnected", c.segment), call),
            direction=call.direction,
            agent_id=c.agent_id,
            agent_number=agent.number if agent else "",
            caller=call.caller,
            called=call.called,
            connected_at=self._runner.wall(c.connected_at),
            disconnected_at=self._runner.wall(c.at),
            talk_s=max(0.0, c.at - c.connected_at),
            hung_up_by=c.hung_up_by,
            cause_q850=call.cause_q850,
            node=call.origin[0],
            recording_agent=call.recording_agent if c.is_last and call.record else "",
            recording_customer=call.recording_customer if c.is_last and call.record else "",
            ended_exactly=call.ended_exactly,
            queue_id=_tenants_queue(c.queue_id),
            segment=c.segment,
            is_last=c.is_last,
            held_s=c.held_s,
        )

    def _finished(self, c: m.Finished) -> Fact | None:
        call = self._runner.calls.get(c.interaction_id)
        if call is None:
            return None
        talked = c.segments > 0
        outcome = call.outcome or (Outcome.TALKED if talked else Outcome.LEFT)
        _interactions.labels(outcome.value).inc()
        has_recording = talked and call.is_recording
        mixed = str(call.extra.get("mixed", ""))  # of a conference: one file for both sides
        last = self._runner.floor.agents.get(call.last_agent_id)
        return InteractionFinishedV1(
            **self._about(c, "finished", call),
            outcome=outcome,
            direction=call.direction,
            caller=call.caller,
            called=call.called,
            queue_id=_tenants_queue(c.queue_id),
            waited_s=c.waited_s,
            cause_q850=call.cause_q850,
            detail=call.detail,
            agent_id=call.last_agent_id or None,
            agent_number=last.number if last is not None else "",
            began_at=call.answered_at,
            node=call.origin[0] or None,
            recording_agent=call.recording_agent if has_recording else mixed,
            recording_customer=call.recording_customer if has_recording else mixed,
            segments=c.segments,
        )

    def _ended(self, c: m.Ended) -> Fact | None:
        call = self._runner.calls.get(c.interaction_id)
        if call is None:
            return None
        return InteractionEndedV1(
            **self._about(c, _nth("ended", c.segment), call),
            agent_id=c.agent_id,
            wrap_up_s=max(0.0, c.wrap_up_s),
            disposition=c.disposition,
            segment=c.segment,
            is_last=c.is_last,
        )

    def _about(
        self,
        c: m.Queued | m.Connected | m.Abandoned | m.Disconnected | m.Finished | m.Ended,
        event: str,
        call: Call,
    ) -> dict[str, Any]:
        """Return what every fact about an interaction begins with."""
        return {
            "message_id": f"{c.interaction_id}-{event}",
            "occurred_at": self._runner.wall(c.at),
            "tenant": self._runner.tenant,
            "interaction_id": c.interaction_id,
            "campaign_id": call.campaign_id or None,
            "attempt_id": call.attempt_id or None,
        }

    def _ms(self, at: float) -> int:
        """Return the moment in milliseconds, to tell what may happen more than once."""
        return int(self._runner.wall(at).timestamp() * 1000)


def _nth(event: str, segment: int) -> str:
    return event if segment <= 1 else f"{event}-{segment}"


def _tenants_queue(queue_id: str) -> str | None:
    """Return the id of a queue that the tenant made: an agent's own queue is none."""
    return queue_id if queue_id and ":" not in queue_id else None
