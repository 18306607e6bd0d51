"""/querier-schedules, /querier-runs, /querier-operations: what queriers do by themselves."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.etag import IfMatch, expected_version, set_etag
from ringway.crm_api.queriers import operation_store, operations, schedule_store, schedules, service
from ringway.crm_api.queriers.schemas import (
    ConfirmBody,
    KeptAnswerView,
    KeptRunView,
    OperationBody,
    OperationView,
    QuerierScheduleBody,
    ScheduleView,
)
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_uuid, page_of

of_queriers = api_router("/queriers", "queriers")
schedules_router = api_router("/querier-schedules", "queriers")
runs_router = api_router("/querier-runs", "queriers")
operations_router = api_router("/querier-operations", "queriers")
Writer = Annotated[Caller, Depends(requires(Permission.QUERIERS_WRITE))]


@of_queriers.post("/{querier_id}/schedules", status_code=201)
async def create_querier_schedule(
    querier_id: UUID, new: QuerierScheduleBody, deps: DepsOf, caller: Writer, response: Response
) -> ScheduleView:
    """Have a querier asked by itself, with one's own rights, and act when it finds enough."""
    made = await schedules.create(deps, caller, querier_id, new)
    set_etag(response, made.version)
    response.headers["Location"] = f"/api/v1/querier-schedules/{made.schedule_id}"
    return made


@schedules_router.get("")
async def list_querier_schedules(
    deps: DepsOf,
    caller: Writer,
    querier_id: UUID | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[ScheduleView]:
    """List one's own schedules, newest first; an enterprise's admin sees all."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await schedule_store.page(
            conn,
            tenant_id=caller.tenant_id,
            owner_id=None if service.is_admin(caller) else caller.user_id,
            querier_id=querier_id,
            before=cursor_uuid(cursor),
            limit=limit + 1,
        )
    items = [schedules.view(each) for each in found]
    return page_of(items, limit, lambda last: last.schedule_id)


@schedules_router.get("/{querier_schedule_id}")
async def get_querier_schedule(
    querier_schedule_id: UUID, deps: DepsOf, caller: Writer, response: Response
) -> ScheduleView:
    """Return one schedule."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = schedules.view(await schedules.find(conn, caller, querier_schedule_id))
    set_etag(response, found.version)
    return found


@schedules_router.put("/{querier_schedule_id}")
async def change_querier_schedule(
    querier_schedule_id: UUID,
    wanted: QuerierScheduleBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> ScheduleView:
    """Change one's own schedule. `If-Match` is required."""
    version = expected_version(if_match, required=True)
    changed = await schedules.change(deps, caller, querier_schedule_id, version, wanted)
    set_etag(response, changed.version)
    return changed


@schedules_router.delete("/{querier_schedule_id}", status_code=204)
async def delete_querier_schedule(
    querier_schedule_id: UUID, deps: DepsOf, caller: Writer, if_match: IfMatch = None
) -> None:
    """Remove a schedule; what it found is kept for its owner."""
    await schedules.remove(deps, caller, querier_schedule_id, expected_version(if_match))


@runs_router.get("")
async def list_querier_runs(
    deps: DepsOf,
    caller: Writer,
    querier_id: UUID | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[KeptRunView]:
    """List what one's own schedules found, newest first, for 90 days."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await schedule_store.runs(
            conn,
            tenant_id=caller.tenant_id,
            owner_id=caller.user_id,
            querier_id=querier_id,
            before=cursor_uuid(cursor),
            limit=limit + 1,
        )
    items = [KeptRunView.model_validate(each) for each in found]
    return page_of(items, limit, lambda last: last.run_id)


@runs_router.get("/{querier_run_id}")
async def get_querier_run(querier_run_id: UUID, deps: DepsOf, caller: Writer) -> KeptAnswerView:
    """Return one answer with its rows, at most 1,000, to the owner of its schedule."""
    return await schedules.answer(deps, caller, querier_run_id)


@of_queriers.post("/{querier_id}/operations", status_code=201)
async def propose_querier_operation(
    querier_id: UUID, wanted: OperationBody, deps: DepsOf, caller: Writer, response: Response
) -> OperationView:
    """Say what is to be done with the rows, and how many they are. Nothing is done yet."""
    made = await operations.propose(deps, caller, querier_id, wanted)
    response.headers["Location"] = f"/api/v1/querier-operations/{made.operation_id}"
    return made


@operations_router.post("/{querier_operation_id}/confirm", status_code=202)
async def confirm_querier_operation(
    querier_operation_id: UUID, confirmed: ConfirmBody, deps: DepsOf, caller: Writer
) -> OperationView:
    """Do what was proposed, with the rows that were meant then; `total` must be theirs."""
    return await operations.confirm(deps, caller, querier_operation_id, confirmed.total)


@operations_router.get("")
async def list_querier_operations(
    deps: DepsOf,
    caller: Writer,
    querier_id: UUID | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[OperationView]:
    """List what one did with rows, newest first; an enterprise's admin sees all."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await operation_store.page(
            conn,
            tenant_id=caller.tenant_id,
            owner_id=None if service.is_admin(caller) else caller.user_id,
            querier_id=querier_id,
            before=cursor_uuid(cursor),
            limit=limit + 1,
        )
    items = [operations.view(each) for each in found]
    return page_of(items, limit, lambda last: last.operation_id)


@operations_router.get("/{querier_operation_id}")
async def get_querier_operation(
    querier_operation_id: UUID, deps: DepsOf, caller: Writer
) -> OperationView:
    """Return one operation and how far it is."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        return operations.view(await operations.find(conn, caller, querier_operation_id))
