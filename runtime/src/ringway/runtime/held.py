"""The last commit of a piece of work, held back until the work's outcome is known.

Whoever does a piece of work, such as answering a request, makes a :class:`Held` and sets it as
:data:`current`. From then on a transaction of that task's pool is not committed when its block
ends, but when the next one begins, when the work leaves the process (a request over the bus),
before it does something that takes long (:func:`settle`), or when it is over: then what came of it
can be written into the same transaction. So a process that dies leaves the act with its outcome,
or neither.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, Protocol
from uuid import UUID

Write = Callable[[Any, UUID | None], Awaitable[None]]
"""Writes into a transaction, given its connection and tenant, just before it is committed."""


class Open(Protocol):
    """A transaction whose block has ended without an error, but which is not committed."""

    async def commit(self, write: Write) -> None:
        """Write something more into it and commit it. Raises PostgresDown."""

    async def roll_back(self) -> None:
        """End it without a trace."""


class Held:
    """What one piece of work holds back. Belongs to the task that makes it.

    Args:
        early: Written into each transaction that is committed before the outcome is known.
        leaving: Called before a request goes over the bus, when all is committed.
    """

    def __init__(self, early: Write, leaving: Callable[[], Awaitable[None]]) -> None:
        self._early = early
        self._leaving = leaving
        self._task = asyncio.current_task()
        self._is_holding = False
        self._blocks = 0
        self._open: Open | None = None
        self._afterwards: list[Callable[[], None]] = []

    def begin(self) -> None:
        """Hold transactions back from now on."""
        self._is_holding = True

    def stop(self) -> None:
        """Hold no further transactions back."""
        self._is_holding = False

    @property
    def may_hold(self) -> bool:
        """Whether a transaction that ends now is to be given to :meth:`hold`."""
        is_ours = asyncio.current_task() is self._task
        return self._is_holding and is_ours and not self._blocks

    def hold(self, transaction: Open) -> None:
        """Keep a transaction open until it is settled."""
        assert self._open is None
        self._open = transaction

    def enter(self) -> None:
        """Note that a transaction's block begins; what is open meanwhile is not held back."""
        self._blocks += 1

    def leave(self) -> None:
        """Note that a transaction's block ends."""
        self._blocks -= 1

    async def settle(self, last: Write | None = None) -> bool:
        """Commit what is held back, with what ``last`` writes, or ``early``; whether there was any.

        Raises:
            PostgresDown: It is not known whether it is committed, unless what was written tells.
        """
        transaction, self._open = self._open, None
        if transaction is None:
            return False
        try:
            await transaction.commit(last or self._early)
        finally:
            self._run_afterwards()
        return True

    async def go_out(self) -> None:
        """Commit what is held back, and tell that a request goes over the bus."""
        await self.settle()
        if self._is_holding and asyncio.current_task() is self._task:
            self._is_holding = False
            try:
                await self._leaving()
            finally:
                self._is_holding = True

    async def end(self) -> None:
        """Hold nothing back any more; what nobody settled is rolled back."""
        self._is_holding = False
        transaction, self._open = self._open, None
        if transaction is not None:
            await transaction.roll_back()
        self._run_afterwards()

    def _run_afterwards(self) -> None:
        callbacks, self._afterwards = self._afterwards, []
        for callback in callbacks:
            callback()

    def add_afterwards(self, callback: Callable[[], None]) -> bool:
        """Keep a callback until the commit; False: nothing is held back."""
        if self._open is None:
            return False
        self._afterwards.append(callback)
        return True


current: ContextVar[Held | None] = ContextVar("held", default=None)


def afterwards(callback: Callable[[], None]) -> None:
    """Call ``callback`` when what this task did is committed: at once, if nothing is held back.

    For signals and caches of this process: whoever acts on them must see what was written.
    """
    held = current.get()
    if held is None or not held.add_afterwards(callback):
        callback()


async def settle() -> None:
    """Commit what this task holds back, before something that takes long and asks nobody."""
    held = current.get()
    if held is not None:
        await held.settle()


async def prepared() -> None:
    """Commit what this task holds back, as no part of its act: a repeat may do it again."""
    held = current.get()
    if held is not None:
        await held.settle(_write_nothing)


async def _write_nothing(conn: Any, tenant_id: UUID | None) -> None:
    return None


async def go_out() -> None:
    """Commit what this task holds back, because others are going to look."""
    held = current.get()
    if held is not None:
        await held.go_out()
