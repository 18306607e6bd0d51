"""Runs the services' SQL migrations, once each and in order.

A migration is ``NNNN_pre_<name>.sql`` (before the new release starts) or ``NNNN_post_<name>.sql``
(after the old one is gone). Each runs in a transaction of its own, except when its first line is
``-- no transaction`` (for CREATE INDEX CONCURRENTLY). What has run is never edited: a changed file
stops the runner.

    python -m ringway.runtime.migrate --dsn postgresql://... [--phase pre|post|all] acd dialer
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import logging
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import asyncpg

_log = logging.getLogger("ringway.migrate")

Phase = Literal["pre", "post", "all"]

_NAME = re.compile(r"^(?P<number>\d{4})_(?P<phase>pre|post)_(?P<name>[a-z0-9_]+)\.sql$")
_NO_TRANSACTION = "-- no transaction"
# Any number will do as long as every runner uses the same.
_ADVISORY_LOCK = 7_266_349_001
_LOCK_POLL_S = 0.1
_LEDGER = """
    CREATE SCHEMA IF NOT EXISTS ringway_meta;
    CREATE TABLE IF NOT EXISTS ringway_meta.migration (
        service    text        NOT NULL,
        number     integer     NOT NULL,
        file       text        NOT NULL,
        checksum   text        NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (service, number)
    );
"""


class MigrationInvalid(Exception):
    """A file is misnamed, two have one number, or one that has run was changed."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file. ``checksum`` is of its text, so line ends and bytes count."""

    service: str
    number: int
    phase: str
    file: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def read_migrations(service: str, folder: Path) -> list[Migration]:
    """Return a service's migrations in order. Raises MigrationInvalid."""
    found: dict[int, Migration] = {}
    for path in sorted(folder.glob("*.sql")):
        match = _NAME.match(path.name)
        if match is None:
            raise MigrationInvalid(f"{service}: {path.name} is not NNNN_pre_name.sql or _post_")
        number = int(match["number"])
        if number in found:
            raise MigrationInvalid(
                f"{service}: {path.name} and {found[number].file} share a number"
            )
        sql = path.read_text(encoding="utf-8")
        found[number] = Migration(service, number, match["phase"], path.name, sql)
    return [found[number] for number in sorted(found)]


def migrations_folder(service: str) -> Path:
    """Return the folder of an installed service's migrations."""
    return Path(str(files(f"ringway.{service}"))) / "migrations"


async def migrate(
    dsn: str, services: Sequence[tuple[str, Path]], *, phase: Phase = "all"
) -> list[str]:
    """Run what has not run yet and return it as ``service/file``.

    Several runners at once wait for each other.

    Args:
        dsn: Of the role that shall own the objects.
        services: Name and folder of each, in the order in which they may refer to each other.

    Raises:
        MigrationInvalid: Nothing was run.
        asyncpg.PostgresError: One failed and was rolled back; those before it stay.
    """
    pending = [m for name, folder in services for m in read_migrations(name, folder)]
    done: list[str] = []
    conn: Any = await asyncpg.connect(dsn, server_settings={"application_name": "ringway-migrate"})
    try:
        # Asked again and again instead of waited for: a waiting statement would hold up another
        # runner's CREATE INDEX CONCURRENTLY, which waits for all that is running.
        while not await conn.fetchval("SELECT pg_try_advisory_lock($1)", _ADVISORY_LOCK):  # noqa: ASYNC110
            await asyncio.sleep(_LOCK_POLL_S)
        await conn.execute(_LEDGER)
        rows = await conn.fetch(
            "SELECT service, number, file, checksum FROM ringway_meta.migration"
        )
        applied = {(r["service"], r["number"]): r for r in rows}
        for each in pending:
            row = applied.get((each.service, each.number))
            if row is not None and row["checksum"] != each.checksum:
                raise MigrationInvalid(f"{each.service}: {each.file} was changed after it had run")
        for each in pending:
            if (each.service, each.number) in applied or phase not in (each.phase, "all"):
                continue
            await _apply(conn, each)
            done.append(f"{each.service}/{each.file}")
    finally:
        await conn.close()
    return done


async def _apply(conn: Any, migration: Migration) -> None:
    record = """
        INSERT INTO ringway_meta.migration (service, number, file, checksum)
        VALUES ($1, $2, $3, $4)
    """
    values = (migration.service, migration.number, migration.file, migration.checksum)
    if migration.sql.startswith(_NO_TRANSACTION):
        await conn.execute(migration.sql)
        await conn.execute(record, *values)
    else:
        async with conn.transaction():
            await conn.execute(migration.sql)
            await conn.execute(record, *values)
    _log.info(
        "A migration ran.", extra={"migrated_service": migration.service, "file": migration.file}
    )


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m ringway.runtime.migrate")
    parser.add_argument("--dsn", default=os.environ.get("RINGWAY_MIGRATE_DSN"))
    parser.add_argument("--phase", choices=("pre", "post", "all"), default="all")
    parser.add_argument("services", nargs="+", metavar="SERVICE")
    args = parser.parse_args()
    if not args.dsn:
        parser.error("give --dsn or RINGWAY_MIGRATE_DSN")
    try:
        done = asyncio.run(
            migrate(
                args.dsn,
                [(name, migrations_folder(name)) for name in args.services],
                phase=args.phase,
            )
        )
    except (MigrationInvalid, asyncpg.PostgresError, OSError, ModuleNotFoundError) as error:
        sys.exit(f"migration failed: {error}")
    for name in done:
        print(name)  # noqa: T201 - the answer to whoever runs it


if __name__ == "__main__":
    _main()
