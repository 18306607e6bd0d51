"""What a campaign learns outlives the process: kept now and then, given to the next one."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from ringway.dialer import mode_store
from ringway.dialer.core import messages as m
from ringway.proto.dialer import CampaignSpec
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import PostgresDown
from ringway.runtime.postgres import Connection

if TYPE_CHECKING:
    from ringway.dialer.runner import CampaignRunner, Parts

_log = logging.getLogger("ringway.dialer.learning")

KEEP_EVERY_S = 10.0


def day_began(spec: CampaignSpec) -> datetime:
    """Return when the present day began in the campaign's zone."""
    zone = ZoneInfo(spec.schedule.zone)
    return datetime.combine(utcnow().astimezone(zone).date(), time(), zone)


async def recall(
    conn: Connection, runner: CampaignRunner
) -> tuple[tuple[int, int, int], dict[str, Any]]:
    """Return today's counts of a campaign and what its pacing had learned."""
    tenant_id, campaign_id = runner.tenant_id, runner.campaign.campaign_id
    today = await mode_store.counts_since(
        conn, tenant_id=tenant_id, campaign_id=campaign_id, since=day_began(runner.core.spec)
    )
    return today, await mode_store.load_learned(conn, tenant_id=tenant_id, campaign_id=campaign_id)


async def keep(runner: CampaignRunner, parts: Parts) -> None:
    """Write down what pacing has learned; not while PostgreSQL is away."""
    learned = runner.core.learned()
    if learned is None:
        return
    try:
        async with parts.pool.tenant(runner.tenant_id) as conn:
            await mode_store.save_learned(
                conn,
                tenant_id=runner.tenant_id,
                campaign_id=runner.campaign.campaign_id,
                state=learned,
            )
    except PostgresDown:
        _log.debug("What pacing learned is not kept now.")


async def follow(runner: CampaignRunner, parts: Parts) -> None:
    """Worker: tell the core the time of day, and keep what it learns."""
    faults = 0
    while True:
        runner.post(m.ClockRead(asyncio.get_running_loop().time(), utcnow().timestamp()))
        await asyncio.sleep(KEEP_EVERY_S)
        await keep(runner, parts)
        if runner.core.pacing_faults != faults:
            faults = runner.core.pacing_faults
            _log.error(
                "The pacer failed; one call for each ready agent instead.",
                extra={"campaign": runner.campaign.campaign_id, "faults": faults},
            )
