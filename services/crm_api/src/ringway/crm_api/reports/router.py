"""/reports: figures over a period."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.core.moments import Moment
from ringway.crm_api.core.queriers.moments import period
from ringway.crm_api.core.queriers.query import Relative, Span
from ringway.crm_api.deps import Deps, DepsOf, requires
from ringway.crm_api.errors import BadRequest
from ringway.crm_api.queriers import settings_store
from ringway.crm_api.reports import store
from ringway.crm_api.reports.performance import Performance, UsedNumber, performance
from ringway.crm_api.reports.schemas import (
    AgentPerformanceReport,
    AgentPerformanceView,
    AgentWorkReport,
    AgentWorkView,
    ReportPeriod,
    UsedNumberView,
)
from ringway.crm_api.routing import api_router
from ringway.crm_api.teams import service as team_service
from ringway.crm_api.users import store as users
from ringway.crm_api.users.schemas import InTeam
from ringway.runtime.postgres import Connection

router = api_router("/reports", "reports")
Reader = Annotated[Caller, Depends(requires(Permission.INTERACTIONS_READ))]

_LONGEST = timedelta(days=92)


@router.get("/agent-work")
async def agent_work(
    deps: DepsOf,
    caller: Reader,
    begins_at: Annotated[Moment, Query(alias="from")],
    ends_at: Annotated[Moment, Query(alias="to")],
) -> AgentWorkReport:
    """Sum up agents' work: logins, states, talks, holds, consultations, transfers.

    An agent sees his own line only. At most 92 days at once.
    """
    _check_period(begins_at, ends_at)
    sees_all = caller.may(Permission.INTERACTIONS_ALL)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        lines = await store.agent_work(
            conn,
            tenant_id=caller.tenant_id,
            begins_at=begins_at,
            ends_at=ends_at,
            now=deps.now(),
            agent_id=None if sees_all else caller.user_id,
        )
    items = [work_view(line) for line in lines]
    return AgentWorkReport(begins_at=begins_at, ends_at=ends_at, agents=len(items), items=items)


@router.get("/agent-performance")
async def agent_performance(
    deps: DepsOf,
    caller: Reader,
    begins_at: Annotated[Moment | None, Query(alias="from")] = None,
    ends_at: Annotated[Moment | None, Query(alias="to", description="Left out: now.")] = None,
    span: Annotated[
        ReportPeriod, Query(alias="period", description="When `from` is left out.")
    ] = ReportPeriod.THIS_MONTH,
    agent_id: UUID | None = None,
    team_id: InTeam = None,
) -> AgentPerformanceReport:
    """Sum up agents' calls: made, answered by number used, talk, deals, orders.

    An agent sees his own line only. At most 92 days at once.
    """
    wanted = {agent_id} if agent_id is not None else None
    async with deps.pool.tenant(caller.tenant_id) as conn:
        begins_at, ends_at = await _moments(deps, conn, caller, begins_at, ends_at, span)
        if team_id is not None:
            await team_service.find(conn, caller.tenant_id, team_id)
            there = await users.ids_in_team(conn, tenant_id=caller.tenant_id, team_id=team_id)
            wanted = there if wanted is None else wanted & there
        if not caller.may(Permission.INTERACTIONS_ALL):
            own = {caller.user_id}
            wanted = own if wanted is None else wanted & own
        lines = await performance(
            conn,
            tenant_id=caller.tenant_id,
            begins_at=begins_at,
            ends_at=ends_at,
            agent_ids=sorted(wanted) if wanted is not None else None,
        )
    items = [_performance_view(line) for line in lines]
    return AgentPerformanceReport(begins_at=begins_at, ends_at=ends_at, items=items)


async def _moments(
    deps: Deps,
    conn: Connection,
    caller: Caller,
    begins_at: datetime | None,
    ends_at: datetime | None,
    span: ReportPeriod,
) -> tuple[datetime, datetime]:
    now = deps.now()
    if begins_at is None:
        zone = (await settings_store.get(conn, tenant_id=caller.tenant_id)).zone
        begins_at, over = period(Relative(relative=Span(span.value)), now, zone)
        ends_at = min(ends_at or over, over)
    ends_at = min(ends_at or now, now)
    _check_period(begins_at, ends_at)
    return begins_at, ends_at


def _check_period(begins_at: datetime, ends_at: datetime) -> None:
    if not begins_at < ends_at or ends_at - begins_at > _LONGEST:
        raise BadRequest(
            "period_invalid", "Choose a period that begins before it ends, 92 days at most."
        )


def _performance_view(line: Performance) -> AgentPerformanceView:
    return AgentPerformanceView(
        **{**asdict(line), "numbers": [_number(each) for each in line.numbers]},
        connect_rate=_average(line.answered, line.dials),
        talk_average_s=_average(line.talk_s, line.talks),
        deal_rate=_average(line.deals, line.inbound + line.connected),
    )


def _number(used: UsedNumber) -> UsedNumberView:
    return UsedNumberView(**asdict(used), connect_rate=_average(used.answered, used.dials))


def work_view(line: store.AgentWork) -> AgentWorkView:
    """Return one agent's work as the API shows it."""
    return AgentWorkView(
        **asdict(line),
        idle_average_s=_average(line.idle_s, line.idle_count),
        busy_average_s=_average(line.busy_s, line.busy_count),
    )


def _average(total: float, count: int) -> float | None:
    return total / count if count else None
