"""Audio as frames of 20 ms with what the detectors ask of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 8000
FRAME_MS = 20
FRAME_SAMPLES = RATE_HZ * FRAME_MS // 1000
_FFT = 512
_BIN_HZ = RATE_HZ / _FFT
_WINDOW = np.hanning(FRAME_SAMPLES)
_LOW_HZ, _HIGH_HZ = 200.0, 3600.0  # what a telephone carries
_LOW, _HIGH = round(_LOW_HZ / _BIN_HZ), round(_HIGH_HZ / _BIN_HZ)
_LOBE = 6  # bins on each side of a peak that belong to it, by the window


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame.

    Attributes:
        at_ms: Its beginning, since the first sample.
        level: Mean absolute amplitude of 16 bit samples.
        peak_hz: The strongest frequency; 0 for silence.
        purity: Share of the energy that is at this frequency, 0..1; speech seldom has 0.9.
    """

    at_ms: int
    level: float
    peak_hz: float
    purity: float


class Framer:
    """Cuts samples into frames; gaps in which nothing arrived are silence."""

    def __init__(self) -> None:
        self._rest = np.zeros(0, dtype=np.int16)
        self._at_ms = 0

    @property
    def at_ms(self) -> int:
        """How much audio has become frames, in milliseconds."""
        return self._at_ms

    def add(self, samples: NDArray[np.int16]) -> list[Frame]:
        """Return the frames that ``samples`` complete. Shape of ``samples``: (n,), 8 kHz."""
        whole = np.concatenate([self._rest, samples])
        count = len(whole) // FRAME_SAMPLES
        self._rest = whole[count * FRAME_SAMPLES :]
        frames = []
        for n in range(count):
            piece = whole[n * FRAME_SAMPLES : (n + 1) * FRAME_SAMPLES]
            frames.append(_frame(piece, self._at_ms))
            self._at_ms += FRAME_MS
        return frames

    def silence_until(self, at_ms: int) -> list[Frame]:
        """Return frames of silence up to ``at_ms``: the far end sends nothing while it is quiet."""
        frames = []
        while self._at_ms + FRAME_MS <= at_ms:
            frames.append(Frame(self._at_ms, 0.0, 0.0, 0.0))
            self._at_ms += FRAME_MS
        return frames


def _frame(piece: NDArray[np.int16], at_ms: int) -> Frame:
    values = piece.astype(np.float64)
    level = float(np.mean(np.abs(values)))
    if level < 1.0:
        return Frame(at_ms, level, 0.0, 0.0)
    power = np.abs(np.fft.rfft(values * _WINDOW, _FFT)) ** 2
    heard = power[_LOW:_HIGH]
    total = float(heard.sum())
    if total <= 0.0:
        return Frame(at_ms, level, 0.0, 0.0)
    top = int(heard.argmax())
    near = heard[max(0, top - _LOBE) : top + _LOBE + 1]
    return Frame(at_ms, level, (top + _LOW) * _BIN_HZ, float(near.sum()) / total)
