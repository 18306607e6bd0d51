"""What the network says before anybody answers: that the number is not in use, switched off ..."""

from __future__ import annotations

from dataclasses import dataclass

from ringway.dialer.core.listening.fingerprint import Book, Matcher, Prints, Samples
from ringway.dialer.core.listening.frames import FRAME_MS, Framer
from ringway.dialer.core.listening.tones import ToneKind, Tones
from ringway.proto.dialer_spec import NumberState

# After special information tones words follow; they may tell more than that something is wrong.
_WORDS_WITHIN_MS = 6000
_LOOK_EVERY = 3  # words
BY_TONES = "special_information_tone"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was recognised, by what (a recording's id, or the tones), and when since the start."""

    state: NumberState
    reason: str
    at_ms: int


class EarlyMedia:
    """Listens to one call before its answer, until it knows.

    Args:
        book: The announcements that are known; their meanings are number states.
    """

    def __init__(self, book: Book) -> None:
        self._framer = Framer()
        self._tones = Tones()
        self._prints = Prints()
        self._matcher = Matcher(book) if book else None
        self._tones_until_ms: int | None = None  # they were heard, and words are waited for

    def add(self, samples: Samples) -> Finding | None:
        """Return what ``samples`` make certain. Shape: (n,), 8 kHz."""
        found = self._words(samples)
        at_ms = self._framer.at_ms
        for frame in self._framer.add(samples):
            at_ms = frame.at_ms + FRAME_MS
            tone = self._tones.add(frame)
            if tone is not None and tone.kind is ToneKind.SIT and self._tones_until_ms is None:
                waits_ms = 0 if self._matcher is None else _WORDS_WITHIN_MS
                self._tones_until_ms = at_ms + waits_ms
        if found is not None:
            return Finding(NumberState(found[0]), found[1], at_ms)
        if self._tones_until_ms is not None and at_ms >= self._tones_until_ms:
            return Finding(NumberState.VACANT, BY_TONES, at_ms)
        return None

    def end(self) -> Finding | None:
        """Return what is certain now that nothing more is heard."""
        if self._tones_until_ms is None:
            return None
        return Finding(NumberState.VACANT, BY_TONES, self._framer.at_ms)

    def _words(self, samples: Samples) -> tuple[str, str] | None:
        if self._matcher is None:
            return None
        for word, is_active in self._prints.add(samples):
            self._matcher.step(word, is_active)
            if self._matcher.heard % _LOOK_EVERY:
                continue
            match = self._matcher.match()
            if match is not None:
                return match.meaning, match.key
        return None
