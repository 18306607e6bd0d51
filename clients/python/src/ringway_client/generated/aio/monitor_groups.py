"""Monitor groups. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import AsyncSender
from ringway_client.sending import quoted as _quoted


class MonitorGroups:
    """Monitor groups."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def create_monitor_group(
        self, body: models.MonitorGroup | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.MonitorGroupView:
        """Create one: agents whom some supervisors may see and supervise.

        Permission: ``routing.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/monitor-groups",
                models.MonitorGroupView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def delete_monitor_group(
        self, monitor_group_id: str, *, if_match: int | str | None = None
    ) -> None:
        """Delete one, unless another object names it: agents whom some supervisors may see and
        supervise.

        Permission: ``routing.write``.
        """
        return await self._client.send(
            _core.Call(
                "DELETE",
                f"/monitor-groups/{_quoted(monitor_group_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )

    async def get_monitor_group(self, monitor_group_id: str) -> models.MonitorGroupView:
        """Return one: agents whom some supervisors may see and supervise.

        Permission: ``routing.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET", f"/monitor-groups/{_quoted(monitor_group_id)}", models.MonitorGroupView
            )
        )

    async def list_monitor_groups(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageMonitorGroupView:
        """List, in the order of their ids: agents whom some supervisors may see and supervise. A
        page of large objects holds fewer than `limit`.

        Permission: ``routing.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                "/monitor-groups",
                models.PageMonitorGroupView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    async def iter_monitor_groups(
        self, *, limit: int | None = None
    ) -> AsyncIterator[models.MonitorGroupView]:
        """Yield all items of :meth:`list_monitor_groups`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_monitor_groups(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def put_monitor_group(
        self,
        monitor_group_id: str,
        body: models.MonitorGroup | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
        if_none_match: int | str | None = None,
    ) -> models.MonitorGroupView:
        """Replace one, or create it with an id of your own: agents whom some supervisors may see
        and supervise. `If-Match` with its ETag or `If-None-Match: *` is required.

        Permission: ``routing.write``.
        """
        return await self._client.send(
            _core.Call(
                "PUT",
                f"/monitor-groups/{_quoted(monitor_group_id)}",
                models.MonitorGroupView,
                headers={
                    "if-match": _core.etag(if_match),
                    "if-none-match": _core.etag(if_none_match),
                },
                body=body,
            )
        )
