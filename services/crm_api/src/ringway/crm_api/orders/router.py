"""/sales-orders: entry, payment, shipment, and what became of them."""

from __future__ import annotations

import datetime as dt
from typing import Annotated
from uuid import UUID
from zoneinfo import available_timezones

from fastapi import Depends, Query, Response

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.core.moments import Moment
from ringway.crm_api.core.orders.books import OrderState, PaymentState, ShipmentState
from ringway.crm_api.customers import scope as scopes
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.errors import BadRequest
from ringway.crm_api.etag import IfMatch, expected_version, set_etag
from ringway.crm_api.idempotency import RequestKey, request_key
from ringway.crm_api.orders import books, entry, list_store, service, settings, store
from ringway.crm_api.orders.schemas import (
    CancelBody,
    DeliveryBody,
    NewSalesOrder,
    OrderEventView,
    OrderFilter,
    OrderGrouping,
    OrderOwnerBody,
    OrderReport,
    OrderReportLine,
    OrderSettingsBody,
    OrderSettingsView,
    OrderSort,
    PaymentBody,
    SalesOrderChange,
    SalesOrderSummary,
    SalesOrderView,
    ShipmentBody,
    ShipmentReturn,
    TrackingBody,
)
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_number, page_of

router = api_router("/sales-orders", "sales-orders")
rules = api_router("/order-settings", "sales-orders")
Reader = Annotated[Caller, Depends(requires(Permission.ORDERS_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.ORDERS_WRITE))]
Refunder = Annotated[Caller, Depends(requires(Permission.ORDERS_REFUND))]
Key = Annotated[RequestKey | None, Depends(request_key)]
Seller = Annotated[Caller, Depends(requires(Permission.PRODUCTS_WRITE))]
_LONGEST = dt.timedelta(days=366)
_ZONES = frozenset(available_timezones())


@rules.get("")
async def get_order_settings(deps: DepsOf, caller: Reader, response: Response) -> OrderSettingsView:
    """Return how the enterprise sells, with the discount that each role may give."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = settings.view_of(await settings.read(conn, caller=caller))
    set_etag(response, found.version)
    return found


@rules.put("")
async def put_order_settings(
    wanted: OrderSettingsBody,
    deps: DepsOf,
    caller: Seller,
    response: Response,
    if_match: IfMatch = None,
) -> OrderSettingsView:
    """Change how the enterprise sells. Orders that were entered stay as they are."""
    view = await settings.change(deps, caller, expected_version(if_match, required=True), wanted)
    set_etag(response, view.version)
    return view


@router.post("", status_code=201)
async def enter_order(
    new: NewSalesOrder, deps: DepsOf, caller: Writer, key: Key, response: Response
) -> SalesOrderView:
    """Enter an order: today's prices are kept, and the stock is taken.

    A repeat under the same `Idempotency-Key` finds the order that the first request made, for
    ever; another order under it is refused.
    """
    view = await entry.enter(deps, caller, new, key)
    response.headers["Location"] = f"/api/v1/sales-orders/{view.order_id}"
    return _shown(view, response)


def _filter(
    order_number: Annotated[str | None, Query(max_length=40)] = None,
    state: OrderState | None = None,
    payment_state: PaymentState | None = None,
    shipment_state: ShipmentState | None = None,
    customer_id: UUID | None = None,
    agent_id: Annotated[UUID | None, Query(description="Who sold it.")] = None,
    owner_id: Annotated[UUID | None, Query(description="Who looks after it.")] = None,
    has_owner: Annotated[bool | None, Query(description="false: nobody in particular.")] = None,
    is_open: Annotated[
        bool | None,
        Query(description="true: something is to be paid, shipped, to arrive or be paid back."),
    ] = None,
    campaign_id: UUID | None = None,
    interaction_id: UUID | None = None,
    media_source_id: UUID | None = None,
    product_id: UUID | None = None,
    created_from: Moment | None = None,
    created_before: Moment | None = None,
) -> OrderFilter:
    return OrderFilter(
        order_number=order_number,
        state=state,
        payment_state=payment_state,
        shipment_state=shipment_state,
        customer_id=customer_id,
        agent_id=agent_id,
        owner_id=owner_id,
        has_owner=has_owner,
        is_open=is_open,
        campaign_id=campaign_id,
        interaction_id=interaction_id,
        media_source_id=media_source_id,
        product_id=product_id,
        created_from=created_from,
        created_before=created_before,
    )


@router.get("")
async def list_orders(
    deps: DepsOf,
    caller: Reader,
    wanted: Annotated[OrderFilter, Depends(_filter)],
    sort: OrderSort = OrderSort.CREATED_AT_DOWN,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[SalesOrderSummary]:
    """List orders, the newest first unless `sort` says otherwise.

    Without `customers.all` they are one's own and those of the customers whom one sees.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await list_store.page(
            conn,
            scope=scopes.of(caller),
            wanted=wanted,
            sort=sort,
            cursor=cursor,
            limit=limit + 1,
        )
    items = [SalesOrderSummary.model_validate(each) for each in found]
    return page_of(items, limit, lambda last: list_store.place_of(last, sort))


