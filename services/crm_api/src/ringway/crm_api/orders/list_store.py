"""Lists and reports of orders. Statements are built of constants only."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from ringway.crm_api.customers import scope as scopes
from ringway.crm_api.customers.scope import Scope
from ringway.crm_api.errors import BadRequest
from ringway.crm_api.orders.leaving_store import IS_OPEN
from ringway.crm_api.orders.schemas import OrderFilter, OrderGrouping, OrderSort
from ringway.crm_api.orders.store import COLUMNS, OrderRow, order_of
from ringway.crm_api.schemas import decode_cursor
from ringway.runtime.postgres import Connection

# Whoever sold an order or looks after it.
OWN = ("agent_id", "owner_id")
_WANTED = f"""
    tenant_id = $1 AND ($2::text IS NULL OR order_number = $2)
    AND ($3::text IS NULL OR state = $3) AND ($4::text IS NULL OR payment_state = $4)
    AND ($5::text IS NULL OR shipment_state = $5) AND ($6::uuid IS NULL OR customer_id = $6)
    AND ($7::uuid IS NULL OR agent_id = $7) AND ($8::uuid IS NULL OR campaign_id = $8)
    AND ($9::uuid IS NULL OR interaction_id = $9) AND ($10::uuid IS NULL OR media_source_id = $10)
    AND ($11::uuid IS NULL OR EXISTS (
            SELECT 1 FROM crm.sales_order_line l WHERE l.tenant_id = $1 AND l.product_id = $11
               AND l.order_id = o.order_id))
    AND ($12::timestamptz IS NULL OR created_at >= $12)
    AND ($13::timestamptz IS NULL OR created_at < $13)
    AND ($18::uuid IS NULL OR owner_id = $18)
    AND ($19::boolean IS NULL OR (owner_id IS NOT NULL) = $19)
    AND ($20::boolean IS NULL OR {IS_OPEN} = $20)
"""  # noqa: S608 - constants
_SEEN = scopes.of_rows("o", "$1", "$17", own=OWN)
_PAGES = {
    sort: f"""
        SELECT {COLUMNS} FROM crm.sales_order o
         WHERE {_WANTED} AND {_SEEN}
           AND ($14::{kind} IS NULL OR ({column}, order_id) {sign} ($14, $15::uuid))
         ORDER BY {column} {way}, order_id {way} LIMIT $16
    """  # noqa: S608 - constants
    for sort, column, kind, sign, way in (
        (OrderSort.CREATED_AT, "created_at", "timestamptz", ">", "ASC"),
        (OrderSort.CREATED_AT_DOWN, "created_at", "timestamptz", "<", "DESC"),
        (OrderSort.UPDATED_AT, "updated_at", "timestamptz", ">", "ASC"),
        (OrderSort.UPDATED_AT_DOWN, "updated_at", "timestamptz", "<", "DESC"),
        (OrderSort.TOTAL, "total", "bigint", ">", "ASC"),
        (OrderSort.TOTAL_DOWN, "total", "bigint", "<", "DESC"),
    )
}
_COUNTS = """
    count(*) FILTER (WHERE o.state NOT IN ('cancelled', 'returned')) AS sold_orders,
    count(*) FILTER (WHERE o.state = 'cancelled') AS cancelled_orders,
    count(*) FILTER (WHERE o.payment_state = 'paid' AND o.state <> 'cancelled') AS paid_orders,
    count(*) FILTER (WHERE o.shipped_at IS NOT NULL) AS shipped_orders,
    count(*) FILTER (WHERE o.state = 'completed') AS completed_orders
"""
_IN_PERIOD = "o.tenant_id = $1 AND o.created_at >= $2 AND o.created_at < $3 AND " + scopes.of_rows(
    "o", "$1", "$5", own=OWN
)
_SUMS = """
    coalesce(sum(o.total) FILTER (WHERE o.state <> 'cancelled'), 0)::bigint AS total,
    sum(o.received)::bigint AS received, sum(o.refunded)::bigint AS refunded
