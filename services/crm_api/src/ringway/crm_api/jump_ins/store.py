"""Operators' visits, in the visited tenant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ringway.runtime.postgres import Connection

_COLUMNS = "jump_in_id, user_id, operator, reason, began_at, until, ended_at"


@dataclass(frozen=True, slots=True)
class JumpIn:
    """One row of ``crm.jump_in``."""

    jump_in_id: UUID
    user_id: UUID
    operator: str
    reason: str
    began_at: datetime
    until: datetime
    ended_at: datetime | None


async def add(
    conn: Connection,
    *,
    tenant_id: UUID,
    jump_in_id: UUID,
    user_id: UUID,
    operator_id: UUID,
    operator: str,
    reason: str,
    now: datetime,
    until: datetime,
) -> None:
    """Remember a visit."""
    await conn.execute(
        """
        INSERT INTO crm.jump_in (tenant_id, jump_in_id, user_id, operator_id, operator, reason,
                                 began_at, until)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        *(tenant_id, jump_in_id, user_id, operator_id, operator, reason, now, until),
    )


async def page(
    conn: Connection, *, tenant_id: UUID, before: UUID | None, limit: int
) -> list[JumpIn]:
    """Return visits, newest first."""
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM crm.jump_in "  # noqa: S608 - a constant
        "WHERE tenant_id = $1 AND ($2::uuid IS NULL OR jump_in_id < $2) "
        "ORDER BY jump_in_id DESC LIMIT $3",
        *(tenant_id, before, limit),
    )
    return [JumpIn(**row) for row in rows]


async def end(
    conn: Connection, *, tenant_id: UUID, jump_in_id: UUID, now: datetime
) -> JumpIn | None:
    """End a visit before its time; None when there is no such visit. A repeat changes nothing."""
    row = await conn.fetchrow(
        f"UPDATE crm.jump_in SET ended_at = coalesce(ended_at, least(until, $3)) "  # noqa: S608 - constants
        f"WHERE tenant_id = $1 AND jump_in_id = $2 RETURNING {_COLUMNS}",
        *(tenant_id, jump_in_id, now),
    )
    return JumpIn(**row) if row is not None else None


async def let_in(
    conn: Connection,
    *,
    tenant_id: UUID,
    user_id: UUID,
    username: str,
    password_hash: str,
    role: str,
    now: datetime,
    until: datetime,
) -> None:
    """Make the operator's account in the tenant, or open it again, until then."""
    await conn.execute(
        """
        INSERT INTO crm.user_account AS u (tenant_id, user_id, username, display_name, role,
                                           password_hash, access_until, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
        ON CONFLICT (tenant_id, user_id) DO UPDATE SET
            access_until = greatest(u.access_until, excluded.access_until), is_enabled = true,
            role = excluded.role, version = u.version + 1, updated_at = excluded.updated_at
        """,
        *(tenant_id, user_id, username, "Operator of the platform", role, password_hash),
        *(until, now),
    )


async def shut_out(conn: Connection, *, tenant_id: UUID, user_id: UUID, now: datetime) -> None:
    """End the access of an operator's account."""
    await conn.execute(
        "UPDATE crm.user_account SET access_until = least(access_until, $3), updated_at = $3, "
        "version = version + 1 "
        "WHERE tenant_id = $1 AND user_id = $2 AND access_until IS NOT NULL",
        *(tenant_id, user_id, now),
    )
