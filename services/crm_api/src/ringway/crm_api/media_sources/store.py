"""Media sources, their numbers and advertisements. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from ringway.runtime.postgres import Connection

_SOURCE = (
    "media_source_id, name, channel, project_id, is_active, note, version, created_at, updated_at"
)
_GET = f"""
    SELECT {_SOURCE} FROM crm.media_source WHERE tenant_id = $1 AND media_source_id = $2
"""  # noqa: S608 - a constant
_PAGE = f"""
    SELECT {_SOURCE} FROM crm.media_source
     WHERE tenant_id = $1 AND ($2::uuid IS NULL OR media_source_id > $2)
     ORDER BY media_source_id LIMIT $3
"""  # noqa: S608 - a constant
_PLACEMENT = (
    "placement_id, media_source_id, name, begins_at, ends_at, currency, cost, version, "
    "created_at, updated_at"
)
_GET_PLACEMENT = f"""
    SELECT {_PLACEMENT} FROM crm.media_placement
     WHERE tenant_id = $1 AND media_source_id = $2 AND placement_id = $3
"""  # noqa: S608 - a constant
_PLACEMENTS = f"""
    SELECT {_PLACEMENT} FROM crm.media_placement
     WHERE tenant_id = $1 AND media_source_id = $2 AND ($3::uuid IS NULL OR placement_id < $3)
     ORDER BY placement_id DESC LIMIT $4
"""  # noqa: S608 - a constant
# A call belongs to the source whose number was dialed at that time, and there to the
# advertisement that began last.
_REPORT = """
    WITH called AS (
        SELECT n.media_source_id, p.placement_id
          FROM crm.media_number n
          JOIN crm.interaction i
            ON i.tenant_id = n.tenant_id AND i.called = n.did AND i.direction = 'inbound'
           AND i.started_at >= n.valid_from
           AND (n.valid_until IS NULL OR i.started_at < n.valid_until)
          LEFT JOIN LATERAL (
                SELECT placement_id FROM crm.media_placement p
                 WHERE p.tenant_id = n.tenant_id AND p.media_source_id = n.media_source_id
                   AND p.begins_at <= i.started_at AND i.started_at < p.ends_at
                 ORDER BY p.begins_at DESC, p.placement_id LIMIT 1
               ) p ON true
         WHERE n.tenant_id = $1 AND i.started_at >= $2 AND i.started_at < $3
    ), calls AS (
        SELECT CASE WHEN $4 THEN placement_id ELSE media_source_id END AS key, count(*) AS calls
          FROM called GROUP BY 1
    ), sold AS (
        SELECT CASE WHEN $4 THEN placement_id ELSE media_source_id END AS key, currency,
               count(*) FILTER (WHERE state <> 'cancelled') AS orders,
               sum(received - refunded)::bigint AS revenue
          FROM crm.sales_order
         WHERE tenant_id = $1 AND created_at >= $2 AND created_at < $3 GROUP BY 1, 2
    ), paid AS (
        SELECT CASE WHEN $4 THEN placement_id ELSE media_source_id END AS key, currency,
               sum(cost)::bigint AS cost
          FROM crm.media_placement
         WHERE tenant_id = $1 AND begins_at >= $2 AND begins_at < $3 GROUP BY 1, 2
    ), money AS (
        SELECT key, currency, coalesce(orders, 0) AS orders, coalesce(revenue, 0) AS revenue,
               coalesce(cost, 0) AS cost
          FROM sold FULL JOIN paid USING (key, currency)
    ), named AS (
        SELECT placement_id AS key, name FROM crm.media_placement WHERE tenant_id = $1 AND $4
         UNION ALL
        SELECT media_source_id, name FROM crm.media_source WHERE tenant_id = $1 AND NOT $4
    )
    SELECT n.key, n.name, coalesce(m.currency, '') AS currency, coalesce(c.calls, 0) AS calls,
           coalesce(m.orders, 0) AS orders, coalesce(m.revenue, 0) AS revenue,
           coalesce(m.cost, 0) AS cost
      FROM named n LEFT JOIN calls c USING (key) LEFT JOIN money m USING (key)
     WHERE c.key IS NOT NULL OR m.key IS NOT NULL ORDER BY n.name, n.key, 3 LIMIT 10000
