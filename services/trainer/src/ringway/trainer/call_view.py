"""One call of a phone: what is known of it, and waiting for what comes."""

from __future__ import annotations

import asyncio

from ringway.trainer.core.call import EndedBy
from ringway.trainer.core.events import Ended
from ringway.trainer.core.listening import Listener
from ringway.trainer.core.message import Headers
from ringway.trainer.core.rtcp import Quality
from ringway.trainer.endpoint import SipEndpoint
from ringway.trainer.media import MediaSession
from ringway.trainer.waiting import until


class CallView:
    """One call. Times are seconds on the loop's clock; ``None`` until they happen."""

    def __init__(
        self, handle: str, number: str, *, is_incoming: bool, endpoint: SipEndpoint
    ) -> None:
        self.handle = handle
        self.number = number  # of the other side
        self.name = ""  # of the other side, when it calls us
        self.called = ""  # the number that was called, when it is ours
        self.headers = Headers()  # of the INVITE that came to us
        self.is_incoming = is_incoming
        self.began_at = endpoint.now
        self.ringing_at = endpoint.now if is_incoming else None
        self.answered_at: float | None = None
        self.ended_at: float | None = None
        self.ended: Ended | None = None
        self.progress: list[int] = []  # the provisional statuses our call got, without 100
        self.transfer: list[int] = []  # what we were told about the transfer we asked for
        self.session: MediaSession | None = None
        self.wants_answer = asyncio.Event()
        self._endpoint = endpoint
        self._over = asyncio.Event()
        self._transfer_is_done = False
        self._timers: list[asyncio.TimerHandle] = []

    @property
    def is_up(self) -> bool:
        """Answered and not over."""
        return self.answered_at is not None and self.ended is None

    @property
    def is_over(self) -> bool:
        """Whether it ended, in whatever way."""
        return self.ended is not None

    @property
    def ended_by(self) -> EndedBy | None:
        """Which side ended it."""
        return None if self.ended is None else self.ended.by

    @property
    def status(self) -> int:
        """The final SIP status of its INVITE; 0 while there is none."""
        return 0 if self.ended is None else self.ended.status

    @property
    def ringing_status(self) -> int:
        """The last provisional status our call got; 0 while there is none."""
        return self.progress[-1] if self.progress else 0

    @property
    def q850(self) -> int | None:
        """The Q.850 cause of its end, when a Reason header told it."""
        return None if self.ended is None else self.ended.q850

    @property
    def quality(self) -> Quality | None:
        """What RTCP tells; ``None`` without RTCP."""
        return None if self.session is None else self.session.quality

    @property
    def listener(self) -> Listener | None:
        """What it heard so far."""
        return None if self.session is None else self.session.listener

    @property
    def keys(self) -> str:
        """The keys the other side pressed."""
        return "" if self.listener is None else self.listener.keys

    def header(self, name: str) -> str:
        """A header of the INVITE that came to us, by its canonical name; empty: there is none."""
        return self.headers.get(name)

    def hears(self, hz: float) -> bool:
        """Whether the tone is heard now."""
        now = self._endpoint.now
        return self.listener is not None and self.listener.tones.is_hearing(hz, now_s=now)

    def heard(self, hz: float) -> bool:
        """Whether the tone was heard at any time of the call."""
        return self.listener is not None and self.listener.tones.heard(hz)

    async def until_answered(self, within_s: float = 10) -> None:
        """Wait for the answer.

        Raises:
            TimeoutError: It was not answered, or ended before; tells the SIP status.
        """
        await until(lambda: self.answered_at is not None or self.is_over, within_s, "an answer")
        if self.answered_at is None:
            raise TimeoutError(f"the call ended with {self.status} instead of an answer")

    async def until_rings(self, status: int | None = None, within_s: float = 10) -> None:
        """Wait until our call rings: for this provisional status, or for any.

        Raises:
            TimeoutError: It does not, or ended before; tells the SIP status.
        """

        def rings() -> bool:
            return status in self.progress if status is not None else bool(self.progress)

        await until(lambda: rings() or self.is_over, within_s, f"ringing ({status or 'any'})")
        if not rings():
            raise TimeoutError(f"the call ended with {self.status} and did not ring")

    async def until_keys(self, keys: str, within_s: float = 10) -> None:
        """Wait until exactly these keys were heard.

        Raises:
            TimeoutError: They were not; tells what was.
        """
        try:
            await until(lambda: self.keys == keys, within_s)
        except TimeoutError:
            raise TimeoutError(f"keys {self.keys!r} instead of {keys!r}") from None

    async def until_over(self, within_s: float = 10) -> Ended:
        """Wait for the end and return how it came.

        Raises:
            TimeoutError: It goes on.
        """
        async with asyncio.timeout(within_s):
            await self._over.wait()
        assert self.ended is not None
        return self.ended

    async def until_hears(self, hz: float, within_s: float = 10) -> None:
        """Wait until a tone is heard.

        Raises:
            TimeoutError: It is not; tells what is heard instead.
        """
        try:
            await until(lambda: self.hears(hz), within_s)
        except TimeoutError:
            spans = [] if self.listener is None else self.listener.tones.spans()
            heard = [round(span.hz) for span in spans]
            packets = 0 if self.listener is None else self.listener.packets
            raise TimeoutError(
                f"{hz} Hz not heard within {within_s} s; heard {heard} in {packets} packets"
            ) from None

    def note_progress(self, status: int, at: float) -> None:
        """Our call rings (called by the phone)."""
        self.progress.append(status)
        if self.ringing_at is None:
            self.ringing_at = at

    def note_transfer(self, status: int, *, is_last: bool) -> None:
        """News of the transfer we asked for (called by the phone)."""
        self.transfer.append(status)
        self._transfer_is_done = self._transfer_is_done or is_last

    def note_answer(self, at: float) -> None:
        """The call is answered (called by the phone)."""
        if self.answered_at is None:
            self.answered_at = at
            if self.listener is not None:
                self.listener.answered()

    def note_end(self, ended: Ended, at: float) -> None:
        """The call is over (called by the phone)."""
        self.ended, self.ended_at = ended, at
        for timer in self._timers:
            timer.cancel()
        self.wants_answer.set()
        self._over.set()
