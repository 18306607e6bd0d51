"""Queriers over many rows: indexed own fields are found and sorted by their key columns."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from tests.support.crm import Crm, rows_of

from ringway.crm_api.access import ROLE_PERMISSIONS, Caller, Role
from ringway.crm_api.core.queriers.catalogue import Catalogue, Source
from ringway.crm_api.core.queriers.compiler import compile_query
from ringway.crm_api.core.queriers.query import Query
from ringway.crm_api.objects import key_columns
from ringway.crm_api.queriers import running
from ringway.runtime.postgres import Connection

pytestmark = pytest.mark.api

_ROWS = 50_000
_FILLING_S = 60
_FIELDS = [
    {"key": key, "type": kind, "name_en": key, "is_indexed": True}
    for key, kind in (
        ("level", "text"), ("points", "number"), ("since", "datetime"), ("day", "date"),
        ("is_vip", "boolean"), ("friend", "reference"),
    )
]  # fmt: skip
_FIELDS[-1]["reference"] = "customer"
_DATA = """
    CASE WHEN n % 50 = 0 THEN '{}'::jsonb ELSE jsonb_build_object(
        'level', repeat(chr(97 + n % 26), 3) || n % 1000, 'points', n % 3989 + 0.5,
        'since', to_char('2026-01-01'::timestamp + n * '61 s'::interval,
                         'YYYY-MM-DD"T"HH24:MI:SS".250Z"'),
        'day', to_char('2020-01-01'::date + n % 2000, 'YYYY-MM-DD'), 'is_vip', n % 400 = 1,
        'friend', lpad(to_hex(n % 5000), 8, '0') || '-0000-4000-8000-000000000000') END
