"""NATS is killed with -9 and comes back: nothing is lost and everything goes on."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest
from tests.support.bus import Inbox, agents, ask, running, status
from tests.support.nats import NatsServer
from tests.support.waiting import eventually

from ringway.proto.acd import AgentStatusV1, CampaignAgentsV1, GetAgentV1, InteractionEndedV1
from ringway.runtime import tasks
from ringway.runtime.bus import Bus, BusDown, FactWriter
from ringway.runtime.bus.connection import Epoch
from ringway.runtime.errors import DependencyDown

pytestmark = pytest.mark.integration

MakeFact = Callable[..., InteractionEndedV1]


async def lost(bus: Bus) -> None:
    await eventually(lambda: not bus.healthy)


async def back(bus: Bus) -> None:
    await eventually(lambda: bus.healthy, within_s=20)


async def test_a_consumer_goes_on_after_a_kill(nats: NatsServer, ended: MakeFact) -> None:
    inbox = Inbox()
    async with (
        nats.bus("acd") as acd,
        nats.bus("crm_api") as crm,
        running(crm.consume("projector", [InteractionEndedV1], inbox)),
    ):
        await acd.publish(ended("before"))
        await inbox.has("before")
        nats.kill()
        await lost(acd)
        await nats.start()
        await acd.publish(ended("after"))
        await inbox.has("after", within_s=20)


async def test_the_writer_keeps_everything_in_order_through_kills(
    nats: NatsServer, ended: MakeFact
) -> None:
    inbox = Inbox()
    total = 3000
    async with nats.bus("acd") as acd, nats.bus("crm_api") as crm:
        writer = FactWriter(acd)
        async with running(writer.run(), crm.consume("projector", [InteractionEndedV1], inbox)):
            for i in range(total):
                writer.put(ended(f"i{i}"))
                if i % 1000 == 500:
                    await inbox.has(f"i{i - 400}", within_s=15)
                    nats.kill()
                    await nats.start()
            assert await writer.flush(30)
            # What was on its way to the consumer in a kill is delivered again after its ack_wait_s.
            await eventually(lambda: len(set(inbox.ids)) == total, within_s=25)
        first_times = list(dict.fromkeys(inbox.ids))
        assert sorted(first_times, key=lambda i: int(i[1:])) == [f"i{i}" for i in range(total)]
        async with asyncio.timeout(20):
            stored = [subject async for _, subject, _ in _take(acd, ended("x").tenant, total)]
    assert stored == [ended(f"i{i}").subject for i in range(total)]


async def _take(bus: Bus, tenant: str, count: int):  # type: ignore[no-untyped-def]
    feed = bus.facts_from(tenant, 0)
    for _ in range(count):
        yield await anext(feed)
    await feed.aclose()  # type: ignore[attr-defined]


async def test_responders_answer_again_after_a_kill(nats: NatsServer, tenant: str) -> None:
    async def answer(question: GetAgentV1) -> AgentStatusV1:
        return status(question.agent_id)

    async with nats.bus("acd") as acd, nats.bus("crm_api") as crm:
        await acd.respond(GetAgentV1, answer)
        for _ in range(2):
            nats.kill()
            await lost(acd)
            await lost(crm)
            with pytest.raises(BusDown):
                await crm.request(ask(tenant), AgentStatusV1, timeout_s=0.1)
            await nats.start()
            await back(acd)
            assert await crm.request(ask(tenant), AgentStatusV1)


async def test_a_request_under_way_fails_when_the_connection_breaks(
    nats: NatsServer, tenant: str
) -> None:
    asked = asyncio.Event()

    async def hang(question: GetAgentV1) -> AgentStatusV1:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with nats.bus("acd") as acd, nats.bus("crm_api") as crm, asyncio.TaskGroup() as group:
        await acd.respond(GetAgentV1, hang)

        async def request() -> None:
            with pytest.raises(DependencyDown):
                await crm.request(ask(tenant), AgentStatusV1, timeout_s=20)

        group.create_task(request())
        await asked.wait()
        nats.kill()


async def test_presence_is_heard_again_after_a_kill(nats: NatsServer, tenant: str) -> None:
    got: list[int] = []
    async with nats.bus("acd") as acd, nats.bus("dialer") as dialer:
        await dialer.subscribe(CampaignAgentsV1, lambda figure: got.append(figure.ready))
        nats.kill()
        await lost(acd)
        acd.emit(agents(tenant, "c1", 1))  # dropped
        await nats.start()
        await back(acd)
        await back(dialer)

        def emitted() -> bool:
            acd.emit(agents(tenant, "c1", 2))
            return bool(got)

        await eventually(emitted)
    assert set(got) == {2}


async def test_a_bus_opens_before_the_server_is_there(
    nats: NatsServer, tenant: str, ended: MakeFact, caplog: pytest.LogCaptureFixture
) -> None:
    async def answer(question: GetAgentV1) -> AgentStatusV1:
        return status(question.agent_id)

    caplog.set_level("INFO", "ringway.bus")
    inbox = Inbox()
    nats.kill()
    async with nats.bus("acd") as acd:
        assert not acd.healthy
        await acd.respond(GetAgentV1, answer)
        writer = FactWriter(acd)
        async with running(acd.consume("test", [InteractionEndedV1], inbox), writer.run()):
            writer.put(ended("i1"))
            with pytest.raises(BusDown):
                await acd.publish(ended("i2"), timeout_s=0.2)
            await nats.start()
            await inbox.has("i1", within_s=20)
            async with nats.bus("crm_api") as crm:
                assert await crm.request(ask(tenant), AgentStatusV1)
    of_acd = [r.getMessage() for r in caplog.records if r.levelname != "DEBUG"]
    assert of_acd.count("NATS is lost.") == 1
    assert of_acd[1] == "NATS is connected."


async def test_a_loss_is_logged_once_and_so_is_the_return(
    nats: NatsServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "ringway.bus")
    async with nats.bus("acd") as acd:
        nats.kill()
        await lost(acd)
        # Long enough for several vain attempts.
        with pytest.raises(BusDown):
            await acd.connection.wait_up(1.5)
        await nats.start()
        await back(acd)
    messages = [record.getMessage() for record in caplog.records]
    assert messages == ["NATS is connected.", "NATS is lost.", "NATS is connected."]


async def test_a_loss_amid_sending_is_noticed(nats: NatsServer, tenant: str) -> None:
    async def send(bus: Bus) -> None:
        while True:
            for _ in range(20):
                bus.emit(agents(tenant, "c1", 1))
            await asyncio.sleep(0)

    async with AsyncExitStack() as stack:
        # What is buffered at the moment of the kill is chance, so there are several.
        buses = [await stack.enter_async_context(nats.bus("acd")) for _ in range(6)]
        async with running(*map(send, buses)):
            for _ in range(3):
                nats.kill()
                for bus in buses:
                    await eventually(lambda bus=bus: not bus.healthy)  # type: ignore[misc]
                await nats.start()
                for bus in buses:
                    await eventually(lambda bus=bus: bus.healthy, within_s=15)  # type: ignore[misc]


@pytest.mark.timeout(120)  # a silent server is noticed only after unanswered pings
async def test_a_server_that_hangs_amid_sending_is_noticed(
    nats: NatsServer, tenant: str, ended: MakeFact
) -> None:
    async def flood(epoch: Epoch) -> None:
        async with asyncio.timeout(25):
            while True:
                await epoch.send(f"acd.v1.{tenant}.presence.c1.agents", bytes(1_000_000))
                await asyncio.sleep(0)

    async with nats.bus("acd") as acd:
        epoch = await acd.connection.wait_up(1)
        nats.process.send(signal.SIGSTOP)
        try:
            # More than the kernel and the client hold: the last ones wait for room.
            with pytest.raises(BusDown):
                await flood(epoch)
            await eventually(lambda: not acd.healthy, within_s=25)
        finally:
            nats.process.send(signal.SIGCONT)
        await back(acd)
        await acd.publish(ended("i1"))


@pytest.mark.timeout(90)  # a silent server is noticed only after unanswered pings
async def test_a_server_that_hangs_is_noticed(nats: NatsServer, ended: MakeFact) -> None:
    async with nats.bus("acd") as acd:
        nats.process.send(signal.SIGSTOP)
        try:
            with pytest.raises(BusDown):
                await acd.publish(ended("i1"), timeout_s=1)
            await eventually(lambda: not acd.healthy, within_s=15)
        finally:
            nats.process.send(signal.SIGCONT)
        await back(acd)
        await acd.publish(ended("i1"))


async def test_a_feed_resumes_without_gap_or_repeat(nats: NatsServer, ended: MakeFact) -> None:
    tenant = ended("x").tenant
    async with nats.bus("acd") as acd, nats.bus("crm_api") as crm:
        for i in range(10):
            await acd.publish(ended(f"i{i}"))
            await acd.publish(ended(f"i{i}", tenant="stranger"))
        feed = crm.facts_from(tenant, 0)
        got = [await anext(feed) for _ in range(10)]
        nats.kill()
        await lost(crm)
        waiting = asyncio.get_running_loop().create_task(anext(feed))
        await nats.start()
        await acd.publish(ended("i10"))
        got.append(await waiting)
        await feed.aclose()  # type: ignore[attr-defined]
        # A browser comes back with the last sequence it saw.
        resumed = crm.facts_from(tenant, got[4][0])
        assert [await anext(resumed) for _ in range(6)] == got[5:]
        await resumed.aclose()  # type: ignore[attr-defined]
        first, last = await crm.facts_range()
    assert [subject for _, subject, _ in got] == [ended(f"i{i}").subject for i in range(11)]
    assert (first, last) == (1, 21)
    assert [sequence for sequence, _, _ in got] == [*range(1, 21, 2), 21]


async def test_a_feed_without_a_place_begins_with_the_next_fact(
    nats: NatsServer, ended: MakeFact
) -> None:
    async with nats.bus("acd") as acd:
        await acd.publish(ended("old"))
        feed = acd.facts_from(ended("x").tenant)
        waiting = asyncio.get_running_loop().create_task(anext(feed))

        async def listening() -> bool:
            epoch = await acd.connection.wait_up(1)
            return bool((await epoch.api("STREAM.INFO.FACTS"))["state"]["consumer_count"])

        await eventually(listening)
        await acd.publish(ended("new"))
        assert (await waiting)[1] == ended("new").subject
        await feed.aclose()  # type: ignore[attr-defined]


async def test_it_closes_though_a_wait_drops_the_cancellation(
    nats: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "_CANCEL_AGAIN_S", 3600.0)
    reached, dropped = asyncio.Event(), asyncio.Event()

    async def attach(_: Epoch) -> None:
        if reached.is_set() or not is_second:
            return
        reached.set()
        # As asyncio.wait_for does when its answer and the cancellation come together.
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            dropped.set()

    is_second = False
    async with asyncio.timeout(25):
        async with nats.bus("acd") as bus:
            await bus.connection.attach(attach)
            is_second = True
            nats.kill()
            await nats.start()
            await reached.wait()
    assert dropped.is_set()
