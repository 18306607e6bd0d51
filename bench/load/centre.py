"""One Asterisk with two contact centres on it: Ringway's ACD and Asterisk's own app_queue.

Customers come by one trunk and choose by the number they dial; agents are the same kind of SIP
account for all. The phones of ``on_demand`` are members of both sides' queues.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
from tests.support.asterisk import RealAsterisk
from tests.support.nats import PASSWORD, NatsServer
from tests.support.ports import free_port, free_range
from tests.support.postgres import Database, PostgresServer
from tests.support.processes import ServerProcess

from ringway.cli import asterisk_config
from ringway.cli.asterisk_config import AsteriskSettings, CdrDatabase
from ringway.cli.probe import http_ok
from ringway.proto import acd as p
from ringway.proto import acd_config as c
from ringway.runtime.bus import Bus
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import DependencyDown

NUMBERS = {"app_queue": "7000", "on_demand": "+862150000001", "nailed_up": "+862150000002"}
TRUNK = "bench"
_AT_ONCE = 8
_START_LIMIT_S = 30.0
_MEDIA_PORTS = 3000

# `i`: do not wait for the caller's first media packet, as ARI's answer does not either.
_DIALPLAN = """
[from-trunk]
exten => {number},1,Goto(bench,s,1)
[bench]
exten => s,1,Answer(,i)
 same => n,Queue(bench,,,,60)
 same => n,Hangup()
"""
_QUEUE = """
[bench]
strategy = rrmemory
ringinuse = no
autofill = yes
wrapuptime = 0
timeout = 15
musicclass = default
"""


@dataclass(frozen=True, slots=True)
class Centre:
    """Both sides, ready for calls."""

    asterisk: RealAsterisk
    bus: Bus
    tenant: str
    endpoint: str
    """The trunk's endpoint: customers' channels are named after it."""
    pids: dict[str, int]

    async def ask(self, kind: type[Any], reply: type[Any], /, **fields: Any) -> Any:
        """Send the ACD one request as the public API would."""
        request = kind(occurred_at=utcnow(), tenant=self.tenant, **fields)
        return await self.bus.request(request, reply, timeout_s=20)

    async def put(self, kind: c.ConfigKind, object_id: str, **body: Any) -> None:
        """Configure one object."""
        await self.ask(c.PutConfigV1, c.ConfigV1, kind=kind, object_id=object_id, body=body)


@asynccontextmanager
async def opened(folder: Path, callers: int, phones: int, agents: int) -> AsyncIterator[Centre]:
    """Start everything and have ``agents`` ready agents a way.

    Args:
        callers: Port that customers call from.
        phones: Port at which all agents' phones are.
    """
    async with AsyncExitStack() as stack:
        postgres = PostgresServer(folder / "postgres")
        stack.callback(postgres.stop)
        nats = NatsServer(folder / "nats")
        stack.callback(nats.stop)
        asterisk = roomy_asterisk(folder / "asterisk")
        stack.callback(asterisk_config.tidy, asterisk.folder)
        stack.push_async_callback(asterisk.stop)
        database, _, _ = await asyncio.gather(
            postgres.create_database(("acd",)), nats.start(), asterisk.start()
        )
        health = free_port()
        environment = _environment(asterisk, database, nats, health)
        acd = ServerProcess("acd", (sys.executable, "-m", "ringway.acd"), environment, folder)
        stack.callback(acd.kill)
        await acd.start(partial(http_ok, f"http://127.0.0.1:{health}/readyz"))
        bus = await stack.enter_async_context(nats.bus("crm_api"))
        pids = {
            "asterisk": asterisk.pid or 0,
            "acd": acd.pid,
            "nats": nats.process.pid,
            "postgres": postgres.process.pid,
        }
        centre = Centre(asterisk, bus, str(uuid4()), "", pids)
        trunk = await _trunk(centre, callers)
        centre = Centre(asterisk, bus, centre.tenant, trunk, pids)
        members = await _ringway(centre, phones, agents)
        await _app_queue(asterisk, members)
        yield centre


def roomy_asterisk(folder: Path, cdr: CdrDatabase | None = None) -> RealAsterisk:
    """Return a node with ports for hundreds of calls; it is not started."""
    first = free_range(_MEDIA_PORTS + 10)
    settings = AsteriskSettings(
        node="ast-0",
        http_port=first,
        sip_port=first + 1,
        rtp_first=first + 10,
        rtp_last=first + 9 + _MEDIA_PORTS,
        ari_passwords={user: f"{user}-secret" for user in ("acd", "dialer", "recorder")},
        placeholder_password="placeholder-secret",
        cdr=cdr,
    )
    return RealAsterisk(folder, settings)


async def _trunk(centre: Centre, port: int) -> str:
    """Make the trunk; the ACD takes requests some time after it is healthy."""
    fields = {"trunk_id": TRUNK, "name": TRUNK, "host": "127.0.0.1", "port": port}
    async with asyncio.timeout(_START_LIMIT_S):
        while True:
            try:
                await centre.ask(p.PutTrunkV1, p.TrunkV1, **fields)
                break
            except DependencyDown:
                await asyncio.sleep(0.1)
    async with centre.asterisk.http() as session:
        url = f"{centre.asterisk.ari_url}/ari/endpoints/PJSIP"
        async with session.get(url) as answer:
            names = [each["resource"] for each in await answer.json()]
    return next(str(name) for name in names if name.startswith("trunk-"))


async def _ringway(centre: Centre, phones: int, agents: int) -> list[str]:
    """Make agents and queues; return the SIP accounts of ``on_demand``."""
    members: list[str] = []
    gate = asyncio.Semaphore(_AT_ONCE)

    async def account(session: aiohttp.ClientSession, agent_id: str, number: int) -> None:
        async with gate:
            made = await centre.ask(
                p.PutAgentV1, p.AgentAccountV1, agent_id=agent_id, number=str(number)
            )
            await _is_sipp(session, centre.asterisk, made.sip_username, phones)
            if agent_id.startswith("on_demand"):
                members.append(made.sip_username)

    async def sign_in(agent_id: str, way: str) -> None:
        async with gate:
            mode = p.LegMode(way)
            await centre.ask(p.SignInV1, p.AgentStatusV1, agent_id=agent_id, leg_mode=mode)
            await centre.ask(p.SetAgentStateV1, p.AgentStatusV1, agent_id=agent_id, ready=True)

    for first, way in ((10001, "on_demand"), (20001, "nailed_up")):
        ids = {f"{way}-{number}": number for number in range(first, first + agents)}
        async with centre.asterisk.http() as session, asyncio.TaskGroup() as group:
            for agent_id, number in ids.items():
                group.create_task(account(session, agent_id, number))
        await centre.put(
            "queue",
            way,
            name=way,
            agent_ids=list(ids),
            announcements={"position": False, "expected_wait": False},
            after_call="none",
            record=False,
        )
        target = {"kind": "queue", "value": way}
        await centre.put("inbound_route", way, name=way, did=NUMBERS[way], target=target)
        async with asyncio.TaskGroup() as group:
            for agent_id in ids:
                group.create_task(sign_in(agent_id, way))
    return sorted(members)


async def _is_sipp(
    session: aiohttp.ClientSession, asterisk: RealAsterisk, username: str, port: int
) -> None:
    """Say where an account's phone is, without a registration, and that it is silent."""
    for kind, fields in (
        ("aor", {"max_contacts": "1", "contact": f"sip:{username}@127.0.0.1:{port}"}),
        ("endpoint", {"rtp_timeout": "0"}),
    ):
        body = {"fields": [{"attribute": k, "value": v} for k, v in fields.items()]}
        url = f"{asterisk.ari_url}/ari/asterisk/config/dynamic/res_pjsip/{kind}/{username}"
        async with session.put(url, json=body) as answer:
            answer.raise_for_status()


