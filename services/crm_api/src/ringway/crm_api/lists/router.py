"""/lists: sets of leads. The dialer owns them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Request, Response

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.audit import store as audit
from ringway.crm_api.customers.filters import CustomerFilter
from ringway.crm_api.deps import Cursor, Deps, DepsOf, Limit, requires
from ringway.crm_api.errors import Conflict, NotFound
from ringway.crm_api.idempotency import HEADER
from ringway.crm_api.imports import service as imports
from ringway.crm_api.imports import store as batches
from ringway.crm_api.imports.schemas import ImportView
from ringway.crm_api.lists import bulk, queries, store
from ringway.crm_api.lists.schemas import (
    BatchChoice,
    LeadBody,
    LeadDetail,
    LeadsAdded,
    LeadsChoice,
    LeadsReport,
    LeadView,
    ListBody,
    ListQueryView,
    ListView,
)
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_number, cursor_uuid, encode_cursor, page_of
from ringway.proto.base import Done, Reply
from ringway.proto.dialer import LeadRow, PutListV1, RemoveListV1
from ringway.proto.dialer_leads import LeadPutV1, PutLeadV1, RemoveLeadV1
from ringway.runtime.ids import uuid7

router = api_router("/lists", "lists")
Reader = Annotated[Caller, Depends(requires(Permission.LISTS_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.LISTS_WRITE))]
LeadId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,128}$")]


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
    items = [ListView.model_validate(each) for each in lists]
    return page_of(items, limit, lambda last: last.list_id)


@router.get("/{list_id}")
async def get_list(list_id: UUID, deps: DepsOf, caller: Reader) -> ListView:
    """Return one list."""
    return await _get(deps, caller, list_id)


@router.put("/{list_id}")
async def rename_list(list_id: UUID, wanted: ListBody, deps: DepsOf, caller: Writer) -> ListView:
    """Rename a list."""
    await _get(deps, caller, list_id)
    return await _put(deps, caller, list_id, wanted)


@router.delete("/{list_id}", status_code=204)
async def remove_list(list_id: UUID, deps: DepsOf, caller: Writer) -> None:
    """Remove a list that no campaign dials any more. Attempts and reports stay.

    409 says what keeps it: `list_in_use`, `list_is_filled`, `list_has_calls`,
    `list_has_callbacks`.
    """
    present = await _get(deps, caller, list_id)
    key = {"tenant_id": caller.tenant_id, "list_id": list_id}
    async with deps.pool.tenant(caller.tenant_id) as conn:
        if await store.is_filled(conn, **key):
            raise Conflict(
                "list_is_filled", "An import adds leads to it; remove it when that is over."
            )
    now = deps.now()
    question = RemoveListV1(occurred_at=now, tenant=caller.tenant, list_id=str(list_id))
    await deps.bus.request(question, Done)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await store.forget_query(conn, **key)
        await audit.add(
            conn,
            caller=caller,
            now=now,
            action="list.removed",
            object_type="list",
            object_id=list_id,
            detail={"name": present.name, "leads": present.leads_total},
        )


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
async def add_batch(
    list_id: UUID,
    wanted: LeadsChoice,
    deps: DepsOf,
    caller: Writer,
    request: Request,
) -> LeadsReport | LeadsAdded:
    """Add many leads, or the numbers of a batch that is imported already.

    Of each lead it is told what became of it. A repeat adds nothing; under the same
    `Idempotency-Key` it also gets the first answer.
    """
    if isinstance(wanted, BatchChoice):
        return await imports.add_batch(deps, caller, list_id, wanted.batch_number)
    return await bulk.add_leads(deps, caller, list_id, wanted, request.headers.get(HEADER))


@router.post("/{list_id}/query", status_code=201)
async def put_list_query(
    list_id: UUID, wanted: CustomerFilter, deps: DepsOf, caller: Writer, response: Response
) -> ImportView:
    """Make the list of the customers that a filter finds, and keep the filter with it.

    It is the filter of `GET /customers`. `GET /imports/{batch_id}` tells how far it is.
    """
    batch = await queries.keep_and_run(deps, caller, list_id, wanted)
    response.headers["Location"] = f"/api/v1/imports/{batch.batch_id}"
    return ImportView.model_validate(batch)


@router.get("/{list_id}/query")
async def get_list_query(list_id: UUID, deps: DepsOf, caller: Reader) -> ListQueryView:
    """Return the filter that is kept with the list, and its last import."""
    query = await queries.get(deps, caller, list_id)
    last: ImportView | None = None
    if query.last_batch_id is not None:
        async with deps.pool.tenant(caller.tenant_id) as conn:
            batch = await batches.get(
                conn, tenant_id=caller.tenant_id, batch_id=query.last_batch_id
            )
        last = ImportView.model_validate(batch) if batch is not None else None
    return ListQueryView(filter=query.wanted, changed_at=query.changed_at, last_import=last)


@router.post("/{list_id}/query/refresh", status_code=201)
async def refresh_list(
    list_id: UUID, deps: DepsOf, caller: Writer, response: Response
) -> ImportView:
    """Ask the kept filter again: customers that are new to the list are added."""
    batch = await queries.refresh(deps, caller, list_id)
    response.headers["Location"] = f"/api/v1/imports/{batch.batch_id}"
    return ImportView.model_validate(batch)


@router.get("/{list_id}/leads/{lead_id}")
async def get_lead(list_id: UUID, lead_id: LeadId, deps: DepsOf, caller: Reader) -> LeadDetail:
    """Return one lead with all its numbers."""
    return await _lead(deps, caller, list_id, lead_id)


@router.put("/{list_id}/leads/{lead_id}")
async def put_lead(
    list_id: UUID, lead_id: LeadId, wanted: LeadBody, deps: DepsOf, caller: Writer
) -> LeadDetail:
    """Add a lead under an id of the caller's, or change it and its numbers.

    Numbers that stay keep what is known of them; a lead that was closed because its numbers were
    dead or not to be called is opened again by a new one. A lead that is being dialed is not
    changed: 409 ``lead_dialing``.
    """
    await _get(deps, caller, list_id)
    row = LeadRow.model_validate({"lead_id": lead_id, **wanted.model_dump()})
    question = PutLeadV1(
        occurred_at=deps.now(), tenant=caller.tenant, list_id=str(list_id), lead=row
    )
    reply = await deps.bus.request(question, LeadPutV1)
    await _note(deps, caller, "lead.added" if reply.created else "lead.changed", list_id, lead_id)
    return await _lead(deps, caller, list_id, lead_id)


@router.delete("/{list_id}/leads/{lead_id}", status_code=204)
async def remove_lead(list_id: UUID, lead_id: LeadId, deps: DepsOf, caller: Writer) -> None:
    """Take a lead out of its list. Its attempts stay on record."""
    await _lead(deps, caller, list_id, lead_id)
    question = RemoveLeadV1(
        occurred_at=deps.now(), tenant=caller.tenant, list_id=str(list_id), lead_id=lead_id
    )
    await deps.bus.request(question, Done)
    await _note(deps, caller, "lead.removed", list_id, lead_id)


async def _lead(deps: Deps, caller: Caller, list_id: UUID, lead_id: str) -> LeadDetail:
    async with deps.pool.tenant(caller.tenant_id) as conn:
        if not await store.exists(conn, tenant_id=caller.tenant_id, list_id=list_id):
            raise imports.list_not_found(list_id)
        found = await store.lead(conn, tenant_id=caller.tenant_id, list_id=list_id, lead_id=lead_id)
    if found is None:
        raise NotFound("lead_not_found", f"There is no lead {lead_id} in the list.")
    lead, numbers = found
    only = {
        "phone_e164": lead.phone_e164, "label": "", "zone": None, "attempts": lead.attempts,
        "state": "open" if lead.closed_reason is None else "done",
        "last_disposition": lead.last_disposition, "last_attempt_at": lead.last_attempt_at,
    }  # fmt: skip
    view = LeadView.model_validate(lead).model_dump()
    return LeadDetail.model_validate({**view, "numbers": numbers or [only]})


async def _note(deps: Deps, caller: Caller, action: str, list_id: UUID, lead_id: str) -> None:
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action=action,
            object_type="list",
            object_id=list_id,
            detail={"lead_id": lead_id},
        )


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
