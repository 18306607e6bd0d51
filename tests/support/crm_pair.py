"""Two replicas of the CRM API as processes, which can be killed and started again."""

from __future__ import annotations

import asyncio
import base64
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import orjson
from tests.support.crm import PLATFORM_PASSWORD, SERVICES, Crm, Signed, running_crm
from tests.support.crm_fork import Fork, Nursery
from tests.support.nats import PASSWORD, NatsServer
from tests.support.ports import free_port
from tests.support.postgres import Database, PostgresServer, connect
from tests.support.waiting import eventually

from ringway.cli.credentials import DATABASE_ADMIN, DATABASE_OWNER
from ringway.cli.probe import http_ok
from ringway.runtime.bus.connection import ApiRefused

_TRY_AGAIN = ("idempotency_key_in_use",)
_START_LIMIT_S = 150.0  # all of its modules are read, on a busy machine
PATIENCE_S = 40.0  # of one act, through an outage on a busy machine


@dataclass
class Replica:
    """One process of the CRM API."""

    process: Fork
    url: str
    http: httpx.AsyncClient

    async def start(self) -> None:
        """Start it, unless it runs, and wait until it takes requests."""
        if not self.process.is_running:
            self.process.spawn()

        async def is_ready() -> bool:
            assert self.process.is_running, self.process.log()[-3000:]
            return await http_ok(f"{self.url}/readyz") is None

        await eventually(is_ready, within_s=_START_LIMIT_S, what="it is ready")

    def kill(self) -> None:
        self.process.kill()


@dataclass
class CrmPair:
    """Two replicas, and the same application inside of the test, which only answers requests."""

    crm: Crm
    postgres: PostgresServer
    nats: NatsServer
    database: Database
    replicas: list[Replica]
    answers: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)  # answers that nobody may ever get
    _turn: int = 0

    async def start(self) -> None:
        """Have everything run."""
        await self.postgres.start()
        await self.nats.start()
        await asyncio.gather(*(each.start() for each in self.replicas))

    async def rows(self, sql: str, *args: Any, role: str = DATABASE_OWNER) -> list[asyncpg.Record]:
        """Look as the owner of the tables, on a connection that no outage has seen."""
        conn = await connect(self.database, role)
        try:
            return await conn.fetch(sql, *args)
        finally:
            await conn.close()

    async def ask(
        self, by: Signed, method: str, path: str, *, at: Replica | None = None, **more: Any
    ) -> httpx.Response:
        """Send a request to the replicas in turn until one answers for good, as a client does."""
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE_S
        headers = {"Authorization": f"Bearer {by.token}", **more.pop("headers", {})}
        while True:
            self._turn += 1
            replica = at or self.replicas[self._turn % len(self.replicas)]
            try:
                answer = await replica.http.request(
                    method, f"/api/v1{path}", headers=headers, **more
                )
            except httpx.TransportError:
                if loop.time() > until:
                    raise
                await asyncio.sleep(0.05)
                continue
            self._note(answer, path)
            must_wait = answer.status_code == 503 or _code(answer) in _TRY_AGAIN
            if not must_wait or loop.time() > until:
                return answer
            await asyncio.sleep(0.1)

    def _note(self, answer: httpx.Response, path: str) -> None:
        self.answers[answer.status_code] += 1
        is_bad = answer.status_code >= 500 and answer.status_code != 503
        if is_bad or (answer.status_code == 503 and "retry-after" not in answer.headers):
            self.wrong.append(f"{path}: {answer.status_code} {answer.text[:300]}")

    async def until_waiting(self, sql_part: str = "") -> Replica:
        """Return the replica that waits for a lock in a statement with these words."""
        found: list[Replica] = []

        async def is_waiting() -> bool:
            rows = await self.rows(
                """
                SELECT client_port FROM pg_stat_activity
                 WHERE datname = $1 AND wait_event_type = 'Lock' AND position($2 IN query) > 0
                """,
                self.database.name,
                sql_part,
                role=DATABASE_ADMIN,  # others do not see what somebody else waits for
            )
            found[:] = [
                each
                for each in self.replicas
                if any(owns(each.process, row["client_port"]) for row in rows)
            ]
            return bool(found)

        await eventually(is_waiting, within_s=40, what=f"a replica waits in {sql_part!r}")
        return found[0]

    @asynccontextmanager
    async def locked(self, sql: str, *args: Any) -> AsyncIterator[None]:
        """Hold the locks that a statement takes."""
        conn = await connect(self.database, DATABASE_OWNER)
        try:
            async with conn.transaction():
                await conn.execute(sql, *args)
                yield
        finally:
            await conn.close()

    async def facts(self, tenant_id: str) -> list[dict[str, Any]]:
        """Return all facts of a tenant when the outbox is empty, in the order of the stream."""

        async def is_empty() -> bool:
            return not await self.rows("SELECT 1 FROM crm.outbox LIMIT 1")

        await eventually(is_empty, within_s=30, what="all facts are told")
        epoch = await self.crm.deps.bus.connection.wait_up(30)
        found: list[dict[str, Any]] = []
        seq = 0
        while True:
            wanted = {"seq": seq + 1, "next_by_subj": f"*.v1.{tenant_id}.>"}
            try:
                message = (await epoch.api("STREAM.MSG.GET.FACTS", wanted))["message"]
            except ApiRefused:
                return found
            seq = message["seq"]
            payload = orjson.loads(base64.b64decode(message["data"]))
            found.append({**payload, "subject": message["subject"]})


