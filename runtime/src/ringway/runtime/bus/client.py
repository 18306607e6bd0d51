"""nats-py's client, with a short way for what is most of a service's traffic.

That is messages without a subscription of their own: publishing, and the answers to requests. The
general way checks and builds each message several times and passes an answer from task to task;
that cost as much as the rest of a phone call did.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import nats.aio.client
import nats.errors
from nats.aio.msg import Msg
from nats.aio.transport import TcpTransport

# What may wait a moment is written together with what follows it, at the latest after so long.
LINGER_S = 0.01

OnAnswer = Callable[[str, Msg], None]


class Client(nats.aio.client.Client):
    """A client that always closes to the end.

    The plain one first writes what it has buffered. On a broken connection that fails and on a
    silent one it lasts, and either way ``closed_cb`` is not called: nobody learns of the loss.
    It also leaves those waiting who wait for room in its buffer.
    """

    _answers_sid = -1
    _on_answer: OnAnswer
    _lingering: asyncio.TimerHandle | None = None

    async def _close(self, status: int, do_cbs: bool = True) -> None:
        self._pending = []
        self._pending_data_size = 0
        transport = self._transport
        if isinstance(transport, TcpTransport) and transport._io_writer is not None:
            transport._io_writer.transport.abort()
        while self._flush_queue is not None and not self._flush_queue.empty():
            flushed = self._flush_queue.get_nowait()
            if not flushed.done():
                flushed.set_result(None)
        await super()._close(status, do_cbs)

    # -- sending -------------------------------------------------------------------------------

    async def write(
        self, subject: str, reply: str, payload: bytes, headers: Mapping[str, str] | None
    ) -> None:
        """Send a message with all that still waits; waits only for room in the buffer.

        Raises:
            nats.errors.Error: It is too big, its subject or a header cannot be sent, or the
                connection is closed.
        """
        self._append(subject, reply, payload, headers)
        if self._pending_data_size > self._max_pending_size:
            await self._flush_pending(force_flush=True)
        else:
            self._kick()

    def write_soon(self, subject: str, payload: bytes, headers: Mapping[str, str] | None) -> bool:
        """Send a message within ``LINGER_S`` seconds. False: there is no room for it now.

        Raises:
            nats.errors.Error: See ``write``.
        """
        if self._pending_data_size > self._max_pending_size:
            return False
        self._append(subject, "", payload, headers)
        if self._lingering is None:
            loop = asyncio.get_running_loop()
            self._lingering = loop.call_later(LINGER_S, self._lingered)
        return True

    def _lingered(self) -> None:
        self._lingering = None
        self._kick()

    def _kick(self) -> None:
        """Have what is buffered written, once all who are about to write have done so."""
        queue = self._flush_queue
        if self._pending and queue is not None and queue.empty():
            queue.put_nowait(asyncio.get_running_loop().create_future())

    def _append(
        self, subject: str, reply: str, payload: bytes, headers: Mapping[str, str] | None
    ) -> None:
        if not self.is_connected:
            raise nats.errors.ConnectionClosedError
        if len(payload) > self._max_payload:
            raise nats.errors.MaxPayloadError
        if not subject or " " in subject or not subject.isprintable():
            raise nats.errors.BadSubjectError
        if headers:
            head = _head(headers)
            size, total = len(head), len(head) + len(payload)
            command = b"".join(
                (f"HPUB {subject} {reply} {size} {total}\r\n".encode(), head, payload, b"\r\n")
            )
        else:
            command = b"".join(
                (f"PUB {subject} {reply} {len(payload)}\r\n".encode(), payload, b"\r\n")
            )
        self.stats["out_msgs"] += 1
        self.stats["out_bytes"] += len(payload)
        self._pending.append(command)
        self._pending_data_size += len(command)

    # -- subscriptions -------------------------------------------------------------------------

    async def stop_listening(self, subject: str) -> None:
        """End the subscriptions to a subject; returns once all that came has been begun.

        The end of a micro service's endpoint forgets what came and was not begun yet.

        Raises:
            nats.errors.Error: The connection broke.
        """
        found = [each for each in self._subs.values() if each.subject == subject]
        for each in found:
            await each.drain()  # type: ignore[no-untyped-call]  # nats-py leaves it untyped

    # -- answers -------------------------------------------------------------------------------

    async def listen(self, inbox: str, on_answer: OnAnswer) -> None:
        """Tell ``on_answer`` of each message to ``<inbox>.<token>``, by its token, at once."""

        async def never(_: Msg) -> None:
            """The messages of this subscription go the short way."""

        subscription = await self.subscribe(f"{inbox}.*", cb=never)
        self._on_answer = on_answer
        self._answers_sid = subscription._id

    async def _process_msg(
        self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes
    ) -> None:
        if sid != self._answers_sid:
            await super()._process_msg(sid, subject, reply, data, headers)
            return
        self.stats["in_msgs"] += 1
        self.stats["in_bytes"] += len(data)
        fields = await self._process_headers(headers) if headers else None
        where = subject.decode()
        message = Msg(_client=self, subject=where, reply=reply.decode(), data=data, headers=fields)
        self._on_answer(where.rpartition(".")[2], message)


def _head(headers: Mapping[str, str]) -> bytes:
    lines = ["NATS/1.0\r\n"]
    for name, value in headers.items():
        if not name.isprintable() or ":" in name or " " in name:
            raise nats.errors.BadHeaderError(name)
        told = value.strip() if value.isprintable() else " ".join(value.split())
        lines.append(f"{name}: {told}\r\n")
    lines.append("\r\n")
    return "".join(lines).encode()
