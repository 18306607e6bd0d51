"""The deletion of an enterprise: each service removes what it owns of it, and confirms.

A service removes a part at each request, files and live state before rows, and says when nothing
is left. A repeat goes on where the last one ended.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ringway.proto.base import Reply, Request


class DeleteAcdTenantV1(Request):
    """Forget a tenant's agents, trunks, configuration and messages."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.delete_tenant"


class DeleteDialerTenantV1(Request):
    """Forget a tenant's campaigns, leads, attempts and lists."""

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.delete_tenant"


class DeleteRecorderTenantV1(Request):
    """Forget a tenant's recordings, with their files."""

    SUBJECT: ClassVar[str] = "recorder.v1.{tenant}.cmd.delete_tenant"


DeleteTenantRequest = DeleteAcdTenantV1 | DeleteDialerTenantV1 | DeleteRecorderTenantV1


class TenantPartDeletedV1(Reply):
    """What was removed now, by table (and ``files``), and whether nothing is left."""

    removed: dict[str, int] = Field(default_factory=dict)
    is_done: bool
