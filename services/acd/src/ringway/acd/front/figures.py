"""Live figures of one tenant's queues, and what a caller may expect to wait."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ringway.acd.calls import Call
from ringway.acd.core.expected_wait import Estimate, ExpectedWait
from ringway.proto import acd_config as c
from ringway.proto.acd import AgentState
from ringway.proto.acd_calls import QueueFiguresV1
from ringway.runtime.clock import utcnow

if TYPE_CHECKING:
    from ringway.acd.front.front import Front

REPEAT_S = 1.0
_LOOK_S = 0.25
_SERVING = (AgentState.LOGGED_OUT, AgentState.NOT_READY)

Shown = tuple[int, int, int, int]


class Figures:
    """Says how each used queue is, on change and once a second."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._waits: dict[str, ExpectedWait] = {}
        self._promised: dict[str, tuple[str, float, Estimate | None]] = {}
        self._talks: dict[str, tuple[str, float]] = {}
        self._shown: dict[str, tuple[Shown, float]] = {}

    async def run(self) -> None:
        """Worker."""
        while True:
            for queue_id in self._front.runner.configuration.all(c.Queue):
                self._show(queue_id)
            await asyncio.sleep(_LOOK_S)

    # -- expectation ---------------------------------------------------------------------------

    def minutes(self, call: Call, queue_id: str, place: int) -> int | None:
        """Return how long a caller at a place will wait, whole minutes; ``None``: unknown."""
        estimate = self._estimate(queue_id, place)
        now = self._front.runner.now()
        self._promised.setdefault(call.interaction_id, (queue_id, now, estimate))
        return estimate.minutes if estimate is not None else None

    def connected(self, call: Call) -> None:
        """An agent has the caller."""
        known = self._front.runner.floor.calls.get(call.interaction_id)
        if known is None or not self._front.runner.configuration.get(c.Queue, known.queue_id):
            return
        now = self._front.runner.now()
        self._left(call.interaction_id, known.queue_id, now - known.waiting_since, served=True)
        self._talks[call.interaction_id] = (known.queue_id, now)

    def gone(self, interaction_id: str) -> None:
        """The customer is no more there: he gave up, or the talk is over."""
        talk = self._talks.pop(interaction_id, None)
        now = self._front.runner.now()
        if talk is not None:
            queue = self._front.runner.configuration.get(c.Queue, talk[0])
            timed = queue is not None and queue.after_call is c.AfterCallMode.TIMED
            work_s = queue.after_call_s if queue is not None and timed else 0.0
            self._wait(talk[0]).handled(now - talk[1] + work_s)
        elif (promised := self._promised.get(interaction_id)) is not None:
            self._left(interaction_id, promised[0], now - promised[1], served=False)

    def _left(self, interaction_id: str, queue_id: str, waited_s: float, *, served: bool) -> None:
        promised = self._promised.pop(interaction_id, None)
        if promised is not None:
            queue_id, waited_s = promised[0], self._front.runner.now() - promised[1]
        estimate = promised[2] if promised is not None else None
        self._wait(queue_id).left(max(0.0, waited_s), served=served, promised=estimate)

    def _estimate(self, queue_id: str, place: int) -> Estimate | None:
        now = self._front.runner.now()
        return self._wait(queue_id).estimate(place, self._serving(queue_id), now)

    def _wait(self, queue_id: str) -> ExpectedWait:
        return self._waits.setdefault(queue_id, ExpectedWait())

    def _serving(self, queue_id: str) -> int:
        """Return how many agents take calls of the queue now, busy or not."""
        runner = self._front.runner
        queue = runner.configuration.get(c.Queue, queue_id)
        agents = runner.floor.agents
        among = queue.agent_ids if queue is not None and queue.agent_ids is not None else agents
        working = sum(
            1
            for agent_id in among
            if (agent := agents.get(agent_id)) is not None and agent.state not in _SERVING
        )
        return min(working, runner.floor.router.signed_in_for(queue_id))

    # -- showing -------------------------------------------------------------------------------

    def _show(self, queue_id: str) -> None:
        runner = self._front.runner
        router = runner.floor.router
        callbacks = self._front.callbacks.count(queue_id)
        waiting = router.waiting_in(queue_id)
        ready, signed_in = router.ready_in(queue_id), router.signed_in_for(queue_id)
        shown = (waiting, callbacks, ready, signed_in)
        before, at = self._shown.get(queue_id, ((0, 0, 0, 0), 0.0))
        now = runner.now()
        is_used = bool(waiting or signed_in)
        if shown == before and not (is_used and now - at >= REPEAT_S):
            return
        self._shown[queue_id] = (shown, now)
        since = router.longest_wait_since(queue_id)
        estimate = self._estimate(queue_id, waiting + 1)
        runner.show(
            QueueFiguresV1(
                occurred_at=utcnow(),
                tenant=runner.tenant,
                queue_id=queue_id,
                waiting=waiting,
                callbacks=callbacks,
                longest_wait_s=max(0.0, now - since) if since is not None else 0.0,
                expected_wait_s=estimate.seconds if estimate is not None and not ready else 0.0,
                agents_signed_in=signed_in,
                agents_ready=ready,
            )
        )
