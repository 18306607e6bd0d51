"""Customers whom the caller sees, with the own fields of the enterprise, and their follow-ups."""

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
from ringway.crm_api.customers import scope as rule
from ringway.crm_api.objects import catalogue as objects
from ringway.crm_api.queriers.sources.making import field
from ringway.crm_api.queriers.sources.own_fields import own_fields
from ringway.runtime.postgres import Connection

_K = FieldKind
_CUSTOMER = fields_of(
    field("customer_id", _K.ID, "Id", "编号"),
    field("name", _K.TEXT, "Name", "姓名"),
    field("phone_e164", _K.TEXT, "Number", "号码"),
    field("kind", _K.TEXT, "Kind", "类型", options=("person", "company")),
    field("title", _K.TEXT, "Title", "称呼"),
    field("sex", _K.TEXT, "Sex", "性别", options=("female", "male", "other")),
    field("birth_date", _K.DATE, "Born", "生日"),
    field("emails", _K.LIST, "E-mail addresses", "邮箱"),
    field("language", _K.TEXT, "Language", "语言"),
    field("owner_id", _K.ID, "Owner's id", "归属坐席编号"),
    field("owned_since", _K.TIME, "Owned since", "归属时间"),
    field("grade", _K.TEXT, "Grade", "等级"),
    field("intent", _K.TEXT, "Intent", "意向"),
    field("tags", _K.LIST, "Tags", "标签"),
    field("lead_status", _K.TEXT, "Stage", "阶段"),
    field("follow_up_at", _K.TIME, "To be followed up", "待跟进"),
    field("followed_up_at", _K.TIME, "Followed up", "最近跟进"),
    field("batch_number", _K.TEXT, "Batch", "批次"),
    field("created_at", _K.TIME, "Created", "创建时间"),
    field("updated_at", _K.TIME, "Changed", "修改时间"),
)
_FOLLOW_UP = fields_of(
    field("follow_up_id", _K.ID, "Id", "编号"),
    field("customer_id", _K.ID, "Customer's id", "客户编号"),
    field("user_id", _K.ID, "User's id", "用户编号"),
    field("note", _K.TEXT, "Note", "备注"),
    field("due_at", _K.TIME, "Due", "计划时间"),
    field("done_at", _K.TIME, "Done", "完成时间"),
    field("result", _K.TEXT, "Result", "结果"),
    field("created_at", _K.TIME, "Created", "创建时间"),
)


async def sources(conn: Connection, caller: Caller) -> list[Source]:
    """Return customers and follow-ups, those of the customers whom the caller sees."""
    if not caller.may(Permission.CUSTOMERS_READ):
        return []
    found = await objects.customer(conn, tenant_id=caller.tenant_id)
    fields, references = (
        dict(_CUSTOMER),
        references_of(
            Reference("owner", "agents", "Owner", "{r}.user_id = {t}.owner_id", "归属坐席")
        ),
    )
    if found is not None and objects.may(found.definition, caller, "read"):
        own = own_fields(objects.fields_seen(found.definition, caller), found.columns)
        fields |= own.fields
        references |= own.references
    customers = Source(
        name="customers",
        label_en="Customers",
        label_zh="客户",
        table="crm.customer",
        key="customer_id",
        fields=fields,
        references=references,
        scope=seen(caller),
        search=("name", "phone_e164"),
        title=("name", "phone_e164", "grade"),
        newest="customer_id",
    )
    return [customers, _follow_ups(caller)]


def seen(caller: Caller) -> Fragment | None:
    """Return the condition of the customers whom the caller sees; None: all."""
    his = rule.of(caller)
    if his.is_all:
        return None
    sql = rule.condition(his, "{t}", "{0}::uuid", "{1}")
    return Fragment(sql, (his.tenant_id, his.user_id))


def _follow_ups(caller: Caller) -> Source:
    his = rule.of(caller)
    inner = rule.condition(his, "c", "{0}::uuid", "{1}")
    of_seen = (
        "{t}.customer_id IN (SELECT c.customer_id FROM crm.customer c "  # noqa: S608 - constants
        f"WHERE c.tenant_id = {{0}}::uuid AND {inner})"
    )
    customer = "{r}.customer_id = {t}.customer_id"
    return Source(
        name="follow_ups",
        label_en="Follow-ups",
        label_zh="跟进",
        table="crm.follow_up",
        key="follow_up_id",
        fields=_FOLLOW_UP,
        references=references_of(
            Reference("customer", "customers", "Customer", customer, "客户"),
            Reference("user", "agents", "By", "{r}.user_id = {t}.user_id", "跟进人"),
        ),
        scope=None if his.is_all else Fragment(of_seen, (his.tenant_id, his.user_id)),
        newest="follow_up_id",
    )
