"""The migration runner on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import asyncpg
import pytest
from tests.conftest import MakeDatabase
from tests.support.postgres import Database, connect

from ringway.runtime.migrate import MigrationInvalid, migrate

pytestmark = pytest.mark.integration


@pytest.fixture
async def database(make_database: MakeDatabase) -> Database:
    return await make_database()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "migrations"
    made.mkdir()
    (made / "0001_pre_begin.sql").write_text("CREATE SCHEMA s; CREATE TABLE s.t (n int);")
    (made / "0002_post_fill.sql").write_text("INSERT INTO s.t VALUES (1);")
    (made / "0003_pre_index.sql").write_text(
        "-- no transaction\nCREATE INDEX CONCURRENTLY t_n ON s.t (n);"
    )
    return made


async def test_each_runs_once_in_order_of_its_number(database: Database, folder: Path) -> None:
    dsn = database.dsn("ringway_owner")
    assert await migrate(dsn, [("s", folder)]) == [
        "s/0001_pre_begin.sql",
        "s/0002_post_fill.sql",
        "s/0003_pre_index.sql",
    ]
    assert await migrate(dsn, [("s", folder)]) == []


async def test_post_waits_for_its_phase(database: Database, folder: Path) -> None:
    dsn = database.dsn("ringway_owner")
    ran = await migrate(dsn, [("s", folder)], phase="pre")
    assert ran == ["s/0001_pre_begin.sql", "s/0003_pre_index.sql"]
    assert await migrate(dsn, [("s", folder)], phase="post") == ["s/0002_post_fill.sql"]


async def test_two_runners_at_once_wait_for_each_other(database: Database, folder: Path) -> None:
    dsn = database.dsn("ringway_owner")
    ran = await asyncio.gather(*(migrate(dsn, [("s", folder)]) for _ in range(4)))
    assert sorted(len(names) for names in ran) == [0, 0, 0, 3]


async def test_a_changed_file_stops_everything(database: Database, folder: Path) -> None:
    dsn = database.dsn("ringway_owner")
    await migrate(dsn, [("s", folder)])
    (folder / "0001_pre_begin.sql").write_text("CREATE SCHEMA other;")
    (folder / "0004_pre_more.sql").write_text("CREATE TABLE s.more ();")
    with pytest.raises(MigrationInvalid, match="was changed after it had run"):
        await migrate(dsn, [("s", folder)])
    conn = await connect(database, "ringway_owner")
    assert await conn.fetchval("SELECT to_regclass('s.more')") is None
    await conn.close()


async def test_a_failed_one_leaves_no_trace_and_is_tried_again(
    database: Database, folder: Path
) -> None:
    dsn = database.dsn("ringway_owner")
    (folder / "0002_post_fill.sql").write_text("CREATE TABLE s.half (); SELECT 1/0;")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(dsn, [("s", folder)])
    conn = await connect(database, "ringway_owner")
    assert await conn.fetchval("SELECT to_regclass('s.half')") is None
    await conn.close()
    (folder / "0002_post_fill.sql").write_text("CREATE TABLE s.half ();")
    assert await migrate(dsn, [("s", folder)]) == ["s/0002_post_fill.sql", "s/0003_pre_index.sql"]


async def test_names_and_numbers_are_checked_before_anything_runs(
    database: Database, folder: Path
) -> None:
    dsn = database.dsn("ringway_owner")
    (folder / "0001_pre_again.sql").write_text("")
    with pytest.raises(MigrationInvalid, match="share a number"):
        await migrate(dsn, [("s", folder)])
    (folder / "0001_pre_again.sql").rename(folder / "5-more.sql")
    with pytest.raises(MigrationInvalid, match="is not NNNN"):
        await migrate(dsn, [("s", folder)])


async def test_the_command_says_what_is_wrong(database: Database) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ringway.runtime.migrate"),
        *("--dsn", database.dsn("ringway_owner"), "no_such_service"),
        stderr=asyncio.subprocess.PIPE,
    )
    _, stderr = await process.communicate()
    assert process.returncode == 1
    assert b"migration failed" in stderr
    assert b"no_such_service" in stderr
