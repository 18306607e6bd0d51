"""Every feature that is off takes its operations away, and closing ends every way in at once."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from tests.support.api_document import api_document
from tests.support.crm import Crm, Signed, ok, refused

from ringway.crm_api.access import ROLE_PERMISSIONS, Permission, Role
from ringway.crm_api.features import Feature
from ringway.crm_api.webhooks import delivery_store
from ringway.crm_api.webhooks.dispatch import Dispatcher
from ringway.proto.acd import PutAgentV1
from ringway.proto.crm_customers import CustomersMovedV1
from ringway.runtime.bus.consumer import fact_sequence

pytestmark = [pytest.mark.api, pytest.mark.timeout(120)]

_WHY = {"reason": "a good reason"}
_AT_ONCE = 16


@dataclass(frozen=True)
class Operation:
    name: str
    method: str
    path: str
    permission: Permission
    needs: frozenset[Feature]


def _operations() -> list[Operation]:
    """Return the operations that need a feature, but for those of the platform's own."""
    found = [
        Operation(
            operation["operationId"],
            method.upper(),
            re.sub(r"\{\w+\}", str(uuid4()), path.removeprefix("/api/v1")),
            Permission(operation["x-permission"]),
            frozenset(Feature(each) for each in operation["x-features"]),
        )
        for path, methods in api_document()["paths"].items()
        for method, operation in methods.items()
        if operation.get("x-features")
    ]
    platforms = ROLE_PERMISSIONS[Role.SYSTEM_ADMIN] - ROLE_PERMISSIONS[Role.ENTERPRISE_ADMIN]
    return [each for each in found if each.permission not in platforms]


async def _ask(
    people: dict[Role, Signed], operations: Iterable[Operation]
) -> dict[str, httpx.Response]:
    """Ask for each as somebody who may; return the answers by operation."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(each: Operation) -> tuple[str, httpx.Response]:
        role = next(role for role in people if each.permission in ROLE_PERMISSIONS[role])
        async with places:
            return each.name, await people[role](each.method, each.path)

    return dict(await asyncio.gather(*(one(each) for each in operations)))


def _feature_off(answer: httpx.Response) -> str | None:
    """Return the feature for want of which an operation was refused."""
    if answer.status_code != 403 or answer.json()["code"] != "feature_off":
        return None
    return str(answer.json()["feature"])


async def test_each_feature_takes_exactly_its_own_operations_away(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    agent = await crm.user(boss, "acme", Role.AGENT, "ann", "801")
    people = {Role.ENTERPRISE_ADMIN: boss, Role.AGENT: agent}
    features = f"/tenants/{(await boss.get('/me'))['tenant_id']}/features"
    operations = _operations()
    assert {need for each in operations for need in each.needs} == set(Feature)
    # With all of them nothing is refused for want of one; whatever else is wrong with a request.
    reads = [each for each in operations if each.method == "GET"]
    assert not [name for name, each in (await _ask(people, reads)).items() if _feature_off(each)]
    for feature in Feature:
        await crm.platform.put(features, {"features": sorted(set(Feature) - {feature})})
        its = [each for each in operations if feature in each.needs]
        told = await _ask(people, its)
        assert {name: _feature_off(each) for name, each in told.items()} == dict.fromkeys(
            told, feature
        )
        # One of each other feature's is there as before.
        others = {next(iter(each.needs)): each for each in reads if feature not in each.needs}
        told = await _ask(people, others.values())
        assert not [name for name, each in told.items() if _feature_off(each)]
    # Off altogether: nothing of them is left, not for a program either.
    key = Signed(crm.http, (await boss.post("/api-keys", _key()))["key"], "")
    await crm.platform.put(features, {"features": []})
    told = await _ask(people, operations)
    assert all(_feature_off(each) in each_needs for each, each_needs in (
        (told[operation.name], operation.needs) for operation in operations
    ))  # fmt: skip
    refused(await key("GET", "/campaigns"), 403, "feature_off")
    assert (await key("GET", "/customers")).status_code == 200
    assert (await boss.get("/me"))["features"] == []


def _key() -> dict[str, object]:
    return {"name": "program", "scopes": ["customers.read", "campaigns.read"]}


async def test_closing_ends_tokens_keys_webhooks_and_phones_at_once(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    agent = await crm.user(boss, "acme", Role.AGENT, "ann", "1001")
    tenant = (await boss.get("/me"))["tenant_id"]
    key = Signed(crm.http, (await boss.post("/api-keys", _key()))["key"], "")
    hook = {"url": "https://hooks.example/ringway", "event_types": ["crm.v1.customers.moved"]}
    await boss.post("/webhooks", hook)
    fact = CustomersMovedV1(
        occurred_at=crm.clock(), tenant=tenant, act_id=str(uuid4()), agent_id=agent.user_id,
        how="assigned", customers=1,
    )  # fmt: skip
    fact_sequence.set(1)
    await Dispatcher(crm.deps.pool, crm.deps.webhooks, crm.clock).take(fact)

    async def to_send() -> int:
        async with crm.deps.pool.platform() as conn:
            found = await delivery_store.claim(
                conn, now=crm.clock(), claim=uuid4(), hold=timedelta(seconds=1), at_most=5,
                failing=False, per_webhook=5, per_tenant=5,
            )  # fmt: skip
        crm.clock.forward(2)
        return len(found)

    assert await to_send() == 1
    for each, path in ((boss, "/customers"), (agent, "/customers"), (key, "/customers")):
        assert (await each("GET", path)).status_code == 200
    await crm.platform.post(f"/tenants/{tenant}/close", _WHY)
    # The very next request, by whatever way, and nothing that waits is sent any more.
    for each in (boss, agent, key):
        refused(await each("GET", "/customers"), 401, "tenant_suspended")
    renewal = {"grant_type": "refresh_token", "refresh_token": boss.refresh_token}
    assert (await crm.http.post("/api/v1/auth/token", data=renewal)).status_code in (400, 401)
    assert await to_send() == 0
    told = crm.behind.last(PutAgentV1)
    assert (told.agent_id, told.enabled) == (agent.user_id, False)
    # The platform's stop of a whole enterprise does the same for who gets in.
    ok(await crm.platform("POST", f"/tenants/{tenant}/reopen"))
    assert (await key("GET", "/customers")).status_code == 200
    assert await to_send() == 1
    await crm.platform.post(f"/tenants/{tenant}/suspend")
    refused(await key("GET", "/customers"), 401, "tenant_suspended")
    assert await to_send() == 0
