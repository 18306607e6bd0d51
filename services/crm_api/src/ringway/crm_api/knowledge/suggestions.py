"""What agents learn and suggest: it becomes a draft, or its author is told why not (R221)."""

from __future__ import annotations

from uuid import UUID

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Conflict, Invalid, NotFound
from ringway.crm_api.knowledge import service
from ringway.crm_api.knowledge import store as articles
from ringway.crm_api.knowledge import suggestion_store as store
from ringway.crm_api.knowledge.access import Tree, tree_of
from ringway.crm_api.knowledge.schemas import ArticleBody
from ringway.crm_api.knowledge.suggestion_schemas import (
    SuggestionBody,
    SuggestionState,
    SuggestionView,
)
from ringway.proto.crm_knowledge import SuggestionDecidedV1
from ringway.runtime import outbox
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

_SCHEMA = "crm"
_MOST_OPEN = 100  # of one author


async def create(deps: Deps, caller: Caller, new: SuggestionBody) -> SuggestionView:
    """Suggest an article or a change.

    Raises:
        Invalid: The caller reads no such article or category.
        Conflict: He has too many open suggestions, or it is a draft of another article.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        tree = await tree_of(conn, caller)
        category_id = await _category(deps, conn, caller, tree, new)
        tenant_id, author_id = caller.tenant_id, caller.user_id
        if await store.open_of(conn, tenant_id=tenant_id, author_id=author_id) >= _MOST_OPEN:
            raise Conflict("suggestion_limit", f"{_MOST_OPEN} of yours are open: wait for them.")
        suggestion_id = uuid7()
        await store.add(
            conn,
            tenant_id=tenant_id,
            suggestion_id=suggestion_id,
            article_id=new.article_id,
            category_id=category_id,
            content=new.content.model_dump(mode="json"),
            reason=new.reason,
            interaction_id=new.interaction_id,
            author_id=author_id,
            author=caller.username,
            now=deps.now(),
        )
        return SuggestionView.model_validate(await _find(conn, caller, tree, suggestion_id))


async def get(deps: Deps, caller: Caller, suggestion_id: UUID) -> SuggestionView:
    """Return a suggestion of one's own, or for a category in which one writes. Raises NotFound."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        tree = await tree_of(conn, caller)
        return SuggestionView.model_validate(await _find(conn, caller, tree, suggestion_id))


async def accept(deps: Deps, caller: Caller, suggestion_id: UUID, answer: str) -> SuggestionView:
    """Make a draft of a suggestion: a new article, or a draft of the one that it changes.

    Raises:
        NotFound, Forbidden: The caller does not see it, or does not write there.
        Conflict: It is decided already.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        tree, found = await _open(conn, caller, suggestion_id)
        wanted = ArticleBody.model_validate(
            {
                **found.content,
                "category_id": found.category_id,
                "note": f"Suggested by {found.author}.",
            }
        )
        if found.article_id is not None:
            _, article = await service.own(deps, conn, caller, found.article_id)
            wanted = wanted.model_copy(
                update={
                    "category_id": article.category_id,
                    "valid_from": article.valid_from,
                    "valid_until": article.valid_until,
                }
            )
        draft_id = await service.add(deps, conn, caller, wanted, draft_of=found.article_id)
        await _decide(deps, conn, caller, found, SuggestionState.ACCEPTED, answer, draft_id)
        return SuggestionView.model_validate(await _find(conn, caller, tree, suggestion_id))


async def refuse(deps: Deps, caller: Caller, suggestion_id: UUID, reason: str) -> SuggestionView:
    """Refuse a suggestion. Raises as :func:`accept` does."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        tree, found = await _open(conn, caller, suggestion_id)
        await _decide(deps, conn, caller, found, SuggestionState.REFUSED, reason, None)
        return SuggestionView.model_validate(await _find(conn, caller, tree, suggestion_id))


async def _category(
    deps: Deps, conn: Connection, caller: Caller, tree: Tree, new: SuggestionBody
) -> UUID:
    if new.article_id is not None:
        eyes = service.eyes_of(deps, caller, tree)
        article = await articles.get(conn, eyes=eyes, article_id=new.article_id)
        if article is None:
            raise Invalid("article_unknown", f"article_id: there is no article {new.article_id}.")
        service.check_not_draft_of(article)
        return article.category_id
    if new.category_id is None or new.category_id not in tree.readable:
        raise Invalid("category_unknown", f"category_id: there is no category {new.category_id}.")
    return new.category_id


async def _find(
    conn: Connection, caller: Caller, tree: Tree, suggestion_id: UUID
) -> store.Suggestion:
    found = await store.get(
        conn,
        tenant_id=caller.tenant_id,
        user_id=caller.user_id,
        writable=tree.writable,
        suggestion_id=suggestion_id,
    )
    if found is None:
        raise NotFound("suggestion_not_found", f"There is no suggestion {suggestion_id}.")
    return found


async def _open(
    conn: Connection, caller: Caller, suggestion_id: UUID
) -> tuple[Tree, store.Suggestion]:
    tree = await tree_of(conn, caller)
    found = await _find(conn, caller, tree, suggestion_id)
    tree.check_writes(found.category_id)
    if found.state != SuggestionState.OPEN:
        raise Conflict("suggestion_decided", f"It was {found.state} by {found.decided_by}.")
    return tree, found


async def _decide(
    deps: Deps,
    conn: Connection,
    caller: Caller,
    found: store.Suggestion,
    state: SuggestionState,
    decision: str,
    draft_id: UUID | None,
) -> None:
    await store.decide(
        conn,
        tenant_id=caller.tenant_id,
        suggestion_id=found.suggestion_id,
        state=state.value,
        decided_by=caller.username,
        decision=decision,
        draft_id=draft_id,
        now=deps.now(),
    )
    fact = SuggestionDecidedV1(
        occurred_at=deps.now(),
        tenant=caller.tenant,
        suggestion_id=str(found.suggestion_id),
        agent_id=str(found.author_id),
        is_accepted=state is SuggestionState.ACCEPTED,
        article_id=str(found.article_id) if found.article_id is not None else None,
    )
    await outbox.add(conn, _SCHEMA, fact)
    await audit.add(
        conn,
        caller=caller,
        now=deps.now(),
        action=f"suggestion.{state.value}",
        object_type="suggestion",
        object_id=found.suggestion_id,
        detail={"decision": decision, "author": found.author},
    )
