"""/customers/{customer_id}/history and /changes: what happened, and who wrote what."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query
from pydantic import Field

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.customers import changes, history, service
from ringway.crm_api.customers import fields as known_fields
from ringway.crm_api.customers.fields import OWN, Fields
from ringway.crm_api.customers.sources import SOURCES
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.errors import BadRequest, NotFound
from ringway.crm_api.interactions import store as interactions
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, View, cursor_uuid, decode_cursor, encode_cursor, page_of

router = api_router("/customers", "customers")
Reader = Annotated[Caller, Depends(requires(Permission.CUSTOMERS_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.CUSTOMERS_WRITE))]


class HistoryView(View):
    """One thing that happened with a customer. ``kind`` says where its ``id`` is looked up."""

    at: datetime
    kind: str = Field(examples=["interaction", "attempt", "callback", "follow_up", "work_order"])
    id: str
    what: dict[str, Any] = Field(description="The facts that a list shows.")


class ChangeView(View):
    """Who changed which fields of a record."""

    change_id: UUID
    at: datetime
    user_id: UUID | None = Field(description="Null: a rule did.")
    username: str
    act: str = Field(examples=["changed", "assigned", "reclaimed", "graded"])
    changes: dict[str, tuple[Any, Any]] = Field(
        description="Before and after, by field.", examples=[{"grade": ["C", "A"]}]
    )


@router.get("/{customer_id}/history")
async def get_customer_history(
    customer_id: UUID,
    deps: DepsOf,
    caller: Reader,
    kind: Annotated[list[str] | None, Query(max_length=20, description="Only these kinds.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[HistoryView]:
    """List what happened with a customer, newest first: his calls, follow-ups, orders, ..."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await service.find(conn, caller, customer_id)
        found = await history.page(
            conn,
            caller,
            SOURCES,
            customer_id=customer_id,
            kinds=kind,
            before=_place(cursor),
            limit=limit + 1,
        )
    items = [HistoryView.model_validate(each) for each in found[:limit]]
    more = len(found) > limit
    return Page(items=items, next_cursor=encode_cursor(*found[limit - 1].place) if more else None)


@router.get("/{customer_id}/changes")
async def list_customer_changes(
    customer_id: UUID, deps: DepsOf, caller: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Page[ChangeView]:
    """List who changed which field of a customer's record, newest first."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await service.find(conn, caller, customer_id)
        fields = await known_fields.of(conn, caller)
        found = await changes.page(
            conn,
            tenant_id=caller.tenant_id,
            customer_id=customer_id,
            before=cursor_uuid(cursor),
            limit=limit + 1,
        )
    items = [_view(each, fields) for each in found]
    return page_of(items, limit, lambda last: last.change_id)


@router.put("/{customer_id}/interactions/{interaction_id}", status_code=204)
async def link_interaction(
    customer_id: UUID, interaction_id: UUID, deps: DepsOf, caller: Writer
) -> None:
    """Put a talk with a customer that was on another number than his own."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await service.find(conn, caller, customer_id)
        key = {"tenant_id": caller.tenant_id, "interaction_id": interaction_id}
        found = await interactions.get(conn, **key)
        if found is not None and not caller.may(Permission.INTERACTIONS_ALL):
            parts = await interactions.segments_of(conn, **key)
            had = {found.row.agent_id, *(part.agent_id for part in parts)}
            found = found if caller.user_id in had else None
        if found is None:
            raise NotFound("interaction_not_found", f"There is no interaction {interaction_id}.")
        await history.link(
            conn,
            tenant_id=caller.tenant_id,
            customer_id=customer_id,
            interaction_id=interaction_id,
            user_id=caller.user_id,
            now=deps.now(),
        )


@router.delete("/{customer_id}/interactions/{interaction_id}", status_code=204)
async def unlink_interaction(
    customer_id: UUID, interaction_id: UUID, deps: DepsOf, caller: Writer
) -> None:
    """Take a talk away that was put with a customer by hand."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await service.find(conn, caller, customer_id)
        if not await history.unlink(
            conn,
            tenant_id=caller.tenant_id,
            customer_id=customer_id,
            interaction_id=interaction_id,
        ):
            raise NotFound("link_not_found", "This talk was not put with the customer by hand.")


def _view(change: changes.Change, fields: Fields) -> ChangeView:
    """Return a change without the own fields that the caller does not see."""
    own = {name.removeprefix(OWN): None for name in change.changes if name.startswith(OWN)}
    seen = fields.shown(own)
    shown = {
        name: value
        for name, value in change.changes.items()
        if not name.startswith(OWN) or name.removeprefix(OWN) in seen
    }
    return ChangeView(
        change_id=change.change_id,
        at=change.at,
        user_id=change.user_id,
        username=change.username,
        act=change.act,
        changes=shown,
    )


def _place(cursor: str | None) -> tuple[datetime, str, str] | None:
    if cursor is None:
        return None
    at, kind, item_id = decode_cursor(cursor, 3)
    try:
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError
    except ValueError as error:
        raise BadRequest(
            "cursor_invalid", "Use next_cursor of the previous page unchanged."
        ) from error
    return moment, kind, item_id
