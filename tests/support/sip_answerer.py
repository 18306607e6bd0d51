"""The smallest far end of a trunk: refuses or accepts each call by the number that was dialled."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

_SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 9 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)
_REPEATED = ("Via", "From", "To", "Call-ID", "CSeq", "Record-Route")


@dataclass(slots=True)
class SipAnswerer(asyncio.DatagramProtocol):
    """Answers an INVITE with the status that ``statuses`` has for its number, else 200."""

    statuses: Mapping[str, int]
    port: int = 0
    invited: list[str] = field(default_factory=list)
    """Numbers in the order of their first INVITE."""
    _transport: asyncio.DatagramTransport | None = None
    _seen: set[str] = field(default_factory=set)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        text = data.decode(errors="replace")
        method = text.split(" ", 1)[0]
        if method == "INVITE":
            found = re.match(r"INVITE sip:([^@]+)@", text)
            number = found[1] if found else ""
            call = re.search(r"(?im)^Call-ID: *(\S+)", text)
            if call and call[1] not in self._seen:
                self._seen.add(call[1])
                self.invited.append(number)
            status = self.statuses.get(number, 200)
            if status:
                self._reply(text, addr, status)
        elif method in ("BYE", "CANCEL", "OPTIONS"):
            self._reply(text, addr, 200)

    def _reply(self, request: str, addr: tuple[str, int], status: int) -> None:
        headers = []
        for line in request.split("\r\n\r\n", 1)[0].split("\r\n")[1:]:
            if line.split(":", 1)[0] in _REPEATED:
                tag = line.startswith("To:") and ";tag=" not in line
                headers.append(f"{line};tag=far" if tag else line)
        is_answer = status == 200 and request.startswith("INVITE")
        body = _SDP if is_answer else ""
        headers.append(f"Contact: <sip:far@127.0.0.1:{self.port}>")
        headers.append("Content-Type: application/sdp" if body else "Server: far")
        head = "\r\n".join((f"SIP/2.0 {status} Said", *headers, f"Content-Length: {len(body)}"))
        if self._transport is not None:
            self._transport.sendto(f"{head}\r\n\r\n{body}".encode(), addr)


@asynccontextmanager
async def sip_answerer(statuses: Mapping[str, int]) -> AsyncIterator[SipAnswerer]:
    """Listen on a free UDP port of the loopback. Status 0 means: say nothing."""
    loop = asyncio.get_running_loop()
    transport, answerer = await loop.create_datagram_endpoint(
        lambda: SipAnswerer(statuses), local_addr=("127.0.0.1", 0)
    )
    try:
        yield answerer
    finally:
        transport.close()
