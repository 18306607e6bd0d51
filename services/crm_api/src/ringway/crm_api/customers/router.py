"""/customers: the parties that a tenant talks with."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import orjson
from fastapi import Depends, Query, Response
from pydantic import create_model

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.customers import listing, scope, search, service
from ringway.crm_api.customers.filters import CustomerFilter
from ringway.crm_api.customers.params import FieldNames, Sort, chosen_fields, wanted_filter
from ringway.crm_api.customers.schemas import (
    CustomerBody,
    CustomerChange,
    CustomerView,
    FoundCustomerView,
    chosen,
)
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.etag import IfMatch, expected_version, set_etag
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, View, decode_cursor, encode_cursor
from ringway.proto.base import PhoneE164

router = api_router("/customers", "customers")
Reader = Annotated[Caller, Depends(requires(Permission.CUSTOMERS_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.CUSTOMERS_WRITE))]
Creator = Annotated[Caller, Depends(requires(Permission.CUSTOMERS_CREATE))]

# What a list of chosen fields has: every field may be missing but the id.
CustomerPart = create_model(
    "CustomerPart",
    __base__=View,
    customer_id=(UUID, ...),
    **{  # type: ignore[call-overload]
        name: (field.annotation, None)
        for name, field in CustomerView.model_fields.items()
        if name != "customer_id"
    },
)


@router.post("", status_code=201)
async def create_customer(
    new: CustomerBody, deps: DepsOf, caller: Creator, response: Response
) -> CustomerView:
    """Create a customer: in the public pool, or one's own for those who do not see all."""
    made = await service.create(deps, caller, new)
    set_etag(response, made.version)
    response.headers["Location"] = f"/api/v1/customers/{made.customer_id}"
    return made


@router.get(
    "",
    response_model=None,
    responses={200: {"model": Page[CustomerView] | Page[CustomerPart]}},
)
async def list_customers(
    deps: DepsOf,
    caller: Reader,
    wanted: Annotated[CustomerFilter, Depends(wanted_filter)],
    sort: Sort = None,
    fields: FieldNames = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """List customers, newest first or as sorted, by all that is kept of them.

    Who may not see all sees those whom he owns or has talked with.
    """
    names = chosen_fields(fields)
    async with deps.pool.reading(caller.tenant_id, settings=listing.PLANNED) as conn:
        filters, known = await service.meant(conn, caller, wanted)
        order = listing.order(known, sort)
        after = (
            decode_cursor(cursor, 1 if order.field is None else 3) if cursor is not None else None
        )
        found, places = await listing.page(
            conn,
            wanted=filters,
            scope=scope.of(caller),
            fields=known,
            sort=order,
            after=after,
            limit=limit + 1,
        )
    today = deps.now().date()
    items = [service.view(each, known, today).model_dump(mode="json") for each in found[:limit]]
    if names is not None:
        items = [chosen(item, names) for item in items]
    more = len(found) > limit
    body = {"items": items, "next_cursor": encode_cursor(*places[limit - 1]) if more else None}
    return Response(orjson.dumps(body), media_type="application/json")


@router.get("/lookup")
async def look_up_customers(
    deps: DepsOf,
    caller: Reader,
    phone: Annotated[PhoneE164, Query(description="Who calls, or is called.")],
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> list[FoundCustomerView]:
    """Find the customers whom a number leads to, best first: what pops when a call arrives."""
    return await service.look_up(deps, caller, phone, limit)


@router.get("/count")
async def count_customers(
    deps: DepsOf, caller: Reader, wanted: Annotated[CustomerFilter, Depends(wanted_filter)]
) -> dict[str, int]:
    """Count the customers that a filter means."""
    async with deps.pool.reading(caller.tenant_id) as conn:
        filters, known = await service.meant(conn, caller, wanted)
        found = await search.count(conn, wanted=filters, scope=scope.of(caller), fields=known)
    return {"customers": found}


@router.get("/{customer_id}")
async def get_customer(
    customer_id: UUID, deps: DepsOf, caller: Reader, response: Response
) -> CustomerView:
    """Return one customer."""
    customer = await service.get(deps, caller, customer_id)
    set_etag(response, customer.version)
    return customer


@router.put("/{customer_id}")
async def replace_customer(
    customer_id: UUID,
    wanted: CustomerBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> CustomerView:
    """Replace a customer. `If-Match` is required: what somebody else wrote is not lost."""
    version = expected_version(if_match, required=True)
    customer = await service.replace_whole(deps, caller, customer_id, version, wanted)
    set_etag(response, customer.version)
    return customer


@router.patch("/{customer_id}")
async def change_customer(
    customer_id: UUID,
    wanted: CustomerChange,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> CustomerView:
    """Change some fields of a customer; with `If-Match` only if he is as he was read."""
    version = expected_version(if_match)
    customer = await service.change(deps, caller, customer_id, version, wanted)
    set_etag(response, customer.version)
    return customer


@router.delete("/{customer_id}", status_code=204)
async def delete_customer(
    customer_id: UUID, deps: DepsOf, caller: Writer, if_match: IfMatch = None
) -> None:
    """Delete a customer with his follow-ups and history."""
    await service.remove(deps, caller, customer_id, expected_version(if_match))
