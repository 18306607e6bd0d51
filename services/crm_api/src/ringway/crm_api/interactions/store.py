"""Interactions: read by the API, written by the projector alone."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from datetime import datetime
from uuid import UUID

import asyncpg
import orjson

from ringway.crm_api.core.interaction import InteractionRow, SegmentRow, Sources, segments
from ringway.proto.acd import AgentStateChangedV1
from ringway.runtime.postgres import Connection

_FIELDS = tuple(field.name for field in fields(InteractionRow))
COLUMNS = ", ".join(_FIELDS)
_UPSERT = f"""
    INSERT INTO crm.interaction (tenant_id, interaction_id, sources, {COLUMNS})
    VALUES ($1, $2, $3::jsonb, {", ".join(f"${n + 4}" for n in range(len(_FIELDS)))})
    ON CONFLICT (tenant_id, interaction_id) DO UPDATE
        SET sources = excluded.sources, {", ".join(f"{f} = excluded.{f}" for f in _FIELDS)}
"""  # noqa: S608 - made of names in this file


_SEGMENT_FIELDS = tuple(field.name for field in fields(SegmentRow))
_UPSERT_SEGMENT = f"""
    INSERT INTO crm.interaction_segment (tenant_id, interaction_id, {", ".join(_SEGMENT_FIELDS)})
    VALUES ($1, $2, {", ".join(f"${n + 3}" for n in range(len(_SEGMENT_FIELDS)))})
    ON CONFLICT (tenant_id, interaction_id, segment) DO UPDATE
        SET {", ".join(f"{f} = excluded.{f}" for f in _SEGMENT_FIELDS[1:])}
"""  # noqa: S608 - made of names in this file


@dataclass(frozen=True, slots=True)
class Interaction:
    """One row of ``crm.interaction``."""

    interaction_id: UUID
    row: InteractionRow


async def get(conn: Connection, *, tenant_id: UUID, interaction_id: UUID) -> Interaction | None:
    """Return one interaction."""
    row = await conn.fetchrow(
        f"SELECT interaction_id, {COLUMNS} FROM crm.interaction "  # noqa: S608 - a constant
        "WHERE tenant_id = $1 AND interaction_id = $2",
        tenant_id,
        interaction_id,
    )
    return interaction_of(row) if row is not None else None


async def segments_of(
    conn: Connection, *, tenant_id: UUID, interaction_id: UUID
) -> list[SegmentRow]:
    """Return every agent's part in an interaction, in order."""
    rows = await conn.fetch(
        f"SELECT {', '.join(_SEGMENT_FIELDS)} FROM crm.interaction_segment "  # noqa: S608
        "WHERE tenant_id = $1 AND interaction_id = $2 ORDER BY segment",
        tenant_id,
        interaction_id,
    )
    return [SegmentRow(*row) for row in rows]


async def log_agent_act(
    conn: Connection,
    *,
    tenant_id: UUID,
    message_id: str,
    agent_id: UUID,
    kind: str,
    interaction_id: UUID,
    occurred_at: datetime,
    seconds: float,
) -> None:
    """Add what an agent did in a talk; a repeat of the fact adds nothing."""
    await conn.execute(
        """
        INSERT INTO crm.agent_act (tenant_id, message_id, agent_id, kind, interaction_id,
                                   occurred_at, seconds)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
        """,
        tenant_id,
        message_id,
        agent_id,
        kind,
        interaction_id,
        occurred_at,
        seconds,
    )


async def lock_sources(conn: Connection, *, tenant_id: UUID, interaction_id: UUID) -> Sources:
    """Return what is known of an interaction or a dial; others wait until this commits.

    An advisory lock, because there may be no row yet to lock.
    """
    await conn.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 850))", str(interaction_id)
    )
    raw = await conn.fetchval(
        """
        SELECT sources FROM crm.interaction WHERE tenant_id = $1 AND interaction_id = $2
        UNION ALL
        SELECT sources FROM crm.interaction_pending WHERE tenant_id = $1 AND interaction_id = $2
        LIMIT 1
        """,
        tenant_id,
        interaction_id,
    )
    sources: Sources = orjson.loads(raw) if raw is not None else {}
    return sources


async def put(
    conn: Connection,
    *,
    tenant_id: UUID,
    interaction_id: UUID,
    sources: Sources,
    row: InteractionRow,
) -> None:
    """Write the row of an interaction."""
    await conn.execute(
        _UPSERT, tenant_id, interaction_id, orjson.dumps(sources).decode(), *astuple(row)
    )
    parts = segments(sources)
    if parts:
        await conn.executemany(
            _UPSERT_SEGMENT, [(tenant_id, interaction_id, *astuple(part)) for part in parts]
        )
    await conn.execute(
        "DELETE FROM crm.interaction_pending WHERE tenant_id = $1 AND interaction_id = $2",
        tenant_id,
        interaction_id,
    )


async def put_pending(
    conn: Connection, *, tenant_id: UUID, interaction_id: UUID, sources: Sources, now: datetime
) -> None:
    """Remember facts about a dial that nobody has answered (yet)."""
    await conn.execute(
        """
        INSERT INTO crm.interaction_pending (tenant_id, interaction_id, sources, updated_at)
        VALUES ($1, $2, $3::jsonb, $4)
        ON CONFLICT (tenant_id, interaction_id)
        DO UPDATE SET sources = excluded.sources, updated_at = excluded.updated_at
        """,
        tenant_id,
        interaction_id,
        orjson.dumps(sources).decode(),
        now,
    )


async def log_agent_state(conn: Connection, fact: AgentStateChangedV1) -> None:
    """Add a change of state; a repeat of the fact adds nothing."""
    await conn.execute(
        """
        INSERT INTO crm.agent_state_log (tenant_id, message_id, agent_id, session_id, previous,
                                         previous_s, state, reason, interaction_id, occurred_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING
        """,
        UUID(fact.tenant),
        fact.message_id,
        UUID(fact.agent_id),
        fact.session_id,
        fact.previous.value,
        fact.previous_s,
        fact.state.value,
        fact.reason,
        UUID(fact.interaction_id) if fact.interaction_id is not None else None,
        fact.occurred_at,
    )


def interaction_of(row: asyncpg.Record) -> Interaction:
    """Return a row with the id and :data:`COLUMNS`."""
    return Interaction(row["interaction_id"], InteractionRow(*(row[name] for name in _FIELDS)))
