"""Pages of customers in any order, each as quick as the first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import asyncpg

from ringway.crm_api.core.objects.definition import LISTS
from ringway.crm_api.core.objects.pairs import Pair
from ringway.crm_api.customers.fields import OWN, Compared, Fields
from ringway.crm_api.customers.filters import CustomerFilter, CustomerOp
from ringway.crm_api.customers.scope import Scope
from ringway.crm_api.customers.search import Filters, Parameters, condition, parsed
from ringway.crm_api.customers.store import COLUMNS, Customer, customer_of
from ringway.crm_api.errors import BadRequest, Invalid
from ringway.runtime.postgres import Connection

Value = str | float | bool
# Of the transaction of a page: values decide which index is the right one, and tenants differ. One
# that reads too many customers is given up.
PLANNED = {"plan_cache_mode": "force_custom_plan", "statement_timeout": "8000"}


@dataclass(frozen=True, slots=True)
class Order:
    """How a list is sorted: by a field, or by when customers were made (``field`` None)."""

    field: Compared | None = None
    name: str = ""
    descending: bool = True


@dataclass(frozen=True, slots=True)
class _List:
    """What all statements of a page have in common."""

    wanted: Filters
    scope: Scope
    fields: Fields
    order: Order
    pair: Pair | None


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
        Invalid: A condition cannot be, or the list reads too many customers.
    """
    try:
        if sort.field is None:
            return await _by_age(conn, wanted, scope, fields, sort, after, limit)
        pair, rest = _paired(wanted, sort, fields)
        a_list = _List(rest, scope, fields, sort, pair)
        return await _by_field(conn, a_list, sort.field, after, limit)
    except asyncpg.QueryCanceledError as error:
        raise Invalid(
            "list_too_slow",
            "This list reads too many customers: add a filter that few of them fit, or let the "
            "object of customers name it in its lists.",
        ) from error


async def _by_age(
    conn: Connection,
    wanted: Filters,
    scope: Scope,
    fields: Fields,
    sort: Order,
    after: Sequence[str] | None,
    limit: int,
) -> tuple[list[Customer], list[list[str]]]:
    args = Parameters()
    base = condition(wanted, scope, fields, args)
    than, way = ("<", "DESC") if sort.descending else (">", "ASC")
    if after is not None:
        base += f" AND c.customer_id {than} {args.add(_id_of(after))}"
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM crm.customer c WHERE {base} "  # noqa: S608 - see fields.py
        f"ORDER BY c.customer_id {way} LIMIT {args.add(limit)}",
        *args,
    )
    return [customer_of(row) for row in rows], [[str(row["customer_id"])] for row in rows]


async def _by_field(
    conn: Connection, a_list: _List, by: Compared, after: Sequence[str] | None, limit: int
) -> tuple[list[Customer], list[list[str]]]:
    found: list[asyncpg.Record] = []
    places: list[list[str]] = []
    # Two questions, each of which one index answers: those with a value, then those without.
    for part in ("v", "n"):
        if after is not None and after[0] == "n" and part == "v":
            continue
        place = after if after is not None and after[0] == part else None
        rows = await _part(conn, a_list, by, part, place, limit - len(found))
        found += rows
        places += [[part, row["sort_key"] or "", str(row["customer_id"])] for row in rows]
        if len(found) >= limit:
            break
    return [customer_of(row) for row in found], places


async def _part(
    conn: Connection,
    a_list: _List,
    by: Compared,
    part: str,
    after: Sequence[str] | None,
    limit: int,
) -> list[asyncpg.Record]:
    args, sort = Parameters(), a_list.order
    fields = a_list.fields
    if after is not None:
        fields = replace(fields, begun=(sort.name, sort.descending))
    base = condition(a_list.wanted, a_list.scope, fields, args)
    way = "DESC" if sort.descending else "ASC"
    if a_list.pair is not None:
        key, more = _keyed(a_list.pair, sort, part, after, args)
    else:
        key, more = _sorted(by, sort, part, after, args)
    keys = f"{key} {way}, " if part == "v" else ""
    try:
        return await conn.fetch(
            f"SELECT {COLUMNS}, ({by.sql})::text AS sort_key FROM crm.customer c "  # noqa: S608 - see fields.py
            f"WHERE {base} AND {more} ORDER BY {keys}c.customer_id {way} LIMIT {args.add(limit)}",
            *args,
        )
    except asyncpg.DataError as error:
        if after is None:
            raise
        raise _bad_place() from error


