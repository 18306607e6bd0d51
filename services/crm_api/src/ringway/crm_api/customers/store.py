"""Customers of a tenant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
import orjson

from ringway.crm_api.customers.schemas import CustomerFilter
from ringway.runtime.postgres import Connection

_COLUMNS = "customer_id, name, phone_e164, data, batch_number, version, created_at, updated_at"
_WANTED = """
    tenant_id = $1 AND ($2::text IS NULL OR phone_e164 = $2)
    AND ($3::text IS NULL OR batch_number = $3)
    AND ($4::text IS NULL OR strpos(lower(name), lower($4)) > 0)
    AND ($5::timestamptz IS NULL OR created_at >= $5)
    AND ($6::timestamptz IS NULL OR created_at < $6)
    AND ($7::jsonb IS NULL OR data @> $7)
"""


@dataclass(frozen=True, slots=True)
class Customer:
    """One row of ``crm.customer``."""

    customer_id: UUID
    name: str
    phone_e164: str
    data: dict[str, str]
    batch_number: str | None
    version: int
    created_at: datetime
    updated_at: datetime


async def add(
    conn: Connection,
    *,
    tenant_id: UUID,
    customer_id: UUID,
    name: str,
    phone_e164: str,
    data: dict[str, str],
    now: datetime,
) -> Customer:
    """Create a customer."""
    row = await conn.fetchrow(
        f"""
        INSERT INTO crm.customer (tenant_id, customer_id, name, phone_e164, data, created_at,
                                  updated_at)
        VALUES ($1, $2, $3, $4, $5::jsonb, $6, $6) RETURNING {_COLUMNS}
        """,  # noqa: S608 - a constant
        tenant_id,
        customer_id,
        name,
        phone_e164,
        orjson.dumps(data).decode(),
        now,
    )
    assert row is not None
    return _customer(row)


async def get(conn: Connection, *, tenant_id: UUID, customer_id: UUID) -> Customer | None:
    """Return one customer."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM crm.customer WHERE tenant_id = $1 AND customer_id = $2",  # noqa: S608
        tenant_id,
        customer_id,
    )
    return _customer(row) if row is not None else None


async def page(
    conn: Connection,
    *,
    tenant_id: UUID,
    before: UUID | None,
    limit: int,
    wanted: CustomerFilter,
) -> list[Customer]:
    """Return customers, newest first, made before ``before``."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS} FROM crm.customer
         WHERE {_WANTED} AND ($8::uuid IS NULL OR customer_id < $8)
         ORDER BY customer_id DESC LIMIT $9
        """,  # noqa: S608 - constants
        *_arguments(tenant_id, wanted),
        before,
        limit,
    )
    return [_customer(row) for row in rows]


async def each(
    conn: Connection, *, tenant_id: UUID, wanted: CustomerFilter
) -> AsyncIterator[Customer]:
    """Yield customers, oldest first; the caller's transaction holds the cursor."""
    query = f"SELECT {_COLUMNS} FROM crm.customer WHERE {_WANTED} ORDER BY customer_id"  # noqa: S608 - constants
    async for row in conn.cursor(query, *_arguments(tenant_id, wanted), prefetch=1_000):
        yield _customer(row)


async def change(
    conn: Connection,
    *,
    tenant_id: UUID,
    customer_id: UUID,
    version: int | None,
    name: str,
    phone_e164: str,
    data: dict[str, str],
    now: datetime,
) -> Customer | None:
    """Replace a customer. None when ``version`` is not the present one, or there is none."""
    row = await conn.fetchrow(
        f"""
        UPDATE crm.customer SET name = $4, phone_e164 = $5, data = $6::jsonb,
               version = version + 1, updated_at = $7
         WHERE tenant_id = $1 AND customer_id = $2 AND ($3::integer IS NULL OR version = $3)
        RETURNING {_COLUMNS}
        """,  # noqa: S608 - a constant
        tenant_id,
        customer_id,
        version,
        name,
        phone_e164,
        orjson.dumps(data).decode(),
        now,
    )
    return _customer(row) if row is not None else None


async def remove(
    conn: Connection, *, tenant_id: UUID, customer_id: UUID, version: int | None
) -> bool:
    """Delete a customer; whether there was one at ``version``."""
    gone = await conn.fetchval(
        "DELETE FROM crm.customer WHERE tenant_id = $1 AND customer_id = $2 "
        "AND ($3::integer IS NULL OR version = $3) RETURNING true",
        tenant_id,
        customer_id,
        version,
    )
    return bool(gone)


def _arguments(tenant_id: UUID, wanted: CustomerFilter) -> tuple[object, ...]:
    data = orjson.dumps(wanted.wanted_data).decode() if wanted.data else None
    return (
        tenant_id, wanted.phone_e164, wanted.batch_number, wanted.name, wanted.created_from,
        wanted.created_before, data,
    )  # fmt: skip


def _customer(row: asyncpg.Record) -> Customer:
    return Customer(**{**row, "data": orjson.loads(row["data"])})
