"""Messages of the ACD: agents, routing, the connected part of interactions, trunks."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import AwareDatetime, Field

from ringway.proto.base import (
    Fact,
    Model,
    PhoneE164,
    Presence,
    Reply,
    Request,
    Seconds,
    Token,
)


class AgentState(StrEnum):
    """What an agent is doing (style guide, part 3)."""

    LOGGED_OUT = "logged_out"
    NOT_READY = "not_ready"
    READY = "ready"
    RESERVED = "reserved"
    TALKING = "talking"
    HOLD = "hold"
    WRAP_UP = "wrap_up"


class LegMode(StrEnum):
    """How the agent's phone is used during a session."""

    NAILED_UP = "nailed_up"  # called once at sign-in, stays up
    ON_DEMAND = "on_demand"  # rings for each offer


class HungUpBy(StrEnum):
    """Who ended a talk."""

    CUSTOMER = "customer"
    AGENT = "agent"
    SYSTEM = "system"
    UNKNOWN = "unknown"


class Direction(StrEnum):
    """Who called whom."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"
    INTERNAL = "internal"  # between agents


class DtmfMode(StrEnum):
    """How keys travel on a trunk."""

    RFC4733 = "rfc4733"
    INFO = "info"
    INBAND = "inband"
    AUTO = "auto"  # RFC 4733 if negotiated, else in-band


# -- facts ---------------------------------------------------------------------------------------


class AgentStateChangedV1(Fact):
    """An agent went from one state to another; ``previous_s`` is exact."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.agent.{agent_id}.state_changed"

    agent_id: Token
    session_id: Token
    previous: AgentState
    previous_s: Seconds
    state: AgentState
    reason: str = ""
    interaction_id: Token | None = None


class InteractionQueuedV1(Fact):
    """A live customer needs an agent: he reached the ACD, or was sent to a queue again."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.interaction.{interaction_id}.queued"

    interaction_id: Token
    direction: Direction
    campaign_id: Token | None = None
    attempt_id: Token | None = None
    answered_at: AwareDatetime
    queue_id: Token | None = None
    priority: int = 5


class InteractionConnectedV1(Fact):
    """Customer and agent hear each other."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.interaction.{interaction_id}.connected"

    interaction_id: Token
    agent_id: Token
    agent_number: str
    campaign_id: Token | None = None
    attempt_id: Token | None = None
    connected_at: AwareDatetime
    wait_s: Seconds
    leg_mode: LegMode
    queue_id: Token | None = None
    segment: int = 1  # the n-th agent of this interaction


class InteractionAbandonedV1(Fact):
    """Nobody was there in time, or the customer left before anyone was.

    ``by_limit`` is true when the limit passed (it counts against the abandonment rate) and
    false when the customer hung up earlier.
    """

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.interaction.{interaction_id}.abandoned"

    interaction_id: Token
    campaign_id: Token | None = None
    attempt_id: Token | None = None
    waited_s: Seconds
    by_limit: bool
    message_played: bool
    queue_id: Token | None = None


class InteractionDisconnectedV1(Fact):
    """An agent's talk is over; he may still be in wrap-up.

    An interaction that is transferred has one for each agent (``segment``), and ``is_last`` is
    false where the customer went on to somebody else.

    ``recordings`` are the names of the two halves on ``node`` (what the agent said, what the
    customer said), or empty when recording was off. ``ended_exactly`` is false when the end
    fell into a time when nobody watched: then ``disconnected_at`` is when we noticed.
    """

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.interaction.{interaction_id}.disconnected"

    interaction_id: Token
    direction: Direction
    agent_id: Token
    agent_number: str
    campaign_id: Token | None = None
    attempt_id: Token | None = None
    caller: str = ""
    called: str = ""
    connected_at: AwareDatetime
    disconnected_at: AwareDatetime
    talk_s: Seconds
    hung_up_by: HungUpBy
    cause_q850: int = 0
    node: Token
    recording_agent: str = ""
    recording_customer: str = ""
    ended_exactly: bool = True
    queue_id: Token | None = None
    segment: int = 1
    is_last: bool = True
    held_s: Seconds = 0


