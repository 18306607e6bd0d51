"""Formulas: what they come to, what is refused, and that none of them costs much."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.crm_api.core.objects.definition import Definition, FieldType
from ringway.crm_api.core.objects.formula import BadFormula, check_formula, compute, names
from ringway.crm_api.core.objects.values import with_formulas

pytestmark = pytest.mark.unit

_TYPES = {
    "price": FieldType.MONEY,
    "amount": FieldType.NUMBER,
    "name": FieldType.TEXT,
    "level": FieldType.ENUM,
    "due": FieldType.DATE,
    "at": FieldType.DATETIME,
    "vip": FieldType.BOOLEAN,
    "tags": FieldType.MULTI_SELECT,
}
_VALUES: dict[str, Any] = {
    "price": 199,
    "amount": 3,
    "name": "ann",
    "level": "gold",
    "due": "2026-01-31",
    "at": "2026-01-31T23:30:00.000Z",
    "vip": True,
}


@pytest.mark.parametrize(
    ("expression", "result", "value"),
    [
        ("price * amount", "number", Decimal(597)),
        ("1 + 2 * 3 - 4 / 2", "number", Decimal(5)),
        ("10 - 2 - 3", "number", Decimal(5)),
        ("-(2 + 3) % 4", "number", Decimal(-1)),
        ("round(price * 1.19, 0)", "number", Decimal(237)),
        ("1 / 0", "number", None),
        ("if(level = 'gold' and vip, 'VIP', '')", "text", "VIP"),
        ("if(vip, 1, 1 / 0)", "number", Decimal(1)),
        ("not vip or amount > 2", "boolean", True),
        ("not amount > 2", "boolean", False),
        (
            "concat(upper(left(name, 1)), right(name, 2), ' ', amount, due)",
            "text",
            "Ann 32026-01-31",
        ),
        ("'it''s'", "text", "it's"),
        ("add_days(due, 1)", "date", date(2026, 2, 1)),
        ("days(date(at), add_days(due, 30))", "number", Decimal(30)),
        ("add_days(due, 99999999)", "date", None),
        ("year(due) * 100 + month(due)", "number", Decimal(202601)),
        ("max(1, amount, 2)", "number", Decimal(3)),
        ("len(name)", "number", Decimal(3)),
    ],
)
def test_formula_comes_to(expression: str, result: str, value: Any) -> None:
    check_formula(expression, _TYPES, FieldType(result))
    assert compute(expression, _VALUES, _TYPES) == value


def test_empty_values_make_it_empty_unless_it_says_otherwise() -> None:
    assert compute("price * amount", {"amount": 1}, _TYPES) is None
    assert compute("coalesce(price, amount, 5)", {}, _TYPES) == 5
    assert compute("is_empty(name)", {}, _TYPES) is True
    assert compute("if(is_empty(price), 0, price)", {}, _TYPES) == 0
    # A stored value of an older type is empty, and no error.
    assert compute("due", {"due": "soon"}, _TYPES) is None
    assert compute("price + 1", {"price": "many"}, _TYPES) is None


@pytest.mark.parametrize(
    "expression",
    [
        *("", "1 +", "(1", "1 2", "nothing + 1", "name + 1", "price = name", "vip < vip"),
        *("__import__('os')", "price.real", "eval('1')", "price ** 2", "lambda: 1", "{}", "1 // 2"),
        *("if(vip, 1)", "if(1, 1, 2)", "tags", "round(1)", "concat()", "'open", "price[0]"),
        *("(" * 60 + "1" + ")" * 60, "+".join(["1"] * 200), "-" * 100 + "1", "not " * 60 + "vip"),
        "1" * 2000,
    ],
)
def test_formula_that_is_none_is_refused(expression: str) -> None:
    for result in (FieldType.NUMBER, FieldType.TEXT, FieldType.BOOLEAN):
        with pytest.raises(BadFormula):
            check_formula(expression, _TYPES, result)


def test_formula_names_its_fields() -> None:
    assert names("if(vip, price * amount, coalesce(price, 0))") == {"vip", "price", "amount"}


_ATOMS = st.sampled_from(["price", "amount", "1.5", "0", "len(name)", "year(due)", "99999999"])
_NUMBERS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/%"), inner).map(lambda it: f"({' '.join(it)})"),
        inner.map(lambda it: f"-{it}"),
        st.tuples(inner, inner).map(lambda it: f"if({it[0]} > {it[1]}, {it[0]}, {it[1]})"),
        inner.map(lambda it: f"round({it}, 2)"),
    ),
    max_leaves=20,
)


@given(_NUMBERS, st.dictionaries(st.sampled_from(sorted(_TYPES)), st.integers() | st.text()))
def test_well_typed_formula_always_comes_to_a_value_that_can_be_stored(
    expression: str, stored: dict[str, Any]
) -> None:
    try:
        check_formula(expression, _TYPES, FieldType.NUMBER)
    except BadFormula:
        return  # too deep or too long
    fields = [
        *({"key": k, "type": t, "name_en": k} for k, t in _TYPES.items() if t in _PLAIN),
        {"key": "price", "type": "money", "name_en": "p", "currency": "CNY"},
        {"key": "sum", "type": "formula", "name_en": "s", "result": "money",
         "expression": expression},
    ]  # fmt: skip
    definition = Definition.model_validate({"kind": "base", "name": "x", "fields": fields})
    found = with_formulas(definition, stored)
    assert isinstance(found.get("sum", 0), int)


_PLAIN = frozenset(
    {FieldType.NUMBER, FieldType.TEXT, FieldType.DATE, FieldType.DATETIME, FieldType.BOOLEAN}
)


@given(st.text(max_size=60) | st.text("()+-*/'1a ,<>=", max_size=60))
def test_no_text_breaks_the_reader(expression: str) -> None:
    try:
        check_formula(expression, _TYPES, FieldType.NUMBER)
    except BadFormula:
        return
    compute(expression, _VALUES, _TYPES)