def _sorted(
    by: Compared, sort: Order, part: str, after: Sequence[str] | None, args: Parameters
) -> tuple[str, str]:
    """Return what customers are ordered by, and the condition of one part after a place."""
    than = "<" if sort.descending else ">"
    if part == "n":
        test = f"{by.sql} IS NULL" if by.empty is None else f"{by.sql} = {by.empty}"
        return by.sql, test + _after_id(than, after, args)
    parts = [f"{by.sql} IS NOT NULL"]
    if by.empty is not None and (after is None or sort.descending):
        # Not also before a place: PostgreSQL would begin with it, and read all that is between.
        parts.append(f"{by.sql} > {by.empty}")
    if after is not None:
        value = f"({args.add(after[1], 'text')})::{by.type}"
        parts.append(f"({by.sql}, c.customer_id) {than} ({value}, {args.add(_id_of(after))})")
    return by.sql, " AND ".join(parts)


def _keyed(
    pair: Pair, sort: Order, part: str, after: Sequence[str] | None, args: Parameters
) -> tuple[str, str]:
    """As :func:`_sorted`, by a pair column, which has the filter's value before the order's."""
    column, than = f"c.{pair.column}", "<" if sort.descending else ">"
    empty = pair.key(pair.empty)
    if part == "n":
        return column, f"{column} = {args.add(empty, 'text')}" + _after_id(than, after, args)
    parts = [f"{column} < {args.add(pair.bounds[1], 'text')}"]
    if after is None or sort.descending:
        parts.append(f"{column} > {args.add(empty, 'text')}")
    if after is not None:
        try:
            key = pair.key(float(after[1]) if pair.order.is_number else after[1])
        except ValueError as error:
            raise _bad_place() from error
        if not empty < key < pair.bounds[1]:
            raise _bad_place()
        place = f"({args.add(key, 'text')}, {args.add(_id_of(after))})"
        parts.append(f"({column}, c.customer_id) {than} {place}")
    return column, " AND ".join(parts)


def _after_id(than: str, after: Sequence[str] | None, args: Parameters) -> str:
    return f" AND c.customer_id {than} {args.add(_id_of(after))}" if after is not None else ""


def _paired(wanted: Filters, sort: Order, fields: Fields) -> tuple[Pair | None, Filters]:
    """Return the pair column that serves a list, if there is one, and what else is wanted."""
    own = fields.own
    by = fields.own_field(sort.name.removeprefix(OWN)) if sort.name.startswith(OWN) else None
    if own is None or by is None:
        return None, wanted
    for n, each in enumerate(wanted):
        for key, value, rest in _equalities(each):
            found = fields.own_field(key)
            if found is None or found.value_type in LISTS:
                continue
            compared = fields.find(f"{OWN}{key}")
            asked = parsed(key, compared.type, value) if compared is not None else None
            if (pair := own.pair(found, by, asked)) is not None:
                return pair, [*wanted[:n], rest, *wanted[n + 1 :]]
    return None, wanted


def _equalities(wanted: CustomerFilter) -> Iterator[tuple[str, Value, CustomerFilter]]:
    """Yield the keys and values of "an own field is", each with the rest of the filter."""
    for key, value in wanted.wanted_data.items():
        rest = [each for each in wanted.data if not each.startswith(f"{key}=")]
        yield key, value, wanted.model_copy(update={"data": rest})
    for n, each in enumerate(wanted.where):
        if each.field.startswith(OWN) and each.op is CustomerOp.EQ and each.value is not None:
            others = [*wanted.where[:n], *wanted.where[n + 1 :]]
            key = each.field.removeprefix(OWN)
            yield key, each.value, wanted.model_copy(update={"where": others})


def _id_of(place: Sequence[str]) -> UUID:
    try:
        return UUID(place[-1])
    except ValueError as error:
        raise _bad_place() from error


def _bad_place() -> BadRequest:
    return BadRequest("cursor_invalid", "Use next_cursor of the previous page unchanged.")
