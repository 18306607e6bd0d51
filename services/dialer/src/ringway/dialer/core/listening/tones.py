"""Tones in a call: the beep of a machine, special information tones, a fax, ring and busy tones.

Special information tones are three tones of rising frequency before an operator's announcement
(ITU-T E.180): about 950, 1400 and 1800 Hz, each about a third of a second, at once after another.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from ringway.dialer.core.listening.frames import FRAME_MS, Frame

_PURE = 0.86
_LOUD = 120.0  # mean amplitude below which nothing is called a tone
_SAME_HZ = 45.0
_BEEP_MS = (100, 1500)
_SIT_HZ = ((900.0, 1010.0), (1340.0, 1460.0), (1720.0, 1860.0))
_SIT_MS = (200, 460)
_SIT_GAP_MS = 120
_LINE_HZ = (380.0, 640.0)  # ring and busy tones of all countries we know
_FAX_MS = 400
_CNG_HZ, _CED_HZ = (1060.0, 1140.0), (2050.0, 2150.0)


class ToneKind(StrEnum):
    """What a tone means."""

    BEEP = "beep"
    SIT = "sit"
    FAX = "fax"
    LINE = "line"  # ring or busy tone: the call has not reached anybody yet


@dataclass(frozen=True, slots=True)
class Tone:
    """A tone that has ended (or, for a fax, is long enough)."""

    kind: ToneKind
    begins_ms: int
    ends_ms: int
    hz: float


@dataclass(slots=True)
class _Run:
    begins_ms: int
    hz: float
    frames: int = 1


class Tones:
    """Finds tones frame by frame."""

    def __init__(self) -> None:
        self._run: _Run | None = None
        self._sit: list[Tone] = []  # parts of special information tones so far
        self._is_told = False

    @property
    def is_sounding(self) -> bool:
        """Whether the last frame was a pure tone, long enough not to be a vowel."""
        return self._run is not None and self._run.frames * FRAME_MS >= _BEEP_MS[0]

    def add(self, frame: Frame) -> Tone | None:
        """Return the tone that this frame ends, or makes certain."""
        run = self._run
        is_tone = frame.level >= _LOUD and frame.purity >= _PURE
        if is_tone and run is not None and abs(frame.peak_hz - run.hz) <= _SAME_HZ:
            run.frames += 1
            is_fax = _is_within(run.hz, _CNG_HZ) or _is_within(run.hz, _CED_HZ)
            if is_fax and not self._is_told and run.frames * FRAME_MS >= _FAX_MS:
                self._is_told = True
                return self._tone(ToneKind.FAX, run, frame.at_ms + FRAME_MS)
            return None
        self._run = _Run(frame.at_ms, frame.peak_hz) if is_tone else None
        was_told, self._is_told = self._is_told, False
        if run is None or was_told:
            return self._was_no_sit(frame.at_ms)
        return self._ended(run, frame.at_ms)

    def _was_no_sit(self, at_ms: int) -> Tone | None:
        """Return what began like special information tones and did not go on as a beep."""
        if not self._sit or self._run is not None or at_ms - self._sit[-1].ends_ms <= _SIT_GAP_MS:
            return None
        first, last = self._sit[0], self._sit[-1]
        self._sit.clear()
        return Tone(ToneKind.BEEP, first.begins_ms, last.ends_ms, first.hz)

    def _ended(self, run: _Run, ends_ms: int) -> Tone | None:
        length = ends_ms - run.begins_ms
        if self._is_part_of_sit(run, length):
            self._sit.append(self._tone(ToneKind.SIT, run, ends_ms))
            if not _is_within(run.hz, _SIT_HZ[-1]):
                return None
            first, last = self._sit[0], self._sit[-1]
            self._sit.clear()
            return Tone(ToneKind.SIT, first.begins_ms, last.ends_ms, first.hz)
        self._sit.clear()
        if _is_within(run.hz, _LINE_HZ) and length >= 2 * _BEEP_MS[0]:
            return self._tone(ToneKind.LINE, run, ends_ms)
        if _BEEP_MS[0] <= length <= _BEEP_MS[1]:
            return self._tone(ToneKind.BEEP, run, ends_ms)
        return None

    def _is_part_of_sit(self, run: _Run, length: int) -> bool:
        """Whether a tone is the next of the three. The first is often cut off by the answer."""
        if not _SIT_MS[0] <= length <= _SIT_MS[1]:
            return False
        last = self._sit[-1] if self._sit else None
        if last is not None and run.begins_ms - last.ends_ms > _SIT_GAP_MS:
            self._sit.clear()
            last = None
        if last is None:
            return any(_is_within(run.hz, band) for band in _SIT_HZ[:2])
        return any(
            _is_within(last.hz, one) and _is_within(run.hz, next_)
            for one, next_ in pairwise(_SIT_HZ)
        )

    @staticmethod
    def _tone(kind: ToneKind, run: _Run, ends_ms: int) -> Tone:
        return Tone(kind, run.begins_ms, ends_ms, run.hz)


def _is_within(hz: float, band: tuple[float, float]) -> bool:
    return band[0] <= hz <= band[1]
