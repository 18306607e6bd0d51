"""One call of a phone, as its user acts on it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Literal

from ringway.trainer.call_view import CallView
from ringway.trainer.core import dtmf
from ringway.trainer.core.impairment import Impairment
from ringway.trainer.core.sdp import Direction
from ringway.trainer.core.talking import Say
from ringway.trainer.endpoint import SipEndpoint
from ringway.trainer.waiting import until

KeyMode = Literal["rfc4733", "info", "inband"]
_KEY_GAP_S = 0.1
_NEWS_S = 3.0  # how long after a call's end its transfer may still be told of


class PhoneCall(CallView):
    """One call. Times are seconds on the loop's clock; ``None`` until they happen."""

    def __init__(
        self, handle: str, number: str, *, is_incoming: bool, endpoint: SipEndpoint
    ) -> None:
        super().__init__(handle, number, is_incoming=is_incoming, endpoint=endpoint)
        self._keys_until = 0.0

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
