"""Follow-ups: what was said to a customer, and what is to be done next."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import asyncpg

from ringway.crm_api.core.customers.assignment import Target
from ringway.crm_api.core.customers.gifts import Gift, Left
from ringway.crm_api.customers import scope as scopes
from ringway.crm_api.customers.changes import By
from ringway.crm_api.customers.scope import Scope
from ringway.crm_api.giving import give_away
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

_COLUMNS = """follow_up_id, customer_id, user_id, note, due_at, done_at, result, overdue_at, plan,
              version, created_by, created_at, updated_at"""

_OPEN = """
    SELECT f.follow_up_id AS id, f.customer_id,
           CASE WHEN c.owner_id = ANY ($3::uuid[]) THEN c.owner_id END AS first
      FROM crm.follow_up f
      JOIN crm.customer c ON c.tenant_id = $1 AND c.customer_id = f.customer_id
     WHERE f.tenant_id = $1 AND f.user_id = $2 AND f.done_at IS NULL
     ORDER BY f.follow_up_id FOR UPDATE OF f
"""
_GIVE = """
    WITH given AS (
        UPDATE crm.follow_up f SET user_id = g.user_id, version = f.version + 1, updated_at = $7
          FROM unnest($2::uuid[], $3::uuid[], $8::boolean[]) AS g (follow_up_id, user_id, is_news)
         WHERE f.tenant_id = $1 AND f.follow_up_id = g.follow_up_id
        RETURNING f.follow_up_id, f.customer_id, f.user_id, g.is_news
    )
    INSERT INTO crm.customer_change (tenant_id, customer_id, change_id, at, user_id, username,
                                     act, changes)
    SELECT $1, customer_id, uuidv7(), $7, $5, $6, 'handed_over',
           jsonb_build_object('follow_up_user_id', jsonb_build_array($4::uuid, user_id))
      FROM given WHERE is_news
"""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """One row of ``crm.follow_up``. ``plan``: the care plan that made it."""

    follow_up_id: UUID
    customer_id: UUID
    user_id: UUID
    note: str
    due_at: datetime | None
    done_at: datetime | None
    result: str
    overdue_at: datetime | None
    plan: str
    version: int
    created_by: UUID | None
    created_at: datetime
    updated_at: datetime


async def add(
    conn: Connection,
    *,
    tenant_id: UUID,
    customer_id: UUID,
    user_id: UUID,
    note: str,
    due_at: datetime | None,
    done_at: datetime | None,
    result: str,
    created_by: UUID | None,
    now: datetime,
) -> FollowUp:
    """Keep a follow-up and what it says about its customer."""
    row = await conn.fetchrow(
        f"""
        INSERT INTO crm.follow_up (tenant_id, follow_up_id, customer_id, user_id, note, due_at,
                                   done_at, result, created_by, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) RETURNING {_COLUMNS}
        """,  # noqa: S608 - constants
        *(tenant_id, uuid7(), customer_id, user_id, note, due_at, done_at, result, created_by, now),
    )
    await touch(conn, tenant_id=tenant_id, customer_id=customer_id, at=now)
    return _of(row)


async def get(
    conn: Connection, *, tenant_id: UUID, follow_up_id: UUID, lock: bool = False
) -> FollowUp | None:
    """Return one follow-up."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM crm.follow_up "  # noqa: S608 - constants
        f"WHERE tenant_id = $1 AND follow_up_id = $2{' FOR UPDATE' if lock else ''}",
        tenant_id,
        follow_up_id,
    )
    return _of(row) if row is not None else None


async def change(
    conn: Connection,
    *,
    tenant_id: UUID,
    follow_up: FollowUp,
    note: str,
    due_at: datetime | None,
    done_at: datetime | None,
    result: str,
    user_id: UUID,
    now: datetime,
) -> FollowUp:
    """Change a follow-up, if anything is new. With another due time it can be overdue anew."""
    wanted = replace(
        follow_up, note=note, due_at=due_at, done_at=done_at, result=result, user_id=user_id
    )
    if wanted == follow_up:
        return follow_up
    row = await conn.fetchrow(
        f"""
        UPDATE crm.follow_up SET note = $3, due_at = $4, done_at = $5, result = $6, user_id = $7,
               overdue_at = CASE WHEN due_at IS DISTINCT FROM $4 THEN NULL ELSE overdue_at END,
               version = version + 1, updated_at = $8
         WHERE tenant_id = $1 AND follow_up_id = $2 RETURNING {_COLUMNS}
        """,  # noqa: S608 - constants
        *(tenant_id, follow_up.follow_up_id, note, due_at, done_at, result, user_id, now),
    )
    is_news = done_at is not None and follow_up.done_at is None
    await touch(
        conn,
        tenant_id=tenant_id,
        customer_id=follow_up.customer_id,
        at=now if is_news else None,
    )
    return _of(row)


