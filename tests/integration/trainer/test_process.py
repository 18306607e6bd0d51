"""The trainer as a process: requests on a real NATS, and what a killed one leaves behind."""

from __future__ import annotations

import os
import signal
import sys
from asyncio import create_subprocess_exec
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from tests.support.nats import PASSWORD, NatsServer
from tests.support.ports import free_port
from tests.support.waiting import eventually

from ringway.proto.base import Done
from ringway.proto.trainer import (
    GetAgentsV1,
    GetTrunkLogV1,
    Persona,
    PersonaKind,
    PersonaRule,
    PutScenarioV1,
    SimulatedAgent,
    SimulatedAgentsV1,
    StartAgentsV1,
    StopAgentsV1,
    TrunkLogV1,
)
from ringway.runtime.bus import Bus, Refused
from ringway.runtime.clock import utcnow
from ringway.trainer.phone import Phone

pytestmark = pytest.mark.integration


class Trainer:
    """One trainer process that can be killed and started again."""

    def __init__(self, folder: Path, nats: NatsServer) -> None:
        self.port = free_port()
        self.health = free_port()
        self._process: Process | None = None
        self._environment = os.environ | {
            "RINGWAY_TRAINER_NATS_URL": nats.url,
            "RINGWAY_TRAINER_NATS_USER": "trainer",
            "RINGWAY_TRAINER_NATS_PASSWORD": PASSWORD,
            "RINGWAY_TRAINER_HEALTH_PORT": str(self.health),
            "RINGWAY_TRAINER_TRUNK_PORT": str(self.port),
            "RINGWAY_TRAINER_STATE_DIR": str(folder),
            "RINGWAY_TRAINER_SIP_REGISTRAR": "127.0.0.1:9",
        }

    async def start(self) -> None:
        self._process = await create_subprocess_exec(
            sys.executable, "-m", "ringway.trainer", env=self._environment
        )
        await eventually(self._is_ready, within_s=15, what="the trainer is ready")

    async def end(self, number: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(number)
        return await process.wait()

    async def _is_ready(self) -> bool:
        try:
            async with (
                aiohttp.ClientSession() as http,
                http.get(f"http://127.0.0.1:{self.health}/readyz") as answer,
            ):
                return answer.status == 200
        except aiohttp.ClientError:
            return False


@asynccontextmanager
async def _trainer(folder: Path, nats: NatsServer) -> AsyncIterator[Trainer]:
    trainer = Trainer(folder, nats)
    await trainer.start()
    try:
        yield trainer
    finally:
        await trainer.end(signal.SIGKILL)


@pytest.fixture
async def nats(tmp_path: Path) -> AsyncIterator[NatsServer]:
    server = NatsServer(tmp_path / "nats")
    await server.start()
    yield server
    server.stop()


async def _log(bus: Bus) -> TrunkLogV1:
    return await bus.request(GetTrunkLogV1(occurred_at=utcnow(), tenant="t"), TrunkLogV1)


async def _agents(bus: Bus) -> list[str]:
    reply = await bus.request(GetAgentsV1(occurred_at=utcnow(), tenant="t"), SimulatedAgentsV1)
    return [agent.agent_id for agent in reply.agents]


def _scenario(pattern: str, kind: PersonaKind) -> PutScenarioV1:
    rule = PersonaRule(pattern=pattern, mix=((1, Persona(kind=kind, ring_s=(0, 0))),))
    return PutScenarioV1(occurred_at=utcnow(), tenant="t", rules=(rule,))


@pytest.mark.timeout(60)  # three starts of a process
async def test_requests_and_a_killed_trainer_that_goes_on(tmp_path: Path, nats: NatsServer) -> None:
    async with (
        _trainer(tmp_path / "state", nats) as trainer,
        nats.bus("crm_api") as bus,
        Phone.open("caller") as phone,
    ):
        target = f"sip:+8613800000001@127.0.0.1:{trainer.port}"
        with pytest.raises(Refused, match="scenario_invalid"):
            await bus.request(_scenario("(", PersonaKind.BUSY), Done)
        await bus.request(_scenario(".*", PersonaKind.BUSY), Done)
        call = await phone.call(target)
        assert (await call.until_over()).status == 486
        agents = tuple(
            SimulatedAgent(agent_id=name, sip_username=name, sip_password="x")
            for name in ("ann", "bob")
        )
        await bus.request(StartAgentsV1(occurred_at=utcnow(), tenant="t", agents=agents), Done)
        assert await _agents(bus) == ["ann", "bob"]
        log = await _log(bus)
        assert (log.invites, log.answered, log.in_progress) == (1, 0, 0)
        assert Path(log.path) == tmp_path / "state" / "trunk.jsonl"

        await trainer.end(signal.SIGKILL)
        await trainer.start()
        assert await _agents(bus) == ["ann", "bob"]
        assert (await _log(bus)).invites == 1
        call = await phone.call(target)
        assert (await call.until_over()).status == 486

        stop = StopAgentsV1(occurred_at=utcnow(), tenant="t", agent_ids=("ann",))
        await bus.request(stop, Done)
        assert await _agents(bus) == ["bob"]
        await bus.request(_scenario(".*", PersonaKind.ANSWERS), Done)
        call = await phone.call(target)
        await call.until_answered()
        assert await trainer.end(signal.SIGTERM) == 0
        assert (await call.until_over()).status == 200
        await trainer.start()
        log = await _log(bus)
        assert (log.invites, log.answered, log.in_progress) == (3, 1, 0)
        assert await _agents(bus) == ["bob"]
