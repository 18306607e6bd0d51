"""HTTP/1.1 as far as ARI commands need it, over connections that are kept alive.

A command is one small request and one small answer. A general client spends about three times as
long on that as this one (docs/adr/0002-own-ari-client.md); files and the event socket stay with
aiohttp.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import NamedTuple, cast

from yarl import URL

_HEAD_LIMIT = 64 * 1024
_MAY_BE_REPEATED = frozenset({"GET", "PUT", "DELETE"})


class Answer(NamedTuple):
    """An answer in full."""

    status: int
    body: bytes


class WireError(ConnectionError):
    """The connection failed, or what came was no answer."""


class _Line(asyncio.Protocol):
    """One connection; it carries one request at a time."""

    def __init__(self) -> None:
        self.idle_since = 0.0
        self.is_open = False
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._head: tuple[int, int, bool] | None = None  # status, length (-1: chunks), stays open
        self._waiting: asyncio.Future[Answer] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        self.is_open = True

    def ask(self, request: bytes) -> asyncio.Future[Answer]:
        """Send a request. The future fails with WireError when the connection breaks."""
        assert self._transport is not None
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._waiting

    def give_up(self) -> None:
        """There is no answer in time: whoever waits for it gets a TimeoutError."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(TimeoutError())

    def abort(self, reason: str) -> None:
        """Close the connection now; whoever waits on it learns why."""
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()
        self._fail(reason)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        try:
            answer = self._answer()
        except ValueError as error:
            self.abort(f"what came is no answer: {error}")
            return
        if answer is None:
            return
        if self._waiting is None or self._waiting.done() or self._buffer:
            self.abort("an answer that nobody asked for")
            return
        self._waiting.set_result(answer)
        if not self.is_open and self._transport is not None:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        self._fail(f"the connection broke: {exc!r}" if exc else "the connection was closed")

    def _fail(self, reason: str) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(WireError(reason))

    def _answer(self) -> Answer | None:
        """Take one answer off the buffer; ``None``: it is not complete. Raises ValueError."""
        while True:
            if self._head is None:
                end = self._buffer.find(b"\r\n\r\n")
                if end < 0:
                    if len(self._buffer) > _HEAD_LIMIT:
                        raise ValueError("no end of the head")
                    return None
                self._head = _head(bytes(self._buffer[:end]))
                del self._buffer[: end + 4]
            status, length, stays = self._head
            if length < 0:
                taken = _unchunked(self._buffer)
                if taken is None:
                    return None
                body, used = taken
            elif len(self._buffer) < length:
                return None
            else:
                body, used = bytes(self._buffer[:length]), length
            del self._buffer[:used]
            self._head = None
            if status >= 200:
                self.is_open = self.is_open and stays
                return Answer(status, body)


