"""Announcements, from the view that the dialer publishes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from ringway.runtime.postgres import Connection

_SELECT = """
    SELECT announcement_id, name, meaning, duration_s, used_s, created_at, changed_at,
           tenant_id <> $1 AS is_platforms
      FROM dialer.announcement_v
"""


async def announcements(conn: Connection, *, tenant_id: UUID) -> list[dict[str, Any]]:
    """Return the tenant's recordings, then the platform's."""
    rows = await conn.fetch(
        f"{_SELECT} ORDER BY is_platforms, created_at, announcement_id", tenant_id
    )
    return [dict(row) for row in rows]


async def announcement(
    conn: Connection, *, tenant_id: UUID, announcement_id: str
) -> dict[str, Any] | None:
    """Return one recording of the tenant's own."""
    row = await conn.fetchrow(
        f"{_SELECT} WHERE tenant_id = $1 AND announcement_id = $2", tenant_id, announcement_id
    )
    return None if row is None else dict(row)
