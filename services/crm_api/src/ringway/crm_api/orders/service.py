"""Payment, shipment, return, completion and cancellation of orders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.core.orders.books import BookRefused, check_return
from ringway.crm_api.customers import targets
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Forbidden, Invalid, NotFound
from ringway.crm_api.idempotency import RequestKey
from ringway.crm_api.orders import book_store, settings, store
from ringway.crm_api.orders.books import Entry, booking, changes
from ringway.crm_api.orders.schemas import (
    CancelBody,
    LineUnits,
    PaymentBody,
    SalesOrderView,
    ShipmentBody,
    ShipmentReturn,
)
from ringway.crm_api.products import store as products
from ringway.runtime.ids import uuid7


async def receive(
    deps: Deps,
    caller: Caller,
    order_id: UUID,
    version: int | None,
    request: RequestKey | None,
    payment: PaymentBody,
) -> SalesOrderView:
    """Book money that came. Raises Conflict when more is taken than is due."""
    async with booking(
        deps, caller, order_id, version=version, request=request, act="received"
    ) as entry:
        if not entry.is_repeated:
            entry.books.check_receive(payment.amount)
            await _pay(deps, caller, entry, "received", payment, request)
    return _after(entry)


async def refund(
    deps: Deps,
    caller: Caller,
    order_id: UUID,
    version: int | None,
    request: RequestKey | None,
    payment: PaymentBody,
) -> SalesOrderView:
    """Book money that goes back. Raises Conflict when it is more than is there."""
    async with booking(
        deps, caller, order_id, version=version, request=request, act="refunded"
    ) as entry:
        if not entry.is_repeated:
            entry.books.check_refund(payment.amount)
            await _pay(deps, caller, entry, "refunded", payment, request)
            entry.audited = {"amount": payment.amount, "currency": entry.order.currency}
    return _after(entry)


async def ship(
    deps: Deps,
    caller: Caller,
    order_id: UUID,
    version: int | None,
    request: RequestKey | None,
    wanted: ShipmentBody,
) -> SalesOrderView:
    """Book a parcel that leaves. Raises Conflict when there is less to ship."""
    async with booking(
        deps, caller, order_id, version=version, request=request, act="shipped"
    ) as entry:
        if not entry.is_repeated:
            await _ship(deps, caller, entry, request, wanted)
    return _after(entry)


async def track(
    deps: Deps,
    caller: Caller,
    order_id: UUID,
    shipment_id: UUID,
    version: int | None,
    carrier: str,
    tracking: str,
) -> SalesOrderView:
    """Write down who carries a parcel, and its number. Raises NotFound."""
    async with booking(deps, caller, order_id, version=version) as entry:
        parcel = await _parcel(caller, entry, shipment_id)
        changed = changes(
            {"carrier": (parcel.carrier, carrier), "tracking": (parcel.tracking, tracking)}
        )
        entry.is_repeated = not changed
        await book_store.set_tracking(
            entry.conn,
            tenant_id=caller.tenant_id,
            order_id=order_id,
            shipment_id=shipment_id,
            carrier=carrier,
            tracking=tracking,
        )
        entry.kind = "tracked"
        entry.detail = {"shipment_id": shipment_id, "tracking": tracking, "changes": changed}
    return _after(entry)


async def deliver(
    deps: Deps,
    caller: Caller,
    order_id: UUID,
    shipment_id: UUID,
    version: int | None,
    at: datetime | None,
) -> SalesOrderView:
    """Book that a parcel arrived; a repeat changes nothing. Raises NotFound or Invalid."""
    async with booking(deps, caller, order_id, version=version) as entry:
        parcel = await _parcel(caller, entry, shipment_id)
        entry.is_repeated = parcel.delivered_at is not None
        if not entry.is_repeated:
            delivered_at = at or deps.now()
            if not parcel.shipped_at <= delivered_at <= deps.now():
                raise Invalid("delivered_at_invalid", "It arrived after it left and before now.")
            await book_store.deliver(
                entry.conn,
                tenant_id=caller.tenant_id,
                order_id=order_id,
                shipment_id=shipment_id,
                at=delivered_at,
            )
            entry.kind, entry.detail = "delivered", {"shipment_id": shipment_id}
    return _after(entry)


async def take_back(
    deps: Deps,
    caller: Caller,
    order_id: UUID,
    shipment_id: UUID,
    version: int | None,
    wanted: ShipmentReturn,
) -> SalesOrderView:
    """Book that goods of a parcel came back. Raises Conflict when fewer are out."""
    async with booking(deps, caller, order_id, version=version) as entry:
        parcel = await _parcel(caller, entry, shipment_id)
        units = _units(wanted.lines) or {
            number: count - parcel.returned[number]
            for number, count in parcel.units.items()
            if count > parcel.returned[number]
        }
        check_return(parcel.units, parcel.returned, units)
        if not units:
            raise BookRefused("nothing_to_return", "All of this parcel came back already.")
        await book_store.take_back(
            entry.conn,
            tenant_id=caller.tenant_id,
            order_id=order_id,
            shipment_id=shipment_id,
            units=units,
        )
        if wanted.restock:
            await _give_back(caller, entry, units)
        entry.kind = "returned"
        entry.detail = {
            "shipment_id": shipment_id,
            "units": {str(number): count for number, count in units.items()},
            "reason": wanted.reason,
        }
    return _after(entry)


async def cancel(
    deps: Deps, caller: Caller, order_id: UUID, version: int | None, wanted: CancelBody
) -> SalesOrderView:
    """Cancel an order; what was received is to be paid back then. Raises Conflict."""
    async with booking(deps, caller, order_id, version=version) as entry:
        entry.books.check_cancel()
        await store.cancel(
            entry.conn,
            tenant_id=caller.tenant_id,
            order_id=order_id,
            reason=wanted.reason,
            now=deps.now(),
        )
        # What was shipped has come back, and its return said whether it can be sold again.
        left = {n: line.quantity - line.shipped for n, line in entry.books.lines.items()}
        await _give_back(caller, entry, {n: count for n, count in left.items() if count})
        entry.kind, entry.detail = "cancelled", {"reason": wanted.reason}
    return _after(entry)


async def complete(
    deps: Deps, caller: Caller, order_id: UUID, version: int | None
) -> SalesOrderView:
    """Declare an order done, though nobody said that it arrived. Raises Conflict."""
    async with booking(deps, caller, order_id, version=version) as entry:
        entry.is_repeated = entry.books.is_closed
        if not entry.is_repeated:
            entry.books.check_close()
            await store.close(
                entry.conn, tenant_id=caller.tenant_id, order_id=order_id, now=deps.now()
            )
            entry.kind = "completed"
    return _after(entry)


async def assign(
    deps: Deps, caller: Caller, order_id: UUID, version: int | None, owner_id: UUID | None
) -> SalesOrderView:
    """Let somebody else look after an order; a repeat changes nothing.

    Raises:
        Forbidden: It is another's, or to be another's, and the caller assigns nobody.
        Invalid: There is no such user, or he is disabled.
    """
    async with booking(deps, caller, order_id, version=version) as entry:
        old = entry.order.owner_id
        entry.is_repeated = old == owner_id
        if not entry.is_repeated:
            takes = old is None and owner_id == caller.user_id
            if not (takes or old == caller.user_id or caller.may(Permission.CUSTOMERS_ASSIGN)):
                raise Forbidden(
                    "order_not_yours", "Somebody else looks after this order: ask your leader."
                )
            if owner_id is not None:
                await targets.check_enabled(entry.conn, caller.tenant_id, [owner_id])
            await store.set_owner(
                entry.conn, tenant_id=caller.tenant_id, order_id=order_id, owner_id=owner_id
            )
            entry.kind = "assigned"
            entry.detail = {"changes": changes({"owner_id": (old, owner_id)})}
    return _after(entry)


async def _pay(
    deps: Deps,
    caller: Caller,
    entry: Entry,
    kind: str,
    payment: PaymentBody,
    request: RequestKey | None,
) -> None:
    payment_id = uuid7()
    await book_store.add_payment(
        entry.conn,
        tenant_id=caller.tenant_id,
        order_id=entry.order.order_id,
        payment_id=payment_id,
        kind=kind,
        fields=payment.model_dump(),
        booked_by=caller.user_id,
        request=request,
        now=deps.now(),
    )
    entry.kind = f"payment_{kind}"
    entry.detail = {
        "payment_id": payment_id,
        "amount": payment.amount,
        "method": payment.method.value,
    }


async def _ship(
    deps: Deps, caller: Caller, entry: Entry, request: RequestKey | None, wanted: ShipmentBody
) -> None:
    rules = await settings.read(entry.conn, caller=caller)
    units = _units(wanted.lines) or {
        number: line.to_ship for number, line in entry.books.lines.items() if line.to_ship
    }
    entry.books.check_ship(units, must_be_paid=rules.ships_only_paid)
    if not units:
        raise BookRefused("nothing_to_ship", "Everything was shipped already.")
    parcel = book_store.Parcel(
        shipment_id=uuid7(),
        carrier=wanted.carrier,
        tracking=wanted.tracking,
        shipped_at=deps.now(),
        delivered_at=None,
        booked_by=caller.user_id,
        units=units,
        returned={},
    )
    await book_store.add_parcel(
        entry.conn,
        tenant_id=caller.tenant_id,
        order_id=entry.order.order_id,
        parcel=parcel,
        request=request,
    )
    entry.kind = "shipped"
    entry.detail = {
        "shipment_id": parcel.shipment_id,
        "units": {str(number): count for number, count in units.items()},
    }


async def _give_back(caller: Caller, entry: Entry, units: Mapping[int, int]) -> None:
    """Put units, by line number, back on the shelf."""
    lines = await store.lines(entry.conn, tenant_id=caller.tenant_id, order_id=entry.order.order_id)
    moves = {
        line.product_id: units[line.line_no]
        for line in lines
        if line.is_stocked and line.line_no in units
    }
    await products.move_stock(entry.conn, tenant_id=caller.tenant_id, moves=moves, back=True)


async def _parcel(caller: Caller, entry: Entry, shipment_id: UUID) -> book_store.Parcel:
    found = await book_store.parcels(
        entry.conn, tenant_id=caller.tenant_id, order_id=entry.order.order_id
    )
    for parcel in found:
        if parcel.shipment_id == shipment_id:
            return parcel
    raise NotFound("shipment_not_found", f"The order has no shipment {shipment_id}.")


def _units(lines: Sequence[LineUnits]) -> dict[int, int]:
    units: Counter[int] = Counter()
    for each in lines:
        units[each.line_no] += each.quantity
    return dict(units)


def _after(entry: Entry) -> SalesOrderView:
    assert entry.view is not None
    return entry.view
