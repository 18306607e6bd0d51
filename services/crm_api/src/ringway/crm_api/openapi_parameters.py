"""What FastAPI derives for the OpenAPI document, said as exactly as we read it."""

from __future__ import annotations

from typing import Any

_CURSOR = r"^[A-Za-z0-9_-]+$"
_ETAG = r'^(\*|"[0-9]{1,9}")$'
# Kinds of text around which spaces are taken off, and what is not allowed in each.
_CONTROLS = r"\x00-\x08\x0b\x0c\x0e-\x1f"
_TRIMMED = {f"^[^{without}]*$": without for without in (_CONTROLS, r"\x00-\x1f\x7f", r"\x00")}
_PRINTABLE = r"^[ -~]+$"
IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": (
        "Repeats with the same key get the first answer: 409 `idempotency_key_in_use` while there "
        "is none yet. Another request with it is refused: 422 `idempotency_key_reused`."
    ),
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
                each["schema"].pop("maxLength", None)  # the pattern says it
                each["required"] = needs_if_match and not can_create
            case "if-none-match":
                each["schema"]["pattern"] = r"^\*$"
                each["schema"].pop("maxLength", None)
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


def refuse_blanks(schema: Any) -> None:
    """Say in place that spaces at the ends of a text do not count, where there must be some."""
    match schema:
        case dict():
            if isinstance(pattern := schema.get("pattern"), str):  # else a member's name
                schema["pattern"] = _filled(pattern, schema.get("minLength", 0))
            if "patternProperties" in schema:
                least = schema.get("propertyNames", {}).get("minLength", 0)
                schema["patternProperties"] = {
                    _filled(keys, least): each for keys, each in schema["patternProperties"].items()
                }
            for each in schema.values():
                refuse_blanks(each)
        case list():
            for each in schema:
                refuse_blanks(each)


def _filled(pattern: str, least: int) -> str:
    """Return the pattern for text that has ``least`` characters without spaces at its ends."""
    without = _TRIMMED.get(pattern)
    if without is None or not least:
        return pattern
    text, end = f"[^{without}]", rf"[^\s{without}]"
    rest = f"{text}{{{least - 2},}}{end}" if least > 1 else ""
    return f"^{text}*{end}{rest}{text}*$"


def require_discriminators(part: Any, schemas: dict[str, Any]) -> None:
    """Say in place that the member that tells which of several forms it is cannot be left out.

    Args:
        part: Of the document.
        schemas: Of the document, by their names.
    """
    match part:
        case dict():
            found = part.get("discriminator")
            if isinstance(found, dict) and "propertyName" in found:
                for ref in found.get("mapping", {}).values():
                    form = schemas[ref.rpartition("/")[2]]
                    form["required"] = list(
                        dict.fromkeys([*form.get("required", []), found["propertyName"]])
                    )
            for each in part.values():
                require_discriminators(each, schemas)
        case list():
            for each in part:
                require_discriminators(each, schemas)


def tidy_forms(document: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Correct the fields of forms in place: none can be null, and an empty one is left out."""
    forms = {
        content["schema"]["$ref"].rpartition("/")[2]
        for operations in document["paths"].values()
        for operation in operations.values()
        for kind, content in operation.get("requestBody", {}).get("content", {}).items()
        if kind != "application/json"
    }
    for form in forms:
        fields = schemas[form]["properties"]
        for name, field in fields.items():
            fields[name] = _without_null(field)
            if "pattern" in fields[name] and name not in schemas[form].get("required", []):
                fields[name]["pattern"] = f"^$|{fields[name]['pattern']}"


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    choices = [each for each in schema.get("anyOf", []) if each != {"type": "null"}]
    if not choices or len(choices) == len(schema["anyOf"]):
        return schema
    rest = {word: value for word, value in schema.items() if word != "anyOf"}
    if rest.get("default", 0) is None:
        del rest["default"]
    return {**choices[0], **rest} if len(choices) == 1 else {"anyOf": choices, **rest}
