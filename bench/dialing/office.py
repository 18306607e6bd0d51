"""One Asterisk that calls people: for Ringway's dialer, and by call files without it."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from bench.load import scenarios, sipp
from bench.load.centre import roomy_asterisk
from bench.load.cpu import cpu_s
from tests.support.asterisk import RealAsterisk
from tests.support.nats import PASSWORD, NatsServer
from tests.support.ports import free_port, free_range
from tests.support.postgres import Database, PostgresServer
from tests.support.processes import ServerProcess

from ringway.cli import asterisk_config
from ringway.cli.asterisk_config import CdrDatabase
from ringway.cli.probe import http_ok
from ringway.proto import acd
from ringway.proto import dialer as p
from ringway.proto.base import Done
from ringway.runtime.bus import Bus
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import DependencyDown
from ringway.runtime.postgres import Pool

TRUNK = "bench"
CALLER_ID = "+447700900999"
RING_S = 0.2
NO_ANSWER_S = 5.0
_LINES = 1000
_START_LIMIT_S = 30.0
_SETTLE_S = 20.0
_CHUNK = 5000
_PREFIXES = ("+447%09d", "+4915%09d", "+86139%08d", "+1212%07d")
_UNIX_TIME = re.compile(r"\d{9,}\.\d+")
_CALL_FILE = """Channel: PJSIP/{number}@{endpoint}
CallerID: <{caller}>
MaxRetries: 0
WaitTime: {wait}
Application: Hangup
"""


def numbers(first: int, count: int, endings: str = "0123456789") -> list[str]:
    """Return numbers of four countries; ``endings`` are the last digits, in turn."""
    found = []
    for n in range(first, first + count):
        digits = n // len(endings) * 10 + int(endings[n % len(endings)])
        found.append(_PREFIXES[n // len(endings) % len(_PREFIXES)] % digits)
    return found


@dataclass(slots=True)
class Office:
    """Everything that runs. Times are Unix times of SIPp: when it saw an INVITE."""

    tenant: str
    pool: Pool
    bus: Bus
    asterisk: RealAsterisk
    dialer: ServerProcess
    dialer_health: str
    log: Path
    pids: dict[str, int]
    endpoint: str = ""
    _first: int = 500_000_000
    _made: int = 0
    _read: int = field(default=0)

    async def start_dialer(self) -> None:
        """Start it: nothing dials before."""
        await self.dialer.start(partial(http_ok, self.dialer_health))
        self.pids["dialer"] = self.dialer.pid

    async def ask(self, kind: type[Any], reply: type[Any], /, **fields: Any) -> Any:
        """Send one request as the public API would."""
        request = kind(occurred_at=utcnow(), tenant=self.tenant, **fields)
        return await self.bus.request(request, reply, timeout_s=20)

    def fresh_numbers(self, count: int, endings: str = "0123456789") -> list[str]:
        """Return numbers that nobody has called."""
        self._first += 10 * count + 10
        return numbers(self._first - self._first % len(endings), count, endings)

    async def campaign(self, leads: Sequence[str], **spec: Any) -> str:
        """Have a campaign with one lead per number; it is not started."""
        self._made += 1
        name = f"c{self._made}"
        await self.ask(p.PutListV1, Done, list_id=name, name=name)
        for at in range(0, len(leads), _CHUNK):
            rows = tuple(
                p.LeadRow(lead_id=f"{name}-{at + n}", phone_e164=number)
                for n, number in enumerate(leads[at : at + _CHUNK])
            )
            await self.ask(
                p.AddLeadsV1, p.LeadsAddedV1, list_id=name, batch_id=name, chunk_no=at // _CHUNK,
                rows=rows,
            )  # fmt: skip
        await self.put_campaign(name, (name,), **spec)
        return name

    async def put_campaign(self, campaign_id: str, list_ids: Sequence[str], **spec: Any) -> None:
        """Have a campaign that tries numbers and needs no agents."""
        values = screening(list_ids) | spec
        await self.ask(p.PutProjectV1, Done, project_id="p", name="p")
        await self.ask(
            p.PutCampaignV1, Done, campaign_id=campaign_id,
            spec=p.CampaignSpec.model_validate(values),
        )  # fmt: skip

    async def control(self, campaign_id: str, action: str) -> None:
        """Start, pause or stop a campaign."""
        await self.ask(
            p.ControlCampaignV1, p.CampaignStateV1, campaign_id=campaign_id, action=action
        )

    async def ended(self, campaign_id: str) -> int:
        """Return how many attempts are recorded to their end."""
        async with self.pool.tenant(self.tenant) as conn:
            found: int = await conn.fetchval(
                "SELECT count(*) FROM dialer.attempt"
                " WHERE tenant_id = $1 AND campaign_id = $2 AND ended_at IS NOT NULL",
                self.tenant, campaign_id,
            )  # fmt: skip
        return found

    async def call_file(self, number: str, name: str) -> None:
        """Have plain Asterisk call a number."""
        text = _CALL_FILE.format(
            number=number, endpoint=self.endpoint, caller=CALLER_ID, wait=int(NO_ANSWER_S)
        )
        spool = self.asterisk.folder / "spool"
        draft = spool / "tmp" / f"{name}.call"
        draft.write_text(text)
        draft.rename(spool / "outgoing" / f"{name}.call")  # at once, or it is read half written

    def came(self) -> list[float]:
        """Return when the INVITEs came that were not told of yet."""
        if not self.log.exists():
            return []
        lines = self.log.read_text(errors="replace").splitlines()
        new, self._read = lines[self._read :], len(lines)
        return sorted(
            float(found[0]) for line in new if (found := re.findall(r"\d{9,}\.\d+", line))
        )

    def cpu_s(self) -> dict[str, float]:
        """Return the CPU seconds of each process so far."""
        return cpu_s(self.pids)

    async def idle(self, seconds: float) -> dict[str, float]:
        """Return the CPU seconds a second of each process when there are no calls."""
        before = self.cpu_s()
        await asyncio.sleep(seconds)
        after = self.cpu_s()
        return {name: (after[name] - before[name]) / seconds for name in before}

    async def settled(self) -> None:
        """Wait until no channels are left; give up on a node that is behind."""
        async with self.asterisk.http() as session:
            for _ in range(int(_SETTLE_S / 0.2)):
                async with session.get(f"{self.asterisk.ari_url}/ari/channels") as answer:
                    if not await answer.json():
                        return
                await asyncio.sleep(0.2)


def screening(list_ids: Sequence[str]) -> dict[str, Any]:
    """Return a campaign's spec: whoever answers is hung up on at once, as call files do."""
    return {
        "name": "bench", "project_id": "p", "mode": p.CampaignMode.SCREENING,
        "list_ids": tuple(list_ids), "trunk_id": TRUNK, "caller_id": CALLER_ID,
        "max_attempts": 1, "ring_timeout_s": NO_ANSWER_S, "max_lines": _LINES,
    }  # fmt: skip


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Office]:
    """Start everything but the dialer, and the people who are called."""
    program = await asyncio.to_thread(sipp.find_or_fetch)
    work = folder / "sipp"
    work.mkdir()
    port = free_range(10)
    async with AsyncExitStack() as stack:
        people = await sipp.start(
            program, work, "people", scenarios.called(RING_S),
            *("-p", port, "-mp", port + 2, "-trace_logs", "-log_file", str(work / "people.log")),
        )  # fmt: skip
        stack.push_async_callback(people.end)
        postgres = PostgresServer(folder / "postgres")
        stack.callback(postgres.stop)
        nats = NatsServer(folder / "nats")
        stack.callback(nats.stop)
        database, _ = await asyncio.gather(
            postgres.create_database(("acd", "dialer")), nats.start()
        )
        cdr = CdrDatabase(
            "127.0.0.1", database.port, database.name, "ringway_asterisk", "no-secret"
        )
        asterisk = roomy_asterisk(folder / "asterisk", cdr)
        stack.callback(asterisk_config.tidy, asterisk.folder)
        stack.push_async_callback(asterisk.stop)
        await asterisk.start()
        health = {name: free_port() for name in ("acd", "dialer")}
        services = {
            name: ServerProcess(
                name, (sys.executable, "-m", f"ringway.{name}"),
                _environment(name, asterisk, database, nats, health[name]), folder,
            )
            for name in health
        }  # fmt: skip
        for service in services.values():
            stack.callback(service.kill)
        await services["acd"].start(partial(http_ok, _ready(health["acd"])))
        bus = await stack.enter_async_context(nats.bus("crm_api"))
        pool = await stack.enter_async_context(
            Pool.open(database.dsn("ringway_dialer"), max_size=3, application_name="bench")
        )
        pids = {
            "asterisk": asterisk.pid or 0, "acd": services["acd"].pid, "nats": nats.process.pid,
            "postgres": postgres.process.pid,
        }  # fmt: skip
        office = Office(
            str(uuid4()), pool, bus, asterisk, services["dialer"], _ready(health["dialer"]),
            work / "people.log", pids,
        )  # fmt: skip
        await _make_trunk(office, port)
        await _load_spool(office)
        yield office


