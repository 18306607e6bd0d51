"""Notices, whom they are for, and who has read them. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ringway.crm_api.features import Feature
from ringway.runtime.postgres import Connection

_COLUMNS = """notice_id, text_zh, text_en, begins_at, ends_at, priority, must_confirm, is_for_all,
              user_ids, team_ids, roles, state, version, created_by, author, created_at,
              updated_at, published_at, withdrawn_at, is_warning"""
# The people whom notice n is for, as user_account u: $1 is the tenant. Teams with all below.
_AUDIENCE = """
    WITH RECURSIVE n AS (
        SELECT * FROM crm.notice WHERE tenant_id = $1 AND notice_id = $2
    ), below (team_id) AS (
        SELECT t.team_id FROM crm.team t, n WHERE t.tenant_id = $1 AND t.team_id = ANY (n.team_ids)
         UNION
        SELECT t.team_id FROM crm.team t JOIN below b ON t.parent_id = b.team_id
         WHERE t.tenant_id = $1
    ), person AS (
        SELECT user_id FROM crm.team_member
         WHERE tenant_id = $1 AND team_id IN (SELECT team_id FROM below)
         UNION
        SELECT user_id FROM crm.team_leader
         WHERE tenant_id = $1 AND team_id IN (SELECT team_id FROM below)
    ), audience AS (
        SELECT u.user_id, u.username, u.display_name, r.read_at, r.confirmed_at
          FROM n JOIN crm.user_account u ON u.tenant_id = $1 AND u.is_enabled
          LEFT JOIN crm.notice_receipt r
            ON r.tenant_id = $1 AND r.notice_id = $2 AND r.user_id = u.user_id
         WHERE n.is_for_all OR u.user_id = ANY (n.user_ids)
            OR coalesce(u.own_role, u.role) = ANY (n.roles)
            OR u.user_id IN (SELECT user_id FROM person)
    )
"""


@dataclass(frozen=True, slots=True)
class Notice:
    """One row of ``crm.notice``."""

    notice_id: UUID
    text_zh: str
    text_en: str
    begins_at: datetime
    ends_at: datetime
    priority: str
    must_confirm: bool
    is_for_all: bool
    user_ids: list[UUID]
    team_ids: list[UUID]
    roles: list[str]
    state: str
    version: int
    created_by: UUID
    author: str
    created_at: datetime
    updated_at: datetime
    published_at: datetime | None
    withdrawn_at: datetime | None
    is_warning: bool = False  # of the platform: nobody of the enterprise changes it


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning with the number of those whom it is for, who read and who confirmed it."""

    notice_id: UUID
    text_en: str
    text_zh: str
    author: str
    published_at: datetime
    ends_at: datetime
    withdrawn_at: datetime | None
    audience: int
    read: int
    confirmed: int


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: his role, and the teams that he is in or leads with all above them.

    ``has_notices`` is false without the feature: then he is shown the platform's warnings alone.
    """

    tenant_id: UUID
    user_id: UUID
    role: str
    team_ids: Sequence[UUID]
    has_notices: bool = True


async def get(
    conn: Connection, *, tenant_id: UUID, notice_id: UUID, lock: bool = False
) -> Notice | None:
    """Return one notice; with ``lock`` nobody else changes it until the transaction ends."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM crm.notice "  # noqa: S608 - a constant
        f"WHERE tenant_id = $1 AND notice_id = $2 {'FOR UPDATE' if lock else ''}",
        *(tenant_id, notice_id),
    )
    return Notice(**row) if row is not None else None


async def page(
    conn: Connection, *, tenant_id: UUID, state: str | None, before: UUID | None, limit: int
) -> list[Notice]:
    """Return notices, newest first."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS} FROM crm.notice
         WHERE tenant_id = $1 AND ($2::text IS NULL OR state = $2)
           AND ($3::uuid IS NULL OR notice_id < $3)
         ORDER BY notice_id DESC LIMIT $4
        """,  # noqa: S608 - a constant
        *(tenant_id, state, before, limit),
    )
    return [Notice(**row) for row in rows]


