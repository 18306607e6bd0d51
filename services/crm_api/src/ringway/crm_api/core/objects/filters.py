"""Conditions of a list, as texts ``field:operator:value``, checked against a definition.

    price:gt:1000      tier:in:gold,silver      card:eq:12345678      note:empty:true

A field that the caller does not see is answered as one that does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ringway.crm_api.core.objects.definition import Definition, Field, FieldType
from ringway.crm_api.core.objects.texts import from_text
from ringway.crm_api.core.objects.values import Wrong, check_value

MAX_OPERAND = 200  # characters: as many as are kept in order
MAX_LIST = 100  # operands of one ``in``


class Operator(StrEnum):
    """How a field is compared."""

    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    CONTAINS = "contains"  # texts: a part of it in any case; multi_select: has the option
    IN = "in"  # values separated by commas
    EMPTY = "empty"  # true or false


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition. ``operands`` are texts or floats as key columns hold them."""

    field: Field
    operator: Operator
    operands: tuple[Any, ...]


def parse(definition: Definition, role: str, text: str) -> Condition:
    """Return the condition that a text means. Raises Wrong."""
    key, _, rest = text.partition(":")
    name, separator, value = rest.partition(":")
    if not separator:
        raise Wrong("filter_invalid", "Write a filter as field:operator:value.")
    field = seen(definition, role, key)
    try:
        operator = Operator(name)
    except ValueError:
        known = ", ".join(Operator)
        raise Wrong("operator_unknown", f"There is no such operator; there are {known}.") from None
    if field.type is FieldType.MULTI_SELECT:
        if operator not in (Operator.CONTAINS, Operator.EMPTY):
            raise Wrong("operator_unfit", "Ask a multi_select for contains or empty.")
    elif not field.has_index:
        raise _not_indexed(key)
    return Condition(field, operator, _operands(field, operator, value))


def parse_sort(definition: Definition, role: str, text: str) -> tuple[Field, bool]:
    """Return what a list is sorted by, and whether downwards (``-field``). Raises Wrong."""
    key = text.removeprefix("-")
    field = seen(definition, role, key)
    if not field.has_index:
        raise _not_indexed(key)
    return field, text.startswith("-")


def seen(definition: Definition, role: str, key: str) -> Field:
    """Return a field that ``role`` sees. Raises Wrong."""
    field = definition.by_key.get(key)
    if field is None or not field.readable_by(role):
        raise Wrong("field_unknown", f"There is no field {key[:40]!r}.")
    return field


def _not_indexed(key: str) -> Wrong:
    return Wrong("field_not_indexed", f"Lists are filtered and sorted by indexed fields: {key}.")


def _operands(field: Field, operator: Operator, text: str) -> tuple[Any, ...]:
    if operator is Operator.EMPTY:
        if text not in ("true", "false"):
            raise Wrong("operand_invalid", "Write empty:true or empty:false.")
        return (text == "true",)
    if operator is Operator.CONTAINS:
        if field.is_number:
            raise Wrong("operator_unfit", "Numbers contain nothing.")
        if not 1 <= len(text) <= MAX_OPERAND:
            raise Wrong("operand_invalid", f"Write 1 to {MAX_OPERAND} characters.")
        return (text,)
    texts = text.split(",") if operator is Operator.IN else [text]
    if len(texts) > MAX_LIST:
        raise Wrong("operand_invalid", f"At most {MAX_LIST} values.")
    return tuple(operand_of(field, each) for each in texts)


def operand_of(field: Field, text: str) -> Any:
    """Return a value as its key column holds it. Raises Wrong."""
    if not text.strip() or len(text) > MAX_OPERAND:
        reason = f"Write 1 to {MAX_OPERAND} characters, or ask with empty:true."
        raise Wrong("operand_invalid", reason)
    value = from_text(field, text)
    if field.value_type in _CHECKED:
        bare = field.model_copy(update={"min": None, "max": None, "type": field.value_type})
        value = check_value(bare, value)
    return float(value) if field.is_number else str(value)


_CHECKED = frozenset(
    {FieldType.DATE, FieldType.DATETIME, FieldType.PHONE, FieldType.REFERENCE, FieldType.BOOLEAN}
)
