"""/objects: what an enterprise keeps of its own, as its administrator defines it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query, Response

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.core.objects.definition import Definition, Kind
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.errors import NotFound
from ringway.crm_api.etag import IfMatch, expected_version, set_etag
from ringway.crm_api.objects import service, store
from ringway.crm_api.objects.schemas import (
    ObjectSummary,
    ObjectVersionSummary,
    ObjectVersionView,
    ObjectView,
)
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_number, cursor_uuid, encode_cursor, page_of

router = api_router("/objects", "objects")
Reader = Annotated[Caller, Depends(requires(Permission.OBJECTS_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.OBJECTS_WRITE))]


@router.post("", status_code=201)
async def create_object(
    new: Definition, deps: DepsOf, caller: Writer, response: Response
) -> ObjectView:
    """Register an object. Its records can be kept, filtered and sorted at once."""
    view = await service.create(deps, caller, new)
    set_etag(response, view.version)
    response.headers["Location"] = f"/api/v1/objects/{view.object_id}"
    return view


@router.get("")
async def list_objects(
    deps: DepsOf,
    caller: Reader,
    kind: Kind | None = None,
    is_archived: Annotated[bool | None, Query(description="Left out: both.")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[ObjectSummary]:
    """List the objects that the caller may see, oldest first."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.page(
            conn,
            tenant_id=caller.tenant_id,
            kind=kind,
            is_archived=is_archived,
            after=cursor_uuid(cursor),
            limit=limit + 1,
        )
    items = [service.summary_of(e, caller) for e in found[:limit] if service.may_see(e, caller)]
    more = len(found) > limit
    return Page(
        items=items, next_cursor=encode_cursor(found[limit - 1].object_id) if more else None
    )


@router.get("/{object_id}")
async def get_object(
    object_id: UUID, deps: DepsOf, caller: Reader, response: Response
) -> ObjectView:
    """Return an object with the fields that the caller sees: how its form is built."""
    view = await service.get(deps, caller, object_id)
    set_etag(response, view.version)
    return view


@router.put("/{object_id}")
async def replace_object(
    object_id: UUID,
    wanted: Definition,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> ObjectView:
    """Change an object into a new version, which the next form that opens has.

    A field that is left out is hidden, and its values are kept. A field keeps its type while
    there are records; options are retired, not removed.
    """
    version = expected_version(if_match, required=True)
    view = await service.change(deps, caller, object_id, version, wanted)
    set_etag(response, view.version)
    return view


@router.post("/{object_id}/archive")
async def archive_object(
    object_id: UUID, deps: DepsOf, caller: Writer, response: Response
) -> ObjectView:
    """Archive an object: its records can still be read, and no more be written."""
    view = await service.archive(deps, caller, object_id, is_archived=True)
    set_etag(response, view.version)
    return view


@router.post("/{object_id}/restore")
async def restore_object(
    object_id: UUID, deps: DepsOf, caller: Writer, response: Response
) -> ObjectView:
    """Bring an archived object back."""
    view = await service.archive(deps, caller, object_id, is_archived=False)
    set_etag(response, view.version)
    return view


@router.get("/{object_id}/versions")
async def list_object_versions(
    object_id: UUID, deps: DepsOf, caller: Writer, limit: Limit = 100, cursor: Cursor = None
) -> Page[ObjectVersionSummary]:
    """List the versions of an object, newest first."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await service.find(conn, caller, object_id)
        found = await store.versions(
            conn,
            tenant_id=caller.tenant_id,
            object_id=object_id,
            before=cursor_number(cursor),
            limit=limit + 1,
        )
    items = [ObjectVersionSummary.model_validate(each) for each in found]
    return page_of(items, limit, lambda last: last.version)


@router.get("/{object_id}/versions/{object_version}")
async def get_object_version(
    object_id: UUID,
    object_version: Annotated[int, Path(ge=1, le=1_000_000, examples=[1])],
    deps: DepsOf,
    caller: Writer,
) -> ObjectVersionView:
    """Return an object as it was defined in one version."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await service.find(conn, caller, object_id)
        found = await store.version(
            conn, tenant_id=caller.tenant_id, object_id=object_id, number=object_version
        )
    if found is None:
        raise NotFound("version_not_found", f"There is no version {object_version}.")
    return ObjectVersionView.model_validate(found)
