"""Which channel, and which advertisement there, brought a call or an order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ringway.crm_api.errors import Invalid
from ringway.runtime.postgres import Connection

# The advertisement that began last among those that run at the moment.
_PLACEMENT = """
    SELECT placement_id FROM crm.media_placement
     WHERE tenant_id = $1 AND media_source_id = $2 AND begins_at <= $3 AND $3 < ends_at
     ORDER BY begins_at DESC, placement_id LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Source:
    """Where something came from, as far as it is known."""

    media_source_id: UUID | None = None
    placement_id: UUID | None = None


async def of_order(
    conn: Connection,
    *,
    tenant_id: UUID,
    media_source_id: UUID | None,
    dialed_e164: str | None,
    interaction_id: UUID | None,
    at: datetime,
) -> Source:
    """Return where an order came from: what was said, or else by the dialed number.

    Raises:
        Invalid: There is no such media source.
    """
    if media_source_id is not None:
        known = await conn.fetchval(
            "SELECT true FROM crm.media_source WHERE tenant_id = $1 AND media_source_id = $2",
            tenant_id,
            media_source_id,
        )
        if not known:
            raise Invalid(
                "media_source_unknown",
                f"media_source_id: there is no media source {media_source_id}.",
            )
        return await _placed(conn, tenant_id, media_source_id, at)
    called_at = at
    if dialed_e164 is None and interaction_id is not None:
        row = await conn.fetchrow(
            "SELECT called, started_at FROM crm.interaction "
            "WHERE tenant_id = $1 AND interaction_id = $2 AND direction = 'inbound'",
            tenant_id,
            interaction_id,
        )
        if row is not None:
            dialed_e164, called_at = row["called"], row["started_at"] or at
    if not dialed_e164:
        return Source()
    found: UUID | None = await conn.fetchval(
        "SELECT media_source_id FROM crm.media_number WHERE tenant_id = $1 AND did = $2 "
        "AND valid_from <= $3 AND (valid_until IS NULL OR $3 < valid_until) "
        "ORDER BY valid_from DESC LIMIT 1",
        *(tenant_id, dialed_e164, called_at),
    )
    return await _placed(conn, tenant_id, found, called_at) if found is not None else Source()


async def _placed(conn: Connection, tenant_id: UUID, media_source_id: UUID, at: datetime) -> Source:
    placement_id: UUID | None = await conn.fetchval(_PLACEMENT, tenant_id, media_source_id, at)
    return Source(media_source_id, placement_id)
