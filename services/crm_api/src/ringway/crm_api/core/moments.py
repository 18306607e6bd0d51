"""Moments and days as they come from outside: text of RFC 3339, and nothing else.

pydantic alone also reads a number as seconds since 1970, so ``created_from=0.5`` would be a moment.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from ringway.proto.exact import Moment, moment_text

__all__ = ["Day", "Moment", "MomentOrLocal"]

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LOCAL = re.compile(_DAY.pattern + r"([Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?)?")


def _moment_or_local_text(value: Any) -> Any:
    if isinstance(value, str) and _LOCAL.fullmatch(value):
        return value
    return moment_text(value)


def _day_text(value: Any) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str) or _DAY.fullmatch(value) is None:
        raise PydanticCustomError("day_invalid", "Send a day like 2026-11-20")
    return value


# The same, or without an offset where only the day of it counts.
MomentOrLocal = Annotated[datetime, BeforeValidator(_moment_or_local_text)]
# A day of the calendar, without time and zone.
Day = Annotated[date, BeforeValidator(_day_text)]
