"""Customers by what is true of them: pages in any order, all of them, how many."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

import asyncpg

from ringway.crm_api.customers import scope as scopes
from ringway.crm_api.customers.fields import OWN, Compared, Fields, Type
from ringway.crm_api.customers.filters import CustomerCondition, CustomerFilter, CustomerOp, Pool
from ringway.crm_api.customers.scope import Scope
from ringway.crm_api.customers.store import COLUMNS, Customer, customer_of
from ringway.crm_api.errors import BadRequest, Invalid
from ringway.runtime.postgres import Connection

# Of the transaction of a page: values decide which index is the right one, and tenants differ.
PLANNED = {"plan_cache_mode": "force_custom_plan"}
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


@dataclass(frozen=True, slots=True)
class Order:
    """How a list is sorted: by a field, or by when customers were made (``field`` None)."""

    field: Compared | None = None
    name: str = ""
    descending: bool = True


def order(fields: Fields, sort: str | None) -> Order:
    """Return the order that `sort` names, newest customers first when it is None.

    Raises:
        Invalid: Lists are not sorted by it.
    """
    if sort is None:
        return Order()
    name = sort.removeprefix("-")
    if name == "created_at":
        return Order(None, name, sort.startswith("-"))
    found = fields.find(name)
    if found is None or not found.is_sorted:
        raise Invalid(
            "sort_unknown", f"Customers are not sorted by {name[:100]}. Own fields need an index."
        )
    return Order(found, name, sort.startswith("-"))


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
    if each.op is CustomerOp.PREFIX:
        if found.type is not Type.TEXT:
            raise Invalid("condition_invalid", f"{each.field}: only texts have a prefix.")
        return f"starts_with({found.sql}, {args.add(value, 'text')})"
    parameter = args.add(value, found.type)
    if each.op is CustomerOp.NE:
        return f"{found.sql} IS DISTINCT FROM {parameter}"
    test = f"{found.sql} {_SQL[each.op]} {parameter}"
    if found.empty is not None and each.op in (CustomerOp.LT, CustomerOp.LE):
        test += f" AND {found.sql} > {found.empty}"
    return test


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
    return compare_sql(
        CustomerCondition(field=f"{OWN}{key}", op=CustomerOp.EQ, value=text), fields, args
    )


async def page(
    conn: Connection,
    *,
    wanted: Filters,
    scope: Scope,
    fields: Fields,
    sort: Order,
    after: Sequence[str] | None,
    limit: int,
) -> tuple[list[Customer], list[list[str]]]:
    """Return customers in order, and of each the place after which the next page would begin.

    Those who have nothing in the field of the order come last, whichever way it runs.

    Raises:
        BadRequest: ``after`` is no place in this order.
    """
    if sort.field is None:
        args = Parameters()
        base = condition(wanted, scope, fields, args)
        more, way = (" AND c.customer_id < ", "DESC") if sort.descending else (
            " AND c.customer_id > ", "ASC",
        )  # fmt: skip
        if after is not None:
            base += f"{more}{args.add(_id_of(after))}"
        rows = await conn.fetch(
            f"SELECT {COLUMNS} FROM crm.customer c WHERE {base} "  # noqa: S608 - see fields.py
            f"ORDER BY c.customer_id {way} LIMIT {args.add(limit)}",
            *args,
        )
        return [customer_of(row) for row in rows], [[str(row["customer_id"])] for row in rows]
    found: list[asyncpg.Record] = []
    places: list[list[str]] = []
    # Two questions, each of which one index answers: those with a value, then those without.
    for part in ("v", "n"):
        if after is not None and after[0] == "n" and part == "v":
            continue
        place = after if after is not None and after[0] == part else None
        rows = await _part(conn, wanted, scope, fields, sort.field, sort.descending, part, place,
                           limit - len(found))  # fmt: skip
        found += rows
        places += [[part, row["sort_key"] or "", str(row["customer_id"])] for row in rows]
        if len(found) >= limit:
            break
    return [customer_of(row) for row in found], places


async def _part(
    conn: Connection,
    wanted: Filters,
    scope: Scope,
    fields: Fields,
    by: Compared,
    descending: bool,
    part: str,
    after: Sequence[str] | None,
    limit: int,
) -> list[asyncpg.Record]:
    args = Parameters()
    base = condition(wanted, scope, fields, args)
    way, than = ("DESC", "<") if descending else ("ASC", ">")
    if part == "v":
        base += f" AND {by.sql} IS NOT NULL"
        if by.empty is not None:
            base += f" AND {by.sql} > {by.empty}"
        key = f"{by.sql} {way}, "
        if after is not None:
            value = f"({args.add(after[1], 'text')})::{by.type}"
            base += f" AND ({by.sql}, c.customer_id) {than} ({value}, {args.add(_id_of(after))})"
    else:
        base += f" AND {by.sql} IS NULL" if by.empty is None else f" AND {by.sql} = {by.empty}"
        key = ""
        if after is not None:
            base += f" AND c.customer_id {than} {args.add(_id_of(after))}"
    try:
        return await conn.fetch(
            f"SELECT {COLUMNS}, ({by.sql})::text AS sort_key FROM crm.customer c "  # noqa: S608
            f"WHERE {base} ORDER BY {key}c.customer_id {way} LIMIT {args.add(limit)}",
            *args,
        )
    except asyncpg.DataError as error:
        if after is None:
            raise
        raise _bad_place() from error


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


def _id_of(place: Sequence[str]) -> UUID:
    try:
        return UUID(place[-1])
    except ValueError as error:
        raise _bad_place() from error


def _bad_place() -> BadRequest:
    return BadRequest("cursor_invalid", "Use next_cursor of the previous page unchanged.")
