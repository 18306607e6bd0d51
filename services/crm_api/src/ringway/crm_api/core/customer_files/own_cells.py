"""Cells of an enterprise's own fields: to values as its definition wants them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ringway.crm_api.core.customer_files.rows import BadCell, read_date
from ringway.crm_api.core.objects.definition import NUMBERS, Definition, Field, FieldType
from ringway.crm_api.core.objects.values import Wrong, check_value, with_formulas

_SPLIT = re.compile(r"[,;，；、|]")
_BOOLEANS = {
    **dict.fromkeys(("true", "yes", "y", "1", "是", "对", "有"), True),
    **dict.fromkeys(("false", "no", "n", "0", "否", "错", "无"), False),
}
_WITHOUT_CENTS = frozenset({"JPY", "KRW", "VND", "CLP", "ISK"})
# A file cannot hold these.
NOT_IN_CELLS = frozenset({FieldType.ATTACHMENT, FieldType.FORMULA})


def writable(definition: Definition, role: str) -> list[Field]:
    """Return the fields that people of ``role`` can fill by a file."""
    return [
        each
        for each in definition.fields
        if each.type not in NOT_IN_CELLS and each.writable_by(role)
    ]


def names_of(fields: list[Field]) -> dict[str, str]:
    """Return how headers may call the fields: by key, English or Chinese name; to their keys."""
    found: dict[str, str] = {}
    for each in fields:
        for name in (each.key, each.name_en, each.name_zh):
            if name:
                found.setdefault(name, each.key)
    return found


def cell_reader(field: Field) -> Callable[[str], object]:
    """Return what makes a value of a cell that is not empty; it raises BadCell."""
    convert = _CONVERT.get(field.type, _text)

    def read(text: str) -> object:
        try:
            return check_value(field, convert(field, text))
        except Wrong as wrong:
            raise BadCell("own_invalid", wrong.reason) from None

    return read


def completed(definition: Definition, values: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Return the values of a new record with defaults and formulas, and a key that is missing."""
    whole = {
        each.key: each.default
        for each in definition.fields
        if each.default is not None and each.type is not FieldType.FORMULA
    } | dict(values)
    missing = next((f.name_en for f in definition.fields if f.required and f.key not in whole), "")
    return with_formulas(definition, whole), missing


def _text(_: Field, text: str) -> object:
    return text


def _number(_: Field, text: str) -> object:
    plain = text.replace(",", "").replace(" ", "")
    try:
        number = float(plain)
    except ValueError:
        return text  # which is refused as no number
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def _money(field: Field, text: str) -> object:
    """Minor units of what people write in major ones: 12.50 is 1250 of most currencies."""
    plain = text.replace(",", "").replace(" ", "").lstrip("¥￥$€£")
    found = re.fullmatch(r"(-?)([0-9]{1,13})(?:\.([0-9]{1,2}))?", plain, re.ASCII)
    if found is None:
        return text
    sign, whole, part = found.groups()
    if field.currency in _WITHOUT_CENTS:
        return int(f"{sign}{whole}") if not (part or "").strip("0") else text
    return int(f"{sign}{whole}{(part or '').ljust(2, '0')}")


def _boolean(_: Field, text: str) -> object:
    return _BOOLEANS.get(text.lower(), text)


def _date(_: Field, text: str) -> object:
    return read_date(text)


def _option(field: Field, text: str) -> object:
    for each in field.options or ():
        if text in (each.key, each.name_en, each.name_zh):
            return each.key
    return text


def _options(field: Field, text: str) -> object:
    found = [_option(field, part) for each in _SPLIT.split(text) if (part := each.strip())]
    return list(dict.fromkeys(found))


_CONVERT: dict[FieldType, Callable[[Field, str], object]] = {
    **dict.fromkeys(NUMBERS, _number),
    FieldType.MONEY: _money,
    FieldType.BOOLEAN: _boolean,
    FieldType.DATE: _date,
    FieldType.ENUM: _option,
    FieldType.MULTI_SELECT: _options,
}
