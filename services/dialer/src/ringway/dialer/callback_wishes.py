"""From what an agent asks for to a call-back's moments."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from ringway.dialer import campaign_store, facts, outbound_stop
from ringway.dialer.callback_store import OUTBOX, Wanted
from ringway.dialer.core.callbacks import moment_of, times_of
from ringway.dialer.core.law import zone_key, zones_of_key
from ringway.dialer.model import Campaign
from ringway.proto.dialer import CampaignSpec, CampaignState
from ringway.proto.dialer_callback import CallbackWish
from ringway.runtime import outbox
from ringway.runtime.postgres import Connection

_LATEST = timedelta(days=366)
_EARLIEST = timedelta(days=1)


class CallbackInvalid(Exception):
    """It cannot be made; the argument says why, in words for people."""


def wanted(
    wish: CallbackWish,
    *,
    callback_id: str,
    campaign: Campaign,
    lead: asyncpg.Record,
    now: datetime,
    by: str = "",
    source: UUID | None = None,
) -> Wanted:
    """Return the call-back as it is to be written down. Raises CallbackInvalid."""
    spec = campaign.spec
    if not spec.mode.has_agents:
        raise CallbackInvalid("Nobody would talk: the campaign has no agents.")
    if campaign.state is CampaignState.STOPPED:
        raise CallbackInvalid("The campaign is stopped for good.")
    if wish.agent_id is not None and wish.agent_id not in campaign.agent_ids:
        raise CallbackInvalid(f"{wish.agent_id} is not an agent of the campaign.")
    due_at, zone = _due(wish, lead, spec)
    if not now - _EARLIEST <= due_at <= now + _LATEST:
        raise CallbackInvalid("Choose a time within the next 366 days.")
    return Wanted(
        callback_id=callback_id,
        campaign_id=campaign.campaign_id,
        lead_id=lead["lead_id"],
        agent_id=wish.agent_id,
        due_at=due_at,
        zone=zone,
        early_s=wish.early_s,
        times=times_of(
            due_at,
            spec.callbacks,
            is_personal=wish.agent_id is not None,
            early_s=wish.early_s,
            late_s=wish.late_s,
        ),
        note=wish.note,
        by=by,
        source=source,
    )


def _due(wish: CallbackWish, lead: asyncpg.Record, spec: CampaignSpec) -> tuple[datetime, str]:
    named = wish.due.zone
    zones = (named,) if named else zones_of_key(zone_key(lead["phone_e164"], lead["zone"]))
    if wish.due.at is not None:
        return wish.due.at, zones[0] if zones else spec.schedule.zone
    assert wish.due.local_time is not None
    local_time = datetime.fromisoformat(wish.due.local_time)
    moments = {moment_of(local_time, zone) for zone in zones}
    if len(moments) != 1:
        raise CallbackInvalid("The customer's time zone is not known; name it.")
    return moments.pop(), zones[0]


async def run_again(conn: Connection, campaign: Campaign) -> None:
    """A campaign that had finished has something to dial again.

    Whoever calls this has held its end off since before the campaign was read (``promising``).
    """
    if campaign.state is not CampaignState.FINISHED:
        return
    tenant_id = UUID(campaign.tenant)
    is_stopped = await outbound_stop.reason_of(conn, tenant_id=tenant_id) is not None
    trunk_stop = await outbound_stop.reason_of_trunk(
        conn, tenant_id=tenant_id, trunk_id=campaign.spec.trunk_id
    )
    is_stopped = is_stopped or trunk_stop is not None
    state = CampaignState.PAUSED if is_stopped else CampaignState.RUNNING
    reason = "an agent asked for another call"
    if not await campaign_store.run_again(
        conn, tenant_id=tenant_id, campaign_id=campaign.campaign_id, state=state, reason=reason
    ):
        return
    fact = facts.state_changed(campaign.tenant, campaign.campaign_id, campaign.state, state, reason)
    await outbox.add(conn, OUTBOX, fact)
