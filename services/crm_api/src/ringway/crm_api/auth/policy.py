"""What an enterprise asks of its people's sign-ins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from ringway.crm_api.access import Role
from ringway.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class SecurityPolicy:
    """The rules of one tenant. Version 0 is the default that nobody has written."""

    password_min_length: int = 8
    password_history: int = 5
    change_at_first_sign_in: bool = False
    second_factor_roles: tuple[Role, ...] = ()
    sign_in_title: str = ""  # of the enterprise's own sign-in page; empty: it has none
    version: int = 0


async def get(conn: Connection, *, tenant_id: UUID) -> SecurityPolicy:
    """Return the rules of a tenant."""
    row = await conn.fetchrow("SELECT * FROM crm.security_policy WHERE tenant_id = $1", tenant_id)
    return _policy(row) if row is not None else SecurityPolicy()


async def put(
    conn: Connection,
    *,
    tenant_id: UUID,
    wanted: SecurityPolicy,
    version: int | None,
    now: datetime,
) -> SecurityPolicy | None:
    """Write the rules of a tenant. None when ``version`` is not the present one."""
    row = await conn.fetchrow(
        """
        INSERT INTO crm.security_policy AS p
               (tenant_id, password_min_length, password_history, change_at_first_sign_in,
                second_factor_roles, updated_at, sign_in_title)
        SELECT $1, $2, $3, $4, $5, $6, $8
         WHERE $7::integer IS NULL OR $7 = 0
            OR EXISTS (SELECT FROM crm.security_policy WHERE tenant_id = $1)
        ON CONFLICT (tenant_id) DO UPDATE SET
               password_min_length = excluded.password_min_length,
               password_history = excluded.password_history,
               change_at_first_sign_in = excluded.change_at_first_sign_in,
               second_factor_roles = excluded.second_factor_roles,
               sign_in_title = excluded.sign_in_title,
               version = p.version + 1, updated_at = excluded.updated_at
         WHERE $7::integer IS NULL OR p.version = $7
        RETURNING *
        """,
        tenant_id,
        wanted.password_min_length,
        wanted.password_history,
        wanted.change_at_first_sign_in,
        [role.value for role in wanted.second_factor_roles],
        now,
        version,
        wanted.sign_in_title,
    )
    return _policy(row) if row is not None else None


def _policy(row: asyncpg.Record) -> SecurityPolicy:
    known = set(Role)
    return SecurityPolicy(
        password_min_length=row["password_min_length"],
        password_history=row["password_history"],
        change_at_first_sign_in=row["change_at_first_sign_in"],
        second_factor_roles=tuple(Role(r) for r in row["second_factor_roles"] if r in known),
        sign_in_title=row["sign_in_title"],
        version=row["version"],
    )
