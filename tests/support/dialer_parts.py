"""What dialer tests run on: Asterisk, NATS, a database, an ACD and a dialer, shared by tests.

Starting them takes longer than most tests. Nothing here belongs to an event loop, so tests with
loops of their own share one set of parts; each brings its own tenant, trunk and customers.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from tests.support.asterisk import RealAsterisk, new_asterisk
from tests.support.nats import PASSWORD, NatsServer
from tests.support.ports import free_port
from tests.support.postgres import Database, PostgresServer
from tests.support.processes import ServerProcess
from tests.support.shared import FAILED
from tests.support.waiting import eventually

from ringway.cli.asterisk_config import CdrDatabase
from ringway.cli.probe import http_ok


@dataclass(frozen=True, slots=True)
class Service:
    """A process and where it tells its health."""

    process: ServerProcess
    health: str

    async def start(self) -> None:
        """Start it and wait until it is ready."""
        await self.process.start(partial(http_ok, self.health))

    async def until_ready(self) -> None:
        """Start it if it does not run, and wait until it is ready."""
        if not self.process.is_running:
            await self.start()

        async def is_ready() -> bool:
            return await http_ok(self.health) is None

        await eventually(is_ready, within_s=30, what=f"{self.process.name} is ready")


@dataclass(slots=True)
class DialerParts:
    """One installation without a public API; tests may kill its parts and start them again."""

    folder: Path
    database: Database
    nats: NatsServer
    asterisk: RealAsterisk
    acd: Service = field(init=False)
    dialer: Service = field(init=False)

    def __post_init__(self) -> None:
        self.acd, self.dialer = self.service("acd"), self.service("dialer")

    @classmethod
    def on(cls, folder: Path, database: Database, nats: NatsServer) -> DialerParts:
        """Return parts of which only the database and NATS run."""
        cdr = CdrDatabase(
            "127.0.0.1", database.port, database.name, "ringway_asterisk", "no-secret"
        )
        return cls(folder, database, nats, new_asterisk(folder / "asterisk", cdr=cdr))

    def service(self, name: str, replica: str = "0") -> Service:
        """Return one more service; who asks for it ends it."""
        port = free_port()
        process = ServerProcess(
            f"{name}-{replica}",
            (sys.executable, "-m", f"ringway.{name}"),
            self._environment(name, replica, port),
            self.folder,
        )
        return Service(process, f"http://127.0.0.1:{port}/readyz")

    async def ensure(self) -> None:
        """Start whatever does not run, and wait until all of it works."""
        await self.nats.start()
        if self.asterisk.pid is None:
            await self.asterisk.start()
        await asyncio.gather(self.acd.until_ready(), self.dialer.until_ready())

    async def end(self) -> None:
        """End the services and Asterisk."""
        self.acd.process.kill()
        self.dialer.process.kill()
        await self.asterisk.end()

    def _environment(self, service: str, replica: str, health_port: int) -> dict[str, str]:
        node = {
            "name": self.asterisk.node,
            "url": self.asterisk.ari_url,
            "username": service,
            "password": self.asterisk.passwords[service],
        }
        values = {
            "POSTGRES_DSN": self.database.dsn(f"ringway_{service}"),
            "NATS_URL": self.nats.url,
            "NATS_USER": service,
            "NATS_PASSWORD": PASSWORD,
            "HEALTH_PORT": str(health_port),
            "REPLICA": replica,
            "ARI_NODES": json.dumps([node]),
        }
        prefix = f"RINGWAY_{service.upper()}_"
        return {f"{prefix}{key}": value for key, value in values.items()} | {
            "PYTHONUNBUFFERED": "1"
        }


class SharedParts:
    """One set of parts for a whole run; after a test that failed, the next one gets fresh ones."""

    def __init__(self, make_folder: Callable[[], Path], postgres: PostgresServer) -> None:
        self._make_folder = make_folder
        self._postgres = postgres
        self._made: DialerParts | None = None
        self._last: pytest.Item | None = None

    async def for_test(self, item: pytest.Item) -> DialerParts:
        """Return parts that work."""
        if self._last is not None and self._last.stash.get(FAILED, False):
            await self.close()
        self._last = item
        if self._made is None:
            folder = self._make_folder()
            database = await self._postgres.create_database(("dialer", "acd"))
            self._made = DialerParts.on(folder, database, NatsServer(folder / "nats"))
        await self._postgres.start()
        await self._made.ensure()
        self._made.acd.process.turn_page()
        self._made.dialer.process.turn_page()
        return self._made

    async def close(self) -> None:
        """End what was made."""
        parts, self._made = self._made, None
        if parts is not None:
            await parts.end()
            parts.nats.stop()
            await self._postgres.drop_database(parts.database)
