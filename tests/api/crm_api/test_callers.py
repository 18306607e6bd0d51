"""Caller ids: allotted by the operator, put to use by the enterprise."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from tests.support.crm import Crm, ok, refused, rows_of

from ringway.crm_api.access import Role
from ringway.runtime.clock import utcnow
from ringway.runtime.ids import uuid7

pytestmark = pytest.mark.api

NUMBERS = ["+442079460001", "+442079460002"]


async def test_a_number_goes_from_the_operator_to_a_pool_and_to_an_agent(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    tenant = (await boss.get("/me"))["tenant_id"]
    given = await crm.platform.post(f"/tenants/{tenant}/caller-numbers", {"phones_e164": NUMBERS})
    assert given == {"changed": 2}
    pool = await boss.post("/caller-pools", {"name": "London", "rule": "in_turn", "daily_cap": 9})
    path = f"/caller-pools/{pool['caller_pool_id']}"
    put = await boss(
        "PUT",
        f"/caller-numbers/{NUMBERS[0]}",
        json={"caller_pool_id": pool["caller_pool_id"], "daily_cap": 5},
    )
    assert (ok(put)["state"], ok(put)["daily_cap"]) == ("active", 5)
    assert (await boss.get(path))["numbers_active"] == 1
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    own = await boss("PUT", f"/caller-numbers/{NUMBERS[1]}", json={"agent_id": ann.user_id})
    assert ok(own)["agent_id"] == ann.user_id
    listed = await boss.get("/caller-numbers?state=active")
    assert [n["phone_e164"] for n in listed["items"]] == NUMBERS
    page = await boss.get("/caller-numbers?limit=1")
    rest = await boss.get(f"/caller-numbers?limit=1&cursor={page['next_cursor']}")
    assert [n["phone_e164"] for n in page["items"] + rest["items"]] == NUMBERS
    changed = await boss("PUT", path, json={"name": "London", "rule": "least_used"})
    assert (ok(changed)["rule"], ok(changed)["daily_cap"]) == ("least_used", None)
    assert (await boss("DELETE", path)).status_code == 204
    refused(await boss("GET", path), 404, "caller_pool_not_found")
    assert (await boss.get("/caller-numbers"))["items"][0]["caller_pool_id"] is None
    taken = await crm.platform.post(
        f"/tenants/{tenant}/caller-numbers/withdraw", {"phones_e164": NUMBERS}
    )
    assert taken == {"changed": 2}
    assert (await boss.get("/caller-numbers"))["items"] == []
    noted = await rows_of(
        crm, "SELECT action FROM crm.audit_log WHERE action LIKE 'caller%' ORDER BY action"
    )
    assert [row["action"] for row in noted] == [
        "caller_number.changed", "caller_number.changed", "caller_numbers.allotted",
        "caller_numbers.withdrawn", "caller_pool.deleted", "caller_pool.put", "caller_pool.put",
    ]  # fmt: skip


async def test_an_enterprise_cannot_take_numbers_nor_see_anothers(crm: Crm) -> None:
    boss, other = await crm.open_tenant("acme"), await crm.open_tenant("other")
    tenant, their = [(await each.get("/me"))["tenant_id"] for each in (boss, other)]
    allot = f"/tenants/{tenant}/caller-numbers"
    refused(await boss("POST", allot, json={"phones_e164": NUMBERS}), 403, "permission_missing")
    await crm.platform.post(allot, {"phones_e164": NUMBERS[:1]})
    theirs = f"/tenants/{their}/caller-numbers"
    refused(
        await crm.platform("POST", theirs, json={"phones_e164": NUMBERS}),
        409,
        "caller_number_taken",
    )
    assert (await other.get("/caller-numbers"))["items"] == []
    pool = await boss.post("/caller-pools", {"name": "p"})
    pool_id = pool["caller_pool_id"]
    refused(await other("GET", f"/caller-pools/{pool_id}"), 404, "caller_pool_not_found")
    refused(
        await other("PUT", f"/caller-numbers/{NUMBERS[0]}", json={}), 404, "caller_number_not_found"
    )
    for body, status, code in (
        ({"caller_pool_id": str(uuid4())}, 404, "caller_pool_not_found"),
        ({"agent_id": str(uuid4())}, 422, "agent_unknown"),
    ):
        refused(await boss("PUT", f"/caller-numbers/{NUMBERS[0]}", json=body), status, code)
    refused(
        await crm.platform(
            "POST", f"/tenants/{uuid4()}/caller-numbers", json={"phones_e164": NUMBERS}
        ),
        404,
        "tenant_not_found",
    )


async def test_days_tell_how_often_a_number_was_answered(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    tenant = (await boss.get("/me"))["tenant_id"]
    await crm.platform.post(f"/tenants/{tenant}/caller-numbers", {"phones_e164": NUMBERS})
    now = utcnow()
    ends = ["connected", "no_answer", "no_answer", "busy", "congestion"]
    for number, end in enumerate(ends):
        await _attempt(crm, tenant, f"l{number}", end, now)
    day = now.date().isoformat()
    found = await boss.get(f"/caller-numbers/days?from={day}&to={day}")
    assert found["items"] == [
        {"phone_e164": NUMBERS[0], "day": day, "dials": 5, "rang": 4, "answered": 1,
         "answer_rate": 0.25}
    ]  # fmt: skip
    for period in ("from=2026-01-02&to=2026-01-01", "from=2026-01-01&to=2026-12-01"):
        refused(await boss("GET", f"/caller-numbers/days?{period}"), 400, "period_invalid")
    zone = await boss("GET", f"/caller-numbers/days?from={day}&to={day}&zone=Nowhere")
    refused(zone, 422, "validation_failed")


async def _attempt(crm: Crm, tenant_id: str, lead: str, end: str, at: Any) -> None:
    await crm.behind.owner.execute(
        """
        INSERT INTO dialer.attempt
               (tenant_id, attempt_id, interaction_id, campaign_id, list_id, lead_id, attempt_no,
                phone_e164, caller_id, mode, trunk_id, node, claimed_at, placed_at, answered_at,
                ended_at, disposition)
        VALUES ($1, $2, $3, 'c', 'l', $4, 1, '+447700900000', $5, 'progressive', 't', 'ast-0',
                $6, $6, $7, $6, $8)
        """,
        *(tenant_id, uuid7(), uuid7(), lead, NUMBERS[0], at),
        *(at if end == "connected" else None, end),
    )
