"""Virtual operators, in the platform's tenant, and their trunks, each in the enterprise's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from ringway.crm_api.access import PLATFORM_TENANT
from ringway.runtime.postgres import Connection

_COLUMNS = """virtual_operator_id, name, app_id, secret, pool_key, connection, secret_set_at,
              version, created_at, updated_at"""
_GRANT = """tenant_id, trunk_id, virtual_operator_id, max_channels, granted_by, granted_at,
            withdrawn_at, revision, next_try_at, tries, last_error"""


class NameTaken(Exception):
    """Another virtual operator has this name."""


@dataclass(frozen=True, slots=True)
class VirtualOperator:
    """One row of ``crm.virtual_operator``; its secrets are sealed."""

    virtual_operator_id: UUID
    name: str
    app_id: str
    secret: bytes
    pool_key: bytes | None
    connection: dict[str, Any]
    secret_set_at: datetime
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Grant:
    """One row of ``crm.operator_trunk``; ``next_try_at`` None: the ACD knows."""

    tenant_id: UUID
    trunk_id: UUID
    virtual_operator_id: UUID
    max_channels: int | None
    granted_by: str
    granted_at: datetime
    withdrawn_at: datetime | None
    revision: int
    next_try_at: datetime | None
    tries: int
    last_error: str


async def add(
    conn: Connection,
    *,
    virtual_operator_id: UUID,
    name: str,
    app_id: str,
    secret: bytes,
    pool_key: bytes | None,
    connection: Mapping[str, Any],
    now: datetime,
) -> VirtualOperator:
    """Add one. Raises NameTaken."""
    try:
        row = await conn.fetchrow(
            f"INSERT INTO crm.virtual_operator (tenant_id, virtual_operator_id, name, app_id, "  # noqa: S608
            f"secret, pool_key, connection, secret_set_at, created_at, updated_at) "
            f"VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $8, $8) RETURNING {_COLUMNS}",
            *(PLATFORM_TENANT, virtual_operator_id, name, app_id, secret, pool_key),
            *(orjson.dumps(connection).decode(), now),
        )
    except asyncpg.UniqueViolationError as error:
        raise NameTaken(name) from error
    return _operator(row)


async def get(conn: Connection, virtual_operator_id: UUID) -> VirtualOperator | None:
    """Return one; it stays as it is until the transaction ends."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM crm.virtual_operator "  # noqa: S608 - a constant
        "WHERE tenant_id = $1 AND virtual_operator_id = $2 FOR UPDATE",
        *(PLATFORM_TENANT, virtual_operator_id),
    )
    return _operator(row) if row is not None else None


async def page(conn: Connection, *, after: UUID | None, limit: int) -> list[VirtualOperator]:
    """Return them, oldest first."""
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM crm.virtual_operator WHERE tenant_id = $1 "  # noqa: S608
        "AND ($2::uuid IS NULL OR virtual_operator_id > $2) ORDER BY virtual_operator_id LIMIT $3",
        *(PLATFORM_TENANT, after, limit),
    )
    return [_operator(row) for row in rows]


async def put(
    conn: Connection,
    *,
    virtual_operator_id: UUID,
    name: str,
    app_id: str,
    secret: bytes | None,
    pool_key: bytes | None,
    connection: Mapping[str, Any],
    now: datetime,
) -> VirtualOperator:
    """Change one that is held, and have all its trunks renewed; a secret of None stays.

    Raises:
        NameTaken: Another one has this name.
    """
    try:
        row = await conn.fetchrow(
            f"""
            UPDATE crm.virtual_operator
               SET name = $3, app_id = $4, secret = coalesce($5, secret),
                   pool_key = coalesce($6, pool_key), connection = $7::jsonb,
                   secret_set_at = CASE WHEN $5::bytea IS NULL THEN secret_set_at ELSE $8 END,
                   version = version + 1, updated_at = $8
             WHERE tenant_id = $1 AND virtual_operator_id = $2 RETURNING {_COLUMNS}
            """,  # noqa: S608 - a constant
            *(PLATFORM_TENANT, virtual_operator_id, name, app_id, secret, pool_key),
            *(orjson.dumps(connection).decode(), now),
        )
    except asyncpg.UniqueViolationError as error:
        raise NameTaken(name) from error
    await conn.execute("SELECT crm.renew_operator_trunks($1, $2)", virtual_operator_id, now)
    return _operator(row)


