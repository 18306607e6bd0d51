"""Values of a record: what people write, checked against the definition.

Stored values are plain JSON by key; what is empty is left out. Keys that the definition has no
more stay in storage and are shown to nobody.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from ringway.crm_api.core.objects.definition import (
    MAX_DECIMALS,
    MAX_NUMBER,
    MAX_TEXT,
    NUMBERS,
    Definition,
    Field,
    FieldType,
    ReferenceTarget,
)
from ringway.crm_api.core.objects.formula import compute
from ringway.crm_api.core.objects.patterns import matches
from ringway.crm_api.core.phone import NotANumber, NumberCheck, to_e164

MAX_PATTERN_TEXT = 1_000  # characters of a text that is held against a pattern
MAX_FILES = 20
# Each part is bounded and they share no character, so this needs no backtracking.
_EMAIL = re.compile(r"[^@\s]{1,64}@(?:[^@\s.]{1,63}\.){1,8}[^@\s.]{2,63}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MAX_EMAIL = 254


@dataclass(frozen=True, slots=True)
class Wrong(Exception):
    """What is wrong with one value. ``code`` is stable, ``reason`` is for people."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field."""

    field: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Checked:
    """``values`` is what to store, which counts only when there are no ``errors``."""

    values: dict[str, Any]
    errors: list[FieldError] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.errors


def check(
    definition: Definition,
    values: Mapping[str, Any],
    *,
    role: str,
    old: Mapping[str, Any] | None = None,
    partial: bool = False,
) -> Checked:
    """Check what somebody writes and return the values to store.

    A field that ``role`` does not see is answered as one that does not exist. A value that he may
    not write is accepted when it is the one that is stored, so that what was read can be sent
    back. None empties a field.

    Args:
        values: As parsed from JSON.
        role: The key of the caller's role.
        old: The stored values; None: the record is new, and gets defaults.
        partial: Whether fields that are left out stay. Else those that he may write are emptied.
    """
    before = dict(old or {})
    after, errors = dict(before), []
    fields = definition.by_key
    for key, value in values.items():
        wanted = fields.get(key)
        if wanted is None or not wanted.readable_by(role):
            errors.append(FieldError(key[:100], "field_unknown", "There is no such field."))
            continue
        try:
            _write(after, wanted, value, role, before.get(key))
        except Wrong as wrong:
            errors.append(FieldError(key, wrong.code, wrong.reason))
    for each in definition.fields:
        mine = each.writable_by(role)
        if each.key not in values and old is None and each.default is not None:
            after[each.key] = each.default
        elif each.key not in values and old is not None and mine and not partial:
            after.pop(each.key, None)
        is_wrong = any(error.field == each.key for error in errors)
        if each.required and mine and each.key not in after and not is_wrong:
            errors.append(FieldError(each.key, "field_required", "This field is needed."))
    return Checked(with_formulas(definition, after), errors)


def _write(after: dict[str, Any], field: Field, value: Any, role: str, before: Any) -> None:
    if value == before and type(value) is type(before):
        return
    if not field.writable_by(role):
        raise Wrong("field_read_only", "This field can be read only.")
    if value is None:
        after.pop(field.key, None)
        return
    clean = check_value(field, value, before=before)
    if clean == "" or clean == []:
        after.pop(field.key, None)
    else:
        after[field.key] = clean


def check_value(field: Field, value: Any, *, before: Any = None) -> Any:
    """Return a value as it is stored. ``before`` is the stored one. Raises Wrong.

    Shapes are those of :class:`FieldType`.
    """
    match field.type:
        case FieldType.TEXT:
            return _text(field, value)
        case FieldType.NUMBER | FieldType.MONEY:
            return _number(field, value)
        case FieldType.DATE:
            return _in_range(field, _date(value))
        case FieldType.DATETIME:
            return _in_range(field, _moment(value))
        case FieldType.BOOLEAN:
            if not isinstance(value, bool):
                raise Wrong("not_a_boolean", "Write true or false.")
            return value
        case FieldType.ENUM:
            return _option(field, value, {before} if isinstance(before, str) else set())
        case FieldType.MULTI_SELECT:
            return _options(field, value, before)
        case FieldType.PHONE:
            return _phone(field, value)
        case FieldType.EMAIL:
            return _email(field, value)
        case FieldType.REFERENCE:
            return _id(value)
        case FieldType.ATTACHMENT:
            return _files(field, value, before)
        case _:
            raise Wrong("field_read_only", "This field is computed.")


