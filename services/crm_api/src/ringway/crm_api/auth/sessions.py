"""Sessions: where somebody is signed in, and the end of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ringway.runtime.postgres import Connection

_COLUMNS = (
    """session_id, user_id, method, device, client_ip, created_at, last_seen_at, expires_at"""
)
SEEN_EVERY_S = 60.0  # a session's last sign of life is written this often


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in on one device."""

    session_id: UUID
    user_id: UUID
    method: str
    device: str
    client_ip: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


async def begin(
    conn: Connection,
    *,
    tenant_id: UUID,
    session_id: UUID,
    user_id: UUID,
    method: str,
    device: str,
    client_ip: str,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Remember a sign-in."""
    await conn.execute(
        """
        INSERT INTO crm.session (tenant_id, session_id, user_id, method, device, client_ip,
                                 created_at, last_seen_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)
        """,
        tenant_id,
        session_id,
        user_id,
        method,
        device,
        client_ip,
        now,
        expires_at,
    )


async def prolong(
    conn: Connection, *, tenant_id: UUID, session_id: UUID, now: datetime, expires_at: datetime
) -> bool:
    """Let a session live on. Returns False when it was ended."""
    status = await conn.execute(
        "UPDATE crm.session SET last_seen_at = $3, expires_at = $4 "
        "WHERE tenant_id = $1 AND session_id = $2 AND ended_at IS NULL",
        tenant_id,
        session_id,
        now,
        expires_at,
    )
    return status != "UPDATE 0"


async def seen(
    conn: Connection, *, tenant_id: UUID, session_id: UUID, client_ip: str, now: datetime
) -> None:
    """Note a sign of life."""
    await conn.execute(
        "UPDATE crm.session SET last_seen_at = greatest(last_seen_at, $3), client_ip = $4 "
        "WHERE tenant_id = $1 AND session_id = $2",
        tenant_id,
        session_id,
        now,
        client_ip,
    )


async def page(
    conn: Connection,
    *,
    tenant_id: UUID,
    user_id: UUID,
    now: datetime,
    before: UUID | None,
    limit: int,
) -> list[Session]:
    """Return the sessions of a user that are open, newest first."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS} FROM crm.session
         WHERE tenant_id = $1 AND user_id = $2 AND ended_at IS NULL AND expires_at > $3
           AND ($4::uuid IS NULL OR session_id < $4)
         ORDER BY session_id DESC LIMIT $5
        """,  # noqa: S608 - a constant
        tenant_id,
        user_id,
        now,
        before,
        limit,
    )
    return [Session(**row) for row in rows]


async def end(
    conn: Connection,
    *,
    tenant_id: UUID,
    now: datetime,
    because: str,
    user_id: UUID | None = None,
    session_id: UUID | None = None,
    except_session_id: UUID | None = None,
) -> int:
    """End open sessions: of a user, or one, or all of a user but one.

    Their refresh tokens are forgotten. Returns how many were open.
    """
    rows = await conn.fetch(
        """
        UPDATE crm.session SET ended_at = $2, ended_because = $3
         WHERE tenant_id = $1 AND ended_at IS NULL AND expires_at > $2
           AND ($4::uuid IS NULL OR user_id = $4)
           AND ($5::uuid IS NULL OR session_id = $5)
           AND ($6::uuid IS NULL OR session_id <> $6)
           AND ($4::uuid IS NOT NULL OR $5::uuid IS NOT NULL)
        RETURNING session_id
        """,
        tenant_id,
        now,
        because,
        user_id,
        session_id,
        except_session_id,
    )
    await conn.execute(
        "DELETE FROM crm.refresh_token WHERE tenant_id = $1 AND session_id = ANY($2)",
        tenant_id,
        [row["session_id"] for row in rows],
    )
    return len(rows)
