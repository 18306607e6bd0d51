"""Payloads of tenants."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

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
    DELETING = "deleting"  # a tombstone is all that will be left


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


class TenantWarning(Body):
    """What an enterprise has to change, as its admins are shown it."""

    text_en: Text = Field(
        default="", max_length=1000, examples=["Two calls of today promised a prize. Stop it."]
    )
    text_zh: Text = Field(
        default="", max_length=1000, examples=["今日两通电话承诺中奖，请立即停止。"]
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.text_en and not self.text_zh:
            raise ValueError("write text_en, text_zh or both")
        return self


class TenantWarningView(View):
    """A warning, and how many of the enterprise's admins have read and understood it."""

    notice_id: UUID
    text_en: str
    text_zh: str
    author: str = Field(examples=["operator:otto"])
    published_at: datetime
    ends_at: datetime = Field(description="It is shown until then.")
    withdrawn_at: datetime | None
    audience: int = Field(description="Admins whom it is for now.")
    read: int
    confirmed: int


class Closing(Body):
    """The closing of an enterprise."""

    reason: Text = Field(min_length=5, max_length=500, examples=["Contract ended"])
    grace_days: int = Field(
        default=30, ge=1, le=365, description="So long its data stays, and it can be reopened."
    )


class Grace(Body):
    """How long a closed enterprise's data stays from now on."""

    grace_days: int = Field(ge=1, le=365, examples=[60])


class Confirmation(Body):
    """Whoever deletes an enterprise writes its name once more."""

    slug: Slug


class TombstoneView(View):
    """What is left of an enterprise that was deleted, or is being deleted."""

    enterprise_id: UUID = Field(description="What was its tenant_id.")
    slug: str
    name: str
    close_reason: str
    closed_at: datetime | None
    begun_at: datetime
    begun_by: str = Field(description="`system`: its grace period was over.")
    removed: dict[str, int] = Field(
        description="Rows by service and table, and files.",
        examples=[{"crm_api.customer": 1200, "recorder.files": 340}],
    )
    confirmed: dict[str, str] = Field(description="When each service had nothing left.")
    deleted_at: datetime | None
    swept_at: datetime | None = Field(description="When it was looked for what came late.")
    last_error: str = Field(description="Why it waits.")


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
