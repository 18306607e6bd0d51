"""/knowledge/articles/{article_id}/versions: what an article said, what changed, and back."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query, Response

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.etag import IfMatch, expected_version, set_etag
from ringway.crm_api.knowledge import history
from ringway.crm_api.knowledge.schemas import (
    ArticleVersionView,
    ArticleView,
    DifferenceView,
    VersionItem,
)
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_number, page_of

_MOST = 1_000_000_000
router = api_router("/knowledge/articles/{article_id}", "knowledge")
Writer = Annotated[Caller, Depends(requires(Permission.KNOWLEDGE_WRITE))]
Number = Annotated[int, Path(ge=1, le=_MOST, examples=[1])]
_Number = Annotated[int, Query(ge=1, le=_MOST)]


@router.get("/versions")
async def list_article_versions(
    article_id: UUID, deps: DepsOf, caller: Writer, limit: Limit = 100, cursor: Cursor = None
) -> Page[VersionItem]:
    """List the versions of an article, newest first."""
    before = cursor_number(cursor)
    if before is not None:
        before = min(before, _MOST)
    found = await history.versions(deps, caller, article_id, before, limit + 1)
    items = [VersionItem.model_validate(each) for each in found]
    return page_of(items, limit, lambda last: last.number)


@router.get("/versions/{article_version}")
async def get_article_version(
    article_id: UUID, article_version: Number, deps: DepsOf, caller: Writer
) -> ArticleVersionView:
    """Return what an article said in one version."""
    return await history.version(deps, caller, article_id, article_version)


@router.get("/difference")
async def compare_article_versions(
    article_id: UUID, deps: DepsOf, caller: Writer, old: _Number, new: _Number
) -> DifferenceView:
    """Return what changed from one version to another, the body line by line."""
    return await history.compare(deps, caller, article_id, old, new)


@router.post("/versions/{article_version}/restore")
async def restore_article_version(
    article_id: UUID,
    article_version: Number,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> ArticleView:
    """Let an article say what it said in that version, as its next version."""
    version = expected_version(if_match)
    view = await history.restore(deps, caller, article_id, article_version, version)
    set_etag(response, view.version)
    return view
