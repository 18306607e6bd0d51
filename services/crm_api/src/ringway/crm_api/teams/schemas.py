"""Payloads of departments and teams."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from ringway.crm_api.schemas import Body, Name, View


class TeamKind(StrEnum):
    """A department contains departments, teams and people; a team people only."""

    DEPARTMENT = "department"
    TEAM = "team"


class TeamBody(Body):
    """Everything that is set on a department or team."""

    name: Name
    kind: TeamKind = TeamKind.TEAM
    parent_id: UUID | None = Field(
        default=None, description="The department that it is part of; null: at the top."
    )
    leader_ids: list[UUID] = Field(
        default=[], max_length=50, description="Users who supervise everybody below."
    )


class TeamView(View):
    """A department or team."""

    team_id: UUID
    parent_id: UUID | None
    kind: TeamKind
    name: str
    leader_ids: list[UUID]
    members: int = Field(description="Its own, without those of teams below.")
    version: int
    created_at: datetime
    updated_at: datetime


class Newcomers(Body):
    """People who change to a team, whichever they were in."""

    user_ids: list[UUID] = Field(min_length=1, max_length=500)


class TeamMemberView(View):
    """Somebody in a team."""

    user_id: UUID
    username: str
    display_name: str
    agent_number: str | None
    team_id: UUID
    since: datetime


class TeamMoveView(View):
    """Somebody changed his team; names are those of that day, null ids mean no team."""

    move_id: UUID
    at: datetime
    from_team_id: UUID | None
    from_name: str
    to_team_id: UUID | None
    to_name: str
    moved_by: str
