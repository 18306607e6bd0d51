"""SQL of a field's value inside of a row's ``data``: what indexes are built of and queries say.

An index serves only queries that say its expression to the letter, so both take it from here.
Keys are checked against their pattern: nothing else of a tenant ever gets into SQL text.
"""

from __future__ import annotations

import re

from ringway.crm_api.core.objects.definition import KEY_PATTERN, NUMBERS, Field, FieldType

_KEY = re.compile(KEY_PATTERN, re.ASCII)
# Longer than this, a text is cut in its index and in the order of a list. Entries of a b-tree
# must stay below a third of a page.
SORTED_CHARACTERS = 200


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
    are stored order as text. Lists are JSON (``jsonb``). NULL where it is empty. Raises ValueError.
    """
    text = text_of(field.key, column)
    kind = field.value_type
    if kind in NUMBERS:
        return f"({text}::numeric)"
    if kind is FieldType.BOOLEAN:
        return f"({text}::boolean)"
    if kind in (FieldType.MULTI_SELECT, FieldType.ATTACHMENT):
        return f"({column}->'{field.key}')"
    return text


def sort_of(field: Field, column: str = "data") -> str:
    """Return the expression that lists are ordered by and indexes built of. Raises ValueError.

    Texts are compared by their first 200 characters and by code points (COLLATE "C"), which is
    the same on every server.
    """
    value = value_of(field, column)
    kind = field.value_type
    if kind in NUMBERS or kind is FieldType.BOOLEAN:
        return value
    return f'(left({value}, {SORTED_CHARACTERS}) COLLATE "C")'
