"""Voicemail: what is asked of the ACD, and how many messages wait."""

from __future__ import annotations

from typing import ClassVar

from pydantic import AwareDatetime, Field

from ringway.proto.base import Model, Presence, Reply, Request, Seconds, Token

LONGEST_PART_BYTES = 384 * 1024


class VoicemailMessage(Model):
    """One message. ``size_bytes``: of its WAV; 0 while that is not fetched yet."""

    voicemail_id: Token
    box_id: Token
    interaction_id: Token
    caller: str = ""
    left_at: AwareDatetime
    duration_s: Seconds
    is_heard: bool = False
    size_bytes: int = 0


class ListVoicemailsV1(Request):
    """Ask for a box's messages, the newest first. Refused with ``box_unknown``.

    ``agent_id``: who asks; only boxes that he may hear exist for him. None: a supervisor.
    """

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.list_voicemails"

    box_id: Token
    agent_id: Token | None = None
    limit: int = Field(default=100, ge=1, le=500)


class VoicemailListV1(Reply):
    """A box's messages."""

    messages: tuple[VoicemailMessage, ...]


class VoicemailRequest(Request):
    """A request about one message; refused with ``voicemail_unknown``."""

    voicemail_id: Token
    agent_id: Token | None = None


class GetVoicemailV1(VoicemailRequest):
    """Ask for one message."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.get_voicemail"


class VoicemailV1(Reply):
    """One message."""

    message: VoicemailMessage


class ReadVoicemailV1(VoicemailRequest):
    """Ask for a part of a message's WAV."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.read_voicemail"

    offset: int = Field(default=0, ge=0)
    length: int = Field(default=LONGEST_PART_BYTES, ge=1, le=LONGEST_PART_BYTES)


class VoicemailPartV1(Reply):
    """A part of a message's WAV, base64; empty behind its end."""

    data: str


class MarkVoicemailV1(VoicemailRequest):
    """Say that a message has been heard, or not."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.mark_voicemail"

    is_heard: bool = True


class DeleteVoicemailV1(VoicemailRequest):
    """Delete a message; a repeat is answered Done."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.delete_voicemail"


class VoicemailWaitingV1(Presence):
    """How many messages a box has, told whenever that changes."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.presence.{box_id}.voicemail"

    box_id: Token
    total: int
    new: int
