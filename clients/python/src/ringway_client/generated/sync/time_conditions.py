"""Time conditions. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import Sender
from ringway_client.sending import quoted as _quoted


class TimeConditions:
    """Time conditions."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def create_time_condition(
        self, body: models.TimeCondition | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.TimeConditionView:
        """Create one: a target that depends on the hour.

        Permission: ``routing.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/time-conditions",
                models.TimeConditionView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def delete_time_condition(
        self, time_condition_id: str, *, if_match: int | str | None = None
    ) -> None:
        """Delete one, unless another object names it: a target that depends on the hour.

        Permission: ``routing.write``.
        """
        return self._client.send(
            _core.Call(
                "DELETE",
                f"/time-conditions/{_quoted(time_condition_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )

    def get_time_condition(self, time_condition_id: str) -> models.TimeConditionView:
        """Return one: a target that depends on the hour.

        Permission: ``routing.read``.
        """
        return self._client.send(
            _core.Call(
                "GET", f"/time-conditions/{_quoted(time_condition_id)}", models.TimeConditionView
            )
        )

    def list_time_conditions(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageTimeConditionView:
        """List, in the order of their ids: a target that depends on the hour. A page of large
        objects holds fewer than `limit`.

        Permission: ``routing.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/time-conditions",
                models.PageTimeConditionView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    def iter_time_conditions(
        self, *, limit: int | None = None
    ) -> Iterator[models.TimeConditionView]:
        """Yield all items of :meth:`list_time_conditions`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_time_conditions(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def put_time_condition(
        self,
        time_condition_id: str,
        body: models.TimeCondition | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
        if_none_match: int | str | None = None,
    ) -> models.TimeConditionView:
        """Replace one, or create it with an id of your own: a target that depends on the hour.
        `If-Match` with its ETag or `If-None-Match: *` is required.

        Permission: ``routing.write``.
        """
        return self._client.send(
            _core.Call(
                "PUT",
                f"/time-conditions/{_quoted(time_condition_id)}",
                models.TimeConditionView,
                headers={
                    "if-match": _core.etag(if_match),
                    "if-none-match": _core.etag(if_none_match),
                },
                body=body,
            )
        )
