"""Customers change owners: one statement decides each race, writes and remembers.

A statement locks the rows that it means, in the order of their ids, and looks again at what it
was told of them when it had to wait: of two who want one customer the second does not get him.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from ringway.crm_api.customers import hand_over_store
from ringway.crm_api.customers import scope as scopes
from ringway.crm_api.customers.changes import By
from ringway.crm_api.customers.fields import Fields
from ringway.crm_api.customers.policy import AssignmentRule
from ringway.crm_api.customers.scope import Scope
from ringway.crm_api.customers.search import Filters, Parameters, compare_sql, condition
from ringway.crm_api.orders import leaving as sales_orders
from ringway.crm_api.orders.leaving_store import IS_OPEN
from ringway.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Moved:
    """A customer who changed owners; None is the public pool."""

    customer_id: UUID
    old: UUID | None
    new: UUID | None


# $1 tenant, $2 now, $3 and $4 who does it, $5 the act; ``chosen`` gives customer_id, old, new.
_MOVE = """
    WITH chosen AS ({chosen}),
    moved AS (
        UPDATE crm.customer c
           SET owner_id = h.new,
               owned_since = CASE WHEN h.new IS NOT NULL THEN $2::timestamptz END,
               idle_since = CASE WHEN h.new IS NOT NULL THEN $2::timestamptz END,
               reclaim_noted_at = NULL, version = c.version + 1, updated_at = $2
          FROM chosen h
         WHERE c.tenant_id = $1 AND c.customer_id = h.customer_id
        RETURNING c.customer_id, h.old, h.new
    ), remembered AS (
        INSERT INTO crm.customer_change (tenant_id, customer_id, change_id, at, user_id, username,
                                         act, changes)
        SELECT $1, customer_id, uuidv7(), $2, $3::uuid, $4::text, $5::text,
               jsonb_build_object('owner_id', jsonb_build_array(old, new))
          FROM moved
    )
    SELECT customer_id, old, new FROM moved
"""
_GIVE = """
    SELECT c.customer_id, c.owner_id AS old, w.owner_id AS new
      FROM crm.customer c
      JOIN unnest($6::uuid[], $7::uuid[]) AS w (customer_id, owner_id)
        ON w.customer_id = c.customer_id
     WHERE c.tenant_id = $1 AND ($8 OR c.owner_id IS NOT DISTINCT FROM $9::uuid)
       AND c.owner_id IS DISTINCT FROM w.owner_id
     ORDER BY c.customer_id FOR UPDATE OF c
"""
_RELEASE = """
    SELECT c.customer_id, c.owner_id AS old, NULL::uuid AS new FROM crm.customer c
     WHERE c.tenant_id = $1 AND c.owner_id = $6::uuid
       AND ($7::uuid[] IS NULL OR c.customer_id = ANY ($7))
     ORDER BY c.customer_id FOR UPDATE OF c
"""
_RECLAIM = """
    SELECT c.customer_id, c.owner_id AS old, NULL::uuid AS new FROM crm.customer c
     WHERE c.tenant_id = $1 AND c.owner_id IS NOT NULL AND c.idle_since < $6
       AND ($7::timestamptz IS NULL OR c.reclaim_noted_at <= $7)
       AND CASE WHEN $8::text IS NULL THEN c.grade IS NULL OR c.grade <> ALL ($9::text[])
                ELSE c.grade = $8 END
     ORDER BY c.customer_id LIMIT $10 FOR UPDATE OF c SKIP LOCKED
"""
_NOTICE = """
    UPDATE crm.customer c SET reclaim_noted_at = $2
     WHERE c.tenant_id = $1 AND c.customer_id IN (
        SELECT c.customer_id FROM crm.customer c
         WHERE c.tenant_id = $1 AND c.owner_id IS NOT NULL AND c.idle_since < $3
           AND c.reclaim_noted_at IS NULL
           AND CASE WHEN $4::text IS NULL THEN c.grade IS NULL OR c.grade <> ALL ($5::text[])
                    ELSE c.grade = $4 END
         ORDER BY c.customer_id LIMIT $6 FOR UPDATE OF c SKIP LOCKED)
    RETURNING c.owner_id
"""
# He has a follow-up for them, or looks after their order.
_OTHERS = f"""
    SELECT DISTINCT c.owner_id FROM crm.customer c
     WHERE c.tenant_id = $1 AND c.owner_id <> $2 AND c.customer_id IN (
        SELECT f.customer_id FROM crm.follow_up f
         WHERE f.tenant_id = $1 AND f.user_id = $2 AND f.done_at IS NULL
        UNION
        SELECT o.customer_id FROM crm.sales_order o
         WHERE o.tenant_id = $1 AND o.owner_id = $2 AND {IS_OPEN})
