"""A replica that leaves answers or passes on what came to it, on a real NATS server."""

from __future__ import annotations

import asyncio

import pytest
from tests.support.bus import ask, status
from tests.support.nats import NatsServer
from tests.support.waiting import eventually

from ringway.proto.acd import AgentStatusV1, GetAgentV1
from ringway.runtime.bus import Bus

pytestmark = pytest.mark.integration

# One question more would be the asker's second try.
ONE_TRY_S = 1.9


class Replica:
    """Answers with its name, once ``gate`` is open."""

    def __init__(self, bus: Bus, name: str) -> None:
        self.bus = bus
        self.name = name
        self.holder = ""
        self.asked = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def serve(self) -> None:
        await self.bus.forward("acd", self.name, self._who)
        await self.bus.respond(GetAgentV1, self._answer)

    async def _who(self, _: str) -> str | None:
        return None if self.holder == self.name else self.holder

    async def _answer(self, question: GetAgentV1) -> AgentStatusV1:
        self.asked += 1
        await self.gate.wait()
        return status(self.name)


async def test_what_others_passed_on_is_answered_before_the_end(
    nats: NatsServer, tenant: str
) -> None:
    async with (
        nats.bus("acd", name="acd-1") as other,
        nats.bus("crm_api") as crm,
        asyncio.TaskGroup() as group,
    ):
        staying = Replica(other, "acd-1")
        async with nats.bus("acd", name="acd-0") as bus:
            leaving = Replica(bus, "acd-0")
            leaving.holder = staying.holder = "acd-0"
            for each in (leaving, staying):
                await each.serve()
            leaving.gate.clear()
            first = group.create_task(crm.request(ask(tenant), AgentStatusV1, timeout_s=ONE_TRY_S))
            await eventually(lambda: leaving.asked == 1, what="the question is there")
            ending = group.create_task(bus.stop_responding())
            leaving.holder = staying.holder = "acd-1"
            second = await crm.request(ask(tenant), AgentStatusV1, timeout_s=ONE_TRY_S)
            assert not ending.done()
            leaving.gate.set()
            await ending
    assert (first.result().agent_id, second.agent_id) == ("acd-0", "acd-1")


async def test_no_question_is_lost_while_a_replica_leaves(nats: NatsServer, tenant: str) -> None:
    answers: list[str] = []
    has_left = asyncio.Event()
    async with nats.bus("acd", name="acd-1") as other, nats.bus("crm_api") as crm:
        staying = Replica(other, "acd-1")

        async def keep_asking() -> None:
            more = 10
            while more:
                found = await crm.request(ask(tenant), AgentStatusV1, timeout_s=ONE_TRY_S)
                answers.append(found.agent_id)
                more -= has_left.is_set()

        async with asyncio.TaskGroup() as group:
            async with nats.bus("acd", name="acd-0") as bus:
                leaving = Replica(bus, "acd-0")
                leaving.holder = staying.holder = "acd-0"
                for each in (leaving, staying):
                    await each.serve()
                for _ in range(8):
                    group.create_task(keep_asking())
                await eventually(lambda: leaving.asked >= 50, what="it is asked")
                leaving.holder = staying.holder = "acd-1"
                await bus.stop_responding()
            has_left.set()
    assert leaving.asked + staying.asked == len(answers)
    assert answers[-1] == "acd-1"
