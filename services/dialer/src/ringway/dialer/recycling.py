"""When nothing is left to dial, leads are opened again by how they ended."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from ringway.proto.dialer_spec import CampaignSpec
from ringway.runtime.postgres import Connection

# A lead begins anew: it has all its attempts again, and its retry delays begin small. The
# numbers of its attempts go on. Whom the law or an agent closed stays closed.
_RECYCLE = """
    UPDATE dialer.lead
       SET closed_reason = NULL, recycled = recycled + 1, attempts = 0,
           attempts_before = attempts_before + attempts, held_reason = NULL, held_from = NULL,
           next_attempt_at = greatest($5, coalesce(last_attempt_at, $5) + $6::interval)
     WHERE tenant_id = $1 AND list_id = ANY ($2::text[]) AND recycled < $4
       AND last_disposition = ANY ($3::text[]) AND open_attempt_id IS NULL
       AND closed_reason IN ('reached', 'invalid', 'refused', 'exhausted')
    RETURNING lead_id
"""
_NUMBERS = """
    UPDATE dialer.lead_number SET state = 'open'
     WHERE tenant_id = $1 AND lead_id = ANY ($2::text[]) AND state = 'done'
"""


async def recycle(conn: Connection, *, tenant_id: UUID, spec: CampaignSpec, now: datetime) -> int:
    """Open leads again as the campaign's rule says; return how many."""
    rule = spec.recycling
    if rule is None:
        return 0
    rows = await conn.fetch(
        _RECYCLE,
        tenant_id,
        list(spec.list_ids),
        [d.value for d in rule.dispositions],
        rule.times,
        now,
        timedelta(seconds=rule.after_s),
    )
    if rows:
        await conn.execute(_NUMBERS, tenant_id, [row["lead_id"] for row in rows])
    return len(rows)
