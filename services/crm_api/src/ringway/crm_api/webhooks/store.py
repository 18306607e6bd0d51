"""Endpoints as they are stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ringway.runtime.postgres import Connection

_COLUMNS = """webhook_id, url, event_types, sees, description, is_enabled, disabled_reason,
              failures, failing_since, last_success_at, old_until, version, created_at,
              updated_at"""


@dataclass(frozen=True, slots=True)
class Webhook:
    """An endpoint without its secrets.

    ``sees`` are the permissions that decide which events it is told of; ``old_until``: so long
    its former secret signs as well.
    """

    webhook_id: UUID
    url: str
    event_types: list[str]
    sees: list[str]
    description: str
    is_enabled: bool
    disabled_reason: str
    failures: int
    failing_since: datetime | None
    last_success_at: datetime | None
    old_until: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


async def lock_all(conn: Connection, *, tenant_id: UUID) -> int:
    """Return how many endpoints a tenant has; nobody else adds one before the commit."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock(hashtext('crm.webhook'), hashtext($1))", str(tenant_id)
    )
    found: int = await conn.fetchval(
        "SELECT count(*) FROM crm.webhook WHERE tenant_id = $1", tenant_id
    )
    return found


async def add(
    conn: Connection,
    *,
    tenant_id: UUID,
    webhook_id: UUID,
    url: str,
    event_types: list[str],
    sees: list[str],
    description: str,
    is_enabled: bool,
    secret: bytes,
    now: datetime,
) -> Webhook:
    """Store a new endpoint; ``secret`` is sealed."""
    row = await conn.fetchrow(
        f"""
        INSERT INTO crm.webhook (tenant_id, webhook_id, url, event_types, sees, description,
                                 is_enabled, secret, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) RETURNING {_COLUMNS}
        """,  # noqa: S608 - a constant
        *(tenant_id, webhook_id, url, event_types, sees, description, is_enabled, secret, now),
    )
    assert row is not None
    return Webhook(**row)


async def get(
    conn: Connection, *, tenant_id: UUID, webhook_id: UUID, lock: bool = False
) -> Webhook | None:
    """Return an endpoint."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM crm.webhook WHERE tenant_id = $1 AND webhook_id = $2"  # noqa: S608
        + (" FOR NO KEY UPDATE" if lock else ""),
        tenant_id,
        webhook_id,
    )
    return Webhook(**row) if row is not None else None


async def page(
    conn: Connection, *, tenant_id: UUID, after: UUID | None, limit: int
) -> list[Webhook]:
    """Return endpoints in the order in which they were made."""
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM crm.webhook WHERE tenant_id = $1 "  # noqa: S608 - a constant
        "AND ($2::uuid IS NULL OR webhook_id > $2) ORDER BY webhook_id LIMIT $3",
        tenant_id,
        after,
        limit,
    )
    return [Webhook(**row) for row in rows]


async def change(
    conn: Connection,
    *,
    tenant_id: UUID,
    webhook_id: UUID,
    url: str,
    event_types: list[str],
    sees: list[str],
    description: str,
    is_enabled: bool,
    now: datetime,
) -> Webhook:
    """Change an endpoint. One that is switched on begins without its failures."""
    row = await conn.fetchrow(
        f"""
        UPDATE crm.webhook
           SET url = $3, event_types = $4, sees = $5, description = $6, is_enabled = $7,
               disabled_reason = '', failures = 0, failing_since = NULL, paused_until = NULL,
               version = version + 1, updated_at = $8
         WHERE tenant_id = $1 AND webhook_id = $2 RETURNING {_COLUMNS}
        """,  # noqa: S608 - a constant
        *(tenant_id, webhook_id, url, event_types, sees, description, is_enabled, now),
    )
    assert row is not None
    return Webhook(**row)


async def switch_off(
    conn: Connection, *, tenant_id: UUID, webhook_id: UUID, reason: str, now: datetime
) -> bool:
    """Switch an endpoint off; False: it was off already."""
    done = await conn.fetchval(
        """
        UPDATE crm.webhook SET is_enabled = false, disabled_reason = $3, version = version + 1,
                               updated_at = $4
         WHERE tenant_id = $1 AND webhook_id = $2 AND is_enabled RETURNING true
        """,
        *(tenant_id, webhook_id, reason, now),
    )
    return bool(done)


async def rotate(
    conn: Connection,
    *,
    tenant_id: UUID,
    webhook_id: UUID,
    secret: bytes,
    old_until: datetime,
    now: datetime,
) -> Webhook | None:
    """Give an endpoint a new secret; the present one signs beside it until ``old_until``."""
    row = await conn.fetchrow(
        f"""
        UPDATE crm.webhook SET old_secret = secret, secret = $3, old_until = $4,
                               version = version + 1, updated_at = $5
         WHERE tenant_id = $1 AND webhook_id = $2 RETURNING {_COLUMNS}
        """,  # noqa: S608 - a constant
        *(tenant_id, webhook_id, secret, old_until, now),
    )
    return Webhook(**row) if row is not None else None


async def end_pause(conn: Connection, *, tenant_id: UUID, webhook_id: UUID) -> None:
    """Let an endpoint that failed be tried at once: somebody asked for it."""
    await conn.execute(
        "UPDATE crm.webhook SET paused_until = NULL WHERE tenant_id = $1 AND webhook_id = $2 "
        "AND paused_until IS NOT NULL",
        *(tenant_id, webhook_id),
    )


async def remove(conn: Connection, *, tenant_id: UUID, webhook_id: UUID) -> None:
    """Remove an endpoint with its deliveries."""
    await conn.execute(
        "DELETE FROM crm.webhook WHERE tenant_id = $1 AND webhook_id = $2", tenant_id, webhook_id
    )


async def note_success(
    conn: Connection, *, tenant_id: UUID, webhook_id: UUID, now: datetime
) -> None:
    """Note that an endpoint works. Not at each delivery: the row would be everybody's."""
    await conn.execute(
        """
        UPDATE crm.webhook SET failures = 0, failing_since = NULL, paused_until = NULL,
                               last_success_at = $3::timestamptz
         WHERE tenant_id = $1 AND webhook_id = $2
           AND (failures > 0 OR last_success_at IS NULL
                OR last_success_at < $3::timestamptz - interval '1 minute')
        """,
        *(tenant_id, webhook_id, now),
    )


async def note_failure(
    conn: Connection,
    *,
    tenant_id: UUID,
    webhook_id: UUID,
    paused_until: datetime,
    now: datetime,
) -> None:
    """Note that an endpoint failed."""
    await conn.execute(
        """
        UPDATE crm.webhook SET failures = failures + 1, paused_until = $3,
                               failing_since = coalesce(failing_since, $4)
         WHERE tenant_id = $1 AND webhook_id = $2
        """,
        *(tenant_id, webhook_id, paused_until, now),
    )
