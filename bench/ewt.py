"""How wrong the expected wait is that callers are told.

A discrete-event simulation of queues. Each caller who has to wait gets an estimate on arrival from
every method, and again every minute of waiting; when an agent answers, each estimate is compared
with what was left to wait then. Callers who give up are not compared (what they would have waited
is unknown), but every method sees what it would see in life.

Methods:

    ringway      ``ringway.acd.core.expected_wait``
    mean_wait    the plain mean of the last 20 waits that ended with an agent: the baseline
    last_wait    the wait of the last caller whom an agent answered
    position     place x mean handling time / agents, without any correction

Handling times are lognormal (coefficient of variation 0.8), patience is exponential. Figures a
scenario: median and mean absolute error and bias (estimate minus truth), seconds; ``too_low`` is
the share of callers who waited longer than was said in whole minutes, rounded up; ``in_range`` the
share between ``low`` and ``high``. Prints one JSON object; ``--quick`` takes one seed of five.
"""

from __future__ import annotations

import argparse
import heapq
import json
import math
import random
import statistics
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from ringway.acd.core.expected_wait import Estimate, ExpectedWait
from ringway.cli.say import say

BASELINE = "mean_wait"
METHODS = ("ringway", BASELINE, "last_wait", "position")
HOUR_S = 3600.0
_WARM_UP_S = HOUR_S
_AGAIN_S = 60.0
_FIRST_GUESS_S = 60.0
_VARIATION = 0.8


@dataclass(frozen=True, slots=True)
class Scenario:
    """A day of one queue. Functions of the time in seconds since its beginning."""

    hours: int
    agents: Callable[[float], int]
    load: Callable[[float], float]
    """Calls that arrive, in parts of what 20 (or the fewest) agents could handle."""
    size: int = 20
    handling_s: Callable[[float], float] = lambda _: 180.0
    patience_s: float | None = 600.0
    vip_share: float = 0.0
    """Callers who overtake all others."""
    other_load: float = 0.0
    """Calls of another queue that the same agents serve, in order of arrival."""

    def arrivals_per_s(self, at: float) -> float:
        return self.load(at) * self.size / 180.0


