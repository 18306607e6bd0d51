"""How long talks and wrap-ups last, learned from those that ended and those that run."""

from __future__ import annotations

from typing import Any

import numpy as np

from ringway.dialer.core.pacing.snapshot import Floats

# Chances of an end are constant within each of these spans of elapsed time, seconds.
EDGES_S: Floats = np.array(
    [0, 2, 4, 6, 8, 11, 15, 20, 27, 36, 48, 64, 85, 113, 150, 200, 266, 355, 473, 631, 841, 1122,
     1500, 2200, 3600, 7200, 14400], dtype=float,
)  # fmt: skip
_WIDTHS = np.diff(EDGES_S)
_SPANS = len(_WIDTHS)
_OVERALL_WEIGHT = 1.5  # events by which each span is drawn to the overall rate
_PRIOR_ENDS = 3.0


def time_at_risk(elapsed: Floats) -> Floats:
    """Return how many seconds of ``elapsed`` were spent in each span, summed."""
    if len(elapsed) == 0:
        return np.zeros(_SPANS)
    spent: Floats = np.clip(elapsed[:, None] - EDGES_S[None, :-1], 0.0, _WIDTHS[None, :]).sum(0)
    return spent


class Durations:
    """The hazard of an end by elapsed time, constant in spans.

    Running ones count as time at risk without an end, so long ones are not missed; spans of which
    little is known are drawn to the overall rate, and that to the prior.

    Args:
        prior_mean_s: What is assumed before anything ended.
        memory: How many durations are remembered, about.
    """

    def __init__(self, prior_mean_s: float, memory: float = 1500.0) -> None:
        self._prior_mean_s = prior_mean_s
        self._memory = memory
        self._ends = np.zeros(_SPANS)
        self._risk_s = np.zeros(_SPANS)
        self._hazard = np.full(_SPANS, 1.0 / prior_mean_s)
        self._total = np.concatenate([[0.0], np.cumsum(self._hazard * _WIDTHS)])
        self.seen = 0.0
        self.mean_s = prior_mean_s

    def learn(self, durations_s: Floats) -> None:
        """Add durations that ended."""
        n = len(durations_s)
        if n == 0:
            return
        keep = float(np.exp(-n / self._memory))
        spans = np.clip(np.searchsorted(EDGES_S, durations_s, side="right") - 1, 0, _SPANS - 1)
        self._ends = self._ends * keep + np.bincount(spans, minlength=_SPANS)
        self._risk_s = self._risk_s * keep + time_at_risk(durations_s)
        self.seen = self.seen * keep + n

    def refresh(self, running_s: Floats) -> None:
        """Estimate anew, given what runs now."""
        risk_s = self._risk_s + time_at_risk(running_s)
        overall = (self._ends.sum() + _PRIOR_ENDS) / (
            risk_s.sum() + _PRIOR_ENDS * self._prior_mean_s
        )
        ends, risk = _smooth(self._ends), _smooth(risk_s)
        self._hazard = (ends + _OVERALL_WEIGHT) / (risk + _OVERALL_WEIGHT / overall)
        self._total = np.concatenate([[0.0], np.cumsum(self._hazard * _WIDTHS)])
        alive = np.exp(-self._total)
        self.mean_s = float(np.sum((alive[:-1] - alive[1:]) / self._hazard))

    def cumulative(self, elapsed_s: Floats) -> Floats:
        """Return the summed hazard up to each elapsed time."""
        total: Floats = np.interp(elapsed_s, EDGES_S, self._total)
        return total

    def ends_within(self, elapsed_s: Floats, ahead_s: Floats) -> Floats:
        """Return, by elapsed time (rows) and seconds ahead (columns), the chance of an end."""
        start = self.cumulative(elapsed_s)[:, None]
        later = self.cumulative((elapsed_s[:, None] + ahead_s[None, :]).ravel())
        chance: Floats = -np.expm1(start - later.reshape(len(elapsed_s), len(ahead_s)))
        return chance

    def dump(self) -> dict[str, Any]:
        return {"ends": self._ends.tolist(), "risk_s": self._risk_s.tolist(), "seen": self.seen}

    def restore(self, saved: dict[str, Any]) -> None:
        ends = np.array(saved["ends"], dtype=float)
        risk_s = np.array(saved["risk_s"], dtype=float)
        if ends.shape == risk_s.shape == (_SPANS,):
            self._ends, self._risk_s, self.seen = ends, risk_s, float(saved["seen"])
            self.refresh(np.zeros(0))


def _smooth(values: Floats) -> Floats:
    padded = np.concatenate([values[:1], values, values[-1:]])
    smoothed: Floats = 0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:]
    return smoothed
