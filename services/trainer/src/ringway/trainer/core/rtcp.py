"""RTCP sender and receiver reports (RFC 3550): how each side tells what it gets.

Times are seconds on the clock of ``at``, which also serves as NTP time: a peer only gives it back.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

_SENDER, _RECEIVER, _DESCRIPTION = 200, 201, 202
_HEAD = struct.Struct("!BBHI")
_INFO = struct.Struct("!IIIII")
_BLOCK = struct.Struct("!IIIIII")
_CLOCK_HZ = 8000
_NTP_EPOCH_S = 1 << 31  # any moment will do that is not zero: zero means "no report seen"


@dataclass(frozen=True, slots=True)
class Block:
    """What a reporter says about the packets of one source."""

    ssrc: int
    fraction_lost: float  # 0..1, since its last report
    lost: int  # since the beginning
    highest: int  # extended sequence number
    jitter_s: float
    last_report: int = 0  # middle 32 bits of the NTP time of the last sender report; 0: none
    since_s: float = 0.0  # how long ago that came


@dataclass(frozen=True, slots=True)
class Report:
    """One sender or receiver report."""

    ssrc: int
    ntp: int = 0  # 64 bits; 0: a receiver report
    timestamp: int = 0
    packets: int = 0
    octets: int = 0
    blocks: tuple[Block, ...] = ()

    @property
    def is_sender(self) -> bool:
        """Whether it tells what was sent."""
        return self.ntp != 0

    def serialise(self) -> bytes:
        """A compound packet: the report and who it is from."""
        info = b""
        if self.is_sender:
            info = _INFO.pack(self.ntp >> 32, self.ntp & 0xFFFFFFFF, self.timestamp, self.packets,
                              self.octets)  # fmt: skip
        body = info + b"".join(_pack(block) for block in self.blocks)
        kind = _SENDER if self.is_sender else _RECEIVER
        head = _HEAD.pack(0x80 | len(self.blocks), kind, 1 + len(body) // 4, self.ssrc)
        name = b"\x01\x07trainer\x00\x00\x00"  # CNAME, ended and filled to whole words
        return head + body + _HEAD.pack(0x81, _DESCRIPTION, 1 + len(name) // 4, self.ssrc) + name


def parse(data: bytes) -> list[Report]:
    """The reports of a compound packet; what cannot be understood is left out."""
    found: list[Report] = []
    while len(data) >= 8 and data[0] >> 6 == 2:
        first, kind, words, ssrc = _HEAD.unpack_from(data)
        part, data = data[8 : 4 + 4 * words], data[4 + 4 * words :]
        if kind not in (_SENDER, _RECEIVER):
            continue
        high = low = timestamp = packets = octets = 0
        if kind == _SENDER:
            if len(part) < _INFO.size:
                break
            high, low, timestamp, packets, octets = _INFO.unpack_from(part)
            part = part[_INFO.size :]
        count = min(first & 31, len(part) // _BLOCK.size)
        blocks = tuple(_unpack(part, _BLOCK.size * index) for index in range(count))
        found.append(Report(ssrc, high << 32 | low, timestamp, packets, octets, blocks))
    return found


def _pack(block: Block) -> bytes:
    fraction = min(255, round(block.fraction_lost * 256))
    lost = max(-0x800000, min(0x7FFFFF, block.lost)) & 0xFFFFFF
    return _BLOCK.pack(
        block.ssrc,
        fraction << 24 | lost,
        block.highest & 0xFFFFFFFF,
        round(block.jitter_s * _CLOCK_HZ) & 0xFFFFFFFF,
        block.last_report,
        round(block.since_s * 65536) & 0xFFFFFFFF,
    )


def _unpack(data: bytes, offset: int) -> Block:
    ssrc, losses, highest, jitter, last, since = _BLOCK.unpack_from(data, offset)
    lost = losses & 0xFFFFFF
    lost -= 0x1000000 if lost & 0x800000 else 0
    return Block(ssrc, (losses >> 24) / 256, lost, highest, jitter / _CLOCK_HZ, last, since / 65536)


def ntp_of(at: float) -> int:
    """64 bits of NTP time."""
    return round((at + _NTP_EPOCH_S) * 2**32)


def middle(ntp: int) -> int:
    """The 32 bits by which a report is named later."""
    return ntp >> 16 & 0xFFFFFFFF


@dataclass(slots=True)
class Reception:
    """Counts the packets of one source as RFC 3550, appendix A, says."""

    ssrc: int | None = None
    first: int = 0
    highest: int = 0
    received: int = 0
    jitter: float = 0.0  # in 1/8000 s
    _transit: float | None = None
    _told: tuple[int, int] = (0, 0)  # expected and received at the last report

    def take(self, ssrc: int, sequence: int, timestamp: int, at: float) -> None:
        """Count one packet."""
        if ssrc != self.ssrc:
            self.ssrc, self.first, self.highest = ssrc, sequence, sequence
            self.received, self.jitter, self._transit, self._told = 0, 0.0, None, (0, 0)
        self.received += 1
        ahead = (sequence - self.highest) & 0xFFFF
        if ahead < 0x8000:
            self.highest += ahead
        transit = at * _CLOCK_HZ - timestamp
        if self._transit is not None:
            change = abs((transit - self._transit + 2**31) % 2**32 - 2**31)
            self.jitter += (change - self.jitter) / 16
        self._transit = transit

    @property
    def lost(self) -> int:
        """Packets that never came."""
        return self.highest - self.first + 1 - self.received if self.ssrc is not None else 0

    def block(self) -> tuple[int, float, int]:
        """Source, rate lost since the last call, and lost altogether."""
        expected = self.highest - self.first + 1
        since, came = expected - self._told[0], self.received - self._told[1]
        self._told = (expected, self.received)
        rate = max(0.0, (since - came) / since) if since > 0 else 0.0
        return self.ssrc or 0, rate, self.lost


@dataclass(slots=True)
class Quality:
    """What both sides of one stream told each other."""

    reception: Reception = field(default_factory=Reception)
    heard: Report | None = None  # the last report of the other side
    reports: int = 0  # of the other side
    rtt_s: float | None = None
    remote_loss_rate: float | None = None  # of what we send, as the other side says
    remote_jitter_s: float | None = None
    _last: int = 0
    _last_at: float = 0.0

    def take(self, data: bytes, our_ssrc: int, at: float) -> None:
        """Take one RTCP packet of the other side."""
        for report in parse(data):
            self.heard = report
            self.reports += 1
            if report.is_sender:
                self._last, self._last_at = middle(report.ntp), at
            for block in report.blocks:
                if block.ssrc == our_ssrc:
                    self.remote_loss_rate = block.fraction_lost
                    self.remote_jitter_s = block.jitter_s
                    if block.last_report:
                        self.rtt_s = _since(block, at)

    def report(self, ssrc: int, timestamp: int, packets: int, octets: int, at: float) -> Report:
        """What we tell now."""
        blocks: tuple[Block, ...] = ()
        if self.reception.ssrc is not None:
            source, rate, lost = self.reception.block()
            since = at - self._last_at if self._last else 0.0
            jitter_s = self.reception.jitter / _CLOCK_HZ
            highest = self.reception.highest
            blocks = (Block(source, rate, lost, highest, jitter_s, self._last, since),)
        ntp = ntp_of(at) if packets else 0
        return Report(ssrc, ntp, timestamp & 0xFFFFFFFF, packets, octets, blocks)


def _since(block: Block, at: float) -> float:
    passed = (middle(ntp_of(at)) - block.last_report) & 0xFFFFFFFF
    return max(0.0, passed / 65536 - block.since_s)