"""


class NameTaken(Exception):
    """Another media source has this name."""


class NumberTaken(Exception):
    """A number begins there twice at one moment."""


@dataclass(frozen=True, slots=True)
class Number:
    """One row of ``crm.media_number``."""

    did: str
    valid_from: datetime
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class Source:
    """One row of ``crm.media_source`` with its numbers."""

    media_source_id: UUID
    name: str
    channel: str
    project_id: str | None
    is_active: bool
    note: str
    version: int
    created_at: datetime
    updated_at: datetime
    numbers: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Placement:
    """One row of ``crm.media_placement``."""

    placement_id: UUID
    media_source_id: UUID
    name: str
    begins_at: datetime
    ends_at: datetime
    currency: str
    cost: int
    version: int
    created_at: datetime
    updated_at: datetime


async def lock(conn: Connection, tenant_id: UUID) -> None:
    """Let nobody else change the tenant's media until the transaction ends."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock(hashtext('crm.media_source'), hashtext($1))", str(tenant_id)
    )


async def get(conn: Connection, *, tenant_id: UUID, media_source_id: UUID) -> Source | None:
    """Return one media source."""
    row = await conn.fetchrow(_GET, tenant_id, media_source_id)
    return (await _with_numbers(conn, tenant_id, [row]))[0] if row is not None else None


async def page(
    conn: Connection, *, tenant_id: UUID, after: UUID | None, limit: int
) -> list[Source]:
    """Return media sources in the order in which they were made."""
    return await _with_numbers(conn, tenant_id, await conn.fetch(_PAGE, tenant_id, after, limit))


async def put(
    conn: Connection,
    *,
    tenant_id: UUID,
    media_source_id: UUID,
    fields: dict[str, Any],
    numbers: Sequence[Number],
    now: datetime,
) -> None:
    """Create or change a media source with its numbers. Raises NameTaken or NumberTaken."""
    try:
        await conn.execute(
            """
            INSERT INTO crm.media_source AS m (tenant_id, media_source_id, name, channel,
                project_id, is_active, note, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
            ON CONFLICT (tenant_id, media_source_id) DO UPDATE SET
                name = excluded.name, channel = excluded.channel,
                project_id = excluded.project_id, is_active = excluded.is_active,
                note = excluded.note, version = m.version + 1, updated_at = excluded.updated_at
            """,
            *(tenant_id, media_source_id, fields["name"], fields["channel"]),
            *(fields["project_id"], fields["is_active"], fields["note"], now),
        )
    except asyncpg.UniqueViolationError as error:
        raise NameTaken(fields["name"]) from error
    await conn.execute(
        "DELETE FROM crm.media_number WHERE tenant_id = $1 AND media_source_id = $2",
        tenant_id,
        media_source_id,
    )
    try:
        await conn.executemany(
            "INSERT INTO crm.media_number (tenant_id, media_source_id, did, valid_from, "
            "valid_until) VALUES ($1, $2, $3, $4, $5)",
            [
                (tenant_id, media_source_id, each.did, each.valid_from, each.valid_until)
                for each in numbers
            ],
        )
    except asyncpg.UniqueViolationError as error:
        raise NumberTaken from error


async def overlapping(
    conn: Connection, *, tenant_id: UUID, media_source_id: UUID, numbers: Sequence[Number]
) -> str | None:
    """Return a number that another source has at the same time, or None."""
    found: str | None = await conn.fetchval(
        """
        SELECT n.did FROM crm.media_number n
          JOIN unnest($3::text[], $4::timestamptz[], $5::timestamptz[]) AS w (did, since, until)
            ON n.did = w.did AND n.valid_from < coalesce(w.until, 'infinity')
           AND w.since < coalesce(n.valid_until, 'infinity')
         WHERE n.tenant_id = $1 AND n.media_source_id <> $2 LIMIT 1
        """,
        *(tenant_id, media_source_id, [each.did for each in numbers]),
        [each.valid_from for each in numbers],
        [each.valid_until for each in numbers],
    )
    return found


