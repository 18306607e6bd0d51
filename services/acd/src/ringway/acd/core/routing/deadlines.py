"""The next moment at which time alone changes something for an interaction."""

from __future__ import annotations

import math
from collections.abc import Mapping
from heapq import heapify, heappop, heappush

from ringway.acd.core.routing.state import Call


class Deadlines:
    """A heap of ``Call.deadline``. Entries that are no longer true are dropped when met.

    Args:
        calls: The interactions by id, as the router keeps them.
    """

    def __init__(self, calls: Mapping[str, Call]) -> None:
        self._calls = calls
        self._heap: list[tuple[float, str]] = []

    @property
    def first(self) -> float | None:
        heap = self._heap
        while heap and not self._is_current(*heap[0]):
            heappop(heap)
        return heap[0][0] if heap else None

    def set(self, call: Call, deadline: float) -> None:
        """Give an interaction its only deadline; infinity is none."""
        if deadline == math.inf:
            call.deadline = None
            return
        call.deadline = deadline
        heap = self._heap
        heappush(heap, (deadline, call.waiting.interaction_id))
        if len(heap) > 4 * len(self._calls) + 64:
            heap[:] = {entry for entry in heap if self._is_current(*entry)}
            heapify(heap)

    def pop_due(self, at: float) -> list[Call]:
        """Return the interactions whose deadline has come; they have none afterwards."""
        due: list[Call] = []
        heap = self._heap
        while heap and heap[0][0] <= at:
            entry = heappop(heap)
            if self._is_current(*entry):
                call = self._calls[entry[1]]
                call.deadline = None
                due.append(call)
        return due

    def _is_current(self, deadline: float, interaction_id: str) -> bool:
        call = self._calls.get(interaction_id)
        return call is not None and call.deadline == deadline
