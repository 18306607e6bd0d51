"""Customers by what is true of them: as conditions, all of them, how many."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from ringway.crm_api.customers import scope as scopes
from ringway.crm_api.customers.fields import OWN, Compared, Fields, Type
from ringway.crm_api.customers.filters import CustomerCondition, CustomerFilter, CustomerOp, Pool
from ringway.crm_api.customers.scope import Scope
from ringway.crm_api.customers.store import COLUMNS, Customer, customer_of
from ringway.crm_api.errors import Invalid
from ringway.runtime.postgres import Connection

_SQL = {
    CustomerOp.EQ: "=",
    CustomerOp.LT: "<",
    CustomerOp.LE: "<=",
    CustomerOp.GT: ">",
    CustomerOp.GE: ">=",
}


class Parameters(list[Any]):
    """The values of a statement, numbered as they are added."""

    def add(self, value: object, type_: str = "") -> str:
        """Return the parameter that stands for ``value``."""
        self.append(value)
        return f"${len(self)}{f'::{type_}' if type_ else ''}"


Filters = Sequence[CustomerFilter]  # what all of them mean; see segments.resolved


def condition(wanted: Filters, scope: Scope, fields: Fields, args: Parameters) -> str:
    """Return what is true of the customers (``c``) that ``wanted`` means inside of ``scope``.

    Raises:
        Invalid: A condition names a field that there is not, or compares it with nonsense.
    """
    tenant = args.add(scope.tenant_id, "uuid")
    few = any(each.phone_e164 is not None for each in wanted)
    parts = [scopes.condition(scope, "c", tenant, args.add(scope.user_id, "uuid"), few=few)]
    for each in wanted:
        parts += _parts(each, tenant, fields, args)
    return " AND ".join(f"({part})" for part in parts)


def _parts(wanted: CustomerFilter, tenant: str, fields: Fields, args: Parameters) -> list[str]:
    parts: list[str] = []
    put = parts.append

    def compare(sql: str, value: object, type_: str = "") -> None:
        if value is not None:
            put(f"{sql} {args.add(value, type_)}")

    if wanted.phone_e164 is not None:
        put(
            "c.customer_id IN (SELECT n.customer_id FROM crm.customer_number n "  # noqa: S608
            f"WHERE n.tenant_id = {tenant} "
            f"AND n.phone_e164 = {args.add(wanted.phone_e164, 'text')})"
        )
    compare("c.batch_number =", wanted.batch_number)
    if wanted.name is not None:
        put(f"strpos(lower(c.name), lower({args.add(wanted.name, 'text')})) > 0")
    compare("c.created_at >=", wanted.created_from)
    compare("c.created_at <", wanted.created_before)
    compare("c.updated_at >=", wanted.changed_from)
    compare("c.updated_at <", wanted.changed_before)
    compare("c.kind =", wanted.kind)
    compare("c.owner_id =", wanted.owner_id)
    if wanted.pool is not None:
        put(f"c.owner_id IS {'' if wanted.pool is Pool.PUBLIC else 'NOT '}NULL")
    if wanted.grade:
        put(f"c.grade = ANY ({args.add(wanted.grade, 'text[]')})")
    compare("c.intent =", wanted.intent)
    if wanted.lead_status:
        put(f"c.lead_status = ANY ({args.add(list(wanted.lead_status), 'text[]')})")
    for tag in wanted.tag:
        put(
            "c.customer_id IN (SELECT t.customer_id FROM crm.customer_tag t WHERE t.tenant_id = "  # noqa: S608
            f"{tenant} AND t.tag = {args.add(tag, 'text')})"
        )
    compare("c.follow_up_at <", wanted.follow_up_before)
    if wanted.idle_from is not None or wanted.idle_before is not None:
        put("c.owner_id IS NOT NULL")
    compare("c.idle_since >=", wanted.idle_from)
    compare("c.idle_since <", wanted.idle_before)
    for key, text in wanted.wanted_data.items():
        put(_own_text(key, text, fields, args))
    parts += [compare_sql(each, fields, args) for each in wanted.where]
    return parts


def compare_sql(each: CustomerCondition, fields: Fields, args: Parameters) -> str:
    """Return one comparison over ``c``. Raises Invalid as :func:`condition`."""
    found = fields.find(each.field)
    if found is None:
        key = args.add(each.field.removeprefix(OWN), "text")
        found = Compared(f"(c.data->>{key})", Type.TEXT)
    if each.op in (CustomerOp.EMPTY, CustomerOp.FILLED):
        test = f"{found.sql} IS NULL"
        if found.empty is not None:
            test += f" OR {found.sql} = {found.empty}"
        elif found.type is Type.TEXT:
            test = f"coalesce({found.sql}, '') = ''"
        return test if each.op is CustomerOp.EMPTY else f"NOT ({test})"
    if each.op is CustomerOp.IN:
        if not each.values:
            raise Invalid("condition_invalid", f"{each.field}: `in` needs values.")
        values = [parsed(each.field, found.type, value) for value in each.values]
        return f"{found.sql} = ANY ({args.add(values, f'{found.type}[]')})"
    if each.value is None:
        raise Invalid("condition_invalid", f"{each.field}: {each.op} needs a value.")
    value = parsed(each.field, found.type, each.value)
    if fields.is_begun(each.field, each.op):
        found = replace(found, sql=f"coalesce({found.sql}, {found.sql})")
    if each.op is CustomerOp.PREFIX:
        if found.type is not Type.TEXT:
            raise Invalid("condition_invalid", f"{each.field}: only texts have a prefix.")
        if found.empty is None:
            return f"starts_with({found.sql}, {args.add(value, 'text')})"
        # A range of the field's key column, which its index serves: see expressions.py.
        test = f"{found.sql} >= {args.add(value, 'text')}"
        end = after_prefix(str(value))
        return test if end is None else f"{test} AND {found.sql} < {args.add(end, 'text')}"
    parameter = args.add(value, found.type)
    if each.op is CustomerOp.NE:
        return f"{found.sql} IS DISTINCT FROM {parameter}"
    test = f"{found.sql} {_SQL[each.op]} {parameter}"
    if found.empty is not None and each.op in (CustomerOp.LT, CustomerOp.LE):
        test += f" AND {found.sql} > {found.empty}"
    return test


def after_prefix(prefix: str) -> str | None:
    """Return the least text, by code points, after all that begin so; None: there is none."""
    kept = prefix.rstrip("\U0010ffff")
    if not kept:
        return None
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(0xE000 if following == 0xD800 else following)


_PARSE: dict[Type, Callable[[str], object]] = {
    Type.TEXT: str,
    Type.NUMBER: Decimal,
    Type.FLOAT: float,
    Type.DATE: date.fromisoformat,
    Type.ID: UUID,
}


def parsed(name: str, kind: Type, value: str | float | bool) -> object:
    """Return a value as ``kind`` is compared. Raises Invalid."""
    try:
        if kind is Type.BOOLEAN:
            return {"true": True, "false": False}[str(value).lower()]
        if isinstance(value, bool):
            raise ValueError
        if kind is Type.TIME:
            at = datetime.fromisoformat(str(value))
            if at.tzinfo is None:
                raise ValueError
            return at
        found = _PARSE[kind](str(value))
        if isinstance(found, Decimal | float) and not math.isfinite(found):
            raise ValueError
    except (ValueError, KeyError, InvalidOperation):
        raise Invalid("condition_invalid", f"{name}: not a {_NAMES[kind]}: {value}.") from None
    return found


_NAMES = {
    Type.TEXT: "text",
    Type.NUMBER: "number",
    Type.FLOAT: "number",
    Type.BOOLEAN: "boolean",
    Type.DATE: "date (2026-01-31)",
    Type.TIME: "time with its offset",
    Type.ID: "id",
}


def _own_text(key: str, text: str, fields: Fields, args: Parameters) -> str:
    if fields.is_list(key):
        return f"c.data->{args.add(key, 'text')} ? {args.add(text, 'text')}"
    # Not checked again: a pair may be longer than the value of a condition in a body.
    wanted = CustomerCondition.model_construct(
        field=f"{OWN}{key}", op=CustomerOp.EQ, value=text.strip(), values=[]
    )
    return compare_sql(wanted, fields, args)


async def each(
    conn: Connection, *, wanted: Filters, scope: Scope, fields: Fields
) -> AsyncIterator[Customer]:
    """Yield customers, oldest first; the caller's transaction holds the cursor."""
    args = Parameters()
    base = condition(wanted, scope, fields, args)
    query = f"SELECT {COLUMNS} FROM crm.customer c WHERE {base} ORDER BY c.customer_id"  # noqa: S608
    async for row in conn.cursor(query, *args, prefetch=1_000):
        yield customer_of(row)


async def count(conn: Connection, *, wanted: Filters, scope: Scope, fields: Fields) -> int:
    """Return how many customers are meant."""
    args = Parameters()
    base = condition(wanted, scope, fields, args)
    found: int = await conn.fetchval(
        f"SELECT count(*) FROM crm.customer c WHERE {base}",  # noqa: S608 - see fields.py
        *args,
    )
    return found
