"""Queries made into parameterised SQL.

Rule 1: the SQL is made of the catalogue's texts, this package's constants and ``$n``; every value
of a query is a parameter. Rule 2: every table is read with its tenant and its scope, joined ones
too. Rule 3: what the catalogue does not have is refused by the name that the query gave it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ringway.crm_api.core.queriers.catalogue import (
    ALIAS,
    NUMERIC,
    ORDERED,
    Catalogue,
    Field,
    FieldKind,
)
from ringway.crm_api.core.queriers.frames import Frame, Frames
from ringway.crm_api.core.queriers.query import (
    Aggregate,
    Asked,
    By,
    Filter,
    Function,
    GroupBy,
    Having,
    Op,
    Query,
    both,
)
from ringway.crm_api.core.queriers.refusals import QueryRefused


@dataclass(frozen=True, slots=True)
class OutColumn:
    """One column of a result."""

    name: str
    kind: FieldKind
    label: str  # what the query calls it; empty: as the field is called
    label_en: str
    label_zh: str


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement with its parameters. The key, where there is one, is its last column."""

    sql: str
    values: tuple[object, ...]
    columns: tuple[OutColumn, ...]
    has_key: bool


_FORMATS = {
    By.HOUR: 'YYYY-MM-DD"T"HH24:00',
    By.DAY: "YYYY-MM-DD",
    By.WEEK: 'IYYY-"W"IW',
    By.MONTH: "YYYY-MM",
    By.YEAR: "YYYY",
    By.HOUR_OF_DAY: "HH24",
    By.DAY_OF_WEEK: "ID",
}
_OF_DAYS = frozenset(By) - {By.HOUR, By.HOUR_OF_DAY}
_HAVING = {Op.EQ: "=", Op.NE: "<>", Op.LT: "<", Op.LE: "<=", Op.GT: ">", Op.GE: ">="}


def compile_query(
    query: Query, catalogue: Catalogue, asked: Asked, *, limit: int, offset: int = 0
) -> Compiled:
    """Return the statement that answers ``query`` for the caller of ``catalogue``.

    Args:
        limit: Rows at most, from the ``offset``-th on.

    Raises:
        QueryRefused: It asks for what is not there, or compares what cannot be compared.
    """
    made = Frames(catalogue, asked)
    frame = made.frame(query.source)
    if query.is_grouped:
        inner = _grouped(made, frame, query)
    else:
        inner = _plain(made, frame, query, most=limit + offset)
    names = ", ".join(f"c{n}" for n in range(len(inner.columns)))
    conditions = [_having(made, query, inner, each) for each in query.having]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    key = ", k" if inner.has_key else ""
    window = f"LIMIT {made.parameter(limit, 'bigint')} OFFSET {made.parameter(offset, 'bigint')}"
    found = f"SELECT {names}{key} FROM ({inner.sql}) AS q{where}"  # noqa: S608 - rule 1
    sql = f"{found} ORDER BY {inner.order} {window}"
    return Compiled(sql, tuple(made.values), inner.columns, inner.has_key)


def compile_count(query: Query, catalogue: Catalogue, asked: Asked, *, limit: int) -> Compiled:
    """Return the statement that counts the rows of ``query``, up to ``limit``. Raises as above."""
    rows = compile_query(replace_sort(query), catalogue, asked, limit=limit)
    return replace(rows, sql=f"SELECT count(*) FROM ({rows.sql}) AS counted")  # noqa: S608


def replace_sort(query: Query) -> Query:
    """Return ``query`` without an order."""
    return query.model_copy(update={"sort": ()})


@dataclass(frozen=True, slots=True)
class _Inner:
    sql: str
    columns: tuple[OutColumn, ...]
    order: str
    has_key: bool


def _plain(made: Frames, frame: Frame, query: Query, *, most: int) -> _Inner:
    chosen, columns = [], []
    for n, column in enumerate(query.columns):
        field, sql = made.field(frame, column.field)
        chosen.append(f"{sql} AS c{n}")
        columns.append(_column(column.field, field, field.kind, column.label))
    order = []
    # The first field of the order, where rows of the source itself can be read in its order.
    key = None
    for n, sort in enumerate(query.sort):
        field, at = made.found(frame, sort.by)
        _check_order(sort.by, field.kind)
        if n == 0 and at is frame and field.key is not None and not field.key.only:
            key = replace(field.key, sql=field.key.sql.replace(ALIAS, at.alias))
            chosen.append(f"{key.sql} AS s{n}")
            order.append(f"s{n} {'DESC' if sort.descending else 'ASC'}")
            continue
        chosen.append(f"{(field.order or field.sql).replace(ALIAS, at.alias)} AS s{n}")
        order.append(_ordered(f"s{n}", descending=sort.descending))
    _, sql = made.field(frame, frame.source.key)
    chosen.append(f"{sql} AS k")
    # An index gives the order of both, or neither.
    is_down = bool(query.sort) and query.sort[-1].descending
    order.append("k DESC" if is_down else "k")
    where = f" AND {made.condition(frame, query.where)}" if query.where is not None else ""
    body = made.from_where(frame, where)
    select = f"SELECT {', '.join(chosen)}"
    if key is None:
        return _Inner(f"{select} {body}", tuple(columns), ", ".join(order), True)
    if query.sort[0].descending:
        sql = f"{select} {body} AND {key.sql} IS NOT NULL"
        return _Inner(sql, tuple(columns), ", ".join(order), True)
    # What is empty comes first in the column and last in the answer: each is read by itself.
    first = made.parameter(most, "bigint")
    filled = f"{select}, 0 AS p {body} AND {key.sql} > {key.empty} ORDER BY {', '.join(order)}"
    empty = f"{select}, 1 AS p {body} AND {key.sql} = {key.empty} ORDER BY {', '.join(order[1:])}"
    sql = f"({filled} LIMIT {first}) UNION ALL ({empty} LIMIT {first})"
    return _Inner(sql, tuple(columns), ", ".join(["p", *order]), True)


