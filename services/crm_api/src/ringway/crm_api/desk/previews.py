"""/agents/me/preview: leads that an agent is shown before they are dialed."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.deps import DepsOf, requires
from ringway.crm_api.desk.preview_schemas import (
    PreviewChoice,
    PreviewSkip,
    PreviewView,
    TakeLeadBody,
)
from ringway.crm_api.desk.router import acting
from ringway.crm_api.routing import api_router
from ringway.proto import dialer_preview as d
from ringway.proto.base import Done

router = api_router("/agents/me/preview", "calls")
Actor = Annotated[Caller, Depends(requires(Permission.AGENTS_ACT))]


@router.get("")
async def get_preview(deps: DepsOf, caller: Actor) -> PreviewView:
    """Return the lead that one is shown, if there is one."""
    shown = await deps.bus.request(d.GetPreviewV1(**acting(deps, caller)), d.PreviewV1)
    return PreviewView.model_validate(shown)


@router.post("", status_code=201)
async def take_lead(deps: DepsOf, caller: Actor, body: TakeLeadBody) -> PreviewView:
    """Take a lead of a manual campaign, the next one or a given one, and be shown it."""
    question = d.TakeLeadV1(**acting(deps, caller), **body.model_dump(mode="json"))
    return PreviewView.model_validate(await deps.bus.request(question, d.PreviewV1))


@router.post("/accept", status_code=204)
async def accept_preview(deps: DepsOf, caller: Actor, body: PreviewChoice) -> None:
    """Dial the lead that one is shown."""
    question = d.AcceptPreviewV1(**acting(deps, caller), attempt_id=str(body.attempt_id))
    await deps.bus.request(question, Done)


@router.post("/skip", status_code=204)
async def skip_preview(deps: DepsOf, caller: Actor, body: PreviewSkip) -> None:
    """Do not dial it: it is offered again later."""
    question = d.SkipPreviewV1(
        **acting(deps, caller), attempt_id=str(body.attempt_id), reason=body.reason
    )
    await deps.bus.request(question, Done)
