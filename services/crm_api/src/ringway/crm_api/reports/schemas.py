"""Payloads of reports."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
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


class ReportPeriod(StrEnum):
    """A period until now, by the days of the enterprise's zone (`/querier-settings`)."""

    TODAY = "today"
    THIS_WEEK = "this_week"
    THIS_MONTH = "this_month"
    LAST_MONTH = "last_month"  # the whole of it


class UsedNumberView(View):
    """One number that an agent's calls showed."""

    phone_e164: str = Field(examples=["+442079460001"])
    dials: int
    answered: int
    connect_rate: float | None = Field(description="answered / dials, 0..1.")


class AgentSalesView(View):
    """An agent's sales orders in one currency, without cancelled ones."""

    currency: str = Field(examples=["CNY"])
    orders: int
    total: int = Field(description="In minor units.")


class AgentPerformanceView(View):
    """What one agent's calls came to. Rates are null where they have nothing to divide by."""

    agent_id: UUID
    agent_number: str | None = Field(description="As it is now.")
    display_name: str | None
    inbound: int = Field(description="Inbound interactions that he had last.")
    dials: int = Field(
        description="Outbound calls: those that he talked in, that were dialed for him, or that "
        "he dialed. What a campaign dials ahead is nobody's until somebody talks."
    )
    answered: int = Field(description="Of the dials.")
    connect_rate: float | None = Field(description="answered / dials, 0..1.")
    connected: int = Field(description="Of the dials: he and the called talked.")
    ring_s: float = Field(description="Ringing until the answer, of all his calls.")
    talks: int = Field(description="His parts in interactions, transferred ones included.")
    talk_s: float
    talk_average_s: float | None
    deals: int = Field(description="Calls whose disposition counts as success.")
    deal_rate: float | None = Field(description="deals / (inbound + connected), 0..1.")
    numbers: list[UsedNumberView] = Field(description="Most used first, 100 at most.")
    sales: list[AgentSalesView] = Field(description="By currency.")


class AgentPerformanceReport(View):
    """Agents' performance in a period, most calls first; 2,000 agents at most."""

    begins_at: datetime
    ends_at: datetime
    items: list[AgentPerformanceView]
