"""Sales orders. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import AsyncSender
from ringway_client.sending import quoted as _quoted


class SalesOrders:
    """Sales orders."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def assign_order(
        self,
        order_id: UUID | str,
        body: models.OrderOwnerBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
        idempotency_key: str | None = None,
    ) -> models.SalesOrderView:
        """Let somebody look after an order: oneself, if nobody does, or another if one does
        oneself.

        With `customers.assign` anybody. Who sold it stays written there.

        Permission: ``orders.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/sales-orders/{_quoted(order_id)}/assign",
                models.SalesOrderView,
                headers={
                    "if-match": _core.etag(if_match),
                    "Idempotency-Key": idempotency_key or _core.new_key(),
                },
                body=body,
            )
        )

    async def cancel_order(
        self,
        order_id: UUID | str,
        body: models.CancelBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
        idempotency_key: str | None = None,
    ) -> models.SalesOrderView:
        """Cancel an order of which nothing is out; what was received is to be paid back then.

        Permission: ``orders.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/sales-orders/{_quoted(order_id)}/cancel",
                models.SalesOrderView,
                headers={
                    "if-match": _core.etag(if_match),
                    "Idempotency-Key": idempotency_key or _core.new_key(),
                },
                body=body,
            )
        )

    async def change_order(
        self,
        order_id: UUID | str,
        body: models.SalesOrderChange | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.SalesOrderView:
        """Change an order; its lines only while nothing was shipped.

        Products that stay keep the price with which they were entered.

        Permission: ``orders.write``.
        """
        return await self._client.send(
            _core.Call(
                "PUT",
                f"/sales-orders/{_quoted(order_id)}",
                models.SalesOrderView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    async def complete_order(
        self,
        order_id: UUID | str,
        *,
        if_match: int | str | None = None,
        idempotency_key: str | None = None,
    ) -> models.SalesOrderView:
        """Declare an order done that is paid and shipped, though nobody said that it arrived.

        Permission: ``orders.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/sales-orders/{_quoted(order_id)}/complete",
                models.SalesOrderView,
                headers={
                    "if-match": _core.etag(if_match),
                    "Idempotency-Key": idempotency_key or _core.new_key(),
                },
            )
        )

    async def deliver_shipment(
        self,
        order_id: UUID | str,
        shipment_id: UUID | str,
        body: models.DeliveryBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
        idempotency_key: str | None = None,
    ) -> models.SalesOrderView:
        """Book that a parcel arrived.

        Permission: ``orders.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/sales-orders/{_quoted(order_id)}/shipments/{_quoted(shipment_id)}/delivered",
                models.SalesOrderView,
                headers={
                    "if-match": _core.etag(if_match),
                    "Idempotency-Key": idempotency_key or _core.new_key(),
                },
                body=body,
            )
        )

    async def enter_order(
        self, body: models.NewSalesOrder | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.SalesOrderView:
        """Enter an order: today's prices are kept, and the stock is taken.

        A repeat under the same `Idempotency-Key` finds the order that the first request made,
        for
        ever; another order under it is refused.

        Permission: ``orders.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/sales-orders",
                models.SalesOrderView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def get_order(self, order_id: UUID | str) -> models.SalesOrderView:
        """Return one order with its lines and books.

        Permission: ``orders.read``.
        """
        return await self._client.send(
            _core.Call("GET", f"/sales-orders/{_quoted(order_id)}", models.SalesOrderView)
        )

    async def get_order_settings(self) -> models.OrderSettingsView:
        """Return how the enterprise sells, with the discount that each role may give.

        Permission: ``orders.read``.
        """
        return await self._client.send(
            _core.Call("GET", "/order-settings", models.OrderSettingsView)
        )

    async def list_order_history(
        self, order_id: UUID | str, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageOrderEventView:
        """List what happened to an order and by whom, oldest first.

        Permission: ``orders.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                f"/sales-orders/{_quoted(order_id)}/history",
                models.PageOrderEventView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    async def iter_order_history(
        self, order_id: UUID | str, *, limit: int | None = None
    ) -> AsyncIterator[models.OrderEventView]:
        """Yield all items of :meth:`list_order_history`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_order_history(order_id, limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def list_orders(
        self,
        *,
        sort: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        order_number: str | None = None,
        state: str | None = None,
        payment_state: str | None = None,
        shipment_state: str | None = None,
        customer_id: UUID | str | None = None,
        agent_id: UUID | str | None = None,
        owner_id: UUID | str | None = None,
        has_owner: bool | None = None,
        is_open: bool | None = None,
        campaign_id: UUID | str | None = None,
        interaction_id: UUID | str | None = None,
        media_source_id: UUID | str | None = None,
        product_id: UUID | str | None = None,
        created_from: datetime | str | None = None,
        created_before: datetime | str | None = None,
    ) -> models.PageSalesOrderSummary:
        """List orders, the newest first unless `sort` says otherwise.

        Without `customers.all` they are one's own and those of the customers whom one sees.

        Permission: ``orders.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                "/sales-orders",
                models.PageSalesOrderSummary,
                query={
                    "sort": sort,
                    "limit": limit,
                    "cursor": cursor,
                    "order_number": order_number,
                    "state": state,
                    "payment_state": payment_state,
                    "shipment_state": shipment_state,
                    "customer_id": customer_id,
                    "agent_id": agent_id,
                    "owner_id": owner_id,
                    "has_owner": has_owner,
                    "is_open": is_open,
                    "campaign_id": campaign_id,
                    "interaction_id": interaction_id,
                    "media_source_id": media_source_id,
                    "product_id": product_id,
                    "created_from": created_from,
                    "created_before": created_before,
                },
            )
        )

    async def iter_orders(
        self,
        *,
        sort: str | None = None,
        limit: int | None = None,
        order_number: str | None = None,
        state: str | None = None,
        payment_state: str | None = None,
        shipment_state: str | None = None,
        customer_id: UUID | str | None = None,
        agent_id: UUID | str | None = None,
        owner_id: UUID | str | None = None,
        has_owner: bool | None = None,
        is_open: bool | None = None,
        campaign_id: UUID | str | None = None,
        interaction_id: UUID | str | None = None,
        media_source_id: UUID | str | None = None,
        product_id: UUID | str | None = None,
        created_from: datetime | str | None = None,
        created_before: datetime | str | None = None,
    ) -> AsyncIterator[models.SalesOrderSummary]:
        """Yield all items of :meth:`list_orders`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_orders(
                sort=sort,
                limit=limit,
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
                cursor=cursor,
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def put_order_settings(
        self,
        body: models.OrderSettingsBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.OrderSettingsView:
        """Change how the enterprise sells. Orders that were entered stay as they are.

        Permission: ``products.write``.
        """
        return await self._client.send(
            _core.Call(
                "PUT",
                "/order-settings",
                models.OrderSettingsView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    async def receive_payment(
        self,
        order_id: UUID | str,
        body: models.PaymentBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
        idempotency_key: str | None = None,
    ) -> models.SalesOrderView:
        """Book money that came, in parts or as a whole; more than is due is refused.

        A repeat under the same `Idempotency-Key` books nothing more, for ever; another
        payment under it is refused.

        Permission: ``orders.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/sales-orders/{_quoted(order_id)}/payments",
                models.SalesOrderView,
                headers={
                    "if-match": _core.etag(if_match),
                    "Idempotency-Key": idempotency_key or _core.new_key(),
                },
                body=body,
            )
        )

    async def refund_payment(
        self,
        order_id: UUID | str,
        body: models.PaymentBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
        idempotency_key: str | None = None,
    ) -> models.SalesOrderView:
        """Book money that goes back: at most what was received. It is audited.

        Permission: ``orders.refund``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/sales-orders/{_quoted(order_id)}/refunds",
                models.SalesOrderView,
                headers={
                    "if-match": _core.etag(if_match),
                    "Idempotency-Key": idempotency_key or _core.new_key(),
                },
                body=body,
            )
        )

    async def report_orders(
        self,
        *,
        from_: datetime | str,
        to: datetime | str,
        group_by: str | None = None,
        zone: str | None = None,
    ) -> models.OrderReport:
        """Sum up the orders of a period by day, product, agent or media source. At most 366 days.

        Without `customers.all` they are those that the list has.

        Permission: ``orders.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                "/sales-orders/report",
                models.OrderReport,
                query={"from": from_, "to": to, "group_by": group_by, "zone": zone},
            )
        )

    async def return_shipment(
        self,
        order_id: UUID | str,
        shipment_id: UUID | str,
        body: models.ShipmentReturn | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
        idempotency_key: str | None = None,
    ) -> models.SalesOrderView:
        """Book that goods of a parcel came back: they are not owed any more.

        Permission: ``orders.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/sales-orders/{_quoted(order_id)}/shipments/{_quoted(shipment_id)}/returned",
                models.SalesOrderView,
                headers={
                    "if-match": _core.etag(if_match),
                    "Idempotency-Key": idempotency_key or _core.new_key(),
                },
                body=body,
            )
        )

    async def ship_order(
        self,
        order_id: UUID | str,
        body: models.ShipmentBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
        idempotency_key: str | None = None,
    ) -> models.SalesOrderView:
        """Book a parcel that leaves, with some units or all that are left.

        Permission: ``orders.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/sales-orders/{_quoted(order_id)}/shipments",
                models.SalesOrderView,
                headers={
                    "if-match": _core.etag(if_match),
                    "Idempotency-Key": idempotency_key or _core.new_key(),
                },
                body=body,
            )
        )

    async def track_shipment(
        self,
        order_id: UUID | str,
        shipment_id: UUID | str,
        body: models.TrackingBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.SalesOrderView:
        """Write down who carries a parcel, and its tracking number.

        Permission: ``orders.write``.
        """
        return await self._client.send(
            _core.Call(
                "PUT",
                f"/sales-orders/{_quoted(order_id)}/shipments/{_quoted(shipment_id)}",
                models.SalesOrderView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )
