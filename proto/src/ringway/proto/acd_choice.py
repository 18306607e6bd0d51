"""Which campaigns a signed-in agent works on."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from ringway.proto.base import Fact, Request, Token


class ChosenBy(StrEnum):
    """Why an agent's choice of campaigns changed."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    UNASSIGNED = "unassigned"  # a campaign that he had chosen is no longer his, or is over


class ChooseCampaignsV1(Request):
    """Work only on calls of these campaigns from the next call on; answered with AgentStatusV1.

    No campaign means all that the agent serves. Inbound queues are not touched. The choice ends
    with the session. crm_api sees to it that the campaigns are the agent's. Refused with
    ``agent_logged_out``, or with ``campaign_choice_required`` where the tenant wants a choice.
    """

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.choose_campaigns"

    agent_id: Token
    campaign_ids: tuple[Token, ...] = Field(default=(), max_length=200)


class AgentCampaignsChosenV1(Fact):
    """A signed-in agent works on other campaigns from now on. The end of his session ends it.

    ``campaign_ids``: none at all is ``()``, no choice is ``None``: all that he serves.
    """

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.agent.{agent_id}.campaigns_chosen"

    agent_id: Token
    session_id: Token
    campaign_ids: tuple[Token, ...] | None
    by: ChosenBy
