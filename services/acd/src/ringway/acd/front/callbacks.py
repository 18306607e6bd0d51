"""Callbacks of one tenant: asked for in a dialogue, kept as waiting calls without a channel.

The customer's interaction stays in its queue as it is. When an agent is offered to it, the
customer is called once while the agent is kept; whoever does not answer lets the agent go at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from ringway.acd.calls import Call
from ringway.acd.control import state_variable
from ringway.acd.core import model as m
from ringway.acd.core.callback import (
    RETRY_AFTER_S,
    Callback,
    CallbackState,
    Cancelled,
    Command,
    Dialogue,
    Requested,
    Say,
)
from ringway.acd.core.records import CallState
from ringway.acd.core.speaking import Language
from ringway.acd.front import sounds
from ringway.acd.front.caller import Caller, CallerGone
from ringway.proto import acd_config as c
from ringway.proto.acd_calls import CallbackEndedV1, CallbackRequestedV1, Outcome
from ringway.proto.acd_config import Target, TargetKind
from ringway.runtime.ari import AriDown, AriError
from ringway.runtime.clock import utcnow

if TYPE_CHECKING:
    from ringway.acd.front.front import Front
    from ringway.acd.front.visit import Visit

_log = logging.getLogger("ringway.acd.callbacks")

_GOODBYE_LIMIT_S = 15.0
_LONGEST_WAIT_S = 12 * 3600.0
_NODE_LIMIT_S = 60.0
_LOOK_S = 0.2
_HANG_UP = Target(kind=TargetKind.HANG_UP)


class Callbacks:
    """Every callback of one tenant that is not over."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._callbacks: dict[str, Callback] = {}
        self._leaving: dict[str, Caller] = {}  # still on the line, hearing the good-bye
        self._calling: dict[str, asyncio.Future[bool]] = {}

    def __contains__(self, interaction_id: str) -> bool:
        return interaction_id in self._callbacks

    @property
    def is_quiet(self) -> bool:
        """Whether nobody is just being called back or says good-bye."""
        return not self._calling

    def count(self, queue_id: str) -> int:
        """Return how many wait at home for a queue."""
        calls = self._front.runner.floor.calls
        return sum(
            1
            for interaction_id in self._callbacks
            if (call := calls.get(interaction_id)) is not None
            and call.queue_id == queue_id
            and call.state in (CallState.WAITING, CallState.OFFERED)
        )

    # -- asking --------------------------------------------------------------------------------

    async def dialogue(self, visit: Visit, queue_id: str, queue: c.Queue) -> bool:
        """Talk with a waiting caller. True: he has asked for a callback and has been hung up.

        Raises:
            CallerGone, AriDown: See Caller. A request that was confirmed stands.
        """
        caller, loop = visit.caller, asyncio.get_running_loop()
        dialogue = Dialogue(self._front.dialable(visit.call.caller) or "", self._front.dialable)
        pending = list(dialogue.begin())
        while not (visit.is_connected or visit.joining or visit.overflow is not None):
            if pending:
                command = pending.pop(0)
                match command:
                    case Requested(number):
                        self._request(visit, queue_id, queue, number)
                        await self._goodbye(caller, pending, queue.language)
                        return True
                    case Cancelled():
                        return False
                    case Say():
                        words = sounds.callback(command, queue.language)
                        key = await caller.play(words, keys="0123456789*#")
                        if key is not None:
                            pending = dialogue.key(loop.time(), key)
                        elif not pending:
                            dialogue.said(loop.time())
                continue
            if dialogue.is_over:
                return False
            limit_s = max(0.0, (dialogue.deadline or loop.time()) - loop.time())
            key = await caller.key(min(limit_s, 0.5), "0123456789*#")
            pending = (
                dialogue.key(loop.time(), key) if key is not None else dialogue.tick(loop.time())
            )
        return False

    async def ask(self, visit: Visit) -> Target | None:
        """A queue gave the caller up and offers a callback instead."""
        queue_id = visit.last_queue_id
        queue = self._front.runner.configuration.get(c.Queue, queue_id)
        if queue is None:
            return _HANG_UP
        await visit.answer()
        visit.overflow = None
        if await self.dialogue(visit, queue_id, queue):
            return None
        return _HANG_UP

    def _request(self, visit: Visit, queue_id: str, queue: c.Queue, number: str) -> None:
        runner, call = self._front.runner, visit.call
        if call.interaction_id not in runner.floor.calls or not visit.queue_id:
            visit.enqueue(queue_id)  # it had been given up by the queue
        since = runner.floor.calls[call.interaction_id].waiting_since
        self._callbacks[call.interaction_id] = Callback(number, since, queue.callback.attempts)
        self._leaving[call.interaction_id] = visit.caller
        self._front.let_channel_go(call)
        call.extra["callback"] = {"number": number, "queue_id": queue_id, "called": 0}
        runner.store(call.interaction_id)
        runner.tell(
            CallbackRequestedV1(
                message_id=f"{call.interaction_id}-callback_requested",
                occurred_at=utcnow(),
                tenant=runner.tenant,
                interaction_id=call.interaction_id,
                queue_id=queue_id,
                number=number,
                waiting_since=runner.wall(since),
                position=self._front.place_of(call.interaction_id),
            )
        )

    async def _goodbye(self, caller: Caller, says: Sequence[Command], language: Language) -> None:
        try:
            for say in says:
                if isinstance(say, Say):
                    await caller.play(sounds.callback(say, language))
            await caller.hang_up()
        except (CallerGone, AriDown, AriError):
            pass  # what he asked for stands

    # -- calling -------------------------------------------------------------------------------

    async def reach(self, call: Call, agent_id: str) -> bool:
        """Call the customer, once for all agents who are offered meanwhile. False: not reached."""
        interaction_id = call.interaction_id
        while (running := self._calling.get(interaction_id)) is not None:
            if await asyncio.shield(running):
                return True
            callback = self._callbacks.get(interaction_id)
            if callback is None or callback.state is not CallbackState.WAITING:
                return False
        return await self._alone(interaction_id, self._reach(call, agent_id))

    async def _alone(self, interaction_id: str, reaching: Coroutine[None, None, bool]) -> bool:
        """Do this while everybody else who wants to reach the customer waits for its outcome."""
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._calling[interaction_id] = future
        reached = False
        try:
            reached = await reaching
            return reached
        finally:
            del self._calling[interaction_id]
            future.set_result(reached)

    async def _reach(self, call: Call, agent_id: str) -> bool:
        runner = self._front.runner
        callback = self._callbacks.get(call.interaction_id)
        leg = runner.legs.get(agent_id)
        if callback is None or not callback.turn():
            runner.apply(m.LeftQueue(runner.now(), call.interaction_id))
            return False
        if (leaving := self._leaving.pop(call.interaction_id, None)) is not None:
            await leaving.until_gone(_GOODBYE_LIMIT_S)
        call.extra["callback"] |= {
            "called": callback.called,
            "node": leg.node if leg is not None else "",
        }
        runner.store(call.interaction_id)
        await runner.until_stored()
        if callback.is_over:
            return False  # it was cancelled before he was called
        try:
            channel_id = await self._call(call, callback, leg.node) if leg is not None else None
        except AriDown:
            self._lost(call, callback, leg.node if leg is not None else "")
            return False
        if callback.is_over:
            if channel_id is not None and leg is not None:
                await self._front.node(leg.node).hangup(channel_id)
            return False
        if channel_id is None or leg is None:
            self._not_reached(call, callback, ours=channel_id is None and leg is None)
            return False
        self._reached(call, callback, leg.node, channel_id)
        known = runner.floor.calls.get(call.interaction_id)
        if known is None or known.agent_id != agent_id:
            self._front.waits(call.interaction_id)  # the agent has left: music, until another comes
        return True

    def _reached(self, call: Call, callback: Callback, node: str, channel_id: str) -> None:
        callback.answered()
        del self._callbacks[call.interaction_id]
        call.extra.pop("callback", None)
        self._ended(call, callback, "connected")
        self._front.take_channel(call, node, channel_id)

    async def _call(self, call: Call, callback: Callback, node: str) -> str | None:
        runner = self._front.runner
        queue = runner.configuration.get(c.Queue, runner.floor.calls[call.interaction_id].queue_id)
        offer = queue.callback if queue is not None else c.CallbackOffer()
        state = state_variable(
            tenant=runner.tenant,
            interaction=call.interaction_id,
            role="customer",
            direction="inbound",
            caller=callback.number,
            called=call.called,
        )
        return await self._front.call_out(
            callback.number,
            node=node,
            channel_id=_channel_id(call, callback),
            variables=state,
            ring_s=offer.ring_s,
            caller_id=offer.caller_id or call.called,
        )

    def _not_reached(self, call: Call, callback: Callback, *, ours: bool) -> None:
        runner = self._front.runner
        callback.failed(runner.now(), ours=ours)
        runner.apply(m.LeftQueue(runner.now(), call.interaction_id))
        if callback.state is CallbackState.RESTING:
            self._front.spawn(self._rest(call.interaction_id), "callback rests")
            return
        self._give_up(call, callback, "not_answered")

    def _lost(self, call: Call, callback: Callback, node: str) -> None:
        """The node left while he was called: he is called again, and it does not count."""
        runner = self._front.runner
        callback.attempts += 1
        callback.failed(runner.now() - RETRY_AFTER_S)
        runner.apply(m.LeftQueue(runner.now(), call.interaction_id))
        self._front.spawn(self._when_back(call.interaction_id, node), "callback waits for its node")

    async def _when_back(self, interaction_id: str, node: str) -> None:
        with suppress(AriDown):
            await self._front.node(node).wait_connected(_NODE_LIMIT_S)
        runner = self._front.runner
        callback, call = self._callbacks.get(interaction_id), runner.calls.get(interaction_id)
        if callback is not None and call is not None and callback.rested(runner.now()):
            self._enqueue(call, callback)

    async def _rest(self, interaction_id: str) -> None:
        """Go back into the queue, at the old place, after a while."""
        runner = self._front.runner
        await asyncio.sleep(RETRY_AFTER_S)
        callback, call = self._callbacks.get(interaction_id), runner.calls.get(interaction_id)
        if callback is None or call is None:
            return
        if runner.now() - callback.since > _LONGEST_WAIT_S:
            self._cancel(call, callback)
        elif callback.rested(runner.now()):
            self._enqueue(call, callback)

    def _enqueue(self, call: Call, callback: Callback) -> None:
        runner = self._front.runner
        runner.apply(
            m.Enqueued(
                runner.now(),
                call.interaction_id,
                str(call.extra["callback"]["queue_id"]),
                since=callback.since,
            )
        )

    # -- the queue gives up, or the process begins -----------------------------------------------

    def overflowed(self, command: m.Overflow) -> None:
        """A callback stays although its queue is empty of agents or the wait was long."""
        runner = self._front.runner
        call = runner.calls.get(command.interaction_id)
        callback = self._callbacks[command.interaction_id]
        if call is None:
            return
        if command.reason == "closed" and not runner.configuration.get(c.Queue, command.queue_id):
            self._cancel(call, callback)
            return
        callback.state = CallbackState.RESTING
        callback.retry_at = runner.now() + RETRY_AFTER_S - 1
        self._front.spawn(self._rest(command.interaction_id), "callback rests")

    def restore(self, call: Call) -> None:
        """Know a callback again that waited when the process ended."""
        runner = self._front.runner
        raw, known = call.extra["callback"], runner.floor.calls[call.interaction_id]
        queue = runner.configuration.get(c.Queue, raw["queue_id"])
        attempts = queue.callback.attempts if queue is not None else 1
        called = int(raw["called"])
        # A call that was under way is over with us: it does not count against the customer.
        callback = Callback(
            str(raw["number"]), known.waiting_since, max(attempts, called + 1), called
        )
        self._callbacks[call.interaction_id] = callback
        if known.state is CallState.ELSEWHERE:
            callback.state = CallbackState.RESTING
            callback.retry_at = runner.now()
            self._front.spawn(self._rest(call.interaction_id), "callback rests")
        elif called or known.state is CallState.OFFERED:
            self._front.spawn(self._look(call, callback), "callback is looked for")

    async def _look(self, call: Call, callback: Callback) -> None:
        """Go on with an offer that was under way, from where Asterisk says that it is."""
        runner, interaction_id = self._front.runner, call.interaction_id
        node = str(call.extra["callback"].get("node", ""))
        found = await self._alone(interaction_id, self._find(call, callback, node))
        known = runner.floor.calls.get(interaction_id)
        if found:
            self._front.waits(interaction_id)  # music, until the agent is there
        if known is None or known.state is not CallState.OFFERED:
            return
        if found and known.agent_id in runner.legs:
            runner.connect_again(interaction_id, known.agent_id or "")
        elif not found:
            runner.apply(m.LeftQueue(runner.now(), interaction_id))
            self._enqueue(call, callback)

    async def _find(self, call: Call, callback: Callback, node_name: str) -> bool:
        """See what became of a call that was under way: it was answered, or it rings for nobody."""
        channel_id = _channel_id(call, callback)
        try:
            while not node_name:
                with suppress(AriDown):
                    node_name = self._front.runner.control.any_node().name
                    break
                await asyncio.sleep(_LOOK_S)
            node = self._front.node(node_name)
            await node.wait_connected(_NODE_LIMIT_S)
            if (await node.get_channel(channel_id)).state == "Up":
                callback.state = CallbackState.CALLING
                self._reached(call, callback, node_name, channel_id)
                return True
            await node.hangup(channel_id)
        except (AriDown, AriError):
            pass  # it is over
        return False

    def _cancel(self, call: Call, callback: Callback) -> None:
        if callback.cancel():
            self._give_up(call, callback, "cancelled")

    def _give_up(self, call: Call, callback: Callback, outcome: str) -> None:
        runner = self._front.runner
        self._callbacks.pop(call.interaction_id, None)
        call.extra.pop("callback", None)
        self._ended(call, callback, outcome)
        call.outcome = Outcome.NOT_ANSWERED if outcome == "not_answered" else Outcome.CALLBACK
        call.detail = f"callback {outcome}"
        runner.customer_gone(call.interaction_id, cause_q850=call.cause_q850)

    def _ended(self, call: Call, callback: Callback, outcome: str) -> None:
        runner = self._front.runner
        floor_call = runner.floor.calls.get(call.interaction_id)
        runner.tell(
            CallbackEndedV1(
                message_id=f"{call.interaction_id}-callback_ended",
                occurred_at=utcnow(),
                tenant=runner.tenant,
                interaction_id=call.interaction_id,
                queue_id=floor_call.queue_id if floor_call is not None else "unknown",
                outcome=outcome,
                attempts=callback.called,
            )
        )


def _channel_id(call: Call, callback: Callback) -> str:
    """Return the id of the channel that calls the customer this time."""
    return f"{call.interaction_id}.k{callback.called}"
