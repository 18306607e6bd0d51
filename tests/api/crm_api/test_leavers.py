"""Somebody leaves: work orders, tasks and follow-ups go with his customers, in one act."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.crm import Crm, Signed, ok, refused, rows_of

from ringway.crm_api.access import Role
from ringway.crm_api.core.work_orders.history import replay
from ringway.runtime.ids import uuid7

pytestmark = [pytest.mark.api, pytest.mark.timeout(90)]  # whole stories

_HAND_OVER = "/customer-pool/hand-over"
_COPY = """
    WITH copied AS (
        INSERT INTO crm.work_order (tenant_id, work_order_id, number, business_type_id, kind,
               design_id, design_version, step, step_kind, step_since, title, priority, source,
               assignee_id, team_id, entries, created_at, updated_at)
        SELECT tenant_id, uuidv7(), 'C' || n, business_type_id, kind, design_id, design_version,
               step, step_kind, step_since, title, priority, source, $2, team_id, 1, created_at,
               updated_at
          FROM crm.work_order, generate_series(1, $3) n WHERE work_order_id = $1
        RETURNING tenant_id, work_order_id)
    INSERT INTO crm.work_order_entry (tenant_id, work_order_id, seq, version, at, actor, action)
    SELECT tenant_id, work_order_id, 1, 1, now(), '', 'created' FROM copied
"""


async def _order(boss: Signed, kind: str, title: str, **more: Any) -> str:
    body = {"business_type_id": kind, "title": title, **more}
    order = await boss.post("/work-orders", body)
    to = {name: more[name] for name in ("assignee_id", "team_id") if name in more}
    if to:
        await boss.post(f"/work-orders/{order['work_order_id']}/assign", to)
    return str(order["work_order_id"])


async def _whose(boss: Signed, work_order_id: str) -> tuple[str | None, str | None]:
    order = await boss.get(f"/work-orders/{work_order_id}")
    return order["assignee_id"], order["team_id"]


async def _facts(crm: Crm, work_order_id: str) -> list[str]:
    rows = await rows_of(
        crm,
        "SELECT convert_from(payload, 'UTF8')::jsonb ->> 'action' AS action FROM crm.outbox "
        "WHERE subject LIKE $1 ORDER BY id",
        f"crm.v1.%.work_order.{work_order_id}.changed",
    )
    return [row["action"] for row in rows]


async def test_a_leavers_work_goes_with_his_customers(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    lea = await crm.user(boss, "acme", Role.TEAM_LEADER, "lea")
    ann, bob, cid, eve = [
        await crm.user(boss, "acme", Role.AGENT, name, f"80{n}")
        for n, name in enumerate(("ann", "bob", "cid", "eve"))
    ]
    care, away = [
        (await boss.post("/teams", {"name": name, "leader_ids": ids}))["team_id"]
        for name, ids in (("Care", [lea.user_id]), ("Away", []))
    ]
    await boss.post(
        f"/teams/{care}/members", {"user_ids": [each.user_id for each in (ann, bob, cid)]}
    )
    await boss.post(f"/teams/{away}/members", {"user_ids": [eve.user_id]})
    kind = (await boss.get("/business-types"))["items"][0]["business_type_id"]
    orders = [
        await _order(boss, kind, f"o{n}", assignee_id=ann.user_id, team_id=care) for n in range(4)
    ]
    others = await _order(boss, kind, "others", assignee_id=eve.user_id, team_id=away)
    await boss.post(f"/work-orders/{others}/tasks", {"title": "look", "assignee_id": ann.user_id})
    customers = [
        (await boss.post("/customers", {"phone_e164": f"+4420718386{n:02}"}))["customer_id"]
        for n in range(4)
    ]
    for agent, ids in ((ann, customers[:2]), (bob, customers[2:3])):
        shares = {"to": "shares", "shares": [{"user_id": agent.user_id}]}
        await boss.post("/customer-pool/assign", {"customer_ids": ids, **shares})
    for customer_id in customers:
        todo = {"note": "call", "due_at": "2030-01-01T00:00:00Z", "user_id": ann.user_id}
        await boss.post(f"/customers/{customer_id}/follow-ups", todo)
    # Whoever may not give all of it gives nothing.
    of_eve = {"from_user_id": eve.user_id, "to_user_id": bob.user_id}
    refused(await lea("POST", _HAND_OVER, json=of_eve), 403, "work_orders_not_yours")
    kept = await lea.post(_HAND_OVER, {**of_eve, "work_orders": "keep"})
    assert kept["work_orders"] == {"given": 0, "to_team": 0, "tasks": 0, "by_user": []}
    assert await _whose(boss, others) == (eve.user_id, away)
    for body, code in (
        ({"to_team_id": str(uuid7())}, "team_unknown"),
        ({"to_team_id": away, "from_user_id": eve.user_id}, "nobody_there"),
        ({"to_team_id": away, "to_user_id": bob.user_id}, "validation_failed"),
    ):
        body = {"from_user_id": ann.user_id, **body}
        refused(await boss("POST", _HAND_OVER, json=body), 422, code)
    # Evenly to his team, of which he is one no more.
    key = {"Idempotency-Key": str(uuid7())}
    over = {"from_user_id": ann.user_id, "to_team_id": care}
    told = ok(await lea("POST", _HAND_OVER, json=over, headers=key))
    assert (told["moved"], told["follow_ups"]) == (2, 4)
    got = {each["user_id"]: each["work_orders"] for each in told["work_orders"]["by_user"]}
    assert got == {bob.user_id: 2, cid.user_id: 2}
    assert (told["work_orders"]["given"], told["work_orders"]["tasks"]) == (4, 1)
    assert ok(await lea("POST", _HAND_OVER, json=over, headers=key)) == told
    again = await lea.post(_HAND_OVER, over)
    assert (again["moved"], again["work_orders"]["given"], again["follow_ups"]) == (0, 0, 0)
    assert (await ann.get("/work-orders?mine=true&open=true"))["items"] == []
    assert (await boss.get(f"/follow-ups?user_id={ann.user_id}"))["items"] == []
    # Each record tells it, and what it was can still be made again from its history.
    history = (await boss.get(f"/work-orders/{orders[0]}/history"))["items"]
    assert (history[-1]["action"], history[-1]["actor"]) == ("handed_over", "lea")
    new = (await _whose(boss, orders[0]))[0]
    assert history[-1]["changes"] == {"assignee_id": [ann.user_id, new]}
    assert replay([each["changes"] for each in history])["assignee_id"] == new
    tasks = (await boss.get(f"/work-orders/{others}/history"))["items"]
    assert (tasks[-1]["action"], tasks[-1]["detail"]["from_user_id"]) == (
        "task_handed_over", ann.user_id,
    )  # fmt: skip
    assert (await _facts(crm, orders[0]))[-1] == "handed_over"
    notices = (await bob.get("/work-order-notices?unread=true"))["items"]
    assert {each["work_order_id"] for each in notices} >= {
        each for each in orders if (await _whose(boss, each))[0] == bob.user_id
    }
    changes = (await boss.get(f"/customers/{customers[2]}/changes"))["items"]
    assert changes[0]["changes"]["follow_up_user_id"] == [ann.user_id, bob.user_id]
    # More than one statement takes, to one colleague; his clocks and timers run on.
    await rows_of(crm, _COPY, orders[0], eve.user_id, 2_300)
    told = await boss.post(
        _HAND_OVER,
        {"from_user_id": eve.user_id, "to_user_id": bob.user_id, "customers": "public_pool"},
    )
    assert told["work_orders"]["given"] == 2_301
    assert await _whose(boss, others) == (bob.user_id, away)
    # Who is disabled leaves his to the teams that own them.
    ok(await boss("PATCH", f"/users/{bob.user_id}", json={"is_enabled": False}))
    assert await _whose(boss, others) == (None, away)
    log = (await boss.get("/audit-log?action=work_orders.handed_over"))["items"]
    assert [(each["detail"]["because"], each["detail"]["given"]) for each in log] == [
        ("left", 0), ("handed_over", 2_301), ("handed_over", 4),
    ]  # fmt: skip
    assert log[0]["detail"]["to_team"] == 2_303
