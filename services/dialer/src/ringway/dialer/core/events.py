"""What goes into a running campaign.

``at`` is seconds on the event loop's clock. ``acd_at`` is the ACD's own clock (epoch seconds):
it orders the ACD's presence and its facts among themselves and is compared with nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ringway.dialer.core.listening.amd import Answerer
from ringway.proto.acd import AgentState
from ringway.proto.dialer import AttemptDisposition, CampaignSpec, CampaignState
from ringway.proto.dialer_spec import NumberState


class Part(StrEnum):
    """What a campaign cannot dial without."""

    ASTERISK = "Asterisk"
    NODE = "an Asterisk node that is not being drained"
    BUS = "NATS"
    DATABASE = "PostgreSQL"
    LEASE = "the lease"
    ACD = "the ACD"


@dataclass(frozen=True, slots=True)
class Configured:
    """The campaign's settings were read or changed."""

    at: float
    spec: CampaignSpec


@dataclass(frozen=True, slots=True)
class Controlled:
    """The campaign was started, paused, stopped or finished."""

    at: float
    state: CampaignState


@dataclass(frozen=True, slots=True)
class Draining:
    """This process wants to end: start nothing new."""

    at: float


@dataclass(frozen=True, slots=True)
class PartChanged:
    """A dependency was lost or is back."""

    at: float
    part: Part
    is_up: bool


class Work(StrEnum):
    """What a busy agent is busy with."""

    OURS = "ours"  # a call of this campaign
    OTHERS = "others"  # a call of another campaign
    INBOUND = "inbound"  # a queue's
    OWN = "own"  # a call that he made, or one with a colleague
    NONE = "none"


@dataclass(frozen=True, slots=True)
class AgentSeen:
    """One signed-in agent of this campaign. ``since`` is on the event loop's clock."""

    agent_id: str
    state: AgentState
    since: float
    leaves: bool = False  # he pauses or signs out after what he is in
    work: Work = Work.NONE


@dataclass(frozen=True, slots=True)
class AgentsSeen:
    """The ACD said how many agents of this campaign are in which state.

    The counts are those that this campaign may use: an agent that several campaigns share counts
    for one of them at a time. ``agents`` are all of the campaign's, those of ``away`` being
    another campaign's at the moment; None: the ACD does not tell single agents.
    """

    at: float
    acd_at: float
    ready: int
    reserved: int
    talking: int
    wrap_up: int
    not_ready: int
    waiting: int
    inbound_waiting: int = 0  # callers who will take agents of ours as soon as they are free
    agents: Mapping[str, AgentSeen] | None = None
    away: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ClockRead:
    """What a wall clock shows at ``at``, in Unix seconds. Repeated: wall clocks are set."""

    at: float
    unix_s: float


@dataclass(frozen=True, slots=True)
class LeadsCounted:
    """How many leads of the campaign's lists are not done."""

    at: float
    left: int


@dataclass(frozen=True, slots=True)
class ClaimedLead:
    """A lead that is ours to dial; its attempt row exists.

    ``agent_id``: a call-back that was promised with this agent.
    """

    attempt_id: str
    lead_id: str
    attempt_no: int
    agent_id: str | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """The answer to Claim. ``next_due_in_s``: until another lead is due; None: none will be."""

    at: float
    leads: tuple[ClaimedLead, ...]
    next_due_in_s: float | None


@dataclass(frozen=True, slots=True)
class ClaimFailed:
    """The claim could not be carried out; nothing was claimed."""

    at: float


@dataclass(frozen=True, slots=True)
class LeadAsked:
    """An agent wants a lead to dial: the next one, or a given one. Answered with Told."""

    at: float
    ask_id: str
    agent_id: str
    lead_id: str | None = None


@dataclass(frozen=True, slots=True)
class LeadTaken:
    """The answer to Take; None: there is no such lead to dial now."""

    at: float
    ask_id: str
    lead: ClaimedLead | None


@dataclass(frozen=True, slots=True)
class PreviewAccepted:
    """The agent wants the lead dialed that he is shown. Answered with Told."""

    at: float
    ask_id: str
    attempt_id: str
    agent_id: str


@dataclass(frozen=True, slots=True)
class PreviewSkipped:
    """The agent does not want the lead dialed that he is shown. Answered with Told."""

    at: float
    ask_id: str
    attempt_id: str
    agent_id: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AgentBooked:
    """An agent is reserved for this attempt."""

    at: float
    attempt_id: str
    agent_id: str


