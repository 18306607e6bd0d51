"""A sales order as a small model: what it costs to the cent, and what its books say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from typing import Any


@dataclass(frozen=True)
class Line:
    """What is ordered, at the price of the day."""

    product: str
    quantity: int
    unit_price: int
    discount_bp: int
    tax_bp: int
    needs_shipping: bool
    is_stocked: bool


@dataclass
class Parcel:
    """Units by line number, and those of them that came back."""

    shipment_id: str
    units: dict[int, int]
    is_delivered: bool = False
    returned: dict[int, int] = field(default_factory=dict)
    carried: tuple[str, str] = ("", "")  # by whom, under which number

    def left(self) -> dict[int, int]:
        """Units that did not come back."""
        left = {n: count - self.returned.get(n, 0) for n, count in self.units.items()}
        return {n: count for n, count in left.items() if count}


@dataclass
class Order:
    """An order as the model has it."""

    agent: str
    lines: list[Line]
    include_tax: bool
    order_discount: int = 0
    customer: str | None = None
    note: str = ""
    received: int = 0
    refunded: int = 0
    parcels: list[Parcel] = field(default_factory=list)
    is_cancelled: bool = False
    is_closed: bool = False
    history: list[dict[str, Any]] = field(default_factory=list)  # one entry for each version

    @property
    def version(self) -> int:
        return len(self.history)

    @property
    def amounts(self) -> list[dict[str, int]]:
        """What each line costs."""
        return amounts(self.lines, self.order_discount, include_tax=self.include_tax)

    @property
    def total(self) -> int:
        return sum(each["total"] for each in self.amounts)

    def units(self, number: int, what: str) -> int:
        """Units of a line: shipped, delivered or returned."""
        return sum(
            (parcel.returned if what == "returned" else parcel.units).get(number, 0)
            for parcel in self.parcels
            if what != "delivered" or parcel.is_delivered
        )

    def to_ship(self) -> dict[int, int]:
        """Units that nobody has sent yet, by line number."""
        left = {
            n: line.quantity - self.units(n, "shipped")
            for n, line in enumerate(self.lines, 1)
            if line.needs_shipping
        }
        return {n: count for n, count in left.items() if count}

    @property
    def is_out(self) -> bool:
        return any(parcel.left() for parcel in self.parcels)

    @property
    def kept(self) -> int:
        return self.received - self.refunded

    @property
    def owed(self) -> int:
        if self.is_cancelled:
            return 0
        back = [
            half_up(Fraction(money["total"] * self.units(n, "returned"), line.quantity))
            for n, (line, money) in enumerate(zip(self.lines, self.amounts, strict=True), 1)
        ]
        return self.total - sum(back)

    @property
    def due(self) -> int:
        return self.owed - self.kept

    @property
    def payment_state(self) -> str:
        if self.due < 0:
            return "refund_due"
        if self.due > 0:
            return "part_paid" if self.kept else "unpaid"
        return "refunded" if self.refunded and not self.kept else "paid"

    @property
    def shipment_state(self) -> str:
        ordered = sum(line.quantity for line in self.lines if line.needs_shipping)
        parcels = self.parcels
        shipped = sum(sum(parcel.units.values()) for parcel in parcels)
        back = sum(sum(parcel.returned.values()) for parcel in parcels)
        if not ordered:
            return "not_needed"
        if not shipped:
            return "not_shipped"
        if back:
            return "returned" if back == ordered else "part_returned"
        if shipped < ordered:
            return "part_shipped"
        return "delivered" if all(parcel.is_delivered for parcel in parcels) else "shipped"

    @property
    def state(self) -> str:
        if self.is_cancelled:
            return "cancelled"
        if self.shipment_state == "returned" and not self.owed:
            return "returned"
        has_arrived = all(parcel.is_delivered or not parcel.left() for parcel in self.parcels)
        if not self.due and not self.to_ship() and (self.is_closed or has_arrived):
            return "completed"
        return "processing" if self.received or self.parcels else "new"


def half_up(amount: Fraction) -> int:
    """Return a whole number of minor units."""
    return floor(amount + Fraction(1, 2))


def amounts(
    lines: Sequence[Line], order_discount: int, *, include_tax: bool
) -> list[dict[str, int]]:
    """Return what lines cost. Raises ValueError: the discount is larger than that."""
    listed = [line.quantity * line.unit_price for line in lines]
    own = [
        half_up(Fraction(amount * line.discount_bp, 10_000))
        for amount, line in zip(listed, lines, strict=True)
    ]
    left = [amount - off for amount, off in zip(listed, own, strict=True)]
    if order_discount > sum(left):
        raise ValueError(order_discount)
    exact = [Fraction(order_discount * each, sum(left) or 1) for each in left]
    shares = [floor(each) for each in exact]
    by_rest = sorted(range(len(lines)), key=lambda n: (shares[n] - exact[n], n))
    for n in by_rest[: order_discount - sum(shares)]:
        shares[n] += 1
    found = []
    for n, line in enumerate(lines):
        discount = own[n] + shares[n]
        price, rate = listed[n] - discount, Fraction(line.tax_bp, 10_000)
        tax = half_up(price * rate / (1 + rate) if include_tax else price * rate)
        net = price - tax if include_tax else price
        money = {"list_amount": listed[n], "discount": discount, "net": net, "tax": tax}
        found.append({**money, "total": net + tax})
    return found


def is_allowed(money: Sequence[dict[str, int]], limit_bp: int) -> bool:
    """Whether no line, nor the whole, has a larger discount than a role may give."""
    listed, off = (sum(each[name] for each in money) for name in ("list_amount", "discount"))
    pairs = [(each["list_amount"], each["discount"]) for each in money] + [(listed, off)]
    return all(off * 10_000 < listed * limit_bp + 10_000 for listed, off in pairs)
