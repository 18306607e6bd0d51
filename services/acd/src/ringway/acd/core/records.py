"""Records of one tenant's floor.

Times named ``at`` are seconds of one monotonic origin; the runner maps them to moments.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ringway.proto.acd import AgentState, HungUpBy, LegMode


class AgentBusy(Exception):
    """The agent cannot be taken for a call now; the text says why."""


class NoAgentReady(Exception):
    """Nobody of the campaign is ready to be reserved."""


class CallState(StrEnum):
    """Where an interaction is inside the ACD."""

    WAITING = "waiting"  # in a queue
    OFFERED = "offered"  # phones ring for it, or the connect is on its way
    TALKING = "talking"  # an agent has it; also while he holds or consults
    ELSEWHERE = "elsewhere"  # with nobody of ours: announcement, voicemail, park, outside number
    ABANDONING = "abandoning"  # hears the message, then is hung up
    OVER = "over"  # the customer has gone; somebody's wrap-up is not


@dataclass(slots=True)
class WrapUp:
    """After-call work for one talk."""

    interaction_id: str
    segment: int
    since: float
    is_last: bool


@dataclass(slots=True)
class Agent:
    """One agent. What he chose (``chose_*``) and what we observe (``state``) are separate."""

    agent_id: str
    number: str = ""
    session_id: str = ""
    leg_mode: LegMode = LegMode.NAILED_UP
    auto_answer: bool = True
    has_leg: bool = False
    state: AgentState = AgentState.LOGGED_OUT
    reason: str = ""
    since: float = 0.0
    chose_ready: bool = False
    chose_reason: str = ""
    wants_out: bool = False
    do_not_disturb: bool = False
    interaction_id: str | None = None
    attempt_id: str | None = None  # reserved for this attempt
    attempt_campaign_id: str = ""  # of the latest attempt that he was reserved for
    deadline: float | None = None  # of a reservation or of wrap-up
    idle_since: float = 0.0
    wrap_up: WrapUp | None = None
    chosen: frozenset[str] | None = None  # campaigns that he wants to work on; none: see Desk


@dataclass(slots=True)
class Call:
    """One interaction inside the ACD.

    ``agent_id`` is who is credited with the talk, or whose phone is being joined; ``offers``
    maps the agents whose phones ring to when that began. ``wrap_up_s`` is the time of after-call
    work: 0 for none, ``None`` until the agent ends it.
    """

    interaction_id: str
    campaign_id: str = ""
    attempt_id: str = ""
    queue_id: str = ""
    answered_at: float = 0.0
    limit_at: float | None = None
    waiting_since: float = 0.0
    state: CallState = CallState.ELSEWHERE
    agent_id: str | None = None
    offers: dict[str, float] = field(default_factory=dict)
    offer_until: float | None = None
    connected_at: float | None = None
    hung_up_by: HungUpBy | None = None
    wrap_up_s: float | None = 0.0
    segment: int = 0
    held_since: float | None = None
    held_s: float = 0.0
    priority: int = 5
    vip: bool = False
    value_grade: int = 0
    excluded: frozenset[str] = frozenset()
    declined: frozenset[str] = frozenset()  # in this queue: others come first
    members: set[str] = field(default_factory=set)  # every agent who is part of the talk
    claimed: set[str] = field(default_factory=set)  # agents whose phones are called for it
    wrap_ups: int = 0  # how many agents still work on it after their talk


@dataclass(slots=True)
class Campaign:
    """What the ACD knows of a campaign. ``limit_s`` is the abandonment limit."""

    campaign_id: str
    agent_ids: frozenset[str] = frozenset()
    limit_s: float = 2.0
    wrap_up_s: float = 30.0
    message: tuple[str, ...] = ()  # sounds for who is abandoned; empty: everybody's


@dataclass(frozen=True, slots=True)
class Profile:
    """How an agent is used: his skills, and whether a nailed-up phone is joined without a key."""

    skills: Mapping[str, int] = field(default_factory=dict)
    auto_answer: bool = True


@dataclass(frozen=True, slots=True)
class Counts:
    """Agents of one campaign by state, and customers that wait."""

    ready: int = 0
    reserved: int = 0
    talking: int = 0
    wrap_up: int = 0
    not_ready: int = 0
    waiting: int = 0


@dataclass(slots=True)
class Restored:
    """A floor as the last snapshot had it."""

    campaigns: list[Campaign] = field(default_factory=list)
    agents: list[Agent] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
