"""Lists of customers and records that are filtered by one own field and sorted by another."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest
from tests.support.crm import Crm, Signed, refused, rows_of
from tests.support.waiting import eventually

from ringway.crm_api.access import ROLE_PERMISSIONS, Caller, Role
from ringway.crm_api.core.objects.filters import parse
from ringway.crm_api.customers import fields, listing, scope
from ringway.crm_api.customers.filters import CustomerCondition, CustomerFilter, CustomerOp
from ringway.crm_api.objects import catalogue, key_columns, record_store
from ringway.crm_api.objects.record_query import Order, Place
from ringway.crm_api.work_orders import listing as orders
from ringway.crm_api.work_orders.reach import Reach

pytestmark = pytest.mark.api

_FIELDS: list[dict[str, Any]] = [
    {"key": "tier", "type": "text", "name_en": "Tier", "is_indexed": True},
    {"key": "balance", "type": "number", "name_en": "Balance", "is_indexed": True},
    {"key": "card", "type": "text", "name_en": "Card", "is_indexed": True},
    {"key": "vip", "type": "boolean", "name_en": "VIP", "is_indexed": True,
     "read_roles": ["enterprise_admin"]},
]  # fmt: skip
_LISTS = [
    {"filter": "tier", "sort": "balance"},
    {"filter": "tier", "sort": "card"},
    {"filter": "vip", "sort": "balance"},
]
_ROWS = 700
# Values that begin alike, that say where a value ends, and nothing at all.
_DATA = r"""
    jsonb_strip_nulls(jsonb_build_object(
        'tier', (ARRAY['gold', 'golden', E'gold\001\002', 'basic', NULL])[1 + n % 5],
        'balance', CASE WHEN n % 7 > 0 THEN (n * 7919 % 101 - 50) / 4.0 END,
        'card', CASE WHEN n % 11 > 0 THEN '卡' || n % 13 END,
        'vip', CASE WHEN n % 3 > 0 THEN n % 3 = 1 END))
"""
_ID = "('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid"
_CUSTOMERS = f"""
    INSERT INTO crm.customer (tenant_id, customer_id, name, phone_e164, data, created_at,
                              updated_at)
    SELECT $1, {_ID}, 'c', '+8613800138000', {_DATA}, now(), now()
      FROM generate_series(1, {_ROWS}) n WHERE $2::uuid IS NOT NULL
"""
_RECORDS = f"""
    INSERT INTO crm.record (tenant_id, object_id, record_id, data, created_by, created_at,
                            updated_by, updated_at)
    SELECT $1, $2, {_ID}, {_DATA}, $1, now(), $1, now() FROM generate_series(1, {_ROWS}) n
