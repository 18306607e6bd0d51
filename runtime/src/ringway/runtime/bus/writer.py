"""Sending facts from code that may not wait, such as call control."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import nats.errors
from nats.aio.msg import Msg
from prometheus_client import Counter, Gauge

from ringway.proto.base import Fact
from ringway.runtime.bus.bucket import DELETED, Bucket
from ringway.runtime.bus.client import LINGER_S
from ringway.runtime.bus.codec import Outgoing, headers_of, written
from ringway.runtime.bus.connection import ApiRefused, Connection, checked, is_status
from ringway.runtime.errors import BusDown

if TYPE_CHECKING:
    from ringway.runtime.bus.bus import Bus

_log = logging.getLogger("ringway.bus")
_queued = Gauge("ringway_fact_writer_queued", "Facts that wait to be published.")
_dropped = Counter("ringway_fact_writer_dropped", "Facts that were LOST: page somebody.")

_WINDOW = 128  # how many messages are on their way at once
_ACK_TIMEOUT_S = 5.0
_RETRY_S = (0.1, 2.0)
_FENCED_S = 0.05


class Impossible(Exception):
    """The server will never take this message."""


async def publish_window(connection: Connection, window: Sequence[Outgoing]) -> int:
    """Send messages in order, wait for their acknowledgements, and return how many are stored.

    The result counts from the front: what follows the first that failed counts as not stored,
    although it may be. Sending again is harmless, a message id is stored once.

    Raises:
        Impossible: The first message can never be stored.
        BusDown: None was stored.
    """
    epoch = await connection.wait_up(_ACK_TIMEOUT_S)
    answers: list[asyncio.Future[Msg]] = []
    failure: Exception | None = None
    try:
        async with asyncio.timeout(_ACK_TIMEOUT_S):
            for each in window:
                answer = await epoch.begin_request(each.subject, each.payload, each.headers)
                answers.append(answer)
    except nats.errors.MaxPayloadError as error:
        failure = Impossible(str(error))
    except (BusDown, TimeoutError) as error:
        failure = error
    stored = 0
    try:
        async with asyncio.timeout(_ACK_TIMEOUT_S):
            for answer in answers:
                message = await answer
                if is_status(message, "503"):
                    raise BusDown("JetStream does not take messages")
                checked(message)
                stored += 1
    except ApiRefused as refused:
        # 4xx is about the message itself, anything else about the server's present state.
        failure = (Impossible if 400 <= refused.code < 500 else BusDown)(str(refused))
    except (BusDown, TimeoutError) as error:
        failure = error
    finally:
        for answer in answers:
            answer.cancel()
    if stored == 0 and failure is not None:
        if isinstance(failure, Impossible):
            raise failure
        raise BusDown(str(failure) or "no acknowledgement in time") from failure
    return stored


class FactWriter:
    """An ordered queue in memory in front of JetStream.

    ``put`` never waits. ``run`` publishes in the order of ``put`` and, while NATS is down, tries
    for ever. What follows within ``LINGER_S`` goes along: one packet instead of many. What is
    queued is lost with the process: facts that must survive it go through
    :mod:`ringway.runtime.outbox`, or can be rebuilt from Asterisk.

    Args:
        limit: With so many waiting, further ones are dropped, counted and logged as errors.
        fence: While it says yes nothing is published: what is queued may be untrue by now.
    """

    def __init__(
        self, bus: Bus, *, limit: int = 100_000, fence: Callable[[], bool] | None = None
    ) -> None:
        self._bus = bus
        self._fence = fence
        self._buckets: set[Bucket] = set()
        self._limit = limit
        # By subject what replaces its predecessor, by a running number what does not.
        self._queue: OrderedDict[str | int, Outgoing | _Fact | _Value] = OrderedDict()
        self._window: list[Outgoing] = []  # on its way, or about to be sent again
        self._count = 0
        self._wake = asyncio.Event()
        self._done = 0  # published, dropped or replaced since the beginning
        self._waiters: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._full = False

    def __len__(self) -> int:
        return len(self._queue) + len(self._window)

    @property
    def healthy(self) -> bool | str:
        """True, or why not, for /readyz."""
        return "full: facts are being lost" if self._full else True

    def put(self, fact: Fact) -> None:
        """Queue a fact."""
        self._count += 1
        self._put(self._count, _Fact(fact, headers_of(fact)))

    def put_kv(
        self, bucket: Bucket | str, key: str, value: bytes | Callable[[], bytes | None] | None
    ) -> None:
        """Queue a write to a key-value bucket; None deletes the key.

        It takes the place of one that waits for the same key, behind everything that was put
        before now: whoever finds the value finds the facts that led to it.

        Args:
            value: What to write, or who says it when it is about to be sent.
        """
        bucket = self._bus.kv(bucket) if isinstance(bucket, str) else bucket
        self._buckets.add(bucket)
        subject = f"$KV.{bucket.name}.{key}"
        if self._queue.pop(subject, None) is not None:
            self._done += 1
        self._put(subject, _Value(value) if callable(value) else _of_key(subject, value))

    def settle(self) -> None:
        """Ask everybody who is to say a value later for it now: what he knows may change."""
        for key, queued in self._queue.items():
            if isinstance(queued, _Value):
                self._queue[key] = _of_key(str(key), queued.say())

    async def flush(self, timeout_s: float) -> bool:
        """Wait until all that is queued now is published; False: not within ``timeout_s``.

        A value that was replaced meanwhile counts as published: its successor follows.
        """
        if not len(self):
            return True
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append((self._done + len(self), waiter))
        try:
            async with asyncio.timeout(timeout_s):
                await waiter
        except TimeoutError:
            return False
        return True

    async def run(self) -> None:
        """Publish what is queued, until cancelled."""
        pause_s = _RETRY_S[0]
        while True:
            await self._wake.wait()
            await asyncio.sleep(LINGER_S if len(self) < _WINDOW else 0)
            if self._fence is not None and self._fence():
                await asyncio.sleep(_FENCED_S)
                continue
            self._fill()
            try:
                for bucket in tuple(self._buckets):
                    await bucket.ready()
                stored = await publish_window(self._bus.connection, self._window)
            except Impossible as error:
                _dropped.inc()
                _log.error(
                    "A fact cannot be stored and is dropped.",
                    extra={"subject": self._window[0].subject, "reason": str(error)},
                )
                stored = 1
            except BusDown:
                await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))
                pause_s = min(2 * pause_s, _RETRY_S[1])
                continue
            pause_s = _RETRY_S[0]
            del self._window[:stored]
            self._done += stored
            self._settled()

    def _fill(self) -> None:
        """Take from the queue what is sent next."""
        while self._queue and len(self._window) < _WINDOW:
            key, queued = self._queue.popitem(last=False)
            if isinstance(queued, _Value):
                queued = _of_key(str(key), queued.say())
            elif isinstance(queued, _Fact):
                queued = written(*queued)
            self._window.append(queued)

    def _put(self, key: str | int, message: Outgoing | _Fact | _Value) -> None:
        if len(self) >= self._limit:
            _dropped.inc()
            if not self._full:
                self._full = True
                _log.error("Facts are dropped: the queue is full.", extra={"limit": self._limit})
            return
        self._queue[key] = message
        self._wake.set()
        _queued.set(len(self))

    def _settled(self) -> None:
        _queued.set(len(self))
        if len(self) < self._limit // 2:
            self._full = False
        is_empty = not len(self)
        if is_empty:
            self._wake.clear()
        while self._waiters and (is_empty or self._waiters[0][0] <= self._done):
            _, waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)


class _Fact(NamedTuple):
    """A fact that is not written out yet: it cannot change, and what waits for us goes first."""

    fact: Fact
    headers: dict[str, str]


class _Value(NamedTuple):
    """The value of a key, said when it is sent."""

    say: Callable[[], bytes | None]


def _of_key(subject: str, value: bytes | None) -> Outgoing:
    return Outgoing(subject, value or b"", {} if value is not None else dict(DELETED))
