"""/alarms: what does not work, in one place. The audit log has what people did."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.alarms import service
from ringway.crm_api.alarms.schemas import Acknowledgement, AlarmState, AlarmView
from ringway.crm_api.alarms.store import Wanted
from ringway.crm_api.core.alarms.kinds import AlarmKind, Severity
from ringway.crm_api.core.moments import Moment
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_uuid, page_of

router = api_router("/alarms", "alarms")
Reader = Annotated[Caller, Depends(requires(Permission.ALARMS_READ))]
Acknowledger = Annotated[Caller, Depends(requires(Permission.ALARMS_ACKNOWLEDGE))]


@router.get("")
async def list_alarms(
    deps: DepsOf,
    caller: Reader,
    state: AlarmState | None = None,
    severity: Severity | None = None,
    kind: AlarmKind | None = None,
    since: Annotated[Moment | None, Query(description="Raised then or later.")] = None,
    tenant_id: Annotated[
        UUID | None, Query(description="Of one enterprise, for those who run the platform.")
    ] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[AlarmView]:
    """List alarms, newest first: of the caller's enterprise, or of all for a platform's operator.

    They are raised and cleared by the system itself, and kept for 400 days after they are over.
    """
    wanted = Wanted(tenant_id, kind, severity, since, state)
    found = await service.page(deps, caller, wanted, cursor_uuid(cursor), limit + 1)
    return page_of(found, limit, lambda last: last.alarm_id)


@router.get("/{alarm_id}")
async def get_alarm(alarm_id: UUID, deps: DepsOf, caller: Reader) -> AlarmView:
    """Return one alarm."""
    return await service.find(deps, caller, alarm_id)


@router.post("/{alarm_id}/acknowledge")
async def acknowledge_alarm(
    alarm_id: UUID, said: Acknowledgement, deps: DepsOf, caller: Acknowledger
) -> AlarmView:
    """Say that one knows of an alarm, and what is done. It is over when its cause is over."""
    return await service.acknowledge(deps, caller, alarm_id, said.note)
