"""Conferences: what their organisers ask of them, and what is told of them."""

from __future__ import annotations

from typing import ClassVar

from pydantic import AwareDatetime, Field

from ringway.proto.acd_config import Target
from ringway.proto.acd_talks import PartyState
from ringway.proto.base import Fact, Model, Reply, Request, Seconds, Token


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