def with_formulas(definition: Definition, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values with what the definition's formulas come to."""
    found = dict(values)
    types = {f.key: f.type for f in definition.fields if f.type is not FieldType.FORMULA}
    for each in definition.fields:
        if each.type is FieldType.FORMULA:
            result = _stored(each, compute(each.expression or "", values, types))
            found.pop(each.key, None)
            if result is not None and result != "":
                found[each.key] = result
    return found


def references(
    definition: Definition, values: Mapping[str, Any]
) -> Iterator[tuple[Field, ReferenceTarget, UUID]]:
    """Yield what a record refers to: the field, the kind of thing, and its id."""
    for each in definition.fields:
        if each.reference is not None and each.key in values:
            yield each, each.reference, UUID(values[each.key])


def changed(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> dict[str, tuple[Any | None, Any | None]]:
    """Return old and new value of every field that differs; None is empty."""
    return {
        key: (before.get(key), after.get(key))
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    }


# -- types ---------------------------------------------------------------------------------------


def _plain(value: Any) -> str:
    if not isinstance(value, str):
        raise Wrong("not_a_text", "Write a text.")
    text = value.strip()
    if len(text) > MAX_TEXT:
        raise Wrong("text_too_long", f"At most {MAX_TEXT} characters.")
    if any(ch < " " and ch not in "\t\n\r" for ch in text):
        raise Wrong("text_not_storable", "Control characters are not allowed.")
    if any("\ud800" <= ch <= "\udfff" for ch in text):
        raise Wrong("text_not_storable", "Half a surrogate pair is no character.")
    return text


def _text(field: Field, value: Any) -> str:
    text = _plain(value)
    if text:
        _check_length(field, text, "characters")
    if text and field.pattern is not None:
        fits = len(text) <= MAX_PATTERN_TEXT and matches(field.pattern, text)
        if not fits:
            raise Wrong("pattern_mismatch", f"The text does not fit {field.pattern}")
    return text


def _check_length(field: Field, value: str | list[Any], what: str) -> None:
    if field.min_length is not None and len(value) < field.min_length:
        raise Wrong("too_short", f"At least {field.min_length} {what}.")
    if field.max_length is not None and len(value) > field.max_length:
        raise Wrong("too_long", f"At most {field.max_length} {what}.")


def _number(field: Field, value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Wrong("not_a_number", "Write a number.")
    if abs(value) >= MAX_NUMBER or not math.isfinite(value):
        raise Wrong("number_too_large", f"Numbers are below {MAX_NUMBER}.")
    decimals = _decimals(field)
    exact = Decimal(repr(value))
    if exact != round(exact, decimals):
        reason = f"At most {decimals} decimals." if decimals else "Write a whole number."
        raise Wrong("too_many_decimals", reason)
    if isinstance(field.min, float) and value < field.min:
        raise Wrong("below_min", f"At least {field.min:g}.")
    if isinstance(field.max, float) and value > field.max:
        raise Wrong("above_max", f"At most {field.max:g}.")
    return int(value) if exact == int(exact) else float(value)


def _decimals(field: Field) -> int:
    if field.value_type is FieldType.MONEY:
        return 0
    return MAX_DECIMALS if field.decimals is None else field.decimals


def _date(value: Any) -> str:
    try:
        if not isinstance(value, str) or not _DATE.fullmatch(value):
            raise ValueError
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise Wrong("not_a_date", "Write a date as 2026-01-31.") from None


def moment_text(at: datetime) -> str:
    """Return a moment as it is stored: UTC, cut to milliseconds. Raises OverflowError."""
    utc = at.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03}Z".rjust(24, "0")


def _moment(value: Any) -> str:
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        if at is None or at.tzinfo is None:
            raise ValueError
        return moment_text(at)
    except (ValueError, OverflowError):
        reason = "Write a moment with its offset, as 2026-01-31T08:00:00Z."
        raise Wrong("not_a_datetime", reason) from None


def _in_range(field: Field, value: str) -> str:
    if isinstance(field.min, str) and value < field.min:
        raise Wrong("below_min", f"Not before {field.min}.")
    # The end of a range that is a day includes that day.
    if isinstance(field.max, str) and value[: len(field.max)] > field.max:
        raise Wrong("above_max", f"Not after {field.max}.")
    return value


def _option(field: Field, value: Any, kept: set[Any]) -> str:
    for each in field.options or ():
        if each.key == value and (not each.is_retired or value in kept):
            return each.key
    raise Wrong("not_an_option", "Choose one of the options.")


def _options(field: Field, value: Any, before: Any) -> list[str]:
    if not isinstance(value, list) or len(value) > len(field.options or ()):
        raise Wrong("not_options", "Write a list of options.")
    kept = set(before) if isinstance(before, list) else set()
    chosen = {_option(field, each, kept) for each in value}
    found = [each.key for each in field.options or () if each.key in chosen]
    _check_length(field, found, "options")
    return found


def _phone(field: Field, value: Any) -> str:
    text = _plain(value)
    if not text:
        return text
    if len(text) > 40:
        raise Wrong("not_a_phone", "This is not a phone number.")
    try:
        number = to_e164(text, None, NumberCheck.POSSIBLE)
    except NotANumber as error:
        raise Wrong("not_a_phone", error.reason) from None
    _check_length(field, number, "characters")
    return number


def _email(field: Field, value: Any) -> str:
    text = _plain(value)
    if text and (len(text) > _MAX_EMAIL or not _EMAIL.fullmatch(text)):
        raise Wrong("not_an_email", "Write an address as ann@example.com.")
    if text:
        _check_length(field, text, "characters")
    return text


def _id(value: Any) -> str:
    try:
        if not isinstance(value, str) or len(value) != 36:
            raise ValueError
        return str(UUID(value))
    except ValueError:
        raise Wrong("not_an_id", "Write the id of what is meant.") from None


def _files(field: Field, value: Any, before: Any) -> list[str]:
    """Files come by upload; a list that is written only leaves some of them."""
    if not isinstance(value, list) or len(value) > MAX_FILES:
        raise Wrong("not_files", f"Write a list of at most {MAX_FILES} ids of files.")
    found = list(dict.fromkeys(_id(each) for each in value))
    if set(found) - set(before if isinstance(before, list) else ()):
        raise Wrong("file_unknown", "Upload the file to this record first.")
    _check_length(field, found, "files")
    return found


def _stored(field: Field, result: object | None) -> Any:
    """Return what a formula came to as it is stored; None where it is no such value."""
    kind = field.value_type
    if isinstance(result, Decimal) and kind in NUMBERS:
        if not result.is_finite() or abs(result) >= MAX_NUMBER:
            return None
        exact = result.quantize(Decimal(1).scaleb(-_decimals(field)), rounding=ROUND_HALF_UP)
        return int(exact) if exact == int(exact) else float(exact)
    if isinstance(result, date):
        return result.isoformat()
    return result
