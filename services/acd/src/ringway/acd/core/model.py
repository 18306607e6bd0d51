"""Events, commands and records of one tenant's floor.

Times named ``at`` are seconds of one monotonic origin; the runner maps them to moments.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from ringway.proto.acd import AgentState, HungUpBy, LegMode


class CallState(StrEnum):
    """Where an interaction is inside the ACD."""

    WAITING = "waiting"
    OFFERED = "offered"  # a phone rings for it, or the connect is on its way
    TALKING = "talking"
    ABANDONING = "abandoning"  # hears the message, then is hung up
    WRAP_UP = "wrap_up"


# -- records ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class Agent:
    """One agent. What he chose (``chose_*``) and what we observe (``state``) are separate."""

    agent_id: str
    number: str = ""
    session_id: str = ""
    leg_mode: LegMode = LegMode.NAILED_UP
    has_leg: bool = False
    state: AgentState = AgentState.LOGGED_OUT
    reason: str = ""
    since: float = 0.0
    chose_ready: bool = False
    chose_reason: str = ""
    wants_out: bool = False
    interaction_id: str | None = None
    attempt_id: str | None = None  # reserved for this attempt
    deadline: float | None = None  # of a reservation or of wrap-up
    idle_since: float = 0.0


@dataclass(slots=True)
class Call:
    """One interaction inside the ACD."""

    interaction_id: str
    campaign_id: str
    attempt_id: str
    answered_at: float
    limit_at: float
    state: CallState = CallState.WAITING
    agent_id: str | None = None
    offer_until: float | None = None
    connected_at: float | None = None
    hung_up_by: HungUpBy | None = None
    wrap_up_s: float = 0.0
    disconnected_at: float | None = None


@dataclass(slots=True)
class Campaign:
    """What the ACD knows of a campaign. ``limit_s`` is the abandonment limit."""

    campaign_id: str
    agent_ids: frozenset[str] = frozenset()
    limit_s: float = 2.0
    wrap_up_s: float = 30.0


# -- events ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CampaignSet:
    at: float
    campaign_id: str
    agent_ids: frozenset[str]
    limit_s: float
    wrap_up_s: float


@dataclass(frozen=True, slots=True)
class CampaignGone:
    """Nobody speaks of the campaign any more."""

    at: float
    campaign_id: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session began, or its nailed-up leg is up again."""

    at: float
    agent_id: str
    number: str
    session_id: str
    leg_mode: LegMode


@dataclass(frozen=True, slots=True)
class SignOut:
    at: float
    agent_id: str


@dataclass(frozen=True, slots=True)
class Chose:
    """The agent chose ready or not ready."""

    at: float
    agent_id: str
    ready: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LegLost:
    """The agent's phone left. ``node_lost``: Asterisk went away, nobody hung up."""

    at: float
    agent_id: str
    node_lost: bool = False


@dataclass(frozen=True, slots=True)
class Arrived:
    """A live customer, who answered at ``answered_at``, needs an agent."""

    at: float
    interaction_id: str
    campaign_id: str
    attempt_id: str
    answered_at: float


@dataclass(frozen=True, slots=True)
class CustomerGone:
    at: float
    interaction_id: str


@dataclass(frozen=True, slots=True)
class Bridged:
    at: float
    interaction_id: str


@dataclass(frozen=True, slots=True)
class OfferFailed:
    """The agent could not be joined. ``rona``: his phone rang and he did not answer."""

    at: float
    interaction_id: str
    agent_id: str
    rona: bool = False


@dataclass(frozen=True, slots=True)
class WrapUpDone:
    at: float
    agent_id: str
    interaction_id: str
    disposition: str = ""


@dataclass(frozen=True, slots=True)
class HangUpAsked:
    at: float
    agent_id: str


@dataclass(frozen=True, slots=True)
class Reserve:
    at: float
    campaign_id: str
    attempt_id: str
    hold_s: float


@dataclass(frozen=True, slots=True)
class Release:
    at: float
    attempt_id: str
    next_attempt_id: str | None = None
    hold_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Tick:
    at: float


Event = (
    CampaignSet
    | CampaignGone
    | SignedIn
    | SignOut
    | Chose
    | LegLost
    | Arrived
    | CustomerGone
    | Bridged
    | OfferFailed
    | WrapUpDone
    | HangUpAsked
    | Reserve
    | Release
    | Tick
)


# -- commands --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Connect:
    """Join the customer to the agent's nailed-up leg."""

    interaction_id: str
    agent_id: str


@dataclass(frozen=True, slots=True)
class Ring:
    """Call the agent's phone and join him when he answers; give up after ``timeout_s``."""

    interaction_id: str
    agent_id: str
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Stop ringing the agent's phone for this interaction."""

    interaction_id: str
    agent_id: str


@dataclass(frozen=True, slots=True)
class HangUpCustomer:
    interaction_id: str


@dataclass(frozen=True, slots=True)
class HangUpLeg:
    """Hang up the agent's leg: the session is over, or the talk on demand is."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class RecallLeg:
    """Call a nailed-up phone again after the node came back."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class StateChanged:
    at: float
    agent_id: str
    session_id: str
    previous: AgentState
    previous_s: float
    state: AgentState
    reason: str
    interaction_id: str | None


@dataclass(frozen=True, slots=True)
class Queued:
    at: float
    interaction_id: str


@dataclass(frozen=True, slots=True)
class Connected:
    at: float
    interaction_id: str
    agent_id: str
    wait_s: float


@dataclass(frozen=True, slots=True)
class Abandoned:
    """Nobody was there. ``by_limit``: play the tenant's message now, then hang up."""

    at: float
    interaction_id: str
    waited_s: float
    by_limit: bool


@dataclass(frozen=True, slots=True)
class Disconnected:
    at: float
    interaction_id: str
    agent_id: str
    connected_at: float
    hung_up_by: HungUpBy


@dataclass(frozen=True, slots=True)
class Ended:
    at: float
    interaction_id: str
    agent_id: str
    wrap_up_s: float
    disposition: str


Command = (
    Connect
    | Ring
    | Withdraw
    | HangUpCustomer
    | HangUpLeg
    | RecallLeg
    | StateChanged
    | Queued
    | Connected
    | Abandoned
    | Disconnected
    | Ended
)


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
