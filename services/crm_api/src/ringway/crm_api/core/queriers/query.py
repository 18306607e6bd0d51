"""The language of queries: JSON that says what is wanted, never how it is found.

A field is named by its path along references: ``called``, ``agent.username``, ``agent.team.name``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StringConstraints,
    Tag,
    model_validator,
)
from typing_extensions import TypeAliasType

from ringway.crm_api.core.moments import MomentOrLocal
from ringway.proto.exact import Exact

MAX_CONDITIONS = 60  # of one query, everywhere in it
MAX_NESTING = 6  # of groups of conditions
MAX_REFERENCES = 3  # in one path
MAX_JOINS = 10  # of one query
MAX_COLUMNS = 60
MAX_ROWS = 100_000  # of one answer
_MAX_LIST = 500


Plain = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$")]
Path = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.]{0,199}$")]
ColumnName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.]{0,199}$")]
Label = Annotated[Plain, Field(max_length=200)]


class Part(Exact):
    """A part of a query: an unknown member is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Op(StrEnum):
    """How a field is compared.

    Where a field has no value, ``ne``, ``not_in``, ``has_none`` and ``is_empty`` hold, no others.
    """

    EQ = "eq"
    NE = "ne"
    IN = "in"
    NOT_IN = "not_in"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    BETWEEN = "between"  # both included
    CONTAINS = "contains"  # in any case of letters
    STARTS_WITH = "starts_with"
    WITHIN = "within"  # a period
    HAS_ANY = "has_any"
    HAS_ALL = "has_all"
    HAS_NONE = "has_none"
    IS_EMPTY = "is_empty"
    IS_NOT_EMPTY = "is_not_empty"


class Span(StrEnum):
    """Periods relative to now, of whole days in the zone, but for hours and minutes."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    TOMORROW = "tomorrow"
    THIS_WEEK = "this_week"  # from Monday
    LAST_WEEK = "last_week"
    THIS_MONTH = "this_month"
    LAST_MONTH = "last_month"
    THIS_YEAR = "this_year"
    LAST_YEAR = "last_year"
    LAST_DAYS = "last_days"  # with today
    NEXT_DAYS = "next_days"  # with today
    LAST_HOURS = "last_hours"
    LAST_MINUTES = "last_minutes"


COUNTED = frozenset({Span.LAST_DAYS, Span.NEXT_DAYS, Span.LAST_HOURS, Span.LAST_MINUTES})


class Relative(Part):
    """A period relative to the moment of the run."""

    relative: Span
    n: StrictInt | None = Field(default=None, ge=1, le=4000, description="Of which there are n.")

    @model_validator(mode="after")
    def _counted(self) -> Self:
        if (self.relative in COUNTED) != (self.n is not None):
            raise ValueError(f"{self.relative} goes {'with' if self.n is None else 'without'} n")
        return self


class Period(Part):
    """From a moment until before another."""

    begin: MomentOrLocal | None = Field(default=None, alias="from")
    end: MomentOrLocal | None = Field(default=None, alias="to")
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Me(Part):
    """Whoever runs the query."""

    me: Literal[True]


# What JSON and PostgreSQL both keep exactly.
Whole = Annotated[StrictInt, Field(ge=-(2**63), lt=2**63)]
Scalar = StrictBool | Whole | StrictFloat | Annotated[Plain, Field(max_length=2000)]


def _kind_of_value(value: Any) -> str:
    if isinstance(value, Relative | Period | Me):
        return type(value).__name__.lower()
    if isinstance(value, dict):
        known = (("relative", "relative"), ("me", "me"))
        return next((tag for member, tag in known if member in value), "period")
    return "list" if isinstance(value, list | tuple) else "scalar"


_One = Annotated[Scalar | Me, Field(union_mode="left_to_right")]
Value = Annotated[
    Annotated[Scalar, Tag("scalar")]
    | Annotated[Annotated[tuple[_One, ...], Field(max_length=_MAX_LIST)], Tag("list")]
    | Annotated[Relative, Tag("relative")]
    | Annotated[Period, Tag("period")]
    | Annotated[Me, Tag("me")],
    Discriminator(_kind_of_value),
]


_INBOUND = {"field": "direction", "op": "eq", "value": "inbound"}
_TODAY = {"field": "at", "op": "within", "value": {"relative": "today"}}
_LONG = {"field": "talk_s", "op": "ge", "value": 60}
# Of interactions, one of each kind and some within each other.
FILTER_EXAMPLES: list[Any] = [
    {"all": [_INBOUND, {"any": [_TODAY, _LONG]}]},
    {"any": [_LONG, {"not": {"all": [_INBOUND, _TODAY]}}]},
    {"not": {"related": "segments", "by": "interaction", "where": {"any": [_LONG]}}},
    {"related": "segments", "by": "interaction", "at_least": 2},
    _TODAY,
]


class Condition(Part):
    """One field compared with a value."""

    field: Path = Field(examples=["direction"])
    op: Op
    value: Value | None = Field(default=None, examples=["inbound"])


class AllOf(Part):
    """Everything of it holds; of nothing, that is so."""

    all: tuple[Filter, ...] = Field(max_length=MAX_CONDITIONS)


class AnyOf(Part):
    """Something of it holds; of nothing, that is never so."""

    any: tuple[Filter, ...] = Field(max_length=MAX_CONDITIONS)


class Not(Part):
    """It does not hold."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    negated: Filter = Field(alias="not")


