"""Recordings. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import AsyncSender
from ringway_client.sending import quoted as _quoted


class Recordings:
    """Recordings."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def get_audio(
        self,
        recording_id: UUID | str,
        *,
        range: str | None = None,
        if_none_match: int | str | None = None,
        if_range: str | None = None,
    ) -> bytes:
        """Play a recording: stereo WAV, agent left, customer right.

        Permission: ``recordings.listen``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                f"/recordings/{_quoted(recording_id)}/audio",
                bytes,
                headers={
                    "Range": range,
                    "if-none-match": _core.etag(if_none_match),
                    "if-range": if_range,
                },
            )
        )

    async def get_recording(self, recording_id: UUID | str) -> models.RecordingView:
        """Return one recording's index entry.

        Permission: ``recordings.listen``.
        """
        return await self._client.send(
            _core.Call("GET", f"/recordings/{_quoted(recording_id)}", models.RecordingView)
        )

    async def list_recordings(
        self,
        *,
        from_: datetime | str | None = None,
        to: datetime | str | None = None,
        agent_number: str | None = None,
        caller: str | None = None,
        called: str | None = None,
        interaction_id: UUID | str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageRecordingView:
        """Search recordings, newest first. An agent finds his own only.

        Permission: ``recordings.listen``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                "/recordings",
                models.PageRecordingView,
                query={
                    "from": from_,
                    "to": to,
                    "agent_number": agent_number,
                    "caller": caller,
                    "called": called,
                    "interaction_id": interaction_id,
                    "limit": limit,
                    "cursor": cursor,
                },
            )
        )

    async def iter_recordings(
        self,
        *,
        from_: datetime | str | None = None,
        to: datetime | str | None = None,
        agent_number: str | None = None,
        caller: str | None = None,
        called: str | None = None,
        interaction_id: UUID | str | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[models.RecordingView]:
        """Yield all items of :meth:`list_recordings`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_recordings(
                from_=from_,
                to=to,
                agent_number=agent_number,
                caller=caller,
                called=called,
                interaction_id=interaction_id,
                limit=limit,
                cursor=cursor,
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return
