"""Call control: what agents and supervisors ask of a call, and what is told of it.

``agent_id`` in a request is who asks. An interaction of another tenant, or one that the agent
is not part of, is refused with ``interaction_unknown``, as if it did not exist. An operation
that the call's present state does not allow is refused with ``not_now`` and says why. Requests
are idempotent: a repeat of what is already so is answered like the first time.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, Field, StringConstraints

from ringway.proto.acd import AgentState, Direction
from ringway.proto.acd_config import Sound, SupervisionMode, Target
from ringway.proto.base import Fact, Model, Presence, Reply, Request, Seconds, Token

Digits = Annotated[str, StringConstraints(pattern=r"^[0-9*#A-D]{1,64}$")]


class PartyRole(StrEnum):
    """Why somebody is part of an interaction."""

    CUSTOMER = "customer"
    AGENT = "agent"  # holds the talk: it is credited to him
    CONSULTED = "consulted"  # asked by the agent, or being transferred to
    MEMBER = "member"  # of a three-way call or conference
    SUPERVISOR = "supervisor"


class PartyState(StrEnum):
    """Where a party is."""

    RINGING = "ringing"
    TALKING = "talking"
    HELD = "held"  # hears music
    PARKED = "parked"
    WAITING = "waiting"  # in a queue
    GONE = "gone"


class Party(Model):
    """One leg of an interaction."""

    leg_id: Token
    role: PartyRole
    state: PartyState
    agent_id: Token | None = None
    number: str = ""
    is_muted: bool = False


class InteractionStatusV1(Reply):
    """An interaction now."""

    interaction_id: Token
    direction: Direction
    queue_id: Token | None = None
    campaign_id: Token | None = None
    caller: str = ""
    called: str = ""
    agent_id: Token | None = None  # who is credited now
    parties: tuple[Party, ...] = ()
    park_slot: str | None = None
    began_at: AwareDatetime
    connected_at: AwareDatetime | None = None


# -- an agent's control of his call --------------------------------------------------------------


class ControlRequest(Request):
    """An agent's request about a call of his; without an id it is the one he is in."""

    agent_id: Token
    interaction_id: Token | None = None


class AnswerV1(ControlRequest):
    """Take the offered call: a nailed-up phone is joined, one that rings answers by itself.

    For that it is called again, with headers that ask it to; one that does not understand them
    rings on and is answered by hand. The time of the offer stays as it is. An ordinary telephone
    can only be answered by hand: refused with ``not_now``.
    """

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.answer"


class DeclineV1(ControlRequest):
    """Let the offered call go to somebody else."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.decline"


class HoldV1(ControlRequest):
    """The customer hears music; the agent is in state ``hold``."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.hold"


class ResumeV1(ControlRequest):
    """Take the customer back; a consultation that still runs goes on hold instead."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.resume"


class MuteV1(ControlRequest):
    """Nobody hears the agent until released."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.mute"

    muted: bool


class SendDigitsV1(ControlRequest):
    """Send keys to the customer's side."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.send_digits"

    digits: Digits


class PlayV1(ControlRequest):
    """Play a sound, or say a number, to the customer while the agent listens."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.play"

    sounds: tuple[Sound, ...] = Field(default=(), max_length=20)
    digits: str = Field(default="", pattern=r"^[0-9]{0,30}$")
    text: str = Field(default="", max_length=500)  # spoken; refused with no_voice without a TTS


class ConsultV1(ControlRequest):
    """The customer waits with music while the agent talks to ``target``."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.consult"

    target: Target


class CancelConsultV1(ControlRequest):
    """End the consultation and take the customer back."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.cancel_consult"


class CompleteTransferV1(ControlRequest):
    """Leave the customer with the consulted party, also while that still rings."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.complete_transfer"


class TransferV1(ControlRequest):
    """Blind transfer. A target that does not answer brings the customer back to the agent."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.transfer"

    target: Target


class MergeV1(ControlRequest):
    """Three-way: agent, customer and consulted party hear each other."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.merge"


class RemovePartyV1(ControlRequest):
    """Hang up one other party of the agent's call."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.remove_party"

    leg_id: Token