def _grouped(made: Frames, frame: Frame, query: Query) -> _Inner:
    chosen, columns = [], []
    for group in query.groups:
        sql, column = _group(made, frame, group)
        chosen.append(sql)
        columns.append(column)
    for aggregate in query.aggregates:
        sql, column = _figure(made, frame, aggregate)
        chosen.append(sql)
        columns.append(column)
    names = query.names()
    order = []
    for sort in query.sort:
        if sort.by not in names:
            raise QueryRefused(
                "querier_sort_invalid", f"Groups are sorted by one of: {', '.join(names)}."
            )
        order.append(_ordered(f"c{names.index(sort.by)}", descending=sort.descending))
    order += [f"c{n}" for n in range(len(query.groups))]
    where = f" AND {made.condition(frame, query.where)}" if query.where is not None else ""
    body = made.from_where(frame, where)
    numbers = ", ".join(str(n + 1) for n in range(len(query.groups)))
    groups = f" GROUP BY {numbers}" if numbers else ""
    listed = ", ".join(f"{sql} AS c{n}" for n, sql in enumerate(chosen))
    return _Inner(f"SELECT {listed} {body}{groups}", tuple(columns), ", ".join(order) or "1", False)


def _having(made: Frames, query: Query, inner: _Inner, having: Having) -> str:
    n = query.names().index(having.aggregate)
    if inner.columns[n].kind not in NUMERIC:
        raise QueryRefused("querier_having_invalid", f"{having.aggregate} is not a number.")
    return f"c{n} {_HAVING[having.op]} {made.parameter(float(having.value), 'float8')}"


def _group(made: Frames, frame: Frame, group: GroupBy) -> tuple[str, OutColumn]:
    field, sql = made.field(frame, group.field)
    name = group.name or group.field
    if group.by is None:
        if field.kind is FieldKind.LIST:
            raise QueryRefused("querier_group_invalid", f"{group.field} is a list: no groups.")
        return sql, _column(name, field, field.kind, group.label)
    if field.kind is FieldKind.TIME:
        sql = f"to_char({sql} AT TIME ZONE {made.zone()}, '{_FORMATS[group.by]}')"
    elif field.kind is FieldKind.DATE and group.by in _OF_DAYS:
        sql = f"to_char({sql}, '{_FORMATS[group.by]}')"
    else:
        raise QueryRefused(
            "querier_group_invalid", f"{group.field} is a {field.kind}: no groups by {group.by}."
        )
    return sql, _column(name, field, FieldKind.TEXT, group.label)


def _figure(made: Frames, frame: Frame, figure: Aggregate) -> tuple[str, OutColumn]:
    field, sql = None, "*"
    if figure.field is not None:
        field, sql = made.field(frame, figure.field)
    kind = _kind_of(figure, field)
    counted = _only(made, frame, both(figure.where, figure.of))
    match figure.function:
        case Function.COUNT:
            text = f"count({sql}){counted}"
        case Function.COUNT_DISTINCT:
            text = f"count(DISTINCT {sql}){counted}"
        case Function.SHARE:
            name = "count" if field is None else "sum"
            all_of_it = f"{name}({sql}){_only(made, frame, figure.of)}"
            if figure.where is None:
                all_of_it = f"sum({all_of_it}) OVER ()"
            text = f"(coalesce({name}({sql}){counted}, 0)::float8 / nullif({all_of_it}, 0)::float8)"
        case Function.AVG:
            text = f"(avg({sql}){counted})::float8"
        case function:
            text = f"{function.value}({sql}){counted}"
    label = field.label_en if field is not None else figure.name
    label_zh = field.label_zh if field is not None else ""
    return text, OutColumn(figure.name, kind, figure.label, label, label_zh)


def _only(made: Frames, frame: Frame, part: Filter | None) -> str:
    return f" FILTER (WHERE {made.condition(frame, part)})" if part is not None else ""


def _kind_of(figure: Aggregate, field: Field | None) -> FieldKind:
    """Return what a figure is. Raises QueryRefused when the field does not do for it."""
    function = figure.function
    if function is Function.COUNT or field is None:
        return FieldKind.INTEGER if function is not Function.SHARE else FieldKind.NUMBER
    if function is Function.COUNT_DISTINCT:
        if field.kind is not FieldKind.LIST:
            return FieldKind.INTEGER
    elif function in (Function.MIN, Function.MAX):
        if field.kind in ORDERED:
            return field.kind
    elif field.kind in NUMERIC:
        return field.kind if function is Function.SUM else FieldKind.NUMBER
    raise QueryRefused(
        "querier_aggregate_invalid", f"{figure.field} is a {field.kind}: no {function} of it."
    )


def _check_order(path: str, kind: FieldKind) -> None:
    if kind is FieldKind.LIST:
        raise QueryRefused("querier_sort_invalid", f"{path} is a list: rows have no order by it.")


def _ordered(column: str, *, descending: bool) -> str:
    return f"{column} {'DESC' if descending else 'ASC'} NULLS LAST"


def _column(name: str, field: Field, kind: FieldKind, label: str) -> OutColumn:
    return OutColumn(name, kind, label, field.label_en, field.label_zh)
