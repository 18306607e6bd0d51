"""The second read of a pop (R66): last calls, open work orders, last orders, each within rights."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.crm import Crm, Signed, ok, refused, rows_of

from ringway.crm_api.access import Role
from ringway.crm_api.features import Feature
from ringway.runtime.ids import uuid7

pytestmark = pytest.mark.api

_ANA, _ANAS_OTHER, _DAN, _NOBODY = (f"+4021555000{n}" for n in range(4))
_US = "+40215559999"
_DESIGN = {
    "start": "new",
    "steps": [
        {"key": "new", "name_en": "New"},
        {"key": "done", "name_en": "Done", "kind": "done"},
    ],
    "transitions": [{"key": "finish", "name_en": "Finish", "sources": ["new"], "to": "done"}],
}


async def _calls(
    crm: Crm, boss: Signed, agent: Signed, number: str, count: int, *, inbound: bool = True
) -> list[str]:
    """Make calls of an agent with a number, newest first."""
    ids = [str(uuid7()) for _ in range(count)]
    caller, called = (number, _US) if inbound else (_US, number)
    await rows_of(
        crm,
        """
        INSERT INTO crm.interaction (tenant_id, interaction_id, direction, caller, called, agent_id,
            agent_number, answered_at, talk_s, disposition, agent_disposition, is_live, sources)
        SELECT $1, id, 'x', $3, $4, $5, '801', $6, 60, 'connected', '', false, '{}'
          FROM unnest($2::uuid[]) AS id
        """,
        *((await boss.get("/me"))["tenant_id"], ids, caller, called, agent.user_id, crm.clock()),
    )
    return ids[::-1]


async def _recent(who: Signed, **query: Any) -> dict[str, Any]:
    """Return the ids of each part, in its order; None for a part that is not there."""
    told = await who.get("/pop/recent", params=query)
    keys = {"interactions": "interaction_id", "work_orders": "title", "sales_orders": "order_id"}
    assert set(told) == set(keys)
    return {
        part: None if told[part] is None else [each[key] for each in told[part]]
        for part, key in keys.items()
    }


async def test_a_second_read_tells_what_happened_lately(crm: Crm) -> None:
    boss, other = await crm.open_tenant("acme"), await crm.open_tenant("other")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    bob = await crm.user(boss, "acme", Role.AGENT, "bob", number="802")
    sue = await crm.user(boss, "acme", Role.STAFF, "sue")
    team = await boss.post("/teams", {"name": "Service", "kind": "team"})
    await boss.post(f"/teams/{team['team_id']}/members", {"user_ids": [str(ann.user_id)]})
    numbers = [
        {"kind": "mobile", "phone_e164": _ANA},
        {"kind": "home", "phone_e164": _ANAS_OTHER},
    ]
    ana = await boss.post("/customers", {"name": "Ana", "phone_e164": _ANA, "numbers": numbers})
    dan = await boss.post("/customers", {"name": "Dan", "phone_e164": _DAN})
    await rows_of(
        crm,
        "UPDATE crm.customer SET owner_id = $2, owned_since = now(), idle_since = now() "
        "WHERE customer_id = $1",
        *(ana["customer_id"], ann.user_id),
    )
    elsewhere = (await _calls(crm, boss, bob, "+40315550000", 1))[0]
    path = f"/customers/{ana['customer_id']}/interactions/{elsewhere}"
    ok(await boss("PUT", path))
    calls = await _calls(crm, boss, bob, _ANA, 12)
    calls = await _calls(crm, boss, ann, _ANAS_OTHER, 12, inbound=False) + calls
    of_dan = await _calls(crm, boss, bob, _DAN, 2)
    own_of_dan = await _calls(crm, boss, ann, _DAN, 1)

    design = {"name_en": "d", "design": _DESIGN}
    design_id = (await boss.post("/work-order-designs", design))["design_id"]
    kind = {"kind": "other", "name_en": "k", "design_id": design_id}
    kind_id = (await boss.post("/business-types", kind))["business_type_id"]

    async def order(by: Signed, title: str, **more: Any) -> str:
        body = {"business_type_id": kind_id, "title": title, **more}
        return str((await by.post("/work-orders", body))["work_order_id"])

    of_ana = {"customer_id": ana["customer_id"]}
    await order(boss, "of the boss", **of_ana)
    await order(ann, "of ann", **of_ana)
    await order(boss, "of the team", team_id=team["team_id"], **of_ana)
    await order(ann, "by number", phone_e164=_ANAS_OTHER)
    done = await order(ann, "done", **of_ana)
    await ann.post(f"/work-orders/{done}/actions/finish", {}, headers={"If-Match": "*"})
    await order(boss, "of dan", customer_id=dan["customer_id"])
    product = {"code": "P", "name": "P", "prices": [{"currency": "CNY", "amount": 100}]}
    lines = [{"product_id": (await boss.post("/products", product))["product_id"], "quantity": 1}]
    sold = [
        (await boss.post("/sales-orders", {**whose, "currency": "CNY", "lines": lines}))["order_id"]
        for whose in (of_ana, of_ana, {"customer_id": dan["customer_id"]})
    ]

    # The caller's own customer: all his calls, the orders that concern her, all that he bought.
    mine = ["by number", "of the team", "of ann"]
    assert await _recent(ann, **of_ana, limit=20) == {
        "interactions": calls[:20],
        "work_orders": mine,
        "sales_orders": sold[1::-1],
    }
    some = await _recent(ann, **of_ana, interaction_id=calls[0])
    assert some["interactions"] == calls[1:6]
    assert (await _recent(ann, phone_e164=_ANA, limit=1))["work_orders"] == mine[:1]
    every = await _recent(boss, **of_ana, limit=20)
    assert every["work_orders"] == [*mine, "of the boss"]
    await rows_of(crm, "DELETE FROM crm.interaction WHERE called = $1", _ANAS_OTHER)
    assert (await _recent(ann, **of_ana, limit=20))["interactions"] == [*calls[12:], elsewhere]

    # Another's customer is nobody for her: of his number she knows her own calls alone.
    dans = {"customer_id": dan["customer_id"]}
    refused(await ann("GET", "/pop/recent", params=dans), 404, "customer_not_found")
    await order(bob, "of a stranger", phone_e164=_NOBODY)
    assert await _recent(bob, phone_e164=_NOBODY) == {
        "interactions": [], "work_orders": ["of a stranger"], "sales_orders": [],
    }  # fmt: skip
    assert (await _recent(ann, phone_e164=_NOBODY))["work_orders"] == []
    assert await _recent(boss, phone_e164=_DAN) == {
        "interactions": [*own_of_dan, *of_dan],
        "work_orders": ["of dan"],
        "sales_orders": sold[2:],
    }
    assert await _recent(ann, phone_e164=_DAN) == {
        "interactions": own_of_dan, "work_orders": [], "sales_orders": [],
    }  # fmt: skip
    refused(await other("GET", "/pop/recent", params=of_ana), 404, "customer_not_found")
    assert (await _recent(other, phone_e164=_ANA))["interactions"] == []

    # A part that one may not read at all, or that the enterprise does not have, is not there.
    assert (await _recent(sue, **of_ana))["interactions"] is None
    tenant = (await boss.get("/me"))["tenant_id"]
    left = sorted(set(Feature) - {Feature.ORDERS, Feature.WORK_ORDERS})
    await crm.platform.put(f"/tenants/{tenant}/features", {"features": left})
    without = await _recent(boss, **of_ana)
    assert (without["work_orders"], without["sales_orders"]) == (None, None)
    for query in ({}, {**of_ana, "phone_e164": _ANA}):
        refused(await boss("GET", "/pop/recent", params=query), 422, "recent_of_whom")
    refused(await boss("GET", "/pop/recent", params={**of_ana, "limit": "21"}), 422,
            "validation_failed")  # fmt: skip
