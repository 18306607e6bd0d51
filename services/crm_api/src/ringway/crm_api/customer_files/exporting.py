"""Exports of customers: which columns, and how a customer's values stand in cells."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.customer_files.reasons import FileLanguage
from ringway.crm_api.core.objects.definition import Field, FieldType
from ringway.crm_api.customer_files.export_schemas import ExportBody
from ringway.crm_api.customers import scope, search, service, store
from ringway.crm_api.customers.fields import OWN, Fields
from ringway.crm_api.customers.store import Customer
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Invalid
from ringway.crm_api.objects import catalogue
from ringway.crm_api.tables.writer import MAX_XLSX_ROWS, Format, writer
from ringway.runtime.postgres import Connection

_PAGE = 1_000
_WITHOUT_CENTS = frozenset({"JPY", "KRW", "VND", "CLP", "ISK"})
_Cell = Callable[[Customer], str]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its headers in English and Chinese, and what its cells hold."""

    name: str
    english: str
    chinese: str
    cell: _Cell


def _of(name: str) -> _Cell:
    return lambda customer: _text(getattr(customer, name))


def _phone(position: int) -> _Cell:
    def cell(customer: Customer) -> str:
        others = [n.phone_e164 for n in customer.numbers if not n.is_primary]
        return others[position] if position < len(others) else ""

    return cell


def _address(name: str) -> _Cell:
    return lambda customer: customer.address.get(name, "")


def _contacts(customer: Customer) -> str:
    return orjson.dumps(customer.contacts).decode() if customer.contacts else ""


# Headers are such that an import knows them again.
RECORD: tuple[Column, ...] = (
    Column("customer_id", "customer_id", "客户编号", _of("customer_id")),
    Column("kind", "kind", "kind", _of("kind")),
    Column("name", "name", "姓名", _of("name")),
    Column("title", "title", "称谓", _of("title")),
    Column("sex", "sex", "性别", _of("sex")),
    Column("birth_date", "birth_date", "生日", _of("birth_date")),
    Column("phone_e164", "phone", "电话", _of("phone_e164")),
    Column("phone_2", "phone2", "电话2", _phone(0)),
    Column("phone_3", "phone3", "电话3", _phone(1)),
    Column("phone_4", "phone4", "电话4", _phone(2)),
    Column("emails", "email", "邮箱", lambda c: c.emails[0] if c.emails else ""),
    Column("all_emails", "all_emails", "全部邮箱", lambda c: " ".join(c.emails)),
    Column("street", "street", "地址", _address("street")),
    Column("city", "city", "城市", _address("city")),
    Column("region", "region", "省份", _address("region")),
    Column("postal_code", "postal_code", "邮编", _address("postal_code")),
    Column("country", "country", "国家", _address("country")),
    Column("contacts", "contacts", "联系人信息", _contacts),
    Column("language", "language", "语言", _of("language")),
    Column("time_zone", "time_zone", "时区", _of("time_zone")),
    Column("grade", "grade", "等级", _of("grade")),
    Column("intent", "intent", "意向", _of("intent")),
    Column("lead_status", "lead_status", "状态", _of("lead_status")),
    Column("tags", "tags", "标签", lambda c: ",".join(c.tags)),
    Column("owner_id", "owner_id", "负责人", _of("owner_id")),
    Column("follow_up_at", "follow_up_at", "下次跟进", _of("follow_up_at")),
    Column("followed_up_at", "followed_up_at", "最近跟进", _of("followed_up_at")),
    Column("batch_number", "batch_number", "批次号", _of("batch_number")),
    Column("created_at", "created_at", "创建时间", _of("created_at")),
    Column("updated_at", "updated_at", "更新时间", _of("updated_at")),
)
_BY_NAME = {column.name: column for column in RECORD}
_SHIPPED = tuple(column.name for column in RECORD if column.name not in ("all_emails", "contacts"))


