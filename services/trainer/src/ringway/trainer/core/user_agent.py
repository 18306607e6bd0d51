"""A SIP user agent without IO: calls both ways, and requests outside calls.

Every method returns the effects, in order: datagrams to send, then events for the owner.
Commands that come too late (the call just ended) have no effect: that race is normal.
"""

from __future__ import annotations

import random

from ringway.trainer.core import refer
from ringway.trainer.core.address import NameAddr, Uri
from ringway.trainer.core.call import EndedBy, Stage
from ringway.trainer.core.called import CalledSide
from ringway.trainer.core.caller import CallerSide
from ringway.trainer.core.digest import Authenticator
from ringway.trainer.core.events import Effect
from ringway.trainer.core.layer import (
    AckArrived,
    NeverAcknowledged,
    NobodyAnswered,
    RequestArrived,
    ResponseArrived,
    TransactionEvent,
    Transactions,
)
from ringway.trainer.core.message import Headers, Malformed, Request, parse
from ringway.trainer.core.sdp import Direction, Media
from ringway.trainer.core.stack import Guard, Pending, Purpose, Stack
from ringway.trainer.core.transaction import Address, TimerValues


class UserAgent:
    """One SIP endpoint.

    Args:
        local: The address others reach this endpoint at; written into Via and Contact.
        user: The user part of our Contact.
        rng: Source of tags, branches and Call-IDs.
        timers: The base intervals of retransmission.
        guard: Sees each request outside dialogs first, and may answer it.
    """

    def __init__(
        self,
        local: Address,
        *,
        user: str = "",
        rng: random.Random | None = None,
        timers: TimerValues | None = None,
        guard: Guard | None = None,
    ) -> None:
        transactions = Transactions(timers or TimerValues())
        self._stack = Stack(local, transactions, rng or random.Random(), user=user, guard=guard)
        self._called = CalledSide(self._stack)
        self._caller = CallerSide(self._stack)
        self.malformed = 0  # datagrams that were no SIP

    @property
    def next_deadline(self) -> float | None:
        """When ``tick`` is due next; ``None`` when no timer is needed."""
        return self._stack.tx.next_deadline

    @property
    def open_calls(self) -> int:
        """Calls that have not ended."""
        return sum(call.stage is not Stage.ENDED for call in self._stack.calls.values())

    @property
    def is_idle(self) -> bool:
        """Whether nothing is remembered any more (all calls over, all repeats absorbed)."""
        return not self._stack.calls and not len(self._stack.tx) and not self._stack.pending

    # -- the network ------------------------------------------------------------------------------

    def receive(self, data: bytes, source: Address, at: float) -> list[Effect]:
        """Take one datagram."""
        if not data.strip(b"\r\n\0"):
            return []  # a keep-alive
        try:
            message = parse(data)
            for name in ("From", "To"):
                NameAddr.parse(message.headers.get(name))
            event = self._stack.tx.receive(message, source, at)
            if event is not None:
                self._handle(event, at)
        except Malformed:
            self.malformed += 1
        return self._effects()

    def tick(self, at: float) -> list[Effect]:
        """Do what is due: repeat, give up, forget."""
        for event in self._stack.tx.tick(at):
            self._handle(event, at)
        return self._effects()

    # -- calls to us ------------------------------------------------------------------------------

    def ring(
        self, call: str, at: float, status: int = 180, media: Media | None = None
    ) -> list[Effect]:
        """Send a provisional response (100, 180, or 183 with early media)."""
        found = self._stack.calls.get(call)
        if found is not None:
            self._called.ring(found, at, status, media)
        return self._effects()

    def answer(self, call: str, at: float, media: Media) -> list[Effect]:
        """Answer a call; ``media`` says where we listen."""
        found = self._stack.calls.get(call)
        if found is not None:
            self._called.answer(found, at, media)
        return self._effects()

    def refuse(
        self,
        call: str,
        at: float,
        status: int,
        q850: int | None = None,
        extra: tuple[tuple[str, str], ...] = (),
    ) -> list[Effect]:
        """Refuse a call that is not answered yet; ``q850`` is told in a Reason header."""
        found = self._stack.calls.get(call)
        if found is not None:
            self._called.refuse(found, at, status, q850, extra)
        return self._effects()

    # -- calls of ours ----------------------------------------------------------------------------

    def invite(
        self,
        target: Uri,
        to: Address,
        at: float,
        *,
        ours: NameAddr,
        media: Media,
        auth: Authenticator | None = None,
        extra: tuple[tuple[str, str], ...] = (),
    ) -> tuple[str, list[Effect]]:
        """Call ``target`` through ``to``; returns the call's handle and the effects."""
        handle = self._caller.invite(target, to, at, ours=ours, media=media, auth=auth, extra=extra)
        return handle, self._effects()

    # -- both -------------------------------------------------------------------------------------

    def media_of(self, call: str) -> tuple[Media, Media | None] | None:
        """Our media and theirs, as agreed now; ``None`` for a call that is over."""
        found = self._stack.calls.get(call)
        return None if found is None else (found.media, found.remote)

    def hang_up(self, call: str, at: float, q850: int = 16) -> list[Effect]:
        """End a call in the way its stage needs: BYE, CANCEL, or a refusal."""
        found = self._stack.calls.get(call)
        if found is None:
            return self._effects()
        found.end_q850 = q850
        match found.stage:
            case Stage.INCOMING:
                self._called.refuse(found, at, 480)
            case Stage.CALLING if not found.wants_end:
                self._caller.cancel(found, at)
            case Stage.ANSWERED:
                found.wants_end = True  # not before the ACK (15)
            case Stage.CONFIRMED:
                self._stack.hang_up(found, at, EndedBy.US)
            case _:
                pass
        return self._effects()

    def reoffer(self, call: str, at: float, direction: Direction) -> tuple[str, list[Effect]]:
        """Hold or resume. The token (empty: not possible now) comes back in ``Completed``."""
        found = self._stack.calls.get(call)
        token = "" if found is None else self._caller.reoffer(found, at, direction)
        return token, self._effects()

    def tell(
        self,
        call: str,
        method: str,
        at: float,
        *,
        content: tuple[str, bytes] | None = None,
        extra: tuple[tuple[str, str], ...] = (),
    ) -> tuple[str, list[Effect]]:
        """Send a request (INFO, MESSAGE) inside an answered call.

        The token (empty: not possible now) comes back in ``Completed``.
        """
        found = self._stack.calls.get(call)
        token = ""
        if found is not None and found.stage is Stage.CONFIRMED:
            token = self._stack.in_dialog(
                found, method, at, Purpose.OTHER, content=content, extra=extra
            )
        return token, self._effects()

    def refer(
        self, call: str, at: float, target: str, replaces: str = ""
    ) -> tuple[str, list[Effect]]:
        """Ask the other side to call ``target``, in place of the call ``replaces`` of ours if any.

        The token (empty: not possible now) comes back in ``Completed``; what becomes of it is told
        by ``TransferNews``. An empty ``target`` is the other side of the replaced call.
        """
        found, other = self._stack.calls.get(call), self._stack.calls.get(replaces)
        is_known = not replaces or (other is not None and other.stage is Stage.CONFIRMED)
        if found is None or found.stage is not Stage.CONFIRMED or not is_known:
            return "", self._effects()
        self._stack.transfers[call] = found.call_id
        extra = refer.headers(found, target, other)
        token = self._stack.in_dialog(found, "REFER", at, Purpose.OTHER, extra=extra)
        return token, self._effects()

    def probe(self, call: str, at: float, limit_s: float = 4.0) -> list[Effect]:
        """Ask whether the other side still knows the call; when it does not, the call ends.

        Also a call that still rings here may be asked about: its caller may have died.
        """
        found = self._stack.calls.get(call)
        if found is not None and found.stage in (Stage.INCOMING, Stage.CONFIRMED):
            self._stack.in_dialog(found, "OPTIONS", at, Purpose.PROBE, limit_s=limit_s)
        return self._effects()

    def request(
        self,
        method: str,
        target: Uri,
        to: Address,
        at: float,
        *,
        ours: NameAddr,
        theirs: NameAddr,
        call_id: str,
        cseq: int,
        extra: tuple[tuple[str, str], ...] = (),
        auth: Authenticator | None = None,
        limit_s: float | None = None,
    ) -> tuple[str, list[Effect]]:
        """Send a request outside calls; its token comes back in ``Completed``."""
        stack = self._stack
        headers = Headers.of(
            [
                ("From", str(ours)),
                ("To", str(theirs)),
                ("Call-ID", call_id),
                ("CSeq", f"{cseq} {method}"),
                ("Max-Forwards", "70"),
                ("Contact", stack.contact(ours.uri.user)),
                ("User-Agent", stack.name),
                *extra,
            ]
        )
        message = Request(method, str(target), headers)
        pending = Pending(Purpose.OTHER, message, to, stack.word(), None, auth, limit_s)
        stack.send(pending, at)
        return pending.token, self._effects()

    def _handle(self, event: TransactionEvent, at: float) -> None:
        match event:
            case RequestArrived():
                try:
                    self._called.handle(event, at)
                except Malformed:
                    self.malformed += 1
                    self._stack.reply(event.request, event.key, 400, at)
            case AckArrived(request):
                self._called.acknowledged(request, at)
            case ResponseArrived(key, response):
                self._caller.response(key, response, at)
            case NobodyAnswered(key):
                self._caller.nobody_answered(key, at)
            case NeverAcknowledged(key):
                self._called.never_acknowledged(key, at)

    def _effects(self) -> list[Effect]:
        effects: list[Effect] = [*self._stack.tx.outbox, *self._stack.events]
        self._stack.tx.outbox.clear()
        self._stack.events.clear()
        return effects
