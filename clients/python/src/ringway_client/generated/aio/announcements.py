"""Announcements. Written by tools/client; do not edit."""

from __future__ import annotations

from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import AsyncSender, File
from ringway_client.sending import quoted as _quoted


class Announcements:
    """Announcements."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def create_announcement(
        self, *, file: File, meaning: str, name: str, idempotency_key: str | None = None
    ) -> models.AnnouncementView:
        """Store a recording and what it means; calls are compared with it within seconds.

        Recorded by the platform's own staff it counts for every enterprise.

        Permission: ``announcements.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/announcements",
                models.AnnouncementView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                form={"meaning": meaning, "name": name},
                files={"file": file},
            )
        )

    async def delete_announcement(self, announcement_id: UUID | str) -> None:
        """Delete a recording. What was recognised by it stays on record.

        Permission: ``announcements.write``.
        """
        return await self._client.send(
            _core.Call("DELETE", f"/announcements/{_quoted(announcement_id)}", type(None))
        )

    async def get_announcement(self, announcement_id: UUID | str) -> models.AnnouncementView:
        """Return one of the enterprise's own recordings.

        Permission: ``announcements.read``.
        """
        return await self._client.send(
            _core.Call("GET", f"/announcements/{_quoted(announcement_id)}", models.AnnouncementView)
        )

    async def list_announcements(self) -> models.PageAnnouncementView:
        """List the enterprise's recordings, then the platform's.

        Permission: ``announcements.read``.
        """
        return await self._client.send(
            _core.Call("GET", "/announcements", models.PageAnnouncementView)
        )
