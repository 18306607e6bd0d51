"""Sales orders and their lines."""

from __future__ import annotations

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.core.queriers.catalogue import (
    FieldKind,
    Fragment,
    Reference,
    Source,
    fields_of,
    references_of,
)
from ringway.crm_api.customers import scope as scopes
from ringway.crm_api.features import Feature
from ringway.crm_api.orders.list_store import OWN
from ringway.crm_api.queriers.sources.making import field
from ringway.runtime.postgres import Connection

_K = FieldKind
_ORDER = fields_of(
    field("order_id", _K.ID, "Id", "编号"),
    field("order_number", _K.TEXT, "Order number", "订单号"),
    field("customer_id", _K.ID, "Customer's id", "客户编号"),
    field("agent_id", _K.ID, "Agent's id", "坐席编号"),
    field("owner_id", _K.ID, "Owner's id", "负责人编号"),
    field("state", _K.TEXT, "State", "状态"),
    field("payment_state", _K.TEXT, "Payment", "付款状态"),
    field("shipment_state", _K.TEXT, "Shipment", "发货状态"),
    field("currency", _K.TEXT, "Currency", "币种"),
    field("total", _K.MONEY, "Total", "总额"),
    field("discount", _K.MONEY, "Discount", "优惠"),
    field("received", _K.MONEY, "Received", "已收"),
    field("refunded", _K.MONEY, "Refunded", "已退"),
    field("created_at", _K.TIME, "Created", "创建时间"),
    field("completed_at", _K.TIME, "Completed", "完成时间"),
    field("cancelled_at", _K.TIME, "Cancelled", "取消时间"),
)
_LINE = fields_of(
    field("line_key", _K.TEXT, "Line", "明细", sql="({t}.order_id || '.' || {t}.line_no)"),
    field("order_id", _K.ID, "Order's id", "订单编号"),
    field("code", _K.TEXT, "Product code", "产品代码"),
    field("name", _K.TEXT, "Product", "产品"),
    field("quantity", _K.INTEGER, "Quantity", "数量"),
    field("unit_price", _K.MONEY, "Unit price", "单价"),
    field("discount", _K.MONEY, "Discount", "优惠"),
    field("total", _K.MONEY, "Total", "金额"),
)


async def sources(conn: Connection, caller: Caller) -> list[Source]:
    """Return sales orders, if the caller may read them."""
    if not caller.may(Permission.ORDERS_READ) or Feature.ORDERS in caller.features_off:
        return []
    customer = "{r}.customer_id = {t}.customer_id"
    orders = Source(
        name="sales_orders",
        label_en="Sales orders",
        label_zh="订单",
        table="crm.sales_order",
        key="order_id",
        fields=_ORDER,
        references=references_of(
            Reference("agent", "agents", "Agent", "{r}.user_id = {t}.agent_id", "坐席"),
            Reference("owner", "agents", "Owner", "{r}.user_id = {t}.owner_id", "负责人"),
            Reference("customer", "customers", "Customer", customer, "客户"),
        ),
        scope=_of_seen(caller, "{t}"),
        search=("order_number",),
        title=("order_number", "state", "total", "currency"),
        newest="created_at",
    )
    lines = Source(
        name="sales_order_lines",
        label_en="Lines of sales orders",
        label_zh="订单明细",
        table="crm.sales_order_line",
        key="line_key",
        fields=_LINE,
        references=references_of(
            Reference("order", "sales_orders", "Order", "{r}.order_id = {t}.order_id", "订单")
        ),
        scope=_lines_of_seen(caller),
        search=("code", "name"),
        title=("code", "name", "quantity"),
    )
    return [orders, lines]


def _of_seen(caller: Caller, alias: str) -> Fragment | None:
    """Return the condition of his own orders and those of customers whom he sees; None: all."""
    his = scopes.of(caller)
    if his.is_all:
        return None
    sql = scopes.of_rows(alias, "{0}::uuid", "{1}", own=OWN)
    return Fragment(sql, (his.tenant_id, his.user_id))


def _lines_of_seen(caller: Caller) -> Fragment | None:
    orders = _of_seen(caller, "o")
    if orders is None:
        return None
    return Fragment(
        "{t}.order_id IN (SELECT o.order_id FROM crm.sales_order o "  # noqa: S608 - constants
        f"WHERE o.tenant_id = {{0}}::uuid AND {orders.sql})",
        orders.values,
    )
