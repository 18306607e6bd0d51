"""Payloads of users."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from ringway.crm_api.access import Role
from ringway.crm_api.schemas import AgentNumber, Body, Password, Text, Username, View

OwnRoleId = Annotated[str, Field(pattern=r"^[0-9a-f-]{36}$")]
_MUST_CHANGE = Field(
    default=None,
    description="Whether this password lasts for one sign-in only. Null: as the enterprise's "
    "security policy says.",
)


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
    """A user just made. ``sip_password`` is shown this once."""

    sip_password: str | None = None
