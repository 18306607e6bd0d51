"""The predictive pacer: one more call while its risk to find no agent is tolerable."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ringway.dialer.core.pacing import agents as free_times
from ringway.dialer.core.pacing.agents import FreeTimes
from ringway.dialer.core.pacing.answers import MAX_AGE_S, Answers
from ringway.dialer.core.pacing.durations import Durations
from ringway.dialer.core.pacing.shortfall import (
    EXACT_UP_TO,
    exact_risks,
    moments_of,
    normal_risks,
)
from ringway.dialer.core.pacing.snapshot import Floats, PacingSnapshot
from ringway.dialer.core.pacing.steering import Steering

_MOMENTS = 8
_REFRESH_S = 2.0
_LOG_AT_MOST = 6000


class Pacer:
    tick_seconds = 1.0
    wants_events = True

    def __init__(self, **settings: float) -> None:
        self.steering = Steering(**settings)  # type: ignore[arg-type]
        self.answers = Answers()
        self.talk = Durations(120.0)
        self.wrap = Durations(20.0)
        self.free = FreeTimes(self.talk, self.wrap)
        self._read: dict[str, int] = {}
        self._counted = [0, 0]
        self._patience_s: float | None = None
        self._refreshed_at = -math.inf
        self._refreshed = 0
        self._why: dict[str, float | str] = {}

    def decide(self, now: float, state: PacingSnapshot) -> int:
        self._learn(now, state)
        cap = float(state.target_abandon)
        self.steering.observe(now, state.live_total, state.abandoned_total, cap)
        if now - self._refreshed_at >= _REFRESH_S:
            self._refresh(state)
            self._refreshed_at = now
        return self._decide(now, state)

    # -- learning --------------------------------------------------------------------------------

    def _tail(self, name: str, log: Sequence[Any]) -> Sequence[Any]:
        read, size = self._read.get(name, 0), len(log)
        if size < read:
            read = 0
        self._read[name] = size
        return log[max(read, size - _LOG_AT_MOST) :] if size > read else ()

    def _learn(self, now: float, state: PacingSnapshot) -> None:
        logs = state.logs
        outcomes = self._tail("outcomes", logs.outcomes)
        humans, ended = self.answers.learn(list(outcomes)) if outcomes else (0, 0)
        self.answers.count(humans, ended, state.dialing_elapsed)
        talks = self._tail("talks", logs.talks)
        if talks:
            self.talk.learn(np.array([t[1] for t in talks], dtype=float))
            self._counted[0] += len(talks)
        wraps = self._tail("wraps", logs.wraps)
        if wraps:
            self.wrap.learn(np.array([w[1] for w in wraps], dtype=float))
            self._counted[1] += len(wraps)
        for _, connected, wait_s in self._tail("live", logs.live):
            if not connected:
                if self._patience_s is None:
                    self._patience_s = wait_s
                self._patience_s += 0.1 * (wait_s - self._patience_s)

    def _refresh(self, state: PacingSnapshot) -> None:
        self.answers.set_ring_limit(float(state.ring_timeout_s))
        self.answers.refresh()
        talks, wraps = self._counted
        missing = max(0.0, talks - wraps - state.n_wrapup) / talks if talks > 5 else 0.0
        limit = float(state.patience_s)
        known = self._patience_s
        patience = max(0.2, limit - self.answers.delay_s) if known is None else min(known, limit)
        self._patience = patience
        times = self.answers.times(_MOMENTS)
        self._times = times
        self._live = self.answers.live_within(times)
        self._live_moments = _moments_table(self._live)
        self._refreshed += 1
        if self._refreshed % 3 == 1:
            self.talk.refresh(np.asarray(state.talking_elapsed, dtype=float))
            self.wrap.refresh(np.asarray(state.wrapup_elapsed, dtype=float))
        self.free.refresh(missing if missing > 0.05 else 0.0, times + patience)
        talk, wrap = self.free.after_talk, self.free.after_wrap
        self._talk_free, self._wrap_free = talk, wrap
        self._talk_moments, self._wrap_moments = _moments_table(talk), _moments_table(wrap)
        rate = self.answers.cautious_rate
        self._added = rate * (np.arange(_MOMENTS) + 0.5) / _MOMENTS

    # -- deciding --------------------------------------------------------------------------------

    def _decide(self, now: float, state: PacingSnapshot) -> int:
        here = state.n_logged_in - state.n_paused
        if here <= 0:
            return 0
        most = int(min(state.line_cap - state.lines_in_use, state.leads_left, 64))
        if most <= 0:
            return 0
        tolerated = self.steering.tolerated()
        end = math.inf if state.shift_end is None else float(state.shift_end)
        in_time = float((now + self._times + self._patience <= end).sum()) / _MOMENTS
        if in_time < 0.97:
            return 0
        talking, wrapping = self._staying(state)
        dialing = np.asarray(state.dialing_elapsed, dtype=float)
        detecting = np.asarray(state.detecting_elapsed, dtype=float)
        idle, waiting = state.n_idle, state.n_waiting
        in_flight = len(dialing) + len(detecting) + waiting
        if len(talking) + len(wrapping) + in_flight <= EXACT_UP_TO:
            risks: Sequence[float] | Floats = self._exact(
                idle - waiting, talking, wrapping, dialing, detecting, min(most, 12), tolerated
            )
        else:
            risks = self._normal(idle - waiting, talking, wrapping, dialing, detecting, most)
        n = 0
        while n < len(risks) and risks[n] <= tolerated:
            n += 1
        return max(n, min(most, idle - in_flight))

    def _exact(
        self,
        free: int,
        talking: Floats,
        wrapping: Floats,
        dialing: Floats,
        detecting: Floats,
        most: int,
        tolerated: float,
    ) -> list[float]:
        agents = np.vstack(
            [self._talk_free[free_times.rows(talking)], self._wrap_free[free_times.rows(wrapping)]]
        )
        calls = self._live[np.clip(dialing, 0, MAX_AGE_S - 1).astype(int)]
        if len(detecting):
            calls = np.vstack([calls, self.answers.detected_within(detecting, self._times)])
        return exact_risks(free, calls, agents, self._added, most, tolerated)

    def _normal(
        self,
        free: int,
        talking: Floats,
        wrapping: Floats,
        dialing: Floats,
        detecting: Floats,
        most: int,
    ) -> Floats:
        n = free_times.N_ROWS
        by_row = np.bincount(free_times.rows(talking), minlength=n).astype(float)
        agents = by_row @ self._talk_moments
        by_row = np.bincount(free_times.rows(wrapping), minlength=n).astype(float)
        agents = agents + by_row @ self._wrap_moments
        ages = np.clip(dialing, 0, MAX_AGE_S - 1).astype(int)
        by_age = np.bincount(ages, minlength=MAX_AGE_S).astype(float)
        calls = (by_age @ self._live_moments).reshape(3, _MOMENTS)
        if len(detecting):
            calls = calls + moments_of(self.answers.detected_within(detecting, self._times))
        return normal_risks(free, calls, agents.reshape(3, _MOMENTS), self._added, most)

    def _staying(self, state: PacingSnapshot) -> tuple[Floats, Floats]:
        talking = np.asarray(state.talking_elapsed, dtype=float)
        wrapping = np.asarray(state.wrapup_elapsed, dtype=float)
        leaving = state.pause_pending_ids
        if not leaving:
            return talking, wrapping
        stays = np.array([a not in leaving for a in state.talking_ids], dtype=bool)
        wraps = np.array([a not in leaving for a in state.wrapup_ids], dtype=bool)
        return talking[stays], wrapping[wraps]

    def explain(self) -> Mapping[str, float | str]:
        return dict(self._why)


def _moments_table(chances: Floats) -> Floats:
    spread = chances * (1 - chances)
    return np.hstack([chances, spread, spread * (1 - 2 * chances)])
