"""Payloads about the caller himself."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from ringway.crm_api.access import Permission, Role
from ringway.crm_api.features import Feature
from ringway.crm_api.schemas import View


class MeView(View):
    """Who is signed in and what he may do."""

    user_id: UUID
    tenant_id: UUID
    tenant_slug: str
    tenant_name: str
    username: str
    display_name: str
    role: Role
    permissions: list[Permission]
    features: list[Feature] = Field(description="What the enterprise has; the rest is not shown.")
    outbound_stop_reason: str | None = Field(
        description="Why the platform has stopped outbound service; null: it has not."
    )
    agent_id: str | None
    agent_number: str | None
