"""What belongs to an order: comments, tasks, conversations, files, notices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from ringway.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of an order, without its content."""

    attachment_id: UUID
    name: str
    content_type: str
    size_bytes: int
    sha256: str
    added_by: str
    created_at: datetime


_TASK = """task_id, title, team_id, assignee_id, is_needed, state, result, created_by, created_at,
           finished_at"""
_FILE = """attachment_id, name, content_type, size_bytes, encode(sha256, 'hex') AS sha256, added_by,
           created_at"""


async def comments(
    conn: Connection, *, tenant_id: UUID, work_order_id: UUID, after: UUID | None, limit: int
) -> list[asyncpg.Record]:
    """Return an order's comments, oldest first."""
    return await conn.fetch(
        """
        SELECT comment_id, author_id, author, text, mention_ids, created_at
          FROM crm.work_order_comment
         WHERE tenant_id = $1 AND work_order_id = $2 AND ($3::uuid IS NULL OR comment_id > $3)
         ORDER BY comment_id LIMIT $4
        """,
        *(tenant_id, work_order_id, after, limit),
    )


async def add_task(
    conn: Connection,
    *,
    tenant_id: UUID,
    work_order_id: UUID,
    task_id: UUID,
    title: str,
    team_id: UUID | None,
    assignee_id: UUID | None,
    is_needed: bool,
    created_by: UUID | None,
    now: datetime,
) -> asyncpg.Record:
    """Add a task to an order."""
    row = await conn.fetchrow(
        f"""
        INSERT INTO crm.work_order_task (tenant_id, work_order_id, task_id, title, team_id,
                                         assignee_id, is_needed, created_by, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING {_TASK}
        """,  # noqa: S608 - a constant
        *(tenant_id, work_order_id, task_id, title, team_id, assignee_id, is_needed, created_by),
        now,
    )
    assert row is not None
    return row


async def tasks(conn: Connection, *, tenant_id: UUID, work_order_id: UUID) -> list[asyncpg.Record]:
    """Return an order's tasks, oldest first."""
    return await conn.fetch(
        f"SELECT {_TASK} FROM crm.work_order_task "  # noqa: S608 - a constant
        "WHERE tenant_id = $1 AND work_order_id = $2 ORDER BY task_id",
        tenant_id,
        work_order_id,
    )


async def task(
    conn: Connection, *, tenant_id: UUID, work_order_id: UUID, task_id: UUID
) -> asyncpg.Record | None:
    """Return one task of an order."""
    return await conn.fetchrow(
        f"SELECT {_TASK} FROM crm.work_order_task "  # noqa: S608 - a constant
        "WHERE tenant_id = $1 AND work_order_id = $2 AND task_id = $3",
        *(tenant_id, work_order_id, task_id),
    )


async def change_task(
    conn: Connection,
    *,
    tenant_id: UUID,
    work_order_id: UUID,
    task_id: UUID,
    state: str,
    result: str,
    now: datetime,
) -> asyncpg.Record:
    """Change a task that there is."""
    row = await conn.fetchrow(
        f"""
        UPDATE crm.work_order_task SET state = $4, result = $5,
               finished_at = CASE WHEN $4 = 'open' THEN NULL ELSE $6::timestamptz END
         WHERE tenant_id = $1 AND work_order_id = $2 AND task_id = $3 RETURNING {_TASK}
        """,  # noqa: S608 - a constant
        *(tenant_id, work_order_id, task_id, state, result, now),
    )
    assert row is not None
    return row


async def add_link(
    conn: Connection,
    *,
    tenant_id: UUID,
    work_order_id: UUID,
    interaction_id: UUID,
    by: str,
    now: datetime,
) -> bool:
    """Link a conversation to an order; False: it is linked already."""
    made = await conn.fetchval(
        """
        INSERT INTO crm.work_order_link (tenant_id, work_order_id, interaction_id, linked_by,
                                         created_at)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING true
        """,
        *(tenant_id, work_order_id, interaction_id, by, now),
    )
    return bool(made)


async def links(conn: Connection, *, tenant_id: UUID, work_order_id: UUID) -> list[asyncpg.Record]:
    """Return the conversations about an order, oldest first."""
    return await conn.fetch(
        "SELECT interaction_id, linked_by, created_at FROM crm.work_order_link "
        "WHERE tenant_id = $1 AND work_order_id = $2 ORDER BY created_at, interaction_id",
        tenant_id,
        work_order_id,
    )


