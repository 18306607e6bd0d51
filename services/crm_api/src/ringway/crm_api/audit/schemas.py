"""Payloads of the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from ringway.crm_api.schemas import View


class AuditEntry(View):
    """One act of one person."""

    seq: int
    at: datetime
    actor_id: UUID | None
    actor: str
    action: str
    object_type: str
    object_id: str
    detail: dict[str, Any]
    client_ip: str
    hash: str = Field(description="SHA-256 over this entry and the hash of the one before.")


class AuditCheck(View):
    """Whether the chain of hashes is whole."""

    intact: bool
    entries: int = Field(description="So many were read, which is the number of the last one.")
    first_broken: int | None = Field(description="The first entry that does not fit.")
    last_hash: str = Field(description="Of the last entry that was read.")
