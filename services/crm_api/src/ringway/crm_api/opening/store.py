"""Enterprises that are being opened: nobody gets in, and they can be undone without a trace."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from ringway.runtime.postgres import Connection


async def begin(conn: Connection, *, tenant_id: UUID) -> None:
    """Keep everybody out until the opening is done; in the transaction that adds the tenant."""
    await conn.execute("UPDATE crm.tenant SET state = 'opening' WHERE tenant_id = $1", tenant_id)


async def given_up(conn: Connection, *, slug: str, before: datetime) -> UUID | None:
    """Return the enterprise of that slug whose opening ended in the middle before then."""
    found: UUID | None = await conn.fetchval(
        "SELECT tenant_id FROM crm.tenant "
        "WHERE slug = $1 AND state = 'opening' AND updated_at < $2",
        slug,
        before,
    )
    return found


async def undo(conn: Connection, *, tenant_id: UUID) -> None:
    """Remove an enterprise that is being opened; nothing happens to one that is open."""
    await conn.execute("SELECT crm.undo_opening($1)", tenant_id)
