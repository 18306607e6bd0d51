"""/tenants/{tenant_id}/outbound-figures and /interactions: the platform looks at one enterprise.

Each look stands in the platform's audit log and in the enterprise's own.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query

from ringway.crm_api.access import PLATFORM_TENANT, Caller, Permission
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.moments import Moment
from ringway.crm_api.deps import Cursor, Deps, DepsOf, Limit, requires
from ringway.crm_api.errors import BadRequest
from ringway.crm_api.insight import store
from ringway.crm_api.insight.schemas import LineFigures, NumberFigures, OutboundFigures
from ringway.crm_api.interactions import listing
from ringway.crm_api.interactions.router import view_of
from ringway.crm_api.interactions.schemas import InteractionView
from ringway.crm_api.interactions.search import PLANNED, Filter
from ringway.crm_api.reports import store as reports
from ringway.crm_api.reports.router import work_view
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_uuid, page_of
from ringway.crm_api.tenants import store as tenants
from ringway.crm_api.tenants.service import tenant_not_found

router = api_router("/tenants", "tenants")
Reader = Annotated[Caller, Depends(requires(Permission.TENANTS_READ))]
Visitor = Annotated[Caller, Depends(requires(Permission.TENANTS_JUMP_IN))]
From = Annotated[Moment | None, Query(alias="from", description="Without it: 30 days before.")]
To = Annotated[Moment | None, Query(alias="to", description="Without it: now.")]

_USUAL, _LONGEST = timedelta(days=30), timedelta(days=92)


@router.get("/{tenant_id}/outbound-figures")
async def get_outbound_figures(
    tenant_id: UUID, deps: DepsOf, caller: Reader, begins_at: From = None, ends_at: To = None
) -> OutboundFigures:
    """Show an enterprise's lines, numbers with their connect rates, and agents. It is audited.

    At most 92 days at once.
    """
    await _known(deps, tenant_id)
    period = _period(begins_at, ends_at, deps.now())
    asked: dict[str, Any] = {"begins_at": period[0], "ends_at": period[1], "tenant_id": tenant_id}
    async with deps.pool.tenant(tenant_id) as conn:
        total = await store.total(conn, **asked)
        lines = await store.lines(conn, **asked)
        numbers = await store.numbers(conn, **asked)
        work = await reports.agent_work(conn, **asked, now=deps.now(), agent_id=None)
        await _note_there(deps, caller, conn, tenant_id, "operator.figures_read")
    await _note_here(deps, caller, tenant_id, "tenant.figures_read")
    return OutboundFigures(
        **asked,
        **_rated(total),
        lines=[LineFigures(**_rated(each)) for each in lines],
        numbers=[NumberFigures(**_rated(each)) for each in numbers],
        agents=[work_view(each) for each in work],
    )


@router.get("/{tenant_id}/interactions")
async def list_tenant_interactions(
    tenant_id: UUID,
    deps: DepsOf,
    caller: Visitor,
    begins_at: From = None,
    ends_at: To = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[InteractionView]:
    """List an enterprise's calls that were answered in a period, newest first. It is audited."""
    await _known(deps, tenant_id)
    period = _period(begins_at, ends_at, deps.now())
    wanted = Filter(begins_at=period[0], ends_at=period[1])
    async with deps.pool.tenant(tenant_id, settings=PLANNED) as conn:
        found = await listing.page(
            conn, tenant_id=tenant_id, wanted=wanted, before=cursor_uuid(cursor), limit=limit + 1
        )
        await _note_there(deps, caller, conn, tenant_id, "operator.interactions_read")
    await _note_here(deps, caller, tenant_id, "tenant.interactions_read")
    items = [view_of(each) for each in found]
    return page_of(items, limit, lambda last: last.interaction_id)


def _rated(figures: dict[str, Any]) -> dict[str, Any]:
    dials = figures["dials"]
    return {**figures, "connect_rate": round(figures["answered"] / dials, 6) if dials else None}


def _period(
    begins_at: datetime | None, ends_at: datetime | None, now: datetime
) -> tuple[datetime, datetime]:
    ends_at = ends_at or now
    begins_at = begins_at or ends_at - _USUAL
    if not begins_at < ends_at or ends_at - begins_at > _LONGEST:
        raise BadRequest(
            "period_invalid", "Choose a period that begins before it ends, 92 days at most."
        )
    return begins_at, ends_at


async def _known(deps: Deps, tenant_id: UUID) -> None:
    async with deps.pool.tenant(PLATFORM_TENANT) as conn:
        tenant = await tenants.get(conn, tenant_id=tenant_id)
    if tenant is None or tenant_id == PLATFORM_TENANT:
        raise tenant_not_found(tenant_id)


async def _note_there(deps: Deps, caller: Caller, conn: Any, tenant_id: UUID, action: str) -> None:
    """Let the enterprise see who looked."""
    visitor = replace(caller, tenant_id=tenant_id, username=f"operator:{caller.username}")
    await audit.add(conn, caller=visitor, now=deps.now(), action=action, object_type="tenant")


async def _note_here(deps: Deps, caller: Caller, tenant_id: UUID, action: str) -> None:
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action=action,
            object_type="tenant",
            object_id=tenant_id,
        )
