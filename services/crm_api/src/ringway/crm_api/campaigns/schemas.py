"""Payloads of campaigns."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import Field

from ringway.crm_api.schemas import Body, Name, View
from ringway.proto.base import PhoneE164
from ringway.proto.dialer import AttemptDisposition, CampaignMode, CampaignState


class RetryRuleBody(Body):
    """When a lead is dialed again after one outcome."""

    disposition: AttemptDisposition
    delay_s: float = Field(ge=0, le=31_536_000)
    max_attempts: int = Field(ge=1, le=50)


class CampaignBody(Body):
    """Everything that is set on a campaign."""

    name: Name
    project_id: UUID
    mode: CampaignMode
    list_ids: tuple[UUID, ...] = Field(max_length=100)
    agent_ids: tuple[UUID, ...] = Field(max_length=5_000)
    trunk_id: UUID
    caller_id: PhoneE164 | None = None
    ratio: float = Field(
        default=1.0, ge=1.0, le=10.0, description="Progressive: calls per ready agent."
    )
    rate_cps: float | None = Field(
        default=None, gt=0, le=100, description="Progressive: calls a second at most."
    )
    max_lines: int = Field(default=100, ge=1, le=10_000)
    max_attempts: int = Field(default=3, ge=1, le=50)
    ring_timeout_s: float = Field(default=25, ge=5, le=120)
    retry_rules: tuple[RetryRuleBody, ...] = Field(default=(), max_length=50)
    abandonment_limit_s: float = Field(default=2.0, ge=0.5, le=10)
    wrap_up_s: float = Field(
        default=30, ge=0, le=3600, description="Forced end of wrap-up; 0 means no wrap-up."
    )


class CampaignView(View):
    """A campaign with its state and figures."""

    campaign_id: UUID
    name: str
    project_id: UUID
    mode: CampaignMode
    list_ids: list[UUID]
    agent_ids: list[UUID]
    trunk_id: UUID
    caller_id: str | None
    ratio: float
    rate_cps: float | None
    max_lines: int
    max_attempts: int
    ring_timeout_s: float
    retry_rules: list[RetryRuleBody]
    abandonment_limit_s: float
    wrap_up_s: float
    state: CampaignState
    version: int
    leads_total: int
    leads_open: int
    created_at: datetime
    changed_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class CampaignStateView(View):
    """The state of a campaign after an action."""

    campaign_id: UUID
    state: CampaignState


class CampaignSummary(View):
    """What a campaign has come to so far."""

    attempts: int = Field(description="Calls that were handed to the trunk.")
    answered: int
    connected: int = Field(description="Answered calls in which an agent and a customer talked.")
    abandoned: int = Field(description="A live person answered and no agent was there in time.")
    abandonment_rate: float = Field(description="abandoned / answered, 0..1.")
    recordings: int
    talk_s: float
    occupancy: float = Field(
        description="(talking + hold + wrap-up) / (those + ready + reserved) of the campaign's "
        "agents from its first attempt to its last interaction's end, 0..1."
    )
