"""What an order costs: lines with discounts and taxes, and their sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ringway.crm_api.core.orders.amounts import BASIS_POINTS, MAX_AMOUNT, rounded, spread


class TotalsRefused(Exception):
    """An order cannot be priced like this. ``code`` is stable, the text says what to do."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Line:
    """What is ordered. Prices in minor units, rates in basis points."""

    quantity: int
    unit_price: int
    tax_bp: int = 0
    discount_bp: int = 0


@dataclass(frozen=True, slots=True)
class Amounts:
    """A line, or the sum of all: ``net + tax = total``; the total is what the customer pays."""

    list_amount: int
    discount: int
    net: int
    tax: int
    total: int


@dataclass(frozen=True, slots=True)
class Totals:
    """A priced order."""

    lines: tuple[Amounts, ...]
    whole: Amounts


def price(
    lines: Sequence[Line], *, order_discount: int = 0, prices_include_tax: bool = True
) -> Totals:
    """Return what ``lines`` cost.

    Each line is rounded by itself and the whole is their sum, so that an invoice adds up. The
    discount of the order is spread over the lines in proportion to what they cost.

    Raises:
        TotalsRefused: A discount is larger than what it is taken from, or an amount is too large.
    """
    listed = [line.quantity * line.unit_price for line in lines]
    if sum(listed) > MAX_AMOUNT:
        raise TotalsRefused("amount_too_large", f"An order may cost {MAX_AMOUNT} at most.")
    own = [
        rounded(amount * line.discount_bp, BASIS_POINTS)
        for amount, line in zip(listed, lines, strict=True)
    ]
    left = [amount - discount for amount, discount in zip(listed, own, strict=True)]
    if order_discount > sum(left):
        raise TotalsRefused(
            "discount_too_large", f"The lines cost {sum(left)}: the discount cannot be larger."
        )
    shared = spread(order_discount, left)
    priced = tuple(
        _line(line, amount, discount + more, prices_include_tax)
        for line, amount, discount, more in zip(lines, listed, own, shared, strict=True)
    )
    return Totals(priced, _sum(priced))


def discount_allowed(totals: Totals, limit_bp: int) -> bool:
    """Return whether no line, and not the whole, is cheaper than a role may make it.

    A discount may be one unit above the exact limit: rounding is nobody's fault.
    """
    return all(
        each.discount <= -(-each.list_amount * limit_bp // BASIS_POINTS)
        for each in (*totals.lines, totals.whole)
    )


def _line(line: Line, listed: int, discount: int, prices_include_tax: bool) -> Amounts:
    price = listed - discount
    if prices_include_tax:
        tax = rounded(price * line.tax_bp, BASIS_POINTS + line.tax_bp)
        return Amounts(listed, discount, price - tax, tax, price)
    tax = rounded(price * line.tax_bp, BASIS_POINTS)
    return Amounts(listed, discount, price, tax, price + tax)


def _sum(lines: Sequence[Amounts]) -> Amounts:
    return Amounts(
        sum(each.list_amount for each in lines),
        sum(each.discount for each in lines),
        sum(each.net for each in lines),
        sum(each.tax for each in lines),
        sum(each.total for each in lines),
    )
