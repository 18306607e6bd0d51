"""Events that a floor is told."""

from __future__ import annotations

from dataclasses import dataclass

from ringway.acd.core.records import Profile
from ringway.acd.core.routing import Queue
from ringway.proto.acd import HungUpBy, LegMode
from ringway.proto.acd_choice import ChosenBy


@dataclass(frozen=True, slots=True)
class CampaignSet:
    at: float
    campaign_id: str
    agent_ids: frozenset[str]
    limit_s: float
    wrap_up_s: float
    message: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CampaignGone:
    """Nobody speaks of the campaign any more."""

    at: float
    campaign_id: str


@dataclass(frozen=True, slots=True)
class QueueSet:
    """A queue was created or changed. ``wrap_up_s``: 0 none, ``None`` until released."""

    at: float
    queue: Queue
    ring_timeout_s: float = 15.0
    wrap_up_s: float | None = 30.0


@dataclass(frozen=True, slots=True)
class QueueGone:
    """A queue was deleted; who waits in it overflows with the reason ``closed``."""

    at: float
    queue_id: str


@dataclass(frozen=True, slots=True)
class ProfileSet:
    at: float
    agent_id: str
    profile: Profile


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
class CampaignsChosen:
    """Whose calls the agent is to have from the next one on; ``None``: all that he serves."""

    at: float
    agent_id: str
    campaign_ids: frozenset[str] | None
    by: ChosenBy = ChosenBy.AGENT


@dataclass(frozen=True, slots=True)
class ChoiceRequired:
    """Whether an agent who has chosen no campaign serves none, or all that are his."""

    at: float
    is_required: bool


@dataclass(frozen=True, slots=True)
class DoNotDisturb:
    at: float
    agent_id: str
    on: bool


@dataclass(frozen=True, slots=True)
class LegLost:
    """The agent's phone left. ``node_lost``: Asterisk went away, nobody hung up."""

    at: float
    agent_id: str
    node_lost: bool = False


@dataclass(frozen=True, slots=True)
class Arrived:
    """A live customer of a campaign, who answered at ``answered_at``, needs an agent."""

    at: float
    interaction_id: str
    campaign_id: str
    attempt_id: str
    answered_at: float


@dataclass(frozen=True, slots=True)
class Enqueued:
    """A customer is to wait in a queue: for the first time, or sent on by an agent.

    ``since`` is when his waiting began, so that an overflow or a callback keeps his place. A
    ``priority``, ``vip`` or ``value_grade`` of None stays what it was for him before.
    """

    at: float
    interaction_id: str
    queue_id: str
    since: float
    answered_at: float | None = None
    priority: int | None = None
    vip: bool | None = None
    value_grade: int | None = None
    preferred_agent_id: str | None = None
    prefer_s: float = 0.0
    excluded: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LeftQueue:
    """The caller waits no more but is still there: callback, voicemail, another place."""

    at: float
    interaction_id: str


@dataclass(frozen=True, slots=True)
class CustomerGone:
    at: float
    interaction_id: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """The agent took the offer: his phone was answered, or he pressed the key."""

    at: float
    interaction_id: str
    agent_id: str


@dataclass(frozen=True, slots=True)
class Bridged:
    at: float
    interaction_id: str


@dataclass(frozen=True, slots=True)
class OfferFailed:
    """The agent could not be joined.

    ``rona``: his phone rang and he did not answer. ``interrupted``: we stopped ringing it; he may
    be offered to the customer again at once.
    """

    at: float
    interaction_id: str
    agent_id: str
    rona: bool = False
    declined: bool = False
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class HoldChanged:
    """The agent put his customer on hold, or took him back."""

    at: float
    interaction_id: str
    on: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """Take an agent for a call that no queue routes: consulted, dialing, picking up, recalled.

    Raises AgentBusy unless he is ready or not ready (``force``: whoever asks is himself).
    """

    at: float
    agent_id: str
    interaction_id: str
    own_wish: bool = False  # his own doing: do-not-disturb does not count


@dataclass(frozen=True, slots=True)
class Unclaim:
    """The claimed agent's phone did not come."""

    at: float
    agent_id: str
    interaction_id: str


@dataclass(frozen=True, slots=True)
class Joined:
    """A claimed agent talks in the interaction. ``owns``: he is credited from now on."""

    at: float
    interaction_id: str
    agent_id: str
    owns: bool = False
    wrap_up_s: float | None = 0.0  # of a call that is neither a queue's nor a campaign's


@dataclass(frozen=True, slots=True)
class OwnerChanged:
    """Another agent of the talk is credited from now on; ``None``: nobody of ours."""

    at: float
    interaction_id: str
    agent_id: str | None


@dataclass(frozen=True, slots=True)
class AgentLeft:
    """An agent's part in a talk that goes on is over. The owner first gives it to another."""

    at: float
    interaction_id: str
    agent_id: str


@dataclass(frozen=True, slots=True)
class WrapUpDone:
    at: float
    agent_id: str
    interaction_id: str
    disposition: str = ""


@dataclass(frozen=True, slots=True)
class HangUpAsked:
    """End the agent's talk. ``by`` the system: for everybody who is part of it."""

    at: float
    agent_id: str
    by: HungUpBy = HungUpBy.AGENT


@dataclass(frozen=True, slots=True)
class Reserve:
    at: float
    campaign_id: str
    attempt_id: str
    hold_s: float
    agent_id: str | None = None  # nobody else
    excluded: frozenset[str] = frozenset()


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
    | QueueSet
    | QueueGone
    | ProfileSet
    | SignedIn
    | SignOut
    | Chose
    | CampaignsChosen
    | ChoiceRequired
    | DoNotDisturb
    | LegLost
    | Arrived
    | Enqueued
    | LeftQueue
    | CustomerGone
    | Accepted
    | Bridged
    | OfferFailed
    | HoldChanged
    | Claim
    | Unclaim
    | Joined
    | OwnerChanged
    | AgentLeft
    | WrapUpDone
    | HangUpAsked
    | Reserve
    | Release
    | Tick
)
