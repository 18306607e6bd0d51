"""One UDP socket on which a SIP user agent lives: datagrams, timers, events."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

from ringway.trainer.core.events import Completed, Effect, Event
from ringway.trainer.core.message import Response
from ringway.trainer.core.stack import Guard
from ringway.trainer.core.transaction import Address, Send, TimerValues
from ringway.trainer.core.user_agent import UserAgent

_log = logging.getLogger("ringway.trainer.sip")

_BUFFER_BYTES = 1 << 20  # a burst of calls must not be lost while the loop does something else
_WILDCARDS = ("", "0.0.0.0", "::")  # noqa: S104 - recognised, not bound

EventHandler = Callable[[Event], None]


class SipEndpoint(asyncio.DatagramProtocol):
    """Runs a :class:`UserAgent`. Commands are given as ``endpoint.do(endpoint.agent.ring(…))``."""

    def __init__(self, agent: UserAgent, on_event: EventHandler) -> None:
        self.agent = agent
        self.transport: asyncio.DatagramTransport | None = None
        self.local: Address = ("", 0)
        self.is_cut = False  # nothing is sent or received, as by a broken line
        self._on_event = on_event
        self._asked: dict[str, asyncio.Future[Response | None]] = {}
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0  # uvloop's handles of timers that are due at once do not tell

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        host: str,
        port: int,
        on_event: EventHandler,
        *,
        user: str = "",
        advertised: str = "",
        timers: TimerValues | None = None,
        guard: Guard | None = None,
    ) -> AsyncIterator[SipEndpoint]:
        """Open the socket; port 0 takes any.

        Args:
            host: The address to listen on.
            on_event: Told everything the user agent has to say; called on the loop.
            user: The user part of our Contact.
            advertised: The host others reach us at, when it is not ``host``.
            timers: Other intervals of retransmission than SIP's.
            guard: Sees each request outside dialogs first, and may answer it.

        Raises:
            OSError: The port is taken.
        """
        loop = asyncio.get_running_loop()
        sock = bound_socket(host, port, _BUFFER_BYTES)
        local = cast(Address, sock.getsockname()[:2])
        shown = (advertised or host, local[1])
        try:
            transport, protocol = await loop.create_datagram_endpoint(
                lambda: cls(UserAgent(shown, user=user, timers=timers, guard=guard), on_event),
                sock=sock,
            )
        except BaseException:
            sock.close()
            raise
        protocol.local = shown
        try:
            yield protocol
        finally:
            protocol.close()
            transport.close()

    @property
    def now(self) -> float:
        """Seconds on the clock of the loop, which is the ``at`` of all cores."""
        return self._loop.time()

    def do(self, effects: Iterable[Effect]) -> None:
        """Carry out effects: send, tell the owner, and set the timer anew."""
        for effect in effects:
            if isinstance(effect, Send):
                self._send(effect)
                continue
            if isinstance(effect, Completed):
                asked = self._asked.get(effect.token)
                if asked is not None and not asked.done():
                    asked.set_result(effect.response)
            self._on_event(effect)
        self._arm()

    async def ask(self, token: str, effects: Iterable[Effect]) -> Response | None:
        """Carry out effects that send a request, and wait for its final response.

        ``None``: nobody answered, which the timers of SIP decide.
        """
        asked: asyncio.Future[Response | None] = self._loop.create_future()
        self._asked[token] = asked
        try:
            self.do(effects)
            return await asked
        finally:
            del self._asked[token]

    def close(self) -> None:
        """Stop the timer. The socket is closed by ``open``."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        if not self.is_cut:
            self.do(self.agent.receive(data, (addr[0], addr[1]), self.now))

    def error_received(self, exc: Exception) -> None:
        # The other side is not there now; timers repeat what matters.
        _log.debug("A datagram was not delivered.", extra={"reason": str(exc)})

    def _send(self, effect: Send) -> None:
        if self.transport is not None and not self.transport.is_closing() and not self.is_cut:
            with suppress(OSError):  # an unreachable peer is the timers' business
                self.transport.sendto(effect.data, effect.to)

    def _arm(self) -> None:
        deadline = self.agent.next_deadline
        if self._timer is not None:
            # One that fires too early only looks again, which is cheaper than moving it.
            if deadline is not None and self._timer_at <= deadline:
                return
            self._timer.cancel()
            self._timer = None
        if deadline is not None and self.transport is not None and not self.transport.is_closing():
            self._timer = self._loop.call_at(deadline, self._tick)
            self._timer_at = deadline

    def _tick(self) -> None:
        self._timer = None
        self.do(self.agent.tick(self.now))


def bound_socket(host: str, port: int, buffer_bytes: int) -> socket.socket:
    """A non-blocking UDP socket bound to an address.

    Raises:
        OSError: The address cannot be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        sock.setblocking(False)
        sock.bind((host, port))
    except BaseException:
        sock.close()
        raise
    return sock


def reachable_host(host: str, towards: Address) -> str:
    """The address others reach us at when we listen on ``host``.

    For a wildcard it is the one the system would use to talk to ``towards``; nothing is sent.
    """
    if host not in _WILDCARDS:
        return host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(towards)
        return str(probe.getsockname()[0])


def address_of(text: str, default_port: int = 5060) -> Address:
    """Parse ``host[:port]``.

    Raises:
        ValueError: The port is no number.
    """
    host, colon, port = text.rpartition(":")
    return (host.strip("[]"), int(port)) if colon else (text, default_port)


async def resolved(address: Address) -> Address:
    """Return ``address`` with its host's name replaced by its IPv4 address.

    SIP is sent by a transport that asks no name server.

    Raises:
        OSError: Nobody knows the name.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(*address, family=socket.AF_INET, type=socket.SOCK_DGRAM)
    return cast(Address, found[0][4][:2])
