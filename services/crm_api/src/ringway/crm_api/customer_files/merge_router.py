"""/customers/duplicates and merges: one record of one party."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.customer_files import duplicates, merging
from ringway.crm_api.customer_files.merge_schemas import (
    DuplicateGroup,
    DuplicatesBy,
    MergeBody,
    MergeView,
)
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_uuid, decode_cursor, encode_cursor, page_of

router = api_router("/customers/duplicates", "customers")
merges = api_router("/customers/merges", "customers")
of_customers = api_router("/customers", "customers")
Merger = Annotated[Caller, Depends(requires(Permission.CUSTOMERS_MERGE))]


@router.get("")
async def list_duplicates(
    deps: DepsOf,
    caller: Merger,
    by: Annotated[
        DuplicatesBy, Query(description="What they have in common.")
    ] = DuplicatesBy.PHONE,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[DuplicateGroup]:
    """List groups of customers who are probably one.

    A page may hold fewer groups than asked for, where others see more of a group.
    """
    after = decode_cursor(cursor, 1)[0] if cursor is not None else ""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        keys = await duplicates.keys(conn, caller, by, after=after, limit=limit + 1)
        items = await duplicates.groups(conn, caller, by, keys[:limit])
    more = len(keys) > limit
    return Page(items=items, next_cursor=encode_cursor(keys[limit - 1]) if more else None)


@of_customers.post("/{customer_id}/merge", status_code=201)
async def merge_customer(
    customer_id: UUID, wanted: MergeBody, deps: DepsOf, caller: Merger
) -> MergeView:
    """Make one of two customers; this one survives.

    The numbers, contacts, follow-ups and all else of the other become his, and the other's id
    leads to him.
    """
    return await merging.merge(deps, caller, customer_id, wanted)


@merges.get("")
async def list_merges(
    deps: DepsOf, caller: Merger, limit: Limit = 100, cursor: Cursor = None
) -> Page[MergeView]:
    """List the merges, newest first."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await merging.page(
            conn, tenant_id=caller.tenant_id, before=cursor_uuid(cursor), limit=limit + 1
        )
    return page_of(found, limit, lambda last: last.merge_id)


@merges.post("/{merge_id}/undo")
async def undo_merge(merge_id: UUID, deps: DepsOf, caller: Merger) -> MergeView:
    """Make two customers again, as they were, unless the survivor was changed since."""
    return await merging.undo(deps, caller, merge_id)
