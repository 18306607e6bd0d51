"""A person or a machine? Told by how the far end begins to speak.

People say a few words and wait; machines talk on, or beep. Speech is what stands out of the noise
that this very call has, so a threshold need not be set by hand; a tone is not speech.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from ringway.dialer.core.listening.frames import FRAME_MS, Frame
from ringway.dialer.core.listening.tones import Tone, ToneKind, Tones
from ringway.proto.dialer_spec import AmdRule

_ABOVE_NOISE = 2.0  # times the noise's level
_OF_PEAK = 0.1
_SMOOTH = 3  # frames
_REMEMBERED = 150  # frames among which the quietest is the noise
_LEAST_LEVEL = 60.0  # nothing below is speech, however quiet the line
_WORD_GAP_MS = 120  # shorter pauses are within a word
_LEAST_SPEECH_MS = 80  # shorter bursts are clicks
_BEEP_AFTER_MS = 300  # a machine's beep does not come at once
_MESSAGE_SILENCE_MS = 2000  # a machine that does not beep has finished speaking


class Answerer(StrEnum):
    """Who answered."""

    PERSON = "person"
    MACHINE = "machine"
    FAX = "fax"
    NOBODY = "nobody"  # an operator's announcement: the number is not in use
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who answered and why we think so.

    Attributes:
        at_ms: When it was decided, since the answer.
        speech_ends_ms: When the greeting ended; None: it had not, or there was none.
        reason: For the record, such as ``long_greeting``.
    """

    answerer: Answerer
    reason: str
    at_ms: int
    speech_ends_ms: int | None = None


class Amd:
    """Listens from the answer on until it knows.

    Args:
        rule: The campaign's profile.
    """

    def __init__(self, rule: AmdRule) -> None:
        self._rule = rule
        self._tones = Tones()
        self._last: deque[float] = deque(maxlen=_SMOOTH)
        self._smooth: deque[float] = deque(maxlen=_REMEMBERED)
        self._peak = 0.0
        self._loud_ms = 0  # of the present burst
        self._quiet_ms = 0  # since the last burst
        self._speech_ms = 0  # all bursts and the short pauses between them
        self._words = 0
        self._begins_ms: int | None = None  # of speech
        self._ends_ms = 0
        self._has_line_tone = False
        self.verdict: Verdict | None = None
        self.beep_ms: int | None = None  # when a message may be left

    def add(self, frame: Frame) -> Verdict | None:
        """Return the verdict with the frame that decides it."""
        tone = self._tones.add(frame)
        self._hear(frame)
        if tone is not None:
            self._has_line_tone = self._has_line_tone or tone.kind is ToneKind.LINE
        self._wait_for_beep(tone, frame)
        if self.verdict is not None:
            return None
        self.verdict = self._decide(frame.at_ms + FRAME_MS, tone)
        return self.verdict

    def _hear(self, frame: Frame) -> None:
        threshold = self._threshold(frame.level)
        if self._tones.is_sounding or frame.level < threshold:
            self._quiet_ms += FRAME_MS
            if self._quiet_ms > _WORD_GAP_MS:
                self._loud_ms = 0
            return
        self._loud_ms += FRAME_MS
        if self._loud_ms < _LEAST_SPEECH_MS:
            return
        if self._loud_ms == _LEAST_SPEECH_MS:
            self._begin_word(frame)
        self._quiet_ms = 0
        self._ends_ms = frame.at_ms + FRAME_MS
        assert self._begins_ms is not None
        self._speech_ms = self._ends_ms - self._begins_ms

    def _threshold(self, level: float) -> float:
        """Return the level above which this call's sound is speech.

        Its noise is the quietest moment of the last seconds; what is far below its loudest
        moment is an echo or a neighbour.
        """
        self._last.append(level)
        if len(self._last) < _SMOOTH:
            return math.inf
        smooth = sum(islice(reversed(self._last), _SMOOTH)) / _SMOOTH
        self._smooth.append(smooth)
        self._peak = max(self._peak, smooth)
        noise = min(self._smooth)
        return max(_LEAST_LEVEL, noise * _ABOVE_NOISE, self._peak * _OF_PEAK)

    def _begin_word(self, frame: Frame) -> None:
        begins_ms = frame.at_ms + FRAME_MS - self._loud_ms
        if self._begins_ms is None:
            self._begins_ms = begins_ms
        self._words += 1

    def _decide(self, at_ms: int, tone: Tone | None) -> Verdict | None:
        rule = self._rule
        if tone is not None and tone.kind is ToneKind.SIT:
            return Verdict(Answerer.NOBODY, "special_information_tone", at_ms)
        if tone is not None and tone.kind is ToneKind.FAX:
            return Verdict(Answerer.FAX, "fax_tone", at_ms)
        if tone is not None and tone.kind is ToneKind.BEEP and tone.begins_ms >= _BEEP_AFTER_MS:
            return Verdict(Answerer.MACHINE, "beep", at_ms)
        if self._speech_ms > rule.greeting_ms:
            return Verdict(Answerer.MACHINE, "long_greeting", at_ms)
        if self._words > rule.max_words:
            return Verdict(Answerer.MACHINE, "many_words", at_ms)
        if self._begins_ms is not None and self._pause_ms(at_ms) >= rule.after_greeting_silence_ms:
            return Verdict(Answerer.PERSON, "greeting_and_pause", at_ms, self._ends_ms)
        if self._begins_ms is None and at_ms >= rule.initial_silence_ms and not self._has_line_tone:
            return Verdict(Answerer.UNSURE, "nothing_said", at_ms)
        if at_ms >= rule.decide_within_ms:
            return Verdict(Answerer.UNSURE, "time_is_up", at_ms)
        return None

    def _pause_ms(self, at_ms: int) -> int:
        return at_ms - self._ends_ms

    def _wait_for_beep(self, tone: Tone | None, frame: Frame) -> None:
        """Find when a machine's greeting is over: after its beep, or after a long silence."""
        if self.beep_ms is not None or self.verdict is None:
            if tone is not None and tone.kind is ToneKind.BEEP and tone.begins_ms >= _BEEP_AFTER_MS:
                self.beep_ms = tone.ends_ms
            return
        at_ms = frame.at_ms + FRAME_MS
        is_beep = tone is not None and tone.kind is ToneKind.BEEP
        if is_beep or (
            self._begins_ms is not None and self._pause_ms(at_ms) >= _MESSAGE_SILENCE_MS
        ):
            self.beep_ms = at_ms
