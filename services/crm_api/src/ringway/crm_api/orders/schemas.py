"""Payloads of sales orders."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from ringway.crm_api.core.moments import Moment
from ringway.crm_api.core.orders.amounts import MAX_AMOUNT
from ringway.crm_api.core.orders.books import OrderState, PaymentState, ShipmentState
from ringway.crm_api.products.schemas import Amount, Currency
from ringway.crm_api.schemas import Body, Text, View
from ringway.proto.base import PhoneE164

Quantity = Annotated[int, Field(ge=1, le=100_000, examples=[2])]
BasisPoints = Annotated[
    int, Field(ge=0, le=10_000, description="Basis points: 500 is 5 %.", examples=[500])
]
Paid = Annotated[int, Field(ge=1, le=MAX_AMOUNT, description="In minor units.", examples=[19_900])]
Line = Annotated[Text, Field(max_length=200)]
Note = Annotated[Text, Field(max_length=2000)]


class PaymentMethod(StrEnum):
    """How money came or went."""

    CASH = "cash"
    CASH_ON_DELIVERY = "cash_on_delivery"
    CARD = "card"
    BANK_TRANSFER = "bank_transfer"
    ALIPAY = "alipay"
    WECHAT_PAY = "wechat_pay"
    VOUCHER = "voucher"
    OTHER = "other"


class DeliveryAddress(Body):
    """Where an order goes."""

    recipient: Line = Field(examples=["Li Wei"])
    phone_e164: PhoneE164 | None = Field(default=None, examples=["+8613912345678"])
    country: str = Field(default="", pattern=r"^([A-Z]{2})?$", examples=["CN"])
    region: Line = ""
    city: Line = Field(default="", examples=["Shanghai"])
    street: Line = Field(default="", examples=["100 Nanjing Road"])
    postal_code: Text = Field(default="", max_length=20, examples=["200001"])


class OrderLine(Body):
    """A product that is ordered. Its price is the one that holds now."""

    product_id: UUID
    quantity: Quantity = 1
    discount_bp: BasisPoints = 0


class SalesOrderChange(Body):
    """What can be changed on an order. The lines stay as they are once something was shipped."""

    lines: list[OrderLine] = Field(min_length=1, max_length=100)
    order_discount: Amount = Field(default=0, description="Off the whole, in minor units.")
    customer_id: UUID | None = None
    delivery: DeliveryAddress | None = None
    note: Note = ""


class NewSalesOrder(SalesOrderChange):
    """An order as it is entered, with where it came from."""

    currency: Currency
    campaign_id: UUID | None = None
    interaction_id: UUID | None = None
    dialed_e164: PhoneE164 | None = Field(
        default=None,
        description="The number that the customer dialed: it tells the media source, as the "
        "interaction does when it is over.",
        examples=["+864008001234"],
    )
    media_source_id: UUID | None = Field(default=None, description="null: by the dialed number.")


class PaymentBody(Body):
    """Money that came, or goes back."""

    amount: Paid
    method: PaymentMethod = PaymentMethod.CASH_ON_DELIVERY
    reference: Text = Field(default="", max_length=200, examples=["4200001234"])
    note: Text = Field(default="", max_length=500)


class LineUnits(Body):
    """LineUnits of one line."""

    line_no: int = Field(ge=1, le=100, examples=[1])
    quantity: Quantity = 1


class ShipmentBody(Body):
    """A parcel."""

    lines: list[LineUnits] = Field(
        default=[], max_length=100, description="Empty: everything that was not shipped yet."
    )
    carrier: Line = Field(default="", examples=["SF Express"])
    tracking: Line = Field(default="", examples=["SF1234567890"])


class TrackingBody(Body):
    """Who carries a parcel."""

    carrier: Line = Field(default="", examples=["SF Express"])
    tracking: Line = Field(default="", examples=["SF1234567890"])


class DeliveryBody(Body):
    """A parcel arrived."""

    delivered_at: Moment | None = Field(default=None, description="null: now.")


class ShipmentReturn(Body):
    """Goods of a parcel came back."""

    lines: list[LineUnits] = Field(default=[], max_length=100, description="Empty: all of it.")
    restock: bool = Field(default=True, description="They can be sold again.")
    reason: Text = Field(default="", max_length=500)


class OrderOwnerBody(Body):
    """Who looks after an order from now on."""

    owner_id: UUID | None = Field(description="null: nobody in particular.")


class CancelBody(Body):
    """Why an order is cancelled."""

    reason: Text = Field(min_length=1, max_length=500, examples=["The customer changed his mind."])


class OrderSettingsBody(Body):
    """How an enterprise sells."""

    number_prefix: str = Field(default="S", pattern=r"^[A-Za-z0-9-]{0,10}$", examples=["S"])
    prices_include_tax: bool = Field(default=True, description="Orders keep what held then.")
    ships_only_paid: bool = Field(
        default=False, description="true: nothing leaves before it is paid."
    )
    discount_limits: dict[Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,60}$")], BasisPoints] = (
        Field(
            default={},
            max_length=200,
            description="By role or own role's id; who is not named has his template's limit.",
            examples=[{"agent": 1000, "team_leader": 3000}],
        )
    )


class OrderSettingsView(OrderSettingsBody):
    """How an enterprise sells, with all limits that hold."""

    version: int
    updated_at: dt.datetime | None


class OrderLineView(View):
    """A line of an order; its price and name are those of the day on which it was entered."""

    line_no: int
    product_id: UUID
    code: str
    name: str
    quantity: int
    unit_price: int
    tax_bp: int
    discount_bp: int
    needs_shipping: bool
    list_amount: int
    discount: int
    net: int
    tax: int
    total: int
    shipped: int
    delivered: int
    returned: int


class PaymentView(View):
    """Money that came or went."""

    payment_id: UUID
    kind: str = Field(examples=["received"])
    method: str
    amount: int
    reference: str
    note: str
    booked_by: UUID
    booked_at: dt.datetime


class ShippedUnits(View):
    """LineUnits in a parcel, and those of them that came back."""

    line_no: int
    quantity: int
    returned: int


class ShipmentView(View):
    """A parcel."""

    shipment_id: UUID
    carrier: str
    tracking: str
    shipped_at: dt.datetime
    delivered_at: dt.datetime | None
    booked_by: UUID
    lines: list[ShippedUnits]


class SalesOrderSummary(View):
    """An order without its lines and books. The states follow from the books."""

    order_id: UUID
    order_number: str = Field(examples=["S000001"])
    state: OrderState
    payment_state: PaymentState
    shipment_state: ShipmentState
    customer_id: UUID | None
    currency: str
    total: int = Field(description="What the customer pays, in minor units.")
    received: int
    refunded: int
    agent_id: UUID = Field(description="Who sold it, for ever.")
    owner_id: UUID | None = Field(
        description="Who looks after it: who sold it, until it is handed over. null: nobody in "
        "particular; whoever gets the customer gets it."
    )
    campaign_id: UUID | None
    interaction_id: UUID | None
    media_source_id: UUID | None
    placement_id: UUID | None
    shipped_at: dt.datetime | None = Field(description="When shipping was completed.")
    completed_at: dt.datetime | None
    cancelled_at: dt.datetime | None
    version: int
    created_at: dt.datetime
    updated_at: dt.datetime


class SalesOrderView(SalesOrderSummary):
    """An order with its lines and books. ``due`` below zero is to be paid back."""

    prices_include_tax: bool
    list_amount: int
    order_discount: int
    discount: int
    net: int
    tax: int
    due: int
    delivery: DeliveryAddress | None
    note: str
    dialed_e164: str | None
    cancel_reason: str
    lines: list[OrderLineView]
    payments: list[PaymentView]
    shipments: list[ShipmentView]


class OrderEventView(View):
    """Something that happened to an order."""

    seq: int
    at: dt.datetime
    actor_id: UUID
    actor: str
    kind: str = Field(examples=["payment_received"])
    detail: dict[str, Any]


class OrderSort(StrEnum):
    """The order of a list; a minus sign: downwards."""

    CREATED_AT = "created_at"
    CREATED_AT_DOWN = "-created_at"
    UPDATED_AT = "updated_at"
    UPDATED_AT_DOWN = "-updated_at"
    TOTAL = "total"
    TOTAL_DOWN = "-total"


class OrderFilter(Body):
    """Which orders are meant: those that everything given is true of."""

    order_number: str | None = None
    state: OrderState | None = None
    payment_state: PaymentState | None = None
    shipment_state: ShipmentState | None = None
    customer_id: UUID | None = None
    agent_id: UUID | None = None
    owner_id: UUID | None = None
    has_owner: bool | None = None
    is_open: bool | None = None
    campaign_id: UUID | None = None
    interaction_id: UUID | None = None
    media_source_id: UUID | None = None
    product_id: UUID | None = None
    created_from: Moment | None = None
    created_before: Moment | None = None


class OrderGrouping(StrEnum):
    """What a report has a line for."""

    DAY = "day"
    PRODUCT = "product"
    AGENT = "agent"
    MEDIA = "media"


class OrderReportLine(View):
    """Orders of one day, product, agent or media source in one currency. Money in minor units."""

    key: str = Field(description="A date, or an id; empty: orders without a media source.")
    name: str
    currency: str
    orders: int
    sold_orders: int = Field(description="Neither cancelled nor returned as a whole.")
    cancelled_orders: int
    paid_orders: int
    shipped_orders: int = Field(description="Orders with shipping completed.")
    completed_orders: int
    units: int | None = Field(description="By product only.")
    total: int = Field(description="Of those that are not cancelled.")
    received: int | None = Field(description="Not by product: money is received for orders.")
    refunded: int | None


class OrderReport(View):
    """Orders that were entered in a period."""

    group_by: OrderGrouping
    begins_at: dt.datetime
    ends_at: dt.datetime
    zone: str
    items: list[OrderReportLine]
