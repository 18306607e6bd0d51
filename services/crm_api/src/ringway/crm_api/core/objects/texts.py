"""Values as texts: cells of files and operands of filters to values, and back."""

from __future__ import annotations

import re
from typing import Any

from ringway.crm_api.core.objects.definition import NUMBERS, Field, FieldType
from ringway.crm_api.core.objects.values import Wrong

_NUMBER = re.compile(r"[-+]?[0-9]{1,15}(?:\.[0-9]{1,6})?", re.ASCII)
_YES = frozenset({"true", "yes", "y", "1", "是", "对"})
_NO = frozenset({"false", "no", "n", "0", "否", "不"})
_SEPARATORS = re.compile("[,;，；、]")


def from_text(field: Field, text: str) -> Any:
    """Return the value that a text means, still to be checked; None where it is empty.

    Options are named by key or by either name, in any case; several are separated by a comma or
    a semicolon. Money is in minor units. Raises Wrong.
    """
    plain = text.strip()
    if not plain:
        return None
    kind = field.value_type
    if kind in NUMBERS:
        if not _NUMBER.fullmatch(plain):
            raise Wrong("not_a_number", "Write a number.")
        return float(plain) if "." in plain else int(plain)
    if kind is FieldType.BOOLEAN:
        if plain.lower() not in _YES | _NO:
            raise Wrong("not_a_boolean", "Write yes or no.")
        return plain.lower() in _YES
    if kind is FieldType.ENUM:
        return _option(field, plain)
    if kind is FieldType.MULTI_SELECT:
        return [_option(field, each.strip()) for each in _SEPARATORS.split(plain) if each.strip()]
    if kind is FieldType.ATTACHMENT:
        raise Wrong("not_a_text", "Files cannot be written as a text.")
    return plain


def to_text(value: Any) -> str:
    """Return a stored value as a cell of a file shows it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)


def _option(field: Field, text: str) -> str:
    options = field.options or []
    for each in options:
        if each.key == text:
            return each.key
    for each in options:
        if text.casefold() in (each.name_en.casefold(), each.name_zh.casefold()):
            return each.key
    raise Wrong("not_an_option", "Choose one of the options.")
