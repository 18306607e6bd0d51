"""Records, events and commands of one talk."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ringway.proto.acd_calls import PartyRole, PartyState
from ringway.proto.acd_config import Target

CUSTOMER = "customer"  # the customer's leg id in every talk
ON_HOLD = "hold"  # the place where music plays


class NotNow(Exception):
    """The talk's present state does not allow the operation; says why."""


class NotPart(Exception):
    """Who asks is not part of the talk."""


@dataclass(slots=True)
class Party:
    """Somebody of a talk.

    ``home``: the room of an agent's phone, where it stands when it talks with nobody. ``place``:
    the room in which the leg stands, ``ON_HOLD``, or nothing while it rings.
    """

    leg_id: str
    role: PartyRole
    state: PartyState = PartyState.TALKING
    agent_id: str | None = None
    number: str = ""
    home: str | None = None
    is_muted: bool = False
    place: str | None = None


@dataclass(slots=True)
class Consult:
    """One agent asks somebody else.

    ``is_blind``: he does not talk to him first. ``is_handed``: the asker has left, the customer
    waits. ``completes``: the asker leaves when the phone is answered. ``line_id``: the second line
    of the asker's phone, on which he talks while his first hears music.
    """

    leg_id: str
    asker_id: str
    target: Target
    is_blind: bool = False
    is_handed: bool = False
    completes: bool = False
    line_id: str = ""
    answered_at: float | None = None


# -- events ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """An agent of the talk asks something. ``at``: seconds of the floor's clock."""

    at: float
    by: str


@dataclass(frozen=True, slots=True)
class HoldAsked(Asked):
    pass


@dataclass(frozen=True, slots=True)
class ResumeAsked(Asked):
    pass


@dataclass(frozen=True, slots=True)
class MuteAsked(Asked):
    muted: bool


@dataclass(frozen=True, slots=True)
class ConsultAsked(Asked):
    """``agent_id`` when the target is an agent, else the ``number`` to be called."""

    target: Target
    agent_id: str | None = None
    number: str = ""


@dataclass(frozen=True, slots=True)
class TransferAsked(ConsultAsked):
    """Blind: the asker leaves at once."""


@dataclass(frozen=True, slots=True)
class ReferAsked(ConsultAsked):
    """Blind, asked by the phone itself: it stays until the other one answers."""


@dataclass(frozen=True, slots=True)
class LineAsked(ConsultAsked):
    """The asker dialed on a second line of his phone, which waits to be answered."""


@dataclass(frozen=True, slots=True)
class HandOverAsked(Asked):
    """The customer goes to a place that is no party: a queue, a flow, a park slot."""

    target: Target


@dataclass(frozen=True, slots=True)
class ParkAsked(Asked):
    """The customer hears music until somebody takes him; nobody is with him meanwhile."""


@dataclass(frozen=True, slots=True)
class CancelConsultAsked(Asked):
    pass


@dataclass(frozen=True, slots=True)
class CompleteAsked(Asked):
    pass


@dataclass(frozen=True, slots=True)
class MergeAsked(Asked):
    pass


@dataclass(frozen=True, slots=True)
class LeaveAsked(Asked):
    pass


@dataclass(frozen=True, slots=True)
class HangUpAsked(Asked):
    """The agent ends his part, as by hanging up his phone."""


@dataclass(frozen=True, slots=True)
class RemoveAsked(Asked):
    leg_id: str


@dataclass(frozen=True, slots=True)
class PartyAnswered:
    """A phone that rang is up. ``home``: of an agent's phone."""

    at: float
    leg_id: str
    home: str | None = None


@dataclass(frozen=True, slots=True)
class PartyFailed:
    """A phone that rang is not to be had."""

    at: float
    leg_id: str


@dataclass(frozen=True, slots=True)
class PartyGone:
    """A leg ended, for whatever reason."""

    at: float
    leg_id: str


@dataclass(frozen=True, slots=True)
class PartyJoined:
    """Somebody whose phone is up joins those who talk: barged in, or picked up."""

    at: float
    party: Party


@dataclass(frozen=True, slots=True)
class Seen:
    """Where legs really stand, after a time in which commands may have been lost.

    ``places``: a room, ``ON_HOLD``, or nothing; ``rooms``: that there are. ``is_news``: what we
    remember is older than that, so a customer who hears music is held, and one who does not talks.
    """

    at: float
    places: Mapping[str, str | None]
    rooms: Collection[str]
    is_news: bool = False


Event = (
    HoldAsked
    | ResumeAsked
    | MuteAsked
    | ConsultAsked
    | TransferAsked
    | HandOverAsked
    | ParkAsked
    | CancelConsultAsked
    | CompleteAsked
    | MergeAsked
    | LeaveAsked
    | HangUpAsked
    | RemoveAsked
    | PartyAnswered
    | PartyFailed
    | PartyGone
    | PartyJoined
    | Seen
)


# -- commands --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ring:
    """Call the party's phone; report PartyAnswered or PartyFailed."""

    leg_id: str


@dataclass(frozen=True, slots=True)
class StopRinging:
    """Nobody waits for this phone any more."""

    leg_id: str


@dataclass(frozen=True, slots=True)
class MakeRoom:
    room: str


@dataclass(frozen=True, slots=True)
class DropRoom:
    room: str


@dataclass(frozen=True, slots=True)
class Move:
    """Put the legs into a room, out of where they are."""

    room: str
    leg_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hold:
    """Let the legs hear music."""

    leg_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer a leg that called us."""

    leg_id: str


@dataclass(frozen=True, slots=True)
class Mute:
    leg_id: str
    muted: bool


@dataclass(frozen=True, slots=True)
class Release:
    """An agent's part is over: a nailed-up phone goes home, another is hung up."""

    leg_id: str
    agent_id: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """End a leg that is no agent's."""

    leg_id: str


@dataclass(frozen=True, slots=True)
class HoldTold:
    """For the floor: the agent who is credited waits, the customer hears music; or no more."""

    on: bool


@dataclass(frozen=True, slots=True)
class AgentJoined:
    """For the floor: an agent who was claimed talks. ``owns``: he is credited."""

    agent_id: str
    owns: bool


@dataclass(frozen=True, slots=True)
class AgentUnclaimed:
    """For the floor: a claimed agent's phone did not come."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class OwnerTold:
    """For the floor: who is credited from now on."""

    agent_id: str | None


@dataclass(frozen=True, slots=True)
class AgentGone:
    """For the floor: an agent's part is over while the talk goes on."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class HandOver:
    """The customer, who hears music, goes to ``target``; ``agent_id`` sent him."""

    agent_id: str
    target: Target


@dataclass(frozen=True, slots=True)
class Recall:
    """Nobody took the customer, who hears music: bring him back to the agent."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class Consulted:
    """To be told: a consultation is over; ``outcome`` as in InteractionConsultedV1."""

    agent_id: str
    target: Target
    talked_s: float
    outcome: str


@dataclass(frozen=True, slots=True)
class Transferred:
    """To be told: the customer is with somebody else."""

    agent_id: str
    target: Target
    is_attended: bool


@dataclass(frozen=True, slots=True)
class Over:
    """Nobody is left here: forget the talk."""


Command = (
    Ring
    | StopRinging
    | MakeRoom
    | DropRoom
    | Move
    | Hold
    | Answer
    | Mute
    | Release
    | HangUp
    | HoldTold
    | AgentJoined
    | AgentUnclaimed
    | OwnerTold
    | AgentGone
    | HandOver
    | Recall
    | Consulted
    | Transferred
    | Over
)
