"""Payloads of tenants."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from ringway.crm_api.features import Feature
from ringway.crm_api.schemas import Body, Name, Password, Text, Username, View

Slug = Annotated[
    str,
    Field(pattern=r"^[a-z][a-z0-9-]{1,39}$", examples=["acme"], description="Used at sign-in."),
]


class TenantState(StrEnum):
    """Whether a tenant's users get in."""

    OPENING = "opening"  # not yet
    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"  # for good, once its grace period is over


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


class Features(Body):
    """All features that an enterprise has; those left out are off."""

    features: list[Feature] = Field(max_length=50)


class OutboundStop(Body):
    """Why an enterprise may not call out; its people read it."""

    reason: Text = Field(min_length=5, max_length=500, examples=["Calls outside the hours"])


class Closing(Body):
    """The closing of an enterprise."""

    reason: Text = Field(min_length=5, max_length=500, examples=["Contract ended"])
    grace_days: int = Field(
        default=30, ge=1, le=365, description="So long its data stays, and it can be reopened."
    )


class TenantView(View):
    """An enterprise."""

    tenant_id: UUID
    slug: str
    name: str
    state: TenantState
    features_off: list[Feature]
    outbound_stopped_at: datetime | None = Field(
        description="Since when the platform has stopped its outbound service."
    )
    outbound_stop_reason: str
    closed_at: datetime | None
    close_reason: str
    delete_after: datetime | None = Field(description="Until then its closing can be undone.")
    created_at: datetime
    updated_at: datetime
