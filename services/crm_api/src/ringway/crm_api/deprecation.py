"""What of the API will go: announced in the document and in the headers of answers, in time.

An operation or a field that is to go stands in the table here, and nowhere else. From its day on
the document says ``deprecated``, and answers carry ``Deprecation`` (RFC 9745) and ``Sunset`` (RFC
8594); see docs/reference/api-versioning.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Any

LEAST_DAYS = 180  # between the announcement and the end


@dataclass(frozen=True, slots=True)
class Deprecation:
    """Since when something is announced to go, when it goes, and what comes instead.

    Raises:
        ValueError: The time between is too short.
    """

    since: date
    sunset: date
    instead: str
    link: str = ""  # a page about it

    def __post_init__(self) -> None:
        if (self.sunset - self.since).days < LEAST_DAYS:
            raise ValueError(f"it goes {LEAST_DAYS} days after it was announced, or later")

    def headers(self) -> dict[str, str]:
        """Return the headers of answers."""
        begun = datetime.combine(self.since, time(), UTC)
        ends = datetime.combine(self.sunset, time(), UTC)
        made = {
            "Deprecation": f"@{int(begun.timestamp())}",
            "Sunset": format_datetime(ends, usegmt=True),
        }
        return {**made, "Link": f'<{self.link}>; rel="deprecation"'} if self.link else made


@dataclass(frozen=True, slots=True)
class Register:
    """All that will go: operations by their ids, fields as ``Schema.field``."""

    operations: Mapping[str, Deprecation] = field(default_factory=dict)
    fields: Mapping[str, Deprecation] = field(default_factory=dict)

    def mark(self, document: dict[str, Any]) -> None:
        """Write it into an OpenAPI document.

        Raises:
            ValueError: Something in the table is not in the document (any more), or something
                in the document is marked and not in the table.
        """
        schemas = document["components"]["schemas"]
        for name, each in self.fields.items():
            schema, _, attribute = name.partition(".")
            known = schemas.get(schema, {}).get("properties", {})
            if attribute not in known:
                raise ValueError(f"{name} is to go and not there")
            _mark(known[attribute], each)
        operations = {each["operationId"]: each for each in _operations(document)}
        for name, each in self.operations.items():
            if name not in operations:
                raise ValueError(f"{name} is to go and not there")
            _mark(operations[name], each)
        for name, operation in operations.items():
            if operation.get("deprecated") and name not in self.operations:
                raise ValueError(f"{name} is deprecated and not in the table")
        for schema, content in schemas.items():
            for attribute, known in content.get("properties", {}).items():
                if known.get("deprecated") and f"{schema}.{attribute}" not in self.fields:
                    raise ValueError(f"{schema}.{attribute} is deprecated and not in the table")

    def headers(self, document: dict[str, Any]) -> dict[str, dict[str, str]]:
        """Return the headers of answers by operation: what of it goes first.

        A field concerns every operation that takes or gives it.
        """
        found: dict[str, dict[str, str]] = {}
        for operation in _operations(document):
            name = operation["operationId"]
            touched = _schemas_of(operation, document["components"]["schemas"])
            going = [each for key, each in self.operations.items() if key == name]
            going += [each for key, each in self.fields.items() if key.partition(".")[0] in touched]
            if going:
                found[name] = min(going, key=lambda each: each.sunset).headers()
        return found

    def __bool__(self) -> bool:
        return bool(self.operations or self.fields)


REGISTER = Register()


def _mark(what: dict[str, Any], each: Deprecation) -> None:
    what["deprecated"] = True
    what["x-sunset"] = each.sunset.isoformat()
    note = f"Goes on {each.sunset}. Instead: {each.instead}"
    what["description"] = f"{what['description']}\n\n{note}" if what.get("description") else note


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in document["paths"].values():
        yield from methods.values()


def _schemas_of(part: Any, schemas: dict[str, Any], known: set[str] | None = None) -> set[str]:
    """Return the names of all schemas that are used in a part of a document."""
    found = known if known is not None else set()
    if isinstance(part, dict):
        name = str(part.get("$ref", "")).rpartition("/")[2]
        if name in schemas and name not in found:
            found.add(name)
            _schemas_of(schemas[name], schemas, found)
    inside = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    for each in inside:
        _schemas_of(each, schemas, found)
    return found
