"""Outbound routes. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import AsyncSender
from ringway_client.sending import quoted as _quoted


class OutboundRoutes:
    """Outbound routes."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def create_outbound_route(
        self, body: models.OutboundRoute | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.OutboundRouteView:
        """Create one: how numbers with a prefix leave.

        Permission: ``routing.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/outbound-routes",
                models.OutboundRouteView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def delete_outbound_route(
        self, outbound_route_id: str, *, if_match: int | str | None = None
    ) -> None:
        """Delete one, unless another object names it: how numbers with a prefix leave.

        Permission: ``routing.write``.
        """
        return await self._client.send(
            _core.Call(
                "DELETE",
                f"/outbound-routes/{_quoted(outbound_route_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )

    async def get_outbound_route(self, outbound_route_id: str) -> models.OutboundRouteView:
        """Return one: how numbers with a prefix leave.

        Permission: ``routing.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET", f"/outbound-routes/{_quoted(outbound_route_id)}", models.OutboundRouteView
            )
        )

    async def list_outbound_routes(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageOutboundRouteView:
        """List, in the order of their ids: how numbers with a prefix leave. A page of large
        objects holds fewer than `limit`.

        Permission: ``routing.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                "/outbound-routes",
                models.PageOutboundRouteView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    async def iter_outbound_routes(
        self, *, limit: int | None = None
    ) -> AsyncIterator[models.OutboundRouteView]:
        """Yield all items of :meth:`list_outbound_routes`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_outbound_routes(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def put_outbound_route(
        self,
        outbound_route_id: str,
        body: models.OutboundRoute | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
        if_none_match: int | str | None = None,
    ) -> models.OutboundRouteView:
        """Replace one, or create it with an id of your own: how numbers with a prefix leave. `If-
        Match` with its ETag or `If-None-Match: *` is required.

        Permission: ``routing.write``.
        """
        return await self._client.send(
            _core.Call(
                "PUT",
                f"/outbound-routes/{_quoted(outbound_route_id)}",
                models.OutboundRouteView,
                headers={
                    "if-match": _core.etag(if_match),
                    "if-none-match": _core.etag(if_none_match),
                },
                body=body,
            )
        )
