"""/work-order-reports: how many orders there are, how they go, and complaints day by day."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import Query

from ringway.crm_api.core.moments import Moment
from ringway.crm_api.deps import DepsOf
from ringway.crm_api.errors import BadRequest, Invalid
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import View
from ringway.crm_api.work_orders.reach import reach_of
from ringway.crm_api.work_orders.router import Reader

router = api_router("/work-order-reports", "work-orders")

_LONGEST = timedelta(days=366)
_MOST_LINES = 2_000


class WorkOrderGroupBy(StrEnum):
    """What a line of the summary is about."""

    ALL = "all"
    BUSINESS_TYPE = "business_type"
    STEP = "step"
    ASSIGNEE = "assignee"
    TEAM = "team"
    CREATOR = "creator"


class SummaryLine(View):
    """Figures of the orders of one group; ``key`` is its id or its step, null where none is set.

    A sale or a shipment counts once an order has reached a step with that milestone.
    """

    key: str | None
    orders: int
    open: int
    done: int
    cancelled: int
    overdue: int
    breached: int
    reopened: int
    sales: int
    sales_rate: float | None
    shipped: int
    mean_resolution_s: float | None
    mean_response_s: float | None


class Summary(View):
    """Figures of the orders that were made in a period and concern the caller."""

    begins_at: Moment
    ends_at: Moment
    group_by: WorkOrderGroupBy
    lines: list[SummaryLine]


class ComplaintLine(View):
    """Complaints of one type that came in on one day."""

    day: date
    business_type_id: UUID
    received: int
    done: int
    cancelled: int
    open: int
    breached: int
    reopened: int
    mean_resolution_s: float | None


class ComplaintReport(View):
    """Complaints by day and type; days are those of ``time_zone``."""

    begins_at: Moment
    ends_at: Moment
    time_zone: str
    lines: list[ComplaintLine]


_KEYS = {
    WorkOrderGroupBy.ALL: "NULL::text",
    WorkOrderGroupBy.BUSINESS_TYPE: "o.business_type_id::text",
    WorkOrderGroupBy.STEP: "o.step",
    WorkOrderGroupBy.ASSIGNEE: "o.assignee_id::text",
    WorkOrderGroupBy.TEAM: "o.team_id::text",
    WorkOrderGroupBy.CREATOR: "o.created_by::text",
}
_FIGURES = """
    count(*) FILTER (WHERE o.step_kind IN ('open', 'waiting')) AS open,
    count(*) FILTER (WHERE o.step_kind = 'done') AS done,
    count(*) FILTER (WHERE o.step_kind = 'cancelled') AS cancelled,
    count(*) FILTER (WHERE o.resolution_breached_at IS NOT NULL
                        OR o.response_breached_at IS NOT NULL) AS breached,
    count(*) FILTER (WHERE o.times_reopened > 0) AS reopened,
    avg(extract(epoch FROM o.resolved_at - o.created_at))
        FILTER (WHERE o.step_kind = 'done')::double precision AS mean_resolution_s
"""
_WHICH = """
    o.tenant_id = $1 AND o.deleted_at IS NULL AND o.created_at >= $2 AND o.created_at < $3
"""

From = Annotated[Moment, Query(alias="from", examples=["2026-11-01T00:00:00Z"])]
To = Annotated[Moment, Query(alias="to", examples=["2026-12-01T00:00:00Z"])]


@router.get("/summary")
async def summarize_work_orders(
    deps: DepsOf,
    caller: Reader,
    begins_at: From,
    ends_at: To,
    group_by: WorkOrderGroupBy = WorkOrderGroupBy.ALL,
) -> Summary:
    """Count the orders of a period: open, done, overdue, sales and shipments, mean times."""
    _check_period(begins_at, ends_at)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        reach = await reach_of(conn, caller)
        rows = await conn.fetch(
            f"""
            SELECT {_KEYS[group_by]} AS key, count(*) AS orders, {_FIGURES},
                   count(*) FILTER (WHERE o.step_kind IN ('open', 'waiting')
                       AND (o.resolution_due_at < $6 OR o.response_due_at < $6
                            OR o.resolution_breached_at IS NOT NULL)) AS overdue,
                   count(*) FILTER (WHERE 'sale' = ANY (o.milestones)) AS sales,
                   count(*) FILTER (WHERE 'shipped' = ANY (o.milestones)) AS shipped,
                   avg(extract(epoch FROM o.responded_at - o.created_at))::double precision
                       AS mean_response_s
              FROM crm.work_order o
             WHERE {_WHICH} AND {reach.condition("$4::uuid", "$5::uuid[]")}
             GROUP BY 1 ORDER BY orders DESC, key LIMIT {_MOST_LINES}
            """,  # noqa: S608 - constants of this file
            *(caller.tenant_id, begins_at, ends_at, reach.user_id, reach.team_ids, deps.now()),
        )
    lines = [SummaryLine(**row, sales_rate=row["sales"] / row["orders"]) for row in rows]
    return Summary(begins_at=begins_at, ends_at=ends_at, group_by=group_by, lines=lines)


@router.get("/complaints")
async def report_complaints(
    deps: DepsOf,
    caller: Reader,
    begins_at: From,
    ends_at: To,
    time_zone: Annotated[str, Query(max_length=64, examples=["Asia/Shanghai"])] = "UTC",
) -> ComplaintReport:
    """Count complaints by the day on which they came and by business type."""
    _check_period(begins_at, ends_at)
    try:
        zone = ZoneInfo(time_zone).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid("time_zone_unknown", f"There is no time zone {time_zone}.") from error
    async with deps.pool.tenant(caller.tenant_id) as conn:
        reach = await reach_of(conn, caller)
        rows = await conn.fetch(
            f"""
            SELECT (o.created_at AT TIME ZONE $6::text)::date AS day, o.business_type_id,
                   count(*) AS received, {_FIGURES}
              FROM crm.work_order o
             WHERE {_WHICH} AND o.kind = 'complaint'
               AND {reach.condition("$4::uuid", "$5::uuid[]")}
             GROUP BY 1, 2 ORDER BY 1, 2 LIMIT {_MOST_LINES}
            """,  # noqa: S608 - constants of this file
            *(caller.tenant_id, begins_at, ends_at, reach.user_id, reach.team_ids, zone),
        )
    lines = [ComplaintLine(**row) for row in rows]
    return ComplaintReport(begins_at=begins_at, ends_at=ends_at, time_zone=zone, lines=lines)


def _check_period(begins_at: Moment, ends_at: Moment) -> None:
    if not begins_at < ends_at or ends_at - begins_at > _LONGEST:
        raise BadRequest(
            "period_invalid", "Choose a period that begins before it ends, 366 days at most."
        )