async def _app_queue(asterisk: RealAsterisk, members: Sequence[str]) -> None:
    etc = asterisk.folder / "etc"
    names = "".join(f"member => PJSIP/{username}\n" for username in members)
    (etc / "queues_local.conf").write_text(_QUEUE + names)
    (etc / "extensions_local.conf").write_text(_DIALPLAN.format(number=NUMBERS["app_queue"]))
    async with asterisk.http() as session:
        for module in ("pbx_config.so", "app_queue.so"):
            url = f"{asterisk.ari_url}/ari/asterisk/modules/{module}"
            async with session.put(url) as answer:
                answer.raise_for_status()


def _environment(
    asterisk: RealAsterisk, database: Database, nats: NatsServer, health: int
) -> dict[str, str]:
    node = {
        "name": asterisk.node,
        "url": asterisk.ari_url,
        "username": "acd",
        "password": asterisk.passwords["acd"],
    }
    return {
        "RINGWAY_ACD_POSTGRES_DSN": database.dsn("ringway_acd"),
        "RINGWAY_ACD_NATS_URL": nats.url,
        "RINGWAY_ACD_NATS_USER": "acd",
        "RINGWAY_ACD_NATS_PASSWORD": PASSWORD,
        "RINGWAY_ACD_HEALTH_PORT": str(health),
        "RINGWAY_ACD_ARI_NODES": json.dumps([node]),
        "PYTHONUNBUFFERED": "1",
    }
