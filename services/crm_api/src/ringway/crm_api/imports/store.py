"""Import batches, their rows and their errors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ringway.runtime.postgres import Connection

_COLUMNS = """batch_id, batch_number, list_id, file_name, is_dry_run, state, failure, encoding,
              rows, added, duplicates_in_file, duplicates_in_list, refused, created_at,
              finished_at, source"""


@dataclass(frozen=True, slots=True)
class Batch:
    """One row of ``crm.import_batch``."""

    batch_id: UUID
    batch_number: str
    list_id: UUID
    file_name: str
    is_dry_run: bool
    state: str
    failure: str
    encoding: str
    rows: int
    added: int
    duplicates_in_file: int
    duplicates_in_list: int
    refused: int
    created_at: datetime
    finished_at: datetime | None
    source: str


@dataclass(frozen=True, slots=True)
class Row:
    """A good row. ``data`` is JSON text."""

    line: int
    phone_e164: str
    name: str
    priority: int
    data: str


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """A row that did not become a lead."""

    line: int
    column: str
    value: str
    code: str
    reason: str


async def begin(
    conn: Connection,
    *,
    tenant_id: UUID,
    batch_id: UUID,
    list_id: UUID,
    file_name: str,
    is_dry_run: bool,
    encoding: str,
    created_by: UUID,
    now: datetime,
    source: str = "file",
) -> Batch:
    """Open a batch under the tenant's next number."""
    row = await conn.fetchrow(
        f"""
        WITH numbered AS (
            UPDATE crm.tenant SET next_batch_no = next_batch_no + 1
             WHERE tenant_id = $1 RETURNING next_batch_no - 1 AS no
        )
        INSERT INTO crm.import_batch (tenant_id, batch_id, batch_number, list_id, file_name,
                                      is_dry_run, state, encoding, created_by, created_at,
                                      source)
        SELECT $1, $2, 'B' || lpad(no::text, 6, '0'), $3, $4, $5, 'running', $6, $7, $8, $9
          FROM numbered
        RETURNING {_COLUMNS}
        """,  # noqa: S608 - a constant
        tenant_id,
        batch_id,
        list_id,
        file_name,
        is_dry_run,
        encoding,
        created_by,
        now,
        source,
    )
    assert row is not None
    return Batch(**row)


async def add_rows(conn: Connection, *, tenant_id: UUID, batch_id: UUID, rows_json: str) -> None:
    """Store good rows, given as a JSON array, in one statement.

    COPY does not go through row-level security; one JSON parameter costs the event loop least.
    """
    await conn.execute(
        """
        INSERT INTO crm.import_row (tenant_id, batch_id, line, phone_e164, name, priority, data)
        SELECT $1, $2, r.line, r.phone_e164, r.name, r.priority, r.data
          FROM jsonb_to_recordset($3::jsonb)
               AS r (line int, phone_e164 text, name text, priority int, data jsonb)
        """,
        tenant_id,
        batch_id,
        rows_json,
    )


async def add_errors(
    conn: Connection, *, tenant_id: UUID, batch_id: UUID, errors_json: str
) -> None:
    """Store bad rows, given as a JSON array, in one statement."""
    await conn.execute(
        """
        INSERT INTO crm.import_error
               (tenant_id, batch_id, line, column_name, value, code, reason)
        SELECT $1, $2, r.line, r."column", r.value, r.code, r.reason
          FROM jsonb_to_recordset($3::jsonb)
               AS r (line int, "column" text, value text, code text, reason text)
        """,
        tenant_id,
        batch_id,
        errors_json,
    )


async def add_customers(
    conn: Connection, *, tenant_id: UUID, batch_id: UUID, batch_number: str, now: datetime
) -> int:
    """Make customers of the rows whose numbers no customer has; return how many."""
    made: int = await conn.fetchval(
        """
        WITH made AS (
            INSERT INTO crm.customer (tenant_id, customer_id, name, phone_e164, data,
                                      batch_number, created_at, updated_at)
            SELECT r.tenant_id, uuidv7(), r.name, r.phone_e164, r.data, $3, $4, $4
              FROM crm.import_row r
             WHERE r.tenant_id = $1 AND r.batch_id = $2 AND NOT EXISTS (
                   SELECT 1 FROM crm.customer c
                    WHERE c.tenant_id = r.tenant_id AND c.phone_e164 = r.phone_e164)
             ORDER BY r.line
            RETURNING 1
        )
        SELECT count(*) FROM made
        """,
        tenant_id,
        batch_id,
        batch_number,
        now,
    )
    return made