async def remove(conn: Connection, *, tenant_id: UUID, media_source_id: UUID) -> bool:
    """Remove a media source that brought no order; whether it went."""
    gone = await conn.fetchval(
        """
        DELETE FROM crm.media_source WHERE tenant_id = $1 AND media_source_id = $2
           AND NOT EXISTS (SELECT 1 FROM crm.sales_order
                            WHERE tenant_id = $1 AND media_source_id = $2)
        RETURNING true
        """,
        tenant_id,
        media_source_id,
    )
    return bool(gone)


async def get_placement(
    conn: Connection, *, tenant_id: UUID, media_source_id: UUID, placement_id: UUID
) -> Placement | None:
    """Return one advertisement."""
    row = await conn.fetchrow(_GET_PLACEMENT, tenant_id, media_source_id, placement_id)
    return Placement(**row) if row is not None else None


async def placements(
    conn: Connection, *, tenant_id: UUID, media_source_id: UUID, before: UUID | None, limit: int
) -> list[Placement]:
    """Return the advertisements of a source, the last made first."""
    rows = await conn.fetch(_PLACEMENTS, tenant_id, media_source_id, before, limit)
    return [Placement(**row) for row in rows]


async def put_placement(
    conn: Connection,
    *,
    tenant_id: UUID,
    media_source_id: UUID,
    placement_id: UUID,
    fields: dict[str, Any],
    now: datetime,
) -> None:
    """Create or change an advertisement."""
    await conn.execute(
        """
        INSERT INTO crm.media_placement AS p (tenant_id, placement_id, media_source_id, name,
            begins_at, ends_at, currency, cost, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
        ON CONFLICT (tenant_id, placement_id) DO UPDATE SET
            name = excluded.name, begins_at = excluded.begins_at, ends_at = excluded.ends_at,
            currency = excluded.currency, cost = excluded.cost, version = p.version + 1,
            updated_at = excluded.updated_at
        """,
        *(tenant_id, placement_id, media_source_id, fields["name"], fields["begins_at"]),
        *(fields["ends_at"], fields["currency"], fields["cost"], now),
    )


async def remove_placement(conn: Connection, *, tenant_id: UUID, placement_id: UUID) -> None:
    """Remove an advertisement; orders that it brought keep its id."""
    await conn.execute(
        "DELETE FROM crm.media_placement WHERE tenant_id = $1 AND placement_id = $2",
        tenant_id,
        placement_id,
    )


async def report(
    conn: Connection, *, tenant_id: UUID, begins: datetime, ends: datetime, by_placement: bool
) -> list[dict[str, Any]]:
    """Return what media brought in a period."""
    rows = await conn.fetch(_REPORT, tenant_id, begins, ends, by_placement)
    return [dict(row) for row in rows]


async def _with_numbers(
    conn: Connection, tenant_id: UUID, rows: Sequence[asyncpg.Record]
) -> list[Source]:
    found = await conn.fetch(
        "SELECT media_source_id, did, valid_from, valid_until FROM crm.media_number "
        "WHERE tenant_id = $1 AND media_source_id = ANY ($2) ORDER BY did, valid_from",
        tenant_id,
        [row["media_source_id"] for row in rows],
    )
    numbers: dict[UUID, list[Number]] = {}
    for each in found:
        number = Number(each["did"], each["valid_from"], each["valid_until"])
        numbers.setdefault(each["media_source_id"], []).append(number)
    return [Source(**row, numbers=tuple(numbers.get(row["media_source_id"], ()))) for row in rows]
