"""What happened to interactions, for everyone else: facts, and live figures (presence)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, Field

from ringway.proto.acd import Direction
from ringway.proto.acd_config import Target
from ringway.proto.acd_talks import Party, PartyRole
from ringway.proto.base import Fact, Presence, Seconds, Token


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
    customer_id: Token | None = None  # who was dialed, as whoever asked for the call says


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
