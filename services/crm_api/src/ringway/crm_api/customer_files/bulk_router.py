"""/customers/bulk-acts: change, tag, assign or delete many customers by a condition."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.customer_files import bulk_service, jobs
from ringway.crm_api.customer_files.bulk_schemas import BulkActBody, BulkActView, BulkConfirmBody
from ringway.crm_api.customer_files.jobs import Job, State
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_uuid, page_of

router = api_router("/customers/bulk-acts", "customers")
Actor = Annotated[Caller, Depends(requires(Permission.CUSTOMERS_BULK))]


@router.post("", status_code=201)
async def propose_bulk_act(
    wanted: BulkActBody, deps: DepsOf, caller: Actor, response: Response
) -> BulkActView:
    """Count whom an act would reach. Nothing happens until it is confirmed with the token."""
    job = await bulk_service.propose(deps, caller, wanted)
    response.headers["Location"] = f"/api/v1/customers/bulk-acts/{job.job_id}"
    return _view(job)


@router.get("")
async def list_bulk_acts(
    deps: DepsOf, caller: Actor, limit: Limit = 100, cursor: Cursor = None
) -> Page[BulkActView]:
    """List the acts, newest first: everybody's for those who see all customers."""
    mine = None if caller.may(Permission.CUSTOMERS_ALL) else caller.user_id
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await jobs.page(
            conn,
            tenant_id=caller.tenant_id,
            kind=bulk_service.KIND,
            created_by=mine,
            before=cursor_uuid(cursor),
            limit=limit + 1,
        )
    items = [_view(job) for job in found]
    return page_of(items, limit, lambda last: last.bulk_act_id)


@router.get("/{bulk_act_id}")
async def get_bulk_act(bulk_act_id: UUID, deps: DepsOf, caller: Actor) -> BulkActView:
    """Return an act and how far it is."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        return _view(await bulk_service.find(conn, caller, bulk_act_id))


@router.post("/{bulk_act_id}/confirm", status_code=202)
async def confirm_bulk_act(
    bulk_act_id: UUID, wanted: BulkConfirmBody, deps: DepsOf, caller: Actor
) -> BulkActView:
    """Do what was proposed, if the same number of customers is still meant."""
    return _view(await bulk_service.confirm(deps, caller, bulk_act_id, wanted.token))


@router.post("/{bulk_act_id}/cancel")
async def cancel_bulk_act(bulk_act_id: UUID, deps: DepsOf, caller: Actor) -> BulkActView:
    """Stop an act after the customers that it is at. What is done is done."""
    return _view(await bulk_service.cancel(deps, caller, bulk_act_id))


def _view(job: Job) -> BulkActView:
    return BulkActView.model_validate(
        {
            "bulk_act_id": job.job_id,
            "filter": job.options["filter"],
            "act": job.options["act"],
            "token": bulk_service.token_of(job) if job.state is State.PROPOSED else None,
            **{
                name: getattr(job, name)
                for name in BulkActView.model_fields
                if hasattr(job, name) and name not in ("act", "filter")
            },
        }
    )
