"""Recordings of operators' announcements in PostgreSQL. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ringway.proto.dialer_spec import NumberState
from ringway.runtime.postgres import Connection

MOST = 50  # recordings of one tenant


class TooMany(Exception):
    """The tenant has as many recordings as a book can hold."""


class AnnouncementMissing(Exception):
    """There is no such recording."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One recording; ``samples`` are 16 bit, little-endian, at 8 kHz."""

    announcement_id: str
    meaning: NumberState
    samples: bytes


# Of the tenant and of the platform, as row security shows them; together they are a book's edition.
_EDITION = """
    SELECT count(*) AS recordings, max(changed_at) AS changed_at, sum(revision)::bigint AS revisions
      FROM dialer.announcement
"""
_ALL = """
    SELECT announcement_id, meaning, samples FROM dialer.announcement
     ORDER BY tenant_id, created_at, announcement_id
"""
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('dialer.announcement'), hashtext($1))"
_OTHERS = """
    SELECT count(*) FROM dialer.announcement WHERE tenant_id = $1 AND announcement_id <> $2
"""
_PUT = """
    INSERT INTO dialer.announcement
           (tenant_id, announcement_id, name, meaning, samples, duration_s, used_s, changed_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (tenant_id, announcement_id) DO UPDATE
       SET name = excluded.name, meaning = excluded.meaning, samples = excluded.samples,
           duration_s = excluded.duration_s, used_s = excluded.used_s,
           changed_by = excluded.changed_by, changed_at = now(),
           revision = announcement.revision + 1
"""
_REMOVE = "DELETE FROM dialer.announcement WHERE tenant_id = $1 AND announcement_id = $2"

Edition = tuple[int, datetime | None, int | None]


async def edition(conn: Connection) -> Edition:
    """Return what changes when any recording that the tenant sees is added, changed or removed."""
    row = await conn.fetchrow(_EDITION)
    assert row is not None
    return row["recordings"], row["changed_at"], row["revisions"]


async def stored(conn: Connection) -> Sequence[Stored]:
    """Return the recordings that the tenant's calls are compared with: the platform's and its."""
    rows = await conn.fetch(_ALL)
    return [
        Stored(row["announcement_id"], NumberState(row["meaning"]), row["samples"]) for row in rows
    ]


async def put(
    conn: Connection,
    *,
    tenant_id: UUID,
    announcement_id: str,
    name: str,
    meaning: NumberState,
    samples: bytes,
    duration_s: float,
    used_s: float,
    by: str,
) -> None:
    """Store a recording, or change it.

    Raises:
        TooMany: The tenant has enough of them.
    """
    await conn.execute(_LOCK, str(tenant_id))
    if await conn.fetchval(_OTHERS, tenant_id, announcement_id) >= MOST:
        raise TooMany
    await conn.execute(
        _PUT, tenant_id, announcement_id, name, meaning.value, samples, duration_s, used_s, by
    )


async def remove(conn: Connection, *, tenant_id: UUID, announcement_id: str) -> None:
    """Remove a recording.

    Raises:
        AnnouncementMissing: See there.
    """
    if (await conn.execute(_REMOVE, tenant_id, announcement_id)).endswith(" 0"):
        raise AnnouncementMissing
