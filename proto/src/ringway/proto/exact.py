"""Payloads that take what their schema says, and nothing that could be read as it.

pydantic alone also reads ``"5"`` and ``true`` as numbers, and ``0`` and ``"no"`` as booleans: a
mistake in the caller's program would become a value. In the same way ``0.5`` would be a moment,
and text that is too long would fit once the blanks at its ends are gone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, cast

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    GetCoreSchemaHandler,
)
from pydantic_core import CoreSchema, PydanticCustomError, PydanticKnownError

_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)

_NOT_SCHEMAS = frozenset({"metadata", "default", "expected", "serialization"})


def _number(value: Any) -> Any:
    if isinstance(value, bool | str | bytes):
        raise PydanticKnownError("float_type")
    return value


def _integer(value: Any) -> Any:
    if isinstance(value, bool | str | bytes):
        raise PydanticKnownError("int_type")
    return value


def _guarded(part: dict[str, Any], guard: Callable[[Any], Any]) -> dict[str, Any]:
    # 5.0 is an integer in JSON, so pydantic's own strictness refuses too much.
    return {
        "type": "function-before",
        "function": {"type": "no-info", "function": guard},
        "schema": part,
    }


def _as_it_came(part: dict[str, Any]) -> dict[str, Any]:
    # A schema measures what is sent; pydantic would measure what trimming leaves of it.
    came = {word: said for word, said in part.items() if word != "strip_whitespace"}
    return {"type": "chain", "steps": [came, part]}


def _exact(part: Any, model: type[BaseModel] | None) -> Any:
    """Return a core schema with all in it made exact, but for other models in it."""
    if isinstance(part, list | tuple):
        return type(part)(_exact(each, model) for each in part)
    if not isinstance(part, dict):
        return part
    match part.get("type"):
        case "bool":
            return {**part, "strict": True}
        case "float":
            return _guarded(part, _number)
        case "int":
            return _guarded(part, _integer)
        case "str" if part.get("strip_whitespace"):
            return _as_it_came(part)
        case "union":
            # An error names the choice: by its type, not by the guard around it.
            choices = [
                (_exact(each, model), each["type"])
                if isinstance(each, dict) and each["type"] in ("int", "float", "str")
                else _exact(each, model)
                for each in part["choices"]
            ]
            return {**part, "choices": choices}
        case "model" if part["cls"] is not model:
            return part
        case "model-fields":
            fields = {name: _exact(each, model) for name, each in part["fields"].items()}
            return {**part, "fields": fields}
        case "dict" if part.get("keys_schema", {}).get("type") in ("bool", "float", "int"):
            # Keys of JSON's objects are always text.
            return {**part, "values_schema": _exact(part.get("values_schema", {}), model)}
        case _:
            return {k: v if k in _NOT_SCHEMAS else _exact(v, model) for k, v in part.items()}


class Measured:
    """Makes text exact that is no part of a payload: write it behind the text's bounds."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler, /
    ) -> CoreSchema:
        """Return pydantic's schema with each text measured as it came."""
        return cast(CoreSchema, _exact(handler(source), None))


class Exact(BaseModel):
    """A payload whose numbers are numbers, whose booleans are booleans, whose text is measured.

    It holds for the fields of a model that derives from it. A model inside must derive from it,
    too.
    """

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler, /
    ) -> CoreSchema:
        """Return pydantic's schema with all in it made exact."""
        return cast(CoreSchema, _exact(handler(source), cls))


def moment_text(value: Any) -> Any:
    """Return what is a moment as RFC 3339 writes it; a ValueError says what to send instead."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or _MOMENT.fullmatch(value) is None:
        raise PydanticCustomError(
            "moment_invalid", "Send a moment as RFC 3339 says, like 2026-11-20T08:00:00Z"
        )
    return value


def _expressible(moment: datetime) -> datetime:
    """Refuse what has no UTC: the offset leads out of the years 1 to 9999."""
    try:
        moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("the moment lies outside of the years 1 to 9999 in UTC") from error
    return moment


# A date with time and offset from UTC.
Moment = Annotated[AwareDatetime, BeforeValidator(moment_text), AfterValidator(_expressible)]
