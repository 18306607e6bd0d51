"""Campaigns: what is checked before the dialer is asked."""

from __future__ import annotations

from uuid import UUID

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.campaigns import defaults, store
from ringway.crm_api.campaigns.schemas import CampaignBody, CampaignSummary, CampaignView
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Forbidden, Invalid, NotFound, PreconditionFailed
from ringway.crm_api.etag import says_nothing_new
from ringway.crm_api.teams.service import check_known
from ringway.crm_api.trunks import store as trunks
from ringway.proto.base import Done, Reply
from ringway.proto.dialer import (
    CampaignAction,
    CampaignSpec,
    CampaignState,
    CampaignStateV1,
    ControlCampaignV1,
    PutCampaignV1,
    RemoveCampaignV1,
)
from ringway.runtime.errors import Refused


async def put(
    deps: Deps,
    caller: Caller,
    campaign_id: UUID,
    wanted: CampaignBody,
    *,
    action: str,
    present: CampaignView | None = None,
    version: int | None = None,
) -> CampaignView:
    """Create or change a campaign. What the body leaves out is as the enterprise's defaults say.

    Args:
        present: What it is now.
        version: Change it only when it is still this one.

    Raises:
        Invalid: An agent, a team or the trunk does not exist.
        PreconditionFailed: It is another version by now.
        Refused, DependencyDown: The dialer did not take it.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        unknown = await store.unknown_agents(
            conn, tenant_id=caller.tenant_id, agent_ids=[UUID(a) for a in wanted.agent_ids]
        )
        await check_known(conn, caller.tenant_id, [UUID(each) for each in wanted.team_ids])
        trunk = await trunks.get(conn, tenant_id=caller.tenant_id, trunk_id=UUID(wanted.trunk_id))
        usual = (await defaults.get(conn, tenant_id=caller.tenant_id)).values
    if unknown:
        ids = ", ".join(str(each) for each in unknown[:10])
        raise Invalid("agent_unknown", f"These are no agents: {ids}.")
    if trunk is None:
        raise Invalid("trunk_unknown", f"There is no trunk {wanted.trunk_id}.")
    now = deps.now()
    said = wanted.model_dump(mode="json")
    left_out = {name: usual[name] for name in usual.keys() - wanted.model_fields_set}
    spec = CampaignSpec.model_validate({**said, **left_out})
    if present is not None and says_nothing_new(present, spec):
        return present
    question = PutCampaignV1(
        occurred_at=now,
        tenant=caller.tenant,
        campaign_id=str(campaign_id),
        spec=spec,
        if_version=version,
    )
    try:
        await deps.bus.request(question, Reply)
    except Refused as refused:
        if refused.code != "campaign_changed":
            raise
        raise _changed(await get(deps, caller, campaign_id)) from refused
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await audit.add(
            conn,
            caller=caller,
            now=now,
            action=action,
            object_type="campaign",
            object_id=campaign_id,
            detail={"name": wanted.name},
        )
    return await get(deps, caller, campaign_id)


async def at_version(
    deps: Deps, caller: Caller, campaign_id: UUID, version: int | None
) -> CampaignView:
    """Return a campaign. Raises PreconditionFailed when it is not at ``version``, and NotFound."""
    present = await get(deps, caller, campaign_id)
    if version is not None and present.version != version:
        raise _changed(present)
    return present


def _changed(present: CampaignView) -> PreconditionFailed:
    return PreconditionFailed(
        "campaign_changed",
        "The campaign was changed meanwhile; `current` is what it is now.",
        extra={"current": present.model_dump(mode="json")},
    )


async def control(
    deps: Deps, caller: Caller, campaign_id: UUID, action: CampaignAction
) -> CampaignState:
    """Start, pause or stop a campaign. The dialer's refusals say what to do."""
    now = deps.now()
    if action is CampaignAction.START:
        async with deps.pool.tenant(caller.tenant_id) as conn:
            name = await trunks.withdrawn_from(
                conn, tenant_id=caller.tenant_id, campaign_id=campaign_id
            )
        if name is not None:
            raise Forbidden(
                "trunk_withdrawn", f"The platform's operator does not lend the trunk {name} now."
            )
    question = ControlCampaignV1(
        occurred_at=now, tenant=caller.tenant, campaign_id=str(campaign_id), action=action
    )
    reply = await deps.bus.request(question, CampaignStateV1)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await audit.add(
            conn,
            caller=caller,
            now=now,
            action=f"campaign.{action}",
            object_type="campaign",
            object_id=campaign_id,
        )
    return reply.state


async def remove(deps: Deps, caller: Caller, campaign_id: UUID, version: int | None) -> None:
    """Remove a campaign that is over; what it has dialed stays. The dialer may refuse it."""
    present = await get(deps, caller, campaign_id)
    if version is not None and present.version != version:
        raise _changed(present)
    now = deps.now()
    question = RemoveCampaignV1(occurred_at=now, tenant=caller.tenant, campaign_id=str(campaign_id))
    await deps.bus.request(question, Done)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await audit.add(
            conn,
            caller=caller,
            now=now,
            action="campaign.removed",
            object_type="campaign",
            object_id=campaign_id,
            detail={"name": present.name},
        )


async def get(deps: Deps, caller: Caller, campaign_id: UUID) -> CampaignView:
    """Return one campaign."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        campaign = await store.get(conn, tenant_id=caller.tenant_id, campaign_id=campaign_id)
    if campaign is None:
        raise _not_found(campaign_id)
    return view(campaign)


async def summary(deps: Deps, caller: Caller, campaign_id: UUID) -> CampaignSummary:
    """Return what a campaign has come to."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        if await store.get(conn, tenant_id=caller.tenant_id, campaign_id=campaign_id) is None:
            raise _not_found(campaign_id)
        figures = await store.figures(
            conn, tenant_id=caller.tenant_id, campaign_id=campaign_id, now=deps.now()
        )
    answered, staffed_s = figures.answered, figures.busy_s + figures.idle_s
    return CampaignSummary(
        attempts=figures.attempts,
        answered=answered,
        connected=figures.connected,
        abandoned=figures.abandoned,
        abandonment_rate=round(figures.abandoned / answered, 6) if answered else 0.0,
        recordings=figures.recordings,
        talk_s=round(figures.talk_s, 3),
        occupancy=round(figures.busy_s / staffed_s, 6) if staffed_s else 0.0,
    )


def view(campaign: store.Campaign) -> CampaignView:
    """Return a campaign as the API shows it."""
    fields = {
        "campaign_id": campaign.campaign_id,
        "state": campaign.state,
        "version": campaign.version,
        "leads_total": campaign.leads_total,
        "leads_open": campaign.leads_open,
        "created_at": campaign.created_at,
        "changed_at": campaign.changed_at,
        "started_at": campaign.started_at,
        "finished_at": campaign.finished_at,
        "state_reason": campaign.state_reason,
    }
    return CampaignView.model_validate({**campaign.spec, **fields})


def _not_found(campaign_id: UUID) -> NotFound:
    return NotFound("campaign_not_found", f"There is no campaign {campaign_id}.")