async def progress(
    conn: Connection,
    *,
    tenant_id: UUID,
    batch_id: UUID,
    rows: int,
    added: int,
    duplicates_in_list: int,
) -> None:
    """Tell how far a running batch is."""
    await conn.execute(
        "UPDATE crm.import_batch SET rows = $3, added = $4, duplicates_in_list = $5 "
        "WHERE tenant_id = $1 AND batch_id = $2 AND state = 'running'",
        tenant_id,
        batch_id,
        rows,
        added,
        duplicates_in_list,
    )


async def finish(
    conn: Connection,
    *,
    tenant_id: UUID,
    batch_id: UUID,
    state: str,
    failure: str = "",
    rows: int,
    added: int,
    duplicates_in_file: int,
    duplicates_in_list: int,
    refused: int,
    now: datetime,
) -> Batch:
    """Close a batch with its counts."""
    row = await conn.fetchrow(
        f"""
        UPDATE crm.import_batch SET state = $3, failure = $4, rows = $5, added = $6,
               duplicates_in_file = $7, duplicates_in_list = $8, refused = $9, finished_at = $10
         WHERE tenant_id = $1 AND batch_id = $2 RETURNING {_COLUMNS}
        """,  # noqa: S608 - a constant
        tenant_id,
        batch_id,
        state,
        failure,
        rows,
        added,
        duplicates_in_file,
        duplicates_in_list,
        refused,
        now,
    )
    assert row is not None
    return Batch(**row)


async def get(conn: Connection, *, tenant_id: UUID, batch_id: UUID) -> Batch | None:
    """Return one batch."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM crm.import_batch WHERE tenant_id = $1 AND batch_id = $2",  # noqa: S608
        tenant_id,
        batch_id,
    )
    return Batch(**row) if row is not None else None


async def by_number(conn: Connection, *, tenant_id: UUID, batch_number: str) -> Batch | None:
    """Return the batch with this number."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM crm.import_batch WHERE tenant_id = $1 AND batch_number = $2",  # noqa: S608
        tenant_id,
        batch_number,
    )
    return Batch(**row) if row is not None else None


async def page(
    conn: Connection, *, tenant_id: UUID, before: UUID | None, limit: int
) -> list[Batch]:
    """Return batches, newest first."""
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM crm.import_batch WHERE tenant_id = $1 "  # noqa: S608
        "AND ($2::uuid IS NULL OR batch_id < $2) ORDER BY batch_id DESC LIMIT $3",
        tenant_id,
        before,
        limit,
    )
    return [Batch(**row) for row in rows]


async def errors(
    conn: Connection, *, tenant_id: UUID, batch_id: UUID, after_line: int, limit: int
) -> list[ErrorRow]:
    """Return bad rows by line, after ``after_line``."""
    rows = await conn.fetch(
        "SELECT line, column_name, value, code, reason FROM crm.import_error "
        "WHERE tenant_id = $1 AND batch_id = $2 AND line > $3 ORDER BY line LIMIT $4",
        tenant_id,
        batch_id,
        after_line,
        limit,
    )
    return [ErrorRow(*row) for row in rows]


async def row_chunks(
    conn: Connection, *, tenant_id: UUID, batch_id: UUID, max_rows: int, max_bytes: int
) -> AsyncIterator[list[Row]]:
    """Yield the good rows of a batch in chunks that fit into one message."""
    chunk: list[Row] = []
    size_bytes = 0
    query = (
        "SELECT line, phone_e164, name, priority, data FROM crm.import_row "
        "WHERE tenant_id = $1 AND batch_id = $2 ORDER BY line"
    )
    async for record in conn.cursor(query, tenant_id, batch_id, prefetch=max_rows):
        row = Row(*record)
        row_bytes = 130 + len(row.name.encode()) + len(row.data.encode())
        if chunk and (len(chunk) >= max_rows or size_bytes + row_bytes > max_bytes):
            yield chunk
            chunk, size_bytes = [], 0
        chunk.append(row)
        size_bytes += row_bytes
    if chunk:
        yield chunk
