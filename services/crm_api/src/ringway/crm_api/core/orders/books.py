"""The books of one order: money and goods that came and went, and the states that follow.

Nobody sets a state. What was received, paid back, shipped, delivered and returned is written
down, and the states are read from that, here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ringway.crm_api.core.orders.amounts import rounded


class OrderState(StrEnum):
    """How far an order is."""

    NEW = "new"  # nothing was received or shipped
    PROCESSING = "processing"
    COMPLETED = "completed"  # settled, and everything delivered or declared done
    RETURNED = "returned"  # every unit came back
    CANCELLED = "cancelled"


class PaymentState(StrEnum):
    """What the books say about the money."""

    UNPAID = "unpaid"
    PART_PAID = "part_paid"
    PAID = "paid"
    REFUND_DUE = "refund_due"  # more was received than is owed
    REFUNDED = "refunded"  # nothing is owed any more, and everything was paid back


class ShipmentState(StrEnum):
    """What the books say about the goods."""

    NOT_NEEDED = "not_needed"
    NOT_SHIPPED = "not_shipped"
    PART_SHIPPED = "part_shipped"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    PART_RETURNED = "part_returned"
    RETURNED = "returned"


class BookRefused(Exception):
    """The books do not allow an entry. ``code`` is stable, the text says what to do."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class LineBook:
    """Units of one line: ordered, and where they are. ``total`` is what the line costs."""

    quantity: int
    total: int
    needs_shipping: bool = True
    shipped: int = 0
    delivered: int = 0
    returned: int = 0
    under_way: int = 0  # in parcels that nobody said arrived, and not come back

    @property
    def to_ship(self) -> int:
        """Units that nobody has sent yet."""
        return self.quantity - self.shipped if self.needs_shipping else 0

    @property
    def returned_value(self) -> int:
        """What the returned units cost. All units together cost the line, whatever the rounding."""
        return rounded(self.total * self.returned, self.quantity)


