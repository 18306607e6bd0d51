"""/agents/me/calls/current: what an agent does with his call. The ACD does it; this asks it."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Query

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.calls.schemas import (
    DigitsBody,
    LiveInteraction,
    LiveInteractions,
    PlayBody,
    TargetBody,
)
from ringway.crm_api.deps import Deps, DepsOf, requires
from ringway.crm_api.routing import api_router
from ringway.crm_api.users import service as users
from ringway.proto import acd_calls as c
from ringway.proto.acd import HangUpV1
from ringway.proto.base import Done, Token

router = api_router("/agents/me/calls/current", "calls")
live = api_router("/interactions/live", "calls")
Actor = Annotated[Caller, Depends(requires(Permission.AGENTS_ACT))]
Reader = Annotated[Caller, Depends(requires(Permission.INTERACTIONS_READ))]
Which = Annotated[
    UUID | None,
    Query(alias="interaction_id", description="Only if the agent is in this interaction."),
]

# An outside number's trunks are looked at, and legs moved, before the answer comes.
_LIMIT_S = 10.0


@router.post("/answer", status_code=204)
async def answer_call(deps: DepsOf, caller: Actor, which: Which = None) -> None:
    """Take the offered call. A phone that rings is called again and asked to answer by itself."""
    await _ask(deps, caller, c.AnswerV1, which)


@router.post("/decline", status_code=204)
async def decline_call(deps: DepsOf, caller: Actor, which: Which = None) -> None:
    """Let the offered call go to somebody else."""
    await _ask(deps, caller, c.DeclineV1, which)


@router.post("/hang-up", status_code=204)
async def hang_up_call(deps: DepsOf, caller: Actor) -> None:
    """End one's part: the customer is hung up, unless others go on with him."""
    _seat(caller)
    question = HangUpV1(occurred_at=deps.now(), tenant=caller.tenant, agent_id=caller.agent_id)
    await deps.bus.request(question, Done, timeout_s=_LIMIT_S)


@router.post("/hold", status_code=204)
async def hold_call(deps: DepsOf, caller: Actor, which: Which = None) -> None:
    """Let the customer hear music."""
    await _ask(deps, caller, c.HoldV1, which)


@router.post("/resume", status_code=204)
async def resume_call(deps: DepsOf, caller: Actor, which: Which = None) -> None:
    """Take the customer back; a consultation that runs goes on hold instead."""
    await _ask(deps, caller, c.ResumeV1, which)


@router.post("/mute", status_code=204)
async def mute_call(deps: DepsOf, caller: Actor, which: Which = None) -> None:
    """Let nobody hear oneself."""
    await _ask(deps, caller, c.MuteV1, which, muted=True)


@router.post("/unmute", status_code=204)
async def unmute_call(deps: DepsOf, caller: Actor, which: Which = None) -> None:
    """Be heard again."""
    await _ask(deps, caller, c.MuteV1, which, muted=False)


@router.post("/digits", status_code=204)
async def send_digits(deps: DepsOf, caller: Actor, body: DigitsBody, which: Which = None) -> None:
    """Send keys to the customer, or to the outside party that is consulted."""
    await _ask(deps, caller, c.SendDigitsV1, which, digits=body.digits)


@router.post("/play", status_code=204)
async def play_to_call(deps: DepsOf, caller: Actor, body: PlayBody, which: Which = None) -> None:
    """Let the customer hear sounds or a number; the agent hears them, too."""
    await _ask(deps, caller, c.PlayV1, which, **body.model_dump())


@router.post("/consult", status_code=204)
async def consult(deps: DepsOf, caller: Actor, body: TargetBody, which: Which = None) -> None:
    """Call an agent or a number while the customer hears music."""
    await _ask(deps, caller, c.ConsultV1, which, target=body.target)


@router.post("/consult/cancel", status_code=204)
async def cancel_consult(deps: DepsOf, caller: Actor, which: Which = None) -> None:
    """End the consultation and take the customer back."""
    await _ask(deps, caller, c.CancelConsultV1, which)


@router.post("/transfer", status_code=204)
async def transfer_call(deps: DepsOf, caller: Actor, body: TargetBody, which: Which = None) -> None:
    """Send the customer on. Who does not answer brings him back."""
    await _ask(deps, caller, c.TransferV1, which, target=body.target)


@router.post("/transfer/complete", status_code=204)
async def complete_transfer(deps: DepsOf, caller: Actor, which: Which = None) -> None:
    """Leave the customer with the consulted party, also while that still rings."""
    await _ask(deps, caller, c.CompleteTransferV1, which)


@router.post("/merge", status_code=204)
async def merge_call(deps: DepsOf, caller: Actor, which: Which = None) -> None:
    """Make a three-way call of a consultation."""
    await _ask(deps, caller, c.MergeV1, which)


@router.post("/leave", status_code=204)
async def leave_call(deps: DepsOf, caller: Actor, which: Which = None) -> None:
    """Leave a three-way call; the others go on."""
    await _ask(deps, caller, c.LeaveV1, which)


@router.delete("/parties/{leg_id}", status_code=204)
async def remove_party(
    leg_id: Annotated[Token, Path()], deps: DepsOf, caller: Actor, which: Which = None
) -> None:
    """Hang up one other party of one's call."""
    await _ask(deps, caller, c.RemovePartyV1, which, leg_id=leg_id)


@live.get("")
async def list_live_interactions(deps: DepsOf, caller: Reader) -> LiveInteractions:
    """List the interactions that run now, with their parties. An agent sees his own only."""
    question = c.ListInteractionsV1(occurred_at=deps.now(), tenant=caller.tenant)
    found = await deps.bus.request(question, c.InteractionListV1)
    sees_all = caller.may(Permission.INTERACTIONS_ALL)
    return LiveInteractions(
        items=[
            LiveInteraction.model_validate(each)
            for each in found.interactions
            if sees_all or caller.agent_id in {party.agent_id for party in each.parties}
        ]
    )


async def _ask(
    deps: Deps, caller: Caller, kind: type[c.ControlRequest], which: UUID | None, **fields: Any
) -> None:
    _seat(caller)
    question = kind(
        occurred_at=deps.now(),
        tenant=caller.tenant,
        agent_id=caller.agent_id,
        interaction_id=str(which) if which is not None else None,
        **fields,
    )
    await deps.bus.request(question, Done, timeout_s=_LIMIT_S)


def _seat(caller: Caller) -> None:
    if caller.agent_number is None:
        raise users.no_seat()
