"""A change that changes nothing changes nothing: no version, no history, no event.

Every PUT and PATCH with If-Match of the document is tried: once with what GET tells, and once twice
with what the permission matrix sends. All that the services keep is compared before and after.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from tests.support.api_document import api_document
from tests.support.crm import Crm, Signed, ok, rows_of
from tests.support.matrix import arguments_of, make_objects
from tests.support.nats import NatsServer
from tests.support.tenant_rows import SCHEMAS

pytestmark = [pytest.mark.api, pytest.mark.timeout(240)]  # all of the document

# Where a repeat counts, and why.
_COUNTS = {
    "set_member_pin": "a PIN is kept as a hash that is never the same, and when it was set counts",
    "change_virtual_operator": "a secret that is sent is a new one: nobody reads the old one",
}
# Who asked stands in the audit log, as of every act; sessions say when they were seen.
_APART = {"crm.audit_log", "crm.audit_intent", "crm.session"}
_TABLES = """
    SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = ANY ($1) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
"""
_PRICE = {"currency": "CNY", "amount": 1_000}


@dataclass(frozen=True)
class Change:
    """An operation that changes something of a known version."""

    name: str
    method: str
    path: str
    schema: Mapping[str, Any]
    is_read: bool  # what it changes can be read


def _changes() -> list[Change]:
    return [
        Change(
            operation["operationId"],
            method.upper(),
            path.removeprefix("/api/v1"),
            operation["requestBody"]["content"]["application/json"]["schema"],
            "get" in methods,
        )
        for path, methods in api_document()["paths"].items()
        for method, operation in methods.items()
        if method in ("put", "patch")
        and any(each.get("name") == "if-match" for each in operation.get("parameters", []))
    ]


class Kept:
    """All rows of all tables, each table as a hash."""

    def __init__(self, crm: Crm, tables: list[str]) -> None:
        self._crm = crm
        self._sql = " UNION ALL ".join(
            f"SELECT '{name}' AS name, md5(string_agg(t::text, '|' ORDER BY t::text)) AS hash, "
            f"count(*) AS n FROM {name} t"
            for name in tables
        )

    async def now(self) -> dict[str, tuple[str | None, int]]:
        rows = await rows_of(self._crm, self._sql)
        return {row["name"]: (row["hash"], row["n"]) for row in rows}

    async def acts(self) -> list[str]:
        """Return what the audit log has of its own, not only that somebody asked."""
        rows = await rows_of(
            self._crm, "SELECT action FROM crm.audit_log WHERE action NOT LIKE 'api.%' ORDER BY 1"
        )
        return [row["action"] for row in rows]


async def _kept(crm: Crm) -> Kept:
    rows = await rows_of(crm, _TABLES, list(SCHEMAS))
    return Kept(crm, sorted({row["name"] for row in rows} - _APART))


def _fit(value: Any, schema: Mapping[str, Any]) -> Any:
    """Return what a body may have of something that was read."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return _fit(value, api_document()["components"]["schemas"][name])
    if isinstance(value, list):
        return [_fit(each, schema.get("items", {})) for each in value]
    if not isinstance(value, dict):
        return value
    for variants in ("anyOf", "oneOf", "allOf"):
        if variants in schema:
            fitted = [_fit(value, each) for each in schema[variants] if each.get("type") != "null"]
            return max(fitted, key=len)
    properties = schema.get("properties")
    if properties is None:
        return value
    return {
        name: _fit(each, properties[name]) for name, each in value.items() if name in properties
    }


async def _objects(crm: Crm, boss: Signed) -> dict[str, str]:
    """Make one object of each noun that can be changed."""
    ids = await make_objects(crm, boss, "acme")
    crm.behind.voicemails.add((ids["tenant_id"], ids["voicemail_id"]))
    notice = arguments_of("create_notice", ids, 1)["json"]
    return {**ids, "notice_id": (await boss.post("/notices", notice))["notice_id"]}


async def _unshipped(boss: Signed) -> str:
    product = await boss.post("/products", {"code": "WALK", "name": "w", "prices": [_PRICE]})
    lines = [{"product_id": product["product_id"]}]
    order = await boss.post("/sales-orders", {"currency": "CNY", "lines": lines})
    return str(order["order_id"])


async def test_what_changes_nothing_leaves_nothing(crm: Crm, nats: NatsServer) -> None:
    async with nats.bus("acd", name="acd-voicemail") as bus:
        await crm.behind.attach_voicemail(bus)
        boss = await crm.open_tenant("acme")
        ids = await _objects(crm, boss)
        open_order = await _unshipped(boss)
        kept = await _kept(crm)
        wrong: list[str] = []
        for change in _changes():
            known = {**ids, "order_id": open_order} if change.name == "change_order" else ids
            path = change.path.format_map(known)
            who = crm.platform if change.path.startswith("/virtual-operators") else boss
            if change.is_read:
                wrong += await _send_back(kept, who, change, path)
            more = arguments_of(change.name, ids, 7)
            if change.name not in _COUNTS:
                wrong += await _send_twice(kept, who, change, path, more)
    assert not wrong, "\n".join(wrong)


async def _send_back(kept: Kept, who: Signed, change: Change, path: str) -> list[str]:
    read = await who("GET", path)
    ok(read)
    tag = read.headers["etag"]
    before, acts = await kept.now(), await kept.acts()
    body = _fit(read.json(), change.schema)
    assert body, change.name
    answer = await who(change.method, path, json=body, headers={"If-Match": tag})
    if not answer.is_success:
        return [f"{change.name}: {answer.status_code} {answer.text[:300]}"]
    again = await who("GET", path)
    after = await kept.now()
    changed = [each for each in before if before[each] != after[each]]
    found = [f"{change.name}, sent back: {changed}"] if changed else []
    if (ok(again), again.headers["etag"], answer.headers["etag"]) != (read.json(), tag, tag):
        found.append(f"{change.name}, sent back: {tag} is {again.headers['etag']}")
    if await kept.acts() != acts:
        found.append(f"{change.name}, sent back: the audit log tells of a change")
    return found


async def _send_twice(
    kept: Kept, who: Signed, change: Change, path: str, more: dict[str, Any]
) -> list[str]:
    more = {**more, "headers": {"If-Match": "*"}}
    ok(await who(change.method, path, **more))
    before, acts = await kept.now(), await kept.acts()
    ok(await who(change.method, path, **more))
    after = await kept.now()
    changed = [each for each in before if before[each] != after[each]]
    if await kept.acts() != acts:
        changed.append("the audit log")
    return [f"{change.name}, sent twice: {changed}"] if changed else []
