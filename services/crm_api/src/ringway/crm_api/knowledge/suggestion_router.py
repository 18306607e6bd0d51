"""/knowledge/suggestions: what agents learn, and what becomes of it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.knowledge import suggestion_store as store
from ringway.crm_api.knowledge import suggestions
from ringway.crm_api.knowledge.access import tree_of
from ringway.crm_api.knowledge.suggestion_schemas import (
    Acceptance,
    Refusal,
    SuggestionBody,
    SuggestionState,
    SuggestionView,
)
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_uuid, page_of

router = api_router("/knowledge/suggestions", "knowledge")
Reader = Annotated[Caller, Depends(requires(Permission.KNOWLEDGE_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.KNOWLEDGE_WRITE))]


@router.post("", status_code=201)
async def suggest_article(
    new: SuggestionBody, deps: DepsOf, caller: Reader, response: Response
) -> SuggestionView:
    """Suggest an article or a change of one. Its author is told what becomes of it by an event."""
    view = await suggestions.create(deps, caller, new)
    response.headers["Location"] = f"/api/v1/knowledge/suggestions/{view.suggestion_id}"
    return view


@router.get("")
async def list_suggestions(
    deps: DepsOf,
    caller: Reader,
    state: SuggestionState | None = None,
    mine: Annotated[bool, Query(description="The caller's own alone.")] = False,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[SuggestionView]:
    """List one's own suggestions and those for categories in which one writes, newest first."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        tree = await tree_of(conn, caller)
        found = await store.page(
            conn,
            tenant_id=caller.tenant_id,
            user_id=caller.user_id,
            writable=tree.writable,
            state=state.value if state is not None else None,
            mine=mine,
            before=cursor_uuid(cursor),
            limit=limit + 1,
        )
    items = [SuggestionView.model_validate(each) for each in found]
    return page_of(items, limit, lambda last: last.suggestion_id)


@router.get("/{suggestion_id}")
async def get_suggestion(suggestion_id: UUID, deps: DepsOf, caller: Reader) -> SuggestionView:
    """Return one suggestion."""
    return await suggestions.get(deps, caller, suggestion_id)


@router.post("/{suggestion_id}/accept")
async def accept_suggestion(
    suggestion_id: UUID, said: Acceptance, deps: DepsOf, caller: Writer
) -> SuggestionView:
    """Make a draft of a suggestion; it is shown when the draft is published."""
    return await suggestions.accept(deps, caller, suggestion_id, said.answer)


@router.post("/{suggestion_id}/refuse")
async def refuse_suggestion(
    suggestion_id: UUID, said: Refusal, deps: DepsOf, caller: Writer
) -> SuggestionView:
    """Refuse a suggestion and say why."""
    return await suggestions.refuse(deps, caller, suggestion_id, said.reason)
