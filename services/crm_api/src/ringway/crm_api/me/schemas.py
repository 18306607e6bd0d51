"""Payloads about the caller himself."""

from __future__ import annotations

from uuid import UUID

from ringway.crm_api.access import Permission, Role
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
    agent_id: str | None
    agent_number: str | None
