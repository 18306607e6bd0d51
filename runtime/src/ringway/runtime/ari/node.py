"""One Asterisk node: its state and its commands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress

from ringway.runtime.ari import metrics
from ringway.runtime.ari.base import DEFAULT_TIMEOUT_S
from ringway.runtime.ari.bridges import BridgeCommands
from ringway.runtime.ari.channels import ChannelCommands, HangupReason
from ringway.runtime.ari.errors import AriDown, AriError
from ringway.runtime.ari.http import HttpPool, NodeSettings, Query
from ringway.runtime.ari.media import MediaCommands
from ringway.runtime.ari.models import Raw
from ringway.runtime.ari.system import SystemCommands

_AT_ONCE = 16
# So long after it was asked for in vain Asterisk may still make a channel that was to end.
_LATE_S = 60.0


class AriNode(ChannelCommands, BridgeCommands, MediaCommands, SystemCommands):
    """Commands to one Asterisk node.

    Every command raises ``AriDown`` at once while the node is not connected, ``AriTimedOut``
    when it does not answer in time, and ``AriError`` or a subclass when it refuses. Commands
    already work while the connect hooks reconcile, before ``connected`` turns true.

    What was to end ends: ``hangup`` and ``destroy_bridge`` that raised ``AriDown`` are carried
    out when the node is back, before the connect hooks; and a channel that was hung up before
    Asterisk had made it is hung up at its first event.
    """

    def __init__(self, settings: NodeSettings) -> None:
        self.settings = settings
        self.name = settings.name
        self.fence: Callable[[], bool] | None = None
        """While it says yes no command is let through: this process may not act."""
        self._pool: HttpPool | None = None
        self._connected = asyncio.Event()
        self._owed: dict[tuple[str, str], Callable[[str], Awaitable[bool]]] = {}
        self._missed: dict[str, float] = {}  # channels that were not there to be hung up -> when

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

    # -- what was to end -----------------------------------------------------------------------

    async def hangup(
        self,
        channel: str,
        reason_code: int | None = None,
        *,
        reason: HangupReason | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> bool:
        """See ChannelCommands.hangup."""
        try:
            was_there = await super().hangup(
                channel, reason_code, reason=reason, timeout_s=timeout_s
            )
        except AriDown:
            self._owed["channel", channel] = self.hangup
            raise
        if not was_there:
            self._note_missed(channel)
        return was_there

    async def destroy_bridge(self, bridge: str) -> bool:
        """See BridgeCommands.destroy_bridge."""
        try:
            return await super().destroy_bridge(bridge)
        except AriDown:
            self._owed["bridge", bridge] = self.destroy_bridge
            raise

    async def end(self, channel: str, *bridges: str) -> None:
        """End a channel and rooms, now or when the node is back; those that are gone are none."""
        for ending in (self.hangup(channel), *map(self.destroy_bridge, bridges)):
            with suppress(AriDown, AriError):
                await ending

    async def settle(self) -> None:
        """End what was to be ended while the node did not answer.

        Raises:
            AriDown: It does not answer again; what is left is kept for the next time.
        """
        while self._owed:
            some = list(self._owed.items())[:_AT_ONCE]
            for key, _ in some:
                del self._owed[key]  # it comes back when it fails
            ends = (end(name) for (_, name), end in some)
            for outcome in await asyncio.gather(*ends, return_exceptions=True):
                if isinstance(outcome, BaseException) and not isinstance(outcome, AriError):
                    raise outcome

    def _note_missed(self, channel: str) -> None:
        now = asyncio.get_running_loop().time()
        self._missed.pop(channel, None)
        self._missed[channel] = now
        while now - self._missed[oldest := next(iter(self._missed))] > _LATE_S:
            del self._missed[oldest]

    def _came_late(self, channel: str | None) -> bool:
        """Whether this channel, of which we hear now, was to end before it was there."""
        return channel is not None and self._missed.pop(channel, None) is not None

    # -- for its connection --------------------------------------------------------------------

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
