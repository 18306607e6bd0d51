"""Secrets at rest: what the database holds of them is useless without a key from the settings."""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES = 12


class Unreadable(Exception):
    """The secret was sealed with another key, for another purpose, or was changed."""


class Vault:
    """Seals secrets with AES-256-GCM.

    Args:
        secret: What the keys are derived from; at least 32 characters of chance.
        previous: Of an earlier time; it opens what it sealed, and seals nothing any more.
    """

    def __init__(self, secret: str, previous: str | None = None) -> None:
        self._seal = AESGCM(_derive(secret, b"seal"))
        self._opens = [self._seal]
        self._pepper = _derive(secret, b"hash")
        if previous is not None:
            self._opens.append(AESGCM(_derive(previous, b"seal")))

    def seal(self, text: str, *, purpose: str) -> bytes:
        """Encrypt. ``purpose`` names whose it is: what is copied to another row does not open."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._seal.encrypt(nonce, text.encode(), purpose.encode())

    def open(self, sealed: bytes, *, purpose: str) -> str:
        """Decrypt. Raises Unreadable."""
        nonce, body = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        for key in self._opens:
            try:
                return key.decrypt(nonce, body, purpose.encode()).decode()
            except (InvalidTag, ValueError):
                continue
        raise Unreadable(purpose)

    def digest(self, text: str, *, purpose: str) -> bytes:
        """Return a hash that nobody finds the text of without the key, however short it is."""
        return hmac.digest(self._pepper, f"{purpose}\n{text}".encode(), sha256)


def _derive(secret: str, use: bytes) -> bytes:
    kdf = HKDF(algorithm=SHA256(), length=32, salt=b"ringway vault 1", info=use)
    return kdf.derive(secret.encode())
