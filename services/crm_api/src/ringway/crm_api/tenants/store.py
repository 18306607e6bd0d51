"""Tenants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from ringway.crm_api.access import PLATFORM_TENANT
from ringway.runtime.postgres import Connection

_COLUMNS = """tenant_id, slug, name, state, features_off, outbound_stopped_at,
              outbound_stop_reason, closed_at, close_reason, delete_after, created_at, updated_at"""
_PUT = ("state", "features_off", "outbound_stopped_at", "outbound_stop_reason")


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


async def close(
    conn: Connection, *, tenant_id: UUID, reason: str, delete_after: datetime, now: datetime
) -> Tenant | None:
    """Close an enterprise, unless it is being deleted; what it was before is remembered.

    In a transaction of the platform's tenant, as all that follows. A repeat changes the reason
    and how long its data stays.
    """
    row = await conn.fetchrow(
        f"""
        UPDATE crm.tenant
           SET state_before = CASE WHEN state = 'closed' THEN state_before ELSE state END,
               state = 'closed', closed_at = coalesce(closed_at, $4), close_reason = $2,
               delete_after = $3, updated_at = $4
         WHERE tenant_id = $1 AND tenant_id <> $5 AND state IN ('active', 'suspended', 'closed')
        RETURNING {_COLUMNS}
        """,  # noqa: S608 - a constant
        *(tenant_id, reason, delete_after, now, PLATFORM_TENANT),
    )
    return Tenant(**row) if row is not None else None


async def keep(
    conn: Connection, *, tenant_id: UUID, until: datetime, is_least: bool, now: datetime
) -> Tenant | None:
    """Keep a closed enterprise's data until a time; ``is_least``: and no shorter than it was.

    None: it is not closed, or its deletion has begun; with ``is_least`` also when its time is over.
    """
    row = await conn.fetchrow(
        f"""
        UPDATE crm.tenant
           SET delete_after = CASE WHEN $3 THEN greatest(delete_after, $2) ELSE $2 END,
               updated_at = $4
         WHERE tenant_id = $1 AND state = 'closed' AND (NOT $3 OR delete_after > $4)
        RETURNING {_COLUMNS}
        """,  # noqa: S608 - a constant
        *(tenant_id, until, is_least, now),
    )
    return Tenant(**row) if row is not None else None


async def reopen(conn: Connection, *, tenant_id: UUID, now: datetime) -> Tenant | None:
    """Make a closed enterprise what it was before; None: it is not closed any more."""
    row = await conn.fetchrow(
        f"""
        UPDATE crm.tenant
           SET state = coalesce(state_before, 'active'), state_before = NULL, closed_at = NULL,
               close_reason = '', delete_after = NULL, updated_at = $2
         WHERE tenant_id = $1 AND state = 'closed' RETURNING {_COLUMNS}
        """,  # noqa: S608 - a constant
        *(tenant_id, now),
    )
    return Tenant(**row) if row is not None else None


async def put(
    conn: Connection,
    *,
    tenant_id: UUID,
    now: datetime,
    values: Mapping[str, object],
    when: Sequence[str] = ("active", "suspended"),
) -> Tenant | None:
    """Write some columns of an enterprise; None: it is in no state of ``when``."""
    names = [name for name in _PUT if name in values]
    assert len(names) == len(values)
    changes = ", ".join(f"{name} = ${n}" for n, name in enumerate(names, 5))
    row = await conn.fetchrow(
        f"UPDATE crm.tenant SET updated_at = $2, {changes} "  # noqa: S608 - constants
        f"WHERE tenant_id = $1 AND tenant_id <> $3 AND state = ANY ($4::text[]) "
        f"RETURNING {_COLUMNS}",
        *(tenant_id, now, PLATFORM_TENANT, list(when)),
        *(values[name] for name in names),
    )
    return Tenant(**row) if row is not None else None
