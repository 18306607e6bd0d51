"""Articles: drafts, published ones, their history. Every change is a version."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from starlette.concurrency import run_in_threadpool

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Conflict, NotFound, PreconditionFailed
from ringway.crm_api.etag import says_nothing_new
from ringway.crm_api.knowledge import attachment_store, search, store
from ringway.crm_api.knowledge.access import Tree, tree_of
from ringway.crm_api.knowledge.markdown import to_html
from ringway.crm_api.knowledge.schemas import (
    ArticleAttachmentView,
    ArticleBody,
    ArticleItem,
    ArticleState,
    ArticleView,
)
from ringway.proto.crm_knowledge import ArticleChangedV1
from ringway.runtime import outbox
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

_SCHEMA = "crm"


def eyes_of(deps: Deps, caller: Caller, tree: Tree) -> store.Eyes:
    """Return what the caller sees now."""
    return store.Eyes(caller.tenant_id, caller.user_id, tree.readable, tree.writable, deps.now())


async def seen(
    deps: Deps, conn: Connection, caller: Caller, article_id: UUID
) -> tuple[Tree, store.Article]:
    """Return an article that the caller sees. Raises NotFound."""
    tree = await tree_of(conn, caller)
    article = await store.get(conn, eyes=eyes_of(deps, caller, tree), article_id=article_id)
    if article is None:
        raise NotFound("article_not_found", f"There is no article {article_id}.")
    return tree, article


async def own(
    deps: Deps, conn: Connection, caller: Caller, article_id: UUID, version: int | None = None
) -> tuple[Tree, store.Article]:
    """Return an article that the caller writes, and let nobody else change it meanwhile.

    Raises:
        NotFound, Forbidden: He does not see it, or does not write in its category.
        PreconditionFailed: It was changed since ``version``.
    """
    await store.lock(conn, tenant_id=caller.tenant_id, article_id=article_id)
    tree, article = await seen(deps, conn, caller, article_id)
    tree.check_writes(article.category_id)
    if version is not None and version != article.version:
        raise PreconditionFailed(
            "article_changed",
            "The article was changed meanwhile; `current` is what it is now.",
            extra={"current": (await _view(conn, caller, tree, article)).model_dump(mode="json")},
        )
    return tree, article


async def get(deps: Deps, caller: Caller, article_id: UUID) -> ArticleView:
    """Return one article. Raises NotFound."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        tree, article = await seen(deps, conn, caller, article_id)
        return await _view(conn, caller, tree, article)


async def create(deps: Deps, caller: Caller, new: ArticleBody) -> ArticleView:
    """Make an article; it is a draft. Raises Invalid or Forbidden for its category."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        tree = await tree_of(conn, caller)
        tree.check_place(new.category_id)
        article_id = await add(deps, conn, caller, new, draft_of=None)
        return await after(deps, conn, caller, article_id)


async def add(
    deps: Deps, conn: Connection, caller: Caller, new: ArticleBody, *, draft_of: UUID | None
) -> UUID:
    """Make a draft in a category that was checked; return its id."""
    article_id = uuid7()
    await store.add(
        conn,
        tenant_id=caller.tenant_id,
        article_id=article_id,
        draft_of=draft_of,
        content=await _content(conn, caller, new),
        by=caller.username,
        now=deps.now(),
    )
    await _keep(deps, conn, caller, article_id, new, "created")
    return article_id


async def change(
    deps: Deps, caller: Caller, article_id: UUID, version: int | None, wanted: ArticleBody
) -> ArticleView:
    """Let an article say something else, at once when it is published.

    Raises:
        NotFound, Forbidden, Invalid: See :func:`own`; or the new category does not let him.
        PreconditionFailed: It was changed since ``version``.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        tree, article = await own(deps, conn, caller, article_id, version)
        item = ArticleItem.model_validate(article)
        is_same = says_nothing_new(item, wanted, apart=("body", "note"))
        if is_same and article.body == wanted.body:
            return await _view(conn, caller, tree, article)
        if wanted.category_id != article.category_id:
            tree.check_place(wanted.category_id)
        await replace(deps, conn, caller, article_id, wanted, "changed")
        return await after(deps, conn, caller, article_id)


async def begin_draft(deps: Deps, caller: Caller, article_id: UUID) -> ArticleView:
    """Copy an article into a draft, which replaces it when it is published.

    Raises:
        NotFound, Forbidden: See :func:`own`.
        Conflict: It is a draft of another article itself.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        _, article = await own(deps, conn, caller, article_id)
        check_not_draft_of(article)
        draft_id = await add(deps, conn, caller, body_of(article), draft_of=article_id)
        return await after(deps, conn, caller, draft_id)


async def publish(deps: Deps, caller: Caller, article_id: UUID, version: int | None) -> ArticleView:
    """Publish an article; of a draft of another, publish what it says as the other's next version.

    Raises:
        NotFound, Forbidden: See :func:`own`.
        PreconditionFailed: It was changed since ``version``.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        _, article = await own(deps, conn, caller, article_id, version)
        if article.draft_of is None:
            await _put_state(deps, conn, caller, article, ArticleState.PUBLISHED)
            return await after(deps, conn, caller, article_id)
        tree, original = await own(deps, conn, caller, article.draft_of)
        if article.category_id != original.category_id:
            tree.check_place(article.category_id)
        wanted = body_of(article, note=f"From the draft of {article.updated_by}.")
        await replace(deps, conn, caller, original.article_id, wanted, "changed")
        await attachment_store.move_all(
            conn,
            tenant_id=caller.tenant_id,
            from_article_id=article_id,
            to_article_id=original.article_id,
        )
        await store.remove(conn, tenant_id=caller.tenant_id, article_id=article_id)
        _, original = await seen(deps, conn, caller, original.article_id)
        if original.state != ArticleState.PUBLISHED:
            await _put_state(deps, conn, caller, original, ArticleState.PUBLISHED)
        return await after(deps, conn, caller, original.article_id)


