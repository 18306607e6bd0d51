"""Work orders that concern the caller, with their own fields, and what they are about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.core.objects.definition import Kind
from ringway.crm_api.core.queriers.catalogue import (
    FieldKind,
    Fragment,
    Reference,
    Source,
    fields_of,
    references_of,
)
from ringway.crm_api.features import Feature
from ringway.crm_api.objects import catalogue as objects
from ringway.crm_api.queriers.sources.making import field
from ringway.crm_api.queriers.sources.own_fields import Own, own_fields
from ringway.crm_api.work_orders.reach import Reach, reach_of
from ringway.runtime.postgres import Connection

_K = FieldKind
_ORDER = fields_of(
    field("work_order_id", _K.ID, "Id", "编号"),
    field("number", _K.TEXT, "Number", "工单号"),
    field("kind", _K.TEXT, "Kind", "受理类型"),
    field("step", _K.TEXT, "Step", "步骤"),
    field(
        "step_kind", _K.TEXT, "State", "状态", options=("open", "waiting", "done", "cancelled")
    ),
    field("title", _K.TEXT, "Title", "标题"),
    field("description", _K.TEXT, "Description", "描述"),
    field("priority", _K.INTEGER, "Priority", "优先级"),
    field("source", _K.TEXT, "Came by", "来源"),
    field("customer_id", _K.ID, "Customer's id", "客户编号"),
    field("customer_name", _K.TEXT, "Customer's name", "客户姓名"),
    field("phone_e164", _K.TEXT, "Number of the customer", "客户号码"),
    field("assignee_id", _K.ID, "Assignee's id", "处理人编号"),
    field("team_id", _K.ID, "Team's id", "班组编号"),
    field("times_reopened", _K.INTEGER, "Times reopened", "重开次数"),
    field("response_due_at", _K.TIME, "To be answered by", "响应期限"),
    field("responded_at", _K.TIME, "Answered", "响应时间"),
    field("resolution_due_at", _K.TIME, "To be resolved by", "解决期限"),
    field("resolved_at", _K.TIME, "Resolved", "解决时间"),
    field(
        "is_breached", _K.BOOLEAN, "A promise was broken", "已超时",
        sql="(coalesce({t}.response_breached_at, {t}.resolution_breached_at) IS NOT NULL)",
    ),
    field("created_at", _K.TIME, "Created", "创建时间"),
    field("updated_at", _K.TIME, "Changed", "修改时间"),
)  # fmt: skip
_TYPE = fields_of(
    field("business_type_id", _K.ID, "Id", "编号"),
    field("name", _K.TEXT, "Business type", "业务类型", sql="{t}.name_en"),
    field("name_zh", _K.TEXT, "Chinese name", "中文名"),
    field("kind", _K.TEXT, "Kind", "受理类型"),
    field("is_active", _K.BOOLEAN, "In use", "启用"),
)
_REFERENCES = references_of(
    Reference(
        "type",
        "business_types",
        "Business type",
        "{r}.business_type_id = {t}.business_type_id",
        "业务类型",
    ),
    Reference("assignee", "agents", "Assignee", "{r}.user_id = {t}.assignee_id", "处理人"),
    Reference("creator", "agents", "Creator", "{r}.user_id = {t}.created_by", "创建人"),
    Reference("team", "teams", "Team", "{r}.team_id = {t}.team_id", "班组"),
    Reference("customer", "customers", "Customer", "{r}.customer_id = {t}.customer_id", "客户"),
    Reference(
        "interaction",
        "interactions",
        "Interaction",
        "{r}.interaction_id = {t}.interaction_id",
        "通话",
    ),
)


async def sources(conn: Connection, caller: Caller) -> list[Source]:
    """Return work orders and business types, if the caller may read orders."""
    may = caller.may(Permission.WORK_ORDERS_READ)
    if not may or Feature.WORK_ORDERS in caller.features_off:
        return []
    stored = await objects.of_kind(conn, tenant_id=caller.tenant_id, kind=Kind.WORK_ORDER)
    own = _own(stored, caller)
    orders = Source(
        name="work_orders",
        label_en="Work orders",
        label_zh="工单",
        table="crm.work_order",
        key="work_order_id",
        fields=_ORDER | own.fields,
        references=_REFERENCES | own.references,
        scope=_scope(await reach_of(conn, caller)),
        search=("number", "title", "customer_name", "phone_e164"),
        title=("number", "title", "step_kind", "customer_name"),
        newest="work_order_id",
    )
    types = Source(
        name="business_types",
        label_en="Business types",
        label_zh="业务类型",
        table="crm.business_type",
        key="business_type_id",
        fields=_TYPE,
    )
    return [orders, types]


def _scope(reach: Reach) -> Fragment:
    if reach.sees_all:
        return Fragment("{t}.deleted_at IS NULL")
    concerns = reach.condition("{1}::uuid", "{2}::uuid[]")
    sql = (
        "{t}.deleted_at IS NULL AND {t}.work_order_id IN ("  # noqa: S608 - constants
        f"SELECT o.work_order_id FROM crm.work_order o WHERE o.tenant_id = {{0}}::uuid "
        f"AND {concerns})"
    )
    return Fragment(sql, (reach.tenant_id, reach.user_id, reach.team_ids))


def _own(stored: Iterable[objects.StoredObject], caller: Caller) -> Own:
    """Return the own fields of all objects of orders; of one key the oldest object's."""
    found = Own({}, {})
    for each in stored:
        if not objects.may(each.definition, caller, "read"):
            continue
        own = own_fields(objects.fields_seen(each.definition, caller), each.columns)
        # Only in orders of this object: another's value under the same key may be hidden.
        here = f"{{t}}.object_id = '{each.object_id}'::uuid"
        for name, known in own.fields.items():
            sql = f"(CASE WHEN {here} THEN {known.sql} END)"
            order = f"(CASE WHEN {here} THEN {known.order} END)" if known.order else ""
            key = replace(known.key, only=here) if known.key is not None else None
            found.fields.setdefault(name, replace(known, sql=sql, order=order, key=key))
        for name, reference in own.references.items():
            on = f"{here} AND {reference.on}"
            found.references.setdefault(name, replace(reference, on=on))
    return found
