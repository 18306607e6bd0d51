"""Sales orders against a model: whatever three people do, the books balance to the cent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, initialize, multiple, precondition, rule
from tests.support.crm import Crm, ok, refused
from tests.support.sales_desk import GOODS, SalesDesk, Wish
from tests.support.sales_model import Order, Parcel
from tests.support.stateful import BELIEFS, believed, holds

# A soak lasts seven minutes, and what it finds is made smaller for five at most.
pytestmark = [pytest.mark.api, pytest.mark.timeout(900)]

_WHO = st.sampled_from(["boss", "boss", "ann", "ann", "bob"])
_PRODUCTS = st.sampled_from(sorted(GOODS))
_LINES = st.lists(
    st.tuples(_PRODUCTS, st.integers(1, 4), st.sampled_from([0, 0, 0, 333, 1_000, 1_100])),
    min_size=1,
    max_size=3,
    unique_by=lambda line: line[0],
)
_OFF = st.sampled_from([0, 0, 0, 1, 100, 50_000])  # the whole, in minor units
_CUSTOMERS = st.sampled_from([None, "hers", "his"])
_NOTES = st.sampled_from(["", "ring twice"])
# How often a request arrives; "late": again when its answer is not kept any more.
_TIMES = st.sampled_from(["once", "once", "twice", "late"])
_HOW_MUCH = st.sampled_from(["all", "all", "some", "too much"])
_ACTS = (
    *(
        "pay",
        "pay",
        "pay",
        "ship",
        "ship",
        "ship",
        "delivered",
        "delivered",
        "returned",
        "returned",
    ),
    *("refund", "tracked", "complete", "cancel"),
)
_ACT = st.tuples(
    st.sampled_from(_ACTS),
    _WHO,
    st.integers(0, 2),
    _HOW_MUCH,
    st.booleans(),
    BELIEFS,
    _TIMES,
)
Act = tuple[str, str, int, str, bool, str, str]
# Ways of the first order, each act with its parcel and how much.
_STORIES = [
    [(act, "boss", n, how_much, how_much == "all", "any", "once") for act, n, how_much in story]
    for story in (
        [("pay", 0, "all"), ("ship", 0, "all"), ("delivered", 0, "all"), ("returned", 0, "some"),
         ("refund", 0, "some"), ("complete", 0, "all"), ("tracked", 0, "all"),
         ("tracked", 0, "all"), ("refund", 0, "all")],
        [("ship", 0, "some"), ("ship", 0, "all"), ("delivered", 0, "all"), ("returned", 0, "all"),
         ("pay", 0, "all"), ("delivered", 1, "all")],
        [("ship", 0, "all"), ("returned", 0, "all"), ("cancel", 0, "all"), ("complete", 0, "all")],
        [("pay", 0, "some"), ("cancel", 0, "all"), ("refund", 0, "all"), ("ship", 0, "all")],
        [("pay", 0, "all"), ("ship", 0, "all"), ("complete", 0, "all"), ("cancel", 0, "all"),
         ("returned", 0, "all"), ("refund", 0, "all")],
    )
]  # fmt: skip
_MANY = 3  # orders: with more each would be walked less far
_SORTS = ("created_at", "updated_at", "total")
_FILTERS = ("state", "payment_state", "shipment_state", "customer_id", "agent_id", "product_id")


class Desk(SalesDesk):
    """Whatever three people do in whatever order."""

    ids = Bundle("ids")

    @initialize(target=ids, story=st.sampled_from(_STORIES))
    def open(self, story: list[Act]) -> str:
        """Each begins with a way that chance seldom finds."""
        self.open_shop()
        lines = [("KNIFE", 4, 333), ("SPOON", 1, 1_000), ("CARE", 1, 0)]  # a half of a cent, too
        self.enter("boss", lines, 100, "hers", "twice")
        (order_id,) = self.orders
        self.walk(order_id, story)
        self.change(order_id, "ann", None, None, "same", None, "any")  # which changes nothing
        self.check(order_id, "bob")
        self.report("bob", by_product=True)
        return order_id

    # -- the enterprise --------------------------------------------------------------------------

    @rule(
        code=_PRODUCTS,
        price=st.sampled_from([1_999, 107, 4_321, 0]),
        count=st.sampled_from([None, 2, 9]),
        is_sold=st.booleans(),
        include=st.booleans(),
        only_paid=st.sampled_from([False, False, True]),
    )
    def sell_otherwise(
        self,
        code: str,
        price: int,
        count: int | None,
        is_sold: bool,
        include: bool,
        only_paid: bool,
    ) -> None:
        """What was ordered keeps its price and its taxes."""
        self.prices[code], self.stock[code] = price, count
        self.sold = self.sold | {code} if is_sold else self.sold - {code}
        body = self.product(code)
        del body["stock"]
        path, headers = f"/products/{self.product_ids[code]}", {"If-Match": "*"}
        ok(self.ask("boss", "PUT", path, json=body, headers=headers))
        body = {"count": count, "is_counted": count is not None}
        ok(self.ask("boss", "POST", f"{path}/stock", json=body))
        self.terms = {"prices_include_tax": include, "ships_only_paid": only_paid}
        ok(self.ask("boss", "PUT", "/order-settings", json=self.terms, headers=headers))

    @precondition(lambda self: len(self.order_ids) >= _MANY and len(self.owners) > 1)
    @rule(name=st.sampled_from(["hers", "his"]))
    def remove_customer(self, name: str) -> None:
        """The books keep whom they are about."""
        if self.owners.pop(name, None) is not None:
            ok(self.ask("boss", "DELETE", f"/customers/{self.customer_ids[name]}"))

    # -- entry -----------------------------------------------------------------------------------

    @precondition(lambda self: len(self.order_ids) < _MANY)
    @rule(target=ids, who=_WHO, lines=_LINES, off=_OFF, customer=_CUSTOMERS, times=_TIMES)
    def enter(self, who: str, lines: list[Wish], off: int, customer: Any, times: str) -> Any:
        body = {"currency": "CNY", **self.wish(lines, off, customer, "")}
        answer = self.post(who, "/sales-orders", body, times)
        order = Order(who, [], self.terms["prices_include_tax"], off, customer)
        if not self.is_priced(answer, who, order, lines, off, customer):
            return multiple()
        made = ok(answer)
        assert (answer.status_code, made["order_number"]) == (201, f"S{len(self.orders) + 1:06}")
        self.orders[made["order_id"]] = order
        self.note(made["order_id"], who, "entered", total=order.total)
        return str(made["order_id"])

    @rule(
        order_id=ids,
        who=_WHO,
        lines=st.none() | _LINES,
        off=st.none() | _OFF,
        customer=st.sampled_from(["same", "same", "same", None, "hers", "his"]),
        note=st.none() | _NOTES,
        belief=BELIEFS,
    )
    def change(
        self,
        order_id: str,
        who: str,
        lines: list[Wish] | None,
        off: int | None,
        customer: Any,
        note: str | None,
        belief: str,
    ) -> None:
        order = self.orders[order_id]
        present = [(line.product, line.quantity, line.discount_bp) for line in order.lines]
        lines, off = lines or present, order.order_discount if off is None else off
        customer = order.customer if customer == "same" else customer
        note = order.note if note is None else note
        body = self.wish(lines, off, customer, note)
        answer = self.write(who, "PUT", order_id, "", body, belief)
        if not self.is_carried_out(answer, order_id, who, belief, needs_version=True):
            return
        before, total = replace(order), order.total
        if customer not in (order.customer, None, *self.owners):
            refused(answer, 422, "customer_unknown")
        elif (lines, off) == (present, order.order_discount):
            order.customer, order.note = customer, note
        elif order.is_cancelled:
            refused(answer, 409, "order_cancelled")
        elif order.is_closed or order.parcels:
            refused(answer, 409, "order_shipped")
        elif self.is_priced(answer, who, order, lines, off, customer):
            order.customer, order.note = customer, note
        changes = {
            "lines": (self.wish(present, 0, None, "")["lines"], body["lines"]),
            "order_discount": (before.order_discount, order.order_discount),
            "total": (total, order.total),
            "customer_id": tuple(
                self.customer_ids.get(each or "") for each in (before.customer, order.customer)
            ),
            "note": (before.note, order.note),
        }
        if answer.is_success:
            told = {
                name: {"old": old, "new": new} for name, (old, new) in changes.items() if old != new
            }
            if told:
                self.note(order_id, who, "changed", changes=told)
        self.check(order_id, who)

    # -- money and goods -------------------------------------------------------------------------

    @rule(order_id=ids, acts=st.lists(_ACT, min_size=2, max_size=6))
    def walk(self, order_id: str, acts: list[Act]) -> None:
        """Several in one rule: so an order is walked to its end, and beyond."""
        for act in acts:
            self.act(order_id, *act)
            self.check(order_id, act[1])
        self.check_shelves()

    def act(
        self,
        order_id: str,
        act: str,
        who: str,
        n: int,
        how_much: str,
        is_good: bool,
        belief: str,
        times: str,
    ) -> None:
        match act:
            case "pay":
                self.pay(order_id, who, how_much, belief, times)
            case "refund":
                self.refund(order_id, who, how_much, belief, times)
            case "ship":
                self.ship(order_id, who, how_much, belief, times)
            case "complete" | "cancel":
                self.end(order_id, who, act, belief, times)
            case _:
                self.follow(order_id, who, act, n, how_much, is_good, belief, times)

    def pay(self, order_id: str, who: str, how_much: str, belief: str, times: str) -> None:
        order = self.orders[order_id]
        amount = _part(max(order.due, 0), how_much)
        body = {"amount": amount, "method": "card"}
        answer = self.write(who, "POST", order_id, "/payments", body, belief, times)
        if not self.is_carried_out(answer, order_id, who, belief):
            return
        if order.is_cancelled:
            refused(answer, 409, "order_cancelled")
        elif amount > order.due:
            refused(answer, 409, "payment_exceeds")
        else:
            order.received += amount
            self.note(order_id, who, "payment_received", amount=amount, method="card")

    def refund(self, order_id: str, who: str, how_much: str, belief: str, times: str) -> None:
        order = self.orders[order_id]
        amount = _part(order.kept, how_much)
        answer = self.write(who, "POST", order_id, "/refunds", {"amount": amount}, belief, times)
        if who != "boss":
            refused(answer, 403, "permission_missing")
            return
        if not self.is_carried_out(answer, order_id, who, belief):
            return
        if amount > order.kept:
            refused(answer, 409, "refund_exceeds")
        else:
            order.refunded += amount
            self.note(order_id, who, "payment_refunded", amount=amount)

    def ship(self, order_id: str, who: str, how_much: str, belief: str, times: str) -> None:
        order = self.orders[order_id]
        left = order.to_ship()
        units = {} if how_much == "all" else {n: _part(left.get(n, 0), how_much) for n in (1,)}
        body = {"lines": [{"line_no": n, "quantity": count} for n, count in units.items()]}
        answer = self.write(who, "POST", order_id, "/shipments", body, belief, times)
        if not self.is_carried_out(answer, order_id, who, belief):
            return
        if order.is_cancelled:
            refused(answer, 409, "order_cancelled")
        elif self.terms["ships_only_paid"] and order.due > 0:
            refused(answer, 409, "order_unpaid")
        elif any(count > left.get(n, 0) for n, count in units.items()):
            refused(answer, 409, "shipment_exceeds")
        elif not (units or left):
            refused(answer, 409, "nothing_to_ship")
        else:
            parcel = Parcel(ok(answer)["shipments"][-1]["shipment_id"], units or left)
            order.parcels.append(parcel)
            told = {str(n): count for n, count in parcel.units.items()}
            self.note(order_id, who, "shipped", shipment_id=parcel.shipment_id, units=told)

    def follow(
        self,
        order_id: str,
        who: str,
        act: str,
        n: int,
        how_much: str,
        is_good: bool,
        belief: str,
        times: str,
    ) -> None:
        """Say what became of a parcel. What ``is_good`` can be sold again."""
        order = self.orders[order_id]
        if not order.parcels:
            return
        parcel = order.parcels[n % len(order.parcels)]
        path, left = f"/shipments/{parcel.shipment_id}", parcel.left()
        carried = ("SF", "1") if is_good else ("", "")
        line = min(parcel.units)
        units = left if how_much == "all" else {line: _part(left.get(line, 0), how_much)}
        told: dict[str, Any] = {"shipment_id": parcel.shipment_id}
        body: dict[str, Any] = {}
        if act == "tracked":
            body = dict(zip(("carrier", "tracking"), carried, strict=True))
            answer = self.write(who, "PUT", order_id, path, body, belief)
        elif act == "returned":
            if how_much != "all":
                body["lines"] = [{"line_no": no, "quantity": c} for no, c in units.items()]
            body["restock"] = is_good
            answer = self.write(who, "POST", order_id, f"{path}/returned", body, belief, times)
        else:
            answer = self.write(who, "POST", order_id, f"{path}/delivered", body, belief, times)
        needs_version = act == "tracked"
        if not self.is_carried_out(answer, order_id, who, belief, needs_version=needs_version):
            return
        if act == "returned" and any(c > left.get(no, 0) for no, c in units.items()):
            refused(answer, 409, "return_exceeds")
        elif act == "returned" and not units:
            refused(answer, 409, "nothing_to_return")
        elif act == "returned":
            for no, count in units.items():
                parcel.returned[no] = parcel.returned.get(no, 0) + count
            if is_good:
                self.put_back(order, units)
            told["units"] = {str(no): count for no, count in units.items()}
            self.note(order_id, who, act, **told)
        elif act == "tracked" and carried != parcel.carried:
            parcel.carried = carried
            self.note(order_id, who, act, **told, tracking=carried[1])
        elif act == "delivered" and not parcel.is_delivered:
            parcel.is_delivered = True
            self.note(order_id, who, act, **told)

    def end(self, order_id: str, who: str, act: str, belief: str, times: str) -> None:
        """Declare an order done, or cancel it."""
        order = self.orders[order_id]
        is_done, body = act == "complete", None if act == "complete" else {"reason": "no more"}
        answer = self.write(who, "POST", order_id, f"/{act}", body, belief, times)
        if not self.is_carried_out(answer, order_id, who, belief):
            return
        if is_done and order.is_closed:
            assert answer.is_success, answer.text  # it is done already
        elif order.is_cancelled:
            refused(answer, 409, "order_cancelled")
        elif is_done and order.due:
            refused(answer, 409, "order_not_settled")
        elif is_done and order.to_ship():
            refused(answer, 409, "order_not_shipped")
        elif is_done:
            order.is_closed = True
            self.note(order_id, who, "completed")
        elif order.is_out:
            refused(answer, 409, "order_shipped")
        elif order.is_closed:
            refused(answer, 409, "order_completed")
        else:
            order.is_cancelled = True
            left = {no: line.quantity - order.units(no, "shipped")
                    for no, line in enumerate(order.lines, 1)}  # fmt: skip
            self.put_back(order, left)
            self.note(order_id, who, "cancelled", reason="no more")

    @rule(order_id=ids, one=_WHO, two=_WHO, is_payment=st.booleans())
    def at_the_same_time(self, order_id: str, one: str, two: str, is_payment: bool) -> None:
        """Of two who do the same from the same version one is first, and the other is told."""
        order = self.orders[order_id]
        if not (self.sees(one, order_id) and self.sees(two, order_id)):
            return
        path, amount = f"/sales-orders/{order_id}", order.due
        if is_payment and amount <= 0:
            return
        present = [(line.product, line.quantity, line.discount_bp) for line in order.lines]
        asked: list[tuple[str, str, str, dict[str, Any]]] = []
        for n, who in enumerate((one, two), 1):
            if is_payment:
                asked.append((who, "POST", f"{path}/payments", {"json": {"amount": amount}}))
                continue
            off, note = order.order_discount, f"{order.note}{n}"
            body = self.wish(present, off, order.customer, note)
            headers = believed(order.version, "present")
            asked.append((who, "PUT", path, {"json": body, "headers": headers}))
        answers = self.at_once(*asked)
        assert sorted(each.status_code for each in answers) == [200, 409 if is_payment else 412]
        n, late = (0, 1) if answers[0].is_success else (1, 0)
        who = (one, two)[n]
        if is_payment:
            refused(answers[late], 409, "payment_exceeds")
            order.received += amount
            self.note(order_id, who, "payment_received", amount=amount)
        else:
            problem = refused(answers[late], 412, "sales_order_changed")
            assert problem["current"] == answers[n].json()
            old, order.note = order.note, f"{order.note}{n + 1}"
            told = {"note": {"old": old, "new": order.note}}
            self.note(order_id, who, "changed", changes=told)
        self.check(order_id, who)

    # -- what holds ------------------------------------------------------------------------------

    @rule(
        who=_WHO,
        by=st.sampled_from(_FILTERS),
        like=ids,
        sort=st.sampled_from(_SORTS),
        is_down=st.booleans(),
        limit=st.integers(1, 3),
        by_product=st.booleans(),
    )
    def read(self, who: str, like: str, by_product: bool, **how: Any) -> None:
        self.check(like, who)
        self.list_some(who, like=like, **how)
        self.report(who, by_product=by_product)

    def teardown(self) -> None:
        for order_id in self.order_ids:
            self.check(order_id, "boss")
            self.check_shelves()


def _part(whole: int, how_much: str) -> int:
    """Return all, some, or more than there is; at least 1."""
    return {"all": max(whole, 1), "some": max(whole // 2, 1), "too much": whole + 1}[how_much]


async def test_sales_orders_behave_as_the_model(crm: Crm, request: pytest.FixtureRequest) -> None:
    is_long = request.config.getoption("--soak")
    await holds(Desk, crm, is_long=is_long, examples=8, steps=12)
