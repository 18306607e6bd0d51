"""A real PostgreSQL for the tests of one session, and a fresh database for whoever asks.

Databases are clones of a template in which the roles and the wanted services' migrations are, so
one costs some ten milliseconds.
"""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from tests.support.ports import free_port
from tests.support.processes import ServerProcess

from ringway.cli.credentials import DATABASE_ADMIN, DATABASE_OWNER, SERVICE_ROLES
from ringway.cli.postgres_part import Postgres
from ringway.runtime.migrate import migrate, migrations_folder

_PASSWORD = "no-secret"
# Lost only with the machine: a killed server keeps what it acknowledged.
_FAST = {"fsync": "off", "full_page_writes": "off"}
_NONE: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Database:
    """One database; roles are such as ``ringway_dialer``, ``ringway_owner``, ``ringway_admin``."""

    name: str
    port: int

    def dsn(self, role: str) -> str:
        return f"postgresql://{role}:{_PASSWORD}@127.0.0.1:{self.port}/{self.name}"


class PostgresServer:
    """One PostgreSQL server that can be killed and started again on its port.

    Args:
        settings: Of PostgreSQL, beside those of an installation.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str] = _NONE) -> None:
        roles = (DATABASE_ADMIN, DATABASE_OWNER, *(f"ringway_{name}" for name in SERVICE_ROLES))
        self._postgres = Postgres(folder, free_port(), dict.fromkeys(roles, _PASSWORD))
        self._templates: dict[tuple[str, ...], str] = {}
        self._numbers = itertools.count(1)
        self._postgres.prepare()
        part = self._postgres.part()
        wanted = {**_FAST, **settings}
        fast = [word for key, value in wanted.items() for word in ("-c", f"{key}={value}")]
        self.process = ServerProcess("postgres", (*part.argv, *fast), part.environment, folder)

    @property
    def port(self) -> int:
        return self._postgres.port

    async def start(self) -> None:
        """Start it, unless it runs, and wait until it answers."""
        if not self.process.is_running:
            await self.process.start(self._postgres.check)

    def kill(self) -> None:
        """Kill -9, all of it.

        What serves a connection notices the death of its server, but may answer once more before.
        """
        pid = self.process.pid
        children: list[int] = []
        with suppress(OSError):  # it is dead already
            children += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        self.process.kill()
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        for child in children:
            while _is_alive(child):
                time.sleep(0.001)

    def stop(self) -> None:
        """End it at once; nobody needs its data any more."""
        if self.process.is_running:
            self.process.signal(signal.SIGQUIT)
        self._postgres.tidy()

    async def create_database(self, services: Sequence[str] = ()) -> Database:
        """Return a new database with the roles and the migrations of ``services``."""
        await self.start()
        key = tuple(services)
        if key not in self._templates:
            template = f"template_{next(self._numbers)}"
            await self._make_template(template, key)
            self._templates[key] = template
        name = f"test_{next(self._numbers)}"
        await self._admin(f"CREATE DATABASE {name} TEMPLATE {self._templates[key]}")
        await self._grant(name)
        return Database(name, self.port)

    async def drop_database(self, database: Database) -> None:
        await self.start()
        await self._admin(f"DROP DATABASE IF EXISTS {database.name} WITH (FORCE)")

    async def _make_template(self, name: str, services: tuple[str, ...]) -> None:
        await self._postgres.make_roles()
        await self._admin(f"CREATE DATABASE {name}")
        await self._grant(name)
        if services:
            dsn = Database(name, self.port).dsn(DATABASE_OWNER)
            await migrate(dsn, [(service, migrations_folder(service)) for service in services])

    async def _grant(self, name: str) -> None:
        """Rights on a database do not come with its template."""
        roles = ", ".join(f"ringway_{role}" for role in SERVICE_ROLES)
        await self._admin(
            f"REVOKE ALL ON DATABASE {name} FROM PUBLIC",
            f"GRANT CONNECT, CREATE ON DATABASE {name} TO {DATABASE_OWNER}",
            f"GRANT CONNECT ON DATABASE {name} TO {roles}",
        )

    async def _admin(self, *statements: str) -> None:
        conn = await self._postgres.connect_as_admin("postgres")
        try:
            for statement in statements:
                await conn.execute(statement)
        finally:
            await conn.close()


async def connect(database: Database, role: str) -> asyncpg.Connection[asyncpg.Record]:
    """Open a plain connection, for looking behind the pool's back."""
    return await asyncpg.connect(database.dsn(role))


def _is_alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(") ")[2][0] not in "ZX"
