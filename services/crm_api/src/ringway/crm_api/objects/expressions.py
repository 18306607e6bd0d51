"""SQL of a field's value inside of a row's ``data``, and the column that lists are ordered by.

Conditions on ``data->>'key'`` are never served by an index here: under row-level security
PostgreSQL takes only leakproof operators into an index scan, and these are not. So a field that is
indexed has a key column of its own (``t1``, ``n3``; see ADR 0017), which a trigger fills from
``data``. In it an empty value is ``''`` or -Infinity, so that one comparison of (column, id) orders
all rows. Keys are checked against their pattern: nothing else of a tenant gets into SQL text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ringway.crm_api.core.objects.definition import KEY_PATTERN, LISTS, NUMBERS, Field, FieldType

_KEY = re.compile(KEY_PATTERN, re.ASCII)
_COLUMN = re.compile(r"[tn][0-9]{1,2}", re.ASCII)
# Longer than this, a text is cut in its key column and in the order of a list.
SORTED_CHARACTERS = 200
EMPTY_NUMBER = float("-inf")


def text_of(key: str, column: str = "data") -> str:
    """Return the expression of a value as text; NULL where it is empty.

    Args:
        key: A field's key.
        column: Of the row, with its table's alias: ``c.data``. Never from outside.

    Raises:
        ValueError: The key is not one.
    """
    if not _KEY.fullmatch(key):
        raise ValueError(f"not a key: {key!r}")
    return f"({column}->>'{key}')"


def value_of(field: Field, column: str = "data") -> str:
    """Return the expression of a field's value in its own type, to compare and to aggregate.

    numeric for numbers and money (minor units), boolean, else text: dates and datetimes as they
    are stored order as text. Lists are JSON (``jsonb``). NULL where it is empty, and where an old
    value is not of the type. Raises ValueError.
    """
    text = text_of(field.key, column)
    kind = field.value_type
    json = f"({column}->'{field.key}')"
    if kind in NUMBERS:
        return f"(CASE jsonb_typeof{json} WHEN 'number' THEN {text}::numeric END)"
    if kind is FieldType.BOOLEAN:
        return f"(CASE jsonb_typeof{json} WHEN 'boolean' THEN {text}::boolean END)"
    return json if kind in LISTS else text


def sort_of(field: Field, columns: Mapping[str, str], table: str) -> str:
    """Return what rows are ordered by: the field's key column, else an expression of the same.

    Values are float8, or text in the order of code points; never NULL.

    Args:
        columns: ``StoredObject.columns``: key columns that are ready, by keys of fields.
        table: The row's table, as its alias.

    Raises:
        ValueError: The key or the column is not one.
    """
    column = columns.get(field.key)
    if column is not None:
        if not _COLUMN.fullmatch(column):
            raise ValueError(f"not a key column: {column!r}")
        return f"{table}.{column}"
    text, json = text_of(field.key, f"{table}.data"), f"({table}.data->'{field.key}')"
    if not field.is_number:
        return f"""(left(coalesce({text}, ''), {SORTED_CHARACTERS}) COLLATE "C")"""
    return (
        f"(CASE jsonb_typeof{json} WHEN 'number' THEN {text}::float8 WHEN 'boolean' THEN "
        f"{text}::boolean::integer::float8 ELSE '-Infinity'::float8 END)"
    )