class LeaveV1(ControlRequest):
    """The agent leaves a three-way call; the others go on."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.leave"


class ParkV1(ControlRequest):
    """Park the customer; the reply names the slot from which any phone may take him.

    Refused with ``no_slot`` when every slot has somebody in it.
    """

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.park"


class ParkedV1(Reply):
    """Where the customer is parked."""

    interaction_id: Token
    slot: str


class RetrieveV1(Request):
    """Take a parked customer; refused with ``slot_empty``."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.retrieve"

    agent_id: Token
    slot: str = Field(pattern=r"^[0-9]{1,4}$")


class PickUpV1(Request):
    """Take a call that rings at ``from_agent_id``; refused with ``nothing_rings``."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.pick_up"

    agent_id: Token
    from_agent_id: Token


class SetDoNotDisturbV1(Request):
    """No internal or direct call rings this agent."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.set_do_not_disturb"

    agent_id: Token
    on: bool


class DialV1(Request):
    """Call a number (or another agent's number): the agent's phone first, then the number.

    Refused with the codes of number normalisation (``number_*``), of the routes (``no_route``,
    ``trunks_busy``, ``trunks_down``, ``number_not_allowed``), ``phone_not_registered`` or
    ``not_now`` while the agent talks.
    """

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.dial"

    agent_id: Token
    number: str = Field(min_length=1, max_length=40)
    caller_id: str = Field(default="", max_length=32)
    customer_id: Token | None = None


class DialingV1(Reply):
    """The interaction that the call is."""

    interaction_id: Token
    number: str


class GetInteractionV1(Request):
    """Ask for one live interaction."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.get_interaction"

    interaction_id: Token


class ListInteractionsV1(Request):
    """Ask for every live interaction of the tenant."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.list_interactions"


class InteractionListV1(Reply):
    """Live interactions."""

    interactions: tuple[InteractionStatusV1, ...]


# -- conferences ---------------------------------------------------------------------------------


class ConferenceMember(Model):
    """Somebody in a conference, or called to it."""

    leg_id: Token
    state: PartyState
    agent_id: Token | None = None
    number: str = ""
    is_muted: bool = False
    is_organiser: bool = False


class ConferenceStatusV1(Reply):
    """A conference now."""

    conference_id: Token
    interaction_id: Token
    name: str
    organiser_id: Token
    is_recorded: bool
    began_at: AwareDatetime
    members: tuple[ConferenceMember, ...]


class StartConferenceV1(Request):
    """Open a conference: the organiser and all whom he invites are called."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.start_conference"

    conference_id: Token
    agent_id: Token
    name: str = Field(default="", max_length=100)
    invite: tuple[Target, ...] = Field(default=(), max_length=200)
    record: bool = True


class ConferenceRequest(Request):
    """A request of the organiser; anybody else's is refused with ``conference_unknown``.

    A member's leg that never was is refused with ``member_unknown``.
    """

    conference_id: Token
    agent_id: Token


class InviteV1(ConferenceRequest):
    """Call one more; refused with ``conference_full`` or ``agent_busy``."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.invite"

    target: Target


class MuteMemberV1(ConferenceRequest):
    """Mute one member (or all but the organiser, without ``leg_id``)."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.mute_member"

    leg_id: Token | None = None
    muted: bool = True


class RemoveMemberV1(ConferenceRequest):
    """Hang up one member."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.remove_member"

    leg_id: Token


class EndConferenceV1(ConferenceRequest):
    """Hang up all."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.end_conference"


class GetConferenceV1(ConferenceRequest):
    """Ask who is there."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.get_conference"


# -- supervision ---------------------------------------------------------------------------------


class SuperviseV1(Request):
    """Listen to, whisper to or barge into an agent's call, or act on it or on the agent.

    For the first three and ``intercept`` the supervisor's own phone is called, once: the same
    request with another mode or agent goes on with that phone. Refused with ``agent_unknown`` for
    an agent outside the supervisor's groups, ``not_allowed`` for a mode that his groups do not
    have, ``not_in_call``, ``not_now``, ``agent_logged_out``, ``phone_not_registered``,
    ``phone_not_answered``, and a transfer's codes (see TransferV1).
    ``everywhere`` is set by crm_api for roles that may supervise the whole tenant.
    """

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.supervise"

    supervisor_id: Token
    agent_id: Token
    mode: SupervisionMode
    target: Target | None = None  # of a forced transfer
    ready: bool | None = None  # of a forced state
    reason: str = Field(default="", max_length=100)
    everywhere: bool = False


