"""/media-sources: where calls and orders come from, and what that costs."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.core.moments import Moment
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.errors import BadRequest
from ringway.crm_api.etag import IfMatch, expected_version, set_etag
from ringway.crm_api.media_sources import service, store
from ringway.crm_api.media_sources.schemas import (
    MediaGrouping,
    MediaReport,
    MediaSourceBody,
    MediaSourceView,
    PlacementBody,
    PlacementView,
)
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_uuid, page_of

router = api_router("/media-sources", "media-sources")
Reader = Annotated[Caller, Depends(requires(Permission.MEDIA_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.MEDIA_WRITE))]
_LONGEST = timedelta(days=366)


@router.post("", status_code=201)
async def create_media_source(
    new: MediaSourceBody, deps: DepsOf, caller: Writer, response: Response
) -> MediaSourceView:
    """Add a channel or other medium, with the numbers that are shown there."""
    view = await service.put(deps, caller, None, None, new)
    set_etag(response, view.version)
    response.headers["Location"] = f"/api/v1/media-sources/{view.media_source_id}"
    return view


@router.get("")
async def list_media_sources(
    deps: DepsOf, caller: Reader, limit: Limit = 100, cursor: Cursor = None
) -> Page[MediaSourceView]:
    """List media sources."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.page(
            conn, tenant_id=caller.tenant_id, after=cursor_uuid(cursor), limit=limit + 1
        )
    items = [MediaSourceView.model_validate(each) for each in found]
    return page_of(items, limit, lambda last: last.media_source_id)


@router.get("/report")
async def report_media(
    deps: DepsOf,
    caller: Reader,
    begins_at: Annotated[Moment, Query(alias="from")],
    ends_at: Annotated[Moment, Query(alias="to")],
    group_by: MediaGrouping = MediaGrouping.SOURCE,
) -> MediaReport:
    """Sum up calls, orders, revenue and cost by source or advertisement. At most 366 days."""
    if not begins_at < ends_at or ends_at - begins_at > _LONGEST:
        raise BadRequest(
            "period_invalid", "Choose a period that begins before it ends, 366 days at most."
        )
    by_placement = group_by is MediaGrouping.PLACEMENT
    items = await service.report(deps, caller, begins_at, ends_at, by_placement=by_placement)
    return MediaReport(group_by=group_by, begins_at=begins_at, ends_at=ends_at, items=items)


@router.get("/{media_source_id}")
async def get_media_source(
    media_source_id: UUID, deps: DepsOf, caller: Reader, response: Response
) -> MediaSourceView:
    """Return one media source with its numbers."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await service.find(conn, caller.tenant_id, media_source_id)
    set_etag(response, found.version)
    return MediaSourceView.model_validate(found)


@router.put("/{media_source_id}")
async def change_media_source(
    media_source_id: UUID,
    wanted: MediaSourceBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> MediaSourceView:
    """Change a media source and its numbers."""
    version = expected_version(if_match, required=True)
    view = await service.put(deps, caller, media_source_id, version, wanted)
    set_etag(response, view.version)
    return view


@router.delete("/{media_source_id}", status_code=204)
async def remove_media_source(
    media_source_id: UUID, deps: DepsOf, caller: Writer, if_match: IfMatch = None
) -> None:
    """Remove a media source that brought no order, with its advertisements."""
    await service.remove(deps, caller, media_source_id, expected_version(if_match))


@router.post("/{media_source_id}/placements", status_code=201)
async def create_placement(
    media_source_id: UUID, new: PlacementBody, deps: DepsOf, caller: Writer, response: Response
) -> PlacementView:
    """Add an advertisement with its time and cost."""
    view = await service.put_placement(deps, caller, media_source_id, None, None, new)
    set_etag(response, view.version)
    path = f"/api/v1/media-sources/{media_source_id}/placements/{view.placement_id}"
    response.headers["Location"] = path
    return view


@router.get("/{media_source_id}/placements")
async def list_placements(
    media_source_id: UUID,
    deps: DepsOf,
    caller: Reader,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[PlacementView]:
    """List the advertisements of a source, the last made first."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await service.find(conn, caller.tenant_id, media_source_id)
        found = await store.placements(
            conn,
            tenant_id=caller.tenant_id,
            media_source_id=media_source_id,
            before=cursor_uuid(cursor),
            limit=limit + 1,
        )
    items = [PlacementView.model_validate(each) for each in found]
    return page_of(items, limit, lambda last: last.placement_id)


@router.get("/{media_source_id}/placements/{placement_id}")
async def get_placement(
    media_source_id: UUID, placement_id: UUID, deps: DepsOf, caller: Reader, response: Response
) -> PlacementView:
    """Return one advertisement."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await service.find_placement(conn, caller.tenant_id, media_source_id, placement_id)
    set_etag(response, found.version)
    return PlacementView.model_validate(found)


@router.put("/{media_source_id}/placements/{placement_id}")
async def change_placement(
    media_source_id: UUID,
    placement_id: UUID,
    wanted: PlacementBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> PlacementView:
    """Change an advertisement. Orders that it brought stay its own."""
    version = expected_version(if_match, required=True)
    view = await service.put_placement(deps, caller, media_source_id, placement_id, version, wanted)
    set_etag(response, view.version)
    return view


@router.delete("/{media_source_id}/placements/{placement_id}", status_code=204)
async def remove_placement(
    media_source_id: UUID,
    placement_id: UUID,
    deps: DepsOf,
    caller: Writer,
    if_match: IfMatch = None,
) -> None:
    """Remove an advertisement."""
    version = expected_version(if_match)
    await service.remove_placement(deps, caller, media_source_id, placement_id, version)
