"""Lists of orders: filters, text, own fields, and any order with a keyset cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn
from uuid import UUID

import asyncpg

from ringway.crm_api.core.objects.definition import Definition, Field
from ringway.crm_api.errors import BadRequest, Invalid
from ringway.crm_api.objects import expressions
from ringway.crm_api.objects.catalogue import StoredObject
from ringway.crm_api.work_orders import own_values
from ringway.crm_api.work_orders.reach import Reach
from ringway.crm_api.work_orders.store import QUALIFIED, Order, order_of
from ringway.runtime.postgres import Connection

_FAR = "'9999-12-31T00:00:00Z'::timestamptz"
# By their names: the expression that a list is sorted by, never NULL, and its type.
_SORTS = {
    "created_at": ("o.created_at", "timestamptz"),
    "updated_at": ("o.updated_at", "timestamptz"),
    "due_at": (f"coalesce(o.resolution_due_at, {_FAR})", "timestamptz"),
    "priority": ("o.priority", "integer"),
    "number": ("lpad(substr(o.number, 2), 18, '0')", "text"),
}
_OWN = "data."
_FORMLESS = "-"  # before the id in a place among orders without the form of the field
_LINKED = """
    (o.interaction_id = {interaction} OR o.work_order_id IN (
        SELECT l.work_order_id FROM crm.work_order_link l
         WHERE l.tenant_id = {tenant} AND l.interaction_id = {interaction}))
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which orders are meant: those that everything given is true of. Empty is anything."""

    mine: bool = False
    my_teams: bool = False
    unassigned: bool = False
    open: bool | None = None
    overdue: bool = False
    step: Sequence[str] = ()
    business_type_id: Sequence[UUID] = ()
    kind: Sequence[str] = ()
    assignee_id: UUID | None = None
    team_id: UUID | None = None
    created_by: UUID | None = None
    customer_id: UUID | None = None
    phone_e164: str | None = None
    interaction_id: UUID | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None
    text: str | None = None
    data: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sort:
    """How a list is sorted. ``by`` is the own field, of the orders that have the form ``own``."""

    name: str = "created_at"
    expression: str = "o.created_at"
    type: str = "timestamptz"
    descending: bool = True
    own: StoredObject | None = None
    by: Field | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One page. ``after`` continues it: the last one's value and id; None: it is the last."""

    orders: list[Order]
    after: tuple[str, str] | None


class _Parameters(list[Any]):
    def add(self, value: object, type_: str) -> str:
        self.append(value)
        return f"${len(self)}::{type_}"


def sort_of(name: str | None, own: StoredObject | None, role: str) -> Sort:
    """Return what ``sort`` means: a name, with ``-`` before it from the greatest down.

    Raises:
        Invalid: Lists are not sorted by it.
    """
    if name is None:
        return Sort()
    plain, descending = name.removeprefix("-"), name.startswith("-")
    if plain in _SORTS:
        return Sort(plain, *_SORTS[plain], descending)
    found = None
    if own is not None and plain.startswith(_OWN):
        found = own_values.seen(own.definition, plain.removeprefix(_OWN), role)
    if own is None or found is None:
        names = ", ".join(_SORTS)
        raise Invalid(
            "sort_unknown",
            f"Sort by {names}, or by data.<field> together with one business_type_id.",
        )
    expression = expressions.sort_of(found, own.columns, "o")
    kind = "float8" if found.is_number else "text"
    return Sort(plain, expression, kind, descending, own, found)


async def page(
    conn: Connection,
    *,
    reach: Reach,
    wanted: Wanted,
    limit: int,
    sort: Sort | None = None,
    after: Sequence[str] | None = None,
    definition: Definition | None = None,
    now: datetime | None = None,
) -> Found:
    """Return orders that concern somebody.

    By an own field, orders without the form that has it come last, in the order of their making.

    Args:
        after: ``Found.after`` of the page before.
        definition: Of the own fields in ``wanted.data``.

    Raises:
        BadRequest: ``after`` does not fit ``sort``.
        Invalid: An own field does not exist, or cannot have the value; or the list reads too many
            orders.
    """
    order = sort or Sort()
    rows: list[asyncpg.Record] = []
    places: list[tuple[str, str]] = []
    is_last_part = after is not None and after[1].startswith(_FORMLESS)
    for is_formless in (False, True) if order.by is not None else (False,):
        if is_last_part and not is_formless:
            continue
        args = _Parameters()
        parts = _conditions(args, reach, wanted, definition, now)
        place = after if is_last_part == is_formless else None
        if is_formless:
            keys = _formless(args, parts, order, place)
        else:
            keys = _ordered(args, parts, order, place, wanted, reach.role)
        try:
            found = await conn.fetch(
                f"""
                SELECT {QUALIFIED}, ({order.expression})::text AS sorted_by FROM crm.work_order o
                 WHERE {" AND ".join(parts)} ORDER BY {keys}
                 LIMIT {args.add(limit + 1 - len(rows), "integer")}
                """,  # noqa: S608 - names of columns, and keys that are checked
                *args,
            )
        except asyncpg.QueryCanceledError as error:
            raise Invalid(
                "list_too_slow",
                "This list reads too many orders: add a filter that few of them fit.",
            ) from error
        rows += found
        begin = _FORMLESS if is_formless else ""
        places += [
            ("" if begin else row["sorted_by"], f"{begin}{row['work_order_id']}") for row in found
        ]
        if len(rows) > limit:
            break
    more = places[limit - 1] if len(rows) > limit else None
    return Found([order_of(row) for row in rows[:limit]], more)


