"""/supervision: what team leaders, QC and admins see of agents' work, and how they step in.

The ACD decides by its monitor groups whom a supervisor may see and what he may do; who may
supervise the whole enterprise is decided here. Every act goes into the audit log, done or refused.
"""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.agents import campaigns
from ringway.crm_api.agents.schemas import AgentCampaigns, ChosenCampaigns, ChosenState
from ringway.crm_api.audit import store as audit
from ringway.crm_api.deps import Cursor, Deps, DepsOf, Limit, requires
from ringway.crm_api.errors import NotFound
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, decode_cursor, encode_cursor
from ringway.crm_api.supervision.schemas import ForcedState, ForcedTransfer, WatchedAgentView
from ringway.crm_api.users import store as users
from ringway.proto.acd_calls import (
    StopSupervisionV1,
    SuperviseV1,
    WatchedGroupV1,
    WatchGroupV1,
)
from ringway.proto.acd_config import SupervisionMode
from ringway.proto.base import Done
from ringway.runtime.errors import DependencyDown, Refused

router = api_router("/supervision", "supervision")
Listener = Annotated[Caller, Depends(requires(Permission.SUPERVISION_LISTEN))]
Actor = Annotated[Caller, Depends(requires(Permission.SUPERVISION_ACT))]

# The supervisor's phone is called, and rings until he answers.
_LIMIT_S = 30.0