"""  # noqa: S608 - constants


async def give(
    conn: Connection,
    *,
    tenant_id: UUID,
    given: Sequence[tuple[UUID, UUID | None]],
    by: By,
    now: datetime,
    act: str,
    expected: UUID | None = None,
    from_anybody: bool = False,
    leaver: UUID | None = None,
) -> list[Moved]:
    """Give each customer to his new owner, or to the public pool (None).

    Args:
        expected: Whose they must still be; None: nobody's.
        from_anybody: It does not matter whose they are.
        leaver: What he has to do for them, and promised them, is handed over by itself. What
            others have to do, and what old owners promised, follows the customers.

    Returns:
        Those who moved. The others are somebody else's now, or were his already.
    """
    moved = await _move(
        conn, _GIVE, tenant_id, by, now, act,
        [customer_id for customer_id, _ in given], [owner for _, owner in given],
        from_anybody, expected,
    )  # fmt: skip
    await _follow(conn, tenant_id, moved, by, now, leaver)
    if leaver is None:
        await _callbacks_follow(conn, tenant_id, moved, by, now, act)
    return moved


async def release(
    conn: Connection,
    *,
    tenant_id: UUID,
    owner_id: UUID,
    by: By,
    now: datetime,
    act: str,
    customer_ids: Sequence[UUID] | None = None,
) -> list[Moved]:
    """Give customers of one owner back to the public pool: these, with the call-backs that he
    promised them, or all that he has."""
    ids = list(customer_ids) if customer_ids is not None else None
    moved = await _move(conn, _RELEASE, tenant_id, by, now, act, owner_id, ids)
    if ids is not None:
        await _callbacks_follow(conn, tenant_id, moved, by, now, act)
    return moved


async def claim(
    conn: Connection,
    *,
    tenant_id: UUID,
    owner_id: UUID,
    wanted: Filters,
    fields: Fields,
    by: By,
    now: datetime,
    most: int,
) -> list[Moved]:
    """Take customers out of the public pool, oldest first; whom others are taking are skipped."""
    args = Parameters([tenant_id, now, by.user_id, by.username, "claimed"])
    own = args.add(owner_id, "uuid")
    base = condition(wanted, scopes.everything(tenant_id), fields, args)
    chosen = f"""
        SELECT c.customer_id, c.owner_id AS old, {own} AS new FROM crm.customer c
         WHERE c.owner_id IS NULL AND {base}
         ORDER BY c.customer_id LIMIT {args.add(most)} FOR UPDATE OF c SKIP LOCKED
    """  # noqa: S608 - see fields.py
    rows = await conn.fetch(_MOVE.format(chosen=chosen), *args)
    moved = [Moved(*row) for row in rows]
    await _follow(conn, tenant_id, moved, by, now)
    return moved


async def reclaim(
    conn: Connection,
    *,
    tenant_id: UUID,
    idle_before: datetime,
    noted_before: datetime | None,
    grade: str | None,
    other_grades: Sequence[str],
    by: By,
    now: datetime,
    most: int,
) -> list[Moved]:
    """Take back customers whom nobody has followed up, some at a time.

    Args:
        noted_before: Their owners were told at or before; None: they need not be told.
        grade: Of these; None: of those that have none of ``other_grades``.
    """
    moved = await _move(
        conn, _RECLAIM, tenant_id, by, now, "reclaimed",
        idle_before, noted_before, grade, list(other_grades), most,
    )  # fmt: skip
    await _callbacks_follow(conn, tenant_id, moved, by, now, "reclaimed")
    return moved


async def note_reclaim(
    conn: Connection,
    *,
    tenant_id: UUID,
    idle_before: datetime,
    grade: str | None,
    other_grades: Sequence[str],
    now: datetime,
    most: int,
) -> Counter[UUID]:
    """Note that owners are told now of what will be reclaimed; return how many of each owner's."""
    rows = await conn.fetch(_NOTICE, tenant_id, now, idle_before, grade, list(other_grades), most)
    return Counter(row["owner_id"] for row in rows)


