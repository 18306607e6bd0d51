"""Payloads of agents' seats."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from pydantic import Field

from ringway.crm_api.core.moments import Moment
from ringway.crm_api.schemas import Body, Text, View
from ringway.proto.acd import AgentState, LegMode


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


class AgentView(AgentStatus):
    """An agent with his name and number."""

    agent_number: str
    username: str
    display_name: str


class Phone(View):
    """The SIP account of the caller."""

    sip_username: str
    sip_address: str = Field(description="host:port for UDP and TCP.")
    sip_ws: str = Field(description="URL of SIP over WebSocket.")
    sip_uri: str


class NewCredentials(Phone):
    """The SIP account with its new password, which is shown this once."""

    sip_password: str | None
