"""A few agents and their calls in one-second steps: what a pacer needs to be tried on."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import numpy as np

from ringway.dialer.core.pacing import Pacer


@dataclasses.dataclass
class Logs:
    outcomes: list[tuple[float, float, str, float, float]] = dataclasses.field(default_factory=list)
    live: list[tuple[float, bool, float]] = dataclasses.field(default_factory=list)
    talks: list[tuple[float, float, Any]] = dataclasses.field(default_factory=list)
    wraps: list[tuple[float, float, Any, str]] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Snapshot:
    """A snapshot made of lists of elapsed seconds."""

    idle: list[float] = dataclasses.field(default_factory=list)
    ringing: list[float] = dataclasses.field(default_factory=list)
    talking: list[float] = dataclasses.field(default_factory=list)
    wrapup: list[float] = dataclasses.field(default_factory=list)
    paused: list[float] = dataclasses.field(default_factory=list)
    dialing: list[float] = dataclasses.field(default_factory=list)
    detecting: list[float] = dataclasses.field(default_factory=list)
    waiting: list[float] = dataclasses.field(default_factory=list)
    pause_pending_ids: set[Any] = dataclasses.field(default_factory=set)
    line_cap: int = 10_000
    cps_cap: float = 1e9
    leads_left: int = 10**9
    target_abandon: float = 0.03
    patience_s: float = 2.0
    ring_timeout_s: float = 25.0
    live_total: int = 0
    abandoned_total: int = 0
    dialed_total: int = 0
    shift_end: float | None = None
    is_sick: bool = False
    logs: Logs = dataclasses.field(default_factory=Logs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("n_") and name != "n_logged_in":
            return len(self.__dict__[name.removeprefix("n_")])
        if name.endswith("_elapsed"):
            return np.array(self.__dict__[name.removesuffix("_elapsed")], dtype=float)
        if name.endswith("_ids"):
            return [(name, i) for i in range(len(self.__dict__[name.removesuffix("_ids")]))]
        if name == "lines_in_use":
            calls = (self.dialing, self.detecting, self.waiting, self.talking)
            return sum(len(c) for c in calls)
        if name == "n_logged_in":
            agents = (self.idle, self.ringing, self.talking, self.wrapup, self.paused)
            return sum(len(a) for a in agents)
        raise AttributeError(name)


class Floor:
    """Agents are ``[state, since, ends]``, calls ``[dialed, ends, is_human]``."""

    def __init__(self, *, agents: int, answer_rate: float, seed: int) -> None:
        self.answer_rate = answer_rate
        self.pacer = Pacer()
        self.now = 0.0
        self.agents: list[list[Any]] = [["idle", 0.0, 0.0] for _ in range(agents)]
        self.most_agents = agents
        self.dialing: list[tuple[float, float, bool]] = []
        self.dialed = self.live = self.abandoned = 0
        self._rng = random.Random(seed)
        self._logs = Logs()

    def agent_comes(self) -> None:
        self.agents.append(["idle", self.now, 0.0])
        self.most_agents = max(self.most_agents, len(self.agents))

    def agent_goes(self) -> None:
        if self.agents:
            self.agents.pop()

    def run_for(self, seconds: float) -> None:
        for _ in range(int(seconds)):
            self._second()

    def snapshot(self) -> Snapshot:
        def since(state: str) -> list[float]:
            return [self.now - a[1] for a in self.agents if a[0] == state]

        return Snapshot(
            idle=since("idle"),
            talking=since("talking"),
            wrapup=since("wrapup"),
            dialing=[self.now - c[0] for c in self.dialing],
            live_total=self.live,
            abandoned_total=self.abandoned,
            dialed_total=self.dialed,
            logs=self._logs,
        )

    def _second(self) -> None:
        self.now += 1.0
        for agent in self.agents:
            state, since, ends = agent
            if state == "idle" or self.now < ends:
                continue
            lasted = self.now - since
            if state == "talking":
                self._logs.talks.append((self.now, lasted, id(agent)))
                agent[:] = ["wrapup", self.now, self.now + self._rng.uniform(5, 20)]
            else:
                self._logs.wraps.append((self.now, lasted, id(agent), "done"))
                agent[:] = ["idle", self.now, 0.0]
        for call in [c for c in self.dialing if c[1] <= self.now]:
            self.dialing.remove(call)
            self._ended(call)
        snapshot: Any = self.snapshot()
        calls = self.pacer.decide(self.now, snapshot)
        self.dialed += calls
        for _ in range(calls):
            is_human = self._rng.random() < self.answer_rate
            rings = self._rng.uniform(2, 20) if is_human else 25.0
            self.dialing.append((self.now, self.now + rings, is_human))

    def _ended(self, call: tuple[float, float, bool]) -> None:
        dialed_at, ended_at, is_human = call
        kind = "human" if is_human else "noanswer"
        self._logs.outcomes.append((dialed_at, ended_at, kind, ended_at - dialed_at, 0.0))
        if not is_human:
            return
        self.live += 1
        agent = next((a for a in self.agents if a[0] == "idle"), None)
        if agent is None:
            self.abandoned += 1
            self._logs.live.append((self.now, False, 2.0))
        else:
            agent[:] = ["talking", self.now, self.now + self._rng.expovariate(1 / 90)]
            self._logs.live.append((self.now, True, 0.0))
