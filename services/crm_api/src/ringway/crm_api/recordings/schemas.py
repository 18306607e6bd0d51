"""Payloads of recordings."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import Field

from ringway.crm_api.schemas import View


class RecordingView(View):
    """One recording: agent on the left, customer on the right."""

    recording_id: UUID
    interaction_id: UUID
    started_at: datetime
    duration_s: float
    caller: str
    called: str
    agent_id: UUID | None
    agent_number: str
    file_name: str
    size_bytes: int
    audio_url: str = Field(description="GET it with the access token; Range works.")
