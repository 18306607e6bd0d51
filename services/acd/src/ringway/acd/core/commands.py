"""What a floor decides: things to do, and things to tell."""

from __future__ import annotations

from dataclasses import dataclass

from ringway.proto.acd import AgentState, HungUpBy
from ringway.proto.acd_choice import ChosenBy


@dataclass(frozen=True, slots=True)
class Connect:
    """Join the customer to the agent's leg, which is up."""

    interaction_id: str
    agent_id: str


@dataclass(frozen=True, slots=True)
class Ring:
    """Call the agent's phone and report Accepted when he answers; give up after ``timeout_s``."""

    interaction_id: str
    agent_id: str
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Show:
    """Offer the call to an agent whose nailed-up phone is up: he takes it with a key."""

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
class AgentLost:
    """An agent's phone left a talk: see whether the others go on (the talk decides)."""

    interaction_id: str
    agent_id: str


@dataclass(frozen=True, slots=True)
class Overflow:
    """The queue gives the call up; ``reason``: full, timeout, no_agents, closed."""

    at: float
    interaction_id: str
    queue_id: str
    reason: str
    waited_s: float


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
class ChoiceChanged:
    """A signed-in agent works on other campaigns now; ``None``: all that he serves."""

    at: float
    agent_id: str
    session_id: str
    campaign_ids: frozenset[str] | None
    by: ChosenBy


@dataclass(frozen=True, slots=True)
class Queued:
    at: float
    interaction_id: str


@dataclass(frozen=True, slots=True)
class OfferEnded:
    """An offer came to nothing; ``outcome``: no_answer, declined, phone_lost, withdrawn."""

    at: float
    interaction_id: str
    agent_id: str
    outcome: str
    rang_s: float


@dataclass(frozen=True, slots=True)
class Connected:
    at: float
    interaction_id: str
    agent_id: str
    wait_s: float
    segment: int = 1


@dataclass(frozen=True, slots=True)
class Abandoned:
    """Nobody was there. ``by_limit``: play the tenant's message now, then hang up."""

    at: float
    interaction_id: str
    waited_s: float
    by_limit: bool
    queue_id: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    at: float
    interaction_id: str
    agent_id: str
    held_s: float


@dataclass(frozen=True, slots=True)
class Disconnected:
    at: float
    interaction_id: str
    agent_id: str
    connected_at: float
    hung_up_by: HungUpBy
    segment: int = 1
    is_last: bool = True
    held_s: float = 0.0
    queue_id: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """The customer has gone, and no agent had him last. ``segments``: talks before."""

    at: float
    interaction_id: str
    waited_s: float
    queue_id: str = ""
    segments: int = 0


@dataclass(frozen=True, slots=True)
class Ended:
    at: float
    interaction_id: str
    agent_id: str
    wrap_up_s: float
    disposition: str
    segment: int = 1
    is_last: bool = True


Command = (
    Connect
    | Ring
    | Show
    | Withdraw
    | HangUpCustomer
    | HangUpLeg
    | RecallLeg
    | AgentLost
    | Overflow
    | StateChanged
    | ChoiceChanged
    | Queued
    | OfferEnded
    | Connected
    | Abandoned
    | Held
    | Disconnected
    | Finished
    | Ended
)
