"""People who sell against a model: what they may ask, and whether what is shown is right."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
from tests.support.crm import ok, refused, rows_of
from tests.support.sales_model import Line, Order, amounts, is_allowed
from tests.support.stateful import ApiMachine, believed, is_wrong

from ringway.crm_api.access import Role

# Price, tax rate, and whether it is shipped.
GOODS = {"KNIFE": (1_999, 1_300, True), "SPOON": (105, 500, True), "CARE": (333, 0, False)}
# The largest discounts that people give, in basis points.
LIMITS = {"boss": 10_000, "ann": 1_000, "bob": 1_000}
# A product, how many, and the discount in basis points.
Wish = tuple[str, int, int]


class SalesDesk(ApiMachine):
    """An enterprise that sells: an administrator, and two agents with a customer each."""

    def open_shop(self) -> None:
        slug = self.open_enterprise()
        boss = self.people["boss"]
        for n, name in enumerate(("ann", "bob")):
            signed = self.crm.user(boss, slug, Role.AGENT, name, number=f"80{n}")
            self.people[name] = self.calls(signed)
        self.user_ids = {name: self.get("/me", name)["user_id"] for name in self.people}
        self.owners = {"hers": "ann", "his": "bob"}
        self.customer_ids: dict[str, str] = {}
        for name, owner in self.owners.items():
            phone = f"+4021555010{len(self.customer_ids)}"
            made = self.ask(owner, "POST", "/customers", json={"phone_e164": phone})
            self.customer_ids[name] = ok(made)["customer_id"]
        self.prices = {code: price for code, (price, _, _) in GOODS.items()}
        self.stock: dict[str, int | None] = {"KNIFE": 9, "SPOON": None, "CARE": 5}
        self.sold = set(GOODS)
        self.product_ids = {
            code: ok(self.ask("boss", "POST", "/products", json=self.product(code)))["product_id"]
            for code in GOODS
        }
        self.terms = {"prices_include_tax": True, "ships_only_paid": False}
        self.orders: dict[str, Order] = {}
        self.touched: list[str] = []  # the one that changed last comes last
        self.keys = 0

    @property
    def order_ids(self) -> list[str]:
        return list(getattr(self, "orders", {}))

    def product(self, code: str) -> dict[str, Any]:
        _, tax_bp, needs_shipping = GOODS[code]
        return {
            "code": code,
            "name": code.title(),
            "tax_bp": tax_bp,
            "needs_shipping": needs_shipping,
            "is_active": code in self.sold,
            "prices": [{"currency": "CNY", "amount": self.prices[code]}],
            "stock": self.stock[code],
        }

    def wish(self, lines: list[Wish], off: int, customer: str | None, note: str) -> dict[str, Any]:
        asked = [
            {"product_id": self.product_ids[code], "quantity": count, "discount_bp": bp}
            for code, count, bp in lines
        ]
        customer_id = self.customer_ids[customer] if customer is not None else None
        return {"lines": asked, "order_discount": off, "customer_id": customer_id, "note": note}

    def is_priced(
        self,
        answer: httpx.Response,
        who: str,
        order: Order,
        wanted: list[Wish],
        off: int,
        customer: str | None,
    ) -> bool:
        """Give an order its lines, if it may have them; else the refusal is the one promised."""
        if customer not in (order.customer, None, *self.owners):
            refused(answer, 422, "customer_unknown")
            return False
        old = {line.product: line for line in order.lines}
        lines, stock = [], Counter({code: count for code, count in self.stock.items() if count})
        for line in order.lines:
            stock[line.product] += line.quantity if line.is_stocked else 0
        for code, count, bp in wanted:
            _, tax_bp, needs_shipping = GOODS[code]
            is_stocked = self.stock[code] is not None
            new = Line(code, count, self.prices[code], bp, tax_bp, needs_shipping, is_stocked)
            lines.append(replace(old.get(code, new), quantity=count, discount_bp=bp))
            stock[code] -= count if lines[-1].is_stocked else 0
        try:
            money = amounts(lines, off, include_tax=order.include_tax)
        except ValueError:
            money = None
        if any(line.product not in self.sold | set(old) for line in lines):
            refused(answer, 422, "product_unknown")
        elif money is None:
            refused(answer, 422, "discount_too_large")
        elif not is_allowed(money, LIMITS[who]):
            problem = refused(answer, 403, "discount_above_limit")
            assert problem["limit_bp"] == LIMITS[who]
        elif any(self.stock[code] is not None and stock[code] < 0 for code in self.stock):
            refused(answer, 409, "stock_short")
        else:
            assert answer.is_success, answer.text
            order.lines, order.order_discount = lines, off
            self.stock = {c: stock[c] if n is not None else None for c, n in self.stock.items()}
            return True
        return False

    def put_back(self, order: Order, units: dict[int, int]) -> None:
        """Put units, by line number, back on the shelf."""
        for no, count in units.items():
            line, stock = order.lines[no - 1], self.stock
            present = stock[line.product]
            if line.is_stocked and present is not None:
                stock[line.product] = present + count

    # -- how it is asked -------------------------------------------------------------------------

    def write(
        self,
        who: str,
        method: str,
        order_id: str,
        what: str,
        body: Any,
        belief: str,
        times: str = "once",
    ) -> httpx.Response:
        path = f"/sales-orders/{order_id}{what}"
        headers = believed(self.orders[order_id].version, belief)
        if method == "POST":
            is_in_books = what in ("/payments", "/refunds", "/shipments")
            times = "twice" if times == "late" and not is_in_books else times
            return self.post(who, path, body, times, **headers)
        return self.ask(who, method, path, json=body, headers=headers)

    def post(self, who: str, path: str, body: Any, times: str, **headers: str) -> httpx.Response:
        """Send a request as often as its answer was lost: it is carried out once."""
        if times == "once":
            return self.ask(who, "POST", path, json=body, headers=headers)
        self.keys += 1
        headers["Idempotency-Key"] = f"key-{self.keys}"
        first = self.ask(who, "POST", path, json=body, headers=headers)
        if times == "late":
            self.calls(rows_of(self.crm, "DELETE FROM crm.idempotency_key"))
        again = self.ask(who, "POST", path, json=body, headers=headers)
        assert (again.status_code, again.json()) == (first.status_code, first.json())
        if times == "late" and first.is_success and path.count("/") > 2:
            # What is in the books under a key is nothing else.
            self.calls(rows_of(self.crm, "DELETE FROM crm.idempotency_key"))
            other, json = ("shipments", {}) if "amount" in body else ("payments", {"amount": 1})
            path = f"{path.rpartition('/')[0]}/{other}"
            answer = self.ask(who, "POST", path, json=json, headers=headers)
            refused(answer, 422, "idempotency_key_reused")
        return first

    def is_carried_out(
        self,
        answer: httpx.Response,
        order_id: str,
        who: str,
        belief: str,
        *,
        needs_version: bool = False,
    ) -> bool:
        """Whether the books are asked at all; where not, the refusal is the one promised."""
        if belief == "none" and needs_version:
            refused(answer, 428, "if_match_required")
        elif not self.sees(who, order_id):
            refused(answer, 404, "sales_order_not_found")
        elif is_wrong(belief):
            problem = refused(answer, 412, "sales_order_changed")
            assert problem["current"] == self.get(f"/sales-orders/{order_id}", who)
            self.check(order_id, "boss")
        else:
            return True
        return False

    def sees(self, who: str, order_id: str) -> bool:
        order = self.orders[order_id]
        mine = (order.agent, self.owners.get(order.customer or ""))
        return who == "boss" or order.customer is None or who in mine

    def note(self, order_id: str, who: str, kind: str, **told: Any) -> None:
        order = self.orders[order_id]
        order.history.append({"kind": kind, "actor": who, "told": told})
        self.touched = [each for each in self.touched if each != order_id] + [order_id]

    def check(self, order_id: str, who: str) -> None:
        """One is as the model has it, and its history tells each change."""
        path, order = f"/sales-orders/{order_id}", self.orders[order_id]
        answer = self.ask(who, "GET", path)
        if not self.sees(who, order_id):
            refused(answer, 404, "sales_order_not_found")
            refused(self.ask(who, "GET", f"{path}/history"), 404, "sales_order_not_found")
            return
        shown = ok(answer)
        assert answer.headers["etag"] == f'"{order.version}"'
        money = order.amounts
        whole = {name: sum(each[name] for each in money) for name in money[0]}
        known = {
            **whole,
            "version": order.version,
            "state": order.state,
            "payment_state": order.payment_state,
            "shipment_state": order.shipment_state,
            "customer_id": self.customer_ids.get(order.customer or ""),
            "agent_id": self.user_ids[order.agent],
            "received": order.received,
            "refunded": order.refunded,
            "due": order.due,
            "order_discount": order.order_discount,
            "prices_include_tax": order.include_tax,
            "note": order.note,
        }
        assert {name: shown[name] for name in known} == known
        assert (shown["completed_at"] is not None) == (order.state == "completed")
        assert (shown["cancelled_at"] is not None) == order.is_cancelled
        lines: list[dict[str, Any]] = [
            {"code": line.product, "quantity": line.quantity, "unit_price": line.unit_price}
            | {what: order.units(no, what) for what in ("shipped", "delivered", "returned")}
            | amount
            for no, (line, amount) in enumerate(zip(order.lines, money, strict=True), 1)
        ]
        assert [{name: line[name] for name in lines[0]} for line in shown["lines"]] == lines
        assert [
            {"id": each["shipment_id"], "is_delivered": each["delivered_at"] is not None}
            | {line["line_no"]: (line["quantity"], line["returned"]) for line in each["lines"]}
            for each in shown["shipments"]
        ] == [
            {"id": parcel.shipment_id, "is_delivered": parcel.is_delivered}
            | {no: (count, parcel.returned.get(no, 0)) for no, count in parcel.units.items()}
            for parcel in order.parcels
        ]
        told = self.pages(f"{path}/history", who, limit=20)
        assert [each["seq"] for each in told] == list(range(1, order.version + 1))
        for event, entry in zip(told, order.history, strict=True):
            assert (event["kind"], event["actor"]) == (entry["kind"], entry["actor"])
            detail = event["detail"]
            assert {name: detail.get(name) for name in entry["told"]} == entry["told"]

    def check_shelves(self) -> None:
        """What is sold is taken from the stock once, and what comes back is there again."""
        shown = self.get("/products")["items"]
        assert {each["code"]: each["stock"] for each in shown} == self.stock

    def list_some(self, who: str, by: str, like: str, sort: str, is_down: bool, limit: int) -> None:
        """A list has those that are like one, in its order, of those whom one sees."""

        def value(order_id: str) -> Any:
            order = self.orders[order_id]
            match by:
                case "customer_id":
                    return self.customer_ids.get(order.customer or "")
                case "agent_id":
                    return self.user_ids[order.agent]
                case "product_id":
                    return self.product_ids[order.lines[0].product]
                case _:
                    return getattr(order, by)

        def fits(order_id: str) -> bool:
            if by == "product_id":
                lines = self.orders[order_id].lines
                return wanted in [self.product_ids[line.product] for line in lines]
            return wanted is None or value(order_id) == wanted

        def place(order_id: str) -> Any:
            totals = {"total": (self.orders[order_id].total, order_id)}
            ages = {"created_at": self.order_ids, "updated_at": self.touched}
            return totals[sort] if sort in totals else ages[sort].index(order_id)

        wanted = value(like)
        params = {by: wanted} if wanted is not None else {}
        sign = "-" if is_down else ""
        listed = self.pages("/sales-orders", who, sort=f"{sign}{sort}", limit=limit, **params)
        known = [each for each in self.orders if self.sees(who, each) and fits(each)]
        known.sort(key=place, reverse=is_down)
        assert [each["order_id"] for each in listed] == known
        for each in listed:
            order = self.orders[each["order_id"]]
            assert (each["version"], each["total"]) == (order.version, order.total)

    def report(self, who: str, *, by_product: bool) -> None:
        """A report sums up what its reader may list, and nothing else."""
        counted: dict[str, Counter[str]] = {}
        for order_id, order in self.orders.items():
            if not self.sees(who, order_id):
                continue
            sold = Counter({"total": order.total * (not order.is_cancelled)})
            sold.update(received=order.received, refunded=order.refunded)
            parts: dict[str, Counter[str]] = {self.user_ids[order.agent]: sold}
            if by_product:
                parts = {
                    self.product_ids[line.product]: Counter(
                        {"total": money["total"], "units": line.quantity}
                        if not order.is_cancelled
                        else {}
                    )
                    for line, money in zip(order.lines, order.amounts, strict=True)
                }
            states = {
                "orders": 1,
                "sold_orders": order.state not in ("cancelled", "returned"),
                "cancelled_orders": order.state == "cancelled",
                "paid_orders": order.payment_state == "paid" and order.state != "cancelled",
                "completed_orders": order.state == "completed",
            }
            for key, part in parts.items():
                counted.setdefault(key, Counter()).update({**part, **states})
        now = self.crm.clock()
        params = {
            "from": (now - timedelta(hours=1)).isoformat(),
            "to": (now + timedelta(hours=1)).isoformat(),
            "group_by": "product" if by_product else "agent",
        }
        items = self.get("/sales-orders/report", who, params=params)["items"]
        assert {each["key"] for each in items} == set(counted)
        for each in items:
            known = counted[each["key"]]
            assert {name: each[name] for name in known} == dict(known)
