"""Spoken sound for the telephone: 8000 Hz, 16 bit, mono. Standard library only."""

from __future__ import annotations

import sys
import wave
from array import array
from collections.abc import Sequence
from math import cos, gcd, pi, sin, sqrt
from operator import mul
from pathlib import Path

RATE_HZ = 8000
_CUTOFF_HZ = 3500.0
_HALF_WIDTH = 24  # input samples on each side that make one output sample
_QUIET = 200  # below this nobody hears anything
_MARGIN = RATE_HZ * 40 // 1000  # of silence is left on both sides
_LEVEL = 4200.0  # root mean square where there is sound, about that of Asterisk's recordings
_PEAK = 30000.0


def samples_of(frames: bytes) -> list[int]:
    """Return 16-bit little-endian frames as numbers."""
    samples = array("h")
    samples.frombytes(frames[: len(frames) // 2 * 2])
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tolist()


def resampled(samples: Sequence[int], rate_hz: int) -> list[int]:
    """Return the sound at 8000 Hz, without what would fold back from above 4000 Hz."""
    if rate_hz == RATE_HZ:
        return list(samples)
    common = gcd(rate_hz, RATE_HZ)
    up, down = RATE_HZ // common, rate_hz // common
    phases = [_taps(phase / up, rate_hz) for phase in range(up)]
    padding = [0] * _HALF_WIDTH
    padded = [*padding, *samples, *padding]
    found = []
    for number in range(len(samples) * up // down):
        first, phase = divmod(number * down, up)
        value = sum(map(mul, phases[phase], padded[first : first + 2 * _HALF_WIDTH]))
        found.append(max(-32768, min(32767, round(value))))
    return found


def trimmed(samples: Sequence[int]) -> list[int]:
    """Return the sound without the silence before and after it, but for a margin."""
    loud = [number for number, value in enumerate(samples) if abs(value) > _QUIET]
    if not loud:
        return []
    return list(samples[max(0, loud[0] - _MARGIN) : loud[-1] + _MARGIN])


def levelled(samples: Sequence[int]) -> list[int]:
    """Return the sound as loud as recordings are, without clipping."""
    loud = [value for value in samples if abs(value) > _QUIET]
    if not loud:
        return list(samples)
    level = sqrt(sum(value * value for value in loud) / len(loud))
    factor = min(_LEVEL / level, _PEAK / max(map(abs, loud)))
    return [round(value * factor) for value in samples]


def write_wav(file: Path, samples: Sequence[int]) -> None:
    """Write a plain PCM file, the one form of WAV that Asterisk reads."""
    data = array("h", samples)
    if sys.byteorder == "big":
        data.byteswap()
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes(data.tobytes())


def _taps(offset: float, rate_hz: int) -> list[float]:
    """Return a windowed sinc whose middle lies ``offset`` input samples after the middle tap."""
    share = 2 * _CUTOFF_HZ / rate_hz
    taps = []
    for number in range(2 * _HALF_WIDTH):
        x = number - _HALF_WIDTH - offset
        window = 0.54 + 0.46 * cos(pi * x / (_HALF_WIDTH + 1))
        taps.append((share if x == 0 else sin(pi * share * x) / (pi * x)) * window)
    total = sum(taps)
    return [tap / total for tap in taps]
