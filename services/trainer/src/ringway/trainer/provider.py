"""A SIP provider: takes registrations and calls of its customers, and calls them."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

from ringway.trainer.core.accounts import Binding, Bindings, Gate
from ringway.trainer.core.address import NameAddr
from ringway.trainer.core.message import Request
from ringway.trainer.core.stack import Verdict
from ringway.trainer.core.transaction import Address
from ringway.trainer.media import USUAL, MediaOptions, Pacer
from ringway.trainer.phone import Phone
from ringway.trainer.phone_call import PhoneCall
from ringway.trainer.waiting import until


class Provider:
    """One provider. Open it with :meth:`open`; its behaviour may be changed at any time.

    Calls to it are those of ``phone``, with all that a phone can do: ``provider.phone.tone_hz``.
    """

    def __init__(self, passwords: Mapping[str, str], *, algorithm: str, checks_calls: bool) -> None:
        self.refuse_calls: tuple[int, int | None] | None = None  # SIP status and Q.850 cause
        self.refuse_registrations: int | None = None  # SIP status
        self.options_status = 200
        self.max_calls: int | None = None  # more at a time are refused with 503
        self.checks_calls = checks_calls  # whether a call needs a password
        self.bindings = Bindings()
        self.requests: Counter[str] = Counter()  # by method; those outside calls
        self.refused: Counter[int] = Counter()  # calls, by status
        self.most_calls = 0  # at the same time
        self.users: list[str] = []  # who sent the calls that were let through, when it was checked
        self.phone: Phone
        self._gate = Gate(passwords, algorithm=algorithm)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        passwords: Mapping[str, str] | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        algorithm: str = "MD5",
        checks_calls: bool | None = None,
        tone_hz: float = 500,
        answer_after_s: float | None = 0.2,
        media: MediaOptions = USUAL,
        pacer: Pacer | None = None,
    ) -> AsyncIterator[Provider]:
        """Open a provider.

        Args:
            passwords: Of its customers, by user name; without any it trusts everybody.
            port: Its SIP port; 0 takes any.
            algorithm: Of the digest: ``MD5`` or ``SHA-256``.
            checks_calls: Whether a call needs a password; as a rule when there are passwords.
            tone_hz: What those say whom its customers call.
            answer_after_s: When they answer; ``None``: by hand.
            media: As of a phone.
            pacer: Shared by many; without one the provider has its own.

        Raises:
            OSError: The port is taken.
        """
        known = passwords or {}
        checks = bool(known) if checks_calls is None else checks_calls
        provider = cls(known, algorithm=algorithm, checks_calls=checks)
        opening = Phone.open(
            "provider",
            host=host,
            port=port,
            tone_hz=tone_hz,
            answer_after_s=answer_after_s,
            media=media,
            pacer=pacer,
            guard=provider._guard,
        )
        async with opening as provider.phone:
            yield provider

    @property
    def address(self) -> Address:
        """Where it is reached."""
        return self.phone.address

    @property
    def calls_in_progress(self) -> int:
        """Calls of both directions that are not over."""
        return len(self.phone.calls)

    def is_registered(self, user: str) -> bool:
        """Whether a customer can be called."""
        return self.place_of(user) is not None

    def place_of(self, user: str) -> Binding | None:
        """Where a customer registered from, unless that is over."""
        return self.bindings.place_of(user, self.phone.now)

    async def until_registered(self, user: str, within_s: float = 15) -> None:
        """Wait until a customer can be called.

        Raises:
            TimeoutError: It did not register.
        """
        await until(lambda: self.is_registered(user), within_s, f"{user} is registered")

    def go_down(self) -> None:
        """Be silent on every port, as a provider whose network is down. Calls go on unheard."""
        self.phone.cut()

    def come_back(self) -> None:
        """Be there again; registrations are as they were."""
        self.phone.cut(is_cut=False)

    async def call(
        self,
        user: str,
        number: str = "",
        *,
        caller: str,
        name: str = "",
        asserted: str = "",
        extra: tuple[tuple[str, str], ...] = (),
        media: MediaOptions | None = None,
    ) -> PhoneCall:
        """Call a registered customer at the place it registered. Returns while it rings.

        Args:
            user: The customer.
            number: The number that is called; empty leaves the registered one in the request.
            caller: The number in From.
            name: The name in From.
            asserted: The number in P-Asserted-Identity; empty: there is none.
            extra: More headers.
            media: Other than usual, for this call.

        Raises:
            LookupError: The customer is not registered.
        """
        place = self.place_of(user)
        if place is None:
            raise LookupError(f"{user} is not registered")
        uri = place.contact.uri
        if number:
            uri = replace(uri, user=number)
        call = await self.phone.call(
            str(uri), caller=caller, name=name, asserted=asserted, extra=extra, media=media
        )
        self.most_calls = max(self.most_calls, self.calls_in_progress)
        return call

    async def next_call(self, within_s: float | None = 10) -> PhoneCall:
        """Wait for the next call of a customer.

        Raises:
            TimeoutError: None came.
        """
        return await self.phone.next_call(within_s)

    def _guard(self, request: Request, source: Address, at: float) -> Verdict | None:
        self.requests[request.method] += 1
        match request.method:
            case "REGISTER":
                return self._register(request, at)
            case "OPTIONS":
                return None if self.options_status == 200 else Verdict(self.options_status)
            case "INVITE":
                return self._invite(request, at)
            case _:
                return None

    def _register(self, request: Request, at: float) -> Verdict:
        if self.refuse_registrations is not None:
            return Verdict(self.refuse_registrations)
        user, refusal = self._gate.check(request, at)
        account = NameAddr.parse(request.headers.get("To")).uri.user
        if refusal is None and user != account:
            refusal = Verdict(403)
        return self.bindings.register(user, request, at) if refusal is None else refusal

    def _invite(self, request: Request, at: float) -> Verdict | None:
        if self.refuse_calls is not None:
            status, q850 = self.refuse_calls
            reason = () if q850 is None else (("Reason", f"Q.850;cause={q850}"),)
            return self._refused(Verdict(status, reason))
        user = ""
        if self.checks_calls:
            user, refusal = self._gate.check(request, at)
            if refusal is not None:
                return refusal if refusal.status == 407 else self._refused(refusal)
        if self.max_calls is not None and self.calls_in_progress >= self.max_calls:
            return self._refused(Verdict(503, (("Reason", "Q.850;cause=34"),)))
        self.most_calls = max(self.most_calls, self.calls_in_progress + 1)
        self.users.append(user)
        return None

    def _refused(self, verdict: Verdict) -> Verdict:
        self.refused[verdict.status] += 1
        return verdict
