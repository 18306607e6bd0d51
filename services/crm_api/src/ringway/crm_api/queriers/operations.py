"""Batch operations: proposed with the rows that they mean, confirmed, carried out step by step."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from pydantic import TypeAdapter

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.queriers.query import Column, Filter, Query
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Conflict, Invalid, NotFound
from ringway.crm_api.queriers import actions, operation_store, owners, running, service
from ringway.crm_api.queriers.operation_store import Operation
from ringway.crm_api.queriers.schemas import Action, OperationBody, OperationView
from ringway.proto.crm_queriers import QuerierOperationFinishedV1
from ringway.runtime import outbox
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

MOST_ROWS = 10_000
HOLD = timedelta(seconds=60)
_KEPT_FOR = timedelta(hours=24)
_ACTION: TypeAdapter[Action] = TypeAdapter(Action)


async def propose(
    deps: Deps, caller: Caller, querier_id: UUID, wanted: OperationBody
) -> OperationView:
    """Note what would be done and the rows that it means: nothing is done yet.

    Raises:
        NotFound: There is no such querier for the caller.
        Forbidden: He may not do this.
        Invalid: It makes no sense, or the rows are not of the right kind.
        Conflict: There are too many rows.
    """
    async with running.session(deps, caller) as session:
        query = service.question(await service.find(session.conn, caller, querier_id))
        row_ids = await targets(session, query, wanted.action, wanted.where)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await actions.check(conn, caller, wanted.action)
        made = await note(
            deps, conn, caller, querier_id, None, query.source, wanted.action, row_ids
        )
    return view(made)


async def targets(
    session: running.Session, query: Query, action: Action, where: Filter | None = None
) -> list[str]:
    """Return the ids of the rows that an action on a query means, each once.

    Raises:
        Invalid: Its rows are groups, or no customers where customers are needed.
        Conflict: There are more than MOST_ROWS.
    """
    if query.is_grouped:
        raise Invalid("querier_groups_only", "Groups are no rows: nothing can be done with them.")
    source = session.catalogue.get(query.source)
    path = source.key if source is not None else "id"
    if actions.is_about_customers(action) and query.source != "customers":
        if source is None or "customer" not in source.references:
            raise Invalid("querier_no_customers", "Its rows are no customers and have none.")
        path = "customer.customer_id"
    asked = running.narrowed(query, where).model_copy(update={"columns": (Column(field=path),)})
    found = await session.rows(asked, limit=MOST_ROWS + 1)
    if len(found.rows) > MOST_ROWS:
        raise Conflict(
            "querier_too_many_rows", f"At most {MOST_ROWS} rows at a time: ask for fewer."
        )
    return list(dict.fromkeys(str(row[0]) for row in found.rows if row[0] is not None))


async def note(
    deps: Deps,
    conn: Connection,
    caller: Caller,
    querier_id: UUID,
    run_id: UUID | None,
    source: str,
    action: Action,
    row_ids: list[str],
) -> Operation:
    """Keep an operation with its rows; one of a schedule is begun at once."""
    return await operation_store.add(
        conn,
        tenant_id=caller.tenant_id,
        operation_id=uuid7(),
        querier_id=querier_id,
        run_id=run_id,
        owner_id=caller.user_id,
        action=action.model_dump(mode="json"),
        source=source,
        scopes=owners.scopes_of(caller),
        is_confirmed=run_id is not None,
        row_ids=row_ids,
        now=deps.now(),
    )


async def confirm(deps: Deps, caller: Caller, operation_id: UUID, total: int) -> OperationView:
    """Begin what was proposed, with the rows that were meant then. A repeat changes nothing.

    Raises:
        NotFound: There is none of the caller's.
        Conflict: It is about another number of rows, or was proposed too long ago.
        Forbidden: He may not do this any more.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        present = await find(conn, caller, operation_id, lock=True)
        if present.owner_id != caller.user_id:
            raise _not_found(operation_id)
        if present.state in ("running", "finished"):
            return view(present)
        if present.state != "proposed" or deps.now() - present.created_at > _KEPT_FOR:
            raise Conflict("operation_expired", "It was proposed too long ago: propose it again.")
        if total != present.total:
            raise Conflict("operation_total_differs", f"It is about {present.total} rows.")
        action = _ACTION.validate_python(present.action)
        await actions.check(conn, caller, action)
        begun = await operation_store.confirm(
            conn, tenant_id=caller.tenant_id, operation_id=operation_id, now=deps.now()
        )
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action="querier.operation_begun",
            object_type="querier",
            object_id=present.querier_id,
            detail={"operation_id": operation_id, "total": total, "action": present.action},
        )
    return view(begun)


