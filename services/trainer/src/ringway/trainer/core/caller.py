"""The side that sends requests: our calls, re-offers, and what their responses mean."""

from __future__ import annotations

from dataclasses import replace

from ringway.trainer.core import sdp
from ringway.trainer.core.address import NameAddr, Uri
from ringway.trainer.core.call import Call, EndedBy, Stage
from ringway.trainer.core.digest import Authenticator
from ringway.trainer.core.events import Answered, Completed, MediaChanged, Ringing, q850_of
from ringway.trainer.core.layer import ClientKey
from ringway.trainer.core.message import Headers, Malformed, Request, Response
from ringway.trainer.core.sdp import Direction, Media
from ringway.trainer.core.stack import METHODS, Pending, Purpose, Stack
from ringway.trainer.core.transaction import Address

_GONE = (408, 481)  # the other side no longer knows the dialog


class CallerSide:
    """Sends requests and understands responses; works on the shared ``Stack``."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def invite(
        self,
        target: Uri,
        to: Address,
        at: float,
        *,
        ours: NameAddr,
        media: Media,
        auth: Authenticator | None,
        extra: tuple[tuple[str, str], ...],
    ) -> str:
        """Call ``target``; returns the call's handle."""
        stack = self._stack
        handle = stack.word()
        request = Request("INVITE", str(target), Headers(), media.serialise())
        call = Call(
            handle=handle,
            call_id=f"{stack.word()}{stack.word()}",
            ours=ours.tagged(handle),
            theirs=NameAddr(target),
            target=target,
            peer=to,
            media=media,
            stage=Stage.CALLING,
            invite=request,
            cseq=1,
            auth=auth,
        )
        headers = call.headers("INVITE", 1).plus(
            ("Contact", stack.contact(ours.uri.user)),
            ("Allow", METHODS),
            ("User-Agent", stack.name),
            ("Content-Type", sdp.CONTENT_TYPE),
            *extra,
        )
        stack.calls[handle] = call
        pending = Pending(
            Purpose.INVITE, request.with_headers(headers), to, stack.word(), call, auth
        )
        call.client_key = stack.send(pending, at)
        call.invite = pending.request
        return handle

    def cancel(self, call: Call, at: float) -> None:
        """Give up a call nobody answered yet. Before anything was heard it has to wait."""
        call.wants_end = True
        if call.client_key is None or not call.heard:
            return
        headers = [
            item
            for item in call.invite.headers
            if item[0] in ("Via", "Route", "From", "To", "Call-ID", "Max-Forwards")
        ]
        number = call.invite.headers.get("CSeq").split(" ")[0]
        items = [*headers, ("CSeq", f"{number} CANCEL"), ("Reason", f"Q.850;cause={call.end_q850}")]
        request = Request("CANCEL", call.invite.uri, Headers.of(items))
        pending = Pending(Purpose.CANCEL, request, call.peer, self._stack.word(), call)
        key = self._stack.tx.request(request, call.peer, at)
        self._stack.pending[key] = pending
        self._stack.tx.expire_at(call.client_key, at + self._stack.tx.timers.give_up)

    def reoffer(self, call: Call, at: float, direction: Direction) -> str:
        """Offer the same media in another direction (hold, resume); empty when not possible."""
        if call.stage is not Stage.CONFIRMED or call.reoffer is not None:
            return ""
        call.reoffer = replace(
            call.media,
            direction=direction,
            version=call.media.version + 1,
            streams=(),
            index=0,
        )
        return self._stack.in_dialog(call, "INVITE", at, Purpose.REOFFER, media=call.reoffer)

    def response(self, key: ClientKey, response: Response, at: float) -> None:
        """Take a response that is news."""
        pending = self._stack.pending.get(key)
        if pending is None:
            return
        if response.status < 200:
            if pending.purpose is Purpose.INVITE and pending.call is not None:
                self._provisional(pending.call, response, at)
            return
        del self._stack.pending[key]
        if self._tried_again(pending, response, at):
            return
        call = pending.call
        match pending.purpose:
            case Purpose.INVITE if call is not None:
                self._invite_final(call, pending, key, response, at)
            case Purpose.REOFFER if call is not None:
                self._reoffer_final(call, pending, key, response, at)
            case Purpose.BYE if call is not None:
                self._stack.calls.pop(call.handle, None)
            case Purpose.PROBE if call is not None and response.status in _GONE:
                self._stack.lost(call, at, is_certain=True)
            case _:
                pass
        if pending.purpose is not Purpose.INVITE:
            self._stack.events.append(Completed(pending.token, response))

    def nobody_answered(self, key: ClientKey, at: float) -> None:
        """A request of ours timed out."""
        pending = self._stack.pending.pop(key, None)
        if pending is None:
            return
        call = pending.call
        if call is not None:
            match pending.purpose:
                case Purpose.INVITE:
                    by = EndedBy.US if call.wants_end else EndedBy.FAULT
                    self._stack.end(call, by, 408, None, keep=False)
                case Purpose.BYE:
                    self._stack.calls.pop(call.handle, None)
                case Purpose.REOFFER | Purpose.PROBE:
                    self._stack.lost(call, at, is_certain=False)
                case _:
                    pass
        if pending.purpose is not Purpose.INVITE:
            self._stack.events.append(Completed(pending.token, None))

    def _tried_again(self, pending: Pending, response: Response, at: float) -> bool:
        if response.status not in (401, 407) or pending.auth is None:
            return False
        if pending.call is not None and pending.call.wants_end:
            return False
        if not pending.auth.challenged(response, answered=pending.answered_challenge):
            return False
        key = self._stack.send_again(pending, at)
        if pending.purpose is Purpose.INVITE and pending.call is not None:
            pending.call.client_key, pending.call.invite = key, pending.request
            pending.call.heard = False
        return True

    def _provisional(self, call: Call, response: Response, at: float) -> None:
        first, call.heard = not call.heard, True
        if call.wants_end:
            if first:
                self.cancel(call, at)
            return
        if response.status > 100 and call.stage is Stage.CALLING:
            remote = _described(response)
            if remote is not None:
                call.remote = remote
            self._stack.events.append(Ringing(call.handle, response.status, remote))

    def _invite_final(
        self, call: Call, pending: Pending, key: ClientKey, response: Response, at: float
    ) -> None:
        if response.status >= 300:
            by = EndedBy.US if call.wants_end else EndedBy.PEER
            self._stack.end(call, by, response.status, q850_of(response), keep=False)
            return
        call.theirs = NameAddr.parse(response.headers.get("To"))
        call.learn(response, reverse_routes=True)
        self._stack.acknowledge(call, key, pending.request)
        call.stage = Stage.CONFIRMED
        remote = _described(response) or call.remote
        call.remote = remote
        if call.wants_end:
            self._stack.hang_up(call, at, EndedBy.US)
        elif remote is None or not _shared(call.media, remote):
            self._stack.hang_up(call, at, EndedBy.FAULT, 88)  # incompatible destination
        else:
            self._stack.events.append(Answered(call.handle, call.media, remote))

    def _reoffer_final(
        self, call: Call, pending: Pending, key: ClientKey, response: Response, at: float
    ) -> None:
        offered, call.reoffer = call.reoffer, None
        if response.status < 300:
            self._stack.acknowledge(call, key, pending.request)
            remote = _described(response)
            if call.stage is Stage.CONFIRMED and remote is not None and offered is not None:
                call.media, call.remote = offered, remote
                self._stack.events.append(MediaChanged(call.handle, offered, remote))
        elif response.status in _GONE:
            self._stack.lost(call, at, is_certain=True)


def _described(response: Response) -> Media | None:
    if not response.body:
        return None
    try:
        return sdp.parse(response.body)
    except (sdp.InvalidSdp, Malformed):
        return None


def _shared(ours: Media, theirs: Media) -> bool:
    laws = {law for _, law in ours.codecs}
    return any(law in laws for _, law in theirs.codecs)