@dataclass(frozen=True, slots=True)
class Books:
    """Everything that was written down about one order. Money in minor units."""

    lines: Mapping[int, LineBook]
    received: int = 0
    refunded: int = 0
    is_cancelled: bool = False
    is_closed: bool = False  # somebody declared it done

    @property
    def total(self) -> int:
        """What the order costs."""
        return sum(line.total for line in self.lines.values())

    @property
    def owed(self) -> int:
        """What the customer has to pay in all: nothing when cancelled, nothing for returns."""
        if self.is_cancelled:
            return 0
        return self.total - sum(line.returned_value for line in self.lines.values())

    @property
    def kept(self) -> int:
        """What was received and not paid back."""
        return self.received - self.refunded

    @property
    def due(self) -> int:
        """What is still to be received; negative: to be paid back."""
        return self.owed - self.kept

    @property
    def to_ship(self) -> int:
        """Units that nobody has sent yet."""
        return sum(line.to_ship for line in self.lines.values())

    @property
    def out(self) -> int:
        """Units that were sent and did not come back."""
        return sum(line.shipped - line.returned for line in self.lines.values())

    @property
    def payment_state(self) -> PaymentState:
        """How the money stands."""
        if self.due < 0:
            return PaymentState.REFUND_DUE
        if self.due == 0:
            is_refunded = self.kept == 0 and self.refunded > 0
            return PaymentState.REFUNDED if is_refunded else PaymentState.PAID
        return PaymentState.PART_PAID if self.kept > 0 else PaymentState.UNPAID

    @property
    def shipment_state(self) -> ShipmentState:
        """How the goods stand."""
        lines = [line for line in self.lines.values() if line.needs_shipping]
        units = sum(line.quantity for line in lines)
        shipped = sum(line.shipped for line in lines)
        returned = sum(line.returned for line in lines)
        delivered = sum(line.delivered for line in lines)
        if not units:
            return ShipmentState.NOT_NEEDED
        if not shipped:
            return ShipmentState.NOT_SHIPPED
        if returned == units:
            return ShipmentState.RETURNED
        if returned:
            return ShipmentState.PART_RETURNED
        if shipped < units:
            return ShipmentState.PART_SHIPPED
        return ShipmentState.DELIVERED if delivered == units else ShipmentState.SHIPPED

    @property
    def is_shipped(self) -> bool:
        """Whether shipping is completed: something was to be shipped, and everything was."""
        needed = any(line.needs_shipping for line in self.lines.values())
        return needed and not self.is_cancelled and self.to_ship == 0

    @property
    def state(self) -> OrderState:
        """How far the order is."""
        if self.is_cancelled:
            return OrderState.CANCELLED
        if self.shipment_state is ShipmentState.RETURNED and self.owed == 0:
            return OrderState.RETURNED
        arrived = not any(line.under_way for line in self.lines.values())
        if self.due == 0 and self.to_ship == 0 and (self.is_closed or arrived):
            return OrderState.COMPLETED
        if not (self.received or any(line.shipped for line in self.lines.values())):
            return OrderState.NEW
        return OrderState.PROCESSING

    def check_receive(self, amount: int) -> None:
        """Raise BookRefused unless ``amount`` may be received now."""
        if self.is_cancelled:
            raise BookRefused("order_cancelled", "The order is cancelled: nothing is owed.")
        if amount > self.due:
            raise BookRefused(
                "payment_exceeds",
                f"{max(self.due, 0)} is due and {amount} was to be received. Read the order again: "
                "somebody may have taken the payment already.",
            )

    def check_refund(self, amount: int) -> None:
        """Raise BookRefused unless ``amount`` may be paid back now."""
        if amount > self.kept:
            raise BookRefused(
                "refund_exceeds",
                f"{self.kept} was received and not paid back: refund that at most.",
            )

    def check_ship(self, units: Mapping[int, int], *, must_be_paid: bool) -> None:
        """Raise BookRefused unless these units, by line number, may be sent now."""
        if self.is_cancelled:
            raise BookRefused("order_cancelled", "The order is cancelled: ship nothing.")
        if must_be_paid and self.due > 0:
            raise BookRefused(
                "order_unpaid", f"{self.due} is due, and the enterprise ships what is paid."
            )
        for number, quantity in units.items():
            line = self._line(number)
            if quantity > line.to_ship:
                raise BookRefused(
                    "shipment_exceeds", f"Line {number} has {line.to_ship} units left to ship."
                )

    def check_cancel(self) -> None:
        """Raise BookRefused unless the order may be cancelled now."""
        if self.is_cancelled:
            raise BookRefused("order_cancelled", "The order is cancelled already.")
        if self.out:
            raise BookRefused(
                "order_shipped",
                f"{self.out} units are on their way or with the customer: book their return first.",
            )
        if self.is_closed:
            raise BookRefused("order_completed", "The order was declared done.")

    def check_close(self) -> None:
        """Raise BookRefused unless the order may be declared done now."""
        if self.is_cancelled:
            raise BookRefused("order_cancelled", "The order is cancelled.")
        if self.due:
            raise BookRefused("order_not_settled", f"{self.due} is due; settle that first.")
        if self.to_ship:
            raise BookRefused("order_not_shipped", f"{self.to_ship} units are not shipped yet.")

    def check_change(self) -> None:
        """Raise BookRefused unless the lines may be changed now."""
        if self.is_cancelled:
            raise BookRefused("order_cancelled", "The order is cancelled: enter a new one.")
        if self.is_closed or any(line.shipped for line in self.lines.values()):
            raise BookRefused(
                "order_shipped", "Something was shipped: enter a new order for what is missing."
            )

    def _line(self, number: int) -> LineBook:
        if number not in self.lines:
            raise BookRefused("line_unknown", f"The order has no line {number}.")
        return self.lines[number]


def check_return(
    shipped: Mapping[int, int], returned: Mapping[int, int], units: Mapping[int, int]
) -> None:
    """Raise BookRefused unless ``units`` of one shipment, by line number, may come back."""
    for number, quantity in units.items():
        left = shipped.get(number, 0) - returned.get(number, 0)
        if quantity > left:
            raise BookRefused(
                "return_exceeds", f"{left} units of line {number} of this shipment can come back."
            )
