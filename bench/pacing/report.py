"""The bench: ours and the baselines over the held-out shifts, and what they compare to."""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import signal
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from bench.pacing.baselines import Adaptive, FixedRatio, Keen, Progressive
from bench.pacing.scenario import Scenario
from bench.pacing.scenarios import held_out
from bench.pacing.simulation import AnyPacer, Result, Simulation

from ringway.cli.say import say
from ringway.dialer.core.pacing import Pacer

CAP = 0.03
LARGE_WINDOW = 300
METHODS = ("ringway", "keen", "hindsight_ratio", "adaptive", "progressive")
_SEED = 20_260
_QUICK = ("5 steady", "15 AMD", "50 carrier fault")
_QUICK_HOURS = 0.3
_RATIO_STEPS = 6

Figures = dict[str, Any]


def run_shift(scenario: Scenario, method: str, seed: int) -> Result:
    """Simulate one shift with one method."""
    pacers: dict[str, Callable[[], AnyPacer]] = {
        "ringway": Pacer,
        "keen": Keen,
        "adaptive": lambda: Adaptive(available_only=True),
        "progressive": Progressive,
    }
    if method == "hindsight_ratio":
        return hindsight(scenario, seed)
    return Simulation(scenario, pacers[method](), seed).run()


def hindsight(scenario: Scenario, seed: int) -> Result:
    """Return the shift with that fixed ratio which just meets the cap: no one knows it ahead."""
    low, high = 1.0, 14.0
    best = Simulation(scenario, FixedRatio(low), seed).run()
    for _ in range(_RATIO_STEPS):
        ratio = math.sqrt(low * high)
        result = Simulation(scenario, FixedRatio(ratio), seed).run()
        if result.abandoned <= CAP * result.live:
            low = ratio
            best = max(best, result, key=lambda r: r.occupancy)
        else:
            high = ratio
    return best


def beyond_chance(live: int, abandoned: int) -> bool:
    """Return whether so many abandoned calls are unlikely (2.5 %) at a rate that meets the cap."""
    spread = math.sqrt(CAP * (1 - CAP) * max(1, live))
    return abandoned > CAP * live + 1.96 * spread


