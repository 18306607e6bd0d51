"""Caller ids in PostgreSQL. The caller owns the transaction."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import orjson

from ringway.dialer.core.caller_ids import REMEMBERED_DIALS, Number
from ringway.proto.dialer_pool import CallerNumberState, CallerPool
from ringway.runtime.postgres import Connection

# How a dial ended after which somebody may have seen who calls.
_RANG = ("no_answer", "busy", "rejected")


class NumberTaken(Exception):
    """A number belongs to somebody else."""


class PoolMissing(Exception):
    """There is no such pool."""


class PoolInUse(Exception):
    """A campaign that is not over names the pool."""


_PUT_POOL = """
    INSERT INTO dialer.caller_pool (tenant_id, pool_id, pool) VALUES ($1, $2, $3::jsonb)
    ON CONFLICT (tenant_id, pool_id) DO UPDATE SET pool = excluded.pool, changed_at = now()
"""
_USED_BY = """
    SELECT campaign_id FROM dialer.campaign
     WHERE tenant_id = $1 AND state NOT IN ('stopped', 'finished') AND removed_at IS NULL
       AND spec ->> 'caller_pool_id' = $2 LIMIT 1
"""
_ALLOT = """
    INSERT INTO dialer.caller_number (tenant_id, phone_e164, allotted_by)
    SELECT $1, n, $3 FROM unnest($2::text[]) AS n
    ON CONFLICT (tenant_id, phone_e164) DO NOTHING
    RETURNING 1
"""
# What is put by hand begins anew: neither its past nor its rests count against it.
_PUT_NUMBER = """
    UPDATE dialer.caller_number
       SET pool_id = $3, agent_id = $4, state = $5, daily_cap = $6, changed_at = now(),
           rest_until = NULL, rests = 0,
           counted_from = CASE WHEN state IN ('resting', 'flagged') THEN now()
                               ELSE counted_from END
     WHERE tenant_id = $1 AND phone_e164 = $2
"""
_LEFT_AGENT = """
    UPDATE dialer.caller_number SET agent_id = NULL
     WHERE tenant_id = $1 AND agent_id = $2 AND phone_e164 <> $3
"""
_STATE = """
    UPDATE dialer.caller_number
       SET state = $3, rest_until = $4, rests = $5, changed_at = now(),
           counted_from = coalesce($6, counted_from)
     WHERE tenant_id = $1 AND phone_e164 = $2 AND state = $7
"""
_VERSION = """
    SELECT (SELECT (count(*), max(changed_at), sum(hashtext(pool_id)))::text
              FROM dialer.caller_pool WHERE tenant_id = $1) || '/' ||
           (SELECT (count(*), max(changed_at), sum(hashtext(phone_e164)))::text
              FROM dialer.caller_number WHERE tenant_id = $1)
"""
_NUMBERS = """
    SELECT n.pool_id, n.phone_e164, n.agent_id, n.state, n.daily_cap, n.rest_until, n.rests,
           d.dials_today, d.last_dial_at, coalesce(r.recent, '{}') AS recent
      FROM dialer.caller_number n
      LEFT JOIN dialer.caller_pool p ON p.tenant_id = n.tenant_id AND p.pool_id = n.pool_id
     CROSS JOIN LATERAL (
           SELECT count(*) FILTER (
                      WHERE a.claimed_at >= date_trunc('day', $2::timestamptz,
                                                       coalesce(p.pool ->> 'zone', 'UTC'))
                  ) AS dials_today, max(a.claimed_at) AS last_dial_at
             FROM dialer.attempt a
            WHERE a.tenant_id = $1 AND a.caller_id = n.phone_e164
              AND a.claimed_at >= $2::timestamptz - interval '2 days'
           ) d
     CROSS JOIN LATERAL (
           SELECT array_agg(x.answered ORDER BY x.attempt_id) AS recent
             FROM (SELECT a.attempt_id, a.answered_at IS NOT NULL AS answered
                     FROM dialer.attempt a
                    WHERE a.tenant_id = $1 AND a.caller_id = n.phone_e164
                      AND a.claimed_at >= n.counted_from AND a.ended_at IS NOT NULL
                      AND (a.answered_at IS NOT NULL OR a.disposition = ANY ($3::text[]))
                    ORDER BY a.attempt_id DESC LIMIT $4) x
           ) r
     WHERE n.tenant_id = $1
"""
_SHOW = """
    UPDATE dialer.attempt a SET caller_id = g.caller_id
      FROM unnest($2::uuid[], $3::text[]) AS g (attempt_id, caller_id)
     WHERE a.tenant_id = $1 AND a.attempt_id = g.attempt_id