async def _make_trunk(office: Office, port: int) -> None:
    """Make the trunk; the ACD takes requests some time after it is healthy."""
    fields = {"trunk_id": TRUNK, "name": TRUNK, "host": "127.0.0.1", "port": port}
    async with asyncio.timeout(_START_LIMIT_S):
        while True:
            try:
                await office.ask(acd.PutTrunkV1, acd.TrunkV1, **fields)
                break
            except DependencyDown:
                await asyncio.sleep(0.1)
    async with office.asterisk.http() as session:
        url = f"{office.asterisk.ari_url}/ari/endpoints/PJSIP"
        async with session.get(url) as answer:
            names = [str(each["resource"]) for each in await answer.json()]
    office.endpoint = next(name for name in names if name.startswith("trunk-"))


async def _load_spool(office: Office) -> None:
    for name in ("outgoing", "tmp"):
        (office.asterisk.folder / "spool" / name).mkdir(parents=True, exist_ok=True)
    async with office.asterisk.http() as session:
        url = f"{office.asterisk.ari_url}/ari/asterisk/modules/pbx_spool.so"
        async with session.post(url) as answer:
            answer.raise_for_status()


def _ready(port: int) -> str:
    return f"http://127.0.0.1:{port}/readyz"


def _environment(
    service: str, asterisk: RealAsterisk, database: Database, nats: NatsServer, health: int
) -> dict[str, str]:
    node = {
        "name": asterisk.node, "url": asterisk.ari_url, "username": service,
        "password": asterisk.passwords[service],
    }  # fmt: skip
    values = {
        "POSTGRES_DSN": database.dsn(f"ringway_{service}"),
        "NATS_URL": nats.url,
        "NATS_USER": service,
        "NATS_PASSWORD": PASSWORD,
        "HEALTH_PORT": str(health),
        "ARI_NODES": json.dumps([node]),
    }
    prefix = f"RINGWAY_{service.upper()}_"
    return {f"{prefix}{key}": value for key, value in values.items()} | {"PYTHONUNBUFFERED": "1"}
