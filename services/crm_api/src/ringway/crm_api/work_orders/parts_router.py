"""/work-orders/{work_order_id}/…: history, comments, tasks, conversations, files; and notices."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import Depends, File, Path, Query, Response, UploadFile
from pydantic import Field

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.deps import Cursor, Deps, DepsOf, Limit, requires
from ringway.crm_api.errors import NotFound, TooLarge
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Body, Page, cursor_number, cursor_uuid, page_of
from ringway.crm_api.work_orders import parts, reading
from ringway.crm_api.work_orders import parts_store as store
from ringway.crm_api.work_orders.finding import find
from ringway.crm_api.work_orders.reach import reach_of
from ringway.crm_api.work_orders.router import Reader, Writer
from ringway.crm_api.work_orders.schemas import (
    CommentBody,
    CommentView,
    EntryView,
    LinkBody,
    LinkView,
    TaskBody,
    TaskChange,
    TaskView,
    WorkOrderAttachmentView,
    WorkOrderNoticeView,
    WorkOrderVersionView,
)
from ringway.runtime.postgres import Connection

router = api_router("/work-orders/{work_order_id}", "work-orders")
notices = api_router("/work-order-notices", "work-orders")
Mine = Annotated[Caller, Depends(requires(Permission.WORK_ORDERS_READ))]

_FILE_MAX_BYTES = 7_500_000
_NAME_MAX = 200


class NoticesRead(Body):
    """Notices that were read."""

    notice_ids: list[UUID] = Field(min_length=1, max_length=500)


@router.get("/history")
async def list_work_order_history(
    work_order_id: UUID, deps: DepsOf, caller: Reader, limit: Limit = 100, cursor: Cursor = None
) -> Page[EntryView]:
    """List who did what with a work order and what it changed, from its beginning."""
    after = min(cursor_number(cursor) or 0, 2**31 - 1)
    found = await reading.history(deps, caller, work_order_id, after, limit + 1)
    return page_of(found, limit, lambda last: last.seq)


@router.get("/versions/{work_order_version}")
async def get_work_order_version(
    work_order_id: UUID,
    work_order_version: Annotated[int, Path(ge=1, le=1_000_000_000)],
    deps: DepsOf,
    caller: Reader,
) -> WorkOrderVersionView:
    """Return a work order as it was at a version."""
    return await reading.version(deps, caller, work_order_id, work_order_version)


@router.post("/comments", status_code=201)
async def add_work_order_comment(
    work_order_id: UUID, new: CommentBody, deps: DepsOf, caller: Writer
) -> CommentView:
    """Comment on a work order, for colleagues only. Who is mentioned is told."""
    return await parts.comment(deps, caller, work_order_id, new)


@router.get("/comments")
async def list_work_order_comments(
    work_order_id: UUID, deps: DepsOf, caller: Reader, limit: Limit = 100, cursor: Cursor = None
) -> Page[CommentView]:
    """List a work order's comments, oldest first."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await _check_seen(conn, caller, work_order_id)
        rows = await store.comments(
            conn,
            tenant_id=caller.tenant_id,
            work_order_id=work_order_id,
            after=cursor_uuid(cursor),
            limit=limit + 1,
        )
    items = [CommentView.model_validate(dict(row)) for row in rows]
    return page_of(items, limit, lambda last: last.comment_id)


@router.post("/tasks", status_code=201)
async def add_work_order_task(
    work_order_id: UUID, new: TaskBody, deps: DepsOf, caller: Writer
) -> TaskView:
    """Ask another department or person for something; they see the order and are told."""
    return await parts.add_task(deps, caller, work_order_id, new)


@router.get("/tasks")
async def list_work_order_tasks(
    work_order_id: UUID, deps: DepsOf, caller: Reader
) -> list[TaskView]:
    """List a work order's tasks, oldest first; at most fifty."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await _check_seen(conn, caller, work_order_id)
        rows = await store.tasks(conn, tenant_id=caller.tenant_id, work_order_id=work_order_id)
    return [TaskView.model_validate(dict(row)) for row in rows]


@router.patch("/tasks/{task_id}")
async def change_work_order_task(
    work_order_id: UUID, task_id: UUID, wanted: TaskChange, deps: DepsOf, caller: Writer
) -> TaskView:
    """Finish or cancel a task; who works on the order is told."""
    return await parts.change_task(deps, caller, work_order_id, task_id, wanted)


@router.post("/interactions", status_code=204)
async def link_interaction_to_work_order(
    work_order_id: UUID, new: LinkBody, deps: DepsOf, caller: Writer
) -> None:
    """Link one more conversation to a work order."""
    await parts.link(deps, caller, work_order_id, new.interaction_id)


@router.get("/interactions")
async def list_work_order_interactions(
    work_order_id: UUID, deps: DepsOf, caller: Reader
) -> list[LinkView]:
    """List the conversations about a work order beside the one that it comes from."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await _check_seen(conn, caller, work_order_id)
        rows = await store.links(conn, tenant_id=caller.tenant_id, work_order_id=work_order_id)
    return [LinkView.model_validate(dict(row)) for row in rows]


