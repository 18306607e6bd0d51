"""How much risk a call may carry: slow feedback from measured abandonment."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Any

WINDOW_S = 1800.0
_STEP_S = 15.0


@dataclass(slots=True)
class Steering:
    """Sets the tolerated risk so that abandonment meets its aim and no window overruns.

    Args:
        aim_share: The aimed rate as a share of the cap.
        start_risk: The risk tolerated before anything is measured.
    """

    aim_share: float = 0.87
    start_risk: float = 0.06
    slow_calls: float = 300.0
    window_cut: float = 0.5
    max_risk: float = 0.4
    log_shift: float = 0.0
    live: int = 0
    abandoned: int = 0
    excess: float = 0.0
    headroom: float = 0.0
    cut: float = 1.0
    _seen: tuple[int, int] | None = None
    _at: float | None = None
    _steps: deque[tuple[float, int, int]] = field(default_factory=deque)
    _recent: tuple[int, int] = (0, 0)

    def observe(self, at: float, live_total: int, abandoned_total: int, cap: float) -> None:
        """Take in the day's counts at ``at``."""
        if self._seen is None or live_total < self._seen[0] or abandoned_total < self._seen[1]:
            self._seen = (live_total, abandoned_total)  # a new day, or our first look at this one
        live, lost = live_total - self._seen[0], abandoned_total - self._seen[1]
        self._seen = (live_total, abandoned_total)
        past = 0.0 if self._at is None else max(0.0, at - self._at)
        self._at = at
        self.live, self.abandoned = live_total, abandoned_total
        self._roll(at, live, lost)
        window_live = self._recent[0]
        aim = self.aim_share * cap
        beyond = lost - aim * live
        self.excess = self.excess * math.exp(-past / 600.0) + beyond
        gain = 1.0 / max(self.slow_calls, 0.7 * window_live)
        self.log_shift = min(2.5, max(-2.5, self.log_shift - gain * beyond / max(aim, 1e-6)))
        room = max(2.0, self.window_cut * (cap - aim) * window_live)
        self.headroom = room - self.excess
        self.cut = math.exp(-max(-0.7 * room, self.excess) / room)

    def tolerated(self) -> float:
        """Return the risk that one more call may carry."""
        risk = self.start_risk * math.exp(self.log_shift) * self.cut
        return min(self.max_risk, max(0.002, risk))

    def _roll(self, at: float, live: int, lost: int) -> None:
        if not self._steps or at - self._steps[-1][0] >= _STEP_S:
            self._steps.append((at, 0, 0))
        begun, step_live, step_lost = self._steps[-1]
        self._steps[-1] = (begun, step_live + live, step_lost + lost)
        all_live, all_lost = self._recent[0] + live, self._recent[1] + lost
        while self._steps[0][0] < at - WINDOW_S:
            _, old_live, old_lost = self._steps.popleft()
            all_live, all_lost = all_live - old_live, all_lost - old_lost
        self._recent = (all_live, all_lost)

    @property
    def window(self) -> tuple[int, int]:
        """Live answers and abandoned calls of the last 30 minutes."""
        return self._recent

    def dump(self) -> dict[str, Any]:
        return {"log_shift": self.log_shift, "excess": self.excess}

    def restore(self, saved: dict[str, Any]) -> None:
        self.log_shift = float(saved["log_shift"])
        self.excess = float(saved["excess"])
