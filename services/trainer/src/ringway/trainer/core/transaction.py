"""SIP transactions over UDP (RFC 3261 section 17, RFC 6026): what is sent again, and when.

Each transaction puts what is to be sent into ``outbox``. ``deadline`` says when ``tick`` wants
to be called next; ``None`` means never. Times are seconds on the clock of ``at``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ringway.trainer.core.address import Via
from ringway.trainer.core.message import Headers, Request, Response

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Send:
    """A datagram to send."""

    data: bytes
    to: Address


@dataclass(frozen=True, slots=True)
class TimerValues:
    """The base intervals of RFC 3261, table 4."""

    t1: float = 0.5  # estimate of a round trip
    t2: float = 4.0  # longest interval between two sendings
    t4: float = 5.0  # how long a message may live in the network
    ack_limit_s: float | None = None  # how long a 2xx is repeated; ``give_up`` when None

    @property
    def give_up(self) -> float:
        """How long an exchange may take altogether."""
        return 64 * self.t1


class State(StrEnum):
    """Where a transaction is."""

    TRYING = "trying"  # request sent, nothing heard
    PROCEEDING = "proceeding"  # a provisional response was seen
    ACCEPTED = "accepted"  # INVITE: a 2xx was seen; its ACK belongs to the dialog
    COMPLETED = "completed"  # a final response was seen; repeats are answered
    DONE = "done"


class Outcome(StrEnum):
    """What a tick can find out."""

    NOTHING = "nothing"
    TIMED_OUT = "timed_out"  # client: nobody answered in time
    NO_ACK = "no_ack"  # server: the final answer to an INVITE was never acknowledged


class ClientTransaction:
    """One request of ours and the responses to it."""

    def __init__(
        self,
        request: Request,
        to: Address,
        outbox: list[Send],
        timers: TimerValues,
        at: float,
        limit_s: float | None = None,
    ) -> None:
        self.request = request
        self.to = to
        self.state = State.TRYING
        self._outbox = outbox
        self._timers = timers
        self._is_invite = request.method == "INVITE"
        self._send = Send(request.serialise(), to)
        self._interval = timers.t1
        self._next: float | None = at + timers.t1
        self._limit: float | None = at + (timers.give_up if limit_s is None else limit_s)
        self.acknowledged_with: Send | None = (
            None  # what a repeated final response is answered with
        )
        outbox.append(self._send)

    @property
    def deadline(self) -> float | None:
        """When ``tick`` is due."""
        if self.state is State.DONE:
            return None
        times = [value for value in (self._next, self._limit) if value is not None]
        return min(times, default=None)

    def receive(self, response: Response, at: float) -> Response | None:
        """Take a response; returns it when it is news for the user of the transaction."""
        if self.state in (State.COMPLETED, State.ACCEPTED, State.DONE):
            if self.acknowledged_with is not None and response.status >= 200:
                self._outbox.append(self.acknowledged_with)
            return None
        if response.status < 200:
            self.state = State.PROCEEDING
            if self._is_invite:
                self._next = self._limit = None  # it may ring as long as it wants
            else:
                self._interval = self._timers.t2
            return response
        self._next = None
        if not self._is_invite:
            self.state, self._limit = State.COMPLETED, at + self._timers.t4
        elif response.status < 300:
            self.state, self._limit = State.ACCEPTED, at + self._timers.give_up
        else:
            self.state, self._limit = State.COMPLETED, at + self._timers.give_up
            ack = Send(ack_of_refusal(self.request, response).serialise(), self.to)
            self.acknowledged_with = ack
            self._outbox.append(ack)
        return response

    def expire_at(self, at: float) -> None:
        """Give up at this moment when no final response came (after a CANCEL)."""
        if self.state in (State.TRYING, State.PROCEEDING):
            self._limit = at

    def tick(self, at: float) -> Outcome:
        """Do what is due."""
        if self._limit is not None and at >= self._limit:
            unanswered = self.state in (State.TRYING, State.PROCEEDING)
            self.state = State.DONE
            return Outcome.TIMED_OUT if unanswered else Outcome.NOTHING
        if self._next is not None and at >= self._next:
            self._outbox.append(self._send)
            self._interval *= 2
            if not self._is_invite:
                self._interval = min(self._interval, self._timers.t2)
            self._next = at + self._interval
        return Outcome.NOTHING


class ServerTransaction:
    """One request of the other side and our responses to it."""

    def __init__(
        self, request: Request, source: Address, outbox: list[Send], timers: TimerValues
    ) -> None:
        self.request = request
        self.source = source
        self.state = State.TRYING
        self._outbox = outbox
        self._timers = timers
        self._is_invite = request.method == "INVITE"
        self._last: Send | None = None
        self._interval = timers.t1
        self._next: float | None = None
        self._limit: float | None = None

    @property
    def deadline(self) -> float | None:
        """When ``tick`` is due."""
        if self.state is State.DONE:
            return None
        times = [value for value in (self._next, self._limit) if value is not None]
        return min(times, default=None)

    @property
    def is_open(self) -> bool:
        """Whether a final response may still be given."""
        return self.state in (State.TRYING, State.PROCEEDING)

    @property
    def awaits_ack(self) -> bool:
        """Whether the final answer to an INVITE is still being repeated."""
        return self._next is not None

    def repeat(self) -> None:
        """The request came again: so does the last response."""
        if self._last is not None:
            self._outbox.append(self._last)

    def respond(self, response: Response, at: float) -> None:
        """Send a response; one after the final one is ignored."""
        if not self.is_open:
            return
        self._last = Send(response.serialise(), self.source)
        self._outbox.append(self._last)
        if response.status < 200:
            self.state = State.PROCEEDING
            return
        self._limit = at + self._timers.give_up
        if self._is_invite and response.status < 300 and self._timers.ack_limit_s is not None:
            self._limit = at + self._timers.ack_limit_s
        if self._is_invite:
            # A final answer to an INVITE is repeated until it is acknowledged, over UDP also a 2xx.
            self.state = State.ACCEPTED if response.status < 300 else State.COMPLETED
            self._next = at + self._interval
        else:
            self.state = State.COMPLETED

    def acknowledge(self, at: float) -> None:
        """The ACK came: nothing more is repeated; later repeats of the request are absorbed."""
        if self._is_invite and self._next is not None:
            self._next = None
            self._last = None
            self._limit = at + self._timers.give_up

    def tick(self, at: float) -> Outcome:
        """Do what is due."""
        if self._limit is not None and at >= self._limit:
            unacknowledged = self._next is not None
            self.state = State.DONE
            return Outcome.NO_ACK if unacknowledged else Outcome.NOTHING
        if self._next is not None and self._last is not None and at >= self._next:
            self._outbox.append(self._last)
            self._interval = min(self._interval * 2, self._timers.t2)
            self._next = at + self._interval
        return Outcome.NOTHING


def ack_of_refusal(invite: Request, response: Response) -> Request:
    """The ACK of a non-2xx answer: part of the INVITE's own transaction (17.1.1.3)."""
    number = invite.headers.get("CSeq").split(" ")[0]
    kept = [item for item in invite.headers if item[0] in ("From", "Call-ID", "Route")]
    headers = Headers.of(
        [
            ("Via", invite.headers.get("Via")),
            *kept,
            ("To", response.headers.get("To")),
            ("CSeq", f"{number} ACK"),
            ("Max-Forwards", "70"),
        ]
    )
    return Request("ACK", invite.uri, headers)


def server_key(request: Request) -> tuple[str, str, str]:
    """What makes a request the same as an earlier one (17.2.3); an ACK belongs to its INVITE."""
    via = Via.parse(request.headers.get("Via"))
    method = "INVITE" if request.method == "ACK" else request.method
    return f"{via.host}:{via.port or 5060}", via.branch or request.headers.get("Call-ID"), method
