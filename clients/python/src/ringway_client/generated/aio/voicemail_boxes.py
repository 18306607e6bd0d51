"""Voicemail boxes. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import AsyncSender
from ringway_client.sending import quoted as _quoted


class VoicemailBoxes:
    """Voicemail boxes."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def create_voicemail_box(
        self, body: models.VoicemailBox | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.VoicemailBoxView:
        """Create one: where callers leave messages.

        Permission: ``routing.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/voicemail-boxes",
                models.VoicemailBoxView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def delete_voicemail_box(
        self, voicemail_id: str, *, if_match: int | str | None = None
    ) -> None:
        """Delete one, unless another object names it: where callers leave messages.

        Permission: ``routing.write``.
        """
        return await self._client.send(
            _core.Call(
                "DELETE",
                f"/voicemail-boxes/{_quoted(voicemail_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )

    async def get_voicemail_box(self, voicemail_id: str) -> models.VoicemailBoxView:
        """Return one: where callers leave messages.

        Permission: ``routing.read``.
        """
        return await self._client.send(
            _core.Call("GET", f"/voicemail-boxes/{_quoted(voicemail_id)}", models.VoicemailBoxView)
        )

    async def list_voicemail_boxes(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageVoicemailBoxView:
        """List, in the order of their ids: where callers leave messages. A page of large objects
        holds fewer than `limit`.

        Permission: ``routing.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                "/voicemail-boxes",
                models.PageVoicemailBoxView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    async def iter_voicemail_boxes(
        self, *, limit: int | None = None
    ) -> AsyncIterator[models.VoicemailBoxView]:
        """Yield all items of :meth:`list_voicemail_boxes`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_voicemail_boxes(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def put_voicemail_box(
        self,
        voicemail_id: str,
        body: models.VoicemailBox | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
        if_none_match: int | str | None = None,
    ) -> models.VoicemailBoxView:
        """Replace one, or create it with an id of your own: where callers leave messages. `If-
        Match` with its ETag or `If-None-Match: *` is required.

        Permission: ``routing.write``.
        """
        return await self._client.send(
            _core.Call(
                "PUT",
                f"/voicemail-boxes/{_quoted(voicemail_id)}",
                models.VoicemailBoxView,
                headers={
                    "if-match": _core.etag(if_match),
                    "if-none-match": _core.etag(if_none_match),
                },
                body=body,
            )
        )
