"""Payloads of voicemail."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from ringway.crm_api.schemas import Body, View


class VoicemailView(View):
    """One message."""

    voicemail_id: str
    box_id: str
    interaction_id: str
    caller: str
    left_at: datetime
    duration_s: float
    is_heard: bool
    size_bytes: int = Field(description="Of the WAV; 0 for the first moments.")
    audio_url: str = Field(description="GET it with the access token; Range works.")


class HeardBody(Body):
    """Whether a message has been heard."""

    is_heard: bool = True
