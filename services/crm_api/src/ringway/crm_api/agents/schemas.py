"""Payloads of agents' seats."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from pydantic import Field

from ringway.crm_api.core.moments import Moment
from ringway.crm_api.schemas import Body, Page, Text, View
from ringway.proto.acd import AgentState, LegMode
from ringway.proto.dialer import CampaignMode, CampaignState


class ChosenState(StrEnum):
    """What an agent can choose to be."""

    READY = "ready"
    NOT_READY = "not_ready"


class NewSession(Body):
    """How the phone is used during the session."""

    leg_mode: LegMode = LegMode.NAILED_UP


class StateChoice(Body):
    """The state that the agent chooses. During a talk it takes effect after."""

    state: ChosenState
    reason: Text = Field(default="", max_length=100, examples=["lunch"])


class WrapUpResult(Body):
    """The result of one interaction, filed by its agent."""

    interaction_id: UUID
    disposition: Text = Field(default="", max_length=100, examples=["sale"])


class AgentStatus(View):
    """What an agent does now."""

    agent_id: str
    session_id: str | None
    state: AgentState
    reason: str
    since: Moment
    interaction_id: str | None
    do_not_disturb: bool
    chosen_campaigns: tuple[str, ...] | None = Field(
        description="The campaigns whose calls he gets; null: all that he serves."
    )


class AgentView(AgentStatus):
    """An agent with his name and number."""

    agent_number: str
    username: str
    display_name: str


class AgentCampaignView(View):
    """A campaign that the agent serves."""

    campaign_id: UUID
    name: str
    project: str
    mode: CampaignMode
    state: CampaignState
    can_take_leads: bool = Field(
        description="Whether one picks its leads oneself: `POST /agents/me/preview`."
    )
    is_chosen: bool = Field(description="Whether the agent gets its calls, as far as he chose.")


class CampaignChoice(StrEnum):
    """Of which campaigns an agent gets calls."""

    ALL = "all"  # that he serves
    CHOSEN = "chosen"
    NONE = "none"  # none was chosen, though one must be, or none is left of what was


class AgentCampaigns(Page[AgentCampaignView]):
    """The campaigns that an agent serves, and of which he gets calls."""

    choice: CampaignChoice
    must_choose: bool = Field(
        description="Whether who chose none gets none: `must_choose_campaigns` of `/acd-settings`."
    )


class ChosenCampaigns(Body):
    """The campaigns whose calls the agent is to get; none: all that he serves."""

    campaign_ids: tuple[UUID, ...] = Field(
        max_length=200, examples=[["0199b3c0-7a1e-7c3e-9f52-6a0f3f1d2b4c"]]
    )


class Phone(View):
    """The SIP account of the caller."""

    sip_username: str
    sip_address: str = Field(description="host:port for UDP and TCP.")
    sip_ws: str = Field(description="URL of SIP over WebSocket.")
    sip_uri: str


class NewCredentials(Phone):
    """The SIP account with its new password, which is shown this once."""

    sip_password: str | None
