"""Which passwords are good enough. Length and not being known to guessers count, symbols do not."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from ringway.crm_api.errors import Invalid

MIN_LENGTH = 8  # what the schema of every payload asks for already
MAX_LENGTH = 256
_LEET = str.maketrans("0134578@$!", "oleastbasi")


def check(password: str, *, username: str, tenant: str, min_length: int = MIN_LENGTH) -> None:
    """Return when the password may be chosen.

    Raises:
        Invalid: ``password_too_short`` or ``password_too_common``.
    """
    if len(password) < min_length:
        raise Invalid(
            "password_too_short", f"A password has at least {min_length} characters here."
        )
    if is_common(password) or _is_own_name(password, (username, tenant)):
        raise Invalid(
            "password_too_common",
            "This password is among the first that are guessed. A few words that do not belong "
            "together are better.",
        )


def is_common(password: str) -> bool:
    """Return whether guessers try this password, or a usual variation of it, first."""
    low = password.strip().lower()
    known = _common()
    stem = low.rstrip("0123456789!.?*#")
    candidates = {low, low.translate(_LEET), stem, stem.translate(_LEET)}
    return (
        not known.isdisjoint(candidates)
        or len(set(low)) < 4  # aaaaaaaa, abababab
        or low in "abcdefghijklmnopqrstuvwxyz"
        or low in "01234567890123456789"
        or low in "98765432109876543210"
    )


def _is_own_name(password: str, names: tuple[str, ...]) -> bool:
    # What is left without the names must be a password by itself.
    low = left = password.lower()
    for name in sorted(("ringway", *names), key=len, reverse=True):
        if len(name) >= 3:
            left = left.replace(name.lower(), "")
    return left != low and len(left) < 5


@cache
def _common() -> frozenset[str]:
    """Five thousand of the passwords that leaked most often, eight characters and longer.

    In the order of their frequency in published leaks; from zxcvbn's lists (MIT licence).
    """
    text = files("ringway.crm_api.auth").joinpath("data/common_passwords.txt")
    return frozenset(text.read_text(encoding="ascii").split("\n")) - {""}
