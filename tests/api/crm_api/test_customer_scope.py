"""What is kept of a customer is shown to nobody who may not see him (R190)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.crm import Crm, Signed, refused, rows_of

from ringway.crm_api.access import Role
from ringway.runtime.ids import uuid7

pytestmark = pytest.mark.api

_RIGHTS = [
    *("me", "customers.read", "customers.write", "orders.read", "orders.write"),
    *("questionnaires.read", "questionnaires.run", "member_cards.read", "member_cards.write"),
    *("interactions.read", "work_orders.read", "queriers.read", "queriers.write"),
]
_DESIGN = {
    "name": "q",
    "design": {
        "languages": ["en"],
        "questions": [
            {"key": "why", "kind": "text", "texts": {"en": "Why?"}},
        ],
    },
}


async def test_things_of_customers_are_seen_by_whoever_sees_them(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    lea = await crm.user(boss, "acme", Role.TEAM_LEADER, "lea", number="801")
    await boss.put("/roles/team_leader", {"permissions": _RIGHTS}, headers={"If-Match": "*"})
    product = await boss.post(
        "/products", {"code": "P", "name": "P", "prices": [{"currency": "CNY", "amount": 100}]}
    )
    questions = (
        f"/questionnaires/{(await boss.post('/questionnaires', _DESIGN))['questionnaire_id']}"
    )
    await boss.post(f"{questions}/versions")
    theirs = await _things(boss, questions, product["product_id"], "+40215550001")
    hers = await _things(boss, questions, product["product_id"], "+40215550002")
    await rows_of(
        crm,
        "UPDATE crm.customer SET owner_id = $2, owned_since = now(), idle_since = now() "
        "WHERE customer_id = $1",
        *(hers["customer"], lea.user_id),
    )
    await rows_of(crm, "UPDATE crm.follow_up SET user_id = $1", lea.user_id)
    await rows_of(
        crm,
        """
        INSERT INTO crm.interaction (tenant_id, interaction_id, direction, caller, called, agent_id,
            agent_number, answered_at, disposition, agent_disposition, is_live, sources)
        SELECT tenant_id, $2, 'inbound', phone_e164, '', $3, '', created_at, '', '', false, '{}'
          FROM crm.customer WHERE customer_id = $1
        """,
        *(theirs["customer"], uuid7(), uuid7()),
    )
    lea = await crm.sign_in("lea@acme")

    lists = (
        ("/customers", "customer_id", "customer"),
        ("/sales-orders", "order_id", "order"),
        ("/sales-orders?sort=total", "order_id", "order"),
        ("/member-cards", "card_id", "card"),
        (f"{questions}/runs", "run_id", "run"),
        ("/follow-ups", "follow_up_id", "follow_up"),
        ("/interactions", "interaction_id", ""),
        ("/work-orders", "work_order_id", ""),
    )
    for path, key, name in lists:
        items = (await lea.get(path))["items"]
        assert [each[key] for each in items] == ([hers[name]] if name else []), path
        if name:
            narrowed = {each[key] for each in (await boss.get(path))["items"]}
            assert narrowed == {hers[name], theirs[name]}, path
    for name, path in (
        ("customer", "/customers/{}"),
        ("customer", "/customers/{}/follow-ups"),
        ("customer", "/customers/{}/history"),
        ("order", "/sales-orders/{}"),
        ("order", "/sales-orders/{}/history"),
        ("card", "/member-cards/{}"),
        ("run", "/questionnaire-runs/{}"),
        ("follow_up", "/follow-ups/{}"),
    ):
        assert (await lea("GET", path.format(hers[name]))).status_code == 200, path
        assert (await lea("GET", path.format(theirs[name]))).status_code == 404, path
        assert (await boss("GET", path.format(theirs[name]))).status_code == 200, path

    # Nor changed, nor taken along, nor asked for by a querier.
    order, card = f"/sales-orders/{theirs['order']}", f"/member-cards/{theirs['card']}"
    any_version = {"If-Match": "*"}
    lines = [{"product_id": product["product_id"], "quantity": 2}]
    for method, path, sent, code in (
        ("POST", f"{order}/payments", {"amount": 1}, "sales_order_not_found"),
        ("POST", f"{order}/cancel", {"reason": "no reason"}, "sales_order_not_found"),
        ("PUT", order, {"lines": lines}, "sales_order_not_found"),
        ("PUT", card, {"tier": "gold"}, "member_card_not_found"),
        ("PUT", f"{card}/pin", {"pin": "270519"}, "member_card_not_found"),
        ("DELETE", card, None, "member_card_not_found"),
    ):
        refused(await lea(method, path, json=sent, headers=any_version), 404, code)
    file = (await lea("GET", f"{questions}/export?with_unfinished=true")).text
    assert (hers["run"] in file, theirs["run"] in file) == (True, False)
    for source, column in (("sales_orders", "order_id"), ("sales_order_lines", "order_id")):
        query = {"source": source, "columns": [{"field": column}]}
        found = await lea.post("/queriers/preview", {"query": query})
        assert found["rows"] == [[hers["order"]]], source
        assert len((await boss.post("/queriers/preview", {"query": query}))["rows"]) == 2


async def _things(boss: Signed, questions: str, product_id: str, phone: str) -> dict[str, Any]:
    """Make one customer and one of each thing that is kept of him; return their ids."""
    customer_id = (await boss.post("/customers", {"phone_e164": phone}))["customer_id"]
    of_him = {"customer_id": customer_id}
    lines = [{"product_id": product_id, "quantity": 1}]
    order = await boss.post("/sales-orders", {**of_him, "currency": "CNY", "lines": lines})
    card = await boss.post("/member-cards", of_him)
    run = await boss.post(f"{questions}/runs", of_him)
    due = {"note": "call", "due_at": "2030-01-01T00:00:00Z"}
    follow_up = await boss.post(f"/customers/{customer_id}/follow-ups", due)
    return {
        "customer": customer_id,
        "order": order["order_id"],
        "card": card["card_id"],
        "run": run["run_id"],
        "follow_up": follow_up["follow_up_id"],
    }
