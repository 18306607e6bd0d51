"""Payloads of interactions (call detail records)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import Field

from ringway.crm_api.schemas import View


class InteractionView(View):
    """One conversation. Durations in seconds, null where not known (yet)."""

    interaction_id: UUID
    attempt_id: UUID | None
    campaign_id: UUID | None
    lead_id: UUID | None
    direction: str
    caller: str
    called: str
    agent_id: UUID | None
    agent_number: str
    started_at: datetime | None
    answered_at: datetime | None
    connected_at: datetime | None
    disconnected_at: datetime | None
    ended_at: datetime | None
    ring_s: float | None
    wait_s: float | None
    talk_s: float | None
    wrap_up_s: float | None
    total_s: float | None = Field(description="From its beginning until the talk was over.")
    disposition: str = Field(description="How it went; empty while the customer waits.")
    agent_disposition: str = Field(description="The outcome that the agent chose.")
    cause_q850: int | None
    tech_cause: int | None = Field(description="SIP status.")
    hung_up_by: str | None
    recording_id: str | None
    recording_missing_reason: str | None
    is_live: bool
    queue_id: str | None
    outcome: str | None = Field(description="How it ended when no agent had it last.")
    segments: int = Field(description="How many agents had the talk, one after another.")
    held_s: float
    consults: int
    transfers: int
    rating: int | None = Field(description="The caller's rating, 1 to 5.")


class InteractionSegmentView(View):
    """One agent's part in a conversation. Durations in seconds, null where not known (yet)."""

    segment: int
    agent_id: UUID
    agent_number: str
    queue_id: str | None
    connected_at: datetime | None
    disconnected_at: datetime | None
    talk_s: float | None
    held_s: float
    wrap_up_s: float | None
    hung_up_by: str | None
    is_last: bool = Field(description="False where the customer went on to somebody else.")
