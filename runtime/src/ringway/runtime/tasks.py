"""Tasks that come and go while a service runs, such as one per call."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from prometheus_client import Counter

T = TypeVar("T")

_log = logging.getLogger("ringway.tasks")
_failures = Counter("ringway_task_failures", "Tasks that ended with an exception.", ["set"])
_CANCEL_AGAIN_S = 5.0  # longer than any clean-up of ours takes


class TaskSet:
    """A set of tasks that never lets a failed one go unnoticed.

    Unlike a TaskGroup it goes on when a task fails: the failure is logged with its traceback
    and counted. Leaving the context cancels what is still running and waits for it.
    """

    def __init__(self, name: str = "tasks") -> None:
        self._name = name
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self.cancel()

    def __len__(self) -> int:
        return len(self._tasks)

    def spawn(self, coro: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
        """Start ``coro`` as a task of this set and return the task."""
        task = asyncio.get_running_loop().create_task(coro, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def wait(self) -> None:
        """Wait until no task is left, including those spawned meanwhile."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def cancel(self) -> None:
        """Cancel every task and wait until all have ended.

        Who does not end is cancelled again: :func:`asyncio.wait_for` drops a cancellation that
        comes in the moment in which what it waits for is done.
        """
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks, timeout=_CANCEL_AGAIN_S)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            _failures.labels(self._name).inc()
            _log.error(
                "A task failed.",
                exc_info=error,
                extra={"task_set": self._name, "task": task.get_name()},
            )