async def put(conn: Connection, *, tenant_id: UUID, notice: Notice) -> Notice:
    """Create or change a notice; a changed one has the next version."""
    row = await conn.fetchrow(
        f"""
        INSERT INTO crm.notice AS n (tenant_id, notice_id, text_zh, text_en, begins_at, ends_at,
            priority, must_confirm, is_for_all, user_ids, team_ids, roles, state, created_by,
            author, created_at, updated_at, published_at, withdrawn_at, is_warning)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                $19, $20)
        ON CONFLICT (tenant_id, notice_id) DO UPDATE SET
            text_zh = excluded.text_zh, text_en = excluded.text_en,
            begins_at = excluded.begins_at, ends_at = excluded.ends_at,
            priority = excluded.priority, must_confirm = excluded.must_confirm,
            is_for_all = excluded.is_for_all, user_ids = excluded.user_ids,
            team_ids = excluded.team_ids, roles = excluded.roles, state = excluded.state,
            version = n.version + 1, updated_at = excluded.updated_at,
            published_at = excluded.published_at, withdrawn_at = excluded.withdrawn_at
        RETURNING {_COLUMNS}
        """,  # noqa: S608 - a constant
        *(tenant_id, notice.notice_id, notice.text_zh, notice.text_en, notice.begins_at),
        *(notice.ends_at, notice.priority, notice.must_confirm, notice.is_for_all),
        *(notice.user_ids, notice.team_ids, notice.roles, notice.state, notice.created_by),
        *(notice.author, notice.created_at, notice.updated_at, notice.published_at),
        *(notice.withdrawn_at, notice.is_warning),
    )
    assert row is not None
    return Notice(**row)


async def remove(conn: Connection, *, tenant_id: UUID, notice_id: UUID) -> None:
    """Remove a notice with its receipts."""
    await conn.execute(
        "DELETE FROM crm.notice WHERE tenant_id = $1 AND notice_id = $2", tenant_id, notice_id
    )


_FOR_READER = """
    n.tenant_id = $1 AND n.state = 'published' AND n.ends_at > $5
    AND (n.is_for_all OR $2 = ANY (n.user_ids) OR $3 = ANY (n.roles) OR n.team_ids && $4::uuid[])
    AND ($6 OR n.is_warning)
"""


async def shown(
    conn: Connection, *, reader: Reader, now: datetime, unread: bool, coming: bool, limit: int
) -> list[dict[str, Any]]:
    """Return the notices that somebody is shown, urgent ones first, then newest.

    Args:
        unread: Those alone that he has still to read, or to confirm.
        coming: Also those that have not begun.
    """
    rows = await conn.fetch(
        f"""
        SELECT n.notice_id, n.text_zh, n.text_en, n.begins_at, n.ends_at, n.priority,
               n.must_confirm, n.author, n.published_at, r.read_at, r.confirmed_at
          FROM crm.notice n LEFT JOIN crm.notice_receipt r
            ON r.tenant_id = n.tenant_id AND r.notice_id = n.notice_id AND r.user_id = $2
         WHERE {_FOR_READER} AND ($7 OR n.begins_at <= $5)
           AND (NOT $8 OR r.read_at IS NULL OR (n.must_confirm AND r.confirmed_at IS NULL))
         ORDER BY array_position(ARRAY['urgent', 'high', 'normal'], n.priority),
                  n.begins_at DESC, n.notice_id DESC
         LIMIT $9
        """,  # noqa: S608 - a constant
        *_reader(reader, now),
        *(coming, unread, limit),
    )
    return [dict(row) for row in rows]


async def is_shown(conn: Connection, *, reader: Reader, now: datetime, notice_id: UUID) -> bool:
    """Return whether somebody is shown a notice now."""
    found = await conn.fetchval(
        f"SELECT true FROM crm.notice n "  # noqa: S608 - a constant
        f"WHERE {_FOR_READER} AND n.begins_at <= $5 AND n.notice_id = $7",
        *_reader(reader, now),
        notice_id,
    )
    return bool(found)