class Related(Part):
    """There are rows of another source that refer to this one."""

    related: Annotated[str, Field(max_length=100)] = Field(examples=["interactions"])
    by: Annotated[str, Field(max_length=100)] = Field(
        examples=["customer"], description="The reference by which they do."
    )
    where: Filter | None = None
    at_least: int = Field(default=1, ge=1, le=1000)


def _kind_of_filter(value: Any) -> str:
    if isinstance(value, BaseModel):
        return type(value).__name__.lower()
    if not isinstance(value, dict):
        return "condition"
    known = (("all", "allof"), ("any", "anyof"), ("not", "not"), ("negated", "not"))
    return next(
        (tag for member, tag in (*known, ("related", "related")) if member in value), "condition"
    )


# Named, so that the document has the recursion in one place and not wherever one is used.
Filter = TypeAliasType(
    "Filter",
    Annotated[
        Annotated[Condition, Tag("condition")]
        | Annotated[AllOf, Tag("allof")]
        | Annotated[AnyOf, Tag("anyof")]
        | Annotated[Not, Tag("not")]
        | Annotated[Related, Tag("related")],
        Discriminator(_kind_of_filter),
    ],
)


class Column(Part):
    """One field of each row."""

    field: Path = Field(examples=["agent.username"])
    label: Label = ""


