"""/announcements: recordings of what networks say before an answer. The dialer owns them."""

from __future__ import annotations

from base64 import b64encode
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, File, Form, Response, UploadFile
from starlette.concurrency import run_in_threadpool

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.announcements import store
from ringway.crm_api.announcements.schemas import AnnouncementView
from ringway.crm_api.announcements.wav import samples_of
from ringway.crm_api.audit import store as audit
from ringway.crm_api.deps import Deps, DepsOf, requires
from ringway.crm_api.errors import NotFound
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Name, Page
from ringway.proto import dialer_announcements as p
from ringway.proto.base import Done
from ringway.proto.dialer_spec import NumberState
from ringway.proto.exact import Measured
from ringway.runtime.ids import uuid7

router = api_router("/announcements", "announcements")
Reader = Annotated[Caller, Depends(requires(Permission.ANNOUNCEMENTS_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.ANNOUNCEMENTS_WRITE))]


@router.post("", status_code=201)
async def create_announcement(
    deps: DepsOf,
    caller: Writer,
    response: Response,
    name: Annotated[Name, Measured(), Form()],
    meaning: Annotated[NumberState, Form()],
    file: Annotated[
        UploadFile, File(description="WAV: one channel at 8000 Hz of 16 bit, 3 to 30 seconds.")
    ],
) -> AnnouncementView:
    """Store a recording and what it means; calls are compared with it within seconds.

    Recorded by the platform's own staff it counts for every enterprise.
    """
    samples = await run_in_threadpool(samples_of, file.file)
    announcement_id = str(uuid7())
    question = p.PutAnnouncementV1(
        occurred_at=deps.now(),
        tenant=caller.tenant,
        announcement_id=announcement_id,
        name=name,
        meaning=meaning,
        audio=b64encode(samples).decode(),
        by=caller.username,
    )
    await deps.bus.request(question, p.AnnouncementPutV1)
    detail = {"name": name, "meaning": meaning.value}
    await _note(deps, caller, "announcement.added", announcement_id, detail)
    response.headers["Location"] = f"/api/v1/announcements/{announcement_id}"
    return await _get(deps, caller, announcement_id)


@router.get("")
async def list_announcements(deps: DepsOf, caller: Reader) -> Page[AnnouncementView]:
    """List the enterprise's recordings, then the platform's."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.announcements(conn, tenant_id=caller.tenant_id)
    return Page(items=[AnnouncementView.model_validate(each) for each in found])


@router.get("/{announcement_id}")
async def get_announcement(announcement_id: UUID, deps: DepsOf, caller: Reader) -> AnnouncementView:
    """Return one of the enterprise's own recordings."""
    return await _get(deps, caller, str(announcement_id))


@router.delete("/{announcement_id}", status_code=204)
async def delete_announcement(announcement_id: UUID, deps: DepsOf, caller: Writer) -> None:
    """Delete a recording. What was recognised by it stays on record."""
    found = await _get(deps, caller, str(announcement_id))
    question = p.RemoveAnnouncementV1(
        occurred_at=deps.now(), tenant=caller.tenant, announcement_id=str(announcement_id)
    )
    await deps.bus.request(question, Done)
    detail = {"name": found.name, "meaning": found.meaning.value}
    await _note(deps, caller, "announcement.deleted", str(announcement_id), detail)


async def _get(deps: Deps, caller: Caller, announcement_id: str) -> AnnouncementView:
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.announcement(
            conn, tenant_id=caller.tenant_id, announcement_id=announcement_id
        )
    if found is None:
        raise NotFound("announcement_not_found", f"There is no recording {announcement_id}.")
    return AnnouncementView.model_validate(found)


async def _note(
    deps: Deps, caller: Caller, action: str, announcement_id: str, detail: dict[str, Any]
) -> None:
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action=action,
            object_type="announcement",
            object_id=announcement_id,
            detail=detail,
        )
