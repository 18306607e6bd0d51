"""What a phone does by itself: it rings, answers, refuses, speaks and listens."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from ringway.runtime.tasks import TaskSet
from ringway.trainer.core.auto_answer import answer_after_s as wished_answer_s
from ringway.trainer.core.call import EndedBy
from ringway.trainer.core.events import (
    Answered,
    Confirmed,
    Ended,
    Event,
    Incoming,
    KeyPressed,
    MediaChanged,
    Ringing,
    TransferNews,
)
from ringway.trainer.core.talking import RINGBACK, Say
from ringway.trainer.endpoint import SipEndpoint
from ringway.trainer.media import USUAL, MediaSession, Pacer
from ringway.trainer.phone_call import PhoneCall
from ringway.trainer.registering import Registrant

_ARRIVED_LIMIT = 32


class Answering:
    """The calls of a phone. Its habits may be changed at any time."""

    def __init__(self, host: str) -> None:
        self.tone_hz: float = 700
        self.answer_after_s: float | None = 0.2
        self.refuse_with: int | None = None  # the SIP status of every refusal
        self.refuse_q850: int | None = None
        self.early_media = False  # ringback is heard as audio (183)
        self.auto_answers = False  # at once, when a header asks for it
        self.lines: int | None = None  # more calls than these are refused as busy
        self.media = USUAL
        self.calls: dict[str, PhoneCall] = {}
        self.finished = 0
        self.recent: deque[PhoneCall] = deque(maxlen=8)  # calls that are over
        self._host = host
        self._advertised = host
        self._on_ended: Callable[[PhoneCall], None] | None = None
        self._arrived: asyncio.Queue[PhoneCall] = asyncio.Queue(_ARRIVED_LIMIT)
        self._endpoint: SipEndpoint
        self._pacer: Pacer
        self._tasks: TaskSet
        self._registrant: Registrant | None = None

    def _on_event(self, event: Event) -> None:
        match event:
            case Incoming():
                self._take(event)
            case TransferNews(handle, status, is_last):
                for call in (*self.calls.values(), *self.recent):
                    if call.handle == handle:
                        call.note_transfer(status, is_last=is_last)
            case Ended(handle):
                found = self.calls.pop(handle, None)
                if found is not None:
                    self._over(found, event)
            case (
                Ringing(handle)
                | Answered(handle)
                | Confirmed(handle)
                | MediaChanged(handle)
                | KeyPressed(handle)
            ):
                found = self.calls.get(handle)
                if found is not None:
                    self._on_call_event(found, event)

    def _on_call_event(self, call: PhoneCall, event: Event) -> None:
        session = call.session
        match event:
            case Ringing(_, status, remote):
                call.note_progress(status, self._now)
                if remote is not None and session is not None:
                    session.connect(session.description, remote)
            case Answered(_, media, remote):
                if session is not None:
                    session.connect(media, remote)
                    self._speak(session, (Say(self.tone_hz),))
                call.note_answer(self._now)
            case MediaChanged(_, media, remote):
                if session is not None:
                    session.connect(media, remote)
            case KeyPressed(_, key):
                if session is not None:
                    session.listener.keys += key
            case _:
                pass

    def _over(self, call: PhoneCall, ended: Ended) -> None:
        self.finished += 1
        self.recent.append(call)
        if ended.by is EndedBy.FAULT and self._registrant is not None:
            self._registrant.doubt()  # whoever forgot the call may have forgotten us too
        if call.session is not None:
            self._pacer.remove(call.session)
            call.session.close()
        call.note_end(ended, self._now)
        if self._on_ended is not None:
            self._on_ended(call)

    def _take(self, event: Incoming) -> None:
        call = PhoneCall(event.call, event.caller, is_incoming=True, endpoint=self._endpoint)
        call.called, call.name, call.headers = event.number, event.caller_name, event.headers
        self.calls[event.call] = call
        if event.problem:
            self._refuse(call, 488)
            return
        if self._arrived.full():  # nobody asks for them
            self._arrived.get_nowait()
        self._arrived.put_nowait(call)
        if self.refuse_with is not None:
            self._refuse(call, self.refuse_with, self.refuse_q850)
        elif self.lines is not None and len(self.calls) > self.lines:
            self._refuse(call, 486, 17)
        else:
            if not self.early_media:
                self._endpoint.do(self._endpoint.agent.ring(event.call, self._now))
            self._tasks.spawn(self._serve(call), name=f"call {event.call}")

    def _refuse(self, call: PhoneCall, status: int, q850: int | None = None) -> None:
        self._endpoint.do(self._endpoint.agent.refuse(call.handle, self._now, status, q850))

    async def _serve(self, call: PhoneCall) -> None:
        """Ring, and answer an incoming call when it is time to."""
        session = await MediaSession.open(self._host, self._advertised, self.media)
        call.session = session
        agent = self._endpoint.agent
        if self.early_media and not call.is_over:
            self._endpoint.do(agent.ring(call.handle, self._now, 183, session.description))
            self._connect(call, session)
            self._speak(session, RINGBACK, repeat=True)
        wished_s = wished_answer_s(call.headers) if self.auto_answers else None
        try:
            async with asyncio.timeout(self.answer_after_s if wished_s is None else wished_s):
                await call.wants_answer.wait()
        except TimeoutError:
            pass
        if not call.is_over:
            self._endpoint.do(agent.answer(call.handle, self._now, session.description))
            if not call.is_over and self._connect(call, session):
                self._speak(session, (Say(self.tone_hz),))
                call.note_answer(self._now)
        if call.is_over:
            self._pacer.remove(session)
            session.close()

    def _connect(self, call: PhoneCall, session: MediaSession) -> bool:
        agreed = self._endpoint.agent.media_of(call.handle)
        if agreed is not None and agreed[1] is not None:
            session.connect(agreed[0], agreed[1])
        return agreed is not None

    def _speak(
        self, session: MediaSession, script: tuple[Say, ...], *, repeat: bool = False
    ) -> None:
        session.talker.say(script, repeat=repeat)
        self._pacer.add(session)

    @property
    def _now(self) -> float:
        return self._endpoint.now
