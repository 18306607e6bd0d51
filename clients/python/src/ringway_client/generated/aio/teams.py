"""Teams. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import AsyncSender
from ringway_client.sending import quoted as _quoted


class Teams:
    """Teams."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def change_team(
        self,
        team_id: UUID | str,
        body: models.TeamBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.TeamView:
        """Change a department or team, or move it with all that it contains.

        Permission: ``teams.write``.
        """
        return await self._client.send(
            _core.Call(
                "PUT",
                f"/teams/{_quoted(team_id)}",
                models.TeamView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    async def create_team(
        self, body: models.TeamBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.TeamView:
        """Make a department or team. Its leaders supervise everybody below, from now on.

        Permission: ``teams.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/teams",
                models.TeamView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def get_team(self, team_id: UUID | str) -> models.TeamView:
        """Return one department or team.

        Permission: ``teams.read``.
        """
        return await self._client.send(
            _core.Call("GET", f"/teams/{_quoted(team_id)}", models.TeamView)
        )

    async def leave_team(self, team_id: UUID | str, user_id: UUID | str) -> None:
        """Take somebody out of this team; he is in none then.

        Permission: ``teams.move``.
        """
        return await self._client.send(
            _core.Call(
                "DELETE", f"/teams/{_quoted(team_id)}/members/{_quoted(user_id)}", type(None)
            )
        )

    async def list_team_members(
        self,
        team_id: UUID | str,
        *,
        below: bool | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageTeamMemberView:
        """List the people of a team.

        Permission: ``teams.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                f"/teams/{_quoted(team_id)}/members",
                models.PageTeamMemberView,
                query={"below": below, "limit": limit, "cursor": cursor},
            )
        )

    async def iter_team_members(
        self, team_id: UUID | str, *, below: bool | None = None, limit: int | None = None
    ) -> AsyncIterator[models.TeamMemberView]:
        """Yield all items of :meth:`list_team_members`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_team_members(team_id, below=below, limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def list_team_moves(
        self, user_id: UUID | str, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageTeamMoveView:
        """List where somebody was, newest first.

        Permission: ``teams.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                f"/users/{_quoted(user_id)}/team-moves",
                models.PageTeamMoveView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    async def iter_team_moves(
        self, user_id: UUID | str, *, limit: int | None = None
    ) -> AsyncIterator[models.TeamMoveView]:
        """Yield all items of :meth:`list_team_moves`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_team_moves(user_id, limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def list_teams(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageTeamView:
        """List departments and teams; `parent_id` makes a tree of them.

        Permission: ``teams.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET", "/teams", models.PageTeamView, query={"limit": limit, "cursor": cursor}
            )
        )

    async def iter_teams(self, *, limit: int | None = None) -> AsyncIterator[models.TeamView]:
        """Yield all items of :meth:`list_teams`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_teams(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def move_to_team(
        self,
        team_id: UUID | str,
        body: models.Newcomers | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> None:
        """Put people into this team, out of the one that they were in.

        It holds within seconds where the teams count: in campaigns and in supervision.

        Permission: ``teams.move``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/teams/{_quoted(team_id)}/members",
                type(None),
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def remove_team(self, team_id: UUID | str, *, if_match: int | str | None = None) -> None:
        """Remove a department or team that is empty and serves no campaign.

        Permission: ``teams.write``.
        """
        return await self._client.send(
            _core.Call(
                "DELETE",
                f"/teams/{_quoted(team_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )
