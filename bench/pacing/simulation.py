"""A shift of one campaign as a discrete-event simulation.

What a pacer sees is what ``docs/reference/pacing.md`` says of the snapshot: nothing of the future
and nothing of the scenario. Every call's fate is drawn when it is dialed.
"""

from __future__ import annotations

import heapq
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import count
from typing import Any, Protocol

import numpy as np
from bench.pacing.scenario import Scenario
from numpy.typing import NDArray

WINDOW_S = 1800.0
_EVENT_GAP_S = 0.5
_FAULT_RESULT_S = 0.4
_TIMED_EVERY = 8  # to ask for the time costs as much as some decisions

Seconds = NDArray[np.float64]


class Mode(IntEnum):
    OUT = 0
    IDLE = 1
    TALKING = 2
    WRAPUP = 3
    PAUSED = 4


# Plain numbers: comparing arrays with members of an enumeration is slow.
_MODES = {m.name.lower(): int(m) for m in Mode if m != Mode.OUT}


class AnyPacer(Protocol):
    tick_seconds: float
    wants_events: bool

    def decide(self, now: float, state: Any) -> int: ...


@dataclass(slots=True)
class Logs:
    outcomes: list[tuple[float, float, str, float, float]] = field(default_factory=list)
    live: list[tuple[float, bool, float]] = field(default_factory=list)
    talks: list[tuple[float, float, int]] = field(default_factory=list)
    wraps: list[tuple[float, float, int, str]] = field(default_factory=list)


@dataclass(slots=True)
class Result:
    """What came of one shift."""

    occupancy: float
    live: int
    abandoned: int
    dialed: int
    windows: list[tuple[int, int]]
    """Live answers and abandoned calls of each half hour."""
    idle_between_s: float
    decide_ms: list[float]


@dataclass(slots=True)
class _Call:
    dialed_at: float
    kind: str
    ring_s: float
    detect_s: float
    believed: str
    answered_at: float = 0.0
    live_at: float = 0.0


class View:
    """The simulation as its pacer sees it, at one moment."""

    def __init__(self, sim: Simulation) -> None:
        self._sim = sim
        self._made: list[str] = []
        scenario = sim.scenario
        self.logs = sim.logs
        self.line_cap = max(1, round(scenario.lines_per_agent * scenario.agents))
        self.cps_cap = scenario.cps
        self.target_abandon = 0.03
        self.patience_s = scenario.patience_s
        self.ring_timeout_s = scenario.ring_timeout_s
        self.shift_end = scenario.length_s

    def look(self) -> View:
        """Show this moment; arrays are made when they are looked at."""
        sim = self._sim
        for name in self._made:
            delattr(self, name)
        self._made.clear()
        self._elapsed = sim.now - sim.since
        by_mode = np.bincount(sim.mode, minlength=len(Mode)).tolist()
        _, self.n_idle, self.n_talking, self.n_wrapup, self.n_paused = by_mode
        self.n_ringing = 0
        self.n_logged_in = sum(by_mode[1:])
        self.n_dialing, self.n_detecting = len(sim.dialing), len(sim.detecting)
        self.n_waiting = len(sim.waiting)
        self.pause_pending_ids = sim.pause_pending
        self.lines_in_use = sim.lines
        self.leads_left = sim.leads
        self.live_total, self.abandoned_total = sim.live, sim.abandoned
        self.dialed_total = sim.dialed
        return self

    def __getattr__(self, name: str) -> Any:
        """Make an array: ``*_elapsed`` or ``*_ids``."""
        of, _, what = name.rpartition("_")
        sim = self._sim
        found: NDArray[Any] | None = None
        if of in _MODES and what in ("ids", "elapsed"):
            found = np.flatnonzero(sim.mode == _MODES[of])
            if what == "elapsed":
                found = self._elapsed[found]
        elif name == "dialing_elapsed":
            found = sim.now - np.array([c.dialed_at for c in sim.dialing.values()], dtype=float)
        elif name == "detecting_elapsed":
            found = sim.now - np.array([c.answered_at for c in sim.detecting.values()], dtype=float)
        elif name == "waiting_elapsed":
            found = sim.now - np.array([c.live_at for c in sim.waiting.values()], dtype=float)
        elif name == "ringing_elapsed":
            found = np.zeros(0)
        if found is None:
            raise AttributeError(name)
        self._made.append(name)
        setattr(self, name, found)
        return found


