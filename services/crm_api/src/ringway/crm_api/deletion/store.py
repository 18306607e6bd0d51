"""Enterprises that are being deleted, and what is left of them: a tombstone.

All of it happens in transactions of the platform's tenant, which owns the tombstones.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from ringway.crm_api.access import PLATFORM_TENANT
from ringway.runtime.postgres import Connection

_COLUMNS = """enterprise_id, slug, name, close_reason, closed_at, begun_at, begun_by, removed,
              confirmed, deleted_at, swept_at, last_error"""
# What is late on its way (a fact that is delivered again) has come by then.
_SWEEP_AFTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What is left of an enterprise. ``removed`` are rows by table, and ``recorder.files``."""

    enterprise_id: UUID
    slug: str
    name: str
    close_reason: str
    closed_at: datetime | None
    begun_at: datetime
    begun_by: str
    removed: dict[str, int]
    confirmed: dict[str, str]
    deleted_at: datetime | None
    swept_at: datetime | None
    last_error: str


async def begin(conn: Connection, *, tenant_id: UUID | None, by: str, now: datetime) -> list[UUID]:
    """Begin the deletion of every closed enterprise whose time is over; return which.

    From here on it cannot be reopened. ``tenant_id``: of this one, whatever its time is.
    """
    rows = await conn.fetch(
        """
        WITH due AS (
            SELECT tenant_id FROM crm.tenant
             WHERE state = 'closed' AND tenant_id <> $1
               AND CASE WHEN $2::uuid IS NULL THEN delete_after <= $3 ELSE tenant_id = $2 END
             ORDER BY tenant_id FOR UPDATE
        ), begun AS (
            UPDATE crm.tenant t SET state = 'deleting', updated_at = $3
              FROM due WHERE t.tenant_id = due.tenant_id
            RETURNING t.tenant_id, t.slug, t.name, t.close_reason, t.closed_at
        )
        INSERT INTO crm.tombstone (tenant_id, enterprise_id, slug, name, close_reason, closed_at,
                                   begun_at, begun_by)
        SELECT $1, tenant_id, slug, name, close_reason, closed_at, $3, $4 FROM begun
        RETURNING enterprise_id
        """,
        *(PLATFORM_TENANT, tenant_id, now, by),
    )
    return [row["enterprise_id"] for row in rows]


async def claim(conn: Connection, *, now: datetime, hold: timedelta) -> Tombstone | None:
    """Take an enterprise of which something is left to do; ``hold`` ends by itself."""
    row = await conn.fetchrow(
        f"""
        UPDATE crm.tombstone SET claimed_until = $2 + $3::interval
         WHERE tenant_id = $1 AND enterprise_id = (
            SELECT enterprise_id FROM crm.tombstone
             WHERE tenant_id = $1 AND (claimed_until IS NULL OR claimed_until <= $2)
               AND (deleted_at IS NULL OR (swept_at IS NULL AND deleted_at <= $2 - $4::interval))
             ORDER BY begun_at LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING {_COLUMNS}
        """,  # noqa: S608 - a constant
        *(PLATFORM_TENANT, now, hold, _SWEEP_AFTER),
    )
    return _tombstone(row) if row is not None else None


async def note(
    conn: Connection,
    *,
    enterprise_id: UUID,
    removed: dict[str, int],
    confirmed: dict[str, str],
    hold_until: datetime,
) -> None:
    """Add to what was removed, and to who has nothing left; keep the claim."""
    await conn.execute(
        """
        UPDATE crm.tombstone AS t
           SET removed = (
                 SELECT coalesce(jsonb_object_agg(key, total), '{}') FROM (
                    SELECT key, sum(value::bigint) AS total FROM (
                        SELECT * FROM jsonb_each_text(t.removed)
                        UNION ALL SELECT * FROM jsonb_each_text($3::jsonb)) AS both_of
                     GROUP BY key) AS sums),
               confirmed = t.confirmed || $4::jsonb, claimed_until = $5, last_error = ''
         WHERE tenant_id = $1 AND enterprise_id = $2
        """,
        *(PLATFORM_TENANT, enterprise_id),
        *(orjson.dumps(removed).decode(), orjson.dumps(confirmed).decode(), hold_until),
    )


async def postpone(conn: Connection, *, enterprise_id: UUID, error: str, until: datetime) -> None:
    """Try it again later: a part that is needed does not answer."""
    await conn.execute(
        "UPDATE crm.tombstone SET claimed_until = $3, last_error = $4 "
        "WHERE tenant_id = $1 AND enterprise_id = $2",
        *(PLATFORM_TENANT, enterprise_id, until, error[:500]),
    )


async def finish(conn: Connection, *, tombstone: Tombstone, now: datetime) -> None:
    """Remove the last of the enterprise, or note that nothing came late."""
    if tombstone.deleted_at is None:
        await conn.execute("SELECT crm.finish_deletion($1)", tombstone.enterprise_id)
    await conn.execute(
        """
        UPDATE crm.tombstone
           SET swept_at = CASE WHEN deleted_at IS NOT NULL THEN $3::timestamptz END,
               deleted_at = coalesce(deleted_at, $3), claimed_until = NULL, last_error = ''
         WHERE tenant_id = $1 AND enterprise_id = $2
        """,
        *(PLATFORM_TENANT, tombstone.enterprise_id, now),
    )


async def page(conn: Connection, *, after: UUID | None, limit: int) -> list[Tombstone]:
    """Return tombstones in the order in which the enterprises were opened."""
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM crm.tombstone WHERE tenant_id = $1 "  # noqa: S608 - a constant
        "AND ($2::uuid IS NULL OR enterprise_id > $2) ORDER BY enterprise_id LIMIT $3",
        *(PLATFORM_TENANT, after, limit),
    )
    return [_tombstone(row) for row in rows]


def _tombstone(row: Any) -> Tombstone:
    fields = dict(row)
    fields["removed"] = orjson.loads(fields["removed"])
    fields["confirmed"] = orjson.loads(fields["confirmed"])
    return Tombstone(**fields)
