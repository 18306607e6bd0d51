"""Payloads of campaigns."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from ringway.crm_api.schemas import Name, View
from ringway.crm_api.strict import strict
from ringway.proto.dialer import CampaignSpec, CampaignState

if TYPE_CHECKING:
    _Spec = CampaignSpec
else:
    _Spec = strict(CampaignSpec)

_UUID = {"format": "uuid"}

# An id as the path has it, whichever way it is written.
Id = Annotated[str, AfterValidator(lambda text: str(UUID(text))), Field(json_schema_extra=_UUID)]


class CampaignBody(_Spec):
    """Everything that is set on a campaign."""

    name: Name
    project_id: Id
    list_ids: tuple[Id, ...] = Field(max_length=100)
    agent_ids: tuple[Id, ...] = Field(default=(), max_length=5_000)
    team_ids: tuple[Id, ...] = Field(
        default=(),
        max_length=200,
        description="Departments and teams whose agents serve it, whoever is in them.",
    )
    trunk_id: Id
    ratio: float = Field(
        default=1.0, ge=1.0, le=10.0, description="Progressive: calls per ready agent."
    )
    rate_cps: float | None = Field(
        default=None,
        gt=0,
        le=100,
        description="Calls a second at most; progressive: calls a second while agents are there.",
    )
    wrap_up_s: float = Field(
        default=30, ge=0, le=3600, description="Forced end of wrap-up; 0 means no wrap-up."
    )
    target_abandonment: float = Field(
        default=0.03, gt=0, le=0.1, description="Predictive: the cap, abandoned / answered."
    )


class CampaignView(CampaignSpec):
    """A campaign with its state and figures."""

    campaign_id: UUID
    state: CampaignState
    version: int
    leads_total: int
    leads_open: int
    created_at: datetime
    changed_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    state_reason: str = Field(
        description="Why it is paused or finished, when nobody of the enterprise did it."
    )


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
