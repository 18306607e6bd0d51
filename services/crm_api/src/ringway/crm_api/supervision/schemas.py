"""Payloads of supervision."""

from __future__ import annotations

from pydantic import Field

from ringway.crm_api.agents.schemas import ChosenState
from ringway.crm_api.core.moments import Moment
from ringway.crm_api.schemas import Body, Text, View
from ringway.proto.acd import AgentState
from ringway.proto.acd_config import Target


class ForcedTransfer(Body):
    """Where the agent's customer is to go."""

    target: Target


class ForcedState(Body):
    """What the agent is to be. During a talk it takes effect after."""

    state: ChosenState
    reason: Text = Field(default="", max_length=100, examples=["meeting"])


class WatchedAgentView(View):
    """What an agent does now, and with whom."""

    agent_id: str
    number: str = Field(description="The agent's number.")
    state: AgentState
    reason: str
    since: Moment
    interaction_id: str | None
    other_number: str = Field(description="Who is on the line; empty when nobody is.")
    queue_id: str | None
    chosen_campaigns: tuple[str, ...] | None = Field(
        description="The campaigns whose calls he gets; null: all that he serves."
    )
