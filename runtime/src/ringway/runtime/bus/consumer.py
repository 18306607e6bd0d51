"""A durable consumer of facts: at least once, in order while nothing fails.

A handler that raises gets the message again after a growing pause, and after ``max_deliver``
failures it goes to the dead-letter stream with the reason. A handler that raises
:class:`~ringway.runtime.errors.DependencyDown` keeps the message and is called again until the
part it needs is back: that is no fault of the message, and order is kept.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import nats.errors
from nats.aio.msg import Msg
from opentelemetry.trace import SpanKind
from prometheus_client import Counter, Histogram

from ringway.proto.base import Fact
from ringway.runtime import telemetry
from ringway.runtime.bus.codec import MESSAGE_ID, Decoder
from ringway.runtime.bus.connection import ApiRefused, Connection, Epoch, NoResponders, checked
from ringway.runtime.bus.pull import ConsumerGone, Pull
from ringway.runtime.bus.streams import FACTS
from ringway.runtime.errors import BusDown, DependencyDown

_log = logging.getLogger("ringway.bus")
_tracer = telemetry.tracer("ringway.bus")
_handled = Counter(
    "ringway_bus_facts_handled", "Deliveries of facts to a consumer.", ["durable", "outcome"]
)
_seconds = Histogram("ringway_bus_handler_seconds", "Time a handler took.", ["durable"])

_NS = 1_000_000_000
_PREFETCH = 64
_DOWN_RETRY_S = (0.25, 2.0)  # first and longest pause while a dependency is down
_FAILURES_KEPT = 10_000

Handler = Callable[[Any], Awaitable[None]]
# Of the fact that the present handler was called with: its place in the stream.
fact_sequence: ContextVar[int] = ContextVar("fact_sequence")


@dataclass(frozen=True, slots=True)
class ConsumerOptions:
    """How a durable consumer behaves.

    Args:
        max_deliver: After so many failures of its handler a fact is a dead letter.
        ack_wait_s: A fact held by a process that died is delivered again after this long.
            Slow handlers need not care: the hold is prolonged while they run.
        backoff_s: First and longest pause before a fact is delivered again after a failure.
        concurrency: How many facts are handled at once; 1 keeps their order.
        from_now: A consumer that is made gets what comes from then on, not what is stored.
    """

    max_deliver: int = 10
    ack_wait_s: float = 6
    backoff_s: tuple[float, float] = (0.2, 15.0)
    concurrency: int = 1
    from_now: bool = False


class FactConsumer:
    """One durable consumer on the FACTS stream. ``run`` is a worker and never returns."""

    def __init__(
        self,
        connection: Connection,
        durable: str,
        types: Sequence[type[Fact]],
        handler: Handler,
        options: ConsumerOptions,
    ) -> None:
        self._connection = connection
        self._durable = durable
        self._types = types
        self._handler = handler
        self._options = options
        self._decoder: Decoder[Fact] = Decoder(types)
        self._held: dict[int, Msg] = {}
        # By stream sequence. The server's own count also has the deliveries that were lost with
        # a connection, which says nothing about the message.
        self._failures: OrderedDict[int, int] = OrderedDict()

    async def run(self) -> None:
        """Consume until cancelled, through every loss of NATS."""
        while True:
            epoch = await self._connection.wait_up()
            try:
                await self._declare(epoch)
                await self._consume(epoch)
            except* (BusDown, ConsumerGone, nats.errors.Error, TimeoutError) as group:
                _log.info(
                    "A consumer begins again.",
                    extra={"durable": self._durable, "reason": str(group.exceptions[0])},
                )
            except* ApiRefused as group:
                _log.error(
                    "JetStream refused a consumer.",
                    extra={"durable": self._durable, "reason": str(group.exceptions[0])},
                )
            await asyncio.sleep(random.uniform(0.1, 0.4))

    async def _declare(self, epoch: Epoch) -> None:
        options = self._options
        config = {
            "name": self._durable,
            "durable_name": self._durable,
            "filter_subjects": sorted(t.subject_filter() for t in self._types),
            "deliver_policy": "new" if options.from_now else "all",
            "ack_policy": "explicit",
            "ack_wait": int(options.ack_wait_s * _NS),
            "max_deliver": -1,
            "max_ack_pending": max(4 * _PREFETCH, 4 * options.concurrency),
        }
        # CREATE without an action makes it, or changes what may be changed of the present one.
        await epoch.api(
            f"CONSUMER.CREATE.{FACTS}.{self._durable}", {"stream_name": FACTS, "config": config}
        )

    async def _consume(self, epoch: Epoch) -> None:
        batch = max(_PREFETCH, self._options.concurrency)
        self._held = {}
        async with Pull.of(epoch, FACTS, self._durable, batch=batch) as pull:
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._prolong(epoch, pull))
                    for _ in range(self._options.concurrency):
                        group.create_task(self._work(epoch, pull))
            finally:
                # Give back what nobody began, so another replica need not wait for ack_wait_s.
                await pull.stop()
                with suppress(BusDown):
                    for message in (*self._held.values(), *pull.unread()):
                        await epoch.send(message.reply, b"-NAK")

    async def _work(self, epoch: Epoch, pull: Pull) -> None:
        while True:
            message = await pull.next()
            sequence = message.metadata.sequence.stream
            self._held[sequence] = message
            await self._handle(epoch, message, sequence)
            self._held.pop(sequence, None)

    async def _handle(self, epoch: Epoch, message: Msg, sequence: int) -> None:
        """Call the handler and settle the message. Raises BusDown when it cannot be settled."""
        try:
            fact = self._decoder.decode(message.subject, message.data)
        except ValueError as error:
            await self._bury(epoch, message, sequence, f"invalid: {error}")
            return
        fact_sequence.set(sequence)
        pause_s = _DOWN_RETRY_S[0]
        while True:
            try:
                with (
                    _seconds.labels(self._durable).time(),
                    _tracer.start_as_current_span(
                        f"{self._durable} {type(fact).__name__}",
                        context=telemetry.extract(message.headers),
                        kind=SpanKind.CONSUMER,
                        attributes={"tenant": fact.tenant, "message_id": fact.message_id},
                    ),
                ):
                    await self._handler(fact)
            except DependencyDown as error:
                self._count("waiting")
                if pause_s == _DOWN_RETRY_S[0]:
                    _log.info(
                        "A fact waits for a part that is down.",
                        extra={"durable": self._durable, "reason": repr(error)},
                    )
                if epoch.lost.is_set():
                    raise BusDown("the connection broke") from error
                await asyncio.sleep(pause_s * random.uniform(0.7, 1.0))
                pause_s = min(2 * pause_s, _DOWN_RETRY_S[1])
            except Exception as error:
                await self._failed(epoch, message, sequence, error)
                return
            else:
                self._failures.pop(sequence, None)
                await epoch.send(message.reply, b"+ACK")
                self._count("handled")
                return

    async def _failed(self, epoch: Epoch, message: Msg, sequence: int, error: Exception) -> None:
        failures = self._failures.pop(sequence, 0) + 1
        _log.error(
            "A handler failed.",
            exc_info=error,
            extra={"durable": self._durable, "subject": message.subject, "failures": failures},
        )
        if failures >= self._options.max_deliver:
            await self._bury(epoch, message, sequence, repr(error))
            return
        self._failures[sequence] = failures
        while len(self._failures) > _FAILURES_KEPT:
            self._failures.popitem(last=False)
        first, longest = self._options.backoff_s
        delay_s = min(longest, first * 2 ** (failures - 1)) * random.uniform(0.8, 1.0)
        await epoch.send(message.reply, b'-NAK {"delay": %d}' % int(delay_s * _NS))
        self._count("again")

    async def _bury(self, epoch: Epoch, message: Msg, sequence: int, reason: str) -> None:
        """Keep the message in the dead-letter stream, then take it off the consumer."""
        headers = {
            # Buried once, even when the connection breaks between burying and telling.
            MESSAGE_ID: f"{self._durable}.{sequence}",
            "Ringway-Subject": message.subject,
            "Ringway-Sequence": str(sequence),
            "Ringway-Reason": reason[:500],
            "Ringway-Message-Id": (message.headers or {}).get(MESSAGE_ID, ""),
        }
        try:
            answer = await epoch.request(
                f"dead_letter.{self._durable}", message.data, timeout_s=5, headers=headers
            )
            checked(answer)
        except (NoResponders, TimeoutError) as error:
            raise BusDown("the dead-letter stream does not answer") from error
        await epoch.send(message.reply, b"+TERM")
        self._count("dead_letter")
        _log.error(
            "A fact went to the dead letters.",
            extra={"durable": self._durable, "subject": message.subject, "reason": reason[:500]},
        )

    async def _prolong(self, epoch: Epoch, pull: Pull) -> None:
        """Tell the server now and then that what we hold is being worked on."""
        while True:
            await asyncio.sleep(self._options.ack_wait_s / 3)
            for message in (*self._held.values(), *pull.unread()):
                await epoch.send(message.reply, b"+WPI")

    def _count(self, outcome: str) -> None:
        _handled.labels(self._durable, outcome).inc()
