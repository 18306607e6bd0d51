"""Lists and leads, from the views that the dialer publishes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from ringway.crm_api.customers.filters import CustomerFilter
from ringway.runtime.postgres import Connection

_LIST = (
    "SELECT list_id::uuid, name, leads_total, leads_open, created_at, changed_at "
    "FROM dialer.list_v "
)


@dataclass(frozen=True, slots=True)
class LeadList:
    """One row of ``dialer.list_v``."""

    list_id: UUID
    name: str
    leads_total: int
    leads_open: int
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class ListQuery:
    """Which customers a list is made of. ``last_batch_id``: when they were last asked for."""

    wanted: CustomerFilter
    last_batch_id: UUID | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Lead:
    """One row of ``dialer.lead_v``."""

    lead_id: str
    phone_e164: str
    name: str
    data: dict[str, str]
    priority: int
    position: int
    attempts: int
    state: str
    closed_reason: str | None
    last_disposition: str | None
    next_attempt_at: datetime | None
    last_attempt_at: datetime | None


async def get(conn: Connection, *, tenant_id: UUID, list_id: UUID) -> LeadList | None:
    """Return one list."""
    row = await conn.fetchrow(
        f"{_LIST} WHERE tenant_id = $1 AND list_id = $2", tenant_id, str(list_id)
    )
    return LeadList(**row) if row is not None else None


async def exists(conn: Connection, *, tenant_id: UUID, list_id: UUID) -> bool:
    """Return whether there is such a list, without counting its leads."""
    found = await conn.fetchval(
        "SELECT true FROM dialer.list WHERE tenant_id = $1 AND list_id = $2 AND removed_at IS NULL",
        tenant_id,
        str(list_id),
    )
    return bool(found)


async def page(
    conn: Connection, *, tenant_id: UUID, before: UUID | None, limit: int
) -> list[LeadList]:
    """Return lists, newest first."""
    rows = await conn.fetch(
        f"{_LIST} WHERE tenant_id = $1 AND ($2::text IS NULL OR list_id < $2) "
        "ORDER BY list_id DESC LIMIT $3",
        tenant_id,
        str(before) if before is not None else None,
        limit,
    )
    return [LeadList(**row) for row in rows]


async def put_query(
    conn: Connection,
    *,
    tenant_id: UUID,
    list_id: UUID,
    wanted: CustomerFilter,
    user_id: UUID,
    now: datetime,
) -> None:
    """Keep a query with its list, instead of an earlier one."""
    await conn.execute(
        """
        INSERT INTO crm.list_query (tenant_id, list_id, filter, created_by, changed_at)
        VALUES ($1, $2, $3::jsonb, $4, $5)
        ON CONFLICT (tenant_id, list_id) DO UPDATE
           SET filter = excluded.filter, created_by = excluded.created_by,
               changed_at = excluded.changed_at
        """,
        tenant_id,
        list_id,
        wanted.model_dump_json(),
        user_id,
        now,
    )


async def note_run(conn: Connection, *, tenant_id: UUID, list_id: UUID, batch_id: UUID) -> None:
    """Note as which batch the query of a list was asked last."""
    await conn.execute(
        "UPDATE crm.list_query SET last_batch_id = $3 WHERE tenant_id = $1 AND list_id = $2",
        tenant_id,
        list_id,
        batch_id,
    )


async def forget_query(conn: Connection, *, tenant_id: UUID, list_id: UUID) -> None:
    """Forget the query of a list that is removed."""
    await conn.execute(
        "DELETE FROM crm.list_query WHERE tenant_id = $1 AND list_id = $2", tenant_id, list_id
    )


async def is_filled(conn: Connection, *, tenant_id: UUID, list_id: UUID) -> bool:
    """Return whether an import adds leads to a list now."""
    found: bool = await conn.fetchval(
        "SELECT EXISTS (SELECT 1 FROM crm.import_batch "
        "WHERE tenant_id = $1 AND list_id = $2 AND state = 'running')",
        tenant_id,
        list_id,
    )
    return found


async def get_query(conn: Connection, *, tenant_id: UUID, list_id: UUID) -> ListQuery | None:
    """Return the query that is kept with a list."""
    row = await conn.fetchrow(
        "SELECT filter, last_batch_id, changed_at FROM crm.list_query "
        "WHERE tenant_id = $1 AND list_id = $2",
        tenant_id,
        list_id,
    )
    if row is None:
        return None
    wanted = CustomerFilter.model_validate_json(row["filter"])
    return ListQuery(wanted, row["last_batch_id"], row["changed_at"])


async def leads(
    conn: Connection,
    *,
    tenant_id: UUID,
    list_id: UUID,
    after: int | None,
    limit: int,
    state: str | None,
) -> list[Lead]:
    """Return leads in the order of import, after position ``after``."""
    rows = await conn.fetch(
        """
        SELECT lead_id, phone_e164, name, data, priority, position, attempts, state,
               closed_reason, last_disposition, next_attempt_at, last_attempt_at
          FROM dialer.lead_v
         WHERE tenant_id = $1 AND list_id = $2 AND ($3::bigint IS NULL OR position > $3)
           AND ($4::text IS NULL OR state = $4)
         ORDER BY position LIMIT $5
        """,
        tenant_id,
        str(list_id),
        after,
        state,
        limit,
    )
    return [_lead(row) for row in rows]


async def lead(
    conn: Connection, *, tenant_id: UUID, list_id: UUID, lead_id: str
) -> tuple[Lead, list[dict[str, Any]]] | None:
    """Return one lead and its numbers in their order."""
    row = await conn.fetchrow(
        """
        SELECT lead_id, phone_e164, name, data, priority, position, attempts, state,
               closed_reason, last_disposition, next_attempt_at, last_attempt_at
          FROM dialer.lead_v WHERE tenant_id = $1 AND list_id = $2 AND lead_id = $3
        """,
        tenant_id,
        str(list_id),
        lead_id,
    )
    if row is None:
        return None
    numbers = await conn.fetch(
        """
        SELECT phone_e164, label, zone, state, attempts, last_disposition, last_attempt_at
          FROM dialer.lead_number_v WHERE tenant_id = $1 AND lead_id = $2 ORDER BY position
        """,
        tenant_id,
        lead_id,
    )
    return _lead(row), [dict(number) for number in numbers]


def _lead(row: asyncpg.Record) -> Lead:
    return Lead(**{**row, "data": orjson.loads(row["data"])})
