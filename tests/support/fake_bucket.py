"""A key-value bucket in memory, with its own clock and losses on demand.

It passes the same tests as the real one (tests/integration/runtime/test_bucket.py).
"""

from __future__ import annotations

from ringway.runtime.bus import BusDown, Entry, WrongRevision


class FakeBucket:
    """All processes of a test share one. Its methods never suspend.

    Each call takes ``latency_s`` on its way there and again on its way back. ``lose_answer`` makes
    the next write happen and its answer get lost; ``is_down`` makes everything fail.
    """

    def __init__(self, name: str = "fake", ttl_s: float | None = None) -> None:
        self.name = name
        self.at = 0.0
        self.latency_s = 0.0
        self.is_down = False
        self.lose_answer = False
        self._ttl_s = ttl_s
        self._revision = 0
        self._entries: dict[str, tuple[Entry, float]] = {}

    def expires_at(self, key: str) -> float:
        """When the server forgets ``key``, in seconds of ``at``."""
        assert self._ttl_s is not None
        return self._entries[key][1] + self._ttl_s

    async def ready(self, *, timeout_s: float = 0) -> None:
        self._check()

    async def get(self, key: str, *, timeout_s: float = 0) -> Entry | None:
        self._check()
        entry = self._last(key)
        self.at += self.latency_s
        return None if entry is None or entry.value is None else entry

    async def put(self, key: str, value: bytes, *, timeout_s: float = 0) -> int:
        return self._write(key, value, None)

    async def create(self, key: str, value: bytes, *, timeout_s: float = 0) -> int:
        self._check()
        entry = self._last(key)
        gone = entry is not None and entry.value is None
        return self._write(key, value, entry.revision if entry is not None and gone else 0)

    async def update(self, key: str, value: bytes, *, last: int, timeout_s: float = 0) -> int:
        return self._write(key, value, last)

    async def delete(self, key: str, *, last: int | None = None, timeout_s: float = 0) -> None:
        self._write(key, None, last)

    async def items(self, pattern: str = ">", *, timeout_s: float = 0) -> dict[str, Entry]:
        self._check()
        prefix = pattern.removesuffix(">")
        found = {key: self._last(key) for key in sorted(self._entries) if key.startswith(prefix)}
        return {k: e for k, e in found.items() if e is not None and e.value is not None}

    async def keys(self, pattern: str = ">", *, timeout_s: float = 0) -> list[str]:
        return sorted(await self.items(pattern))

    def _last(self, key: str) -> Entry | None:
        entry, written_at = self._entries.get(key, (None, 0.0))
        expired = self._ttl_s is not None and self.at - written_at >= self._ttl_s
        return None if expired else entry

    def _write(self, key: str, value: bytes | None, last: int | None) -> int:
        self._check()
        present = self._last(key)
        if last is not None and last != (present.revision if present is not None else 0):
            raise WrongRevision(key)
        self._revision += 1
        self._entries[key] = (Entry(key, value, self._revision), self.at)
        if self.lose_answer:
            self.lose_answer = False
            raise BusDown("the answer was lost")
        self.at += self.latency_s
        return self._revision

    def _check(self) -> None:
        if self.is_down:
            raise BusDown("down")
        self.at += self.latency_s
