"""Roles that an enterprise has changed or made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from ringway.runtime.postgres import Connection

_COLUMNS = "role_key, template, name, permissions, version, created_at, updated_at"


class RoleNameTaken(Exception):
    """Another role of the tenant has this name."""


@dataclass(frozen=True, slots=True)
class StoredRole:
    """One row of ``crm.role``."""

    role_key: str
    template: str
    name: str
    permissions: tuple[str, ...] | None  # None: as shipped
    version: int
    created_at: datetime
    updated_at: datetime


async def all_of(conn: Connection, *, tenant_id: UUID) -> list[StoredRole]:
    """Return all roles of a tenant that are not as shipped, by name."""
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM crm.role WHERE tenant_id = $1 ORDER BY lower(name)",  # noqa: S608 - constants
        tenant_id,
    )
    return [_role(row) for row in rows]


async def get(
    conn: Connection, *, tenant_id: UUID, role_key: str, for_update: bool = False
) -> StoredRole | None:
    """Return one role."""
    lock = "FOR UPDATE" if for_update else ""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM crm.role WHERE tenant_id = $1 AND role_key = $2 {lock}",  # noqa: S608 - constants
        tenant_id,
        role_key,
    )
    return _role(row) if row is not None else None


async def put(
    conn: Connection,
    *,
    tenant_id: UUID,
    role_key: str,
    template: str,
    name: str,
    permissions: Iterable[str] | None,
    now: datetime,
) -> StoredRole:
    """Create or change a role. Raises RoleNameTaken."""
    try:
        row = await conn.fetchrow(
            f"""
            INSERT INTO crm.role AS r (tenant_id, role_key, template, name, permissions,
                                       created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $6)
            ON CONFLICT (tenant_id, role_key) DO UPDATE SET
                name = excluded.name, permissions = excluded.permissions,
                version = r.version + 1, updated_at = excluded.updated_at
            RETURNING {_COLUMNS}
            """,  # noqa: S608 - a constant
            tenant_id,
            role_key,
            template,
            name,
            sorted(permissions) if permissions is not None else None,
            now,
        )
    except asyncpg.UniqueViolationError as error:
        raise RoleNameTaken(name) from error
    return _role(row)


async def remove(conn: Connection, *, tenant_id: UUID, role_key: str) -> None:
    """Remove a role, which nobody has."""
    await conn.execute(
        "DELETE FROM crm.role WHERE tenant_id = $1 AND role_key = $2", tenant_id, role_key
    )


async def users_with(conn: Connection, *, tenant_id: UUID, role_key: str) -> int:
    """Return how many users have this own role."""
    count: int = await conn.fetchval(
        "SELECT count(*) FROM crm.user_account WHERE tenant_id = $1 AND own_role = $2",
        tenant_id,
        role_key,
    )
    return count


def _role(row: asyncpg.Record | None) -> StoredRole:
    assert row is not None
    stored = row["permissions"]
    return StoredRole(**{**row, "permissions": None if stored is None else tuple(stored)})
