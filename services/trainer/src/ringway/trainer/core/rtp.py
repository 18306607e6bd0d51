"""RTP packets (RFC 3550) and telephone events (RFC 4733)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_HEADER = struct.Struct("!BBHII")
_EVENT = struct.Struct("!BBH")
_KEYS = "0123456789*#ABCD"
KEY_FRAMES = 5  # 100 ms of tone: more than every receiver's minimum
_END_REPEATS = 3  # RFC 4733 2.5.1.4: the end is sent three times, in case one is lost
_GAP_FRAMES = 5


class NotRtp(ValueError):
    """The datagram is no RTP packet."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One RTP packet."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False

    def serialise(self) -> bytes:
        """The bytes to send."""
        return serialise(
            self.payload_type, self.sequence, self.timestamp, self.ssrc, self.payload, self.marker
        )


def serialise(
    payload_type: int, sequence: int, timestamp: int, ssrc: int, payload: bytes, marker: bool
) -> bytes:
    """Pack one packet (a plain function: it runs fifty times a second for each call)."""
    return _HEADER.pack(0x80, payload_type | marker << 7, sequence, timestamp, ssrc) + payload


def parse(data: bytes) -> Packet:
    """Unpack one packet, without its padding, sources and extension.

    Raises:
        NotRtp: It is too short or of another version.
    """
    payload_type, sequence, timestamp, ssrc, payload = fields(data)
    return Packet(payload_type, sequence, timestamp, ssrc, payload, data[1] >> 7 == 1)


def fields(data: bytes) -> tuple[int, int, int, int, bytes]:
    """Payload type, sequence, timestamp, source and payload (a plain function, see above).

    Raises:
        NotRtp: It is too short or of another version.
    """
    if len(data) < 12 or data[0] >> 6 != 2:
        raise NotRtp
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    if first == 0x80:
        return second & 0x7F, sequence, timestamp, ssrc, data[12:]
    start, end = 12 + 4 * (first & 15), len(data)
    if first & 0x10:
        if len(data) < start + 4:
            raise NotRtp
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    if first & 0x20:
        end -= data[-1]
    if start > end:
        raise NotRtp
    return second & 0x7F, sequence, timestamp, ssrc, data[start:end]


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """The payload of a telephone event."""

    key: str
    is_end: bool
    duration: int  # in timestamp units (1/8000 s), since the event began
    volume: int = 10  # dB below 0 dBm0

    def serialise(self) -> bytes:
        """The payload to send."""
        flags = (0x80 if self.is_end else 0) | self.volume
        return _EVENT.pack(_KEYS.index(self.key), flags, min(self.duration, 0xFFFF))


def parse_key(payload: bytes) -> KeyEvent | None:
    """Read a telephone event; ``None`` for events that are not keys."""
    if len(payload) < 4:
        return None
    code, flags, duration = _EVENT.unpack_from(payload)
    if code >= len(_KEYS):
        return None
    return KeyEvent(_KEYS[code], bool(flags & 0x80), duration, flags & 0x3F)


@dataclass(frozen=True, slots=True)
class KeyFrame:
    """What to send in one 20 ms slot while keys are pressed; no event: a pause."""

    event: KeyEvent | None
    starts: bool = False


def key_frames(keys: str, hold_frames: int = KEY_FRAMES) -> Iterator[KeyFrame]:
    """The slots in which ``keys`` are pressed one after the other, each for ``hold_frames``.

    Raises:
        ValueError: A character is no key.
    """
    for key in keys:
        if key not in _KEYS:
            raise ValueError(f"{key!r} is no telephone key")
        for slot in range(hold_frames + _END_REPEATS):
            duration = 160 * min(slot + 1, hold_frames)
            event = KeyEvent(key, slot >= hold_frames, duration)
            yield KeyFrame(event, starts=slot == 0)
        for _ in range(_GAP_FRAMES):
            yield KeyFrame(None)


class KeyReceiver:
    """Turns telephone events into keys: each once, whatever is lost or repeated.

    A key counts from its first packet on, so that losing all three ends loses nothing.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[int, int], None] = {}

    def receive(self, ssrc: int, timestamp: int, payload: bytes) -> str:
        """The key that a packet begins, or an empty string."""
        event = parse_key(payload)
        mark = (ssrc, timestamp)
        if event is None or mark in self._seen:
            return ""
        self._seen[mark] = None
        if len(self._seen) > 64:  # late repeats come within a second
            del self._seen[next(iter(self._seen))]
        return event.key
