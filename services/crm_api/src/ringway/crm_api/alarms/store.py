"""Alarms as they are stored. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import orjson

from ringway.crm_api.access import PLATFORM_TENANT
from ringway.crm_api.core.alarms.kinds import AlarmCode, AlarmKind, severity_of
from ringway.crm_api.core.alarms.rules import Alarm, Condition
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

_COLUMNS = """tenant_id, alarm_id, kind, object_id, code, params, weight, times_seen, raised_at,
              last_raised_at, cleared_at, acknowledged_at, acknowledged_by, acknowledged_note"""
# Who runs the platform sees those of all enterprises (see the policies of crm.alarm).
_SEEN = f"($1::uuid = '{PLATFORM_TENANT}'::uuid OR tenant_id = $1::uuid)"
_PAGE = f"""
    SELECT {_COLUMNS} FROM crm.alarm
     WHERE {_SEEN} AND ($2::uuid IS NULL OR tenant_id = $2)
       AND ($3::text IS NULL OR kind = $3) AND ($4::text IS NULL OR severity = $4)
       AND ($5::timestamptz IS NULL OR last_raised_at >= $5)
       AND CASE $6::text WHEN 'open' THEN cleared_at IS NULL AND acknowledged_at IS NULL
                         WHEN 'acknowledged' THEN cleared_at IS NULL AND acknowledged_at IS NOT NULL
                         WHEN 'cleared' THEN cleared_at IS NOT NULL ELSE true END
       AND ($7::uuid IS NULL OR alarm_id < $7)
     ORDER BY alarm_id DESC LIMIT $8
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which alarms; None: all."""

    tenant_id: UUID | None = None
    kind: str | None = None
    severity: str | None = None
    since: datetime | None = None  # raised then or later
    state: str | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """What a look leaves to the next one.

    Attributes:
        suspects: What may be gone for a moment only, and since when.
        services: Those that are part of this installation.
    """

    suspects: Mapping[str, datetime]
    services: frozenset[str]


async def page(
    conn: Connection, *, viewer_id: UUID, wanted: Wanted, before: UUID | None, limit: int
) -> list[Alarm]:
    """Return alarms that a tenant sees, newest first."""
    rows = await conn.fetch(
        _PAGE,
        *(viewer_id, wanted.tenant_id, wanted.kind, wanted.severity, wanted.since, wanted.state),
        *(before, limit),
    )
    return [_alarm(row) for row in rows]


async def get(conn: Connection, *, viewer_id: UUID, alarm_id: UUID) -> Alarm | None:
    """Return one alarm that a tenant sees."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM crm.alarm WHERE {_SEEN} AND alarm_id = $2",  # noqa: S608
        *(viewer_id, alarm_id),
    )
    return _alarm(row) if row is not None else None


async def acknowledge(
    conn: Connection, *, viewer_id: UUID, alarm_id: UUID, by: str, note: str, now: datetime
) -> Alarm | None:
    """Note who knows of an alarm; None: the tenant sees none such."""
    row = await conn.fetchrow(
        f"""
        UPDATE crm.alarm SET acknowledged_at = $3, acknowledged_by = $4, acknowledged_note = $5
         WHERE {_SEEN} AND alarm_id = $2 RETURNING {_COLUMNS}
        """,  # noqa: S608 - constants
        *(viewer_id, alarm_id, now, by, note),
    )
    return _alarm(row) if row is not None else None


async def open_now(conn: Connection) -> list[Alarm]:
    """Return what is open in all enterprises; the transaction is the platform's."""
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM crm.alarm WHERE cleared_at IS NULL"  # noqa: S608 - a constant
    )
    return [_alarm(row) for row in rows]


