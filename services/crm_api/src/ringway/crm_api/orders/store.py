"""Sales orders, their lines and books. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from ringway.crm_api.core.orders.books import Books, LineBook
from ringway.crm_api.core.orders.totals import Amounts
from ringway.crm_api.idempotency import RequestKey
from ringway.runtime.postgres import Connection

COLUMNS = """
    order_id, order_number, customer_id, currency, prices_include_tax, order_discount, delivery,
    note, agent_id, owner_id, campaign_id, interaction_id, dialed_e164, media_source_id,
    placement_id, list_amount, discount, net, tax, total, received, refunded, state, payment_state,
    shipment_state, shipped_at, completed_at, closed_at, cancelled_at, cancel_reason, version,
    created_at, updated_at
"""
_GET = f"SELECT {COLUMNS} FROM crm.sales_order WHERE tenant_id = $1 AND order_id = $2"  # noqa: S608
_LINES = """
    SELECT l.line_no, l.product_id, l.code, l.name, l.quantity, l.unit_price, l.tax_bp,
           l.discount_bp, l.needs_shipping, l.is_stocked, l.list_amount, l.discount, l.net, l.tax,
           l.total, coalesce(s.shipped, 0)::integer AS shipped,
           coalesce(s.delivered, 0)::integer AS delivered,
           coalesce(s.returned, 0)::integer AS returned,
           coalesce(s.under_way, 0)::integer AS under_way
      FROM crm.sales_order_line l
      LEFT JOIN (
            SELECT i.line_no, sum(i.quantity) AS shipped, sum(i.returned) AS returned,
                   sum(i.quantity) FILTER (WHERE p.delivered_at IS NOT NULL) AS delivered,
                   sum(i.quantity - i.returned) FILTER (WHERE p.delivered_at IS NULL) AS under_way
              FROM crm.shipment_line i
              JOIN crm.shipment p USING (tenant_id, order_id, shipment_id)
             WHERE i.tenant_id = $1 AND i.order_id = $2 GROUP BY i.line_no
           ) s USING (line_no)
     WHERE l.tenant_id = $1 AND l.order_id = $2 ORDER BY l.line_no
"""
_ADD = """
    INSERT INTO crm.sales_order (
        tenant_id, order_id, order_number, customer_id, currency, prices_include_tax,
        order_discount, delivery, note, agent_id, campaign_id, interaction_id, dialed_e164,
        media_source_id, placement_id, list_amount, discount, net, tax, total, state,
        payment_state, shipment_state, request_key, request_fingerprint, created_at, updated_at,
        version, owner_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9, $10, $11, $12, $13, $14, $15, $16, $17,
            $18, $19, $20, 'new', 'unpaid', 'not_shipped', $21, $22, $23, $23, 0, $10)
"""
_ADD_LINE = """
    INSERT INTO crm.sales_order_line (
        tenant_id, order_id, line_no, product_id, code, name, quantity, unit_price, tax_bp,
        discount_bp, needs_shipping, is_stocked, list_amount, discount, net, tax, total)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
"""
_WRITE_BOOKS = """
    UPDATE crm.sales_order SET
        received = $3, refunded = $4, state = $5, payment_state = $6, shipment_state = $7,
        shipped_at = CASE WHEN $8 THEN coalesce(shipped_at, $10) ELSE shipped_at END,
        completed_at = CASE WHEN $9 THEN coalesce(completed_at, $10) END,
        version = version + 1, updated_at = $10
     WHERE tenant_id = $1 AND order_id = $2 RETURNING version
"""


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One row of ``crm.sales_order``."""

    order_id: UUID
    order_number: str
    customer_id: UUID | None
    currency: str
    prices_include_tax: bool
    order_discount: int
    delivery: dict[str, Any] | None
    note: str
    agent_id: UUID  # who sold it
    owner_id: UUID | None  # who looks after it
    campaign_id: UUID | None
    interaction_id: UUID | None
    dialed_e164: str | None
    media_source_id: UUID | None
    placement_id: UUID | None
    list_amount: int
    discount: int
    net: int
    tax: int
    total: int
    received: int
    refunded: int
    state: str
    payment_state: str
    shipment_state: str
    shipped_at: datetime | None
    completed_at: datetime | None
    closed_at: datetime | None
    cancelled_at: datetime | None
    cancel_reason: str
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class LineRow:
    """One line, with where its units are."""

    line_no: int
    product_id: UUID
    code: str
    name: str
    quantity: int
    unit_price: int
    tax_bp: int
    discount_bp: int
    needs_shipping: bool
    is_stocked: bool
    list_amount: int
    discount: int
    net: int
    tax: int
    total: int
    shipped: int = 0
    delivered: int = 0
    returned: int = 0
    under_way: int = 0


