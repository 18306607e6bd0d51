"""/agents: seats. What an agent does is the ACD's business; this asks it."""

from __future__ import annotations

from typing import Annotated, TypeVar

from fastapi import Depends

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.agents import campaigns
from ringway.crm_api.agents.schemas import (
    AgentCampaigns,
    AgentStatus,
    AgentView,
    ChosenCampaigns,
    ChosenState,
    NewCredentials,
    NewSession,
    Phone,
    StateChoice,
    WrapUpResult,
)
from ringway.crm_api.deps import Cursor, Deps, DepsOf, Limit, requires
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, decode_cursor, page_of
from ringway.crm_api.users import service as users
from ringway.crm_api.users import store as user_store
from ringway.crm_api.users.schemas import InTeam, SearchText
from ringway.proto.acd import (
    AgentListV1,
    AgentState,
    AgentStatusV1,
    FinishWrapUpV1,
    GetAgentV1,
    HangUpV1,
    ListAgentsV1,
    SetAgentStateV1,
    SignInV1,
    SignOutV1,
)
from ringway.proto.acd_choice import ChooseCampaignsV1
from ringway.proto.base import Done, Reply, Request

router = api_router("/agents", "agents")
Reader = Annotated[Caller, Depends(requires(Permission.AGENTS_READ))]
Actor = Annotated[Caller, Depends(requires(Permission.AGENTS_ACT))]
Owner = Annotated[Caller, Depends(requires(Permission.PHONE))]

# A nailed-up sign-in calls the agent's phone and waits until he answers.
_SIGN_IN_LIMIT_S = 45.0

R = TypeVar("R", bound=Reply)


