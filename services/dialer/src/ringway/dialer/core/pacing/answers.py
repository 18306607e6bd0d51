"""Which calls will be answered, and when: learned from outcomes and from calls in flight."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ringway.dialer.core.pacing.snapshot import Floats, Outcome

MAX_AGE_S = 120
_MEMORIES = (60.0, 300.0, 1500.0)
_PRIOR_RATE = 0.3
_PRIOR_CALLS = 4.0
_SHAPE_MEMORY = 1500.0
_DETECT_STEP_S = 0.25
_DETECT_BINS = 80
_STEP_Z = (4.0, 3.6)
_LAWS = {
    "human": MAX_AGE_S,
    "other": MAX_AGE_S,
    "detect_human": _DETECT_BINS,
    "detect_machine": _DETECT_BINS,
}
_AGES: Floats = np.arange(MAX_AGE_S, dtype=float)


class _Memory:
    """A share with forgetting: successes over trials, trials may be fractions."""

    def __init__(self, calls: float) -> None:
        self.calls = calls
        self.hits = 0.0
        self.trials = 0.0

    def add(self, hits: float, trials: float) -> None:
        keep = float(np.exp(-max(0.0, trials) / self.calls))
        self.hits = self.hits * keep + hits
        # Parts of trials are estimates: when many end at once their sum may lag behind the answers.
        self.trials = max(self.hits, self.trials * keep + trials)

    def take(self, other: _Memory) -> None:
        self.hits, self.trials = other.hits, other.trials

    @property
    def rate(self) -> float:
        return self.hits / self.trials if self.trials > 0 else 0.0


class Answers:
    """The chance of an answer and the laws of ringing and detecting times."""

    def __init__(self) -> None:
        self._memories = [_Memory(calls) for calls in _MEMORIES]
        ages = _AGES + 0.5
        self._human = 6.0 * _normal(ages**1.5 * np.exp(-ages / 4.5))
        self._other = np.zeros(MAX_AGE_S)
        self._other_prior = np.zeros(MAX_AGE_S)
        self._detect_human = np.zeros(_DETECT_BINS)
        self._detect_machine = np.zeros(_DETECT_BINS)
        self._detect_prior = _normal(np.exp(-0.5 * ((np.arange(_DETECT_BINS) - 8) / 3.0) ** 2))
        self._machines = 0.0
        self._judged = 0.0
        self._exposed = 0.0
        self._lag_s = 0.0
        self.steps = 0
        self.seen = 0.0
        self.set_ring_limit(30.0)
        self.refresh(self.cautious_rate)

    def set_ring_limit(self, ring_timeout_s: float) -> None:
        """Say when unanswered calls are given up."""
        limit = int(min(max(ring_timeout_s, 1.0), MAX_AGE_S - 2))
        self._limit = limit
        self._other_prior = np.zeros(MAX_AGE_S)
        self._other_prior[limit] = 4.0
        self._other_prior[1:limit] = 1.0 / limit

    # -- learning --------------------------------------------------------------------------------

    def learn(self, outcomes: Sequence[Outcome]) -> tuple[int, int]:
        """Take in calls that ended; return how many were answered by people, and all."""
        humans = 0
        human_ages, other_ages = [], []
        for dialed_at, ended_at, kind, told_ring_s, told_detect_s in outcomes:
            ring_s, detect_s = number(told_ring_s), number(told_detect_s)
            age = ring_s if ring_s > 0 else number(ended_at - dialed_at - detect_s)
            where = min(int(age), MAX_AGE_S - 1)
            if kind == "human":
                humans += 1
                human_ages.append(where)
            else:
                other_ages.append(where)
            if kind in ("human", "machine"):
                self._judged = self._judged * 0.998 + 1
                self._machines = self._machines * 0.998 + (kind == "machine")
                self._lag_s += (detect_s - self._lag_s) * 0.02
                if detect_s > 0:
                    law = self._detect_human if kind == "human" else self._detect_machine
                    law *= 0.998
                    law[min(int(detect_s / _DETECT_STEP_S), _DETECT_BINS - 1)] += 1
        if human_ages:
            self._human *= float(np.exp(-len(human_ages) / _SHAPE_MEMORY))
            self._human += np.bincount(human_ages, minlength=MAX_AGE_S)
        if other_ages:
            self._other *= float(np.exp(-len(other_ages) / _SHAPE_MEMORY))
            self._other += np.bincount(other_ages, minlength=MAX_AGE_S)
        return humans, len(outcomes)

    def count(self, humans: int, ended: int, dialing_s: Floats) -> None:
        """Update the answer rate.

        Calls in flight count as the part of a trial that they have behind them; without that the
        first answers of a cohort would look like a high rate, as the unanswered ring longer.
        """
        exposed = float(self._exposure[_bins(dialing_s)].sum()) if len(dialing_s) else 0.0
        trials = ended + exposed - self._exposed
        self._exposed = exposed
        if humans == 0 and trials == 0.0:
            return
        self.seen += max(0.0, trials)
        for memory in self._memories:
            memory.add(humans, trials)
        self._notice_steps()

    def _notice_steps(self) -> None:
        for fast, slow, limit in (
            (self._memories[0], self._memories[1], _STEP_Z[0]),
            (self._memories[1], self._memories[2], _STEP_Z[1]),
        ):
            if fast.trials < 15 or slow.trials < 1.5 * fast.trials:
                continue
            rest = max(slow.trials - fast.trials, 1.0)
            old = min(max((slow.hits - fast.hits) / rest, 0.0), 1.0)
            both = min(max((slow.hits + 1) / (slow.trials + 2), 0.01), 0.99)
            spread = both * (1 - both) * (0.6 / fast.trials + 0.6 / rest)
            if abs(fast.rate - old) > limit * spread**0.5:
                self.steps += 1
                for memory in self._memories:
                    if memory.calls > fast.calls:
                        memory.take(fast)

    @property
    def rate(self) -> float:
        """The chance that a call dialed now is answered by a person."""
        _, middle, slow = self._memories
        best = slow
        if middle.trials > 50 and slow.trials > middle.trials:
            spread = math.sqrt(slow.rate * (1 - slow.rate) / middle.trials)
            if abs(middle.rate - slow.rate) > 1.3 * spread:
                best = middle
        rate = (best.hits + _PRIOR_RATE * _PRIOR_CALLS) / (best.trials + _PRIOR_CALLS)
        return min(max(rate, 0.0), 1.0)

    @property
    def cautious_rate(self) -> float:
        """The rate plus half its standard error: little known means more is expected."""
        rate, trials = self.rate, self._memories[2].trials + _PRIOR_CALLS
        return min(0.99, rate + 0.5 * math.sqrt(rate * (1 - rate) / trials))

    # -- predicting ------------------------------------------------------------------------------

    def refresh(self, rate: float) -> None:
        """Make the tables anew for this chance of an answer."""
        p = rate
        human, other = _normal(_blur(self._human)), _normal(self._other + self._other_prior)
        detecting = self._lag_s > 0.05
        q = self._human_share() if detecting else 1.0
        answered_h = np.concatenate([[0.0], np.cumsum(human)])[:MAX_AGE_S]
        ended_o = np.concatenate([[0.0], np.cumsum(other)])[:MAX_AGE_S]
        alive = np.maximum(1.0 - p * answered_h - (1 - p) * ended_o, 1e-9)
        self._exposure = np.clip((1 - p) * (answered_h - ended_o) / alive, 0.0, 1.0)
        self._p, self._alive, self._answered = p, alive, answered_h
        self._share = q
        law = _normal(self._detect_human + self._detect_prior)
        self._delay = float((law * (np.arange(_DETECT_BINS) + 0.5)).sum() * _DETECT_STEP_S)
        if not detecting:
            self._delay = 0.0
        self._law_human = law
        self._law_machine = _normal(self._detect_machine + self._detect_prior)

    def _human_share(self) -> float:
        return 1.0 - (self._machines + 0.5) / (self._judged + 1.0)

    @property
    def delay_s(self) -> float:
        """Mean seconds that detection takes for people."""
        return self._delay

    def times(self, n: int) -> Floats:
        """Return ``n`` equally likely times from dialing to a live call, given there is one."""
        levels = (np.arange(n) + 0.5) / n
        law = np.append(self._answered, 1.0)
        at: Floats = np.interp(levels, law, np.arange(MAX_AGE_S + 1, dtype=float))
        return at + self._delay

    def live_within(self, ahead_s: Floats) -> Floats:
        """Return, by age in whole seconds and seconds ahead, the chance to be a live call."""
        left = np.maximum(ahead_s - self._delay, 0.0)
        at = np.minimum(_AGES[:, None] + 0.5 + left[None, :], MAX_AGE_S - 1.001)
        low = at.astype(int)
        part = at - low
        later = self._answered[low] * (1 - part) + self._answered[low + 1] * part
        now = np.interp(_AGES + 0.5, _AGES, self._answered)[:, None]
        chance: Floats = np.clip(self._p * (later - now) / self._alive[:, None], 0.0, 1.0)
        chance[:, ahead_s < self._delay] = 0.0
        return chance

    def detected_within(self, elapsed_s: Floats, ahead_s: Floats) -> Floats:
        """Return, by seconds in detection and seconds ahead, the chance to be a live call."""
        if not len(elapsed_s):
            return np.zeros((0, len(ahead_s)))
        human = np.concatenate([[0.0], np.cumsum(self._law_human)])
        machine = np.concatenate([[0.0], np.cumsum(self._law_machine)])
        grid = np.arange(_DETECT_BINS + 1) * _DETECT_STEP_S
        now_h = np.interp(elapsed_s, grid, human)
        now_m = np.interp(elapsed_s, grid, machine)
        later = np.interp((elapsed_s[:, None] + ahead_s[None, :]).ravel(), grid, human)
        later = later.reshape(len(elapsed_s), len(ahead_s))
        q = self._share
        alive = np.maximum(q * (1 - now_h) + (1 - q) * (1 - now_m), 1e-9)
        chance: Floats = np.clip(q * (later - now_h[:, None]) / alive[:, None], 0.0, 1.0)
        return chance

    # -- keeping ---------------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        return {
            "memories": [[m.hits, m.trials] for m in self._memories],
            **{name: getattr(self, f"_{name}").tolist() for name in _LAWS},
            "machines": self._machines,
            "judged": self._judged,
            "lag_s": self._lag_s,
            "exposed": self._exposed,
            "seen": self.seen,
        }

    def restore(self, saved: dict[str, Any]) -> None:
        for memory, (hits, trials) in zip(self._memories, saved["memories"], strict=True):
            memory.hits, memory.trials = float(hits), float(trials)
        for name, size in _LAWS.items():
            law = np.array(saved[name], dtype=float)
            if law.shape != (size,):
                raise ValueError(f"{name} has another shape")
            setattr(self, f"_{name}", law)
        self._machines, self._judged = float(saved["machines"]), float(saved["judged"])
        self._lag_s, self.seen = float(saved["lag_s"]), float(saved["seen"])
        # What earlier releases kept has it not.
        self._exposed = float(saved.get("exposed", 0.0))
        self.refresh(self.cautious_rate)


def number(told: float | None) -> float:
    """Return seconds as told, or 0 where there are none."""
    return min(told, 1e6) if told is not None and told > 0 else 0.0


def _bins(ages_s: Floats) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    return np.minimum(ages_s, MAX_AGE_S - 1).astype(np.intp)


def _normal(weights: Floats) -> Floats:
    return weights / max(float(weights.sum()), 1e-12)


def _blur(weights: Floats) -> Floats:
    padded = np.concatenate([weights[:1], weights, weights[-1:]])
    blurred: Floats = 0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:]
    return blurred
