"""How much risk a call may carry: slow feedback from measured abandonment."""

from __future__ import annotations

import math
from collections import deque
from typing import Any

WINDOW_S = 1800.0
LARGE_WINDOW = 250.0  # live answers; windows of 300 and more are held to the cap by count
_STEP_S = 15.0
_FORGET_S = 600.0
_HIGHEST_AIM = 0.88  # of the cap
_LOWEST_AIM = 0.75
_WINDOW_SPREAD = 0.88  # standard deviations of the count kept below the cap; feedback does the rest
_LOWEST_RISK = 0.001  # costs nearly nothing, and where few answer it is worth a lot
_HIGHEST_RISK = 0.4
_MAX_SHIFT = 2.5
_DAY_MARGIN, _HALF_MARGIN, _SLOPE = 0.9, 1.0, 0.5  # abandoned calls
_LARGE_ROOM, _SMALL_ROOM = 2.0, 12.0  # abandoned calls beyond the aim that cut the risk to 1/e
_LOOK_AHEAD_S = 4 * 3600.0
_ANSWERS_PER_AGENT_S = 15.0 / 3600.0


class Steering:
    """Sets the tolerated risk so that abandonment meets its aim and no window overruns.

    Three parts, all smooth: an integral of what is above or below the aim; a cut by the excess of
    the last ten minutes; a cut by what is left of the budgets of the day and of the half hour.

    Args:
        start_risk: The risk tolerated before anything is measured, of some dozens of agents.
        aim_share: The aimed rate as a share of the cap where no window is large.
        slow_calls: Live answers over which the integral acts, at least.
    """

    def __init__(
        self, *, start_risk: float = 0.014, aim_share: float = 0.92, slow_calls: float = 300.0
    ) -> None:
        self._start_risk = start_risk
        self._aim_share = aim_share
        self._slow_calls = slow_calls
        self._shift = 0.0
        self._excess = 0.0
        self._seen: tuple[int, int] | None = None
        self._at: float | None = None
        self._began: float | None = None
        self._steps: deque[tuple[float, int, int]] = deque()
        self._kept: list[list[float]] = []
        self._live = self._lost = 0
        self._half_began: float | None = None
        self._half_age_s = 0.0
        self._half_live = self._half_lost = 0
        self.aim = 0.0
        self.cut = self.day_cut = self.half_cut = 1.0
        self.window_left = self.day_left = 0.0

    @property
    def window(self) -> tuple[int, int]:
        """Live answers and abandoned calls of the last 30 minutes."""
        return self._live, self._lost

    @property
    def shift(self) -> float:
        """The integral: the logarithm by which the start's risk is changed."""
        return self._shift

    def observe(
        self, at: float, live_total: int, abandoned_total: int, *,
        cap: float, agents: int, left_s: float,
    ) -> None:  # fmt: skip
        """Take in the day's counts at ``at``, with ``left_s`` of the shift to come."""
        if self._seen is None or live_total < self._seen[0] or abandoned_total < self._seen[1]:
            self._seen = (live_total, abandoned_total)  # a new day, or our first look at this one
        live, lost = live_total - self._seen[0], abandoned_total - self._seen[1]
        self._seen = (live_total, abandoned_total)
        past = 0.0 if self._at is None else max(0.0, at - self._at)
        self._at = at
        self._roll(at, live, lost)
        known_s = min(WINDOW_S, max(0.0, at - (at if self._began is None else self._began)))
        per_s = (self._live + 480.0 * agents * _ANSWERS_PER_AGENT_S) / (known_s + 480.0)
        window = max(float(self._live), per_s * WINDOW_S)
        self.aim = aim = cap * self._share(window, cap)
        beyond = lost - aim * min(self.day_cut, self.half_cut) * live
        self._excess = self._excess * math.exp(-past / _FORGET_S) + beyond
        gain = 1.0 / max(self._slow_calls, 0.7 * window)
        shift = self._shift - gain * beyond / max(aim, 1e-6)
        self._shift = min(_MAX_SHIFT, max(-_MAX_SHIFT, shift))
        # Small windows are not held by count: there one unlucky call is to cost little.
        least = _LARGE_ROOM if window >= LARGE_WINDOW else _SMALL_ROOM
        room = max(least, 0.5 * (cap - aim) * window)
        self.cut = math.exp(-min(20.0, max(-0.7 * room, self._excess) / room))
        # What is left of a budget is spread over the answers to come.
        rest = per_s * min(max(left_s, 0.0), _LOOK_AHEAD_S)
        self.day_left = cap * (live_total + rest) - abandoned_total
        self.day_cut = _spread(self.day_left - _DAY_MARGIN, aim * rest)
        rest = per_s * min(max(left_s, 0.0), self._half(at, live, lost))
        self.half_cut = 1.0
        if self._half_live + rest >= LARGE_WINDOW:
            left = cap * (self._half_live + rest) - self._half_lost
            self.half_cut = _spread(left - _HALF_MARGIN, aim * rest)
        self.window_left = cap * self._live - self._lost

    def tolerated(self, agents: int) -> float:
        """Return the risk that one more call may carry with so many agents."""
        # What met the aim in simulations: the least with some dozens of agents.
        start = self._start_risk * (1.0 + min(agents, 500) / 500.0)
        start += 0.006 * math.exp(-agents / 15.0)
        risk = start * math.exp(self._shift) * self.cut * min(self.day_cut, self.half_cut)
        return min(_HIGHEST_RISK, max(_LOWEST_RISK, risk))

    def _half(self, at: float, live: int, lost: int) -> float:
        """Count for the half hour of the shift; return how many seconds of it are left."""
        began = at - self._half_age_s if self._half_began is None else self._half_began
        if not 0.0 <= at - began < WINDOW_S:
            began += WINDOW_S * math.floor((at - began) / WINDOW_S)
            self._half_live = self._half_lost = 0
        self._half_began = began
        self._half_live, self._half_lost = self._half_live + live, self._half_lost + lost
        return began + WINDOW_S - at

    def _share(self, window: float, cap: float) -> float:
        if window < LARGE_WINDOW:
            return self._aim_share
        share = 1.0 - _WINDOW_SPREAD * math.sqrt(0.8 / max(cap * window, 1e-6))
        return min(_HIGHEST_AIM, max(_LOWEST_AIM, share))

    def _roll(self, at: float, live: int, lost: int) -> None:
        if self._began is None:
            self._began = at
        for age_s, old_live, old_lost in self._kept:
            self._began = min(self._began, at - age_s)
            self._steps.append((at - age_s, int(old_live), int(old_lost)))
            self._live, self._lost = self._live + int(old_live), self._lost + int(old_lost)
        self._kept = []
        if not self._steps or abs(at - self._steps[-1][0]) >= _STEP_S:
            self._steps.append((at, 0, 0))
        begun, step_live, step_lost = self._steps[-1]
        self._steps[-1] = (begun, step_live + live, step_lost + lost)
        self._live, self._lost = self._live + live, self._lost + lost
        while abs(at - self._steps[0][0]) > WINDOW_S:
            _, old_live, old_lost = self._steps.popleft()
            self._live, self._lost = self._live - old_live, self._lost - old_lost

    def dump(self) -> dict[str, Any]:
        """Return plain data; times as ages, as a restart has another clock."""
        at = self._at or 0.0
        steps = [[at - begun, live, lost] for begun, live, lost in self._steps]
        age_s = self._half_age_s if self._half_began is None else at - self._half_began
        return {
            "shift": self._shift,
            "excess": self._excess,
            "steps": steps or self._kept,
            "half_hour": [age_s, self._half_live, self._half_lost],
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Go on from ``dump``."""
        self._shift = min(_MAX_SHIFT, max(-_MAX_SHIFT, float(saved["shift"])))
        self._excess = float(saved["excess"])
        self._kept = [[float(v) for v in step] for step in saved["steps"]]
        age_s, live, lost = saved.get("half_hour", (0.0, 0, 0))  # not in earlier releases
        self._half_age_s = min(WINDOW_S, max(0.0, float(age_s)))
        self._half_live, self._half_lost = int(live), int(lost)


def _spread(left: float, wanted: float) -> float:
    """Return by how much to cut what is wanted, so that what is left suffices."""
    return min(1.0, max(0.0, left / (wanted + _SLOPE)))
