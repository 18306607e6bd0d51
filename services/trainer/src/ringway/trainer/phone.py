"""A SIP phone: registers, answers, calls, speaks a tone and knows what it hears."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from ringway.runtime.tasks import TaskSet
from ringway.trainer.core.address import NameAddr, Uri
from ringway.trainer.core.call import EndedBy
from ringway.trainer.core.digest import Authenticator
from ringway.trainer.core.events import (
    Answered,
    Completed,
    Confirmed,
    Ended,
    Event,
    Incoming,
    MediaChanged,
    Ringing,
)
from ringway.trainer.core.message import Response
from ringway.trainer.core.registration import Registration
from ringway.trainer.core.talking import Say
from ringway.trainer.core.transaction import Address
from ringway.trainer.endpoint import SipEndpoint
from ringway.trainer.media import MediaSession, Pacer
from ringway.trainer.phone_call import PhoneCall
from ringway.trainer.waiting import probe_quiet_calls, until

_log = logging.getLogger("ringway.trainer.phone")

_REGISTER_LIMIT_S = 2.0
_GOODBYE_S = 0.5
_ARRIVED_LIMIT = 32


class Phone:
    """One phone. Open it with :meth:`open`; closing it hangs up and unregisters."""

    def __init__(
        self,
        username: str,
        password: str,
        registrar: Address | None,
        host: str,
        tone_hz: float,
        answer_after_s: float | None,
        on_ended: Callable[[PhoneCall], None] | None,
    ) -> None:
        self.username = username
        self.tone_hz = tone_hz
        self.answer_after_s = answer_after_s
        self.calls: dict[str, PhoneCall] = {}
        self.finished = 0
        self.registration = Registration()
        self._registrar = registrar
        self._host = host
        self._advertised = host
        self._on_ended = on_ended
        self._auth = Authenticator(username, password)
        self.recent: deque[PhoneCall] = deque(maxlen=8)  # calls that are over
        self._arrived: asyncio.Queue[PhoneCall] = asyncio.Queue(_ARRIVED_LIMIT)
        self._replies: dict[str, asyncio.Future[Response | None]] = {}
        self._endpoint: SipEndpoint
        self._pacer: Pacer
        self._tasks: TaskSet
        self._is_registering = False
        self._doubt = asyncio.Event()
        self._word = f"{random.getrandbits(96):024x}"  # Call-ID and tag of all its REGISTERs

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
        pacer: Pacer | None = None,
        on_ended: Callable[[PhoneCall], None] | None = None,
        advertised: str = "",
    ) -> AsyncIterator[Phone]:
        """Open a phone.

        Args:
            registrar: Where it registers and sends its calls.
            port: Its SIP port; 0 takes any.
            tone_hz: What it says; 0 is silence.
            answer_after_s: ``None`` answers only by :meth:`PhoneCall.answer`.
            pacer: Shared by many phones; without one the phone has its own.
            on_ended: Told of each call that is over.
            advertised: The host others reach it at, when it is not ``host``.

        Raises:
            OSError: The port is taken.
        """
        phone = cls(username, password, registrar, host, tone_hz, answer_after_s, on_ended)
        async with AsyncExitStack() as stack:
            if pacer is None:
                pacer = await stack.enter_async_context(Pacer.running())
            phone._pacer = pacer
            phone._advertised = advertised or host
            phone._endpoint = await stack.enter_async_context(
                SipEndpoint.open(host, port, phone._on_event, user=username, advertised=advertised)
            )
            phone._tasks = await stack.enter_async_context(TaskSet("phone"))
            phone._tasks.spawn(probe_quiet_calls(phone._endpoint, phone.calls.values), name="probe")
            stack.push_async_callback(phone._goodbye)
            yield phone

    @property
    def address(self) -> Address:
        """Where it can be called directly."""
        return self._endpoint.local

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
        if not self._is_registering:
            self._is_registering = True
            self._tasks.spawn(self._register(), name="register")

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

    async def call(self, target: str, *, extra: tuple[tuple[str, str], ...] = ()) -> PhoneCall:
        """Call a number at the registrar, or a ``sip:`` URI directly. Returns while it rings.

        Raises:
            ValueError: A number, but the phone has no registrar.
            Malformed: The URI is invalid.
        """
        if ":" in target:
            uri = Uri.parse(target)
            to = self._registrar or uri.address
        elif self._registrar is None:
            raise ValueError("a number can only be called through a registrar")
        else:
            uri, to = Uri(target, *self._registrar), self._registrar
        session = await MediaSession.open(self._host, self._advertised)
        ours = NameAddr(Uri(self.username, (self._registrar or self.address)[0]))
        handle, effects = self._endpoint.agent.invite(
            uri,
            to,
            self._endpoint.now,
            ours=ours,
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

    # -- inside -----------------------------------------------------------------------------------

    def _on_event(self, event: Event) -> None:
        match event:
            case Incoming():
                call = PhoneCall(
                    event.call, event.caller, is_incoming=True, endpoint=self._endpoint
                )
                self.calls[event.call] = call
                if event.problem:
                    self._endpoint.do(self._endpoint.agent.refuse(event.call, self._now, 488))
                    return
                self._endpoint.do(self._endpoint.agent.ring(event.call, self._now))
                if self._arrived.full():  # nobody asks for them
                    self._arrived.get_nowait()
                self._arrived.put_nowait(call)
                self._tasks.spawn(self._take(call), name=f"call {event.call}")
            case Completed(token, response):
                future = self._replies.pop(token, None)
                if future is not None and not future.done():
                    future.set_result(response)
            case Ringing(handle) | Answered(handle) | Confirmed(handle) | MediaChanged(handle):
                found = self.calls.get(handle)
                if found is not None:
                    self._on_call_event(found, event)
            case Ended(handle):
                found = self.calls.pop(handle, None)
                if found is not None:
                    self._over(found, event)

    def _on_call_event(self, call: PhoneCall, event: Event) -> None:
        session = call.session
        match event:
            case Ringing(_, status, remote):
                call.ringing_status = status
                if remote is not None and session is not None:
                    session.connect(session.description, remote)
            case Answered(_, media, remote):
                if session is not None:
                    session.connect(media, remote)
                    session.talker.say((Say(self.tone_hz),))
                    self._pacer.add(session)
                call.note_answer(self._now)
            case MediaChanged(_, media, remote):
                if session is not None:
                    session.connect(media, remote)
            case _:
                pass

    def _over(self, call: PhoneCall, ended: Ended) -> None:
        self.finished += 1
        self.recent.append(call)
        if ended.by is EndedBy.FAULT:  # whoever forgot the call may have forgotten us too
            self._doubt.set()
        if call.session is not None:
            self._pacer.remove(call.session)
            call.session.close()
        call.note_end(ended, self._now)
        if self._on_ended is not None:
            self._on_ended(call)

    async def _take(self, call: PhoneCall) -> None:
        """Answer an incoming call when it is time to."""
        session = await MediaSession.open(self._host, self._advertised)
        call.session = session
        try:
            async with asyncio.timeout(self.answer_after_s):
                await call.wants_answer.wait()
        except TimeoutError:
            pass
        if not call.is_over:
            self._endpoint.do(
                self._endpoint.agent.answer(call.handle, self._now, session.description)
            )
            agreed = self._endpoint.agent.media_of(call.handle)
            if agreed is not None and not call.is_over:
                session.talker.say((Say(self.tone_hz),))
                if agreed[1] is not None:
                    session.connect(agreed[0], agreed[1])
                self._pacer.add(session)
                call.note_answer(self._now)
        if call.is_over:
            self._pacer.remove(session)
            session.close()

    async def _register(self) -> None:
        if self._registrar is None:
            return
        while True:
            response = await self._send_register(self.registration.expires_s)
            was = self.registration.is_registered
            self.registration.completed(response, self._now)
            if was != self.registration.is_registered:
                _log.info(
                    "Phone registered." if not was else "Phone is not registered any more.",
                    extra={"sip_username": self.username, "reason": self.registration.last_error},
                )
            self._doubt.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self.registration.next_at):
                    await self._doubt.wait()

    async def _send_register(self, expires_s: int) -> Response | None:
        assert self._registrar is not None
        account = NameAddr(Uri(self.username, self._registrar[0]))
        token, effects = self._endpoint.agent.request(
            "REGISTER",
            Uri("", *self._registrar),
            self._registrar,
            self._now,
            ours=account.tagged(self._word),
            theirs=account,
            call_id=self._word,
            cseq=self.registration.begin(),
            extra=(("Expires", str(expires_s)),),
            auth=self._auth,
            limit_s=_REGISTER_LIMIT_S,
        )
        future: asyncio.Future[Response | None] = asyncio.get_running_loop().create_future()
        self._replies[token] = future
        self._endpoint.do(effects)
        return await future

    async def _goodbye(self) -> None:
        """Hang up and unregister, without waiting long for anybody."""
        await self._tasks.cancel()
        for handle in tuple(self.calls):
            self._endpoint.do(self._endpoint.agent.hang_up(handle, self._now))
        if self.is_registered:
            with suppress(TimeoutError):
                async with asyncio.timeout(_GOODBYE_S):
                    await self._send_register(0)
            self.registration.is_registered = False
        for call in tuple(self.calls.values()):
            if call.session is not None:
                self._pacer.remove(call.session)
                call.session.close()

    @property
    def _now(self) -> float:
        return self._endpoint.now