"""


async def put_pool(conn: Connection, *, tenant_id: UUID, pool_id: str, pool: CallerPool) -> None:
    """Create or change a pool."""
    await conn.execute(_PUT_POOL, tenant_id, pool_id, pool.model_dump_json())


async def delete_pool(conn: Connection, *, tenant_id: UUID, pool_id: str) -> None:
    """Delete a pool; its numbers stay.

    Raises:
        PoolInUse: A campaign names it.
        PoolMissing: There is none.
    """
    used_by = await conn.fetchval(_USED_BY, tenant_id, pool_id)
    if used_by is not None:
        raise PoolInUse(used_by)
    await conn.execute(
        "UPDATE dialer.caller_number SET pool_id = NULL, changed_at = now()"
        " WHERE tenant_id = $1 AND pool_id = $2",
        tenant_id,
        pool_id,
    )
    done = await conn.execute(
        "DELETE FROM dialer.caller_pool WHERE tenant_id = $1 AND pool_id = $2", tenant_id, pool_id
    )
    if done.endswith(" 0"):
        raise PoolMissing(pool_id)


async def has_pool(conn: Connection, *, tenant_id: UUID, pool_id: str) -> bool:
    """Return whether there is such a pool."""
    found = await conn.fetchval(
        "SELECT 1 FROM dialer.caller_pool WHERE tenant_id = $1 AND pool_id = $2", tenant_id, pool_id
    )
    return found is not None


async def allot(
    conn: Connection, *, tenant_id: UUID, phones_e164: Collection[str], allotted_by: str
) -> int:
    """Give numbers to a tenant; return how many are new to it.

    Raises:
        NumberTaken: Another tenant has one of them; none is given.
    """
    try:
        rows = await conn.fetch(_ALLOT, tenant_id, sorted(set(phones_e164)), allotted_by)
    except asyncpg.UniqueViolationError as exc:
        raise NumberTaken from exc
    return len(rows)


async def withdraw(conn: Connection, *, tenant_id: UUID, phones_e164: Collection[str]) -> int:
    """Take numbers back from a tenant; return how many it had."""
    done = await conn.execute(
        "DELETE FROM dialer.caller_number WHERE tenant_id = $1 AND phone_e164 = ANY ($2::text[])",
        tenant_id,
        list(phones_e164),
    )
    return int(done.rpartition(" ")[2])


async def put_number(
    conn: Connection,
    *,
    tenant_id: UUID,
    phone_e164: str,
    pool_id: str | None,
    agent_id: str | None,
    state: CallerNumberState,
    daily_cap: int | None,
) -> bool:
    """Say what a number is used for; False: the tenant does not have it. One agent has one number.

    Raises:
        PoolMissing: There is no such pool.
    """
    if agent_id is not None:
        await conn.execute(_LEFT_AGENT, tenant_id, agent_id, phone_e164)
    try:
        done = await conn.execute(
            _PUT_NUMBER, tenant_id, phone_e164, pool_id, agent_id, state.value, daily_cap
        )
    except asyncpg.ForeignKeyViolationError as exc:
        raise PoolMissing(pool_id) from exc
    return not done.endswith(" 0")


async def note_state(
    conn: Connection,
    *,
    tenant_id: UUID,
    number: Number,
    was: CallerNumberState,
    counted_from: datetime | None = None,
) -> bool:
    """Write down what the rotation decided; False: somebody else changed the number meanwhile."""
    until = number.rest_until
    done = await conn.execute(
        _STATE,
        tenant_id,
        number.phone_e164,
        number.state.value,
        None if until is None else datetime.fromtimestamp(until, UTC),
        number.rests,
        counted_from,
        was.value,
    )
    return not done.endswith(" 0")


async def version(conn: Connection, *, tenant_id: UUID) -> str:
    """Return a text that is another one after every change of pools or numbers."""
    found = await conn.fetchval(_VERSION, tenant_id)
    return str(found)


async def load(
    conn: Connection, *, tenant_id: UUID, now: datetime
) -> tuple[dict[str, CallerPool], dict[str, list[Number]], dict[str, str]]:
    """Return pools, the numbers of each, and the numbers of agents by agent."""
    pools = {
        row["pool_id"]: CallerPool.model_validate(orjson.loads(row["pool"]))
        for row in await conn.fetch(
            "SELECT pool_id, pool FROM dialer.caller_pool WHERE tenant_id = $1", tenant_id
        )
    }
    numbers: dict[str, list[Number]] = {pool_id: [] for pool_id in pools}
    of_agents: dict[str, str] = {}
    for row in await conn.fetch(_NUMBERS, tenant_id, now, list(_RANG), REMEMBERED_DIALS):
        if row["agent_id"] is not None and row["state"] == CallerNumberState.ACTIVE:
            of_agents[row["agent_id"]] = row["phone_e164"]
        elif row["pool_id"] is not None:
            numbers[row["pool_id"]].append(_number(row))
    return pools, numbers, of_agents


async def show(conn: Connection, *, tenant_id: UUID, chosen: Sequence[tuple[UUID, str]]) -> None:
    """Write down which number each attempt shows."""
    await conn.execute(_SHOW, tenant_id, [a for a, _ in chosen], [c for _, c in chosen])


def _number(row: asyncpg.Record) -> Number:
    last, until = row["last_dial_at"], row["rest_until"]
    return Number(
        row["phone_e164"],
        CallerNumberState(row["state"]),
        row["daily_cap"],
        row["dials_today"],
        0.0 if last is None else last.timestamp(),
        deque(row["recent"], maxlen=REMEMBERED_DIALS),
        None if until is None else until.timestamp(),
        row["rests"],
    )
