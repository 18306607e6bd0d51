"""Where an enterprise's days begin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ringway.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Settings:
    """One row of ``crm.querier_settings``, or what holds without one: version 0."""

    zone: str = "UTC"
    version: int = 0


async def get(conn: Connection, *, tenant_id: UUID) -> Settings:
    """Return the settings of a tenant."""
    row = await conn.fetchrow(
        "SELECT zone, version FROM crm.querier_settings WHERE tenant_id = $1", tenant_id
    )
    return Settings(row["zone"], row["version"]) if row is not None else Settings()


async def put(
    conn: Connection, *, tenant_id: UUID, zone: str, version: int | None, now: datetime
) -> Settings | None:
    """Set the zone. None when ``version`` is not the present one."""
    row = await conn.fetchrow(
        """
        INSERT INTO crm.querier_settings AS s (tenant_id, zone, updated_at)
        SELECT $1, $2, $4 WHERE $3::integer IS NULL OR $3 = 0
            OR EXISTS (SELECT 1 FROM crm.querier_settings WHERE tenant_id = $1)
        ON CONFLICT (tenant_id) DO UPDATE
           SET zone = excluded.zone, version = s.version + 1, updated_at = excluded.updated_at
         WHERE $3::integer IS NULL OR s.version = $3
        RETURNING zone, version
        """,
        tenant_id,
        zone,
        version,
        now,
    )
    return Settings(row["zone"], row["version"]) if row is not None else None
