"""Deleted tenants. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Iterator

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import Sender


class DeletedTenants:
    """Deleted tenants."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def list_deleted_tenants(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageTombstoneView:
        """List what is left of enterprises that were deleted, or are being deleted.

        Permission: ``tenants.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/deleted-tenants",
                models.PageTombstoneView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    def iter_deleted_tenants(self, *, limit: int | None = None) -> Iterator[models.TombstoneView]:
        """Yield all items of :meth:`list_deleted_tenants`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_deleted_tenants(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return
