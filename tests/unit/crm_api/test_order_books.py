"""Orders add up, whatever the prices, discounts, payments and returns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ringway.crm_api.core.orders.amounts import rounded, spread
from ringway.crm_api.core.orders.books import (
    BookRefused,
    Books,
    LineBook,
    OrderState,
    PaymentState,
    ShipmentState,
    check_return,
)
from ringway.crm_api.core.orders.prices import Price, contradiction, price_at
from ringway.crm_api.core.orders.totals import Line, TotalsRefused, discount_allowed, price

pytestmark = pytest.mark.unit

_LINES = st.lists(
    st.builds(
        Line,
        quantity=st.integers(1, 500),
        unit_price=st.integers(0, 1_000_000),
        tax_bp=st.integers(0, 3_000),
        discount_bp=st.integers(0, 10_000),
    ),
    min_size=1,
    max_size=12,
)
_AT = datetime(2026, 11, 1, tzinfo=UTC)


@given(_LINES, st.integers(0, 10**7), st.booleans())
def test_lines_add_up_to_the_whole_and_nothing_is_negative(
    lines: list[Line], discount: int, include: bool
) -> None:
    left = price(lines, prices_include_tax=include)
    if discount > left.whole.list_amount - left.whole.discount:
        with pytest.raises(TotalsRefused):
            price(lines, order_discount=discount, prices_include_tax=include)
        return
    made = price(lines, order_discount=discount, prices_include_tax=include)
    assert made.whole.total == sum(each.total for each in made.lines)
    assert made.whole.discount == left.whole.discount + discount
    for each in (*made.lines, made.whole):
        assert min(each.list_amount, each.discount, each.net, each.tax, each.total) >= 0
        assert each.net + each.tax == each.total
        paid = each.total if include else each.net
        assert paid == each.list_amount - each.discount


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=20), st.data())
def test_parts_add_up_and_stay_below_their_weights(weights: list[int], data: Any) -> None:
    amount = data.draw(st.integers(0, sum(weights)))
    parts = spread(amount, weights)
    assert sum(parts) == amount
    assert all(0 <= part <= weight for part, weight in zip(parts, weights, strict=True))


def test_halves_are_rounded_up_and_taxes_are_known_ones() -> None:
    assert [rounded(n, 2) for n in range(5)] == [0, 1, 1, 2, 2]
    inside = price([Line(1, 11_900, tax_bp=1_900)]).whole
    assert (inside.net, inside.tax, inside.total) == (10_000, 1_900, 11_900)
    outside = price([Line(3, 999, tax_bp=1_300, discount_bp=1_000)], prices_include_tax=False).whole
    assert (outside.list_amount, outside.discount) == (2_997, 300)
    assert (outside.net, outside.tax, outside.total) == (2_697, 351, 3_048)


@given(_LINES, st.integers(0, 10_000))
def test_a_role_gives_no_more_than_its_limit(lines: list[Line], limit_bp: int) -> None:
    made = price(lines)
    within = all(line.discount_bp <= limit_bp for line in lines)
    assert not within or discount_allowed(made, limit_bp)
    greedy = [line for line in lines if line.unit_price * line.quantity > 20_000]
    if any(line.discount_bp > limit_bp + 2 for line in greedy):
        assert not discount_allowed(made, limit_bp)


class Order(RuleBasedStateMachine):
    """Random entries, those that the books refuse too, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.lines = {
            1: LineBook(3, 1_000),
            2: LineBook(1, 333, needs_shipping=False),
            3: LineBook(7, 999),
        }
        self.money: list[int] = []
        self.parcels: list[dict[str, dict[int, int]]] = []
        self.is_cancelled = self.is_closed = False

    @property
    def books(self) -> Books:
        def units(number: int, what: str) -> int:
            return sum(parcel[what].get(number, 0) for parcel in self.parcels)

        return Books(
            {
                number: LineBook(
                    line.quantity,
                    line.total,
                    line.needs_shipping,
                    units(number, "shipped"),
                    units(number, "delivered"),
                    units(number, "returned"),
                    self.under_way(number),
                )
                for number, line in self.lines.items()
            },
            received=sum(each for each in self.money if each > 0),
            refunded=-sum(each for each in self.money if each < 0),
            is_cancelled=self.is_cancelled,
            is_closed=self.is_closed,
        )

    def under_way(self, number: int) -> int:
        return sum(
            parcel["shipped"].get(number, 0) - parcel["returned"].get(number, 0)
            for parcel in self.parcels
            if not parcel["delivered"]
        )

    @rule(amount=st.integers(1, 2_500))
    def receive(self, amount: int) -> None:
        try:
            self.books.check_receive(amount)
        except BookRefused:
            assert self.is_cancelled or amount > self.books.due
            return
        self.money.append(amount)

    @rule(amount=st.integers(1, 2_500))
    def refund(self, amount: int) -> None:
        try:
            self.books.check_refund(amount)
        except BookRefused:
            assert amount > self.books.kept
            return
        self.money.append(-amount)

    @rule(number=st.integers(1, 4), quantity=st.integers(1, 7), must_be_paid=st.booleans())
    def ship(self, number: int, quantity: int, must_be_paid: bool) -> None:
        try:
            self.books.check_ship({number: quantity}, must_be_paid=must_be_paid)
        except BookRefused:
            return
        self.parcels.append({"shipped": {number: quantity}, "delivered": {}, "returned": {}})

    @precondition(lambda self: self.parcels)
    @rule(data=st.data())
    def deliver(self, data: Any) -> None:
        parcel = data.draw(st.sampled_from(self.parcels))
        parcel["delivered"] = dict(parcel["shipped"])

    @precondition(lambda self: self.parcels)
    @rule(data=st.data(), quantity=st.integers(1, 7))
    def take_back(self, data: Any, quantity: int) -> None:
        parcel = data.draw(st.sampled_from(self.parcels))
        (number,) = parcel["shipped"]
        try:
            check_return(parcel["shipped"], parcel["returned"], {number: quantity})
        except BookRefused:
            return
        parcel["returned"][number] = parcel["returned"].get(number, 0) + quantity

    @rule()
    def cancel(self) -> None:
        try:
            self.books.check_cancel()
        except BookRefused:
            return
        self.is_cancelled = True

    @rule()
    def close(self) -> None:
        try:
            self.books.check_close()
        except BookRefused:
            return
        self.is_closed = True

    @invariant()
    def money_balances(self) -> None:
        books = self.books
        assert books.kept == sum(self.money) >= 0
        assert 0 <= books.owed <= books.total
        assert books.due == books.owed - books.kept
        states = {
            PaymentState.REFUND_DUE: books.due < 0,
            PaymentState.PAID: books.due == 0,
            PaymentState.REFUNDED: books.due == 0 and books.kept == 0,
            PaymentState.PART_PAID: 0 < books.due < books.owed,
            PaymentState.UNPAID: books.due == books.owed > 0,
        }
        assert states[books.payment_state]

    @invariant()
    def goods_balance(self) -> None:
        for line in self.books.lines.values():
            assert 0 <= line.returned <= line.shipped <= line.quantity
            assert line.delivered <= line.shipped
            assert 0 <= line.returned_value <= line.total
        assert not (self.is_cancelled and self.books.out)

    @invariant()
    def state_follows(self) -> None:
        books = self.books
        if books.state is OrderState.COMPLETED:
            assert books.due == 0
            assert books.to_ship == 0
            assert self.is_closed or not any(map(self.under_way, self.lines))
        if books.state is OrderState.NEW:
            assert books.kept == books.out == 0
        assert (books.state is OrderState.CANCELLED) == self.is_cancelled


