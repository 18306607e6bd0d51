"""How a definition may change while there are records.

A field that is removed stays in the records and is shown to nobody; when its key comes back, so
do its values. So what a key holds is remembered for ever (its shape), and changes only in ways
that every stored value survives. Options are retired, never removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ringway.crm_api.core.objects.definition import Definition, Field, FieldType
from ringway.crm_api.core.objects.pairs import name_of
from ringway.crm_api.core.objects.values import FieldError

MAX_KEYS = 500  # that one object ever had
# Stored values of these are texts already.
_TO_TEXT = (FieldType.PHONE, FieldType.EMAIL, FieldType.ENUM, FieldType.DATE, FieldType.DATETIME)
Shapes = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class KeyColumn:
    """The column that holds an indexed field, or keeps the values of a unique one apart.

    ``key`` is the field's, or a pair's name.
    """

    key: str
    column: str


def shape(field: Field) -> dict[str, Any]:
    """Return what values of a field are, as it is remembered."""
    kind = field.type.value
    if field.type is FieldType.MONEY:
        kind = f"money {field.currency}"
    elif field.type is FieldType.FORMULA:
        kind = f"formula {field.result}"
    elif field.type is FieldType.REFERENCE:
        kind = " ".join(str(e) for e in ("reference", field.reference, field.reference_object_id))
    return {"type": kind, "options": [each.key for each in field.options or ()]}


def evolve(shapes: Shapes, definition: Definition) -> tuple[dict[str, Any], list[FieldError]]:
    """Return the shapes after a change, and why it cannot be made; empty when it can.

    Args:
        shapes: What every key that was ever there holds; empty when there are no records.
        definition: As it is to be.
    """
    after, faults = {key: dict(each) for key, each in shapes.items()}, []
    for each in definition.fields:
        new, old = shape(each), shapes.get(each.key)
        after[each.key] = new
        if old is None:
            continue
        if new["type"] != old["type"] and not _survives(old["type"], each):
            reason = (
                f"Records hold this key as {old['type']}, which is no {new['type']}. "
                "Take another key, or keep the type."
            )
            faults.append(FieldError(each.key, "field_retyped", reason))
        elif each.options is not None and (gone := set(old["options"]) - set(new["options"])):
            names = ", ".join(sorted(gone))
            reason = f"Records may hold {names}: retire options, do not remove them."
            faults.append(FieldError(each.key, "option_removed", reason))
    if len(after) > MAX_KEYS:
        reason = f"An object has at most {MAX_KEYS} keys in its life; make a new object."
        faults.append(FieldError("", "too_many_keys", reason))
    return after, faults


def _survives(old: str, new: Field) -> bool:
    if new.type is not FieldType.TEXT:
        return False
    return old in _TO_TEXT or old.startswith("reference ")


def key_columns(
    definition: Definition, present: list[KeyColumn]
) -> tuple[list[KeyColumn], list[KeyColumn]]:
    """Return which to add and which to drop, so that indexed fields and lists have theirs."""
    wanted = {(f.key, "n" if f.is_number else "t") for f in definition.fields if f.has_index}
    wanted |= {(f.key, "u") for f in definition.fields if f.is_unique}
    by_key = definition.by_key
    wanted |= {(name_of(by_key[e.filter], by_key[e.sort]), "p") for e in definition.lists}
    drop = [each for each in present if (each.key, each.column[0]) not in wanted]
    kept = [each for each in present if each not in drop]
    missing = wanted - {(each.key, each.column[0]) for each in kept}
    # A column that is dropped now still holds the old field's values: take others first.
    taken, stale = {each.column for each in kept}, {each.column for each in drop}
    add = []
    for key, letter in sorted(missing):
        free = [name for name in COLUMNS[letter] if name not in taken]
        free.sort(key=lambda name: name in stale)
        add.append(KeyColumn(key, free[0]))
        taken.add(free[0])
    return add, drop


COLUMNS = {
    "t": [f"t{n}" for n in range(1, 13)],
    "n": [f"n{n}" for n in range(1, 9)],
    "u": [f"u{n}" for n in range(1, 4)],
    "p": [f"p{n}" for n in range(1, 5)],
}
