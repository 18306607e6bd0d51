"""/virtual-operators: accounts of carriers that the platform lends to enterprises."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from ringway.crm_api.access import PLATFORM_TENANT, Caller, Permission
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.etag import IfMatch, expected_version, set_etag
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_uuid, page_of
from ringway.crm_api.virtual_operators import service, store
from ringway.crm_api.virtual_operators.schemas import (
    GrantBody,
    GrantView,
    RotationBody,
    VirtualOperatorBody,
    VirtualOperatorChange,
    VirtualOperatorView,
)

router = api_router("/virtual-operators", "virtual-operators")
Reader = Annotated[Caller, Depends(requires(Permission.TENANTS_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.TENANTS_WRITE))]


@router.post("", status_code=201)
async def create_virtual_operator(
    new: VirtualOperatorBody, deps: DepsOf, caller: Writer, response: Response
) -> VirtualOperatorView:
    """Keep the account of a virtual operator. Its secrets are never shown again."""
    made = await service.add(deps, caller, new)
    set_etag(response, made.version)
    response.headers["Location"] = f"/api/v1/virtual-operators/{made.virtual_operator_id}"
    return made


@router.get("")
async def list_virtual_operators(
    deps: DepsOf, caller: Reader, limit: Limit = 100, cursor: Cursor = None
) -> Page[VirtualOperatorView]:
    """List the virtual operators, oldest first."""
    async with deps.pool.tenant(PLATFORM_TENANT) as conn:
        found = await store.page(conn, after=cursor_uuid(cursor), limit=limit + 1)
    items = [service.view(each) for each in found]
    return page_of(items, limit, lambda last: last.virtual_operator_id)


@router.get("/{virtual_operator_id}")
async def get_virtual_operator(
    virtual_operator_id: UUID, deps: DepsOf, caller: Reader, response: Response
) -> VirtualOperatorView:
    """Return one virtual operator."""
    async with deps.pool.tenant(PLATFORM_TENANT) as conn:
        found = await store.get(conn, virtual_operator_id)
    if found is None:
        raise service.not_found(virtual_operator_id)
    set_etag(response, found.version)
    return service.view(found)


@router.put("/{virtual_operator_id}")
async def change_virtual_operator(
    virtual_operator_id: UUID,
    wanted: VirtualOperatorChange,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> VirtualOperatorView:
    """Change a virtual operator. The trunks of all enterprises follow within seconds."""
    version = expected_version(if_match)
    made = await service.change(deps, caller, virtual_operator_id, version, wanted)
    set_etag(response, made.version)
    return made


@router.post("/{virtual_operator_id}/rotate")
async def rotate_virtual_operator_secret(
    virtual_operator_id: UUID,
    new: RotationBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
) -> VirtualOperatorView:
    """Give an account new secrets. Calls that are up go on, the next ones use them."""
    made = await service.rotate(deps, caller, virtual_operator_id, new)
    set_etag(response, made.version)
    return made


@router.delete("/{virtual_operator_id}", status_code=204)
async def delete_virtual_operator(virtual_operator_id: UUID, deps: DepsOf, caller: Writer) -> None:
    """Forget an account that is lent to nobody."""
    await service.remove(deps, caller, virtual_operator_id)


@router.get("/{virtual_operator_id}/grants")
async def list_virtual_operator_grants(
    virtual_operator_id: UUID,
    deps: DepsOf,
    caller: Reader,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[GrantView]:
    """List the enterprises that may call by it, or might once."""
    after = cursor_uuid(cursor)
    async with deps.pool.tenant(PLATFORM_TENANT) as conn:
        if await store.get(conn, virtual_operator_id) is None:
            raise service.not_found(virtual_operator_id)
        found = await store.grants(conn, virtual_operator_id, after=after, limit=limit + 1)
    items = [service.grant_view(each) for each in found]
    return page_of(items, limit, lambda last: last.tenant_id)


@router.put("/{virtual_operator_id}/grants/{tenant_id}")
async def grant_virtual_operator(
    virtual_operator_id: UUID, tenant_id: UUID, wanted: GrantBody, deps: DepsOf, caller: Writer
) -> GrantView:
    """Let an enterprise call by it: it gets a trunk whose account it never sees."""
    return await service.grant(deps, caller, virtual_operator_id, tenant_id, wanted)


@router.delete("/{virtual_operator_id}/grants/{tenant_id}")
async def withdraw_virtual_operator(
    virtual_operator_id: UUID, tenant_id: UUID, deps: DepsOf, caller: Writer
) -> GrantView:
    """Take it from an enterprise: its trunk takes no calls any more, and has no account."""
    return await service.withdraw(deps, caller, virtual_operator_id, tenant_id)