async def lines(deps: Deps, caller: Caller, wanted: ExportBody) -> AsyncIterator[bytes]:
    """Return the file, piece by piece, and note in the audit log how many it is about.

    Raises:
        Invalid: A column or a condition does not exist for the caller, or there are too many rows.
        NotFound: There is no such segment.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        filters, fields = await service.meant(conn, caller, wanted.filter)
        columns = _columns(wanted, fields, caller)
        number = await _count(conn, caller, filters, fields, wanted.customer_ids)
        if wanted.format is Format.XLSX and number > MAX_XLSX_ROWS:
            raise Invalid("too_many_rows", f"{number} rows do not fit into a sheet: export CSV.")
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action="customers.exported",
            object_type="customer",
            detail={
                "customers": number,
                "format": wanted.format,
                "columns": [column.name for column in columns],
                # Names only: what is compared with may be personal.
                "condition": sorted(wanted.filter.model_fields_set),
            },
        )
    return _pieces(deps, caller, wanted, filters, fields, columns)


async def _pieces(
    deps: Deps,
    caller: Caller,
    wanted: ExportBody,
    filters: search.Filters,
    fields: Fields,
    columns: Sequence[Column],
) -> AsyncIterator[bytes]:
    out = writer(wanted.format)
    is_chinese = wanted.language is FileLanguage.CHINESE
    yield out.begin([c.chinese if is_chinese else c.english for c in columns])
    after = UUID(int=0)
    while True:
        # A transaction for each page: a slow reader holds no connection.
        async with deps.pool.tenant(caller.tenant_id) as conn:
            page = await _page(conn, caller, filters, fields, wanted.customer_ids, after)
        if not page:
            break
        yield out.rows([[column.cell(customer) for column in columns] for customer in page])
        after = page[-1].customer_id
    yield out.end()


async def _page(
    conn: Connection,
    caller: Caller,
    filters: search.Filters,
    fields: Fields,
    ids: Sequence[UUID],
    after: UUID,
) -> list[Customer]:
    args = search.Parameters()
    base = _condition(caller, filters, fields, ids, args)
    rows = await conn.fetch(
        f"SELECT {store.COLUMNS} FROM crm.customer c WHERE {base} "  # noqa: S608 - see fields.py
        f"AND c.customer_id > {args.add(after)} ORDER BY c.customer_id LIMIT {args.add(_PAGE)}",
        *args,
    )
    return [store.customer_of(row) for row in rows]


async def _count(
    conn: Connection,
    caller: Caller,
    filters: search.Filters,
    fields: Fields,
    ids: Sequence[UUID],
) -> int:
    args = search.Parameters()
    base = _condition(caller, filters, fields, ids, args)
    number: int = await conn.fetchval(
        f"SELECT count(*) FROM crm.customer c WHERE {base}",  # noqa: S608 - see fields.py
        *args,
    )
    return number


def _condition(
    caller: Caller,
    filters: search.Filters,
    fields: Fields,
    ids: Sequence[UUID],
    args: search.Parameters,
) -> str:
    base = search.condition(filters, scope.of(caller), fields, args)
    return f"{base} AND c.customer_id = ANY ({args.add(list(ids), 'uuid[]')})" if ids else base


def _columns(wanted: ExportBody, fields: Fields, caller: Caller) -> list[Column]:
    own: dict[str, Column] = {}
    if fields.own is not None:
        for each in catalogue.fields_seen(fields.own.definition, caller):
            if each.type is not FieldType.ATTACHMENT:
                own[f"{OWN}{each.key}"] = _own(each, wanted.language)
    if not wanted.columns:
        return [*(_BY_NAME[name] for name in _SHIPPED), *own.values()]
    found = []
    for name in wanted.columns:
        column = _BY_NAME.get(name) or own.get(name)
        if column is None and fields.own is None and name.startswith(OWN):
            column = _free(name.removeprefix(OWN))
        if column is None:
            raise Invalid("column_unknown", f"Customers have no column {name[:100]} for you.")
        found.append(column)
    return found


def _free(key: str) -> Column:
    return Column(f"{OWN}{key}", key, key, lambda c: _text(c.data.get(key)))


def _own(field: Field, language: FileLanguage) -> Column:
    is_chinese = language is FileLanguage.CHINESE
    names = {
        each.key: (each.name_zh or each.name_en) if is_chinese else each.name_en
        for each in field.options or ()
    }

    def cell(customer: Customer) -> str:
        value = customer.data.get(field.key)
        if isinstance(value, list):
            return ",".join(names.get(each, str(each)) for each in value)
        if isinstance(value, str):
            return names.get(value, value)
        if field.value_type is FieldType.MONEY and isinstance(value, int):
            return _money(value, field.currency)
        return _text(value)

    return Column(f"{OWN}{field.key}", field.name_en, field.name_zh or field.name_en, cell)


def _money(minor: int, currency: str | None) -> str:
    if currency in _WITHOUT_CENTS:
        return str(minor)
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02}"


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return str(value)
