"""/agents/me and /conferences: calls that an agent makes, parks, picks up, or holds with many."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Path, Response

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.deps import Deps, DepsOf, requires
from ringway.crm_api.desk.schemas import (
    ConferenceBody,
    ConferenceView,
    DialBody,
    DialingView,
    DoNotDisturbBody,
    InviteBody,
    ParkedView,
    PickUpBody,
    SlotBody,
)
from ringway.crm_api.routing import api_router
from ringway.crm_api.users import service as users
from ringway.proto import acd_calls as c
from ringway.proto.base import Done, Token
from ringway.runtime.ids import uuid7

router = api_router("/agents/me", "calls")
conferences = api_router("/conferences", "conferences")
Actor = Annotated[Caller, Depends(requires(Permission.AGENTS_ACT))]
Leg = Annotated[Token, Path()]
Conference = Annotated[Token, Path()]

# Routes are looked at, and the agent's phone is seen to be there, before the answer comes.
_LIMIT_S = 10.0


# -- calls ---------------------------------------------------------------------------------------


@router.post("/calls", status_code=201)
async def dial(deps: DepsOf, caller: Actor, body: DialBody) -> DialingView:
    """Call a number or a colleague: one's own phone first, then the other side."""
    question = c.DialV1(**acting(deps, caller), **body.model_dump())
    made = await deps.bus.request(question, c.DialingV1, timeout_s=_LIMIT_S)
    return DialingView.model_validate(made)


@router.post("/calls/current/park")
async def park_call(deps: DepsOf, caller: Actor) -> ParkedView:
    """Let the customer hear music in a slot, from which any phone may take him."""
    question = c.ParkV1(**acting(deps, caller))
    parked = await deps.bus.request(question, c.ParkedV1, timeout_s=_LIMIT_S)
    return ParkedView.model_validate(parked)


@router.post("/calls/retrieve", status_code=204)
async def retrieve_call(deps: DepsOf, caller: Actor, body: SlotBody) -> None:
    """Take a parked customer."""
    question = c.RetrieveV1(**acting(deps, caller), slot=body.slot)
    await deps.bus.request(question, Done, timeout_s=_LIMIT_S)


@router.post("/calls/pick-up", status_code=204)
async def pick_up_call(deps: DepsOf, caller: Actor, body: PickUpBody) -> None:
    """Take the call that rings at a colleague's phone."""
    question = c.PickUpV1(**acting(deps, caller), from_agent_id=body.from_agent_id)
    await deps.bus.request(question, Done, timeout_s=_LIMIT_S)


@router.put("/do-not-disturb", status_code=204)
async def set_do_not_disturb(deps: DepsOf, caller: Actor, body: DoNotDisturbBody) -> None:
    """Let no internal or direct call ring, or let them ring again. Queues go on."""
    question = c.SetDoNotDisturbV1(**acting(deps, caller), on=body.enabled)
    await deps.bus.request(question, Done)


# -- conferences ---------------------------------------------------------------------------------


@conferences.post("", status_code=201)
async def start_conference(
    deps: DepsOf, caller: Actor, body: ConferenceBody, response: Response
) -> ConferenceView:
    """Open a conference: the caller's own phone and everybody invited are called.

    Who is in a talk takes his customer into the conference. With the id of a conference room,
    callers of its number get in, too.
    """
    conference_id = body.conference_id or str(uuid7())
    question = c.StartConferenceV1(
        **acting(deps, caller),
        conference_id=conference_id,
        name=body.name,
        invite=body.invite,
        record=body.record,
    )
    view = await _shown(deps, question)
    response.headers["Location"] = f"/api/v1/conferences/{conference_id}"
    return view


@conferences.get("/{conference_id}")
async def get_conference(conference_id: Conference, deps: DepsOf, caller: Actor) -> ConferenceView:
    """Return who is there. Only its organiser sees a conference."""
    return await _control(deps, caller, c.GetConferenceV1, conference_id)


@conferences.delete("/{conference_id}", status_code=204)
async def end_conference(conference_id: Conference, deps: DepsOf, caller: Actor) -> None:
    """Hang up all."""
    question = c.EndConferenceV1(**acting(deps, caller), conference_id=conference_id)
    await deps.bus.request(question, Done, timeout_s=_LIMIT_S)


@conferences.post("/{conference_id}/members")
async def invite_member(
    conference_id: Conference, deps: DepsOf, caller: Actor, body: InviteBody
) -> ConferenceView:
    """Call one more."""
    return await _control(deps, caller, c.InviteV1, conference_id, target=body.target)


@conferences.delete("/{conference_id}/members/{leg_id}")
async def remove_member(
    conference_id: Conference, leg_id: Leg, deps: DepsOf, caller: Actor
) -> ConferenceView:
    """Hang up one member."""
    return await _control(deps, caller, c.RemoveMemberV1, conference_id, leg_id=leg_id)


@conferences.post("/{conference_id}/members/{leg_id}/mute")
async def mute_member(
    conference_id: Conference, leg_id: Leg, deps: DepsOf, caller: Actor
) -> ConferenceView:
    """Let nobody hear one member."""
    return await _control(deps, caller, c.MuteMemberV1, conference_id, leg_id=leg_id, muted=True)


@conferences.post("/{conference_id}/members/{leg_id}/unmute")
async def unmute_member(
    conference_id: Conference, leg_id: Leg, deps: DepsOf, caller: Actor
) -> ConferenceView:
    """Let one member be heard again."""
    return await _control(deps, caller, c.MuteMemberV1, conference_id, leg_id=leg_id, muted=False)


@conferences.post("/{conference_id}/mute")
async def mute_members(conference_id: Conference, deps: DepsOf, caller: Actor) -> ConferenceView:
    """Let nobody but the organiser be heard."""
    return await _control(deps, caller, c.MuteMemberV1, conference_id, muted=True)


@conferences.post("/{conference_id}/unmute")
async def unmute_members(conference_id: Conference, deps: DepsOf, caller: Actor) -> ConferenceView:
    """Let all be heard again."""
    return await _control(deps, caller, c.MuteMemberV1, conference_id, muted=False)


async def _control(
    deps: Deps,
    caller: Caller,
    kind: type[c.ConferenceRequest],
    conference_id: Conference,
    **fields: Any,
) -> ConferenceView:
    question = kind(**acting(deps, caller), conference_id=conference_id, **fields)
    return await _shown(deps, question)


async def _shown(deps: Deps, question: c.StartConferenceV1 | c.ConferenceRequest) -> ConferenceView:
    status = await deps.bus.request(question, c.ConferenceStatusV1, timeout_s=_LIMIT_S)
    return ConferenceView.model_validate(status)


def acting(deps: Deps, caller: Caller) -> dict[str, Any]:
    """Return who asks, and when."""
    if caller.agent_number is None:
        raise users.no_seat()
    return {"occurred_at": deps.now(), "tenant": caller.tenant, "agent_id": caller.agent_id}
