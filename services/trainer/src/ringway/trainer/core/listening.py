"""What one side of a call hears: packets counted, gaps, keys and tones with their times."""

from __future__ import annotations

from dataclasses import dataclass, field

from ringway.trainer.core import rtp
from ringway.trainer.core.dtmf import KeyDetector
from ringway.trainer.core.g711 import FRAME_SAMPLES, Law
from ringway.trainer.core.tone import (
    WINDOW_SAMPLES,
    Tone,
    ToneLog,
    find_tones,
    is_only_tone,
    is_sound,
)

_GAP_S = 0.1  # five missing packets: audible
_MAX_GAPS = 100


@dataclass(slots=True)
class Listener:
    """Receives the RTP of one call. All times are seconds on the clock of ``at``."""

    laws: dict[int, Law] = field(default_factory=lambda: {0: Law.ULAW, 8: Law.ALAW})
    dtmf: int | None = 101
    packets: int = 0
    lost: int = 0
    late: int = 0
    foreign: int = 0  # datagrams that are no RTP, or of an unknown payload type
    first_at: float | None = None  # of any packet since the answer
    first_sound_at: float | None = None  # of audio that is not silence, since the answer
    last_at: float | None = None
    keys: str = ""
    detector: KeyDetector | None = None  # finds keys in the audio; None: nobody asks for it
    gaps: list[tuple[float, float]] = field(default_factory=list)
    tones: ToneLog = field(default_factory=ToneLog)
    _keys: rtp.KeyReceiver = field(default_factory=rtp.KeyReceiver)
    _ssrc: int | None = None
    _sequence: int = 0
    _audio: list[bytes] = field(default_factory=list)
    _audio_bytes: int = 0
    _last_tone: Tone | None = None
    _audio_law: Law = Law.ULAW
    _audio_from: float = 0.0

    def answered(self) -> None:
        """The call is answered now: what came before was early media."""
        self.first_at = self.first_sound_at = None

    def is_silent_since(self, at: float) -> bool:
        """Whether no packet came since ``at``."""
        return self.last_at is None or self.last_at < at

    def receive(self, data: bytes, at: float) -> None:
        """Take one datagram."""
        try:
            payload_type, sequence, timestamp, ssrc, payload = rtp.fields(data)
        except rtp.NotRtp:
            self.foreign += 1
            return
        law = self.laws.get(payload_type)
        if law is None and payload_type != self.dtmf:
            self.foreign += 1
            return
        self._count(at)
        if law is None:
            self.keys += self._keys.receive(ssrc, timestamp, payload)
        elif self._in_order(ssrc, sequence):
            if self.first_sound_at is None and is_sound(payload, law):
                self.first_sound_at = at
            if self.detector is not None:
                self.keys += self.detector.hear(payload, law)
            self._hear(payload, law, at)

    def _count(self, at: float) -> None:
        self.packets += 1
        if self.first_at is None:
            self.first_at = at
        elif self.last_at is not None and at - self.last_at > _GAP_S and len(self.gaps) < _MAX_GAPS:
            self.gaps.append((self.last_at, at))
        self.last_at = at

    def _in_order(self, ssrc: int, sequence: int) -> bool:
        if ssrc != self._ssrc:
            self._ssrc, self._sequence = ssrc, sequence
            self._forget_audio()
            return True
        ahead = (sequence - self._sequence) & 0xFFFF
        if ahead == 0 or ahead >= 0x8000:
            self.late += 1
            return False
        if ahead > 1:
            self.lost += ahead - 1 if ahead < 0x1000 else 0
            self._forget_audio()
        self._sequence = sequence
        return True

    def _hear(self, payload: bytes, law: Law, at: float) -> None:
        if law is not self._audio_law:
            self._audio_law = law
            self._forget_audio()
        if not self._audio:
            self._audio_from = at - FRAME_SAMPLES / 8000
        self._audio.append(payload)
        self._audio_bytes += len(payload)
        if self._audio_bytes >= WINDOW_SAMPLES:
            audio = b"".join(self._audio)
            self._forget_audio()
            while len(audio) >= WINDOW_SAMPLES:
                self._measure(audio[:WINDOW_SAMPLES], at)
                audio = audio[WINDOW_SAMPLES:]
            if audio:
                self._audio, self._audio_bytes = [audio], len(audio)

    def _measure(self, window: bytes, at: float) -> None:
        last = self._last_tone
        if last is None or not is_only_tone(window, self._audio_law, last.hz):
            found = find_tones(window, self._audio_law)
            self._last_tone = last = found[0] if len(found) == 1 else None
        else:
            found = [last]
        self.tones.add(found, self._audio_from, max(at, self._audio_from))
        self._audio_from = at

    def _forget_audio(self) -> None:
        self._audio, self._audio_bytes = [], 0
