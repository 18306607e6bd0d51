"""How fast the ACD decides who gets whom, without any telephony: the routing core alone.

A tenant of 50 queues: each wants one skill at a level that widens after 20 s and 60 s, agents have
2 to 5 skills, a third of the queues have a list of agents, priorities, VIPs, strategies, preferred
and excluded agents are mixed. Two situations:

    waiting    everybody talks and many wait; agents become ready, let it ring (5 %) or answer,
               callers arrive and give up (5 %), skills widen all the time
    idle       nobody waits and everybody is ready; callers arrive, agents answer and come back

``decision`` is the CPU time of one event at the router, from call to return, whether it brings an
offer or not; ``decision_wall`` is the same by the clock on the wall, which on a machine with other
work tells of the scheduler. Size ``1x`` is 10,000 waiting interactions and 5,000 agents, ``10x``
ten times as many of both in the same 50 queues. Baseline is a plain scan over all waiting
interactions when an agent becomes ready; the bench checks that it decides the same. ``growth``
compares ``10x`` with ``1x``. Prints one JSON object; ``--quick`` measures fewer events.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from time import perf_counter_ns, thread_time_ns
from typing import Any

from ringway.acd.core.routing import (
    Offer,
    Queue,
    Ring,
    Router,
    SkillNeed,
    Strategy,
    Waiting,
    weight,
)
from ringway.cli.say import say

QUEUES = 50
AGENTS = 5_000
WAITING = 10_000
HANDLE_S = 240.0  # mean time between two offers to one agent
_STRATEGIES = (
    *(Strategy.LONGEST_IDLE,) * 4,
    Strategy.ROUND_ROBIN,
    Strategy.LEAST_CALLS,
    Strategy.FEWEST_SECONDS,
    Strategy.LINEAR,
)


class Tenant:
    """One router, its people, and how long each event took."""

    def __init__(self, factor: int) -> None:
        self.chance = random.Random(20)
        self.router = Router()
        self.at = 1_000.0
        self.step_s = HANDLE_S / (AGENTS * factor) / 3  # an offer comes with about three events
        self.agents = {f"a{n:06}": self._skills() for n in range(AGENTS * factor)}
        self.queues = {queue.queue_id: queue for queue in self._queues()}
        self.calls: dict[str, Waiting] = {}
        self.declined: dict[str, set[str]] = {}
        self.cpu_ns: list[int] = []
        self.wall_ns: list[int] = []
        self.offers = 0
        self._agent_ids = list(self.agents)
        self._numbers = count()
        for queue in self.queues.values():
            self.router.put_queue(0, queue)
        for agent_id, skills in self.agents.items():
            self.router.put_agent(0, agent_id, skills)

    def _skills(self) -> dict[str, int]:
        known = self.chance.sample(range(QUEUES), self.chance.randint(2, 5))
        return {f"s{n}": self.chance.randint(1, 10) for n in known}

    def _queues(self) -> Iterator[Queue]:
        for number in range(QUEUES):
            team = [a for a, skills in self.agents.items() if f"s{number}" in skills]
            yield Queue(
                f"q{number}",
                agent_ids=tuple(team) if number % 3 == 0 else None,
                rings=tuple(
                    Ring(after_s, (SkillNeed(f"s{number}", level),))
                    for after_s, level in ((0.0, 7), (20.0, 4), (60.0, 1))
                ),
                strategy=_STRATEGIES[number % len(_STRATEGIES)],
                priority=self.chance.choice((5, 5, 5, 7, 3)),
            )

    def new_call(self, waited_s: float = 0.0) -> Waiting:
        """Return somebody who begins to wait, or has waited, and is one of those here."""
        chance = self.chance
        since = self.at - waited_s
        call = Waiting(
            f"i{next(self._numbers):09}",
            f"q{chance.randrange(QUEUES)}",
            since,
            priority=chance.choice((5, 5, 5, 5, 8, 2)),
            vip=chance.random() < 0.03,
            value_grade=chance.choice((0, 0, 0, 2, 4)),
            preferred_agent_id=self.an_agent() if chance.random() < 0.05 else None,
            prefer_until=since + 30,
            excluded=frozenset({self.an_agent()} if chance.random() < 0.03 else ()),
        )
        self.calls[call.interaction_id] = call
        return call

    def an_agent(self) -> str:
        return self.chance.choice(self._agent_ids)

    def event(
        self, method: Callable[..., Any], *arguments: Any, **named: Any
    ) -> list[tuple[str, str]]:
        """Time one event a moment later. Return the offers that it brings."""
        self.at += self.step_s
        wall, cpu = perf_counter_ns(), thread_time_ns()
        result = method(self.at, *arguments, **named)
        self.cpu_ns.append(thread_time_ns() - cpu)
        self.wall_ns.append(perf_counter_ns() - wall)
        decisions = result[1] if isinstance(result, tuple) else result
        offers = [(d.interaction_id, d.agent_ids[0]) for d in decisions if isinstance(d, Offer)]
        self.offers += len(offers)
        return offers

    def begin(self) -> None:
        self.cpu_ns = []
        self.wall_ns = []
        self.offers = 0

    def figures(self) -> dict[str, float]:
        return {
            "events": len(self.cpu_ns),
            "offers": self.offers,
            "offers_per_s": round(self.offers / sum(self.cpu_ns) * 1e9),
            "us_per_offer": round(sum(self.cpu_ns) / self.offers / 1e3, 1),
            **spread("decision", self.cpu_ns),
            **spread("decision_wall", self.wall_ns),
        }


def run_waiting(tenant: Tenant, factor: int, rounds: int) -> dict[str, float]:
    """All agents talk and many wait."""
    router, chance = tenant.router, tenant.chance
    while len(tenant.calls) < WAITING * factor:
        router.enqueue(tenant.at, tenant.new_call(chance.uniform(0, 600)))
    may_give_up = list(tenant.calls)
    tenant.begin()
    for _ in range(rounds):
        agent_id = tenant.an_agent()
        offers = tenant.event(router.ready, agent_id, tenant.at)
        if not offers:
            tenant.event(router.busy, agent_id)
        for interaction_id, ringing in offers:
            if chance.random() < 0.05:
                tenant.event(router.decline, interaction_id, ringing, exclude=True)
                tenant.declined.setdefault(interaction_id, set()).add(ringing)
            else:
                tenant.event(router.accept, interaction_id, ringing)
                del tenant.calls[interaction_id]
                tenant.event(router.enqueue, tenant.new_call())
        if chance.random() < 0.05:
            gone = chance.choice(may_give_up)
            tenant.event(router.leave, gone)
            if tenant.calls.pop(gone, None):
                tenant.event(router.enqueue, tenant.new_call())
    return tenant.figures()


def run_positions(tenant: Tenant, rounds: int) -> dict[str, float]:
    times: list[int] = []
    ids = list(tenant.calls)
    for _ in range(rounds):
        interaction_id = tenant.chance.choice(ids)
        before = thread_time_ns()
        tenant.router.position(interaction_id)
        times.append(thread_time_ns() - before)
    return spread("position", times)


def run_idle(tenant: Tenant, rounds: int) -> dict[str, float]:
    """Nobody waits and everybody is ready."""
    router = tenant.router
    for interaction_id in tenant.calls:
        router.leave(tenant.at, interaction_id)
    tenant.calls.clear()
    for agent_id in tenant.agents:
        router.ready(tenant.at, agent_id, tenant.at - tenant.chance.uniform(0, 300))
    tenant.begin()
    for _ in range(rounds):
        offers = tenant.event(router.enqueue, tenant.new_call())
        while offers:
            interaction_id, agent_id = offers.pop()
            tenant.event(router.accept, interaction_id, agent_id)
            router.note_talk(agent_id, tenant.chance.uniform(5, 400))
            offers += tenant.event(router.ready, agent_id, tenant.at)
    return tenant.figures()


def scan(tenant: Tenant, agent_id: str) -> str | None:
    """The plain router: look at all who wait, and return who is to be offered to the agent."""
    skills = tenant.agents[agent_id]
    at = tenant.at
    best: tuple[float, float, str] | None = None
    for call in tenant.calls.values():
        if agent_id in call.excluded or agent_id in tenant.declined.get(call.interaction_id, ()):
            continue
        queue = tenant.queues[call.queue_id]
        preferred = call.preferred_agent_id
        is_held = at < call.prefer_until and preferred is not None
        if is_held and preferred not in tenant.declined.get(call.interaction_id, call.excluded):
            if preferred != agent_id:
                continue
        else:
            ring = [ring for ring in queue.rings if call.since + ring.after_s <= at][-1]
            if any(skills.get(need.skill_id, 0) < need.level for need in ring.needs):
                continue
        claim = (-(at - call.since) * weight(queue.priority, call), call.since, call.interaction_id)
        if best is None or claim < best:
            best = claim
    return best[2] if best else None


def run_scan(tenant: Tenant, rounds: int) -> dict[str, float]:
    """Time the scan for agents who become ready, and check the router against it."""
    times: list[int] = []
    router_times: list[int] = []
    for _ in range(rounds):
        agent_id = tenant.an_agent()
        tenant.at += tenant.step_s
        tenant.router.tick(tenant.at)
        before = thread_time_ns()
        chosen = scan(tenant, agent_id)
        times.append(thread_time_ns() - before)
        tenant.at -= tenant.step_s
        offers = tenant.event(tenant.router.ready, agent_id, tenant.at)
        router_times.append(tenant.cpu_ns[-1])
        if [i for i, _ in offers] != ([chosen] if chosen else []):
            raise RuntimeError(f"the scan chose {chosen}, the router {offers}")
        tenant.event(tenant.router.busy, agent_id)
    return spread("scan", times) | spread("router", router_times)


def spread(name: str, times_ns: Iterable[int]) -> dict[str, float]:
    """Return median, 99th percentile (nearest rank) and maximum in microseconds."""
    ordered = sorted(times_ns)
    return {
        f"{name}_p50_us": round(statistics.median(ordered) / 1e3, 1),
        f"{name}_p99_us": round(ordered[round(0.99 * (len(ordered) - 1))] / 1e3, 1),
        f"{name}_max_us": round(ordered[-1] / 1e3, 1),
    }


def measure(factor: int, rounds: int, scans: int) -> dict[str, dict[str, float]]:
    """Return the figures of one size by situation."""
    tenant = Tenant(factor)
    waiting = run_waiting(tenant, factor, rounds)
    waiting |= run_positions(tenant, rounds)
    baseline = run_scan(tenant, scans)
    return {"waiting": waiting, "idle": run_idle(tenant, rounds), "scan": baseline}


def report(figures: dict[str, dict[str, dict[str, float]]]) -> dict[str, Any]:
    """Return the bench's JSON object."""
    small, large = figures["1x"], figures["10x"]
    ratios = {
        f"{size}_scan_to_router_p50": round(
            figures[size]["scan"]["scan_p50_us"] / figures[size]["scan"]["router_p50_us"]
        )
        for size in figures
    } | {
        f"growth_{situation}": round(
            large[situation]["us_per_offer"] / small[situation]["us_per_offer"], 2
        )
        for situation in ("waiting", "idle")
    }
    ratios["growth_scan"] = round(large["scan"]["scan_p50_us"] / small["scan"]["scan_p50_us"], 2)
    p99_ms = {s: round(small[s]["decision_p99_us"] / 1e3, 3) for s in ("waiting", "idle")}
    return {
        "bench": "acd-core",
        "figures": figures,
        "baseline": "scan: a plain look at all waiting interactions for each ready agent",
        "ratios": ratios,
        "aims": {
            "waiting_decision_p99_ms": "< 1",
            "idle_decision_p99_ms": "< 1",
            "growth_waiting": "< 3",
            "growth_idle": "< 3",
        },
        "met": {
            "waiting_decision_p99_ms": p99_ms["waiting"] < 1,
            "idle_decision_p99_ms": p99_ms["idle"] < 1,
            "growth_waiting": ratios["growth_waiting"] < 3,
            "growth_idle": ratios["growth_idle"] < 3,
        },
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench and print its object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(argv)
    rounds, scans = (4_000, 20) if arguments.quick else (30_000, 100)
    figures = {f"{factor}x": measure(factor, rounds, scans) for factor in (1, 10)}
    result = report(figures)
    if not arguments.json:
        for size, by_situation in figures.items():
            for situation in ("waiting", "idle"):
                f = by_situation[situation]
                say(
                    f"{size:3} {situation:8} {f['offers_per_s']:6.0f} offers/s"
                    f"  decision p50 {f['decision_p50_us']:6.1f} us"
                    f"  p99 {f['decision_p99_us']:6.1f} us"
                )
    print(json.dumps(result, indent=None if arguments.json else 2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
