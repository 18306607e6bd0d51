"""A list of records as one statement: conditions, order and place, all values as parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ringway.crm_api.core.objects.definition import Field, FieldType
from ringway.crm_api.core.objects.filters import Condition, Operator
from ringway.crm_api.core.objects.pairs import Pair
from ringway.crm_api.objects.catalogue import StoredObject
from ringway.crm_api.objects.expressions import EMPTY_NUMBER, sort_of, text_of

_SIGNS = {
    Operator.EQ: "=",
    Operator.NE: "<>",
    Operator.LT: "<",
    Operator.LTE: "<=",
    Operator.GT: ">",
    Operator.GTE: ">=",
}
_LOWER = frozenset({Operator.GT, Operator.GTE})
_UPPER = frozenset({Operator.LT, Operator.LTE})


@dataclass(frozen=True, slots=True)
class Order:
    """By which field rows are ordered; None: by when they were made."""

    field: Field | None
    is_down: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where the last page ended: the value of the field of its order, and the id."""

    key: Any
    record_id: UUID


def page_of(
    wanted: Sequence[Condition],
    order: Order,
    after: Place | None,
    found: StoredObject,
    parameters: list[Any],
) -> str:
    """Return everything that follows ``FROM crm.record r WHERE ...`` but the limit."""
    pair, rest = _paired(wanted, order, found)
    parts = []
    for each in rest:
        column = sort_of(each.field, found.columns, "r")
        if after is not None and each.field == order.field and _is_begun(each.operator, order):
            # PostgreSQL would begin with it in the index, and read all that is before the page.
            column = f"coalesce({column}, {column})"
        parts.append(f" AND {_condition(each, column, 'r', parameters)}")
    sign, way = ("<", "DESC") if order.is_down else (">", "ASC")
    if order.field is None:
        if after is not None:
            parameters.append(after.record_id)
            parts.append(f" AND r.record_id {sign} ${len(parameters)}")
        return f"{''.join(parts)} ORDER BY r.record_id {way}"
    place = after.key if after is not None else None
    if pair is None:
        column = key_of(order.field, found.columns)
        # Said so that the column's partial index may serve.
        parts.append(f" AND {column} IS NOT NULL")
    else:
        column, (first, end) = f"r.{pair.column}", pair.bounds
        place = pair.key(place) if after is not None else None
        if after is None or order.is_down:
            parameters.append(first)
            parts.append(f" AND {column} >= ${len(parameters)}")
        parameters.append(end)
        parts.append(f" AND {column} < ${len(parameters)}")
    if after is not None:
        parameters += [place, after.record_id]
        last = len(parameters)
        parts.append(f" AND ({column}, r.record_id) {sign} (${last - 1}, ${last})")
    return f"{''.join(parts)} ORDER BY {column} {way}, r.record_id {way}"


def _paired(
    wanted: Sequence[Condition], order: Order, found: StoredObject
) -> tuple[Pair | None, Sequence[Condition]]:
    """Return the pair column that serves a list, if there is one, and what else is wanted."""
    for n, each in enumerate(wanted):
        if order.field is not None and each.operator is Operator.EQ:
            pair = found.pair(each.field, order.field, each.operands[0])
            if pair is not None:
                return pair, [*wanted[:n], *wanted[n + 1 :]]
    return None, wanted


def _is_begun(operator: Operator, order: Order) -> bool:
    return operator in (_UPPER if order.is_down else _LOWER)


def key_of(field: Field, columns: Mapping[str, str]) -> str:
    """Return what records are ordered by."""
    return sort_of(field, columns, "r")


def _condition(wanted: Condition, column: str, table: str, parameters: list[Any]) -> str:
    field, operator = wanted.field, wanted.operator
    if field.type is FieldType.MULTI_SELECT:
        json = f"({table}.data->'{field.key}')"
        text_of(field.key)  # which refuses what is no key
        if operator is Operator.EMPTY:
            return f"{json} IS {'' if wanted.operands[0] else 'NOT '}NULL"
        parameters.append(wanted.operands[0])
        return f"({json} IS NOT NULL AND {json} ? ${len(parameters)}::text)"
    empty = f"'{EMPTY_NUMBER}'::float8" if field.is_number else "''"
    if operator is Operator.EMPTY:
        return f"{column} {'=' if wanted.operands[0] else '<>'} {empty}"
    if operator is Operator.CONTAINS:
        parameters.append(wanted.operands[0])
        whole = text_of(field.key, f"{table}.data")
        return f"strpos(lower({whole}), lower(${len(parameters)}::text)) > 0"
    kind = "float8" if field.is_number else "text"
    if operator is Operator.IN:
        parameters.append(list(wanted.operands))
        return f"{column} = ANY(${len(parameters)}::{kind}[])"
    parameters.append(wanted.operands[0])
    said = f"{column} {_SIGNS[operator]} ${len(parameters)}::{kind}"
    # What is empty is neither little nor early.
    return f"{said} AND {column} <> {empty}" if operator in (Operator.LT, Operator.LTE) else said
