"""/customer-segments: conditions on customers under a name, and the tags that customers have."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response
from pydantic import Field

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.customers import scope, search, segments, service
from ringway.crm_api.customers.filters import CustomerFilter, Pool
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.errors import Invalid, PreconditionFailed
from ringway.crm_api.etag import IfMatch, expected_version, says_nothing_new, set_etag
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Body, Name, Page, View, cursor_uuid, page_of
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

router = api_router("/customer-segments", "customer-segments")
tags = api_router("/customer-tags", "customers")
Reader = Annotated[Caller, Depends(requires(Permission.CUSTOMERS_READ))]
Ruler = Annotated[Caller, Depends(requires(Permission.CUSTOMERS_RULES))]


class SegmentBody(Body):
    """A segment: what is true of its customers, now and later."""

    name: Name = Field(examples=["Interested, not called for a month"])
    filter: CustomerFilter = Field(description="Without a segment of its own, and not `mine`.")


class CustomerSegmentView(View):
    """A segment. Whoever asks it sees of its customers those whom he sees anyway."""

    segment_id: UUID
    name: str
    filter: CustomerFilter
    version: int
    created_by: UUID | None
    created_at: datetime
    updated_at: datetime


class SegmentCountView(View):
    """How many customers a segment has now, of those whom one sees."""

    segment_id: UUID
    customers: int


class TagView(View):
    """How many customers have a tag, of those whom one sees."""

    tag: str
    customers: int


@router.post("", status_code=201)
async def create_segment(
    new: SegmentBody, deps: DepsOf, caller: Ruler, response: Response
) -> CustomerSegmentView:
    """Keep conditions under a name. `segment_id` in any filter of customers means them then."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        made = await _put(conn, caller, uuid7(), new, deps.now())
    set_etag(response, made.version)
    response.headers["Location"] = f"/api/v1/customer-segments/{made.segment_id}"
    return CustomerSegmentView.model_validate(made)


@router.get("")
async def list_segments_of_customers(
    deps: DepsOf, caller: Reader, limit: Limit = 100, cursor: Cursor = None
) -> Page[CustomerSegmentView]:
    """List segments."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await segments.page(
            conn, caller.tenant_id, after=cursor_uuid(cursor), limit=limit + 1
        )
    items = [CustomerSegmentView.model_validate(each) for each in found]
    return page_of(items, limit, lambda last: last.segment_id)


@router.get("/{segment_id}")
async def get_segment(
    segment_id: UUID, deps: DepsOf, caller: Reader, response: Response
) -> CustomerSegmentView:
    """Return one segment."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await segments.find(conn, caller.tenant_id, segment_id)
    set_etag(response, found.version)
    return CustomerSegmentView.model_validate(found)


@router.get("/{segment_id}/count")
async def count_segment(segment_id: UUID, deps: DepsOf, caller: Reader) -> SegmentCountView:
    """Count the customers of a segment."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        wanted = CustomerFilter(segment_id=segment_id)
        filters, fields = await service.meant(conn, caller, wanted)
        found = await search.count(conn, wanted=filters, scope=scope.of(caller), fields=fields)
    return SegmentCountView(segment_id=segment_id, customers=found)


@router.put("/{segment_id}")
async def replace_segment(
    segment_id: UUID,
    wanted: SegmentBody,
    deps: DepsOf,
    caller: Ruler,
    response: Response,
    if_match: IfMatch = None,
) -> CustomerSegmentView:
    """Replace a segment: lists that were made of it find others when they are asked again."""
    version = expected_version(if_match)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        changed = await _checked(conn, caller, segment_id, version)
        if not says_nothing_new(CustomerSegmentView.model_validate(changed), wanted):
            changed = await _put(conn, caller, segment_id, wanted, deps.now())
    set_etag(response, changed.version)
    return CustomerSegmentView.model_validate(changed)


@router.delete("/{segment_id}", status_code=204)
async def delete_segment(
    segment_id: UUID, deps: DepsOf, caller: Ruler, if_match: IfMatch = None
) -> None:
    """Delete a segment; its customers stay."""
    version = expected_version(if_match)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await _checked(conn, caller, segment_id, version)
        await segments.remove(conn, caller.tenant_id, segment_id)


@tags.get("")
async def list_customer_tags(deps: DepsOf, caller: Reader, limit: Limit = 100) -> list[TagView]:
    """List the tags of customers, the most used first."""
    seen = scope.of(caller)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        rows = await conn.fetch(
            "SELECT t.tag, count(*) AS customers FROM crm.customer_tag t "  # noqa: S608 - constants
            "JOIN crm.customer c ON c.tenant_id = t.tenant_id AND c.customer_id = t.customer_id "
            f"WHERE t.tenant_id = $1 AND {scope.condition(seen, 'c', '$1', '$2')} "
            "GROUP BY t.tag ORDER BY customers DESC, t.tag LIMIT $3",
            seen.tenant_id,
            seen.user_id,
            limit,
        )
    return [TagView(**row) for row in rows]


async def _put(
    conn: Connection, caller: Caller, segment_id: UUID, wanted: SegmentBody, now: datetime
) -> segments.Segment:
    if wanted.filter.segment_id is not None or wanted.filter.pool is Pool.MINE:
        raise Invalid("segment_invalid", "A segment is made of conditions that everybody shares.")
    # Whatever it names must be there.
    filters, fields = await service.meant(conn, caller, wanted.filter)
    search.condition(filters, scope.of(caller), fields, search.Parameters())
    return await segments.put(
        conn,
        caller.tenant_id,
        segment_id=segment_id,
        name=wanted.name,
        wanted=wanted.filter,
        user_id=caller.user_id,
        now=now,
    )


async def _checked(
    conn: Connection, caller: Caller, segment_id: UUID, version: int | None
) -> segments.Segment:
    present = await segments.find(conn, caller.tenant_id, segment_id, lock=True)
    if version is not None and version != present.version:
        raise PreconditionFailed(
            "segment_changed",
            "The segment was changed meanwhile; `current` is what it is now.",
            extra={"current": CustomerSegmentView.model_validate(present).model_dump(mode="json")},
        )
    return present
