"""Comparisons as SQL texts: constants of this file, the field's expression and parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

from ringway.crm_api.core.objects.values import moment_text
from ringway.crm_api.core.queriers.catalogue import FieldKind, Key
from ringway.crm_api.core.queriers.query import Op
from ringway.crm_api.core.queriers.values import LISTS, TYPES

Parameter = Callable[[object, str], str]

_PLAIN = {
    Op.EQ: "{x} = {0}",
    Op.NE: "{x} IS DISTINCT FROM {0}",
    Op.IN: "{x} = ANY ({0})",
    Op.NOT_IN: "({x} = ANY ({0})) IS NOT TRUE",
    Op.LT: "{x} < {0}",
    Op.LE: "{x} <= {0}",
    Op.GT: "{x} > {0}",
    Op.GE: "{x} >= {0}",
    Op.BETWEEN: "{x} BETWEEN {0} AND {1}",
    Op.CONTAINS: "strpos(lower({x}), lower({0})) > 0",
    Op.STARTS_WITH: "starts_with(lower({x}), lower({0}))",
    Op.HAS_ANY: "{x} && {0}",
    Op.HAS_ALL: "{x} @> {0}",
    Op.HAS_NONE: "({x} && {0}) IS NOT TRUE",
}
_EMPTY = {FieldKind.TEXT: "coalesce({x}, '') = ''", FieldKind.LIST: "coalesce({x}, '{}') = '{}'"}
_NOT_EMPTY = {FieldKind.TEXT: "{x} <> ''", FieldKind.LIST: "{x} <> '{}'"}


def comparison(
    expression: str, kind: FieldKind, op: Op, values: Sequence[Any], parameter: Parameter
) -> str:
    """Return a condition. It may be null where the field is, which counts as false.

    Args:
        expression: The field as SQL.
        values: As :func:`values.typed` gave them.
        parameter: Takes a value and its type, returns the parameter's text.
    """
    if op is Op.IS_EMPTY:
        return _EMPTY.get(kind, "{x} IS NULL").replace("{x}", expression)
    if op is Op.IS_NOT_EMPTY:
        return _NOT_EMPTY.get(kind, "{x} IS NOT NULL").replace("{x}", expression)
    cast = TYPES[kind]
    if op is Op.WITHIN:
        begin, end = values
        parts = [f"{expression} >= {parameter(begin, cast)}"] if begin is not None else []
        parts += [f"{expression} < {parameter(end, cast)}"] if end is not None else []
        return " AND ".join(parts) if parts else f"{expression} IS NOT NULL"
    texts = [parameter(each, f"{cast}[]" if op in LISTS else cast) for each in values]
    sql = _PLAIN[op]
    for n, text in enumerate(texts):
        sql = sql.replace(f"{{{n}}}", text)
    return sql.replace("{x}", expression)


# What holds of the key column wherever the comparison holds of the value; cut texts and rounded
# numbers may fulfil it besides. Nothing of the kind follows from ``ne`` and the like.
_NEAR = {
    Op.EQ: "{k} = {0}",
    Op.IN: "{k} = ANY ({0})",
    Op.LT: "{k} <= {0} AND {k} > {empty}",
    Op.LE: "{k} <= {0} AND {k} > {empty}",
    Op.GT: "{k} >= {0}",
    Op.GE: "{k} >= {0}",
    Op.BETWEEN: "{k} >= {0} AND {k} <= {1}",
    Op.IS_NOT_EMPTY: "{k} > {empty}",
}


def narrowing(
    key: Key, kind: FieldKind, op: Op, values: Sequence[Any], parameter: Parameter
) -> str:
    """Return conditions on a field's key column, each with AND behind it; empty: none helps.

    They follow from the comparison and leave it to say which rows fulfil it. An index takes them,
    as under row-level security it takes nothing that reads a value out of JSON.

    Args:
        values: As :func:`values.typed` gave them.
    """
    if op is Op.WITHIN:
        begin, end = values
        sql = " AND ".join(
            ["{k} > {empty}"]
            + (["{k} >= {0}"] if begin is not None else [])
            + (["{k} <= {1}"] if end is not None else [])
        )
    elif op is Op.IS_EMPTY and kind is FieldKind.TEXT:
        sql = "{k} = {empty}"
    elif op in _NEAR:
        sql = _NEAR[op]
    else:
        return ""
    cast = "float8" if key.is_number else "text"
    for n, value in enumerate(values):
        if value is None:
            continue
        if isinstance(value, list):
            text = parameter([_held(each, key) for each in value], f"{cast}[]")
        else:
            text = parameter(_held(value, key), cast)
        sql = sql.replace(f"{{{n}}}", text)
    only = f"{key.only} AND " if key.only else ""
    return f"{only}{sql} AND ".replace("{k}", key.sql).replace("{empty}", key.empty)


def _held(value: Any, key: Key) -> object:
    if key.is_number:
        return float(value)
    if isinstance(value, datetime):
        return moment_text(value)
    return (value.isoformat() if isinstance(value, date) else str(value))[: key.characters]
