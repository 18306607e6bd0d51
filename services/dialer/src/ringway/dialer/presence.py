"""What a running campaign tells others now and then: its figures, and who serves it."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from zoneinfo import ZoneInfo

from ringway.dialer import lead_store, team_store
from ringway.dialer.core import messages as m
from ringway.dialer.core.messages import Phase
from ringway.dialer.runner import CampaignRunner, Parts
from ringway.proto.acd import SetCampaignAgentsV1
from ringway.proto.base import Done
from ringway.proto.dialer import AttemptDisposition, CampaignLiveV1, CampaignState
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import DependencyDown, PostgresDown, Refused

_log = logging.getLogger("ringway.dialer.presence")

_AT_MOST_EVERY_S = 0.5
_AT_LEAST_EVERY_S = 2.0
_COUNT_LEADS_EVERY_S = 3.0
_TELL_ACD_EVERY_S = 5.0
_TELL_TEAMS_EVERY_S = 1.0  # people come and go
_TELL_ACD_AGAIN_S = 0.5


def live_of(runner: CampaignRunner) -> CampaignLiveV1:
    """Return a campaign's live figures."""
    core = runner.core
    calls = core.calls
    tenant, campaign_id = runner.key
    waiting = (Phase.ANSWERED, Phase.HANDED_OVER, Phase.ABANDONING)
    return CampaignLiveV1(
        occurred_at=utcnow(),
        tenant=tenant,
        campaign_id=campaign_id,
        state=core.state,
        dialing=sum(c.phase in (Phase.PLACING, Phase.DIALING) and not c.has_rung for c in calls),
        ringing=sum(c.phase in (Phase.PLACING, Phase.DIALING) and c.has_rung for c in calls),
        answered_waiting=sum(
            c.phase in waiting
            and c.outcome is not AttemptDisposition.CONNECTED
            and c.bridged_at is None
            for c in calls
        ),
        lines=core.lines,
        attempts=core.counts.attempts,
        answered=core.counts.answered,
        connected=core.counts.connected,
        abandoned=core.counts.abandoned,
        leads_total=runner.lead_counts.total,
        leads_open=runner.lead_counts.open,
        explanation=" ".join(filter(None, (core.explanation, _hours(runner)))),
        pacing=_numbers(core.figures),
    )


def _numbers(figures: Mapping[str, float | str]) -> dict[str, float | str]:
    """Return figures as people read them; JSON has no infinity."""
    return {
        name: value if isinstance(value, str) else round(value, 4)
        for name, value in figures.items()
        if isinstance(value, str) or math.isfinite(value)
    }


def _hours(runner: CampaignRunner) -> str:
    """Say how many leads wait for their hours."""
    waiting = runner.waiting
    if waiting is None or waiting.leads == 0:
        return ""
    if waiting.next_at is None:
        return f"{waiting.leads} leads wait for hours that never come."
    local = waiting.next_at.astimezone(ZoneInfo(waiting.zone))
    return (
        f"{waiting.leads} leads wait for their hours;"
        f" the next at {local:%Y-%m-%d %H:%M} ({waiting.zone})."
    )


async def tell_live(runner: CampaignRunner, parts: Parts) -> None:
    """Worker: figures on change, at most twice a second, and at least every 2 s."""
    now = asyncio.get_running_loop().time
    last: dict[str, Any] = {}
    told_at = counted_at = float("-inf")
    while True:
        if now() - counted_at >= _COUNT_LEADS_EVERY_S and parts.pool.healthy:
            counted_at = now()
            await count_leads(runner, parts)
        live = live_of(runner)
        figures = live.model_dump(exclude={"occurred_at", "message_id"})
        if figures != last or now() - told_at >= _AT_LEAST_EVERY_S:
            last, told_at = figures, now()
            parts.bus.emit(live)
        await asyncio.sleep(_AT_MOST_EVERY_S)


async def count_leads(runner: CampaignRunner, parts: Parts) -> None:
    """Read how many leads there are; unchanged while PostgreSQL is away."""
    try:
        async with parts.pool.tenant(runner.tenant_id) as conn:
            runner.lead_counts = await lead_store.counts(
                conn, tenant_id=runner.tenant_id, list_ids=runner.core.spec.list_ids
            )
            runner.waiting = await runner.gate.waiting(conn, now=utcnow())
    except PostgresDown:
        _log.debug("Leads are not counted now.")
    else:
        at = asyncio.get_running_loop().time()
        runner.post(m.LeadsCounted(at, runner.lead_counts.open))


async def tell_acd(runner: CampaignRunner, parts: Parts) -> None:
    """Worker: tell the ACD which agents serve the campaign, again and again: it may be new.

    Who is in its teams is read each time, so that newcomers serve it within seconds.
    """
    of_teams: tuple[str, ...] = runner.campaign.team_agent_ids
    while True:
        spec = runner.core.spec
        if not spec.team_ids:
            of_teams = ()
        elif parts.pool.healthy:
            with suppress(PostgresDown):
                async with parts.pool.tenant(runner.tenant_id, limit_s=1) as conn:
                    of_teams = await team_store.agents_of(
                        conn, tenant_id=runner.tenant_id, spec=spec
                    )
        tenant, campaign_id = runner.key
        request = SetCampaignAgentsV1(
            occurred_at=utcnow(),
            tenant=tenant,
            campaign_id=campaign_id,
            agent_ids=tuple(dict.fromkeys((*spec.agent_ids, *of_teams))),
            abandonment_limit_s=spec.abandonment_limit_s,
            wrap_up_s=spec.wrap_up_s,
            abandonment_message=spec.abandonment_message,
        )
        pause_s = _TELL_TEAMS_EVERY_S if spec.team_ids else _TELL_ACD_EVERY_S
        try:
            await parts.bus.request(request, Done, timeout_s=2)
        except (Refused, DependencyDown) as error:
            _log.debug("The ACD was not told.", extra={"error": str(error)})
            pause_s = _TELL_ACD_AGAIN_S
        runner.reconfigured.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await runner.reconfigured.wait()


async def tell_acd_over(runner: CampaignRunner, parts: Parts) -> None:
    """Tell the ACD that nobody serves the campaign, once it is over: it drops out of choices.

    When the ACD is not there, it forgets the campaign later, by itself.
    """
    if runner.core.state not in (CampaignState.FINISHED, CampaignState.STOPPED):
        return
    spec = runner.core.spec
    tenant, campaign_id = runner.key
    request = SetCampaignAgentsV1(
        occurred_at=utcnow(),
        tenant=tenant,
        campaign_id=campaign_id,
        agent_ids=(),
        abandonment_limit_s=spec.abandonment_limit_s,
        wrap_up_s=spec.wrap_up_s,
        abandonment_message=spec.abandonment_message,
    )
    with suppress(Refused, DependencyDown):
        await parts.bus.request(request, Done, timeout_s=2)
