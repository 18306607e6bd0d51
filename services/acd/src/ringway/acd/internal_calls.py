"""Calls from one agent to another, on the called agent's side.

He is called whether he is ready or not. While he talks, he is shown that a call waits, and the
caller goes on hearing it ring; when he does not come, his follow-me or his voicemail takes it.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from ringway.acd.calls import Call
from ringway.acd.core import model as m
from ringway.acd.talks import Talks
from ringway.proto.acd import AgentState, Direction
from ringway.proto.acd_calls import InteractionFinishedV1, InteractionStartedV1, OfferV1, Outcome
from ringway.proto.acd_config import AgentProfile, Target, TargetKind
from ringway.runtime.ari import AriDown, AriError, ChannelDestroyed, Event, StasisEnd, StasisStart
from ringway.runtime.clock import utcnow

if TYPE_CHECKING:
    from ringway.acd.app import Acd
    from ringway.acd.front.front import Front
    from ringway.acd.runner import FloorRunner

_log = logging.getLogger("ringway.acd.manual")

WAIT_S = 45.0  # how long a caller waits for an agent who talks
_LOOK_S = 0.3
BUSY, NO_ANSWER, ABSENT = 17, 19, 20


class InternalCalls:
    """The called sides of one tenant's calls between agents."""

    def __init__(self, acd: Acd, runner: FloorRunner, talks: Talks) -> None:
        self._acd = acd
        self._runner = runner
        self._talks = talks

    def arrived(self, node: str, event: StasisStart) -> None:
        """``internal,<tenant>,<interaction>,<agent>,<caller>,<called>``."""
        _, _, interaction_id, agent_id, caller, called = event.args[:6]
        call = Call(
            interaction_id=interaction_id,
            campaign_id="",
            attempt_id="",
            node=node,
            channel_id=event.channel.id,
            caller=caller,
            called=called,
            answered_at=utcnow(),
            direction=Direction.INTERNAL,
            record=False,  # the caller's side is recorded
        )
        runner = self._runner
        if interaction_id in runner.calls:
            return
        runner.calls[interaction_id] = call
        self._acd.watch_customer(call.channel_id, runner, interaction_id)
        runner.tell(
            InteractionStartedV1(
                message_id=f"{interaction_id}-started",
                occurred_at=call.answered_at,
                tenant=runner.tenant,
                interaction_id=interaction_id,
                direction=Direction.INTERNAL,
                caller=caller,
                called=called,
            )
        )
        runner.spawn(self._serve(call, agent_id), "internal call")

    async def _serve(self, call: Call, agent_id: str) -> None:
        gone = asyncio.Event()

        def on_event(_: str, event: Event) -> None:
            if isinstance(event, StasisEnd | ChannelDestroyed):
                gone.set()

        self._acd.watch(call.channel_id, on_event)
        try:
            with suppress(AriDown, AriError):
                await self._runner.control.node(call.node).ring(call.channel_id)
                cause = await self._reach(call, agent_id, gone)
                if cause is not None and not gone.is_set():
                    await self._elsewhere(call, agent_id, cause)
        finally:
            self._acd.unwatch(call.channel_id, on_event)
        # He may have gone before we listened.
        is_over = gone.is_set() or call.is_gone
        if is_over and call.interaction_id not in self._runner.floor.calls:
            self._finished(call)

    async def _reach(self, call: Call, agent_id: str, gone: asyncio.Event) -> int | None:
        """Call the agent. Returns why he did not come (Q.850); nothing when he has the call."""
        runner = self._runner
        until = runner.now() + WAIT_S
        is_shown = False
        while not gone.is_set():
            agent = runner.floor.agents.get(agent_id)
            if agent is None or agent.state is AgentState.LOGGED_OUT:
                return ABSENT
            if agent.do_not_disturb or runner.now() >= until:
                return BUSY
            try:
                runner.apply(m.Claim(runner.now(), agent_id, call.interaction_id))
            except m.AgentBusy:
                if agent.interaction_id is None:
                    return ABSENT  # his phone is not there
                if not is_shown:
                    self.show_waiting(call, agent_id, until)
                    is_shown = True
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_S):
                        await gone.wait()
                continue
            return None if await self._ring(call, agent_id) else NO_ANSWER
        return None

    async def _ring(self, call: Call, agent_id: str) -> bool:
        """Call the claimed agent's phones. False: he did not come."""
        came: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        async def ended(is_taken: bool) -> None:
            if is_taken:
                with suppress(AriError, AriDown):
                    await self._runner.control.node(call.node).answer(call.channel_id)
                if not came.done():
                    came.set_result(True)

        def back() -> None:
            if not came.done():
                came.set_result(False)

        def on_event(_: str, event: Event) -> None:
            if isinstance(event, StasisEnd | ChannelDestroyed) and not came.done():
                came.set_result(True)  # nobody is left to go anywhere

        self._acd.watch(call.channel_id, on_event)
        self._talks.bring(call, agent_id, back=back, on_ring_end=ended, is_held=False)
        try:
            return await came
        finally:
            self._acd.unwatch(call.channel_id, on_event)

    def show_waiting(self, call: Call, agent_id: str, until: float) -> None:
        """Let the agent see that a call waits for him."""
        runner = self._runner
        runner.show(
            OfferV1(
                occurred_at=utcnow(),
                tenant=runner.tenant,
                agent_id=agent_id,
                interaction_id=call.interaction_id,
                caller=call.caller,
                called=call.called,
                until=runner.wall(until),
                is_waiting=True,
            )
        )

    # -- when he does not come -----------------------------------------------------------------

    async def _elsewhere(self, call: Call, agent_id: str, cause: int) -> None:
        profile = self._runner.configuration.get(AgentProfile, agent_id) or AgentProfile()
        front: Front | None = self._runner.front  # type: ignore[assignment]
        target = None
        if cause == ABSENT and profile.follow_me:
            target = Target(kind=TargetKind.AGENT, value=agent_id)  # his further phones, one by one
        elif profile.voicemail_id:
            target = Target(kind=TargetKind.VOICEMAIL, value=profile.voicemail_id)
        if target is None or front is None:
            call.outcome, call.detail = Outcome.NOT_ANSWERED, "agent"
            node = self._runner.control.node(call.node)
            await node.continue_(call.channel_id, "refused", str(cause), 1)
            return
        if call.interaction_id in self._runner.floor.calls:
            call.extra["in_floor"] = True
        front.start(front.visit(call, target, is_answered=False))

    def _finished(self, call: Call) -> None:
        """Tell the end of a call that the floor never had."""
        if call.extra.get("front") is not None:
            return  # the front tells it
        self._runner.calls.pop(call.interaction_id, None)
        self._runner.tell(
            InteractionFinishedV1(
                message_id=f"{call.interaction_id}-finished",
                occurred_at=utcnow(),
                tenant=self._runner.tenant,
                interaction_id=call.interaction_id,
                outcome=call.outcome or Outcome.NOT_ANSWERED,
                direction=Direction.INTERNAL,
                caller=call.caller,
                called=call.called,
                began_at=call.answered_at,
            )
        )
