"""A TCP relay that can lose connections, as networks do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial


class CutProxy:
    """Relays to one address.

    ``cut`` drops what is open, ``stall`` swallows without closing, ``deafen`` swallows answers,
    ``cut_at`` swallows a word and all that follows, ``hold`` keeps one connection's answers back,
    ``keep`` keeps back what a connection says, ``join`` passes answers on in one piece.
    """

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._writers: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._answering = asyncio.Event()
        self._answering.set()
        self._last_word = b""
        self._unsaid = self._slow_word = self._kept_word = b""
        self._joined = (b"", b"")
        self._joining = False
        self._held: set[asyncio.Event] = set()
        self._open = True
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def cut(self, *, stay_closed: bool = False) -> None:
        """Reset all connections; with ``stay_closed`` refuse new ones until ``mend``."""
        self._open = not stay_closed
        for writer in self._writers:
            writer.transport.abort()

    def stall(self) -> None:
        """Keep connections open but pass nothing on."""
        self._flowing.clear()

    def deafen(self, after: bytes) -> None:
        """Once something that contains ``after`` has been passed on, nothing comes back."""
        self._last_word = after

    def cut_at(self, word: bytes) -> None:
        """Cut, and stay closed, instead of passing on what contains ``word``."""
        self._unsaid = word

    def hold(self, after: bytes) -> None:
        """Keep back what is answered to the connection that says ``after``; others are served."""
        self._slow_word = after

    def keep(self, word: bytes) -> None:
        """Keep back what contains ``word``, and all that its connection says then."""
        self._kept_word = word

    def join(self, first: bytes, last: bytes) -> None:
        """Pass on in one piece what a connection answers from ``first`` to ``last``, once."""
        self._joined = (first, last)

    @property
    def is_joining(self) -> bool:
        """Whether the first word of ``join`` has been answered, and not yet the last one."""
        return self._joining

    @property
    def is_held(self) -> bool:
        """Whether what ``hold`` or ``keep`` waits for has been said."""
        return bool(self._held)

    @property
    def is_deaf(self) -> bool:
        """Whether what ``deafen`` waits for has been said."""
        return not self._answering.is_set()

    def mend(self) -> None:
        """Pass everything on again."""
        self._open = True
        self._last_word = self._unsaid = self._slow_word = self._kept_word = b""
        self._joined = (b"", b"")
        while self._held:
            self._held.pop().set()
        self._answering.set()
        self._flowing.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        far_writer: asyncio.StreamWriter | None = None
        may_answer = asyncio.Event()
        may_answer.set()
        try:
            if not self._open:
                return
            far_reader, far_writer = await asyncio.open_connection(*self._to)
            self._writers.add(far_writer)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(reader, far_writer, partial(self._heard, may_answer)))
                group.create_task(self._pump(far_reader, writer, partial(self._answer, may_answer)))
        except OSError:
            pass
        finally:
            for each in (writer, far_writer):
                if each is not None:
                    self._writers.discard(each)
                    each.transport.abort()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        before: Callable[[bytes], Awaitable[object]],
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                first, last = self._joined
                if first and first in data:
                    self._joined, self._joining = (b"", b""), True
                    while last not in data and (more := await reader.read(65536)):
                        data += more
                    self._joining = False
                await self._flowing.wait()
                await before(data)
                writer.write(data)
                await writer.drain()
        writer.transport.abort()

    async def _heard(self, may_answer: asyncio.Event, said: bytes) -> None:
        if self._unsaid and self._unsaid in said:
            self.cut(stay_closed=True)
            raise ConnectionResetError("cut")
        if self._last_word and self._last_word in said:
            self._answering.clear()
        if self._slow_word and self._slow_word in said:
            self._slow_word = b""
            may_answer.clear()
            self._held.add(may_answer)
        if self._kept_word and self._kept_word in said:
            self._kept_word = b""
            may_speak = asyncio.Event()
            self._held.add(may_speak)
            await may_speak.wait()

    async def _answer(self, may_answer: asyncio.Event, _: bytes) -> None:
        await self._answering.wait()
        await may_answer.wait()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        self.mend()
        self.cut(stay_closed=True)
        await self._server.wait_closed()


@asynccontextmanager
async def cut_proxy(port: int, host: str = "127.0.0.1") -> AsyncIterator[CutProxy]:
    """Open a relay to a port on a free port of its own."""
    proxy = CutProxy(host, port)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()