class StopSupervisionV1(Request):
    """The supervisor's phone leaves the call; the call goes on."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.stop_supervision"

    supervisor_id: Token


class WatchGroupV1(Request):
    """Ask for the live state of the agents whom a supervisor may see, by number.

    Refused with ``group_unknown`` for a group that is not his.
    """

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.watch_group"

    supervisor_id: Token
    group_id: Token | None = None
    everywhere: bool = False
    after: str = ""  # only agents with higher numbers
    limit: Annotated[int, Field(ge=1, le=500)] = 500


class WatchedAgent(Model):
    """One line of the monitor."""

    agent_id: Token
    number: str
    state: AgentState
    reason: str = ""
    since: AwareDatetime
    interaction_id: Token | None = None
    other_number: str = ""  # who is on the line
    queue_id: Token | None = None


class WatchedGroupV1(Reply):
    """The agents of the groups, by number. ``next_after``: ask again after this number."""

    agents: tuple[WatchedAgent, ...]
    next_after: str | None = None


class SupervisedV1(Fact):
    """A supervisor acted: for the audit."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.supervision.{supervisor_id}.acted"

    supervisor_id: Token
    agent_id: Token
    mode: SupervisionMode
    interaction_id: Token | None = None
    outcome: str  # done, or the code of the refusal
    detail: str = ""


class SupervisionEndedV1(Fact):
    """A supervisor's phone left a call."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.supervision.{supervisor_id}.ended"

    supervisor_id: Token
    agent_id: Token
    interaction_id: Token
    listened_s: Seconds


# -- facts of interactions -----------------------------------------------------------------------


class InteractionStartedV1(Fact):
    """An interaction that the ACD itself began: inbound, or dialed by hand."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.interaction.{interaction_id}.started"

    interaction_id: Token
    direction: Direction
    caller: str = ""
    called: str = ""
    trunk_id: Token | None = None
    route_id: Token | None = None
    agent_id: Token | None = None  # who dialed
    trail: tuple[str, ...] = ()  # how the route was found


class Outcome(StrEnum):
    """How an interaction without a running talk ended."""

    BLOCKED = "blocked"  # on the blacklist: heard busy
    REFUSED = "refused"  # no route, full, closed: told so
    LEFT = "left"  # hung up before anybody was there
    VOICEMAIL = "voicemail"
    CALLBACK = "callback"  # asked to be called back
    ANNOUNCED = "announced"
    FORWARDED = "forwarded"  # talked to an outside number
    NOT_ANSWERED = "not_answered"
    LOST = "lost"  # ended while nobody watched
    TALKED = "talked"


class InteractionFinishedV1(Fact):
    """The customer's call is over and no agent had it last.

    Where agents had it before (a rating, a transfer to an outside number), ``agent_id`` is the
    last of them and the recording's halves are named, as in ``disconnected``.
    """

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.interaction.{interaction_id}.finished"

    interaction_id: Token
    outcome: Outcome
    direction: Direction = Direction.INBOUND
    caller: str = ""
    called: str = ""
    queue_id: Token | None = None
    campaign_id: Token | None = None
    attempt_id: Token | None = None
    waited_s: Seconds = 0
    cause_q850: int = 0
    detail: str = ""
    agent_id: Token | None = None
    agent_number: str = ""
    began_at: AwareDatetime | None = None
    node: Token | None = None
    recording_agent: str = ""
    recording_customer: str = ""
    segments: int = 0


class InteractionOverflowedV1(Fact):
    """The queue sent the call elsewhere."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.interaction.{interaction_id}.overflowed"

    interaction_id: Token
    queue_id: Token
    reason: str  # full, timeout, no_agents, closed
    waited_s: Seconds
    target: Target


class OfferEndedV1(Fact):
    """An agent was offered a call and did not take it."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.interaction.{interaction_id}.offer_ended"

    interaction_id: Token
    agent_id: Token
    queue_id: Token | None = None
    outcome: str  # no_answer, declined, phone_lost, withdrawn
    rang_s: Seconds


