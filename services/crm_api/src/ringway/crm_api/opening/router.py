"""/tenants/open: an enterprise that can make a call, in one request."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Response

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.deps import DepsOf, requires
from ringway.crm_api.opening import service
from ringway.crm_api.opening.schemas import Opened, Opening
from ringway.crm_api.routing import api_router

router = api_router("/tenants/open", "tenants")


@router.post("", status_code=201)
async def open_enterprise(
    new: Opening,
    deps: DepsOf,
    caller: Annotated[Caller, Depends(requires(Permission.TENANTS_WRITE))],
    response: Response,
) -> Opened:
    """Open an enterprise with admin, agents, trunk, numbers and project: all of it, or nothing.

    When a step fails, `failed_step` says which, and what was done is undone.
    """
    opened = await service.open_enterprise(deps, caller, new)
    response.headers["Location"] = f"/api/v1/tenants/{opened.tenant.tenant_id}"
    return opened
