"""Orders from the entry to the last refund: prices kept, stock bounded, books that balance."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from tests.support.crm import Crm, Signed, ok, refused, rows_of
from tests.support.postgres import connect
from tests.support.waiting import eventually

from ringway.crm_api.access import Role
from ringway.crm_api.orders import person
from ringway.proto.crm_sales import SalesOrderChangedV1

pytestmark = pytest.mark.api

_PAID = {"amount": 4_000, "method": "card", "reference": "R1"}


async def _product(boss: Signed, code: str, amount: int = 1_000, **more: Any) -> Any:
    prices = [{"currency": "CNY", "amount": amount}]
    body = {"code": code, "name": code.title(), "tax_bp": 1_300, "prices": prices, **more}
    return await boss.post("/products", body)


async def _order(by: Signed, *lines: dict[str, Any], **more: Any) -> Any:
    return await by.post("/sales-orders", {"currency": "CNY", "lines": list(lines), **more})


def _line(product: Any, quantity: int = 1, discount_bp: int = 0) -> dict[str, Any]:
    return {
        "product_id": product["product_id"],
        "quantity": quantity,
        "discount_bp": discount_bp,
    }


async def _facts(crm: Crm) -> list[SalesOrderChangedV1]:
    rows = await rows_of(
        crm,
        "SELECT payload FROM crm.outbox WHERE type = $1 ORDER BY id",
        SalesOrderChangedV1.type_name(),
    )
    return [SalesOrderChangedV1.model_validate(orjson.loads(row["payload"])) for row in rows]


async def test_products_prices_categories_and_imports(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    kitchen = await boss.post("/product-categories", {"name": "Kitchen"})
    at = crm.clock()
    soon = (at + timedelta(days=1)).isoformat()
    prices = [
        {"currency": "CNY", "amount": 9_900, "valid_until": soon},
        {"currency": "CNY", "amount": 8_800, "valid_from": soon},
        {"currency": "EUR", "amount": 1_200},
    ]
    knife = await _product(
        boss, "KNIFE", prices=prices, stock=3, category_id=kitchen["category_id"]
    )
    overlapping = [*prices, {"currency": "EUR", "amount": 1, "valid_from": soon}]
    response = await boss(
        "POST", "/products", json={"code": "X", "name": "x", "prices": overlapping}
    )
    refused(response, 422, "prices_contradict")
    response = await boss("POST", "/products", json={"code": "KNIFE", "name": "x"})
    refused(response, 409, "product_code_taken")
    path = f"/products/{knife['product_id']}"
    body = {"code": "KNIFE", "name": "Knife set", "prices": prices}
    refused(await boss("PUT", path, json=body), 428, "if_match_required")
    await boss.put(path, body, headers={"If-Match": '"1"'})
    problem = refused(
        await boss("PUT", path, json=body, headers={"If-Match": '"1"'}), 412, "product_changed"
    )
    assert (problem["current"]["name"], problem["current"]["stock"]) == ("Knife set", 3)
    assert (await boss.post(f"{path}/stock", {"change": 7}))["stock"] == 10
    refused(await boss("POST", f"{path}/stock", json={"change": -11}), 409, "stock_short")
    refused(await boss("POST", f"{path}/stock", json={}), 422, "stock_ambiguous")
    many = [
        {"code": f"P{n:03}", "name": f"n{n}", "category": "Kitchen", "stock": n} for n in range(300)
    ]
    bad = {"code": "P000", "name": "twice"}
    report = await boss.post("/products/import", {"products": [*many, bad]})
    assert (report["created"], report["changed"], report["refused"]) == (300, 0, 1)
    again = await boss.post("/products/import", {"products": many})
    assert (again["created"], again["changed"]) == (0, 300)
    in_kitchen = f"/products?category_id={kitchen['category_id']}&limit=200"
    page = await boss.get(in_kitchen)
    rest = await boss.get(f"{in_kitchen}&cursor={page['next_cursor']}")
    codes = [each["code"] for each in (*page["items"], *rest["items"])]
    assert codes == [f"P{n:03}" for n in range(300)]
    found = await boss.get("/products?text=knife%20s")
    assert [each["code"] for each in found["items"]] == ["KNIFE"]
    gone = f"/product-categories/{kitchen['category_id']}"
    refused(await boss("DELETE", gone), 409, "category_not_empty")
    other = await crm.open_tenant("other")
    refused(await other("GET", path), 404, "product_not_found")
    response = await other(
        "POST", "/sales-orders", json={"currency": "CNY", "lines": [_line(knife)]}
    )
    refused(response, 422, "product_unknown")


async def test_an_order_from_the_call_to_the_refund(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    customer = await boss.post("/customers", {"phone_e164": "+40215550100"})
    knife = await _product(boss, "KNIFE", 1_000, stock=10)
    care = await _product(boss, "CARE", 1_000, needs_shipping=False)
    delivery = {"recipient": "Li Wei", "city": "Shanghai", "country": "CN"}
    lines = (_line(knife, 4, 500), _line(care))
    too_much = {"currency": "CNY", "lines": [_line(knife, 1, 1_100)]}
    refused(await ann("POST", "/sales-orders", json=too_much), 403, "discount_above_limit")
    order = await _order(
        ann, *lines, customer_id=customer["customer_id"], delivery=delivery, order_discount=100
    )
    # 4 x 10.00 less 5 %, 10.00, and 1.00 less: the parts add up.
    assert (order["order_number"], order["total"], order["due"]) == ("S000001", 4_700, 4_700)
    assert sum(line["total"] for line in order["lines"]) == order["total"]
    assert order["net"] + order["tax"] == order["total"]
    path = f"/sales-orders/{order['order_id']}"
    stock = f"/products/{knife['product_id']}"
    assert (await boss.get(stock))["stock"] == 6
    # The price rises; the order keeps the one with which it was entered.
    dearer = {"code": "KNIFE", "name": "K2", "prices": [{"currency": "CNY", "amount": 5_000}]}
    await boss.put(stock, dearer, headers={"If-Match": "*"})
    changed = await ann.put(
        path,
        {"lines": list(lines), "customer_id": customer["customer_id"], "note": "ring twice"},
        headers={"If-Match": '"1"'},
    )
    assert (changed["total"], changed["lines"][0]["unit_price"]) == (4_800, 1_000)
    half = await ann.post(f"{path}/payments", {**_PAID, "amount": 800})
    assert (half["payment_state"], half["state"], half["due"]) == ("part_paid", "processing", 4_000)
    refused(await ann("POST", f"{path}/payments", json={**_PAID, "amount": 4_001}), 409,
            "payment_exceeds")  # fmt: skip
    old = {"If-Match": '"2"'}
    problem = refused(
        await ann("POST", f"{path}/payments", json=_PAID, headers=old), 412, "sales_order_changed"
    )
    assert problem["current"]["received"] == 800
    key = {"Idempotency-Key": "pay-1"}
    paid = await ann.post(f"{path}/payments", _PAID, headers=key)
    assert (paid["payment_state"], paid["due"]) == ("paid", 0)
    # The key is in the books themselves: also when the stored answers are gone.
    await rows_of(crm, "DELETE FROM crm.idempotency_key")
    assert (await ann.post(f"{path}/payments", _PAID, headers=key))["received"] == 4_800
    part = await ann.post(f"{path}/shipments", {"lines": [{"line_no": 1, "quantity": 3}]})
    assert part["shipment_state"] == "part_shipped"
    four = {"lines": [{"line_no": 1, "quantity": 2}]}
    refused(await ann("POST", f"{path}/shipments", json=four), 409, "shipment_exceeds")
    refused(await ann("POST", f"{path}/cancel", json={"reason": "x"}), 409, "order_shipped")
    whole = await ann.post(f"{path}/shipments", {"carrier": "SF"})
    assert (whole["shipment_state"], whole["state"]) == ("shipped", "processing")
    assert whole["shipped_at"] is not None
    first, second = (each["shipment_id"] for each in whole["shipments"])
    await ann.put(f"{path}/shipments/{second}", {"carrier": "SF", "tracking": "1"},
                  headers={"If-Match": "*"})  # fmt: skip
    for shipment_id in (first, second, second):
        done = await ann.post(f"{path}/shipments/{shipment_id}/delivered", {})
    assert (done["shipment_state"], done["state"]) == ("delivered", "completed")
    assert done["completed_at"] is not None
    back = {"lines": [{"line_no": 1, "quantity": 2}], "reason": "blunt"}
    returned = await ann.post(f"{path}/shipments/{first}/returned", back)
    assert (returned["payment_state"], returned["due"]) == ("refund_due", -1_900)
    refused(await ann("POST", f"{path}/shipments/{first}/returned", json=back), 409,
            "return_exceeds")  # fmt: skip
    assert (await boss.get(stock))["stock"] == 8
    money = {"amount": 1_900, "method": "card"}
    refused(await ann("POST", f"{path}/refunds", json=money), 403, "permission_missing")
    settled = await boss.post(f"{path}/refunds", money)
    assert (settled["state"], settled["payment_state"]) == ("completed", "paid")
    refused(await boss("POST", f"{path}/refunds", json={"amount": 9_999}), 409, "refund_exceeds")
    history = (await boss.get(f"{path}/history"))["items"]
    kinds = [each["kind"] for each in history]
    assert kinds == [
        *("entered", "changed", "payment_received", "payment_received", "shipped", "shipped"),
        *("tracked", "delivered", "delivered", "returned", "payment_refunded"),
    ]
    assert [each["seq"] for each in history] == list(range(1, settled["version"] + 1))
    facts = [each for each in await _facts(crm) if each.order_id == order["order_id"]]
    assert [each.change for each in facts] == kinds
    assert facts[-1].customer_id == customer["customer_id"]
    refused(await boss("DELETE", stock), 409, "product_ordered")
    other = await crm.open_tenant("other")
    refused(await other("GET", path), 404, "sales_order_not_found")
    refused(await other("POST", f"{path}/payments", json=_PAID), 404, "sales_order_not_found")


async def test_two_agents_one_order_and_one_last_unit(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    bob = await crm.user(boss, "acme", Role.AGENT, "bob", number="802")
    last = await _product(boss, "LAST", 4_000, stock=1)
    body = {"currency": "CNY", "lines": [_line(last)]}
    answers = await asyncio.gather(
        *(each("POST", "/sales-orders", json=body) for each in (ann, bob, boss))
    )
    assert sorted(each.status_code for each in answers) == [201, 409, 409]
    (order,) = (each.json() for each in answers if each.status_code == 201)
    path = f"/sales-orders/{order['order_id']}/payments"
    paid = await asyncio.gather(*(each("POST", path, json=_PAID) for each in (ann, bob, boss)))
    assert sorted(each.status_code for each in paid) == [200, 409, 409]
    assert {each.json()["code"] for each in paid if each.status_code == 409} == {"payment_exceeds"}
    key = {"Idempotency-Key": "once"}
    free = await _product(boss, "FREE", 0)
    body = {"currency": "CNY", "lines": [_line(free)]}
    made = ok(await ann("POST", "/sales-orders", json=body, headers=key))
    await rows_of(crm, "DELETE FROM crm.idempotency_key")
    again = ok(await ann("POST", "/sales-orders", json=body, headers=key))
    assert again["order_id"] == made["order_id"]
    ids = [order["order_id"], made["order_id"]]
    assert made["order_number"] == "S000002"  # nothing was left out by those that were refused
    cancelled = await boss.post(f"/sales-orders/{ids[0]}/cancel", {"reason": "changed his mind"})
    assert (cancelled["state"], cancelled["payment_state"]) == ("cancelled", "refund_due")
    assert (await boss.get(f"/products/{last['product_id']}"))["stock"] == 1
    response = await boss("POST", f"/sales-orders/{ids[0]}/cancel", json={"reason": "again"})
    refused(response, 409, "order_cancelled")


async def test_a_kill_between_payment_and_shipment_leaves_the_books_balanced(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    order = await _order(boss, _line(await _product(boss, "KNIFE", 4_000, stock=5)))
    path = f"/sales-orders/{order['order_id']}"
    await boss.post(f"{path}/payments", _PAID)
    key = {"Idempotency-Key": "ship-1"}

    killer = await connect(crm.database, "ringway_crm_api")
    waiting = (
        "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = $1"
        " AND datname = current_database()"
    )

    async def is_waiting() -> bool:
        return bool(await killer.fetch(waiting, "ringway_crm_api"))

    # The parcel is written, its transaction waits for the outbox; then its connection dies.
    owner = crm.behind.owner
    transaction = owner.transaction()
    await transaction.start()
    await owner.execute("LOCK TABLE crm.outbox IN ACCESS EXCLUSIVE MODE")
    shipping = asyncio.create_task(boss("POST", f"{path}/shipments", json={}, headers=key))
    await eventually(is_waiting)
    await killer.execute(f"SELECT pg_terminate_backend(pid) FROM ({waiting}) w", "ringway_crm_api")
    refused(await shipping, 503, "database_unavailable")
    await transaction.rollback()
    await killer.close()
    present = await boss.get(path)
    assert (present["payment_state"], present["shipments"]) == ("paid", [])
    assert (present["shipment_state"], present["version"]) == ("not_shipped", 2)
    shipped = await boss.post(f"{path}/shipments", {}, headers=key)
    assert (shipped["shipment_state"], len(shipped["shipments"])) == ("shipped", 1)
    assert (await boss.post(f"{path}/complete"))["state"] == "completed"


async def test_lists_reports_and_settings(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    knife, care = await _product(boss, "KNIFE", 700), await _product(boss, "CARE", 200)
    begin = crm.clock() - timedelta(hours=1)
    for n in range(1, 6):
        await _order(ann, _line(knife, n), _line(care))
    await _order(boss, _line(care, 2))
    by_total: list[int] = []
    cursor = ""
    while True:
        page = await boss.get(f"/sales-orders?sort=-total&limit=2{cursor}")
        by_total += [each["total"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert by_total == [3_700, 3_000, 2_300, 1_600, 900, 400]
    newest = (await boss.get("/sales-orders?limit=1"))["items"][0]
    refused(await boss("GET", f"/sales-orders?sort=total{cursor}0"), 400, "cursor_invalid")
    only = await boss.get(f"/sales-orders?product_id={knife['product_id']}&state=new")
    assert len(only["items"]) == 5
    assert (await boss.get("/sales-orders?order_number=S000006"))["items"] == [newest]
    first = (await boss.get("/sales-orders?sort=created_at&limit=1"))["items"][0]
    path = f"/sales-orders/{first['order_id']}"
    await ann.post(f"{path}/payments", {"amount": first["total"]})
    await ann.post(f"{path}/shipments", {})
    await boss.post(f"/sales-orders/{newest['order_id']}/cancel", {"reason": "test"})
    period = {
        "from": begin.isoformat(),
        "to": (crm.clock() + timedelta(hours=1)).isoformat(),
    }

    async def report(group_by: str) -> dict[str, Any]:
        params = {**period, "group_by": group_by, "zone": "Asia/Shanghai"}
        lines = (await boss.get("/sales-orders/report", params=params))["items"]
        return {line["name"] or line["key"]: line for line in lines}

    agents = {line["key"]: line for line in (await report("agent")).values()}
    mine = agents[ann.user_id]
    assert (mine["orders"], mine["sold_orders"], mine["shipped_orders"]) == (5, 5, 1)
    assert (mine["total"], mine["received"]) == (11_500, 900)
    products = await report("product")
    assert (products["Knife"]["units"], products["Knife"]["total"]) == (15, 10_500)
    assert (products["Care"]["orders"], products["Care"]["units"]) == (6, 5)
    assert sum(each["orders"] for each in (await report("day")).values()) == 6
    response = await boss("GET", "/sales-orders/report", params={**period, "zone": "Mars/Base"})
    refused(response, 400, "zone_unknown")
    rules = {"ships_only_paid": True, "number_prefix": "TV-", "discount_limits": {"agent": 0}}
    refused(await boss("PUT", "/order-settings", json=rules), 428, "if_match_required")
    await boss.put("/order-settings", rules, headers={"If-Match": '"0"'})
    response = await boss("PUT", "/order-settings", json=rules, headers={"If-Match": '"0"'})
    assert refused(response, 412, "order_settings_changed")["current"]["number_prefix"] == "TV-"
    body = {"currency": "CNY", "lines": [_line(care, 1, 100)]}
    refused(await ann("POST", "/sales-orders", json=body), 403, "discount_above_limit")
    unpaid = await _order(ann, _line(care))
    assert unpaid["order_number"] == "TV-000007"
    response = await ann("POST", f"/sales-orders/{unpaid['order_id']}/shipments", json={})
    refused(response, 409, "order_unpaid")
    nobody = {"currency": "CNY", "lines": [_line(care)], "customer_id": str(uuid4())}
    refused(await ann("POST", "/sales-orders", json=nobody), 422, "customer_unknown")
    dollars = {"currency": "USD", "lines": [_line(care)]}
    refused(await ann("POST", "/sales-orders", json=dollars), 422, "price_missing")


async def test_an_order_can_be_changed_when_its_customer_is_removed(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ids = [
        (await boss.post("/customers", {"phone_e164": f"+4021555010{n}"}))["customer_id"]
        for n in range(2)
    ]
    knife = await _product(boss, "KNIFE", 4_000)
    order = await _order(boss, _line(knife), customer_id=ids[0])
    for each in ids:
        assert (await boss("DELETE", f"/customers/{each}")).status_code == 204
    path, wanted = f"/sales-orders/{order['order_id']}", {"lines": [_line(knife)], "note": "x"}
    body = {**wanted, "customer_id": ids[0]}
    changed = await boss.put(path, body, headers={"If-Match": '"1"'})
    assert (changed["customer_id"], changed["note"]) == (ids[0], "x")
    (_, told) = (await boss.get(f"{path}/history"))["items"]
    assert told["detail"]["changes"] == {"note": {"old": "", "new": "x"}}
    body = {**wanted, "customer_id": ids[1]}
    answer = await boss("PUT", path, json=body, headers={"If-Match": '"2"'})
    refused(answer, 422, "customer_unknown")


async def test_the_books_stay_when_a_person_is_erased(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    tenant_id = UUID((await boss.get("/me"))["tenant_id"])
    customer = await boss.post("/customers", {"phone_e164": "+40215550100"})
    mine = {"customer_id": customer["customer_id"]}
    delivery = {"recipient": "Li Wei", "street": "100 Nanjing Road"}
    knife = await _product(boss, "KNIFE", 4_000)
    order = await _order(boss, _line(knife), **mine, delivery=delivery, note="ring twice")
    kept = await _order(boss, _line(knife), delivery=delivery)
    path = f"/sales-orders/{order['order_id']}"
    wanted = {"lines": [_line(knife)], **mine, "delivery": delivery, "note": "ring thrice"}
    changed = await boss.put(path, wanted, headers={"If-Match": '"1"'})
    again = await boss.put(path, wanted, headers={"If-Match": '"2"'})
    assert again == changed  # nothing was written
    await boss.post(f"{path}/payments", _PAID)
    await boss.post(f"{path}/shipments", {"tracking": "SF1"})
    (parcel,) = (await boss.get(path))["shipments"]
    tracked = {"carrier": "SF", "tracking": "SF2"}
    for _ in range(2):
        shipment = f"{path}/shipments/{parcel['shipment_id']}"
        assert (await boss.put(shipment, tracked, headers={"If-Match": "*"}))["version"] == 5
    told = str((await boss.get(f"{path}/history"))["items"])
    assert all(each in told for each in ("ring twice", "ring thrice", "'SF1'", "'SF2'"))
    card = await boss.post("/member-cards", mine)
    told = await boss.get(f"/customers/{customer['customer_id']}/history")
    kinds = {each["kind"] for each in told["items"]}
    assert {"sales_order", "member_card"} <= kinds
    async with crm.deps.pool.tenant(tenant_id) as conn:
        ids = [UUID(customer["customer_id"])]
        done = await person.erase(conn, tenant_id=tenant_id, customer_ids=ids)
    assert (done["sales_order"], done["shipment"], done["member_card"]) == (1, 1, 1)
    now = await boss.get(path)
    assert (now["customer_id"], now["delivery"], now["note"]) == (None, None, "")
    assert (now["received"], now["payments"][0]["reference"]) == (4_000, "")
    assert (now["state"], now["shipments"][0]["tracking"]) == ("processing", "")
    told = str((await boss.get(f"{path}/history"))["items"])
    assert not any(each in told for each in ("ring", "SF1", "SF2", customer["customer_id"]))
    other = await boss.get(f"/sales-orders/{kept['order_id']}")
    assert other["delivery"]["recipient"] == "Li Wei"
    gone = await boss("GET", f"/member-cards/{card['card_id']}")
    refused(gone, 404, "member_card_not_found")
