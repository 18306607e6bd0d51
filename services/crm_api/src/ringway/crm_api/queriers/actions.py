"""What can be done with rows: one function for each kind of action, for some rows at a time.

A step runs in the transaction that notes its rows as done. What leaves the database (leads for
the dialer) is known by the operation and the step, so that a repeat changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import assert_never
from uuid import UUID

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.customers import facts, moves, pools, scope
from ringway.crm_api.customers import fields as known_fields
from ringway.crm_api.customers import store as customers
from ringway.crm_api.customers.changes import By
from ringway.crm_api.customers.words import MAX_TAGS
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Forbidden, Invalid
from ringway.crm_api.imports import service as imports
from ringway.crm_api.lists import store as lists
from ringway.crm_api.lists.queries import lead_of
from ringway.crm_api.queriers.schemas import Action, AddToList, AssignOperation, Send, Tag
from ringway.proto.crm_queriers import QuerierRowsSentV1
from ringway.runtime import outbox
from ringway.runtime.postgres import Connection

STEP = 200  # rows
_NEEDS = {
    "assign": Permission.CUSTOMERS_ASSIGN,
    "tag": Permission.CUSTOMERS_WRITE,
    "add_to_list": Permission.LISTS_WRITE,
    "send": Permission.QUERIERS_EXPORT,
}


@dataclass(frozen=True, slots=True)
class Step:
    """Some rows of an operation. ``number`` counts from 0, ``first`` is the first's position."""

    operation_id: UUID
    querier_id: UUID
    source: str
    number: int
    first: int
    row_ids: Sequence[str]


def is_about_customers(action: Action) -> bool:
    """Whether its rows are customers; else they are those of the query's own source."""
    return not isinstance(action, Send)


async def check(conn: Connection, caller: Caller, action: Action) -> None:
    """Return when ``caller`` may do this, and it makes sense.

    Raises:
        Forbidden: He may not.
        Invalid: It names an agent or a list that is not there.
    """
    needed = _NEEDS[action.kind]
    if not caller.may(needed):
        raise Forbidden(
            "action_not_allowed",
            f"To {action.kind} the rows needs the permission {needed}.",
            extra={"permission": needed.value},
        )
    if isinstance(action, AssignOperation):
        there = await moves.enabled(conn, tenant_id=caller.tenant_id, user_ids=action.user_ids)
        for user_id in action.user_ids:
            if user_id not in there:
                raise Invalid("user_unknown", f"There is no enabled user {user_id}.")
    elif isinstance(action, AddToList):
        if not await lists.exists(conn, tenant_id=caller.tenant_id, list_id=action.list_id):
            raise Invalid("list_unknown", f"There is no list {action.list_id}.")
    elif isinstance(action, Tag) and not (action.add or action.remove):
        raise Invalid("tags_missing", "Name tags to add or to remove.")


async def perform(deps: Deps, conn: Connection, caller: Caller, action: Action, step: Step) -> int:
    """Do it to some rows; return how many were not so before.

    Raises:
        Forbidden, Invalid: As :func:`check`: it may have changed since.
        DependencyDown: The dialer does not answer; try again.
    """
    await check(conn, caller, action)
    if isinstance(action, Send):
        return await _send(deps, conn, caller, action, step)
    ids = [UUID(each) for each in step.row_ids]
    seen = await scope.visible(conn, scope.of(caller), ids)
    places = {each: step.first + n for n, each in enumerate(ids) if each in seen}
    match action:
        case AssignOperation():
            return await _assign(deps, conn, caller, action, places)
        case Tag():
            return await _tag(deps, conn, caller, action, list(places))
        case AddToList():
            return await _add(deps, conn, caller, action, step, list(places))
        case _:
            assert_never(action)


async def _assign(
    deps: Deps, conn: Connection, caller: Caller, action: AssignOperation, places: dict[UUID, int]
) -> int:
    to, now = action.user_ids, deps.now()
    moved = await moves.give(
        conn,
        tenant_id=caller.tenant_id,
        given=[(each, to[place % len(to)]) for each, place in places.items()],
        by=By.caller(caller),
        now=now,
        act="assigned",
        from_anybody=True,
    )
    await pools.note(conn, caller, "assigned", moved, now, {"to": "querier"})
    return len(moved)


async def _tag(
    deps: Deps, conn: Connection, caller: Caller, action: Tag, ids: Sequence[UUID]
) -> int:
    changed = 0
    now, by = deps.now(), By.caller(caller)
    found = await customers.get_many(conn, tenant_id=caller.tenant_id, customer_ids=ids, lock=True)
    for present in found:
        kept = [each for each in present.tags if each not in action.remove]
        tags = tuple(dict.fromkeys([*kept, *action.add]))[:MAX_TAGS]
        if tags == present.tags:
            continue
        customer = await customers.change(
            conn,
            tenant_id=caller.tenant_id,
            present=present,
            record=replace(present.record(), tags=tags),
            by=by,
            now=now,
        )
        await facts.tell(conn, caller.tenant, customer, "changed", now)
        changed += 1
    return changed


async def _add(
    deps: Deps,
    conn: Connection,
    caller: Caller,
    action: AddToList,
    step: Step,
    ids: Sequence[UUID],
) -> int:
    fields = await known_fields.of(conn, caller)
    found = await customers.get_many(conn, tenant_id=caller.tenant_id, customer_ids=ids)
    leads = tuple(lead_of(action.list_id, each, fields) for each in found)
    if not leads:
        return 0
    reply = await imports.give_leads(
        deps, caller, action.list_id, step.operation_id, step.number, leads
    )
    return reply.added


async def _send(deps: Deps, conn: Connection, caller: Caller, action: Send, step: Step) -> int:
    fact = QuerierRowsSentV1(
        occurred_at=deps.now(),
        tenant=caller.tenant,
        querier_id=str(step.querier_id),
        operation_id=str(step.operation_id),
        agent_id=caller.agent_id,
        source=step.source,
        note=action.note,
        part=step.number,
        row_ids=tuple(step.row_ids),
    )
    await outbox.add(conn, "crm", fact)
    return len(step.row_ids)
