"""Values of own fields that lists of orders are filtered by."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import orjson

from ringway.crm_api.core.objects.definition import LISTS, Definition, Field
from ringway.crm_api.core.objects.pairs import Pair
from ringway.crm_api.core.objects.values import Wrong, check_value
from ringway.crm_api.errors import Invalid
from ringway.crm_api.objects.catalogue import StoredObject
from ringway.crm_api.objects.expressions import SORTED_CHARACTERS


def seen(definition: Definition, key: str, role: str) -> Field | None:
    """Return a field that a role sees."""
    if not definition.rights.allows("read", role):
        return None
    return next((each for each in definition.readable(role) if each.key == key), None)


def held(key: str, text: str, definition: Definition | None, role: str) -> str:
    """Return JSON that orders contain whose own field has a value, or has it among its values.

    Raises:
        Invalid: There is no such field, or it cannot have the value.
    """
    found = seen(definition, key, role) if definition is not None else None
    if found is None:
        raise Invalid(
            "field_unknown",
            f"There is no own field {key[:100]}; filter by one together with one "
            "business_type_id whose object has it.",
        )
    return orjson.dumps({key: _kept(found, text)}).decode()


def pair_of(own: StoredObject, by: Field, data: Mapping[str, str], role: str) -> Pair | None:
    """Return the pair column of a list that is filtered by ``data`` and sorted by ``by``."""
    for key, text in data.items():
        found = seen(own.definition, key, role)
        if found is None or found.value_type in LISTS:
            continue
        kept = _kept(found, text)
        value = kept if found.is_number else str(kept)[:SORTED_CHARACTERS]
        if (pair := own.pair(found, by, value)) is not None:
            return pair
    return None


def _kept(field: Field, text: str) -> Any:
    value: Any = text
    with suppress(orjson.JSONDecodeError):
        value = orjson.loads(text)
    for each in (value, text, [text]):
        try:
            return check_value(field, each)
        except Wrong:
            continue
    raise Invalid("value_invalid", f"data: {field.key} cannot have this value.")
