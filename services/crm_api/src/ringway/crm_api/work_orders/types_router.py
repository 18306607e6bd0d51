"""/work-order-designs and /business-types: how an enterprise's requests are worked on."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.core.work_orders.design import Design
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.errors import NotFound
from ringway.crm_api.etag import IfMatch, expected_version, set_etag
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_number, cursor_uuid, page_of
from ringway.crm_api.work_orders import designs_store as store
from ringway.crm_api.work_orders import types_service as service
from ringway.crm_api.work_orders.type_schemas import (
    CheckedDesign,
    DesignBody,
    DesignVersionView,
    DesignView,
    TypeBody,
    TypeView,
)

designs = api_router("/work-order-designs", "work-order-designs")
checks = api_router("/work-order-design-checks", "work-order-designs")
types = api_router("/business-types", "business-types")
Reader = Annotated[Caller, Depends(requires(Permission.WORK_ORDERS_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.WORK_ORDER_DESIGNS_WRITE))]


@designs.post("", status_code=201)
async def create_work_order_design(
    new: DesignBody, deps: DepsOf, caller: Writer, response: Response
) -> DesignView:
    """Design how work orders go from step to step. Refused as a whole with all its flaws."""
    view = await service.put_design(deps, caller, new, None, None)
    set_etag(response, view.version)
    response.headers["Location"] = f"/api/v1/work-order-designs/{view.design_id}"
    return view


@checks.post("")
async def check_work_order_design(design: Design, caller: Writer) -> CheckedDesign:
    """Say what is wrong with a design, and where, without keeping it."""
    return service.checked(design)


@designs.get("")
async def list_work_order_designs(
    deps: DepsOf, caller: Reader, limit: Limit = 100, cursor: Cursor = None
) -> Page[DesignView]:
    """List designs as they are now."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await service.ensure(deps, conn, caller)
        found = await store.designs(
            conn, tenant_id=caller.tenant_id, after=cursor_uuid(cursor), limit=limit + 1
        )
    items = [DesignView.model_validate(each) for each in found]
    return page_of(items, limit, lambda last: last.design_id)


@designs.get("/{design_id}")
async def get_work_order_design(
    design_id: UUID, deps: DepsOf, caller: Reader, response: Response
) -> DesignView:
    """Return one design as it is now."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await service.find_design(conn, caller.tenant_id, design_id)
    set_etag(response, found.version)
    return DesignView.model_validate(found)


@designs.put("/{design_id}")
async def change_work_order_design(
    design_id: UUID,
    wanted: DesignBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> DesignView:
    """Change a design. Open orders stay on their version until they are moved to another."""
    version = expected_version(if_match, required=True)
    view = await service.put_design(deps, caller, wanted, design_id, version)
    set_etag(response, view.version)
    return view


@designs.delete("/{design_id}", status_code=204)
async def remove_work_order_design(
    design_id: UUID, deps: DepsOf, caller: Writer, if_match: IfMatch = None
) -> None:
    """Remove a design that no business type and no order uses."""
    await service.remove_design(deps, caller, design_id, expected_version(if_match))


@designs.get("/{design_id}/versions")
async def list_work_order_design_versions(
    design_id: UUID, deps: DepsOf, caller: Reader, limit: Limit = 100, cursor: Cursor = None
) -> Page[DesignVersionView]:
    """List all that a design was, newest first."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await service.find_design(conn, caller.tenant_id, design_id)
        found = await store.design_versions(
            conn,
            tenant_id=caller.tenant_id,
            design_id=design_id,
            before=_int32(cursor_number(cursor)),
            limit=limit + 1,
        )
    items = [DesignVersionView.model_validate(each) for each in found]
    return page_of(items, limit, lambda last: last.design_version)


@types.post("", status_code=201)
async def create_business_type(
    new: TypeBody, deps: DepsOf, caller: Writer, response: Response
) -> TypeView:
    """Make a type of business that customers come with."""
    view = await service.put_type(deps, caller, new, None, None)
    set_etag(response, view.version)
    response.headers["Location"] = f"/api/v1/business-types/{view.business_type_id}"
    return view


@types.get("")
async def list_business_types(
    deps: DepsOf, caller: Reader, limit: Limit = 100, cursor: Cursor = None
) -> Page[TypeView]:
    """List business types; an enterprise begins with six, which it may change."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await service.ensure(deps, conn, caller)
        found = await store.business_types(
            conn, tenant_id=caller.tenant_id, after=cursor_uuid(cursor), limit=limit + 1
        )
    items = [TypeView.model_validate(each) for each in found]
    return page_of(items, limit, lambda last: last.business_type_id)


@types.get("/{business_type_id}")
async def get_business_type(
    business_type_id: UUID, deps: DepsOf, caller: Reader, response: Response
) -> TypeView:
    """Return one business type."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await service.find_type(conn, caller.tenant_id, business_type_id)
    set_etag(response, found.version)
    return TypeView.model_validate(found)


@types.put("/{business_type_id}")
async def change_business_type(
    business_type_id: UUID,
    wanted: TypeBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> TypeView:
    """Change a business type. Orders that exist keep their promises and their design."""
    version = expected_version(if_match, required=True)
    view = await service.put_type(deps, caller, wanted, business_type_id, version)
    set_etag(response, view.version)
    return view


@types.delete("/{business_type_id}", status_code=204)
async def remove_business_type(
    business_type_id: UUID, deps: DepsOf, caller: Writer, if_match: IfMatch = None
) -> None:
    """Remove a business type that has no orders."""
    await service.remove_type(deps, caller, business_type_id, expected_version(if_match))


def _int32(number: int | None) -> int | None:
    if number is not None and number >= 2**31:
        raise NotFound("page_not_found", "There is no such page.")
    return number
