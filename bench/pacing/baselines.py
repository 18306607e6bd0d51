"""Pacers to compare with, written from public descriptions of their methods."""

from __future__ import annotations

from typing import Any

from ringway.dialer.core.pacing import Pacer
from ringway.dialer.core.pacing.steering import Steering


class Progressive:
    """One call for each idle agent."""

    tick_seconds = 1.0
    wants_events = True

    def decide(self, now: float, state: Any) -> int:
        return int(state.n_idle - state.n_dialing - state.n_detecting - state.n_waiting)


class FixedRatio:
    """``ratio`` calls for each idle agent; the ratio is chosen with hindsight, per shift.

    Args:
        ratio: Calls per agent.
        of_all: Count agents logged in, not idle ones, and talks as calls.
    """

    tick_seconds = 1.0
    wants_events = True

    def __init__(self, ratio: float, *, of_all: bool = False) -> None:
        self._ratio = ratio
        self._of_all = of_all

    def decide(self, now: float, state: Any) -> int:
        flying = state.n_dialing + state.n_detecting + state.n_waiting
        agents = state.n_idle
        if self._of_all:
            agents = state.n_logged_in - state.n_paused
            flying += state.n_talking
        return int(self._ratio * agents + 1e-9 - flying)


class Adaptive:
    """The adaptive method of the best-known open-source dialer, "average" drop limit.

    A level of lines per agent follows how many agents waited in the last 15 s; it is halved when
    too many calls were dropped.

    Args:
        max_level: The most lines per agent.
        intensity: How strongly the level follows.
        available_only: Count only idle agents' lines by the level, not those in talks, too.
    """

    tick_seconds = 0.5
    wants_events = False

    def __init__(
        self, *, max_level: float = 4.0, intensity: float = 1.0, available_only: bool = False
    ) -> None:
        self._available_only = available_only
        self._max = max_level
        self._intensity = intensity
        self._level = 1.0
        self._samples: list[tuple[float, float, float]] = []
        self._sampled_at = self._adapted_at = self._placed_at = float("-inf")
        self._drops: list[tuple[float, int, int]] = []

    def decide(self, now: float, state: Any) -> int:
        if now - self._sampled_at >= 1.0:
            self._sampled_at = now
            here = state.n_logged_in - state.n_paused
            self._samples = [*self._samples[-14:], (state.n_idle, state.n_waiting, here)]
            self._drops = [*self._drops[-60:], (now, state.live_total, state.abandoned_total)]
        if now - self._adapted_at >= 15.0:
            self._adapted_at = now
            self._adapt(state)
        if now - self._placed_at < 2.5:
            return 0
        self._placed_at = now
        flying = state.n_dialing + state.n_detecting + state.n_waiting
        wanted = self._level * state.n_idle
        if not self._available_only:
            wanted += (self._level - 1.0) * state.n_talking
        return int(wanted - flying + 0.5)

    def _adapt(self, state: Any) -> None:
        n = len(self._samples)
        idle, waiting, here = (sum(s[i] for s in self._samples) / n for i in range(3))
        if here > 0:
            change = (idle - waiting) / here * self._intensity
            self._level = min(self._max, max(1.0, self._level * (1 + change)))
        live = state.live_total - self._drops[0][1]
        dropped = state.abandoned_total - self._drops[0][2]
        over = state.abandoned_total > state.target_abandon * max(1, state.live_total)
        if (live > 20 and dropped > live / 2) or (state.live_total > 50 and over):
            self._level = max(1.0, self._level / 2)


class _KeenSteering(Steering):
    """The integral alone: no window, no day."""

    def _share(self, window: float, cap: float) -> float:
        return 0.87

    def tolerated(self, agents: int) -> float:
        self.cut = self.day_cut = self.half_cut = 1.0
        return super().tolerated(agents)


class Keen(Pacer):
    """Ours without budgets of windows and days: what they cost is the difference."""

    def __init__(self) -> None:
        super().__init__()
        self.steering = _KeenSteering()
