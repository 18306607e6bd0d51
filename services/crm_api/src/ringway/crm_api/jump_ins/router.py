"""/jump-ins: operators of the platform inside of an enterprise."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.auth.service import Device
from ringway.crm_api.deps import Cursor, DepsOf, Limit, client_ip, requires
from ringway.crm_api.jump_ins import service
from ringway.crm_api.jump_ins.schemas import JumpInView, NewJumpIn, StartedJumpIn
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_uuid, page_of

router = api_router("/jump-ins", "jump-ins")
of_tenants = api_router("/tenants/{tenant_id}/jump-ins", "jump-ins")
Visited = Annotated[Caller, Depends(requires(Permission.JUMP_INS_READ))]
Host = Annotated[Caller, Depends(requires(Permission.JUMP_INS_END))]
Operator = Annotated[Caller, Depends(requires(Permission.TENANTS_JUMP_IN))]


@of_tenants.post("", status_code=201)
async def jump_in(
    tenant_id: UUID, new: NewJumpIn, request: Request, deps: DepsOf, caller: Operator
) -> StartedJumpIn:
    """Work inside of an enterprise as its admin, for a time. It sees who, why and what."""
    device = Device(client_ip(request), request.headers.get("user-agent", ""))
    return await service.begin(deps, caller, tenant_id, new, device)


@of_tenants.delete("/{jump_in_id}", status_code=204)
async def leave_tenant(tenant_id: UUID, jump_in_id: UUID, deps: DepsOf, caller: Operator) -> None:
    """End one's visit before its time."""
    await service.end(deps, caller, tenant_id, jump_in_id)


@router.get("")
async def list_jump_ins(
    deps: DepsOf, caller: Visited, limit: Limit = 100, cursor: Cursor = None
) -> Page[JumpInView]:
    """List which operators of the platform were here, when and why, newest first."""
    found = await service.page(deps, caller.tenant_id, cursor_uuid(cursor), limit + 1)
    return page_of(found, limit, lambda last: last.jump_in_id)


@router.delete("/{jump_in_id}", status_code=204)
async def end_jump_in(jump_in_id: UUID, deps: DepsOf, caller: Host) -> None:
    """Send an operator out."""
    await service.end(deps, caller, caller.tenant_id, jump_in_id)
