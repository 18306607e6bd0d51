"""Ringing calls that have no chance of an agent any more, because callers of queues took them.

Whoever has been rung for long enough may be given up before he answers to nobody. A shorter ring
would be a nuisance of its own, which laws forbid (a phone is let ring for 15 s or more), so such a
call goes on ringing whatever happens.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ringing:
    """One call that is not answered yet and has no agent of its own. ``rang_s``: for how long."""

    attempt_id: str
    rang_s: float


@dataclass(frozen=True, slots=True)
class Floor:
    """Who is there for answered customers, and who goes first.

    Attributes:
        ready: Agents.
        reserved: Agents who are being joined with somebody.
        finishing: Agents in after-call work, of whatever call.
        talking: Agents in a talk, whoever with.
        waiting: Our answered customers who have no agent yet.
        callers: Callers of queues who will take agents as soon as they are free.
        talk_s: The mean talk; None: not known, so everybody may be free in a moment.
        calls_per_agent: How many ringing calls one agent is enough for.
    """

    ready: int
    reserved: int
    finishing: int
    talking: int
    waiting: int
    callers: int
    talk_s: float | None
    calls_per_agent: float

    def expected(self, within_s: float) -> float:
        """How many agents may be there for those who ring, within so many seconds."""
        share = 1.0 if not self.talk_s else min(1.0, max(0.0, within_s) / self.talk_s)
        free = self.ready + self.finishing + self.talking * share
        return max(0.0, free - self.callers - max(0, self.waiting - self.reserved))


def to_give_up(
    ringing: Sequence[Ringing], floor: Floor, *, min_ring_s: float, ring_timeout_s: float
) -> list[str]:
    """Return the calls to hang up: the youngest of those that may be, beyond what agents can take.

    Args:
        min_ring_s: No call that rang for less.
        ring_timeout_s: How long a call rings at most.
    """
    expected = floor.expected(ring_timeout_s - min_ring_s)
    surplus = len(ringing) - math.ceil(expected * max(1.0, floor.calls_per_agent) - 1e-9)
    if surplus <= 0:
        return []
    youngest = sorted(ringing, key=lambda call: call.rang_s)
    return [call.attempt_id for call in youngest if call.rang_s >= min_ring_s][:surplus]
