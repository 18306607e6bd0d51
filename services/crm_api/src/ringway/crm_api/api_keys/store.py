"""API keys as they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from ringway.crm_api.access import Permission, Role
from ringway.runtime.postgres import Connection

_COLUMNS = """k.key_id, k.user_id, u.username, k.name, k.prefix, k.scopes, k.created_at,
              k.expires_at, k.old_until, k.last_used_at, k.last_used_ip, k.revoked_at"""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret. ``old_until``: so long the secret before this one works too."""

    key_id: UUID
    user_id: UUID
    username: str
    name: str
    prefix: str
    scopes: tuple[Permission, ...]
    created_at: datetime
    expires_at: datetime
    old_until: datetime | None
    last_used_at: datetime | None
    last_used_ip: str
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Presented:
    """A key that somebody showed, with what decides whether it opens anything."""

    key: ApiKey
    secret_hash: bytes
    old_secret_hash: bytes | None
    role: Role
    agent_number: str | None
    is_owner_enabled: bool
    is_tenant_active: bool


async def add(
    conn: Connection,
    *,
    tenant_id: UUID,
    key_id: UUID,
    user_id: UUID,
    name: str,
    prefix: str,
    secret_hash: bytes,
    scopes: Sequence[Permission],
    now: datetime,
    expires_at: datetime,
) -> None:
    """Store a key."""
    await conn.execute(
        """
        INSERT INTO crm.api_key (tenant_id, key_id, user_id, name, prefix, secret_hash, scopes,
                                 created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        tenant_id,
        key_id,
        user_id,
        name,
        prefix,
        secret_hash,
        [scope.value for scope in scopes],
        now,
        expires_at,
    )


async def get(conn: Connection, *, tenant_id: UUID, key_id: UUID) -> ApiKey | None:
    """Return a key."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM crm.api_key k JOIN crm.user_account u USING (tenant_id, user_id) "  # noqa: S608 - constants
        "WHERE k.tenant_id = $1 AND k.key_id = $2",
        tenant_id,
        key_id,
    )
    return _key(row) if row is not None else None


async def page(
    conn: Connection, *, tenant_id: UUID, user_id: UUID | None, before: UUID | None, limit: int
) -> list[ApiKey]:
    """Return keys, newest first; with ``user_id`` only his."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS} FROM crm.api_key k JOIN crm.user_account u USING (tenant_id, user_id)
         WHERE k.tenant_id = $1 AND ($2::uuid IS NULL OR k.user_id = $2)
           AND ($3::uuid IS NULL OR k.key_id < $3)
         ORDER BY k.key_id DESC LIMIT $4
        """,  # noqa: S608 - a constant
        tenant_id,
        user_id,
        before,
        limit,
    )
    return [_key(row) for row in rows]


async def presented(conn: Connection, *, tenant_id: UUID, prefix: str) -> Presented | None:
    """Return the key with this prefix."""
    row = await conn.fetchrow(
        f"""
        SELECT {_COLUMNS}, k.secret_hash, k.old_secret_hash, u.role, u.agent_number,
               u.is_enabled, t.state
          FROM crm.api_key k JOIN crm.user_account u USING (tenant_id, user_id)
          JOIN crm.tenant t USING (tenant_id)
         WHERE k.tenant_id = $1 AND k.prefix = $2
        """,  # noqa: S608 - a constant
        tenant_id,
        prefix,
    )
    if row is None:
        return None
    return Presented(
        key=_key(row),
        secret_hash=row["secret_hash"],
        old_secret_hash=row["old_secret_hash"],
        role=Role(row["role"]),
        agent_number=row["agent_number"],
        is_owner_enabled=row["is_enabled"],
        is_tenant_active=row["state"] == "active",
    )


async def rotate(
    conn: Connection, *, tenant_id: UUID, key_id: UUID, secret_hash: bytes, old_until: datetime
) -> bool:
    """Give a key a new secret. False when it is revoked."""
    status = await conn.execute(
        "UPDATE crm.api_key SET old_secret_hash = secret_hash, old_until = $4, secret_hash = $3 "
        "WHERE tenant_id = $1 AND key_id = $2 AND revoked_at IS NULL",
        tenant_id,
        key_id,
        secret_hash,
        old_until,
    )
    return status != "UPDATE 0"


async def revoke(conn: Connection, *, tenant_id: UUID, key_id: UUID, now: datetime) -> bool:
    """End a key for good. False when it had ended."""
    status = await conn.execute(
        "UPDATE crm.api_key SET revoked_at = $3 "
        "WHERE tenant_id = $1 AND key_id = $2 AND revoked_at IS NULL",
        tenant_id,
        key_id,
        now,
    )
    return status != "UPDATE 0"


async def used(
    conn: Connection, *, tenant_id: UUID, key_id: UUID, client_ip: str, now: datetime
) -> None:
    """Note a sign of life."""
    await conn.execute(
        "UPDATE crm.api_key SET last_used_at = $3, last_used_ip = $4 "
        "WHERE tenant_id = $1 AND key_id = $2",
        tenant_id,
        key_id,
        now,
        client_ip,
    )


def _key(row: asyncpg.Record) -> ApiKey:
    known = set(Permission)
    return ApiKey(
        **{name: row[name] for name in ApiKey.__slots__ if name != "scopes"},
        scopes=tuple(Permission(each) for each in row["scopes"] if each in known),
    )
