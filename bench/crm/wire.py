"""HTTP as the load needs it: connections that stay open, requests made beforehand, times taken.

A client as thin as this one uses little of the machine that it shares with what it measures.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any, cast

import orjson

_LENGTH = b"content-length:"


class Wire(asyncio.Protocol):
    """One connection; one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._data += data
        head_end = self._data.find(b"\r\n\r\n")
        if head_end < 0 or self._answer is None:
            return
        head = self._data[:head_end].lower()
        at = head.index(_LENGTH) + len(_LENGTH)
        length = int(head[at:].split(b"\r\n", 1)[0])
        if len(self._data) < head_end + 4 + length:
            return
        body, self._data = self._data[head_end + 4 :], b""
        if not self._answer.done():
            self._answer.set_result((int(head[9:12]), body))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("the server closed the connection"))

    async def ask(self, request: bytes) -> bytes:
        """Return the body of the answer.

        Raises:
            RuntimeError: The answer is no success.
        """
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        status, body = await self._answer
        if status != 200:
            raise RuntimeError(f"{status} {body[:500].decode(errors='replace')}")
        return body

    async def json(self, request: bytes) -> Any:
        """Return what the answer's JSON says. Raises as :meth:`ask`."""
        return orjson.loads(await self.ask(request))

    @property
    def is_closed(self) -> bool:
        """Whether the server has closed it: one that was idle for seconds."""
        return self._transport is None or self._transport.is_closing()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def get(path: str, token: str = "") -> bytes:
    """Return a GET as it goes over the wire."""
    more = f"Authorization: Bearer {token}\r\n" if token else ""
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\n{more}\r\n".encode()


@asynccontextmanager
async def wires(port: int, count: int) -> AsyncIterator[list[Wire]]:
    """Open connections."""
    loop = asyncio.get_running_loop()
    opened: list[Wire] = []
    try:
        while len(opened) < count:
            _, wire = await loop.create_connection(Wire, "127.0.0.1", port)
            opened.append(wire)
        yield opened
    finally:
        for each in opened:
            each.close()


async def at_a_rate(port: int, requests: Sequence[bytes], rate: float) -> list[float]:
    """Send each request when its time has come, whatever became of those before it.

    Arrivals are a Poisson stream. Returns milliseconds from when a request was due to its answer:
    what waits behind a slow one counts.
    """
    times_ms: list[float] = []
    async with wires(port, 64) as opened:
        free: asyncio.LifoQueue[Wire] = asyncio.LifoQueue()
        for each in opened:
            free.put_nowait(each)

        async def one(request: bytes, due: float) -> None:
            wire = await free.get()
            if wire.is_closed:
                _, wire = await asyncio.get_running_loop().create_connection(
                    Wire, "127.0.0.1", port
                )
                opened.append(wire)
            await wire.ask(request)
            times_ms.append(1e3 * (perf_counter() - due))
            free.put_nowait(wire)

        spacing = random.Random(7)
        async with asyncio.TaskGroup() as tasks:
            due = perf_counter()
            for request in requests:
                due += spacing.expovariate(rate)
                await asyncio.sleep(max(0.0, due - perf_counter()))
                tasks.create_task(one(request, due))
    return times_ms


async def flat_out(
    port: int, requests: Sequence[bytes], concurrency: int, seconds: float
) -> tuple[float, list[float]]:
    """Let so many clients ask one thing after another; requests a second, times in ms."""
    times_ms: list[float] = []
    async with wires(port, concurrency) as opened:
        began = perf_counter()
        end = began + seconds

        async def client(n: int, wire: Wire) -> None:
            at = n * len(requests) // concurrency
            now = perf_counter()
            while now < end:
                await wire.ask(requests[at % len(requests)])
                now, before = perf_counter(), now
                times_ms.append(1e3 * (now - before))
                at += 1

        await asyncio.gather(*(client(n, wire) for n, wire in enumerate(opened)))
        took_s = perf_counter() - began
    return len(times_ms) / took_s, times_ms


async def one_by_one(port: int, requests: Sequence[bytes]) -> list[float]:
    """Ask one thing after another; times in ms."""
    times_ms: list[float] = []
    async with wires(port, 1) as (wire,):
        for request in requests:
            began = perf_counter()
            await wire.ask(request)
            times_ms.append(1e3 * (perf_counter() - began))
    return times_ms
