"""Patterns of event types: a whole type, ``*`` for one part, ``**`` at the end for all the rest."""

from __future__ import annotations

import re
from collections.abc import Iterable

_PART = re.compile(r"^(?:[a-z0-9_]+|\*)$")
MAX_LENGTH = 200


def is_pattern(text: str) -> bool:
    """Return whether ``text`` is a pattern: ``*``, ``crm.v1.customer.*``, ``acd.v1.**``."""
    if text == "*":
        return True
    parts = text.split(".")
    if len(text) > MAX_LENGTH:
        return False
    if parts[-1] == "**":
        parts = parts[:-1]
    return bool(parts) and all(_PART.match(part) for part in parts)


def matches(pattern: str, name: str) -> bool:
    """Return whether an event type fits a pattern; ``*`` alone fits all."""
    if pattern == "*":
        return True
    wanted, given = pattern.split("."), name.split(".")
    if wanted[-1] == "**":
        wanted = wanted[:-1]
        if len(given) <= len(wanted):
            return False
        given = given[: len(wanted)]
    return len(wanted) == len(given) and all(
        want in ("*", have) for want, have in zip(wanted, given, strict=True)
    )


def match_any(patterns: Iterable[str], name: str) -> bool:
    """Return whether an event type fits one of the patterns."""
    return any(matches(pattern, name) for pattern in patterns)
