"""The guided opening of an enterprise: all of it, or nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from tests.support.crm import USER_PASSWORD, Crm, ok, refused
from tests.support.nats import NatsServer
from tests.support.postgres import connect
from tests.support.tenant_rows import owned, row_deleters

from ringway.crm_api.opening import service as opening
from ringway.proto.acd import PutAgentV1, PutTrunkV1
from ringway.proto.dialer import PutProjectV1
from ringway.runtime.bus import Refused

pytestmark = pytest.mark.api

_WHY = {"reason": "a good reason"}
# What PostgreSQL does when the last step cannot be written.
_NO_ACTIVATION = """
    CREATE FUNCTION crm.no_activation() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'not now'; END $$;
    CREATE TRIGGER no_activation BEFORE UPDATE ON crm.tenant FOR EACH ROW
      WHEN (new.state = 'active') EXECUTE FUNCTION crm.no_activation();
"""


@pytest.fixture
async def deleters(crm: Crm, nats: NatsServer) -> AsyncIterator[AsyncExitStack]:
    """Close it, and nobody removes what the dialer has of an enterprise."""
    async with (
        row_deleters(crm.database, nats, ("acd",)),
        AsyncExitStack() as dialer,
    ):
        await dialer.enter_async_context(row_deleters(crm.database, nats, ("dialer",)))
        yield dialer


async def _rows_of_enterprise(crm: Crm, tenant_id: str) -> dict[str, int]:
    admin = await connect(crm.database, "ringway_admin")
    try:
        return await owned(admin, tenant_id)
    finally:
        await admin.close()


async def _half(crm: Crm) -> dict[str, Any]:
    """Return the one enterprise that there is."""
    (half,) = (await crm.platform.get("/tenants"))["items"]
    return dict(half)


def _opening(slug: str = "acme", **changed: Any) -> dict[str, Any]:
    return {
        "slug": slug,
        "name": "Acme",
        "admin": {"username": "boss", "password": USER_PASSWORD},
        "agents": [
            {"username": name, "password": USER_PASSWORD, "agent_number": number}
            for name, number in (("ann", "1001"), ("bob", "1002"))
        ],
        "trunk": {"name": "t", "host": "sip.example", "password": "s3cret", "username": "u"},
        "caller_numbers": ["+442079460001"],
        "features": ["outbound", "outbound_calls", "recordings"],
        **changed,
    }


async def test_one_request_leaves_an_enterprise_that_can_start_a_campaign(crm: Crm) -> None:
    opened = await crm.platform.post("/tenants/open", _opening())
    assert opened["tenant"]["state"] == "active"
    done = [(each["step"], each["name"]) for each in opened["steps"]]
    assert done == [
        ("enterprise", "acme"),
        ("admin", "boss"),
        ("agent", "ann"),
        ("agent", "bob"),
        ("trunk", "t"),
        ("caller_number", "+442079460001"),
        ("dispositions", "telesales"),
        ("campaign_defaults", "careful"),
        ("project", "First project"),
    ]
    assert "s3cret" not in str(opened)
    boss = await crm.sign_in("boss@acme")
    ids = {each["step"]: each["object_id"] for each in opened["steps"]}
    numbers = await boss.post("/lists", {"name": "l"})
    campaign = {
        "name": "c",
        "project_id": ids["project"],
        "mode": "progressive",
        "list_ids": [numbers["list_id"]],
        "agent_ids": [ids["agent"]],
        "trunk_id": ids["trunk"],
        "caller_id": "+442079460001",
    }
    made = await boss.post("/campaigns", campaign)
    assert (await boss.post(f"/campaigns/{made['campaign_id']}/start"))["state"] == "running"
    assert made["schedule"]["windows"][0]["ends"] == "20:00"
    assert (made["caps"]["number_per_week"], made["target_abandonment"]) == (3, 0.03)
    said = [each["code"] for each in (await boss.get("/dispositions"))["items"]]
    assert {"sale", "do_not_call", "too_expensive", "wants_information"} <= set(said)
    refused(await boss("GET", "/supervision/agents"), 403, "feature_off")
    assert (await (await crm.sign_in("ann@acme")).get("/me"))["agent_number"] == "1001"
    by = {each["actor"] for each in (await boss.get("/audit-log"))["items"]}
    assert "operator:admin" in by


async def test_an_enterprise_begins_in_its_language_and_by_its_law(crm: Crm) -> None:
    chinese = {"language": "zh", "law": "cn", "zone": "Asia/Urumqi", "dispositions": "survey"}
    opened = await crm.platform.post("/tenants/open", _opening(**chinese))
    done = {each["step"]: each for each in opened["steps"]}
    assert done["project"]["name"] == "首个项目"
    boss = await crm.sign_in("boss@acme")
    survey = {each["code"]: each for each in (await boss.get("/dispositions"))["items"]}
    assert survey["completed"]["name_zh"] == "完成调查"
    assert not survey["sale"]["is_active"]
    ids = {name: each["object_id"] for name, each in done.items()}
    numbers = await boss.post("/lists", {"name": "l"})
    body = {
        "name": "c",
        "project_id": ids["project"],
        "mode": "progressive",
        "list_ids": [numbers["list_id"]],
        "trunk_id": ids["trunk"],
        "max_attempts": 9,
    }
    made = await boss.post("/campaigns", body)
    assert (made["schedule"]["zone"], made["max_attempts"]) == ("Asia/Urumqi", 9)
    assert made["caps"]["number_per_day"] == 2

    # Whoever says something himself is not overruled, and what he clears is cleared.
    own = {**body, "schedule": {}, "caps": {"lead_per_day": 4}}
    path = f"/campaigns/{made['campaign_id']}"
    changed = await boss.put(path, own)
    assert changed["schedule"]["windows"] == []
    assert (changed["caps"]["lead_per_day"], changed["caps"]["number_per_day"]) == (4, None)

    known = await boss("GET", "/campaign-defaults")
    assert ok(known)["max_attempts"] == 3
    wanted = {"needs_consent": True, "target_abandonment": 0.01}
    put = await boss("PUT", "/campaign-defaults", json=wanted, headers={"If-Match": '"1"'})
    assert (ok(put)["version"], ok(put)["schedule"]) == (2, None)
    stale = await boss("PUT", "/campaign-defaults", json=wanted, headers={"If-Match": '"1"'})
    assert refused(stale, 412, "campaign_defaults_changed")["current"]["needs_consent"] is True
    made = await boss.post("/campaigns", body)
    assert (made["needs_consent"], made["target_abandonment"]) == (True, 0.01)
    assert made["schedule"]["windows"] == []
    unknown = {"caps": {"per_hour": 1}}
    refused(await boss("PUT", "/campaign-defaults", json=unknown), 422, "validation_failed")
    by = [each["action"] for each in (await boss.get("/audit-log"))["items"]]
    assert "campaign_defaults.changed" in by

    other = await crm.platform.post(
        "/tenants/open", _opening("other", law="none", caller_numbers=[])
    )
    assert other["tenant"]["state"] == "active"
    shipped = await (await crm.sign_in("boss@other")).get("/campaign-defaults")
    assert (shipped["version"], shipped["caps"]) == (0, None)


@pytest.mark.parametrize("failing", [PutAgentV1, PutTrunkV1, PutProjectV1])
async def test_nothing_is_left_when_a_step_fails(
    crm: Crm, deleters: AsyncExitStack, failing: Any
) -> None:
    crm.behind.refuse[failing] = Refused("unavailable", "not now")
    key = {"Idempotency-Key": "open acme"}
    response = await crm.platform("POST", "/tenants/open", json=_opening(), headers=key)
    problem = refused(response, 503, "service_failed")
    assert problem["is_undone"]
    step = {PutAgentV1: "agent ann", PutTrunkV1: "trunk", PutProjectV1: "project"}[failing]
    assert problem["failed_step"] == step
    assert (await crm.platform.get("/tenants"))["items"] == []
    # No row of it in any schema: nor dispositions and numbers in the dialer, nor phones.
    assert await _rows_of_enterprise(crm, problem["steps"][0]["object_id"]) == {}
    crm.behind.refuse.clear()
    repeat = await crm.platform("POST", "/tenants/open", json=_opening(), headers=key)
    assert ok(repeat)["tenant"]["state"] == "active"
    assert (await (await crm.sign_in("boss@acme")).get("/me"))["role"] == "enterprise_admin"


async def test_a_repeat_finishes_what_failed_at_the_very_end(
    crm: Crm, deleters: AsyncExitStack
) -> None:
    key = {"Idempotency-Key": "open acme"}
    admin = await connect(crm.database, "ringway_admin")
    try:
        await admin.execute(_NO_ACTIVATION)
        response = await crm.platform("POST", "/tenants/open", json=_opening(), headers=key)
        assert response.status_code == 500
        assert (await crm.platform.get("/tenants"))["items"] == []
        left = await admin.fetchval("SELECT count(*) FROM dialer.disposition")
        assert (left, await admin.fetchval("SELECT count(*) FROM acd.agent")) == (0, 0)
        await admin.execute("DROP TRIGGER no_activation ON crm.tenant")
    finally:
        await admin.close()
    opened = ok(await crm.platform("POST", "/tenants/open", json=_opening(), headers=key))
    assert opened["tenant"]["state"] == "active"
    again = await crm.platform("POST", "/tenants/open", json=_opening(), headers=key)
    assert (ok(again), again.headers["idempotent-replayed"]) == (opened, "true")
    assert (await (await crm.sign_in("ann@acme")).get("/me"))["agent_number"] == "1001"


async def test_an_opening_that_cannot_be_undone_lets_nobody_in_and_a_repeat_finishes_it(
    crm: Crm, nats: NatsServer, deleters: AsyncExitStack
) -> None:
    key = {"Idempotency-Key": "open acme"}
    crm.behind.refuse[PutProjectV1] = Refused("unavailable", "not now")
    await deleters.aclose()
    response = await crm.platform("POST", "/tenants/open", json=_opening(), headers=key)
    problem = refused(response, 503, "service_failed")
    assert (problem["failed_step"], problem["is_undone"]) == ("project", False)
    half = await _half(crm)
    assert half["state"] == "opening"
    path = f"/tenants/{half['tenant_id']}"
    refused(await crm.platform("POST", f"{path}/resume"), 404, "tenant_not_found")
    refused(await crm.platform("POST", f"{path}/close", json=_WHY), 409, "tenant_opening")
    refused(await crm.platform("POST", f"{path}/jump-ins", json=_WHY), 409, "tenant_not_active")
    login = {"grant_type": "password", "username": "boss@acme", "password": USER_PASSWORD}
    refused(await crm.http.post("/api/v1/auth/token", data=login), 400, "invalid_grant")
    crm.behind.refuse.clear()
    async with row_deleters(crm.database, nats, ("dialer",)):
        # It may be going on in another process; then it is undone, and done anew.
        early = await crm.platform("POST", "/tenants/open", json=_opening(), headers=key)
        refused(early, 503, "opening_unfinished")
        assert 10 <= int(early.headers["Retry-After"]) <= 91
        crm.clock.forward(91)
        opened = ok(await crm.platform("POST", "/tenants/open", json=_opening(), headers=key))
    assert opened["tenant"]["tenant_id"] != half["tenant_id"]
    assert await _rows_of_enterprise(crm, half["tenant_id"]) == {}
    assert (await _half(crm))["state"] == "active"


async def test_what_a_dead_process_left_goes_without_a_repeat(
    crm: Crm, nats: NatsServer, deleters: AsyncExitStack
) -> None:
    crm.behind.refuse[PutProjectV1] = Refused("unavailable", "not now")
    await deleters.aclose()
    response = await crm.platform("POST", "/tenants/open", json=_opening())
    refused(response, 503, "service_failed")
    async with row_deleters(crm.database, nats, ("dialer",)):
        assert await opening.clear_all(crm.deps) == 0
        crm.clock.forward(91)
        assert await opening.clear_all(crm.deps) == 1
    assert (await crm.platform.get("/tenants"))["items"] == []


async def test_a_repeat_is_the_same_opening_and_a_taken_slug_is_refused(crm: Crm) -> None:
    key = {"Idempotency-Key": "open acme"}
    first = ok(await crm.platform("POST", "/tenants/open", json=_opening(), headers=key))
    again = await crm.platform("POST", "/tenants/open", json=_opening(), headers=key)
    assert again.headers["idempotent-replayed"] == "true"
    assert ok(again) == first
    problem = refused(
        await crm.platform("POST", "/tenants/open", json=_opening()), 409, "slug_taken"
    )
    assert problem["steps"] == []
    assert (await (await crm.sign_in("boss@acme")).get("/me"))["tenant_slug"] == "acme"


async def test_what_cannot_be_is_refused_before_anything_is_made(crm: Crm) -> None:
    twin = [{"username": "boss", "password": USER_PASSWORD, "agent_number": "1001"}]
    wrong: tuple[dict[str, Any], ...] = (
        {"agents": twin},
        {"agents": []},
        {"trunk": {"name": "t", "host": "a b"}},
    )
    for changed in wrong:
        response = await crm.platform("POST", "/tenants/open", json=_opening(**changed))
        refused(response, 422, "validation_failed")
    assert (await crm.platform.get("/tenants"))["items"] == []
