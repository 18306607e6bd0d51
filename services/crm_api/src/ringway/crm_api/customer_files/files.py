"""The file of an import: in the database from its upload until it is read, for any replica."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from ringway.runtime.postgres import Connection

_PART = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """A row that did not become a customer. ``detail`` goes into the sentence of ``code``."""

    line: int
    column: str
    value: str
    code: str
    detail: str


async def keep(conn: Connection, *, tenant_id: UUID, job_id: UUID, file: BinaryIO) -> None:
    """Store an upload."""
    await asyncio.to_thread(file.seek, 0)
    part = 0
    while content := await asyncio.to_thread(file.read, _PART):
        await conn.execute(
            "INSERT INTO crm.customer_file (tenant_id, job_id, part, content) "
            "VALUES ($1, $2, $3, $4)",
            tenant_id,
            job_id,
            part,
            content,
        )
        part += 1


async def fetch(conn: Connection, *, tenant_id: UUID, job_id: UUID, path: Path) -> None:
    """Write a stored upload to ``path``."""
    query = "SELECT content FROM crm.customer_file WHERE tenant_id = $1 AND job_id = $2 "
    with path.open("wb") as file:
        async for row in conn.cursor(f"{query}ORDER BY part", tenant_id, job_id, prefetch=4):
            await asyncio.to_thread(file.write, row["content"])


async def add_errors(conn: Connection, *, tenant_id: UUID, job_id: UUID, errors_json: str) -> None:
    """Keep rows that were refused, given as a JSON array of ErrorRow. A repeat adds nothing."""
    await conn.execute(
        """
        INSERT INTO crm.customer_file_error
               (tenant_id, job_id, line, column_name, value, code, detail)
        SELECT $1, $2, r.line, r."column", r.value, r.code, r.detail
          FROM jsonb_to_recordset($3::jsonb)
               AS r (line int, "column" text, value text, code text, detail text)
            ON CONFLICT DO NOTHING
        """,
        tenant_id,
        job_id,
        errors_json,
    )


async def errors(
    conn: Connection, *, tenant_id: UUID, job_id: UUID, after_line: int, limit: int
) -> Sequence[ErrorRow]:
    """Return refused rows by line, after ``after_line``."""
    rows = await conn.fetch(
        "SELECT line, column_name, value, code, detail FROM crm.customer_file_error "
        "WHERE tenant_id = $1 AND job_id = $2 AND line > $3 ORDER BY line LIMIT $4",
        tenant_id,
        job_id,
        after_line,
        limit,
    )
    return [ErrorRow(*row) for row in rows]
