"""Typed comparisons: which operators a kind of field knows, and values as PostgreSQL takes them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from ringway.crm_api.core.queriers import moments
from ringway.crm_api.core.queriers.catalogue import NUMERIC, FieldKind
from ringway.crm_api.core.queriers.query import Asked, Condition, Me, Op, Period, Relative
from ringway.crm_api.core.queriers.refusals import QueryRefused

_K = FieldKind
# The type of a parameter that is compared with a field of this kind.
TYPES: dict[FieldKind, str] = {
    _K.TEXT: "text",
    _K.INTEGER: "bigint",
    _K.MONEY: "bigint",
    _K.NUMBER: "numeric",
    _K.BOOLEAN: "boolean",
    _K.TIME: "timestamptz",
    _K.DATE: "date",
    _K.ID: "uuid",
    _K.LIST: "text",
}
_EMPTY = {Op.IS_EMPTY, Op.IS_NOT_EMPTY}
_SAME = {Op.EQ, Op.NE, Op.IN, Op.NOT_IN}
_ORDER = {Op.LT, Op.LE, Op.GT, Op.GE, Op.BETWEEN}
OPERATORS: dict[FieldKind, frozenset[Op]] = {
    _K.TEXT: frozenset(_EMPTY | _SAME | {Op.CONTAINS, Op.STARTS_WITH}),
    **{kind: frozenset(_EMPTY | _SAME | _ORDER) for kind in NUMERIC},
    _K.BOOLEAN: frozenset(_EMPTY | {Op.EQ, Op.NE}),
    _K.TIME: frozenset(_EMPTY | _ORDER | {Op.WITHIN}),
    _K.DATE: frozenset(_EMPTY | _SAME | _ORDER | {Op.WITHIN}),
    _K.ID: frozenset(_EMPTY | _SAME),
    _K.LIST: frozenset(_EMPTY | {Op.HAS_ANY, Op.HAS_ALL, Op.HAS_NONE}),
}
LISTS = frozenset({Op.IN, Op.NOT_IN, Op.HAS_ANY, Op.HAS_ALL, Op.HAS_NONE})


def typed(condition: Condition, kind: FieldKind, asked: Asked) -> tuple[Any, ...]:
    """Return the values of a comparison, as many as its operator takes.

    One value for most; a list for those in ``LISTS``; two for BETWEEN; for WITHIN a beginning and
    an end, of which the end is not included and either may be None.

    Raises:
        QueryRefused: The field does not know the operator, or the value is of another type.
    """
    op, value = condition.op, condition.value
    if op not in OPERATORS[kind]:
        known = ", ".join(sorted(OPERATORS[kind]))
        raise QueryRefused(
            "querier_operator_invalid", f"{condition.field} is a {kind}; it knows: {known}."
        )
    if op in (Op.IS_EMPTY, Op.IS_NOT_EMPTY):
        if value is not None:
            raise _invalid(condition, kind, "no value")
        return ()
    if op is Op.WITHIN:
        return _period(condition, kind, asked)
    if op in LISTS:
        if not isinstance(value, tuple):
            raise _invalid(condition, kind, "a list of values")
        return ([_scalar(each, condition, kind, asked) for each in value],)
    if op is Op.BETWEEN:
        if not isinstance(value, tuple) or len(value) != 2:
            raise _invalid(condition, kind, "a list of two values")
        return tuple(_scalar(each, condition, kind, asked) for each in value)
    return (_scalar(value, condition, kind, asked),)


def _period(condition: Condition, kind: FieldKind, asked: Asked) -> tuple[Any, Any]:
    value = condition.value
    if isinstance(value, Relative):
        if kind is FieldKind.TIME:
            return moments.period(value, asked.now, asked.zone)
        found = moments.days(value, asked.now, asked.zone)
        if found is None:
            raise _invalid(condition, kind, "a period of days")
        return found
    if isinstance(value, Period):
        begin, end = (
            _moment(each, condition, kind) if each is not None else None
            for each in (value.begin, value.end)
        )
        if kind is FieldKind.DATE:
            return begin and begin.date(), end and end.date()
        return begin, end
    raise _invalid(condition, kind, "a period")


def _scalar(value: object, condition: Condition, kind: FieldKind, asked: Asked) -> Any:
    if isinstance(value, Me):
        if kind is not FieldKind.ID:
            raise _invalid(condition, kind)
        return asked.user_id
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind in (FieldKind.TEXT, FieldKind.LIST) and isinstance(value, str):
        return value
    if kind is FieldKind.BOOLEAN and isinstance(value, bool):
        return value
    if kind is FieldKind.NUMBER and number:
        return Decimal(repr(value))
    if kind in (FieldKind.INTEGER, FieldKind.MONEY) and isinstance(value, int) and number:
        return value
    if isinstance(value, str) and kind in (FieldKind.TIME, FieldKind.DATE, FieldKind.ID):
        try:
            if kind is FieldKind.ID:
                return UUID(value)
            if kind is FieldKind.DATE:
                return date.fromisoformat(value)
            return _moment(datetime.fromisoformat(value), condition, kind)
        except ValueError as error:
            raise _invalid(condition, kind) from error
    raise _invalid(condition, kind)


def _moment(value: datetime, condition: Condition, kind: FieldKind) -> datetime:
    if value.tzinfo is None:
        if kind is FieldKind.DATE:
            return value
        raise _invalid(condition, kind, "a time with its zone, such as 2026-01-31T08:00:00Z")
    try:
        return value.astimezone(UTC) if kind is FieldKind.TIME else value
    except OverflowError as error:
        raise _invalid(condition, kind) from error


def _invalid(condition: Condition, kind: FieldKind, wanted: str = "") -> QueryRefused:
    # The value itself is not told: it may be somebody's data.
    wanted = wanted or f"a value of the kind {kind}"
    return QueryRefused(
        "querier_value_invalid", f"{condition.field} {condition.op} takes {wanted}."
    )
