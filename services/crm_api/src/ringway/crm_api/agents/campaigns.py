"""Which campaigns an agent serves, and of which he wants calls now: the ACD keeps his choice."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from uuid import UUID

from ringway.crm_api.access import Caller
from ringway.crm_api.agents.schemas import AgentCampaigns, AgentCampaignView, CampaignChoice
from ringway.crm_api.campaigns import store as campaigns
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Invalid
from ringway.crm_api.features import Feature
from ringway.proto.acd import AgentStatusV1, GetAgentV1
from ringway.proto.dialer import CampaignMode, CampaignState

_MOST = 200


async def served_by(deps: Deps, caller: Caller, agent_id: UUID) -> Sequence[campaigns.Served]:
    """Return the running and paused campaigns of an agent of the caller's enterprise."""
    if Feature.OUTBOUND in caller.features_off:
        return ()
    async with deps.pool.tenant(caller.tenant_id) as conn:
        return await campaigns.served_by(
            conn, tenant_id=caller.tenant_id, user_id=agent_id, limit=_MOST
        )


def check(served: Collection[campaigns.Served], wanted: Collection[UUID]) -> tuple[str, ...]:
    """Return the ids to choose, each once.

    Raises:
        Invalid: The agent does not serve one of them.
    """
    ids = {each.campaign_id for each in served}
    unknown = [str(each) for each in wanted if each not in ids]
    if unknown:
        raise Invalid(
            "campaign_not_assigned",
            f"The agent serves no running or paused campaign with these ids: {', '.join(unknown)}.",
        )
    return tuple(str(each) for each in dict.fromkeys(wanted))


async def status_of(deps: Deps, caller: Caller, agent_id: str) -> AgentStatusV1:
    """Ask the ACD what an agent does and chose."""
    question = GetAgentV1(occurred_at=deps.now(), tenant=caller.tenant, agent_id=agent_id)
    return await deps.bus.request(question, AgentStatusV1)


def view(served: Collection[campaigns.Served], status: AgentStatusV1 | None) -> AgentCampaigns:
    """Return an agent's campaigns with what holds now; without a seat he has no choice."""
    chosen = status.chosen_campaigns if status is not None else None
    items = [_campaign(each, chosen) for each in served]
    choice = CampaignChoice.ALL
    if chosen is not None:
        is_any = any(each.is_chosen for each in items)
        choice = CampaignChoice.CHOSEN if is_any else CampaignChoice.NONE
    return AgentCampaigns(
        items=items,
        choice=choice,
        must_choose=status is not None and status.must_choose_campaigns,
    )


def _campaign(served: campaigns.Served, chosen: Collection[str] | None) -> AgentCampaignView:
    is_taken = served.mode == CampaignMode.MANUAL and served.state == CampaignState.RUNNING
    return AgentCampaignView(
        **asdict(served),
        can_take_leads=is_taken,
        is_chosen=chosen is None or str(served.campaign_id) in chosen,
    )
