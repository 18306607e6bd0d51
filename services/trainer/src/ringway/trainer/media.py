"""RTP of calls: one UDP socket each, and one loop that paces the packets of all."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

from ringway.runtime.tasks import TaskSet
from ringway.trainer.core.g711 import Law
from ringway.trainer.core.listening import Listener
from ringway.trainer.core.sdp import Media
from ringway.trainer.core.talking import Talker
from ringway.trainer.core.transaction import Address
from ringway.trainer.endpoint import bound_socket

SLOT_S = 0.02
_LATE_S = 0.1  # when the loop was held up longer than this, slots are skipped, not sent in a burst
_BUFFER_BYTES = 1 << 16


class MediaSession(asyncio.DatagramProtocol):
    """The audio of one call: a :class:`Talker` and a :class:`Listener` on one socket."""

    def __init__(self) -> None:
        self.listener = Listener()
        self.talker = Talker(Law.ULAW, 0, rng=random.Random())
        self.local: Address = ("", 0)
        self._remote: Address | None = None
        self._transport: asyncio.DatagramTransport | None = None
        self._loop = asyncio.get_running_loop()

    @classmethod
    async def open(cls, host: str, advertised: str = "") -> MediaSession:
        """Open a socket on a free port; close it with :meth:`close`."""
        sock = bound_socket(host, 0, _BUFFER_BYTES)
        local = sock.getsockname()
        try:
            _, session = await asyncio.get_running_loop().create_datagram_endpoint(cls, sock=sock)
        except BaseException:
            sock.close()
            raise
        session.local = (advertised or host, local[1])
        return session

    @property
    def description(self) -> Media:
        """What we offer: both laws, key events, on our port."""
        return Media(*self.local)

    def connect(self, media: Media, remote: Media) -> None:
        """Send to ``remote`` from now on, with the codec both agreed on."""
        laws = {law for _, law in media.codecs}
        codec = next((each for each in remote.codecs if each[1] in laws), None)
        if codec is not None:
            self.talker.use(codec[1], codec[0])
            self._remote = (remote.address, remote.port)
        self.talker.dtmf = remote.dtmf
        self.talker.is_muted = codec is None or not remote.wants_audio
        self.listener.laws = {0: Law.ULAW, 8: Law.ALAW} | dict(media.codecs)
        self.listener.dtmf = media.dtmf

    def send_slot(self) -> None:
        """Send what is due in this slot of 20 ms."""
        if self._remote is None or self._transport is None:
            return
        packet = self.talker.next_packet()
        if packet is not None:
            with suppress(OSError):  # a peer that is gone is noticed by the call, not here
                self._transport.sendto(packet, self._remote)

    def close(self) -> None:
        """Close the socket. What was heard stays readable."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self.listener.receive(data, self._loop.time())

    def error_received(self, exc: Exception) -> None:
        pass  # the far end closed its port: normal while a call ends


class Pacer:
    """Sends the packets of every session, every 20 ms, without drifting."""

    def __init__(self) -> None:
        self._sessions: dict[MediaSession, None] = {}
        self._wake = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncIterator[Pacer]:
        """A pacer that runs while the context is open."""
        pacer = cls()
        async with TaskSet("pacer") as tasks:
            tasks.spawn(pacer.run(), name="pacer")
            yield pacer

    def add(self, session: MediaSession) -> None:
        """Pace this session from the next slot on."""
        self._sessions[session] = None
        self._wake.set()

    def remove(self, session: MediaSession) -> None:
        """Leave this session alone; unknown ones are no mistake."""
        self._sessions.pop(session, None)

    async def run(self) -> None:
        """Pace for ever."""
        loop = asyncio.get_running_loop()
        while True:
            self._wake.clear()
            if not self._sessions:
                await self._wake.wait()
            due = loop.time()
            while self._sessions:
                due += SLOT_S
                late = loop.time() - due
                if late < 0:
                    await asyncio.sleep(-late)
                elif late > _LATE_S:
                    missed = int(late / SLOT_S)
                    due += missed * SLOT_S
                    for session in self._sessions:
                        session.talker.skip(missed)
                for session in tuple(self._sessions):
                    session.send_slot()
