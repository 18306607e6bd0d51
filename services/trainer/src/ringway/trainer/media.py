"""RTP of calls: one UDP socket each, and one loop that paces the packets of all."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, cast

from ringway.runtime.tasks import TaskSet
from ringway.trainer.core import rtp
from ringway.trainer.core.dtmf import KeyDetector
from ringway.trainer.core.g711 import Law
from ringway.trainer.core.impairment import BadLine, Impairment
from ringway.trainer.core.listening import Listener
from ringway.trainer.core.rtcp import Quality
from ringway.trainer.core.sdp import Media
from ringway.trainer.core.talking import Talker
from ringway.trainer.core.transaction import Address
from ringway.trainer.endpoint import bound_socket
from ringway.trainer.rtcp import RtcpPort, port_pair

SLOT_S = 0.02
_LATE_S = 0.1  # when the loop was held up longer than this, slots are skipped, not sent in a burst
_BUFFER_BYTES = 1 << 16
_TYPES = {Law.ULAW: 0, Law.ALAW: 8}


@dataclass(frozen=True, slots=True)
class MediaOptions:
    """How a phone's calls are heard and spoken.

    ``dtmf`` is the payload type of key events it offers (an answer takes the caller's);
    ``None``: it knows none. ``hears_inband`` finds keys in the audio too. ``rtcp_every_s``:
    how often reports are sent; ``None``: RTCP is neither sent nor heard.
    """

    laws: tuple[Law, ...] = (Law.ULAW, Law.ALAW)
    dtmf: int | None = 101
    hears_inband: bool = False
    impairment: Impairment | None = None
    rtcp_every_s: float | None = None


USUAL = MediaOptions()


class MediaSession(asyncio.DatagramProtocol):
    """The audio of one call: a :class:`Talker` and a :class:`Listener` on one socket."""

    def __init__(self, options: MediaOptions = USUAL) -> None:
        self.options = options
        self.listener = Listener(detector=KeyDetector() if options.hears_inband else None)
        self.talker = Talker(Law.ULAW, 0, rng=random.Random())
        self.local: Address = ("", 0)
        self.quality: Quality | None = None  # what RTCP told; None: no RTCP
        self.is_cut = False  # nothing is sent or received, as by a broken line
        self._line: BadLine | None = None
        self._rtcp: RtcpPort | None = None
        self._remote: Address | None = None
        self._transport: asyncio.DatagramTransport | None = None
        self._loop = asyncio.get_running_loop()

    @classmethod
    async def open(
        cls, host: str, advertised: str = "", options: MediaOptions = USUAL
    ) -> MediaSession:
        """Open a socket on a free port; close it with :meth:`close`."""
        loop = asyncio.get_running_loop()
        if options.rtcp_every_s is None:
            sock, beside = bound_socket(host, 0, _BUFFER_BYTES), None
        else:
            sock, beside = port_pair(host, _BUFFER_BYTES)
        local = sock.getsockname()
        try:
            _, session = await loop.create_datagram_endpoint(lambda: cls(options), sock=sock)
            if beside is not None and options.rtcp_every_s is not None:
                session.quality = Quality()
                session._rtcp = await RtcpPort.open(
                    beside, session.talker, session.quality, options.rtcp_every_s
                )
        except BaseException:
            sock.close()
            if beside is not None:
                beside.close()
            raise
        session.local = (advertised or host, local[1])
        session.impair(options.impairment)
        return session

    @property
    def description(self) -> Media:
        """What we offer, on our port."""
        codecs = tuple((_TYPES[law], law) for law in self.options.laws)
        return Media(*self.local, codecs=codecs, dtmf=self.options.dtmf)

    def impair(self, impairment: Impairment | None) -> None:
        """Send over a bad network from now on, or over a good one again."""
        self._line = None if impairment is None else BadLine(impairment)

    def connect(self, media: Media, remote: Media) -> None:
        """Send to ``remote`` from now on, with the codec both agreed on."""
        laws = {law for _, law in media.codecs}
        codec = next((each for each in remote.codecs if each[1] in laws), None)
        if codec is not None:
            self.talker.use(codec[1], codec[0])
            self._remote = (remote.address, remote.port)
            if self._rtcp is not None:
                self._rtcp.remote = (remote.address, remote.port + 1)
        self.talker.dtmf = remote.dtmf
        self.talker.is_muted = codec is None or not remote.wants_audio
        self.listener.laws = {0: Law.ULAW, 8: Law.ALAW} | dict(media.codecs)
        self.listener.dtmf = media.dtmf

    def send_slot(self) -> None:
        """Send what is due in this slot of 20 ms."""
        if self._remote is None or self._transport is None:
            return
        packet = self.talker.next_packet()
        if packet is None or self.is_cut:
            return
        delay_s = 0.0 if self._line is None else self._line.delay_s()
        if delay_s is not None and delay_s > 0:
            self._loop.call_later(delay_s, self._transmit, packet)
        elif delay_s is not None:
            self._transmit(packet)

    def _transmit(self, packet: bytes) -> None:
        if self._remote is not None and self._transport is not None:
            with suppress(OSError):  # a peer that is gone is noticed by the call, not here
                self._transport.sendto(packet, self._remote)

    def close(self) -> None:
        """Close the socket. What was heard stays readable."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None
        if self._rtcp is not None:
            self._rtcp.close()

    def cut(self, *, is_cut: bool = True) -> None:
        """Break the line, or mend it."""
        self.is_cut = is_cut
        if self._rtcp is not None:
            self._rtcp.is_cut = is_cut

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        if self.is_cut:
            return
        now = self._loop.time()
        self.listener.receive(data, now)
        if self.quality is not None:
            with suppress(rtp.NotRtp):
                kind, sequence, timestamp, ssrc, _ = rtp.fields(data)
                if kind != self.listener.dtmf:  # its timestamps stand still
                    self.quality.reception.take(ssrc, sequence, timestamp, now)

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
