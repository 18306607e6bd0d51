"""/campaigns: outbound efforts. The dialer owns and runs them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.campaigns import service, store
from ringway.crm_api.campaigns.schemas import (
    CampaignBody,
    CampaignStateView,
    CampaignSummary,
    CampaignView,
)
from ringway.crm_api.deps import Cursor, Deps, DepsOf, Limit, requires
from ringway.crm_api.etag import IfMatch, expected_version, set_etag
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_uuid, page_of
from ringway.proto.dialer import CampaignAction, CampaignState
from ringway.runtime.ids import uuid7

router = api_router("/campaigns", "campaigns")
Reader = Annotated[Caller, Depends(requires(Permission.CAMPAIGNS_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.CAMPAIGNS_WRITE))]
Controller = Annotated[Caller, Depends(requires(Permission.CAMPAIGNS_CONTROL))]


@router.post("", status_code=201)
async def create_campaign(
    new: CampaignBody, deps: DepsOf, caller: Writer, response: Response
) -> CampaignView:
    """Create a campaign as a draft. What is left out is as `/campaign-defaults` says."""
    campaign_id = uuid7()
    view = await service.put(deps, caller, campaign_id, new, action="campaign.created")
    set_etag(response, view.version)
    response.headers["Location"] = f"/api/v1/campaigns/{campaign_id}"
    return view


@router.get("")
async def list_campaigns(
    deps: DepsOf,
    caller: Reader,
    state: CampaignState | None = None,
    project_id: UUID | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[CampaignView]:
    """List campaigns, newest first."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        campaigns = await store.page(
            conn,
            tenant_id=caller.tenant_id,
            before=cursor_uuid(cursor),
            limit=limit + 1,
            state=state.value if state is not None else None,
            project_id=project_id,
        )
    items = [service.view(campaign) for campaign in campaigns]
    return page_of(items, limit, lambda last: last.campaign_id)


@router.get("/{campaign_id}")
async def get_campaign(
    campaign_id: UUID, deps: DepsOf, caller: Reader, response: Response
) -> CampaignView:
    """Return one campaign."""
    view = await service.get(deps, caller, campaign_id)
    set_etag(response, view.version)
    return view


@router.put("/{campaign_id}")
async def change_campaign(
    campaign_id: UUID,
    wanted: CampaignBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> CampaignView:
    """Change a campaign. It takes effect within seconds, also while it runs."""
    version = expected_version(if_match)
    present = await service.at_version(deps, caller, campaign_id, version)
    view = await service.put(
        deps,
        caller,
        campaign_id,
        wanted,
        action="campaign.changed",
        present=present,
        version=version,
    )
    set_etag(response, view.version)
    return view


@router.delete("/{campaign_id}", status_code=204)
async def remove_campaign(
    campaign_id: UUID, deps: DepsOf, caller: Writer, if_match: IfMatch = None
) -> None:
    """Remove a campaign that is a draft, stopped or finished.

    Its lists, calls and figures in reports stay; its name is told with them.
    """
    await service.remove(deps, caller, campaign_id, expected_version(if_match))


@router.get("/{campaign_id}/summary")
async def get_campaign_summary(campaign_id: UUID, deps: DepsOf, caller: Reader) -> CampaignSummary:
    """Return what the campaign has come to so far."""
    return await service.summary(deps, caller, campaign_id)


@router.post("/{campaign_id}/start")
async def start_campaign(campaign_id: UUID, deps: DepsOf, caller: Controller) -> CampaignStateView:
    """Start dialing, or go on after a pause."""
    return await _control(deps, caller, campaign_id, CampaignAction.START)


@router.post("/{campaign_id}/pause")
async def pause_campaign(campaign_id: UUID, deps: DepsOf, caller: Controller) -> CampaignStateView:
    """Stop dialing for now; calls that are up go on."""
    return await _control(deps, caller, campaign_id, CampaignAction.PAUSE)


@router.post("/{campaign_id}/stop")
async def stop_campaign(campaign_id: UUID, deps: DepsOf, caller: Controller) -> CampaignStateView:
    """Stop dialing for good; calls that are up go on."""
    return await _control(deps, caller, campaign_id, CampaignAction.STOP)


async def _control(
    deps: Deps, caller: Caller, campaign_id: UUID, action: CampaignAction
) -> CampaignStateView:
    state = await service.control(deps, caller, campaign_id, action)
    return CampaignStateView(campaign_id=campaign_id, state=state)