"""
_FRIEND = "0000002a-0000-4000-8000-000000000000"


def _all(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"where": {"all": list(parts)}}


def _is(key: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"field": f"data.{key}", "op": op, "value": value}


_KEYED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("level", _all(_is("level", "eq", "ccc2"))),
    ("level", _all(_is("level", "in", ["ccc2", "ddd3", "no"]))),
    ("points", _all(_is("points", "between", [40, 41.5]))),
    ("points", _all(_is("points", "gt", 3985))),
    ("points", _all(_is("points", "lt", 3))),
    ("since", _all(_is("since", "le", "2026-01-01T01:00:00.2509+00:00"))),
    ("since", _all(_is("since", "within", {"from": "2026-01-01T02:00:00Z",
                                           "to": "2026-01-01T04:00:00+01:00"}))),
    ("day", _all(_is("day", "eq", "2020-01-31"))),
    ("day", _all(_is("day", "lt", "2020-01-03"))),
    ("is_vip", _all(_is("is_vip", "eq", True))),
    ("friend", _all(_is("friend", "eq", _FRIEND))),
    ("level", {"sort": [{"by": "data.level"}]}),
    ("level", {"sort": [{"by": "data.level", "descending": True}]}),
    ("points", {"sort": [{"by": "data.points"}]}),
    ("points", {"sort": [{"by": "data.points", "descending": True}, {"by": "created_at"}]}),
    ("since", {"sort": [{"by": "data.since"}], **_all(_is("level", "ne", "aaa0"))}),
    ("day", {"sort": [{"by": "data.day", "descending": True}]}),
)  # fmt: skip


@pytest.mark.timeout(240)  # fifty thousand rows, on a machine that does much else
async def test_indexed_own_fields_are_found_and_sorted_by_their_columns(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    (row,) = await rows_of(crm, "SELECT tenant_id FROM crm.tenant WHERE slug = 'acme'")
    tenant_id = UUID(str(row["tenant_id"]))
    made = await boss.post("/objects", {"kind": "base", "name": "Base", "fields": _FIELDS})
    while await key_columns.build_some(crm.deps.pool):
        pass
    columns = await _columns(crm, made["object_id"])
    await _fill(crm, tenant_id, made["object_id"], columns)
    source = f"record:{made['object_id']}"
    async with running.session(crm.deps, _admin(tenant_id)) as session:
        # What the columns save is asked here, too.
        await session.conn.execute("SELECT set_config('statement_timeout', '0', true)")
        plain = _without_keys(session.catalogue)
        for key, part in _KEYED:
            query = Query.model_validate(
                {"source": source, "columns": [{"field": f"data.{key}"}], **part}
            )
            found, plan = await _asked(session, query, session.catalogue)
            expected, _ = await _asked(session, query, plain)
            assert found == expected, part
            assert found, part
            assert f"record_{columns[key]}" in plan, (part, plan)
            assert "Seq Scan" not in plan, (part, plan)
        # What is empty comes last, whichever way the rest runs, and can be asked for.
        empty = Query.model_validate(
            {
                "source": source,
                "columns": [{"field": "data.level"}],
                "sort": [{"by": "data.level"}],
                **_all(_is("level", "is_empty")),
            }
        )
        assert await session.count(empty) == _ROWS // 50
        last = empty.model_copy(update={"where": None})
        rows = (await session.rows(last, limit=20, offset=_ROWS - _ROWS // 50 - 10)).rows
        assert [row[0] is None for row in rows] == [False] * 10 + [True] * 10


async def _asked(
    session: running.Session, query: Query, catalogue: Catalogue
) -> tuple[list[tuple[Any, ...]], str]:
    made = compile_query(query, catalogue, session.asked, limit=60, offset=3)
    rows = await session.conn.fetch(made.sql, *made.values)
    return [tuple(row) for row in rows], await _plan(session.conn, made.sql, made.values)


async def _plan(conn: Connection, sql: str, values: tuple[object, ...]) -> str:
    return "\n".join(row[0] for row in await conn.fetch(f"EXPLAIN {sql}", *values))


def _without_keys(catalogue: Catalogue) -> dict[str, Source]:
    """Return the catalogue as it is while no index is ready."""
    return {
        name: replace(each, fields={k: replace(f, key=None) for k, f in each.fields.items()})
        for name, each in catalogue.items()
    }


async def _columns(crm: Crm, object_id: str) -> dict[str, str]:
    rows = await rows_of(
        crm,
        "SELECT key, key_column, state FROM crm.data_object_key WHERE object_id = $1",
        object_id,
    )
    assert {row["state"] for row in rows} == {"ready"}
    return {row["key"]: row["key_column"] for row in rows}


async def _fill(crm: Crm, tenant_id: UUID, object_id: str, columns: Mapping[str, str]) -> None:
    """Write the rows with what the trigger would write into them, which takes a third of it."""
    values = ", ".join(
        f"coalesce(d->>'{key}', '')" if column[0] == "t" else f"crm.number_key(d->'{key}')"
        for key, column in columns.items()
    )
    await _write(crm, "ALTER TABLE crm.record DISABLE TRIGGER set_key_columns")
    await _write(
        crm,
        f"""
        INSERT INTO crm.record (tenant_id, object_id, record_id, data, created_by, created_at,
                                updated_by, updated_at, {", ".join(columns.values())})
        SELECT $1, $2, gen_random_uuid(), d, $1, '2026-01-01', $1, '2026-01-01', {values}
          FROM generate_series(0, $3::integer) n CROSS JOIN LATERAL (SELECT {_DATA} AS d) AS row
        """,
        *(str(tenant_id), object_id, _ROWS - 1),
    )
    await _write(crm, "ALTER TABLE crm.record ENABLE TRIGGER set_key_columns")
    await _write(crm, "ANALYZE crm.record")


async def _write(crm: Crm, sql: str, *args: Any) -> None:
    await asyncio.wait_for(crm.behind.owner.execute(sql, *args), _FILLING_S)


def _admin(tenant_id: UUID) -> Caller:
    return Caller(
        tenant_id=tenant_id,
        user_id=UUID(int=0),
        username="boss",
        role=Role.ENTERPRISE_ADMIN,
        agent_number=None,
        session_id=UUID(int=0),
        client_ip="",
        permissions=ROLE_PERMISSIONS[Role.ENTERPRISE_ADMIN],
    )