@router.get("/report")
async def report_orders(
    deps: DepsOf,
    caller: Reader,
    begins_at: Annotated[Moment, Query(alias="from")],
    ends_at: Annotated[Moment, Query(alias="to")],
    group_by: OrderGrouping = OrderGrouping.DAY,
    zone: Annotated[
        str, Query(max_length=60, description="Whose days are counted, such as Asia/Shanghai.")
    ] = "UTC",
) -> OrderReport:
    """Sum up the orders of a period by day, product, agent or media source. At most 366 days.

    Without `customers.all` they are those that the list has.
    """
    if not begins_at < ends_at or ends_at - begins_at > _LONGEST:
        raise BadRequest(
            "period_invalid", "Choose a period that begins before it ends, 366 days at most."
        )
    if zone not in _ZONES:
        raise BadRequest("zone_unknown", "zone: use an IANA name, such as Europe/Bucharest.")
    async with deps.pool.tenant(caller.tenant_id) as conn:
        lines = await list_store.report(
            conn,
            scope=scopes.of(caller),
            group_by=group_by,
            begins_at=begins_at,
            ends_at=ends_at,
            zone=zone,
        )
    items = [OrderReportLine.model_validate(line) for line in lines]
    return OrderReport(
        group_by=group_by, begins_at=begins_at, ends_at=ends_at, zone=zone, items=items
    )


@router.get("/{order_id}")
async def get_order(
    order_id: UUID, deps: DepsOf, caller: Reader, response: Response
) -> SalesOrderView:
    """Return one order with its lines and books."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await books.find_seen(conn, caller, order_id)
        view = await books.view(conn, caller.tenant_id, order_id)
    return _shown(view, response)


@router.put("/{order_id}")
async def change_order(
    order_id: UUID,
    wanted: SalesOrderChange,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> SalesOrderView:
    """Change an order; its lines only while nothing was shipped.

    Products that stay keep the price with which they were entered.
    """
    version = expected_version(if_match, required=True)
    return _shown(await entry.change(deps, caller, order_id, version, wanted), response)


@router.get("/{order_id}/history")
async def list_order_history(
    order_id: UUID, deps: DepsOf, caller: Reader, limit: Limit = 100, cursor: Cursor = None
) -> Page[OrderEventView]:
    """List what happened to an order and by whom, oldest first."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await books.find_seen(conn, caller, order_id)
        found = await store.events(
            conn,
            tenant_id=caller.tenant_id,
            order_id=order_id,
            after=min(cursor_number(cursor) or 0, 2**31 - 1),
            limit=limit + 1,
        )
    items = [OrderEventView.model_validate(each) for each in found]
    return page_of(items, limit, lambda last: last.seq)