class Wire:
    """A pool of connections to one server.

    Args:
        base: Address of the server; its path is not used.
        authorization: Of every request.
        limit: Connections at a time; further requests wait.
        keep_alive_s: An idle connection is not used for longer.
    """

    def __init__(self, base: URL, authorization: str, *, limit: int, keep_alive_s: float) -> None:
        self._host, self._port = base.host or "", base.port or 80
        self._ssl = ssl.create_default_context() if base.scheme == "https" else None
        name = f"[{self._host}]" if ":" in self._host else self._host
        self._common = f"Host: {name}:{self._port}\r\nAuthorization: {authorization}\r\n"
        self._keep_alive_s = keep_alive_s
        self._idle: list[_Line] = []
        self._busy: set[_Line] = set()
        self._gate = asyncio.Semaphore(limit)
        self._is_closed = False

    def close(self) -> None:
        """Close all connections. Requests in flight fail, and those to come."""
        self._is_closed = True
        for line in (*self._idle, *self._busy):
            line.abort("the client is closed")
        self._idle.clear()

    async def request(
        self,
        method: str,
        target: str,
        body: bytes | None,
        headers: Mapping[str, str] | None = None,
        *,
        timeout_s: float | None = None,
    ) -> Answer:
        """Send a request and return its answer, whatever its status.

        A connection that the server closed while it was idle is no failure of GET, PUT and DELETE:
        they are sent once more.

        Args:
            target: Path and query, percent-encoded.
            timeout_s: Until the whole answer is there, waiting for a connection included.

        Raises:
            WireError, OSError: The connection failed.
            TimeoutError: No whole answer in time.
        """
        if not (target.isascii() and target.isprintable()) or " " in target:
            raise ValueError("the target is not percent-encoded")
        lines = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        length = f"Content-Length: {len(body)}\r\n" if body is not None else ""
        if body is None and method in ("POST", "PUT"):
            length = "Content-Length: 0\r\n"
        head = f"{method} {target} HTTP/1.1\r\n{self._common}{lines}{length}\r\n".encode("ascii")
        request = head + body if body else head
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout_s if timeout_s is not None else None
        may_be_repeated = method in _MAY_BE_REPEATED
        if not self._gate.locked() and (line := self._rested()) is not None:
            # The usual case, and the only one in which nothing but the answer is waited for.
            timer = loop.call_at(until, line.give_up) if until is not None else None
            try:
                async with self._gate:
                    return await self._on(line, request)
            except WireError:
                if not may_be_repeated or self._is_closed:
                    raise
            finally:
                if timer is not None:
                    timer.cancel()
        async with asyncio.timeout_at(until), self._gate:
            line = self._rested()
            if line is not None:
                try:
                    return await self._on(line, request)
                except WireError:
                    if not may_be_repeated or self._is_closed:
                        raise
            return await self._on(await self._new(), request)

    async def _on(self, line: _Line, request: bytes) -> Answer:
        self._busy.add(line)
        try:
            answer = await line.ask(request)
        except BaseException:
            line.abort("the request was given up")
            raise
        finally:
            self._busy.discard(line)
        if line.is_open and not self._is_closed:
            line.idle_since = asyncio.get_running_loop().time()
            self._idle.append(line)
        return answer

    def _rested(self) -> _Line | None:
        now = asyncio.get_running_loop().time()
        while self._idle:
            line = self._idle.pop()
            if line.is_open and now - line.idle_since < self._keep_alive_s:
                return line
            line.abort("idle for too long")
        return None

    async def _new(self) -> _Line:
        if not self._is_closed:
            loop = asyncio.get_running_loop()
            _, line = await loop.create_connection(_Line, self._host, self._port, ssl=self._ssl)
            if not self._is_closed:
                return line
            line.abort("the client is closed")
        raise WireError("the client is closed")


def _head(head: bytes) -> tuple[int, int, bool]:
    """Return status, length of the body (-1: in chunks) and whether the connection stays open."""
    first, *fields = head.split(b"\r\n")
    version, _, rest = first.partition(b" ")
    if not version.startswith(b"HTTP/1."):
        raise ValueError(f"it begins with {first[:40]!r}")
    status = int(rest[:3])
    length, stays = None, version == b"HTTP/1.1"
    for one in fields:
        name, _, value = one.partition(b":")
        match name.strip().lower():
            case b"content-length":
                length = int(value)
            case b"transfer-encoding" if value.strip().lower() == b"chunked":
                length = -1
            case b"connection":
                stays = value.strip().lower() != b"close"
    if length is None:
        if status not in (204, 304) and status >= 200:
            raise ValueError("it does not say how long it is")
        length = 0
    return status, length, stays


def _unchunked(buffer: bytearray) -> tuple[bytes, int] | None:
    """Return the body and how much of the buffer it took; ``None``: it is not complete."""
    body, at = bytearray(), 0
    while True:
        end = buffer.find(b"\r\n", at)
        if end < 0:
            return None
        size = int(buffer[at:end].split(b";")[0], 16)
        at = end + 2
        if size == 0:
            end = buffer.find(b"\r\n", at)
            while end > at:  # trailers
                at = end + 2
                end = buffer.find(b"\r\n", at)
            return (bytes(body), end + 2) if end == at else None
        if len(buffer) < at + size + 2:
            return None
        body += buffer[at : at + size]
        at += size + 2
