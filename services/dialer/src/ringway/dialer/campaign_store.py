"""Projects and campaigns in PostgreSQL. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

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
     WHERE project.removed_at IS NULL
    RETURNING true
"""
# They stay until the transaction ends: nobody removes what a campaign is about to use.
_LISTS = """
    SELECT list_id FROM dialer.list
     WHERE tenant_id = $1 AND list_id = ANY ($2::text[]) AND removed_at IS NULL
     ORDER BY list_id FOR SHARE
"""
_PROJECT = """
    SELECT true FROM dialer.project
     WHERE tenant_id = $1 AND project_id = $2 AND removed_at IS NULL FOR SHARE
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
       SET state = $3, state_reason = $4, version = version + 1, changed_at = now(),
           started_at = CASE WHEN $3 = 'running' THEN coalesce(started_at, now())
                             ELSE started_at END,
           finished_at = CASE WHEN $3 IN ('stopped', 'finished') THEN now() END
     WHERE tenant_id = $1 AND campaign_id = $2
"""
_RUN_AGAIN = """
    UPDATE dialer.campaign
       SET state = $3, state_reason = $4, version = version + 1, changed_at = now(),
           finished_at = NULL
     WHERE tenant_id = $1 AND campaign_id = $2 AND state = 'finished' AND removed_at IS NULL
    RETURNING true
"""
# Whoever promises another call and whoever finds that there is none left wait for each other.
_PROMISING = "SELECT pg_advisory_xact_lock_shared(hashtext('dialer.finish'), hashtext($1))"
_FINISHING = "SELECT pg_advisory_xact_lock(hashtext('dialer.finish'), hashtext($1))"
_IS_REMOVED = """
    SELECT removed_at IS NOT NULL FROM dialer.campaign WHERE tenant_id = $1 AND campaign_id = $2
"""
_REMOVE = """
    UPDATE dialer.campaign SET removed_at = now(), version = version + 1, changed_at = now()
     WHERE tenant_id = $1 AND campaign_id = $2
"""
_LEFT = """
    SELECT (SELECT count(*) FROM dialer.attempt
             WHERE tenant_id = $1 AND campaign_id = $2 AND ended_at IS NULL),
           (SELECT count(*) FROM dialer.callback
             WHERE tenant_id = $1 AND campaign_id = $2 AND state = 'open')
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
    """Create or rename a project.

    Raises:
        ProjectMissing: It was removed.
    """
    if not await conn.fetchval(_PUT_PROJECT, tenant_id, project_id, name):
        raise ProjectMissing(project_id)


async def put_campaign(
    conn: Connection, *, tenant_id: UUID, campaign_id: str, spec: CampaignSpec
) -> None:
    """Create or change a campaign.

    Raises:
        ListMissing: One of its lists does not exist.
        ProjectMissing: Its project does not exist.
    """
    there = {row["list_id"] for row in await conn.fetch(_LISTS, tenant_id, list(spec.list_ids))}
    for list_id in spec.list_ids:
        if list_id not in there:
            raise ListMissing(list_id)
    if not await conn.fetchval(_PROJECT, tenant_id, spec.project_id):
        raise ProjectMissing(spec.project_id)
    await conn.execute(
        _PUT_CAMPAIGN,
        tenant_id,
        campaign_id,
        spec.project_id,
        spec.name,
        spec.model_dump_json(),
        list(dict.fromkeys(spec.list_ids)),
    )


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
    conn: Connection, *, tenant_id: UUID, campaign_id: str, state: CampaignState, reason: str = ""
) -> None:
    """Change a campaign's state; the caller holds the row.

    Args:
        reason: Why, when nobody of the tenant asked for it.
    """
    await conn.execute(_SET_STATE, tenant_id, campaign_id, state.value, reason)


async def run_again(
    conn: Connection, *, tenant_id: UUID, campaign_id: str, state: CampaignState, reason: str
) -> bool:
    """Begin a finished campaign again; False: somebody has stopped or removed it meanwhile."""
    begun = await conn.fetchval(_RUN_AGAIN, tenant_id, campaign_id, state.value, reason)
    return bool(begun)


async def promising(conn: Connection, *, tenant_id: UUID) -> None:
    """Let no campaign of the tenant finish until the transaction ends.

    Ask before any row is locked, or read whose campaign may have something to dial again.
    """
    await conn.execute(_PROMISING, str(tenant_id))


async def finishing(conn: Connection, *, tenant_id: UUID) -> None:
    """Wait for all who promise calls of the tenant; ask before any row is locked."""
    await conn.execute(_FINISHING, str(tenant_id))


async def is_removed(conn: Connection, *, tenant_id: UUID, campaign_id: str) -> bool:
    """Return whether a campaign was removed; one that never was is not."""
    return bool(await conn.fetchval(_IS_REMOVED, tenant_id, campaign_id))


async def remove(conn: Connection, *, tenant_id: UUID, campaign_id: str) -> None:
    """Show a campaign no more; the caller holds the row."""
    await conn.execute(_REMOVE, tenant_id, campaign_id)


async def left(conn: Connection, *, tenant_id: UUID, campaign_id: str) -> tuple[int, int]:
    """Return how many calls of a campaign are up, and how many call-backs are promised."""
    row = await conn.fetchrow(_LEFT, tenant_id, campaign_id)
    assert row is not None
    return row[0], row[1]


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
