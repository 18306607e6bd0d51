"""/lists: sets of leads. The dialer owns them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.deps import Cursor, Deps, DepsOf, Limit, requires
from ringway.crm_api.imports import service as imports
from ringway.crm_api.lists import store
from ringway.crm_api.lists.schemas import BatchChoice, LeadsAdded, LeadView, ListBody, ListView
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_number, cursor_uuid, encode_cursor
from ringway.proto.base import Reply
from ringway.proto.dialer import PutListV1
from ringway.runtime.ids import uuid7

router = api_router("/lists", "lists")
Reader = Annotated[Caller, Depends(requires(Permission.LISTS_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.LISTS_WRITE))]


class LeadState(StrEnum):
    """Whether a lead may be dialed."""

    OPEN = "open"
    DIALING = "dialing"
    CLOSED = "closed"


@router.post("", status_code=201)
async def create_list(new: ListBody, deps: DepsOf, caller: Writer, response: Response) -> ListView:
    """Create an empty list."""
    list_id = uuid7()
    view = await _put(deps, caller, list_id, new)
    response.headers["Location"] = f"/api/v1/lists/{list_id}"
    return view


@router.get("")
async def list_lists(
    deps: DepsOf, caller: Reader, limit: Limit = 100, cursor: Cursor = None
) -> Page[ListView]:
    """List the lists, newest first."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        lists = await store.page(
            conn, tenant_id=caller.tenant_id, before=cursor_uuid(cursor), limit=limit + 1
        )
    items = [ListView.model_validate(each) for each in lists[:limit]]
    more = len(lists) > limit
    return Page(items=items, next_cursor=encode_cursor(items[-1].list_id) if more else None)


@router.get("/{list_id}")
async def get_list(list_id: UUID, deps: DepsOf, caller: Reader) -> ListView:
    """Return one list."""
    return await _get(deps, caller, list_id)


@router.put("/{list_id}")
async def rename_list(list_id: UUID, wanted: ListBody, deps: DepsOf, caller: Writer) -> ListView:
    """Rename a list."""
    await _get(deps, caller, list_id)
    return await _put(deps, caller, list_id, wanted)


@router.get("/{list_id}/leads")
async def list_leads(
    list_id: UUID,
    deps: DepsOf,
    caller: Reader,
    state: LeadState | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[LeadView]:
    """List the leads of a list in the order of import."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        if not await store.exists(conn, tenant_id=caller.tenant_id, list_id=list_id):
            raise imports.list_not_found(list_id)
        leads = await store.leads(
            conn,
            tenant_id=caller.tenant_id,
            list_id=list_id,
            after=cursor_number(cursor),
            limit=limit + 1,
            state=state.value if state is not None else None,
        )
    items = [LeadView.model_validate(lead) for lead in leads[:limit]]
    more = len(leads) > limit
    return Page(items=items, next_cursor=encode_cursor(leads[limit - 1].position) if more else None)


@router.post("/{list_id}/leads")
async def add_batch(list_id: UUID, choice: BatchChoice, deps: DepsOf, caller: Writer) -> LeadsAdded:
    """Add the numbers of a batch that is imported already. A repeat adds nothing."""
    return await imports.add_batch(deps, caller, list_id, choice.batch_number)


async def _get(deps: Deps, caller: Caller, list_id: UUID) -> ListView:
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.get(conn, tenant_id=caller.tenant_id, list_id=list_id)
    if found is None:
        raise imports.list_not_found(list_id)
    return ListView.model_validate(found)


async def _put(deps: Deps, caller: Caller, list_id: UUID, wanted: ListBody) -> ListView:
    question = PutListV1(
        occurred_at=deps.now(), tenant=caller.tenant, list_id=str(list_id), name=wanted.name
    )
    await deps.bus.request(question, Reply)
    return await _get(deps, caller, list_id)
