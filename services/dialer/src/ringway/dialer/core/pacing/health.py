"""Signs that what is seen is not the customers' doing: a failing trunk, missing events."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ringway.dialer.core.pacing.snapshot import Outcome, PacingSnapshot

_AT_ONCE_S = 1.5
_FAST, _SLOW = 20.0, 500.0  # outcomes
_OVERDUE_S = 15.0
_ANSWERED = frozenset({"human", "machine"})


class Health:
    """Watches for many calls that fail at once, and for calls that never end."""

    def __init__(self) -> None:
        self._fast = 0.0
        self._slow = 0.0
        self._seen = 0.0

    def learn(self, outcomes: Sequence[Outcome]) -> None:
        """Take in calls that ended."""
        for dialed_at, ended_at, kind, *_ in outcomes:
            failed = float(kind not in _ANSWERED and ended_at - dialed_at < _AT_ONCE_S)
            self._seen = min(self._seen + 1.0, _SLOW)
            self._fast += (failed - self._fast) / min(self._seen, _FAST)
            self._slow += (failed - self._slow) / self._seen

    @property
    def is_trunk_sick(self) -> bool:
        """Whether far more calls fail at once than usually do."""
        return self._seen >= _FAST and self._fast > 0.6 and self._fast > 1.5 * self._slow + 0.1

    def dump(self) -> list[float]:
        """Return plain data."""
        return [self._fast, self._slow, self._seen]

    def restore(self, saved: Sequence[float]) -> None:
        """Go on from ``dump``."""
        self._fast, self._slow, self._seen = (float(value) for value in saved)

    def are_events_missing(self, state: PacingSnapshot) -> bool:
        """Return whether calls ring long after they must have been given up."""
        if state.n_dialing < 4:
            return False
        limit_s = float(state.ring_timeout_s) + _OVERDUE_S
        overdue = int((np.asarray(state.dialing_elapsed, dtype=float) > limit_s).sum())
        return overdue * 2 > int(state.n_dialing)
