"""Payloads of users."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field

from ringway.crm_api.access import Role
from ringway.crm_api.schemas import AgentNumber, Body, Password, Text, Username, View
from ringway.proto.exact import Measured

OwnRoleId = Annotated[str, Field(pattern=r"^[0-9a-f-]{36}$")]
_MUST_CHANGE = Field(
    default=None,
    description="Whether this password lasts for one sign-in only. Null: as the enterprise's "
    "security policy says.",
)

SearchText = Annotated[
    Text | None,
    Field(max_length=100),
    Measured(),
    Query(
        alias="q",
        description="Part of the username, the name or the agent number.",
        examples=["ann"],
    ),
]
InTeam = Annotated[UUID | None, Query(description="In this team, or below this department.")]


class NewUser(Body):
    """A user to create. With ``agent_number`` he gets a SIP account."""

    username: Username
    password: Password
    role: Role
    display_name: Text = Field(default="", max_length=200)
    agent_number: AgentNumber | None = None
    own_role_id: OwnRoleId | None = Field(default=None, description="Made from `role`.")
    must_change_password: bool | None = _MUST_CHANGE


class UserChange(Body):
    """What may be changed of a user; what is left out stays."""

    display_name: Text | None = Field(default=None, max_length=200)
    role: Role | None = None
    own_role_id: OwnRoleId | None = Field(
        default=None, description="Null, or a new `role` without it: what `role` is here."
    )
    password: Password | None = None
    is_enabled: bool | None = None
    must_change_password: bool | None = _MUST_CHANGE


class UserView(View):
    """A user."""

    user_id: UUID
    username: str
    display_name: str
    role: Role
    own_role_id: str | None
    agent_id: str | None = Field(description="The user's id, when he has a seat.")
    agent_number: str | None
    sip_username: str | None
    is_enabled: bool
    version: int
    created_at: datetime
    updated_at: datetime


class CreatedUser(UserView):
    """A user with a seat just made. ``sip_password`` is shown this once."""

    sip_password: str | None = None


class NewUsers(Body):
    """Users to create at once."""

    users: list[NewUser] = Field(min_length=1, max_length=50)


class NewUserFate(View):
    """What became of one of them. Who could not be made has a ``code``, and why."""

    index: int = Field(description="Of the user in the request, from 0.")
    username: str
    user_id: UUID | None
    agent_number: str | None
    sip_username: str | None = None
    sip_password: str | None = Field(default=None, description="Shown this once.")
    code: str = Field(default="", examples=["username_taken"])
    detail: str = ""


class NewUsersReport(View):
    """What became of each user, in the order of the request."""

    created: int
    refused: int
    items: list[NewUserFate]


class SeatBody(Body):
    """A seat: an agent number, and the SIP account that goes with it."""

    agent_number: AgentNumber
