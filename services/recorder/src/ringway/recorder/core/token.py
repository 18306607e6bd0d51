"""Short-lived tokens that let the bearer fetch one recording.

``base64url(hmac_sha256(secret, "{tenant}.{recording}.{expires}")) + "." + expires`` where
``expires`` is in Unix seconds. The CRM API makes them, the recorder checks them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

_TOKEN = re.compile(r"([A-Za-z0-9_-]{43})\.([0-9]{1,12})", re.ASCII)


def media_token(secret: bytes, tenant: str, recording: str, expires_s: int) -> str:
    """Make the token for one recording of one tenant, good until ``expires_s``."""
    text = f"{tenant}.{recording}.{expires_s}".encode()
    digest = hmac.new(secret, text, hashlib.sha256).digest()
    return f"{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}.{expires_s}"


def is_valid(token: str, secret: bytes, tenant: str, recording: str, now_s: float) -> bool:
    """Tell whether ``token`` opens this recording at ``now_s`` (Unix seconds)."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        return False
    expires_s = int(match.group(2))
    expected = media_token(secret, tenant, recording, expires_s)
    return hmac.compare_digest(token.encode(), expected.encode()) and now_s < expires_s


def bearer(authorization: str | None) -> str:
    """Return the token of an ``Authorization: Bearer`` header, or an empty string."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
