"""From which list the next lead comes, by the lists' weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")


class Mix:
    """A fair draw: lists that have leads give them in proportion to their weights.

    Start-time fair queueing: the same calls give the same draw, and a list that had nothing for a
    while does not make up for it later.
    """

    def __init__(self, weights: Mapping[str, int]) -> None:
        self._weights = weights
        self._finish: dict[str, float] = {}
        self._now = 0.0

    def draw(self, leads: Sequence[tuple[str, T]], count: int) -> list[T]:
        """Return up to ``count`` of the leads, each given with its list and in order within it.

        A list without a weight has weight 1.
        """
        waiting: dict[str, list[T]] = {}
        for list_id, lead in reversed(leads):
            waiting.setdefault(list_id, []).append(lead)
        order = {list_id: n for n, list_id in enumerate([*self._weights, *sorted(waiting)])}
        drawn: list[T] = []
        while waiting and len(drawn) < count:
            chosen = min(waiting, key=lambda each: (self._start(each), order[each]))
            self._now = self._start(chosen)
            self._finish[chosen] = self._now + 1 / self._weights.get(chosen, 1)
            drawn.append(waiting[chosen].pop())
            if not waiting[chosen]:
                del waiting[chosen]
        return drawn

    def _start(self, list_id: str) -> float:
        return max(self._finish.get(list_id, 0.0), self._now)
