"""Deliveries: one for each endpoint and event, and what became of each attempt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from ringway.runtime.postgres import Connection

_COLUMNS = """
    d.delivery_id, d.webhook_id, d.event_id, d.type, d.state, d.attempts, d.next_try_at,
    d.created_at, d.delivered_at, a.at AS last_at, a.status AS last_status,
    a.latency_s AS last_latency_s, a.error AS last_error
"""
_FROM = """
    crm.webhook_delivery d LEFT JOIN crm.webhook_attempt a
      ON a.tenant_id = d.tenant_id AND a.delivery_id = d.delivery_id AND a.attempt_no = d.attempts
"""
_BEGUN_ANEW = "state = 'pending', tries = 0, next_try_at = $3, delivered_at = NULL"
_ATTEMPTS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery with its last attempt."""

    delivery_id: UUID
    webhook_id: UUID
    event_id: str
    type: str
    state: str
    attempts: int
    next_try_at: datetime | None
    created_at: datetime
    delivered_at: datetime | None
    last_at: datetime | None
    last_status: int | None
    last_latency_s: float | None
    last_error: str | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt. ``answer`` is the beginning of what the receiver said."""

    attempt_no: int
    at: datetime
    status: int | None
    latency_s: float
    error: str
    answer: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that this process sends now. Secrets are sealed."""

    tenant_id: UUID
    delivery_id: UUID
    webhook_id: UUID
    event_id: str
    body: str
    url: str
    secret: bytes
    old_secret: bytes | None
    old_until: datetime | None
    attempts: int
    tries: int


async def add(
    conn: Connection,
    *,
    tenant_id: UUID,
    event_id: str,
    type_name: str,
    body: str,
    to: Sequence[tuple[UUID, UUID]],
    now: datetime,
) -> int:
    """Store an event and its deliveries, each once; return how many are new.

    ``to`` are endpoints and ids of deliveries. What an endpoint that is off misses is held.
    """
    rows = await conn.fetch(
        """
        WITH wanted AS (
            SELECT w.webhook_id, t.delivery_id, w.is_enabled
              FROM unnest($6::uuid[], $7::uuid[]) AS t (webhook_id, delivery_id)
              JOIN crm.webhook w ON w.tenant_id = $1 AND w.webhook_id = t.webhook_id
        ), event AS (
            INSERT INTO crm.webhook_event (tenant_id, event_id, type, body, created_at)
            SELECT $1, $2, $3, $4, $5 WHERE EXISTS (SELECT 1 FROM wanted)
            ON CONFLICT (tenant_id, event_id) DO NOTHING
        )
        INSERT INTO crm.webhook_delivery (tenant_id, delivery_id, webhook_id, event_id, type,
                                          state, next_try_at, created_at)
        SELECT $1, delivery_id, webhook_id, $2, $3,
               CASE WHEN is_enabled THEN 'pending' ELSE 'held' END,
               CASE WHEN is_enabled THEN $5::timestamptz END, $5
          FROM wanted
        ON CONFLICT (tenant_id, webhook_id, event_id) DO NOTHING RETURNING 1
        """,
        *(tenant_id, event_id, type_name, body, now),
        [webhook_id for webhook_id, _ in to],
        [delivery_id for _, delivery_id in to],
    )
    return len(rows)


async def claim(
    conn: Connection,
    *,
    now: datetime,
    claim: UUID,
    hold: timedelta,
    at_most: int,
    failing: bool,
    per_webhook: int,
    per_tenant: int,
) -> list[Claimed]:
    """Take due deliveries of all tenants; ``failing``: of endpoints that failed last."""
    rows = await conn.fetch(
        "SELECT * FROM crm.claim_webhook_deliveries($1, $2, $3, $4, $5, $6, $7)",
        *(now, claim, hold, at_most, failing, per_webhook, per_tenant),
    )
    return [Claimed(**row) for row in rows]


