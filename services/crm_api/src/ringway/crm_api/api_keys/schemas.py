"""Payloads of API keys."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import Field

from ringway.crm_api.access import Permission
from ringway.crm_api.core.moments import Moment
from ringway.crm_api.schemas import Body, Name, View


class NewApiKey(Body):
    """A key to make."""

    name: Name
    scopes: list[Permission] = Field(
        min_length=1, max_length=100, description="What it may do: never more than its owner may."
    )
    expires_at: Moment | None = Field(
        default=None, description="At most two years from now; null: one year."
    )


class ApiKeyRotation(Body):
    """How a key gets its new secret."""

    overlap_s: int = Field(
        default=3600, ge=0, le=7 * 86_400, description="So long the old secret works as well."
    )


class ApiKeyView(View):
    """A key. Its secret is not shown again."""

    key_id: UUID
    user_id: UUID = Field(description="Whose it is: he must be able to do what it does.")
    username: str
    name: str
    prefix: str = Field(description="Stands in the key itself, to find out which one it is.")
    scopes: list[Permission]
    created_at: datetime
    expires_at: datetime
    old_until: datetime | None = Field(description="The secret before this one works until then.")
    last_used_at: datetime | None = Field(description="To the minute.")
    last_used_ip: str
    revoked_at: datetime | None


class ApiKeyWithSecret(ApiKeyView):
    """A key just made or rotated. ``key`` is shown this once: send it as Bearer."""

    key: str | None
