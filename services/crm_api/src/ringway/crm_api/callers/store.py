"""Caller ids, from the views that the dialer publishes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson

from ringway.runtime.postgres import Connection

_POOLS = """
    SELECT pool_id, pool, changed_at, numbers, numbers_active FROM dialer.caller_pool_v
     WHERE tenant_id = $1
"""
_NUMBERS = """
    SELECT phone_e164, pool_id::uuid AS caller_pool_id, agent_id::uuid AS agent_id, state,
           daily_cap, rest_until, rests, allotted_at, changed_at
      FROM dialer.caller_number_v
     WHERE tenant_id = $1 AND ($2::text IS NULL OR phone_e164 > $2)
       AND ($3::text IS NULL OR pool_id = $3) AND ($4::text IS NULL OR state = $4)
     ORDER BY phone_e164 LIMIT $5
"""
_NUMBER = """
    SELECT phone_e164, pool_id::uuid AS caller_pool_id, agent_id::uuid AS agent_id, state,
           daily_cap, rest_until, rests, allotted_at, changed_at
      FROM dialer.caller_number_v WHERE tenant_id = $1 AND phone_e164 = $2
"""
_DAYS = """
    SELECT phone_e164, (claimed_at AT TIME ZONE $5)::date AS day, count(*) AS dials,
           count(*) FILTER (WHERE rang) AS rang, count(*) FILTER (WHERE answered) AS answered
      FROM dialer.caller_dial_v
     WHERE tenant_id = $1 AND phone_e164 = ANY ($2::text[])
       AND claimed_at >= $3::date::timestamp AT TIME ZONE $5
       AND claimed_at < ($4::date + 1)::timestamp AT TIME ZONE $5
     GROUP BY phone_e164, day ORDER BY phone_e164, day
"""


@dataclass(frozen=True, slots=True)
class CallerNumber:
    """One row of ``dialer.caller_number_v``."""

    phone_e164: str
    caller_pool_id: UUID | None
    agent_id: UUID | None
    state: str
    daily_cap: int | None
    rest_until: datetime | None
    rests: int
    allotted_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class CallerDay:
    """One number on one day of one zone."""

    phone_e164: str
    day: date
    dials: int
    rang: int
    answered: int


async def pools(
    conn: Connection, *, tenant_id: UUID, after: str | None, limit: int
) -> list[dict[str, Any]]:
    """Return pools by id."""
    rows = await conn.fetch(
        f"{_POOLS} AND ($2::text IS NULL OR pool_id > $2) ORDER BY pool_id LIMIT $3",
        tenant_id,
        after,
        limit,
    )
    return [_pool(row) for row in rows]


async def pool(conn: Connection, *, tenant_id: UUID, pool_id: UUID) -> dict[str, Any] | None:
    """Return one pool."""
    row = await conn.fetchrow(f"{_POOLS} AND pool_id = $2", tenant_id, str(pool_id))
    return None if row is None else _pool(row)


async def numbers(
    conn: Connection,
    *,
    tenant_id: UUID,
    after: str | None,
    pool_id: UUID | None,
    state: str | None,
    limit: int,
) -> list[CallerNumber]:
    """Return numbers in their own order."""
    rows = await conn.fetch(
        _NUMBERS, tenant_id, after, None if pool_id is None else str(pool_id), state, limit
    )
    return [CallerNumber(**row) for row in rows]


async def number(conn: Connection, *, tenant_id: UUID, phone_e164: str) -> CallerNumber | None:
    """Return one number."""
    row = await conn.fetchrow(_NUMBER, tenant_id, phone_e164)
    return None if row is None else CallerNumber(**row)


async def days(
    conn: Connection,
    *,
    tenant_id: UUID,
    phones_e164: list[str],
    first: date,
    last: date,
    zone: str,
) -> list[CallerDay]:
    """Return figures by number and day, both days included."""
    rows = await conn.fetch(_DAYS, tenant_id, phones_e164, first, last, zone)
    return [CallerDay(**row) for row in rows]


def _pool(row: Any) -> dict[str, Any]:
    return {
        **orjson.loads(row["pool"]),
        "caller_pool_id": UUID(row["pool_id"]),
        "numbers": row["numbers"],
        "numbers_active": row["numbers_active"],
        "changed_at": row["changed_at"],
    }
