"""For how long an enterprise keeps its proofs. The caller owns the transaction."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from ringway.runtime.postgres import Connection

_GET = "SELECT refusal_days, dnc_change_days FROM dialer.retention WHERE tenant_id = $1"
_PUT = """
    INSERT INTO dialer.retention (tenant_id, refusal_days, dnc_change_days, changed_by)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (tenant_id) DO UPDATE
       SET refusal_days = excluded.refusal_days, dnc_change_days = excluded.dnc_change_days,
           changed_by = excluded.changed_by, changed_at = now()
"""


async def get(conn: Connection, *, tenant_id: UUID) -> tuple[int, int] | None:
    """Return for how many days refusals and changes of lists are kept; None: no own periods."""
    row = await conn.fetchrow(_GET, tenant_id)
    return None if row is None else (row["refusal_days"], row["dnc_change_days"])


async def put(
    conn: Connection, *, tenant_id: UUID, refusal_days: int, dnc_change_days: int, by: str
) -> None:
    """Set an enterprise's own periods."""
    await conn.execute(_PUT, tenant_id, refusal_days, dnc_change_days, by)


async def remove_old(conn: Connection, *, now: datetime, default_days: int, at_most: int) -> int:
    """Remove up to ``at_most`` refusals and as many changes of any tenant; return how many."""
    gone: int = await conn.fetchval(
        "SELECT dialer.remove_old_proofs($1, $2, $3)", now, default_days, at_most
    )
    return gone
