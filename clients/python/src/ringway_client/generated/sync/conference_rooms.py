"""Conference rooms. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import Sender
from ringway_client.sending import quoted as _quoted


class ConferenceRooms:
    """Conference rooms."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def create_conference_room(
        self, body: models.ConferenceRoom | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.ConferenceRoomView:
        """Create one: a conference that callers may join.

        Permission: ``routing.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/conference-rooms",
                models.ConferenceRoomView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def delete_conference_room(
        self, conference_room_id: str, *, if_match: int | str | None = None
    ) -> None:
        """Delete one, unless another object names it: a conference that callers may join.

        Permission: ``routing.write``.
        """
        return self._client.send(
            _core.Call(
                "DELETE",
                f"/conference-rooms/{_quoted(conference_room_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )

    def get_conference_room(self, conference_room_id: str) -> models.ConferenceRoomView:
        """Return one: a conference that callers may join.

        Permission: ``routing.read``.
        """
        return self._client.send(
            _core.Call(
                "GET", f"/conference-rooms/{_quoted(conference_room_id)}", models.ConferenceRoomView
            )
        )

    def list_conference_rooms(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageConferenceRoomView:
        """List, in the order of their ids: a conference that callers may join. A page of large
        objects holds fewer than `limit`.

        Permission: ``routing.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/conference-rooms",
                models.PageConferenceRoomView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    def iter_conference_rooms(
        self, *, limit: int | None = None
    ) -> Iterator[models.ConferenceRoomView]:
        """Yield all items of :meth:`list_conference_rooms`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_conference_rooms(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def put_conference_room(
        self,
        conference_room_id: str,
        body: models.ConferenceRoom | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
        if_none_match: int | str | None = None,
    ) -> models.ConferenceRoomView:
        """Replace one, or create it with an id of your own: a conference that callers may join.
        `If-Match` with its ETag or `If-None-Match: *` is required.

        Permission: ``routing.write``.
        """
        return self._client.send(
            _core.Call(
                "PUT",
                f"/conference-rooms/{_quoted(conference_room_id)}",
                models.ConferenceRoomView,
                headers={
                    "if-match": _core.etag(if_match),
                    "if-none-match": _core.etag(if_none_match),
                },
                body=body,
            )
        )
