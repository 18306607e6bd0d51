"""One call that reached the trunk, and what is written about it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from ringway.trainer.core.call import EndedBy
from ringway.trainer.core.events import Ended
from ringway.trainer.core.listening import Listener
from ringway.trainer.core.persona import Plan
from ringway.trainer.journal import iso, tones_heard
from ringway.trainer.media import MediaSession

_ENDED_BY = {EndedBy.US: "customer", EndedBy.PEER: "platform", EndedBy.FAULT: "fault"}


@dataclass(slots=True)
class TrunkCall:
    """A simulated customer's call. Times are seconds on the loop's clock."""

    handle: str
    call_id: str
    number: str
    caller: str
    plan: Plan
    invite_at: float
    ringing_at: float | None = None
    answered_at: float | None = None
    acknowledged_at: float | None = None  # the caller's ACK came: both know of the answer
    ended_at: float | None = None
    ended: Ended | None = None
    ended_by: str = ""  # customer, platform, fault or shutdown
    session: MediaSession | None = None
    over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def listener(self) -> Listener | None:
        """What the customer heard so far."""
        return None if self.session is None else self.session.listener

    @property
    def is_up(self) -> bool:
        """Answered and not over."""
        return self.answered_at is not None and self.ended is None

    def hears(self, hz: float, now: float) -> bool:
        """Whether the customer hears a tone now."""
        return self.listener is not None and self.listener.tones.is_hearing(hz, now_s=now)

    def end(self, ended: Ended, at: float, *, is_shutdown: bool) -> None:
        """The call is over."""
        self.ended, self.ended_at = ended, at
        self.ended_by = _ENDED_BY[ended.by]
        if is_shutdown and ended.by is EndedBy.US:
            self.ended_by = "shutdown"
        self.over.set()

    def arrival(self) -> dict[str, Any]:
        """The line written when the INVITE arrives."""
        return {
            "event": "invite",
            "call_id": self.call_id,
            "number": self.number,
            "from": self.caller,
            "persona": self.plan.persona,
            "invite_at": iso(self.invite_at),
        }

    def summary(self) -> dict[str, Any]:
        """The line written when the call is over."""
        heard, answered = self.listener, self.answered_at
        record = self.arrival() | {
            "event": "end",
            "ringing_at": iso(self.ringing_at),
            "answered_at": iso(answered),
            "acknowledged_at": iso(self.acknowledged_at),
            "ended_at": iso(self.ended_at),
            "ended_by": self.ended_by,
            "final_status": None if self.ended is None else self.ended.status,
            "q850": None if self.ended is None else self.ended.q850,
            "tone_hz": self.plan.tone_hz,
            "rtp_sent": 0 if self.session is None else self.session.talker.sent,
            "rtp_received": 0 if heard is None else heard.packets,
            "rtp_lost": 0 if heard is None else heard.lost,
            "first_rtp_ms": None,
            "first_sound_ms": None,
            "gaps": [],
            "tones_heard": [],
            "dtmf_received": "" if heard is None else heard.keys,
        }
        if heard is not None and answered is not None:
            record |= {
                "first_rtp_ms": _ms(heard.first_at, answered),
                "first_sound_ms": _ms(heard.first_sound_at, answered),
                "gaps": [[round(a - answered, 2), round(b - answered, 2)] for a, b in heard.gaps],
                "tones_heard": tones_heard(heard.tones.spans(), answered),
            }
        return record


def _ms(at: float | None, since: float) -> float | None:
    return None if at is None else round((at - since) * 1000, 1)
