"""NATS dies under the alarms: nothing is raised or cleared twice, and nothing is lost."""

from __future__ import annotations

import asyncio
import signal
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest
from tests.support.bus import running
from tests.support.crm import Crm, Signed, rows_of
from tests.support.nats import NatsServer
from tests.support.waiting import eventually

from ringway.crm_api.access import PLATFORM_TENANT
from ringway.crm_api.alarms.watch import DURABLE, AlarmWatch, TrunkAlarms
from ringway.proto.acd import TrunkStateChangedV1
from ringway.runtime.bus import Bus, FactWriter
from ringway.runtime.outbox import OutboxRelay

pytestmark = pytest.mark.integration


class _Told:
    """What the bus tells of alarms, in order: by object ``raised`` and ``cleared``."""

    def __init__(self, bus: Bus, *tenants: str) -> None:
        self._bus = bus
        self._tenants = tenants
        self._ids: list[str] = []
        self.of: dict[str, list[str]] = defaultdict(list)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for tenant in self._tenants:
                group.create_task(self._listen(tenant))

    async def _listen(self, tenant: str) -> None:
        async for _, subject, payload in self._bus.facts_from(tenant, 0):
            if ".alarm." in subject:
                data = orjson.loads(payload)
                self._ids.append(data["message_id"])
                self.of[data["object_id"]].append(subject.rpartition(".")[2])

    def open(self) -> set[str]:
        """Return the things of which the last that was told is an alarm."""
        return {thing for thing, told in self.of.items() if told[-1:] == ["raised"]}

    def check(self) -> None:
        """Nothing was told twice, and nothing cleared that was not raised."""
        assert len(self._ids) == len(set(self._ids))
        for thing, told in self.of.items():
            expected = [("raised", "cleared")[n % 2] for n in range(len(told))]
            assert told == expected, (thing, told)


@asynccontextmanager
async def _locked(crm: Crm) -> AsyncIterator[None]:
    """Let whoever raises or clears an alarm wait."""
    conn = await asyncpg.connect(crm.database.dsn("ringway_owner"))
    try:
        async with conn.transaction():
            await conn.execute("LOCK TABLE crm.alarm IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await conn.close()


async def _held(bus: Bus) -> tuple[int, int]:
    """Return how many facts the consumer of alarms has, and how many wait for it."""
    epoch = await bus.connection.wait_up(10)
    info = await epoch.api(f"CONSUMER.INFO.FACTS.{DURABLE}")
    return info["num_ack_pending"], info["num_pending"]


async def _lost(*buses: Bus) -> None:
    await eventually(lambda: not any(bus.healthy for bus in buses))


async def _open(who: Signed) -> dict[str, str]:
    return {
        each["object_id"]: each["kind"]
        for each in (await who.get("/alarms"))["items"]
        if each["state"] == "open"
    }


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_an_alarm_is_what_was_told_last_although_it_comes_first(
    crm: Crm, nats: NatsServer, how: signal.Signals
) -> None:
    """Stopped gently, NATS remembers what it had delivered, and delivers it later than the rest."""
    boss = await crm.open_tenant("acme")
    tenant = (await boss.get("/me"))["tenant_id"]
    new = {"host": "sip.carrier.example", "qualify_s": 30}
    again, new_one, works = [
        (await boss.post("/trunks", {**new, "name": name}))["trunk_id"] for name in "abc"
    ]
    began = crm.clock()

    def fact(trunk_id: str, second: int, *, is_up: bool) -> TrunkStateChangedV1:
        return TrunkStateChangedV1(
            occurred_at=began + timedelta(seconds=second),
            tenant=tenant, trunk_id=trunk_id, is_up=is_up, is_reachable=is_up,
        )  # fmt: skip

    bus = crm.deps.bus
    told = _Told(bus, tenant)
    async with nats.bus("acd", name="acd-trunks") as acd:
        writer = FactWriter(acd)
        async with running(
            writer.run(),
            TrunkAlarms(crm.deps).run(bus),
            OutboxRelay(crm.deps.pool, bus, "crm").run(),
            told.run(),
        ):
            writer.put(fact(again, 0, is_up=False))
            await eventually(lambda: told.of[again] == ["raised"], what=lambda: str(told.of))

            async with _locked(crm):
                writer.put(fact(new_one, 1, is_up=False))  # it is being taken when NATS dies
                writer.put(fact(again, 2, is_up=True))  # fetched, and not begun
                writer.put(fact(works, 3, is_up=False))

                async def are_fetched() -> bool:
                    return await _held(acd) == (3, 0)

                await eventually(are_fetched)
                nats.process.signal(how)
                await eventually(lambda: not nats.process.is_running)
                await _lost(acd, bus)
                # What is told meanwhile waits, and comes before what was on its way.
                writer.put(fact(again, 4, is_up=False))
                writer.put(fact(works, 5, is_up=True))
                await nats.start()

                async def are_there() -> bool:
                    return not len(writer) and (await _held(acd))[1] == 0

                await eventually(are_there, within_s=20)

            async def are_taken() -> bool:
                return await _held(acd) == (0, 0)

            await eventually(are_taken, within_s=20)
            assert await _open(boss) == {again: "trunk_down", new_one: "trunk_down"}
            await eventually(
                lambda: told.open() == {again, new_one},
                what=lambda: str(told.of),
            )
            told.check()
            assert told.of[new_one] == ["raised"]
            if how is signal.SIGTERM:  # the order was another one
                assert (told.of[again], told.of[works]) == (["raised"], [])


async def test_what_is_found_while_nats_is_away_is_told_once_when_it_is_back(
    crm: Crm, nats: NatsServer
) -> None:
    crm.clock.stop()
    boss = await crm.open_tenant("acme")
    tenant = (await boss.get("/me"))["tenant_id"]
    hook = {"url": "https://hooks.example/ringway", "event_types": ["*"]}
    off = (await boss.post("/webhooks", hook))["webhook_id"]
    bus = crm.deps.bus
    told = _Told(bus, tenant, str(PLATFORM_TENANT))

    async def look() -> None:
        """Look with two replicas at once."""
        crm.clock.forward(16)
        await asyncio.gather(*(AlarmWatch(crm.deps).look() for _ in range(2)))

    async def broken(reason: str) -> None:
        await rows_of(
            crm,
            "UPDATE crm.webhook SET is_enabled = $2 = '', disabled_reason = $2 "
            "WHERE webhook_id = $1",
            *(UUID(off), reason),
        )

    async with running(OutboxRelay(crm.deps.pool, bus, "crm").run(), told.run()):
        await look()
        assert await _open(crm.platform) == {}
        for n in range(1, 3):
            nats.kill()
            await _lost(bus)
            await broken("x")
            for _ in range(3):
                async with asyncio.timeout(8):  # it waits for nobody who cannot be reached
                    await look()
            away = {"nats": "service_away", off: "webhook_off"}
            assert await _open(crm.platform) == away
            await nats.start()
            await eventually(lambda: bus.healthy and crm.behind.healthy, within_s=20)
            await broken("")
            await look()
            assert await _open(crm.platform) == {}
            pairs = ["raised", "cleared"] * n
            await eventually(
                lambda pairs=pairs: told.of == {"nats": pairs, off: pairs},  # type: ignore[misc]
                within_s=20,
                what=lambda: str(told.of),
            )
            told.check()
    left: list[Any] = await rows_of(crm, "SELECT 1 FROM crm.outbox WHERE type ~ 'alarm'")
    assert not left
