"""Trunks. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import AsyncSender
from ringway_client.sending import quoted as _quoted


class Trunks:
    """Trunks."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def change_trunk(
        self, trunk_id: UUID | str, body: models.TrunkBody | Mapping[str, Any]
    ) -> models.TrunkView:
        """Change a trunk. Calls that are up are not touched.

        Permission: ``trunks.write``.
        """
        return await self._client.send(
            _core.Call("PUT", f"/trunks/{_quoted(trunk_id)}", models.TrunkView, body=body)
        )

    async def create_trunk(
        self, body: models.TrunkBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.TrunkView:
        """Create a trunk. It works on every node within a second.

        Permission: ``trunks.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/trunks",
                models.TrunkView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def delete_trunk(self, trunk_id: UUID | str) -> None:
        """Delete a trunk. Calls on it go on; routes and campaigns that use it forbid it.

        Permission: ``trunks.write``.
        """
        return await self._client.send(
            _core.Call("DELETE", f"/trunks/{_quoted(trunk_id)}", type(None))
        )

    async def disable_trunk(
        self, trunk_id: UUID | str, *, idempotency_key: str | None = None
    ) -> models.TrunkView:
        """Let a trunk take no new calls, neither in nor out. Calls that are up go on.

        Permission: ``trunks.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/trunks/{_quoted(trunk_id)}/disable",
                models.TrunkView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    async def enable_trunk(
        self, trunk_id: UUID | str, *, idempotency_key: str | None = None
    ) -> models.TrunkView:
        """Let a trunk take calls again.

        Permission: ``trunks.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/trunks/{_quoted(trunk_id)}/enable",
                models.TrunkView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    async def get_trunk(self, trunk_id: UUID | str) -> models.TrunkView:
        """Return one trunk.

        Permission: ``trunks.read``.
        """
        return await self._client.send(
            _core.Call("GET", f"/trunks/{_quoted(trunk_id)}", models.TrunkView)
        )

    async def get_trunk_state(self, trunk_id: UUID | str) -> models.TrunkStateView:
        """Return how a trunk is at this moment.

        Permission: ``trunks.read``.
        """
        return await self._client.send(
            _core.Call("GET", f"/trunks/{_quoted(trunk_id)}/state", models.TrunkStateView)
        )

    async def list_trunks(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageTrunkView:
        """List the trunks of the tenant.

        Permission: ``trunks.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET", "/trunks", models.PageTrunkView, query={"limit": limit, "cursor": cursor}
            )
        )

    async def iter_trunks(self, *, limit: int | None = None) -> AsyncIterator[models.TrunkView]:
        """Yield all items of :meth:`list_trunks`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_trunks(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return
