"""Definitions that change while there are records: nothing that is stored is lost or misread."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from pydantic import ValidationError

from ringway.crm_api.core.objects import soundness, values
from ringway.crm_api.core.objects.definition import Definition, Field, FieldType, Kind
from ringway.crm_api.core.objects.evolution import COLUMNS, KeyColumn, evolve, key_columns
from ringway.crm_api.core.objects.filters import parse, parse_sort
from ringway.crm_api.core.objects.pairs import Pair, number_text
from ringway.crm_api.core.objects.values import Wrong
from ringway.crm_api.objects.catalogue import StoredObject
from ringway.crm_api.objects.expressions import sort_of, text_of, value_of
from ringway.crm_api.objects.record_query import Order, Place, page_of

pytestmark = pytest.mark.unit

_OPTIONS = ["gold", "silver", "basic"]


def _option(key: str, *, is_retired: bool = False) -> dict[str, Any]:
    return {"key": key, "name_en": key, "is_retired": is_retired}


_FIELDS = st.fixed_dictionaries(
    {
        "key": st.sampled_from(["a", "b", "c"]),
        "type": st.sampled_from(["text", "number", "money", "date", "enum", "boolean", "email"]),
        "is_indexed": st.booleans(),
        "is_unique": st.booleans(),
        "currency": st.sampled_from(["CNY", "EUR"]),
        "options": st.lists(st.sampled_from(_OPTIONS), unique=True, min_size=1),
    }
)


def _field(drawn: dict[str, Any]) -> dict[str, Any]:
    given_now = {**drawn, "name_en": drawn["key"]}
    if drawn["type"] != "money":
        given_now.pop("currency")
    options = [_option(key) for key in given_now.pop("options")]
    return {**given_now, "options": options} if drawn["type"] == "enum" else given_now


_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": st.text(max_size=5),
    "number": st.integers(-9, 9),
    "money": st.integers(-9, 9),
    "date": st.dates().map(str),
    "enum": st.sampled_from(_OPTIONS),
    "boolean": st.booleans(),
    "email": st.just("ann@example.com"),
}


class Evolution(RuleBasedStateMachine):
    """An administrator changes an object while people write records."""

    @initialize()
    def begin(self) -> None:
        self.definition = Definition(kind=Kind.BASE, name="x", fields=[])
        self.shapes: dict[str, Any] = {}
        self.records: list[dict[str, Any]] = []
        self.columns: list[KeyColumn] = []

    @rule(drawn=st.lists(_FIELDS, max_size=3, unique_by=lambda it: it["key"]))
    def change(self, drawn: list[dict[str, Any]]) -> None:
        wanted = Definition.model_validate(
            {"kind": "base", "name": "x", "fields": [_field(each) for each in drawn]}
        )
        assert not soundness.faults(wanted)
        shapes, faults = evolve(self.shapes if self.records else {}, wanted)
        if faults:
            return
        self.definition, self.shapes = wanted, shapes
        add, drop = key_columns(wanted, self.columns)
        assert not set(drop) - set(self.columns)
        self.columns = [each for each in self.columns if each not in drop] + add

    @rule(data=st.data())
    def write(self, data: st.DataObject) -> None:
        drawn = {each.key: data.draw(_VALUES[each.type.value]) for each in self.definition.fields}
        checked = values.check(self.definition, drawn, role="agent")
        if checked.is_good:
            self.records.append(checked.values)

    @rule(data=st.data())
    def rewrite(self, data: st.DataObject) -> None:
        if not self.records:
            return
        at = data.draw(st.integers(0, len(self.records) - 1))
        before = self.records[at]
        keys = {each.key for each in self.definition.fields}
        checked = values.check(self.definition, {}, role="agent", old=before)
        assert checked.is_good
        # What was removed from the definition is still in the record.
        hidden = {key: value for key, value in before.items() if key not in keys}
        assert checked.values == hidden
        self.records[at] = checked.values

    @invariant()
    def every_value_that_is_shown_is_one_of_its_field(self) -> None:
        for record in self.records:
            for each in self.definition.fields:
                if each.key in record:
                    stored = record[each.key]
                    assert values.check_value(each, stored, before=stored) == stored

    @invariant()
    def every_indexed_field_has_one_column_of_its_own(self) -> None:
        taken = [each.column for each in self.columns]
        assert len(set(taken)) == len(taken)
        held = {(each.key, each.column[0]) for each in self.columns}
        for each in self.definition.fields:
            letter = "n" if each.is_number else "t"
            assert ((each.key, letter) in held) is each.has_index
            assert ((each.key, "u") in held) is each.is_unique
        assert all(each.column in COLUMNS[each.column[0]] for each in self.columns)


Evolution.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestEvolution = Evolution.TestCase


def test_column_that_was_just_left_is_taken_last() -> None:
    old = [KeyColumn("a", "t1")]
    field = Field(key="b", type=FieldType.TEXT, name_en="b", is_indexed=True)
    definition = Definition(kind=Kind.BASE, name="x", fields=[field])
    assert key_columns(definition, old) == ([KeyColumn("b", "t2")], old)


# -- filters -------------------------------------------------------------------------------------

_LISTED = Definition.model_validate(
    {
        "kind": "base",
        "name": "x",
        "fields": [
            {"key": "name", "type": "text", "name_en": "n", "is_indexed": True},
            {"key": "size", "type": "number", "name_en": "s", "is_indexed": True},
            {"key": "day", "type": "date", "name_en": "d", "is_indexed": True},
            {"key": "tags", "type": "multi_select", "name_en": "t", "options": [_option("gold")]},
            {"key": "salary", "type": "number", "name_en": "s", "is_indexed": True,
             "read_roles": ["boss"]},
        ],
    }
)  # fmt: skip


def _kept(**columns: str) -> StoredObject:
    nobody, never = UUID(int=0), datetime(2026, 1, 1, tzinfo=UTC)
    return StoredObject(nobody, nobody, 1, _LISTED, None, never, never, columns)


@given(
    st.sampled_from(["name", "size", "day", "tags", "salary", "x'; DROP TABLE crm.record; --"]),
    st.sampled_from(["eq", "ne", "lt", "lte", "gt", "gte", "contains", "in", "empty", "or 1=1"]),
    st.text(max_size=20) | st.sampled_from(["true", "1", "2026-01-01", "gold", "' OR 1=1 --"]),
    st.sampled_from(["agent", "boss"]),
)
def test_nothing_that_is_asked_gets_into_the_statement(
    key: str, operator: str, operand: str, role: str
) -> None:
    try:
        condition = parse(_LISTED, role, f"{key}:{operator}:{operand}")
    except Wrong:
        return
    assert role == "boss" or condition.field.key != "salary"
    parameters: list[Any] = ["tenant", "object", None]
    statement = page_of([condition], Order(None, is_down=True), None, _kept(name="t1"), parameters)
    assert ";" not in statement
    assert "--" not in statement
    assert len(parameters) == 3 + statement.count("$")
    if operator in ("eq", "contains") and len(operand.strip()) > 3 and operand != "true":
        assert operand not in statement


def test_order_says_what_its_index_needs() -> None:
    field, is_down = parse_sort(_LISTED, "agent", "-size")
    parameters: list[Any] = [1, 2, 3]
    after = Place(5.0, "id")  # type: ignore[arg-type]
    statement = page_of([], Order(field, is_down), after, _kept(size="n1"), parameters)
    assert statement == (
        " AND r.n1 IS NOT NULL AND (r.n1, r.record_id) < ($4, $5)"
        " ORDER BY r.n1 DESC, r.record_id DESC"
    )
    assert parameters[3:] == [5.0, "id"]


def test_bound_before_a_page_does_not_keep_it_from_beginning_there() -> None:
    """PostgreSQL begins with the first bound that it meets, and reads all that is between."""
    field, is_down = parse_sort(_LISTED, "agent", "size")
    bounds = [parse(_LISTED, "agent", f"size:{each}") for each in ("gte:1", "lte:9")]
    after = Place(5.0, "id")  # type: ignore[arg-type]
    statement = page_of(bounds, Order(field, is_down), after, _kept(size="n1"), [])
    assert "coalesce(r.n1, r.n1) >= $1" in statement
    assert "r.n1 <= $2" in statement
    first = page_of(bounds, Order(field, is_down), None, _kept(size="n1"), [])
    assert "coalesce" not in first


def test_list_with_a_pair_reads_one_range_of_it() -> None:
    field, _ = parse_sort(_LISTED, "agent", "size")
    wanted = [parse(_LISTED, "agent", each) for each in ("name:eq:ann", "day:gt:2026-01-01")]
    found = _kept(name="t1", size="n1", day="t2", **{"tn:name:size": "p1"})
    parameters: list[Any] = []
    page_of(wanted, Order(field, is_down=False), None, found, parameters)
    assert parameters[1:] == ["ann\x01\x02", "ann\x01\x03"]
    after = Place(5.0, "id")  # type: ignore[arg-type]
    ways = {}
    for is_down in (False, True):
        parameters = []
        ways[is_down] = page_of(wanted, Order(field, is_down), after, found, parameters)
        assert parameters[-2:] == [f"ann\x01\x02{number_text(5.0)}", "id"]
    assert ways[False] == (
        " AND r.t2 > $1::text AND r.p1 < $2 AND (r.p1, r.record_id) > ($3, $4)"
        " ORDER BY r.p1 ASC, r.record_id ASC"
    )
    assert ways[True] == (
        " AND r.t2 > $1::text AND r.p1 >= $2 AND r.p1 < $3 AND (r.p1, r.record_id) < ($4, $5)"
        " ORDER BY r.p1 DESC, r.record_id DESC"
    )


_PAIRED = [
    Field(key="name", type=FieldType.TEXT, name_en="n"),
    Field(key="size", type=FieldType.NUMBER, name_en="s"),
]
_TEXTS = st.text(st.sampled_from("a\x01\x02\x03b\x7fä界"), max_size=4)
_NUMBERS = st.integers(-9, 9) | st.floats(allow_nan=False)


@given(st.data(), st.sampled_from(_PAIRED), st.sampled_from(_PAIRED))
def test_keys_of_a_pair_order_as_its_values(data: st.DataObject, by: Field, order: Field) -> None:
    drawn = {each.key: _NUMBERS if each.is_number else _TEXTS for each in _PAIRED}
    rows = data.draw(st.lists(st.tuples(drawn[by.key], drawn[order.key]), max_size=12))
    value = data.draw(drawn[by.key])
    pair = Pair("p1", by, order, value)
    keys = {Pair("p1", by, order, first).key(second): (first, second) for first, second in rows}
    first, end = pair.bounds
    inside = sorted(key for key in keys if first <= key < end)
    assert [keys[key][0] for key in inside] == [value] * len(inside)
    assert len(inside) == len({second for first, second in rows if first == value})
    assert [keys[key][1] for key in inside] == sorted(keys[key][1] for key in inside)
    assert all(pair.key(pair.empty) <= key for key in inside)


def test_list_names_two_indexed_fields() -> None:
    fields = [each.model_dump(mode="json", exclude_none=True) for each in _LISTED.fields]

    def made(*lists: tuple[str, str]) -> Definition:
        named = [{"filter": by, "sort": sort} for by, sort in lists]
        given_now = {"kind": "base", "name": "x", "fields": fields, "lists": named}
        return Definition.model_validate(given_now)

    add, _ = key_columns(made(("name", "size"), ("size", "day")), [])
    assert [each for each in add if each.column.startswith("p")] == [
        KeyColumn("nt:size:day", "p1"),
        KeyColumn("tn:name:size", "p2"),
    ]
    for lists, reason in (
        ([("name", "tags")], "lists: tags is no field with is_indexed"),
        ([("none", "size")], "lists: none is no field with is_indexed"),
        ([("name", "name")], "needs no list"),
        ([("name", "size")] * 2, "are there twice"),
        ([("name", each) for each in ("size", "day", "salary")] * 2, "at most 4"),
    ):
        with pytest.raises(ValidationError, match=reason):
            made(*lists)


@pytest.mark.parametrize("key", ["a'b", 'a"b', "A", "", "a" * 41, "a\n", "ä"])
def test_only_keys_get_into_sql(key: str) -> None:
    field = Field.model_construct(key=key, type=FieldType.TEXT, name_en="n", result=None)
    ways: list[Callable[[], str]] = [
        lambda: text_of(key),
        lambda: value_of(field),
        lambda: sort_of(field, {}, "r"),
    ]
    for made in ways:
        with pytest.raises(ValueError, match="not a key"):
            made()
    with pytest.raises(ValueError, match="not a key column"):
        sort_of(field, {key: "t1; --"}, "r")