async def next_number(conn: Connection, *, tenant_id: UUID) -> int:
    """Return the next number of the enterprise's orders: no number is left out or used twice."""
    number: int = await conn.fetchval(
        "INSERT INTO crm.order_counter AS c (tenant_id, last_no) VALUES ($1, 1) "
        "ON CONFLICT (tenant_id) DO UPDATE SET last_no = c.last_no + 1 RETURNING last_no",
        tenant_id,
    )
    return number


async def customer_exists(conn: Connection, *, tenant_id: UUID, customer_id: UUID | None) -> bool:
    """Return whether there is such a customer, or none is asked for."""
    if customer_id is None:
        return True
    found: bool = await conn.fetchval(
        "SELECT EXISTS (SELECT 1 FROM crm.customer WHERE tenant_id = $1 AND customer_id = $2)",
        tenant_id,
        customer_id,
    )
    return found


async def of_request(
    conn: Connection, *, tenant_id: UUID, agent_id: UUID, request: RequestKey | None
) -> UUID | None:
    """Return the order that a request made, when it is a repeat.

    Raises:
        Invalid: The order was asked for otherwise.
    """
    if request is None:
        return None
    row = await conn.fetchrow(
        "SELECT order_id, request_fingerprint FROM crm.sales_order "
        "WHERE tenant_id = $1 AND agent_id = $2 AND request_key = $3",
        *(tenant_id, agent_id, request.key),
    )
    if row is None:
        return None
    request.check(row["request_fingerprint"])
    found: UUID = row["order_id"]
    return found


def kept_key(request: RequestKey | None) -> tuple[str | None, bytes | None]:
    """Return what is kept of a request with what it made."""
    return (None, None) if request is None else (request.key, request.fingerprint)


async def get(
    conn: Connection, *, tenant_id: UUID, order_id: UUID, lock: bool = False
) -> OrderRow | None:
    """Return one order; with ``lock`` nobody books anything on it until the transaction ends."""
    row = await conn.fetchrow(f"{_GET} FOR UPDATE" if lock else _GET, tenant_id, order_id)
    return order_of(row) if row is not None else None


async def lines(conn: Connection, *, tenant_id: UUID, order_id: UUID) -> list[LineRow]:
    """Return the lines of an order."""
    rows = await conn.fetch(_LINES, tenant_id, order_id)
    return [LineRow(**row) for row in rows]


async def add(
    conn: Connection,
    *,
    tenant_id: UUID,
    order_id: UUID,
    fields: Mapping[str, Any],
    whole: Amounts,
    request: RequestKey | None,
    now: datetime,
) -> None:
    """Add an order without its lines; its version is 0 until the books are written."""
    await conn.execute(
        _ADD,
        *(tenant_id, order_id, fields["order_number"], fields["customer_id"], fields["currency"]),
        *(fields["prices_include_tax"], fields["order_discount"], _json(fields["delivery"])),
        *(fields["note"], fields["agent_id"], fields["campaign_id"], fields["interaction_id"]),
        *(fields["dialed_e164"], fields["media_source_id"], fields["placement_id"]),
        *(whole.list_amount, whole.discount, whole.net, whole.tax, whole.total),
        *kept_key(request),
        now,
    )


async def change(
    conn: Connection,
    *,
    tenant_id: UUID,
    order_id: UUID,
    fields: Mapping[str, Any],
    whole: Amounts,
) -> None:
    """Change what is said of an order and what it costs."""
    await conn.execute(
        """
        UPDATE crm.sales_order SET customer_id = $3, order_discount = $4, delivery = $5::jsonb,
               note = $6, list_amount = $7, discount = $8, net = $9, tax = $10, total = $11
         WHERE tenant_id = $1 AND order_id = $2
        """,
        *(tenant_id, order_id, fields["customer_id"], fields["order_discount"]),
        *(_json(fields["delivery"]), fields["note"]),
        *(whole.list_amount, whole.discount, whole.net, whole.tax, whole.total),
    )


