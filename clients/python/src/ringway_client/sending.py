"""What the generated methods need of a client."""

from __future__ import annotations

from typing import IO, Any, TypeAlias, TypeVar
from urllib.parse import quote

from ringway_client.core import Call

T = TypeVar("T")
File: TypeAlias = bytes | IO[bytes] | tuple[str, bytes | IO[bytes]]
"""A file to send: its bytes or an open file, alone or behind its name."""


class Sender:
    """Makes requests, one after the other."""

    def send(self, call: Call[T]) -> T:
        """Make a request and return its answer."""
        raise NotImplementedError


class AsyncSender:
    """Makes requests in an event loop."""

    async def send(self, call: Call[T]) -> T:
        """Make a request and return its answer."""
        raise NotImplementedError


def quoted(part: Any) -> str:
    """Return a part of a path."""
    return quote(str(part), safe="")
