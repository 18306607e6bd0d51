"""What the dialer is asked to do with the call-backs of those who lose their customers.

A row is written in the transaction of the act. It is carried out as soon as the dialer answers,
and stays as the record of what became of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

_COLUMNS = """hand_over_id, because, from_user_id, to_user_id, is_cancelled, callback_ids,
              asked_by, asked_at, moved, to_team, cancelled, tries, last_error, done_at"""
_OPEN = "c.tenant_id = $1 AND c.state IN ('open', 'offered')"
_HAS_ANY = f"""
    SELECT EXISTS (SELECT 1 FROM dialer.callback_v c
                    WHERE {_OPEN} AND c.agent_id = ANY ($2::text[]))
"""  # noqa: S608 - a constant
# Whoever loses a customer loses what was promised to him; a request takes so many at a time.
_FOLLOW = f"""
    WITH his AS MATERIALIZED (
        SELECT c.callback_id, c.agent_id, c.phone_e164 FROM dialer.callback_v c
         WHERE {_OPEN} AND c.agent_id = ANY ($2::text[])
    ), lost AS (
        SELECT DISTINCT m.old, m.new, his.callback_id
          FROM his
          JOIN crm.customer_number n ON n.tenant_id = $1 AND n.phone_e164 = his.phone_e164
          JOIN unnest($3::uuid[], $4::uuid[], $5::uuid[]) AS m (customer_id, old, new)
            ON m.customer_id = n.customer_id AND m.old::text = his.agent_id
    ), parts AS (
        SELECT old, new, callback_id,
               (row_number() OVER (PARTITION BY old, new ORDER BY callback_id) - 1) / 1000 AS part
          FROM lost
    )
    INSERT INTO crm.callback_hand_over (tenant_id, hand_over_id, because, from_user_id, to_user_id,
                                        callback_ids, asked_by, asked_at, next_try_at)
    SELECT $1, uuidv7(), $6, old, new, array_agg(callback_id), $7, $8, $8
      FROM parts GROUP BY old, new, part
"""  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class HandOver:
    """One row of ``crm.callback_hand_over``; ``callback_ids`` None: all that he has."""

    hand_over_id: UUID
    because: str
    from_user_id: UUID
    to_user_id: UUID | None
    is_cancelled: bool
    callback_ids: list[str] | None
    asked_by: str
    asked_at: datetime
    moved: int
    to_team: int
    cancelled: int
    tries: int
    last_error: str
    done_at: datetime | None


async def ask_all(
    conn: Connection,
    *,
    tenant_id: UUID,
    because: str,
    from_user_id: UUID,
    to_user_id: UUID | None,
    is_cancelled: bool,
    by: str,
    now: datetime,
    wait: timedelta,
) -> UUID:
    """Note that all call-backs of somebody are to be handed over, by the worker after ``wait``."""
    hand_over_id = uuid7()
    await conn.execute(
        """
        INSERT INTO crm.callback_hand_over (tenant_id, hand_over_id, because, from_user_id,
                                            to_user_id, is_cancelled, asked_by, asked_at,
                                            next_try_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        *(tenant_id, hand_over_id, because, from_user_id, to_user_id, is_cancelled, by, now),
        now + wait,
    )
    return hand_over_id


async def follow(
    conn: Connection,
    *,
    tenant_id: UUID,
    moved: Sequence[tuple[UUID, UUID | None, UUID | None]],
    because: str,
    by: str,
    now: datetime,
) -> None:
    """Note that call-backs of customers who changed owners follow them.

    Args:
        moved: Each customer with his old and his new owner; None: the public pool.
    """
    lost = [each for each in moved if each[1] is not None]
    owners = sorted({str(old) for _, old, _ in lost})
    if not owners or not await conn.fetchval(_HAS_ANY, tenant_id, owners):
        return
    ids, old, new = ([each[n] for each in lost] for n in range(3))
    await conn.execute(_FOLLOW, tenant_id, owners, ids, old, new, because, by, now)


async def get(conn: Connection, *, tenant_id: UUID, hand_over_id: UUID) -> HandOver | None:
    """Return one hand-over."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM crm.callback_hand_over "  # noqa: S608 - a constant
        "WHERE tenant_id = $1 AND hand_over_id = $2",
        *(tenant_id, hand_over_id),
    )
    return HandOver(**row) if row is not None else None


async def page(
    conn: Connection,
    *,
    tenant_id: UUID,
    from_user_id: UUID | None,
    is_done: bool | None,
    before: UUID | None,
    limit: int,
) -> list[HandOver]:
    """Return hand-overs, the newest first."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS} FROM crm.callback_hand_over
         WHERE tenant_id = $1 AND ($2::uuid IS NULL OR from_user_id = $2)
           AND ($3::boolean IS NULL OR (done_at IS NOT NULL) = $3)
           AND ($4::uuid IS NULL OR hand_over_id < $4)
         ORDER BY hand_over_id DESC LIMIT $5
        """,  # noqa: S608 - a constant
        *(tenant_id, from_user_id, is_done, before, limit),
    )
    return [HandOver(**row) for row in rows]


async def claim(conn: Connection, *, now: datetime, again: datetime) -> tuple[UUID, UUID] | None:
    """Take one that waits; nobody else does until ``again``. Return its tenant and its id."""
    row = await conn.fetchrow("SELECT * FROM crm.claim_callback_hand_over($1, $2)", now, again)
    return (row["tenant_id"], row["hand_over_id"]) if row is not None else None


async def finish(
    conn: Connection, *, tenant_id: UUID, hand_over_id: UUID, sums: dict[str, int], now: datetime
) -> HandOver | None:
    """Write what became of it; None: somebody else has."""
    row = await conn.fetchrow(
        f"""
        UPDATE crm.callback_hand_over
           SET moved = $3, to_team = $4, cancelled = $5, next_try_at = NULL, done_at = $6,
               last_error = ''
         WHERE tenant_id = $1 AND hand_over_id = $2 AND done_at IS NULL
        RETURNING {_COLUMNS}
        """,  # noqa: S608 - a constant
        *(tenant_id, hand_over_id, sums["moved"], sums["to_team"], sums["cancelled"], now),
    )
    return HandOver(**row) if row is not None else None


async def postpone(
    conn: Connection, *, tenant_id: UUID, hand_over_id: UUID, error: str, until: datetime
) -> None:
    """Try it again later."""
    await conn.execute(
        "UPDATE crm.callback_hand_over SET next_try_at = $4, last_error = $3 "
        "WHERE tenant_id = $1 AND hand_over_id = $2 AND done_at IS NULL",
        *(tenant_id, hand_over_id, error[:500], until),
    )
