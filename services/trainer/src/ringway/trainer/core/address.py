"""SIP URIs, name-addr headers (From, To, Contact, Route) and Via."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote

from ringway.trainer.core.message import Malformed

Params = tuple[tuple[str, str], ...]
_USER_SAFE = "-_.!~*'()&=+$,;?/"
_HOST_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?")


def _params(text: str) -> Params:
    out = []
    for part in text.split(";"):
        if part.strip():
            name, _, value = part.partition("=")
            out.append((name.strip().lower(), value.strip()))
    return tuple(out)


def _show(params: Params) -> str:
    return "".join(f";{name}={value}" if value else f";{name}" for name, value in params)


def _host_port(text: str) -> tuple[str, int | None]:
    match = _HOST_PORT.fullmatch(text.strip())
    if match is None:
        raise Malformed("invalid host")
    port = int(match[2]) if match[2] else None
    if port is not None and not 0 < port < 65536:
        raise Malformed("invalid port")
    return match[1].strip("[]"), port


def _show_host(host: str, port: int | None) -> str:
    shown = f"[{host}]" if ":" in host else host
    return shown if port is None else f"{shown}:{port}"


@dataclass(frozen=True, slots=True)
class Uri:
    """A ``sip:`` or ``sips:`` URI, or ``tel:`` (then ``host`` is empty)."""

    user: str
    host: str
    port: int | None = None
    params: Params = ()
    scheme: str = "sip"

    @classmethod
    def parse(cls, text: str) -> Uri:
        """Parse a URI; headers after ``?`` are dropped.

        Raises:
            Malformed: The scheme is unknown or the host is invalid.
        """
        scheme, colon, rest = text.strip().partition(":")
        scheme = scheme.lower()
        if not colon or scheme not in ("sip", "sips", "tel"):
            raise Malformed("not a sip or tel URI")
        if scheme == "tel":
            number, _, tail = rest.partition(";")
            return cls(number, "", None, _params(tail), scheme)
        user, at, place = rest.rpartition("@")
        place = place.partition("?")[0]
        location, _, tail = place.partition(";")
        host, port = _host_port(location)
        return cls(unquote(user.partition(":")[0]) if at else "", host, port, _params(tail), scheme)

    def __str__(self) -> str:
        if self.scheme == "tel":
            return f"tel:{self.user}{_show(self.params)}"
        user = f"{quote(self.user, safe=_USER_SAFE)}@" if self.user else ""
        return f"{self.scheme}:{user}{_show_host(self.host, self.port)}{_show(self.params)}"

    @property
    def address(self) -> tuple[str, int]:
        """Where to send, when the host is an address: host and port (5060 when none is named)."""
        return self.host, self.port or 5060


@dataclass(frozen=True, slots=True)
class NameAddr:
    """The value of From, To, Contact or Route."""

    uri: Uri
    display: str = ""
    params: Params = ()

    @classmethod
    def parse(cls, text: str) -> NameAddr:
        """Parse both forms: with and without angle brackets.

        Raises:
            Malformed: Quotes or brackets do not match, or the URI is invalid.
        """
        text = text.strip()
        display = ""
        if text.startswith('"'):
            match = re.match(r'"((?:[^"\\]|\\.)*)"\s*', text)
            if match is None:
                raise Malformed("unfinished quoted name")
            display = re.sub(r"\\(.)", r"\1", match[1])
            text = text[match.end() :]
        elif "<" in text:
            display, _, rest = text.partition("<")
            display, text = display.strip(), "<" + rest
        if text.startswith("<"):
            uri, closing, tail = text[1:].partition(">")
            if not closing:
                raise Malformed("unfinished bracket")
            return cls(Uri.parse(uri), display, _params(tail))
        uri, _, tail = text.partition(";")
        return cls(Uri.parse(uri), display, _params(tail))

    def __str__(self) -> str:
        name = re.sub(r'(["\\])', r"\\\1", self.display)
        return (f'"{name}" ' if name else "") + f"<{self.uri}>{_show(self.params)}"

    @property
    def tag(self) -> str:
        """The dialog tag, or an empty string."""
        return dict(self.params).get("tag", "")

    def tagged(self, tag: str) -> NameAddr:
        """The same address with another tag."""
        others = tuple(item for item in self.params if item[0] != "tag")
        return replace(self, params=(*others, ("tag", tag)))


@dataclass(frozen=True, slots=True)
class Via:
    """One hop of a request's way."""

    host: str
    port: int | None
    params: Params = ()
    transport: str = "UDP"

    @classmethod
    def parse(cls, text: str) -> Via:
        """Parse one Via value.

        Raises:
            Malformed: It is not ``SIP/2.0/<transport> <host>[:port][;params]``.
        """
        protocol, space, rest = text.strip().partition(" ")
        parts = protocol.split("/")
        if not space or len(parts) != 3:
            raise Malformed("invalid Via")
        location, _, tail = rest.strip().partition(";")
        host, port = _host_port(location)
        return cls(host, port, _params(tail), parts[2].upper())

    def __str__(self) -> str:
        return f"SIP/2.0/{self.transport} {_show_host(self.host, self.port)}{_show(self.params)}"

    @property
    def branch(self) -> str:
        """The transaction's branch, or an empty string."""
        return dict(self.params).get("branch", "")

    def stamped(self, source: tuple[str, int]) -> Via:
        """This Via as the receiver writes it back: where the request really came from.

        The port is always noted (as if ``rport`` were asked for): peers here are reached
        through the address they send from.
        """
        others = tuple(item for item in self.params if item[0] not in ("received", "rport"))
        return replace(self, params=(*others, ("received", source[0]), ("rport", str(source[1]))))