def figures_of(result: Result) -> Figures:
    """Return the figures of one shift."""
    large = [(live, lost) for live, lost in result.windows if live >= LARGE_WINDOW]
    times = sorted(result.decide_ms)
    return {
        "occupancy": round(result.occupancy, 4),
        "abandonment": round(result.abandoned / max(1, result.live), 4),
        "live": result.live,
        "is_beyond_chance": beyond_chance(result.live, result.abandoned),
        "large_windows": len(large),
        "windows_over": sum(lost > CAP * live for live, lost in large),
        "idle_between_s": round(result.idle_between_s, 1),
        "decide_p50_ms": round(times[len(times) // 2], 3),
        "decide_p99_ms": round(times[int(len(times) * 0.99)], 3),
    }


def mean_of(figures: Iterable[Figures]) -> Figures:
    """Return the figures of several shifts: means, sums of windows, the slowest decisions."""
    rows = list(figures)
    found: Figures = {
        key: round(statistics.fmean(r[key] for r in rows), 4)
        for key in ("occupancy", "abandonment", "idle_between_s")
    }
    found |= {key: sum(r[key] for r in rows) for key in ("large_windows", "windows_over")}
    found |= {key: max(r[key] for r in rows) for key in ("decide_p50_ms", "decide_p99_ms")}
    found["worst_abandonment"] = max(r["abandonment"] for r in rows)
    found["beyond_chance"] = sum(r["is_beyond_chance"] for r in rows)
    return found


def report(
    shifts: dict[str, dict[str, Figures]], sizes: dict[str, int], seeds: Sequence[int] = ()
) -> dict[str, Any]:
    """Return the bench's JSON object.

    Args:
        shifts: The figures of each shift by method.
        sizes: The agents of each shift.
        seeds: What the shifts were drawn with.
    """
    classes = {
        str(size): {
            m: mean_of(f[m] for name, f in shifts.items() if sizes[name] == size) for m in METHODS
        }
        for size in sorted(set(sizes.values()))
    }
    classes["all"] = {m: mean_of(f[m] for f in shifts.values()) for m in METHODS}
    every = classes["all"]
    ours, base = every["ringway"], every["progressive"]["occupancy"]
    keen = max(every["keen"]["occupancy"] - base, 1e-9)
    over = ours["windows_over"] / max(1, ours["large_windows"])
    ratios = {
        "gain_to_keen": round((ours["occupancy"] - base) / keen, 3),
        "idle_to_adaptive": round(
            ours["idle_between_s"] / max(0.1, every["adaptive"]["idle_between_s"]), 3
        ),
        "idle_to_progressive": round(
            ours["idle_between_s"] / max(0.1, every["progressive"]["idle_between_s"]), 3
        ),
        "least_occupancy_to_hindsight": round(
            min(
                c["ringway"]["occupancy"] / max(0.01, c["hindsight_ratio"]["occupancy"])
                for c in classes.values()
            ),
            3,
        ),
    }
    slowest = ours["decide_p99_ms"]
    return {
        "bench": "pacing",
        "seeds": list(seeds),
        "shifts_played": len(shifts),
        "figures": {"classes": classes, "shifts": shifts},
        "baseline": "progressive; the adaptive method (available agents only); the fixed ratio "
        "chosen with hindsight for each shift; keen: ours without window and day budgets",
        "ratios": ratios | {"windows_over": round(over, 3)},
        "aims": {
            "worst_abandonment": "<= 0.03",
            "beyond_chance": "0",
            "windows_over": "<= 0.10",
            "gain_to_keen": ">= 0.97",
            "least_occupancy_to_hindsight": ">= 1",
            "idle_to_adaptive": "<= 0.6",
            "decide_p99_ms": "< 5",
        },
        "met": {
            "worst_abandonment": ours["worst_abandonment"] <= CAP,
            "beyond_chance": ours["beyond_chance"] == 0,
            "windows_over": over <= 0.1,
            "gain_to_keen": ratios["gain_to_keen"] >= 0.97,
            "least_occupancy_to_hindsight": ratios["least_occupancy_to_hindsight"] >= 1.0,
            "idle_to_adaptive": ratios["idle_to_adaptive"] <= 0.6,
            "decide_p99_ms": slowest < 5.0,
        },
    }


def sizes_in_turn(scenarios: Sequence[Scenario]) -> list[Scenario]:
    """Return them so that each size has its turn: a bench that is interrupted has seen all."""
    seen: Counter[int] = Counter()
    turns: list[tuple[int, Scenario]] = []
    for scenario in scenarios:
        turns.append((seen[scenario.agents], scenario))
        seen[scenario.agents] += 1
    return [scenario for _, scenario in sorted(turns, key=lambda turn: turn[0])]


def table(name: str, figures: dict[str, Figures]) -> None:
    """Say one block of figures."""
    say(name)
    for method in METHODS:
        f = figures[method]
        say(
            f"  {method:16} occupancy {f['occupancy']:6.1%}  abandoned {f['abandonment']:6.2%}"
            f"  windows over {f['windows_over']:2}/{f['large_windows']:<3}"
            f" idle {f['idle_between_s']:6.1f} s"
            f"  decision p50 {f['decide_p50_ms']:6.3f} p99 {f['decide_p99_ms']:6.3f} ms"
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench and print its object."""
    parser = argparse.ArgumentParser(prog="ringway bench pacing", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three short shifts")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", default="", help="names of scenarios begin with this")
    parser.add_argument("--seed", type=int, default=_SEED)
    parser.add_argument("--seeds", type=int, default=1, help="so many shifts of each scenario")
    arguments = parser.parse_args(argv)
    chosen = [s for s in held_out() if s.name.startswith(arguments.only)]
    if arguments.quick:
        chosen = [
            dataclasses.replace(s, hours=_QUICK_HOURS, fault=s.fault and (8.0, 11.0))
            for s in chosen
            if s.name in _QUICK
        ]
    if not chosen:
        parser.error(f"no scenario is called {arguments.only!r}")
    seeds = range(arguments.seed, arguments.seed + max(1, arguments.seeds))
    shifts: dict[str, dict[str, Figures]] = {}
    sizes: dict[str, int] = {}
    planned = [(seed, scenario) for seed in seeds for scenario in sizes_in_turn(chosen)]
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        for seed, scenario in planned:
            name = scenario.name if seed == arguments.seed else f"{scenario.name} #{seed}"
            figures = {m: figures_of(run_shift(scenario, m, seed)) for m in METHODS}
            shifts[name], sizes[name] = figures, scenario.agents
            if not arguments.json:
                table(name, figures)
    except KeyboardInterrupt:
        say(f"Interrupted after {len(shifts)} of {len(planned)} shifts.")
        if not shifts:
            return 130
    finally:
        signal.signal(signal.SIGTERM, before)
    found = report(shifts, sizes, seeds)
    if not arguments.json:
        for name, figures in found["figures"]["classes"].items():
            table(f"{name} agents", figures)
    print(json.dumps(found, indent=None if arguments.json else 2))
    return 0