async def find(
    conn: Connection, caller: Caller, operation_id: UUID, *, lock: bool = False
) -> Operation:
    """Return an operation of the caller's; an enterprise's admin sees all. Raises NotFound."""
    found = await operation_store.get(
        conn, tenant_id=caller.tenant_id, operation_id=operation_id, lock=lock
    )
    if found is None or not (found.owner_id == caller.user_id or service.is_admin(caller)):
        raise _not_found(operation_id)
    return found


async def step(deps: Deps, tenant_id: UUID, claimed: Operation) -> bool:
    """Do the next rows of an operation, or end it; whether there is more to do.

    Raises:
        ApiError: It can never be done.
        DependencyDown: A part is away; try again.
    """
    caller = await owners.caller_of(deps, tenant_id, claimed.owner_id, claimed.scopes)
    key = {"tenant_id": tenant_id, "operation_id": claimed.operation_id}
    async with deps.pool.tenant(tenant_id) as conn:
        # The lock keeps everybody else out for the whole step, whoever's lease it is.
        present = await operation_store.get(conn, **key, lock=True)
        if present is None or present.state != "running":
            return False
        row_ids = await operation_store.rows_from(
            conn, **key, first=present.done, limit=actions.STEP
        )
        if not row_ids:
            await _end(deps, conn, caller, present)
            return False
        changed = await actions.perform(
            deps,
            conn,
            caller,
            _ACTION.validate_python(present.action),
            actions.Step(
                present.operation_id,
                present.querier_id,
                present.source,
                present.done // actions.STEP,
                present.done,
                row_ids,
            ),
        )
        await operation_store.progress(
            conn, **key, done=len(row_ids), changed=changed, until=deps.now() + HOLD
        )
    return True


async def give_up(deps: Deps, tenant_id: UUID, claimed: Operation, code: str, why: str) -> None:
    """End an operation that cannot be done; what is done stays done."""
    async with deps.pool.tenant(tenant_id) as conn:
        ended = await operation_store.finish(
            conn,
            tenant_id=tenant_id,
            operation_id=claimed.operation_id,
            now=deps.now(),
            failure_code=code,
            failure=why,
        )
        if ended is not None:
            await outbox.add(conn, "crm", _fact(deps, tenant_id, ended))


async def _end(deps: Deps, conn: Connection, caller: Caller, present: Operation) -> None:
    ended = await operation_store.finish(
        conn, tenant_id=caller.tenant_id, operation_id=present.operation_id, now=deps.now()
    )
    if ended is None:
        return
    await outbox.add(conn, "crm", _fact(deps, caller.tenant_id, ended))
    await audit.add(
        conn,
        caller=caller,
        now=deps.now(),
        action="querier.operation_finished",
        object_type="querier",
        object_id=ended.querier_id,
        detail={
            "operation_id": ended.operation_id,
            "kind": ended.action["kind"],
            "total": ended.total,
            "changed": ended.changed,
        },
    )


def _fact(deps: Deps, tenant_id: UUID, ended: Operation) -> QuerierOperationFinishedV1:
    return QuerierOperationFinishedV1(
        occurred_at=deps.now(),
        tenant=str(tenant_id),
        querier_id=str(ended.querier_id),
        operation_id=str(ended.operation_id),
        agent_id=str(ended.owner_id),
        kind=ended.action["kind"],
        total=ended.total,
        changed=ended.changed,
        failure_code=ended.failure_code,
    )


def view(operation: Operation) -> OperationView:
    """Return an operation as the API shows it."""
    return OperationView.model_validate(operation)


def _not_found(operation_id: UUID) -> NotFound:
    return NotFound("operation_not_found", f"There is no operation {operation_id}.")
