"""Entering and changing orders: prices are frozen, discounts bounded, stock is never oversold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from ringway.crm_api.access import Caller
from ringway.crm_api.core.orders import totals
from ringway.crm_api.core.orders.books import Books
from ringway.crm_api.core.orders.prices import price_at
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Conflict, Forbidden, Invalid
from ringway.crm_api.idempotency import RequestKey
from ringway.crm_api.media_sources import attribution
from ringway.crm_api.orders import books, settings, store
from ringway.crm_api.orders.schemas import (
    NewSalesOrder,
    OrderLine,
    SalesOrderChange,
    SalesOrderView,
)
from ringway.crm_api.products import store as products
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection


async def enter(
    deps: Deps, caller: Caller, new: NewSalesOrder, request: RequestKey | None
) -> SalesOrderView:
    """Enter an order; a repeat of the request returns what the first one made.

    Raises:
        Invalid: A product, its price, the customer or the media source is not there; or another
            order was entered under this key.
        Forbidden: The discount is larger than the caller's role may give.
        Conflict: Too little is in stock.
    """
    tenant_id = caller.tenant_id
    async with deps.pool.tenant(tenant_id) as conn:
        # Two at once with one key: the second waits here, and finds what the first made.
        await conn.execute(
            "SELECT pg_advisory_xact_lock(hashtext('crm.sales_order'), hashtext($1))",
            f"{caller.user_id} {request.key if request else uuid7()}",
        )
        repeated = await store.of_request(
            conn, tenant_id=tenant_id, agent_id=caller.user_id, request=request
        )
        if repeated is not None:
            return await books.view(conn, tenant_id, repeated)
        rules = await settings.read(conn, caller=caller)
        await _check_customer(conn, caller, new.customer_id)
        lines = await _lines(deps, conn, caller, new.currency, new.lines, [])
        priced = _price(lines, new.order_discount, rules.prices_include_tax)
        _check_discount(caller, rules, priced)
        lines = await _take_stock(conn, caller, [], _with_amounts(lines, priced))
        source = await attribution.of_order(
            conn,
            tenant_id=tenant_id,
            media_source_id=new.media_source_id,
            dialed_e164=new.dialed_e164,
            interaction_id=new.interaction_id,
            at=deps.now(),
        )
        number = await store.next_number(conn, tenant_id=tenant_id)
        order_id = uuid7()
        await store.add(
            conn,
            tenant_id=tenant_id,
            order_id=order_id,
            fields={
                **new.model_dump(mode="python", exclude={"lines"}),
                "delivery": _address(new),
                "order_number": f"{rules.number_prefix}{number:06}",
                "prices_include_tax": rules.prices_include_tax,
                "agent_id": caller.user_id,
                "media_source_id": source.media_source_id,
                "placement_id": source.placement_id,
            },
            whole=priced.whole,
            request=request,
            now=deps.now(),
        )
        await store.put_lines(conn, tenant_id=tenant_id, order_id=order_id, rows=lines)
        order = await books.find(conn, tenant_id, order_id)
        await books.settle(deps, conn, caller, order, "entered", {"total": priced.whole.total})
        return await books.view(conn, tenant_id, order_id)


async def change(
    deps: Deps, caller: Caller, order_id: UUID, version: int | None, wanted: SalesOrderChange
) -> SalesOrderView:
    """Change an order; one that says what the order is writes nothing.

    Products that stay keep their price; others get the one of now.

    Raises:
        Conflict: Lines change and something was shipped; or too little is in stock.
        Forbidden, Invalid: As for enter.
        PreconditionFailed: Something was booked on it since ``version``.
    """
    tenant_id = caller.tenant_id
    async with deps.pool.tenant(tenant_id) as conn:
        order = await books.find_seen(conn, caller, order_id, lock=True)
        await books.check_version(conn, tenant_id, order, version)
        before = await store.lines(conn, tenant_id=tenant_id, order_id=order_id)
        present = await store.books(conn, tenant_id=tenant_id, order=order)
        # A customer who stays may have been removed meanwhile: the books name him still.
        if wanted.customer_id != order.customer_id:
            await _check_customer(conn, caller, wanted.customer_id)
        is_same = order.order_discount == wanted.order_discount and [
            (row.product_id, row.quantity, row.discount_bp) for row in before
        ] == [(each.product_id, each.quantity, each.discount_bp) for each in wanted.lines]
        whole = totals.Amounts(order.list_amount, order.discount, order.net, order.tax, order.total)
        if not is_same:
            whole = await _change_lines(deps, conn, caller, order, present, before, wanted)
        changes = _changes(order, before, wanted, whole.total)
        if not changes:
            return await books.view(conn, tenant_id, order_id)
        await store.change(
            conn,
            tenant_id=tenant_id,
            order_id=order_id,
            fields={**wanted.model_dump(exclude={"lines"}), "delivery": _address(wanted)},
            whole=whole,
        )
        order = await books.find(conn, tenant_id, order_id)
        detail = {"total": whole.total, "lines_changed": "lines" in changes, "changes": changes}
        await books.settle(deps, conn, caller, order, "changed", detail)
        return await books.view(conn, tenant_id, order_id)


def _changes(
    order: store.OrderRow,
    lines: Sequence[store.LineRow],
    wanted: SalesOrderChange,
    total: int,
) -> dict[str, books.Change]:
    """Return old and new value of what changes on an order, by its name."""

    def plain(rows: Sequence[store.LineRow | OrderLine]) -> list[dict[str, object]]:
        return [
            {"product_id": str(e.product_id), "quantity": e.quantity, "discount_bp": e.discount_bp}
            for e in rows
        ]

    return books.changes(
        {
            "lines": (plain(lines), plain(wanted.lines)),
            "order_discount": (order.order_discount, wanted.order_discount),
            "total": (order.total, total),
            "customer_id": (order.customer_id, wanted.customer_id),
            "delivery": (order.delivery, _address(wanted)),
            "note": (order.note, wanted.note),
        }
    )


async def _change_lines(
    deps: Deps,
    conn: Connection,
    caller: Caller,
    order: store.OrderRow,
    present: Books,
    before: Sequence[store.LineRow],
    wanted: SalesOrderChange,
) -> totals.Amounts:
    with books.refusals():
        present.check_change()
    rules = await settings.read(conn, caller=caller)
    lines = await _lines(deps, conn, caller, order.currency, wanted.lines, before)
    priced = _price(lines, wanted.order_discount, order.prices_include_tax)
    _check_discount(caller, rules, priced)
    lines = await _take_stock(conn, caller, before, _with_amounts(lines, priced))
    await store.put_lines(conn, tenant_id=caller.tenant_id, order_id=order.order_id, rows=lines)
    return priced.whole


async def _lines(
    deps: Deps,
    conn: Connection,
    caller: Caller,
    currency: str,
    wanted: Sequence[OrderLine],
    before: Sequence[store.LineRow],
) -> list[store.LineRow]:
    kept = {row.product_id: row for row in before}
    known = await products.by_ids(
        conn, tenant_id=caller.tenant_id, product_ids=[each.product_id for each in wanted]
    )
    made: list[store.LineRow] = []
    for n, each in enumerate(wanted):
        if any(row.product_id == each.product_id for row in made):
            raise Invalid(
                "product_repeated", f"lines.{n}: the product has a line; raise its quantity."
            )
        old = kept.get(each.product_id)
        product = known.get(each.product_id)
        if old is None and (product is None or not product.is_active):
            raise Invalid("product_unknown", f"lines.{n}: this product is not sold.")
        row = old if old is not None else _new_line(deps, currency, product, n)
        made.append(
            replace(row, line_no=n + 1, quantity=each.quantity, discount_bp=each.discount_bp)
        )
    return made


def _new_line(deps: Deps, currency: str, product: products.Product | None, n: int) -> store.LineRow:
    assert product is not None
    price = price_at(product.prices, currency, deps.now())
    if price is None:
        raise Invalid("price_missing", f"lines.{n}: {product.code} has no price in {currency} now.")
    return store.LineRow(
        line_no=n + 1,
        product_id=product.product_id,
        code=product.code,
        name=product.name,
        quantity=0,
        unit_price=price.amount,
        tax_bp=product.tax_bp,
        discount_bp=0,
        needs_shipping=product.needs_shipping,
        is_stocked=False,
        list_amount=0,
        discount=0,
        net=0,
        tax=0,
        total=0,
    )


def _price(
    lines: Sequence[store.LineRow], order_discount: int, prices_include_tax: bool
) -> totals.Totals:
    asked = [
        totals.Line(row.quantity, row.unit_price, row.tax_bp, row.discount_bp) for row in lines
    ]
    try:
        return totals.price(
            asked, order_discount=order_discount, prices_include_tax=prices_include_tax
        )
    except totals.TotalsRefused as refused:
        raise Invalid(refused.code, str(refused)) from None


def _check_discount(caller: Caller, rules: settings.Settings, priced: totals.Totals) -> None:
    limit = rules.limit_of(caller)
    if not totals.discount_allowed(priced, limit):
        raise Forbidden(
            "discount_above_limit",
            f"Your role gives {limit / 100:g} % at most; ask somebody who may give more.",
            extra={"limit_bp": limit},
        )


def _with_amounts(lines: Sequence[store.LineRow], priced: totals.Totals) -> list[store.LineRow]:
    return [
        replace(
            row,
            list_amount=amounts.list_amount,
            discount=amounts.discount,
            net=amounts.net,
            tax=amounts.tax,
            total=amounts.total,
        )
        for row, amounts in zip(lines, priced.lines, strict=True)
    ]


async def _take_stock(
    conn: Connection,
    caller: Caller,
    before: Sequence[store.LineRow],
    lines: Sequence[store.LineRow],
) -> list[store.LineRow]:
    """Take what the lines need more than before, give back the rest. Raises Conflict."""
    old = {row.product_id for row in before}
    moves: Counter[UUID] = Counter()
    for row in before:
        moves[row.product_id] += row.quantity if row.is_stocked else 0
    for row in lines:
        if row.is_stocked or row.product_id not in old:
            moves[row.product_id] -= row.quantity
    moves = Counter({each: count for each, count in moves.items() if count})
    short, counted = await products.move_stock(conn, tenant_id=caller.tenant_id, moves=moves)
    if short:
        names = ", ".join(row.code for row in lines if row.product_id in short)
        raise Conflict("stock_short", f"Too few are left of {names}: order fewer.")
    return [
        row if row.product_id in old else replace(row, is_stocked=row.product_id in counted)
        for row in lines
    ]


async def _check_customer(conn: Connection, caller: Caller, customer_id: UUID | None) -> None:
    if not await store.customer_exists(conn, tenant_id=caller.tenant_id, customer_id=customer_id):
        raise Invalid("customer_unknown", f"customer_id: there is no customer {customer_id}.")


def _address(wanted: SalesOrderChange) -> dict[str, object] | None:
    return wanted.delivery.model_dump(mode="json") if wanted.delivery is not None else None
