"""Payloads of tenants."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from ringway.crm_api.schemas import Body, Name, Password, Text, Username, View

Slug = Annotated[
    str,
    Field(pattern=r"^[a-z][a-z0-9-]{1,39}$", examples=["acme"], description="Used at sign-in."),
]


class TenantState(StrEnum):
    """Whether a tenant's users get in."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


class FirstAdmin(Body):
    """The first enterprise admin of a new tenant."""

    username: Username
    password: Password
    display_name: Text = Field(default="", max_length=200)


class NewTenant(Body):
    """An enterprise to open, with its first admin."""

    slug: Slug
    name: Name
    admin: FirstAdmin


class TenantView(View):
    """An enterprise."""

    tenant_id: UUID
    slug: str
    name: str
    state: TenantState
    created_at: datetime
    updated_at: datetime