async def put_lines(
    conn: Connection, *, tenant_id: UUID, order_id: UUID, rows: Sequence[LineRow]
) -> None:
    """Replace the lines of an order."""
    await conn.execute(
        "DELETE FROM crm.sales_order_line WHERE tenant_id = $1 AND order_id = $2",
        tenant_id,
        order_id,
    )
    values = [list(asdict(row).values())[:-4] for row in rows]
    await conn.executemany(_ADD_LINE, [(tenant_id, order_id, *each) for each in values])


async def books(conn: Connection, *, tenant_id: UUID, order: OrderRow) -> Books:
    """Read the books of an order, whose row the caller has locked."""
    money = await conn.fetchrow(
        """
        SELECT coalesce(sum(amount) FILTER (WHERE kind = 'received'), 0)::bigint AS received,
               coalesce(sum(amount) FILTER (WHERE kind = 'refunded'), 0)::bigint AS refunded
          FROM crm.sales_order_payment WHERE tenant_id = $1 AND order_id = $2
        """,
        tenant_id,
        order.order_id,
    )
    assert money is not None
    rows = await lines(conn, tenant_id=tenant_id, order_id=order.order_id)
    return Books(
        {
            row.line_no: LineBook(
                row.quantity,
                row.total,
                row.needs_shipping,
                row.shipped,
                row.delivered,
                row.returned,
                row.under_way,
            )
            for row in rows
        },
        received=money["received"],
        refunded=money["refunded"],
        is_cancelled=order.cancelled_at is not None,
        is_closed=order.closed_at is not None,
    )


async def write_books(
    conn: Connection, *, tenant_id: UUID, order_id: UUID, books: Books, now: datetime
) -> int:
    """Write what follows from the books. Returns the order's new version."""
    version: int = await conn.fetchval(
        _WRITE_BOOKS,
        *(tenant_id, order_id, books.received, books.refunded, books.state.value),
        *(books.payment_state.value, books.shipment_state.value),
        *(books.is_shipped, books.state.value == "completed", now),
    )
    return version


async def close(conn: Connection, *, tenant_id: UUID, order_id: UUID, now: datetime) -> None:
    """Write that an order was declared done."""
    await conn.execute(
        "UPDATE crm.sales_order SET closed_at = coalesce(closed_at, $3) "
        "WHERE tenant_id = $1 AND order_id = $2",
        *(tenant_id, order_id, now),
    )


async def set_owner(
    conn: Connection, *, tenant_id: UUID, order_id: UUID, owner_id: UUID | None
) -> None:
    """Write who looks after an order."""
    await conn.execute(
        "UPDATE crm.sales_order SET owner_id = $3 WHERE tenant_id = $1 AND order_id = $2",
        *(tenant_id, order_id, owner_id),
    )


async def cancel(
    conn: Connection, *, tenant_id: UUID, order_id: UUID, reason: str, now: datetime
) -> None:
    """Write that an order was cancelled."""
    await conn.execute(
        "UPDATE crm.sales_order SET cancelled_at = $4, cancel_reason = $3 "
        "WHERE tenant_id = $1 AND order_id = $2",
        *(tenant_id, order_id, reason, now),
    )


async def add_event(
    conn: Connection,
    *,
    tenant_id: UUID,
    order_id: UUID,
    seq: int,
    actor_id: UUID,
    actor: str,
    kind: str,
    detail: Mapping[str, Any],
    now: datetime,
) -> None:
    """Write what happened to an order; ``seq`` is its version since then."""
    await conn.execute(
        "INSERT INTO crm.sales_order_event (tenant_id, order_id, seq, at, actor_id, actor, kind, "
        "detail) VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb)",
        *(tenant_id, order_id, seq, now, actor_id, actor, kind),
        orjson.dumps(detail, default=str).decode(),
    )


async def events(
    conn: Connection, *, tenant_id: UUID, order_id: UUID, after: int, limit: int
) -> list[dict[str, Any]]:
    """Return what happened to an order, oldest first."""
    rows = await conn.fetch(
        "SELECT seq, at, actor_id, actor, kind, detail FROM crm.sales_order_event "
        "WHERE tenant_id = $1 AND order_id = $2 AND seq > $3 ORDER BY seq LIMIT $4",
        *(tenant_id, order_id, after, limit),
    )
    return [{**row, "detail": orjson.loads(row["detail"])} for row in rows]


def order_of(row: asyncpg.Record) -> OrderRow:
    """Return the order that a row of all columns is."""
    delivery = row["delivery"]
    return OrderRow(**{**row, "delivery": orjson.loads(delivery) if delivery else None})


def _json(value: Mapping[str, Any] | None) -> str | None:
    return orjson.dumps(value).decode() if value is not None else None
