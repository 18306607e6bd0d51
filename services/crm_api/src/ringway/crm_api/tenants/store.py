"""Tenants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from ringway.crm_api.access import PLATFORM_TENANT
from ringway.runtime.postgres import Connection

_COLUMNS = """tenant_id, slug, name, state, features_off, outbound_stopped_at,
              outbound_stop_reason, closed_at, close_reason, delete_after, created_at, updated_at"""
_PUT = (
    "state", "features_off", "outbound_stopped_at", "outbound_stop_reason", "closed_at",
    "close_reason", "delete_after",
)  # fmt: skip


class SlugTaken(Exception):
    """Another tenant has this slug."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """One row of ``crm.tenant``."""

    tenant_id: UUID
    slug: str
    name: str
    state: str
    features_off: list[str]
    outbound_stopped_at: datetime | None
    outbound_stop_reason: str
    closed_at: datetime | None
    close_reason: str
    delete_after: datetime | None
    created_at: datetime
    updated_at: datetime


async def add(conn: Connection, *, tenant_id: UUID, slug: str, name: str, now: datetime) -> Tenant:
    """Create a tenant, in a transaction of that tenant. Raises SlugTaken."""
    try:
        row = await conn.fetchrow(
            f"INSERT INTO crm.tenant (tenant_id, slug, name, created_at, updated_at) "  # noqa: S608
            f"VALUES ($1, $2, $3, $4, $4) RETURNING {_COLUMNS}",
            tenant_id,
            slug,
            name,
            now,
        )
    except asyncpg.UniqueViolationError as error:
        raise SlugTaken(slug) from error
    assert row is not None
    return Tenant(**row)


async def get(conn: Connection, *, tenant_id: UUID) -> Tenant | None:
    """Return a tenant."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM crm.tenant WHERE tenant_id = $1",  # noqa: S608
        tenant_id,
    )
    return Tenant(**row) if row is not None else None


async def page(conn: Connection, *, after: str | None, limit: int) -> list[Tenant]:
    """Return enterprises by slug, in a transaction of the platform's tenant."""
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM crm.tenant "  # noqa: S608 - a constant
        f"WHERE tenant_id <> $1 AND ($2::text IS NULL OR slug > $2) ORDER BY slug LIMIT $3",
        PLATFORM_TENANT,
        after,
        limit,
    )
    return [Tenant(**row) for row in rows]


async def set_state(
    conn: Connection, *, tenant_id: UUID, state: str, now: datetime
) -> Tenant | None:
    """Suspend or resume an enterprise, in a transaction of the platform's tenant."""
    row = await conn.fetchrow(
        f"UPDATE crm.tenant SET state = $2, updated_at = $3 "  # noqa: S608 - a constant
        f"WHERE tenant_id = $1 AND tenant_id <> $4 AND state IN ('active', 'suspended') "
        f"RETURNING {_COLUMNS}",
        tenant_id,
        state,
        now,
        PLATFORM_TENANT,
    )
    return Tenant(**row) if row is not None else None


async def put(
    conn: Connection, *, tenant_id: UUID, now: datetime, values: Mapping[str, object]
) -> Tenant | None:
    """Write some columns of an enterprise, in a transaction of the platform's tenant."""
    names = [name for name in _PUT if name in values]
    assert len(names) == len(values)
    changes = ", ".join(f"{name} = ${n}" for n, name in enumerate(names, 4))
    row = await conn.fetchrow(
        f"UPDATE crm.tenant SET updated_at = $2, {changes} "  # noqa: S608 - constants
        f"WHERE tenant_id = $1 AND tenant_id <> $3 RETURNING {_COLUMNS}",
        *(tenant_id, now, PLATFORM_TENANT),
        *(values[name] for name in names),
    )
    return Tenant(**row) if row is not None else None
