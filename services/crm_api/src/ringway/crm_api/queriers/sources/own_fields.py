"""Own fields of an enterprise's objects as fields of sources: ``data.<key>``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ringway.crm_api.core.objects.definition import Field as OwnField
from ringway.crm_api.core.objects.definition import FieldType, ReferenceTarget
from ringway.crm_api.core.queriers.catalogue import Field, FieldKind, Key, Reference
from ringway.crm_api.objects.expressions import SORTED_CHARACTERS, sort_of, text_of, value_of

_T = FieldType
_KINDS = {
    _T.NUMBER: FieldKind.NUMBER,
    _T.MONEY: FieldKind.NUMBER,
    _T.DATE: FieldKind.DATE,
    _T.DATETIME: FieldKind.TIME,
    _T.BOOLEAN: FieldKind.BOOLEAN,
    _T.MULTI_SELECT: FieldKind.LIST,
    _T.ATTACHMENT: FieldKind.LIST,
    _T.REFERENCE: FieldKind.ID,
}
_CASTS = {
    FieldKind.NUMBER: "numeric",
    FieldKind.DATE: "date",
    FieldKind.TIME: "timestamptz",
    FieldKind.BOOLEAN: "boolean",
    FieldKind.ID: "uuid",
}
_WRITTEN = {
    FieldKind.DATE: r"^\d{4}-\d\d-\d\d$",
    FieldKind.TIME: r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
    FieldKind.ID: "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
}
_KEYS = {
    ReferenceTarget.CUSTOMER: ("customers", "customer_id"),
    ReferenceTarget.USER: ("agents", "user_id"),
    ReferenceTarget.WORK_ORDER: ("work_orders", "work_order_id"),
}


@dataclass(frozen=True, slots=True)
class Own:
    """Own fields, and those of them that refer to other rows."""

    fields: dict[str, Field]
    references: dict[str, Reference]


def own_fields(fields: Iterable[OwnField], columns: Mapping[str, str]) -> Own:
    """Return own fields as queries know them; they lie in the row's ``data``.

    Args:
        columns: ``StoredObject.columns``: by them indexes find those that are indexed.
    """
    found, references = {}, {}
    for each in fields:
        name = f"data.{each.key}"
        kind = _KINDS.get(each.value_type, FieldKind.TEXT)
        options = tuple(option.key for option in each.options or ())
        found[name] = Field(
            name, kind, each.name_en, _sql(each, kind), each.name_zh, options, *_key(each, columns)
        )
        if (to := _target(each)) is not None:
            source, key = to
            on = f"{{r}}.{key} = {_sql(each, FieldKind.ID)}"
            references[name] = Reference(name, source, each.name_en, on, each.name_zh)
    return Own(found, references)


def _target(field: OwnField) -> tuple[str, str] | None:
    if field.reference is ReferenceTarget.OBJECT:
        return f"record:{field.reference_object_id}", "record_id"
    return _KEYS[field.reference] if field.reference is not None else None


def _key(field: OwnField, columns: Mapping[str, str]) -> tuple[str, Key | None]:
    """Return the order of an indexed field, and its key column if that is ready."""
    if not field.has_index:
        return "", None
    key = Key(sort_of(field, columns, "{t}"), field.is_number, SORTED_CHARACTERS)
    return f"nullif({key.sql}, {key.empty})", key if field.key in columns else None


def _sql(field: OwnField, kind: FieldKind) -> str:
    text = text_of(field.key, "{t}.data")
    if kind is FieldKind.TEXT:
        return text
    if kind is FieldKind.LIST:
        value = value_of(field, "{t}.data")
        each = f"SELECT jsonb_array_elements_text({value})"
        return f"(CASE WHEN jsonb_typeof({value}) = 'array' THEN ARRAY({each}) END)"
    if field.has_index and kind in (FieldKind.NUMBER, FieldKind.BOOLEAN):
        # The expression of its index, which is only there because every value can be read so.
        return value_of(field, "{t}.data")
    # What was written before the field had its type may be anything.
    cast = _CASTS[kind]
    if field.has_index:
        # As it is written now, and nothing else: so its key column has it in the same words.
        return (
            f"(CASE WHEN {text} ~ '{_WRITTEN[kind]}' AND pg_input_is_valid({text}, '{cast}') "
            f"THEN {text}::{cast} END)"
        )
    return f"(CASE WHEN pg_input_is_valid({text}, '{cast}') THEN {text}::{cast} END)"
