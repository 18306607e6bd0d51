"""Open sales orders find somebody who looks after them when their owner leaves.

Who sold an order stays written there (``agent_id``): what he earns by it is his. Sales orders wait
in no team's queue, so what nobody gets in turn is his who has the customer. Nobody's customer's is
nobody's, and whoever gets the customer gets it with him.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.core.customers.assignment import Target
from ringway.crm_api.core.customers.gifts import Gift, Left
from ringway.crm_api.errors import Forbidden
from ringway.crm_api.giving import Given, give_away, note
from ringway.crm_api.orders import leaving_store as store
from ringway.proto.crm_sales import SalesOrderChangedV1
from ringway.runtime import outbox
from ringway.runtime.postgres import Connection

_NOBODY = UUID(int=0)


async def hand_over(
    conn: Connection,
    caller: Caller,
    *,
    from_user_id: UUID,
    heirs: Sequence[Target[UUID]],
    owners: Collection[UUID],
    because: str,
    now: datetime,
    to: store.WentTo,
    is_rule: bool = False,
) -> Given:
    """Give all open orders that one user looks after to others; each tells it in its history.

    The caller has said that he leaves (:func:`leaving_store.lock_leaver`).

    Args:
        heirs: Who gets them in turn; nobody: they are nobody's until somebody gets the customer.
        owners: Those of them who have an order's customer get it before any heir.
        because: The act, such as ``left``; it stands in history and in the audit log.
        to: Where that is: what opens again after he left goes there, too.
        is_rule: It follows of something else that the caller may do, so it is not asked
            whether he may give these orders.

    Raises:
        Forbidden: The caller may not give them; then none changes hands.
    """
    left = await store.lock_open(
        conn, tenant_id=caller.tenant_id, owner_id=from_user_id, owners=owners
    )
    if left or is_rule or _may(caller, from_user_id):
        await store.remember(
            conn, tenant_id=caller.tenant_id, user_id=from_user_id, to=to,
            is_only_first=is_rule and not left, now=now,
        )  # fmt: skip
    if not left:
        return Given()
    if not is_rule:
        _check(caller, from_user_id, len(left))
    detail = {"from_user_id": str(from_user_id), "because": because}

    async def write(part: Sequence[Gift]) -> None:
        by = (caller.user_id, caller.username)
        await _give(conn, caller.tenant_id, part, from_user_id, "handed_over", detail, by, now)

    given = await give_away(left, heirs, leaver=from_user_id, write=write)
    counts = {"given": given.with_people, "to_pool": given.waiting}
    await note(conn, caller, "sales_orders.handed_over", from_user_id, given, detail | counts, now)
    return given


async def give_reopened(
    conn: Connection,
    caller: Caller,
    left: Left,
    heirs: Sequence[Target[UUID]],
    *,
    leaver: UUID,
    now: datetime,
) -> None:
    """Give one order, which is locked, to the first of ``heirs``, or to nobody."""
    detail = {"from_user_id": str(leaver), "because": "reopened"}

    async def write(part: Sequence[Gift]) -> None:
        by = (caller.user_id, caller.username)
        await _give(conn, caller.tenant_id, part, leaver, "handed_over", detail, by, now)

    await give_away([left], heirs, leaver=leaver, write=write)


async def follow(
    conn: Connection,
    *,
    tenant_id: UUID,
    owners: Mapping[UUID, UUID],
    by: tuple[UUID | None, str],
    now: datetime,
) -> None:
    """Give nobody's open orders to those who have got their customers.

    Args:
        owners: The new owner by customer.
        by: Who gave the customers; nobody's id: the system.
    """
    actor = (by[0] or _NOBODY, by[1])

    async def write(part: Sequence[Gift]) -> None:
        await _give(conn, tenant_id, part, None, "assigned", {"because": "customer"}, actor, now)

    if not owners:
        return
    left = await store.lock_of_customers(conn, tenant_id=tenant_id, owners=owners)
    await give_away(left, [], leaver=_NOBODY, write=write)


def _may(caller: Caller, from_user_id: UUID) -> bool:
    sees_all = caller.may(Permission.CUSTOMERS_ALL) or caller.user_id == from_user_id
    return sees_all and caller.may(Permission.ORDERS_WRITE)


def _check(caller: Caller, from_user_id: UUID, orders: int) -> None:
    if not _may(caller, from_user_id):
        raise Forbidden(
            "sales_orders_not_yours",
            f"{orders} open sales orders that he looks after are not yours to give: let somebody "
            "with orders.write and customers.all do it, or leave them with him "
            '("sales_orders": "keep").',
        )


async def _give(
    conn: Connection,
    tenant_id: UUID,
    gifts: Sequence[Gift],
    was: UUID | None,
    kind: str,
    detail: Mapping[str, Any],
    by: tuple[UUID, str],
    now: datetime,
) -> None:
    """Write it, and tell everybody whom it concerns: each order's fact names its owner."""
    changed = await store.give(
        conn, tenant_id=tenant_id, gifts=gifts, was=was, kind=kind, detail=detail,
        actor_id=by[0], actor=by[1], now=now,
    )  # fmt: skip
    more = {"occurred_at": now, "tenant": str(tenant_id), "change": kind}
    facts = [SalesOrderChangedV1.model_validate({**each, **more}) for each in changed]
    await outbox.add_many(conn, "crm", facts)