class InteractionEndedV1(Fact):
    """An agent's wrap-up is over; with that of the last one the interaction is complete."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.interaction.{interaction_id}.ended"

    interaction_id: Token
    agent_id: Token
    wrap_up_s: Seconds
    disposition: str = ""
    segment: int = 1
    is_last: bool = True


class TrunkStateChangedV1(Fact):
    """A trunk works again, or no longer.

    It works while no node says otherwise: its far end answers OPTIONS where that is asked for,
    and our registration stands where there is one. ``none``: not asked for.
    """

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.trunk.{trunk_id}.state_changed"

    trunk_id: Token
    is_up: bool
    is_reachable: bool | None = None
    is_registered: bool | None = None


# -- presence ------------------------------------------------------------------------------------


class CampaignAgent(Model):
    """One signed-in agent who works on a campaign, or still has a call of it."""

    agent_id: Token
    state: AgentState
    for_s: Seconds  # in that state
    leaves: bool = False  # he pauses, signs out or goes elsewhere after what he is in now
    campaign_id: Token | None = None  # of the call that he is in, or works on
    queue_id: str = ""  # the same; neither: a call that he made, or one of a colleague


class CampaignAgentsV1(Presence):
    """Agents of one campaign by state, on every change and every second.

    Who has chosen other campaigns counts only until the call ends that he has of this one.
    ``agents`` names everybody who is signed in where ``is_whole``: once a second. In between it
    has only those of whom something changed; who signed out, or counts no longer, is told as
    logged out.
    """

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.presence.{campaign_id}.agents"

    campaign_id: Token
    ready: int
    reserved: int
    talking: int
    wrap_up: int
    not_ready: int
    waiting: int  # live customers waiting for an agent
    # Callers of inbound queues who will take agents of this campaign as soon as they are free.
    inbound_waiting: int = 0
    is_whole: bool = False
    agents: tuple[CampaignAgent, ...] = ()


class AgentPresenceV1(Presence):
    """One agent's state now, for consoles."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.presence.{agent_id}.agent"

    agent_id: Token
    state: AgentState
    reason: str = ""
    since: AwareDatetime
    interaction_id: Token | None = None
    phone_e164: PhoneE164 | None = None
    campaign_id: Token | None = None
    do_not_disturb: bool = False
    chosen_campaigns: tuple[Token, ...] | None = None  # none: all that he serves


# -- requests ------------------------------------------------------------------------------------


class PutTrunkV1(Request):
    """Create or change a SIP trunk; it works on every node within a second. Calls go on.

    Refused with ``trunk_invalid`` (what does not fit together), ``trunk_source_taken`` or
    ``trunk_username_taken`` (another trunk is known by it) or ``trunk_transport_missing``.
    """

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.put_trunk"

    trunk_id: Token
    name: str = Field(min_length=1, max_length=100)
    host: str = Field(min_length=1, max_length=255)
    port: int = Field(default=5060, ge=1, le=65535)
    codecs: tuple[str, ...] = ("ulaw", "alaw")
    transport: Literal["udp", "tcp", "tls"] = "udp"
    # Who is let in as this trunk: addresses, networks or address:port. Empty: the host itself,
    # or, with a username and without a registration, who knows username and password.
    sources: tuple[str, ...] = Field(default=(), max_length=50)
    username: str = Field(default="", max_length=128)  # for registration and digest challenges
    password: str | None = Field(default=None, max_length=128, repr=False)  # none: as it was
    from_user: str = Field(default="", max_length=128)  # instead of the caller's number in From
    from_domain: str = Field(default="", max_length=255)  # empty: the host, with a username
    register_at: bool = False  # register with the host, so that it finds us
    max_channels: int | None = Field(default=None, ge=1, le=10000)
    dtmf: DtmfMode = DtmfMode.RFC4733
    qualify_s: int = Field(default=0, ge=0, le=600)  # OPTIONS this often; 0: never
    caller_id: str = Field(default="", max_length=32)
    enabled: bool = True
    # The platform's operator holds the account: the tenant is told neither address nor account.
    is_operators: bool = False


class TrunkInbound(StrEnum):
    """How a call is known to come from a trunk."""

    ADDRESS = "address"
    REGISTRATION = "registration"  # by the mark in our Contact; also by address when that is free
    DIGEST = "password"  # the far end answers our challenge
    NONE = "none"  # another trunk has the host's address, or its name cannot be resolved


class TrunkV1(Reply):
    """How a trunk is addressed, and how it is."""

    trunk_id: Token
    endpoint: str  # PJSIP endpoint name; dial PJSIP/<number>@<endpoint>
    inbound: TrunkInbound = TrunkInbound.ADDRESS
    is_reachable: bool | None = None  # none: not asked for
    is_registered: bool | None = None
    active_channels: int = 0


