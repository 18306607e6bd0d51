"""What is to come: live calls out of those in flight, agents out of those who are busy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ringway.dialer.core.pacing.agents import N_ROWS, FreeTimes, rows
from ringway.dialer.core.pacing.answers import MAX_AGE_S, Answers, number
from ringway.dialer.core.pacing.durations import Durations
from ringway.dialer.core.pacing.shortfall import (
    EXACT_UP_TO,
    exact_risks,
    moments_of,
    normal_risks,
)
from ringway.dialer.core.pacing.snapshot import Floats, Live, Outcome, PacingSnapshot, Talk, Wrap

MOMENTS = 8
_REFRESH_S, _REFRESH_EARLY_S = 8.0, 2.0
_RATE_MOVED = 0.05
_DURATIONS_EVERY = 2  # refreshes
_EXACT_AT_MOST = 40
_FEW = 6
_RATE_FALLS_S = 100.0
_FALLS_TO = 0.75
_PRIOR_TALK_S, _PRIOR_WRAP_S = 120.0, 20.0
_SHORTEST_LIMIT_S = 0.2
_LONGEST_S = 1e6


@dataclass(frozen=True, slots=True)
class Outlook:
    """The chances that count for one decision, at equally likely moments of an answer."""

    added: Floats
    calls: Floats
    agents: Floats
    is_exact: bool
    horizon_s: float
    answers: float
    free_agents: float

    def risks(self, free: int, most: int, tolerated: float) -> Sequence[float] | Floats:
        """Return the risks of added calls with so many agents free now: all that are tolerated."""
        if not self.is_exact:
            few = normal_risks(free, self.calls, self.agents, self.added, min(most, _FEW))
            if most <= _FEW or few[-1] > tolerated:
                return few
            return normal_risks(free, self.calls, self.agents, self.added, most)
        most = min(most, _EXACT_AT_MOST)
        return exact_risks(free, self.calls, self.agents, self.added, most, tolerated)


class Forecast:
    """Learns the campaign's laws and predicts by them."""

    def __init__(self) -> None:
        self.answers = Answers()
        self.talk = Durations(_PRIOR_TALK_S)
        self.wrap = Durations(_PRIOR_WRAP_S)
        self._free = FreeTimes(self.talk, self.wrap)
        self._talks = self._wraps = 0.0
        self._limit_s: float | None = None
        self._held_rate = 0.0
        self._refreshed_at = -math.inf
        self._refreshed_rate = 0.0
        self._refreshes = 0
        self._tables: list[Floats] | None = None
        self._at: float | None = None
        self.patience_s = 2.0

    def learn(
        self, now: float, state: PacingSnapshot, *, outcomes: Sequence[Outcome],
        talks: Sequence[Talk], wraps: Sequence[Wrap], live: Sequence[Live],
    ) -> None:  # fmt: skip
        """Take in what ended since the last look, and what runs."""
        humans, ended = self.answers.learn(outcomes) if len(outcomes) else (0, 0)
        self.answers.count(humans, ended, seconds(state.dialing_elapsed))
        if len(talks):
            self.talk.learn(seconds([t[1] for t in talks]))
            keep = 0.999 ** len(talks)
            self._talks, self._wraps = self._talks * keep + len(talks), self._wraps * keep
        if len(wraps):
            self.wrap.learn(seconds([w[1] for w in wraps]))
            self._wraps += len(wraps)
        for _, connected, wait_s in live:
            if not connected and number(wait_s) > 0:
                last = wait_s if self._limit_s is None else self._limit_s
                self._limit_s = last + 0.1 * (wait_s - last)
        past = 0.0 if self._at is None else max(0.0, now - self._at)
        self._at = now
        # A rate that falls far is followed slowly: when a fault ends, many are answered again.
        rate, held = self.answers.cautious_rate, self._held_rate
        if rate < _FALLS_TO * held:
            rate = max(rate, held * math.exp(-past / _RATE_FALLS_S))
        self._held_rate = rate
        moved = abs(rate - self._refreshed_rate) > _RATE_MOVED * self._refreshed_rate
        if abs(now - self._refreshed_at) >= (_REFRESH_EARLY_S if moved else _REFRESH_S):
            self._refreshed_at, self._refreshed_rate = now, rate
            self._refresh(state)

    def share_in_time(self, left_s: float) -> float:
        """Return which share of answers to a call dialed now comes before the shift ends."""
        return float((self._times + self.patience_s <= left_s).sum()) / MOMENTS

    def outlook(self, state: PacingSnapshot, *, anticipate: bool) -> Outlook:
        """Return the chances at this moment.

        Args:
            anticipate: Count on busy agents; without, only those free now are capacity.
        """
        talking, wrapping = _staying(state) if anticipate else (seconds(()), seconds(()))
        dialing, detecting = seconds(state.dialing_elapsed), seconds(state.detecting_elapsed)
        free = self._free
        found = self.answers.detected_within(detecting, self._times)
        ages = np.minimum(dialing, MAX_AGE_S - 1).astype(np.intp)
        talk_rows, wrap_rows = rows(talking), rows(wrapping)
        is_exact = len(ages) + len(detecting) + len(talking) + len(wrapping) <= EXACT_UP_TO
        if is_exact:
            calls = np.concatenate([self._live[ages], found])
            agents = np.concatenate([free.after_talk[talk_rows], free.after_wrap[wrap_rows]])
            answers, freed = float(calls[:, -1].sum()), float(agents[:, -1].sum())
        else:
            if self._tables is None:
                parts = (self._live, free.after_talk, free.after_wrap)
                self._tables = [_moments_table(part) for part in parts]
            live_moments, talk_moments, wrap_moments = self._tables
            by_age = np.bincount(ages, minlength=MAX_AGE_S).astype(float)
            calls = (by_age @ live_moments).reshape(3, MOMENTS)
            if len(found):
                calls = calls + moments_of(found)
            talks = np.bincount(talk_rows, minlength=N_ROWS).astype(float)
            wraps = np.bincount(wrap_rows, minlength=N_ROWS).astype(float)
            agents = talks @ talk_moments + wraps @ wrap_moments
            agents = agents.reshape(3, MOMENTS)
            answers, freed = float(calls[0, -1]), float(agents[0, -1])
        return Outlook(self._added, calls, agents, is_exact, float(self._times[-1]), answers, freed)

    def _refresh(self, state: PacingSnapshot) -> None:
        answers, limit_s = self.answers, max(_SHORTEST_LIMIT_S, float(state.patience_s))
        answers.set_ring_limit(float(state.ring_timeout_s))
        answers.refresh(self._held_rate)
        # What callers have waited says what is left of the limit once detection is over.
        left_s = limit_s - answers.delay_s if self._limit_s is None else self._limit_s
        self.patience_s = min(limit_s, max(_SHORTEST_LIMIT_S, left_s))
        self._times = answers.times(MOMENTS)
        self._live = answers.live_within(self._times)
        self._refreshes += 1
        if self._refreshes % _DURATIONS_EVERY == 1:
            self.talk.refresh(seconds(state.talking_elapsed))
            self.wrap.refresh(seconds(state.wrapup_elapsed))
        missing = 0.0
        if self._talks > 5:
            missing = max(0.0, self._talks - self._wraps - state.n_wrapup) / self._talks
        self._free.refresh(missing if missing > 0.05 else 0.0, self._times + self.patience_s)
        self._tables = None
        self._added = self._held_rate * (np.arange(MOMENTS) + 0.5) / MOMENTS

    def dump(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "answers": self.answers.dump(),
            "talk": self.talk.dump(),
            "wrap": self.wrap.dump(),
            "talks": self._talks,
            "wraps": self._wraps,
            "limit_s": self._limit_s,
            "held_rate": self._held_rate,
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Go on from ``dump``."""
        self.answers.restore(saved["answers"])
        self.talk.restore(saved["talk"])
        self.wrap.restore(saved["wrap"])
        self._talks, self._wraps = float(saved["talks"]), float(saved["wraps"])
        self._limit_s = None if saved["limit_s"] is None else float(saved["limit_s"])
        self._held_rate = float(saved["held_rate"])


def seconds(values: Any) -> Floats:
    """Return durations as an array, each between 0 and very long."""
    array = np.asarray(values, dtype=float).reshape(-1)
    if not len(array):
        return array
    if array.min() >= 0.0 and array.max() <= _LONGEST_S:  # false for what is no number
        return array
    if not np.isfinite(array).all():
        array = np.nan_to_num(array, posinf=_LONGEST_S)
    bounded: Floats = np.minimum(np.maximum(array, 0.0), _LONGEST_S)
    return bounded


def _staying(state: PacingSnapshot) -> tuple[Floats, Floats]:
    """Return the elapsed times of those who talk and wrap up and will not pause or leave."""
    talking, wrapping = seconds(state.talking_elapsed), seconds(state.wrapup_elapsed)
    leaving = state.pause_pending_ids
    if not len(leaving):
        return talking, wrapping
    gone = set(leaving)
    talks = [a not in gone for a in state.talking_ids]
    wraps = [a not in gone for a in state.wrapup_ids]
    return talking[np.array(talks, dtype=bool)], wrapping[np.array(wraps, dtype=bool)]


def _moments_table(chances: Floats) -> Floats:
    spread = chances * (1 - chances)
    return np.hstack([chances, spread, spread * (1 - 2 * chances)])