@router.delete("/interactions/{interaction_id}", status_code=204)
async def unlink_interaction_from_work_order(
    work_order_id: UUID, interaction_id: UUID, deps: DepsOf, caller: Writer
) -> None:
    """Unlink a conversation."""
    await parts.unlink(deps, caller, work_order_id, interaction_id)


@router.post("/attachments", status_code=201)
async def add_work_order_attachment(
    work_order_id: UUID,
    deps: DepsOf,
    caller: Writer,
    file: Annotated[UploadFile, File(description="At most 7.5 MB.")],
) -> WorkOrderAttachmentView:
    """Add a file to a work order: an image, a document, text, audio or a ZIP archive."""
    if file.size is not None and file.size > _FILE_MAX_BYTES:
        raise TooLarge("file_too_large", f"Files have at most {_FILE_MAX_BYTES} bytes.")
    content_type = (file.content_type or "").partition(";")[0].strip().lower()
    name = _file_name(file.filename or "")
    return await parts.attach(deps, caller, work_order_id, name, content_type, await file.read())


@router.get("/attachments")
async def list_work_order_attachments(
    work_order_id: UUID, deps: DepsOf, caller: Reader
) -> list[WorkOrderAttachmentView]:
    """List a work order's files, oldest first; at most twenty."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await _check_seen(conn, caller, work_order_id)
        found = await store.attachments(
            conn, tenant_id=caller.tenant_id, work_order_id=work_order_id
        )
    return [WorkOrderAttachmentView.model_validate(each) for each in found]


@router.get(
    "/attachments/{attachment_id}",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}, "description": "The file."}},
)
async def get_work_order_attachment(
    work_order_id: UUID, attachment_id: UUID, deps: DepsOf, caller: Reader
) -> Response:
    """Return a file, to be saved and never to be shown by a browser as a page."""
    made, content = await _attachment(deps, caller, work_order_id, attachment_id)
    return Response(
        content,
        media_type="application/octet-stream",
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(made.name)}"},
    )


@router.delete("/attachments/{attachment_id}", status_code=204)
async def remove_work_order_attachment(
    work_order_id: UUID, attachment_id: UUID, deps: DepsOf, caller: Writer
) -> None:
    """Remove a file; history keeps its name and hash."""
    await parts.detach(deps, caller, work_order_id, attachment_id)


@notices.get("")
async def list_work_order_notices(
    deps: DepsOf,
    caller: Mine,
    unread: Annotated[bool, Query(description="Only those that were not read.")] = False,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[WorkOrderNoticeView]:
    """List what the caller was told of work orders, newest first."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        rows = await store.notices(
            conn,
            tenant_id=caller.tenant_id,
            user_id=caller.user_id,
            unread=unread,
            before=cursor_uuid(cursor),
            limit=limit + 1,
        )
    items = [WorkOrderNoticeView.model_validate(dict(row)) for row in rows]
    return page_of(items, limit, lambda last: last.notice_id)


@notices.post("/read", status_code=204)
async def read_work_order_notices(which: NoticesRead, deps: DepsOf, caller: Mine) -> None:
    """Remember that the caller has read these notices; others' are left alone."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await store.read_notices(
            conn,
            tenant_id=caller.tenant_id,
            user_id=caller.user_id,
            notice_ids=which.notice_ids,
            now=deps.now(),
        )


async def _check_seen(conn: Connection, caller: Caller, work_order_id: UUID) -> None:
    await find(conn, await reach_of(conn, caller), work_order_id)


async def _attachment(
    deps: Deps, caller: Caller, work_order_id: UUID, attachment_id: UUID
) -> tuple[store.Attachment, bytes]:
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await _check_seen(conn, caller, work_order_id)
        found = await store.attachment(
            conn,
            tenant_id=caller.tenant_id,
            work_order_id=work_order_id,
            attachment_id=attachment_id,
        )
    if found is None:
        raise NotFound("attachment_not_found", f"There is no file {attachment_id}.")
    return found


def _file_name(name: str) -> str:
    """Return the last part of a name, without what no file's name should have."""
    plain = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(ch for ch in plain if ch.isprintable()).strip()
    return kept[:_NAME_MAX] or "file"
