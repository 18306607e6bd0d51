"""Payloads of what the platform's operators see of one enterprise's calling."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import Field

from ringway.crm_api.reports.schemas import AgentWorkView
from ringway.crm_api.schemas import View


class DialFigures(View):
    """What became of calls. Rates are null without calls."""

    dials: int = Field(description="Calls that were handed to the trunk.")
    answered: int
    connect_rate: float | None = Field(description="answered / dials, 0..1.")


class LineFigures(DialFigures):
    """One trunk. A trunk that was removed keeps its calls; it has no name."""

    trunk_id: str
    name: str | None
    host: str | None
    is_enabled: bool | None


class NumberFigures(DialFigures):
    """One number that was shown to the called, or may be."""

    phone_e164: str
    is_allotted: bool = Field(description="Allotted by the platform.")
    state: str | None = Field(description="Of a number that is allotted.", examples=["active"])
    rang: int = Field(description="Calls whose number somebody could have seen.")


class OutboundFigures(DialFigures):
    """An enterprise's calling in a period."""

    tenant_id: UUID
    begins_at: datetime
    ends_at: datetime
    connected: int = Field(description="Answered calls in which an agent and a customer talked.")
    abandoned: int = Field(description="A live person answered and no agent was there in time.")
    lines: list[LineFigures] = Field(description="Those with most calls first, 500 at most.")
    numbers: list[NumberFigures] = Field(description="Those with most calls first, 1,000 at most.")
    agents: list[AgentWorkView] = Field(description="Those who did anything in the period.")
