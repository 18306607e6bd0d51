"""Who answered: the first seconds of a call are listened to, by ourselves or by Asterisk's AMD().

Both listen to a snoop on the customer's channel (what comes from him only), so the call itself is
untouched; when the snoop cannot be had the answer is "unsure", and the call goes on.
"""

from __future__ import annotations

import asyncio
import logging
import math
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

import numpy as np
from numpy.typing import NDArray

from ringway.dialer import metrics
from ringway.dialer.core import messages as m
from ringway.dialer.core.listening import Amd, Answerer, Framer, Verdict
from ringway.dialer.core.listening.frames import Frame
from ringway.dialer.listener import Listener
from ringway.dialer.switchboard import Line, Switchboard
from ringway.proto.dialer_spec import AmdEngine, AmdRule, OnMachine
from ringway.runtime.ari import AriDown, AriError, AriNode, Event, StasisStart
from ringway.runtime.clock import utcnow

_log = logging.getLogger("ringway.dialer.hearing")

SNOOP_SUFFIX = ".l"
_SNOOP_WITHIN_S = 2.0
_BEEP_WITHIN_S = 40.0
_WORD_MS, _GAP_MS, _LONGEST_WORD_MS = 100, 50, 5000  # Asterisk's AMD()
_BY_STATUS = {
    "HUMAN": Answerer.PERSON,
    "MACHINE": Answerer.MACHINE,
    "NOTSURE": Answerer.UNSURE,
    "HANGUP": Answerer.UNSURE,
}


@dataclass(slots=True)
class _Ear:
    """What is known of one call by its audio."""

    line: Line
    rule: AmdRule
    node: AriNode
    call: UUID
    amd: Amd
    framer: Framer = field(default_factory=Framer)
    began_at: float = 0.0
    is_decided: bool = False
    has_started: asyncio.Event = field(default_factory=asyncio.Event)
    beep: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def snoop(self) -> str:
        return f"{self.call}{SNOOP_SUFFIX}"