"""
_REPORTS = {
    OrderGrouping.DAY: f"""
        SELECT (o.created_at AT TIME ZONE $4)::date::text AS key, '' AS name, o.currency,
               count(*) AS orders, {_COUNTS}, NULL::bigint AS units, {_SUMS}
          FROM crm.sales_order o WHERE {_IN_PERIOD} GROUP BY 1, 3 ORDER BY 1, 3
    """,  # noqa: S608 - constants
    OrderGrouping.AGENT: f"""
        SELECT o.agent_id::text AS key, coalesce(max(u.display_name), '') AS name, o.currency,
               count(*) AS orders, {_COUNTS}, NULL::bigint AS units, {_SUMS}
          FROM crm.sales_order o
          LEFT JOIN crm.user_account u ON u.tenant_id = $1 AND u.user_id = o.agent_id
         WHERE {_IN_PERIOD} AND $4::text IS NOT NULL GROUP BY 1, 3 ORDER BY 1, 3
    """,  # noqa: S608 - constants
    OrderGrouping.MEDIA: f"""
        SELECT coalesce(o.media_source_id::text, '') AS key, coalesce(max(m.name), '') AS name,
               o.currency, count(*) AS orders, {_COUNTS}, NULL::bigint AS units, {_SUMS}
          FROM crm.sales_order o
          LEFT JOIN crm.media_source m
            ON m.tenant_id = $1 AND m.media_source_id = o.media_source_id
         WHERE {_IN_PERIOD} AND $4::text IS NOT NULL GROUP BY 1, 3 ORDER BY 1, 3
    """,  # noqa: S608 - constants
    OrderGrouping.PRODUCT: f"""
        SELECT l.product_id::text AS key, max(l.name) AS name, o.currency, count(*) AS orders,
               {_COUNTS},
               coalesce(sum(l.quantity) FILTER (WHERE o.state <> 'cancelled'), 0)::bigint AS units,
               coalesce(sum(l.total) FILTER (WHERE o.state <> 'cancelled'), 0)::bigint AS total,
               NULL::bigint AS received, NULL::bigint AS refunded
          FROM crm.sales_order o JOIN crm.sales_order_line l USING (tenant_id, order_id)
         WHERE {_IN_PERIOD} AND $4::text IS NOT NULL GROUP BY 1, 3 ORDER BY 1, 3
    """,  # noqa: S608 - constants
}


async def page(
    conn: Connection,
    *,
    scope: Scope,
    wanted: OrderFilter,
    sort: OrderSort,
    cursor: str | None,
    limit: int,
) -> list[OrderRow]:
    """Return orders after the cursor: of customers in ``scope``, of nobody, or of his own.

    Raises:
        BadRequest: The cursor is of another list.
    """
    value, order_id = _place(sort, cursor)
    rows = await conn.fetch(
        _PAGES[sort],
        *(scope.tenant_id, wanted.order_number, wanted.state, wanted.payment_state),
        *(wanted.shipment_state, wanted.customer_id, wanted.agent_id, wanted.campaign_id),
        *(wanted.interaction_id, wanted.media_source_id, wanted.product_id),
        *(wanted.created_from, wanted.created_before, value, order_id, limit),
        *(scope.user_id, wanted.owner_id, wanted.has_owner, wanted.is_open),
    )
    return [order_of(row) for row in rows]


def place_of(order: Any, sort: OrderSort) -> tuple[object, UUID]:
    """Return the key of an order in a list."""
    return getattr(order, sort.value.removeprefix("-")), order.order_id


async def report(
    conn: Connection,
    *,
    scope: Scope,
    group_by: OrderGrouping,
    begins_at: datetime,
    ends_at: datetime,
    zone: str,
) -> list[dict[str, Any]]:
    """Return the lines of a report about the orders of a period that :func:`page` lists."""
    rows = await conn.fetch(
        _REPORTS[group_by], scope.tenant_id, begins_at, ends_at, zone, scope.user_id
    )
    return [dict(row) for row in rows]


def _place(sort: OrderSort, cursor: str | None) -> tuple[object, UUID | None]:
    if cursor is None:
        return None, None
    value, order_id = decode_cursor(cursor, 2)
    try:
        if sort in (OrderSort.TOTAL, OrderSort.TOTAL_DOWN):
            number = int(value)
            if not 0 <= number < 2**63:
                raise ValueError(value)
            return number, UUID(order_id)
        at = datetime.fromisoformat(value)
        if at.tzinfo is None:
            raise ValueError(value)
        return at, UUID(order_id)
    except ValueError as error:
        raise BadRequest(
            "cursor_invalid", "Use next_cursor of the previous page, and its sort, unchanged."
        ) from error
