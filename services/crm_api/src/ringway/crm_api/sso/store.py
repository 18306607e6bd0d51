"""Identity providers, who is who at them, and sign-ins on their way."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from ringway.crm_api.access import Role
from ringway.runtime.postgres import Connection


class NameTaken(Exception):
    """Another provider of the tenant has this name."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an administrator says of a provider."""

    name: str
    issuer: str
    client_id: str
    scopes: str
    redirect_uris: list[str]
    username_claim: str
    role_claim: str | None
    role_map: dict[str, Role]
    default_role: Role | None
    creates_users: bool
    is_enabled: bool


@dataclass(frozen=True, slots=True)
class Provider(Wanted):
    """A provider as it is stored; its secret is sealed."""

    provider_id: UUID
    client_secret: bytes | None
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Flow:
    """A sign-in on its way; the verifier is sealed."""

    provider_id: UUID
    browser_hash: bytes
    nonce: str
    verifier: bytes
    redirect_uri: str
    expires_at: datetime


async def add(
    conn: Connection,
    *,
    tenant_id: UUID,
    provider_id: UUID,
    wanted: Wanted,
    client_secret: bytes | None,
    now: datetime,
) -> Provider:
    """Store a provider. Raises NameTaken."""
    try:
        row = await conn.fetchrow(
            """
            INSERT INTO crm.identity_provider
                (tenant_id, provider_id, name, issuer, client_id, scopes, redirect_uris,
                 username_claim, role_claim, role_map, default_role, creates_users, is_enabled,
                 client_secret, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb, $11, $12, $13, $14, $15, $15)
            RETURNING *
            """,
            tenant_id,
            provider_id,
            *_values(wanted),
            client_secret,
            now,
        )
    except asyncpg.UniqueViolationError as error:
        raise NameTaken(wanted.name) from error
    return _provider(row)


async def change(
    conn: Connection,
    *,
    tenant_id: UUID,
    provider_id: UUID,
    wanted: Wanted,
    client_secret: bytes | None,
    version: int | None,
    now: datetime,
) -> Provider | None:
    """Change a provider; a secret of None stays. None when it is not there at ``version``."""
    try:
        row = await conn.fetchrow(
            """
            UPDATE crm.identity_provider SET
                name = $3, issuer = $4, client_id = $5, scopes = $6, redirect_uris = $7,
                username_claim = $8, role_claim = $9, role_map = $10::jsonb, default_role = $11,
                creates_users = $12, is_enabled = $13,
                client_secret = coalesce($14, client_secret), updated_at = $15,
                version = version + 1
             WHERE tenant_id = $1 AND provider_id = $2 AND ($16::integer IS NULL OR version = $16)
            RETURNING *
            """,
            tenant_id,
            provider_id,
            *_values(wanted),
            client_secret,
            now,
            version,
        )
    except asyncpg.UniqueViolationError as error:
        raise NameTaken(wanted.name) from error
    return _provider(row) if row is not None else None


async def get(conn: Connection, *, tenant_id: UUID, provider_id: UUID) -> Provider | None:
    """Return a provider."""
    row = await conn.fetchrow(
        "SELECT * FROM crm.identity_provider WHERE tenant_id = $1 AND provider_id = $2",
        tenant_id,
        provider_id,
    )
    return _provider(row) if row is not None else None


async def every(conn: Connection, *, tenant_id: UUID) -> list[Provider]:
    """Return the providers of a tenant by name."""
    rows = await conn.fetch(
        "SELECT * FROM crm.identity_provider WHERE tenant_id = $1 ORDER BY lower(name)", tenant_id
    )
    return [_provider(row) for row in rows]


async def remove(conn: Connection, *, tenant_id: UUID, provider_id: UUID) -> bool:
    """Remove a provider; its users stay. False when it is not there."""
    status = await conn.execute(
        "DELETE FROM crm.identity_provider WHERE tenant_id = $1 AND provider_id = $2",
        tenant_id,
        provider_id,
    )
    return status != "DELETE 0"


async def find_tenant(conn: Connection, *, slug: str) -> UUID | None:
    """Return the active tenant with this slug."""
    found: UUID | None = await conn.fetchval("SELECT crm.find_active_tenant($1)", slug)
    return found


async def add_flow(
    conn: Connection, *, tenant_id: UUID, state_hash: bytes, flow: Flow, now: datetime
) -> None:
    """Remember a sign-in on its way, and forget those that never came back."""
    await conn.execute(
        "DELETE FROM crm.sso_flow WHERE tenant_id = $1 AND expires_at < $2", tenant_id, now
    )
    await conn.execute(
        "INSERT INTO crm.sso_flow (tenant_id, state_hash, provider_id, browser_hash, nonce, "
        "verifier, redirect_uri, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        tenant_id,
        state_hash,
        flow.provider_id,
        flow.browser_hash,
        flow.nonce,
        flow.verifier,
        flow.redirect_uri,
        flow.expires_at,
    )


async def take_flow(conn: Connection, *, tenant_id: UUID, state_hash: bytes) -> Flow | None:
    """Return a sign-in on its way and forget it."""
    row = await conn.fetchrow(
        "DELETE FROM crm.sso_flow WHERE tenant_id = $1 AND state_hash = $2 "
        "RETURNING provider_id, browser_hash, nonce, verifier, redirect_uri, expires_at",
        tenant_id,
        state_hash,
    )
    return Flow(**row) if row is not None else None


async def user_of(
    conn: Connection, *, tenant_id: UUID, provider_id: UUID, subject: str, username: str
) -> UUID | None:
    """Return the user whom a subject is known as, else the one with this name."""
    found: UUID | None = await conn.fetchval(
        """
        SELECT coalesce(
            (SELECT user_id FROM crm.identity
              WHERE tenant_id = $1 AND provider_id = $2 AND subject = $3),
            (SELECT u.user_id FROM crm.user_account u
              WHERE u.tenant_id = $1 AND lower(u.username) = $4 AND NOT EXISTS (
                    SELECT FROM crm.identity i WHERE i.tenant_id = $1 AND i.provider_id = $2
                       AND i.user_id = u.user_id)))
        """,
        tenant_id,
        provider_id,
        subject,
        username,
    )
    return found


async def link(
    conn: Connection,
    *,
    tenant_id: UUID,
    provider_id: UUID,
    subject: str,
    user_id: UUID,
    now: datetime,
) -> None:
    """Remember who a subject is."""
    await conn.execute(
        "INSERT INTO crm.identity (tenant_id, provider_id, subject, user_id, created_at) "
        "VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        tenant_id,
        provider_id,
        subject,
        user_id,
        now,
    )


def _values(wanted: Wanted) -> list[Any]:
    values = {name: asdict(wanted)[name] for name in Wanted.__slots__}
    values["role_map"] = orjson.dumps(values["role_map"]).decode()
    return list(values.values())


def _provider(row: asyncpg.Record | None) -> Provider:
    assert row is not None
    fields = {**row, "role_map": orjson.loads(row["role_map"])}
    fields["role_map"] = {word: Role(role) for word, role in fields["role_map"].items()}
    fields["default_role"] = Role(row["default_role"]) if row["default_role"] else None
    del fields["tenant_id"]
    return Provider(**fields)