class InteractionHeldV1(Fact):
    """The customer was on hold for ``held_s``."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.interaction.{interaction_id}.held"

    interaction_id: Token
    agent_id: Token
    held_s: Seconds


class InteractionConsultedV1(Fact):
    """An agent asked somebody else.

    ``outcome``: returned, transferred, merged, not_answered, customer_left.
    """

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.interaction.{interaction_id}.consulted"

    interaction_id: Token
    agent_id: Token
    target: Target
    talked_s: Seconds
    outcome: str


class InteractionTransferredV1(Fact):
    """The customer went on to somebody else. ``by``: agent, supervisor, system."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.interaction.{interaction_id}.transferred"

    interaction_id: Token
    agent_id: Token
    target: Target
    is_attended: bool
    by: str = "agent"


class CallbackRequestedV1(Fact):
    """A waiting caller asked to be called back; his place in the queue stays."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.interaction.{interaction_id}.callback_requested"

    interaction_id: Token
    queue_id: Token
    number: str
    waiting_since: AwareDatetime
    position: int


class CallbackEndedV1(Fact):
    """A callback is over; ``outcome``: connected, not_answered, cancelled."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.interaction.{interaction_id}.callback_ended"

    interaction_id: Token
    queue_id: Token
    outcome: str
    attempts: int


class InteractionRatedV1(Fact):
    """The caller rated the talk."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.interaction.{interaction_id}.rated"

    interaction_id: Token
    agent_id: Token
    queue_id: Token | None = None
    score: Annotated[int, Field(ge=1, le=5)]


class VoicemailLeftV1(Fact):
    """A caller left a message; the recorder fetches it like a recording."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.interaction.{interaction_id}.voicemail_left"

    interaction_id: Token
    voicemail_id: Token
    caller: str = ""
    duration_s: Seconds
    node: Token
    recording: str


class LegQualityV1(Fact):
    """How one leg sounded over its whole life, from RTCP as Asterisk saw it."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.interaction.{interaction_id}.leg_quality"

    interaction_id: Token
    leg_id: Token
    role: PartyRole
    agent_id: Token | None = None
    received_packets: int = 0
    sent_packets: int = 0
    received_loss_percent: float = 0
    sent_loss_percent: float = 0
    received_jitter_ms: float = 0
    sent_jitter_ms: float = 0
    rtt_ms: float = 0
    mos: float = 0
    is_alarm: bool = False


class QualityAlarmV1(Fact):
    """A live leg went over a threshold; told once until it has been good again."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.interaction.{interaction_id}.quality_alarm"

    interaction_id: Token
    leg_id: Token
    role: PartyRole
    agent_id: Token | None = None
    measure: str  # mos, loss, jitter, rtt
    value: float
    limit: float


class ConferenceEndedV1(Fact):
    """A conference is over."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.conference.{conference_id}.ended"

    conference_id: Token
    interaction_id: Token
    name: str = ""
    organiser_id: Token
    began_at: AwareDatetime
    duration_s: Seconds
    most_members: int
    node: Token
    recording: str = ""


# -- presence ------------------------------------------------------------------------------------


class QueueFiguresV1(Presence):
    """One queue now, on change and every second while it is used."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.presence.{queue_id}.queue"

    queue_id: Token
    waiting: int
    callbacks: int = 0  # of those waiting, who wait at home
    longest_wait_s: Seconds
    expected_wait_s: Seconds
    agents_signed_in: int
    agents_ready: int


class InteractionChangedV1(Presence):
    """A live interaction changed: parties, holds, transfers, for the console."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.presence.{interaction_id}.interaction"

    interaction_id: Token
    agent_id: Token | None = None
    parties: tuple[Party, ...]


class OfferV1(Presence):
    """A call is offered to an agent: the console shows it and the Answer key works.

    ``is_waiting``: he is in another call; shown as call waiting.
    """

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.presence.{agent_id}.offer"

    agent_id: Token
    interaction_id: Token
    queue_id: Token | None = None
    caller: str = ""
    called: str = ""
    until: AwareDatetime
    is_waiting: bool = False


class LegQualityNowV1(Presence):
    """How a live leg sounds."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.presence.{leg_id}.quality"

    leg_id: Token
    interaction_id: Token
    role: PartyRole
    agent_id: Token | None = None
    loss_percent: float
    jitter_ms: float
    rtt_ms: float
    mos: float
