"""Ringway's queue beside Asterisk's own: how many calls a second, how fast, at which price.

Three ways take turns on one Asterisk, in one run, under the same load of SIPp:

    app_queue    dialplan: Answer(), Queue() with the phones below as members (rrmemory)
    on_demand    Ringway's inbound route and queue; the agent's phone is called for this customer
    nailed_up    the same; the agents' phones are up since sign-in

Customers call by one trunk and hang up a second after their answer; phones answer at once and are
silent, as callers are: this is about signalling. Recording is off, because app_queue records
nothing either. **Answer-to-bridge** is the time between two of Asterisk's own events of the
customer's channel, his state Up and his standing in one bridge with an agent, told to an ARI
application of the bench's that sees all channels alike (load/watch.py). So it is the same measure
for all ways, without the delays of SIPp and of the bench; what it costs Asterisk to tell, it costs
on every way. ``from_invite`` begins when the customer's channel is made: Ringway chooses an agent
before it answers, which answer-to-bridge does not show.

A rate is sustained when 95 % of its calls are bridged within 500 ms of the answer and SIPp could
make them in time; one that fails is tried a second time. The CPU by process is user and system time
of it and its children, without what it uses when there are no calls. Other work on the machine
moves all figures: compare within one run, never across.

How soon the agent is heard is measured by ``./ringway bench first-audio``, the routing decision
alone by ``./ringway bench acd-core``. Prints one JSON object; ``--quick`` has a short ladder,
``--mid`` takes 8 minutes at most, the whole bench about 35.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.load.figures import (  # noqa: E402
    LIMIT_MS,
    Ladder,
    Step,
    limit_of,
    middle,
    ratio,
    spread,
)
from bench.load.steps import Load, loads  # noqa: E402

from ringway.cli.say import say  # noqa: E402

WAYS = ("app_queue", "on_demand", "nailed_up")
OURS = ("on_demand", "nailed_up")
SLOW = 5.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured.

    Attributes:
        agents: A way.
        rates: Of the ladder, each for ``step_s``; it is climbed ``ladders`` times.
        round_s: How long a load lasts whose figures are told. ``rounds``: how many at 5 calls/s.
        halves: How many at half of what is sustained, beside those that the ladder had.
        climb_s: No step of a ladder begins later than this after everything has been started.
    """

    agents: int
    rates: Sequence[float]
    step_s: float
    ladders: int
    round_s: float
    rounds: int
    halves: int
    idle_s: float
    climb_s: float


FULL = Plan(200, (5, 10, 20, *range(25, 61, 5), *range(70, 131, 10)), 6, 3, 12, 5, 4, 10, 3600)
MID = Plan(120, (10, 20, 30, 40, 50, 60, 75, 90, 110), 4, 2, 8, 3, 0, 6, 420)
QUICK = Plan(80, (20, 40), 2, 1, 2, 1, 0, 2, 40)


@dataclass
class Found:
    """Everything that was measured."""

    idle: dict[str, float] = field(default_factory=dict)
    ladders: dict[str, list[Ladder]] = field(default_factory=lambda: {way: [] for way in WAYS})
    limits: dict[str, str] = field(default_factory=dict)
    slow: dict[str, list[Step]] = field(default_factory=lambda: {way: [] for way in WAYS})
    steep: dict[str, list[Step]] = field(default_factory=lambda: {way: [] for way in WAYS})

    def sustained(self, way: str) -> float:
        """Return the median over the ladders."""
        return middle([{"rate": ladder.sustained} for ladder in self.ladders[way]])["rate"]

    def at_half(self, way: str) -> list[Step]:
        """Return the loads at half of what is sustained."""
        return [step for step in self.steep[way] if step.rate == self.sustained(way) / 2]


async def measure(folder: Path, plan: Plan) -> Found:
    """Make all loads; the ways take turns."""
    found = Found()
    async with loads(folder, plan.agents) as load:
        until = asyncio.get_running_loop().time() + plan.climb_s
        for way in WAYS:
            await load.step(way, SLOW, 0.4)  # the first calls of a process are slow ones
        found.idle = await load.idle(plan.idle_s)
        for _ in range(plan.rounds):
            for way in WAYS:
                found.slow[way].append(_told(await load.step(way, SLOW, plan.round_s)))
        for _ in range(plan.ladders):
            await _climb(load, plan, found, until)
        for _ in range(plan.halves):
            for way in WAYS:
                if rate := found.sustained(way) / 2:
                    found.steep[way].append(_told(await load.step(way, rate, plan.round_s)))
    return found