@router.get("")
async def list_agents(
    deps: DepsOf,
    caller: Reader,
    text: SearchText = None,
    team_id: InTeam = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[AgentView]:
    """List the agents of the tenant with their present states."""
    after = decode_cursor(cursor, 1)[0] if cursor is not None else None
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await user_store.page(
            conn,
            tenant_id=caller.tenant_id,
            after=after,
            limit=limit + 1,
            search=user_store.Search(has_seat=True, text=text, team_id=team_id),
        )
    states: dict[str, AgentStatusV1] = {}
    if found:
        question = ListAgentsV1(occurred_at=deps.now(), tenant=caller.tenant)
        answer = await deps.bus.request(question, AgentListV1)
        states = {status.agent_id: status for status in answer.agents}
    items = [_view(user, states.get(str(user.user_id))) for user in found]
    return page_of(items, limit, lambda last: last.username.lower())


@router.get("/me")
async def get_own_state(deps: DepsOf, caller: Actor) -> AgentStatus:
    """Return what the caller does now."""
    question = GetAgentV1(occurred_at=deps.now(), tenant=caller.tenant, agent_id=caller.agent_id)
    return await _status(deps, caller, question)


@router.get("/me/campaigns")
async def list_own_campaigns(deps: DepsOf, caller: Actor) -> AgentCampaigns:
    """List the campaigns that the caller serves, himself or by his team: running ones, then paused.

    At most 200; and of which of them he gets calls now.
    """
    served = await campaigns.served_by(deps, caller, caller.user_id)
    has_seat = caller.agent_number is not None
    status = await campaigns.status_of(deps, caller, caller.agent_id) if has_seat else None
    return campaigns.view(served, status)


@router.put("/me/chosen-campaigns")
async def choose_campaigns(deps: DepsOf, caller: Actor, wanted: ChosenCampaigns) -> AgentCampaigns:
    """Choose the campaigns whose calls the caller gets, from the next call on, while signed in.

    Only campaigns that he serves (`campaign_not_assigned`); none at all means all of them, unless
    the enterprise wants a choice (`campaign_choice_required`). Callers of queues come as before.
    The choice ends with the session at the seat.
    """
    if caller.agent_number is None:
        raise users.no_seat()
    served = await campaigns.served_by(deps, caller, caller.user_id)
    question = ChooseCampaignsV1(
        occurred_at=deps.now(),
        tenant=caller.tenant,
        agent_id=caller.agent_id,
        campaign_ids=campaigns.check(served, wanted.campaign_ids),
    )
    return campaigns.view(served, await _ask(deps, caller, question, AgentStatusV1))


@router.post("/me/session")
async def begin_session(deps: DepsOf, caller: Actor, session: NewSession) -> AgentStatus:
    """Sign in at the seat. Nailed-up: the phone rings now and must be answered."""
    question = SignInV1(
        occurred_at=deps.now(),
        tenant=caller.tenant,
        agent_id=caller.agent_id,
        leg_mode=session.leg_mode,
    )
    return await _status(deps, caller, question, timeout_s=_SIGN_IN_LIMIT_S)


@router.delete("/me/session", status_code=204)
async def end_session(deps: DepsOf, caller: Actor) -> None:
    """Sign out from the seat, after the running interaction if there is one."""
    question = SignOutV1(occurred_at=deps.now(), tenant=caller.tenant, agent_id=caller.agent_id)
    await _ask(deps, caller, question, Reply)


@router.put("/me/state")
async def choose_state(deps: DepsOf, caller: Actor, choice: StateChoice) -> AgentStatus:
    """Choose ready or not ready. During a talk it takes effect after."""
    question = SetAgentStateV1(
        occurred_at=deps.now(),
        tenant=caller.tenant,
        agent_id=caller.agent_id,
        ready=choice.state is ChosenState.READY,
        reason=choice.reason,
    )
    return await _status(deps, caller, question)


@router.post("/me/wrap-up", status_code=204)
async def finish_wrap_up(deps: DepsOf, caller: Actor, result: WrapUpResult) -> None:
    """File the result of an interaction and be done with after-call work."""
    question = FinishWrapUpV1(
        occurred_at=deps.now(),
        tenant=caller.tenant,
        agent_id=caller.agent_id,
        interaction_id=str(result.interaction_id),
        disposition=result.disposition,
    )
    await _ask(deps, caller, question, Done)


@router.post("/me/hang-up", status_code=204)
async def hang_up(deps: DepsOf, caller: Actor) -> None:
    """End the talk."""
    question = HangUpV1(occurred_at=deps.now(), tenant=caller.tenant, agent_id=caller.agent_id)
    await _ask(deps, caller, question, Done)


@router.get("/me/phone")
async def get_phone(deps: DepsOf, caller: Owner) -> Phone:
    """Return the caller's SIP account, without its password."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        user = await user_store.get(conn, tenant_id=caller.tenant_id, user_id=caller.user_id)
    if user is None or user.sip_username is None:
        raise users.no_seat()
    return Phone(**_phone(deps, user.sip_username))


@router.post("/me/phone/credentials")
async def renew_phone_password(deps: DepsOf, caller: Owner) -> NewCredentials:
    """Give the SIP account a new password, shown this once. The old one ends at once."""
    account = await users.new_sip_password(deps, caller)
    return NewCredentials(**_phone(deps, account.sip_username), sip_password=account.sip_password)


async def _ask(
    deps: Deps, caller: Caller, question: Request, reply: type[R], timeout_s: float = 5.0
) -> R:
    if caller.agent_number is None:
        raise users.no_seat()
    return await deps.bus.request(question, reply, timeout_s=timeout_s)


async def _status(
    deps: Deps, caller: Caller, question: Request, timeout_s: float = 5.0
) -> AgentStatus:
    reply = await _ask(deps, caller, question, AgentStatusV1, timeout_s)
    return AgentStatus.model_validate(reply)


def _view(user: user_store.User, status: AgentStatusV1 | None) -> AgentView:
    return AgentView(
        agent_id=str(user.user_id),
        agent_number=user.agent_number or "",
        username=user.username,
        display_name=user.display_name,
        session_id=status.session_id if status else None,
        state=status.state if status else AgentState.LOGGED_OUT,
        reason=status.reason if status else "",
        since=status.since if status else user.created_at,
        interaction_id=status.interaction_id if status else None,
        do_not_disturb=status is not None and status.do_not_disturb,
        chosen_campaigns=status.chosen_campaigns if status else None,
    )


def _phone(deps: Deps, sip_username: str) -> dict[str, str]:
    address = deps.settings.sip_address
    return {
        "sip_username": sip_username,
        "sip_address": address,
        "sip_ws": deps.settings.sip_ws,
        "sip_uri": f"sip:{sip_username}@{address}",
    }
