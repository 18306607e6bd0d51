"""What a row of a file makes of a customer who exists already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from ringway.crm_api.core.customer_files.rows import ADDRESS, ELEMENT, PARTS

_TEXTS = ("name", "title", "sex", "birth_date", "language", "grade")
# What says as little as nothing.
_EMPTY = {"intent": "unknown", "lead_status": "new"}


class Rule(StrEnum):
    """What becomes of a row whose customer exists."""

    SKIP = "skip"
    UPDATE_EMPTY = "update_empty"  # what he lacks is filled
    OVERWRITE = "overwrite"  # what the row has replaces what he has
    CREATE = "create"  # he exists twice then


@dataclass(frozen=True, slots=True)
class Row:
    """One good row. ``fixed`` holds what is not empty, by the names of ``columns.FIXED``."""

    line: int
    phones: tuple[str, ...]
    fixed: Mapping[str, str]
    data: Mapping[str, Any]
    tags: tuple[str, ...]


def row_of(parts: Sequence[str]) -> Row:
    """Return the row that a reader handed on."""
    named = dict(zip(PARTS, parts, strict=False))
    address, data = named.pop("address"), named.pop("data")
    fixed = orjson.loads(address) if address else {}
    return Row(
        line=int(named.pop("line")),
        phones=(named.pop("phone"), *_elements(named.pop("others"))),
        data=orjson.loads(data) if data else {},
        tags=_elements(named.pop("tags")),
        fixed=fixed | {name: value for name, value in named.items() if value},
    )


def _elements(text: str) -> tuple[str, ...]:
    return tuple(text.split(ELEMENT)) if text else ()


def filled(
    present: Mapping[str, Any], row: Row, rule: Rule, more_tags: Sequence[str]
) -> dict[str, Any]:
    """Return a customer's fields as the row makes them. Nothing is ever emptied.

    Args:
        present: ``_TEXTS``, ``kind``, ``intent``, ``lead_status`` (texts or None), ``emails``,
            ``phones``, ``tags`` (sequences), ``address`` and ``data`` (mappings).

    Returns:
        The same names; numbers and tags are added to those that are there, after them.
    """
    overwrites = rule is Rule.OVERWRITE
    after = dict(present)
    for name in (*_TEXTS, *_EMPTY):
        value = row.fixed.get(name)
        if value and (overwrites or not present[name] or present[name] == _EMPTY.get(name)):
            after[name] = value
    if overwrites and "kind" in row.fixed:
        after["kind"] = row.fixed["kind"]
    given = {name: row.fixed[name] for name in ADDRESS if name in row.fixed}
    after["address"] = _joined(present["address"], given, overwrites)
    after["data"] = _joined(present["data"], row.data, overwrites)
    email = row.fixed.get("email")
    if email and (overwrites or not present["emails"]):
        others = [each for each in present["emails"] if each.lower() != email.lower()]
        after["emails"] = (email, *others)
    after["phones"] = tuple(dict.fromkeys([*present["phones"], *row.phones]))
    after["tags"] = tuple(dict.fromkeys([*present["tags"], *row.tags, *more_tags]))
    return after


def _joined(
    present: Mapping[str, Any], given: Mapping[str, Any], overwrites: bool
) -> dict[str, Any]:
    return {**present, **given} if overwrites else {**given, **present}
