"""Supervision: who listens to whom, what a supervisor asks for, and what is told of it."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AwareDatetime, Field

from ringway.proto.acd import AgentState
from ringway.proto.acd_config import SupervisionMode, Target
from ringway.proto.base import Fact, Model, Reply, Request, Seconds, Token


class SuperviseV1(Request):
    """Listen to, whisper to or barge into an agent's call, or act on it or on the agent.

    For the first three and ``intercept`` the supervisor's own phone is called, once: the same
    request with another mode or agent goes on with that phone. Refused with ``agent_unknown`` for
    an agent outside the supervisor's groups, ``not_allowed`` for a mode that his groups do not
    have, ``not_in_call``, ``not_now``, ``agent_logged_out``, ``phone_not_registered``,
    ``phone_not_answered``, a transfer's codes (see TransferV1) and a choice's.
    ``everywhere`` is set by crm_api for roles that may supervise the whole tenant.
    """

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.supervise"

    supervisor_id: Token
    agent_id: Token
    mode: SupervisionMode
    target: Target | None = None  # of a forced transfer
    ready: bool | None = None  # of a forced state
    # Of a forced choice of campaigns, with mode ``state``: see ChooseCampaignsV1.
    campaign_ids: Annotated[tuple[Token, ...], Field(max_length=200)] | None = None
    reason: str = Field(default="", max_length=100)
    everywhere: bool = False


class StopSupervisionV1(Request):
    """The supervisor's phone leaves the call; the call goes on."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.stop_supervision"

    supervisor_id: Token


class WatchGroupV1(Request):
    """Ask for the live state of the agents whom a supervisor may see, by number.

    Refused with ``group_unknown`` for a group that is not his.
    """

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.watch_group"

    supervisor_id: Token
    group_id: Token | None = None
    everywhere: bool = False
    after: str = ""  # only agents with higher numbers
    limit: Annotated[int, Field(ge=1, le=500)] = 500


class WatchedAgent(Model):
    """One line of the monitor."""

    agent_id: Token
    number: str
    state: AgentState
    reason: str = ""
    since: AwareDatetime
    interaction_id: Token | None = None
    other_number: str = ""  # who is on the line
    queue_id: Token | None = None
    chosen_campaigns: tuple[Token, ...] | None = None  # none: all that he serves


class WatchedGroupV1(Reply):
    """The agents of the groups, by number. ``next_after``: ask again after this number."""

    agents: tuple[WatchedAgent, ...]
    next_after: str | None = None


class SupervisedV1(Fact):
    """A supervisor acted: for the audit."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.supervision.{supervisor_id}.acted"

    supervisor_id: Token
    agent_id: Token
    mode: SupervisionMode
    interaction_id: Token | None = None
    outcome: str  # done, or the code of the refusal
    detail: str = ""


class SupervisionEndedV1(Fact):
    """A supervisor's phone left a call.

    ``reason`` is ``interrupted`` when the process that saw to it died and the next one could not
    go on; empty for every end that somebody wanted.
    """

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.supervision.{supervisor_id}.ended"

    supervisor_id: Token
    agent_id: Token
    interaction_id: Token
    listened_s: Seconds
    reason: str = ""
