"""The outbox: announced if and only if committed, through kills of either side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from uuid import UUID

import asyncpg
import pytest
from tests.conftest import MakeDatabase
from tests.support.bus import Inbox, running
from tests.support.nats import NatsServer
from tests.support.postgres import Database, PostgresServer, connect
from tests.support.waiting import eventually

from ringway.proto.acd import InteractionEndedV1
from ringway.runtime import outbox
from ringway.runtime.outbox import OutboxRelay, outbox_ddl
from ringway.runtime.postgres import Pool

pytestmark = pytest.mark.integration

MakeFact = Callable[..., InteractionEndedV1]
ROLE = "ringway_acd"


@pytest.fixture
async def database(make_database: MakeDatabase) -> Database:
    made = await make_database()
    owner = await connect(made, "ringway_owner")
    await owner.execute(f"CREATE SCHEMA acd; GRANT USAGE ON SCHEMA acd TO {ROLE};")
    await owner.execute(outbox_ddl("acd", ROLE))
    await owner.close()
    return made


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    async with Pool.open(database.dsn(ROLE), application_name="acd") as opened:
        yield opened


async def announce(pool: Pool, *facts: InteractionEndedV1) -> None:
    async with pool.tenant(facts[0].tenant) as conn:
        for fact in facts:
            await outbox.add(conn, "acd", fact)


async def rows_left(database: Database) -> int:
    owner = await connect(database, "ringway_owner")
    try:
        return int(await owner.fetchval("SELECT count(*) FROM acd.outbox"))
    finally:
        await owner.close()


async def test_what_commits_is_published_and_what_does_not_is_not(
    nats: NatsServer, pool: Pool, database: Database, ended: MakeFact
) -> None:
    inbox = Inbox()
    async with nats.bus("acd") as bus:
        relay = OutboxRelay(pool, bus, "acd")
        async with running(relay.run(), bus.consume("test", [InteractionEndedV1], inbox)):
            await announce(pool, ended("i1"), ended("i2"))
            with pytest.raises(RuntimeError, match="rolled back"):  # noqa: PT012
                async with pool.tenant(ended("x").tenant) as conn:
                    await outbox.add(conn, "acd", ended("never"))
                    raise RuntimeError("rolled back")
            await announce(pool, ended("i3"))
            await inbox.has("i3")
            await eventually(lambda: _none_left(database))
    assert inbox.ids == ["i1", "i2", "i3"]


async def _none_left(database: Database) -> bool:
    return await rows_left(database) == 0


async def test_notify_wakes_the_relay(
    nats: NatsServer, pool: Pool, ended: MakeFact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_POLL_S", 60)
    inbox = Inbox()
    async with nats.bus("acd") as bus:
        relay = OutboxRelay(pool, bus, "acd")
        async with running(relay.run(), bus.consume("test", [InteractionEndedV1], inbox)):
            await announce(pool, ended("i0"))
            await inbox.has("i0")
            await announce(pool, ended("i1"))
            await inbox.has("i1")


async def test_a_thousand_facts_of_several_relays_arrive_once(
    nats: NatsServer, pool: Pool, database: Database, ended: MakeFact
) -> None:
    inbox = Inbox()
    facts = [ended(f"i{i}") for i in range(1000)]
    await announce(pool, *facts)
    async with nats.bus("acd") as bus:
        relays = [OutboxRelay(pool, bus, "acd").run() for _ in range(3)]
        async with running(*relays, bus.consume("test", [InteractionEndedV1], inbox)):
            await inbox.has(*(f.interaction_id for f in facts), within_s=30)
            await eventually(lambda: _none_left(database))
    assert len(inbox.ids) == 1000


async def test_both_servers_are_killed_and_every_fact_arrives_once(
    nats: NatsServer, pool: Pool, database: Database, postgres: PostgresServer, ended: MakeFact
) -> None:
    inbox = Inbox()
    async with nats.bus("acd") as bus:
        relay = OutboxRelay(pool, bus, "acd")
        async with running(relay.run(), bus.consume("test", [InteractionEndedV1], inbox)):
            nats.kill()
            await announce(pool, *(ended(f"a{i}") for i in range(300)))
            await nats.start()
            await inbox.has("a0", within_s=20)
            postgres.kill()
            await postgres.start()
            await announce(pool, *(ended(f"b{i}") for i in range(300)))
            await inbox.has(*(f"{x}{i}" for x in "ab" for i in range(300)), within_s=30)
            await eventually(lambda: _none_left(database))
    # The relay may have died between publishing and deleting; the message id made it one.
    assert len(inbox.ids) == len(set(inbox.ids))


async def test_the_outbox_of_other_tenants_cannot_be_read_by_chance(
    pool: Pool, ended: MakeFact, database: Database
) -> None:
    await announce(pool, ended("i1"))
    async with pool.platform() as conn:
        assert await conn.fetchval("SELECT count(*) FROM acd.outbox") == 0
    async with pool.tenant(UUID(int=1)) as conn:
        assert await conn.fetchval("SELECT count(*) FROM acd.outbox") == 0
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with pool.tenant(UUID(int=1)) as conn:
            await outbox.add(conn, "acd", ended("i2"))
    assert await rows_left(database) == 1


async def test_a_schema_is_a_plain_name() -> None:
    with pytest.raises(ValueError, match="not a plain name"):
        outbox_ddl("acd; DROP SCHEMA acd", ROLE)
    await asyncio.sleep(0)