async def lock_last(
    conn: Connection, *, tenant_id: UUID, kind: AlarmKind, object_id: str
) -> Alarm | None:
    """Return the newest alarm about a thing; nobody else raises or clears one until the commit."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock(hashtext('crm.alarm'), hashtext($1))",
        f"{tenant_id} {kind} {object_id}",
    )
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM crm.alarm "  # noqa: S608 - a constant
        "WHERE tenant_id = $1 AND kind = $2 AND object_id = $3 "
        "ORDER BY cleared_at DESC NULLS FIRST LIMIT 1",
        *(tenant_id, kind.value, object_id),
    )
    return _alarm(row) if row is not None else None


async def add(conn: Connection, seen: Condition, at: datetime) -> Alarm | None:
    """Store a new alarm; None: the enterprise is gone, or going."""
    row = await conn.fetchrow(
        f"""
        INSERT INTO crm.alarm (tenant_id, alarm_id, kind, code, severity, object_id, params,
                               weight, raised_at, last_raised_at)
        SELECT $1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9, $9 FROM crm.tenant
         WHERE tenant_id = $1 AND state <> 'deleting'
        RETURNING {_COLUMNS}
        """,  # noqa: S608 - a constant
        *(seen.tenant_id, uuid7(), seen.kind.value, seen.code.value),
        *(
            severity_of(seen.kind, seen.object_id).value,
            seen.object_id,
            _json(seen.params),
            seen.weight,
            at,
        ),
    )
    return _alarm(row) if row is not None else None


async def change(
    conn: Connection, last: Alarm, seen: Condition, *, raised_at: datetime | None, is_new: bool
) -> Alarm:
    """Write down what an alarm says now.

    Args:
        raised_at: When it was raised again; None: it was not.
        is_new: Who acknowledged it did not know of this.
    """
    row = await conn.fetchrow(
        f"""
        UPDATE crm.alarm SET
            code = $3, params = $4::jsonb, weight = $5, cleared_at = NULL,
            times_seen = times_seen + ($6::timestamptz IS NOT NULL)::integer,
            last_raised_at = coalesce($6, last_raised_at),
            acknowledged_at = CASE WHEN $7 THEN NULL ELSE acknowledged_at END,
            acknowledged_by = CASE WHEN $7 THEN '' ELSE acknowledged_by END,
            acknowledged_note = CASE WHEN $7 THEN '' ELSE acknowledged_note END
         WHERE tenant_id = $1 AND alarm_id = $2 RETURNING {_COLUMNS}
        """,  # noqa: S608 - a constant
        *(last.tenant_id, last.alarm_id, seen.code.value, _json(seen.params), seen.weight),
        *(raised_at, is_new),
    )
    assert row is not None
    return _alarm(row)


async def clear(conn: Connection, last: Alarm, at: datetime) -> None:
    """End an alarm, which the caller has locked."""
    await conn.execute(
        "UPDATE crm.alarm SET cleared_at = $3 WHERE tenant_id = $1 AND alarm_id = $2",
        *(last.tenant_id, last.alarm_id, at),
    )


async def is_news(conn: Connection, told: Condition, at: datetime) -> bool:
    """Note that a thing is told of at ``at``; False: later news of it came before.

    Nobody else takes news of it until the commit. Of an enterprise that is going nothing is news.
    """
    found: bool | None = await conn.fetchval(
        """
        INSERT INTO crm.alarm_told AS t (tenant_id, kind, object_id, told_at)
        SELECT $1, $2, $3, $4 FROM crm.tenant WHERE tenant_id = $1 AND state <> 'deleting'
        ON CONFLICT (tenant_id, kind, object_id) DO UPDATE SET told_at = excluded.told_at
         WHERE t.told_at <= excluded.told_at
        RETURNING true
        """,
        *(told.tenant_id, told.kind.value, told.object_id, at),
    )
    return found is not None


async def begin_look(conn: Connection, *, now: datetime, every: timedelta) -> Memory | None:
    """Return what the last look left when the next one is due, and take it; else None."""
    found = await conn.fetchrow(
        "UPDATE crm.alarm_look SET looked_at = $2 WHERE tenant_id = $1 "
        "AND (looked_at <= $3 OR looked_at > $2) RETURNING suspects, services",
        *(PLATFORM_TENANT, now, now - every),
    )
    if found is None:
        return None
    suspects = orjson.loads(found["suspects"])
    return Memory(
        {name: datetime.fromisoformat(at) for name, at in suspects.items()},
        frozenset(found["services"]),
    )


async def end_look(conn: Connection, left: Memory) -> None:
    """Keep what the next look needs."""
    await conn.execute(
        "UPDATE crm.alarm_look SET suspects = $2::jsonb, services = $3 WHERE tenant_id = $1",
        *(PLATFORM_TENANT, orjson.dumps(dict(left.suspects)).decode(), sorted(left.services)),
    )


async def conditions(conn: Connection, *, now: datetime) -> list[Condition]:
    """Return what our own tables tell of all enterprises."""
    rows = await conn.fetch("SELECT * FROM crm.alarm_conditions($1)", now)
    return [
        Condition(
            tenant_id=row["tenant_id"],
            kind=AlarmKind(row["kind"]),
            object_id=row["object_id"],
            code=AlarmCode(row["kind"]),
            params=orjson.loads(row["params"]),
        )
        for row in rows
    ]


def _json(params: Mapping[str, object]) -> str:
    return orjson.dumps(dict(params)).decode()


def _alarm(row: asyncpg.Record) -> Alarm:
    return Alarm(
        **{
            **row,
            "kind": AlarmKind(row["kind"]),
            "code": AlarmCode(row["code"]),
            "params": orjson.loads(row["params"]),
        }
    )
