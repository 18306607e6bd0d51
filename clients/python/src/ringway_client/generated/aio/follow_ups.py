"""Follow ups. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import AsyncSender
from ringway_client.sending import quoted as _quoted


class FollowUps:
    """Follow ups."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def change_follow_up(
        self,
        follow_up_id: UUID | str,
        body: models.FollowUpChange | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.FollowUpView:
        """Change a follow-up, or say that it is done.

        Permission: ``customers.write``.
        """
        return await self._client.send(
            _core.Call(
                "PATCH",
                f"/follow-ups/{_quoted(follow_up_id)}",
                models.FollowUpView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    async def delete_follow_up(
        self, follow_up_id: UUID | str, *, if_match: int | str | None = None
    ) -> None:
        """Delete a follow-up.

        Permission: ``customers.write``.
        """
        return await self._client.send(
            _core.Call(
                "DELETE",
                f"/follow-ups/{_quoted(follow_up_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )

    async def get_follow_up(self, follow_up_id: UUID | str) -> models.FollowUpView:
        """Return one follow-up.

        Permission: ``customers.read``.
        """
        return await self._client.send(
            _core.Call("GET", f"/follow-ups/{_quoted(follow_up_id)}", models.FollowUpView)
        )

    async def list_follow_ups(
        self,
        *,
        user_id: UUID | str | None = None,
        due_before: datetime | str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageFollowUpView:
        """List what is to be done, in the order in which it is due. An agent sees his own.

        Permission: ``customers.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                "/follow-ups",
                models.PageFollowUpView,
                query={
                    "user_id": user_id,
                    "due_before": due_before,
                    "limit": limit,
                    "cursor": cursor,
                },
            )
        )

    async def iter_follow_ups(
        self,
        *,
        user_id: UUID | str | None = None,
        due_before: datetime | str | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[models.FollowUpView]:
        """Yield all items of :meth:`list_follow_ups`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_follow_ups(
                user_id=user_id, due_before=due_before, limit=limit, cursor=cursor
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return
