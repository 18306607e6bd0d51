"""Random queries over the small world of rows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from tests.support.query_world import BACK, NAMES, NOTES, NOW, PATHS

from ringway.crm_api.core.queriers.catalogue import NUMERIC, ORDERED, FieldKind
from ringway.crm_api.core.queriers.query import COUNTED, By, Function, Op, Span
from ringway.crm_api.core.queriers.values import LISTS, OPERATORS

_K = FieldKind
Json = dict[str, Any]

_relative = st.sampled_from(Span).flatmap(
    lambda span: st.fixed_dictionaries(
        {"relative": st.just(span.value)} | ({"n": st.integers(1, 60)} if span in COUNTED else {})
    )
)
_moment = st.integers(-24 * 40, 48).map(lambda hours: (NOW + timedelta(hours=hours)).isoformat())
_day = st.integers(-40, 4).map(lambda n: (NOW.date() + timedelta(days=n)).isoformat())
_SCALARS: dict[FieldKind, st.SearchStrategy[Any]] = {
    _K.TEXT: st.sampled_from(NAMES + NOTES + ("%", "_", "o")),
    _K.INTEGER: st.integers(-2, 4),
    _K.MONEY: st.integers(-3, 5).map(lambda n: n * 100),
    _K.NUMBER: st.integers(-4, 8).map(lambda n: n / 2),
    _K.BOOLEAN: st.booleans(),
    _K.TIME: _moment,
    _K.DATE: _day,
    _K.ID: st.one_of(
        st.integers(1000, 1030).map(lambda n: str(UUID(int=n))), st.just({"me": True})
    ),
    _K.LIST: st.sampled_from(["a", "b", "c"]),
}


@st.composite
def _condition(draw: st.DrawFn, source: str) -> Json:
    path = draw(st.sampled_from(sorted(PATHS[source])))
    kind = PATHS[source][path]
    op = draw(st.sampled_from(sorted(OPERATORS[kind])))
    made: Json = {"field": path, "op": op.value}
    scalar = _SCALARS[kind]
    if op in LISTS:
        made["value"] = draw(st.lists(scalar, max_size=3))
    elif op is Op.BETWEEN:
        made["value"] = [draw(scalar), draw(scalar)]
    elif op is Op.WITHIN and kind is _K.TIME:
        parts = st.fixed_dictionaries({}, optional={"from": _moment, "to": _moment})
        made["value"] = draw(st.one_of(_relative, parts))
    elif op is Op.WITHIN:
        no_hours = _relative.filter(lambda r: r["relative"] not in ("last_hours", "last_minutes"))
        made["value"] = draw(no_hours)
    elif op not in (Op.IS_EMPTY, Op.IS_NOT_EMPTY):
        made["value"] = draw(scalar)
    return made


def filters(source: str, depth: int = 3) -> st.SearchStrategy[Json]:
    """Return filters of a source."""
    leaf = _condition(source)
    if not depth:
        return leaf
    below = st.deferred(lambda: filters(source, depth - 1))
    some = st.lists(below, max_size=3)
    found = [leaf, some.map(lambda x: {"all": x}), some.map(lambda x: {"any": x})]
    found.append(below.map(lambda x: {"not": x}))
    for other, by in BACK.get(source, ()):
        plain = st.fixed_dictionaries(
            {"related": st.just(other), "by": st.just(by)},
            optional={"at_least": st.integers(1, 3), "where": filters(other, 0)},
        )
        found.append(plain)
    return st.one_of(*found)


@st.composite
def _figure(draw: st.DrawFn, source: str, name: str) -> Json:
    function = draw(st.sampled_from(Function))
    kinds = NUMERIC
    if function in (Function.MIN, Function.MAX):
        kinds = ORDERED
    elif function in (Function.COUNT, Function.COUNT_DISTINCT):
        kinds = frozenset(FieldKind) - {_K.LIST}
    fits = sorted(path for path, kind in PATHS[source].items() if kind in kinds)
    made: Json = {"function": function.value, "name": name}
    free = function in (Function.COUNT, Function.SHARE)
    if not free or draw(st.booleans()):
        made["field"] = draw(st.sampled_from(fits))
    if draw(st.booleans()):
        made["where"] = draw(filters(source, 1))
    if function is Function.SHARE and draw(st.booleans()):
        made["of"] = draw(filters(source, 1))
    return made


@st.composite
def _group(draw: st.DrawFn, source: str, n: int) -> Json:
    fits = sorted(path for path, kind in PATHS[source].items() if kind is not _K.LIST)
    path = draw(st.sampled_from(fits))
    made: Json = {"field": path, "name": f"g{n}"}
    kind = PATHS[source][path]
    if kind is _K.TIME and draw(st.booleans()):
        made["by"] = draw(st.sampled_from(By)).value
    elif kind is _K.DATE and draw(st.booleans()):
        made["by"] = draw(st.sampled_from([By.DAY, By.WEEK, By.MONTH, By.DAY_OF_WEEK])).value
    return made


@st.composite
def queries(draw: st.DrawFn) -> Json:
    """Draw a query that makes sense."""
    source = draw(st.sampled_from(sorted(PATHS)))
    made: Json = {"source": source}
    if draw(st.booleans()):
        made["where"] = draw(filters(source))
    if draw(st.booleans()):
        paths = st.lists(
            st.sampled_from(sorted(PATHS[source])), min_size=1, max_size=4, unique=True
        )
        made["columns"] = [{"field": path} for path in draw(paths)]
        # Not by note: collations do not agree on its letters.
        by = [p for p, kind in PATHS[source].items() if kind in ORDERED and p != "note"]
        names: list[str] = sorted(by)
    else:
        groups = range(draw(st.integers(0, 2)))
        figures = range(draw(st.integers(0 if groups else 1, 3)))
        made["groups"] = [draw(_group(source, n)) for n in groups]
        made["aggregates"] = [draw(_figure(source, f"f{n}")) for n in figures]
        names = [f"f{n}" for n in figures if made["aggregates"][n].get("field") != "note"]
        numbers = [
            each["name"]
            for each in made["aggregates"]
            if each["function"] not in ("min", "max") or each["field"] in ("age", "score", "amount")
        ]
        if draw(st.booleans()) and numbers:
            op = draw(st.sampled_from(["eq", "ne", "lt", "ge"]))
            figure = draw(st.sampled_from(numbers))
            made["having"] = [{"aggregate": figure, "op": op, "value": draw(st.integers(-1, 5))}]
    if draw(st.booleans()) and names:
        made["sort"] = [
            {"by": each, "descending": draw(st.booleans())}
            for each in draw(st.lists(st.sampled_from(names), max_size=3, unique=True))
        ]
    return made