def _hour(at: float, every: int, which: int) -> bool:
    return int(at // HOUR_S) % every == which


SCENARIOS: dict[str, Scenario] = {
    "steady": Scenario(24, lambda _: 20, lambda _: 0.95, patience_s=None),
    "few_agents": Scenario(48, lambda _: 4, lambda _: 0.9, size=4, patience_s=None),
    "rush_hour": Scenario(24, lambda _: 20, lambda at: 1.6 if _hour(at, 3, 1) else 0.8),
    "agents_leave": Scenario(24, lambda at: 12 if _hour(at, 4, 2) else 22, lambda _: 0.85),
    "priorities": Scenario(24, lambda _: 20, lambda _: 1.0, vip_share=0.2),
    "shared_agents": Scenario(24, lambda _: 20, lambda _: 0.6, other_load=0.45),
    "longer_talks": Scenario(
        24, lambda _: 20, lambda _: 0.9, handling_s=lambda at: 220.0 if _hour(at, 6, 4) else 170.0
    ),
    "impatient": Scenario(24, lambda _: 20, lambda _: 1.3, patience_s=150.0),
}


@dataclass(slots=True)
class Caller:
    came_at: float
    is_vip: bool
    told: list[tuple[float, dict[str, float], Estimate]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One estimate of each method and what came of it, seconds."""

    truth: float
    said: dict[str, float]
    ours: Estimate


class Simulation:
    """One queue and its agents."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self._scenario = scenario
        self._random = random.Random(seed)
        self._events: list[tuple[float, int, str, Any]] = []
        self._numbers = count()
        self._at = 0.0
        self._busy = 0
        self._waiting: tuple[dict[int, Caller], dict[int, Caller]] = ({}, {})
        self._others: deque[float] = deque()
        self._waits: deque[float] = deque(maxlen=20)
        self._handled_s = 180.0
        self._estimator = ExpectedWait()
        self.compared: list[Comparison] = []

    def run(self) -> list[Comparison]:
        scenario, end = self._scenario, self._scenario.hours * HOUR_S
        self._peak = max(scenario.arrivals_per_s(m * 60.0) for m in range(scenario.hours * 60))
        self._later(self._random.expovariate(self._peak), "arrives")
        for minute in range(scenario.hours * 60):
            self._later(minute * 60.0, "looks")
        if scenario.other_load:
            self._later(0.0, "other_arrives")
        while self._events:
            self._at, _, kind, about = heapq.heappop(self._events)
            if self._at > end:
                break
            getattr(self, f"_{kind}")(about)
            self._serve()
        return self.compared

    def _later(self, delay_s: float, kind: str, about: Any = None) -> None:
        entry = (self._at + delay_s, next(self._numbers), kind, about)
        heapq.heappush(self._events, entry)

    # -- events, by name -------------------------------------------------------------------------

    def _looks(self, _: None) -> None:
        """The number of agents may have changed."""

    def _arrives(self, _: None) -> None:
        self._later(self._random.expovariate(self._peak), "arrives")
        if self._random.random() * self._peak > self._scenario.arrivals_per_s(self._at):
            return
        number = next(self._numbers)
        caller = Caller(self._at, self._random.random() < self._scenario.vip_share)
        self._waiting[not caller.is_vip][number] = caller
        if self._busy >= self._agents():
            self._tells(number)
            if self._scenario.patience_s is not None:
                patience_s = self._random.expovariate(1 / self._scenario.patience_s)
                self._later(patience_s, "gives_up", number)

    def _tells(self, number: int) -> None:
        line = next((w for w in self._waiting if number in w), None)
        if line is None:
            return
        caller = line[number]
        ahead = 0 if caller.is_vip else len(self._waiting[0])
        place = ahead + list(line).index(number) + 1
        ours = self._estimator.estimate(place, self._agents(), self._at)
        if ours is None:
            return
        waited = self._at - caller.came_at
        # The plain methods know whole waits only: what is left is what is over the time waited.
        mean = statistics.fmean(self._waits) if self._waits else _FIRST_GUESS_S
        last = self._waits[-1] if self._waits else _FIRST_GUESS_S
        said = {
            "ringway": ours.seconds,
            BASELINE: max(mean - waited, 0.0),
            "last_wait": max(last - waited, 0.0),
            "position": place * self._handled_s / self._agents(),
        }
        caller.told.append((self._at, said, ours))
        self._later(_AGAIN_S, "tells", number)

    def _gives_up(self, number: int) -> None:
        for line in self._waiting:
            caller = line.pop(number, None)
            if caller is not None:
                self._leaves(caller, served=False)

    def _is_free(self, handled_s: float | None) -> None:
        self._busy -= 1
        if handled_s is not None:
            self._estimator.handled(handled_s)
            self._handled_s += 0.01 * (handled_s - self._handled_s)

    def _other_arrives(self, _: None) -> None:
        rate = self._scenario.other_load * self._scenario.size / 180.0
        self._later(self._random.expovariate(rate), "other_arrives")
        self._others.append(self._at)

    # -- what follows from them ------------------------------------------------------------------

    def _agents(self) -> int:
        return self._scenario.agents(self._at)

    def _serve(self) -> None:
        while self._busy < self._agents():
            line = next((w for w in self._waiting if w), None)
            number = next(iter(line)) if line else None
            if self._others and (
                line is None or number is None or self._others[0] < line[number].came_at
            ):
                self._others.popleft()
                self._talks(is_ours=False)
            elif line is not None and number is not None:
                self._leaves(line.pop(number), served=True)
                self._talks(is_ours=True)
            else:
                return

    def _talks(self, *, is_ours: bool) -> None:
        self._busy += 1
        spread = math.log(1 + _VARIATION**2)
        middle = math.log(self._scenario.handling_s(self._at)) - spread / 2
        seconds = self._random.lognormvariate(middle, math.sqrt(spread))
        self._later(seconds, "is_free", seconds if is_ours else None)

    def _leaves(self, caller: Caller, *, served: bool) -> None:
        waited_s = self._at - caller.came_at
        first = caller.told[0][2] if caller.told else None
        self._estimator.left(waited_s, served=served, promised=first)
        if not served:
            return
        self._waits.append(waited_s)
        if caller.came_at > _WARM_UP_S:
            self.compared += [
                Comparison(self._at - at, said, ours) for at, said, ours in caller.told
            ]


def minutes(seconds: float) -> int:
    """Return what is said of an estimate: whole minutes, rounded up, at least one."""
    return max(1, math.ceil(seconds / 60))


def figures_of(compared: Sequence[Comparison]) -> dict[str, Any]:
    """Return the figures of one scenario."""
    found: dict[str, Any] = {
        "estimates": len(compared),
        "mean_wait_s": round(statistics.fmean(c.truth for c in compared), 1),
    }
    for method in METHODS:
        errors = [c.said[method] - c.truth for c in compared]
        spoken = [
            max(1, c.ours.minutes) if method == "ringway" else minutes(c.said[method])
            for c in compared
        ]
        found[method] = {
            "median_error_s": round(statistics.median(map(abs, errors)), 1),
            "mean_error_s": round(statistics.fmean(map(abs, errors)), 1),
            "bias_s": round(statistics.fmean(errors), 1),
            "too_low": round(
                statistics.fmean(c.truth > s * 60 for c, s in zip(compared, spoken, strict=True)),
                3,
            ),
        }
    found["ringway"]["in_range"] = round(
        statistics.fmean(c.ours.low <= c.truth <= c.ours.high for c in compared), 3
    )
    return found


def report(figures: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the bench's JSON object."""
    ratios: dict[str, float] = {}
    for name, figure in figures.items():
        for key in ("median_error_s", "too_low"):
            base = max(figure[BASELINE][key], 0.001)
            ratios[f"{name}_{key}"] = round(figure["ringway"][key] / base, 2)
    worst = {key: max(r for n, r in ratios.items() if n.endswith(key)) for key in (
        "median_error_s", "too_low")}  # fmt: skip
    ratios |= {f"worst_{key}": ratio for key, ratio in worst.items()}
    return {
        "bench": "ewt",
        "figures": figures,
        "baseline": f"{BASELINE}: the mean of the last 20 waits",
        "ratios": ratios,
        "aims": {"worst_median_error_s": "< 0.8", "worst_too_low": "< 0.8"},
        "met": {
            "worst_median_error_s": worst["median_error_s"] < 0.8,
            "worst_too_low": worst["too_low"] < 0.8,
        },
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench and print its object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(argv)
    figures = {}
    for name, scenario in SCENARIOS.items():
        compared: list[Comparison] = []
        for seed in range(1 if arguments.quick else 5):
            compared += Simulation(scenario, seed).run()
        figures[name] = figures_of(compared)
        if not arguments.json:
            say(f"{name} ({len(compared)} estimates)")
            for method in METHODS:
                f = figures[name][method]
                say(
                    f"  {method:10} median error {f['median_error_s']:6.1f} s"
                    f"  bias {f['bias_s']:+7.1f} s  said too little {f['too_low']:6.1%}"
                )
    print(json.dumps(report(figures), indent=None if arguments.json else 2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
