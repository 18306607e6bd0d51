"""Values of records: types, rights, patterns, defaults; what is stored always fits."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ringway.crm_api.core.objects import soundness, texts, values
from ringway.crm_api.core.objects.contents import content_type
from ringway.crm_api.core.objects.definition import (
    Definition,
    Field,
    FieldType,
    Kind,
    Rights,
)
from ringway.crm_api.core.objects.patterns import BadPattern, check_pattern, matches
from ringway.crm_api.core.objects.values import Wrong, check_value

pytestmark = pytest.mark.unit

_OPTIONS = [
    {"key": "a", "name_en": "Apple", "name_zh": "苹果"},
    {"key": "b", "name_en": "B", "is_retired": True},
]
_MORE: dict[FieldType, dict[str, Any]] = {
    FieldType.NUMBER: {"decimals": 2, "min": -5, "max": 10},
    FieldType.MONEY: {"currency": "CNY"},
    FieldType.DATE: {"min": "2026-01-01", "max": "2026-12-31"},
    FieldType.DATETIME: {"max": "2026-12-31"},
    FieldType.ENUM: {"options": _OPTIONS},
    FieldType.MULTI_SELECT: {"options": _OPTIONS},
    FieldType.REFERENCE: {"reference": "user"},
    FieldType.FORMULA: {"expression": "number * 2", "result": "number"},
    FieldType.TEXT: {"min_length": 2, "max_length": 5, "pattern": "[a-z]+"},
}
_ID = "0198f0c4-7a3e-7000-8000-0000000000f1"


def _field(kind: FieldType, **more: Any) -> Field:
    return Field.model_validate(
        {"key": kind.value, "type": kind, "name_en": kind.value, **_MORE.get(kind, {}), **more}
    )


def _definition(**more: Any) -> Definition:
    fields = [_field(kind) for kind in FieldType]
    return Definition(kind=Kind.BASE, name="all", fields=fields, **more)


@pytest.mark.parametrize(
    ("kind", "given_value", "stored"),
    [
        (FieldType.TEXT, " abc ", "abc"),
        (FieldType.TEXT, "a", "too_short"),
        (FieldType.TEXT, "abcdef", "too_long"),
        (FieldType.TEXT, "abC", "pattern_mismatch"),
        (FieldType.TEXT, "abc\n0", "pattern_mismatch"),
        (FieldType.TEXT, 5, "not_a_text"),
        (FieldType.NUMBER, 2.50, 2.5),
        (FieldType.NUMBER, 2.0, 2),
        (FieldType.NUMBER, 0.1 + 0.2, "too_many_decimals"),
        (FieldType.NUMBER, True, "not_a_number"),
        (FieldType.NUMBER, math.inf, "number_too_large"),
        (FieldType.NUMBER, math.nan, "number_too_large"),
        (FieldType.NUMBER, -5.01, "below_min"),
        (FieldType.NUMBER, 11, "above_max"),
        (FieldType.NUMBER, 10**400, "number_too_large"),
        (FieldType.MONEY, 1999, 1999),
        (FieldType.MONEY, 19.99, "too_many_decimals"),
        (FieldType.DATE, "2026-02-28", "2026-02-28"),
        (FieldType.DATE, "2026-02-30", "not_a_date"),
        (FieldType.DATE, "20260228", "not_a_date"),
        (FieldType.DATE, "2027-01-01", "above_max"),
        (FieldType.DATETIME, "2026-12-31T23:59:59+00:00", "2026-12-31T23:59:59.000Z"),
        (FieldType.DATETIME, "2026-01-31T08:00:00.1239+08:00", "2026-01-31T00:00:00.123Z"),
        (FieldType.DATETIME, "2026-01-31T08:00:00", "not_a_datetime"),
        (FieldType.DATETIME, "0001-01-01T00:00:00+14:00", "not_a_datetime"),
        (FieldType.DATETIME, "2027-01-01T00:00:00Z", "above_max"),
        (FieldType.BOOLEAN, False, False),
        (FieldType.BOOLEAN, "true", "not_a_boolean"),
        (FieldType.ENUM, "a", "a"),
        (FieldType.ENUM, "b", "not_an_option"),
        (FieldType.ENUM, ["a"], "not_an_option"),
        (FieldType.MULTI_SELECT, ["a", "a"], ["a"]),
        (FieldType.MULTI_SELECT, "a", "not_options"),
        (FieldType.PHONE, "+40 21 555 0100", "+40215550100"),
        (FieldType.PHONE, "0215550100", "not_a_phone"),
        (FieldType.EMAIL, "ann@example.com", "ann@example.com"),
        (FieldType.EMAIL, "ann@@example.com", "not_an_email"),
        (FieldType.EMAIL, "ann@example", "not_an_email"),
        (FieldType.REFERENCE, _ID.upper(), _ID),
        (FieldType.REFERENCE, "x", "not_an_id"),
        (FieldType.ATTACHMENT, [], []),
        (FieldType.ATTACHMENT, [_ID], "file_unknown"),
        (FieldType.FORMULA, 3, "field_read_only"),
    ],
)
def test_value_is_stored_in_one_form_or_refused(
    kind: FieldType, given_value: Any, stored: Any
) -> None:
    try:
        found = check_value(_field(kind), given_value)
    except Wrong as wrong:
        found = wrong.code
    assert (found, type(found)) == (stored, type(stored))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
_GOOD = st.fixed_dictionaries(
    {},
    optional={
        "text": st.from_regex("[a-z]{2,5}", fullmatch=True),
        "number": st.integers(-5, 10),
        "money": st.integers(-(10**12), 10**12),
        "date": st.dates().map(str),
        "boolean": st.booleans(),
        "enum": st.sampled_from(["a", "b"]),
        "email": st.emails(),
    },
)
_ANY = st.dictionaries(st.sampled_from([*FieldType, "nothing"]), _JSON, max_size=4)


@given(_GOOD, _ANY, st.booleans())
def test_what_is_stored_fits_and_stays_when_it_is_sent_back(
    first: dict[str, Any], second: dict[str, Any], partial: bool
) -> None:
    definition = _definition()
    made = values.check(definition, first, role="agent")
    if not made.is_good:
        return
    changed = values.check(definition, second, role="agent", old=made.values, partial=partial)
    for stored in [made.values, *([changed.values] if changed.is_good else [])]:
        again = values.check(definition, stored, role="agent", old=stored)
        assert again == values.Checked(stored)
        fresh = {key: value for key, value in stored.items() if key != "formula"}
        assert values.check(definition, fresh, role="agent", old={"enum": "b"}).is_good
    if partial and changed.is_good:
        kept = made.values.keys() - second.keys() - {"formula"}
        assert all(changed.values[key] == made.values[key] for key in kept)


def _secret(**more: Any) -> Definition:
    fields = [
        {"key": "open", "type": "text", "name_en": "o"},
        {"key": "seen", "type": "text", "name_en": "s", "write_roles": ["boss"]},
        {"key": "hidden", "type": "text", "name_en": "h", "read_roles": ["boss"], **more},
    ]
    return Definition.model_validate({"kind": "base", "name": "x", "fields": fields})


def test_hidden_field_is_answered_as_one_that_does_not_exist() -> None:
    definition = _secret(required=True)
    answers = [
        values.check(definition, {key: "v"}, role="agent").errors for key in ("hidden", "no")
    ]
    ((hidden,), (nothing,)) = answers
    assert (hidden.code, hidden.reason) == (nothing.code, nothing.reason)
    # What he cannot write is not asked of him, and nothing that he sends empties it.
    assert values.check(definition, {"open": "x"}, role="agent").is_good
    old = {"open": "1", "seen": "2", "hidden": "3", "gone": "4"}
    put = values.check(definition, {"open": None, "seen": "2"}, role="agent", old=old)
    assert put == values.Checked({"seen": "2", "hidden": "3", "gone": "4"})
    assert definition.shown(old, "agent") == {"open": "1", "seen": "2"}
    (error,) = values.check(definition, {"seen": "9"}, role="agent", old=old).errors
    assert error.code == "field_read_only"
    (error,) = values.check(definition, {"open": "x"}, role="boss").errors
    assert (error.field, error.code) == ("hidden", "field_required")


def test_retired_option_stays_where_it_is_and_defaults_are_given_once() -> None:
    field = _field(FieldType.ENUM)
    definition = Definition(kind=Kind.BASE, name="x", fields=[field])
    assert values.check(definition, {"enum": "b"}, role="r", old={"enum": "b"}).is_good
    assert not values.check(definition, {"enum": "b"}, role="r", old={"enum": "a"}).is_good
    with_default = definition.model_copy(
        update={"fields": [field.model_copy(update={"default": "a"})]}
    )
    assert values.check(with_default, {}, role="r").values == {"enum": "a"}
    assert values.check(with_default, {"enum": None}, role="r").values == {}
    assert values.check(with_default, {}, role="r", old={}, partial=True).values == {}


def test_who_may_act_must_also_see() -> None:
    rights = Rights(read=["a", "b"], change=["b", "c"])
    assert [rights.allows("change", role) for role in "abc"] == [False, True, False]
    assert [rights.allows("delete", role) for role in "abc"] == [True, True, False]


# -- patterns ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"(a+)+", "a" * 900 + "!"),
        (r"(a|a)*b", "a" * 900),
        (r"(a|aa)+b", "a" * 900),
        (r"(.*a){20}", "a" * 900 + "!"),
        (r"([a-zA-Z]+)*!", "a" * 900),
        (r"(\w+\s?)*!", "word " * 180),
        (r"^(([a-z])+.)+[A-Z]([a-z])+$", "a" * 900),
        (r".*.*.*.*=.*", "x" * 900),
    ],
)
def test_no_pattern_makes_a_text_slow(pattern: str, text: str) -> None:
    """Each of these keeps a backtracking engine busy for longer than the world exists."""
    check_pattern(pattern)
    assert not matches(pattern, text)


@pytest.mark.parametrize(
    "pattern",
    [
        *("(", "a{1000}{1000}", "(a{50}){50}", "(?=a)b", r"(a)\1", "(?<!a)b", "x" * 201),
        *("a{201}", "(?P<n>a)(?P=n)", "a)|(b", "(a{2}b{101})"),
    ],
)
def test_pattern_that_cannot_be_matched_in_linear_time_is_refused(pattern: str) -> None:
    with pytest.raises(BadPattern):
        check_pattern(pattern)


def test_pattern_is_of_the_whole_text() -> None:
    assert matches("[0-9]{4}|x", "x")
    for text in ("xx", "12345", " x", "x\n", ""):
        assert not matches("[0-9]{4}|x", text)
    assert matches(r"\p{Han}{2}", "合同")


# -- definitions ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "field",
    [
        {"key": "Bad", "type": "text"},
        {"key": "a", "type": "money"},
        {"key": "a", "type": "enum"},
        {"key": "a", "type": "text", "options": _OPTIONS},
        {"key": "a", "type": "number", "pattern": "a"},
        {"key": "a", "type": "text", "pattern": "(a"},
        {"key": "a", "type": "reference", "reference": "object"},
        {"key": "a", "type": "reference", "reference": "user", "reference_object_id": _ID},
        {"key": "a", "type": "formula", "result": "number", "required": True},
        {"key": "a", "type": "formula", "result": "enum", "expression": "1"},
        {"key": "a", "type": "multi_select", "options": _OPTIONS, "is_indexed": True},
        {"key": "a", "type": "text", "min_length": 5, "max_length": 2},
        {"key": "a", "type": "text", "unknown": 1},
        {"key": "a", "type": "text", "group": "nowhere"},
        {"key": "a", "type": "enum", "options": [_OPTIONS[0], _OPTIONS[0]]},
    ],
)
def test_field_that_contradicts_itself_is_refused(field: dict[str, Any]) -> None:
    body = {"kind": "base", "name": "x", "fields": [{"name_en": "n", **field}]}
    with pytest.raises(ValidationError):
        Definition.model_validate(body)


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ({"type": "number", "min": 5, "max": 2}, "bound_invalid"),
        ({"type": "number", "min": "2026-01-01"}, "bound_invalid"),
        ({"type": "date", "min": 5}, "bound_invalid"),
        ({"type": "date", "min": "2026-13-01"}, "not_a_date"),
        ({"type": "date", "min": "2026-02-01", "max": "2026-01-01"}, "bound_invalid"),
        ({"type": "text", "default": 5}, "not_a_text"),
        ({"type": "text", "default": " x "}, "default_invalid"),
        ({"type": "text", "default": "x", "is_unique": True}, "default_invalid"),
        ({"type": "enum", "options": _OPTIONS, "default": "b"}, "not_an_option"),
        ({"type": "reference", "reference": "user", "default": _ID}, "default_invalid"),
        ({"type": "formula", "result": "number", "expression": "1 +"}, "formula_invalid"),
        ({"type": "formula", "result": "number", "expression": ""}, "formula_invalid"),
        ({"type": "formula", "result": "text", "expression": "1"}, "formula_invalid"),
    ],
)
def test_definition_says_what_is_wrong_with_which_field(field: dict[str, Any], code: str) -> None:
    body = {"kind": "base", "name": "x", "fields": [{"key": "a", "name_en": "n", **field}]}
    found = soundness.faults(Definition.model_validate(body))
    assert [(each.field, each.code) for each in found] == [("a", code)]


def test_object_has_no_more_indexed_fields_than_there_are_key_columns() -> None:
    def body(kind: str, count: int, **more: Any) -> dict[str, Any]:
        one = {"type": kind, "name_en": "n", "is_indexed": True, **more}
        fields = [{"key": f"f{n}", **one} for n in range(count)]
        return {"kind": "base", "name": "x", "fields": fields}

    for kind, most in (("text", 12), ("number", 8)):
        Definition.model_validate(body(kind, most))
        with pytest.raises(ValidationError):
            Definition.model_validate(body(kind, most + 1))
    with pytest.raises(ValidationError):
        Definition.model_validate(body("text", 4, is_unique=True))
    with pytest.raises(ValidationError):
        Definition.model_validate({**body("text", 1, is_unique=True), "kind": "customer"})


# -- texts and files -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (FieldType.NUMBER, " 2.5 ", 2.5),
        (FieldType.MONEY, "100", 100),
        (FieldType.NUMBER, "1e3", "not_a_number"),
        (FieldType.BOOLEAN, "是", True),
        (FieldType.BOOLEAN, "maybe", "not_a_boolean"),
        (FieldType.ENUM, "苹果", "a"),
        (FieldType.MULTI_SELECT, "apple；a", ["a", "a"]),
        (FieldType.TEXT, "", None),
        (FieldType.DATE, "2026-01-01", "2026-01-01"),
    ],
)
def test_cell_becomes_a_value(kind: FieldType, text: str, value: Any) -> None:
    try:
        found = texts.from_text(_field(kind), text)
    except Wrong as wrong:
        found = wrong.code
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\x89PNG\r\n\x1a\nrest", "image/png"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
        (b"%PDF-1.7", "application/pdf"),
        ("合同, plain".encode(), "text/plain"),
        (b"<html>", None),
        (b" \n<svg onload=alert(1)>", None),
        (b"\xef\xbb\xbf<?xml?>", None),
        (b"MZ\x90\0", None),
        (b"PK\x03\x04 zip", None),
        (b"PK\x03\x04 [Content_Types].xml xl/workbook.xml", "spreadsheetml"),
        (b"PK\x03\x04 [Content_Types].xml xl/vbaProject.bin", None),
        (b"\xff\xfe\0", None),
    ],
)
def test_file_is_what_is_in_it(content: bytes, kind: str | None) -> None:
    found = content_type(content)
    assert found is None if kind is None else kind in (found or "")
