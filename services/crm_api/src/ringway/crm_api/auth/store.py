"""Sign-in: logins, access, refresh tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from ringway.crm_api.access import Role
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
    must_change_password: bool = False


@dataclass(frozen=True, slots=True)
class Access:
    """What decides, with every request, whether a session is let in."""

    login: Login
    has_ended: bool
    lacks_factor: bool
    last_seen_at: datetime


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
               u.is_enabled, u.must_change_password, t.state AS tenant_state
          FROM crm.user_account u JOIN crm.tenant t USING (tenant_id)
         WHERE u.tenant_id = $1 AND u.user_id = $2
        """,
        tenant_id,
        user_id,
    )
    return _login(row) if row is not None else None


async def access_of(
    conn: Connection, *, tenant_id: UUID, user_id: UUID, session_id: UUID
) -> Access | None:
    """Return the account of a user and the state of his session; None when either is unknown."""
    row = await conn.fetchrow(
        """
        SELECT u.tenant_id, u.user_id, u.username, u.role, u.agent_number, u.password_hash,
               u.is_enabled, u.must_change_password, t.state AS tenant_state,
               s.ended_at IS NOT NULL AS has_ended, s.last_seen_at,
               s.method = 'password' AND u.role = ANY(p.second_factor_roles)
                   AND f.confirmed_at IS NULL AS lacks_factor
          FROM crm.user_account u JOIN crm.tenant t USING (tenant_id)
          JOIN crm.session s ON s.tenant_id = u.tenant_id AND s.user_id = u.user_id
          LEFT JOIN crm.security_policy p ON p.tenant_id = u.tenant_id
          LEFT JOIN crm.second_factor f ON f.tenant_id = u.tenant_id AND f.user_id = u.user_id
         WHERE u.tenant_id = $1 AND u.user_id = $2 AND s.session_id = $3
        """,
        tenant_id,
        user_id,
        session_id,
    )
    if row is None:
        return None
    return Access(_login(row), row["has_ended"], row["lacks_factor"] or False, row["last_seen_at"])


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


async def set_password_hash(
    conn: Connection, *, tenant_id: UUID, user_id: UUID, password_hash: str, now: datetime
) -> None:
    """Replace a password hash; the password stays."""
    await conn.execute(
        "UPDATE crm.user_account SET password_hash = $3, updated_at = $4 "
        "WHERE tenant_id = $1 AND user_id = $2",
        tenant_id,
        user_id,
        password_hash,
        now,
    )


async def set_password(
    conn: Connection,
    *,
    tenant_id: UUID,
    user_id: UUID,
    password_hash: str,
    must_change: bool,
    kept: int,
    now: datetime,
) -> None:
    """Give a user a new password, and remember the last ``kept`` ones."""
    await conn.execute(
        "UPDATE crm.user_account SET password_hash = $3, must_change_password = $4, "
        "password_changed_at = $5 WHERE tenant_id = $1 AND user_id = $2",
        tenant_id,
        user_id,
        password_hash,
        must_change,
        now,
    )
    await conn.execute(
        "INSERT INTO crm.password_history (tenant_id, user_id, created_at, password_hash) "
        "VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        tenant_id,
        user_id,
        now,
        password_hash,
    )
    await conn.execute(
        """
        DELETE FROM crm.password_history WHERE tenant_id = $1 AND user_id = $2
           AND created_at NOT IN (
               SELECT created_at FROM crm.password_history
                WHERE tenant_id = $1 AND user_id = $2 ORDER BY created_at DESC LIMIT $3)
        """,
        tenant_id,
        user_id,
        kept,
    )


async def password_hashes(
    conn: Connection, *, tenant_id: UUID, user_id: UUID, limit: int
) -> list[str]:
    """Return the hashes of a user's password and of those he had lately, newest first."""
    rows = await conn.fetch(
        """
        SELECT password_hash FROM (
            SELECT password_hash, 'infinity'::timestamptz AS at FROM crm.user_account
             WHERE tenant_id = $1 AND user_id = $2
            UNION ALL
            SELECT password_hash, created_at FROM crm.password_history
             WHERE tenant_id = $1 AND user_id = $2) AS known
         GROUP BY password_hash ORDER BY max(at) DESC LIMIT $3
        """,
        tenant_id,
        user_id,
        limit,
    )
    return [row["password_hash"] for row in rows]


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
        must_change_password=row.get("must_change_password", False),
    )
