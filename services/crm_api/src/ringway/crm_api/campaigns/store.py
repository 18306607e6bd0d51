"""Campaigns and their figures, from what the dialer publishes and from our own interactions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from ringway.runtime.postgres import Connection

_SELECT = """
    SELECT campaign_id::uuid, name, project_id, state, version, spec, leads_total, leads_open,
           created_at, changed_at, started_at, finished_at, state_reason
      FROM dialer.campaign_v
"""


@dataclass(frozen=True, slots=True)
class Campaign:
    """One row of ``dialer.campaign_v``; ``spec`` is a CampaignSpec as JSON values."""

    campaign_id: UUID
    name: str
    project_id: str
    state: str
    version: int
    spec: dict[str, Any]
    leads_total: int
    leads_open: int
    created_at: datetime
    changed_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    state_reason: str


@dataclass(frozen=True, slots=True)
class Figures:
    """What a campaign has come to."""

    attempts: int
    answered: int
    connected: int
    abandoned: int
    recordings: int
    talk_s: float
    busy_s: float  # talking, hold, wrap-up of its agents
    idle_s: float  # ready, reserved


async def get(conn: Connection, *, tenant_id: UUID, campaign_id: UUID) -> Campaign | None:
    """Return one campaign."""
    row = await conn.fetchrow(
        f"{_SELECT} WHERE tenant_id = $1 AND campaign_id = $2", tenant_id, str(campaign_id)
    )
    return _campaign(row) if row is not None else None


async def page(
    conn: Connection,
    *,
    tenant_id: UUID,
    before: UUID | None,
    limit: int,
    state: str | None,
    project_id: UUID | None,
) -> list[Campaign]:
    """Return campaigns, newest first."""
    rows = await conn.fetch(
        f"{_SELECT} WHERE tenant_id = $1 AND ($2::text IS NULL OR campaign_id < $2) "
        "AND ($3::text IS NULL OR state = $3) AND ($4::text IS NULL OR project_id = $4) "
        "ORDER BY campaign_id DESC LIMIT $5",
        tenant_id,
        str(before) if before is not None else None,
        state,
        str(project_id) if project_id is not None else None,
        limit,
    )
    return [_campaign(row) for row in rows]


async def unknown_agents(
    conn: Connection, *, tenant_id: UUID, agent_ids: Sequence[UUID]
) -> list[UUID]:
    """Return which of these are no agents of the tenant."""
    rows = await conn.fetch(
        """
        SELECT given.id FROM unnest($2::uuid[]) AS given (id)
         WHERE NOT EXISTS (SELECT 1 FROM crm.user_account u
                            WHERE u.tenant_id = $1 AND u.user_id = given.id
                              AND u.agent_number IS NOT NULL)
        """,
        tenant_id,
        list(agent_ids),
    )
    return [row["id"] for row in rows]


# An attempt is a call that reached the trunk (started_at is when Asterisk had it). Agents' time
# is counted inside the campaign's span: from its first attempt to the end of its last
# interaction's wrap-up, or to now while it runs. A state that began before counts in part.
_FIGURES = """
    WITH attempt AS (
        SELECT count(started_at) AS attempts, count(answered_at) AS answered,
               min(started_at) AS first_at, max(coalesce(ended_at, $3)) AS last_at
          FROM dialer.attempt_v WHERE tenant_id = $1 AND campaign_id = $2::text
    ), talk AS (
        SELECT count(*) FILTER (WHERE disposition = 'connected') AS connected,
               count(*) FILTER (WHERE disposition = 'abandoned') AS abandoned,
               count(recording_id) AS recordings, coalesce(sum(talk_s), 0) AS talk_s,
               max(ended_at) AS last_at
          FROM crm.interaction WHERE tenant_id = $1 AND campaign_id = $2::uuid
    ), span AS (
        SELECT attempt.first_at, greatest(attempt.last_at, talk.last_at) AS last_at
          FROM attempt, talk
    ), spent AS (
        SELECT l.previous AS state,
               extract(epoch FROM least(l.occurred_at, span.last_at)
                       - greatest(l.occurred_at - l.previous_s * interval '1 second',
                                  span.first_at)) AS s
          FROM span, crm.agent_state_log l
         WHERE l.tenant_id = $1 AND l.occurred_at > span.first_at
           AND l.occurred_at - l.previous_s * interval '1 second' < span.last_at
           AND l.agent_id::text IN (
               SELECT a.agent_id FROM dialer.campaign_agent_v a
                WHERE a.tenant_id = $1 AND a.campaign_id = $2::text)
    )
    SELECT attempt.attempts, attempt.answered, talk.connected, talk.abandoned, talk.recordings,
           talk.talk_s,
           coalesce((SELECT sum(s) FROM spent WHERE state IN ('talking', 'hold', 'wrap_up')), 0)
               ::float8 AS busy_s,
           coalesce((SELECT sum(s) FROM spent WHERE state IN ('ready', 'reserved')), 0)
               ::float8 AS idle_s
      FROM attempt, talk
"""


async def figures(
    conn: Connection, *, tenant_id: UUID, campaign_id: UUID, now: datetime
) -> Figures:
    """Count what a campaign has come to."""
    row = await conn.fetchrow(_FIGURES, tenant_id, str(campaign_id), now)
    assert row is not None
    return Figures(**row)


def _campaign(row: asyncpg.Record) -> Campaign:
    return Campaign(**{**row, "spec": orjson.loads(row["spec"])})


@dataclass(frozen=True, slots=True)
class Served:
    """A campaign that somebody serves."""

    campaign_id: UUID
    name: str
    project: str
    mode: str
    state: str


async def served_by(
    conn: Connection, *, tenant_id: UUID, user_id: UUID, limit: int
) -> list[Served]:
    """Return an agent's running and paused campaigns, also by his teams, running ones first."""
    rows = await conn.fetch(
        """
        SELECT n.campaign_id::uuid, n.name, n.project, n.mode, n.state
          FROM dialer.campaign_name_v n
         WHERE n.tenant_id = $1 AND n.state IN ('running', 'paused') AND EXISTS (
               SELECT FROM dialer.campaign_agent_v a WHERE a.tenant_id = n.tenant_id
                  AND a.campaign_id = n.campaign_id AND a.agent_id = $2)
         ORDER BY n.state = 'paused', n.name, n.campaign_id LIMIT $3
        """,
        *(tenant_id, str(user_id), limit),
    )
    return [Served(**row) for row in rows]
