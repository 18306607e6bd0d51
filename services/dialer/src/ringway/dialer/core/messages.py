"""What goes into a running campaign (events) and what comes out of it (commands).

``at`` is seconds on the event loop's clock. ``acd_at`` is the ACD's own clock (epoch seconds):
it orders the ACD's presence and its facts among themselves and is compared with nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ringway.proto.dialer import AttemptDisposition, CampaignSpec, CampaignState


class Part(StrEnum):
    """What a campaign cannot dial without."""

    ASTERISK = "Asterisk"
    NODE = "an Asterisk node that is not being drained"
    BUS = "NATS"
    DATABASE = "PostgreSQL"
    LEASE = "the lease"
    ACD = "the ACD"


class Phase(StrEnum):
    """Where one attempt is."""

    CLAIMED = "claimed"  # the lead is ours, nothing was asked of anyone
    BOOKING = "booking"  # precise: an agent is being reserved
    PLACING = "placing"  # Asterisk was asked to originate
    DIALING = "dialing"  # the channel exists
    ANSWERED = "answered"  # the far end answered; on its way to the ACD
    HANDED_OVER = "handed_over"  # the ACD has it
    ABANDONING = "abandoning"  # our message is playing
    CANCELLING = "cancelling"  # we asked for the hang-up before an answer
    SETTLING = "settling"  # the channel is gone; what the ACD did with it is not known yet


# -- events --------------------------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True)
class AgentsSeen:
    """The ACD said how many agents of this campaign are in which state."""

    at: float
    acd_at: float
    ready: int
    reserved: int
    talking: int
    wrap_up: int
    not_ready: int
    waiting: int


@dataclass(frozen=True, slots=True)
class ClaimedLead:
    """A lead that is ours to dial; its attempt row exists."""

    attempt_id: str
    lead_id: str
    attempt_no: int


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
class Answered:
    """The far end answered."""

    at: float
    attempt_id: str


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
    """Everything an earlier process left behind is adopted or settled; counts so far."""

    at: float
    attempts: int
    answered: int
    connected: int
    abandoned: int


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
    | Claimed
    | ClaimFailed
    | AgentBooked
    | BookingRefused
    | Placed
    | NotPlaced
    | Rang
    | Answered
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

# -- commands ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Claim:
    """Claim up to ``count`` due leads and open an attempt for each; answer Claimed."""

    count: int


@dataclass(frozen=True, slots=True)
class GiveBack:
    """The attempt never left us: remove it, the lead is as before."""

    attempt_id: str


@dataclass(frozen=True, slots=True)
class Book:
    """Reserve an agent; ``instead_of``: keep the agent of that attempt for this one."""

    attempt_id: str
    hold_s: float
    instead_of: str | None = None


@dataclass(frozen=True, slots=True)
class Unbook:
    """The agent reserved for this attempt is free again."""

    attempt_id: str


@dataclass(frozen=True, slots=True)
class Originate:
    """Ask Asterisk to call."""

    attempt_id: str


@dataclass(frozen=True, slots=True)
class HandOver:
    """Move the answered customer to the ACD; ``agent_id`` is the one reserved for him."""

    attempt_id: str
    agent_id: str | None


@dataclass(frozen=True, slots=True)
class NoteAnswer:
    """Write down and announce the answer."""

    attempt_id: str


@dataclass(frozen=True, slots=True)
class PlayAbandon:
    """Play the abandonment message to the customer, then hang up."""

    attempt_id: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """Hang up a channel that was not answered yet."""

    attempt_id: str


@dataclass(frozen=True, slots=True)
class LookUp:
    """The channel should be gone by now: look whether it is; answer ChannelGone if so."""

    attempt_id: str


@dataclass(frozen=True, slots=True)
class AskOutcome:
    """Look into the attempt's row for what the ACD said; answer OutcomeKnown if it is there."""

    attempt_id: str


@dataclass(frozen=True, slots=True)
class Close:
    """Write down and announce the end of an attempt; apply the retry rules to its lead."""

    attempt_id: str
    disposition: AttemptDisposition
    cause: int
    tech_cause: int
    agent_id: str | None


@dataclass(frozen=True, slots=True)
class Finish:
    """No lead is due and none will be: the campaign is finished, unless the rows disagree."""


Command = (
    Claim
    | GiveBack
    | Book
    | Unbook
    | Originate
    | HandOver
    | NoteAnswer
    | PlayAbandon
    | HangUp
    | LookUp
    | AskOutcome
    | Close
    | Finish
)
