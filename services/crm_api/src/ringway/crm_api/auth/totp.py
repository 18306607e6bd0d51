"""Codes of authenticator apps (RFC 6238: SHA-1, six digits, thirty seconds) and recovery codes."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime

import pyotp

STEP_S = 30
_SKEW_STEPS = 1  # a phone's clock may be so much early or late
_RECOVERY_CODES = 10
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that looks like something else


def new_secret() -> str:
    """Return a new secret (160 bits, base 32)."""
    return pyotp.random_base32()


def uri(secret: str, *, login: str, issuer: str) -> str:
    """Return what an authenticator app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=issuer)


def step_of(secret: str, code: str, at: datetime) -> int | None:
    """Return the time step whose code this is, near ``at``, or None when it is none.

    The caller lets every step pass once.
    """
    digits = code.replace(" ", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) == 6):
        return None
    present = int(at.timestamp()) // STEP_S
    totp = pyotp.HOTP(secret)
    for step in range(max(0, present - _SKEW_STEPS), present + _SKEW_STEPS + 1):
        if hmac.compare_digest(totp.at(step), digits):
            return step
    return None


def new_recovery_codes() -> list[str]:
    """Return codes for the day on which the phone is gone; each works once."""
    return [_recovery_code() for _ in range(_RECOVERY_CODES)]


def plain(code: str) -> str:
    """Return a recovery code as it is hashed, however it was typed."""
    return "".join(each for each in code.lower() if each in _ALPHABET)


def _recovery_code() -> str:
    half = ["".join(secrets.choice(_ALPHABET) for _ in range(6)) for _ in range(2)]
    return "-".join(half)
