"""Facts, requests and presence on a real NATS server with the permissions of production."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable
from typing import Any

import pytest
from tests.support.bus import Inbox, agents, ask, running, status
from tests.support.nats import NatsServer
from tests.support.waiting import eventually

from ringway.proto.acd import (
    AgentStatusV1,
    CampaignAgentsV1,
    GetAgentV1,
    InteractionConnectedV1,
    InteractionEndedV1,
    ListAgentsV1,
)
from ringway.proto.base import Done
from ringway.proto.permissions import nats_permissions
from ringway.runtime.bus import (
    Bus,
    BusDown,
    FactWriter,
    NobodyAnswers,
    Refused,
    RequestTimedOut,
)
from ringway.runtime.clock import utcnow
from ringway.runtime.dead_letters import offer_again, read_letters
from ringway.runtime.errors import PostgresDown

pytestmark = pytest.mark.integration

MakeFact = Callable[..., InteractionEndedV1]


# -- facts ---------------------------------------------------------------------------------------


async def test_facts_reach_their_consumer_in_order(nats: NatsServer, ended: MakeFact) -> None:
    inbox = Inbox()
    async with nats.bus("acd") as acd, nats.bus("crm_api") as crm:
        writer = FactWriter(acd)
        async with running(crm.consume("projector", [InteractionEndedV1], inbox), writer.run()):
            for i in range(500):
                writer.put(ended(f"i{i}"))
            assert await writer.flush(20)
            await inbox.has("i499")
    assert inbox.ids == [f"i{i}" for i in range(500)]


async def test_a_repeated_fact_is_stored_once(nats: NatsServer, ended: MakeFact) -> None:
    inbox = Inbox()
    async with nats.bus("acd") as acd:
        fact = ended("once")
        await acd.publish(fact)
        await acd.publish(fact)
        await acd.publish(ended("last"))
        async with running(acd.consume("test", [InteractionEndedV1], inbox)):
            await inbox.has("last")
    assert inbox.ids == ["once", "last"]


async def test_a_consumer_gets_only_its_types(nats: NatsServer, ended: MakeFact) -> None:
    inbox = Inbox()
    async with nats.bus("acd") as acd:
        await acd.publish(ended("i1"))
        async with running(
            acd.consume("other", [InteractionConnectedV1], inbox),
            acd.consume("test", [InteractionEndedV1], inbox),
        ):
            await inbox.has("i1")
    assert inbox.ids == ["i1"]


async def test_a_failed_fact_comes_again(nats: NatsServer, ended: MakeFact) -> None:
    tries: list[str] = []

    async def fail_twice(fact: InteractionEndedV1) -> None:
        tries.append(fact.interaction_id)
        if len(tries) < 3:
            raise RuntimeError("not yet")

    async with nats.bus("acd") as acd:
        await acd.publish(ended("i1"))
        worker = acd.consume("test", [InteractionEndedV1], fail_twice, backoff_s=(0.01, 0.05))
        async with running(worker):
            await eventually(lambda: len(tries) == 3)


async def consumer_state(bus: Bus, durable: str) -> dict[str, Any]:
    epoch = await bus.connection.wait_up(5)
    info: dict[str, Any] = await epoch.api(f"CONSUMER.INFO.FACTS.{durable}")
    return info


async def test_a_poisonous_fact_goes_to_the_dead_letters_and_can_be_offered_again(
    nats: NatsServer, ended: MakeFact
) -> None:
    inbox = Inbox()
    is_mended = False

    async def choke(fact: InteractionEndedV1) -> None:
        if fact.interaction_id == "poison" and not is_mended:
            raise RuntimeError("choked")
        await inbox(fact)

    async with nats.bus("acd") as acd, nats.bus("cli") as cli:
        poison = ended("poison")
        await acd.publish(poison)
        await acd.publish(ended("fine"))
        worker = acd.consume(
            "test", [InteractionEndedV1], choke, max_deliver=3, backoff_s=(0.01, 0.01)
        )
        async with running(worker):
            await inbox.has("fine")

            async def is_settled() -> bool:
                state = await consumer_state(acd, "test")
                return bool(state["ack_floor"]["stream_seq"] == 2)

            await eventually(is_settled)
            (letter,) = await read_letters(cli)
            assert letter.consumer == "test"
            assert letter.subject == poison.subject
            assert letter.message_id == poison.message_id
            assert "choked" in letter.reason
            assert InteractionEndedV1.model_validate_json(letter.payload) == poison
            assert json.loads(letter.as_json())["fact"]["interaction_id"] == "poison"

            is_mended = True
            await offer_again(acd, [letter])
            await inbox.has("poison")
            with pytest.raises(BusDown):
                await cli.publish(poison, timeout_s=0.3)  # an operator reads, and speaks for nobody


async def test_what_cannot_be_read_is_a_dead_letter_at_once(
    nats: NatsServer, ended: MakeFact, tenant: str
) -> None:
    inbox = Inbox()
    async with nats.bus("acd") as acd:
        epoch = await acd.connection.wait_up(5)
        subject = ended("i1").subject
        await epoch.request(subject, b"\xff no json", timeout_s=2)
        # Right for another tenant, but that is not what the subject says.
        stranger = ended("i1", tenant="another").model_dump_json().encode()
        await epoch.request(subject, stranger, timeout_s=2)
        await acd.publish(ended("fine"))
        async with running(acd.consume("test", [InteractionEndedV1], inbox)):
            await inbox.has("fine")
        info = await epoch.api("STREAM.INFO.DEAD_LETTER")
    assert info["state"]["messages"] == 2
    assert inbox.ids == ["fine"]


async def test_a_fact_waits_for_a_dependency_and_keeps_its_place(
    nats: NatsServer, ended: MakeFact
) -> None:
    inbox = Inbox()
    down = 12

    async def handler(fact: InteractionEndedV1) -> None:
        nonlocal down
        if down:
            down -= 1
            raise PostgresDown("away")
        await inbox(fact)

    async with nats.bus("acd") as acd:
        for i in range(5):
            await acd.publish(ended(f"i{i}"))
        worker = acd.consume("test", [InteractionEndedV1], handler, max_deliver=2, ack_wait_s=1)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("ringway.runtime.bus.consumer._DOWN_RETRY_S", (0.05, 0.2))
            async with running(worker):
                await inbox.has("i4")
    assert inbox.ids == [f"i{i}" for i in range(5)]


async def test_a_slow_handler_keeps_its_fact(nats: NatsServer, ended: MakeFact) -> None:
    inbox = Inbox()

    async def slow(fact: InteractionEndedV1) -> None:
        if fact.interaction_id == "i1":
            await asyncio.sleep(4)  # much longer than the server waits for an acknowledgement
        await inbox(fact)

    async with nats.bus("acd") as acd:
        await acd.publish(ended("i1"))
        await acd.publish(ended("i2"))
        async with running(acd.consume("test", [InteractionEndedV1], slow, ack_wait_s=1.5)):
            await inbox.has("i2")
            info = await consumer_state(acd, "test")
    assert inbox.ids == ["i1", "i2"]
    assert info["num_redelivered"] == 0


async def test_a_stopped_consumer_gives_back_what_it_did_not_begin(
    nats: NatsServer, ended: MakeFact
) -> None:
    began = asyncio.Event()

    async def hang(fact: InteractionEndedV1) -> None:
        began.set()
        await asyncio.Event().wait()

    inbox = Inbox()
    async with nats.bus("acd") as acd:
        for i in range(3):
            await acd.publish(ended(f"i{i}"))
        async with running(acd.consume("test", [InteractionEndedV1], hang, ack_wait_s=30)):
            await began.wait()
        async with running(acd.consume("test", [InteractionEndedV1], inbox, ack_wait_s=30)):
            await inbox.has("i0", "i1", "i2", within_s=20)


async def test_concurrent_handlers_run_at_once(nats: NatsServer, ended: MakeFact) -> None:
    barrier = asyncio.Barrier(4)
    met = 0

    async def meet(fact: InteractionEndedV1) -> None:
        nonlocal met
        await barrier.wait()
        met += 1

    async with nats.bus("acd") as acd:
        for i in range(4):
            await acd.publish(ended(f"i{i}"))
        worker = acd.consume("test", [InteractionEndedV1], meet, concurrency=4)
        async with running(worker):
            await eventually(lambda: met == 4)


async def test_an_oversized_fact_is_refused_and_blocks_nothing(
    nats: NatsServer, ended: MakeFact
) -> None:
    inbox = Inbox()
    huge = ended("huge", disposition="x" * 9_000_000)
    async with nats.bus("acd") as acd:
        with pytest.raises(ValueError, match="maximum payload"):
            await acd.publish(huge)
        writer = FactWriter(acd)
        writer.put(ended("before"))
        writer.put(huge)
        writer.put(ended("after"))
        async with running(writer.run(), acd.consume("test", [InteractionEndedV1], inbox)):
            await inbox.has("before", "after")


async def test_a_service_may_not_speak_for_another(nats: NatsServer, ended: MakeFact) -> None:
    async with nats.bus("recorder") as recorder:
        with pytest.raises(BusDown):
            await recorder.publish(ended("forged"), timeout_s=0.5)


@pytest.mark.parametrize("user", sorted(nats_permissions()))
async def test_every_service_may_open_the_bus(nats: NatsServer, user: str) -> None:
    async with nats.bus(user) as bus:
        assert bus.healthy
        assert (await bus.facts_range()).last == 0


# -- requests ------------------------------------------------------------------------------------


async def test_a_request_is_answered(nats: NatsServer, tenant: str) -> None:
    async def answer(question: GetAgentV1) -> AgentStatusV1:
        return status(question.agent_id)

    async with nats.bus("acd") as acd, nats.bus("crm_api") as crm:
        await acd.respond(GetAgentV1, answer)
        reply = await crm.request(ask(tenant, "bob"), AgentStatusV1)
    assert reply.agent_id == "bob"


async def test_a_request_to_nobody_fails_at_once(nats: NatsServer, tenant: str) -> None:
    async with nats.bus("crm_api") as crm:
        with pytest.raises(NobodyAnswers):  # and no time-out, which comes at the limit
            await crm.request(ask(tenant), AgentStatusV1, timeout_s=15)


async def test_a_refusal_carries_its_code_and_detail(nats: NatsServer, tenant: str) -> None:
    async def refuse(question: GetAgentV1) -> AgentStatusV1:
        raise Refused("agent_unknown", "没有这个坐席\nsecond line")

    async with nats.bus("acd") as acd, nats.bus("crm_api") as crm:
        await acd.respond(GetAgentV1, refuse)
        with pytest.raises(Refused) as refused:
            await crm.request(ask(tenant), AgentStatusV1)
    assert refused.value.code == "agent_unknown"
    assert refused.value.detail == "没有这个坐席\nsecond line"


async def test_a_bug_is_answered_internal_and_tells_nothing(nats: NatsServer, tenant: str) -> None:
    async def crash(question: GetAgentV1) -> AgentStatusV1:
        raise KeyError("secret")

    async def down(question: ListAgentsV1) -> Done:
        raise PostgresDown("away")

    async with nats.bus("acd") as acd, nats.bus("crm_api") as crm:
        await acd.respond(GetAgentV1, crash)
        await acd.respond(ListAgentsV1, down)
        with pytest.raises(Refused) as refused:
            await crm.request(ask(tenant), AgentStatusV1)
        assert (refused.value.code, refused.value.detail) == ("internal", "")
        with pytest.raises(Refused) as refused:
            await crm.request(ListAgentsV1(occurred_at=utcnow(), tenant=tenant), Done)
        assert refused.value.code == "unavailable"


async def test_an_invalid_request_is_refused(nats: NatsServer, tenant: str) -> None:
    async def answer(question: GetAgentV1) -> AgentStatusV1:
        return status(question.agent_id)

    async with nats.bus("acd") as acd, nats.bus("crm_api") as crm:
        await acd.respond(GetAgentV1, answer)
        broken = ask(tenant).model_copy(update={"agent_id": "not a token!"})
        with pytest.raises(Refused, match="invalid: agent_id"):
            await crm.request(broken, AgentStatusV1)
        epoch = await crm.connection.wait_up(5)
        payload = ask("another").model_dump_json().encode()
        smuggled = await epoch.request(ask(tenant).subject, payload, timeout_s=2)
        assert smuggled.headers is not None
        assert smuggled.headers["Nats-Service-Error-Code"] == "invalid"


async def test_only_the_owner_of_the_tenant_answers(nats: NatsServer, tenant: str) -> None:
    async def first(question: GetAgentV1) -> AgentStatusV1:
        return status("first")

    async def second(question: GetAgentV1) -> AgentStatusV1:
        return status("second")

    async def owns_late(asked: str) -> bool:
        return asked == tenant

    async with (
        nats.bus("acd", name="acd-0") as one,
        nats.bus("acd", name="acd-1") as two,
        nats.bus("crm_api") as crm,
    ):
        await one.respond(GetAgentV1, first, owns=lambda asked: asked != tenant)
        await two.respond(GetAgentV1, second, owns=owns_late)
        for _ in range(5):
            assert (await crm.request(ask(tenant), AgentStatusV1)).agent_id == "second"
            assert (await crm.request(ask("other"), AgentStatusV1)).agent_id == "first"


async def test_replicas_share_requests(nats: NatsServer, tenant: str) -> None:
    calls = 0

    async def answer(question: GetAgentV1) -> AgentStatusV1:
        nonlocal calls
        calls += 1
        return status("x")

    async with (
        nats.bus("acd", name="acd-0") as one,
        nats.bus("acd", name="acd-1") as two,
        nats.bus("crm_api") as crm,
    ):
        await one.respond(GetAgentV1, answer)
        await two.respond(GetAgentV1, answer)
        await asyncio.gather(*(crm.request(ask(tenant), AgentStatusV1) for _ in range(20)))
    assert calls == 20


async def test_a_slow_request_delays_no_other(nats: NatsServer, tenant: str) -> None:
    async def answer(question: GetAgentV1) -> AgentStatusV1:
        if question.agent_id == "slow":
            await asyncio.Event().wait()
        return status(question.agent_id)

    async with nats.bus("acd") as acd, nats.bus("crm_api") as crm, asyncio.TaskGroup() as group:
        await acd.respond(GetAgentV1, answer)

        async def time_out() -> None:
            with pytest.raises(RequestTimedOut):
                await crm.request(ask(tenant, "slow"), AgentStatusV1, timeout_s=0.5)

        group.create_task(time_out())
        assert (await crm.request(ask(tenant, "quick"), AgentStatusV1)).agent_id == "quick"


async def test_what_only_reads_is_asked_again_when_no_answer_comes(
    nats: NatsServer, tenant: str
) -> None:
    calls = 0

    async def answer(question: GetAgentV1) -> AgentStatusV1:
        nonlocal calls
        calls += 1
        if calls == 1:
            await asyncio.Event().wait()  # as one who dies with the question in his hands
        return status(question.agent_id)

    async with nats.bus("acd") as acd, nats.bus("crm_api") as crm:
        await acd.respond(GetAgentV1, answer)
        found = await crm.request(ask(tenant), AgentStatusV1, timeout_s=15)
    assert (found.agent_id, calls) == (ask(tenant).agent_id, 2)


async def test_services_can_be_discovered(nats: NatsServer) -> None:
    async def answer(question: GetAgentV1) -> AgentStatusV1:
        return status("x")

    async with nats.bus("acd") as acd:
        await acd.respond(GetAgentV1, answer)
        epoch = await acd.connection.wait_up(5)
        info = await epoch.request("$SRV.INFO.acd", timeout_s=2)
    assert b'"get_agent"' in info.data
    assert b"acd.v1.*.cmd.get_agent" in info.data


async def test_a_service_gives_a_sign_of_life(nats: NatsServer) -> None:
    async def answer(question: GetAgentV1) -> AgentStatusV1:
        return status("x")

    async def hang(message: object) -> None:
        """Take a question, and never answer it."""

    async with nats.bus("crm_api") as crm:
        assert not await crm.is_served("acd")
        async with nats.bus("acd") as acd:
            await acd.respond(GetAgentV1, answer)
            assert await crm.is_served("acd")
            assert not await crm.is_served("dialer")
        assert not await crm.is_served("acd")
        async with nats.bus("recorder") as recorder:
            epoch = await recorder.connection.wait_up(5)
            await epoch.client.subscribe("$SRV.PING.recorder", cb=hang)
            await epoch.settle()
            assert not await crm.is_served("recorder", timeout_s=0.2)
            # When it is NATS that is silent, nobody knows.
            nats.process.send(signal.SIGSTOP)
            try:
                with pytest.raises(BusDown):
                    await crm.is_served("recorder", timeout_s=0.2)
            finally:
                nats.process.send(signal.SIGCONT)


# -- presence ------------------------------------------------------------------------------------


async def test_presence_reaches_who_asked_for_it(nats: NatsServer, tenant: str) -> None:
    got: asyncio.Queue[CampaignAgentsV1] = asyncio.Queue()
    async with nats.bus("acd") as acd, nats.bus("dialer") as dialer:
        await dialer.subscribe(CampaignAgentsV1, got.put, tenant=tenant, campaign_id="c1")

        acd.emit(agents(tenant, "c2", 1))
        acd.emit(agents("other", "c1", 2))
        acd.emit(agents(tenant, "c1", 3))
        assert (await got.get()).ready == 3
        assert got.empty()
