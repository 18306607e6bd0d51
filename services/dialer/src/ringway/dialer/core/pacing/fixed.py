"""How many calls to start now, for the modes that follow fixed rules."""

from __future__ import annotations

import math
from dataclasses import dataclass


def precise_calls(*, ready: int, kept: int, booking: int, free_lines: int) -> int:
    """Return how many leads to claim so that each gets an agent of his own.

    Args:
        ready: Agents ready and not reserved, by the last presence.
        kept: Agents already reserved for us whose call was not answered; they go on.
        booking: Leads claimed for which an agent is being reserved at this moment.
        free_lines: Lines the campaign may still use.
    """
    return max(0, min(kept + max(0, ready - booking), free_lines))


def progressive_calls(*, ready: int, ratio: float, in_flight: int, free_lines: int) -> int:
    """Return how many calls to start for ``ratio`` calls per ready agent.

    Args:
        ready: Agents ready and not reserved, by the last presence.
        ratio: Calls per ready agent, at least 1.
        in_flight: Calls that may still need one of these agents.
        free_lines: Lines the campaign may still use.
    """
    # The tiny addend keeps 1.1 x 10 at 11 in binary fractions.
    wanted = math.floor(ratio * ready + 1e-9) - in_flight
    return max(0, min(wanted, free_lines))


@dataclass(slots=True)
class RateLimit:
    """A constant rate of calls with at most one second's worth at once.

    What could not be dialed is not owed later: unused allowance is capped.

    Args:
        rate_cps: Calls per second, above 0.
    """

    rate_cps: float
    _allowance: float = 1.0
    _at: float | None = None

    def allowed(self, at: float) -> int:
        """Return how many calls may start at ``at`` (seconds, monotonic)."""
        self._refill(at)
        return math.floor(self._allowance + 1e-9)

    def spend(self, calls: int, at: float) -> None:
        """Note that ``calls`` were started at ``at``."""
        self._refill(at)
        self._allowance -= calls

    def next_at(self, at: float) -> float:
        """When the next call may start, never before ``at``."""
        self._refill(at)
        return at + max(0.0, 1.0 - self._allowance) / self.rate_cps

    def _refill(self, at: float) -> None:
        if self._at is not None and at > self._at:
            burst = max(1.0, self.rate_cps)
            self._allowance = min(burst, self._allowance + (at - self._at) * self.rate_cps)
        self._at = at if self._at is None else max(self._at, at)