class GetTrunkV1(Request):
    """Ask how a trunk is; refused with ``trunk_unknown``."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.get_trunk"

    trunk_id: Token


class DeleteTrunkV1(Request):
    """Take a trunk away; calls on it go on. Refused with ``config_in_use`` by a route."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.delete_trunk"

    trunk_id: Token


class PutAgentV1(Request):
    """Create or change an agent and his SIP account.

    Who is no more ``enabled`` is signed out. Refused with ``agent_number_taken``, or with
    ``agent_signed_in`` when a session would lose its number.
    """

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.put_agent"

    agent_id: Token
    number: str = Field(pattern=r"^[0-9]{2,10}$")  # the agent's number inside the tenant (工号)
    name: str = Field(default="", max_length=200)
    sip_password: str | None = Field(default=None, min_length=12, max_length=128)
    enabled: bool = True


class AgentAccountV1(Reply):
    """The SIP account of an agent. The password is shown only when it was just made."""

    agent_id: Token
    sip_username: str
    sip_password: str | None


class RemoveAgentV1(Request):
    """Take an agent's SIP account away for good; his number is free. A repeat does nothing.

    Refused with ``agent_signed_in`` while he has a session.
    """

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.remove_agent"

    agent_id: Token


class SetCampaignAgentsV1(Request):
    """Say which agents serve a campaign, and its limits. Sent by the dialer; repeats are normal."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.set_campaign_agents"

    campaign_id: Token
    agent_ids: tuple[Token, ...]
    abandonment_limit_s: Seconds
    wrap_up_s: Seconds
    # What an abandoned customer hears: names of sounds; empty: the ACD's own message.
    abandonment_message: tuple[str, ...] = ()


class SignInV1(Request):
    """Begin an agent's session. Nailed-up: his phone is called now and must answer.

    Refused with ``phone_not_registered``, ``phone_not_answered`` or ``agent_unknown``.
    A repeat while signed in returns the running session.
    """

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.sign_in"

    agent_id: Token
    leg_mode: LegMode = LegMode.NAILED_UP


class AgentStatusV1(Reply):
    """An agent's state now."""

    agent_id: Token
    session_id: Token | None
    state: AgentState
    reason: str = ""
    since: AwareDatetime
    interaction_id: Token | None = None
    do_not_disturb: bool = False
    chosen_campaigns: tuple[Token, ...] | None = None  # none: all that he serves
    must_choose_campaigns: bool = False  # as the tenant wants it


class SignOutV1(Request):
    """End the session: after the running interaction, if there is one."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.sign_out"

    agent_id: Token


class SetAgentStateV1(Request):
    """The agent chooses ready or not ready (with a reason). During a talk it takes effect after."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.set_agent_state"

    agent_id: Token
    ready: bool
    reason: str = Field(default="", max_length=100)


class FinishWrapUpV1(Request):
    """The agent files the result and is done with after-call work.

    ``interaction_id`` guards against a late click: another interaction's is refused with
    ``not_in_wrap_up``; a repeat for the same interaction is answered Done.
    """

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.finish_wrap_up"

    agent_id: Token
    interaction_id: Token
    disposition: str = Field(default="", max_length=100)


class HangUpV1(Request):
    """The agent ends his talk."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.hang_up"

    agent_id: Token


class GetAgentV1(Request):
    """Ask for one agent's state."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.get_agent"

    agent_id: Token


class ListAgentsV1(Request):
    """Ask for the state of every agent of the tenant."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.list_agents"


class AgentListV1(Reply):
    """Every agent of the tenant."""

    agents: tuple[AgentStatusV1, ...]


class ReserveAgentV1(Request):
    """Take one ready agent of a campaign for one attempt: a given one, or who waits longest.

    Refused with ``no_agent_ready``. A repeat with the same attempt returns the same agent and
    begins the hold anew.
    """

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.reserve_agent"

    campaign_id: Token
    attempt_id: Token
    hold_s: Seconds  # the reservation ends by itself after this
    agent_id: Token | None = None  # nobody but him
    excluded: tuple[Token, ...] = ()  # they are another campaign's at the moment


class AgentReservedV1(Reply):
    """Who is reserved."""

    agent_id: Token


class ReleaseAgentV1(Request):
    """The attempt did not answer: the agent is ready again, or kept for ``next_attempt_id``."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.release_agent"

    attempt_id: Token
    next_attempt_id: Token | None = None