def _ordered(
    args: _Parameters,
    parts: list[str],
    order: Sort,
    after: Sequence[str] | None,
    wanted: Wanted,
    role: str,
) -> str:
    """Add what is true of orders after a place, and return what they are ordered by."""
    sign, way = ("<", "DESC") if order.descending else (">", "ASC")
    column, kind = order.expression, order.type
    place = _key(after[0], order) if after is not None else None
    if order.own is not None and order.by is not None:
        parts.append(f"o.object_id = {args.add(order.own.object_id, 'uuid')}")
        # Said so that the column's partial index may serve.
        parts.append(f"{column} IS NOT NULL")
        pair = own_values.pair_of(order.own, order.by, wanted.data, role)
        if pair is not None:
            column, (first, end) = f"o.{pair.column}", pair.bounds
            parts.append(f"{column} < {args.add(end, 'text')}")
            if after is None or order.descending:
                # One bound only on the side where the page begins, or all between them is read.
                parts.append(f"{column} >= {args.add(first, 'text')}")
            if after is not None:
                place, kind = pair.key(place), "text"
    if after is not None:
        values = f"{args.add(place, kind)}, {args.add(_id(after[1]), 'uuid')}"
        parts.append(f"({column}, o.work_order_id) {sign} ({values})")
    return f"{column} {way}, o.work_order_id {way}"


def _formless(args: _Parameters, parts: list[str], order: Sort, after: Sequence[str] | None) -> str:
    """As :func:`_ordered`, of the orders that have another form or none."""
    assert order.own is not None
    parts.append(f"o.object_id IS DISTINCT FROM {args.add(order.own.object_id, 'uuid')}")
    if after is not None:
        last = args.add(_id(after[1].removeprefix(_FORMLESS)), "uuid")
        parts.append(f"o.work_order_id > {last}")
    return "o.work_order_id"


def _conditions(
    args: _Parameters,
    reach: Reach,
    wanted: Wanted,
    definition: Definition | None,
    now: datetime | None,
) -> list[str]:
    tenant = args.add(reach.tenant_id, "uuid")
    user, teams = args.add(reach.user_id, "uuid"), args.add(reach.team_ids, "uuid[]")
    parts = [f"o.tenant_id = {tenant}", "o.deleted_at IS NULL", reach.condition(user, teams)]
    put = parts.append
    if wanted.mine:
        put(f"o.assignee_id = {user}")
    if wanted.my_teams:
        put(f"o.team_id = ANY ({teams})")
    if wanted.unassigned:
        put("o.assignee_id IS NULL")
    if wanted.open is not None:
        put(f"o.step_kind {'' if wanted.open else 'NOT '}IN ('open', 'waiting')")
    if wanted.overdue:
        put("o.step_kind IN ('open', 'waiting')")
        at = args.add(now, "timestamptz")
        put(
            f"(o.resolution_due_at < {at} OR o.resolution_breached_at IS NOT NULL"
            f" OR o.response_due_at < {at})"
        )
    if wanted.step:
        put(f"o.step = ANY ({args.add(list(wanted.step), 'text[]')})")
    if wanted.business_type_id:
        put(f"o.business_type_id = ANY ({args.add(list(wanted.business_type_id), 'uuid[]')})")
    if wanted.kind:
        put(f"o.kind = ANY ({args.add(list(wanted.kind), 'text[]')})")
    for name in ("assignee_id", "team_id", "created_by", "customer_id"):
        if (value := getattr(wanted, name)) is not None:
            put(f"o.{name} = {args.add(value, 'uuid')}")
    if wanted.phone_e164 is not None:
        put(f"o.phone_e164 = {args.add(wanted.phone_e164, 'text')}")
    if wanted.interaction_id is not None:
        given = args.add(wanted.interaction_id, "uuid")
        put(_LINKED.format(tenant=tenant, interaction=given))
    if wanted.created_from is not None:
        put(f"o.created_at >= {args.add(wanted.created_from, 'timestamptz')}")
    if wanted.created_before is not None:
        put(f"o.created_at < {args.add(wanted.created_before, 'timestamptz')}")
    if wanted.text is not None:
        text = args.add(wanted.text.lower(), "text")
        put(
            f"(lower(o.number) = {text} OR strpos(lower(o.title), {text}) > 0"
            f" OR strpos(lower(o.description), {text}) > 0"
            f" OR strpos(lower(o.customer_name), {text}) > 0)"
        )
    for key, value in wanted.data.items():
        put(f"o.data @> {args.add(own_values.held(key, value, definition, reach.role), 'jsonb')}")
    return parts


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        _bad_cursor()


def _key(text: str, sort: Sort) -> Any:
    try:
        if sort.type == "timestamptz":
            moment = datetime.fromisoformat(text)
            return moment if moment.tzinfo is not None else _bad_cursor()
        if sort.type == "integer":
            number = int(text)
            return number if abs(number) < 2**31 else _bad_cursor()
        return float(text) if sort.type == "float8" else text
    except ValueError:
        _bad_cursor()


def _bad_cursor() -> NoReturn:
    raise BadRequest("cursor_invalid", "Use next_cursor of the previous page, with the same sort.")
