"""Projects. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import AsyncSender
from ringway_client.sending import quoted as _quoted


class Projects:
    """Projects."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def create_project(
        self, body: models.ProjectBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.ProjectView:
        """Create a project.

        Permission: ``campaigns.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/projects",
                models.ProjectView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def get_project(self, project_id: UUID | str) -> models.ProjectView:
        """Return one project.

        Permission: ``campaigns.read``.
        """
        return await self._client.send(
            _core.Call("GET", f"/projects/{_quoted(project_id)}", models.ProjectView)
        )

    async def list_projects(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageProjectView:
        """List projects, newest first.

        Permission: ``campaigns.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET", "/projects", models.PageProjectView, query={"limit": limit, "cursor": cursor}
            )
        )

    async def iter_projects(self, *, limit: int | None = None) -> AsyncIterator[models.ProjectView]:
        """Yield all items of :meth:`list_projects`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_projects(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def remove_project(self, project_id: UUID | str) -> None:
        """Remove a project without campaigns. Calls of campaigns that were removed keep its name.

        409 `project_in_use` while a campaign is in it.

        Permission: ``campaigns.write``.
        """
        return await self._client.send(
            _core.Call("DELETE", f"/projects/{_quoted(project_id)}", type(None))
        )

    async def rename_project(
        self, project_id: UUID | str, body: models.ProjectBody | Mapping[str, Any]
    ) -> models.ProjectView:
        """Rename a project.

        Permission: ``campaigns.write``.
        """
        return await self._client.send(
            _core.Call("PUT", f"/projects/{_quoted(project_id)}", models.ProjectView, body=body)
        )
