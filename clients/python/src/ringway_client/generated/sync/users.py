"""Users. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import Sender
from ringway_client.sending import quoted as _quoted


class Users:
    """Users."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def change_user(
        self,
        user_id: UUID | str,
        body: models.UserChange | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.UserView:
        """Change a user. Disabling him or setting a password ends his sessions.

        Permission: ``users.write``.
        """
        return self._client.send(
            _core.Call(
                "PATCH",
                f"/users/{_quoted(user_id)}",
                models.UserView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    def create_user(
        self, body: models.NewUser | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.CreatedUser:
        """Create a user. With `agent_number` the SIP account is made; its password is shown once.

        Permission: ``users.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/users",
                models.CreatedUser,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def end_user_session(self, user_id: UUID | str, session_id: UUID | str) -> None:
        """End one session of a user.

        Permission: ``users.write``.
        """
        return self._client.send(
            _core.Call(
                "DELETE", f"/users/{_quoted(user_id)}/sessions/{_quoted(session_id)}", type(None)
            )
        )

    def end_user_sessions(self, user_id: UUID | str) -> models.EndedSessions:
        """End all sessions of a user. Their tokens are refused within a second, everywhere.

        Permission: ``users.write``.
        """
        return self._client.send(
            _core.Call("DELETE", f"/users/{_quoted(user_id)}/sessions", models.EndedSessions)
        )

    def get_user(self, user_id: UUID | str) -> models.UserView:
        """Return one user of the caller's tenant.

        Permission: ``users.read``.
        """
        return self._client.send(_core.Call("GET", f"/users/{_quoted(user_id)}", models.UserView))

    def list_user_sessions(
        self, user_id: UUID | str, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageSessionView:
        """List where a user is signed in.

        Permission: ``users.write``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                f"/users/{_quoted(user_id)}/sessions",
                models.PageSessionView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    def iter_user_sessions(
        self, user_id: UUID | str, *, limit: int | None = None
    ) -> Iterator[models.SessionView]:
        """Yield all items of :meth:`list_user_sessions`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_user_sessions(user_id, limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def list_users(
        self, *, role: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> models.PageUserView:
        """List the users of the caller's tenant by name.

        Permission: ``users.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/users",
                models.PageUserView,
                query={"role": role, "limit": limit, "cursor": cursor},
            )
        )

    def iter_users(
        self, *, role: str | None = None, limit: int | None = None
    ) -> Iterator[models.UserView]:
        """Yield all items of :meth:`list_users`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_users(role=role, limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def reset_second_factor(self, user_id: UUID | str) -> None:
        """Remove the second factor of a user who lost it. His sessions end.

        Permission: ``users.write``.
        """
        return self._client.send(
            _core.Call("DELETE", f"/users/{_quoted(user_id)}/second-factor", type(None))
        )
