"""Payloads of call control and of live interactions."""

from __future__ import annotations

from pydantic import Field

from ringway.crm_api.core.moments import Moment
from ringway.crm_api.schemas import Body, Text, View
from ringway.proto.acd import Direction
from ringway.proto.acd_calls import Digits, PartyRole, PartyState
from ringway.proto.acd_config import Sound, Target


class DigitsBody(Body):
    """Keys to be sent to the other side."""

    digits: Digits = Field(examples=["12#"])


class PlayBody(Body):
    """What customer and agent are to hear: sounds, then a number spoken digit by digit."""

    sounds: tuple[Sound, ...] = Field(default=(), max_length=20)
    digits: str = Field(default="", pattern=r"^[0-9]{0,30}$")
    text: Text = Field(default="", max_length=500, description="Needs a voice (TTS).")


class TargetBody(Body):
    """Whom to consult, or where the customer is to go."""

    target: Target


class PartyView(View):
    """One leg of a live interaction."""

    leg_id: str
    role: PartyRole
    state: PartyState
    agent_id: str | None
    number: str
    is_muted: bool


class LiveInteraction(View):
    """An interaction as it is now."""

    interaction_id: str
    direction: Direction
    queue_id: str | None
    campaign_id: str | None
    caller: str
    called: str
    agent_id: str | None = Field(description="Who has the customer now.")
    parties: tuple[PartyView, ...]
    park_slot: str | None
    began_at: Moment
    connected_at: Moment | None


class LiveInteractions(View):
    """Every live interaction that the caller may see."""

    items: list[LiveInteraction]
