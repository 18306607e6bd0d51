"""The last commit of a piece of work, held back on a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.conftest import MakeDatabase
from tests.support.postgres import Database, connect

from ringway.runtime import held
from ringway.runtime.held import Held
from ringway.runtime.postgres import Pool

pytestmark = pytest.mark.integration

A, B = uuid4(), uuid4()
TABLE = """
CREATE SCHEMA dialer;
GRANT USAGE ON SCHEMA dialer TO ringway_dialer;
CREATE TABLE dialer.thing (tenant_id uuid NOT NULL, name text NOT NULL);
GRANT SELECT, INSERT, UPDATE, DELETE ON dialer.thing TO ringway_dialer;
"""
INSERT = "INSERT INTO dialer.thing (tenant_id, name) VALUES ($1, $2)"


@asynccontextmanager
async def _work(early: str = "early") -> AsyncIterator[tuple[Held, list[str]]]:
    """A piece of work, and what happened in it."""
    told: list[str] = []

    async def write_early(conn: Any, tenant_id: UUID | None) -> None:
        await conn.execute(INSERT, tenant_id, early)

    async def leave() -> None:
        told.append("left")

    work = Held(write_early, leave)
    token = held.current.set(work)
    work.begin()
    try:
        yield work, told
    finally:
        await work.end()
        held.current.reset(token)


async def test_the_last_transaction_is_committed_with_the_outcome(
    make_database: MakeDatabase,
) -> None:
    database = await make_database()
    owner = await connect(database, "ringway_owner")
    await owner.execute(TABLE)

    async def names() -> list[str]:
        rows = await owner.fetch("SELECT name FROM dialer.thing ORDER BY name")
        await owner.execute("DELETE FROM dialer.thing")
        return [row["name"] for row in rows]

    async def last(conn: Any, tenant_id: UUID | None) -> None:
        await conn.execute(INSERT, tenant_id, "outcome")

    async with _pool(database) as pool:

        async def write(name: str, tenant_id: UUID = A) -> None:
            async with pool.tenant(tenant_id) as conn:
                await conn.execute(INSERT, tenant_id, name)

        async with _work() as (work, told):
            await write("one")
            held.afterwards(lambda: told.append("after"))
            assert (await names(), told) == ([], [])
            assert await work.settle(last)
            assert (await names(), told) == (["one", "outcome"], ["after"])
            assert not await work.settle(last)
            # Others look: before the next transaction, and before a request over the bus.
            await write("one")
            await write("two", B)
            assert await names() == ["early", "one"]
            await held.go_out()
            assert (await names(), told[1:]) == (["early", "two"], ["left"])
            # Inside of another one, in a task of its own, and after the end: at once.
            async with pool.tenant(A):
                await write("inner")
                assert await names() == ["inner"]
            async with asyncio.TaskGroup() as group:
                group.create_task(write("task"))
            assert await names() == ["early", "task"]
            work.stop()
            await write("stopped")
            assert await names() == ["stopped"]
        # What nobody settled, or whose outcome cannot be written, was not.
        async with _work():
            await write("lost")
        async with _work() as (work, _):
            await write("lost")

            async def fail(conn: Any, tenant_id: UUID | None) -> None:
                raise RuntimeError("cannot be told")

            with pytest.raises(RuntimeError, match="cannot be told"):
                await work.settle(fail)
        assert await names() == []
        # No connection is kept from others.
        async with asyncio.TaskGroup() as group:
            for n in range(4):
                group.create_task(write(f"{n}"))
        assert await names() == ["0", "1", "2", "3"]
    await owner.close()


@asynccontextmanager
async def _pool(database: Database) -> AsyncIterator[Pool]:
    dsn = database.dsn("ringway_dialer")
    async with Pool.open(dsn, max_size=2, application_name="test") as pool:
        yield pool
