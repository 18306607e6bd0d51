"""/voicemails: messages that callers left. The ACD owns them. An agent sees his own boxes'."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Header, Path, Query, Response
from fastapi.responses import StreamingResponse

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.audit import store as audit
from ringway.crm_api.deps import Deps, DepsOf, Limit, requires
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page
from ringway.crm_api.voicemails.schemas import HeardBody, VoicemailView
from ringway.proto import acd_voicemail as v
from ringway.proto.base import Done, Token

router = api_router("/voicemails", "voicemails")
Listener = Annotated[Caller, Depends(requires(Permission.RECORDINGS_LISTEN))]
VoicemailId = Annotated[Token, Path()]
_RANGE = re.compile(r"bytes=(\d{1,15})?-(\d{1,15})?")


@router.get("")
async def list_voicemails(
    deps: DepsOf, caller: Listener, box_id: Annotated[Token, Query()], limit: Limit = 100
) -> Page[VoicemailView]:
    """List a box's messages, the newest first."""
    question = v.ListVoicemailsV1(
        occurred_at=deps.now(),
        tenant=caller.tenant,
        box_id=box_id,
        agent_id=_asker(caller),
        limit=limit,
    )
    found = await deps.bus.request(question, v.VoicemailListV1)
    return Page(items=[_view(message) for message in found.messages], next_cursor=None)


@router.get("/{voicemail_id}")
async def get_voicemail(voicemail_id: VoicemailId, deps: DepsOf, caller: Listener) -> VoicemailView:
    """Return one message."""
    return _view(await _get(deps, caller, voicemail_id))


@router.get(
    "/{voicemail_id}/audio",
    response_class=Response,
    responses={
        200: {"content": {"audio/wav": {}}, "description": "The whole file."},
        206: {"content": {"audio/wav": {}}, "description": "The range that was asked for."},
        416: {"description": "The range lies outside of the file."},
    },
)
async def get_voicemail_audio(
    voicemail_id: VoicemailId,
    deps: DepsOf,
    caller: Listener,
    range_: Annotated[str | None, Header(alias="Range", max_length=200)] = None,
) -> Response:
    """Play a message: WAV."""
    message = await _get(deps, caller, voicemail_id)
    size = message.size_bytes
    span = _span(range_, size)
    headers = {"Accept-Ranges": "bytes"}
    if span is None and range_ is not None and _RANGE.fullmatch(range_):
        headers["Content-Range"] = f"bytes */{size}"
        return Response(status_code=416, headers=headers)
    first, last = span or (0, size - 1)
    headers["Content-Length"] = str(last - first + 1)
    if span is not None:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    if first == 0:
        await _note(deps, caller, message, "voicemail.listened")
    return StreamingResponse(
        _parts(deps, caller, voicemail_id, first, last),
        status_code=206 if span is not None else 200,
        headers=headers,
        media_type="audio/wav",
    )


@router.put("/{voicemail_id}/heard", status_code=204)
async def put_heard(
    voicemail_id: VoicemailId, heard: HeardBody, deps: DepsOf, caller: Listener
) -> None:
    """Say that a message has been heard, or not."""
    question = v.MarkVoicemailV1(
        occurred_at=deps.now(),
        tenant=caller.tenant,
        voicemail_id=voicemail_id,
        agent_id=_asker(caller),
        is_heard=heard.is_heard,
    )
    await deps.bus.request(question, Done)


@router.delete("/{voicemail_id}", status_code=204)
async def delete_voicemail(voicemail_id: VoicemailId, deps: DepsOf, caller: Listener) -> None:
    """Delete a message and its sound."""
    message = await _get(deps, caller, voicemail_id)
    question = v.DeleteVoicemailV1(
        occurred_at=deps.now(),
        tenant=caller.tenant,
        voicemail_id=voicemail_id,
        agent_id=_asker(caller),
    )
    await deps.bus.request(question, Done)
    await _note(deps, caller, message, "voicemail.deleted")


def _asker(caller: Caller) -> str | None:
    return None if caller.may(Permission.INTERACTIONS_ALL) else str(caller.user_id)


async def _get(deps: Deps, caller: Caller, voicemail_id: str) -> v.VoicemailMessage:
    question = v.GetVoicemailV1(
        occurred_at=deps.now(),
        tenant=caller.tenant,
        voicemail_id=voicemail_id,
        agent_id=_asker(caller),
    )
    return (await deps.bus.request(question, v.VoicemailV1)).message


async def _parts(
    deps: Deps, caller: Caller, voicemail_id: str, first: int, last: int
) -> AsyncIterator[bytes]:
    at = first
    while at <= last:
        question = v.ReadVoicemailV1(
            occurred_at=deps.now(),
            tenant=caller.tenant,
            voicemail_id=voicemail_id,
            agent_id=_asker(caller),
            offset=at,
            length=min(last - at + 1, v.LONGEST_PART_BYTES),
        )
        part = base64.b64decode((await deps.bus.request(question, v.VoicemailPartV1)).data)
        if not part:
            return  # deleted meanwhile: the client sees that it is short
        at += len(part)
        yield part


def _span(range_: str | None, size: int) -> tuple[int, int] | None:
    """Return first and last byte of a range that can be served, else ``None``."""
    found = _RANGE.fullmatch(range_) if range_ is not None else None
    if found is None or not (found[1] or found[2]) or size == 0:
        return None
    if found[1] is None:
        length = int(found[2])
        return (max(0, size - length), size - 1) if length else None
    first = int(found[1])
    last = min(int(found[2]), size - 1) if found[2] else size - 1
    return (first, last) if first <= last else None


async def _note(deps: Deps, caller: Caller, message: v.VoicemailMessage, action: str) -> None:
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action=action,
            object_type="voicemail",
            object_id=message.voicemail_id,
            detail={"box_id": message.box_id},
        )


def _view(message: v.VoicemailMessage) -> VoicemailView:
    url = f"/api/v1/voicemails/{message.voicemail_id}/audio"
    return VoicemailView(**message.model_dump(), audio_url=url)
