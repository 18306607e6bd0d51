"""The side that receives requests: calls to us, and everything inside their dialogs."""

from __future__ import annotations

from dataclasses import replace

from ringway.trainer.core import dtmf, refer, sdp
from ringway.trainer.core.address import NameAddr, Uri
from ringway.trainer.core.call import Call, EndedBy, Stage
from ringway.trainer.core.events import (
    Confirmed,
    Incoming,
    KeyPressed,
    MediaChanged,
    TransferNews,
    q850_of,
)
from ringway.trainer.core.layer import RequestArrived, ServerKey
from ringway.trainer.core.message import Request
from ringway.trainer.core.sdp import Media
from ringway.trainer.core.stack import METHODS, Stack, Verdict
from ringway.trainer.core.transaction import Address

_FAULTS = (sdp.InvalidSdp, sdp.NoCommonCodec)


class CalledSide:
    """Answers requests; works on the shared ``Stack``."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def handle(self, arrived: RequestArrived, at: float) -> None:
        """Take one new request."""
        request, key = arrived.request, arrived.key
        verdict = self._guarded(arrived, at)
        if verdict is not None:
            self._stack.reply(request, key, verdict.status, at, extra=verdict.headers)
            return
        required = request.headers.get("Require")
        if required and request.method not in ("ACK", "CANCEL"):
            self._stack.reply(request, key, 420, at, extra=(("Unsupported", required),))
        elif request.method == "CANCEL":
            self._cancel(request, key, at)
        elif NameAddr.parse(request.headers.get("To")).tag:
            self._inside(request, key, at)
        elif request.method == "INVITE":
            self._invite(request, key, arrived.source)
        elif request.method in ("OPTIONS", "NOTIFY", "MESSAGE", "INFO"):
            self._stack.reply(request, key, 200, at, extra=(("Accept", sdp.CONTENT_TYPE),))
        else:
            status = 481 if request.method in ("BYE", "UPDATE") else 405
            self._stack.reply(request, key, status, at, extra=(("Allow", METHODS),))

    def ring(self, call: Call, at: float, status: int, media: Media | None) -> None:
        """Send a provisional response; with ``media`` it opens early media."""
        if call.stage is not Stage.INCOMING or call.server_key is None:
            return
        described = None
        if media is not None and call.remote is not None:
            try:
                described = call.media = sdp.answer(call.remote, media)
            except sdp.NoCommonCodec:
                self.refuse(call, at, 488)
                return
        self._stack.reply(call.invite, call.server_key, status, at, call=call, media=described)

    def answer(self, call: Call, at: float, media: Media) -> bool:
        """Answer a call; false when it is no longer there to be answered."""
        if call.stage is not Stage.INCOMING or call.server_key is None:
            return False
        try:
            agreed = media if call.remote is None else sdp.answer(call.remote, media)
        except sdp.NoCommonCodec:
            self.refuse(call, at, 488)
            return False
        call.media, call.stage = agreed, Stage.ANSWERED
        call.answer_expected = call.remote is None
        self._stack.reply(call.invite, call.server_key, 200, at, call=call, media=agreed)
        return True

    def refuse(
        self,
        call: Call,
        at: float,
        status: int,
        q850: int | None = None,
        extra: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Refuse a call that is not answered yet."""
        if call.stage is Stage.INCOMING and call.server_key is not None:
            if q850 is not None:
                extra = (("Reason", f"Q.850;cause={q850}"), *extra)
            self._stack.reply(call.invite, call.server_key, status, at, call=call, extra=extra)
            self._stack.end(call, EndedBy.US, status, q850, keep=False)

    def acknowledged(self, request: Request, at: float) -> None:
        """Take the ACK of a 2xx."""
        call = self._find(request)
        if call is None or call.server_key is None:
            return
        number = request.headers.get("CSeq").split(" ")[0]
        if number != call.invite.headers.get("CSeq").split(" ")[0]:
            return
        self._stack.tx.acknowledge(call.server_key, at)
        if call.stage is Stage.ANSWERED:
            call.stage = Stage.CONFIRMED
            self._stack.events.append(Confirmed(call.handle))
        if call.answer_expected and call.stage is Stage.CONFIRMED:
            call.answer_expected = False
            try:
                call.remote = sdp.parse(request.body)
            except sdp.InvalidSdp:
                call.wants_end = True
            else:
                self._stack.events.append(MediaChanged(call.handle, call.media, call.remote))
        if call.wants_end and call.stage is Stage.CONFIRMED:
            self._stack.hang_up(call, at, EndedBy.US)

    def never_acknowledged(self, key: ServerKey, at: float) -> None:
        """A 2xx of ours was not acknowledged: the caller is gone."""
        for call in list(self._stack.calls.values()):
            if call.server_key == key and call.stage in (Stage.ANSWERED, Stage.CONFIRMED):
                self._stack.hang_up(call, at, EndedBy.FAULT, 102)

    def _invite(self, request: Request, key: ServerKey, source: Address) -> None:
        stack = self._stack
        handle = stack.word()
        uri = Uri.parse(request.uri)
        caller = NameAddr.parse(request.headers.get("From"))
        remote, problem = None, ""
        if request.body:
            try:
                remote = sdp.parse(request.body)
            except sdp.InvalidSdp as fault:
                problem = str(fault)
        call = Call(
            handle=handle,
            call_id=request.headers.get("Call-ID"),
            ours=NameAddr.parse(request.headers.get("To")).tagged(handle),
            theirs=caller,
            target=caller.uri,
            peer=source,
            media=Media(stack.local[0], 0),
            stage=Stage.INCOMING,
            invite=request,
            their_cseq=int(request.headers.get("CSeq").split(" ")[0]),
            remote=remote,
            server_key=key,
        )
        call.learn(request, reverse_routes=False)
        stack.calls[handle] = call
        stack.events.append(
            Incoming(
                handle,
                call.call_id,
                uri.user,
                caller.uri.user,
                caller.display,
                remote,
                problem,
                request.headers,
            )
        )

    def _cancel(self, request: Request, key: ServerKey, at: float) -> None:
        invite_key = (key[0], key[1], "INVITE")
        call = next((c for c in self._stack.calls.values() if c.server_key == invite_key), None)
        if call is None:
            self._stack.reply(request, key, 481, at)
            return
        self._stack.reply(request, key, 200, at, call=call)
        if call.stage is Stage.INCOMING:
            self._stack.reply(call.invite, invite_key, 487, at, call=call)
            self._stack.end(call, EndedBy.PEER, 487, q850_of(request), keep=False)

    def _inside(self, request: Request, key: ServerKey, at: float) -> None:
        call = self._find(request)
        if call is None:
            is_news = request.method == "NOTIFY" and self._transfer_news(request)
            self._stack.reply(request, key, 200 if is_news else 481, at)
            return
        number = int(request.headers.get("CSeq").split(" ")[0])
        if number <= call.their_cseq:
            self._stack.reply(request, key, 500, at, call=call)
            return
        call.their_cseq = number
        match request.method:
            case "BYE":
                self._bye(call, request, key, at)
            case "INVITE" | "UPDATE":
                self._renegotiate(call, request, key, at)
            case "OPTIONS" | "INFO" | "NOTIFY" | "MESSAGE":
                self._stack.reply(request, key, 200, at, call=call)
                if request.method == "NOTIFY":
                    self._transfer_news(request)
                elif request.method == "INFO" and (pressed := dtmf.key_of_info(request)):
                    self._stack.events.append(KeyPressed(call.handle, pressed))
            case _:
                self._stack.reply(request, key, 405, at, call=call)

    def _bye(self, call: Call, request: Request, key: ServerKey, at: float) -> None:
        self._stack.reply(request, key, 200, at, call=call)
        if call.stage is Stage.INCOMING and call.server_key is not None:
            self._stack.reply(call.invite, call.server_key, 487, at, call=call)
        elif call.stage is Stage.ANSWERED and call.server_key is not None:
            self._stack.tx.acknowledge(call.server_key, at)
        status = 487 if call.is_early else 200
        self._stack.end(call, EndedBy.PEER, status, q850_of(request), keep=False)

    def _renegotiate(self, call: Call, request: Request, key: ServerKey, at: float) -> None:
        stack = self._stack
        is_invite = request.method == "INVITE"
        unsettled = call.server_key is not None and stack.tx.awaits_ack(call.server_key)
        if call.stage is Stage.ENDED:
            stack.reply(request, key, 481, at, call=call)
            return
        if not is_invite and not request.body:
            call.learn(request, reverse_routes=False)
            stack.reply(request, key, 200, at, call=call)  # a session refresh or a new name
            return
        if call.stage is not Stage.CONFIRMED or call.reoffer is not None or unsettled:
            stack.reply(request, key, 491, at, call=call)
            return
        call.learn(request, reverse_routes=False)
        local = replace(call.media, codecs=Media("", 0).codecs, version=call.media.version + 1)
        if request.body:
            try:
                remote = sdp.parse(request.body)
                call.media, call.remote = sdp.answer(remote, local), remote
            except _FAULTS:
                stack.reply(request, key, 488, at, call=call)
                return
            stack.events.append(MediaChanged(call.handle, call.media, call.remote))
        else:
            call.media, call.answer_expected = replace(local, streams=(), index=0), True
        if is_invite:
            call.invite, call.server_key = request, key
        stack.reply(request, key, 200, at, call=call, media=call.media)

    def _transfer_news(self, request: Request) -> bool:
        handle = NameAddr.parse(request.headers.get("To")).tag
        if self._stack.transfers.get(handle) != request.headers.get("Call-ID"):
            return False
        news = refer.news_of(request)
        if news is not None:
            status, is_last = news
            self._stack.events.append(TransferNews(handle, status, is_last))
            if is_last:
                del self._stack.transfers[handle]
        return True

    def _guarded(self, arrived: RequestArrived, at: float) -> Verdict | None:
        request = arrived.request
        is_outside = not NameAddr.parse(request.headers.get("To")).tag
        if self._stack.guard is None or request.method == "CANCEL" or not is_outside:
            return None
        return self._stack.guard(request, arrived.source, at)

    def _find(self, request: Request) -> Call | None:
        call = self._stack.calls.get(NameAddr.parse(request.headers.get("To")).tag)
        if call is None or call.call_id != request.headers.get("Call-ID"):
            return None
        theirs = NameAddr.parse(request.headers.get("From")).tag
        return call if not call.theirs.tag or call.theirs.tag == theirs else None
