"""Ringway's dialer beside plain Asterisk: calls started a second, their price, and long lists.

Two ways take turns on one Asterisk and trunk, in one run; SIPp is the people who are called: half
answer after 0.2 s, 30 % are busy, 20 % let it ring for 5 s:

    dialer       a campaign of Ringway's that tries numbers: leads claimed under the law, calls by
                 ARI, whoever answers is hung up on at once, every attempt in PostgreSQL and told
    call_files   call files dropped into Asterisk's spool (pbx_spool) with ``Application: Hangup``;
                 nothing claims, counts, checks or records but Asterisk's own CDR, which is written
                 for both ways

A rate is sustained when the INVITEs that SIPp saw came at 0.9 of it or more. ``flat_out`` is 100 %
busy numbers as fast as each way can: calls started a second, and for the dialer attempts recorded
to their end in PostgreSQL a second, from its start to the last row. The CPU by process is user and
system time of it and its children, without what it uses when there are no calls.

The long list has a million leads of four countries in PostgreSQL, 1 % of them on a list of numbers
not called, with windows, caps and intervals to be judged: the time of one claim (its transaction,
alone) by its size, and the time from the operator's start to the first INVITE, beside a list of a
hundred leads.

Other work on the machine moves all figures: compare within one run. Prints one JSON object;
``--quick`` has fewer leads and calls and takes less than a minute, the whole bench about ten.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import time
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.dialing import long_list  # noqa: E402
from bench.dialing.office import NO_ANSWER_S, Office, opened  # noqa: E402
from bench.load.figures import percentile, ratio, shown  # noqa: E402

from ringway.cli.say import say  # noqa: E402

WAYS = ("dialer", "call_files")
_SUSTAINED = 0.9
_MIX, _BUSY = "0123456789", "567"  # last digits: see the scenario of those who are called
_TAIL_S = 20.0
_BOOKS_S = 2.0
_FIRST_DIAL_LIMIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured: the ladder's rates, each for so long; calls flat out; leads."""

    rates: Sequence[float]
    step_s: float
    flat_out: int
    leads: int
    claims: int
    idle_s: float


FULL = Plan((10, 20, 30, 40, 60, 80, 100), 8, 1000, 1_000_000, 500, 8)
QUICK = Plan((20,), 2, 100, 10_000, 50, 2)


@dataclass(slots=True)
class Step:
    """One load of one way: when its INVITEs came, and what it cost."""

    way: str
    rate: float
    calls: int
    came: list[float]
    cpu_s: Mapping[str, float]
    wall_s: float
    recorded: int = 0
    recorded_s: float = 0.0

    @property
    def achieved(self) -> float:
        """Calls started a second."""
        if len(self.came) < 2 or len(self.came) < self.calls:
            return 0.0
        return (len(self.came) - 1) / max(1e-3, self.came[-1] - self.came[0])

    def cpu_ms(self, idle: Mapping[str, float]) -> dict[str, float]:
        """Return milliseconds an attempt by process, and of all."""
        row = {
            name: max(0.0, used - idle.get(name, 0.0) * self.wall_s) * 1e3 / self.calls
            for name, used in self.cpu_s.items()
        }
        return {name: round(value, 2) for name, value in {**row, "all": sum(row.values())}.items()}


@dataclass(slots=True)
class Found:
    """Everything that was measured."""

    long: long_list.Figures
    idle: dict[str, float] = field(default_factory=dict)
    ladder: dict[str, list[Step]] = field(default_factory=lambda: {way: [] for way in WAYS})
    flat_out: dict[str, Step] = field(default_factory=dict)
    first_dial_ms: dict[str, float | None] = field(default_factory=dict)


async def measure(folder: Path, plan: Plan) -> Found:
    """Measure the long list before the dialer runs, then the calls; the ways take turns."""
    async with opened(folder) as office:
        found = Found(await long_list.measure(office, plan.leads, plan.claims))
        say(f"  {plan.leads} leads were imported and claimed from")
        await office.start_dialer()
        for way in WAYS:
            await _step(office, way, 0, 10)  # the first calls of a process are slow ones
        found.idle = await office.idle(plan.idle_s)
        short = await office.campaign(
            office.fresh_numbers(100, _BUSY), rate_cps=5, **long_list.SPEC
        )
        found.first_dial_ms["100_leads"] = await _first_dial(office, short)
        await office.put_campaign("long", (long_list.LIST,), rate_cps=5, **long_list.SPEC)
        found.first_dial_ms["long_list"] = await _first_dial(office, "long")
        for rate in plan.rates:
            for way in WAYS:
                calls = max(2, round(rate * plan.step_s))
                found.ladder[way].append(await _step(office, way, rate, calls))
        for way in WAYS:
            found.flat_out[way] = await _step(office, way, 0, plan.flat_out)
        return found


async def _first_dial(office: Office, campaign_id: str) -> float | None:
    """Return milliseconds from the operator's start to the first INVITE; stop the campaign."""
    office.came()
    began = time()
    await office.control(campaign_id, "start")
    came: list[float] = []
    while not came and time() < began + _FIRST_DIAL_LIMIT_S:
        await asyncio.sleep(0.05)
        came = office.came()
    await office.control(campaign_id, "stop")
    await office.settled()
    return round((came[0] - began) * 1e3, 1) if came else None


