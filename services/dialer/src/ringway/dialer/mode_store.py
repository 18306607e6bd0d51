"""What the modes keep in PostgreSQL: what pacing has learned, and leads that agents skipped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from ringway.dialer import attempt_store
from ringway.dialer.model import Attempt
from ringway.runtime.postgres import Connection

_SAVE = """
    INSERT INTO dialer.pacing_state (tenant_id, campaign_id, state) VALUES ($1, $2, $3)
    ON CONFLICT (tenant_id, campaign_id) DO UPDATE SET state = excluded.state, saved_at = now()
"""
_LOAD = "SELECT state FROM dialer.pacing_state WHERE tenant_id = $1 AND campaign_id = $2"
_TODAY = """
    SELECT count(*) FILTER (WHERE placed_at >= $3) AS dialed,
           count(*) FILTER (WHERE answered_at >= $3) AS live,
           count(*) FILTER (WHERE answered_at >= $3
                              AND coalesce(disposition, outcome) = 'abandoned') AS abandoned
      FROM dialer.attempt
     WHERE tenant_id = $1 AND campaign_id = $2 AND claimed_at >= $3
"""
_SKIPPED = """
    INSERT INTO dialer.preview_skip
           (tenant_id, attempt_id, campaign_id, list_id, lead_id, agent_id, reason, skipped_at,
            due_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT DO NOTHING
"""
_POSTPONE = """
    UPDATE dialer.lead SET next_attempt_at = greatest(next_attempt_at, $3)
     WHERE tenant_id = $1 AND lead_id = $2
"""
_LEAD = """
    SELECT l.name, l.data, c.callback_id, c.note
      FROM dialer.lead l
      LEFT JOIN dialer.callback c
             ON c.tenant_id = l.tenant_id AND c.lead_id = l.lead_id AND c.state = 'open'
     WHERE l.tenant_id = $1 AND l.lead_id = $2
"""


@dataclass(frozen=True, slots=True)
class LeadShown:
    """What an agent sees of a lead."""

    name: str = ""
    data: Mapping[str, str] = field(default_factory=dict)
    callback_id: str | None = None  # the lead's open call-back
    callback_note: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """An agent did not want a lead."""

    agent_id: str
    reason: str
    skipped_at: datetime
    due_at: datetime


async def save_learned(
    conn: Connection, *, tenant_id: UUID, campaign_id: str, state: Mapping[str, Any]
) -> None:
    """Keep what a campaign's pacing has learned."""
    await conn.execute(_SAVE, tenant_id, campaign_id, orjson.dumps(state).decode())


async def load_learned(conn: Connection, *, tenant_id: UUID, campaign_id: str) -> dict[str, Any]:
    """Return what a campaign's pacing has learned; empty when it has learned nothing."""
    row = await conn.fetchval(_LOAD, tenant_id, campaign_id)
    found = orjson.loads(row) if row is not None else {}
    return found if isinstance(found, dict) else {}


async def counts_since(
    conn: Connection, *, tenant_id: UUID, campaign_id: str, since: datetime
) -> tuple[int, int, int]:
    """Return how many calls were dialed, answered and abandoned since a moment."""
    row = await conn.fetchrow(_TODAY, tenant_id, campaign_id, since)
    assert row is not None
    return row["dialed"], row["live"], row["abandoned"]


async def lead_shown(conn: Connection, *, tenant_id: UUID, lead_id: str) -> LeadShown:
    """Return a lead's name and data, and what was noted of its call-back; empty without it."""
    row = await conn.fetchrow(_LEAD, tenant_id, lead_id)
    if row is None:
        return LeadShown()
    data = {key: str(value) for key, value in orjson.loads(row["data"]).items()}
    return LeadShown(row["name"], data, row["callback_id"], row["note"] or "")


async def skip(conn: Connection, *, attempt: Attempt, skipped: Skipped) -> bool:
    """Give a lead back that was never dialed, due later, and keep who did not want it."""
    tenant_id = UUID(attempt.tenant)
    if not await attempt_store.remove(conn, tenant_id=tenant_id, attempt_id=attempt.attempt_id):
        return False
    await conn.execute(_POSTPONE, tenant_id, attempt.lead_id, skipped.due_at)
    await conn.execute(
        _SKIPPED,
        tenant_id,
        attempt.attempt_id,
        attempt.campaign_id,
        attempt.list_id,
        attempt.lead_id,
        skipped.agent_id,
        skipped.reason,
        skipped.skipped_at,
        skipped.due_at,
    )
    return True
