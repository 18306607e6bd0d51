"""A SIP phone: registers, answers, calls, speaks a tone and knows what it hears."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from ringway.runtime.tasks import TaskSet
from ringway.trainer.answering import Answering
from ringway.trainer.core.address import NameAddr, Uri
from ringway.trainer.core.digest import Authenticator
from ringway.trainer.core.registration import Registration
from ringway.trainer.core.stack import Guard
from ringway.trainer.core.transaction import Address
from ringway.trainer.endpoint import SipEndpoint
from ringway.trainer.media import USUAL, MediaOptions, MediaSession, Pacer
from ringway.trainer.phone_call import PhoneCall
from ringway.trainer.registering import Registrant
from ringway.trainer.waiting import probe_quiet_calls, until


class Phone(Answering):
    """One phone. Open it with :meth:`open`; closing it hangs up and unregisters.

    What it does with incoming calls may be changed at any time: ``tone_hz``, ``answer_after_s``,
    ``refuse_with`` and ``refuse_q850``, ``early_media``, ``auto_answers``, ``lines``, ``media``.
    """

    def __init__(self, username: str, password: str, registrar: Address | None, host: str) -> None:
        super().__init__(host)
        self.username = username
        self._registrar = registrar
        self._auth = Authenticator(username, password)
        self._is_registering = False
        self._is_gone = False

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        username: str,
        password: str = "",
        *,
        registrar: Address | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        tone_hz: float = 700,
        answer_after_s: float | None = 0.2,
        refuse_with: int | None = None,
        refuse_q850: int | None = None,
        early_media: bool = False,
        auto_answers: bool = False,
        lines: int | None = None,
        media: MediaOptions = USUAL,
        pacer: Pacer | None = None,
        on_ended: Callable[[PhoneCall], None] | None = None,
        advertised: str = "",
        guard: Guard | None = None,
    ) -> AsyncIterator[Phone]:
        """Open a phone. It takes calls to whatever user part.

        Args:
            registrar: Where it registers and sends its calls.
            port: Its SIP port; 0 takes any.
            tone_hz: What it says; 0 is silence.
            answer_after_s: ``None`` answers only by :meth:`PhoneCall.answer`.
            refuse_with: The SIP status with which it refuses every call.
            refuse_q850: The cause it tells then, in a Reason header.
            early_media: Ringback is heard as audio (183) until it answers.
            auto_answers: Whether a caller's header can make it answer at once.
            lines: How many calls it takes at a time; more are refused as busy.
            media: Codecs, payload types, RTCP, a bad network; one call may have its own.
            pacer: Shared by many phones; without one the phone has its own.
            on_ended: Told of each call that is over.
            advertised: The host others reach it at, when it is not ``host``.
            guard: Sees each SIP request outside dialogs first, and may answer it.

        Raises:
            OSError: The port is taken.
        """
        phone = cls(username, password, registrar, host)
        phone.tone_hz, phone.answer_after_s = tone_hz, answer_after_s
        phone.refuse_with, phone.refuse_q850 = refuse_with, refuse_q850
        phone.early_media, phone.auto_answers = early_media, auto_answers
        phone.lines, phone.media = lines, media
        phone._on_ended = on_ended
        async with AsyncExitStack() as stack:
            if pacer is None:
                pacer = await stack.enter_async_context(Pacer.running())
            phone._pacer = pacer
            phone._advertised = advertised or host
            opening = SipEndpoint.open(
                host,
                port,
                phone._on_event,
                user=username,
                advertised=advertised,
                guard=guard,
            )
            endpoint = phone._endpoint = await stack.enter_async_context(opening)
            if registrar is not None:
                phone._registrant = Registrant(endpoint, registrar, username, phone._auth)
            phone._tasks = await stack.enter_async_context(TaskSet("phone"))
            phone._tasks.spawn(probe_quiet_calls(endpoint, phone.calls.values), name="probe")
            stack.push_async_callback(phone._goodbye)
            yield phone

    @property
    def address(self) -> Address:
        """Where it can be called directly."""
        return self._endpoint.local

    @property
    def now(self) -> float:
        """Seconds on the loop's clock, like the times of calls."""
        return self._endpoint.now

    @property
    def registration(self) -> Registration:
        """How it stands with its registrar."""
        return Registration() if self._registrant is None else self._registrant.state

    @property
    def is_registered(self) -> bool:
        """Whether the registrar knows this phone, as far as it said."""
        return self.registration.is_registered

    @property
    def last_error(self) -> str:
        """Why it is not registered."""
        return self.registration.last_error

    @property
    def is_in_call(self) -> bool:
        """Whether a call is answered and not over."""
        return any(call.is_up for call in self.calls.values())

    def keep_registered(self) -> None:
        """Register, and stay registered until the phone is closed, whatever happens."""
        if not self._is_registering and self._registrant is not None:
            self._is_registering = True
            self._tasks.spawn(self._registrant.run(), name="register")

    async def register(self, within_s: float = 10) -> None:
        """Register and wait for the first success.

        Raises:
            TimeoutError: Not registered in time; names the registrar's last word.
        """
        self.keep_registered()
        try:
            await until(lambda: self.is_registered, within_s)
        except TimeoutError:
            raise TimeoutError(f"not registered within {within_s} s: {self.last_error}") from None

    async def call(
        self,
        target: str,
        *,
        caller: str = "",
        name: str = "",
        asserted: str = "",
        extra: tuple[tuple[str, str], ...] = (),
        media: MediaOptions | None = None,
        via: Address | None = None,
    ) -> PhoneCall:
        """Call a number at the registrar, or a ``sip:`` URI directly. Returns while it rings.

        Args:
            caller: The number in From; its user name when empty.
            name: The name in From.
            asserted: The number in P-Asserted-Identity; empty: there is none.
            extra: More headers.
            media: Other than the phone's own, for this call.
            via: Where the INVITE is sent, when the target does not say it.

        Raises:
            ValueError: A number, but the phone has no registrar.
            Malformed: The URI is invalid.
        """
        if ":" in target:
            uri = Uri.parse(target)
            to = via or self._registrar or uri.address
        elif self._registrar is None:
            raise ValueError("a number can only be called through a registrar")
        else:
            uri, to = Uri(target, *self._registrar), via or self._registrar
        place = (self._registrar or self.address)[0]
        if asserted:
            identity = NameAddr(Uri(asserted, place), name)
            extra = (("P-Asserted-Identity", str(identity)), *extra)
        session = await MediaSession.open(self._host, self._advertised, media or self.media)
        handle, effects = self._endpoint.agent.invite(
            uri,
            to,
            self._endpoint.now,
            ours=NameAddr(Uri(caller or self.username, place), name),
            media=session.description,
            auth=self._auth,
            extra=extra,
        )
        call = PhoneCall(handle, uri.user, is_incoming=False, endpoint=self._endpoint)
        call.session = session
        self.calls[handle] = call
        self._endpoint.do(effects)
        return call

    async def next_call(self, within_s: float | None = 10) -> PhoneCall:
        """Wait for the next incoming call nobody asked for yet; ``None`` waits for ever.

        Raises:
            TimeoutError: None came.
        """
        async with asyncio.timeout(within_s):
            return await self._arrived.get()

    async def vanish(self) -> None:
        """Be gone without a word, as a phone that lost its power: no BYE, no answer, no audio."""
        self._is_gone = True
        self.cut()
        await self._tasks.cancel()
        for call in self.calls.values():
            if call.session is not None:
                self._pacer.remove(call.session)
                call.session.close()
        if self._endpoint.transport is not None:
            self._endpoint.transport.close()

    def cut(self, *, is_cut: bool = True) -> None:
        """Break its line for SIP and for the audio of its calls, or mend it."""
        self._endpoint.is_cut = is_cut
        for call in self.calls.values():
            if call.session is not None:
                call.session.cut(is_cut=is_cut)

    async def _goodbye(self) -> None:
        """Hang up and unregister, without waiting long for anybody."""
        await self._tasks.cancel()
        if self._is_gone:
            return
        for handle in tuple(self.calls):
            self._endpoint.do(self._endpoint.agent.hang_up(handle, self._endpoint.now))
        if self._registrant is not None:
            await self._registrant.goodbye()
        for call in tuple(self.calls.values()):
            if call.session is not None:
                self._pacer.remove(call.session)
                call.session.close()