async def _climb(load: Load, plan: Plan, found: Found, until: float) -> None:
    now = asyncio.get_running_loop().time
    ladders = {way: Ladder(plan.rates) for way in WAYS}
    while any(ladder.rate is not None for ladder in ladders.values()) and now() < until:
        for way, ladder in ladders.items():
            if (rate := ladder.rate) is None or now() >= until:
                continue
            step = _told(await load.step(way, rate, plan.step_s))
            ladder.tried(holds=step.holds)
            found.steep[way].append(step)
            found.limits[way] = limit_of(step, os.cpu_count() or 1)
    for way, ladder in ladders.items():
        found.ladders[way].append(ladder)


def _told(step: Step) -> Step:
    figure = spread([step])
    say(
        f"  {step.way:10} {step.rate:5g} calls/s: {figure['bridged']} of {figure['calls']} bridged,"
        f" p50 {figure['p50_ms']} ms, p99 {figure['p99_ms']} ms"
    )
    return step


def report(found: Found) -> dict[str, Any]:
    """Return the bench's JSON object."""
    figures: dict[str, Any] = {}
    for way in WAYS:
        figures[way] = {
            "sustained_calls_per_s": found.sustained(way),
            "could_do_more": all(ladder.is_open for ladder in found.ladders[way]),
            "limited_by": found.limits.get(way, "not measured: no time was left"),
            "at_5_per_s": spread(found.slow[way]),
            "at_half_of_sustained": spread(found.at_half(way)),
            "cpu_ms_per_call_at_5_per_s": _cost(found.slow[way], found.idle),
            "cpu_ms_per_call_at_half": _cost(found.at_half(way), found.idle),
        }
    figures["idle_cpu_ms_per_s"] = {k: round(v * 1e3, 1) for k, v in found.idle.items()}
    base = figures["app_queue"]
    ratios: dict[str, float | None] = {}
    for way in OURS:
        mine, cpu = figures[way], "cpu_ms_per_call_at_5_per_s"
        ratios |= {
            f"{way}_sustained": ratio(mine["sustained_calls_per_s"], base["sustained_calls_per_s"]),
            f"{way}_p50_at_5": ratio(mine["at_5_per_s"]["p50_ms"], base["at_5_per_s"]["p50_ms"]),
            f"{way}_p99_at_5": ratio(mine["at_5_per_s"]["p99_ms"], base["at_5_per_s"]["p99_ms"]),
            f"{way}_cpu_at_5": ratio(mine[cpu]["all"], base[cpu]["all"]),
        }
    aims = {
        "on_demand_sustained": (">= 0.5", 0.5),
        "nailed_up_sustained": (">= 0.9", 0.9),
        "on_demand_p99_at_5": ("<= 1", 1.0),
        "nailed_up_p99_at_5": ("<= 1", 1.0),
    }
    met: dict[str, bool] = {}
    for name, (words, bound) in aims.items():
        value = ratios[name]
        met[name] = value is not None and (value >= bound if ">" in words else value <= bound)
    return {
        "bench": "acd",
        "figures": figures,
        "baseline": "app_queue: Asterisk's Queue() on the same node, phones and load",
        "ratios": ratios,
        "aims": {name: words for name, (words, _) in aims.items()},
        "met": met,
        "notes": [
            f"sustained: 95 % of calls bridged within {LIMIT_MS:g} ms of the answer",
            "no media, no recording; SIPp, the bench and whatever else runs share the machine",
            "first-audio and acd-core have the rest",
        ],
    }


def _cost(steps: Sequence[Step], idle: Mapping[str, float]) -> dict[str, float]:
    rows = [step.cpu_ms_per_call(idle) for step in steps]
    return middle([{**row, "all": sum(row.values())} for row in rows]) if rows else {}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench and print its object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--mid", action="store_true", help="all three ways within 8 minutes")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(argv)
    plan = QUICK if arguments.quick else MID if arguments.mid else FULL
    with tempfile.TemporaryDirectory(prefix="ringway-bench-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL runs as another user when we are root
        result = report(asyncio.run(measure(Path(folder), plan)))
    print(json.dumps(result, indent=None if arguments.json else 2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
