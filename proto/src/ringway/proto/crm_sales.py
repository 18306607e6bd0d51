"""What the CRM API tells of sales orders."""

from __future__ import annotations

from typing import ClassVar

from ringway.proto.base import Fact, Token


class SalesOrderChangedV1(Fact):
    """An order was entered, or something was booked on it. ``version`` counts its changes.

    ``change`` is what happened, as its history says: such as ``entered``, ``payment_received``,
    ``payment_refunded``, ``shipped``, ``delivered``, ``returned``, ``cancelled``, ``handed_over``.
    ``agent_id`` sold it; ``owner_id`` looks after it, null: nobody in particular.
    """

    SUBJECT: ClassVar[str] = "crm.v1.{tenant}.sales_order.{order_id}.changed"

    order_id: Token
    version: int
    change: str
    state: str
    payment_state: str
    shipment_state: str
    customer_id: Token | None = None
    agent_id: Token | None = None
    owner_id: Token | None = None
    interaction_id: Token | None = None
    campaign_id: Token | None = None
