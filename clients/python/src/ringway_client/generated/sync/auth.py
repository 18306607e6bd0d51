"""Auth. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import Sender


class Auth:
    """Auth."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def finish_sso(self, body: models.SsoFinish | Mapping[str, Any]) -> models.TokenPair:
        """Finish it with what the provider sent the browser back with. Each sign-in ends once."""
        return self._client.send(
            _core.Call("POST", "/auth/sso/finish", models.TokenPair, body=body)
        )

    def get_sign_in_page(self, *, tenant: str) -> models.SignInPage:
        """Return what an enterprise's own sign-in page shows. Nobody has to be signed in.

        An enterprise that has chosen no title (`/security-policy`) answers as one that is not
        there.
        """
        return self._client.send(
            _core.Call("GET", "/auth/sign-in-page", models.SignInPage, query={"tenant": tenant})
        )

    def issue_token(
        self,
        *,
        grant_type: str,
        otp: str | None = None,
        password: str | None = None,
        refresh_token: str | None = None,
        username: str | None = None,
    ) -> models.TokenPair:
        """Sign in (OAuth2 password grant), or exchange a refresh token.

        `username` is `user@tenant-slug`, or `user` alone for an operator of the platform. A
        refresh
        token works once; using it a second time ends the session. `otp_required` says that the
        password is right and the account has a second factor: send the same again with `otp`.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/auth/token",
                models.TokenPair,
                form={
                    "grant_type": grant_type,
                    "otp": otp,
                    "password": password,
                    "refresh_token": refresh_token,
                    "username": username,
                },
            )
        )

    def sign_out(self, *, idempotency_key: str | None = None) -> None:
        """End this session: its tokens work no more.

        Permission: ``me``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/auth/sign-out",
                type(None),
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    def start_sso(self, body: models.SsoStart | Mapping[str, Any]) -> models.SsoStarted:
        """Begin a single sign-on: send the browser to `authorization_url`."""
        return self._client.send(
            _core.Call("POST", "/auth/sso/start", models.SsoStarted, body=body)
        )
