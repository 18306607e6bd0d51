"""Reading a JetStream consumer by pulling, with as little delay as pushing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import orjson
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from ringway.runtime.bus.connection import Epoch, is_status
from ringway.runtime.errors import BusDown

_NS = 1_000_000_000
_EXPIRES_S = 30
_HEARTBEAT_S = 2
_SILENCE_S = 3 * _HEARTBEAT_S


class ConsumerGone(Exception):
    """The server has no such consumer (any more), or it moved; make it again."""


class Pull:
    """An endless pull request on one consumer.

    ``next`` may be awaited by several tasks. At most ``batch`` messages wait here unread.
    """

    def __init__(self, epoch: Epoch, stream: str, consumer: str, *, batch: int) -> None:
        self._epoch = epoch
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"
        self._inbox = epoch.client.new_inbox()
        self._batch = batch
        self._heard_at = 0.0
        self._open = 0  # how many messages the running request may still bring
        self._queue: asyncio.Queue[Msg | BaseException] = asyncio.Queue()
        self._subscription: Subscription | None = None

    @classmethod
    @asynccontextmanager
    async def of(
        cls, epoch: Epoch, stream: str, consumer: str, *, batch: int
    ) -> AsyncIterator[Pull]:
        """Pull while the context lasts."""
        pull = cls(epoch, stream, consumer, batch=batch)
        forget = epoch.on_lost(lambda: pull._queue.put_nowait(BusDown("the connection broke")))
        pull._subscription = await epoch.client.subscribe(pull._inbox, cb=pull._on_message)
        try:
            await pull._ask()
            yield pull
        finally:
            forget()
            await pull.stop()

    async def stop(self) -> None:
        """Ask for no more. Before giving messages back: else they come to this request again."""
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            with suppress(Exception):
                await subscription.unsubscribe()

    async def next(self) -> Msg:
        """Return the next message.

        Raises:
            BusDown: The connection broke.
            ConsumerGone: The consumer does not answer.
        """
        while True:
            if self._open == 0 and self._queue.qsize() <= self._batch // 2:
                await self._ask()
            try:
                async with asyncio.timeout(_SILENCE_S):
                    message = await self._queue.get()
            except TimeoutError:
                if asyncio.get_running_loop().time() - self._heard_at < _SILENCE_S:
                    continue  # another reader got the heartbeat
                raise ConsumerGone("no heartbeat") from None
            if isinstance(message, BaseException):
                self._queue.put_nowait(message)  # for the next reader too
                raise message
            if message.reply.startswith("$JS.ACK."):
                return message
            # A heartbeat, or the end of a request: neither is for the reader.

    def unread(self) -> tuple[Msg, ...]:
        """The messages that arrived and that nobody took yet."""
        waiting: tuple[Msg | BaseException, ...] = tuple(self._queue._queue)  # type: ignore[attr-defined]
        return tuple(m for m in waiting if isinstance(m, Msg) and m.reply.startswith("$JS.ACK."))

    async def _ask(self) -> None:
        self._heard_at = asyncio.get_running_loop().time()
        self._open = self._batch
        request = {
            "batch": self._batch,
            "expires": _EXPIRES_S * _NS,
            "idle_heartbeat": _HEARTBEAT_S * _NS,
        }
        await self._epoch.client.publish(self._subject, orjson.dumps(request), reply=self._inbox)

    async def _on_message(self, message: Msg) -> None:
        self._heard_at = asyncio.get_running_loop().time()
        if message.reply.startswith("$JS.ACK."):
            self._open = max(0, self._open - 1)
            self._queue.put_nowait(message)
        elif is_status(message, "404", "408"):
            self._open = 0
            self._queue.put_nowait(message)
        elif is_status(message, "100"):
            if self._queue.empty():
                self._queue.put_nowait(message)  # wakes a reader, so that it does not despair
        else:
            reason = (message.headers or {}).get("Description", "no such consumer")
            self._queue.put_nowait(ConsumerGone(reason))
