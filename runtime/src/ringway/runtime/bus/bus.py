"""Typed messages over NATS: facts through JetStream, presence and requests through core NATS."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from inspect import isawaitable
from typing import Any, NamedTuple, TypeVar

import nats.errors
import orjson
from nats.aio.msg import Msg
from pydantic import ValidationError

from ringway.proto.base import Fact, Presence, Reply, Request
from ringway.runtime import held, telemetry
from ringway.runtime.bus import feed
from ringway.runtime.bus.bucket import Bucket
from ringway.runtime.bus.codec import Decoder, encode
from ringway.runtime.bus.connection import Connection, Epoch, NoResponders
from ringway.runtime.bus.consumer import ConsumerOptions, FactConsumer
from ringway.runtime.bus.forwarding import Forwarding, Holder
from ringway.runtime.bus.responder import CODE_HEADER, Owns, Responder, Settle
from ringway.runtime.bus.streams import declare_streams
from ringway.runtime.bus.writer import Impossible, publish_window
from ringway.runtime.errors import BusDown, NobodyAnswers, Refused, RequestTimedOut
from ringway.runtime.tasks import TaskSet

_log = logging.getLogger("ringway.bus")
_tracer = telemetry.tracer("ringway.bus")

F = TypeVar("F", bound=Fact)
P = TypeVar("P", bound=Presence)
Q = TypeVar("Q", bound=Request)
R = TypeVar("R", bound=Reply)

_FIRST_CONNECT_S = 2.0
_FINISH_S = 2.0


class StreamRange(NamedTuple):
    """Sequences that the FACTS stream still has; ``last`` is ``first - 1`` when it is empty."""

    first: int
    last: int


_READ_AGAIN_S = 2.0


class Bus:
    """One process's access to NATS. Make it with :meth:`open`."""

    def __init__(self, connection: Connection, tasks: TaskSet, name: str, replicas: int) -> None:
        self.connection = connection
        self._tasks = tasks
        self._answering = TaskSet("answers")
        self._name = name
        self._replicas = replicas
        self._buckets: dict[str, Bucket] = {}
        self._forwarding: dict[str, Forwarding] = {}
        self._settle: dict[str, Settle] = {}
        self._requests: list[str] = []  # subjects that are answered here

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        url: str,
        *,
        user: str = "",
        password: str = "",
        name: str,
        replicas: int = 1,
    ) -> AsyncIterator[Bus]:
        """Connect, and stay connected for as long as the context lasts.

        It opens also while NATS is down, and connects when it comes.

        Args:
            url: ``nats://host:port``, several separated by commas.
            user: NATS user; answers come to ``_INBOX.<user>``.
            name: Shown by the server, such as ``acd-0``. Unique among running processes.
            replicas: Copies of each stream, for a NATS cluster.
        """
        connection = Connection(url.split(","), user=user, password=password, name=name)
        async with TaskSet("bus") as tasks:
            bus = cls(connection, tasks, name, replicas)
            await connection.attach(bus._declare)
            tasks.spawn(connection.run(), name="nats connection")
            with suppress(BusDown):
                await connection.wait_up(_FIRST_CONNECT_S)
            async with bus._answering:
                yield bus

    @property
    def healthy(self) -> bool:
        """Whether NATS is connected and the streams are there."""
        return self.connection.epoch is not None

    # -- facts -----------------------------------------------------------------------------------

    async def publish(self, fact: Fact, *, timeout_s: float = 5.0) -> None:
        """Publish a fact and wait until it is stored. A repeat of its id is stored once.

        Raises:
            BusDown: Not stored in ``timeout_s``, or nobody knows.
            ValueError: It can never be stored.
        """
        with _tracer.start_as_current_span(f"publish {type(fact).__name__}"):
            window = [encode(fact)]
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    try:
                        await publish_window(self.connection, window)
                        return
                    except BusDown as error:
                        _log.debug("Publishing again.", extra={"reason": str(error)})
                        await asyncio.sleep(0.1)
        except TimeoutError:
            raise BusDown("the fact was not acknowledged in time") from None
        except Impossible as error:
            raise ValueError(str(error)) from error

    async def consume(
        self,
        durable: str,
        types: Sequence[type[F]],
        handler: Callable[[F], Awaitable[None]] | Callable[[Any], Awaitable[None]],
        *,
        max_deliver: int = 10,
        ack_wait_s: float = 6,
        backoff_s: tuple[float, float] = (0.2, 15.0),
        concurrency: int = 1,
        from_now: bool = False,
    ) -> None:
        """Call ``handler`` for each fact of ``types``, at least once; a worker that never returns.

        All processes that use the same ``durable`` share the facts. See
        :mod:`ringway.runtime.bus.consumer` for what happens when the handler raises and
        :class:`~ringway.runtime.bus.consumer.ConsumerOptions` for the arguments.
        """
        options = ConsumerOptions(max_deliver, ack_wait_s, backoff_s, concurrency, from_now)
        await FactConsumer(self.connection, durable, types, handler, options).run()

    def facts_from(
        self, tenant: str, after_seq: int | None = None
    ) -> AsyncIterator[tuple[int, str, bytes]]:
        """Yield (sequence, subject, payload) of a tenant's facts after ``after_seq``, for ever.

        In order, without gaps or repeats, through losses of NATS. ``None`` begins with the next
        fact. Close it with ``aclose()``.
        """
        return feed.facts_from(self.connection, tenant, after_seq)

    async def facts_range(self) -> StreamRange:
        """Return which sequences the FACTS stream still has. Raises BusDown."""
        epoch = await self.connection.wait_up(5)
        first, last = await feed.stream_range(epoch)
        return StreamRange(first, last)

    # -- presence --------------------------------------------------------------------------------

    def emit(self, presence: Presence) -> None:
        """Send a live figure without waiting; dropped while NATS is down."""
        if (epoch := self.connection.epoch) is not None:
            epoch.send_soon(*encode(presence))

    async def subscribe(
        self,
        kind: type[P],
        handler: Callable[[P], Awaitable[None] | None],
        **fixed: str,
    ) -> None:
        """Call ``handler`` with each live figure, in order, from now on and in later epochs.

        Args:
            fixed: Fields of the subject that are given; any value fits the others.
        """
        decoder: Decoder[P] = Decoder([kind])

        async def on_message(message: Msg) -> None:
            try:
                figure = decoder.decode(message.subject, message.data)
                done = handler(figure)
                if isawaitable(done):
                    await done
            except Exception:
                _log.exception(
                    "A live figure was not digested.", extra={"subject": message.subject}
                )

        async def attach(epoch: Epoch) -> None:
            await epoch.client.subscribe(kind.subject_filter(**fixed), cb=on_message)

        await self.connection.attach(attach)

    # -- requests --------------------------------------------------------------------------------

    async def request(self, question: Request, reply_type: type[R], *, timeout_s: float = 5.0) -> R:
        """Ask the owner of some state and return the answer.

        Raises:
            Refused: The owner said no.
            NobodyAnswers: No process serves this request now.
            RequestTimedOut: No answer in ``timeout_s``; it may have been carried out.
            BusDown: NATS is not connected, or the connection broke meanwhile.
        """
        await held.go_out()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        name = type(question).__name__
        with _tracer.start_as_current_span(f"request {name}"):
            message = encode(question)
            epoch = await self.connection.wait_up(timeout_s)
            # A question that reached a process just when it died gets no answer: what only reads
            # is asked once more, of whoever is there by then.
            again_at = loop.time() + _READ_AGAIN_S if name.startswith("Get") else deadline
            for until in sorted({min(again_at, deadline), deadline}):
                try:
                    answer = await epoch.request(
                        message.subject,
                        message.payload,
                        headers=message.headers,
                        timeout_s=max(0.0, until - loop.time()),
                    )
                    break
                except NoResponders:
                    raise NobodyAnswers(name) from None
                except TimeoutError:
                    continue
            else:
                raise RequestTimedOut(name)
        code = (answer.headers or {}).get(CODE_HEADER)
        if code is not None:
            raise Refused(code, _detail(answer.data))
        try:
            return reply_type.model_validate_json(answer.data)
        except ValidationError as error:
            raise Refused("internal", f"the answer is no {reply_type.__name__}") from error

    async def is_served(self, service: str, *, timeout_s: float = 5.0) -> bool:
        """Return whether any process of a service answers: it is asked for a sign of life.

        A process that answers some request gives one for as long as its event loop turns.

        Args:
            service: First token of the requests' subjects.

        Raises:
            BusDown: Nobody knows.
        """
        epoch = await self.connection.wait_up(timeout_s)
        try:
            await epoch.request(f"$SRV.PING.{service}", timeout_s=timeout_s)
        except NoResponders:
            return False
        except TimeoutError:
            # Is it the service that is silent, or NATS?
            try:
                await epoch.client.flush(timeout=1)
            except (nats.errors.Error, OSError) as error:
                raise BusDown(f"NATS is silent: {error!r}") from error
            return False
        return True

    async def respond(
        self,
        kind: type[Q],
        handler: Callable[[Q], Awaitable[Reply]],
        *,
        owns: Owns | None = None,
    ) -> None:
        """Answer requests of one type, concurrently, from now on and in later epochs.

        Args:
            handler: Returns the reply or raises Refused. A DependencyDown is answered
                ``unavailable``, any other exception is logged and answered ``internal``.
            owns: Whether this replica holds the tenant's lease (may be a coroutine function, and
                acquire it). A replica that does not, keeps silent.
        """
        service = kind.SUBJECT.partition(".")[0]
        forwarding = self._forwarding.get(service)
        responder = Responder(
            kind, handler, owns, self._answering, self._name, forwarding, self._settle.get(service)
        )
        self._requests.append(kind.subject_filter())
        await self.connection.attach(responder.attach)

    async def forward(self, service: str, name: str, holder: Holder) -> None:
        """Pass requests of a service on to the replica that serves their tenant.

        Call it before ``respond``.

        Args:
            service: First token of the requests' subjects.
            name: Of this replica.
            holder: Says who serves a tenant: a replica's name, ``None`` when it is this one,
                ``""`` while nobody knows; the request is kept for some seconds then.
        """
        forwarding = Forwarding(self.connection, service, name, holder)
        self._forwarding[service] = forwarding
        await self.connection.attach(forwarding.attach)

    def settle_before_answers(self, service: str, settle: Settle) -> None:
        """Have what a request changed written down before it is answered.

        Call it before ``respond``.

        Args:
            settle: Waits, for a tenant, until it is; it must not take long.
        """
        self._settle[service] = settle

    async def stop_responding(self) -> None:
        """Take no more requests, and answer or pass on those that came, within two seconds."""
        epoch = self.connection.epoch
        if epoch is not None:
            with suppress(nats.errors.Error, TimeoutError):
                await asyncio.gather(*(map(epoch.client.stop_listening, self._requests)))
                # Last, for until now others might think that a request is ours.
                for forwarding in self._forwarding.values():
                    await epoch.client.stop_listening(forwarding.subject)
        with suppress(TimeoutError):
            async with asyncio.timeout(_FINISH_S):
                await self._answering.wait()

    # -- key-value -------------------------------------------------------------------------------

    def kv(self, name: str, ttl_s: float | None = None) -> Bucket:
        """Return a key-value bucket; ``ttl_s`` counts for whoever makes it first."""
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = Bucket(self.connection, name, ttl_s=ttl_s, replicas=self._replicas)
            self._buckets[name] = bucket
        return bucket

    async def _declare(self, epoch: Epoch) -> None:
        await declare_streams(epoch, replicas=self._replicas)


def _detail(payload: bytes) -> str:
    try:
        return str(orjson.loads(payload)["detail"])
    except (ValueError, KeyError, TypeError):
        return ""