class By(StrEnum):
    """What of a moment rows are grouped by, in the zone."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    HOUR_OF_DAY = "hour_of_day"
    DAY_OF_WEEK = "day_of_week"  # 1 is Monday


class GroupBy(Part):
    """Rows with the same value become one."""

    field: Path = Field(examples=["agent.username"])
    by: By | None = None
    label: Label = ""
    name: ColumnName | None = Field(default=None, description="Left out: the field.")


class Function(StrEnum):
    """What is computed of the rows of a group."""

    COUNT = "count"  # of rows, or of values of the field
    COUNT_DISTINCT = "count_distinct"
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    # 0..1: of what ``where`` holds for in what ``of`` holds for; without ``where`` of this group in
    # all groups.
    SHARE = "share"


class Aggregate(Part):
    """One figure of each group. ``share`` counts rows, or sums the field."""

    function: Function
    name: ColumnName = Field(examples=["calls"])
    field: Path | None = None
    where: Filter | None = Field(default=None, description="Only these rows count.")
    of: Filter | None = Field(default=None, description="Of a share: the whole. Left out: all.")
    label: Label = ""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        needs = self.function not in (Function.COUNT, Function.SHARE)
        if needs and self.field is None:
            raise ValueError(f"{self.function} needs a field")
        if self.of is not None and self.function is not Function.SHARE:
            raise ValueError("of belongs to a share")
        return self


class Having(Part):
    """A condition on a figure of a group."""

    aggregate: ColumnName = Field(examples=["calls"])
    op: Literal[Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE]
    value: Whole | StrictFloat


class Sort(Part):
    """The order of rows. What has no value comes last."""

    by: ColumnName = Field(
        examples=["calls"], description="The name of a column; without groups any field."
    )
    descending: bool = False


class Query(Part):
    """A question. With groups or aggregates its rows are groups, otherwise rows of the source."""

    source: Annotated[str, Field(min_length=1, max_length=100)] = Field(examples=["interactions"])
    columns: tuple[Column, ...] = Field(default=(), max_length=MAX_COLUMNS)
    where: Filter | None = Field(default=None, examples=FILTER_EXAMPLES)
    groups: tuple[GroupBy, ...] = Field(default=(), max_length=6)
    aggregates: tuple[Aggregate, ...] = Field(default=(), max_length=30)
    having: tuple[Having, ...] = Field(default=(), max_length=10)
    sort: tuple[Sort, ...] = Field(default=(), max_length=6)
    limit: int | None = Field(
        default=None, ge=1, le=MAX_ROWS, description="Only so many of the first rows."
    )

    @property
    def is_grouped(self) -> bool:
        """Whether rows are groups."""
        return bool(self.groups or self.aggregates)

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        if self.is_grouped == bool(self.columns):
            raise ValueError("give columns, or else groups and aggregates")
        names = self.names()
        twice = sorted({each for each in names if names.count(each) > 1})
        if twice:
            raise ValueError(f"these names are there twice: {', '.join(twice)}")
        figures = {each.name for each in self.aggregates}
        for each in self.having:
            if each.aggregate not in figures:
                raise ValueError(f"having: there is no aggregate {each.aggregate}")
        self._check_conditions()
        return self

    def _check_conditions(self) -> None:
        count = 0
        for root in self._filters():
            for _, depth in _walk(root, 1):
                count += 1
                if depth > MAX_NESTING:
                    raise ValueError(f"conditions are nested at most {MAX_NESTING} deep")
                if count > MAX_CONDITIONS:
                    raise ValueError(f"a query has at most {MAX_CONDITIONS} conditions")

    def narrowed(self, where: Filter | None) -> Query:
        """Return the query for rows for which ``where`` holds besides; None: the query itself.

        Raises:
            ValueError: There are too many conditions then, or they are nested too deep.
        """
        if where is None:
            return self
        narrow = self.model_copy(update={"where": both(self.where, where)})
        narrow._check_conditions()
        return narrow

    def names(self) -> list[str]:
        """Return the names of the columns of the result, in order."""
        if not self.is_grouped:
            return [each.field for each in self.columns]
        groups = [each.name or each.field for each in self.groups]
        return groups + [each.name for each in self.aggregates]

    def _filters(self) -> Iterator[Filter]:
        found = [self.where, *(each.where for each in self.aggregates)]
        found += [each.of for each in self.aggregates]
        yield from (each for each in found if each is not None)


def _walk(part: Filter, depth: int) -> Iterator[tuple[Filter, int]]:
    yield part, depth
    match part:
        case AllOf(all=parts) | AnyOf(any=parts):
            below: tuple[Filter, ...] = parts
        case Not(negated=one):
            below = (one,)
        case Related(where=one) if one is not None:
            below = (one,)
        case _:
            below = ()
    for each in below:
        yield from _walk(each, depth + 1)


def both(one: Filter | None, other: Filter | None) -> Filter | None:
    """Return what holds where both hold; None holds everywhere."""
    if one is None or other is None:
        return one if other is None else other
    return AllOf(all=(one, other))


class Asked(Part):
    """Who asks, when and where: what relative values mean."""

    tenant_id: UUID
    user_id: UUID
    now: datetime
    zone: str


for _model in (AllOf, AnyOf, Not, Related, Aggregate, Query):
    _model.model_rebuild()
