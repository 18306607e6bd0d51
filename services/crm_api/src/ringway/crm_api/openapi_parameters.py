"""What FastAPI derives for the OpenAPI document, said as exactly as we read it."""

from __future__ import annotations

from typing import Any

_CURSOR = r"^[A-Za-z0-9_-]+$"
_ETAG = r'^(\*|"[0-9]{1,9}")$'
_PRINTABLE = r"^[ -~]+$"
IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Repeats with the same key get the first answer.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": _PRINTABLE},
}


def tidy(operation: dict[str, Any], *, needs_if_match: bool) -> None:
    """Correct an operation's parameters in place.

    Outside of a body nothing can be null: what is left out is left out.

    Args:
        needs_if_match: A change without If-Match is refused, unless If-None-Match may stand
            in its place.
    """
    parameters = operation.get("parameters", [])
    can_create = any(each["name"] == "if-none-match" for each in parameters)
    for each in parameters:
        each["schema"] = _without_null(each["schema"])
        match each["name"]:
            case "cursor":
                each["schema"] |= {"pattern": _CURSOR, "minLength": 1}
            case "if-match":
                each["schema"]["pattern"] = _ETAG
                each["required"] = needs_if_match and not can_create
            case "if-none-match":
                each["schema"]["pattern"] = r"^\*$"
            case _:
                pass


def close_maps(schema: Any) -> None:
    """Say in place, wherever keys have a pattern, that a key of another form is refused."""
    match schema:
        case dict():
            if "patternProperties" in schema:
                schema.setdefault("additionalProperties", False)
            for each in schema.values():
                close_maps(each)
        case list():
            for each in schema:
                close_maps(each)


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    choices = [each for each in schema.get("anyOf", []) if each != {"type": "null"}]
    if not choices or len(choices) == len(schema["anyOf"]):
        return schema
    rest = {word: value for word, value in schema.items() if word != "anyOf"}
    if rest.get("default", 0) is None:
        del rest["default"]
    return {**choices[0], **rest} if len(choices) == 1 else {"anyOf": choices, **rest}
