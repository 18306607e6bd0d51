"""Queues. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import Sender
from ringway_client.sending import quoted as _quoted


class Queues:
    """Queues."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def create_queue(
        self, body: models.Queue | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.QueueView:
        """Create one: where calls wait for agents.

        Permission: ``routing.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/queues",
                models.QueueView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def delete_queue(self, queue_id: str, *, if_match: int | str | None = None) -> None:
        """Delete one, unless another object names it: where calls wait for agents.

        Permission: ``routing.write``.
        """
        return self._client.send(
            _core.Call(
                "DELETE",
                f"/queues/{_quoted(queue_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )

    def get_queue(self, queue_id: str) -> models.QueueView:
        """Return one: where calls wait for agents.

        Permission: ``queues.read``.
        """
        return self._client.send(
            _core.Call("GET", f"/queues/{_quoted(queue_id)}", models.QueueView)
        )

    def list_queues(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageQueueView:
        """List, in the order of their ids: where calls wait for agents. A page of large objects
        holds fewer than `limit`.

        Permission: ``queues.read``.
        """
        return self._client.send(
            _core.Call(
                "GET", "/queues", models.PageQueueView, query={"limit": limit, "cursor": cursor}
            )
        )

    def iter_queues(self, *, limit: int | None = None) -> Iterator[models.QueueView]:
        """Yield all items of :meth:`list_queues`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_queues(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def put_queue(
        self,
        queue_id: str,
        body: models.Queue | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
        if_none_match: int | str | None = None,
    ) -> models.QueueView:
        """Replace one, or create it with an id of your own: where calls wait for agents. `If-
        Match` with its ETag or `If-None-Match: *` is required.

        Permission: ``routing.write``.
        """
        return self._client.send(
            _core.Call(
                "PUT",
                f"/queues/{_quoted(queue_id)}",
                models.QueueView,
                headers={
                    "if-match": _core.etag(if_match),
                    "if-none-match": _core.etag(if_none_match),
                },
                body=body,
            )
        )
