"""The halves of a recording while they are still with Asterisk."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Protocol

from ringway.runtime.ari import AriNode, AriNotFound


class NodeUnknown(Exception):
    """No Asterisk node of this name is configured."""


class HalfNotFound(Exception):
    """The node answers and has no such file."""


class HalfSource(Protocol):
    """What the recorder needs from Asterisk nodes.

    Every method raises ``DependencyDown`` when the node does not answer now and ``NodeUnknown``
    when there is no such node.
    """

    @property
    def nodes(self) -> Sequence[str]:
        """The names of the configured nodes."""

    async def is_live(self, node: str, name: str) -> bool:
        """Tell whether Asterisk is still writing this file."""

    async def finish(self, node: str, name: str) -> None:
        """Make Asterisk close a file that it is still writing."""

    async def fetch(self, node: str, name: str, target: Path) -> None:
        """Copy a file from the node to ``target``, which holds a torso after an exception.

        Raises:
            HalfNotFound: The node has no such file.
            OSError: ``target`` cannot be written.
        """

    async def names(self, node: str) -> Sequence[str]:
        """Return the names of all files that the node has, those being written included."""

    async def delete(self, node: str, name: str) -> None:
        """Delete a file; one that is gone already is fine."""


class AriSource:
    """Files fetched through ARI, so a node may be on any machine."""

    def __init__(self, nodes: Mapping[str, AriNode]) -> None:
        self._nodes = nodes

    @property
    def nodes(self) -> Sequence[str]:
        """See :class:`HalfSource`."""
        return tuple(self._nodes)

    async def is_live(self, node: str, name: str) -> bool:
        """See :class:`HalfSource`."""
        try:
            await self._node(node).get_live_recording(name)
        except AriNotFound:
            return False
        return True

    async def finish(self, node: str, name: str) -> None:
        """See :class:`HalfSource`."""
        await self._node(node).stop_recording(name)

    async def fetch(self, node: str, name: str, target: Path) -> None:
        """See :class:`HalfSource`."""
        stream = self._node(node).stream_stored_recording(name)
        file = await asyncio.to_thread(target.open, "wb")
        try:
            async with aclosing(stream):
                async for piece in stream:
                    await asyncio.to_thread(file.write, piece)
        except AriNotFound as error:
            raise HalfNotFound(name) from error
        finally:
            # Closing flushes what is buffered, so it may find the disk full too.
            await asyncio.to_thread(file.close)

    async def names(self, node: str) -> Sequence[str]:
        """See :class:`HalfSource`."""
        stored = await self._node(node).list_stored_recordings()
        return [each.name for each in stored]

    async def delete(self, node: str, name: str) -> None:
        """See :class:`HalfSource`."""
        await self._node(node).delete_stored_recording(name)

    def _node(self, name: str) -> AriNode:
        try:
            return self._nodes[name]
        except KeyError:
            raise NodeUnknown(name) from None
