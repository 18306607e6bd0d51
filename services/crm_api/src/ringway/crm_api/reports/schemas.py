"""Payloads of reports."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import Field

from ringway.crm_api.schemas import View


class AgentWorkView(View):
    """One agent's work in the period; times in seconds, averages null where there was none."""

    agent_id: UUID
    logins: int
    login_s: float
    idle_count: int = Field(description="Times the agent was ready.")
    idle_s: float
    idle_average_s: float | None
    wrap_up_count: int
    wrap_up_s: float
    busy_count: int = Field(description="Times the agent was not ready.")
    busy_s: float
    busy_average_s: float | None
    talk_s: float = Field(description="Talking and hold.")
    off_hook: int = Field(description="Talks that began.")
    on_hook: int = Field(description="Talks that ended.")
    holds: int
    hold_s: float
    consults: int
    transfers: int
    missed_offers: int


class AgentWorkReport(View):
    """The work of every agent who did anything in the period."""

    begins_at: datetime
    ends_at: datetime
    agents: int
    items: list[AgentWorkView]
