"""Lists of orders: filters, text, own fields, and any order with a keyset cursor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn
from uuid import UUID

import orjson

from ringway.crm_api.core.objects.definition import Definition
from ringway.crm_api.core.objects.values import Wrong, check_value
from ringway.crm_api.errors import BadRequest, Invalid
from ringway.crm_api.objects import expressions
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
    """How a list is sorted."""

    name: str = "created_at"
    expression: str = "o.created_at"
    type: str = "timestamptz"
    descending: bool = True


@dataclass(frozen=True, slots=True)
class Found:
    """One page. ``after`` continues it: the last one's value and id; None: it is the last."""

    orders: list[Order]
    after: tuple[str, str] | None


class _Parameters(list[Any]):
    def add(self, value: object, type_: str) -> str:
        self.append(value)
        return f"${len(self)}::{type_}"


def sort_of(
    name: str | None, definition: Definition | None, columns: Mapping[str, str], role: str
) -> Sort:
    """Return what ``sort`` means: a name, with ``-`` before it from the greatest down.

    Raises:
        Invalid: Lists are not sorted by it.
    """
    if name is None:
        return Sort()
    plain, descending = name.removeprefix("-"), name.startswith("-")
    if plain in _SORTS:
        return Sort(plain, *_SORTS[plain], descending)
    own = plain.removeprefix(_OWN)
    found = None
    may_read = definition is not None and definition.rights.allows("read", role)
    if definition is not None and may_read and plain.startswith(_OWN):
        found = next((f for f in definition.readable(role) if f.key == own), None)
    if found is None:
        names = ", ".join(_SORTS)
        raise Invalid(
            "sort_unknown",
            f"Sort by {names}, or by data.<field> together with one business_type_id.",
        )
    expression = expressions.sort_of(found, columns, "o")
    return Sort(plain, expression, "float8" if found.is_number else "text", descending)


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

    Args:
        after: ``Found.after`` of the page before.
        definition: Of the own fields in ``wanted.data``.

    Raises:
        BadRequest: ``after`` does not fit ``sort``.
        Invalid: An own field does not exist, or cannot have the value.
    """
    order = sort or Sort()
    args = _Parameters()
    parts = _conditions(args, reach, wanted, definition, now)
    if after is not None:
        value = args.add(_key(after[0], order), order.type)
        last = args.add(_id(after[1]), "uuid")
        sign = "<" if order.descending else ">"
        parts.append(f"({order.expression}, o.work_order_id) {sign} ({value}, {last})")
    way = "DESC" if order.descending else "ASC"
    rows = await conn.fetch(
        f"""
        SELECT {QUALIFIED}, ({order.expression})::text AS sorted_by FROM crm.work_order o
         WHERE {" AND ".join(parts)}
         ORDER BY {order.expression} {way}, o.work_order_id {way}
         LIMIT {args.add(limit + 1, "integer")}
        """,  # noqa: S608 - names of columns, and keys that are checked
        *args,
    )
    found = [order_of(row) for row in rows[:limit]]
    if len(rows) <= limit:
        return Found(found, None)
    last_row = rows[limit - 1]
    return Found(found, (last_row["sorted_by"], str(last_row["work_order_id"])))


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
        put(_own(key, value, definition, reach.role, args))
    return parts


def _own(key: str, text: str, definition: Definition | None, role: str, args: _Parameters) -> str:
    """Return the condition that an own field has a value, or one of its values is this."""
    found = None
    if definition is not None and definition.rights.allows("read", role):
        found = next((each for each in definition.readable(role) if each.key == key), None)
    if found is None:
        raise Invalid(
            "field_unknown",
            f"There is no own field {key[:100]}; filter by one together with one "
            "business_type_id whose object has it.",
        )
    value: Any = text
    with suppress(orjson.JSONDecodeError):
        value = orjson.loads(text)
    for each in (value, text, [text]):
        try:
            kept = check_value(found, each)
        except Wrong:
            continue
        held = orjson.dumps({key: kept}).decode()
        return f"o.data @> {args.add(held, 'jsonb')}"
    raise Invalid("value_invalid", f"data: {key} cannot have this value.")


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