class Hearing:
    """Listens to the calls of this process.

    Args:
        app: Our Stasis application, to which snoops belong.
    """

    def __init__(self, listener: Listener, app: str) -> None:
        self._listener = listener
        self._app = app
        self._by_snoop: dict[str, _Ear] = {}
        self._by_attempt: dict[str, _Ear] = {}

    def on_event(self, node: str, event: Event) -> None:
        """A snoop is there, or comes back from Asterisk's AMD() with its result."""
        if not isinstance(event, StasisStart):
            return
        ear = self._by_snoop.get(event.channel.id)
        if ear is None:
            return
        if event.args[:1] == ("amd",) and not ear.is_decided:
            status, cause = (*event.args[1:3], "", "")[:2]
            self._tell_asterisks(ear, status, cause)
        ear.has_started.set()

    async def listen(self, line: Line, board: Switchboard, rule: AmdRule) -> None:
        """Listen until it is known who answered, and, to leave a message, until the beep."""
        call = uuid4()
        line.is_heard = True
        try:
            node = board.node(line)
        except AriDown:
            line.tell(m.Detected(_now(), line.attempt_id, Answerer.UNSURE))
            return
        ear = _Ear(line, rule, node, call, Amd(rule), began_at=_now())
        self._by_snoop[ear.snoop] = self._by_attempt[line.attempt_id] = ear
        try:
            await self._begin(ear)
            if rule.engine is AmdEngine.ASTERISK:
                ear.has_started.clear()
                await node.continue_(ear.snoop, "amd", self._amd_extension(rule), 1)
                await _set_within(ear.has_started, rule.decide_within_ms / 1000 + 1.0)
            if self._by_attempt.get(line.attempt_id) is not ear:
                return  # the call ended meanwhile
            if rule.engine is AmdEngine.AUDIO or rule.on_machine is OnMachine.MESSAGE:
                self._listener.expect(call, lambda samples: self._heard(ear, samples))
                await node.continue_(ear.snoop, "listen", self._listener.extension(call), 1)
        except (AriDown, AriError, TimeoutError) as error:
            _log.info(
                "A call could not be listened to.",
                extra={"channel_id": line.attempt.channel_id, "error": str(error)},
            )
            if not ear.is_decided:  # else it is only the beep that will not be heard
                self._decide(ear, Verdict(Answerer.UNSURE, "not_heard", self._ms(ear)))
            await self.forget(line.attempt_id)

    async def until_beep(self, attempt_id: str) -> bool:
        """Wait until a machine's greeting is over; False: it never was, in good time."""
        ear = self._by_attempt.get(attempt_id)
        if ear is None:
            return False
        try:
            await _set_within(ear.beep, _BEEP_WITHIN_S)
        except TimeoutError:
            return False
        return True

    async def forget(self, attempt_id: str) -> None:
        """The call is over, or nothing more is to be known of it."""
        ear = self._by_attempt.pop(attempt_id, None)
        if ear is None:
            return
        self._by_snoop.pop(ear.snoop, None)
        self._listener.forget(ear.call)
        ear.beep.set()
        try:
            await ear.node.hangup(ear.snoop)
        except (AriDown, AriError):
            _log.debug("A snoop had gone.", extra={"channel_id": ear.snoop})

    async def _begin(self, ear: _Ear) -> None:
        channel_id = ear.line.attempt.channel_id
        await ear.node.snoop(channel_id, ear.snoop, app=self._app, spy="in")
        await _set_within(ear.has_started, _SNOOP_WITHIN_S)

    def _amd_extension(self, rule: AmdRule) -> str:
        """Return what the dialplan's ``amd`` reads, the names of AMD()'s arguments in its order."""
        numbers = (
            rule.initial_silence_ms,
            rule.greeting_ms,
            rule.after_greeting_silence_ms,
            rule.decide_within_ms,
            _WORD_MS,
            _GAP_MS,
            rule.max_words,
            rule.silence_threshold,
            _LONGEST_WORD_MS,
        )
        return "-".join((*map(str, numbers), self._app))

    # -- what is heard ---------------------------------------------------------------------------

    def _heard(self, ear: _Ear, samples: NDArray[np.int16] | None) -> bool:
        if samples is None:
            if not ear.is_decided:
                self._decide(ear, Verdict(Answerer.UNSURE, "not_heard", self._ms(ear)))
            ear.beep.set()
            return False
        # Asterisk's snoop sends without a pause, but a busy one may send late.
        frames: list[Frame] = ear.framer.add(samples)
        for frame in frames:
            verdict = ear.amd.add(frame)
            if verdict is not None and not ear.is_decided:
                self._decide(ear, verdict)
            if ear.amd.beep_ms is not None:
                ear.beep.set()
        waits_for_beep = ear.rule.on_machine is OnMachine.MESSAGE and not ear.beep.is_set()
        return not ear.is_decided or waits_for_beep

    def _tell_asterisks(self, ear: _Ear, status: str, cause: str) -> None:
        # Silence is no proof of a machine, whatever AMD() calls it.
        is_silence = cause.startswith("INITIALSILENCE")
        answerer = Answerer.UNSURE if is_silence else _BY_STATUS.get(status, Answerer.UNSURE)
        at_ms = self._ms(ear)
        ends_ms = None
        if answerer is Answerer.PERSON:
            ends_ms = at_ms - ear.rule.after_greeting_silence_ms
        reason = f"asterisk_{(cause.partition('-')[0] or status).lower()}"
        self._decide(ear, Verdict(answerer, reason, at_ms, ends_ms))

    def _decide(self, ear: _Ear, verdict: Verdict) -> None:
        ear.is_decided = True
        line = ear.line
        metrics.ANSWERERS.labels(verdict.answerer.value).inc()
        line.answerer, line.answerer_reason = verdict.answerer, verdict.reason
        line.detected_after_ms = verdict.at_ms
        ends_ms = verdict.speech_ends_ms
        # What was heard is as old as its place in the audio says.
        age_s = 0.0 if ends_ms is None else (verdict.at_ms - ends_ms) / 1000
        line.live_at = utcnow() - timedelta(seconds=age_s)
        spoke_until = None if ends_ms is None else _now() - age_s
        line.tell(m.Detected(_now(), line.attempt_id, verdict.answerer, spoke_until))

    @staticmethod
    def _ms(ear: _Ear) -> int:
        return math.ceil((_now() - ear.began_at) * 1000)


async def _set_within(event: asyncio.Event, within_s: float) -> None:
    async with asyncio.timeout(within_s):
        await event.wait()


def _now() -> float:
    return asyncio.get_running_loop().time()
