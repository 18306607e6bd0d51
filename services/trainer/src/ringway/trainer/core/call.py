"""One call's dialog (RFC 3261 section 12): its identity, its route, its sequence numbers."""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from ringway.trainer.core.address import NameAddr, Uri
from ringway.trainer.core.digest import Authenticator
from ringway.trainer.core.layer import ClientKey, ServerKey
from ringway.trainer.core.message import Headers, Malformed, Message, Request
from ringway.trainer.core.sdp import Media
from ringway.trainer.core.transaction import Address


class Stage(StrEnum):
    """How far a call is."""

    CALLING = "calling"  # ours, nothing final heard
    INCOMING = "incoming"  # theirs, not answered yet
    ANSWERED = "answered"  # theirs, our 2xx is not acknowledged yet
    CONFIRMED = "confirmed"
    ENDED = "ended"


class EndedBy(StrEnum):
    """Which side ended a call."""

    US = "us"
    PEER = "peer"
    FAULT = "fault"  # nobody: an exchange timed out or went wrong


@dataclass(slots=True)
class Call:
    """The state of one call. ``handle`` is our tag and names the call inside this process."""

    handle: str
    call_id: str
    ours: NameAddr
    theirs: NameAddr
    target: Uri
    peer: Address  # where requests go when neither route nor target is an address
    media: Media
    stage: Stage
    invite: Request
    cseq: int = 0
    their_cseq: int = -1
    routes: tuple[str, ...] = ()
    remote: Media | None = None
    server_key: ServerKey | None = None  # their INVITE that is being, or was, answered
    client_key: ClientKey | None = None  # our INVITE
    auth: Authenticator | None = None
    heard: bool = False  # a response to our INVITE arrived: it may be cancelled
    wants_end: bool = False  # hang up as soon as the protocol allows it
    end_q850: int = 16
    reoffer: Media | None = None  # our description in a re-INVITE that is under way
    answer_expected: bool = False  # our 2xx carried an offer; the ACK brings the answer

    @property
    def is_early(self) -> bool:
        """Whether nothing final was said yet."""
        return self.stage in (Stage.CALLING, Stage.INCOMING)

    @property
    def destination(self) -> Address:
        """Where requests inside the dialog are sent."""
        for text in (*self.routes[:1], str(self.target)):
            try:
                uri = NameAddr.parse(text).uri
                ipaddress.ip_address(uri.host)
            except (Malformed, ValueError):
                continue
            return uri.address
        return self.peer

    def learn(self, message: Message, *, reverse_routes: bool) -> None:
        """Take target and route set from the message that creates or refreshes the dialog."""
        contact = message.headers.get("Contact")
        if contact:
            with suppress(Malformed):  # then the old target stays the best there is
                self.target = NameAddr.parse(contact).uri
        if not self.routes:
            routes = message.headers.all("Record-Route")
            self.routes = tuple(reversed(routes)) if reverse_routes else routes

    def headers(self, method: str, cseq: int) -> Headers:
        """The dialog's headers of a request, without Via and Contact."""
        return Headers.of(
            [
                *(("Route", route) for route in self.routes),
                ("From", str(self.ours)),
                ("To", str(self.theirs)),
                ("Call-ID", self.call_id),
                ("CSeq", f"{cseq} {method}"),
                ("Max-Forwards", "70"),
            ]
        )
