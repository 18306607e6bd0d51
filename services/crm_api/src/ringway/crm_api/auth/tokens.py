"""Access tokens (JWT, short-lived) and refresh tokens (random, stored only as a hash)."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from uuid import UUID

import jwt

from ringway.crm_api.access import Caller, Role
from ringway.crm_api.errors import Unauthorized

_ALGORITHM = "HS256"
_ISSUER = "ringway"
_AUDIENCE = "ringway-api"
_REMEMBERED = 10_000  # tokens, those used last


class Tokens:
    """Make and read tokens.

    Args:
        secret: Key of the signature; everyone who knows it can be anyone.
        access_s: Lifetime of an access token in seconds.
    """

    def __init__(self, secret: str, *, access_s: float) -> None:
        self._secret = secret
        self.access_s = access_s
        # Nothing about a token's signature and claims changes; whether it has expired does.
        self._told = lru_cache(maxsize=_REMEMBERED)(self._verified)

    def access_token(self, caller: Caller, now: datetime) -> str:
        """Return a signed token that says who ``caller`` is until ``now + access_s``."""
        claims = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": str(caller.user_id),
            "tid": str(caller.tenant_id),
            "usr": caller.username,
            "role": caller.role.value,
            "num": caller.agent_number,
            "sid": str(caller.session_id),
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(seconds=self.access_s)).timestamp()),
        }
        return jwt.encode(claims, self._secret, algorithm=_ALGORITHM)

    def read(self, token: str, now: datetime, client_ip: str = "") -> tuple[Caller, datetime]:
        """Return who the token says it is, and when it expires.

        Raises:
            Unauthorized: The token is not ours, was changed, or has expired.
        """
        try:
            caller, expires_at = self._told(token, client_ip)
        except (jwt.PyJWTError, KeyError, ValueError, TypeError, OverflowError) as error:
            raise Unauthorized("token_invalid", "The access token is not valid.") from error
        if expires_at <= now:
            raise Unauthorized("token_expired", "The access token has expired. Refresh it.")
        return caller, expires_at

    def _verified(self, token: str, client_ip: str) -> tuple[Caller, datetime]:
        """Return what a token says. Raises what makes it invalid, which is not remembered."""
        claims = jwt.decode(
            token,
            self._secret,
            algorithms=[_ALGORITHM],
            issuer=_ISSUER,
            audience=_AUDIENCE,
            # Time is data: compared with the caller's now.
            options={"verify_exp": False, "verify_iat": False, "require": ["exp", "sub"]},
        )
        caller = Caller(
            tenant_id=UUID(claims["tid"]),
            user_id=UUID(claims["sub"]),
            username=str(claims["usr"]),
            role=Role(claims["role"]),
            agent_number=claims["num"],
            session_id=UUID(claims["sid"]),
            client_ip=client_ip,
        )
        return caller, datetime.fromtimestamp(int(claims["exp"]), UTC)


def new_refresh_token(tenant_id: UUID) -> str:
    """Return a new refresh token. It names its tenant, so that the lookup stays inside of it."""
    return f"rt1.{tenant_id.hex}.{secrets.token_urlsafe(32)}"


def refresh_token_tenant(token: str) -> UUID | None:
    """Return the tenant that a refresh token names, or None when it is not one of ours."""
    parts = token.split(".")
    if len(parts) != 3 or parts[0] != "rt1":
        return None
    try:
        return UUID(hex=parts[1])
    except ValueError:
        return None


def token_hash(token: str) -> bytes:
    """Return what is stored of a refresh token. It is random, so one fast hash is enough."""
    return hashlib.sha256(token.encode()).digest()
