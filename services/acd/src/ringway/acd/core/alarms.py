"""Deadlines in order of time. A deadline that no longer holds is dropped when its time comes."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from enum import IntEnum


class Alarm(IntEnum):
    """What a deadline is about; of several at one time the smaller comes first."""

    LIMIT = 0  # a customer's abandonment limit
    OFFER = 1  # phones have rung long enough
    AGENT = 2  # a reservation, or after-call work


class Alarms:
    """Costs O(log n) a deadline.

    Args:
        holds: Whether a deadline of this kind, for this id, is still meant.
    """

    def __init__(self, holds: Callable[[Alarm, str, float], bool]) -> None:
        self._holds = holds
        self._heap: list[tuple[float, Alarm, str]] = []

    def set(self, at: float, kind: Alarm, id_: str) -> None:
        """Add a deadline; one that is set again counts once."""
        heapq.heappush(self._heap, (at, kind, id_))

    @property
    def next(self) -> float | None:
        """When the next deadline is that still holds."""
        while self._heap:
            at, kind, id_ = self._heap[0]
            if self._holds(kind, id_, at):
                return at
            heapq.heappop(self._heap)
        return None

    def due(self, at: float) -> Iterator[tuple[Alarm, str]]:
        """Take out what is due at ``at`` and still holds."""
        while self._heap and self._heap[0][0] <= at:
            when, kind, id_ = heapq.heappop(self._heap)
            if self._holds(kind, id_, when):
                yield kind, id_
