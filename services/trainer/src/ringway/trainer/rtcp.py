"""The RTCP port of one call, beside its RTP port: reports sent and heard."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Any, cast

from ringway.trainer.core.g711 import FRAME_SAMPLES
from ringway.trainer.core.rtcp import Quality
from ringway.trainer.core.talking import Talker
from ringway.trainer.core.transaction import Address
from ringway.trainer.endpoint import bound_socket

_TRIES = 50


def port_pair(host: str, buffer_bytes: int) -> tuple[socket.socket, socket.socket]:
    """Sockets on a free even port and the one after it.

    Raises:
        OSError: None is found.
    """
    for _ in range(_TRIES):
        first = bound_socket(host, 0, buffer_bytes)
        port = first.getsockname()[1]
        if port % 2 == 0:
            with suppress(OSError):
                return first, bound_socket(host, port + 1, buffer_bytes)
        first.close()
    raise OSError("no two free ports side by side")


class RtcpPort(asyncio.DatagramProtocol):
    """Sends a report every so often, and takes those of the other side."""

    def __init__(self, talker: Talker, quality: Quality, every_s: float) -> None:
        self.remote: Address | None = None
        self.is_cut = False
        self._talker = talker
        self._quality = quality
        self._every_s = every_s
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.DatagramTransport | None = None
        self._timer: asyncio.TimerHandle | None = None

    @classmethod
    async def open(
        cls, sock: socket.socket, talker: Talker, quality: Quality, every_s: float
    ) -> RtcpPort:
        """Take over the socket; close it with :meth:`close`."""
        _, port = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: cls(talker, quality, every_s), sock=sock
        )
        return port

    def close(self) -> None:
        """Stop; what was heard stays readable."""
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        self._timer = self._loop.call_later(self._every_s, self._report)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        if not self.is_cut:
            self._quality.take(data, self._talker.ssrc, self._loop.time())

    def error_received(self, exc: Exception) -> None:
        pass  # the far end closed its port: normal while a call ends

    def _report(self) -> None:
        self._timer = self._loop.call_later(self._every_s, self._report)
        if self.remote is None or self._transport is None or self.is_cut:
            return
        talker = self._talker
        report = self._quality.report(
            talker.ssrc,
            talker.timestamp,
            talker.sent,
            talker.sent * FRAME_SAMPLES,
            self._loop.time(),
        )
        with suppress(OSError):
            self._transport.sendto(report.serialise(), self.remote)
