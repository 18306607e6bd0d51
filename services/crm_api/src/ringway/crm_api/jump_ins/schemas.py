"""Payloads of operators' visits to an enterprise."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import Field

from ringway.crm_api.schemas import Body, Text, View


class NewJumpIn(Body):
    """An operator's visit; the enterprise reads why."""

    reason: Text = Field(min_length=5, max_length=500, examples=["Ticket 4711: no inbound calls"])
    minutes: int = Field(default=60, ge=5, le=480)


class JumpInView(View):
    """An operator of the platform worked inside of the enterprise, as its admin."""

    jump_in_id: UUID
    operator: str
    reason: str
    began_at: datetime
    until: datetime
    ended_at: datetime | None = Field(description="When it was ended before its time.")


class StartedJumpIn(JumpInView):
    """A visit that just began. The tokens are for the enterprise; they end with the visit."""

    tenant_id: UUID
    access_token: str
    refresh_token: str | None
    token_type: str = "bearer"  # noqa: S105 - a name
