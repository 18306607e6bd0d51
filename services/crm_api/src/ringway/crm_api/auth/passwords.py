"""Passwords: Argon2id, computed in threads, a few at a time because each takes 64 MiB."""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError


class Passwords:
    """Hash and verify passwords without blocking the event loop.

    Args:
        hasher: Its parameters decide the cost; the default is RFC 9106's low-memory choice.
        parallel: How many are computed at once; the others wait.
    """

    def __init__(self, hasher: PasswordHasher | None = None, *, parallel: int = 2) -> None:
        self._hasher = hasher or PasswordHasher()
        self._slots = asyncio.Semaphore(parallel)
        self._decoy: str | None = None

    async def hash(self, password: str) -> str:
        """Return a new hash of ``password``."""
        async with self._slots:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Return whether ``password`` fits ``stored``; takes equally long when it is None."""
        async with self._slots:
            # A decoy is verified instead of a hash that does not exist, so that timing does not
            # tell. It is made on first use, which is slower once.
            if self._decoy is None:
                self._decoy = await asyncio.to_thread(self._hasher.hash, "nobody has this one")
            fits = await asyncio.to_thread(self._verify, stored or self._decoy, password)
        return fits and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Return whether ``stored`` was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False