@dataclass(frozen=True, slots=True)
class BookingRefused:
    """No agent could be reserved for this attempt."""

    at: float
    attempt_id: str


@dataclass(frozen=True, slots=True)
class Placed:
    """Asterisk accepted the originate, or shows that the channel exists."""

    at: float
    attempt_id: str


@dataclass(frozen=True, slots=True)
class NotPlaced:
    """The call never left; ``trunk_fault``: because Asterisk could not use the trunk."""

    at: float
    attempt_id: str
    trunk_fault: bool


@dataclass(frozen=True, slots=True)
class Rang:
    """The far end rings or sends early media."""

    at: float
    attempt_id: str


@dataclass(frozen=True, slots=True)
class EarlyMedia:
    """The far end sends sound before it has answered."""

    at: float
    attempt_id: str


@dataclass(frozen=True, slots=True)
class Announced:
    """The network said before the answer what the number is."""

    at: float
    attempt_id: str
    state: NumberState


@dataclass(frozen=True, slots=True)
class Answered:
    """The far end answered."""

    at: float
    attempt_id: str


@dataclass(frozen=True, slots=True)
class Detected:
    """It is known, or given up, who answered. ``spoke_until``: when a person's greeting ended."""

    at: float
    attempt_id: str
    answerer: Answerer
    spoke_until: float | None = None


@dataclass(frozen=True, slots=True)
class ScriptHeard:
    """The person heard the script, or answered it by a key; ``wants_agent``: by that key."""

    at: float
    attempt_id: str
    wants_agent: bool = False


@dataclass(frozen=True, slots=True)
class HandedOver:
    """The channel left our application for the ACD's."""

    at: float
    attempt_id: str


@dataclass(frozen=True, slots=True)
class HandOverFailed:
    """The ACD's application is not there, or nobody holds the tenant's lease."""

    at: float
    attempt_id: str


@dataclass(frozen=True, slots=True)
class Bridged:
    """The customer entered a bridge: somebody talks to him, whatever the bus says."""

    at: float
    attempt_id: str


@dataclass(frozen=True, slots=True)
class ForeignPlayback:
    """Somebody else plays something to the customer: the ACD takes care of him."""

    at: float
    attempt_id: str


@dataclass(frozen=True, slots=True)
class OutcomeKnown:
    """The ACD said what became of an answered call."""

    at: float
    attempt_id: str
    disposition: AttemptDisposition  # connected, abandoned or hung_up_early
    agent_id: str | None = None
    acd_at: float = 0.0


@dataclass(frozen=True, slots=True)
class ChannelGone:
    """The channel was destroyed. ``known`` decides the disposition when nobody watched."""

    at: float
    attempt_id: str
    cause: int
    tech_cause: int
    hangup_requested: bool
    known: AttemptDisposition | None = None


@dataclass(frozen=True, slots=True)
class Adopted:
    """An attempt that an earlier process left open and whose channel is alive.

    ``answered_for_s``: seconds since the answer, None when it still rings.
    ``in_bridge``: somebody talks to the customer. ``was_handed_over``: the ACD has the call.
    """

    at: float
    attempt_id: str
    lead_id: str
    attempt_no: int
    agent_id: str | None
    answered_for_s: float | None
    in_bridge: bool
    was_handed_over: bool
    outcome: AttemptDisposition | None


@dataclass(frozen=True, slots=True)
class Recovered:
    """Everything an earlier process left behind is adopted or settled.

    ``attempts`` to ``abandoned`` count since the campaign was made, ``today`` (dialed, answered,
    abandoned) since the day began in the campaign's zone. ``learned`` is what pacing dumped.
    """

    at: float
    attempts: int
    answered: int
    connected: int
    abandoned: int
    today: tuple[int, int, int] = (0, 0, 0)
    learned: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FinishRefused:
    """Leads are open or were added meanwhile: the campaign is not at its end."""

    at: float


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passed."""

    at: float


Event = (
    Configured
    | Controlled
    | Draining
    | PartChanged
    | AgentsSeen
    | ClockRead
    | LeadsCounted
    | Claimed
    | ClaimFailed
    | LeadAsked
    | LeadTaken
    | PreviewAccepted
    | PreviewSkipped
    | AgentBooked
    | BookingRefused
    | Placed
    | NotPlaced
    | Rang
    | EarlyMedia
    | Announced
    | Answered
    | Detected
    | ScriptHeard
    | HandedOver
    | HandOverFailed
    | Bridged
    | ForeignPlayback
    | OutcomeKnown
    | ChannelGone
    | Adopted
    | Recovered
    | FinishRefused
    | Tick
)
