"""Payloads of outbound projects."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from ringway.crm_api.schemas import Body, Name, View


class ProjectBody(Body):
    """An outbound project."""

    name: Name


class ProjectView(View):
    """An outbound project."""

    project_id: UUID
    name: str
    created_at: datetime
    changed_at: datetime
