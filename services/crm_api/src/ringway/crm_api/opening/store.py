"""Enterprises that are being opened: nobody gets in, and they can be undone without a trace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ringway.runtime.postgres import Connection


async def begin(conn: Connection, *, tenant_id: UUID) -> None:
    """Keep everybody out until the opening is done; in the transaction that adds the tenant."""
    await conn.execute("UPDATE crm.tenant SET state = 'opening' WHERE tenant_id = $1", tenant_id)


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An enterprise that is being opened, and when its last step was done."""

    tenant_id: UUID
    went_on_at: datetime


async def go_on(conn: Connection, *, tenant_id: UUID, now: datetime) -> bool:
    """Note that a step was done; False: the opening was undone."""
    return (
        await conn.fetchval(
            "UPDATE crm.tenant SET updated_at = $2 "
            "WHERE tenant_id = $1 AND state = 'opening' RETURNING true",
            tenant_id,
            now,
        )
    ) is not None


async def unfinished(conn: Connection, *, slug: str) -> Unfinished | None:
    """Return the enterprise of that slug that is being opened, or whose opening was cut off."""
    row = await conn.fetchrow(
        "SELECT tenant_id, updated_at AS went_on_at FROM crm.tenant "
        "WHERE slug = $1 AND state = 'opening'",
        slug,
    )
    return Unfinished(**row) if row is not None else None


async def given_up(conn: Connection, *, before: datetime) -> list[UUID]:
    """Return enterprises whose opening ended in the middle before then."""
    rows = await conn.fetch(
        "SELECT tenant_id FROM crm.tenant WHERE state = 'opening' AND updated_at < $1 "
        "ORDER BY updated_at LIMIT 100",
        before,
    )
    return [row["tenant_id"] for row in rows]


async def undo(conn: Connection, *, tenant_id: UUID) -> None:
    """Remove an enterprise that is being opened; nothing happens to one that is open."""
    await conn.execute("SELECT crm.undo_opening($1)", tenant_id)
