"""What one side of a call says: a script of frames, and the RTP packets made of it."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ringway.trainer.core import dtmf, rtp, tone
from ringway.trainer.core.g711 import FRAME_SAMPLES, Law


@dataclass(frozen=True, slots=True)
class Say:
    """A part of a script: a tone, silence (no ``hz``) or something like speech.

    ``for_s`` None means for ever; parts after it are never reached.
    """

    hz: float = 0
    for_s: float | None = None
    is_speech: bool = False
    variant: int = 0


# What a caller hears while it rings in mainland China: 450 Hz, one second on, four off.
RINGBACK = (Say(450, 1.0), Say(0, 4.0))


def frames(script: Sequence[Say], law: Law, *, repeat: bool = False) -> Iterator[bytes]:
    """The 20 ms frames of a script, for ever: after its last part there is silence."""
    while True:
        for part in script:
            loop = _loop(part, law)
            if part.for_s is None:
                while True:
                    yield from loop
            count = round(part.for_s * 50)
            for index in range(count):
                yield loop[index % len(loop)]
        if not repeat or not any(part.for_s for part in script):
            break
    while True:
        yield from tone.silence(law)


def _loop(part: Say, law: Law) -> tone.Frames:
    if part.is_speech:
        return tone.speech_like(12, law, part.variant)
    return tone.tone(round(part.hz), law) if part.hz else tone.silence(law)


class Talker:
    """Turns a script and pressed keys into RTP packets, one for each 20 ms slot."""

    def __init__(self, law: Law, payload_type: int, *, rng: random.Random) -> None:
        self.law = law
        self.payload_type = payload_type
        self.dtmf: int | None = None  # payload type of key events, None when not agreed
        self.is_muted = False  # slots pass, nothing is sent
        self.sent = 0
        self.ssrc = rng.getrandbits(32)
        self._sequence = rng.getrandbits(15)
        self._timestamp = rng.getrandbits(31)
        self._script: tuple[Sequence[Say], bool] = ((), False)
        self._frames = frames((), law)
        self._keys: deque[Iterator[rtp.KeyFrame]] = deque()
        self._key_at = 0  # the timestamp of the key that is pressed: its first packet's in all
        self._audible: deque[tuple[str, int]] = deque()  # keys to be heard, frames of each
        self._beeps: Iterator[bytes] = iter(())
        self._starts = True

    def say(self, script: Sequence[Say], *, repeat: bool = False) -> None:
        """Say something else from the next slot on."""
        self._script = (script, repeat)
        self._frames = frames(script, self.law, repeat=repeat)

    def use(self, law: Law, payload_type: int) -> None:
        """Speak with another codec; when the law changes the script starts again."""
        self.payload_type = payload_type
        if law is not self.law:
            self.law = law
            self.say(self._script[0], repeat=self._script[1])

    def press(self, keys: str, hold_s: float = 0.1, *, is_audible: bool = False) -> None:
        """Press keys after those already being pressed.

        Args:
            hold_s: How long each is held.
            is_audible: They are tones in the audio, not telephone events.

        Raises:
            ValueError: A character is no telephone key.
        """
        dtmf.checked(keys)
        frames = max(1, round(hold_s * 50))
        if is_audible:
            self._audible.append((keys, frames))
        else:
            self._keys.append(rtp.key_frames(keys, frames))

    def next_packet(self) -> bytes | None:
        """The packet of the next slot, or ``None`` when nothing is sent in it."""
        self._timestamp = (self._timestamp + FRAME_SAMPLES) & 0xFFFFFFFF
        audio, beep = next(self._frames), self._next_beep()
        audio = beep or audio
        payload_type, timestamp, marker = self.payload_type, self._timestamp, self._starts
        if self.is_muted:
            self._starts = True
            return None
        if beep is None and self._keys and self.dtmf is not None:
            slot = self._next_key()
            if slot is not None and slot.event is not None:
                payload_type, audio, marker = self.dtmf, slot.event.serialise(), slot.starts
                self._key_at = timestamp = timestamp if slot.starts else self._key_at
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._starts = False
        self.sent += 1
        return rtp.serialise(payload_type, self._sequence, timestamp, self.ssrc, audio, marker)

    @property
    def timestamp(self) -> int:
        """The RTP timestamp of the last slot."""
        return self._timestamp

    def skip(self, slots: int) -> None:
        """Let slots pass unsent (the process was late); time goes on for the listener."""
        self._timestamp = (self._timestamp + FRAME_SAMPLES * slots) & 0xFFFFFFFF

    def _next_beep(self) -> bytes | None:
        beep = next(self._beeps, None)
        if beep is None and self._audible and (self.dtmf is None or not self._keys):
            keys, frames = self._audible.popleft()
            self._beeps = dtmf.audible_frames(keys, self.law, frames)
            beep = next(self._beeps, None)
        return beep

    def _next_key(self) -> rtp.KeyFrame | None:
        while self._keys:
            slot = next(self._keys[0], None)
            if slot is not None:
                return slot
            self._keys.popleft()
        return None
