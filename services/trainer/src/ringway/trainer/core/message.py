"""SIP messages (RFC 3261): parse and serialise, nothing else.

Header names are kept in their canonical long form, comma-separated lists of the headers that
route messages are split into one item each, and folded lines are unfolded. So
``parse(message.serialise()) == message`` for every message built here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

_COMPACT = {
    "v": "Via",
    "f": "From",
    "t": "To",
    "i": "Call-ID",
    "m": "Contact",
    "l": "Content-Length",
    "c": "Content-Type",
    "k": "Supported",
    "e": "Content-Encoding",
    "s": "Subject",
    "o": "Event",
    "r": "Refer-To",
    "b": "Referred-By",
    "u": "Allow-Events",
    "x": "Session-Expires",
}
_IRREGULAR = {
    "call-id": "Call-ID",
    "cseq": "CSeq",
    "www-authenticate": "WWW-Authenticate",
    "mime-version": "MIME-Version",
    "min-se": "Min-SE",
    "rack": "RAck",
    "rseq": "RSeq",
}
_LISTS = frozenset({"Via", "Route", "Record-Route", "Contact", "Reason"})
_MANDATORY = ("Via", "From", "To", "Call-ID", "CSeq")
_VERSION = "SIP/2.0"

REASONS = {
    100: "Trying",
    180: "Ringing",
    183: "Session Progress",
    200: "OK",
    202: "Accepted",
    302: "Moved Temporarily",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    410: "Gone",
    420: "Bad Extension",
    480: "Temporarily Unavailable",
    423: "Interval Too Brief",
    481: "Call/Transaction Does Not Exist",
    484: "Address Incomplete",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    491: "Request Pending",
    500: "Server Internal Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Server Time-out",
    600: "Busy Everywhere",
    603: "Decline",
    604: "Does Not Exist Anywhere",
    606: "Not Acceptable",
    607: "Unwanted",
}


class Malformed(ValueError):
    """What arrived is not a SIP message, or an essential part of it is missing."""


def canonical(name: str) -> str:
    """Return the long, canonically spelt form of a header name."""
    lower = name.strip().lower()
    known = _COMPACT.get(lower) or _IRREGULAR.get(lower)
    return known or "-".join(part.capitalize() for part in lower.split("-"))


@dataclass(frozen=True, slots=True)
class Headers:
    """An ordered list of header fields; names are canonical."""

    items: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, items: Iterable[tuple[str, str]]) -> Headers:
        """Build headers from pairs whose names may be spelt in any way."""
        return cls(tuple((canonical(name), value.strip()) for name, value in items))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.items)

    def get(self, name: str, default: str = "") -> str:
        """The first value of a header, or ``default``."""
        return next((value for key, value in self.items if key == name), default)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a header, in order."""
        return tuple(value for key, value in self.items if key == name)

    def replaced(self, name: str, value: str) -> Headers:
        """Headers in which ``name`` occurs once, in its first place, with ``value``."""
        out: list[tuple[str, str]] = []
        done = False
        for key, old in self.items:
            if key != name:
                out.append((key, old))
            elif not done:
                out.append((key, value))
                done = True
        if not done:
            out.append((name, value))
        return Headers(tuple(out))

    def without(self, *names: str) -> Headers:
        """Headers without those named."""
        return Headers(tuple(item for item in self.items if item[0] not in names))

    def plus(self, *items: tuple[str, str]) -> Headers:
        """Headers with more of them at the end."""
        return Headers(self.items + items)


@dataclass(frozen=True, slots=True)
class Request:
    """A SIP request."""

    method: str
    uri: str
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""

    def serialise(self) -> bytes:
        """The bytes to send; ``Content-Length`` is computed."""
        return _serialise(f"{self.method} {self.uri} {_VERSION}", self.headers, self.body)

    def with_headers(self, headers: Headers) -> Request:
        """The same request with other headers."""
        return replace(self, headers=headers)


@dataclass(frozen=True, slots=True)
class Response:
    """A SIP response."""

    status: int
    reason: str
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""

    def serialise(self) -> bytes:
        """The bytes to send; ``Content-Length`` is computed."""
        return _serialise(f"{_VERSION} {self.status} {self.reason}", self.headers, self.body)


Message = Request | Response


def _serialise(first: str, headers: Headers, body: bytes) -> bytes:
    lines = [first]
    lines += [f"{name}: {value}" for name, value in headers if name != "Content-Length"]
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def parse(data: bytes) -> Message:
    """Parse one datagram.

    Raises:
        Malformed: It is no SIP message, or lacks a header every message must have.
    """
    head, separator, body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
    if not separator:
        raise Malformed("no empty line after the headers")
    lines = _unfold(head.decode("utf-8", "replace").split("\r\n"))
    headers = _headers(lines[1:])
    for name in _MANDATORY:
        if not headers.get(name):
            raise Malformed(f"no {name} header")
    number, _, method = headers.get("CSeq").partition(" ")
    if not (number.isascii() and number.isdigit()) or len(number) > 10 or not method.strip():
        raise Malformed("invalid CSeq")
    body = _sized(headers, body)
    headers = headers.without("Content-Length")
    parts = lines[0].split(" ", 2)
    if len(parts) != 3:
        raise Malformed("invalid first line")
    if parts[0] == _VERSION:
        if not (len(parts[1]) == 3 and parts[1].isascii() and parts[1].isdigit()):
            raise Malformed("invalid status")
        return Response(int(parts[1]), parts[2], headers, body)
    if parts[2] != _VERSION or not parts[0] or not parts[1]:
        raise Malformed("invalid request line")
    if method.strip() != parts[0]:
        raise Malformed("CSeq names another method")
    return Request(parts[0], parts[1], headers, body)


def _unfold(lines: list[str]) -> list[str]:
    out: list[str] = []
    for line in lines:
        if line[:1] in (" ", "\t") and out:
            out[-1] += " " + line.strip()
        else:
            out.append(line)
    return out


def _headers(lines: list[str]) -> Headers:
    items: list[tuple[str, str]] = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise Malformed("a header line without a colon")
        key = canonical(name)
        if key in _LISTS:
            items += [(key, part) for part in split_list(value)]
        else:
            items.append((key, value.strip()))
    return Headers(tuple(items))


def _sized(headers: Headers, body: bytes) -> bytes:
    stated = headers.get("Content-Length")
    if not stated:
        return body
    if not (stated.isascii() and stated.isdigit()) or len(stated) > 9 or int(stated) > len(body):
        raise Malformed("Content-Length does not fit the datagram")
    return body[: int(stated)]


def split_list(value: str) -> list[str]:
    """Split at commas that stand neither in quotes nor in angle brackets."""
    out: list[str] = []
    start = 0
    quoted = bracketed = escaped = False
    for index, char in enumerate(value):
        if escaped:
            escaped = False
        elif quoted:
            escaped = char == "\\"
            quoted = char != '"'
        elif char == '"':
            quoted = True
        elif char in "<>":
            bracketed = char == "<"
        elif char == "," and not bracketed:
            out.append(value[start:index].strip())
            start = index + 1
    out.append(value[start:].strip())
    return [part for part in out if part]
