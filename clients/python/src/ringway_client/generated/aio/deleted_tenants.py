"""Deleted tenants. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import AsyncIterator

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import AsyncSender


class DeletedTenants:
    """Deleted tenants."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def list_deleted_tenants(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageTombstoneView:
        """List what is left of enterprises that were deleted, or are being deleted.

        Permission: ``tenants.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                "/deleted-tenants",
                models.PageTombstoneView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    async def iter_deleted_tenants(
        self, *, limit: int | None = None
    ) -> AsyncIterator[models.TombstoneView]:
        """Yield all items of :meth:`list_deleted_tenants`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_deleted_tenants(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return
