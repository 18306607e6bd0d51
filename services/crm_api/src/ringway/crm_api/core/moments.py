"""Moments and days as they come from outside: text of RFC 3339, and nothing else.

pydantic alone also reads a number as seconds since 1970, so ``created_from=0.5`` would be a moment.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator
from pydantic_core import PydanticCustomError

_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LOCAL = re.compile(_DAY.pattern + r"([Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?)?")


def _moment_text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or _MOMENT.fullmatch(value) is None:
        raise PydanticCustomError(
            "moment_invalid", "Send a moment as RFC 3339 says, like 2026-11-20T08:00:00Z"
        )
    return value


def _moment_or_local_text(value: Any) -> Any:
    if isinstance(value, str) and _LOCAL.fullmatch(value):
        return value
    return _moment_text(value)


def _expressible(moment: datetime) -> datetime:
    """Refuse what has no UTC: the offset leads out of the years 1 to 9999."""
    try:
        moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("the moment lies outside of the years 1 to 9999 in UTC") from error
    return moment


def _day_text(value: Any) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str) or _DAY.fullmatch(value) is None:
        raise PydanticCustomError("day_invalid", "Send a day like 2026-11-20")
    return value


# A date with time and offset from UTC.
Moment = Annotated[AwareDatetime, BeforeValidator(_moment_text), AfterValidator(_expressible)]
# The same, or without an offset where only the day of it counts.
MomentOrLocal = Annotated[datetime, BeforeValidator(_moment_or_local_text)]
# A day of the calendar, without time and zone.
Day = Annotated[date, BeforeValidator(_day_text)]
