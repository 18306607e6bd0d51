"""/knowledge/articles and /knowledge/search: what agents look up, and who keeps it right."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response
from pydantic import Field

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.errors import BadRequest
from ringway.crm_api.etag import IfMatch, expected_version, set_etag
from ringway.crm_api.knowledge import search, service, store
from ringway.crm_api.knowledge.access import tree_of
from ringway.crm_api.knowledge.schemas import (
    ArticleBody,
    ArticleItem,
    ArticleLanguage,
    ArticleState,
    ArticleView,
    FoundArticleView,
    PieceView,
)
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, Text, cursor_uuid, decode_cursor, page_of
from ringway.proto.exact import Measured

router = api_router("/knowledge/articles", "knowledge")
finder = api_router("/knowledge/search", "knowledge")
Reader = Annotated[Caller, Depends(requires(Permission.KNOWLEDGE_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.KNOWLEDGE_WRITE))]
_Category = Annotated[UUID | None, Query(description="And the categories that it contains.")]
_Short = Annotated[Text | None, Field(min_length=1, max_length=100), Measured(), Query()]


@router.post("", status_code=201)
async def create_article(
    new: ArticleBody, deps: DepsOf, caller: Writer, response: Response
) -> ArticleView:
    """Write an article. It is a draft until it is published."""
    return _made(response, await service.create(deps, caller, new))


@router.get("")
async def list_articles(
    deps: DepsOf,
    caller: Reader,
    category_id: _Category = None,
    state: ArticleState | None = None,
    language: ArticleLanguage | None = None,
    product: _Short = None,
    tag: _Short = None,
    favourites: Annotated[bool, Query(description="The caller's own alone.")] = False,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[ArticleItem]:
    """List the articles that the caller sees, newest first."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        tree = await tree_of(conn, caller)
        wanted = store.Wanted(
            category_ids=tree.below(category_id) if category_id is not None else None,
            state=state,
            language=language,
            product=product,
            tag=tag,
            favourites=favourites,
        )
        found = await store.page(
            conn,
            eyes=service.eyes_of(deps, caller, tree),
            wanted=wanted,
            before=cursor_uuid(cursor),
            limit=limit + 1,
        )
    return page_of(service.items_of(found), limit, lambda last: last.article_id)


@router.get("/{article_id}")
async def get_article(
    article_id: UUID, deps: DepsOf, caller: Reader, response: Response
) -> ArticleView:
    """Return one article, as Markdown and as HTML that is safe to show."""
    view = await service.get(deps, caller, article_id)
    set_etag(response, view.version)
    return view


@router.put("/{article_id}")
async def change_article(
    article_id: UUID,
    wanted: ArticleBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> ArticleView:
    """Change an article, or move it into another category. It is shown at once if it is published.

    To prepare a change of what is published, `POST …/drafts`.
    """
    version = expected_version(if_match, required=True)
    view = await service.change(deps, caller, article_id, version, wanted)
    set_etag(response, view.version)
    return view


@router.delete("/{article_id}", status_code=204)
async def remove_article(
    article_id: UUID, deps: DepsOf, caller: Writer, if_match: IfMatch = None
) -> None:
    """Remove an article that is not published, with its history and its files."""
    await service.remove(deps, caller, article_id, expected_version(if_match))


@router.post("/{article_id}/drafts", status_code=201)
async def begin_article_draft(
    article_id: UUID, deps: DepsOf, caller: Writer, response: Response
) -> ArticleView:
    """Copy an article into a draft. Publishing the draft makes it the article's next version."""
    return _made(response, await service.begin_draft(deps, caller, article_id))


@router.post("/{article_id}/publish")
async def publish_article(
    article_id: UUID,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> ArticleView:
    """Show an article to everybody who reads its category, as long as it is valid.

    A draft of another article becomes that article's next version, which is returned.
    """
    view = await service.publish(deps, caller, article_id, expected_version(if_match))
    set_etag(response, view.version)
    return view


@router.post("/{article_id}/retire")
async def retire_article(
    article_id: UUID,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> ArticleView:
    """Show an article no more, but to those who write in its category."""
    view = await service.retire(deps, caller, article_id, expected_version(if_match))
    set_etag(response, view.version)
    return view


@finder.get("")
async def search_knowledge(
    deps: DepsOf,
    caller: Reader,
    q: Annotated[
        Text,
        Field(min_length=1, max_length=200),
        Measured(),
        Query(description="Chinese, English, codes, mixed."),
    ],
    typing: Annotated[
        bool, Query(description="The last word may be the beginning of a longer one.")
    ] = False,
    category_id: _Category = None,
    language: ArticleLanguage | None = None,
    product: _Short = None,
    tag: _Short = None,
    drafts: Annotated[
        bool, Query(description="Also what is not published, where the caller writes.")
    ] = False,
    limit: Annotated[int, Query(ge=1, le=50)] = 20,
    cursor: Cursor = None,
) -> Page[FoundArticleView]:
    """Find the articles that answer a question best. What the caller may not read has no part."""
    after = _position(cursor)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        tree = await tree_of(conn, caller)
        wanted = search.Search(
            q,
            is_typing=typing,
            with_drafts=drafts,
            category_ids=sorted(tree.below(category_id)) if category_id is not None else None,
            language=language,
            product=product,
            tag=tag,
        )
        eyes = service.eyes_of(deps, caller, tree)
        found = await search.find(conn, eyes=eyes, search=wanted, after=after, limit=limit + 1)
    items = [_found_view(each) for each in found]
    return page_of(items, limit, lambda last: (last.score, last.article_id))


def _found_view(found: search.Found) -> FoundArticleView:
    pieces = {
        "title": [PieceView.model_validate(each) for each in found.title],
        "snippet": [PieceView.model_validate(each) for each in found.snippet],
    }
    return FoundArticleView.model_validate({**found.row, **pieces})


def _position(cursor: str | None) -> tuple[float, UUID] | None:
    if cursor is None:
        return None
    score, article_id = decode_cursor(cursor, 2)
    try:
        return float(score), UUID(article_id)
    except ValueError as error:
        raise BadRequest(
            "cursor_invalid", "Use next_cursor of the previous page unchanged."
        ) from error


def _made(response: Response, view: ArticleView) -> ArticleView:
    set_etag(response, view.version)
    response.headers["Location"] = f"/api/v1/knowledge/articles/{view.article_id}"
    return view