@router.post("/{order_id}/payments")
async def receive_payment(
    order_id: UUID,
    payment: PaymentBody,
    deps: DepsOf,
    caller: Writer,
    key: Key,
    response: Response,
    if_match: IfMatch = None,
) -> SalesOrderView:
    """Book money that came, in parts or as a whole; more than is due is refused.

    A repeat under the same `Idempotency-Key` books nothing more, for ever; another
    payment under it is refused.
    """
    version = expected_version(if_match)
    view = await service.receive(deps, caller, order_id, version, key, payment)
    return _shown(view, response)


@router.post("/{order_id}/refunds")
async def refund_payment(
    order_id: UUID,
    payment: PaymentBody,
    deps: DepsOf,
    caller: Refunder,
    key: Key,
    response: Response,
    if_match: IfMatch = None,
) -> SalesOrderView:
    """Book money that goes back: at most what was received. It is audited."""
    version = expected_version(if_match)
    view = await service.refund(deps, caller, order_id, version, key, payment)
    return _shown(view, response)


@router.post("/{order_id}/shipments")
async def ship_order(
    order_id: UUID,
    wanted: ShipmentBody,
    deps: DepsOf,
    caller: Writer,
    key: Key,
    response: Response,
    if_match: IfMatch = None,
) -> SalesOrderView:
    """Book a parcel that leaves, with some units or all that are left."""
    version = expected_version(if_match)
    view = await service.ship(deps, caller, order_id, version, key, wanted)
    return _shown(view, response)


@router.put("/{order_id}/shipments/{shipment_id}")
async def track_shipment(
    order_id: UUID,
    shipment_id: UUID,
    wanted: TrackingBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> SalesOrderView:
    """Write down who carries a parcel, and its tracking number."""
    version = expected_version(if_match, required=True)
    view = await service.track(
        deps, caller, order_id, shipment_id, version, wanted.carrier, wanted.tracking
    )
    return _shown(view, response)


@router.post("/{order_id}/shipments/{shipment_id}/delivered")
async def deliver_shipment(
    order_id: UUID,
    shipment_id: UUID,
    wanted: DeliveryBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> SalesOrderView:
    """Book that a parcel arrived."""
    version = expected_version(if_match)
    view = await service.deliver(deps, caller, order_id, shipment_id, version, wanted.delivered_at)
    return _shown(view, response)


@router.post("/{order_id}/shipments/{shipment_id}/returned")
async def return_shipment(
    order_id: UUID,
    shipment_id: UUID,
    wanted: ShipmentReturn,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> SalesOrderView:
    """Book that goods of a parcel came back: they are not owed any more."""
    version = expected_version(if_match)
    view = await service.take_back(deps, caller, order_id, shipment_id, version, wanted)
    return _shown(view, response)


@router.post("/{order_id}/complete")
async def complete_order(
    order_id: UUID, deps: DepsOf, caller: Writer, response: Response, if_match: IfMatch = None
) -> SalesOrderView:
    """Declare an order done that is paid and shipped, though nobody said that it arrived."""
    version = expected_version(if_match)
    return _shown(await service.complete(deps, caller, order_id, version), response)


@router.post("/{order_id}/assign")
async def assign_order(
    order_id: UUID,
    wanted: OrderOwnerBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> SalesOrderView:
    """Let somebody look after an order: oneself, if nobody does, or another if one does oneself.

    With `customers.assign` anybody. Who sold it stays written there.
    """
    version = expected_version(if_match)
    return _shown(await service.assign(deps, caller, order_id, version, wanted.owner_id), response)


@router.post("/{order_id}/cancel")
async def cancel_order(
    order_id: UUID,
    wanted: CancelBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> SalesOrderView:
    """Cancel an order of which nothing is out; what was received is to be paid back then."""
    version = expected_version(if_match)
    return _shown(await service.cancel(deps, caller, order_id, version, wanted), response)


def _shown(view: SalesOrderView, response: Response) -> SalesOrderView:
    set_etag(response, view.version)
    return view
