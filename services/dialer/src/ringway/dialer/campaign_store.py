"""Projects and campaigns in PostgreSQL. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from ringway.dialer import team_store
from ringway.dialer.model import Campaign, Counts, LiveCampaign
from ringway.proto.dialer import CampaignSpec, CampaignState
from ringway.runtime.postgres import Connection


class ProjectMissing(Exception):
    """The campaign names a project that does not exist."""


class ListMissing(Exception):
    """The campaign names a list that does not exist; the argument is its id."""


_PUT_PROJECT = """
    INSERT INTO dialer.project (tenant_id, project_id, name) VALUES ($1, $2, $3)
    ON CONFLICT (tenant_id, project_id) DO UPDATE SET name = excluded.name, changed_at = now()
"""
_MISSING_LIST = """
    SELECT wanted FROM unnest($2::text[]) AS wanted
     WHERE NOT EXISTS (SELECT FROM dialer.list WHERE tenant_id = $1 AND list_id = wanted)
     LIMIT 1
"""
_PUT_CAMPAIGN = """
    INSERT INTO dialer.campaign (tenant_id, campaign_id, project_id, name, spec, list_ids)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (tenant_id, campaign_id) DO UPDATE
       SET project_id = excluded.project_id, name = excluded.name, spec = excluded.spec,
           list_ids = excluded.list_ids, version = campaign.version + 1, changed_at = now()
     WHERE campaign.spec IS DISTINCT FROM excluded.spec
"""
_GET = """
    SELECT spec, state, version FROM dialer.campaign WHERE tenant_id = $1 AND campaign_id = $2
"""
_SET_STATE = """
    UPDATE dialer.campaign
       SET state = $3, version = version + 1, changed_at = now(),
           started_at = CASE WHEN $3 = 'running' THEN coalesce(started_at, now())
                             ELSE started_at END,
           finished_at = CASE WHEN $3 IN ('stopped', 'finished') THEN now() END
     WHERE tenant_id = $1 AND campaign_id = $2
"""
# The rows decide whether there is an end: leads may have been added, retries become due.
_HAS_WORK = """
    SELECT EXISTS (SELECT FROM dialer.attempt
                    WHERE tenant_id = $1 AND campaign_id = $2 AND ended_at IS NULL)
        OR EXISTS (SELECT FROM dialer.lead
                    WHERE tenant_id = $1 AND list_id = ANY ($3::text[])
                      AND closed_reason IS NULL AND open_attempt_id IS NULL AND attempts < $4)
        OR EXISTS (SELECT FROM dialer.callback c
                     JOIN dialer.lead l ON l.tenant_id = c.tenant_id AND l.lead_id = c.lead_id
                    WHERE c.tenant_id = $1 AND c.campaign_id = $2 AND c.state = 'open'
                      AND l.list_id = ANY ($3::text[]) AND l.closed_reason IS NULL)
"""
_WHY_NO_WORK = """
    SELECT coalesce(closed_reason, 'attempts') AS reason, count(*) AS leads FROM dialer.lead
     WHERE tenant_id = $1 AND list_id = ANY ($2::text[])
     GROUP BY 1 ORDER BY 2 DESC, 1
"""
_COUNTS = """
    SELECT count(*) FILTER (WHERE placed_at IS NOT NULL) AS attempts,
           count(*) FILTER (WHERE answered_at IS NOT NULL) AS answered,
           count(*) FILTER (WHERE coalesce(disposition, outcome) = 'connected') AS connected,
           count(*) FILTER (WHERE coalesce(disposition, outcome) = 'abandoned') AS abandoned
      FROM dialer.attempt WHERE tenant_id = $1 AND campaign_id = $2
"""


async def put_project(conn: Connection, *, tenant_id: UUID, project_id: str, name: str) -> None:
    """Create or rename a project."""
    await conn.execute(_PUT_PROJECT, tenant_id, project_id, name)


async def put_campaign(
    conn: Connection, *, tenant_id: UUID, campaign_id: str, spec: CampaignSpec
) -> None:
    """Create or change a campaign.

    Raises:
        ListMissing: One of its lists does not exist.
        ProjectMissing: Its project does not exist.
    """
    missing = await conn.fetchval(_MISSING_LIST, tenant_id, list(spec.list_ids))
    if missing is not None:
        raise ListMissing(missing)
    try:
        await conn.execute(
            _PUT_CAMPAIGN,
            tenant_id,
            campaign_id,
            spec.project_id,
            spec.name,
            spec.model_dump_json(),
            list(dict.fromkeys(spec.list_ids)),
        )
    except asyncpg.ForeignKeyViolationError as exc:
        raise ProjectMissing(spec.project_id) from exc


async def get_campaign(
    conn: Connection, *, tenant_id: UUID, campaign_id: str, for_update: bool = False
) -> Campaign | None:
    """Return a campaign; ``for_update`` holds it against changes until the transaction ends."""
    row = await conn.fetchrow(_GET + " FOR UPDATE" if for_update else _GET, tenant_id, campaign_id)
    if row is None:
        return None
    spec = CampaignSpec.model_validate_json(row["spec"])
    return Campaign(
        str(tenant_id),
        campaign_id,
        spec,
        CampaignState(row["state"]),
        row["version"],
        await team_store.agents_of(conn, tenant_id=tenant_id, spec=spec),
    )


async def set_state(
    conn: Connection, *, tenant_id: UUID, campaign_id: str, state: CampaignState
) -> None:
    """Change a campaign's state; the caller holds the row."""
    await conn.execute(_SET_STATE, tenant_id, campaign_id, state.value)


async def has_work(
    conn: Connection, *, tenant_id: UUID, campaign_id: str, spec: CampaignSpec
) -> bool:
    """Tell whether a lead of the campaign is or will be due, or an attempt is open."""
    found: bool = await conn.fetchval(
        _HAS_WORK, tenant_id, campaign_id, list(spec.list_ids), spec.max_attempts
    )
    return found


async def why_no_work(
    conn: Connection, *, tenant_id: UUID, spec: CampaignSpec
) -> list[tuple[str, int]]:
    """Return why leads of a campaign without work are not dialed, the most frequent first.

    Open leads are those that had the campaign's attempts already: ``attempts``.
    """
    rows = await conn.fetch(_WHY_NO_WORK, tenant_id, list(spec.list_ids))
    return [(row["reason"], row["leads"]) for row in rows]


async def live_campaigns(conn: Connection) -> Sequence[LiveCampaign]:
    """Return the campaigns of all tenants that need a runner."""
    rows = await conn.fetch("SELECT * FROM dialer.live_campaigns()")
    return [LiveCampaign(str(r["tenant_id"]), r["campaign_id"], r["version"]) for r in rows]


async def counts(conn: Connection, *, tenant_id: UUID, campaign_id: str) -> Counts:
    """Return a campaign's figures since it was made."""
    row = await conn.fetchrow(_COUNTS, tenant_id, campaign_id)
    assert row is not None
    return Counts(row["attempts"], row["answered"], row["connected"], row["abandoned"])