class Simulation:
    """One shift: agents, calls under way, and a pacer that decides."""

    def __init__(self, scenario: Scenario, pacer: AnyPacer, seed: int) -> None:
        self.scenario = scenario
        self.pacer = pacer
        # Two generators, so that two pacers meet about the same calls and agents.
        self._calls = random.Random(f"{scenario.name}/{seed}/calls")
        self._people = random.Random(f"{scenario.name}/{seed}/people")
        self._events: list[tuple[float, int, Callable[[Any], None], Any]] = []
        self._numbers = count()
        n = scenario.agents
        self.now = 0.0
        self.mode = np.full(n, Mode.IDLE, dtype=np.int8)
        self.since: Seconds = np.zeros(n)
        self._idle: deque[int] = deque(range(n))
        self._speed = [max(0.3, self._people.gauss(1.0, scenario.speed_spread)) for _ in range(n)]
        self._leaving: set[int] = set()
        self.pause_pending: set[int] = set()
        self.dialing: dict[int, _Call] = {}
        self.detecting: dict[int, _Call] = {}
        self.waiting: dict[int, _Call] = {}
        self.lines = 0
        self.leads = scenario.leads
        self.live = self.abandoned = self.dialed = 0
        self.logs = Logs()
        self._busy_s = self._idle_s = 0.0
        self._talks = 0
        self._allowance, self._refilled_at = 1.0, 0.0
        self._decided_at = -1.0
        self._is_decision_due = False
        self._windows: dict[int, list[int]] = {}
        self._decisions = 0
        self._decide_ms: list[float] = []
        self._view = View(self)

    def run(self) -> Result:
        scenario, end = self.scenario, self.scenario.length_s
        for agent in range(scenario.agents - scenario.absent, scenario.agents):
            self._idle.remove(agent)
            self.mode[agent] = Mode.OUT
        for minute, change in scenario.joins:
            self._later(minute * 60.0, self._come_or_go, change)
        if scenario.breaks_per_hour:
            for agent in range(scenario.agents):
                self._next_break(agent)
        if scenario.inbound:
            self._later(0.0, self._inbound, None)
        self._later(0.0, self._tick, None)
        self._later(end, self._shift_ends, None)
        while self._events:
            self.now, _, act, about = heapq.heappop(self._events)
            act(about)
        windows = [(live, lost) for _, (live, lost) in sorted(self._windows.items())]
        return Result(
            occupancy=self._busy_s / max(1.0, self._busy_s + self._idle_s),
            live=self.live,
            abandoned=self.abandoned,
            dialed=self.dialed,
            windows=windows,
            idle_between_s=self._idle_s / max(1, self._talks),
            decide_ms=self._decide_ms,
        )

    def _later(self, at: float, act: Callable[[Any], None], about: Any) -> None:
        heapq.heappush(self._events, (at, next(self._numbers), act, about))

    # -- deciding --------------------------------------------------------------------------------

    def _tick(self, _: None) -> None:
        if self.now >= self.scenario.length_s:
            return
        self._later(self.now + self.pacer.tick_seconds, self._tick, None)
        self._decide(None)

    def _changed(self) -> None:
        if self.pacer.wants_events and not self._is_decision_due:
            self._is_decision_due = True
            self._later(max(self.now, self._decided_at + _EVENT_GAP_S), self._decide, None)

    def _decide(self, _: None) -> None:
        self._is_decision_due = False
        if self.now >= self.scenario.length_s or self.now - self._decided_at < 0.25:
            return
        self._decided_at = self.now
        view = self._view.look()
        self._decisions += 1
        if self._decisions % _TIMED_EVERY:
            wanted = self.pacer.decide(self.now, view)
        else:
            began = time.thread_time()  # not of the wall: others may use the machine, too
            wanted = self.pacer.decide(self.now, view)
            self._decide_ms.append((time.thread_time() - began) * 1000)
        cps = self.scenario.cps
        self._allowance = min(max(1.0, cps), self._allowance + (self.now - self._refilled_at) * cps)
        self._refilled_at = self.now
        calls = max(0, min(wanted, view.line_cap - self.lines, int(self._allowance), self.leads))
        self._allowance -= calls
        for _call in range(calls):
            self._dial()

    # -- calls -----------------------------------------------------------------------------------

    def _dial(self) -> None:
        scenario, rng = self.scenario, self._calls
        self.leads -= 1
        self.dialed += 1
        self.lines += 1
        fate, p = rng.random(), scenario.answer(self.now)
        ring_s = min(scenario.ring_timeout_s - 0.01, 0.5 + scenario.ring(rng))
        detect_s = max(0.1, scenario.amd(rng)) if scenario.amd else 0.0
        kind = believed = "noanswer"
        if scenario.fault and scenario.fault[0] * 60 <= self.now < scenario.fault[1] * 60:
            kind = believed = "busy"
            ring_s = _FAULT_RESULT_S
        elif fate < p:
            kind = believed = "human"
            if scenario.amd and rng.random() < scenario.amd_wrong[0]:
                believed = "machine"
        elif fate < p + scenario.machines:
            kind = believed = "machine"
            if not scenario.amd or rng.random() < scenario.amd_wrong[1]:
                believed = "human"
        elif fate < p + scenario.machines + scenario.busy:
            kind = believed = "busy"
            ring_s = rng.uniform(1.0, 4.0)
        else:
            ring_s = scenario.ring_timeout_s
        number = next(self._numbers)
        answered = believed in ("human", "machine")
        call = _Call(self.now, kind, ring_s, detect_s if answered else 0.0, believed)
        self.dialing[number] = call
        self._later(self.now + ring_s, self._rang, number)

    def _rang(self, number: int) -> None:
        call = self.dialing.pop(number)
        call.answered_at = self.now
        if call.detect_s > 0:
            self.detecting[number] = call
            self._later(self.now + call.detect_s, self._detected, number)
        else:
            self._classified(number, call)
        self._changed()

    def _detected(self, number: int) -> None:
        self._classified(number, self.detecting.pop(number))
        self._changed()

    def _classified(self, number: int, call: _Call) -> None:
        self.logs.outcomes.append(
            (call.dialed_at, self.now, call.believed, call.ring_s, call.detect_s)
        )
        if call.believed != "human":
            self.lines -= 1
            return
        self.live += 1
        call.live_at = self.now
        window = self._windows.setdefault(int(self.now // WINDOW_S), [0, 0])
        window[0] += 1
        if self._idle:
            self._connect(call, 0.0)
            return
        self.waiting[number] = call
        limit_s = self.scenario.patience_s
        if self.scenario.amd_eats_patience:
            limit_s = max(0.2, limit_s - call.detect_s)
        self._later(self.now + limit_s, self._gave_up, number)

    def _gave_up(self, number: int) -> None:
        call = self.waiting.pop(number, None)
        if call is None:
            return
        self.lines -= 1
        self.abandoned += 1
        self._windows[int(call.live_at // WINDOW_S)][1] += 1
        self.logs.live.append((call.live_at, False, self.now - call.live_at))
        self._changed()

    def _connect(self, call: _Call, waited_s: float) -> None:
        agent = self._idle.popleft()
        self.logs.live.append((call.live_at, True, waited_s))
        self._talks += 1
        talk_s = self.scenario.talk(self._people) * self._speed[agent]
        if call.kind == "machine":
            talk_s = self._people.uniform(3, 8)
        self._enter(agent, Mode.TALKING)
        self._later(self.now + max(1.0, talk_s), self._talked, agent)

    # -- agents ----------------------------------------------------------------------------------

    def _enter(self, agent: int, mode: Mode) -> None:
        left, end = int(self.mode[agent]), self.scenario.length_s
        spent = max(0.0, min(self.now, end) - min(float(self.since[agent]), end))
        if left == Mode.IDLE:
            self._idle_s += spent
        elif left == Mode.TALKING or left == Mode.WRAPUP:
            self._busy_s += spent
        self.mode[agent] = mode
        self.since[agent] = self.now

    def _talked(self, agent: int) -> None:
        talk_s = self.now - float(self.since[agent])
        self.logs.talks.append((self.now, talk_s, agent))
        self.lines -= 1
        self._enter(agent, Mode.WRAPUP)
        self._later(self.now + self.scenario.wrap(self._people), self._wrapped, agent)
        self._changed()

    def _wrapped(self, agent: int) -> None:
        self.logs.wraps.append((self.now, self.now - float(self.since[agent]), agent, "done"))
        if agent in self._leaving or self.now >= self.scenario.length_s:
            self._leaving.discard(agent)
            self.pause_pending.discard(agent)
            self._enter(agent, Mode.OUT)
        elif agent in self.pause_pending:
            self.pause_pending.discard(agent)
            self._pause(agent)
        else:
            self._is_free(agent)
        self._changed()

    def _is_free(self, agent: int) -> None:
        self._enter(agent, Mode.IDLE)
        self._idle.append(agent)
        if self.waiting:
            self._connect(
                call := self.waiting.pop(next(iter(self.waiting))), self.now - call.live_at
            )

    def _pause(self, agent: int) -> None:
        self._enter(agent, Mode.PAUSED)
        self._later(self.now + self.scenario.break_s(self._people), self._returns, agent)

    def _returns(self, agent: int) -> None:
        if self.now < self.scenario.length_s and self.mode[agent] == Mode.PAUSED:
            self._is_free(agent)
            self._next_break(agent)
            self._changed()

    def _inbound(self, _: None) -> None:
        scenario = self.scenario
        if self.now >= scenario.length_s or not scenario.inbound:
            return
        self._later(self.now + 1.0, self._inbound, None)
        if self._idle and self._people.random() < scenario.inbound(self.now) / 60.0:
            agent = self._idle.popleft()
            self._enter(agent, Mode.PAUSED)
            self._later(self.now + scenario.talk(self._people), self._inbound_ends, agent)
            self._changed()

    def _inbound_ends(self, agent: int) -> None:
        if self.now < self.scenario.length_s and self.mode[agent] == Mode.PAUSED:
            self._is_free(agent)
            self._changed()

    def _next_break(self, agent: int) -> None:
        gap_s = self._people.expovariate(self.scenario.breaks_per_hour / 3600.0)
        self._later(self.now + gap_s, self._wants_break, agent)

    def _wants_break(self, agent: int) -> None:
        if self.now >= self.scenario.length_s:
            return
        if self.mode[agent] == Mode.IDLE:
            self._idle.remove(agent)
            self._pause(agent)
        elif self.mode[agent] in (Mode.TALKING, Mode.WRAPUP):
            self.pause_pending.add(agent)
        else:
            self._next_break(agent)
        self._changed()

    def _come_or_go(self, change: int) -> None:
        for _ in range(max(0, change)):
            out = [a for a in range(self.scenario.agents) if self.mode[a] == Mode.OUT]
            if out:
                self._is_free(out[0])
        here = [a for a in range(self.scenario.agents) if self.mode[a] != Mode.OUT]
        for agent in here[len(here) + min(0, change) :]:
            if self.mode[agent] == Mode.IDLE:
                self._idle.remove(agent)
                self._enter(agent, Mode.OUT)
            elif self.mode[agent] == Mode.PAUSED:
                self._enter(agent, Mode.OUT)
            else:
                self._leaving.add(agent)
                self.pause_pending.add(agent)
        self._changed()

    def _shift_ends(self, _: None) -> None:
        for agent in range(self.scenario.agents):
            if self.mode[agent] in (Mode.IDLE, Mode.PAUSED):
                self._enter(agent, Mode.OUT)
        self._idle.clear()
