"""A minimal SIP phone over UDP: takes calls, echoes RTP, registers, refers, holds.

It stands in for a carrier or a desk phone where a test is about our side only. It keeps one
dialog at a time and never retransmits: loopback loses nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

Address = tuple[str, int]
_HOST = "127.0.0.1"


@dataclass(slots=True)
class _Message:
    first_line: str
    headers: dict[str, list[str]]
    body: str
    source: Address

    def one(self, name: str) -> str:
        return self.headers[name][0]

    @property
    def status(self) -> int:
        return int(self.first_line.split()[1])


@dataclass(slots=True)
class _Dialog:
    local: str
    remote: str
    call_id: str
    target: str
    address: Address
    cseq: int = 100


class _Echo(asyncio.DatagramProtocol):
    """Sends every RTP packet back, so that a call has audio in both directions."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self.transport.sendto(data, addr)


@dataclass(slots=True)
class SipPeer(asyncio.DatagramProtocol):
    """One phone.

    Attributes:
        status: What it answers to an INVITE after ringing; ``None`` rings for ever.
    """

    user: str = "peer"
    password: str = ""
    status: int | None = 200
    port: int = 0
    rtp_port: int = 0
    dialled: list[str] = field(default_factory=list)
    up: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _transport: asyncio.DatagramTransport | None = None
    _dialog: _Dialog | None = None
    _invite: _Message | None = None
    _answers: dict[str, asyncio.Queue[_Message]] = field(default_factory=dict)
    _tag: str = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: Address) -> None:
        message = _parse(data, addr)
        if message is None:
            return
        if message.first_line.startswith("SIP/2.0"):
            waiting = self._answers.get(message.one("cseq"))
            if waiting is not None:
                waiting.put_nowait(message)
            return
        method = message.first_line.split()[0]
        if method == "INVITE":
            self._on_invite(message)
        elif method == "CANCEL":
            self._reply(message, "200 OK")
            if self._invite is not None:
                self._reply(self._invite, "487 Request Terminated")
            self.ended.set()
        elif method == "BYE":
            self._reply(message, "200 OK")
            self.ended.set()
        elif method != "ACK":
            self._reply(message, "200 OK")

    def _on_invite(self, invite: _Message) -> None:
        if "tag=" in invite.one("to"):
            self._reply(invite, "200 OK", self._sdp("sendrecv"))
            return
        known = self._invite
        if known is not None and known.one("call-id") == invite.one("call-id"):
            return  # sent again by who was too busy to read our answers
        self._invite = invite
        self._tag = secrets.token_hex(4)
        self.dialled.append(invite.first_line.split()[1].removeprefix("sip:").split("@")[0])
        self._reply(invite, "100 Trying")
        self._reply(invite, "180 Ringing")
        if self.status == 200:
            self._reply(invite, "200 OK", self._sdp("sendrecv"))
            self._dialog = _Dialog(
                local=f"{invite.one('to')};tag={self._tag}",
                remote=invite.one("from"),
                call_id=invite.one("call-id"),
                target=_uri(invite.one("contact")),
                address=invite.source,
            )
            self.up.set()
        elif self.status is not None:
            self._reply(invite, f"{self.status} No")

    def _reply(self, request: _Message, status: str, body: str = "") -> None:
        to = request.one("to")
        if "tag=" not in to and not status.startswith("100"):
            to += f";tag={self._tag}"
        lines = [f"SIP/2.0 {status}"]
        lines += [f"Via: {via}" for via in request.headers["via"]]
        lines += [f"Record-Route: {each}" for each in request.headers.get("record-route", [])]
        lines += [
            f"From: {request.one('from')}",
            f"To: {to}",
            f"Call-ID: {request.one('call-id')}",
            f"CSeq: {request.one('cseq')}",
            f"Contact: <sip:{self.user}@{_HOST}:{self.port}>",
        ]
        self._send(lines, body, request.source)

    def _send(self, lines: list[str], body: str, to: Address) -> None:
        assert self._transport is not None
        if body:
            lines.append("Content-Type: application/sdp")
        lines.append(f"Content-Length: {len(body)}")
        self._transport.sendto(("\r\n".join(lines) + f"\r\n\r\n{body}").encode(), to)

    def _sdp(self, mode: str) -> str:
        version = secrets.randbelow(10**9)
        return (
            f"v=0\r\no=- 1 {version} IN IP4 {_HOST}\r\ns=-\r\nc=IN IP4 {_HOST}\r\nt=0 0\r\n"
            f"m=audio {self.rtp_port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na={mode}\r\n"
        )

    async def register(self, port: int, *, expires_s: int = 300) -> int:
        """Register at Asterisk's SIP port; return the final status. 0 s takes it back."""
        uri = f"sip:{_HOST}:{port}"
        me = f"<sip:{self.user}@{_HOST}>"
        tag, call_id, proof = secrets.token_hex(4), secrets.token_hex(8), ""
        status = 0
        for cseq in (1, 2):
            answer = await self._ask(
                "REGISTER",
                uri,
                f"{me};tag={tag}",
                me,
                call_id,
                cseq,
                (_HOST, port),
                [f"Expires: {expires_s}", *([proof] if proof else [])],
            )
            status = answer.status
            if status != 401:
                break
            proof = self._proof(answer.one("www-authenticate"), "REGISTER", uri)
        return status

    def _proof(self, challenge: str, method: str, uri: str) -> str:
        given = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))
        secret = _md5(f"{self.user}:{given['realm']}:{self.password}")
        what = _md5(f"{method}:{uri}")
        nonce = given["nonce"]
        response = _md5(f"{secret}:{nonce}:00000001:c:auth:{what}")
        return (
            f'Authorization: Digest username="{self.user}", realm="{given["realm"]}", '
            f'nonce="{nonce}", uri="{uri}", response="{response}", qop=auth, nc=00000001, '
            f'cnonce="c", algorithm=MD5, opaque="{given.get("opaque", "")}"'
        )

    async def hang_up(self) -> int:
        """End the call from the phone's side."""
        return (await self._in_dialog("BYE")).status

    async def hold(self, on: bool) -> int:
        """Put Asterisk on hold with a re-INVITE, or take it off."""
        answer = await self._in_dialog("INVITE", self._sdp("sendonly" if on else "sendrecv"))
        dialog = self._dialog
        assert dialog is not None
        self._send(
            self._request("ACK", dialog.target, dialog.local, dialog.remote,
                          dialog.call_id, dialog.cseq), "", dialog.address,
        )  # fmt: skip
        return answer.status

    async def refer(self, number: str) -> int:
        """Ask Asterisk to connect the other side with ``number`` (blind transfer)."""
        port = self._dialog.address[1] if self._dialog else 0
        return (
            await self._in_dialog(
                "REFER",
                extra=[
                    f"Refer-To: <sip:{number}@{_HOST}:{port}>",
                    f"Referred-By: <sip:{self.user}@{_HOST}>",
                ],
            )
        ).status

    async def _in_dialog(
        self, method: str, body: str = "", extra: list[str] | None = None
    ) -> _Message:
        dialog = self._dialog
        assert dialog is not None, "no call"
        dialog.cseq += 1
        return await self._ask(
            method, dialog.target, dialog.local, dialog.remote, dialog.call_id, dialog.cseq,
            dialog.address, extra or [], body,
        )  # fmt: skip

    def _request(
        self, method: str, uri: str, local: str, remote: str, call_id: str, cseq: int
    ) -> list[str]:
        return [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {_HOST}:{self.port};branch=z9hG4bK{secrets.token_hex(8)};rport",
            "Max-Forwards: 70",
            f"From: {local}",
            f"To: {remote}",
            f"Call-ID: {call_id}",
            f"CSeq: {cseq} {method}",
            f"Contact: <sip:{self.user}@{_HOST}:{self.port}>",
        ]

    async def _ask(
        self,
        method: str,
        uri: str,
        local: str,
        remote: str,
        call_id: str,
        cseq: int,
        to: Address,
        extra: list[str],
        body: str = "",
    ) -> _Message:
        answers = self._answers[f"{cseq} {method}"] = asyncio.Queue()
        self._send(self._request(method, uri, local, remote, call_id, cseq) + extra, body, to)
        async with asyncio.timeout(15):
            while (answer := await answers.get()).status < 200:
                pass
        return answer


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def _uri(header: str) -> str:
    found = re.search(r"<(.*?)>", header)
    return found[1] if found else header


def _parse(data: bytes, source: Address) -> _Message | None:
    head, _, body = data.decode(errors="replace").partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    headers: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers.setdefault(name.strip().lower(), []).append(value.strip())
    return _Message(first, headers, body, source) if "call-id" in headers else None


@asynccontextmanager
async def sip_peer(
    user: str = "peer", *, password: str = "", status: int | None = 200
) -> AsyncIterator[SipPeer]:
    """Open a phone on ports of its own."""
    loop = asyncio.get_running_loop()
    rtp, _ = await loop.create_datagram_endpoint(_Echo, local_addr=(_HOST, 0))
    peer = SipPeer(user, password, status, rtp_port=rtp.get_extra_info("sockname")[1])
    sip, _ = await loop.create_datagram_endpoint(lambda: peer, local_addr=(_HOST, 0))
    try:
        yield peer
    finally:
        sip.close()
        rtp.close()
