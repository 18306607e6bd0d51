"""Who looks after a sales order: whoever sold it, until he leaves, and then another; never nobody
by accident."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from tests.support.crm import USER_PASSWORD, Crm, Signed, ok, refused, rows_of
from tests.support.postgres import connect
from tests.support.waiting import eventually

from ringway.cli.credentials import DATABASE_ADMIN, DATABASE_OWNER
from ringway.crm_api.access import Role
from ringway.crm_api.events.sight import sees
from ringway.proto.crm_sales import SalesOrderChangedV1
from ringway.runtime.ids import uuid7

pytestmark = [pytest.mark.api, pytest.mark.timeout(90)]  # whole stories

_HAND_OVER = "/customer-pool/hand-over"
_NOTHING = {"given": 0, "to_pool": 0, "by_user": []}
_PERIOD = "from=2026-01-01T00:00:00Z&to=2026-12-31T00:00:00Z"
_COPY = """
    INSERT INTO crm.sales_order (tenant_id, order_id, order_number, currency, prices_include_tax,
           order_discount, note, agent_id, owner_id, list_amount, discount, net, tax, total, state,
           payment_state, shipment_state, created_at, updated_at)
    SELECT tenant_id, uuidv7(), 'C' || n, currency, prices_include_tax, order_discount, note,
           agent_id, owner_id, list_amount, discount, net, tax, total, state, payment_state,
           shipment_state, created_at, updated_at
      FROM crm.sales_order, generate_series(1, $2) n WHERE order_id = $1
