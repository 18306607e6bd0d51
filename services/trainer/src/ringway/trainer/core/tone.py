"""Tones: made as frames that repeat without a seam, and found again in what is heard."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

from ringway.trainer.core.g711 import FRAME_SAMPLES, SAMPLE_RATE_HZ, Law, Pcm, decode, encode

Frames = tuple[bytes, ...]

WINDOW_SAMPLES = 5 * FRAME_SAMPLES  # 100 ms: resolves tones 50 Hz apart
_BIN_HZ = SAMPLE_RATE_HZ / WINDOW_SAMPLES
_QUIET = 250  # peak amplitude (of 32768) below which a window is silence
_MIN_AMPLITUDE = 200
_MIN_SHARE = 0.15  # of the window's energy; speech and noise spread theirs wider
_PURE_SHARE = 0.97
_LOBE = 2  # bins each side that a pure tone fills under the Hann window


@dataclass(frozen=True, slots=True)
class Tone:
    """One tone found in a window."""

    hz: float
    amplitude: float  # of 32768


def frames_of(samples: Pcm, law: Law) -> Frames:
    """Cut samples into companded 20 ms frames; the last one is filled with silence."""
    codes = encode(np.ascontiguousarray(samples), law)
    short = -len(codes) % FRAME_SAMPLES
    codes += bytes([law.silence]) * short
    return tuple(codes[at : at + FRAME_SAMPLES] for at in range(0, len(codes), FRAME_SAMPLES))


@cache
def silence(law: Law) -> Frames:
    """One frame of silence."""
    return (bytes([law.silence]) * FRAME_SAMPLES,)


@lru_cache(maxsize=512)
def tone(hz: int, law: Law, amplitude: int = 8000) -> Frames:
    """One second of a tone, to be repeated: whole hertz give whole periods."""
    phase = 2 * math.pi * hz * np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    return frames_of((amplitude * np.sin(phase)).astype(np.int16), law)


@lru_cache(maxsize=64)
def speech_like(seconds: int, law: Law, variant: int = 0) -> Frames:
    """Something a detector takes for a person talking: words of buzzing syllables and pauses.

    Args:
        seconds: Length.
        variant: The same number gives the same "sentence".
    """
    rng = np.random.default_rng(variant)
    pieces: list[npt.NDArray[np.float64]] = []
    wanted, have = seconds * SAMPLE_RATE_HZ, 0
    while have < wanted:
        pieces += [_syllable(rng) for _ in range(rng.integers(2, 5))]
        pieces.append(np.zeros(int(rng.uniform(0.08, 0.3) * SAMPLE_RATE_HZ)))
        have = sum(len(piece) for piece in pieces)
    return frames_of(np.concatenate(pieces)[:wanted].astype(np.int16), law)


def _syllable(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    count = int(rng.uniform(0.1, 0.25) * SAMPLE_RATE_HZ)
    at = np.arange(count) / SAMPLE_RATE_HZ
    pitch_hz = rng.uniform(100, 180) * (1 + 0.1 * np.sin(2 * np.pi * rng.uniform(2, 6) * at))
    phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE_HZ
    formants_hz = rng.uniform((300, 900, 2200), (800, 2000, 3000))
    voice = np.zeros(count)
    for harmonic in range(1, 24):
        gain = sum(math.exp(-(((harmonic * 140 - hz) / 180) ** 2)) for hz in formants_hz)
        voice += (0.15 / harmonic + gain) * np.sin(harmonic * phase + rng.uniform(0, 6))
    voice += 0.3 * rng.standard_normal(count)
    voice *= np.sin(np.pi * np.arange(count) / count)
    return voice * 7000 / max(1e-9, float(np.max(np.abs(voice))))


@cache
def _window() -> tuple[npt.NDArray[np.float64], float]:
    hann = np.hanning(WINDOW_SAMPLES)
    return hann, 2 / float(hann.sum())


def is_sound(codes: bytes, law: Law) -> bool:
    """Whether companded samples are more than silence and its noise."""
    if not codes:
        return False
    samples = decode(codes, law)
    return int(samples.max()) - int(samples.min()) >= 2 * _QUIET


@lru_cache(maxsize=256)
def _waves(hz: int) -> npt.NDArray[np.float32]:
    phase = 2 * math.pi * hz * np.arange(WINDOW_SAMPLES) / SAMPLE_RATE_HZ
    return np.stack((np.cos(phase), np.sin(phase))).astype(np.float32)


def is_only_tone(codes: bytes, law: Law, hz: float) -> bool:
    """Whether one window holds this tone and nothing else, told ten times faster than by search.

    Most windows of most calls do: a speaker's tone goes on, the search is for its changes.
    """
    samples = decode(codes, law).astype(np.float32)
    energy = float(samples @ samples)
    if energy < WINDOW_SAMPLES * _QUIET * _QUIET / 2:
        return False
    cosine, sine = (_waves(round(hz)) @ samples).tolist()
    return bool(2 * (cosine * cosine + sine * sine) >= _PURE_SHARE * energy * WINDOW_SAMPLES)


def find_tones(codes: bytes, law: Law) -> list[Tone]:
    """The pure tones in one window of ``WINDOW_SAMPLES`` companded samples, loudest first.

    Tones at least 50 Hz apart are told from each other; a frequency is right within 2 Hz.
    """
    if len(codes) != WINDOW_SAMPLES or not is_sound(codes, law):
        return []
    samples = decode(codes, law)
    hann, scale = _window()
    size = np.abs(np.fft.rfft(samples * hann)) * scale
    energy = size * size
    total = float(energy[2:].sum())
    inner = size[2:-2]
    is_peak = (inner > size[1:-3]) & (inner >= size[3:-1]) & (inner > _MIN_AMPLITUDE)
    found = []
    for position in np.flatnonzero(is_peak) + 2:
        share = float(energy[max(2, position - _LOBE) : position + _LOBE + 1].sum()) / total
        if share >= _MIN_SHARE:
            left, middle, right = np.log(size[position - 1 : position + 2] + 1e-9)
            shift = 0.5 * float(left - right) / float(left - 2 * middle + right)
            found.append(Tone((int(position) + shift) * _BIN_HZ, float(size[position])))
    return sorted(found, key=lambda tone: -tone.amplitude)


@dataclass(slots=True)
class ToneSpan:
    """A tone heard from one moment to another (seconds, on the caller's clock)."""

    hz: float
    from_s: float
    to_s: float
    heard_s: float  # less than to_s - from_s when it was interrupted


class ToneLog:
    """What tones were heard and when.

    The same tone after a pause of up to ``join_s`` continues its span. The list is bounded:
    when it is full the shortest finished span is dropped, so music on hold cannot fill memory.
    """

    def __init__(self, *, join_s: float = 1.0, tolerance_hz: float = 8, limit: int = 200) -> None:
        self._join_s = join_s
        self._tolerance_hz = tolerance_hz
        self._limit = limit
        self._spans: list[ToneSpan] = []
        self._open: list[ToneSpan] = []

    def add(self, tones: Iterable[Tone], from_s: float, to_s: float) -> None:
        """Note the tones of one window."""
        self._open = [span for span in self._open if from_s - span.to_s <= self._join_s]
        for found in tones:
            span = next((s for s in self._open if abs(s.hz - found.hz) <= self._tolerance_hz), None)
            if span is None:
                span = ToneSpan(found.hz, from_s, to_s, to_s - from_s)
                self._open.append(span)
                self._spans.append(span)
                self._drop_excess()
            elif span.to_s < to_s:
                weight = (to_s - from_s) / max(span.heard_s + to_s - from_s, 1e-9)
                span.hz += (found.hz - span.hz) * weight
                span.to_s = to_s
                span.heard_s += to_s - from_s

    def spans(self, *, min_s: float = 0.2, since_s: float = -math.inf) -> list[ToneSpan]:
        """The tones heard for at least ``min_s`` that ended after ``since_s``, in order."""
        return [s for s in self._spans if s.heard_s >= min_s - 1e-6 and s.to_s > since_s]

    def is_hearing(self, hz: float, *, now_s: float, within_s: float = 0.3) -> bool:
        """Whether ``hz`` was heard for a while and not longer ago than ``within_s``."""
        return any(
            abs(s.hz - hz) <= self._tolerance_hz and now_s - s.to_s <= within_s
            for s in self.spans()
        )

    def heard(self, hz: float, *, min_s: float = 0.2, since_s: float = -math.inf) -> bool:
        """Whether ``hz`` was heard at all after ``since_s``."""
        spans = self.spans(min_s=min_s, since_s=since_s)
        return any(abs(span.hz - hz) <= self._tolerance_hz for span in spans)

    def _drop_excess(self) -> None:
        if len(self._spans) > self._limit:
            finished = [span for span in self._spans if all(span is not o for o in self._open)]
            if finished:
                shortest = min(finished, key=lambda span: span.heard_s)
                self._spans = [span for span in self._spans if span is not shortest]
