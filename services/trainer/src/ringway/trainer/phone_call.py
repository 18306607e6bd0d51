"""One call of a phone, as its user sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Literal

from ringway.trainer.core import dtmf
from ringway.trainer.core.call import EndedBy
from ringway.trainer.core.events import Ended
from ringway.trainer.core.impairment import Impairment
from ringway.trainer.core.listening import Listener
from ringway.trainer.core.message import Headers
from ringway.trainer.core.rtcp import Quality
from ringway.trainer.core.sdp import Direction
from ringway.trainer.core.talking import Say
from ringway.trainer.endpoint import SipEndpoint
from ringway.trainer.media import MediaSession
from ringway.trainer.waiting import until

KeyMode = Literal["rfc4733", "info", "inband"]
_KEY_GAP_S = 0.1
_NEWS_S = 3.0  # how long after a call's end its transfer may still be told of


class PhoneCall:
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
        self._keys_until = 0.0

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

        await until(lambda: rings() or self.is_over, within_s, f"ringing, got {self.progress}")
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

    def refuse(
        self,
        status: int = 486,
        q850: int | None = None,
        *,
        extra: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Refuse an incoming call; ``q850`` is told in a Reason header."""
        agent = self._endpoint.agent
        self._endpoint.do(agent.refuse(self.handle, self._endpoint.now, status, q850, extra))

    def hang_up(self, q850: int = 16) -> None:
        """End the call, at whatever stage it is."""
        self._endpoint.do(self._endpoint.agent.hang_up(self.handle, self._endpoint.now, q850))

    def hang_up_after(self, seconds: float, q850: int = 16) -> None:
        """End the call so long from now, unless it is over before."""
        self._later(seconds, lambda: self.hang_up(q850))

    def say(self, hz: float) -> None:
        """Speak another tone; 0 is silence."""
        if self.session is not None:
            self.session.talker.say((Say(hz),))

    def press(self, keys: str, mode: KeyMode = "rfc4733", *, hold_s: float = 0.1) -> None:
        """Press keys one after the other, each for ``hold_s``.

        Raises:
            ValueError: A character is no telephone key, or the other side takes no key events.
        """
        dtmf.checked(keys)
        if self.session is None:
            return
        if mode == "info":
            at = max(self._endpoint.now, self._keys_until)
            for key in keys:
                self._later(at - self._endpoint.now, partial(self._tell, key, hold_s))
                at += hold_s + _KEY_GAP_S
            self._keys_until = at
            return
        if mode == "rfc4733" and self.is_up and self.session.talker.dtmf is None:
            raise ValueError("the other side takes no key events")
        self.session.talker.press(keys, hold_s, is_audible=mode == "inband")

    def impair(self, impairment: Impairment | None) -> None:
        """Speak over a bad network from now on; ``None``: over a good one again."""
        if self.session is not None:
            self.session.impair(impairment)

    async def refer(
        self,
        target: str = "",
        *,
        replaces: PhoneCall | None = None,
        within_s: float = 20,
        then_hang_up: bool = True,
    ) -> int:
        """Transfer the other side; returns the final SIP status.

        That is the refusal of the REFER itself, or what the last NOTIFY about it says; all of the
        way is in ``transfer``. 0: the other side ended the call and told nothing more.

        Args:
            target: A ``sip:`` URI, or a number at the other side.
            replaces: Our other call: its other side becomes the partner (attended transfer).
            within_s: How long the last word may take.
            then_hang_up: After a success, end our part as a desk phone does.

        Raises:
            ValueError: One of the calls is not up, or there is no target.
            TimeoutError: The last word did not come; tells what came.
        """
        if not target and replaces is None:
            raise ValueError("no target to transfer to")
        self.transfer, self._transfer_is_done = [], False
        other = "" if replaces is None else replaces.handle
        agent = self._endpoint.agent
        token, effects = agent.refer(self.handle, self._endpoint.now, target, other)
        if not token:
            raise ValueError("only calls that are up can be transferred")
        response = await self._endpoint.ask(token, effects)
        status = 408 if response is None else response.status
        if status >= 300:
            return status
        try:
            await until(lambda: self._transfer_is_done or self._is_over_since(_NEWS_S), within_s)
        except TimeoutError:
            raise TimeoutError(f"no end of the transfer, only {self.transfer}") from None
        if not self._transfer_is_done:
            return 0
        if then_hang_up and self.transfer[-1] < 300:
            self.hang_up()
        return self.transfer[-1]

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

    def _is_over_since(self, seconds: float) -> bool:
        return self.ended_at is not None and self._endpoint.now - self.ended_at > seconds

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        if not self.is_over:
            loop = asyncio.get_running_loop()
            self._timers.append(loop.call_later(max(0.0, seconds), action))

    def _tell(self, key: str, hold_s: float) -> None:
        _, effects = self._endpoint.agent.tell(
            self.handle, "INFO", self._endpoint.now, content=dtmf.info(key, hold_s)
        )
        self._endpoint.do(effects)

    async def _change(self, direction: Direction, within_s: float) -> None:
        agent = self._endpoint.agent

        def agreed() -> bool:
            media = agent.media_of(self.handle)
            return media is not None and media[0].direction is direction

        _, effects = agent.reoffer(self.handle, self._endpoint.now, direction)
        self._endpoint.do(effects)
        await until(agreed, within_s, f"the media is {direction}")
