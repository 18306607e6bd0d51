"""Who is in a team. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ringway.proto.dialer import CampaignSpec
from ringway.runtime.postgres import Connection

_PUT = """
    INSERT INTO dialer.team (tenant_id, team_id, agent_ids) VALUES ($1, $2, $3)
    ON CONFLICT (tenant_id, team_id) DO UPDATE
       SET agent_ids = excluded.agent_ids, changed_at = now()
"""
_AGENTS = """
    SELECT DISTINCT unnest(agent_ids) AS agent_id FROM dialer.team
     WHERE tenant_id = $1 AND team_id = ANY ($2::text[]) ORDER BY 1
"""


async def put(conn: Connection, *, tenant_id: UUID, team_id: str, agent_ids: Sequence[str]) -> None:
    """Say who is in a team, all of it."""
    await conn.execute(_PUT, tenant_id, team_id, list(dict.fromkeys(agent_ids)))


async def agents_of(conn: Connection, *, tenant_id: UUID, spec: CampaignSpec) -> tuple[str, ...]:
    """Return who is in the teams of a campaign now."""
    if not spec.team_ids:
        return ()
    rows = await conn.fetch(_AGENTS, tenant_id, list(spec.team_ids))
    return tuple(row["agent_id"] for row in rows)
