"""All transactions of one UDP endpoint: matching, repeating, expiring."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

from ringway.trainer.core.address import Via
from ringway.trainer.core.message import Message, Request, Response
from ringway.trainer.core.transaction import (
    Address,
    ClientTransaction,
    Outcome,
    Send,
    ServerTransaction,
    TimerValues,
    server_key,
)

ServerKey = tuple[str, str, str]
ClientKey = tuple[str, str]  # branch, method


@dataclass(frozen=True, slots=True)
class RequestArrived:
    """A new request; it is answered through ``key``."""

    request: Request
    source: Address
    key: ServerKey


@dataclass(frozen=True, slots=True)
class AckArrived:
    """The ACK of a 2xx, which belongs to a dialog."""

    request: Request


@dataclass(frozen=True, slots=True)
class ResponseArrived:
    """A response to a request of ours."""

    key: ClientKey
    response: Response


@dataclass(frozen=True, slots=True)
class NobodyAnswered:
    """A request of ours had no final response in time."""

    key: ClientKey


@dataclass(frozen=True, slots=True)
class NeverAcknowledged:
    """Our final answer to an INVITE was not acknowledged in time."""

    key: ServerKey


TransactionEvent = (
    RequestArrived | AckArrived | ResponseArrived | NobodyAnswered | NeverAcknowledged
)


class Transactions:
    """The transaction layer. What is to be sent gathers in ``outbox``."""

    def __init__(self, timers: TimerValues) -> None:
        self.outbox: list[Send] = []
        self.timers = timers
        self._clients: dict[ClientKey, ClientTransaction] = {}
        self._servers: dict[ServerKey, ServerTransaction] = {}
        # Lazy entries: one that no longer tells a transaction's deadline is passed over.
        self._heap: list[tuple[float, int, ClientKey | ServerKey]] = []
        self._count = 0

    @property
    def next_deadline(self) -> float | None:
        """When ``tick`` is due next."""
        while self._heap:
            at, _, key = self._heap[0]
            transaction = self._find(key)
            if transaction is not None and transaction.deadline == at:
                return at
            heapq.heappop(self._heap)
        return None

    def __len__(self) -> int:
        return len(self._clients) + len(self._servers)

    def request(
        self, request: Request, to: Address, at: float, limit_s: float | None = None
    ) -> ClientKey:
        """Send a request whose Via carries a fresh branch; returns the key of its responses.

        Args:
            limit_s: Give up after this long; RFC 3261's 32 s when ``None``.
        """
        key = (Via.parse(request.headers.get("Via")).branch, request.method)
        transaction = ClientTransaction(request, to, self.outbox, self.timers, at, limit_s)
        self._clients[key] = transaction
        self._schedule(key, transaction.deadline)
        return key

    def respond(self, key: ServerKey, response: Response, at: float) -> bool:
        """Answer a request. False when it is already answered, or forgotten."""
        transaction = self._servers.get(key)
        if transaction is None or not transaction.is_open:
            return False
        transaction.respond(response, at)
        self._schedule(key, transaction.deadline)
        return True

    def is_open(self, key: ServerKey) -> bool:
        """Whether a request still waits for its final response."""
        transaction = self._servers.get(key)
        return transaction is not None and transaction.is_open

    def source_of(self, key: ServerKey) -> Address | None:
        """Where a request came from."""
        transaction = self._servers.get(key)
        return None if transaction is None else transaction.source

    def confirm(self, key: ClientKey, ack: Send) -> None:
        """Send the ACK of a 2xx, now and whenever the 2xx comes again."""
        self.outbox.append(ack)
        transaction = self._clients.get(key)
        if transaction is not None:
            transaction.acknowledged_with = ack

    def awaits_ack(self, key: ServerKey) -> bool:
        """Whether an answer to an INVITE is still being repeated."""
        transaction = self._servers.get(key)
        return transaction is not None and transaction.awaits_ack

    def acknowledge(self, key: ServerKey, at: float) -> None:
        """A dialog received the ACK of the 2xx sent through ``key``."""
        transaction = self._servers.get(key)
        if transaction is not None:
            transaction.acknowledge(at)
            self._schedule(key, transaction.deadline)

    def expire_at(self, key: ClientKey, at: float) -> None:
        """Stop waiting for a final response at this moment."""
        transaction = self._clients.get(key)
        if transaction is not None:
            transaction.expire_at(at)
            self._schedule(key, transaction.deadline)

    def receive(self, message: Message, source: Address, at: float) -> TransactionEvent | None:
        """Take a message; returns what the user of the layer must know."""
        if isinstance(message, Response):
            return self._receive_response(message, at)
        key = server_key(message)
        transaction = self._servers.get(key)
        if message.method == "ACK":
            if transaction is None:
                return AckArrived(message)
            transaction.acknowledge(at)
            self._schedule(key, transaction.deadline)
            return None
        if transaction is not None:
            transaction.repeat()
            return None
        self._servers[key] = ServerTransaction(message, source, self.outbox, self.timers)
        return RequestArrived(message, source, key)

    def tick(self, at: float) -> list[TransactionEvent]:
        """Do everything that is due at ``at``."""
        events: list[TransactionEvent] = []
        while (deadline := self.next_deadline) is not None and deadline <= at:
            key = heapq.heappop(self._heap)[2]
            transaction = self._find(key)
            if transaction is None:
                continue
            outcome = transaction.tick(at)
            if transaction.deadline is None:
                self._forget(key)
            else:
                self._schedule(key, transaction.deadline)
            if outcome is Outcome.TIMED_OUT and len(key) == 2:
                events.append(NobodyAnswered(key))
            elif outcome is Outcome.NO_ACK and len(key) == 3:
                events.append(NeverAcknowledged(key))
        return events

    def _receive_response(self, response: Response, at: float) -> ResponseArrived | None:
        method = response.headers.get("CSeq").partition(" ")[2].strip()
        key = (Via.parse(response.headers.get("Via")).branch, method)
        transaction = self._clients.get(key)
        if transaction is None:
            return None
        news = transaction.receive(response, at)
        self._schedule(key, transaction.deadline)
        return None if news is None else ResponseArrived(key, news)

    def _find(self, key: ClientKey | ServerKey) -> ClientTransaction | ServerTransaction | None:
        return self._clients.get(key) if len(key) == 2 else self._servers.get(key)

    def _forget(self, key: ClientKey | ServerKey) -> None:
        if len(key) == 2:
            self._clients.pop(key, None)
        else:
            self._servers.pop(key, None)

    def _schedule(self, key: ClientKey | ServerKey, deadline: float | None) -> None:
        if deadline is not None:
            self._count += 1
            heapq.heappush(self._heap, (deadline, self._count, key))
