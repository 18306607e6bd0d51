"""Me. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import Sender
from ringway_client.sending import quoted as _quoted


class Me:
    """Me."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def change_own_password(
        self, body: models.PasswordChange | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> None:
        """Change one's own password. All other sessions of the caller end.

        Permission: ``me``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/me/password",
                type(None),
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def confirm_second_factor(
        self, body: models.Otp | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.RecoveryCodes:
        """Confirm with the app's first code. From now on sign-in asks for one.

        Permission: ``me``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/me/second-factor/confirm",
                models.RecoveryCodes,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def end_own_session(self, session_id: UUID | str) -> None:
        """End one session of the caller. Its tokens are refused within a second, everywhere.

        Permission: ``me``.
        """
        return self._client.send(
            _core.Call("DELETE", f"/me/sessions/{_quoted(session_id)}", type(None))
        )

    def enrol_second_factor(
        self, body: models.PasswordAgain | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.EnrolmentView:
        """Begin with a second factor: give the secret to an authenticator app, then confirm.

        Permission: ``me``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/me/second-factor",
                models.EnrolmentView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def get_me(self) -> models.MeView:
        """Return who is signed in and what he may do.

        Permission: ``me``.
        """
        return self._client.send(_core.Call("GET", "/me", models.MeView))

    def get_second_factor(self) -> models.SecondFactorView:
        """Return whether the caller has a second factor.

        Permission: ``me``.
        """
        return self._client.send(_core.Call("GET", "/me/second-factor", models.SecondFactorView))

    def list_own_sessions(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageSessionView:
        """List where the caller is signed in: device, address, last seen.

        Permission: ``me``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/me/sessions",
                models.PageSessionView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    def iter_own_sessions(self, *, limit: int | None = None) -> Iterator[models.SessionView]:
        """Yield all items of :meth:`list_own_sessions`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_own_sessions(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def remove_second_factor(
        self, body: models.PasswordAndOtp | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> None:
        """Remove one's second factor. A role that must have one is asked for another at once.

        Permission: ``me``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/me/second-factor/remove",
                type(None),
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def renew_recovery_codes(
        self, body: models.Otp | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.RecoveryCodes:
        """Make new recovery codes; the old ones end.

        Permission: ``me``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/me/second-factor/recovery-codes",
                models.RecoveryCodes,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )
