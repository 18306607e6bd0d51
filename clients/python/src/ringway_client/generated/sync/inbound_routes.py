"""Inbound routes. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import Sender
from ringway_client.sending import quoted as _quoted


class InboundRoutes:
    """Inbound routes."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def create_inbound_route(
        self, body: models.InboundRoute | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.InboundRouteView:
        """Create one: where calls to a number go.

        Permission: ``routing.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/inbound-routes",
                models.InboundRouteView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def delete_inbound_route(
        self, inbound_route_id: str, *, if_match: int | str | None = None
    ) -> None:
        """Delete one, unless another object names it: where calls to a number go.

        Permission: ``routing.write``.
        """
        return self._client.send(
            _core.Call(
                "DELETE",
                f"/inbound-routes/{_quoted(inbound_route_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )

    def get_inbound_route(self, inbound_route_id: str) -> models.InboundRouteView:
        """Return one: where calls to a number go.

        Permission: ``routing.read``.
        """
        return self._client.send(
            _core.Call(
                "GET", f"/inbound-routes/{_quoted(inbound_route_id)}", models.InboundRouteView
            )
        )

    def list_inbound_routes(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageInboundRouteView:
        """List, in the order of their ids: where calls to a number go. A page of large objects
        holds fewer than `limit`.

        Permission: ``routing.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/inbound-routes",
                models.PageInboundRouteView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    def iter_inbound_routes(self, *, limit: int | None = None) -> Iterator[models.InboundRouteView]:
        """Yield all items of :meth:`list_inbound_routes`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_inbound_routes(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def put_inbound_route(
        self,
        inbound_route_id: str,
        body: models.InboundRoute | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
        if_none_match: int | str | None = None,
    ) -> models.InboundRouteView:
        """Replace one, or create it with an id of your own: where calls to a number go. `If-Match`
        with its ETag or `If-None-Match: *` is required.

        Permission: ``routing.write``.
        """
        return self._client.send(
            _core.Call(
                "PUT",
                f"/inbound-routes/{_quoted(inbound_route_id)}",
                models.InboundRouteView,
                headers={
                    "if-match": _core.etag(if_match),
                    "if-none-match": _core.etag(if_none_match),
                },
                body=body,
            )
        )