async def note_read(
    conn: Connection,
    *,
    tenant_id: UUID,
    notice_id: UUID,
    user_id: UUID,
    is_confirmed: bool,
    now: datetime,
) -> None:
    """Keep when somebody first read a notice, and when he first confirmed it."""
    await conn.execute(
        """
        INSERT INTO crm.notice_receipt AS r (tenant_id, notice_id, user_id, read_at, confirmed_at)
        VALUES ($1, $2, $3, $5::timestamptz, CASE WHEN $4 THEN $5::timestamptz END)
        ON CONFLICT (tenant_id, notice_id, user_id)
        DO UPDATE SET confirmed_at = coalesce(r.confirmed_at, excluded.confirmed_at)
        """,
        *(tenant_id, notice_id, user_id, is_confirmed, now),
    )


async def receipts(
    conn: Connection,
    *,
    tenant_id: UUID,
    notice_id: UUID,
    state: str | None,
    after: UUID | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Return the people whom a notice is for now, by their ids."""
    rows = await conn.fetch(
        f"""
        {_AUDIENCE}
        SELECT * FROM audience
         WHERE CASE $3::text WHEN 'read' THEN read_at IS NOT NULL
                             WHEN 'unread' THEN read_at IS NULL
                             WHEN 'confirmed' THEN confirmed_at IS NOT NULL
                             WHEN 'unconfirmed' THEN confirmed_at IS NULL ELSE true END
           AND ($4::uuid IS NULL OR user_id > $4)
         ORDER BY user_id LIMIT $5
        """,  # noqa: S608 - a constant
        *(tenant_id, notice_id, state, after, limit),
    )
    return [dict(row) for row in rows]


async def counts(conn: Connection, *, tenant_id: UUID, notice_id: UUID) -> dict[str, int]:
    """Return how many people a notice is for, and how many have read and confirmed it."""
    row = await conn.fetchrow(
        f"{_AUDIENCE} SELECT count(*) AS audience, count(read_at) AS read, "  # noqa: S608
        "count(confirmed_at) AS confirmed FROM audience",
        *(tenant_id, notice_id),
    )
    assert row is not None
    return dict(row)


def _reader(reader: Reader, now: datetime) -> tuple[object, ...]:
    who = (reader.tenant_id, reader.user_id, reader.role, list(reader.team_ids))
    return *who, now, reader.has_notices


async def has_feature(conn: Connection, *, tenant_id: UUID) -> bool:
    """Return whether an enterprise has notices at all."""
    off = "SELECT $2 = ANY (features_off) FROM crm.tenant WHERE tenant_id = $1"
    return not await conn.fetchval(off, tenant_id, Feature.NOTICES.value)


async def warnings(
    conn: Connection, *, tenant_id: UUID, notice_id: UUID | None, before: UUID | None, limit: int
) -> list[Warned]:
    """Return the platform's warnings, or the one named, newest first."""
    rows = await conn.fetch(
        """
        SELECT n.notice_id, n.text_en, n.text_zh, n.author, n.published_at, n.ends_at,
               n.withdrawn_at, a.audience, a.read, a.confirmed
          FROM crm.notice n CROSS JOIN LATERAL (
            SELECT count(*) AS audience, count(r.read_at) AS read,
                   count(r.confirmed_at) AS confirmed
              FROM crm.user_account u LEFT JOIN crm.notice_receipt r
                ON r.tenant_id = u.tenant_id AND r.notice_id = n.notice_id
               AND r.user_id = u.user_id
             WHERE u.tenant_id = n.tenant_id AND u.is_enabled AND u.access_until IS NULL
               AND coalesce(u.own_role, u.role) = ANY (n.roles)
          ) a
         WHERE n.tenant_id = $1 AND n.is_warning AND ($2::uuid IS NULL OR n.notice_id = $2)
           AND ($3::uuid IS NULL OR n.notice_id < $3)
         ORDER BY n.notice_id DESC LIMIT $4
        """,
        *(tenant_id, notice_id, before, limit),
    )
    return [Warned(**row) for row in rows]
