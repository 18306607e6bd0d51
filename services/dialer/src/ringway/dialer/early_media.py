"""Calls are listened to before their answer: what the network says of a number ends the waiting.

As after the answer it is a snoop that is listened to (see hearing.py), so nothing that goes wrong
here can hurt the call: it rings on.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import numpy as np
from numpy.typing import NDArray

from ringway.dialer import metrics
from ringway.dialer.announcements import Announcements
from ringway.dialer.core import messages as m
from ringway.dialer.core.listening import EarlyMedia, Finding
from ringway.dialer.listener import Listener
from ringway.dialer.switchboard import Line, Switchboard
from ringway.runtime.ari import AriDown, AriError, AriNode, Event, StasisStart

_log = logging.getLogger("ringway.dialer.early_media")

SNOOP_SUFFIX = ".e"
_SNOOP_WITHIN_S = 2.0


@dataclass(slots=True)
class _Ear:
    """One call that is listened to."""

    line: Line
    node: AriNode
    call: UUID
    media: EarlyMedia
    has_started: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def snoop(self) -> str:
        return f"{self.call}{SNOOP_SUFFIX}"


class EarlyHearing:
    """Listens to the calls of this process until they are answered.

    Args:
        app: Our Stasis application, to which snoops belong.
    """

    def __init__(self, listener: Listener, announcements: Announcements, app: str) -> None:
        self._listener = listener
        self._announcements = announcements
        self._app = app
        self._by_snoop: dict[str, _Ear] = {}
        self._by_attempt: dict[str, _Ear] = {}

    def on_event(self, node: str, event: Event) -> None:
        """A snoop is there."""
        if isinstance(event, StasisStart):
            ear = self._by_snoop.get(event.channel.id)
            if ear is not None:
                ear.has_started.set()

    async def listen(self, line: Line, board: Switchboard) -> None:
        """Begin to listen; tells ``Announced`` when something is recognised, else nothing."""
        line.is_heard_early = True
        book = await self._announcements.book(UUID(line.attempt.tenant))
        if line.answered_at is not None or line.ended_at is not None:
            return
        ear: _Ear | None = None
        try:
            ear = _Ear(line, board.node(line), uuid4(), EarlyMedia(book))
            self._by_snoop[ear.snoop] = self._by_attempt[line.attempt_id] = ear
            await ear.node.snoop(line.attempt.channel_id, ear.snoop, app=self._app, spy="in")
            async with asyncio.timeout(_SNOOP_WITHIN_S):
                await ear.has_started.wait()
            if self._by_attempt.get(line.attempt_id) is ear:
                self._listener.expect(ear.call, lambda samples: self._heard(ear, samples))
                await ear.node.continue_(ear.snoop, "listen", self._listener.extension(ear.call), 1)
        except (AriDown, AriError, TimeoutError) as error:
            _log.info(
                "A call could not be listened to before its answer.",
                extra={"channel_id": line.attempt.channel_id, "error": str(error)},
            )
            await self.forget(line.attempt_id)
        if ear is not None and self._by_attempt.get(line.attempt_id) is not ear:
            await self._end(ear)  # answered while the snoop was made: nobody else would end it

    async def forget(self, attempt_id: str) -> None:
        """The call was answered or is over."""
        ear = self._by_attempt.pop(attempt_id, None)
        if ear is None:
            return
        self._by_snoop.pop(ear.snoop, None)
        self._listener.forget(ear.call)
        ear.has_started.set()
        await self._end(ear)

    @staticmethod
    async def _end(ear: _Ear) -> None:
        try:
            await ear.node.hangup(ear.snoop)
        except (AriDown, AriError):
            _log.debug("A snoop had gone.", extra={"channel_id": ear.snoop})

    def _heard(self, ear: _Ear, samples: NDArray[np.int16] | None) -> bool:
        found = ear.media.end() if samples is None else ear.media.add(samples)
        if found is not None:
            self._found(ear.line, found)
        return found is None and samples is not None

    @staticmethod
    def _found(line: Line, found: Finding) -> None:
        if line.answered_at is not None or line.number_state is not None:
            return
        metrics.NUMBER_STATES.labels(found.state.value).inc()
        line.number_state, line.number_state_reason = found.state, found.reason
        now = asyncio.get_running_loop().time()
        line.tell(m.Announced(now, line.attempt_id, found.state))