"""
_ASKED = [
    ("tier", "gold", "balance"), ("tier", "gold", "-balance"), ("tier", "gold", "-card"),
    ("tier", "basic", "card"), ("vip", "true", "-balance"), ("vip", "false", "balance"),
]  # fmt: skip


# So few rows are read in any way; whether the index may serve is what counts.
_AS_INDEXED = {
    **listing.PLANNED,
    **{f"enable_{way}": "off" for way in ("seqscan", "bitmapscan", "sort")},
}


class _Explained:
    """A connection that notes the plan of what it is asked."""

    def __init__(self, conn: Any) -> None:
        self._conn = conn
        self.plans: list[str] = []

    @property
    def plan(self) -> str:
        return self.plans[-1]

    async def fetch(self, query: str, *values: object) -> list[Any]:
        rows = await self._conn.fetch(f"EXPLAIN {query}", *values)
        self.plans.append("\n".join(row[0] for row in rows))
        found: list[Any] = await self._conn.fetch(query, *values)
        return found


async def _build(crm: Crm) -> None:
    async def done() -> bool:
        await key_columns.build_some(crm.deps.pool)
        query = "SELECT FROM crm.data_object_key WHERE state = 'building'"
        return not await rows_of(crm, query)

    await eventually(done)


async def _walk(who: Signed, path: str, an_id: str) -> list[str]:
    found: list[str] = []
    cursor = ""
    while cursor is not None:
        page = await who.get(f"{path}&limit=99{cursor and '&cursor=' + cursor}")
        found += [each[an_id] for each in page["items"]]
        cursor = page["next_cursor"]
    return found


async def _walks(who: Signed, path: str, key: str, value: str, sort: str) -> list[str]:
    if path == "/customers":
        sort = sort.replace("-", "-data.") if sort.startswith("-") else f"data.{sort}"
        query = f"data={key}={value}&where=data.{sort.rpartition('.')[2]}:ge:-9&sort={sort}"
        return await _walk(who, f"{path}?fields=name&{query}", "customer_id")
    bound = f"filter={sort.removeprefix('-')}:gte:-9"
    query = f"filter={key}:eq:{value}&{bound}&sort={sort}&fields=tier"
    return await _walk(who, f"{path}?{query}", "record_id")


async def test_lists_are_the_same_and_quicker_when_their_object_names_them(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    (row,) = await rows_of(crm, "SELECT tenant_id FROM crm.tenant WHERE slug = 'acme'")
    tenant_id = UUID(str(row["tenant_id"]))
    for kind, statement in (("customer", _CUSTOMERS), ("base", _RECORDS)):
        design = {"kind": kind, "name": kind, "fields": _FIELDS}
        made = await boss.post("/objects", design)
        path, object_id = f"/objects/{made['object_id']}", UUID(made["object_id"])
        await rows_of(crm, statement, tenant_id, object_id)
        await _build(crm)
        asked = "/customers" if kind == "customer" else f"{path}/records"
        before = {each: await _walks(boss, asked, *each) for each in _ASKED}
        assert all(before.values())
        much = {**design, "lists": [*_LISTS, {"filter": "card", "sort": "tier"}] * 2}
        headers = {"If-Match": "*"}
        problem = refused(
            await boss("PUT", path, json=much, headers=headers), 422, "validation_failed"
        )
        assert "at most 4" in str(problem)
        changed = await boss.put(path, {**design, "lists": _LISTS}, headers=headers)
        assert [
            (each["key"], each["sort"], each["state"]) for each in changed["indexes"][-3:]
        ] == [
            ("vip", "balance", "building"), ("tier", "balance", "building"),
            ("tier", "card", "building"),
        ]  # fmt: skip
        assert {each: await _walks(boss, asked, *each) for each in _ASKED} == before
        await _build(crm)
        assert {each: await _walks(boss, asked, *each) for each in _ASKED} == before
        # Who does not see a field is not told that there is a list of it.
        seen = await ann.get(path)
        assert [each["filter"] for each in seen["lists"]] == ["tier", "tier"]
        assert "vip" not in str(seen)
    await _plans(crm, tenant_id, object_id)
    form = await boss.post(
        "/objects", {"kind": "work_order", "name": "Form", "fields": _FIELDS, "lists": _LISTS}
    )
    await _build(crm)
    await _plans_of_orders(crm, tenant_id, UUID(form["object_id"]))
    # Rows that are written from then on are where they belong.
    (first, *_) = await _walk(boss, "/customers?data=tier=gold&sort=data.balance", "customer_id")
    await boss(
        "PATCH", f"/customers/{first}", json={"data": {"tier": "basic", "balance": -1000}},
        headers={"If-Match": "*"},
    )  # fmt: skip
    moved = await _walk(boss, "/customers?data=tier=basic&sort=data.balance", "customer_id")
    assert moved[0] == first
    # A place that is not of the list is none.
    for cursor in ("WyJ2IiwieCIsIjEiXQ", "WyJ2IiwiMSIsIngiXQ"):
        query = f"/customers?data=tier=gold&sort=data.balance&cursor={cursor}"
        refused(await boss("GET", query), 400, "cursor_invalid")


async def _plans(crm: Crm, tenant_id: UUID, object_id: UUID) -> None:
    """Check that a page far within a list is one range of one index."""
    role = Role.ENTERPRISE_ADMIN
    boss = Caller(
        tenant_id=tenant_id,
        user_id=UUID(int=0),
        username="boss",
        role=role,
        agent_number=None,
        session_id=UUID(int=0),
        client_ip="",
        permissions=ROLE_PERMISSIONS[role],
    )
    async with crm.deps.pool.tenant(tenant_id, settings=_AS_INDEXED) as conn:
        explained: Any = _Explained(conn)
        known = await fields.of(conn, boss)
        wanted = [CustomerFilter(data=["tier=gold"])]
        for sort, after in (("data.balance", "1.5"), ("-data.card", "卡5")):
            await listing.page(
                explained,
                wanted=wanted,
                scope=scope.everything(tenant_id),
                fields=known,
                sort=listing.order(known, sort),
                after=["v", after, str(UUID(int=9))],
                limit=20,
            )
            assert "using customer_p" in explained.plan
            assert re.search(r"Index Cond: .*ROW\(p", explained.plan)
            assert "Sort" not in explained.plan
        begins = CustomerCondition(field="data.card", op=CustomerOp.PREFIX, value="卡1")
        customers, _ = await listing.page(
            explained,
            wanted=[CustomerFilter(where=[begins])],
            scope=scope.everything(tenant_id),
            fields=known,
            sort=listing.order(known, "data.card"),
            after=None,
            limit=_ROWS,
        )
        cards = [f"卡{n % 13}" for n in range(1, _ROWS + 1) if n % 11 and n % 13 in (1, 10, 11, 12)]
        assert [each.data["card"] for each in customers] == sorted(cards)
        assert re.search(r"Index Cond: .*t\d+ >= '卡1'.* < '卡2'", explained.plan)
        found = await catalogue.get(conn, tenant_id=tenant_id, object_id=object_id)
        assert found is not None
        field = found.definition.by_key["balance"]
        for is_down in (False, True):
            await record_store.page(
                explained,
                found=found,
                wanted=[parse(found.definition, role, "tier:eq:gold")],
                interaction_id=None,
                order=Order(field, is_down),
                after=Place(1.5, UUID(int=9)),
                limit=20,
            )
            assert "using record_p" in explained.plan
            assert re.search(r"Index Cond: .*ROW\(p", explained.plan)
            assert "Sort" not in explained.plan


async def _plans_of_orders(crm: Crm, tenant_id: UUID, object_id: UUID) -> None:
    """As :func:`_plans`, of work orders by fields of their form."""
    nobody: frozenset[UUID] = frozenset()
    reach = Reach(tenant_id, UUID(int=0), "boss", "enterprise_admin", nobody, nobody, sees_all=True)
    async with crm.deps.pool.tenant(tenant_id, settings=_AS_INDEXED) as conn:
        explained: Any = _Explained(conn)
        form = await catalogue.get(conn, tenant_id=tenant_id, object_id=object_id)
        assert form is not None
        pair = form.columns["tn:tier:balance"]
        for data, column in (({}, form.columns["balance"]), ({"tier": "gold"}, pair)):
            for sort in ("data.balance", "-data.balance"):
                await orders.page(
                    explained,
                    reach=reach,
                    wanted=orders.Wanted(data=data),
                    limit=20,
                    sort=orders.sort_of(sort, form, reach.role),
                    after=("1.5", str(UUID(int=9))),
                    definition=form.definition,
                )
                plan = explained.plans[-2]
                assert f"using work_order_{column}" in plan
                assert re.search(rf"Index Cond: .*ROW\({column}", plan)
                assert "Sort" not in plan
