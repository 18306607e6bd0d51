"""Recordings, from the view that the recorder publishes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ringway.runtime.postgres import Connection

_SELECT = """
    SELECT recording_id, interaction_id, started_at, duration_s, caller, called, agent_id,
           agent_number, file_name, size_bytes
      FROM recorder.recording_v WHERE tenant_id = $1 AND state = 'stored'
"""


@dataclass(frozen=True, slots=True)
class Recording:
    """One stored row of ``recorder.recording_v``."""

    recording_id: UUID
    interaction_id: UUID
    started_at: datetime
    duration_s: float
    caller: str
    called: str
    agent_id: UUID | None
    agent_number: str
    file_name: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Filter:
    """What is asked for (R169); None means any."""

    begins_at: datetime | None = None
    ends_at: datetime | None = None
    agent_id: UUID | None = None
    agent_number: str | None = None
    caller: str | None = None
    called: str | None = None
    interaction_id: UUID | None = None


async def page(
    conn: Connection,
    *,
    tenant_id: UUID,
    wanted: Filter,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Recording]:
    """Return recordings, newest first."""
    before_at, before_id = before if before is not None else (None, None)
    rows = await conn.fetch(
        f"""{_SELECT}
           AND ($2::timestamptz IS NULL OR (started_at, recording_id) < ($2, $3::uuid))
           AND ($4::timestamptz IS NULL OR started_at >= $4)
           AND ($5::timestamptz IS NULL OR started_at < $5)
           AND ($6::uuid IS NULL OR agent_id = $6)
           AND ($7::text IS NULL OR agent_number = $7)
           AND ($8::text IS NULL OR caller = $8)
           AND ($9::text IS NULL OR called = $9)
           AND ($10::uuid IS NULL OR interaction_id = $10)
         ORDER BY started_at DESC, recording_id DESC LIMIT $11
        """,
        tenant_id,
        before_at,
        before_id,
        wanted.begins_at,
        wanted.ends_at,
        wanted.agent_id,
        wanted.agent_number,
        wanted.caller,
        wanted.called,
        wanted.interaction_id,
        limit,
    )
    return [Recording(**row) for row in rows]


async def get(conn: Connection, *, tenant_id: UUID, recording_id: UUID) -> Recording | None:
    """Return one recording."""
    row = await conn.fetchrow(f"{_SELECT} AND recording_id = $2", tenant_id, recording_id)
    return Recording(**row) if row is not None else None