@asynccontextmanager
async def crm_pair(postgres: PostgresServer, folder: Path) -> AsyncIterator[CrmPair]:
    """Start two replicas on a database and a NATS server of their own."""
    nursery = Nursery()  # reads while the rest is made
    database = await postgres.create_database(SERVICES)
    nats = NatsServer(folder / "nats")
    replicas: list[Replica] = []
    try:
        await nats.start()
        async with running_crm(database, nats, folder) as crm:
            try:
                replicas += [_replica(n, nursery, database, nats, folder) for n in range(2)]
                pair = CrmPair(crm, postgres, nats, database, replicas)
                await pair.start()
                yield pair
            finally:
                for each in replicas:
                    each.kill()
                    await each.http.aclose()
    finally:
        nursery.close()
        nats.stop()
        await postgres.drop_database(database)


def _replica(
    n: int, nursery: Nursery, database: Database, nats: NatsServer, folder: Path
) -> Replica:
    port = free_port()
    fields: dict[str, object] = {
        "postgres_dsn": database.dsn("ringway_crm_api"),
        "nats_url": nats.url,
        "nats_user": "crm_api",
        "nats_password": PASSWORD,
        "replica": n + 1,
        "http_port": port,
        "token_secret": "t" * 32,
        "media_secret": "m" * 32,
        "recorder_url": "http://127.0.0.1:9",
        "sip_address": "127.0.0.1:17005",
        "sip_ws": "ws://127.0.0.1:17004/ws",
        "platform_admin_password": PLATFORM_PASSWORD,
        "webhook_inside_hosts": '["127.0.0.1"]',
        "work_dir": folder,
        "import_chunk_rows": 20,
    }
    environment = {f"RINGWAY_CRM_API_{key.upper()}": str(value) for key, value in fields.items()}
    process = Fork(f"crm-{n}", nursery, environment, folder)
    url = f"http://127.0.0.1:{port}"
    return Replica(process, url, httpx.AsyncClient(base_url=url, timeout=30))


def _code(answer: httpx.Response) -> str:
    if not answer.headers.get("content-type", "").startswith("application/problem+json"):
        return ""
    return str(answer.json()["code"])


def owns(process: Fork, port: int) -> bool:
    """Whether a process has a connection from this port of its own."""
    if not process.is_running:
        return False
    proc = Path(f"/proc/{process.pid}")
    wanted = f":{port:04X}"
    for line in (proc / "net" / "tcp").read_text().splitlines()[1:]:
        words = line.split()
        inode = f"socket:[{words[9]}]"
        if words[1].endswith(wanted) and inode in map(_link, (proc / "fd").iterdir()):
            return True
    return False


def _link(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""
