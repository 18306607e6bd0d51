"""Who signs in, and the tokens of a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_EARLY_S = 30.0  # a token is renewed this long before it ends


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key for programs, made by an administrator: see the how-to about API keys."""

    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Password:
    """A user's own sign-in. ``username`` is ``user@enterprise``."""

    username: str
    password: str = field(repr=False)
    otp: str | None = field(default=None, repr=False)


@dataclass(slots=True)
class Session:
    """What a client knows of its sign-in. Pure: it says what to ask, the client asks."""

    credentials: ApiKey | Password
    access_token: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    ends_at: float = 0.0

    def bearer(self, now: float) -> str | None:
        """Return what to send, or None: sign in first. ``now`` is monotonic seconds."""
        if isinstance(self.credentials, ApiKey):
            return self.credentials.secret
        return self.access_token if now < self.ends_at - _EARLY_S else None

    def grants(self) -> list[dict[str, str]]:
        """Return the ways to get a token, the first that works."""
        if isinstance(self.credentials, ApiKey):
            return []
        asked = {
            "grant_type": "password",
            "username": self.credentials.username,
            "password": self.credentials.password,
        }
        if self.credentials.otp is not None:
            asked["otp"] = self.credentials.otp
        if self.refresh_token is None:
            return [asked]
        return [{"grant_type": "refresh_token", "refresh_token": self.refresh_token}, asked]

    def signed_in(self, pair: Mapping[str, Any], now: float) -> None:
        """Take a new pair of tokens in."""
        self.access_token = str(pair["access_token"])
        self.refresh_token = str(pair["refresh_token"])
        self.ends_at = now + float(pair["expires_in"])

    def refused(self) -> bool:
        """The access token was not taken; return whether a new one can be had."""
        self.ends_at = 0.0
        return not isinstance(self.credentials, ApiKey)