async def retire(deps: Deps, caller: Caller, article_id: UUID, version: int | None) -> ArticleView:
    """Show an article to nobody but those who write there. Raises as :func:`own` does."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        _, article = await own(deps, conn, caller, article_id, version)
        await _put_state(deps, conn, caller, article, ArticleState.RETIRED)
        return await after(deps, conn, caller, article_id)


async def remove(deps: Deps, caller: Caller, article_id: UUID, version: int | None) -> None:
    """Remove an article that is not published, with its history.

    Raises:
        NotFound, Forbidden, PreconditionFailed: See :func:`own`.
        Conflict: It is published.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        _, article = await own(deps, conn, caller, article_id, version)
        if article.state == ArticleState.PUBLISHED:
            raise Conflict("article_published", "Retire it first: POST …/retire.")
        await store.remove(conn, tenant_id=caller.tenant_id, article_id=article_id)
        await _tell(deps, conn, caller, article_id, article.category_id, article.version, "removed")
        await _audit(deps, conn, caller, "removed", article_id, {"title": article.title})


def body_of(article: store.Article, note: str = "") -> ArticleBody:
    """Return what is set on an article, as it would be sent."""
    return ArticleBody(
        category_id=article.category_id,
        title=article.title,
        body=article.body,
        language=article.language,
        tags=article.tags,
        product=article.product,
        valid_from=article.valid_from,
        valid_until=article.valid_until,
        note=note,
    )


def items_of(articles: Iterable[store.Article]) -> list[ArticleItem]:
    """Return articles as they stand in lists."""
    return [ArticleItem.model_validate(article) for article in articles]


def check_not_draft_of(article: store.Article) -> None:
    """Return when an article is one of its own. Raises Conflict."""
    if article.draft_of is not None:
        raise Conflict("article_is_draft", "It is a draft of another article: change it itself.")


async def _view(
    conn: Connection, caller: Caller, tree: Tree, article: store.Article
) -> ArticleView:
    files = await attachment_store.of_article(
        conn, tenant_id=caller.tenant_id, article_id=article.article_id
    )
    return ArticleView(
        **ArticleItem.model_validate(article).model_dump(),
        body=article.body,
        body_html=await run_in_threadpool(to_html, article.body),
        attachments=[ArticleAttachmentView.model_validate(each) for each in files],
        my_feedback=article.my_feedback,
        may_write=article.category_id in tree.writable,
    )


async def after(deps: Deps, conn: Connection, caller: Caller, article_id: UUID) -> ArticleView:
    """Return an article as it is now."""
    tree, article = await seen(deps, conn, caller, article_id)
    return await _view(conn, caller, tree, article)


async def _content(conn: Connection, caller: Caller, wanted: ArticleBody) -> store.Content:
    tags = list(dict.fromkeys(wanted.tags))
    made = await search.vector_of(
        conn,
        tenant_id=caller.tenant_id,
        title=wanted.title,
        tags=tags,
        product=wanted.product,
        body=wanted.body,
    )
    return store.Content(
        wanted.category_id,
        wanted.title,
        wanted.body,
        wanted.language.value,
        tags,
        wanted.product,
        wanted.valid_from,
        wanted.valid_until,
        search=made,
    )


async def replace(
    deps: Deps, conn: Connection, caller: Caller, article_id: UUID, wanted: ArticleBody, what: str
) -> None:
    """Let an article that was checked say something else, with its next version."""
    await store.replace(
        conn,
        tenant_id=caller.tenant_id,
        article_id=article_id,
        content=await _content(conn, caller, wanted),
        by=caller.username,
        now=deps.now(),
    )
    await _keep(deps, conn, caller, article_id, wanted, what)


async def _put_state(
    deps: Deps, conn: Connection, caller: Caller, article: store.Article, state: ArticleState
) -> None:
    if article.state == state:
        return
    await store.put_state(
        conn,
        tenant_id=caller.tenant_id,
        article_id=article.article_id,
        state=state.value,
        by=caller.username,
        now=deps.now(),
    )
    await _keep(deps, conn, caller, article.article_id, body_of(article), state.value)


async def _keep(
    deps: Deps, conn: Connection, caller: Caller, article_id: UUID, now: ArticleBody, what: str
) -> None:
    """Keep the version, tell of it, and note who made it."""
    content = now.model_dump(mode="json", exclude={"note"})
    await store.note_version(
        conn,
        tenant_id=caller.tenant_id,
        article_id=article_id,
        content=content,
        note=now.note,
    )
    _, article = await seen(deps, conn, caller, article_id)
    await _tell(deps, conn, caller, article_id, article.category_id, article.version, what)
    detail = {"title": article.title, "version": article.version, "note": now.note}
    await _audit(deps, conn, caller, what, article_id, detail)


async def _tell(
    deps: Deps,
    conn: Connection,
    caller: Caller,
    article_id: UUID,
    category_id: UUID,
    version: int,
    what: str,
) -> None:
    fact = ArticleChangedV1(
        occurred_at=deps.now(),
        tenant=caller.tenant,
        article_id=str(article_id),
        category_id=str(category_id),
        version=version,
        change=what,
    )
    await outbox.add(conn, _SCHEMA, fact)


async def _audit(
    deps: Deps, conn: Connection, caller: Caller, what: str, article_id: object, detail: Any
) -> None:
    await audit.add(
        conn,
        caller=caller,
        now=deps.now(),
        action=f"article.{what}",
        object_type="article",
        object_id=article_id,
        detail=detail,
    )