Order.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestOrder = Order.TestCase


def test_an_order_of_services_is_done_when_it_is_paid() -> None:
    books = Books({1: LineBook(1, 500, needs_shipping=False)})
    assert (books.state, books.shipment_state) == (OrderState.NEW, ShipmentState.NOT_NEEDED)
    paid = Books(books.lines, received=500)
    assert (paid.state, paid.payment_state) == (OrderState.COMPLETED, PaymentState.PAID)
    assert not paid.is_shipped  # nothing was to be shipped


def test_everything_that_comes_back_is_paid_back() -> None:
    books = Books({1: LineBook(3, 1_000, True, 3, 3, 3)}, received=1_000)
    assert (books.state, books.payment_state) == (OrderState.RETURNED, PaymentState.REFUND_DUE)
    assert books.due == -1_000
    back = Books(books.lines, received=1_000, refunded=1_000)
    assert back.payment_state is PaymentState.REFUNDED


def test_what_is_under_way_has_not_arrived_though_as_much_came_back() -> None:
    # Two parcels of 3: one arrived and came back as a whole, the other is on its way.
    line = LineBook(6, 600, shipped=6, delivered=3, returned=3, under_way=3)
    books = Books({1: line}, received=300)
    assert (books.due, books.state) == (0, OrderState.PROCESSING)
    arrived = Books({1: LineBook(6, 600, True, 6, 6, 3)}, received=300)
    assert arrived.state is OrderState.COMPLETED


def test_one_price_at_a_time() -> None:
    later = _AT + timedelta(days=10)
    prices = [Price("CNY", 100, _AT, later), Price("CNY", 90, later), Price("EUR", 20, _AT)]
    assert contradiction(prices) is None
    assert price_at(prices, "CNY", _AT) == prices[0]
    assert price_at(prices, "CNY", later) == prices[1]
    assert price_at(prices, "USD", later) is None
    assert price_at(prices, "CNY", _AT - timedelta(seconds=1)) is None
    assert contradiction([*prices, Price("EUR", 1, later)]) is not None
    assert contradiction([Price("EUR", 1, later, _AT)]) is not None
