"""One Asterisk node: its state and its commands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from ringway.runtime.ari import metrics
from ringway.runtime.ari.base import DEFAULT_TIMEOUT_S
from ringway.runtime.ari.bridges import BridgeCommands
from ringway.runtime.ari.channels import ChannelCommands
from ringway.runtime.ari.errors import AriDown
from ringway.runtime.ari.http import HttpPool, NodeSettings, Query
from ringway.runtime.ari.media import MediaCommands
from ringway.runtime.ari.models import Raw
from ringway.runtime.ari.system import SystemCommands


class AriNode(ChannelCommands, BridgeCommands, MediaCommands, SystemCommands):
    """Commands to one Asterisk node.

    Every command raises ``AriDown`` at once while the node is not connected, ``AriTimedOut``
    when it does not answer in time, and ``AriError`` or a subclass when it refuses. Commands
    already work while the connect hooks reconcile, before ``connected`` turns true.
    """

    def __init__(self, settings: NodeSettings) -> None:
        self.settings = settings
        self.name = settings.name
        self.fence: Callable[[], bool] | None = None
        """While it says yes no command is let through: this process may not act."""
        self._pool: HttpPool | None = None
        self._connected = asyncio.Event()

    @property
    def connected(self) -> bool:
        """Whether the node is reconciled and its events are flowing."""
        return self._connected.is_set()

    @property
    def attached(self) -> bool:
        """Whether commands are let through: connected, or reconciling at this moment."""
        return self._pool is not None

    async def wait_connected(self, timeout_s: float | None = None) -> None:
        """Return when ``connected`` is true.

        Raises:
            AriDown: Not within ``timeout_s``.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await self._connected.wait()
        except TimeoutError as error:
            raise AriDown(f"node {self.name} not connected within {timeout_s} s") from error

    def _attach(self, pool: HttpPool) -> None:
        """Let commands through this pool; events do not flow yet."""
        self._pool = pool

    def _flowing(self) -> None:
        """Declare the node connected."""
        self._connected.set()
        metrics.CONNECTED.labels(self.name).set(1)

    def _detach(self) -> None:
        """Refuse commands from now on."""
        self._pool = None
        self._connected.clear()
        metrics.CONNECTED.labels(self.name).set(0)

    def _open_pool(self, command: str) -> HttpPool:
        if self._pool is None:
            metrics.commands(self.name, command, "not_connected").inc()
            raise AriDown(f"node {self.name} is not connected")
        if self.fence is not None and self.fence():
            metrics.commands(self.name, command, "fenced").inc()
            raise AriDown(f"node {self.name} is not ours to command now")
        return self._pool

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
        pool = self._open_pool(command)
        return await pool.request(
            command, method, path, query=query, body=body, timeout_s=timeout_s
        )

    async def _stream(
        self, command: str, path: str, *, chunk_bytes: int, timeout_s: float
    ) -> AsyncGenerator[bytes, None]:
        pool = self._open_pool(command)
        stream = pool.stream(command, path, chunk_bytes=chunk_bytes, timeout_s=timeout_s)
        async with aclosing(stream):
            async for piece in stream:
                yield piece
