"""Session descriptions (RFC 4566) and the offer/answer rules (RFC 3264) for one audio stream."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from ringway.trainer.core.g711 import Law

CONTENT_TYPE = "application/sdp"
_STATIC = {0: Law.ULAW, 8: Law.ALAW}
_NAMES = {Law.ULAW: "PCMU", Law.ALAW: "PCMA"}
_DTMF = "telephone-event"


class Direction(StrEnum):
    """Which way audio flows, seen from the one who wrote the description."""

    BOTH = "sendrecv"
    SEND = "sendonly"
    RECEIVE = "recvonly"
    NONE = "inactive"

    @property
    def mirrored(self) -> Direction:
        """The same flow seen from the other side."""
        return {Direction.SEND: Direction.RECEIVE, Direction.RECEIVE: Direction.SEND}.get(
            self, self
        )

    @property
    def hears(self) -> bool:
        """Whether the writer wants to receive audio."""
        return self in (Direction.BOTH, Direction.RECEIVE)


class InvalidSdp(ValueError):
    """The description cannot be understood or has no audio."""


class NoCommonCodec(Exception):
    """The two sides share no codec."""


@dataclass(frozen=True, slots=True)
class Media:
    """One side of an audio stream.

    ``streams`` are the ``m=`` lines of an offer in its order; the one at ``index`` is the audio
    described here. An answer must repeat them all, refused with port 0.
    """

    address: str
    port: int
    codecs: tuple[tuple[int, Law], ...] = ((0, Law.ULAW), (8, Law.ALAW))
    dtmf: int | None = 101
    direction: Direction = Direction.BOTH
    streams: tuple[str, ...] = ()
    index: int = 0
    version: int = 1

    @property
    def wants_audio(self) -> bool:
        """Whether this side is to be sent audio."""
        return self.direction.hears and self.port != 0 and self.address not in ("0.0.0.0", "::")  # noqa: S104

    def serialise(self) -> bytes:
        """The description as a message body."""
        family = "IP6" if ":" in self.address else "IP4"
        lines = [
            "v=0",
            f"o=- {self.port} {self.version} IN {family} {self.address}",
            "s=-",
            f"c=IN {family} {self.address}",
            "t=0 0",
        ]
        for position in range(max(1, len(self.streams))):
            if position == self.index:
                lines += self._audio()
            else:
                kind, _, protocol, formats = self.streams[position].split(" ", 3)
                lines.append(f"m={kind} 0 {protocol} {formats}")
        return ("\r\n".join(lines) + "\r\n").encode()

    def _audio(self) -> list[str]:
        formats = [str(number) for number, _ in self.codecs]
        lines = [f"a=rtpmap:{number} {_NAMES[law]}/8000" for number, law in self.codecs]
        if self.dtmf is not None:
            formats.append(str(self.dtmf))
            lines += [f"a=rtpmap:{self.dtmf} {_DTMF}/8000", f"a=fmtp:{self.dtmf} 0-15"]
        first = f"m=audio {self.port} RTP/AVP {' '.join(formats)}"
        return [first, *lines, "a=ptime:20", f"a={self.direction}"]


def parse(body: bytes) -> Media:
    """Read the first audio stream of a description.

    Raises:
        InvalidSdp: It is no description, has no audio stream, or no address for it.
    """
    lines = [line.strip() for line in body.decode("utf-8", "replace").splitlines() if line.strip()]
    if not lines or lines[0] != "v=0":
        raise InvalidSdp("does not start with v=0")
    sections: list[list[str]] = [[]]
    for line in lines:
        if line.startswith("m="):
            sections.append([])
        sections[-1].append(line)
    streams = tuple(section[0][2:] for section in sections[1:])
    index = next((n for n, stream in enumerate(streams) if stream.startswith("audio ")), None)
    if index is None or any(len(stream.split(" ", 3)) != 4 for stream in streams):
        raise InvalidSdp("no audio stream")
    session, audio = sections[0], sections[1 + index]
    _, port, protocol, formats = streams[index].split(" ", 3)
    port = port.partition("/")[0]
    if not port.isdigit() or int(port) > 65535 or protocol not in ("RTP/AVP", "RTP/AVPF"):
        raise InvalidSdp("unsupported audio stream")
    maps = _rtpmaps(audio)
    codecs: list[tuple[int, Law]] = []
    dtmf: int | None = None
    for text in formats.split():
        if not text.isdigit() or int(text) > 127:
            raise InvalidSdp("invalid payload type")
        number = int(text)
        name = maps.get(number, "")
        law = _STATIC.get(number) if not name else _law(name)
        if law is not None:
            codecs.append((number, law))
        elif name.lower().startswith(f"{_DTMF}/8000"):
            dtmf = number
    return Media(
        address=_connection(audio) or _connection(session) or _missing_address(),
        port=int(port),
        codecs=tuple(codecs),
        dtmf=dtmf,
        direction=_direction(audio) or _direction(session) or Direction.BOTH,
        streams=streams,
        index=index,
    )


def answer(offer: Media, local: Media) -> Media:
    """Answer ``offer`` with the first of its codecs that ``local`` has.

    Raises:
        NoCommonCodec: None is shared.
    """
    laws = {law for _, law in local.codecs}
    common = next((codec for codec in offer.codecs if codec[1] in laws), None)
    if common is None:
        raise NoCommonCodec
    direction = offer.direction.mirrored
    if not local.direction.hears:
        direction = Direction.SEND if offer.wants_audio else Direction.NONE
    return replace(
        local,
        codecs=(common,),
        dtmf=offer.dtmf if local.dtmf is not None else None,
        direction=direction,
        streams=offer.streams,
        index=offer.index,
    )


def _missing_address() -> str:
    raise InvalidSdp("no connection address")


def _rtpmaps(lines: list[str]) -> dict[int, str]:
    found = (re.fullmatch(r"a=rtpmap:(\d{1,3}) (\S+)", line) for line in lines)
    return {int(match[1]): match[2] for match in found if match}


def _law(name: str) -> Law | None:
    return next(
        (law for law, text in _NAMES.items() if name.upper().startswith(f"{text}/8000")), None
    )


def _connection(lines: list[str]) -> str:
    found = (re.fullmatch(r"c=IN IP[46] ([0-9A-Za-z.:_-]+)(?:/\d+)*", line) for line in lines)
    return next((match[1] for match in found if match), "")


def _direction(lines: list[str]) -> Direction | None:
    return next((value for value in Direction if f"a={value}" in lines), None)