"""


class Shop:
    """An enterprise that sells, with a product."""

    def __init__(self, crm: Crm, boss: Signed, product_id: str) -> None:
        self.crm = crm
        self.boss = boss
        self._lines = [{"product_id": product_id}]
        self._phones = iter(range(100))

    async def agents(self, *names: str) -> list[Signed]:
        return [
            await self.crm.user(self.boss, "acme", Role.AGENT, name, f"80{n}")
            for n, name in enumerate(names)
        ]

    async def customer(self, owner: Signed | None = None) -> str:
        phone = f"+4420718388{next(self._phones):02}"
        made = await self.boss.post("/customers", {"phone_e164": phone})
        customer_id = str(made["customer_id"])
        if owner is not None:
            await self.assign(customer_id, owner)
        return customer_id

    async def assign(self, customer_id: str, owner: Signed) -> None:
        to = {"to": "shares", "shares": [{"user_id": owner.user_id}], "from_anybody": True}
        await self.boss.post("/customer-pool/assign", {"customer_ids": [customer_id], **to})

    async def sell(self, seller: Signed, customer_id: str | None = None) -> str:
        order = {"currency": "CNY", "lines": self._lines, "customer_id": customer_id}
        return str((await seller.post("/sales-orders", order))["order_id"])

    async def owner(self, order_id: str) -> str | None:
        order = await self.boss.get(f"/sales-orders/{order_id}")
        owner_id: str | None = order["owner_id"]
        return owner_id

    async def told(self, order_id: str) -> list[str]:
        """Return what happened to an order, as its history says."""
        items = (await self.boss.get(f"/sales-orders/{order_id}/history"))["items"]
        assert [each["seq"] for each in items] == list(range(1, len(items) + 1))
        return [each["kind"] for each in items]

    async def disable(self, user: Signed) -> None:
        ok(await self.boss("PATCH", f"/users/{user.user_id}", json={"is_enabled": False}))

    async def waits(self, requests: int) -> None:
        """Return when so many transactions of the API wait for locks."""
        admin = await connect(self.crm.database, DATABASE_ADMIN)

        async def is_so() -> bool:
            found = await admin.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND wait_event_type = 'Lock' AND usename = 'ringway_crm_api'"
            )
            return bool(found == requests)

        try:
            await eventually(is_so, what=f"{requests} wait")
        finally:
            await admin.close()

    @asynccontextmanager
    async def locked(self, sql: str, *args: Any) -> AsyncIterator[None]:
        """Hold the locks that a statement takes, and then keep what it wrote."""
        conn = await connect(self.crm.database, DATABASE_OWNER)
        try:
            async with conn.transaction():
                await conn.execute(sql, *args)
                yield
        finally:
            await conn.close()


async def _shop(crm: Crm) -> Shop:
    boss = await crm.open_tenant("acme")
    boss.user_id = (await boss.get("/me"))["user_id"]
    price = {"currency": "CNY", "amount": 1_000}
    body = {"code": "CARE", "name": "Care", "needs_shipping": False, "prices": [price]}
    product = await boss.post("/products", body)
    return Shop(crm, boss, product["product_id"])


async def _facts(crm: Crm, change: str) -> list[SalesOrderChangedV1]:
    rows = await rows_of(
        crm,
        "SELECT payload FROM crm.outbox WHERE type = $1 ORDER BY id",
        SalesOrderChangedV1.type_name(),
    )
    facts = [SalesOrderChangedV1.model_validate(orjson.loads(row["payload"])) for row in rows]
    return [each for each in facts if each.change == change]


def _got(handed: Any) -> dict[str, int]:
    return {each["user_id"]: each["sales_orders"] for each in handed["by_user"]}


async def test_open_orders_of_a_leaver_are_his_teams(crm: Crm) -> None:
    shop = await _shop(crm)
    boss = shop.boss
    ann, bob, cid, eve = await shop.agents("ann", "bob", "cid", "eve")
    care = (await boss.post("/teams", {"name": "Care"}))["team_id"]
    people = [each.user_id for each in (ann, bob, cid)]
    await boss.post(f"/teams/{care}/members", {"user_ids": people})
    hers = [await shop.customer(ann) for _ in range(2)]
    of_hers = [await shop.sell(ann, each) for each in hers]
    of_eves = await shop.sell(ann, await shop.customer(eve))
    of_nobody = [await shop.sell(ann) for _ in range(4)]
    done, owed, dropped = [await shop.sell(ann) for _ in range(3)]
    for order_id in (done, owed):
        await ann.post(f"/sales-orders/{order_id}/payments", {"amount": 1_000})
    for order_id in (owed, dropped):
        await ann.post(f"/sales-orders/{order_id}/cancel", {"reason": "He changed his mind."})
    bobs = await shop.sell(bob)
    mine = f"/sales-orders?owner_id={ann.user_id}"
    assert len((await ann.get(f"{mine}&is_open=true"))["items"]) == 8
    assert {each["order_id"] for each in (await ann.get(f"{mine}&is_open=false"))["items"]} == {
        done, dropped,
    }  # fmt: skip
    sales = await boss.get(f"/sales-orders/report?{_PERIOD}&group_by=agent")
    # Who may not give all of it gives nothing; who leaves them where they are may.
    lead = {"name": "Lead", "template": "team_leader"}
    role = await boss.post("/roles", {**lead, "permissions": ["customers.assign", "customers.all"]})
    user = {"username": "lea", "password": USER_PASSWORD, "role": "team_leader"}
    await boss.post("/users", {**user, "own_role_id": role["role_id"]})
    lea = await crm.sign_in("lea@acme")
    over = {"from_user_id": ann.user_id, "to_team_id": care}
    refused(await lea("POST", _HAND_OVER, json=over), 403, "sales_orders_not_yours")
    assert (await boss.get(f"/customers/{hers[0]}"))["owner_id"] == ann.user_id
    kept = {**over, "customers": "public_pool", "sales_orders": "keep"}
    assert (await lea.post(_HAND_OVER, kept))["sales_orders"] == _NOTHING
    for each in hers:
        await shop.assign(each, ann)
    # Evenly, but for those whose customers are somebody's: he has his orders, too.
    key = {"Idempotency-Key": str(uuid7())}
    told = ok(await boss("POST", _HAND_OVER, json=over, headers=key))
    handed = told["sales_orders"]
    assert (handed["given"], handed["to_pool"]) == (8, 0)
    got = _got(handed)
    assert got.keys() == {bob.user_id, cid.user_id, eve.user_id}
    assert (got[eve.user_id], sorted((got[bob.user_id], got[cid.user_id]))) == (1, [3, 4])
    for customer_id, order_id in zip(hers, of_hers, strict=True):
        owner = (await boss.get(f"/customers/{customer_id}"))["owner_id"]
        assert owner in (bob.user_id, cid.user_id)
        assert await shop.owner(order_id) == owner
    assert await shop.owner(of_eves) == eve.user_id
    counts = Counter([await shop.owner(each) for each in (*of_nobody, owed)])
    assert sorted(counts.values()) == [2, 3]
    assert [await shop.owner(each) for each in (done, dropped, bobs)] == [
        ann.user_id, ann.user_id, bob.user_id,
    ]  # fmt: skip
    # Twice is once, and a second act finds nothing.
    assert ok(await boss("POST", _HAND_OVER, json=over, headers=key)) == told
    assert (await boss.post(_HAND_OVER, over))["sales_orders"] == _NOTHING
    assert await shop.told(of_eves) == ["entered", "handed_over"]
    # Who sold it stays: what it earned is counted for her as before.
    order = await eve.get(f"/sales-orders/{of_eves}")
    assert (order["agent_id"], order["owner_id"]) == (ann.user_id, eve.user_id)
    assert await boss.get(f"/sales-orders/report?{_PERIOD}&group_by=agent") == sales
    event = (await eve.get(f"/sales-orders/{of_eves}/history"))["items"][-1]
    assert (event["kind"], event["actor"], event["seq"]) == ("handed_over", "boss", 2)
    assert event["detail"] == {
        "because": "handed_over",
        "from_user_id": ann.user_id,
        "changes": {"owner_id": {"old": ann.user_id, "new": eve.user_id}},
    }
    # Whoever looks after it books on it, sees it in his list, and is told.
    await eve.post(f"/sales-orders/{of_eves}/payments", {"amount": 1_000})
    listed = (await cid.get(f"/sales-orders?owner_id={cid.user_id}&is_open=true"))["items"]
    assert len(listed) == got[cid.user_id]
    facts = await _facts(crm, "handed_over")
    assert Counter(each.owner_id for each in facts) == got
    assert {each.agent_id for each in facts} == {ann.user_id}
    for fact in facts:
        for agent in (bob, cid, eve):
            caller, _ = crm.deps.tokens.read(agent.token, crm.clock())
            is_told = sees(caller, fact.type_name(), fact.model_dump(mode="json"))
            assert is_told == (fact.owner_id == agent.user_id)
    (entry,) = (await boss.get("/audit-log?action=sales_orders.handed_over"))["items"]
    assert (entry["object_id"], entry["detail"]["because"]) == (ann.user_id, "handed_over")
    assert (entry["detail"]["given"], entry["detail"]["got"]) == (8, got)


async def test_nobodys_orders_are_his_who_gets_the_customer_or_takes_them(crm: Crm) -> None:
    shop = await _shop(crm)
    boss = shop.boss
    ann, bob, cid = await shop.agents("ann", "bob", "cid")
    hers, his = await shop.customer(ann), await shop.customer(bob)
    of_hers, of_his, of_nobody = [await shop.sell(ann, each) for each in (hers, his, None)]
    # Who is disabled leaves them to those who have the customers; he sold them still.
    await shop.disable(ann)
    assert [await shop.owner(each) for each in (of_hers, of_his, of_nobody)] == [
        None, bob.user_id, None,
    ]  # fmt: skip
    (entry,) = (await boss.get("/audit-log?action=sales_orders.handed_over"))["items"]
    assert entry["detail"]["because"] == "left"
    assert (entry["detail"]["given"], entry["detail"]["to_pool"]) == (1, 2)
    pool = "/sales-orders?has_owner=false"
    assert {each["order_id"] for each in (await boss.get(pool))["items"]} == {of_hers, of_nobody}
    # With the customer comes the order; whose it is already stays his.
    await shop.assign(hers, cid)
    await shop.assign(his, cid)
    assert [await shop.owner(each) for each in (of_hers, of_his)] == [cid.user_id, bob.user_id]
    assert await shop.told(of_hers) == ["entered", "handed_over", "assigned"]
    # The other one is whose who takes it. Of two the second is told that he is late.
    path = f"/sales-orders/{of_nobody}/assign"
    to_bob, to_cid = {"owner_id": bob.user_id}, {"owner_id": cid.user_id}
    refused(await bob("POST", path, json=to_cid), 403, "order_not_yours")
    taken = ok(await bob("POST", path, json=to_bob))
    assert (taken["owner_id"], taken["agent_id"]) == (bob.user_id, ann.user_id)
    refused(await cid("POST", path, json=to_cid), 403, "order_not_yours")
    assert await bob.post(path, to_bob) == taken
    stale = {"If-Match": f'"{taken["version"] - 1}"'}
    problem = refused(await bob("POST", path, json=to_cid, headers=stale), 412,
                      "sales_order_changed")  # fmt: skip
    assert problem["current"]["owner_id"] == bob.user_id
    assert (await bob.post(path, to_cid))["owner_id"] == cid.user_id
    for user_id in (ann.user_id, str(uuid7())):
        refused(await boss("POST", path, json={"owner_id": user_id}), 422, "user_unknown")
    assert (await boss.post(path, {"owner_id": None}))["owner_id"] is None
    assert await shop.told(of_nobody) == ["entered", "handed_over", *["assigned"] * 3]
    # Without the policy a leaver keeps what he has, until somebody hands it over.
    stays = {"return_on_leaving": False}
    await boss.put("/customer-policy", stays, headers={"If-Match": "*"})
    await shop.disable(cid)
    assert await shop.owner(of_hers) == cid.user_id
    over = {"from_user_id": cid.user_id, "to_user_id": bob.user_id}
    pooled = await boss.post(_HAND_OVER, {**over, "sales_orders": "public_pool"})
    # The customers are bob's by then, and so is what is to be done for them.
    assert _got(pooled["sales_orders"]) == {bob.user_id: 1}
    other = await crm.open_tenant("other")
    refused(await other("POST", path, json={"owner_id": None}), 404, "sales_order_not_found")


async def test_thousands_of_orders_go_to_one_colleague(crm: Crm) -> None:
    shop = await _shop(crm)
    ann, bob = await shop.agents("ann", "bob")
    order_id = await shop.sell(ann)
    await rows_of(crm, _COPY, order_id, 2_300)
    over = {"from_user_id": ann.user_id, "to_user_id": bob.user_id}
    told = await shop.boss.post(_HAND_OVER, over)
    assert told["sales_orders"] == {
        "given": 2_301, "to_pool": 0, "by_user": [{"user_id": bob.user_id, "sales_orders": 2_301}],
    }  # fmt: skip
    assert len(await _facts(crm, "handed_over")) == 2_301
    (row,) = await rows_of(
        crm,
        "SELECT count(*) FILTER (WHERE owner_id = $1) AS his, (SELECT count(*) "
        "FROM crm.sales_order_event WHERE kind = 'handed_over') AS told FROM crm.sales_order",
        bob.user_id,
    )
    assert tuple(row) == (2_301, 2_301)


async def test_an_order_that_is_closed_meanwhile_stays_the_leavers(crm: Crm) -> None:
    shop = await _shop(crm)
    ann, bob = await shop.agents("ann", "bob")
    open_id, closing = await shop.sell(ann), await shop.sell(ann)
    over = {"from_user_id": ann.user_id, "to_user_id": bob.user_id}
    pay = {"amount": 1_000}
    # Its last payment has the order, and waits with it; the hand-over waits for the payment.
    async with shop.locked("LOCK TABLE crm.sales_order_payment IN ACCESS EXCLUSIVE MODE"):
        paying = asyncio.create_task(ann.post(f"/sales-orders/{closing}/payments", pay))
        await shop.waits(1)
        giving = asyncio.create_task(shop.boss.post(_HAND_OVER, over))
        await shop.waits(2)
    assert (await paying)["state"] == "completed"
    assert (await giving)["sales_orders"]["given"] == 1
    assert [await shop.owner(each) for each in (open_id, closing)] == [bob.user_id, ann.user_id]
    assert await shop.told(closing) == ["entered", "payment_received"]


async def test_a_receiver_who_leaves_meanwhile_gets_nothing_for_ever(crm: Crm) -> None:
    shop = await _shop(crm)
    ann, bob, cid = await shop.agents("ann", "bob", "cid")
    customer_id = await shop.customer(cid)
    orders = [await shop.sell(ann), await shop.sell(ann, customer_id)]
    todo = {"note": "call", "due_at": "2030-01-01T00:00:00Z", "user_id": ann.user_id}
    await shop.boss.post(f"/customers/{customer_id}/follow-ups", todo)
    lock = "SELECT 1 FROM crm.sales_order WHERE order_id = $1 FOR UPDATE"
    over = {"from_user_id": ann.user_id, "to_user_id": bob.user_id}
    # He is disabled while it goes on: he waits, gets it, and leaves it like all else.
    async with shop.locked(lock, orders[0]):
        giving = asyncio.create_task(shop.boss.post(_HAND_OVER, over))
        await shop.waits(1)
        leaving = asyncio.create_task(shop.disable(bob))
        await shop.waits(2)
    assert (await giving)["sales_orders"]["given"] == 2
    await leaving
    assert [await shop.owner(each) for each in orders] == [None, cid.user_id]
    assert await shop.told(orders[0]) == ["entered", "handed_over", "handed_over"]
    listed = (await shop.boss.get(f"/follow-ups?user_id={cid.user_id}"))["items"]
    assert [each["note"] for each in listed] == ["call"]
    # He was first: there is nobody to give to.
    dan = await crm.user(shop.boss, "acme", Role.AGENT, "dan", "808")
    (await shop.boss.post(f"/sales-orders/{orders[0]}/assign", {"owner_id": cid.user_id}))
    late = await shop.sell(dan)
    async with shop.locked(lock, late):
        leaving = asyncio.create_task(shop.disable(dan))
        await shop.waits(1)
        to_dan = {"from_user_id": cid.user_id, "to_user_id": dan.user_id}
        refusal = asyncio.create_task(shop.boss("POST", _HAND_OVER, json=to_dan))
        await shop.waits(2)
    await leaving
    refused(await refusal, 422, "user_unknown")
    assert [await shop.owner(each) for each in orders] == [cid.user_id, cid.user_id]


async def test_two_leave_at_once_who_have_each_others_customers(crm: Crm) -> None:
    shop = await _shop(crm)
    ann, bob, cid = await shop.agents("ann", "bob", "cid")
    anns, bobs = await shop.customer(ann), await shop.customer(bob)
    orders = [await shop.sell(ann, bobs), await shop.sell(bob, anns)]
    async with shop.locked("SELECT 1 FROM crm.customer WHERE customer_id = $1 FOR UPDATE", anns):
        first = asyncio.create_task(shop.disable(ann))
        await shop.waits(1)
        second = asyncio.create_task(shop.disable(bob))
        await shop.waits(2)
    await first
    await second
    # What the first left to the second, the second has left, too.
    assert [await shop.owner(each) for each in orders] == [None, None]
    assert await shop.told(orders[0]) == ["entered", "handed_over", "handed_over"]
    await shop.assign(anns, cid)
    await shop.assign(bobs, cid)
    assert [await shop.owner(each) for each in orders] == [cid.user_id, cid.user_id]


async def test_a_hand_over_that_is_killed_half_way_is_done_by_its_repeat(crm: Crm) -> None:
    shop = await _shop(crm)
    boss = shop.boss
    ann, bob = await shop.agents("ann", "bob")
    customer_id = await shop.customer(ann)
    order_id = await shop.sell(ann, customer_id)
    todo = {"note": "call", "due_at": "2030-01-01T00:00:00Z", "user_id": ann.user_id}
    await boss.post(f"/customers/{customer_id}/follow-ups", todo)
    kind = (await boss.get("/business-types"))["items"][0]["business_type_id"]
    work = await boss.post("/work-orders", {"business_type_id": kind, "title": "w"})
    await boss.post(f"/work-orders/{work['work_order_id']}/assign", {"assignee_id": ann.user_id})
    over = {"from_user_id": ann.user_id, "to_user_id": bob.user_id}
    key = {"Idempotency-Key": str(uuid7())}
    admin = await connect(crm.database, DATABASE_ADMIN)
    # Customers, follow-ups and sales orders are written; at the work orders its connection dies.
    lock = "SELECT 1 FROM crm.work_order WHERE work_order_id = $1 FOR UPDATE"
    async with shop.locked(lock, work["work_order_id"]):
        giving = asyncio.create_task(boss("POST", _HAND_OVER, json=over, headers=key))
        await shop.waits(1)
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = "
            "'ringway_crm_api' AND datname = current_database() AND wait_event_type = 'Lock'"
        )
        refused(await giving, 503, "database_unavailable")
    await admin.close()
    assert (await boss.get(f"/customers/{customer_id}"))["owner_id"] == ann.user_id
    assert (await shop.owner(order_id), await shop.told(order_id)) == (ann.user_id, ["entered"])
    assert await _facts(crm, "handed_over") == []
    told = ok(await boss("POST", _HAND_OVER, json=over, headers=key))
    counts = (told["moved"], told["follow_ups"], told["sales_orders"]["given"])
    assert (*counts, told["work_orders"]["given"]) == (1, 1, 1, 1)
    assert ok(await boss("POST", _HAND_OVER, json=over, headers=key)) == told
    assert await shop.owner(order_id) == bob.user_id
    assert await shop.told(order_id) == ["entered", "handed_over"]
    assert len(await _facts(crm, "handed_over")) == 1
