"""What both sides of calls share: identities, replies, requests with authentication, call ends."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from ringway.trainer.core import sdp
from ringway.trainer.core.address import NameAddr, Uri, Via
from ringway.trainer.core.call import Call, EndedBy, Stage
from ringway.trainer.core.digest import Authenticator
from ringway.trainer.core.events import Ended, Event
from ringway.trainer.core.layer import ClientKey, ServerKey, Transactions
from ringway.trainer.core.message import REASONS, Headers, Request, Response
from ringway.trainer.core.sdp import Media
from ringway.trainer.core.transaction import Address, Send

METHODS = "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, INFO, NOTIFY, MESSAGE"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a guard answers a request with, in place of the user agent."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()


# Sees each request outside dialogs first; ``None`` lets it through.
Guard = Callable[[Request, Address, float], Verdict | None]


class Purpose(StrEnum):
    """Why a request was sent."""

    INVITE = "invite"
    REOFFER = "reoffer"
    BYE = "bye"
    CANCEL = "cancel"
    PROBE = "probe"
    OTHER = "other"


@dataclass(slots=True)
class Pending:
    """A request of ours that waits for its final response."""

    purpose: Purpose
    request: Request
    to: Address
    token: str
    call: Call | None = None
    auth: Authenticator | None = None
    limit_s: float | None = None
    answered_challenge: bool = False


@dataclass(slots=True)
class Stack:
    """State and helpers shared by the parts of one user agent."""

    local: Address  # what others reach us at
    tx: Transactions
    rng: random.Random
    name: str = "Ringway trainer"
    user: str = ""
    guard: Guard | None = None
    calls: dict[str, Call] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    pending: dict[ClientKey, Pending] = field(default_factory=dict)
    transfers: dict[str, str] = field(default_factory=dict)  # call to Call-ID: news is expected

    def word(self) -> str:
        """A random word for tags, branches and Call-IDs."""
        return f"{self.rng.getrandbits(64):016x}"

    def contact(self, user: str = "") -> str:
        """Our Contact header."""
        return str(NameAddr(Uri(user or self.user, *self.local)))

    def send(self, pending: Pending, at: float) -> ClientKey:
        """Send a request under a fresh branch, with credentials when a challenge is known."""
        via = str(Via(*self.local, (("branch", f"z9hG4bK{self.word()}"), ("rport", ""))))
        kept = pending.request.headers.without("Via", "Authorization", "Proxy-Authorization")
        items = [("Via", via), *kept]
        if pending.auth is not None:
            header = pending.auth.header(pending.request.method, pending.request.uri)
            if header is not None:
                items.append(header)
                pending.answered_challenge = True
        pending.request = replace(pending.request, headers=Headers(tuple(items)))
        key = self.tx.request(pending.request, pending.to, at, pending.limit_s)
        self.pending[key] = pending
        return key

    def send_again(self, pending: Pending, at: float) -> ClientKey:
        """Send a refused request once more, as a new one with the next sequence number."""
        method = pending.request.method
        number = int(pending.request.headers.get("CSeq").split(" ")[0]) + 1
        if pending.call is not None:
            number = pending.call.cseq = max(number, pending.call.cseq + 1)
        headers = pending.request.headers.replaced("CSeq", f"{number} {method}")
        pending.request = pending.request.with_headers(headers)
        return self.send(pending, at)

    def in_dialog(
        self,
        call: Call,
        method: str,
        at: float,
        purpose: Purpose,
        *,
        media: Media | None = None,
        content: tuple[str, bytes] | None = None,
        extra: tuple[tuple[str, str], ...] = (),
        limit_s: float | None = None,
    ) -> str:
        """Send a request inside a call's dialog; returns the token of its outcome.

        Args:
            media: Described in its body.
            content: Another body: its type and bytes.
        """
        call.cseq += 1
        items = [*extra, ("Contact", self.contact(call.ours.uri.user)), ("User-Agent", self.name)]
        body = b""
        if media is not None:
            items += [("Allow", METHODS), ("Content-Type", sdp.CONTENT_TYPE)]
            body = media.serialise()
        elif content is not None:
            items.append(("Content-Type", content[0]))
            body = content[1]
        headers = call.headers(method, call.cseq).plus(*items)
        request = Request(method, str(call.target), headers, body)
        pending = Pending(purpose, request, call.destination, self.word(), call, call.auth, limit_s)
        self.send(pending, at)
        return pending.token

    def acknowledge(self, call: Call, key: ClientKey, invite: Request) -> None:
        """Send the ACK of a 2xx, with the INVITE's credentials (13.2.2.4)."""
        number = int(invite.headers.get("CSeq").split(" ")[0])
        via = str(Via(*self.local, (("branch", f"z9hG4bK{self.word()}"), ("rport", ""))))
        proof = [
            item for item in invite.headers if item[0] in ("Authorization", "Proxy-Authorization")
        ]
        headers = Headers((("Via", via), *call.headers("ACK", number), *proof))
        ack = Request("ACK", str(call.target), headers)
        self.tx.confirm(key, Send(ack.serialise(), call.destination))

    def reply(
        self,
        request: Request,
        key: ServerKey,
        status: int,
        at: float,
        *,
        call: Call | None = None,
        media: Media | None = None,
        extra: tuple[tuple[str, str], ...] = (),
    ) -> bool:
        """Answer a request. False when it was already answered."""
        vias = request.headers.all("Via")
        stamped = str(Via.parse(vias[0]).stamped(self._source(key)))
        to = NameAddr.parse(request.headers.get("To"))
        if status > 100 and not to.tag:
            to = to.tagged(call.handle if call is not None else self.word())
        items = [("Via", stamped), *(("Via", via) for via in vias[1:])]
        if request.method == "INVITE" and 100 < status < 300:
            items += [("Record-Route", route) for route in request.headers.all("Record-Route")]
        items += [
            ("From", request.headers.get("From")),
            ("To", str(to)),
            ("Call-ID", request.headers.get("Call-ID")),
            ("CSeq", request.headers.get("CSeq")),
            *extra,
        ]
        if status != 100 and not any(name == "Contact" for name, _ in extra):
            user = call.ours.uri.user if call is not None else ""
            items += [("Contact", self.contact(user)), ("Allow", METHODS)]
        items.append(("Server", self.name))
        if media is not None:
            items.append(("Content-Type", sdp.CONTENT_TYPE))
        body = media.serialise() if media is not None else b""
        reason = REASONS.get(status, "Ringway")
        return self.tx.respond(key, Response(status, reason, Headers.of(items), body), at)

    def end(self, call: Call, by: EndedBy, status: int, q850: int | None, *, keep: bool) -> None:
        """Say once that a call is over.

        Args:
            keep: Go on knowing the dialog, because a BYE of ours is under way.
        """
        if call.stage is not Stage.ENDED:
            call.stage = Stage.ENDED
            self.events.append(Ended(call.handle, by, status, q850))
        if not keep:
            self.calls.pop(call.handle, None)

    def hang_up(self, call: Call, at: float, by: EndedBy, q850: int | None = None) -> None:
        """Send BYE and end the call at once; the answer to the BYE changes nothing."""
        cause = call.end_q850 if q850 is None else q850
        reason = (("Reason", f"Q.850;cause={cause}"),)
        self.in_dialog(call, "BYE", at, Purpose.BYE, extra=reason)
        self.end(call, by, 200, cause, keep=True)

    def lost(self, call: Call, at: float, *, is_certain: bool) -> None:
        """The other side no longer knows the call.

        Args:
            is_certain: It said so. Otherwise it kept silent, and a goodbye tells it in case it
                was only slow.
        """
        if call.stage is Stage.INCOMING and call.server_key is not None:
            self.reply(call.invite, call.server_key, 480, at, call=call)
            self.end(call, EndedBy.FAULT, 480, None, keep=False)
        elif call.stage is Stage.CONFIRMED and not is_certain:
            self.hang_up(call, at, EndedBy.FAULT, 102)
        elif call.stage is not Stage.ENDED:
            self.end(call, EndedBy.FAULT, 200, None, keep=False)

    def _source(self, key: ServerKey) -> Address:
        return self.tx.source_of(key) or ("0.0.0.0", 0)  # noqa: S104
