"""Agent profiles. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import AsyncSender
from ringway_client.sending import quoted as _quoted


class AgentProfiles:
    """Agent profiles."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def delete_agent_profile(
        self, agent_id: str, *, if_match: int | str | None = None
    ) -> None:
        """Delete one, unless another object names it: how one agent works; its id is the user's.

        Permission: ``routing.write``.
        """
        return await self._client.send(
            _core.Call(
                "DELETE",
                f"/agent-profiles/{_quoted(agent_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )

    async def get_agent_profile(self, agent_id: str) -> models.AgentProfileView:
        """Return one: how one agent works; its id is the user's.

        Permission: ``routing.read``.
        """
        return await self._client.send(
            _core.Call("GET", f"/agent-profiles/{_quoted(agent_id)}", models.AgentProfileView)
        )

    async def list_agent_profiles(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageAgentProfileView:
        """List, in the order of their ids: how one agent works; its id is the user's. A page of
        large objects holds fewer than `limit`.

        Permission: ``routing.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                "/agent-profiles",
                models.PageAgentProfileView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    async def iter_agent_profiles(
        self, *, limit: int | None = None
    ) -> AsyncIterator[models.AgentProfileView]:
        """Yield all items of :meth:`list_agent_profiles`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_agent_profiles(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def put_agent_profile(
        self,
        agent_id: str,
        body: models.AgentProfile | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
        if_none_match: int | str | None = None,
    ) -> models.AgentProfileView:
        """Replace one, or create it with an id of your own: how one agent works; its id is the
        user's. `If-Match` with its ETag or `If-None-Match: *` is required.

        Permission: ``routing.write``.
        """
        return await self._client.send(
            _core.Call(
                "PUT",
                f"/agent-profiles/{_quoted(agent_id)}",
                models.AgentProfileView,
                headers={
                    "if-match": _core.etag(if_match),
                    "if-none-match": _core.etag(if_none_match),
                },
                body=body,
            )
        )
