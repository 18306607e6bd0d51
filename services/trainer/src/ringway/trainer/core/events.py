"""What a user agent tells its owner, and the causes of call ends."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ringway.trainer.core.call import EndedBy
from ringway.trainer.core.message import Headers, Message, Response
from ringway.trainer.core.sdp import Media
from ringway.trainer.core.transaction import Send

_Q850 = re.compile(r"Q\.850\b.*?;\s*cause\s*=\s*(\d{1,3})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Incoming:
    """Somebody calls. Answer with ``ring``, ``answer`` or ``refuse``."""

    call: str
    call_id: str
    number: str  # the user part of the request URI
    caller: str  # the user part of From
    caller_name: str
    remote: Media | None
    problem: str = ""  # why its media offer cannot be used; then it can only be refused
    headers: Headers = field(default_factory=Headers)


@dataclass(frozen=True, slots=True)
class Ringing:
    """Our call rings, or has early media."""

    call: str
    status: int
    remote: Media | None


@dataclass(frozen=True, slots=True)
class Answered:
    """Our call was answered; ``remote`` says where to send audio."""

    call: str
    media: Media
    remote: Media


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The caller acknowledged our answer."""

    call: str


@dataclass(frozen=True, slots=True)
class MediaChanged:
    """Both sides agreed on other media (hold, another address, another codec)."""

    call: str
    media: Media
    remote: Media


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """The other side pressed a key and said so in an INFO."""

    call: str
    key: str


@dataclass(frozen=True, slots=True)
class TransferNews:
    """How the transfer we asked for goes (RFC 3515); it may come after the end of the call."""

    call: str
    status: int
    is_last: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """A call is over; said exactly once for each call.

    ``status`` is the final SIP status of its INVITE (200 when it was answered).
    """

    call: str
    by: EndedBy
    status: int
    q850: int | None = None


@dataclass(frozen=True, slots=True)
class Completed:
    """A request outside calls, or a probe, has its final response; ``None``: nobody answered."""

    token: str
    response: Response | None


Event = (
    Incoming
    | Ringing
    | Answered
    | Confirmed
    | MediaChanged
    | KeyPressed
    | TransferNews
    | Ended
    | Completed
)
Effect = Send | Event


def q850_of(message: Message) -> int | None:
    """The Q.850 cause a message's Reason header names (RFC 3326)."""
    for value in message.headers.all("Reason"):
        match = _Q850.search(value)
        if match:
            return int(match[1])
    return None
