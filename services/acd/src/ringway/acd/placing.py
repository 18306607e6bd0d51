"""One attempt to call an outside number: what is seen of its channel, and what a failure means."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from ringway.runtime.ari import (
    AriDown,
    ChannelDestroyed,
    ChannelHangupRequest,
    ChannelStateChange,
    Dial,
    Event,
    StasisStart,
)

# What a trunk says about itself, not about the number: it wants another password, does not answer,
# or has none of our codecs.
_TRUNKS_OWN_SIP = frozenset({401, 407, 408, 488})
_TRUNKS_OWN_Q850 = frozenset({2, 3, 27, 34, 38, 41, 42, 44, 58})


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a trunk did not carry a call. ``sip_code`` is 0 when the far end said nothing."""

    trunk_id: str
    cause_q850: int
    sip_code: int


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of a call.

    Attributes:
        channel_id: The channel of the last attempt; it lives when the call is answered.
        failures: Every attempt that failed, in order; the last one is why the call did.
    """

    channel_id: str
    trunk_id: str
    is_answered: bool
    cause_q850: int = 0
    sip_code: int = 0
    failures: tuple[Failure, ...] = ()


@dataclass(slots=True)
class Attempt:
    """What is seen of one channel until it is answered or gone.

    ``is_early``: the channel is ours before it is answered. ``is_begun``: Asterisk has been asked
    for all of it.
    """

    channel_id: str
    is_early: bool = False
    is_begun: bool = False
    has_rung: bool = False
    was_hung_up: bool = False  # by the far end; a time-out does not tell so
    entered: asyncio.Event = field(default_factory=asyncio.Event)  # it is ours, or gone
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    end: asyncio.Future[ChannelDestroyed | None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def on_event(self, node: str, event: Event) -> None:
        match event:
            case StasisStart() if self.is_early:
                self.entered.set()
            case StasisStart():
                self._hear()
                self._finish(None)
            case ChannelStateChange() if event.channel.state in ("Ringing", "Up"):
                self._hear()
                if self.is_early and event.channel.state == "Up":
                    self._finish(None)
            case Dial() if event.dialstatus in ("RINGING", "PROGRESS", "ANSWER"):
                self._hear()
            case ChannelHangupRequest():
                self.was_hung_up = True
            case ChannelDestroyed():
                self._finish(event)
                self.entered.set()
                self.heard.set()
            case _:
                pass

    def answered(self) -> None:
        """It was, and the word of it was lost."""
        self._hear()
        self._finish(None)

    def lost(self) -> None:
        """It ended while nobody told us: why is not known, so nobody else is tried."""
        if not self.end.done():
            self.end.set_exception(AriDown("the channel ended while its node was away"))
            self.end.exception()  # whoever waits has it; if nobody does, it is no news

    def _hear(self) -> None:
        self.has_rung = True
        self.heard.set()

    def _finish(self, how: ChannelDestroyed | None) -> None:
        if not self.end.done():
            self.end.set_result(how)


def is_trunks_own(failure: Failure) -> bool:
    """Return whether a failure is about the trunk, so that another one may do better."""
    if failure.sip_code:
        return failure.sip_code in _TRUNKS_OWN_SIP or 500 <= failure.sip_code < 600
    return failure.cause_q850 in _TRUNKS_OWN_Q850


def attempt_id(channel_id: str, n: int) -> str:
    """Return the channel id of the n-th attempt: ``a.x``, ``a~2.x``, ``a~3.x``."""
    if n == 1:
        return channel_id
    stem, dot, kind = channel_id.rpartition(".")
    return f"{stem}~{n}.{kind}" if dot else f"{channel_id}~{n}"
