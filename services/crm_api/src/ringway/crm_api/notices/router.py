"""/notices and /me/notices: what scrolls at the top of people's pages, and who has read it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.etag import IfMatch, expected_version, set_etag
from ringway.crm_api.notices import service, store
from ringway.crm_api.notices.schemas import (
    MyNotice,
    NoticeBody,
    NoticeState,
    NoticeView,
    Reading,
    ReceiptCounts,
    ReceiptState,
    ReceiptView,
)
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_uuid, page_of

router = api_router("/notices", "notices")
of_me = api_router("/me/notices", "notices")
Me = Annotated[Caller, Depends(requires(Permission.ME))]
Reader = Annotated[Caller, Depends(requires(Permission.NOTICES_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.NOTICES_WRITE))]


@router.post("", status_code=201)
async def create_notice(
    new: NoticeBody, deps: DepsOf, caller: Writer, response: Response
) -> NoticeView:
    """Write a notice and say whom it is for. It is shown when it is published."""
    view = await service.create(deps, caller, new)
    set_etag(response, view.version)
    response.headers["Location"] = f"/api/v1/notices/{view.notice_id}"
    return view


@router.get("")
async def list_notices(
    deps: DepsOf,
    caller: Reader,
    state: NoticeState | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[NoticeView]:
    """List all notices of the enterprise, newest first."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.page(
            conn,
            tenant_id=caller.tenant_id,
            state=state.value if state is not None else None,
            before=cursor_uuid(cursor),
            limit=limit + 1,
        )
    items = [NoticeView.model_validate(each) for each in found]
    return page_of(items, limit, lambda last: last.notice_id)


@router.get("/{notice_id}")
async def get_notice(
    notice_id: UUID, deps: DepsOf, caller: Reader, response: Response
) -> NoticeView:
    """Return one notice."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await service.find(conn, caller, notice_id)
    set_etag(response, found.version)
    return NoticeView.model_validate(found)


@router.put("/{notice_id}")
async def change_notice(
    notice_id: UUID,
    wanted: NoticeBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> NoticeView:
    """Change a notice that was not published."""
    version = expected_version(if_match, required=True)
    view = await service.change(deps, caller, notice_id, version, wanted)
    set_etag(response, view.version)
    return view


@router.delete("/{notice_id}", status_code=204)
async def remove_notice(
    notice_id: UUID, deps: DepsOf, caller: Writer, if_match: IfMatch = None
) -> None:
    """Remove a notice that is not shown, with its receipts."""
    await service.remove(deps, caller, notice_id, expected_version(if_match))


@router.post("/{notice_id}/publish")
async def publish_notice(
    notice_id: UUID, deps: DepsOf, caller: Writer, response: Response, if_match: IfMatch = None
) -> NoticeView:
    """Show a notice from its beginning on; whom it is for are told by an event at once."""
    view = await service.publish(deps, caller, notice_id, expected_version(if_match))
    set_etag(response, view.version)
    return view


@router.post("/{notice_id}/withdraw")
async def withdraw_notice(
    notice_id: UUID, deps: DepsOf, caller: Writer, response: Response, if_match: IfMatch = None
) -> NoticeView:
    """Show a notice no more. Who has read it stays known."""
    view = await service.withdraw(deps, caller, notice_id, expected_version(if_match))
    set_etag(response, view.version)
    return view


@router.get("/{notice_id}/receipts")
async def list_notice_receipts(
    notice_id: UUID,
    deps: DepsOf,
    caller: Reader,
    state: ReceiptState | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[ReceiptView]:
    """List the people whom a notice is for now, and when they read and confirmed it."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await service.find(conn, caller, notice_id)
        found = await store.receipts(
            conn,
            tenant_id=caller.tenant_id,
            notice_id=notice_id,
            state=state.value if state is not None else None,
            after=cursor_uuid(cursor),
            limit=limit + 1,
        )
    items = [ReceiptView.model_validate(each) for each in found]
    return page_of(items, limit, lambda last: last.user_id)


@router.get("/{notice_id}/receipts/counts")
async def count_notice_receipts(notice_id: UUID, deps: DepsOf, caller: Reader) -> ReceiptCounts:
    """Return how many people a notice is for now, and how many have read and confirmed it."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await service.find(conn, caller, notice_id)
        found = await store.counts(conn, tenant_id=caller.tenant_id, notice_id=notice_id)
    return ReceiptCounts(**found)


@of_me.get("")
async def list_my_notices(
    deps: DepsOf,
    caller: Me,
    unread: Annotated[
        bool, Query(description="Those alone that are still to be read, or confirmed.")
    ] = False,
    coming: Annotated[bool, Query(description="Also those that have not begun.")] = False,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[MyNotice]:
    """List the notices that the caller is shown now: urgent ones first, then the newest."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.shown(
            conn,
            reader=await service.reader_of(conn, caller),
            now=deps.now(),
            unread=unread,
            coming=coming,
            limit=limit,
        )
    return Page(items=[MyNotice.model_validate(each) for each in found])


@of_me.post("/{notice_id}/read", status_code=204)
async def read_notice(notice_id: UUID, said: Reading, deps: DepsOf, caller: Me) -> None:
    """Say that the caller has read a notice, and whether he has understood it."""
    await service.note_read(deps, caller, notice_id, is_confirmed=said.is_confirmed)