async def _step(office: Office, way: str, rate: float, calls: int) -> Step:
    """Make so many calls at a rate; 0: to busy numbers, as fast as it can."""
    parties = office.fresh_numbers(calls, _MIX if rate else _BUSY)
    name = ""
    if way == "dialer":
        name = await office.campaign(parties, rate_cps=rate or None)
    office.came()
    before, began = office.cpu_s(), time()
    limit = began + (calls / rate if rate else calls / 10) + _TAIL_S
    came: list[float] = []
    recorded, recorded_s = 0, 0.0
    if way == "dialer":
        await office.control(name, "start")
        while recorded < calls and time() < limit:
            await asyncio.sleep(0.1)
            recorded = await office.ended(name)
        recorded_s = time() - began
        await office.control(name, "stop")
    else:
        for n, number in enumerate(parties):
            await office.call_file(number, f"c{began:.0f}-{n}")
            if rate:
                await asyncio.sleep(max(0.0, began + (n + 1) / rate - time()))
        while len(came) < calls and time() < limit:
            await asyncio.sleep(0.1)
            came += office.came()
        await asyncio.sleep(NO_ANSWER_S if rate else 0.5)
    await office.settled()
    came += office.came()
    if way == "dialer" and recorded < calls:  # its time was up: what it began is recorded now
        await asyncio.sleep(_BOOKS_S)
        recorded, recorded_s = await office.ended(name), time() - began
    after = office.cpu_s()
    cpu = {key: after[key] - before[key] for key in before}
    step = Step(way, rate, calls, came, cpu, time() - began, recorded, recorded_s)
    say(
        f"  {way:10} {rate or 'flat out':>8}: {len(came)} of {calls} calls"
        f" at {step.achieved:.1f} a second"
    )
    return step


def report(found: Found) -> dict[str, Any]:
    """Return the bench's JSON object."""
    figures: dict[str, Any] = {}
    for way in WAYS:
        steps, flat = found.ladder[way], found.flat_out[way]
        held = [step.rate for step in steps if step.achieved >= _SUSTAINED * step.rate]
        figures[way] = {
            "sustained_calls_per_s": max(held, default=0.0),
            "could_do_more": bool(held) and max(held) == max(step.rate for step in steps),
            "flat_out_calls_per_s": shown(flat.achieved),
            "cpu_ms_per_attempt": {f"{s.rate:g}_per_s": s.cpu_ms(found.idle) for s in steps},
            "cpu_ms_per_attempt_flat_out": flat.cpu_ms(found.idle),
        }
    flat = found.flat_out["dialer"]
    figures["dialer"]["recorded_per_s"] = shown(flat.recorded / max(flat.recorded_s, 1e-3))
    figures["dialer"]["not_recorded"] = sum(
        max(0, len(step.came) - step.recorded) for step in [*found.ladder["dialer"], flat]
    )
    long = found.long
    claims = {
        f"{count}_leads": {"p50": shown(percentile(ms, 0.5)), "p99": shown(percentile(ms, 0.99))}
        for count, ms in long.claims_ms.items()
    }
    figures["long_list"] = {
        "leads": long.leads,
        "import_leads_per_s": shown(long.leads / long.import_s, 0),
        "claim_ms": claims,
        "claimed": long.claimed,
        "refused": long.refused,
        "start_to_first_dial_ms": found.first_dial_ms,
    }
    figures["idle_cpu_ms_per_s"] = {k: round(v * 1e3, 1) for k, v in found.idle.items()}
    ours, base = figures["dialer"], figures["call_files"]
    middle = found.ladder["dialer"][len(found.ladder["dialer"]) // 2].rate
    key = f"{middle:g}_per_s"
    ratios: dict[str, float | None] = {
        "sustained": ratio(ours["sustained_calls_per_s"], base["sustained_calls_per_s"]),
        "flat_out": ratio(ours["flat_out_calls_per_s"], base["flat_out_calls_per_s"]),
        f"cpu_at_{key}": ratio(
            ours["cpu_ms_per_attempt"][key]["all"], base["cpu_ms_per_attempt"][key]["all"]
        ),
        f"asterisk_cpu_at_{key}": ratio(
            ours["cpu_ms_per_attempt"][key]["asterisk"],
            base["cpu_ms_per_attempt"][key]["asterisk"],
        ),
    }
    first = found.first_dial_ms["long_list"]
    worst = max(ms["p99"] or float("inf") for ms in claims.values())
    return {
        "bench": "dialer",
        "figures": figures,
        "baseline": "call_files: Asterisk's own spool on the same node and trunk, to the same UAS",
        "ratios": ratios,
        "aims": {
            "sustained": ">= 0.5 of call files",
            "claim_p99": "<= 50 ms from the long list",
            "first_dial": "<= 1 s from the long list",
            "all_recorded": "every call that SIPp saw",
        },
        "met": {
            "sustained": (ratios["sustained"] or 0.0) >= 0.5,
            "claim_p99": worst <= 50,
            "first_dial": first is not None and first <= 1000,
            "all_recorded": figures["dialer"]["not_recorded"] == 0,
        },
        "notes": ["no media; SIPp, the bench and whatever else runs share the machine"],
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench and print its object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="ringway-bench-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL runs as another user when we are root
        result = report(asyncio.run(measure(Path(folder), QUICK if arguments.quick else FULL)))
    print(json.dumps(result, indent=None if arguments.json else 2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
