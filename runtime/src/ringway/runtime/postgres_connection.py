"""A connection to PostgreSQL that needs few round trips for a transaction of one tenant."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import asyncpg

from ringway.runtime.tasks import TaskSet

if TYPE_CHECKING:
    from asyncpg.transaction import Transaction

    Asyncpg: TypeAlias = asyncpg.Connection[asyncpg.Record]
else:
    Asyncpg = asyncpg.Connection

_LEFT_S = 0.05  # so long a transaction that has read may stay open for the next one to end it


class TenantConnection(Asyncpg):
    """Says what holds in a transaction in the message that begins it: one round trip, not two.

    A transaction that could only read is ended by the message that begins the next one.
    """

    _opening = ""
    _is_left = False  # a transaction that has read is not ended yet
    _ending: asyncio.Task[None] | None = None
    _timer: asyncio.TimerHandle | None = None

    async def begin(self, opening: str) -> Transaction:
        """Begin a transaction with statements that return nothing; it is begun with all of them."""
        await self._end_reading()
        transaction = self.transaction()
        self._opening = opening
        try:
            await transaction.start()
        finally:
            self._opening = ""
        return transaction

    async def execute(self, query: str, *args: object, timeout: float | None = None) -> str:
        # What begins a transaction of asyncpg comes this way; it has no arguments.
        return await super().execute(query + self._opening, *args, timeout=timeout)

    async def begin_reading(self, opening: str, tasks: TaskSet) -> Reading:
        """Begin a transaction that can only read; with the same message the one before ends.

        Args:
            tasks: What ends it when no other transaction does.
        """
        if self._ending is not None:
            await self._end_reading()
        ends, self._is_left = "COMMIT;" if self._is_left else "", False
        await super().execute(f"{ends}BEGIN READ ONLY;{opening}")
        return Reading(self, tasks)

    def leave(self, tasks: TaskSet) -> None:
        """Let the next transaction end the one that has read; without one, it ends soon."""
        self._is_left = True
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_LEFT_S, self._end_left, tasks)

    def _end_left(self, tasks: TaskSet) -> None:
        self._timer = None
        if self._is_left and not self.is_closed():
            self._is_left = False
            self._ending = tasks.spawn(self._end_now(), name="end of reading")

    async def _end_now(self) -> None:
        try:
            await super().execute("COMMIT")
        except Exception:
            self.terminate()  # whoever takes it next gets another one
        finally:
            self._ending = None

    async def _end_reading(self) -> None:
        if self._ending is not None:
            await asyncio.wait({self._ending})
        elif self._is_left:
            self._is_left = False
            await super().execute("COMMIT")

    async def _reset(self) -> None:
        # Of asyncpg: what comes back to the pool in a transaction is rolled back.
        if not self._is_left and self._ending is None:
            await super()._reset()


@dataclass(frozen=True, slots=True)
class Reading:
    """A transaction that can only read: its end changes nothing, so nobody waits for it."""

    conn: TenantConnection
    tasks: TaskSet

    async def commit(self) -> None:
        """Leave it to the next one."""
        self.conn.leave(self.tasks)

    async def rollback(self) -> None:
        """End it now: it may have failed."""
        await self.conn.execute("ROLLBACK")
