"""Payloads of roles."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from ringway.crm_api.access import Level, Permission, Role
from ringway.crm_api.schemas import Body, Name, View


class NewRole(Body):
    """A role of the enterprise's own, made from a shipped one."""

    name: Name
    template: Role
    permissions: list[Permission] | None = Field(
        default=None, max_length=200, description="Left out: what the template has here now."
    )


class RoleBody(Body):
    """What is set on a role. A shipped role keeps its name."""

    name: Name | None = None
    permissions: list[Permission] = Field(max_length=200)


class RoleView(View):
    """A role: shipped (its id is its name), or the enterprise's own."""

    role_id: str
    name: str
    template: Role
    level: Level
    is_own: bool
    is_changed: bool = Field(description="Whether it differs from what it was shipped with.")
    is_fixed: bool = Field(description="Whether it cannot be changed.")
    has_seat: bool = Field(description="Whether its users may have an agent number.")
    permissions: list[Permission]
    grantable: list[Permission] = Field(description="All that it may ever have.")
    version: int
    changed_at: datetime | None


class PermissionView(View):
    """One permission and who may ever have it."""

    permission: Permission
    templates: list[Role] = Field(description="Shipped roles whose level may have it.")
    operations: list[str] = Field(description="Ids of the operations that ask for it.")
