"""Files of records. They are small and few, and live in PostgreSQL: one backup, one isolation."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ringway.runtime.postgres import Connection

_COLUMNS = "file_id, key, name, content_type, size_bytes, sha256, created_by, created_at"


@dataclass(frozen=True, slots=True)
class File:
    """One row of ``crm.record_file`` without its content."""

    file_id: UUID
    key: str
    name: str
    content_type: str
    size_bytes: int
    sha256: bytes
    created_by: UUID
    created_at: datetime


async def add(
    conn: Connection,
    *,
    tenant_id: UUID,
    object_id: UUID,
    record_id: UUID,
    file_id: UUID,
    key: str,
    name: str,
    content_type: str,
    content: bytes,
    by: UUID,
    now: datetime,
) -> File:
    """Store a file."""
    row = await conn.fetchrow(
        f"""
        INSERT INTO crm.record_file (tenant_id, object_id, record_id, file_id, key, name,
                                     content_type, size_bytes, sha256, content, created_by,
                                     created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING {_COLUMNS}
        """,  # noqa: S608 - a constant
        tenant_id,
        object_id,
        record_id,
        file_id,
        key,
        name,
        content_type,
        len(content),
        hashlib.sha256(content).digest(),
        content,
        by,
        now,
    )
    assert row is not None
    return File(**row)


async def of_record(conn: Connection, *, tenant_id: UUID, record_id: UUID) -> list[File]:
    """Return the files of a record."""
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM crm.record_file "  # noqa: S608 - a constant
        "WHERE tenant_id = $1 AND record_id = $2 ORDER BY file_id",
        tenant_id,
        record_id,
    )
    return [File(**row) for row in rows]


async def content_of(
    conn: Connection, *, tenant_id: UUID, record_id: UUID, file_id: UUID
) -> tuple[File, bytes] | None:
    """Return a file with its content."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS}, content FROM crm.record_file "  # noqa: S608 - a constant
        "WHERE tenant_id = $1 AND record_id = $2 AND file_id = $3",
        tenant_id,
        record_id,
        file_id,
    )
    if row is None:
        return None
    fields = dict(row)
    content: bytes = fields.pop("content")
    return File(**fields), content


async def remove_others(
    conn: Connection, *, tenant_id: UUID, record_id: UUID, keys: list[str], kept: list[UUID]
) -> None:
    """Remove the files of these fields of a record but those in ``kept``."""
    await conn.execute(
        "DELETE FROM crm.record_file "
        "WHERE tenant_id = $1 AND record_id = $2 AND key = ANY($3::text[]) "
        "AND NOT file_id = ANY($4::uuid[])",
        tenant_id,
        record_id,
        keys,
        kept,
    )
