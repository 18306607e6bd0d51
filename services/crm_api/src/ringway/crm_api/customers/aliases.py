"""The ids of customers who were merged into others: they lead to those."""

from __future__ import annotations

from uuid import UUID

from ringway.runtime.postgres import Connection


async def survivor_of(conn: Connection, *, tenant_id: UUID, customer_id: UUID) -> UUID | None:
    """Return whom the id of a merged customer leads to; None: he was not merged."""
    found: UUID | None = await conn.fetchval(
        "SELECT survivor_id FROM crm.customer_alias WHERE tenant_id = $1 AND customer_id = $2",
        tenant_id,
        customer_id,
    )
    return found
