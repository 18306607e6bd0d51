"""How long a test's own process stood still: on a busy machine it is not always its turn.

What phones of that process did not send or hear meanwhile says nothing about who is tested.
"""

from __future__ import annotations

import asyncio
from types import TracebackType

_TICK_S = 0.01
_LONG_S = 0.05  # shorter ones are heard by nobody


class Standstill:
    """Watches the running loop while its context lasts, which may be entered again.

    Attributes:
        spans: From when to when the loop did not get on, on its clock, seconds.
    """

    def __init__(self) -> None:
        self.spans: list[tuple[float, float]] = []
        self._at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> Standstill:
        self._at = asyncio.get_running_loop().time()
        self._tick()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._timer is not None
        self._timer.cancel()

    def within(self, from_s: float, to_s: float) -> float:
        """Return how many seconds of a span the loop stood still."""
        return sum(max(0.0, min(b, to_s) - max(a, from_s)) for a, b in self.spans)

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        if now - self._at > _LONG_S:
            self.spans.append((self._at, now))
        self._at = now
        self._timer = loop.call_later(_TICK_S, self._tick)
