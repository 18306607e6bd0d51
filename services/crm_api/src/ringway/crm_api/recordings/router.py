"""/recordings: find and play. Each playing is audited."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Query, Response
from fastapi.responses import StreamingResponse

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.moments import Moment
from ringway.crm_api.deps import Cursor, Deps, DepsOf, Limit, requires
from ringway.crm_api.errors import BadRequest, NotFound
from ringway.crm_api.recordings import store
from ringway.crm_api.recordings.schemas import RecordingView
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, decode_cursor, encode_cursor

router = api_router("/recordings", "recordings")
Listener = Annotated[Caller, Depends(requires(Permission.RECORDINGS_LISTEN))]

Number = Annotated[str | None, Query(max_length=32)]


@router.get("")
async def list_recordings(
    deps: DepsOf,
    caller: Listener,
    begins_at: Annotated[Moment | None, Query(alias="from")] = None,
    ends_at: Annotated[Moment | None, Query(alias="to")] = None,
    agent_number: Number = None,
    caller_number: Annotated[str | None, Query(alias="caller", max_length=32)] = None,
    called: Number = None,
    interaction_id: UUID | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[RecordingView]:
    """Search recordings, newest first. An agent finds his own only."""
    wanted = store.Filter(
        begins_at=begins_at,
        ends_at=ends_at,
        agent_id=None if caller.may(Permission.INTERACTIONS_ALL) else caller.user_id,
        agent_number=agent_number,
        caller=caller_number,
        called=called,
        interaction_id=interaction_id,
    )
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.page(
            conn,
            tenant_id=caller.tenant_id,
            wanted=wanted,
            before=_position(cursor),
            limit=limit + 1,
        )
    items = [_view(recording) for recording in found[:limit]]
    last = items[-1] if len(found) > limit else None
    return Page(
        items=items,
        next_cursor=encode_cursor(last.started_at, last.recording_id) if last else None,
    )


@router.get("/{recording_id}")
async def get_recording(recording_id: UUID, deps: DepsOf, caller: Listener) -> RecordingView:
    """Return one recording's index entry."""
    return _view(await _get(deps, caller, recording_id))


@router.get(
    "/{recording_id}/audio",
    response_class=Response,
    responses={
        200: {"content": {"audio/wav": {}}, "description": "The whole file."},
        206: {"content": {"audio/wav": {}}, "description": "The range that was asked for."},
        416: {"description": "The range lies outside of the file."},
    },
)
async def get_audio(
    recording_id: UUID,
    deps: DepsOf,
    caller: Listener,
    range_: Annotated[str | None, Header(alias="Range", max_length=200)] = None,
    if_none_match: Annotated[str | None, Header(max_length=200)] = None,
    if_range: Annotated[str | None, Header(max_length=200)] = None,
) -> Response:
    """Play a recording: stereo WAV, agent left, customer right."""
    await _get(deps, caller, recording_id)
    asked = {"Range": range_, "If-None-Match": if_none_match, "If-Range": if_range}
    stack = AsyncExitStack()
    try:
        status, headers, body = await stack.enter_async_context(
            deps.media.open(
                tenant_id=caller.tenant_id,
                recording_id=recording_id,
                headers={name: value for name, value in asked.items() if value is not None},
                now=deps.now(),
            )
        )
        await _audit_listening(deps, caller, recording_id, range_)
    except BaseException:
        await stack.aclose()
        raise
    return StreamingResponse(_stream(stack, body), status_code=status, headers=headers)


async def _stream(stack: AsyncExitStack, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async with stack:
        async for piece in body:
            yield piece


async def _audit_listening(
    deps: Deps, caller: Caller, recording_id: UUID, byte_range: str | None
) -> None:
    """Note who listens. A player asks for many ranges of one file: once in a while is enough."""
    if not deps.media.is_new_listener(caller.user_id, recording_id, deps.monotonic()):
        return
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action="recording.listened",
            object_type="recording",
            object_id=recording_id,
            detail={"range": byte_range} if byte_range is not None else {},
        )


async def _get(deps: Deps, caller: Caller, recording_id: UUID) -> store.Recording:
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.get(conn, tenant_id=caller.tenant_id, recording_id=recording_id)
    hidden = not caller.may(Permission.INTERACTIONS_ALL)
    if found is None or (hidden and found.agent_id != caller.user_id):
        raise NotFound("recording_not_found", f"There is no recording {recording_id}.")
    return found


def _position(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    at, recording_id = decode_cursor(cursor, 2)
    try:
        return datetime.fromisoformat(at), UUID(recording_id)
    except ValueError as error:
        raise BadRequest("cursor_invalid", "Use next_cursor unchanged.") from error


def _view(recording: store.Recording) -> RecordingView:
    fields = {name: getattr(recording, name) for name in store.Recording.__slots__}
    url = f"/api/v1/recordings/{recording.recording_id}/audio"
    return RecordingView(**fields, audio_url=url)
