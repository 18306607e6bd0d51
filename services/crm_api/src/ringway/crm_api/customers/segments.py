"""Segments: conditions on customers that are kept under a name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from ringway.crm_api.customers.filters import CustomerFilter
from ringway.crm_api.errors import Conflict, NotFound
from ringway.runtime.postgres import Connection

_COLUMNS = "segment_id, name, filter, version, created_by, created_at, updated_at"


@dataclass(frozen=True, slots=True)
class Segment:
    """One row of ``crm.customer_segment``."""

    segment_id: UUID
    name: str
    filter: CustomerFilter
    version: int
    created_by: UUID | None
    created_at: datetime
    updated_at: datetime


async def resolved(
    conn: Connection, tenant_id: UUID, wanted: CustomerFilter
) -> list[CustomerFilter]:
    """Return ``wanted`` and what the segment says that it names.

    Raises:
        NotFound: There is no such segment (any more).
    """
    if wanted.segment_id is None:
        return [wanted]
    found = await find(conn, tenant_id, wanted.segment_id)
    return [wanted, found.filter]


async def find(
    conn: Connection, tenant_id: UUID, segment_id: UUID, *, lock: bool = False
) -> Segment:
    """Return a segment. Raises NotFound."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM crm.customer_segment "  # noqa: S608 - constants
        f"WHERE tenant_id = $1 AND segment_id = $2{' FOR UPDATE' if lock else ''}",
        tenant_id,
        segment_id,
    )
    if row is None:
        raise NotFound("segment_not_found", f"There is no segment {segment_id}.")
    return _segment(row)


async def page(
    conn: Connection, tenant_id: UUID, *, after: UUID | None, limit: int
) -> list[Segment]:
    """Return segments in the order in which they were made."""
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM crm.customer_segment "  # noqa: S608 - constants
        "WHERE tenant_id = $1 AND ($2::uuid IS NULL OR segment_id > $2) "
        "ORDER BY segment_id LIMIT $3",
        tenant_id,
        after,
        limit,
    )
    return [_segment(row) for row in rows]


async def put(
    conn: Connection,
    tenant_id: UUID,
    *,
    segment_id: UUID,
    name: str,
    wanted: CustomerFilter,
    user_id: UUID,
    now: datetime,
) -> Segment:
    """Create or replace a segment. Raises Conflict when its name is taken."""
    try:
        row = await conn.fetchrow(
            f"""
            INSERT INTO crm.customer_segment AS s (tenant_id, segment_id, name, filter, created_by,
                                                   created_at, updated_at)
            VALUES ($1, $2, $3, $4::jsonb, $5, $6, $6)
            ON CONFLICT (tenant_id, segment_id) DO UPDATE
               SET name = excluded.name, filter = excluded.filter, version = s.version + 1,
                   updated_at = excluded.updated_at
            RETURNING {_COLUMNS}
            """,  # noqa: S608 - constants
            tenant_id,
            segment_id,
            name,
            wanted.model_dump_json(exclude_defaults=True),
            user_id,
            now,
        )
    except asyncpg.UniqueViolationError as error:
        raise Conflict("segment_name_taken", f"There is a segment {name} already.") from error
    assert row is not None
    return _segment(row)


async def remove(conn: Connection, tenant_id: UUID, segment_id: UUID) -> None:
    """Remove a segment; what names it finds nothing from then on."""
    await conn.execute(
        "DELETE FROM crm.customer_segment WHERE tenant_id = $1 AND segment_id = $2",
        tenant_id,
        segment_id,
    )


def _segment(row: asyncpg.Record) -> Segment:
    found = CustomerFilter.model_validate_json(row["filter"])
    return Segment(**{**row, "filter": found})
