"""What comes out of a running campaign, and where its attempts are."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ringway.proto.dialer import AttemptDisposition


class Phase(StrEnum):
    """Where one attempt is."""

    CLAIMED = "claimed"  # the lead is ours, nothing was asked of anyone
    BOOKING = "booking"  # an agent is being reserved
    PREVIEWING = "previewing"  # the reserved agent looks at the lead
    PLACING = "placing"  # Asterisk was asked to originate
    DIALING = "dialing"  # the channel exists
    DETECTING = "detecting"  # answered; the first seconds tell who did
    ANSWERED = "answered"  # a person answered; on the way to the ACD
    HANDED_OVER = "handed_over"  # the ACD has it
    SCRIPT = "script"  # no agents: the person hears the campaign's script
    LEAVING = "leaving"  # a message is left on a machine
    ENDING = "ending"  # we end it, and know what it was
    ABANDONING = "abandoning"  # our message is playing
    CANCELLING = "cancelling"  # we asked for the hang-up before an answer
    SETTLING = "settling"  # the channel is gone; what the ACD did with it is not known yet


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
    """Reserve an agent; ``instead_of``: keep the agent of that attempt for this one.

    ``agent_id``: nobody but him. ``excluded``: none of these, whom another campaign counts on.
    """

    attempt_id: str
    hold_s: float
    instead_of: str | None = None
    agent_id: str | None = None
    excluded: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Unbook:
    """The agent reserved for this attempt is free again."""

    attempt_id: str


@dataclass(frozen=True, slots=True)
class Take:
    """Claim the next due lead, or a given one, for an agent who asked; answer LeadTaken."""

    ask_id: str
    lead_id: str | None


class PreviewEnd(StrEnum):
    """How a preview ended."""

    DIALED = "dialed"  # the agent wanted it, or his time was up
    SKIPPED = "skipped"
    WITHDRAWN = "withdrawn"  # he left, or the campaign may not dial now


@dataclass(frozen=True, slots=True)
class ShowPreview:
    """Show the lead to the agent who is reserved for it; he has ``time_s``."""

    attempt_id: str
    agent_id: str
    time_s: float


@dataclass(frozen=True, slots=True)
class EndPreview:
    """The agent is shown the lead no longer."""

    attempt_id: str
    agent_id: str
    how: PreviewEnd


@dataclass(frozen=True, slots=True)
class Skip:
    """Write down that the lead was skipped, and give it back, due after ``delay_s``."""

    attempt_id: str
    agent_id: str
    reason: str
    delay_s: float


class Refusal(StrEnum):
    """Why an agent does not get what he asked for."""

    NOT_DIALING = "campaign_not_dialing"
    NOT_BY_HAND = "campaign_dials_itself"
    NO_LEAD = "no_lead"
    NOT_READY = "agent_not_ready"
    LINES_BUSY = "lines_busy"
    PREVIEW_OPEN = "preview_open"
    PREVIEW_GONE = "preview_gone"
    PREVIEW_DIALED = "preview_dialed"
    MAY_NOT_SKIP = "preview_skip_not_allowed"


@dataclass(frozen=True, slots=True)
class Told:
    """The answer to an agent: the attempt, or why not."""

    ask_id: str
    refusal: Refusal | None
    attempt_id: str | None = None
    text: str = ""


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
class Listen:
    """Find out by the first seconds of audio who answered; answer Detected, always."""

    attempt_id: str


@dataclass(frozen=True, slots=True)
class ListenEarly:
    """Find out by the sound before the answer what the number is; answer Announced, if ever."""

    attempt_id: str


@dataclass(frozen=True, slots=True)
class LeaveMessage:
    """Leave the campaign's message when the machine's greeting is over, then hang up."""

    attempt_id: str


@dataclass(frozen=True, slots=True)
class RunScript:
    """Play the campaign's script, obey its keys, then hang up; ScriptHeard when it was heard."""

    attempt_id: str


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
    """The campaign is finished, unless the rows disagree.

    ``is_over``: its time is over, whatever leads are left; else no lead is due or will be.
    """

    is_over: bool = False


Command = (
    Claim
    | Take
    | ShowPreview
    | EndPreview
    | Skip
    | Told
    | GiveBack
    | Book
    | Unbook
    | Originate
    | HandOver
    | Listen
    | ListenEarly
    | LeaveMessage
    | RunScript
    | NoteAnswer
    | PlayAbandon
    | HangUp
    | LookUp
    | AskOutcome
    | Close
    | Finish
)
