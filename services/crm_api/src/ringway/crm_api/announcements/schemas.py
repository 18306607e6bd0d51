"""Payloads of operators' announcements."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from ringway.crm_api.schemas import View
from ringway.proto.dialer_spec import NumberState


class AnnouncementView(View):
    """A recording by which a number's state is recognised before the answer."""

    announcement_id: str
    name: str
    meaning: NumberState
    duration_s: float
    used_s: float = Field(description="How much of it is neither silence nor tones.")
    is_platforms: bool = Field(description="The operator's, for every enterprise.")
    created_at: datetime
    changed_at: datetime
