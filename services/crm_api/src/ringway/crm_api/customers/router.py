"""/customers: the parties that a tenant talks with."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response
from pydantic import AwareDatetime, ValidationError

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.audit import store as audit
from ringway.crm_api.customers import store
from ringway.crm_api.customers.schemas import CustomerBody, CustomerFilter, CustomerView
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.errors import Invalid, NotFound, PreconditionFailed
from ringway.crm_api.etag import IfMatch, expected_version, set_etag
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_uuid, encode_cursor
from ringway.proto.base import PhoneE164
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

router = api_router("/customers", "customers")
Reader = Annotated[Caller, Depends(requires(Permission.CUSTOMERS_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.CUSTOMERS_WRITE))]


@router.post("", status_code=201)
async def create_customer(
    new: CustomerBody, deps: DepsOf, caller: Writer, response: Response
) -> CustomerView:
    """Create a customer."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        customer = await store.add(
            conn,
            tenant_id=caller.tenant_id,
            customer_id=uuid7(),
            name=new.name,
            phone_e164=new.phone_e164,
            data=new.data,
            now=deps.now(),
        )
    set_etag(response, customer.version)
    response.headers["Location"] = f"/api/v1/customers/{customer.customer_id}"
    return CustomerView.model_validate(customer)


def _filter(
    phone_e164: PhoneE164 | None = None,
    batch_number: Annotated[str | None, Query(max_length=40)] = None,
    name: Annotated[
        str | None, Query(min_length=1, max_length=200, description="A part of it, in any case.")
    ] = None,
    created_from: AwareDatetime | None = None,
    created_before: AwareDatetime | None = None,
    data: Annotated[
        list[str] | None, Query(max_length=20, description="Each `key=value`; all must be so.")
    ] = None,
) -> CustomerFilter:
    try:
        return CustomerFilter(
            phone_e164=phone_e164,
            batch_number=batch_number,
            name=name,
            created_from=created_from,
            created_before=created_before,
            data=data or [],
        )
    except ValidationError as error:
        raise Invalid("filter_invalid", error.errors()[0]["msg"]) from error


@router.get("")
async def list_customers(
    deps: DepsOf,
    caller: Reader,
    wanted: Annotated[CustomerFilter, Depends(_filter)],
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[CustomerView]:
    """List customers, newest first, by number, batch, name, time or what is kept of them."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        customers = await store.page(
            conn,
            tenant_id=caller.tenant_id,
            before=cursor_uuid(cursor),
            limit=limit + 1,
            wanted=wanted,
        )
    items = [CustomerView.model_validate(customer) for customer in customers[:limit]]
    more = len(customers) > limit
    return Page(items=items, next_cursor=encode_cursor(items[-1].customer_id) if more else None)


@router.get("/{customer_id}")
async def get_customer(
    customer_id: UUID, deps: DepsOf, caller: Reader, response: Response
) -> CustomerView:
    """Return one customer."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        customer = await store.get(conn, tenant_id=caller.tenant_id, customer_id=customer_id)
    if customer is None:
        raise _not_found(customer_id)
    set_etag(response, customer.version)
    return CustomerView.model_validate(customer)


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
    async with deps.pool.tenant(caller.tenant_id) as conn:
        customer = await store.change(
            conn,
            tenant_id=caller.tenant_id,
            customer_id=customer_id,
            version=version,
            name=wanted.name,
            phone_e164=wanted.phone_e164,
            data=wanted.data,
            now=deps.now(),
        )
        if customer is None:
            raise await _why_not(conn, caller, customer_id)
    set_etag(response, customer.version)
    return CustomerView.model_validate(customer)


@router.delete("/{customer_id}", status_code=204)
async def delete_customer(
    customer_id: UUID, deps: DepsOf, caller: Writer, if_match: IfMatch = None
) -> None:
    """Delete a customer."""
    version = expected_version(if_match)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        if not await store.remove(
            conn, tenant_id=caller.tenant_id, customer_id=customer_id, version=version
        ):
            raise await _why_not(conn, caller, customer_id)
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action="customer.deleted",
            object_type="customer",
            object_id=customer_id,
        )


async def _why_not(
    conn: Connection, caller: Caller, customer_id: UUID
) -> NotFound | PreconditionFailed:
    present = await store.get(conn, tenant_id=caller.tenant_id, customer_id=customer_id)
    if present is None:
        return _not_found(customer_id)
    view = CustomerView.model_validate(present).model_dump(mode="json")
    return PreconditionFailed(
        "customer_changed",
        "The customer was changed meanwhile; `current` is what it is now.",
        extra={"current": view},
    )


def _not_found(customer_id: UUID) -> NotFound:
    return NotFound("customer_not_found", f"There is no customer {customer_id}.")
