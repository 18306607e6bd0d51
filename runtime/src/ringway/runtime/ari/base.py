"""What the groups of commands share: ids in paths and the one way to ask."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import orjson

from ringway.runtime.ari.errors import AriNotFound
from ringway.runtime.ari.http import Query
from ringway.runtime.ari.models import Raw

DEFAULT_TIMEOUT_S = 5.0


def q(part: str) -> str:
    """Percent-encode one path segment.

    Raises:
        ValueError: Empty: the command would address the whole collection.
    """
    if not part:
        raise ValueError("an ARI id must not be empty")
    return quote(part, safe="")


def joined(args: Sequence[str] | str) -> str | None:
    """Write application arguments as ARI reads them: separated by commas.

    Raises:
        ValueError: A list's item contains a comma, so Asterisk would see two arguments.
    """
    if isinstance(args, str):
        return args or None
    if any("," in arg for arg in args):
        raise ValueError("an application argument must not contain a comma")
    return ",".join(args) or None


def variables_body(variables: Mapping[str, str] | None) -> Raw | None:
    """Wrap channel variables the way ARI wants them in a request's body."""
    return {"variables": dict(variables)} if variables else None


class Commands(ABC):
    """Sends commands to one node. Subclasses give the commands their names and types."""

    @abstractmethod
    async def _ask(
        self,
        command: str,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: Raw | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> bytes:
        """Send one command and return the body of its answer."""

    async def _json(
        self,
        command: str,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: Raw | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> Any:
        """Send one command and return its parsed JSON answer."""
        answer = await self._ask(command, method, path, query=query, body=body, timeout_s=timeout_s)
        return orjson.loads(answer)

    async def _gone(
        self,
        command: str,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> bool:
        """Send a command that ends something; an object that is gone already is no error.

        Returns:
            Whether the object was still there.
        """
        try:
            await self._ask(command, method, path, query=query, timeout_s=timeout_s)
        except AriNotFound:
            return False
        return True
