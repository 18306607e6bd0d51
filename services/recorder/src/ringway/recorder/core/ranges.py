"""HTTP byte ranges (RFC 9110, section 14): one range or the whole."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ONE = re.compile(r"\s*bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Whole:
    """No usable range was asked for: answer 200 with everything."""


@dataclass(frozen=True, slots=True)
class Part:
    """Answer 206 with bytes ``first`` to ``last``, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        """Bytes in the part."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Unsatisfiable:
    """Answer 416: the range lies outside the file."""


Answer = Whole | Part | Unsatisfiable


def choose(range_header: str | None, size_bytes: int) -> Answer:
    """Decide what a request with this ``Range`` header gets of a file of ``size_bytes``.

    A header that is malformed or asks for several ranges is ignored, as the RFC allows.
    """
    match = _ONE.fullmatch(range_header or "")
    if match is None:
        return Whole()
    first_text, last_text = match.groups()
    if not first_text:
        if not last_text:
            return Whole()
        tail = min(int(last_text), size_bytes)
        return Part(size_bytes - tail, size_bytes - 1) if tail else Unsatisfiable()
    first = int(first_text)
    if last_text and int(last_text) < first:
        return Whole()
    if first >= size_bytes:
        return Unsatisfiable()
    last = min(int(last_text), size_bytes - 1) if last_text else size_bytes - 1
    return Part(first, last)


def still_same(if_range: str | None, etag: str) -> bool:
    """Tell whether an ``If-Range`` header lets a range be served.

    A date never does: files carry no modification time, so the whole is sent.
    """
    return if_range is None or if_range.strip() == etag


def is_known(if_none_match: str | None, etag: str) -> bool:
    """Tell whether the client says it has this very file."""
    if if_none_match is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag in tags
