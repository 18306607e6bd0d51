"""Two who do opposite things at the same moment: one is first, and the other is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.support.api_document import api_document
from tests.support.crm import Crm, ok, rows_of
from tests.support.matrix import arguments_of, make_objects
from tests.support.postgres import connect
from tests.support.waiting import eventually

from ringway.cli.credentials import DATABASE_ADMIN, DATABASE_OWNER

pytestmark = [pytest.mark.api, pytest.mark.timeout(120)]

_TABLES = """
    SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') AS names
      FROM pg_tables WHERE schemaname = 'crm'
"""
# What others own: the ACD and the dialer have their own tests of this.
_ELSEWHERE = (
    *("agent-profiles", "blocked-callers", "calendars", "caller-groups", "caller-pools"),
    *("campaigns", "conference-rooms", "dnc-lists", "inbound-routes", "lists", "monitor-groups"),
    *("outbound-routes", "projects", "queues", "skills", "time-conditions", "trunks"),
    *("voicemail-boxes", "callbacks", "dispositions"),
    "questionnaires",  # they are put aside, not removed
)

# What the matrix makes of these is in use, and is not removed.
_FRESH = {
    "change_team": ("/teams", "create_team", "team_id"),
    "change_category": ("/knowledge/categories", "create_category", "category_id"),
    "change_article": ("/knowledge/articles", "create_article", "article_id"),
    "change_notice": ("/notices", "create_notice", "notice_id"),
    "change_product": ("/products", "create_product", "product_id"),
    "change_business_type": ("/business-types", "create_business_type", "business_type_id"),
    "change_work_order_design": (
        "/work-order-designs",
        "create_work_order_design",
        "design_id",
    ),
}


@asynccontextmanager
async def _nobody_writes(crm: Crm) -> AsyncIterator[None]:
    """Let whoever writes into a table of the API wait; reading and row locks go on."""
    (row,) = await rows_of(crm, _TABLES)
    conn = await connect(crm.database, DATABASE_OWNER)
    try:
        async with conn.transaction():
            await conn.execute(f"LOCK TABLE {row['names']} IN SHARE MODE")
            yield
    finally:
        await conn.close()


async def _waits(crm: Crm, requests: int) -> None:
    """Return when so many transactions of the API wait for locks."""
    admin = await connect(crm.database, DATABASE_ADMIN)

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


def _both() -> list[tuple[str, str, str]]:
    """Return where something is changed and removed: the operation, its method and path."""
    found = []
    for path, methods in api_document()["paths"].items():
        noun = path.removeprefix("/api/v1/").partition("/")[0]
        if "delete" not in methods or "get" not in methods or noun in _ELSEWHERE:
            continue
        for method in ("put", "patch"):
            if method in methods:
                name = methods[method]["operationId"]
                found.append((name, method.upper(), path.removeprefix("/api/v1")))
    return found


@pytest.mark.parametrize(("name", "method", "path"), _both())
async def test_what_is_removed_stays_removed(crm: Crm, name: str, method: str, path: str) -> None:
    """Whoever changes it at that moment has seen it; he does not bring it back."""
    boss = await crm.open_tenant("acme")
    ids = await make_objects(crm, boss, "acme")
    who = crm.platform if path.startswith("/virtual-operators") else boss
    at = path.format_map(ids)
    if name in _FRESH:
        noun, making, key = _FRESH[name]
        made = await who.post(noun, **{**arguments_of(making, ids, 2), "headers": {}})
        at = f"{noun}/{made[key]}"
    ok(await who("GET", at))
    more: dict[str, Any] = {**arguments_of(name, ids, 3), "headers": {"If-Match": "*"}}
    if name == "change_identity_provider":
        more["json"] = {**more["json"], "name": "another"}
    async with _nobody_writes(crm):
        removing = asyncio.create_task(who("DELETE", at))
        await _waits(crm, 1)
        changing = asyncio.create_task(who(method, at, **more))
        await _waits(crm, 2)
    ok(await removing)
    answer = await changing
    assert answer.status_code in (200, 404), answer.text  # he was first, or is told
    assert (await who("GET", at)).status_code == 404


async def test_an_import_of_products_waits_in_the_order_of_all(crm: Crm) -> None:
    """Products are locked in the order in which orders take their stock, not in that of a file."""
    boss = await crm.open_tenant("acme")
    price = {"currency": "CNY", "amount": 1_000}
    products = [{"code": code, "name": code, "stock": 5, "prices": [price]} for code in "AB"]
    first, second = [(await boss.post("/products", each))["product_id"] for each in products]
    lock = "SELECT 1 FROM crm.product WHERE product_id = $1 FOR UPDATE"
    changed = [{**each, "name": "new"} for each in reversed(products)]
    holder, other = [await connect(crm.database, DATABASE_OWNER) for _ in range(2)]
    try:
        async with holder.transaction():
            await holder.execute(lock, first)
            importing = asyncio.create_task(boss.post("/products/import", {"products": changed}))
            await _waits(crm, 1)
            async with other.transaction():
                await other.execute(f"{lock} NOWAIT", second)
        assert (await importing)["changed"] == 2
    finally:
        await holder.close()
        await other.close()
