"""Blocked callers. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import Sender
from ringway_client.sending import quoted as _quoted


class BlockedCallers:
    """Blocked callers."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def create_blocked_caller(
        self, body: models.BlockedCaller | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.BlockedCallerView:
        """Create one: a caller who hears busy.

        Permission: ``routing.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/blocked-callers",
                models.BlockedCallerView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def delete_blocked_caller(
        self, blocked_caller_id: str, *, if_match: int | str | None = None
    ) -> None:
        """Delete one, unless another object names it: a caller who hears busy.

        Permission: ``routing.write``.
        """
        return self._client.send(
            _core.Call(
                "DELETE",
                f"/blocked-callers/{_quoted(blocked_caller_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )

    def get_blocked_caller(self, blocked_caller_id: str) -> models.BlockedCallerView:
        """Return one: a caller who hears busy.

        Permission: ``routing.read``.
        """
        return self._client.send(
            _core.Call(
                "GET", f"/blocked-callers/{_quoted(blocked_caller_id)}", models.BlockedCallerView
            )
        )

    def list_blocked_callers(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageBlockedCallerView:
        """List, in the order of their ids: a caller who hears busy. A page of large objects holds
        fewer than `limit`.

        Permission: ``routing.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/blocked-callers",
                models.PageBlockedCallerView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    def iter_blocked_callers(
        self, *, limit: int | None = None
    ) -> Iterator[models.BlockedCallerView]:
        """Yield all items of :meth:`list_blocked_callers`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_blocked_callers(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def put_blocked_caller(
        self,
        blocked_caller_id: str,
        body: models.BlockedCaller | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
        if_none_match: int | str | None = None,
    ) -> models.BlockedCallerView:
        """Replace one, or create it with an id of your own: a caller who hears busy. `If-Match`
        with its ETag or `If-None-Match: *` is required.

        Permission: ``routing.write``.
        """
        return self._client.send(
            _core.Call(
                "PUT",
                f"/blocked-callers/{_quoted(blocked_caller_id)}",
                models.BlockedCallerView,
                headers={
                    "if-match": _core.etag(if_match),
                    "if-none-match": _core.etag(if_none_match),
                },
                body=body,
            )
        )
