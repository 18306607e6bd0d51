"""/reports: figures over a period."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Query

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.core.moments import Moment
from ringway.crm_api.deps import DepsOf, requires
from ringway.crm_api.errors import BadRequest
from ringway.crm_api.reports import store
from ringway.crm_api.reports.schemas import AgentWorkReport, AgentWorkView
from ringway.crm_api.routing import api_router

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
    if not begins_at < ends_at or ends_at - begins_at > _LONGEST:
        raise BadRequest(
            "period_invalid", "Choose a period that begins before it ends, 92 days at most."
        )
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


def work_view(line: store.AgentWork) -> AgentWorkView:
    """Return one agent's work as the API shows it."""
    return AgentWorkView(
        **asdict(line),
        idle_average_s=_average(line.idle_s, line.idle_count),
        busy_average_s=_average(line.busy_s, line.busy_count),
    )


def _average(total: float, count: int) -> float | None:
    return total / count if count else None
