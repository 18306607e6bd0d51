"""Open orders and tasks of somebody who leaves: a colleague's, a team's in turn, or their teams'.

All of them change hands in the transaction of the act, set by set. Whom an order belongs to moves
none of its clocks and timers, so nothing else of it is looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.core.customers.assignment import Target
from ringway.crm_api.core.customers.gifts import Gift, Left
from ringway.crm_api.errors import Forbidden
from ringway.crm_api.giving import give_away, note, parts
from ringway.crm_api.teams import store as teams
from ringway.crm_api.work_orders import leaving_store as store
from ringway.crm_api.work_orders.leaving_store import OpenOrder
from ringway.crm_api.work_orders.reach import reach_of
from ringway.proto.crm_work_orders import WorkOrderChangedV1, WorkOrderNoticeV1
from ringway.runtime import outbox
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Heirs:
    """Who gets what somebody leaves.

    Args:
        users: In turn, by their weights; nobody: it waits in the teams that own it.
        team_id: Owns it from now on; None: whichever team owns it already.
    """

    users: Sequence[Target[UUID]] = ()
    team_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Handed:
    """How much changed hands: orders with people, orders in teams' queues, tasks."""

    given: int = 0
    to_team: int = 0
    tasks: int = 0
    by_user: Counter[UUID] = field(default_factory=Counter)


async def hand_over(
    conn: Connection,
    caller: Caller,
    *,
    from_user_id: UUID,
    heirs: Heirs,
    because: str,
    now: datetime,
    is_rule: bool = False,
) -> Handed:
    """Give all open orders and tasks of one user to his heirs; each tells it in its history.

    Args:
        because: The act, such as ``left``; it stands in history and in the audit log.
        is_rule: It follows of something else that the caller may do, so it is not asked
            whether he may give these orders.

    Raises:
        Forbidden: The caller may not give all of them; then none changes hands.
    """
    tenant_id = caller.tenant_id
    orders, tasks = await store.lock_open(conn, tenant_id=tenant_id, user_id=from_user_id)
    if not orders and not tasks:
        return Handed()
    team_id = await _team_of(conn, tenant_id, from_user_id)
    if not is_rule:
        await _check(conn, caller, from_user_id, team_id, orders)
    detail = {"from_user_id": str(from_user_id), "because": because}

    async def write_orders(part: Sequence[Gift]) -> None:
        changed = await store.give(conn, caller=caller, gifts=part, detail=detail, now=now)
        await _announce(conn, caller, changed, now)

    async def write_tasks(part: Sequence[Gift]) -> None:
        await store.give_tasks(conn, caller=caller, gifts=part, detail=detail, now=now)

    given = await give_away(
        [
            Left(each.work_order_id, team_id=heirs.team_id or each.team_id or team_id)
            for each in orders
            if each.assignee_id == from_user_id
        ],
        heirs.users,
        leaver=from_user_id,
        write=write_orders,
    )
    owners = {each.work_order_id: each.team_id for each in orders}
    order_of = {each.task_id: each.work_order_id for each in tasks}
    given_tasks = await give_away(
        [
            Left(each.task_id, team_id=each.team_id or owners[each.work_order_id] or team_id)
            for each in tasks
        ],
        heirs.users,
        leaver=from_user_id,
        write=write_tasks,
    )
    told = [(each.user_id, each.id, "assigned") for each in given.gifts]
    told += [(each.user_id, order_of[each.id], "task_added") for each in given_tasks.gifts]
    for some in parts(told):
        await _tell(conn, caller, some, now)
    handed = Handed(given.with_people, given.waiting, len(given_tasks.gifts), given.by_user)
    detail |= {"to_team_id": str(heirs.team_id)} if heirs.team_id is not None else {}
    counts = {"given": handed.given, "to_team": handed.to_team, "tasks": handed.tasks}
    await note(conn, caller, "work_orders.handed_over", from_user_id, given, detail | counts, now)
    return handed


async def _check(
    conn: Connection,
    caller: Caller,
    from_user_id: UUID,
    team_id: UUID | None,
    orders: Sequence[OpenOrder],
) -> None:
    leads: frozenset[UUID] = frozenset()
    if caller.may(Permission.WORK_ORDERS_WRITE):
        reach = await reach_of(conn, caller)
        if reach.sees_all or caller.user_id == from_user_id or team_id in reach.leads:
            return
        leads = reach.leads
    others = sum(each.team_id not in leads for each in orders)
    if others:
        raise Forbidden(
            "work_orders_not_yours",
            f"{others} of his open work orders are not yours to give: let his leader or somebody "
            "with work_orders.all and work_orders.write do it, or leave them with him "
            '("work_orders": "keep").',
        )


async def _team_of(conn: Connection, tenant_id: UUID, user_id: UUID) -> UUID | None:
    found = await teams.teams_of(conn, tenant_id=tenant_id, user_ids=[user_id])
    return found.get(user_id)


async def _announce(
    conn: Connection, caller: Caller, changed: Sequence[dict[str, Any]], now: datetime
) -> None:
    more = {"occurred_at": now, "tenant": caller.tenant, "action": "handed_over"}
    facts = [WorkOrderChangedV1.model_validate({**each, **more}) for each in changed]
    await outbox.add_many(conn, "crm", facts)


async def _tell(
    conn: Connection, caller: Caller, told: Sequence[tuple[UUID | None, UUID, str]], now: datetime
) -> None:
    """Tell everybody but the caller of each order that is his now."""
    notices = [
        (uuid7(), user_id, work_order_id, reason)
        for user_id, work_order_id, reason in told
        if user_id is not None and user_id != caller.user_id
    ]
    await store.add_notices(conn, tenant_id=caller.tenant_id, notices=notices, now=now)
    await outbox.add_many(
        conn,
        "crm",
        [
            WorkOrderNoticeV1(
                occurred_at=now,
                tenant=caller.tenant,
                work_order_id=str(work_order_id),
                notice_id=str(notice_id),
                agent_id=str(user_id),
                reason=reason,
            )
            for notice_id, user_id, work_order_id, reason in notices
        ],
    )
