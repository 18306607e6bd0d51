"""What formulas compute with: types, operators and functions, all of bounded results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, DecimalException
from enum import StrEnum
from typing import Any

_MAX_TEXT = 10_000  # characters
_CONTEXT = Context(prec=34, Emax=999, Emin=-999, rounding=ROUND_HALF_UP)


class Unknown(Exception):
    """The value is empty, or cannot be computed."""


class Type(StrEnum):
    """Types of formulas."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    MOMENT = "datetime"
    BOOLEAN = "boolean"


@dataclass(frozen=True, slots=True)
class Function:
    """One operator or function.

    Args:
        result: From the types of arguments to the type of the result; None: it does not take them.
        compute: From values to a value; may raise Unknown and what Decimal and date raise.
        takes: For the administrator.
    """

    result: Callable[[Sequence[Type]], Type | None]
    compute: Callable[..., Any]
    takes: str

    def run(self, arguments: Sequence[Any]) -> Any:
        """Return the value. Raises Unknown."""
        try:
            found = self.compute(*arguments)
        except (DecimalException, ValueError, OverflowError) as error:
            raise Unknown from error
        if isinstance(found, str) and len(found) > _MAX_TEXT:
            raise Unknown
        return found


def typed(stored: Any, kind: Type) -> Any:
    """Return a stored value as formulas compute with it. Raises Unknown when it is not one."""
    try:
        match kind:
            case Type.NUMBER:
                return Decimal(str(stored))
            case Type.DATE:
                return date.fromisoformat(stored)
            case Type.MOMENT:
                return datetime.fromisoformat(stored)
            case Type.BOOLEAN:
                return bool(stored)
            case _:
                return str(stored)
    except (ValueError, TypeError, DecimalException) as error:
        raise Unknown from error


_T, _N, _D, _M, _B = Type.TEXT, Type.NUMBER, Type.DATE, Type.MOMENT, Type.BOOLEAN


def _fixed(result: Type, *takes: Type) -> tuple[Callable[[Sequence[Type]], Type | None], str]:
    wanted = list(takes)
    text = ", ".join(takes)
    return (lambda given: result if list(given) == wanted else None), text


def _alike(
    result: Type | None, least: int, kinds: frozenset[Type] = frozenset(Type)
) -> Callable[[Sequence[Type]], Type | None]:
    def found(given: Sequence[Type]) -> Type | None:
        if len(given) < least or len(set(given)) != 1 or given[0] not in kinds:
            return None
        return result or given[0]

    return found


def _choice(given: Sequence[Type]) -> Type | None:
    is_one = len(given) == 3 and given[0] is _B and given[1] is given[2]
    return given[1] if is_one else None


def _any(given: Sequence[Type]) -> Type | None:
    return _B if len(given) == 1 else None


def _as_text(given: Sequence[Type]) -> Type | None:
    return _T if given else None


def _pair(given: Sequence[Type], result: Type | None) -> Type | None:
    is_pair = len(given) == 2 and given[0] is given[1]
    return (result or given[0]) if is_pair else None


def _of(kind: tuple[Callable[[Sequence[Type]], Type | None], str], run: Any) -> Function:
    return Function(kind[0], run, kind[1])


def _compared(run: Callable[[Any, Any], bool]) -> Function:
    return Function(lambda given: _pair(given, _B), run, "two of one type")


def _ordered(run: Callable[[Any, Any], bool]) -> Function:
    def result(given: Sequence[Type]) -> Type | None:
        return _pair(given, _B) if _B not in given else None

    return Function(result, run, "two numbers, texts, dates or datetimes")


def _places(places: Decimal) -> int:
    whole = int(places)
    if not 0 <= whole <= 6:
        raise Unknown
    return whole


def _round(number: Decimal, places: Decimal) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-_places(places)), context=_CONTEXT)


def _count(number: Decimal) -> int:
    return max(0, min(int(number), _MAX_TEXT))


def text_of(value: Any) -> str:
    """Return a value as text: dates in ISO, numbers without trailing zeros."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        plain = f"{value:f}"
        return plain.rstrip("0").rstrip(".") if "." in plain else plain
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _divide(left: Decimal, right: Decimal) -> Decimal:
    return _CONTEXT.divide(left, right)


OPERATORS: Mapping[str, Function] = {
    "+": _of(_fixed(_N, _N, _N), _CONTEXT.add),
    "-": _of(_fixed(_N, _N, _N), _CONTEXT.subtract),
    "*": _of(_fixed(_N, _N, _N), _CONTEXT.multiply),
    "/": _of(_fixed(_N, _N, _N), _divide),
    "%": _of(_fixed(_N, _N, _N), _CONTEXT.remainder),
    "negative": _of(_fixed(_N, _N), _CONTEXT.minus),
    "not": _of(_fixed(_B, _B), lambda it: not it),
    "and": _of(_fixed(_B, _B, _B), lambda left, right: left and right),
    "or": _of(_fixed(_B, _B, _B), lambda left, right: left or right),
    "=": _compared(lambda left, right: left == right),
    "!=": _compared(lambda left, right: left != right),
    "<": _ordered(lambda left, right: left < right),
    "<=": _ordered(lambda left, right: left <= right),
    ">": _ordered(lambda left, right: left > right),
    ">=": _ordered(lambda left, right: left >= right),
}

FUNCTIONS: Mapping[str, Function] = {
    "if": Function(_choice, lambda *_: None, "a boolean and two of one type"),
    "coalesce": Function(_alike(None, 1), lambda *_: None, "some of one type"),
    "is_empty": Function(_any, lambda *_: None, "one"),
    "round": _of(_fixed(_N, _N, _N), _round),
    "abs": _of(_fixed(_N, _N), _CONTEXT.abs),
    "min": Function(_alike(None, 1, frozenset({_N, _D, _M})), min, "some numbers or dates"),
    "max": Function(_alike(None, 1, frozenset({_N, _D, _M})), max, "some numbers or dates"),
    "concat": Function(_as_text, lambda *it: "".join(map(text_of, it)), "anything"),
    "upper": _of(_fixed(_T, _T), str.upper),
    "lower": _of(_fixed(_T, _T), str.lower),
    "trim": _of(_fixed(_T, _T), str.strip),
    "len": _of(_fixed(_N, _T), lambda text: Decimal(len(text))),
    "left": _of(_fixed(_T, _T, _N), lambda text, n: text[: _count(n)]),
    "right": _of(_fixed(_T, _T, _N), lambda text, n: text[-_count(n) :] if _count(n) else ""),
    "date": _of(_fixed(_D, _M), lambda at: at.astimezone(UTC).date()),
    "year": _of(_fixed(_N, _D), lambda day: Decimal(day.year)),
    "month": _of(_fixed(_N, _D), lambda day: Decimal(day.month)),
    "day": _of(_fixed(_N, _D), lambda day: Decimal(day.day)),
    "days": _of(_fixed(_N, _D, _D), lambda since, until: Decimal((until - since).days)),
    "add_days": _of(_fixed(_D, _D, _N), lambda day, n: day + timedelta(days=int(n))),
}
