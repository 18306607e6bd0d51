"""Figures of one enterprise's calling, in a transaction of that enterprise."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from ringway.runtime.postgres import Connection

MOST_LINES, MOST_NUMBERS = 500, 1000

_TOTAL = """
    SELECT count(*) AS dials, count(answered_at) AS answered,
           count(*) FILTER (WHERE disposition = 'connected') AS connected,
           count(*) FILTER (WHERE disposition = 'abandoned') AS abandoned
      FROM dialer.attempt_v
     WHERE tenant_id = $1 AND claimed_at >= $2 AND claimed_at < $3 AND started_at IS NOT NULL
"""
_LINES = """
    WITH dialed AS (
        SELECT trunk_id, count(*) AS dials, count(answered_at) AS answered
          FROM dialer.attempt_v
         WHERE tenant_id = $1 AND claimed_at >= $2 AND claimed_at < $3 AND started_at IS NOT NULL
         GROUP BY trunk_id
    ), known AS (
        SELECT trunk_id, name, host, is_enabled FROM acd.trunk_v WHERE tenant_id = $1
    )
    SELECT trunk_id, name, host, is_enabled, coalesce(dials, 0) AS dials,
           coalesce(answered, 0) AS answered
      FROM known FULL JOIN dialed USING (trunk_id)
     WHERE trunk_id IS NOT NULL ORDER BY 5 DESC, 1 LIMIT $4
"""
_NUMBERS = """
    WITH dialed AS (
        SELECT phone_e164, count(*) AS dials, count(*) FILTER (WHERE answered) AS answered,
               count(*) FILTER (WHERE rang) AS rang
          FROM dialer.caller_dial_v
         WHERE tenant_id = $1 AND claimed_at >= $2 AND claimed_at < $3 GROUP BY phone_e164
    ), allotted AS (
        SELECT phone_e164, state FROM dialer.caller_number_v WHERE tenant_id = $1
    )
    SELECT phone_e164, state, state IS NOT NULL AS is_allotted, coalesce(dials, 0) AS dials,
           coalesce(answered, 0) AS answered, coalesce(rang, 0) AS rang
      FROM allotted FULL JOIN dialed USING (phone_e164) ORDER BY 4 DESC, 1 LIMIT $4
"""


async def total(
    conn: Connection, *, tenant_id: UUID, begins_at: datetime, ends_at: datetime
) -> dict[str, Any]:
    """Return what became of all calls of the period."""
    row = await conn.fetchrow(_TOTAL, tenant_id, begins_at, ends_at)
    return dict(row or {})


async def lines(
    conn: Connection, *, tenant_id: UUID, begins_at: datetime, ends_at: datetime
) -> list[dict[str, Any]]:
    """Return trunks with their calls, also those without calls and those that are gone."""
    rows = await conn.fetch(_LINES, tenant_id, begins_at, ends_at, MOST_LINES)
    return [dict(row) for row in rows]


async def numbers(
    conn: Connection, *, tenant_id: UUID, begins_at: datetime, ends_at: datetime
) -> list[dict[str, Any]]:
    """Return numbers with their calls: allotted ones, and those that were shown without."""
    rows = await conn.fetch(_NUMBERS, tenant_id, begins_at, ends_at, MOST_NUMBERS)
    return [dict(row) for row in rows]