async def remove_link(
    conn: Connection, *, tenant_id: UUID, work_order_id: UUID, interaction_id: UUID
) -> bool:
    """Unlink a conversation; whether it was linked."""
    gone = await conn.fetchval(
        "DELETE FROM crm.work_order_link WHERE tenant_id = $1 AND work_order_id = $2 "
        "AND interaction_id = $3 RETURNING true",
        *(tenant_id, work_order_id, interaction_id),
    )
    return bool(gone)


async def add_attachment(
    conn: Connection,
    *,
    tenant_id: UUID,
    work_order_id: UUID,
    attachment: Attachment,
    content: bytes,
) -> None:
    """Store a file of an order."""
    await conn.execute(
        """
        INSERT INTO crm.work_order_attachment (tenant_id, work_order_id, attachment_id, name,
            content_type, size_bytes, sha256, content, added_by, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        *(tenant_id, work_order_id, attachment.attachment_id, attachment.name),
        *(attachment.content_type, attachment.size_bytes, bytes.fromhex(attachment.sha256)),
        *(content, attachment.added_by, attachment.created_at),
    )


async def attachments(
    conn: Connection, *, tenant_id: UUID, work_order_id: UUID
) -> list[Attachment]:
    """Return an order's files, oldest first."""
    rows = await conn.fetch(
        f"SELECT {_FILE} FROM crm.work_order_attachment "  # noqa: S608 - a constant
        "WHERE tenant_id = $1 AND work_order_id = $2 ORDER BY attachment_id",
        tenant_id,
        work_order_id,
    )
    return [Attachment(**row) for row in rows]


async def attachment(
    conn: Connection, *, tenant_id: UUID, work_order_id: UUID, attachment_id: UUID
) -> tuple[Attachment, bytes] | None:
    """Return one file with its content."""
    row = await conn.fetchrow(
        f"SELECT {_FILE}, content FROM crm.work_order_attachment "  # noqa: S608 - a constant
        "WHERE tenant_id = $1 AND work_order_id = $2 AND attachment_id = $3",
        *(tenant_id, work_order_id, attachment_id),
    )
    if row is None:
        return None
    values = dict(row)
    content = values.pop("content")
    return Attachment(**values), content


async def remove_attachment(
    conn: Connection, *, tenant_id: UUID, work_order_id: UUID, attachment_id: UUID
) -> str | None:
    """Remove a file; return its name, None when there is none."""
    name: str | None = await conn.fetchval(
        "DELETE FROM crm.work_order_attachment WHERE tenant_id = $1 AND work_order_id = $2 "
        "AND attachment_id = $3 RETURNING name",
        *(tenant_id, work_order_id, attachment_id),
    )
    return name


async def notices(
    conn: Connection,
    *,
    tenant_id: UUID,
    user_id: UUID,
    unread: bool,
    before: UUID | None,
    limit: int,
) -> list[asyncpg.Record]:
    """Return what somebody was told of, newest first."""
    return await conn.fetch(
        """
        SELECT n.notice_id, n.work_order_id, o.number, o.title, n.reason, n.created_at, n.read_at
          FROM crm.work_order_notice n JOIN crm.work_order o USING (tenant_id, work_order_id)
         WHERE n.tenant_id = $1 AND n.user_id = $2 AND o.deleted_at IS NULL
           AND (NOT $3 OR n.read_at IS NULL) AND ($4::uuid IS NULL OR n.notice_id < $4)
         ORDER BY n.notice_id DESC LIMIT $5
        """,
        *(tenant_id, user_id, unread, before, limit),
    )


async def read_notices(
    conn: Connection, *, tenant_id: UUID, user_id: UUID, notice_ids: Sequence[UUID], now: datetime
) -> None:
    """Remember that somebody has read these of his notices."""
    await conn.execute(
        "UPDATE crm.work_order_notice SET read_at = $4 WHERE tenant_id = $1 AND user_id = $2 "
        "AND notice_id = ANY ($3) AND read_at IS NULL",
        *(tenant_id, user_id, list(notice_ids), now),
    )
