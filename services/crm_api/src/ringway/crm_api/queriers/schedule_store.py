"""Schedules and what they found. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from ringway.crm_api.core.queriers.query import Query
from ringway.crm_api.queriers import store as queriers
from ringway.runtime.postgres import Connection

_COLUMNS = """
    schedule_id, querier_id, owner_id, at_time, weekdays, every_minutes, zone, at_least,
    querier_version, action, scopes, is_enabled, next_run_at, paused_code, paused_reason,
    version, created_at, updated_at
"""
_RUN = """
    run_id, querier_id, schedule_id, owner_id, due_at, state, tries, permissions, found,
    is_triggered, is_cut, failure_code, failure, operation_id, finished_at
"""


@dataclass(frozen=True, slots=True)
class Schedule:
    """One row of ``crm.querier_schedule``."""

    schedule_id: UUID
    querier_id: UUID
    owner_id: UUID
    at_time: time | None
    weekdays: tuple[int, ...]
    every_minutes: int | None
    zone: str
    at_least: int
    querier_version: int
    action: dict[str, Any] | None
    scopes: list[str] | None
    is_enabled: bool
    next_run_at: datetime
    paused_code: str  # why it stopped by itself; empty: it did not
    paused_reason: str
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Run:
    """One row of ``crm.querier_run`` without its question and answer."""

    run_id: UUID
    querier_id: UUID
    schedule_id: UUID | None
    owner_id: UUID
    due_at: datetime
    state: str
    tries: int
    permissions: tuple[str, ...]
    found: int | None
    is_triggered: bool
    is_cut: bool
    failure_code: str
    failure: str
    operation_id: UUID | None
    finished_at: datetime | None


async def put(conn: Connection, *, tenant_id: UUID, schedule: Schedule) -> Schedule:
    """Create a schedule, or change what is not who and which of it."""
    row = await conn.fetchrow(
        f"""
        INSERT INTO crm.querier_schedule AS s (tenant_id, schedule_id, querier_id, owner_id,
            at_time, weekdays, every_minutes, zone, at_least, querier_version, action, scopes,
            is_enabled, next_run_at, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::jsonb, $12, $13, $14, $15, $15)
        ON CONFLICT (tenant_id, schedule_id) DO UPDATE SET
            at_time = excluded.at_time, weekdays = excluded.weekdays,
            every_minutes = excluded.every_minutes, zone = excluded.zone,
            at_least = excluded.at_least, querier_version = excluded.querier_version,
            action = excluded.action, scopes = excluded.scopes,
            is_enabled = excluded.is_enabled, next_run_at = excluded.next_run_at,
            paused_code = '', paused_reason = '',
            version = s.version + 1, updated_at = excluded.updated_at
        RETURNING {_COLUMNS}
        """,  # noqa: S608 - a constant
        *(tenant_id, schedule.schedule_id, schedule.querier_id, schedule.owner_id),
        *(schedule.at_time, list(schedule.weekdays), schedule.every_minutes, schedule.zone),
        *(schedule.at_least, schedule.querier_version),
        orjson.dumps(schedule.action).decode() if schedule.action is not None else None,
        *(schedule.scopes, schedule.is_enabled, schedule.next_run_at, schedule.updated_at),
    )
    return _schedule(row)


async def get(
    conn: Connection, *, tenant_id: UUID, schedule_id: UUID, lock: bool = False
) -> Schedule | None:
    """Return one schedule."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM crm.querier_schedule "  # noqa: S608 - constants
        f"WHERE tenant_id = $1 AND schedule_id = $2 {'FOR UPDATE' if lock else ''}",
        *(tenant_id, schedule_id),
    )
    return _schedule(row) if row is not None else None


async def page(
    conn: Connection,
    *,
    tenant_id: UUID,
    owner_id: UUID | None,
    querier_id: UUID | None,
    before: UUID | None,
    limit: int,
) -> list[Schedule]:
    """Return schedules, newest first: of one owner and one querier, None: of all."""
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM crm.querier_schedule "  # noqa: S608 - constants
        "WHERE tenant_id = $1 AND ($2::uuid IS NULL OR owner_id = $2) "
        "AND ($3::uuid IS NULL OR querier_id = $3) AND ($4::uuid IS NULL OR schedule_id < $4) "
        "ORDER BY schedule_id DESC LIMIT $5",
        *(tenant_id, owner_id, querier_id, before, limit),
    )
    return [_schedule(row) for row in rows]


async def count(conn: Connection, *, tenant_id: UUID) -> int:
    """Return how many schedules a tenant has."""
    found: int = await conn.fetchval(
        "SELECT count(*) FROM crm.querier_schedule WHERE tenant_id = $1", tenant_id
    )
    return found


async def remove(conn: Connection, *, tenant_id: UUID, schedule_id: UUID) -> None:
    """Remove a schedule; what it found is kept."""
    await conn.execute(
        "DELETE FROM crm.querier_schedule WHERE tenant_id = $1 AND schedule_id = $2",
        *(tenant_id, schedule_id),
    )


