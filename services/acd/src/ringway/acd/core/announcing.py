"""What a waiting caller hears beside music, and when. Pure: times are seconds of waiting.

Announcements come at ``first_after_s`` and then every ``every_s``; a comfort sound comes half way
between two of them, one after the other; the callback is offered once it may be, and from then on
with each announcement. What fell into an offer or a dialogue is left out, never made up for.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Item(StrEnum):
    """One thing to say."""

    POSITION = "position"
    EXPECTED_WAIT = "expected_wait"
    COMFORT = "comfort"
    CALLBACK = "callback"


@dataclass(frozen=True, slots=True)
class Due:
    """Say this now; ``sound`` is the comfort sound."""

    item: Item
    sound: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a queue announces. Seconds.

    Raises:
        ValueError: ``every_s`` is not positive.
    """

    position: bool = True
    expected_wait: bool = True
    first_after_s: float = 10.0
    every_s: float = 60.0
    comfort: tuple[str, ...] = ()
    callback_after_s: float | None = None  # none: no callback is offered

    def __post_init__(self) -> None:
        if self.every_s <= 0:
            raise ValueError("Announcements need some time between them.")


class Announcer:
    """One caller's announcements from ``waited_s`` on, which is what he has waited already."""

    def __init__(self, plan: Plan, waited_s: float = 0.0) -> None:
        self._plan = plan
        self._comforts = 0
        self._offered = False
        self._told_at: float | None = None
        announces = plan.position or plan.expected_wait
        self._next_told = _next(plan.first_after_s, plan.every_s, waited_s) if announces else None
        first_comfort = plan.first_after_s + plan.every_s / 2
        self._next_comfort = _next(first_comfort, plan.every_s, waited_s) if plan.comfort else None
        self._next_offer = (
            None if plan.callback_after_s is None else max(plan.callback_after_s, waited_s)
        )

    @property
    def next_at(self) -> float | None:
        """When something is due; ``None``: never."""
        times = (self._next_told, self._next_comfort, self._next_offer)
        return min((t for t in times if t is not None), default=None)

    def due(self, waited_s: float) -> list[Due]:
        """Return what is to be said after so much waiting, once."""
        plan, out = self._plan, []
        told = self._next_told is not None and self._next_told <= waited_s
        if told:
            out += [Due(Item.POSITION)] if plan.position else []
            out += [Due(Item.EXPECTED_WAIT)] if plan.expected_wait else []
            self._next_told = _next(plan.first_after_s, plan.every_s, waited_s, past=True)
        if self._next_comfort is not None and self._next_comfort <= waited_s:
            if not told:
                out.append(Due(Item.COMFORT, plan.comfort[self._comforts % len(plan.comfort)]))
                self._comforts += 1
            first = plan.first_after_s + plan.every_s / 2
            self._next_comfort = _next(first, plan.every_s, waited_s, past=True)
        if self._next_offer is not None and self._next_offer <= waited_s:
            self._offered, self._next_offer = True, None
            out.append(Due(Item.CALLBACK))
        elif told and self._offered:
            out.append(Due(Item.CALLBACK))
        return out


def _next(first: float, every: float, now: float, *, past: bool = False) -> float:
    """Return the first moment of the series that is not before ``now`` (``past``: after it)."""
    if first > now or (first == now and not past):
        return first
    steps = int((now - first) // every)
    at = first + steps * every
    while at < now or (past and at <= now):
        at += every
    return at
