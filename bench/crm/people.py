"""Customers and interactions of several enterprises, made inside of PostgreSQL by formulas.

Rows are made in sets, with triggers off, the key columns filled directly and all indexes but the
primary keys made afterwards, so that ten million customers take minutes and not hours. What is
stored is what the service would have stored, but for two things: interactions keep no facts of
theirs (``sources`` is empty) and no segments, which no list reads.

Formulas are repeated in Python (:func:`phone`, :func:`customer_id`), so that a bench knows whom it
may ask for without asking.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from uuid import UUID

from ringway.cli.say import say
from ringway.runtime.postgres import Connection

TIERS = ("gold", "silver", "bronze", "basic", "new")
CITIES = 500
AGENTS = 1_000  # of each enterprise; the first of them is a user who signs in
FIELDS = (
    {
        "key": "tier",
        "type": "enum",
        "name_en": "Tier",
        "is_indexed": True,
        "options": [{"key": each, "name_en": each.title()} for each in TIERS],
    },
    {"key": "city", "type": "text", "name_en": "City", "is_indexed": True},
    {"key": "balance", "type": "number", "name_en": "Balance", "is_indexed": True},
    {"key": "card", "type": "text", "name_en": "Card number", "is_indexed": True},
    {"key": "since", "type": "date", "name_en": "Member since"},
)
LISTS = ({"filter": "tier", "sort": "balance"}, {"filter": "city", "sort": "balance"})
_CHUNK = 500_000
# 2024 and 2025, in milliseconds.
_BEGIN_MS, _SPAN_MS = 1_704_067_200_000, 63_158_400_000
_PRIME = 2_147_483_647
_HANDLED = 20_000  # numbers that the agent who signs in has talked with
# $1 tenant, $2 its rows, $3 to $4 the rows of this chunk, $5 agents. Columns: see _TABLES.
_AT = f"({_BEGIN_MS} + {_SPAN_MS} * i / $2::bigint)"
_ID = f"(lpad(to_hex({_AT}), 12, '0') || '70008' || lpad(to_hex(i), 15, '0'))::uuid"
_MADE_AT = f"to_timestamp({_AT} / 1000.0)"
_MIXED = f"(i * 48271 % {_PRIME})"
_PHONE = "('+861' || lpad({0}::text, 10, '0'))"
_SECOND = f"('+862' || lpad((i * 69621 % {_PRIME})::text, 10, '0'))"
_VALUES = {
    "tier": f"(ARRAY{list(TIERS)!r})[1 + {_MIXED} % {len(TIERS)}]",
    "city": f"('city ' || {_MIXED} % {CITIES})",
    "balance": "(i * 7919 % 1000003)",
    "card": "('C-' || lpad(i::text, 9, '0'))",
    "since": "(DATE '2015-01-01' + (i % 3650)::integer)",
}
_DATA = "jsonb_build_object(" + ", ".join(f"'{k}', {v}" for k, v in _VALUES.items()) + ")"
_IS_OWNED = "i % 10 < 3"
_ROWS = "FROM generate_series($3::bigint, $4::bigint) AS i"
_CUSTOMERS = f"""
    INSERT INTO crm.customer (
        tenant_id, customer_id, name, phone_e164, data, emails, address, owner_id, owned_since,
        idle_since, grade, intent, language, created_at, updated_at{{names}})
    SELECT $1, {_ID}, 'Customer ' || i, {_PHONE.format(_MIXED)}, {_DATA},
           CASE WHEN i % 3 = 0 THEN ARRAY['c' || i || '@example.com'] ELSE '{{{{}}}}' END,
           jsonb_build_object('city', 'city ' || {_MIXED} % {CITIES}),
           CASE WHEN {_IS_OWNED} THEN ($5::uuid[])[1 + i / 10 % {AGENTS}] END,
           CASE WHEN {_IS_OWNED} THEN {_MADE_AT} END, CASE WHEN {_IS_OWNED} THEN {_MADE_AT} END,
           CASE WHEN i % 4 = 0 THEN (ARRAY['A', 'B', 'C'])[1 + i / 4 % 3] END,
           CASE WHEN i % 3 = 0 THEN 'interested' ELSE 'unknown' END, 'zh-CN',
           {_MADE_AT}, {_MADE_AT}{{values}}
      {_ROWS}