async def settle(
    conn: Connection,
    *,
    tenant_id: UUID,
    delivery_id: UUID,
    claim: UUID,
    is_delivered: bool,
    next_try_at: datetime | None,
    attempt: Attempt,
    now: datetime,
) -> bool:
    """Write an attempt down; False: the delivery was taken from us meanwhile."""
    made: int | None = await conn.fetchval(
        """
        UPDATE crm.webhook_delivery
           SET attempts = attempts + 1, tries = tries + 1, claimed_by = NULL, claimed_until = NULL,
               state = CASE WHEN $4::boolean THEN 'delivered' WHEN state = 'held' THEN 'held'
                            WHEN $5::timestamptz IS NULL THEN 'failed' ELSE 'pending' END,
               next_try_at = CASE WHEN $4 OR state = 'held' THEN NULL ELSE $5 END,
               delivered_at = CASE WHEN $4 THEN $6::timestamptz END
         WHERE tenant_id = $1 AND delivery_id = $2 AND claimed_by = $3 RETURNING attempts
        """,
        *(tenant_id, delivery_id, claim, is_delivered, next_try_at, now),
    )
    if made is None:
        return False
    await conn.execute(
        """
        INSERT INTO crm.webhook_attempt (tenant_id, delivery_id, attempt_no, at, status,
                                         latency_s, error, answer)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        *(tenant_id, delivery_id, made, attempt.at, attempt.status, attempt.latency_s),
        *(attempt.error, attempt.answer),
    )
    return True


async def hold_pending(conn: Connection, *, tenant_id: UUID, webhook_id: UUID) -> None:
    """Hold what an endpoint that is switched off was still to be sent."""
    await conn.execute(
        """
        UPDATE crm.webhook_delivery SET state = 'held', next_try_at = NULL
         WHERE tenant_id = $1 AND webhook_id = $2 AND state = 'pending'
        """,
        *(tenant_id, webhook_id),
    )


async def get(
    conn: Connection, *, tenant_id: UUID, webhook_id: UUID, delivery_id: UUID
) -> Delivery | None:
    """Return a delivery of an endpoint."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM {_FROM} WHERE d.tenant_id = $1 AND d.webhook_id = $2 "  # noqa: S608
        "AND d.delivery_id = $3",
        *(tenant_id, webhook_id, delivery_id),
    )
    return Delivery(**row) if row is not None else None


async def page(
    conn: Connection,
    *,
    tenant_id: UUID,
    webhook_id: UUID,
    state: str | None,
    before: UUID | None,
    limit: int,
) -> list[Delivery]:
    """Return deliveries of an endpoint, newest first."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS} FROM {_FROM}
         WHERE d.tenant_id = $1 AND d.webhook_id = $2 AND ($3::text IS NULL OR d.state = $3)
           AND ($4::uuid IS NULL OR d.delivery_id < $4)
         ORDER BY d.delivery_id DESC LIMIT $5
        """,  # noqa: S608 - constants
        *(tenant_id, webhook_id, state, before, limit),
    )
    return [Delivery(**row) for row in rows]


async def body_of(conn: Connection, *, tenant_id: UUID, event_id: str) -> str:
    """Return an event as it is sent."""
    body: str = await conn.fetchval(
        "SELECT body FROM crm.webhook_event WHERE tenant_id = $1 AND event_id = $2",
        *(tenant_id, event_id),
    )
    return body


async def attempts(conn: Connection, *, tenant_id: UUID, delivery_id: UUID) -> list[Attempt]:
    """Return the attempts of a delivery, newest first."""
    rows = await conn.fetch(
        """
        SELECT attempt_no, at, status, latency_s, error, answer FROM crm.webhook_attempt
         WHERE tenant_id = $1 AND delivery_id = $2 ORDER BY attempt_no DESC LIMIT $3
        """,
        *(tenant_id, delivery_id, _ATTEMPTS_SHOWN),
    )
    return [Attempt(**row) for row in rows]


async def begin_anew(
    conn: Connection, *, tenant_id: UUID, delivery_id: UUID, now: datetime
) -> None:
    """Send a delivery (again), from its first try."""
    await conn.execute(
        f"UPDATE crm.webhook_delivery SET {_BEGUN_ANEW} "  # noqa: S608 - a constant
        "WHERE tenant_id = $1 AND delivery_id = $2",
        *(tenant_id, delivery_id, now),
    )


async def replay(
    conn: Connection,
    *,
    tenant_id: UUID,
    webhook_id: UUID,
    since: datetime,
    with_delivered: bool,
    now: datetime,
    limit: int,
) -> int:
    """Send what an endpoint did not get since a time, oldest first; return how many."""
    rows = await conn.fetch(
        f"""
        UPDATE crm.webhook_delivery SET {_BEGUN_ANEW}
         WHERE tenant_id = $1 AND delivery_id IN (
            SELECT delivery_id FROM crm.webhook_delivery
             WHERE tenant_id = $1 AND webhook_id = $2 AND created_at >= $4
               AND (state IN ('failed', 'held') OR ($5 AND state = 'delivered'))
             ORDER BY delivery_id LIMIT $6)
        RETURNING 1
        """,  # noqa: S608 - a constant
        *(tenant_id, webhook_id, now, since, with_delivered, limit),
    )
    return len(rows)
