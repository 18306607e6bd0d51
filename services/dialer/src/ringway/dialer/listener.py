"""The audio of calls, brought here by Asterisk's AudioSocket.

For each call that is listened to there is a snoop on the customer's channel (what comes from him
only); it is sent to the dialplan's ``listen``, which connects to us and sends 20 ms of 16 bit audio
at 8 kHz at a time. The customer's own channel stays where it is: nothing that goes wrong here can
hurt the call.

AudioSocket's frames: one byte of kind, two of length (big-endian), the payload. Kinds: 0x00 the
end, 0x01 the UUID of the call (first frame), 0x10 audio, 0xff an error.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from ringway.dialer import metrics

_log = logging.getLogger("ringway.dialer.listener")

_END, _UUID, _AUDIO, _ERROR = 0x00, 0x01, 0x10, 0xFF
_HELLO_WITHIN_S = 5.0
_QUIET_AT_MOST_S = 10.0

Heard = Callable[[NDArray[np.int16] | None], bool]
"""Takes samples, or None at the end; returns whether it wants more."""


class Listener:
    """A TCP server that gives calls' audio to whoever expects it. Make it with :meth:`open`."""

    def __init__(self, advertised: str) -> None:
        self._advertised = advertised
        self._expected: dict[UUID, Heard] = {}
        self._server: asyncio.Server | None = None

    @classmethod
    @asynccontextmanager
    async def open(cls, host: str, port: int, advertised: str = "") -> AsyncIterator[Listener]:
        """Listen until the context ends.

        Args:
            host: Address to listen on.
            port: 0: any free one.
            advertised: How Asterisk reaches us, a host or ``host:port``; empty: as we listen.
        """
        listener = cls(advertised)
        server = await asyncio.start_server(listener._serve, host, port)
        bound_host, bound_port = server.sockets[0].getsockname()[:2]
        if not advertised:
            listener._advertised = f"{bound_host}:{bound_port}"
        elif ":" not in advertised:
            listener._advertised = f"{advertised}:{bound_port}"
        listener._server = server
        try:
            yield listener
        finally:
            server.close()
            await server.wait_closed()

    def extension(self, call: UUID) -> str:
        """Return the extension of the dialplan's ``listen`` that brings this call's audio here."""
        return f"{call}@{self._advertised}"

    def expect(self, call: UUID, heard: Heard) -> None:
        """Give the audio of ``call`` to ``heard`` when it comes."""
        self._expected[call] = heard

    def forget(self, call: UUID) -> None:
        """Nobody wants this call's audio any more; a connection that is open ends."""
        self._expected.pop(call, None)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        call: UUID | None = None
        heard: Heard | None = None
        try:
            async with asyncio.timeout(_HELLO_WITHIN_S):
                kind, payload = await _frame(reader)
            if kind == _UUID and len(payload) == 16:
                call = UUID(bytes=payload)
                heard = self._expected.get(call)
            if call is None or heard is None:
                metrics.STRAY_AUDIO.inc()
                return
            await self._hear(call, heard, reader)
        except (TimeoutError, OSError, EOFError) as error:
            _log.debug("Audio ended early.", extra={"call": str(call), "error": str(error)})
        finally:
            if call is not None and self._expected.get(call) is heard and heard is not None:
                del self._expected[call]
                heard(None)
            with suppress(OSError):
                writer.write(bytes((_END, 0, 0)))
                writer.close()
                await writer.wait_closed()

    async def _hear(self, call: UUID, heard: Heard, reader: asyncio.StreamReader) -> None:
        while self._expected.get(call) is heard:
            async with asyncio.timeout(_QUIET_AT_MOST_S):
                kind, payload = await _frame(reader)
            if kind == _AUDIO:
                if not heard(np.frombuffer(payload[: len(payload) & ~1], dtype="<i2")):
                    self._expected.pop(call, None)
            elif kind in (_END, _ERROR):
                return


async def _frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    header = await reader.readexactly(3)
    length = int.from_bytes(header[1:], "big")
    return header[0], await reader.readexactly(length)
