"""What the router is told and what it decides.

Times are seconds of one monotonic origin, as floats.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise


class Strategy(StrEnum):
    """How a queue picks among the fit agents who are ready when an interaction comes."""

    LONGEST_IDLE = "longest_idle"
    ROUND_ROBIN = "round_robin"  # whose last offer of this queue is longest ago
    LEAST_CALLS = "least_calls"  # of all queues, as told by ``Router.note_talk``
    FEWEST_SECONDS = "fewest_seconds"  # likewise
    RING_ALL = "ring_all"
    LINEAR = "linear"  # always the first of the queue's list who is ready


class OverflowReason(StrEnum):
    """Why an interaction leaves its queue without an agent."""

    FULL = "full"
    TIMEOUT = "timeout"
    NO_AGENTS = "no_agents"


class QueueInUse(Exception):
    """The queue cannot be removed while interactions wait in it."""

    def __init__(self, queue_id: str) -> None:
        super().__init__(f"interactions wait in queue {queue_id}")
        self.queue_id = queue_id


@dataclass(frozen=True, slots=True)
class SkillNeed:
    """An agent fits when his level of the skill is at least ``level``.

    Raises:
        ValueError: ``level`` is not in 1..10.
    """

    skill_id: str
    level: int

    def __post_init__(self) -> None:
        _check_range("level", self.level, 1, 10)


@dataclass(frozen=True, slots=True)
class Ring:
    """From ``after_s`` of waiting on these needs hold instead of the earlier ring's."""

    after_s: float
    needs: tuple[SkillNeed, ...]


@dataclass(frozen=True, slots=True)
class Queue:
    """One queue's rules.

    Args:
        agent_ids: Its agents in order; ``None``: every agent whose skills fit.
        rings: The first has ``after_s`` 0, the others follow ascending.
        priority: Of the queue against other queues of the same agents, 1..10.
        max_waiting: With that many here, a newcomer who would have to wait overflows.
        max_wait_s: From entering this queue; then it overflows. An open offer is not cut short:
            the overflow comes when it fails.
        leave_when_empty: Overflow as soon as nobody signed in could ever serve the interaction.

    Raises:
        ValueError: The rings are not as described, or a number is out of its range.
    """

    queue_id: str
    agent_ids: tuple[str, ...] | None = None
    rings: tuple[Ring, ...] = (Ring(0.0, ()),)
    strategy: Strategy = Strategy.LONGEST_IDLE
    priority: int = 5
    max_waiting: int | None = None
    max_wait_s: float | None = None
    leave_when_empty: bool = False

    def __post_init__(self) -> None:
        _check_range("priority", self.priority, 1, 10)
        if not self.rings or self.rings[0].after_s != 0:
            raise ValueError("the first ring begins at 0 s")
        if not all(a.after_s < b.after_s for a, b in pairwise(self.rings)):
            raise ValueError("rings are in ascending order of after_s")
        if self.max_waiting is not None and self.max_waiting < 0:
            raise ValueError("max_waiting is not negative")
        if self.max_wait_s is not None and not self.max_wait_s >= 0:
            raise ValueError("max_wait_s is not negative")


@dataclass(frozen=True, slots=True)
class Waiting:
    """An interaction that wants an agent.

    Args:
        since: When its waiting began: it keeps this over another queue, a callback and a restart.
            Place in line and widening count from here.
        priority: 1..10. value_grade: 0..5.
        preferred_agent_id: Until ``prefer_until`` only this agent gets it, whatever his skills
            and queues, as long as he is signed in and has not let it ring.
        excluded: Agents who never get it, such as the one who transferred it away.
        queued_at: When it entered this queue, from which ``max_wait_s`` counts; ``None``: at
            ``enqueue``. Only a restart needs it.
        declined: Agents who get it only while nobody else fits it: see ``Router.decline``.

    Raises:
        ValueError: A number is out of its range.
    """

    interaction_id: str
    queue_id: str
    since: float
    priority: int = 5
    vip: bool = False
    value_grade: int = 0
    preferred_agent_id: str | None = None
    prefer_until: float = 0.0
    excluded: frozenset[str] = frozenset()
    queued_at: float | None = None
    declined: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        _check_range("priority", self.priority, 1, 10)
        _check_range("value_grade", self.value_grade, 0, 5)
        if not math.isfinite(self.since):
            raise ValueError("since is finite")


def weight(queue_priority: int, waiting: Waiting) -> int:
    """Return how fast an interaction's claim grows with its waiting time, 1..200.

    ``queue_priority * (priority + value_grade + 5 if vip)``. An ordinary interaction has 25; twice
    the weight counts a second of waiting twice. As every claim grows without limit, nobody starves:
    one of weight ``w`` that waits for ``t`` seconds yields only to those of weight ``v`` that
    arrived at most ``t * (1 - w / v)`` seconds after it.
    """
    return queue_priority * (waiting.priority + waiting.value_grade + 5 * waiting.vip)


# -- decisions -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Offer:
    """Ring these agents. With ring-all, a later offer of the same interaction adds agents."""

    interaction_id: str
    agent_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Stop ringing this agent."""

    interaction_id: str
    agent_id: str


@dataclass(frozen=True, slots=True)
class Overflow:
    """The interaction has left its queue, and the router."""

    interaction_id: str
    reason: OverflowReason


Decision = Offer | Withdraw | Overflow


def _check_range(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} is in {low}..{high}, not {value}")