async def candidates(
    conn: Connection,
    *,
    wanted: Filters,
    scope: Scope,
    fields: Fields,
    rules: Sequence[AssignmentRule],
    from_anybody: bool,
    expected: UUID | None,
    customer_ids: Sequence[UUID] | None,
    most: int,
) -> list[tuple[UUID, int | None]]:
    """Return whom an assignment means, in the order of their ids, each with the rule that fits.

    Raises:
        Invalid: A condition makes no sense.
    """
    args = Parameters()
    base = condition(wanted, scope, fields, args)
    cases = [_rule_sql(rule, number, fields, args) for number, rule in enumerate(rules)]
    case = f"CASE {' '.join(cases)} END" if cases else "NULL::integer"
    if customer_ids is not None:
        base += f" AND c.customer_id = ANY ({args.add(list(customer_ids), 'uuid[]')})"
    elif not from_anybody:
        base += f" AND c.owner_id IS NOT DISTINCT FROM {args.add(expected, 'uuid')}"
    rows = await conn.fetch(
        f"SELECT c.customer_id, {case} AS rule FROM crm.customer c WHERE {base} "  # noqa: S608
        f"ORDER BY c.customer_id LIMIT {args.add(most)}",
        *args,
    )
    return [(row["customer_id"], row["rule"]) for row in rows]


def _rule_sql(rule: AssignmentRule, number: int, fields: Fields, args: Parameters) -> str:
    tests = [f"({compare_sql(each, fields, args)})" for each in rule.where] or ["true"]
    return f"WHEN {' AND '.join(tests)} THEN {number}"


async def lock_owner(conn: Connection, owner_id: UUID) -> None:
    """Let nobody else count what this owner has until the transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 851))", str(owner_id))


async def owned(conn: Connection, *, tenant_id: UUID, owner_id: UUID) -> int:
    """Return how many customers somebody has."""
    found: int = await conn.fetchval(
        "SELECT count(*) FROM crm.customer WHERE tenant_id = $1 AND owner_id = $2",
        tenant_id,
        owner_id,
    )
    return found


async def enabled(conn: Connection, *, tenant_id: UUID, user_ids: Sequence[UUID]) -> set[UUID]:
    """Return who of these is enabled; nobody is disabled until the transaction ends."""
    rows = await conn.fetch(
        "SELECT user_id FROM crm.user_account "
        "WHERE tenant_id = $1 AND user_id = ANY ($2::uuid[]) AND is_enabled "
        "ORDER BY user_id FOR SHARE",
        tenant_id,
        list(user_ids),
    )
    return {row["user_id"] for row in rows}


async def others_with_customers_of(
    conn: Connection, *, tenant_id: UUID, user_id: UUID
) -> list[UUID]:
    """Return whose the customers are for whom somebody else has something to do."""
    rows = await conn.fetch(_OTHERS, tenant_id, user_id)
    return [row["owner_id"] for row in rows]


def since(now: datetime, days: float) -> datetime:
    """Return the moment so many days before ``now``."""
    return now - timedelta(days=days)


async def _move(
    conn: Connection, chosen: str, tenant_id: UUID, by: By, now: datetime, act: str, *args: object
) -> list[Moved]:
    rows = await conn.fetch(
        _MOVE.format(chosen=chosen), tenant_id, now, by.user_id, by.username, act, *args
    )
    return [Moved(*row) for row in rows]


async def _follow(
    conn: Connection,
    tenant_id: UUID,
    moved: Sequence[Moved],
    by: By,
    now: datetime,
    leaver: UUID | None = None,
) -> None:
    """What is still to be done with a customer, but not by the leaver, is his new owner's."""
    await conn.execute(
        """
        UPDATE crm.follow_up f SET user_id = m.owner_id
          FROM unnest($2::uuid[], $3::uuid[]) AS m (customer_id, owner_id)
         WHERE f.tenant_id = $1 AND f.customer_id = m.customer_id AND f.done_at IS NULL
           AND m.owner_id IS NOT NULL AND f.user_id IS DISTINCT FROM $4
        """,
        tenant_id,
        [each.customer_id for each in moved],
        [each.new for each in moved],
        leaver,
    )
    new = {each.customer_id: each.new for each in moved if each.new is not None}
    actor = (by.user_id, by.username)
    await sales_orders.follow(conn, tenant_id=tenant_id, owners=new, by=actor, now=now)


async def _callbacks_follow(
    conn: Connection, tenant_id: UUID, moved: Sequence[Moved], by: By, now: datetime, act: str
) -> None:
    changed = [(each.customer_id, each.old, each.new) for each in moved]
    await hand_over_store.follow(
        conn, tenant_id=tenant_id, moved=changed, because=act, by=by.username, now=now
    )
