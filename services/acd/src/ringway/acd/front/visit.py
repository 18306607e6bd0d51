"""One customer's way before and after agents, written down straight on.

A visit is one task. It goes from target to target: a queue may overflow to voicemail, a number
that does not answer to nothing. It ends when an agent has the customer, when the customer is
handed to another service, or with the end of his channel; whatever it was doing then, the channel's
end is the one way out, so nothing can be left behind.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from ringway.acd.calls import Call
from ringway.acd.core import model as m
from ringway.acd.core.desk import personal_queue
from ringway.acd.core.records import CallState
from ringway.acd.core.routing import Queue
from ringway.acd.core.speaking import last_agent_offer
from ringway.acd.front import direct, sounds
from ringway.acd.front.caller import Caller, CallerGone
from ringway.acd.front.waiting import wait_in_queue
from ringway.acd.queue_rules import after_call_s
from ringway.proto import acd_config as c
from ringway.proto.acd import AgentState
from ringway.proto.acd_calls import InteractionOverflowedV1, Outcome
from ringway.proto.acd_config import Target, TargetKind
from ringway.runtime.ari import AriDown, AriError
from ringway.runtime.clock import utcnow

if TYPE_CHECKING:
    from ringway.acd.front.front import Front

_log = logging.getLogger("ringway.acd.front")

_MAX_TARGETS = 10
_QUESTION_S = 6.0
_NODE_LIMIT_S = 60.0
BUSY, NORMAL, REJECTED = 17, 16, 21
_HANG_UP = Target(kind=TargetKind.HANG_UP)
# Where something is to be seen to when the caller is found to have gone: a message, a party.
_LEAVE_SOMETHING = (TargetKind.VOICEMAIL, TargetKind.NUMBER)


class HandedOver(Exception):
    """Somebody else has the customer from now on."""


class Visit:
    """One customer between his arrival, or an agent's good-bye, and the next agent or the end."""

    def __init__(self, front: Front, call: Call, caller: Caller, target: Target) -> None:
        self.front = front
        self.call = call
        self.caller = caller
        self.target = target
        self.is_answered = True
        self.overflow: m.Overflow | None = None
        self.is_connected = False
        self.joining = False
        self.placing = call.placing
        self.priority, self.vip, self.value_grade = 5, False, 0
        self.owner_agent_id: str | None = None
        self.fallback: Target | None = None
        self.last_queue_id = ""
        self.busy_cause = BUSY

    @property
    def queue_id(self) -> str:
        """The queue that the customer waits in, as the floor has it; empty: none."""
        floor_call = self.front.runner.floor.calls.get(self.call.interaction_id)
        waiting = floor_call is not None and floor_call.state in (
            CallState.WAITING,
            CallState.OFFERED,
        )
        return floor_call.queue_id if floor_call is not None and waiting else ""

    # -- the way -------------------------------------------------------------------------------

    async def run(self) -> None:
        """Go from target to target. Never raises but for bugs."""
        targets, was_gone = 0, False
        while targets < _MAX_TARGETS:
            try:
                following = await self._to(self.target)
            except (CallerGone, HandedOver):
                return
            except AriDown:
                if not await self._node_is_back():
                    if was_gone or self.target.kind not in _LEAVE_SOMETHING:
                        return
                    was_gone = True
                continue
            except AriError as error:
                _log.warning(
                    "A caller could not be served as configured.",
                    extra=self._about() | {"target": self.target.kind, "error": str(error)},
                )
                following = _HANG_UP
            if following is None:
                return
            targets += 1
            self.target = following
            self.front.remember(self)
        with suppress(CallerGone, AriDown, AriError):
            await self.end(Outcome.REFUSED, "too many targets", NORMAL)

    async def _to(self, target: Target) -> Target | None:
        match target.kind:
            case TargetKind.QUEUE:
                return await self._queue(target.value)
            case TargetKind.AGENT:
                return await self._agent(target.value)
            case TargetKind.NUMBER:
                return await self.front.forward(self, target.value)
            case TargetKind.FLOW:
                return await self.front.to_flow(self, target.value)
            case TargetKind.VOICEMAIL:
                await self.front.leave_voicemail(self, target.value)
                return _HANG_UP
            case TargetKind.ANNOUNCEMENT:
                await self.answer()
                await self.caller.play([target.value])
                await self.end(Outcome.ANNOUNCED, target.value, NORMAL)
            case TargetKind.CALLBACK:
                return await self.front.callbacks.ask(self)
            case TargetKind.BUSY:
                await self.end(Outcome.REFUSED, "busy", self.busy_cause)
            case TargetKind.CONFERENCE:
                return await self.front.to_conference(self, target.value)
            case TargetKind.TIME_CONDITION:
                return self.front.plan.follow(target, utcnow())
            case TargetKind.HANG_UP:
                await self.end(Outcome.REFUSED, "", NORMAL if self.is_answered else REJECTED)
        return None

    async def answer(self) -> None:
        """Answer the call, once."""
        if not self.is_answered:
            async with self.placing:
                await asyncio.sleep(0)  # an agent's phone, which takes longer, is called first
                await self.caller.answer()
            self.is_answered = True
            self.front.keep(self)

    async def end(self, outcome: Outcome, detail: str, cause_q850: int) -> None:
        """End the call from our side; ``outcome`` counts unless one is known already."""
        if self.call.outcome is None:
            self.call.outcome, self.call.detail = outcome, detail
        if self.is_answered:
            await self.caller.hang_up()
        else:
            await self.caller.refuse(cause_q850)

    # -- queues --------------------------------------------------------------------------------

    async def _queue(self, queue_id: str) -> Target | None:
        runner = self.front.runner
        queue = runner.configuration.get(c.Queue, queue_id)
        if queue is None:
            _log.warning("A route leads to no queue.", extra=self._about())
            return self._overflows_to(queue_id, "closed", _HANG_UP)
        if self.queue_id != queue_id:  # else he waits already: the process was started again
            if not self.front.plan.is_open(queue.calendar_id, utcnow()):
                return self._overflows_to(queue_id, "closed", queue.on_closed)
            self.caller.language = queue.language
            self.call.record = queue.record
            preferred = await self._preferred(queue)
            self.enqueue(queue_id, preferred, queue.last_agent.wait_s)
        self.caller.language = queue.language
        self.last_queue_id = queue_id
        reason = await wait_in_queue(self, queue_id, queue)
        if reason is None:
            return None  # an agent has him, or he waits at home
        targets = {
            "full": queue.on_full,
            "timeout": queue.on_timeout,
            "no_agents": queue.on_no_agents,
        }
        return self._overflows_to(queue_id, reason, targets.get(reason, queue.on_closed))

    def enqueue(self, queue_id: str, preferred: str | None = None, prefer_s: float = 0.0) -> None:
        """Put the customer into a queue; a wait that has begun keeps its beginning.

        Raises:
            CallerGone: He has hung up, and his end has been told: nobody would take him out again.
        """
        if self.caller.is_gone:
            raise CallerGone
        runner = self.front.runner
        known = runner.floor.calls.get(self.call.interaction_id)
        now = runner.now()
        self.overflow = None
        self.call.extra["in_floor"] = True
        runner.apply(
            m.Enqueued(
                now,
                self.call.interaction_id,
                queue_id,
                since=known.waiting_since if known is not None else now,
                answered_at=None if known is not None else now,
                priority=self.priority,
                vip=self.vip,
                value_grade=self.value_grade,
                preferred_agent_id=preferred,
                prefer_s=prefer_s if preferred else 0.0,
            )
        )

    async def _preferred(self, queue: c.Queue) -> str | None:
        if self._is_signed_in(self.owner_agent_id):
            return self.owner_agent_id
        if not queue.last_agent.enabled or not self.call.caller:
            return None
        agent_id = await self.front.last_agent(self.call.caller, queue.last_agent.within_days)
        if not self._is_signed_in(agent_id) or not queue.last_agent.ask:
            return agent_id if self._is_signed_in(agent_id) else None
        await self.answer()
        number = self.front.runner.floor.agents[agent_id or ""].number
        question = last_agent_offer(number, self.caller.language)
        return agent_id if await self.caller.ask(question, "12", _QUESTION_S) == "1" else None

    def _is_signed_in(self, agent_id: str | None) -> bool:
        agent = self.front.runner.floor.agents.get(agent_id or "")
        return agent is not None and agent.state is not AgentState.LOGGED_OUT

    def _overflows_to(self, queue_id: str, reason: str, target: Target) -> Target:
        now = utcnow()
        moment = int(now.timestamp() * 1000)
        waited_s = self.overflow.waited_s if self.overflow is not None else 0.0
        self.front.runner.tell(
            InteractionOverflowedV1(
                message_id=f"{self.call.interaction_id}-overflowed-{moment}-{queue_id}",
                occurred_at=now,
                tenant=self.front.runner.tenant,
                interaction_id=self.call.interaction_id,
                queue_id=queue_id,
                reason=reason,
                waited_s=waited_s,
                target=target,
            )
        )
        self.call.detail = reason
        return target

    # -- one agent -----------------------------------------------------------------------------

    async def _agent(self, agent_id: str) -> Target | None:
        """A call for one agent waits a while, then follows him, or goes to his voicemail."""
        queue_id = personal_queue(agent_id)
        if self.queue_id != queue_id:
            if not self._is_signed_in(agent_id) or direct.is_undisturbed(self, agent_id):
                return await direct.instead(self, agent_id) or await self._not_there()
            runner = self.front.runner
            settings = runner.configuration.settings
            runner.apply(
                m.QueueSet(
                    runner.now(),
                    Queue(queue_id, agent_ids=(agent_id,), priority=10),
                    wrap_up_s=after_call_s(settings.after_call, settings.after_call_s),
                )
            )
            self.enqueue(queue_id)
            direct.show_waiting(self, agent_id)
        reason = await wait_in_queue(self, queue_id, None, agent_id=agent_id)
        if reason is None:
            return None
        return await direct.instead(self, agent_id) or await self._not_there()

    async def _not_there(self) -> Target:
        await self.answer()
        await self.caller.play(sounds.unavailable(self.caller.language))
        self.call.outcome, self.call.detail = Outcome.NOT_ANSWERED, "agent"
        return _HANG_UP

    # -- small parts ---------------------------------------------------------------------------

    async def _node_is_back(self) -> bool:
        """Wait for the node; False: the caller went with it."""
        try:
            await self.caller.node.wait_connected(_NODE_LIMIT_S)
            if await self.front.runner.control.is_there(self.call.node, self.call.channel_id):
                return True
        except AriDown:
            pass
        self.caller.gone()
        return False

    def _about(self) -> dict[str, str]:
        return {
            "tenant": self.front.runner.tenant,
            "interaction_id": self.call.interaction_id,
            "channel_id": self.call.channel_id,
        }
