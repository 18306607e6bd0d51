"""Projects, from the view that the dialer publishes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ringway.runtime.postgres import Connection

_SELECT = "SELECT project_id::uuid, name, created_at, changed_at FROM dialer.project_v "


@dataclass(frozen=True, slots=True)
class Project:
    """One row of ``dialer.project_v``."""

    project_id: UUID
    name: str
    created_at: datetime
    changed_at: datetime


async def get(conn: Connection, *, tenant_id: UUID, project_id: UUID) -> Project | None:
    """Return one project."""
    row = await conn.fetchrow(
        f"{_SELECT} WHERE tenant_id = $1 AND project_id = $2", tenant_id, str(project_id)
    )
    return Project(**row) if row is not None else None


async def page(
    conn: Connection, *, tenant_id: UUID, before: UUID | None, limit: int
) -> list[Project]:
    """Return projects, newest first."""
    rows = await conn.fetch(
        f"{_SELECT} WHERE tenant_id = $1 AND ($2::text IS NULL OR project_id < $2) "
        "ORDER BY project_id DESC LIMIT $3",
        tenant_id,
        str(before) if before is not None else None,
        limit,
    )
    return [Project(**row) for row in rows]