async def remove(conn: Connection, virtual_operator_id: UUID) -> None:
    """Remove one."""
    await conn.execute(
        "DELETE FROM crm.virtual_operator WHERE tenant_id = $1 AND virtual_operator_id = $2",
        *(PLATFORM_TENANT, virtual_operator_id),
    )


# -- whom they are lent to -----------------------------------------------------------------------


async def grants(
    conn: Connection, virtual_operator_id: UUID, *, after: UUID | None, limit: int
) -> list[Grant]:
    """Return the grants of one in all enterprises, by enterprise."""
    rows = await conn.fetch(
        f"SELECT {_GRANT} FROM crm.operator_trunks_of($1, $2, $3)",  # noqa: S608 - a constant
        *(virtual_operator_id, after, limit),
    )
    return [Grant(**row) for row in rows]


async def grant(
    conn: Connection,
    *,
    tenant_id: UUID,
    trunk_id: UUID,
    virtual_operator_id: UUID,
    max_channels: int | None,
    by: str,
    now: datetime,
    next_try_at: datetime,
) -> Grant:
    """Lend it to an enterprise, or change how; in a transaction of the enterprise."""
    row = await conn.fetchrow(
        f"""
        INSERT INTO crm.operator_trunk AS t (tenant_id, trunk_id, virtual_operator_id,
               max_channels, granted_by, granted_at, next_try_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (tenant_id, trunk_id) DO UPDATE
           SET max_channels = excluded.max_channels, withdrawn_at = NULL,
               granted_by = CASE WHEN t.withdrawn_at IS NULL THEN t.granted_by
                                 ELSE excluded.granted_by END,
               granted_at = CASE WHEN t.withdrawn_at IS NULL THEN t.granted_at
                                 ELSE excluded.granted_at END,
               revision = t.revision + 1, next_try_at = excluded.next_try_at, tries = 0
        RETURNING {_GRANT}
        """,  # noqa: S608 - a constant
        *(tenant_id, trunk_id, virtual_operator_id, max_channels, by, now, next_try_at),
    )
    assert row is not None
    return Grant(**row)


async def withdraw(
    conn: Connection, *, tenant_id: UUID, trunk_id: UUID, now: datetime, next_try_at: datetime
) -> Grant | None:
    """Lend it no longer; None: it is not lent to this enterprise."""
    row = await conn.fetchrow(
        f"UPDATE crm.operator_trunk SET withdrawn_at = $3, revision = revision + 1, tries = 0, "  # noqa: S608
        f"next_try_at = $4 WHERE tenant_id = $1 AND trunk_id = $2 AND withdrawn_at IS NULL "
        f"RETURNING {_GRANT}",
        *(tenant_id, trunk_id, now, next_try_at),
    )
    return Grant(**row) if row is not None else None


async def get_grant(conn: Connection, *, tenant_id: UUID, trunk_id: UUID) -> Grant | None:
    """Return one grant, in a transaction of the enterprise."""
    row = await conn.fetchrow(
        f"SELECT {_GRANT} FROM crm.operator_trunk "  # noqa: S608 - a constant
        "WHERE tenant_id = $1 AND trunk_id = $2",
        *(tenant_id, trunk_id),
    )
    return Grant(**row) if row is not None else None


async def claim(conn: Connection, *, now: datetime, again: datetime) -> tuple[UUID, UUID] | None:
    """Take one that the ACD has to be told of; nobody else does until ``again``."""
    row = await conn.fetchrow("SELECT * FROM crm.claim_operator_trunk($1, $2)", now, again)
    return (row["tenant_id"], row["trunk_id"]) if row is not None else None


async def applied(conn: Connection, told: Grant) -> None:
    """Note that the ACD knows a grant as ``told`` has it; what changed since is told later."""
    await conn.execute(
        "UPDATE crm.operator_trunk SET next_try_at = NULL, last_error = '', tries = 0 "
        "WHERE tenant_id = $1 AND trunk_id = $2 AND revision = $3",
        *(told.tenant_id, told.trunk_id, told.revision),
    )


async def postpone(conn: Connection, told: Grant, *, error: str, until: datetime) -> None:
    """Try it again later."""
    await conn.execute(
        "UPDATE crm.operator_trunk SET next_try_at = $3, last_error = $4 "
        "WHERE tenant_id = $1 AND trunk_id = $2 AND next_try_at IS NOT NULL",
        *(told.tenant_id, told.trunk_id, until, error[:500]),
    )


def _operator(row: asyncpg.Record | None) -> VirtualOperator:
    assert row is not None
    return VirtualOperator(**{**row, "connection": orjson.loads(row["connection"])})
