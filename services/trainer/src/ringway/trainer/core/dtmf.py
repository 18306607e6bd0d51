"""Keys told in other ways than RFC 4733: in SIP INFO, and as two tones in the audio itself."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

from ringway.trainer.core.g711 import FRAME_SAMPLES, SAMPLE_RATE_HZ, Law, decode
from ringway.trainer.core.message import Request
from ringway.trainer.core.tone import Frames, frames_of, silence

ROWS_HZ = (697, 770, 852, 941)
COLUMNS_HZ = (1209, 1336, 1477, 1633)
_PAD = ("123A", "456B", "789C", "*0#D")
KEYS = "".join(_PAD)

_GAP_FRAMES = 5  # 100 ms
_AMPLITUDE = 6000  # of each of the two tones
_SHARE = 0.75  # of a frame's energy in the two tones; speech spreads its own wider
_TWIST = 6.3  # one tone may be 8 dB louder than the other
_MIN_AMPLITUDE = 300
_FRAMES = 2  # this many in a row make a key, and end one

_SIGNAL = re.compile(rb"^\s*Signal\s*=\s*([0-9A-D*#])\s*$", re.IGNORECASE | re.MULTILINE)
_RELAY, _PLAIN = "application/dtmf-relay", "application/dtmf"


def info(key: str, hold_s: float) -> tuple[str, bytes]:
    """Type and body of the INFO that tells a key."""
    return _RELAY, f"Signal={key}\r\nDuration={round(hold_s * 1000)}\r\n".encode()


def key_of_info(request: Request) -> str:
    """The key that an INFO tells, or an empty string."""
    kind = request.headers.get("Content-Type").partition(";")[0].strip().lower()
    if kind == _RELAY:
        match = _SIGNAL.search(request.body)
        return match[1].decode().upper() if match else ""
    text = request.body.decode("ascii", "replace").strip().upper()
    return text if kind == _PLAIN and len(text) == 1 and text in KEYS else ""


def checked(keys: str) -> str:
    """The same keys.

    Raises:
        ValueError: A character is no telephone key.
    """
    for key in keys:
        if key not in KEYS:
            raise ValueError(f"{key!r} is no telephone key")
    return keys


@lru_cache(maxsize=128)
def tones(key: str, law: Law, hold_frames: int = 5) -> Frames:
    """One key as companded 20 ms frames."""
    row, column = divmod(KEYS.index(key), 4)
    at = np.arange(hold_frames * FRAME_SAMPLES) / SAMPLE_RATE_HZ
    low, high = (np.sin(2 * math.pi * hz * at) for hz in (ROWS_HZ[row], COLUMNS_HZ[column]))
    return frames_of((_AMPLITUDE * (low + high)).astype(np.int16), law)


def audible_frames(keys: str, law: Law, hold_frames: int = 5) -> Iterator[bytes]:
    """The frames in which ``keys`` are pressed one after the other, each with a pause after it."""
    for key in keys:
        yield from tones(key, law, hold_frames)
        yield from silence(law) * _GAP_FRAMES


@cache
def _waves() -> npt.NDArray[np.float32]:
    at = 2 * math.pi * np.arange(FRAME_SAMPLES) / SAMPLE_RATE_HZ
    return np.stack(
        [wave(hz * at) for hz in (*ROWS_HZ, *COLUMNS_HZ) for wave in (np.cos, np.sin)]
    ).astype(np.float32)


def key_in(codes: bytes, law: Law) -> str:
    """The key whose two tones fill one frame of 20 ms, or an empty string."""
    if len(codes) != FRAME_SAMPLES:
        return ""
    samples = decode(codes, law).astype(np.float32)
    parts = (_waves() @ samples) * (2 / FRAME_SAMPLES)
    power = parts[0::2] ** 2 + parts[1::2] ** 2  # amplitude squared, as Goertzel's algorithm
    row, column = int(np.argmax(power[:4])), int(np.argmax(power[4:]))
    low, high = float(power[row]), float(power[4 + column])
    if min(low, high) < _MIN_AMPLITUDE**2 or not 1 / _TWIST <= low / high <= _TWIST:
        return ""
    energy = 2 * float(samples @ samples) / FRAME_SAMPLES
    return _PAD[row][column] if low + high >= _SHARE * energy else ""


@dataclass(slots=True)
class KeyDetector:
    """Finds keys in audio, each once however long it is held."""

    _key: str = ""  # the one being held
    _candidate: str = ""
    _count: int = field(default=0)

    def hear(self, codes: bytes, law: Law) -> str:
        """Take one frame of 20 ms; the key that begins with it, or an empty string."""
        found = key_in(codes, law)
        self._count = self._count + 1 if found == self._candidate else 1
        self._candidate = found
        if self._count < _FRAMES or found == self._key:
            return ""
        self._key = found
        return found
