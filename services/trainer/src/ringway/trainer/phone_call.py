"""One call of a phone, as its user sees it."""

from __future__ import annotations

import asyncio

from ringway.trainer.core.call import EndedBy
from ringway.trainer.core.events import Ended
from ringway.trainer.core.listening import Listener
from ringway.trainer.core.sdp import Direction
from ringway.trainer.core.talking import Say
from ringway.trainer.endpoint import SipEndpoint
from ringway.trainer.media import MediaSession
from ringway.trainer.waiting import until


class PhoneCall:
    """One call. Times are seconds on the loop's clock; ``None`` until they happen."""

    def __init__(
        self, handle: str, number: str, *, is_incoming: bool, endpoint: SipEndpoint
    ) -> None:
        self.handle = handle
        self.number = number  # of the other side
        self.is_incoming = is_incoming
        self.began_at = endpoint.now
        self.ringing_at = endpoint.now if is_incoming else None
        self.answered_at: float | None = None
        self.ended_at: float | None = None
        self.ended: Ended | None = None
        self.ringing_status = 0  # the last provisional status our call got
        self.session: MediaSession | None = None
        self.wants_answer = asyncio.Event()
        self._endpoint = endpoint
        self._over = asyncio.Event()

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
    def listener(self) -> Listener | None:
        """What it heard so far."""
        return None if self.session is None else self.session.listener

    @property
    def keys(self) -> str:
        """The keys the other side pressed."""
        return "" if self.listener is None else self.listener.keys

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

    async def until_over(self, within_s: float = 10) -> Ended:
        """Wait for the end and return how it came.

        Raises:
            TimeoutError: It goes on.
        """
        async with asyncio.timeout(within_s):
            await self._over.wait()
        assert self.ended is not None
        return self.ended

    async def until_hears(self, hz: float, within_s: float = 5) -> None:
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

    def answer(self) -> None:
        """Answer now."""
        self.wants_answer.set()

    def refuse(self, status: int = 486) -> None:
        """Refuse an incoming call."""
        self._endpoint.do(self._endpoint.agent.refuse(self.handle, self._endpoint.now, status))

    def hang_up(self, q850: int = 16) -> None:
        """End the call, at whatever stage it is."""
        self._endpoint.do(self._endpoint.agent.hang_up(self.handle, self._endpoint.now, q850))

    def say(self, hz: float) -> None:
        """Speak another tone; 0 is silence."""
        if self.session is not None:
            self.session.talker.say((Say(hz),))

    def press(self, keys: str) -> None:
        """Press keys.

        Raises:
            ValueError: A character is no telephone key.
        """
        if self.session is not None:
            self.session.talker.press(keys)

    async def hold(self, within_s: float = 5) -> None:
        """Put the other side on hold.

        Raises:
            TimeoutError: The other side did not agree.
        """
        await self._change(Direction.SEND, within_s)

    async def resume(self, within_s: float = 5) -> None:
        """Talk again.

        Raises:
            TimeoutError: The other side did not agree.
        """
        await self._change(Direction.BOTH, within_s)

    def note_answer(self, at: float) -> None:
        """The call is answered (called by the phone)."""
        if self.answered_at is None:
            self.answered_at = at
            if self.listener is not None:
                self.listener.answered()

    def note_end(self, ended: Ended, at: float) -> None:
        """The call is over (called by the phone)."""
        self.ended, self.ended_at = ended, at
        self.wants_answer.set()
        self._over.set()

    async def _change(self, direction: Direction, within_s: float) -> None:
        agent = self._endpoint.agent

        def agreed() -> bool:
            media = agent.media_of(self.handle)
            return media is not None and media[0].direction is direction

        _, effects = agent.reoffer(self.handle, self._endpoint.now, direction)
        self._endpoint.do(effects)
        await until(agreed, within_s, f"the media is {direction}")