async def remove(conn: Connection, *, tenant_id: UUID, follow_up: FollowUp) -> None:
    """Delete a follow-up."""
    await conn.execute(
        "DELETE FROM crm.follow_up WHERE tenant_id = $1 AND follow_up_id = $2",
        tenant_id,
        follow_up.follow_up_id,
    )
    await touch(conn, tenant_id=tenant_id, customer_id=follow_up.customer_id, at=None)


async def touch(
    conn: Connection, *, tenant_id: UUID, customer_id: UUID, at: datetime | None
) -> None:
    """Let the customer's row say when he was followed up (``at``), and when he is to be next.

    Whoever was told that he would lose him keeps him when he followed him up.
    """
    await conn.execute(
        """
        UPDATE crm.customer c
           SET follow_up_at = (SELECT min(f.due_at) FROM crm.follow_up f
                                WHERE f.tenant_id = $1 AND f.customer_id = $2
                                  AND f.done_at IS NULL),
               followed_up_at = coalesce($3, c.followed_up_at),
               idle_since = CASE WHEN c.owner_id IS NOT NULL
                                 THEN coalesce($3, c.idle_since) END,
               reclaim_noted_at = CASE WHEN $3::timestamptz IS NULL
                                       THEN c.reclaim_noted_at END
         WHERE c.tenant_id = $1 AND c.customer_id = $2
        """,
        tenant_id,
        customer_id,
        at,
    )


async def of_customer(
    conn: Connection, *, tenant_id: UUID, customer_id: UUID, before: UUID | None, limit: int
) -> list[FollowUp]:
    """Return the follow-ups of a customer, newest first."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS} FROM crm.follow_up
         WHERE tenant_id = $1 AND customer_id = $2 AND ($3::uuid IS NULL OR follow_up_id < $3)
         ORDER BY follow_up_id DESC LIMIT $4
        """,  # noqa: S608 - constants
        tenant_id,
        customer_id,
        before,
        limit,
    )
    return [_of(row) for row in rows]


async def due(
    conn: Connection,
    *,
    scope: Scope,
    user_id: UUID | None,
    before: datetime | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[FollowUp]:
    """Return what is to be done for customers in ``scope``, in the order in which it is due."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS} FROM crm.follow_up f
         WHERE tenant_id = $1 AND done_at IS NULL AND due_at IS NOT NULL
           AND ($2::uuid IS NULL OR user_id = $2) AND ($3::timestamptz IS NULL OR due_at < $3)
           AND ($4::timestamptz IS NULL OR (due_at, follow_up_id) > ($4, $5::uuid))
           AND {scopes.of_rows("f", "$1", "$7")}
         ORDER BY due_at, follow_up_id LIMIT $6
        """,  # noqa: S608 - constants
        scope.tenant_id,
        user_id,
        before,
        *(after or (None, None)),
        limit,
        scope.user_id,
    )
    return [_of(row) for row in rows]


async def note_overdue(
    conn: Connection, *, tenant_id: UUID, now: datetime, most: int
) -> list[FollowUp]:
    """Note some follow-ups as told to be overdue, which nobody was told of; return them."""
    rows = await conn.fetch(
        f"""
        UPDATE crm.follow_up SET overdue_at = $2
         WHERE tenant_id = $1 AND follow_up_id IN (
            SELECT follow_up_id FROM crm.follow_up
             WHERE tenant_id = $1 AND done_at IS NULL AND overdue_at IS NULL AND due_at < $2
             ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED)
        RETURNING {_COLUMNS}
        """,  # noqa: S608 - constants
        tenant_id,
        now,
        most,
    )
    return [_of(row) for row in rows]


def _of(row: asyncpg.Record | None) -> FollowUp:
    assert row is not None
    return FollowUp(**row)


async def hand_over(
    conn: Connection,
    *,
    tenant_id: UUID,
    from_user_id: UUID,
    heirs: Sequence[Target[UUID]],
    owners: Collection[UUID],
    moved: Collection[UUID],
    by: By,
    now: datetime,
) -> int:
    """Give what somebody has to do to others; the customers' records tell of each.

    Args:
        heirs: Who gets it in turn; nobody: it waits until somebody gets the customer.
        owners: Those of them who have the customer get it before any heir.
        moved: Customers whose records tell already that they changed hands in this act.

    Returns:
        How many are others' now.
    """

    async def write(part: Sequence[Gift]) -> None:
        await conn.execute(
            _GIVE,
            *(tenant_id, [each.id for each in part], [each.user_id for each in part]),
            *(from_user_id, by.user_id, by.username, now),
            [customers[each.id] not in moved for each in part],
        )

    rows = await conn.fetch(_OPEN, tenant_id, from_user_id, list(owners))
    customers = {row["id"]: row["customer_id"] for row in rows}
    left = [Left(row["id"], first=row["first"]) for row in rows]
    given = await give_away(left, heirs, leaver=from_user_id, write=write, may_wait=False)
    return len(given.gifts)