@router.get("/agents")
async def watch_agents(
    deps: DepsOf,
    caller: Listener,
    group_id: Annotated[
        UUID | None, Query(description="Only the agents of this monitor group.")
    ] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[WatchedAgentView]:
    """List what the agents under the caller's charge do now, by number."""
    question = WatchGroupV1(
        occurred_at=deps.now(),
        tenant=caller.tenant,
        supervisor_id=caller.agent_id,
        group_id=str(group_id) if group_id is not None else None,
        everywhere=caller.may(Permission.SUPERVISION_EVERYWHERE),
        after=decode_cursor(cursor, 1)[0] if cursor is not None else "",
        limit=limit,
    )
    found = await deps.bus.request(question, WatchedGroupV1)
    return Page(
        items=[WatchedAgentView.model_validate(agent) for agent in found.agents],
        next_cursor=encode_cursor(found.next_after) if found.next_after is not None else None,
    )


@router.post("/agents/{agent_id}/listen", status_code=204)
async def listen_to_agent(agent_id: UUID, deps: DepsOf, caller: Listener) -> None:
    """Hear the agent's talk, unheard. The caller's own phone rings, unless he hears one already."""
    await _act(deps, caller, agent_id, SupervisionMode.LISTEN)


@router.post("/agents/{agent_id}/whisper", status_code=204)
async def whisper_to_agent(agent_id: UUID, deps: DepsOf, caller: Actor) -> None:
    """Speak to the agent alone; the customer does not hear it."""
    await _act(deps, caller, agent_id, SupervisionMode.WHISPER)


@router.post("/agents/{agent_id}/barge", status_code=204)
async def barge_in(agent_id: UUID, deps: DepsOf, caller: Actor) -> None:
    """Join the talk: all hear each other."""
    await _act(deps, caller, agent_id, SupervisionMode.BARGE)


@router.post("/stop", status_code=204)
async def stop_supervision(deps: DepsOf, caller: Listener) -> None:
    """Let the caller's phone leave. The talk goes on."""
    question = StopSupervisionV1(
        occurred_at=deps.now(), tenant=caller.tenant, supervisor_id=caller.agent_id
    )
    await deps.bus.request(question, Done)
    await _note(deps, caller, "stop", None, {})


@router.post("/agents/{agent_id}/disconnect", status_code=204)
async def disconnect_agent(agent_id: UUID, deps: DepsOf, caller: Actor) -> None:
    """End the agent's call, for everybody who is part of it."""
    await _act(deps, caller, agent_id, SupervisionMode.DISCONNECT)


@router.post("/agents/{agent_id}/transfer", status_code=204)
async def transfer_from_agent(
    agent_id: UUID, deps: DepsOf, caller: Actor, transfer: ForcedTransfer
) -> None:
    """Send the agent's customer on, to any target; he need not dial again."""
    await _act(deps, caller, agent_id, SupervisionMode.TRANSFER, target=transfer.target)


@router.post("/agents/{agent_id}/intercept", status_code=204)
async def intercept_call(agent_id: UUID, deps: DepsOf, caller: Actor) -> None:
    """Take the agent's customer oneself; the agent goes to after-call work."""
    await _act(deps, caller, agent_id, SupervisionMode.INTERCEPT)


@router.post("/agents/{agent_id}/state", status_code=204)
async def change_agent_state(
    agent_id: UUID, deps: DepsOf, caller: Actor, state: ForcedState
) -> None:
    """Make the agent ready or not ready."""
    ready = state.state is ChosenState.READY
    await _act(deps, caller, agent_id, SupervisionMode.STATE, ready=ready, reason=state.reason)


@router.put("/agents/{agent_id}/chosen-campaigns")
async def choose_agent_campaigns(
    agent_id: UUID, deps: DepsOf, caller: Actor, wanted: ChosenCampaigns
) -> AgentCampaigns:
    """Choose the campaigns whose calls an agent gets, from the next call on, while he is signed in.

    Only campaigns that he serves (`campaign_not_assigned`); none at all means all of them, unless
    the enterprise wants a choice. Whoever may change the agent's state may do it.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        if not await users.existing(conn, tenant_id=caller.tenant_id, user_ids=[agent_id]):
            raise NotFound("agent_unknown", "There is no such agent in your groups.")
    served = await campaigns.served_by(deps, caller, agent_id)
    campaign_ids = campaigns.check(served, wanted.campaign_ids)
    await _act(
        deps,
        caller,
        agent_id,
        SupervisionMode.STATE,
        act="chosen_campaigns",
        campaign_ids=campaign_ids,
    )
    return campaigns.view(served, await campaigns.status_of(deps, caller, str(agent_id)))


@router.post("/agents/{agent_id}/log-out", status_code=204)
async def log_agent_out(agent_id: UUID, deps: DepsOf, caller: Actor) -> None:
    """End the agent's session and release his phone; a talk that runs is finished before."""
    await _act(deps, caller, agent_id, SupervisionMode.LOG_OUT)


async def _act(
    deps: Deps,
    caller: Caller,
    agent_id: UUID,
    mode: SupervisionMode,
    *,
    act: str = "",
    **more: Any,
) -> None:
    question = SuperviseV1(
        occurred_at=deps.now(),
        tenant=caller.tenant,
        supervisor_id=caller.agent_id,
        agent_id=str(agent_id),
        mode=mode,
        everywhere=caller.may(Permission.SUPERVISION_EVERYWHERE),
        **more,
    )
    outcome = "done"
    try:
        await deps.bus.request(question, Done, timeout_s=_LIMIT_S)
    except Refused as refused:
        outcome = refused.code
        raise
    except DependencyDown:
        outcome = "not_known"  # perhaps it was carried out
        raise
    finally:
        asked = question.model_dump(
            mode="json",
            include={"target", "ready", "reason", "campaign_ids"},
            exclude_defaults=True,
        )
        await _note(deps, caller, act or mode.value, agent_id, {"outcome": outcome, **asked})


async def _note(
    deps: Deps, caller: Caller, act: str, agent_id: UUID | None, detail: dict[str, Any]
) -> None:
    async with deps.pool.tenant(caller.tenant_id) as conn:
        # Other tenants' ids do not exist, not even as what somebody asked for.
        asked = [agent_id] if agent_id is not None else []
        known = await users.existing(conn, tenant_id=caller.tenant_id, user_ids=asked)
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action=f"supervision.{act}",
            object_type="agent",
            object_id=agent_id if agent_id in known else "",
            detail=detail,
        )
