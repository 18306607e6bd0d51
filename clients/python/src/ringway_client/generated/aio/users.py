"""Users. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import AsyncSender
from ringway_client.sending import quoted as _quoted


class Users:
    """Users."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def change_user(
        self,
        user_id: UUID | str,
        body: models.UserChange | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.UserView:
        """Change a user. Disabling him or setting a password ends his sessions.

        Permission: ``users.write``.
        """
        return await self._client.send(
            _core.Call(
                "PATCH",
                f"/users/{_quoted(user_id)}",
                models.UserView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    async def create_user(
        self, body: models.NewUser | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.CreatedUser:
        """Create a user. With `agent_number` the SIP account is made; its password is shown once.

        Permission: ``users.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/users",
                models.CreatedUser,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def create_users(
        self, body: models.NewUsers | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.NewUsersReport:
        """Create up to 50 users, each for itself: the answer tells what became of each.

        SIP passwords are shown this once. Repeat the request for those who were refused.

        Permission: ``users.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/users/bulk",
                models.NewUsersReport,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def end_user_session(self, user_id: UUID | str, session_id: UUID | str) -> None:
        """End one session of a user.

        Permission: ``users.write``.
        """
        return await self._client.send(
            _core.Call(
                "DELETE", f"/users/{_quoted(user_id)}/sessions/{_quoted(session_id)}", type(None)
            )
        )

    async def end_user_sessions(self, user_id: UUID | str) -> models.EndedSessions:
        """End all sessions of a user. Their tokens are refused within a second, everywhere.

        Permission: ``users.write``.
        """
        return await self._client.send(
            _core.Call("DELETE", f"/users/{_quoted(user_id)}/sessions", models.EndedSessions)
        )

    async def get_user(self, user_id: UUID | str) -> models.UserView:
        """Return one user of the caller's tenant.

        Permission: ``users.read``.
        """
        return await self._client.send(
            _core.Call("GET", f"/users/{_quoted(user_id)}", models.UserView)
        )

    async def list_user_sessions(
        self, user_id: UUID | str, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageSessionView:
        """List where a user is signed in.

        Permission: ``users.write``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                f"/users/{_quoted(user_id)}/sessions",
                models.PageSessionView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    async def iter_user_sessions(
        self, user_id: UUID | str, *, limit: int | None = None
    ) -> AsyncIterator[models.SessionView]:
        """Yield all items of :meth:`list_user_sessions`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_user_sessions(user_id, limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def list_users(
        self,
        *,
        q: str | None = None,
        role: str | None = None,
        own_role_id: str | None = None,
        team_id: UUID | str | None = None,
        has_seat: bool | None = None,
        is_enabled: bool | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageUserView:
        """List the users of the caller's tenant by name; all that is asked for must be so.

        Permission: ``users.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                "/users",
                models.PageUserView,
                query={
                    "q": q,
                    "role": role,
                    "own_role_id": own_role_id,
                    "team_id": team_id,
                    "has_seat": has_seat,
                    "is_enabled": is_enabled,
                    "limit": limit,
                    "cursor": cursor,
                },
            )
        )

    async def iter_users(
        self,
        *,
        q: str | None = None,
        role: str | None = None,
        own_role_id: str | None = None,
        team_id: UUID | str | None = None,
        has_seat: bool | None = None,
        is_enabled: bool | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[models.UserView]:
        """Yield all items of :meth:`list_users`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_users(
                q=q,
                role=role,
                own_role_id=own_role_id,
                team_id=team_id,
                has_seat=has_seat,
                is_enabled=is_enabled,
                limit=limit,
                cursor=cursor,
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def put_seat(
        self,
        user_id: UUID | str,
        body: models.SeatBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.CreatedUser:
        """Give a user a seat, or another agent number; he must be signed out from the one he has.

        With a new number comes a new SIP account, whose password is shown this once.

        Permission: ``users.write``.
        """
        return await self._client.send(
            _core.Call(
                "PUT",
                f"/users/{_quoted(user_id)}/seat",
                models.CreatedUser,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    async def remove_seat(self, user_id: UUID | str, *, if_match: int | str | None = None) -> None:
        """Take a user's seat away: his phone ends, his number is free. He stays as staff.

        He must be signed out from it.

        Permission: ``users.write``.
        """
        return await self._client.send(
            _core.Call(
                "DELETE",
                f"/users/{_quoted(user_id)}/seat",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )

    async def reset_second_factor(self, user_id: UUID | str) -> None:
        """Remove the second factor of a user who lost it. His sessions end.

        Permission: ``users.write``.
        """
        return await self._client.send(
            _core.Call("DELETE", f"/users/{_quoted(user_id)}/second-factor", type(None))
        )
