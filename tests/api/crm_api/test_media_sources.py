"""Media sources: calls and orders find the channel and advertisement that brought them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from tests.support.crm import Crm, refused, rows_of

from ringway.runtime.ids import uuid7

pytestmark = pytest.mark.api

_DID = "+864008001234"


async def _call(crm: Crm, tenant_id: str, at: datetime, called: str = _DID) -> str:
    interaction_id = str(uuid7())
    await rows_of(
        crm,
        "INSERT INTO crm.interaction (tenant_id, interaction_id, direction, caller, called,"
        " started_at, agent_number, disposition, agent_disposition, is_live, sources)"
        " VALUES ($1, $2, 'inbound', '+40215550100', $3, $4, '', '', '', true, '{}')",
        *(tenant_id, interaction_id, called, at),
    )
    return interaction_id


async def test_what_an_advertisement_brought_and_what_each_order_cost(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    tenant_id = (await boss.get("/me"))["tenant_id"]
    now = crm.clock()

    def at(minutes: float) -> str:
        return (now + timedelta(minutes=minutes)).isoformat()

    number = {"did": _DID, "valid_from": at(-600)}
    evening = await boss.post(
        "/media-sources", {"name": "Evening", "channel": "tv", "numbers": [number]}
    )
    path = f"/media-sources/{evening['media_source_id']}"
    taken = {"name": "Morning", "numbers": [{"did": _DID, "valid_from": at(-10)}]}
    refused(await boss("POST", "/media-sources", json=taken), 409, "media_number_taken")
    response = await boss("POST", "/media-sources", json={"name": "evening"})
    refused(response, 409, "media_source_name_taken")
    twice = {"name": "x", "numbers": [number, {"did": _DID, "valid_from": at(-5)}]}
    refused(await boss("POST", "/media-sources", json=twice), 422, "media_number_invalid")
    shop = await boss.post("/media-sources", {"name": "Shop", "channel": "web"})

    spot = {"currency": "CNY", "cost": 10_000}
    first = await boss.post(
        f"{path}/placements",
        {**spot, "name": "19:00", "begins_at": at(-120), "ends_at": at(-30)},
    )
    second = await boss.post(
        f"{path}/placements",
        {**spot, "name": "20:00", "begins_at": at(-60), "ends_at": at(60), "cost": 5_000},
    )
    backwards = {**spot, "name": "x", "begins_at": at(0), "ends_at": at(0)}
    refused(await boss("POST", f"{path}/placements", json=backwards), 422, "placement_invalid")

    calls = [
        await _call(crm, tenant_id, now + timedelta(minutes=minutes))
        for minutes in (-100, -90, -45, -10, -610)
    ]
    await _call(crm, tenant_id, now, called="+40215559999")
    product = await boss.post(
        "/products",
        {"code": "KNIFE", "name": "k", "prices": [{"currency": "CNY", "amount": 1_000}]},
    )
    lines = [{"product_id": product["product_id"]}]

    async def order(**where: Any) -> Any:
        return await boss.post("/sales-orders", {"currency": "CNY", "lines": lines, **where})

    # By the call, by the number that was dialed just now, and by what the agent says.
    by_call = await order(interaction_id=calls[0])
    by_number = await order(dialed_e164=_DID)
    said = await order(media_source_id=shop["media_source_id"], dialed_e164=_DID)
    nowhere = await order(interaction_id=calls[4])
    assert [each["placement_id"] for each in (by_call, by_number, said, nowhere)] == [
        first["placement_id"],
        second["placement_id"],
        None,
        None,
    ]
    assert said["media_source_id"] == shop["media_source_id"]
    assert nowhere["media_source_id"] is None
    unknown = {"currency": "CNY", "lines": lines, "media_source_id": str(uuid4())}
    refused(await boss("POST", "/sales-orders", json=unknown), 422, "media_source_unknown")
    await boss.post(f"/sales-orders/{by_number['order_id']}/payments", {"amount": 1_000})
    lost = await order(dialed_e164=_DID)
    await boss.post(f"/sales-orders/{lost['order_id']}/cancel", {"reason": "test"})

    async def report(group_by: str) -> dict[str, Any]:
        params = {"from": at(-700), "to": at(60), "group_by": group_by}
        lines = (await boss.get("/media-sources/report", params=params))["items"]
        return {
            each["name"]: tuple(
                each[name] for name in ("calls", "orders", "revenue", "cost", "cost_per_order")
            )
            for each in lines
        }

    assert await report("source") == {
        "Evening": (4, 2, 1_000, 15_000, 7_500),
        "Shop": (0, 1, 0, 0, 0),
    }
    # The call at -45 came while both ran: it is the later one's.
    assert await report("placement") == {
        "19:00": (2, 1, 0, 10_000, 10_000),
        "20:00": (2, 1, 1_000, 5_000, 5_000),
    }
    by_media = await boss.get(
        "/sales-orders/report", params={"from": at(-10), "to": at(60), "group_by": "media"}
    )
    assert {each["name"]: each["orders"] for each in by_media["items"]} == {
        "Evening": 3,
        "Shop": 1,
        "": 1,
    }
    refused(await boss("DELETE", path), 409, "media_source_used")
    wanted = {"name": "Evening", "numbers": [{**number, "valid_until": at(-1)}]}
    await boss.put(path, wanted, headers={"If-Match": '"1"'})
    problem = refused(
        await boss("PUT", path, json=wanted, headers={"If-Match": '"1"'}),
        412,
        "media_source_changed",
    )
    assert problem["current"]["version"] == 2
    # Now the number is free, and another source's from now on.
    taken["numbers"] = [{"did": _DID}]
    await boss.post("/media-sources", taken)
    other = await crm.open_tenant("other")
    refused(await other("GET", path), 404, "media_source_not_found")
    refused(await other("GET", f"{path}/placements"), 404, "media_source_not_found")
    spot_path = f"{path}/placements/{first['placement_id']}"
    refused(await other("GET", spot_path), 404, "placement_not_found")
    await boss("DELETE", spot_path)
    refused(await boss("GET", spot_path), 404, "placement_not_found")
