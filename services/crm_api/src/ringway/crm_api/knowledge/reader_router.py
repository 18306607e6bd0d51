"""What readers do with articles: keep favourites, open them, say whether they helped."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.knowledge import reader_store as store
from ringway.crm_api.knowledge import service
from ringway.crm_api.knowledge.schemas import FeedbackBody, FeedbackView, ViewsView
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_uuid, page_of

router = api_router("/knowledge/articles/{article_id}", "knowledge")
Reader = Annotated[Caller, Depends(requires(Permission.KNOWLEDGE_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.KNOWLEDGE_WRITE))]


@router.post("/favourite", status_code=204)
async def add_favourite(article_id: UUID, deps: DepsOf, caller: Reader) -> None:
    """Keep an article among the caller's favourites."""
    await _put_favourite(deps, caller, article_id, is_favourite=True)


@router.delete("/favourite", status_code=204)
async def remove_favourite(article_id: UUID, deps: DepsOf, caller: Reader) -> None:
    """Take an article out of the caller's favourites."""
    await _put_favourite(deps, caller, article_id, is_favourite=False)


@router.post("/views")
async def count_article_view(article_id: UUID, deps: DepsOf, caller: Reader) -> ViewsView:
    """Count that the caller opened an article to read it."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await service.seen(deps, conn, caller, article_id)
        views = await store.count_view(
            conn,
            tenant_id=caller.tenant_id,
            article_id=article_id,
            user_id=caller.user_id,
            now=deps.now(),
        )
    return ViewsView(views=views)


@router.post("/feedback", status_code=204)
async def say_of_article(
    article_id: UUID, said: FeedbackBody, deps: DepsOf, caller: Reader
) -> None:
    """Say whether an article helped. The last word of each reader counts."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await service.seen(deps, conn, caller, article_id)
        await store.put_feedback(
            conn,
            tenant_id=caller.tenant_id,
            article_id=article_id,
            user_id=caller.user_id,
            is_useful=said.is_useful,
            comment=said.comment,
            now=deps.now(),
        )


@router.get("/feedback")
async def list_article_feedback(
    article_id: UUID, deps: DepsOf, caller: Writer, limit: Limit = 100, cursor: Cursor = None
) -> Page[FeedbackView]:
    """List what readers said of an article, for those who write there."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        tree, article = await service.seen(deps, conn, caller, article_id)
        tree.check_writes(article.category_id)
        found = await store.feedback_of(
            conn,
            tenant_id=caller.tenant_id,
            article_id=article_id,
            after=cursor_uuid(cursor),
            limit=limit + 1,
        )
    items = [FeedbackView.model_validate(each) for each in found]
    return page_of(items, limit, lambda last: last.user_id)


async def _put_favourite(
    deps: DepsOf, caller: Caller, article_id: UUID, *, is_favourite: bool
) -> None:
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await service.seen(deps, conn, caller, article_id)
        await store.put_favourite(
            conn,
            tenant_id=caller.tenant_id,
            article_id=article_id,
            user_id=caller.user_id,
            is_favourite=is_favourite,
        )
