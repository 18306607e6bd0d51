"""Whom agents have talked with, by number: filled from the facts of their calls."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from ringway.crm_api.core.interaction import InteractionRow, SegmentRow
from ringway.runtime.postgres import Connection


async def note(
    conn: Connection,
    *,
    tenant_id: UUID,
    row: InteractionRow,
    parts: Iterable[SegmentRow],
    now: datetime,
) -> None:
    """Let every agent of an interaction see the customers with its far end's number."""
    phone = row.caller if row.direction == "inbound" else row.called
    agents = {part.agent_id for part in parts} | ({row.agent_id} if row.agent_id else set())
    if not phone or not agents:
        return
    await conn.execute(
        """
        INSERT INTO crm.handled_number AS h (tenant_id, agent_id, phone_e164, last_at)
        SELECT $1, a, $3, $4 FROM unnest($2::uuid[]) a ORDER BY a
            ON CONFLICT (tenant_id, agent_id, phone_e164)
            DO UPDATE SET last_at = excluded.last_at WHERE h.last_at < excluded.last_at
        """,
        tenant_id,
        list(agents),
        phone,
        row.connected_at or row.answered_at or row.started_at or now,
    )


async def note_offer(
    conn: Connection, *, tenant_id: UUID, agent_id: UUID, interaction_id: UUID, now: datetime
) -> None:
    """Let an agent at whose phone an interaction rings see who calls: the pop comes first."""
    await conn.execute(
        """
        INSERT INTO crm.handled_number AS h (tenant_id, agent_id, phone_e164, last_at)
        SELECT $1, $2, p.phone_e164, $4
          FROM (SELECT CASE direction WHEN 'inbound' THEN caller ELSE called END AS phone_e164
                  FROM crm.interaction WHERE tenant_id = $1 AND interaction_id = $3) p
         WHERE p.phone_e164 <> ''
            ON CONFLICT (tenant_id, agent_id, phone_e164)
            DO UPDATE SET last_at = excluded.last_at WHERE h.last_at < excluded.last_at
        """,
        tenant_id,
        agent_id,
        interaction_id,
        now,
    )
