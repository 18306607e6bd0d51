"""/campaign-defaults: what campaigns have where they say nothing."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Response

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.audit import store as audit
from ringway.crm_api.campaigns import defaults
from ringway.crm_api.campaigns.defaults import CampaignDefaultsBody, CampaignDefaultsView
from ringway.crm_api.deps import DepsOf, requires
from ringway.crm_api.errors import PreconditionFailed
from ringway.crm_api.etag import IfMatch, expected_version, says_nothing_new, set_etag
from ringway.crm_api.routing import api_router

router = api_router("/campaign-defaults", "campaigns")
Reader = Annotated[Caller, Depends(requires(Permission.CAMPAIGNS_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.CAMPAIGNS_WRITE))]


@router.get("")
async def get_campaign_defaults(
    deps: DepsOf, caller: Reader, response: Response
) -> CampaignDefaultsView:
    """Return what campaigns have where they say nothing."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await defaults.get(conn, tenant_id=caller.tenant_id)
    set_etag(response, found.version)
    return found.view()


@router.put("")
async def put_campaign_defaults(
    wanted: CampaignDefaultsBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> CampaignDefaultsView:
    """Replace them. They count when a campaign is created or changed; others stay as they are."""
    version, now, tenant_id = expected_version(if_match), deps.now(), caller.tenant_id
    async with deps.pool.tenant(tenant_id) as conn:
        before = await defaults.get(conn, tenant_id=tenant_id)
        if version in (None, before.version) and says_nothing_new(before.view(), wanted):
            set_etag(response, before.version)
            return before.view()
        done = await defaults.put(conn, tenant_id=tenant_id, version=version, body=wanted, now=now)
        present = await defaults.get(conn, tenant_id=tenant_id)
        if not done:
            raise PreconditionFailed(
                "campaign_defaults_changed",
                "The defaults were changed meanwhile; `current` is what they are now.",
                extra={"current": present.view().model_dump(mode="json")},
            )
        await audit.add(
            conn,
            caller=caller,
            now=now,
            action="campaign_defaults.changed",
            object_type="campaign_defaults",
            detail=wanted.model_dump(mode="json", exclude_none=True),
        )
    set_etag(response, present.version)
    return present.view()
