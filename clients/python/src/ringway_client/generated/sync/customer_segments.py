"""Customer segments. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import Sender
from ringway_client.sending import quoted as _quoted


class CustomerSegments:
    """Customer segments."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def count_segment(self, segment_id: UUID | str) -> models.SegmentCountView:
        """Count the customers of a segment.

        Permission: ``customers.read``.
        """
        return self._client.send(
            _core.Call(
                "GET", f"/customer-segments/{_quoted(segment_id)}/count", models.SegmentCountView
            )
        )

    def create_segment(
        self, body: models.SegmentBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.CustomerSegmentView:
        """Keep conditions under a name. `segment_id` in any filter of customers means them then.

        Permission: ``customers.rules``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/customer-segments",
                models.CustomerSegmentView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def delete_segment(self, segment_id: UUID | str, *, if_match: int | str | None = None) -> None:
        """Delete a segment; its customers stay.

        Permission: ``customers.rules``.
        """
        return self._client.send(
            _core.Call(
                "DELETE",
                f"/customer-segments/{_quoted(segment_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )

    def get_segment(self, segment_id: UUID | str) -> models.CustomerSegmentView:
        """Return one segment.

        Permission: ``customers.read``.
        """
        return self._client.send(
            _core.Call(
                "GET", f"/customer-segments/{_quoted(segment_id)}", models.CustomerSegmentView
            )
        )

    def list_segments_of_customers(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageCustomerSegmentView:
        """List segments.

        Permission: ``customers.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/customer-segments",
                models.PageCustomerSegmentView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    def iter_segments_of_customers(
        self, *, limit: int | None = None
    ) -> Iterator[models.CustomerSegmentView]:
        """Yield all items of :meth:`list_segments_of_customers`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_segments_of_customers(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def replace_segment(
        self,
        segment_id: UUID | str,
        body: models.SegmentBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.CustomerSegmentView:
        """Replace a segment: lists that were made of it find others when they are asked again.

        Permission: ``customers.rules``.
        """
        return self._client.send(
            _core.Call(
                "PUT",
                f"/customer-segments/{_quoted(segment_id)}",
                models.CustomerSegmentView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )
