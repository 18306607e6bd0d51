"""A list of records as one statement: conditions, order and place, all values as parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ringway.crm_api.core.objects.definition import Field, FieldType
from ringway.crm_api.core.objects.filters import Condition, Operator
from ringway.crm_api.objects.expressions import EMPTY_NUMBER, sort_of, text_of

_SIGNS = {
    Operator.EQ: "=",
    Operator.NE: "<>",
    Operator.LT: "<",
    Operator.LTE: "<=",
    Operator.GT: ">",
    Operator.GTE: ">=",
}


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


def conditions(
    wanted: Sequence[Condition], columns: Mapping[str, str], table: str, parameters: list[Any]
) -> list[str]:
    """Return SQL of conditions on rows of ``table`` (its alias).

    Args:
        columns: ``StoredObject.columns``.
        parameters: Of the statement so far; the conditions' are added.
    """
    return [_condition(each, columns, table, parameters) for each in wanted]


def page_of(
    wanted: Sequence[Condition],
    order: Order,
    after: Place | None,
    columns: Mapping[str, str],
    parameters: list[Any],
) -> str:
    """Return everything that follows ``FROM crm.record r WHERE ...`` but the limit."""
    parts = [f" AND {each}" for each in conditions(wanted, columns, "r", parameters)]
    sign, way = ("<", "DESC") if order.is_down else (">", "ASC")
    if order.field is None:
        if after is not None:
            parameters.append(after.record_id)
            parts.append(f" AND r.record_id {sign} ${len(parameters)}")
        return f"{''.join(parts)} ORDER BY r.record_id {way}"
    column = key_of(order.field, columns)
    # Said so that the column's partial index may serve.
    parts.append(f" AND {column} IS NOT NULL")
    if after is not None:
        parameters += [after.key, after.record_id]
        last = len(parameters)
        parts.append(f" AND ({column}, r.record_id) {sign} (${last - 1}, ${last})")
    return f"{''.join(parts)} ORDER BY {column} {way}, r.record_id {way}"


def key_of(field: Field, columns: Mapping[str, str]) -> str:
    """Return what records are ordered by."""
    return sort_of(field, columns, "r")


def _condition(
    wanted: Condition, columns: Mapping[str, str], table: str, parameters: list[Any]
) -> str:
    field, operator = wanted.field, wanted.operator
    if field.type is FieldType.MULTI_SELECT:
        json = f"({table}.data->'{field.key}')"
        text_of(field.key)  # which refuses what is no key
        if operator is Operator.EMPTY:
            return f"{json} IS {'' if wanted.operands[0] else 'NOT '}NULL"
        parameters.append(wanted.operands[0])
        return f"({json} IS NOT NULL AND {json} ? ${len(parameters)}::text)"
    column = sort_of(field, columns, table)
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
