"""Caller groups. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import Sender
from ringway_client.sending import quoted as _quoted


class CallerGroups:
    """Caller groups."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def create_caller_group(
        self, body: models.CallerGroup | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.CallerGroupView:
        """Create one: customers by their numbers, and how their calls are treated.

        Permission: ``routing.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/caller-groups",
                models.CallerGroupView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def delete_caller_group(
        self, caller_group_id: str, *, if_match: int | str | None = None
    ) -> None:
        """Delete one, unless another object names it: customers by their numbers, and how their
        calls are treated.

        Permission: ``routing.write``.
        """
        return self._client.send(
            _core.Call(
                "DELETE",
                f"/caller-groups/{_quoted(caller_group_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )

    def get_caller_group(self, caller_group_id: str) -> models.CallerGroupView:
        """Return one: customers by their numbers, and how their calls are treated.

        Permission: ``routing.read``.
        """
        return self._client.send(
            _core.Call("GET", f"/caller-groups/{_quoted(caller_group_id)}", models.CallerGroupView)
        )

    def list_caller_groups(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageCallerGroupView:
        """List, in the order of their ids: customers by their numbers, and how their calls are
        treated. A page of large objects holds fewer than `limit`.

        Permission: ``routing.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/caller-groups",
                models.PageCallerGroupView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    def iter_caller_groups(self, *, limit: int | None = None) -> Iterator[models.CallerGroupView]:
        """Yield all items of :meth:`list_caller_groups`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_caller_groups(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def put_caller_group(
        self,
        caller_group_id: str,
        body: models.CallerGroup | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
        if_none_match: int | str | None = None,
    ) -> models.CallerGroupView:
        """Replace one, or create it with an id of your own: customers by their numbers, and how
        their calls are treated. `If-Match` with its ETag or `If-None-Match: *` is required.

        Permission: ``routing.write``.
        """
        return self._client.send(
            _core.Call(
                "PUT",
                f"/caller-groups/{_quoted(caller_group_id)}",
                models.CallerGroupView,
                headers={
                    "if-match": _core.etag(if_match),
                    "if-none-match": _core.etag(if_none_match),
                },
                body=body,
            )
        )