async def claim_due(conn: Connection, *, tenant_id: UUID, now: datetime) -> Schedule | None:
    """Lock a schedule whose time has come; whoever else looks skips it."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM crm.querier_schedule "  # noqa: S608 - constants
        "WHERE tenant_id = $1 AND is_enabled AND next_run_at <= $2 "
        "ORDER BY next_run_at LIMIT 1 FOR UPDATE SKIP LOCKED",
        *(tenant_id, now),
    )
    return _schedule(row) if row is not None else None


async def begin(
    conn: Connection,
    *,
    tenant_id: UUID,
    run_id: UUID,
    schedule: Schedule,
    query_json: str,
    next_run_at: datetime,
    now: datetime,
) -> None:
    """Note a run of a schedule, which the caller has locked, and when the next one is due.

    It is free for whoever claims it first.
    """
    await conn.execute(
        """
        INSERT INTO crm.querier_run (tenant_id, run_id, querier_id, schedule_id, owner_id, due_at,
                                     state, claimed_until, query)
        VALUES ($1, $2, $3, $4, $5, $6, 'running', $7, $8::jsonb) ON CONFLICT DO NOTHING
        """,
        *(tenant_id, run_id, schedule.querier_id, schedule.schedule_id, schedule.owner_id),
        *(schedule.next_run_at, now, query_json),
    )
    await conn.execute(
        "UPDATE crm.querier_schedule SET next_run_at = $3 "
        "WHERE tenant_id = $1 AND schedule_id = $2",
        *(tenant_id, schedule.schedule_id, next_run_at),
    )


async def pause(
    conn: Connection, *, tenant_id: UUID, schedule_id: UUID, code: str, reason: str, now: datetime
) -> bool:
    """Stop a schedule until its owner saves it again; whether it was not stopped before."""
    found: UUID | None = await conn.fetchval(
        """
        UPDATE crm.querier_schedule SET is_enabled = false, paused_code = $3, paused_reason = $4,
               version = version + 1, updated_at = $5
         WHERE tenant_id = $1 AND schedule_id = $2 AND is_enabled RETURNING schedule_id
        """,
        *(tenant_id, schedule_id, code, reason[:500], now),
    )
    return found is not None


async def claim_run(
    conn: Connection, *, tenant_id: UUID, now: datetime, hold: timedelta
) -> tuple[Run, str] | None:
    """Take a run that nobody works on, with its question as JSON; others skip it."""
    row = await conn.fetchrow(
        f"""
        UPDATE crm.querier_run SET claimed_until = $3, tries = tries + 1
         WHERE tenant_id = $1 AND run_id = (
            SELECT run_id FROM crm.querier_run
             WHERE tenant_id = $1 AND state = 'running' AND claimed_until <= $2
             ORDER BY claimed_until LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING {_RUN}, query
        """,  # noqa: S608 - a constant
        *(tenant_id, now, now + hold),
    )
    return (_run(row), row["query"]) if row is not None else None


async def lock_run(conn: Connection, *, tenant_id: UUID, run_id: UUID) -> bool:
    """Lock a run; whether it still runs."""
    state: str | None = await conn.fetchval(
        "SELECT state FROM crm.querier_run WHERE tenant_id = $1 AND run_id = $2 FOR UPDATE",
        *(tenant_id, run_id),
    )
    return state == "running"


async def finish_run(
    conn: Connection,
    *,
    tenant_id: UUID,
    run_id: UUID,
    now: datetime,
    found: int | None = None,
    is_triggered: bool = False,
    is_cut: bool = False,
    result: dict[str, Any] | None = None,
    permissions: Sequence[str] = (),
    operation_id: UUID | None = None,
    failure_code: str = "",
    failure: str = "",
) -> None:
    """End a run, which the caller has locked."""
    await conn.execute(
        """
        UPDATE crm.querier_run SET finished_at = $3, claimed_until = NULL, found = $4,
               is_triggered = $5, is_cut = $6, result = $7::jsonb, permissions = $8,
               operation_id = $9, failure_code = $10, failure = $11,
               state = CASE WHEN $10 = '' THEN 'finished' ELSE 'failed' END
         WHERE tenant_id = $1 AND run_id = $2
        """,
        *(tenant_id, run_id, now, found, is_triggered, is_cut),
        orjson.dumps(result).decode() if result is not None else None,
        *(list(permissions), operation_id, failure_code, failure[:500]),
    )


async def runs(
    conn: Connection,
    *,
    tenant_id: UUID,
    owner_id: UUID,
    querier_id: UUID | None,
    before: UUID | None,
    limit: int,
) -> list[Run]:
    """Return what schedules of one owner found, newest first."""
    rows = await conn.fetch(
        f"SELECT {_RUN} FROM crm.querier_run "  # noqa: S608 - constants
        "WHERE tenant_id = $1 AND owner_id = $2 AND ($3::uuid IS NULL OR querier_id = $3) "
        "AND ($4::uuid IS NULL OR run_id < $4) ORDER BY run_id DESC LIMIT $5",
        *(tenant_id, owner_id, querier_id, before, limit),
    )
    return [_run(row) for row in rows]


async def kept(
    conn: Connection, *, tenant_id: UUID, run_id: UUID, owner_id: UUID
) -> tuple[Run, Query | None, dict[str, Any]] | None:
    """Return a run of an owner with its question, if it can be read, and its answer, if any."""
    row = await conn.fetchrow(
        f"SELECT {_RUN}, query, result FROM crm.querier_run "  # noqa: S608 - constants
        "WHERE tenant_id = $1 AND run_id = $2 AND owner_id = $3",
        *(tenant_id, run_id, owner_id),
    )
    if row is None:
        return None
    result = orjson.loads(row["result"]) if row["result"] is not None else {}
    return _run(row), queriers.readable(row["query"]), result


def _schedule(row: asyncpg.Record | None) -> Schedule:
    assert row is not None
    action = orjson.loads(row["action"]) if row["action"] is not None else None
    return Schedule(**{**row, "weekdays": tuple(row["weekdays"]), "action": action})


def _run(row: asyncpg.Record) -> Run:
    known = {name.strip(): row[name.strip()] for name in _RUN.split(",")}
    return Run(**{**known, "permissions": tuple(known["permissions"])})