"""
_NUMBERS = f"""
    INSERT INTO crm.customer_number (tenant_id, phone_e164, customer_id, kind, is_primary, position)
    SELECT $1, n.phone_e164, n.customer_id, n.kind, n.is_primary, n.position
      FROM (SELECT {_ID} AS customer_id, {_PHONE.format(_MIXED)} AS phone_e164,
                   'mobile' AS kind, true AS is_primary, 0 AS position {_ROWS}
             UNION ALL
            SELECT {_ID}, {_SECOND}, 'home', false, 1 {_ROWS} WHERE i % 5 = 0) AS n
     WHERE $5::uuid[] IS NOT NULL
"""
_HANDLED_NUMBERS = f"""
    INSERT INTO crm.handled_number (tenant_id, agent_id, phone_e164, last_at)
    SELECT $1, ($5::uuid[])[1], {_PHONE.format(_MIXED)}, {_MADE_AT} {_ROWS}
     WHERE i % greatest(1, $2::bigint / {_HANDLED}) = 0
"""
# The other party: a customer in no order. $6 customers of the tenant.
_PARTY = _PHONE.format(f"((1 + i * 1000003 % $6::bigint) * 48271 % {_PRIME})")
_IS_INBOUND = "i % 10 < 3"
_INTERACTIONS = f"""
    INSERT INTO crm.interaction (
        tenant_id, interaction_id, campaign_id, direction, caller, called, agent_id, agent_number,
        started_at, answered_at, connected_at, disconnected_at, ended_at, wait_s, talk_s, wrap_up_s,
        disposition, agent_disposition, cause_q850, hung_up_by, is_live, sources, queue_id,
        segments)
    SELECT $1, {_ID},
           CASE WHEN {_IS_INBOUND} THEN NULL ELSE ($5::uuid[])[1 + i / 100000 % {AGENTS}] END,
           CASE WHEN {_IS_INBOUND} THEN 'inbound' ELSE 'outbound' END,
           CASE WHEN {_IS_INBOUND} THEN {_PARTY} ELSE '+862155501' || i % 10 END,
           CASE WHEN {_IS_INBOUND} THEN '+862155501' || i % 10 ELSE {_PARTY} END,
           ($5::uuid[])[1 + {_MIXED} % {AGENTS}], (1001 + {_MIXED} % {AGENTS})::text,
           at, at + interval '4 s', at + interval '5 s', at + talk * interval '1 s',
           at + (talk + 20) * interval '1 s', CASE WHEN {_IS_INBOUND} THEN 1 END, talk,
           CASE WHEN i % 7 = 0 THEN 20 END,
           CASE WHEN i % 5 = 0 THEN 'no_answer' ELSE 'answered' END,
           CASE WHEN i % 7 = 0 THEN 'sale' ELSE '' END, 16,
           CASE WHEN i % 2 = 0 THEN 'customer' ELSE 'agent' END, false, '{{}}',
           CASE WHEN {_IS_INBOUND} THEN 'queue-' || i % 8 END, 1
      FROM (SELECT i, {_MADE_AT} AS at, 20 + i % 400 AS talk {_ROWS}) AS made
