"""The pool on a real PostgreSQL: tenants are kept apart, losses are survived."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import pytest
from tests.conftest import MakeDatabase
from tests.support.postgres import Database, PostgresServer, connect
from tests.support.waiting import eventually

from ringway.runtime.errors import PostgresDown
from ringway.runtime.postgres import Pool, retry_while_down

pytestmark = pytest.mark.integration

A, B = uuid4(), uuid4()

TABLE = """
CREATE SCHEMA dialer;
GRANT USAGE ON SCHEMA dialer TO ringway_dialer;
CREATE TABLE dialer.thing (
    tenant_id uuid NOT NULL, name text NOT NULL, PRIMARY KEY (tenant_id, name)
);
ALTER TABLE dialer.thing ENABLE ROW LEVEL SECURITY;
ALTER TABLE dialer.thing FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON dialer.thing TO ringway_dialer
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON dialer.thing TO ringway_dialer;
"""
INSERT = "INSERT INTO dialer.thing (tenant_id, name) VALUES ($1, $2)"
COUNT = "SELECT count(*) FROM dialer.thing"


@pytest.fixture
async def database(make_database: MakeDatabase) -> Database:
    made = await make_database()
    owner = await connect(made, "ringway_owner")
    await owner.execute(TABLE)
    await owner.close()
    return made


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    async with Pool.open(database.dsn("ringway_dialer"), application_name="test") as opened:
        async with opened.tenant(A) as conn:
            await conn.execute(INSERT, A, "a")
        async with opened.tenant(str(B)) as conn:
            await conn.execute(INSERT, B, "b")
        yield opened


async def test_a_tenant_sees_its_rows_only(pool: Pool) -> None:
    async with pool.tenant(A) as conn:
        assert [r["name"] for r in await conn.fetch("SELECT name FROM dialer.thing")] == ["a"]


async def test_a_forgotten_tenant_sees_nothing(pool: Pool) -> None:
    async with pool.platform() as conn:
        assert await conn.fetchval(COUNT) == 0
        assert await conn.execute("DELETE FROM dialer.thing") == "DELETE 0"


async def test_a_tenant_cannot_write_for_another(pool: Pool) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with pool.tenant(A) as conn:
            await conn.execute(INSERT, B, "smuggled")


async def test_the_tenant_does_not_outlive_its_transaction(database: Database) -> None:
    dsn = database.dsn("ringway_dialer")
    async with Pool.open(dsn, max_size=1, application_name="test") as pool:
        async with pool.tenant(A) as conn:
            await conn.execute(INSERT, A, "a")
        async with pool.platform() as conn:  # the same connection
            assert await conn.fetchval(COUNT) == 0
        with pytest.raises(RuntimeError, match="changed my mind"):  # noqa: PT012
            async with pool.tenant(A) as conn:
                await conn.execute(INSERT, A, "x")
                raise RuntimeError("changed my mind")
        async with pool.tenant(A) as conn:
            assert await conn.fetchval(COUNT) == 1


async def test_settings_last_for_their_transaction(database: Database) -> None:
    dsn = database.dsn("ringway_dialer")
    async with Pool.open(dsn, max_size=1, application_name="test") as pool:
        async with pool.tenant(A, settings={"enable_sort": "off"}) as conn:
            assert await conn.fetchval("SHOW enable_sort") == "off"
            assert await conn.fetchval("SELECT count(*) FROM dialer.thing") == 0
        async with pool.tenant(A) as conn:
            assert await conn.fetchval("SHOW enable_sort") == "on"


async def test_a_setting_that_cannot_be_leaves_the_connection_as_it_was(
    database: Database,
) -> None:
    dsn = database.dsn("ringway_dialer")
    async with Pool.open(dsn, max_size=1, application_name="test") as pool:
        with pytest.raises(asyncpg.InvalidParameterValueError, match="it's 1s"):
            async with pool.tenant(A, settings={"statement_timeout": "it's 1s"}):
                pass
        with pytest.raises(ValueError, match="is no setting"):
            pool.tenant(A, settings={"x = 'y'; DROP TABLE dialer.thing; --": "1"})
        async with pool.platform() as conn:
            assert not await conn.fetchval("SELECT current_setting('ringway.tenant_id', true)")
        async with pool.tenant(A) as conn:
            await conn.execute(INSERT, A, "a")


async def test_no_transaction_is_of_another_tenant_than_its_own(database: Database) -> None:
    """Many take turns on two connections; some fail, some are cancelled wherever they are."""
    chosen = random.Random(11)
    # A cancelled statement may also be told of by the server, to whoever asks next.
    harmless = asyncio.CancelledError | asyncpg.DivisionByZeroError | asyncpg.QueryCanceledError
    dsn = database.dsn("ringway_dialer")
    async with Pool.open(dsn, max_size=2, application_name="test") as pool:
        for tenant_id in (A, B):
            async with pool.tenant(tenant_id) as conn:
                await conn.execute(INSERT, tenant_id, "his")

        async def visit(tenant_id: UUID | None, reads: bool, fails: bool) -> None:
            of_tenant = pool.reading if reads else pool.tenant
            block = of_tenant(tenant_id, limit_s=60) if tenant_id else pool.platform(limit_s=60)
            async with block as conn:
                seen = {row["tenant_id"] for row in await conn.fetch("SELECT * FROM dialer.thing")}
                assert seen == ({tenant_id} if tenant_id else set())
                if fails:
                    await conn.execute("SELECT 1 / 0")

        for _ in range(5):
            visits = [
                asyncio.create_task(
                    visit(chosen.choice((A, B, None)), chosen.random() < 0.5, chosen.random() < 0.3)
                )
                for _ in range(30)
            ]
            for each in chosen.sample(visits, 10):
                asyncio.get_running_loop().call_later(chosen.uniform(0, 0.02), each.cancel)
            for outcome in await asyncio.gather(*visits, return_exceptions=True):
                assert outcome is None or isinstance(outcome, harmless), repr(outcome)


# -- reading -------------------------------------------------------------------------------------


async def test_who_only_reads_sees_his_tenants_rows_and_cannot_write(pool: Pool) -> None:
    async with pool.reading(A, settings={"enable_sort": "off"}) as conn:
        assert [r["name"] for r in await conn.fetch("SELECT name FROM dialer.thing")] == ["a"]
        assert await conn.fetchval("SHOW enable_sort") == "off"
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        async with pool.reading(A) as conn:
            await conn.execute(INSERT, A, "x")
    async with pool.reading(B) as conn:
        assert [r["name"] for r in await conn.fetch("SELECT name FROM dialer.thing")] == ["b"]
        assert await conn.fetchval("SHOW enable_sort") == "on"


async def test_reading_and_writing_take_turns_on_one_connection(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    dsn = database.dsn("ringway_dialer")
    async with Pool.open(dsn, max_size=1, application_name="test") as pool:
        for n in range(20):
            async with pool.tenant(A) as conn:
                await conn.execute(INSERT, A, str(n))
                pid = await conn.fetchval("SELECT pg_backend_pid()")
            for _ in range(n % 3):
                async with pool.reading(A) as conn:
                    assert await conn.fetchval(COUNT) == n + 1
                    assert await conn.fetchval("SELECT pg_backend_pid()") == pid
            async with pool.platform() as conn:
                assert await conn.fetchval(COUNT) == 0
    assert "active transaction" not in caplog.text  # asyncpg found none that was forgotten


async def test_many_who_read_at_once_keep_their_connections(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """What ends a transaction that was left meets it in every state."""
    dsn, chosen = database.dsn("ringway_dialer"), random.Random(7)
    async with Pool.open(dsn, max_size=3, application_name="test") as pool:
        pids: set[int] = set()

        async def read() -> None:
            for _ in range(150):
                async with pool.reading(chosen.choice((A, B))) as conn:
                    pids.add(await conn.fetchval("SELECT pg_backend_pid()"))
                if chosen.random() < 0.1:
                    await asyncio.sleep(chosen.uniform(0, 0.02))

        await asyncio.gather(*(read() for _ in range(6)))
        assert len(pids) <= 3
    assert "active transaction" not in caplog.text


async def test_a_transaction_that_has_read_ends_soon_although_no_other_begins(
    pool: Pool, database: Database
) -> None:
    owner = await connect(database, "ringway_owner")

    async def locks() -> int:
        return int(
            await owner.fetchval(
                "SELECT count(*) FROM pg_locks WHERE relation = 'dialer.thing'::regclass"
            )
        )

    async with pool.reading(A) as one, pool.reading(B) as other:
        assert await one.fetchval(COUNT) == await other.fetchval(COUNT) == 1
        assert await locks() > 0

    async def nothing_is_locked() -> bool:
        return await locks() == 0

    await eventually(nothing_is_locked, what="no transaction is left open")
    await owner.close()
    async with pool.reading(B) as conn:
        assert await conn.fetchval(COUNT) == 1


async def test_a_connection_that_broke_after_reading_is_replaced_unseen(
    pool: Pool, postgres: PostgresServer
) -> None:
    async with pool.reading(A), pool.reading(A), pool.reading(A):
        pass
    postgres.kill()
    await postgres.start()
    for _ in range(5):
        async with pool.reading(A) as conn:
            assert await conn.fetchval(COUNT) == 1


async def test_reading_that_is_cancelled_leaves_the_connection_to_others(
    database: Database,
) -> None:
    dsn = database.dsn("ringway_dialer")
    async with Pool.open(dsn, max_size=1, application_name="test") as pool:
        async with pool.tenant(A) as conn:
            await conn.execute(INSERT, A, "a")
        reads = asyncio.Event()

        async def read_and_hang() -> None:
            async with pool.reading(A) as conn:
                await conn.fetchval(COUNT)
                reads.set()
                await conn.execute("SELECT pg_sleep(30)")

        task = asyncio.get_running_loop().create_task(read_and_hang())
        await reads.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with pool.platform() as conn:
            assert await conn.fetchval(COUNT) == 0
        async with pool.reading(A) as conn:
            assert await conn.fetchval(COUNT) == 1


async def test_a_tenant_that_is_no_uuid_is_refused(pool: Pool) -> None:
    with pytest.raises(ValueError, match="badly formed"):
        async with pool.tenant("x'; DROP TABLE dialer.thing; --"):
            pass


async def test_errors_of_sql_are_not_taken_for_a_lost_server(pool: Pool) -> None:
    with pytest.raises(asyncpg.UniqueViolationError):
        async with pool.tenant(A) as conn:
            await conn.execute(INSERT, A, "a")
    with pytest.raises(asyncpg.QueryCanceledError):  # noqa: PT012
        async with pool.platform() as conn:
            await conn.execute("SET LOCAL statement_timeout = 10")
            await conn.execute("SELECT pg_sleep(5)")
    assert pool.healthy


async def test_the_pool_survives_a_killed_server(
    pool: Pool, postgres: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "ringway.postgres")
    with pytest.raises(PostgresDown):  # noqa: PT012
        async with pool.tenant(A) as conn:
            await conn.execute(INSERT, A, "lost")
            postgres.kill()
            await conn.execute("SELECT 1")
    assert not pool.healthy
    with pytest.raises(PostgresDown):
        async with pool.tenant(A, limit_s=0.3):
            pass

    async def count() -> int:
        async with pool.tenant(A, limit_s=3) as conn:
            return int(await conn.fetchval(COUNT))

    await postgres.start()
    assert await retry_while_down(count, limit_s=20) == 1
    messages = [r.getMessage() for r in caplog.records]
    assert messages.count("PostgreSQL is lost.") == 1


async def test_the_pool_opens_before_the_server_is_there(
    database: Database, postgres: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "ringway.postgres")
    postgres.kill()
    async with Pool.open(database.dsn("ringway_dialer"), application_name="test") as pool:
        assert not pool.healthy
        await postgres.start()
        async with pool.tenant(A) as conn:  # it waits a little by itself
            assert await conn.fetchval(COUNT) == 0
        while not pool.healthy:
            await pool._probe()
    messages = [r.getMessage() for r in caplog.records]
    assert messages == ["PostgreSQL is lost.", "PostgreSQL is connected."]


async def test_connections_that_broke_while_idle_are_replaced_unseen(
    pool: Pool, postgres: PostgresServer
) -> None:
    async with pool.tenant(A), pool.tenant(A), pool.tenant(A):
        pass  # three connections are now idle in the pool
    postgres.kill()
    await postgres.start()
    for _ in range(5):
        async with pool.tenant(A) as conn:
            assert await conn.fetchval(COUNT) == 1


async def test_errors_of_the_caller_stay_his(pool: Pool) -> None:
    with pytest.raises(ConnectionRefusedError):
        async with pool.tenant(A):
            raise ConnectionRefusedError("of some other server")
    with pytest.raises(TimeoutError):
        async with pool.tenant(A):
            raise TimeoutError("of some other server")
    assert pool.healthy


async def test_a_cancelled_transaction_is_rolled_back(pool: Pool) -> None:
    wrote = asyncio.Event()

    async def write_and_hang() -> None:
        async with pool.tenant(A) as conn:
            await conn.execute(INSERT, A, "half")
            wrote.set()
            await asyncio.Event().wait()

    task = asyncio.get_running_loop().create_task(write_and_hang())
    await wrote.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with pool.tenant(A) as conn:
        assert await conn.fetchval(COUNT) == 1


async def test_a_full_pool_makes_others_wait_and_then_says_so(database: Database) -> None:
    dsn = database.dsn("ringway_dialer")
    async with Pool.open(dsn, max_size=1, application_name="test") as pool, pool.platform():
        with pytest.raises(PostgresDown, match="no free connection"):
            async with pool.platform(limit_s=0.1):
                pass


async def test_a_transaction_may_contain_another(pool: Pool) -> None:
    async with pool.tenant(A) as conn:
        with pytest.raises(asyncpg.UniqueViolationError):
            async with conn.transaction():
                await conn.execute(INSERT, A, "a")
        await conn.execute(INSERT, A, "b")
    async with pool.tenant(A) as conn:
        assert await conn.fetchval(COUNT) == 2
