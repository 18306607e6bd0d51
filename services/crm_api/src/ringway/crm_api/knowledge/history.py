"""What articles said before: their versions, what changed, and the way back."""

from __future__ import annotations

from uuid import UUID

from starlette.concurrency import run_in_threadpool

from ringway.crm_api.access import Caller
from ringway.crm_api.core.knowledge.history import difference
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import NotFound
from ringway.crm_api.knowledge import service, store
from ringway.crm_api.knowledge.schemas import (
    ArticleBody,
    ArticleVersionView,
    ArticleView,
    DifferenceView,
    StretchView,
)
from ringway.runtime.postgres import Connection


async def versions(
    deps: Deps, caller: Caller, article_id: UUID, before: int | None, limit: int
) -> list[store.Version]:
    """Return the versions of an article that the caller writes, newest first."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        tree, article = await service.seen(deps, conn, caller, article_id)
        tree.check_writes(article.category_id)
        return await store.versions(
            conn, tenant_id=caller.tenant_id, article_id=article_id, before=before, limit=limit
        )


async def version(deps: Deps, caller: Caller, article_id: UUID, number: int) -> ArticleVersionView:
    """Return one version. Raises NotFound."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        tree, article = await service.seen(deps, conn, caller, article_id)
        tree.check_writes(article.category_id)
        found = await _version(conn, caller, article_id, number)
    return ArticleVersionView.model_validate(found)


async def compare(
    deps: Deps, caller: Caller, article_id: UUID, old: int, new: int
) -> DifferenceView:
    """Return what changed from one version to another. Raises NotFound."""
    before = await version(deps, caller, article_id, old)
    after = await version(deps, caller, article_id, new)
    was, now = (each.content.model_dump(exclude={"note", "body"}) for each in (before, after))
    stretches = await run_in_threadpool(difference, before.content.body, after.content.body)
    return DifferenceView(
        old=old,
        new=new,
        fields=sorted(key for key in was if was[key] != now[key]),
        body=[StretchView(change=each.change, lines=list(each.lines)) for each in stretches],
    )


async def restore(
    deps: Deps, caller: Caller, article_id: UUID, number: int, version: int | None
) -> ArticleView:
    """Let an article say what it said in a version, as its next version.

    It stays in its category and its state.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        _, article = await service.own(deps, conn, caller, article_id, version)
        found = await _version(conn, caller, article_id, number)
        old = {
            **found.content,
            "category_id": article.category_id,
            "note": f"As in version {number}.",
        }
        wanted = ArticleBody.model_validate(old)
        await service.replace(deps, conn, caller, article_id, wanted, "restored")
        return await service.after(deps, conn, caller, article_id)


async def _version(
    conn: Connection, caller: Caller, article_id: UUID, number: int
) -> store.Version:
    found = await store.version(
        conn, tenant_id=caller.tenant_id, article_id=article_id, number=number
    )
    if found is None:
        raise NotFound("version_not_found", f"The article has no version {number}.")
    return found
