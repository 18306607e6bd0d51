"""Operations and the rows that they are about. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from ringway.runtime.postgres import Connection

_COLUMNS = """
    operation_id, querier_id, run_id, owner_id, action, source, scopes, state, tries, total, done,
    changed, failure_code, failure, created_at, confirmed_at, finished_at
"""


@dataclass(frozen=True, slots=True)
class Operation:
    """One row of ``crm.querier_operation``."""

    operation_id: UUID
    querier_id: UUID
    run_id: UUID | None
    owner_id: UUID
    action: dict[str, Any]
    source: str
    scopes: list[str] | None
    state: str
    tries: int
    total: int
    done: int
    changed: int
    failure_code: str
    failure: str
    created_at: datetime
    confirmed_at: datetime | None
    finished_at: datetime | None


async def add(
    conn: Connection,
    *,
    tenant_id: UUID,
    operation_id: UUID,
    querier_id: UUID,
    run_id: UUID | None,
    owner_id: UUID,
    action: dict[str, Any],
    source: str,
    scopes: Sequence[str] | None,
    is_confirmed: bool,
    row_ids: Sequence[str],
    now: datetime,
) -> Operation:
    """Note an operation with its rows. A confirmed one is begun by the next worker."""
    row = await conn.fetchrow(
        f"""
        INSERT INTO crm.querier_operation (tenant_id, operation_id, querier_id, run_id, owner_id,
            action, source, scopes, state, claimed_until, total, created_at, confirmed_at)
        VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $8,
                CASE WHEN $9::boolean THEN 'running' ELSE 'proposed' END,
                CASE WHEN $9 THEN $11::timestamptz END, $10, $11,
                CASE WHEN $9 THEN $11 END)
        RETURNING {_COLUMNS}
        """,  # noqa: S608 - a constant
        *(tenant_id, operation_id, querier_id, run_id, owner_id),
        orjson.dumps(action).decode(),
        *(source, list(scopes) if scopes is not None else None, is_confirmed, len(row_ids), now),
    )
    await conn.execute(
        """
        INSERT INTO crm.querier_operation_row (tenant_id, operation_id, position, row_id)
        SELECT $1, $2, n - 1, row_id FROM unnest($3::text[]) WITH ORDINALITY AS r (row_id, n)
        """,
        tenant_id,
        operation_id,
        list(row_ids),
    )
    return _operation(row)


async def get(
    conn: Connection, *, tenant_id: UUID, operation_id: UUID, lock: bool = False
) -> Operation | None:
    """Return one operation."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM crm.querier_operation "  # noqa: S608 - constants
        f"WHERE tenant_id = $1 AND operation_id = $2 {'FOR UPDATE' if lock else ''}",
        tenant_id,
        operation_id,
    )
    return _operation(row) if row is not None else None


async def page(
    conn: Connection,
    *,
    tenant_id: UUID,
    owner_id: UUID | None,
    querier_id: UUID | None,
    before: UUID | None,
    limit: int,
) -> list[Operation]:
    """Return operations, newest first: of one owner and one querier, None: of all."""
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM crm.querier_operation "  # noqa: S608 - constants
        "WHERE tenant_id = $1 AND ($2::uuid IS NULL OR owner_id = $2) "
        "AND ($3::uuid IS NULL OR querier_id = $3) AND ($4::uuid IS NULL OR operation_id < $4) "
        "ORDER BY operation_id DESC LIMIT $5",
        *(tenant_id, owner_id, querier_id, before, limit),
    )
    return [_operation(row) for row in rows]


async def confirm(
    conn: Connection, *, tenant_id: UUID, operation_id: UUID, now: datetime
) -> Operation:
    """Let workers begin an operation, which the caller has locked."""
    row = await conn.fetchrow(
        f"""
        UPDATE crm.querier_operation SET state = 'running', confirmed_at = $3, claimed_until = $3
         WHERE tenant_id = $1 AND operation_id = $2 RETURNING {_COLUMNS}
        """,  # noqa: S608 - a constant
        *(tenant_id, operation_id, now),
    )
    return _operation(row)


async def claim(
    conn: Connection, *, tenant_id: UUID, now: datetime, hold: timedelta
) -> Operation | None:
    """Take a running operation that nobody holds; others skip it."""
    row = await conn.fetchrow(
        f"""
        UPDATE crm.querier_operation SET claimed_until = $3, tries = tries + 1
         WHERE tenant_id = $1 AND operation_id = (
            SELECT operation_id FROM crm.querier_operation
             WHERE tenant_id = $1 AND state = 'running' AND claimed_until <= $2
             ORDER BY claimed_until LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING {_COLUMNS}
        """,  # noqa: S608 - a constant
        *(tenant_id, now, now + hold),
    )
    return _operation(row) if row is not None else None


async def rows_from(
    conn: Connection, *, tenant_id: UUID, operation_id: UUID, first: int, limit: int
) -> list[str]:
    """Return the ids of rows from the position ``first`` on."""
    rows = await conn.fetch(
        "SELECT row_id FROM crm.querier_operation_row "
        "WHERE tenant_id = $1 AND operation_id = $2 AND position >= $3 ORDER BY position LIMIT $4",
        *(tenant_id, operation_id, first, limit),
    )
    return [row["row_id"] for row in rows]


async def progress(
    conn: Connection,
    *,
    tenant_id: UUID,
    operation_id: UUID,
    done: int,
    changed: int,
    until: datetime,
) -> None:
    """Note that so many more rows are done, and hold the operation on. A step that works is new
    courage: only tries in a row count.
    """
    await conn.execute(
        """
        UPDATE crm.querier_operation SET done = done + $3, changed = changed + $4, tries = 0,
               claimed_until = $5
         WHERE tenant_id = $1 AND operation_id = $2
        """,
        *(tenant_id, operation_id, done, changed, until),
    )


async def finish(
    conn: Connection,
    *,
    tenant_id: UUID,
    operation_id: UUID,
    now: datetime,
    failure_code: str = "",
    failure: str = "",
) -> Operation | None:
    """End a running operation; None when it is ended already. Its rows are forgotten."""
    row = await conn.fetchrow(
        f"""
        UPDATE crm.querier_operation SET finished_at = $3, claimed_until = NULL,
               failure_code = $4, failure = $5,
               state = CASE WHEN $4 = '' THEN 'finished' ELSE 'failed' END
         WHERE tenant_id = $1 AND operation_id = $2 AND state = 'running' RETURNING {_COLUMNS}
        """,  # noqa: S608 - a constant
        *(tenant_id, operation_id, now, failure_code, failure[:500]),
    )
    await conn.execute(
        "DELETE FROM crm.querier_operation_row WHERE tenant_id = $1 AND operation_id = $2",
        *(tenant_id, operation_id),
    )
    return _operation(row) if row is not None else None


async def release(
    conn: Connection, *, tenant_id: UUID, operation_id: UUID, until: datetime
) -> None:
    """Let others go on with it from ``until`` on; that it waits is not its fault."""
    await conn.execute(
        "UPDATE crm.querier_operation SET claimed_until = $3, tries = 0 "
        "WHERE tenant_id = $1 AND operation_id = $2 AND state = 'running'",
        *(tenant_id, operation_id, until),
    )


def _operation(row: asyncpg.Record | None) -> Operation:
    assert row is not None
    return Operation(**{**row, "action": orjson.loads(row["action"])})
