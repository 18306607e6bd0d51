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

from ringway.proto.acd import Direction
from ringway.proto.acd_config import Sound, Target
from ringway.proto.base import Model, Reply, Request, Token

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
    ``trunks_busy``, ``trunks_down``, ``number_not_allowed``), ``phone_not_registered``,
    ``do_not_call`` or ``not_now`` while the agent talks.
    """

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.dial"

    agent_id: Token
    number: str = Field(min_length=1, max_length=40)
    caller_id: str = Field(default="", max_length=32)
    customer_id: Token | None = None
    despite_list: bool = False  # the agent was warned that the number is not to be called


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
