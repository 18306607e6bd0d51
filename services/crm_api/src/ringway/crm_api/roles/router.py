"""/roles: who may do what in this enterprise, as data."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Request, Response

from ringway.crm_api.access import Caller, Permission, ceiling, roles_of_tenant
from ringway.crm_api.deps import DepsOf, requires
from ringway.crm_api.etag import IfMatch, expected_version, set_etag
from ringway.crm_api.roles import service
from ringway.crm_api.roles.schemas import NewRole, PermissionView, RoleBody, RoleView
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page

router = api_router("/roles", "roles")
permissions = api_router("/permissions", "roles")
Reader = Annotated[Caller, Depends(requires(Permission.ROLES_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.ROLES_WRITE))]
RoleId = Annotated[str, Path(pattern=r"^[a-z0-9_-]{1,40}$", examples=["team_leader"])]


@router.post("", status_code=201)
async def create_role(new: NewRole, deps: DepsOf, caller: Writer, response: Response) -> RoleView:
    """Make a role from a shipped one. Nobody grants what he does not have."""
    view = await service.create(deps, caller, new)
    set_etag(response, view.version)
    response.headers["Location"] = f"/api/v1/roles/{view.role_id}"
    return view


@router.get("")
async def list_roles(deps: DepsOf, caller: Reader) -> Page[RoleView]:
    """List the shipped roles as they are here, and the enterprise's own. There is one page."""
    return Page(items=await service.everything(deps, caller))


@router.get("/{role_id}")
async def get_role(role_id: RoleId, deps: DepsOf, caller: Reader, response: Response) -> RoleView:
    """Return one role."""
    view = await service.get(deps, caller, role_id)
    set_etag(response, view.version)
    return view


@router.put("/{role_id}")
async def change_role(
    role_id: RoleId,
    wanted: RoleBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> RoleView:
    """Change a role; within a second it holds for everybody who has it."""
    version = expected_version(if_match, required=True)
    view = await service.change(deps, caller, role_id, version, wanted)
    set_etag(response, view.version)
    return view


@router.delete("/{role_id}", status_code=204)
async def remove_role(
    role_id: RoleId, deps: DepsOf, caller: Writer, if_match: IfMatch = None
) -> None:
    """Remove an own role that nobody has; a shipped one becomes as it was shipped."""
    await service.remove(deps, caller, role_id, expected_version(if_match))


@permissions.get("")
async def list_permissions(request: Request, caller: Reader) -> Page[PermissionView]:
    """List all permissions, and what asks for them. There is one page."""
    asked: dict[str, list[str]] = {}
    for operation, permission in request.app.state.asked.items():
        asked.setdefault(permission or "", []).append(operation)
    here = roles_of_tenant(caller.tenant_id)
    found = [
        PermissionView(
            permission=each,
            templates=sorted(role for role in here if each in ceiling(role)),
            operations=sorted(asked.get(each.value, [])),
        )
        for each in Permission
    ]
    return Page(items=[each for each in found if each.templates])