"""
_QUICK = "SET session_replication_role = replica; SET jit = off"
_TABLES = ("customer", "customer_number", "handled_number", "interaction")


@dataclass(frozen=True, slots=True)
class Tenant:
    """One enterprise: how many of each it has, its agents, and its key columns.

    ``agents``: ids, the first one of a user who signs in. ``columns``: by field, or by the name of
    a pair of fields, such as ``n1``, ``p1``.
    """

    slug: str
    tenant_id: UUID
    customers: int
    interactions: int
    agents: Sequence[UUID]
    columns: Mapping[str, str]


def shares(total: int) -> dict[str, int]:
    """Return how many of ``total`` rows each enterprise has: one is big."""
    parts = {"middle": total * 15 // 100, "small": total * 4 // 100, "tiny": total // 100}
    return {"big": total - sum(parts.values()), **parts}


def phone(i: int) -> str:
    """Return the primary number of the ``i``-th customer, who is 1 or more."""
    return f"+861{i * 48271 % _PRIME:010}"


def customer_id(i: int, customers: int) -> UUID:
    """Return the id of the ``i``-th of a tenant's customers; interactions' ids are alike."""
    return UUID(f"{_BEGIN_MS + _SPAN_MS * i // customers:012x}70008{i:015x}")


async def make(admin: Connection, other: Connection, tenants: Sequence[Tenant]) -> None:
    """Fill the tables; they are as if they had always been full when this returns.

    Args:
        admin: Of a superuser, without a limit of time. ``other`` is a second such connection.
    """
    await other.execute(_QUICK)
    # By id, as the primary keys have them.
    tenants = sorted(tenants, key=lambda each: each.tenant_id)
    async with _without_indexes(admin, _TABLES):
        await asyncio.gather(
            _fill(
                admin, "customer, crm.customer_number, crm.handled_number", _customers_of, tenants
            ),
            _fill(other, "interaction", _interactions_of, tenants),
        )


async def add_lists(admin: Connection, tenants: Sequence[Tenant]) -> None:
    """Fill the pair columns of customers who were made before there were any."""
    async with _without_indexes(admin, ("customer",)):
        for tenant in tenants:
            pairs = {column: key for key, column in tenant.columns.items() if ":" in key}
            values = ", ".join(f"{c} = crm.pair_key('{key}', data)" for c, key in pairs.items())
            began = monotonic()
            await admin.execute(
                f"UPDATE crm.customer SET {values} WHERE tenant_id = $1", tenant.tenant_id
            )
            say(f"  {tenant.slug}: {', '.join(pairs)} ({monotonic() - began:.0f} s)")
        await admin.execute("UPDATE crm.data_object_key SET state = 'ready'")


@asynccontextmanager
async def _without_indexes(admin: Connection, tables: Sequence[str]) -> AsyncIterator[None]:
    """Leave primary keys alone while rows are written, and make all indexes afterwards."""
    await admin.execute(f"{_QUICK}; SET maintenance_work_mem = '1GB'")
    indexes = await admin.fetch(
        """
        SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS made_by
          FROM pg_index WHERE indrelid = ANY ($1::text[]::regclass[])
           AND NOT indisprimary AND NOT EXISTS (
               SELECT FROM pg_constraint c WHERE c.conindid = indexrelid)
        """,
        [f"crm.{name}" for name in tables],
    )
    for index in indexes:
        await admin.execute(f"DROP INDEX {index['name']}")
    yield
    for n, index in enumerate(indexes):
        began = monotonic()
        await admin.execute(index["made_by"])
        say(f"  {index['name']} ({n + 1} of {len(indexes)}, {monotonic() - began:.0f} s)")
    for name in tables:
        began = monotonic()
        await admin.execute(f"VACUUM ANALYZE crm.{name}")
        say(f"  vacuumed {name} ({monotonic() - began:.0f} s)")
    await admin.execute("RESET session_replication_role; RESET maintenance_work_mem; CHECKPOINT")


async def _fill(
    conn: Connection,
    tables: str,
    rows_of: Callable[[Connection, Tenant], Awaitable[None]],
    tenants: Sequence[Tenant],
) -> None:
    # Tables that are emptied in the transaction that fills them are not written twice (WAL).
    async with conn.transaction():
        await conn.execute(f"TRUNCATE crm.{tables} CASCADE")
        for tenant in tenants:
            await rows_of(conn, tenant)


async def _customers_of(conn: Connection, tenant: Tenant) -> None:
    columns = {
        column: _VALUES.get(key) or f"crm.pair_key('{key}', {_DATA})"
        for key, column in tenant.columns.items()
    }
    customers = _CUSTOMERS.format(
        names="".join(f", {column}" for column in columns),
        values="".join(f", {value}" for value in columns.values()),
    )
    for what in (customers, _NUMBERS, _HANDLED_NUMBERS):
        await _chunks(conn, what, tenant, tenant.customers)


async def _interactions_of(conn: Connection, tenant: Tenant) -> None:
    await _chunks(conn, _INTERACTIONS, tenant, tenant.interactions, tenant.customers)


async def _chunks(conn: Connection, sql: str, tenant: Tenant, rows: int, *more: int) -> None:
    began = monotonic()
    what = sql.split("(", 1)[0].split()[-1]
    for first in range(1, rows + 1, _CHUNK):
        last = min(rows, first + _CHUNK - 1)
        await conn.execute(sql, tenant.tenant_id, rows, first, last, list(tenant.agents), *more)
        if last % (4 * _CHUNK) == 0 or last == rows:
            say(f"  {tenant.slug}: {what} {last} of {rows} ({monotonic() - began:.0f} s)")
