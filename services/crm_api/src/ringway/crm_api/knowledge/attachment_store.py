"""Files of articles. The caller owns the transaction, and has checked the article."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ringway.runtime.postgres import Connection

_COLUMNS = "attachment_id, file_name, media_type, size_bytes, created_by, created_at"


@dataclass(frozen=True, slots=True)
class Attachment:
    """One row of ``crm.article_attachment`` without its content."""

    attachment_id: UUID
    file_name: str
    media_type: str
    size_bytes: int
    created_by: str
    created_at: datetime


async def of_article(conn: Connection, *, tenant_id: UUID, article_id: UUID) -> list[Attachment]:
    """Return the files of an article, oldest first."""
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM crm.article_attachment "  # noqa: S608 - a constant
        "WHERE tenant_id = $1 AND article_id = $2 ORDER BY attachment_id",
        *(tenant_id, article_id),
    )
    return [Attachment(**row) for row in rows]


async def add(
    conn: Connection,
    *,
    tenant_id: UUID,
    article_id: UUID,
    attachment_id: UUID,
    file_name: str,
    media_type: str,
    content: bytes,
    by: str,
    now: datetime,
) -> Attachment:
    """Keep a file."""
    row = await conn.fetchrow(
        f"""
        INSERT INTO crm.article_attachment (tenant_id, attachment_id, article_id, file_name,
            media_type, size_bytes, sha256, content, created_by, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING {_COLUMNS}
        """,  # noqa: S608 - a constant
        *(tenant_id, attachment_id, article_id, file_name, media_type, len(content)),
        *(hashlib.sha256(content).digest(), content, by, now),
    )
    assert row is not None
    return Attachment(**row)


async def content_of(
    conn: Connection, *, tenant_id: UUID, article_id: UUID, attachment_id: UUID
) -> tuple[Attachment, bytes] | None:
    """Return a file of an article with its content."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS}, content FROM crm.article_attachment "  # noqa: S608 - a constant
        "WHERE tenant_id = $1 AND article_id = $2 AND attachment_id = $3",
        *(tenant_id, article_id, attachment_id),
    )
    if row is None:
        return None
    known = dict(row)
    content: bytes = known.pop("content")
    return Attachment(**known), content


async def remove(
    conn: Connection, *, tenant_id: UUID, article_id: UUID, attachment_id: UUID
) -> bool:
    """Remove a file; whether there was one."""
    gone = await conn.fetchval(
        "DELETE FROM crm.article_attachment WHERE tenant_id = $1 AND article_id = $2 "
        "AND attachment_id = $3 RETURNING true",
        *(tenant_id, article_id, attachment_id),
    )
    return bool(gone)


async def move_all(
    conn: Connection, *, tenant_id: UUID, from_article_id: UUID, to_article_id: UUID
) -> None:
    """Give an article the files of another as well."""
    await conn.execute(
        "UPDATE crm.article_attachment SET article_id = $3 "
        "WHERE tenant_id = $1 AND article_id = $2",
        *(tenant_id, from_article_id, to_article_id),
    )
