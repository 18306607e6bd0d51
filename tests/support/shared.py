"""What the tests of a module share; after a test that failed, the next one gets a fresh one.

A failed test leaves calls, agents and what its failure was about: with those gone, it is the only
one that fails.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import pytest
from tests.support.nats import NatsServer
from tests.support.postgres import Database, PostgresServer

T = TypeVar("T")

# Set by tests/conftest.py on each test of which any phase failed.
FAILED = pytest.StashKey[bool]()


class Shared(Generic[T]):
    """One of something, made when it is asked for.

    Args:
        make: Opens one; what it yields is shared until a test fails.
    """

    def __init__(self, make: Callable[[], AbstractAsyncContextManager[T]]) -> None:
        self.make = make
        self._stack = AsyncExitStack()
        self._made: list[T] = []
        self._last: pytest.Item | None = None

    async def for_test(self, item: pytest.Item) -> T:
        """Return what this test is to use."""
        if self._last is not None and self._last.stash.get(FAILED, False):
            with suppress(Exception):  # whatever is wrong with it, it is told already
                await self.close()
        if not self._made:
            self._made.append(await self._stack.enter_async_context(self.make()))
        self._last = item
        return self._made[0]

    async def close(self) -> None:
        """End what was made."""
        self._made.clear()
        stack, self._stack = self._stack, AsyncExitStack()
        await stack.aclose()


@asynccontextmanager
async def shared(make: Callable[[], AbstractAsyncContextManager[T]]) -> AsyncIterator[Shared[T]]:
    """What a module's fixture yields; its tests' fixture asks it ``for_test``."""
    one = Shared(make)
    try:
        yield one
    finally:
        await one.close()


class Parts(NamedTuple):
    """What a centre is built on."""

    folder: Path
    database: Database
    nats: NatsServer


@asynccontextmanager
async def parts(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer, *services: str
) -> AsyncIterator[Parts]:
    """An empty folder, a database with these services' tables, and a NATS server of its own."""
    folder = tmp_path_factory.mktemp("centre")
    database = await postgres.create_database(services)
    nats = NatsServer(folder / "nats")
    try:
        await nats.start()
        yield Parts(folder, database, nats)
    finally:
        nats.stop()
        await postgres.drop_database(database)
