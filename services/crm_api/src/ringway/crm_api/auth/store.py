"""Sign-in: logins, failures, refresh tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from ringway.crm_api.access import PLATFORM_TENANT, Role
from ringway.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Login:
    """An account as sign-in needs it."""

    tenant_id: UUID
    user_id: UUID
    username: str
    role: Role
    agent_number: str | None
    password_hash: str
    is_enabled: bool
    is_tenant_active: bool


@dataclass(frozen=True, slots=True)
class StoredRefresh:
    """A refresh token as it is stored."""

    session_id: UUID
    user_id: UUID
    expires_at: datetime
    used_at: datetime | None


async def find_login(conn: Connection, *, slug: str, username: str) -> Login | None:
    """Return the account of a login, whatever its tenant."""
    row = await conn.fetchrow("SELECT * FROM crm.find_login($1, $2)", slug, username)
    return _login(row) if row is not None else None


async def login_of(conn: Connection, *, tenant_id: UUID, user_id: UUID) -> Login | None:
    """Return the account of a user."""
    row = await conn.fetchrow(
        """
        SELECT u.tenant_id, u.user_id, u.username, u.role, u.agent_number, u.password_hash,
               u.is_enabled, t.state AS tenant_state
          FROM crm.user_account u JOIN crm.tenant t USING (tenant_id)
         WHERE u.tenant_id = $1 AND u.user_id = $2
        """,
        tenant_id,
        user_id,
    )
    return _login(row) if row is not None else None


async def locked_until(conn: Connection, *, login: str, now: datetime) -> datetime | None:
    """Return until when this login is locked, or None when it is not."""
    until: datetime | None = await conn.fetchval(
        "SELECT locked_until FROM crm.sign_in_failure "
        "WHERE tenant_id = $1 AND login = $2 AND locked_until > $3",
        PLATFORM_TENANT,
        login,
        now,
    )
    return until


async def add_failure(
    conn: Connection, *, login: str, now: datetime, limit: int, lockout: timedelta
) -> bool:
    """Count a failed sign-in; failures older than ``lockout`` are forgotten.

    Returns:
        Whether the login is locked now.
    """
    locked: bool = await conn.fetchval(
        """
        INSERT INTO crm.sign_in_failure AS f (tenant_id, login, failures, last_at, locked_until)
        VALUES ($1, $2, 1, $3::timestamptz,
                CASE WHEN $4::integer <= 1 THEN $3::timestamptz + $5::interval END)
        ON CONFLICT (tenant_id, login) DO UPDATE SET
            failures = CASE WHEN f.last_at < $3::timestamptz - $5::interval THEN 1
                            ELSE f.failures + 1 END,
            last_at = $3::timestamptz,
            locked_until = CASE WHEN f.last_at >= $3::timestamptz - $5::interval
                                 AND f.failures + 1 >= $4::integer
                                THEN $3::timestamptz + $5::interval END
        RETURNING locked_until IS NOT NULL
        """,
        PLATFORM_TENANT,
        login,
        now,
        limit,
        lockout,
    )
    return locked


async def clear_failures(conn: Connection, *, login: str) -> None:
    """Forget the failures of a login: its owner came."""
    await conn.execute(
        "DELETE FROM crm.sign_in_failure WHERE tenant_id = $1 AND login = $2",
        PLATFORM_TENANT,
        login,
    )


async def add_refresh_token(
    conn: Connection,
    *,
    tenant_id: UUID,
    token_hash: bytes,
    session_id: UUID,
    user_id: UUID,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Store a refresh token."""
    await conn.execute(
        "INSERT INTO crm.refresh_token "
        "(tenant_id, token_hash, session_id, user_id, created_at, expires_at) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        tenant_id,
        token_hash,
        session_id,
        user_id,
        now,
        expires_at,
    )


async def take_refresh_token(
    conn: Connection, *, tenant_id: UUID, token_hash: bytes, now: datetime
) -> StoredRefresh | None:
    """Mark a refresh token used and return it as it was before, or None when it is unknown."""
    row = await conn.fetchrow(
        """
        SELECT session_id, user_id, expires_at, used_at FROM crm.refresh_token
         WHERE tenant_id = $1 AND token_hash = $2 FOR UPDATE
        """,
        tenant_id,
        token_hash,
    )
    if row is None:
        return None
    await conn.execute(
        "UPDATE crm.refresh_token SET used_at = coalesce(used_at, $3) "
        "WHERE tenant_id = $1 AND token_hash = $2",
        tenant_id,
        token_hash,
        now,
    )
    return StoredRefresh(row["session_id"], row["user_id"], row["expires_at"], row["used_at"])


async def end_session(conn: Connection, *, tenant_id: UUID, session_id: UUID) -> None:
    """Forget every refresh token of one session."""
    await conn.execute(
        "DELETE FROM crm.refresh_token WHERE tenant_id = $1 AND session_id = $2",
        tenant_id,
        session_id,
    )


async def end_sessions_of(conn: Connection, *, tenant_id: UUID, user_id: UUID) -> None:
    """Forget every refresh token of one user."""
    await conn.execute(
        "DELETE FROM crm.refresh_token WHERE tenant_id = $1 AND user_id = $2", tenant_id, user_id
    )


async def set_password_hash(
    conn: Connection, *, tenant_id: UUID, user_id: UUID, password_hash: str, now: datetime
) -> None:
    """Replace a password hash."""
    await conn.execute(
        "UPDATE crm.user_account SET password_hash = $3, updated_at = $4 "
        "WHERE tenant_id = $1 AND user_id = $2",
        tenant_id,
        user_id,
        password_hash,
        now,
    )


def _login(row: asyncpg.Record) -> Login:
    return Login(
        tenant_id=row["tenant_id"],
        user_id=row["user_id"],
        username=row["username"],
        role=Role(row["role"]),
        agent_number=row["agent_number"],
        password_hash=row["password_hash"],
        is_enabled=row["is_enabled"],
        is_tenant_active=row["tenant_state"] == "active",
    )
