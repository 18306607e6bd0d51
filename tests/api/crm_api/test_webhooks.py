"""Webhooks: endpoints, signatures, what is told to whom, failures, outages, hostile addresses."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from tests.support.crm import SERVICES, Crm, Signed, refused, rows_of, running_crm
from tests.support.nats import NatsServer
from tests.support.postgres import PostgresServer
from tests.support.waiting import eventually
from tests.support.webhooks import HOST, Receiver, receiver, says, telling

from ringway.crm_api.access import Role
from ringway.crm_api.webhooks.dispatch import Dispatcher
from ringway.proto.acd import InteractionEndedV1
from ringway.runtime.bus import Bus
from ringway.runtime.bus.consumer import fact_sequence
from ringway.runtime.clock import utcnow
from ringway.runtime.ids import uuid7

pytestmark = [pytest.mark.api, pytest.mark.timeout(90)]

_ALL = {"event_types": ["*"]}


@asynccontextmanager
async def _crm(postgres: PostgresServer, nats: NatsServer, folder: Path) -> AsyncIterator[Crm]:
    database = await postgres.create_database(SERVICES)
    try:
        async with running_crm(database, nats, folder, webhook_inside_hosts=(HOST,)) as running:
            yield running
    finally:
        await postgres.drop_database(database)


@pytest.fixture
async def crm(postgres: PostgresServer, nats: NatsServer, tmp_path: Path) -> AsyncIterator[Crm]:
    """An application that may tell endpoints on this machine."""
    async with _crm(postgres, nats, tmp_path) as running:
        yield running


@pytest.fixture
async def hook() -> AsyncIterator[Receiver]:
    async with receiver() as running:
        yield running


@pytest.fixture
async def acd(nats: NatsServer) -> AsyncIterator[Bus]:
    async with nats.bus("acd", name="acd-test") as bus:
        yield bus


def _ended(tenant: str) -> InteractionEndedV1:
    return InteractionEndedV1(
        occurred_at=utcnow(),
        tenant=tenant,
        interaction_id=str(uuid7()),
        agent_id=str(uuid7()),
        wrap_up_s=1,
    )


async def _tenant(crm: Crm, slug: str = "acme") -> tuple[Signed, str]:
    boss = await crm.open_tenant(slug)
    return boss, (await boss.get("/me"))["tenant_id"]


async def _states(boss: Signed, made: dict[str, Any]) -> list[str]:
    page = await boss.get(f"/webhooks/{made['webhook_id']}/deliveries")
    return [each["state"] for each in page["items"]]


async def _becomes(boss: Signed, made: dict[str, Any], *states: str) -> None:
    async def so() -> bool:
        return await _states(boss, made) == list(states)

    await eventually(so, within_s=20, what=lambda: f"{states}")


async def test_an_endpoint_is_told_what_happens_under_its_secret(
    crm: Crm, hook: Receiver, acd: Bus
) -> None:
    boss, tenant = await _tenant(crm)
    other, theirs = await _tenant(crm, "other")
    path = "/webhooks"
    made = await boss.post(path, {"url": hook.url(), **_ALL})
    mine = f"{path}/{made['webhook_id']}"
    await other.post(path, {"url": hook.url("/other"), "event_types": ["acd.v1.trunk.*"]})
    shown = await boss.get(mine)
    assert "secret" not in shown
    assert made["secret"].startswith("whsec_")
    (row,) = await rows_of(crm, "SELECT secret FROM crm.webhook WHERE tenant_id = $1", tenant)
    assert made["secret"].encode() not in row["secret"]
    async with telling(crm):
        facts = [_ended(tenant), _ended(theirs)]
        for fact in facts:
            await acd.publish(fact)
        (told,) = await hook.wait(1)
        assert told.is_signed(made["secret"])
        assert told.id == facts[0].message_id
        assert told.event["type"] == "acd.v1.interaction.ended"
        assert told.event["tenant"] == tenant
        assert told.event["data"]["interaction_id"] == facts[0].interaction_id
        kept = await crm.deps.bus.facts_range()
        assert kept.first <= told.event["id"] <= kept.last
        await _becomes(boss, made, "delivered")
        # Once: a repeat of the fact, as after a kill, makes no second delivery.
        fact_sequence.set(told.event["id"])
        dispatcher = Dispatcher(crm.deps.pool, crm.deps.webhooks, crm.deps.now)
        await dispatcher.take(facts[0])
        assert await _states(boss, made) == ["delivered"]

        # The secret is exchanged: for a while both sign.
        renewed = await boss.post(f"{mine}/rotate-secret", {"overlap_s": 600})
        asked = await boss.post(f"{mine}/test")
        told = (await hook.wait(2))[1]
        assert told.event["type"] == "crm.v1.webhook.test"
        assert told.event["id"] is None
        assert told.id == asked["event_id"]
        assert told.is_signed(made["secret"])
        assert told.is_signed(renewed["secret"])
        # One whose answer is not noted yet would be sent again as overdue.
        await _becomes(boss, made, "delivered", "delivered")
        crm.clock.forward(601)
        await boss.post(f"{mine}/test")
        told = (await hook.wait(3))[2]
        assert not told.is_signed(made["secret"])
        assert told.is_signed(renewed["secret"])

        # Off: what is missed is held, and sent when it is asked for.
        body = {"url": hook.url(), **_ALL, "is_enabled": False}
        refused(await boss("PUT", mine, json=body), 428, "if_match_required")
        etag = {"If-Match": f'"{renewed["version"]}"'}
        changed = await boss.put(mine, body, headers=etag)
        problem = refused(await boss("PUT", mine, json=body, headers=etag), 412, "webhook_changed")
        assert problem["current"]["version"] == changed["version"]
        await acd.publish(missed := _ended(tenant))
        await _becomes(boss, made, "held", "delivered", "delivered", "delivered")
        refused(await boss("POST", f"{mine}/test"), 409, "webhook_disabled")
        since = {"since": (utcnow()).isoformat().replace("+00:00", "Z")}
        refused(await boss("POST", f"{mine}/replay", json=since), 409, "webhook_disabled")
        await boss.put(mine, {**body, "is_enabled": True}, headers={"If-Match": "*"})
        assert await boss.post(f"{mine}/replay", since) == {"count": 1, "is_all": True}
        told = (await hook.wait(4))[3]
        assert told.id == missed.message_id
        await _becomes(boss, made, *["delivered"] * 4)
        (newest, *_) = (await boss.get(f"{mine}/deliveries"))["items"]
        await boss.post(f"{mine}/deliveries/{newest['delivery_id']}/retry")
        assert (await hook.wait(5))[4].id == missed.message_id
        detail = await boss.get(f"{mine}/deliveries/{newest['delivery_id']}")
        assert detail["event"]["data"]["interaction_id"] == missed.interaction_id
    assert hook.at("/other") == []
    actions = {each["action"] for each in (await boss.get("/audit-log"))["items"]}
    assert {"webhook.created", "webhook.secret_rotated", "webhook.replayed"} <= actions
    assert (await boss("DELETE", mine)).status_code == 204
    refused(await boss("GET", mine), 404, "webhook_not_found")


async def test_what_fails_is_tried_again_and_what_is_gone_is_given_up(
    crm: Crm, hook: Receiver, acd: Bus
) -> None:
    boss, tenant = await _tenant(crm)
    hook.answers["/hook"] = says(500, text="no \x00 good " + "x" * 5_000)
    made = await boss.post("/webhooks", {"url": hook.url(), **_ALL})
    mine = f"/webhooks/{made['webhook_id']}"
    async with telling(crm):
        await acd.publish(_ended(tenant))
        await hook.wait(1)
        await eventually(lambda: _has_tried(boss, mine, 1), within_s=20)
        (waiting,) = (await boss.get(f"{mine}/deliveries"))["items"]
        assert (waiting["state"], waiting["last_status"]) == ("pending", 500)
        detail = await boss.get(f"{mine}/deliveries/{waiting['delivery_id']}")
        (tried,) = detail["tried"]
        assert tried["answer"].startswith("no \ufffd good xxx")
        assert len(tried["answer"]) <= 1_000
        assert tried["error"] == "It answered 500."
        # Somebody who cannot wait; then time itself.
        await boss.post(f"{mine}/deliveries/{waiting['delivery_id']}/retry")
        await eventually(lambda: _has_tried(boss, mine, 2), within_s=20)
        hook.answers.clear()
        crm.clock.forward(60)
        await eventually(lambda: _has_tried(boss, mine, 3), within_s=20)
        boss = await crm.sign_in("boss@acme")
        assert await _states(boss, made) == ["delivered"]
        assert (await boss.get(mine))["failures"] == 0
        assert {each.id for each in hook.told} == {waiting["event_id"]}

        # It fails for days, and nothing else: it is switched off, and everybody is told.
        hook.answers["/hook"] = says(503, headers={"Retry-After": "100000"})
        watching = await boss.post("/webhooks", {"url": hook.url("/watch"), **_ALL})
        await acd.publish(_ended(tenant))
        await hook.wait(1, "/watch")
        tries = 0
        while (await boss.get(mine))["is_enabled"]:
            tries += 1
            assert tries < 40
            before = len(hook.at("/hook"))
            crm.clock.forward(86_400)
            boss = await crm.sign_in("boss@acme")
            await _next_or_off(boss, mine, hook, before)
        off = await boss.get(mine)
        assert "three days" in off["disabled_reason"]
        told = await hook.wait(2, "/watch")
        assert told[1].event["type"] == "crm.v1.webhook.disabled"
        assert told[1].event["data"]["webhook_id"] == made["webhook_id"]
        (noted,) = (await boss.get("/audit-log?action=webhook.disabled"))["items"]
        assert noted["actor"] == "system"

        hook.answers["/watch"] = says(410)
        await boss.post(f"/webhooks/{watching['webhook_id']}/test")

        async def is_off() -> bool:
            return not (await boss.get(f"/webhooks/{watching['webhook_id']}"))["is_enabled"]

        await eventually(is_off, within_s=20)


async def _has_tried(boss: Signed, mine: str, times: int) -> bool:
    response = await boss("GET", f"{mine}/deliveries")
    if response.status_code != 200:
        return True  # the token is too old by now
    return bool(response.json()["items"][0]["attempts"] >= times)


async def _next_or_off(boss: Signed, mine: str, hook: Receiver, before: int) -> None:
    async def so() -> bool:
        view = await boss.get(mine)
        told = len(hook.at("/hook"))
        return not view["is_enabled"] or (told > before and view["failures"] >= told - 3)

    await eventually(so, within_s=20)


async def test_a_dead_endpoint_delays_nobody(crm: Crm, hook: Receiver, acd: Bus) -> None:
    boss, tenant = await _tenant(crm)
    never = asyncio.Event()

    async def hangs(_: web.Request) -> web.Response:
        await never.wait()
        return web.Response()

    hook.answers["/dead"] = hangs
    await boss.post("/webhooks", {"url": hook.url("/dead"), **_ALL})
    await boss.post("/webhooks", {"url": hook.url(), **_ALL})
    async with telling(crm, limit_s=60):
        facts = [_ended(tenant) for _ in range(30)]
        for fact in facts:
            await acd.publish(fact)
        told = await hook.wait(30)
        assert {each.id for each in told} == {fact.message_id for fact in facts}
        assert 1 <= len(hook.at("/dead")) <= 4
    never.set()


async def test_nothing_is_lost_by_kills_and_outages(
    crm: Crm, hook: Receiver, acd: Bus, postgres: PostgresServer, nats: NatsServer
) -> None:
    boss, tenant = await _tenant(crm)
    made = await boss.post("/webhooks", {"url": hook.url(), **_ALL})
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_: web.Request) -> web.Response:
        reached.set()
        await go_on.wait()
        return web.Response()

    hook.answers["/hook"] = slow
    async with telling(crm):
        await acd.publish(first := _ended(tenant))
        async with asyncio.timeout(20):
            await reached.wait()
    # The worker died after it had sent and before it could write that down.
    go_on.set()
    hook.answers.clear()
    assert await _states(boss, made) == ["pending"]
    async with telling(crm):
        crm.clock.forward(61)  # its claim has ended
        told = await hook.wait(2)
        assert [each.id for each in told] == [first.message_id] * 2
        await _becomes(boss, made, "delivered")

        # PostgreSQL dies while an endpoint thinks: written down when it is back.
        reached.clear()
        go_on.clear()
        hook.answers["/hook"] = slow
        await acd.publish(second := _ended(tenant))
        async with asyncio.timeout(20):
            await reached.wait()
        postgres.kill()
        go_on.set()
        hook.answers.clear()
        await acd.publish(third := _ended(tenant))
        await postgres.start()
        await hook.wait(4)
        await _becomes(boss, made, "delivered", "delivered", "delivered")

        nats.kill()
        await nats.start()
        await eventually(lambda: acd.healthy, within_s=20)
        await acd.publish(fourth := _ended(tenant))
        await hook.wait(5)
        await _becomes(boss, made, *["delivered"] * 4)
        sent = {fact.message_id for fact in (first, second, third, fourth)}
        assert {each.id for each in hook.told} == sent


class _Rebinding(AbstractResolver):
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host, host=HOST, port=port, family=socket.AF_INET, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        return None


async def test_no_address_inside_is_called(crm: Crm, hook: Receiver) -> None:
    boss, _ = await _tenant(crm)
    for url in (
        "http://crm.example/hook",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest",
        "https://[::ffff:10.0.0.1]/",
        "https://user:pw@crm.example/",
        "ftp://crm.example/x",
    ):
        refused(await boss("POST", "/webhooks", json={"url": url, **_ALL}), 422, "url_refused")
    # The name was public when it was saved, and is this machine when it is called.
    evil = await boss.post("/webhooks", {"url": f"https://evil.example:{hook.port}/x", **_ALL})
    hook.answers["/away"] = says(302, headers={"Location": hook.url("/inside")})
    away = await boss.post("/webhooks", {"url": hook.url("/away"), **_ALL})
    async with telling(crm, resolver=_Rebinding()):
        for made in (evil, away):
            mine = f"/webhooks/{made['webhook_id']}"
            await boss.post(f"{mine}/test")
            await eventually(lambda mine=mine: _has_tried(boss, mine, 1), within_s=20)  # type: ignore[misc]
    (tried,) = (await boss.get(f"/webhooks/{evil['webhook_id']}/deliveries"))["items"]
    assert "inside" in tried["last_error"]
    (tried,) = (await boss.get(f"/webhooks/{away['webhook_id']}/deliveries"))["items"]
    assert tried["last_status"] == 302
    assert {each.path for each in hook.told} == {"/away"}


async def test_an_endpoint_is_told_only_what_its_owner_may_see(crm: Crm, hook: Receiver) -> None:
    boss, tenant = await _tenant(crm)
    scopes = ["webhooks.read", "webhooks.write", "trunks.read"]
    key = await boss.post("/api-keys", {"name": "k", "scopes": scopes})
    program = Signed(crm.http, key["key"], "")
    types = (await program.get("/webhooks/event-types"))["items"]
    assert {each["type"] for each in types if each["is_seen"]} >= {
        "acd.v1.trunk.state_changed",
        "crm.v1.webhook.disabled",
    }
    body = {"url": hook.url(), "event_types": ["acd.v1.interaction.*"]}
    response = await program("POST", "/webhooks", json=body)
    assert refused(response, 403, "event_type_not_yours")["permission"] == "interactions.all"
    body["event_types"] = ["acd.v1.nothing.*"]
    refused(await program("POST", "/webhooks", json=body), 422, "event_type_unknown")
    body["event_types"] = ["A b"]
    refused(await program("POST", "/webhooks", json=body), 422, "validation_failed")
    made = await program.post("/webhooks", {"url": hook.url(), **_ALL})
    assert "interactions.all" not in made["sees"]
    fact_sequence.set(1)
    dispatcher = Dispatcher(crm.deps.pool, crm.deps.webhooks, crm.deps.now)
    await dispatcher.take(_ended(tenant))
    assert await _states(boss, made) == []
    agent = await crm.user(boss, "acme", Role.AGENT, "ann", "1001")
    refused(await agent("GET", "/webhooks"), 403, "permission_missing")
    # Twenty are enough for everybody.
    for _ in range(19):
        await boss.post("/webhooks", {"url": hook.url(), **_ALL})
    response = await boss("POST", "/webhooks", json={"url": hook.url(), **_ALL})
    refused(response, 409, "too_many_webhooks")
