"""Announcements by their sound: the same recording is played to everybody who calls such a number.

Audio becomes one word of 16 bits every 40 ms: for each pair of neighbouring bands, whether the
difference of their levels grew or shrank. Gain and a line's own colour do not change that; noise
and G.711 flip some bits. What is heard matches a stored recording where over the last seconds few
bits differ, at one place of the recording. Silence and steady tones say nothing and count nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringway.dialer.core.listening.frames import RATE_HZ

Samples = NDArray[np.int16]
Bits = NDArray[np.uint16]

PRINT_MS = 40
_HOP = RATE_HZ * PRINT_MS // 1000
_WINDOW = 1024  # samples; much longer than a hop, so that it hardly matters where hops begin
_LAG = 2  # frames of 40 ms between which levels are compared
_BANDS = 17
_LOW_HZ, _HIGH_HZ = 300.0, 3300.0
_MATCH_FRAMES = 64  # of what is heard, that must match at one place
_LEAST_ACTIVE = 32  # of these, that are not silence
_DIFFERS = 0.29  # share of bits up to which it is the same; unrelated speech has 0.34 and more
_ALIKE = 0.27  # share up to which parts of two recordings are the same words, coarsely compared
_QUIET_BELOW = 0.02  # times the loudest moment: silence
_LEAST_LEVEL = 40.0  # mean amplitude
_STEADY = 0.86  # share of the energy that is at one frequency: a tone
_LEAST_S = 3.0
_COARSE = 2  # frames between those by which recordings are compared with each other
_ONES = np.array([bin(n).count("1") for n in range(1 << 16)], dtype=np.uint8)


def _edges() -> NDArray[np.int64]:
    hz = np.geomspace(_LOW_HZ, _HIGH_HZ, _BANDS + 1)
    return np.asarray(np.round(hz * _WINDOW / RATE_HZ), dtype=np.int64)


_EDGES = _edges()
_HANN = np.hanning(_WINDOW)
_PLACES = (1 << np.arange(_BANDS - 1)).astype(np.uint16)


class Unusable(ValueError):
    """A recording by which nothing could be recognised; says why."""


@dataclass(frozen=True, slots=True)
class Print:
    """A recording's words, one a frame of 40 ms; ``is_active``: whether they say anything."""

    bits: Bits
    is_active: NDArray[np.bool_]


class Prints:
    """Makes words of samples as they come. Each word stands for the window that ends with it."""

    def __init__(self) -> None:
        self._rest = np.zeros(_WINDOW - _HOP, dtype=np.float64)
        self._shapes: deque[NDArray[np.float64]] = deque(maxlen=_LAG)
        self._loudest = 0.0

    def add(self, samples: Samples) -> list[tuple[int, bool]]:
        """Return the words that ``samples`` complete, each with whether it says anything."""
        whole = np.concatenate([self._rest, samples.astype(np.float64)])
        begins = range(0, len(whole) - _WINDOW + 1, _HOP)
        self._rest = whole[len(begins) * _HOP :]
        return [self._word(whole[begin : begin + _WINDOW]) for begin in begins]

    def _word(self, piece: NDArray[np.float64]) -> tuple[int, bool]:
        power = np.abs(np.fft.rfft(piece * _HANN)) ** 2
        bands = np.add.reduceat(power[: _EDGES[-1]], _EDGES[:-1])
        level = float(np.mean(np.abs(piece)))
        self._loudest = max(self._loudest, level)
        shape = -np.diff(np.log(bands + 1.0))
        before = self._shapes[0] if len(self._shapes) == _LAG else shape
        self._shapes.append(shape)
        word = int(_PLACES[shape > before].sum())
        total = float(bands.sum())
        top = int(power[_EDGES[0] : _EDGES[-1]].argmax()) + int(_EDGES[0])
        is_tone = total > 0 and float(power[top - 3 : top + 4].sum()) >= _STEADY * total
        is_loud = level >= max(_LEAST_LEVEL, self._loudest * _QUIET_BELOW)
        return word, is_loud and not is_tone


def print_of(samples: Samples) -> Print:
    """Return a recording's print.

    Raises:
        Unusable: It is too short, or says too little.
    """
    if len(samples) < _LEAST_S * RATE_HZ:
        raise Unusable(f"it is shorter than {_LEAST_S} seconds")
    words = Prints().add(samples)
    made = Print(
        np.array([word for word, _ in words], dtype=np.uint16),
        np.array([is_active for _, is_active in words], dtype=np.bool_),
    )
    if not _is_telling(made.is_active).any():
        raise Unusable("it is mostly silence or tones")
    return made


def _is_telling(is_active: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return at which frames a stretch ends that is long and active enough to be recognised."""
    told = _sums(is_active)
    told[: _MATCH_FRAMES - 1] = 0
    return told >= _LEAST_ACTIVE


def _sums(is_active: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return how many frames are active of each and those before it that a match takes in."""
    total = np.cumsum(is_active, dtype=np.int32)
    total[_MATCH_FRAMES:] -= total[:-_MATCH_FRAMES].copy()
    return total


@dataclass(frozen=True, slots=True)
class Recording:
    """A stored announcement. ``key`` is whatever names it, ``meaning`` whatever it means."""

    key: str
    meaning: str
    print: Print


@dataclass(frozen=True, slots=True)
class Match:
    """What is heard is this recording; ``differs``: which share of the bits is another."""

    key: str
    meaning: str
    differs: float


class Book:
    """Recordings among which one is looked for, side by side in one array.

    Where a recording sounds like one of another meaning ("Sorry, the number you dialed ...") it
    proves nothing, so that part is not looked at.
    """

    def __init__(self, recordings: Sequence[Recording]) -> None:
        self.recordings = tuple(recordings)
        prints = [each.print for each in recordings]
        none = np.zeros(0)
        self.bits = np.concatenate([p.bits for p in prints] or [none.astype(np.uint16)])
        active = np.concatenate([p.is_active for p in prints] or [none.astype(np.bool_)])
        self.weight = active.astype(np.uint8)
        self.unknown = self.weight * np.uint8((_BANDS - 1) // 2)
        self.whose = np.repeat(np.arange(len(prints)), [len(p.bits) for p in prints])
        told = [_is_telling(p.is_active) for p in prints] or [none.astype(np.bool_)]
        self.is_telling = np.concatenate(told)
        bits_compared = _sums(active) * (_BANDS - 1)
        self.most = np.where(self.is_telling, bits_compared * _DIFFERS, -1).astype(np.int16)
        self.compared = np.maximum(bits_compared, 1)
        if len({each.meaning for each in recordings}) > 1:
            self._drop_what_is_shared()

    def __bool__(self) -> bool:
        return bool(self.is_telling.any())

    def _drop_what_is_shared(self) -> None:
        """Nothing ends at a place where another meaning's recording sounds the same."""
        meanings = np.array([each.meaning for each in self.recordings])
        shared = np.zeros(len(self.bits), dtype=np.bool_)
        limit = self.compared * (_ALIKE / _COARSE)
        for index, recording in enumerate(self.recordings):
            wanted = self.is_telling & (meanings != recording.meaning)[self.whose]
            alike = np.where(wanted, limit, -1).astype(np.int16)
            matcher = Matcher(self, every=_COARSE)
            own = np.flatnonzero(self.whose == index)
            for n in range(0, len(own), _COARSE):
                matcher.step(int(recording.print.bits[n]), bool(recording.print.is_active[n]))
                if matcher.heard * _COARSE >= _MATCH_FRAMES and (matcher.differ <= alike).any():
                    shared[own[n : n + _COARSE]] = True
        self.most[shared] = -1
        self.is_telling &= ~shared


class Matcher:
    """Compares one call's audio with a book, frame by frame.

    Args:
        every: Only each so-manieth frame is given.
    """

    def __init__(self, book: Book, *, every: int = 1) -> None:
        self._book = book
        self._every = every
        self._last: deque[tuple[int, bool]] = deque()
        self._active = 0
        self._begin()

    def _begin(self) -> None:
        # How many bits differ, by the place of the book where the last seconds end.
        self.differ = np.zeros(len(self._book.bits), dtype=np.int16)
        self._last.clear()
        self.heard = 0  # frames since something was said

    def step(self, word: int, is_active: bool) -> None:
        """Take one frame. While nothing is said, nothing is compared: most calls only ring."""
        if not is_active and not self._active:
            if self.heard:
                self._begin()
            return
        self.differ = np.roll(self.differ, self._every)
        self.differ[: self._every] = 0
        self.differ += self._differences(word, is_active)
        self._last.append((word, is_active))
        self._active += is_active
        if len(self._last) * self._every > _MATCH_FRAMES:
            gone, was_active = self._last.popleft()
            self._active -= was_active
            past = self._differences(gone, was_active)
            self.differ[_MATCH_FRAMES:] -= past[:-_MATCH_FRAMES]
        self.heard += 1

    def _differences(self, word: int, is_active: bool) -> NDArray[np.uint8]:
        """Return in how many bits each place differs; of silence nobody knows: half of them."""
        book = self._book
        if not is_active:
            return book.unknown
        ones: NDArray[np.uint8] = _ONES[book.bits ^ np.uint16(word)] * book.weight
        return ones

    def match(self) -> Match | None:
        """Return the recording that was just heard, if one was."""
        if self.heard < _MATCH_FRAMES or self._active < _LEAST_ACTIVE:
            return None
        book = self._book
        hits = np.flatnonzero(self.differ <= book.most)
        if not len(hits):
            return None
        shares = self.differ[hits] / book.compared[hits]
        best = int(shares.argmin())
        found = book.recordings[int(book.whose[hits[best]])]
        return Match(found.key, found.meaning, float(shares[best]))
