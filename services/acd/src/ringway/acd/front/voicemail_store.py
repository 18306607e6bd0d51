"""SQL of voicemail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ringway.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Message:
    """One message, without its sound. ``size_bytes`` is 0 until the sound has been fetched."""

    voicemail_id: str
    box_id: str
    interaction_id: str
    caller: str
    left_at: datetime
    duration_s: float
    node: str
    recording: str
    is_heard: bool = False
    size_bytes: int = 0


_PUT = """
    INSERT INTO acd.voicemail (tenant_id, voicemail_id, box_id, interaction_id, caller, left_at,
                               duration_s, node, recording)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING
"""
_COLUMNS = """voicemail_id, box_id, interaction_id, caller, left_at, duration_s, node, recording,
              is_heard, coalesce(length(sound), 0)"""
_LIST = f"""
    SELECT {_COLUMNS} FROM acd.voicemail
     WHERE tenant_id = $1 AND box_id = $2 AND ($3::timestamptz IS NULL OR left_at < $3)
     ORDER BY left_at DESC, voicemail_id LIMIT $4
"""  # noqa: S608 - the columns are written above
_GET = f"SELECT {_COLUMNS} FROM acd.voicemail WHERE tenant_id = $1 AND voicemail_id = $2"  # noqa: S608
_WITHOUT_SOUND = f"""
    SELECT {_COLUMNS} FROM acd.voicemail WHERE tenant_id = $1 AND sound IS NULL
"""  # noqa: S608
_PART = """
    SELECT substring(sound FROM $3 + 1 FOR $4) FROM acd.voicemail
     WHERE tenant_id = $1 AND voicemail_id = $2
"""
_COUNT = """
    SELECT count(*), count(*) FILTER (WHERE NOT is_heard) FROM acd.voicemail
     WHERE tenant_id = $1 AND box_id = $2
"""


async def put(conn: Connection, *, tenant_id: UUID, message: Message) -> None:
    """Insert a message; a repeat changes nothing."""
    await conn.execute(
        _PUT,
        tenant_id,
        message.voicemail_id,
        message.box_id,
        message.interaction_id,
        message.caller,
        message.left_at,
        message.duration_s,
        message.node,
        message.recording,
    )


async def put_sound(conn: Connection, *, tenant_id: UUID, voicemail_id: str, sound: bytes) -> None:
    """Keep a message's sound."""
    await conn.execute(
        "UPDATE acd.voicemail SET sound = $3 WHERE tenant_id = $1 AND voicemail_id = $2",
        tenant_id,
        voicemail_id,
        sound,
    )


async def listed(
    conn: Connection, *, tenant_id: UUID, box_id: str, before: datetime | None, limit: int
) -> Sequence[Message]:
    """Return a box's messages, the newest first."""
    rows = await conn.fetch(_LIST, tenant_id, box_id, before, limit)
    return [Message(*row) for row in rows]


async def without_sound(conn: Connection, *, tenant_id: UUID) -> Sequence[Message]:
    """Return messages whose sound has not been fetched yet."""
    return [Message(*row) for row in await conn.fetch(_WITHOUT_SOUND, tenant_id)]


async def get(conn: Connection, *, tenant_id: UUID, voicemail_id: str) -> Message | None:
    """Return one message, or ``None``."""
    row = await conn.fetchrow(_GET, tenant_id, voicemail_id)
    return Message(*row) if row is not None else None


async def part(
    conn: Connection, *, tenant_id: UUID, voicemail_id: str, offset: int, length: int
) -> bytes:
    """Return a part of a message's sound; empty behind its end."""
    return await conn.fetchval(_PART, tenant_id, voicemail_id, offset, length) or b""


async def mark_heard(
    conn: Connection, *, tenant_id: UUID, voicemail_id: str, is_heard: bool
) -> None:
    """Say whether a message has been heard."""
    await conn.execute(
        "UPDATE acd.voicemail SET is_heard = $3 WHERE tenant_id = $1 AND voicemail_id = $2",
        tenant_id,
        voicemail_id,
        is_heard,
    )


async def delete(conn: Connection, *, tenant_id: UUID, voicemail_id: str) -> None:
    """Delete a message; one that is not there is deleted already."""
    await conn.execute(
        "DELETE FROM acd.voicemail WHERE tenant_id = $1 AND voicemail_id = $2",
        tenant_id,
        voicemail_id,
    )


async def counts(conn: Connection, *, tenant_id: UUID, box_id: str) -> tuple[int, int]:
    """Return how many messages a box has, and how many of them nobody heard."""
    row = await conn.fetchrow(_COUNT, tenant_id, box_id)
    return (int(row[0]), int(row[1])) if row is not None else (0, 0)
