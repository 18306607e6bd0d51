"""Signatures of the Standard Webhooks specification, version 1 (HMAC-SHA256)."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Sequence

_MARK = "whsec_"
SECRET_BYTES = 32


def secret_text(key: bytes) -> str:
    """Return a secret as it is shown to the receiver."""
    return _MARK + b64encode(key).decode()


def key_of(secret: str) -> bytes:
    """Return the key inside a secret. Raises ValueError: It is none."""
    if not secret.startswith(_MARK):
        raise ValueError("a secret begins with whsec_")
    return b64decode(secret.removeprefix(_MARK), validate=True)


def sign(secrets: Sequence[str], *, message_id: str, timestamp: int, body: str) -> str:
    """Return the value of ``webhook-signature``: one signature for each secret.

    Args:
        secrets: The present one, and while it is being exchanged the old one.
        timestamp: Unix seconds of this attempt.
    """
    content = f"{message_id}.{timestamp}.{body}".encode()
    return " ".join(
        f"v1,{b64encode(hmac.digest(key_of(secret), content, hashlib.sha256)).decode()}"
        for secret in secrets
    )


def is_signed(signature: str, secret: str, *, message_id: str, timestamp: int, body: str) -> bool:
    """Return whether one of the signatures was made with ``secret``, as a receiver checks it."""
    wanted = sign([secret], message_id=message_id, timestamp=timestamp, body=body)
    return any(hmac.compare_digest(each, wanted) for each in signature.split(" "))
