"""What the predictive pacer is shown: the campaign's calls, its agents, and what has ended so far.

Moments are seconds on a clock that does not jump and, across processes, is close to Unix time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Generic, TypeVar, overload
from zoneinfo import ZoneInfo

import numpy as np

from ringway.dialer.core.call import RINGING_PHASES, UNPLACED_PHASES, Call
from ringway.dialer.core.giving_up import Floor
from ringway.dialer.core.messages import AgentSeen, AgentsSeen, Phase, Work
from ringway.dialer.core.pacing.snapshot import Floats, Live, Outcome, Talk, Wrap
from ringway.proto.acd import AgentState
from ringway.proto.dialer import AttemptDisposition as D
from ringway.proto.dialer import CampaignSpec

T = TypeVar("T")

_KEPT = 10_000  # entries of each log; a pacer reads new ones at every decision
_TALKS = (AgentState.TALKING, AgentState.HOLD)
_RECENT = 200  # talks, and ends of calls, that tell what to expect
_ENOUGH = 20
_CAUTIOUS_CALLS = 3.0  # per agent, while it is not known how many are answered


class Tail(Sequence[T], Generic[T]):
    """An append-only list that forgets its oldest entries: their places stay counted."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._kept = kept
        self._items: list[T] = []
        self._forgotten = 0

    def append(self, item: T) -> None:
        """Add the newest entry."""
        self._items.append(item)
        if len(self._items) >= 2 * self._kept:
            self._forgotten += self._kept
            del self._items[: self._kept]

    def __len__(self) -> int:
        return self._forgotten + len(self._items)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            places = range(max(start, self._forgotten), stop, step)
            return [self._items[n - self._forgotten] for n in places]
        place = index + len(self) if index < 0 else index
        if not self._forgotten <= place < len(self):
            raise IndexError(index)
        return self._items[place - self._forgotten]


@dataclass(slots=True)
class Logs:
    """What has ended; see PacingLogs."""

    outcomes: Tail[Outcome] = field(default_factory=Tail)
    live: Tail[Live] = field(default_factory=Tail)
    talks: Tail[Talk] = field(default_factory=Tail)
    wraps: Tail[Wrap] = field(default_factory=Tail)


@dataclass(slots=True)
class Snapshot:
    """One campaign at one moment; see PacingSnapshot."""

    n_idle: int
    n_ringing: int
    n_talking: int
    n_wrapup: int
    n_paused: int
    n_logged_in: int
    idle_elapsed: Floats
    ringing_elapsed: Floats
    talking_elapsed: Floats
    wrapup_elapsed: Floats
    paused_elapsed: Floats
    idle_ids: Sequence[str]
    talking_ids: Sequence[str]
    wrapup_ids: Sequence[str]
    pause_pending_ids: Collection[str]
    n_dialing: int
    dialing_elapsed: Floats
    n_detecting: int
    detecting_elapsed: Floats
    n_waiting: int
    waiting_elapsed: Floats
    lines_in_use: int
    line_cap: int
    cps_cap: float
    leads_left: int
    target_abandon: float
    patience_s: float
    ring_timeout_s: float
    live_total: int
    abandoned_total: int
    dialed_total: int
    shift_end: float | None
    logs: Logs


@dataclass(slots=True)
class _Busy:
    """An agent's way through one call of ours."""

    since: float  # begin of the talk, holds included
    is_wrapping: bool = False


@dataclass(slots=True)
class Day:
    """Counts since the day began in the campaign's zone."""

    dialed: int = 0
    live: int = 0
    abandoned: int = 0


class Picture:
    """Remembers what the pacer learns from, and shows it the present."""

    def __init__(self) -> None:
        self.logs = Logs()
        self.today = Day()
        self._date: str = ""
        self._ahead_s = 0.0  # what to add to the event loop's clock
        self._busy: dict[str, _Busy] = {}

    # -- time ------------------------------------------------------------------------------------

    def set_clock(self, ahead_s: float) -> None:
        """Say, once, how far Unix time is ahead of the event loop's clock."""
        self._ahead_s = ahead_s

    def moment(self, at: float) -> float:
        """Return the pacer's time of a moment of the event loop."""
        return at + self._ahead_s

    def begin_day(self, unix_s: float, zone: str) -> None:
        """Count anew when the day is another one in this zone."""
        date = datetime.fromtimestamp(unix_s, UTC).astimezone(ZoneInfo(zone)).date().isoformat()
        if self._date and date != self._date:
            self.today = Day()
        self._date = date

    # -- what ends -------------------------------------------------------------------------------

    def ended(self, call: Call, at: float, disposition: D) -> None:
        """The call ended without an answer. What tells of the trunk only, teaches nothing."""
        kind = {D.BUSY: "busy", D.NO_ANSWER: "noanswer", D.INVALID_NUMBER: "noanswer"}
        if disposition is D.REJECTED or disposition in kind:
            self._outcome(call, at, kind.get(disposition, "noanswer"), 0.0)

    def heard(self, call: Call, at: float, *, human: bool) -> None:
        """It is known who answered; of a human a live call begins."""
        detect_s = 0.0 if call.answered_at is None else max(0.0, at - call.answered_at)
        self._outcome(call, at, "human" if human else "machine", detect_s)
        self.today.live += human
        if not human:
            call.is_live_told = True  # nobody waits for an agent, so nobody is abandoned

    def live_ended(self, call: Call, at: float, *, connected: bool) -> None:
        """The live customer waits no longer: an agent has him, or he is gone, or abandoned."""
        if call.answered_at is not None and not call.is_live_told:
            call.is_live_told = True
            since = call.live_since if call.live_since is not None else call.answered_at
            wait_s = max(0.0, at - since)
            self.logs.live.append((self.moment(since), connected, wait_s))

    def _outcome(self, call: Call, at: float, kind: str, detect_s: float) -> None:
        if call.dialed_at is None:
            return  # of an earlier process, which knew when
        ring_s = max(0.0, at - detect_s - call.dialed_at)
        result = (self.moment(call.dialed_at), self.moment(at), kind, ring_s, detect_s)
        self.logs.outcomes.append(result)

    def agents_seen(self, seen: AgentsSeen) -> None:
        """Learn from what agents did since the last time."""
        if seen.agents is None:
            return
        for agent_id in [a for a in self._busy if a not in seen.agents]:
            self._left_call(agent_id, self._busy.pop(agent_id), seen.at)
        for agent_id, agent in seen.agents.items():
            busy = self._busy.get(agent_id)
            is_ours = agent.work is Work.OURS
            if agent.state in _TALKS and is_ours:
                if busy is None or busy.is_wrapping:
                    if busy is not None:
                        self._left_call(agent_id, busy, agent.since)
                    self._busy[agent_id] = _Busy(agent.since)
            elif agent.state is AgentState.WRAP_UP and is_ours:
                if busy is None:
                    self._busy[agent_id] = _Busy(agent.since, is_wrapping=True)
                elif not busy.is_wrapping:
                    self._left_call(agent_id, busy, agent.since)
                    self._busy[agent_id] = _Busy(agent.since, is_wrapping=True)
            elif busy is not None:
                self._left_call(agent_id, self._busy.pop(agent_id), agent.since)

    def _left_call(self, agent_id: str, busy: _Busy, at: float) -> None:
        lasted_s = max(0.0, at - busy.since)
        if busy.is_wrapping:
            self.logs.wraps.append((self.moment(at), lasted_s, agent_id, ""))
        else:
            self.logs.talks.append((self.moment(at), lasted_s, agent_id))

    # -- the present -----------------------------------------------------------------------------

    def snapshot(
        self,
        at: float,
        spec: CampaignSpec,
        calls: Iterable[Call],
        seen: AgentsSeen,
        *,
        lines: int,
        claiming: int,
        leads_left: int,
        shift_end: float | None,
    ) -> Snapshot:
        """Return the campaign as the pacer is shown it.

        Args:
            lines: In use or about to be used.
            claiming: Leads of an open claim: as good as dialed.
            shift_end: On the event loop's clock.
        """
        dialing = [0.0] * claiming
        detecting: list[float] = []
        waiting: list[float] = []
        promised: set[str] = set()
        for call in calls:
            if call.wanted_agent_id is not None and call.outcome is None:
                # It has its own agent, and he has nobody else: pacing dials for neither.
                promised.add(call.wanted_agent_id)
            elif call.phase in UNPLACED_PHASES or call.phase in RINGING_PHASES:
                if call.phase is not Phase.CANCELLING:
                    dialing.append(0.0 if call.dialed_at is None else at - call.dialed_at)
            elif call.detecting_since is not None:
                detecting.append(at - call.detecting_since)
            elif call.needs_agent(seen.at, seen.acd_at) and call.answered_at is not None:
                waiting.append(at - call.answered_at)
        by_state = self._by_state(at, _ours(seen), promised)
        # Who is being joined with a customer of ours is one of those who wait no longer.
        joined = sum(agent.agent_id not in promised for agent, _ in by_state["ringing"])
        waiting = sorted(waiting)[: max(0, len(waiting) - joined)]
        waiting += [0.0] * seen.inbound_waiting
        ids = {kind: [a.agent_id for a, _ in agents] for kind, agents in by_state.items()}
        elapsed = {
            kind: np.array([s for _, s in agents], dtype=float) for kind, agents in by_state.items()
        }
        return Snapshot(
            n_idle=len(ids["idle"]),
            n_ringing=len(ids["ringing"]),
            n_talking=len(ids["talking"]),
            n_wrapup=len(ids["wrapup"]),
            n_paused=len(ids["paused"]),
            n_logged_in=sum(len(each) for each in ids.values()),
            idle_elapsed=elapsed["idle"],
            ringing_elapsed=elapsed["ringing"],
            talking_elapsed=elapsed["talking"],
            wrapup_elapsed=elapsed["wrapup"],
            paused_elapsed=elapsed["paused"],
            idle_ids=ids["idle"],
            talking_ids=ids["talking"],
            wrapup_ids=ids["wrapup"],
            pause_pending_ids=frozenset(a.agent_id for a in _ours(seen) if a.leaves),
            n_dialing=len(dialing),
            dialing_elapsed=np.array(dialing, dtype=float),
            n_detecting=len(detecting),
            detecting_elapsed=np.array(detecting, dtype=float),
            n_waiting=len(waiting),
            waiting_elapsed=np.array(waiting, dtype=float),
            lines_in_use=lines,
            line_cap=spec.max_lines,
            cps_cap=spec.rate_cps or float("inf"),
            leads_left=leads_left,
            target_abandon=spec.target_abandonment,
            patience_s=spec.abandonment_limit_s,
            ring_timeout_s=spec.ring_timeout_s,
            live_total=self.today.live,
            abandoned_total=self.today.abandoned,
            dialed_total=self.today.dialed,
            shift_end=None if shift_end is None else self.moment(shift_end),
            logs=self.logs,
        )

    def is_blended(self, seen: AgentsSeen) -> bool:
        """Whether callers of queues have agents of ours, or will have the next."""
        return seen.inbound_waiting > 0 or any(a.work is Work.INBOUND for a in _ours(seen))

    def floor(self, seen: AgentsSeen, *, waiting: int, ratio: float) -> Floor:
        """Return who is there for our customers.

        Args:
            waiting: Answered customers without an agent.
            ratio: Calls per agent that the campaign wants, at least.
        """
        states = Counter(a.state for a in _ours(seen) if not a.leaves)
        talks = self.logs.talks[-_RECENT:]
        ends = self.logs.outcomes[-_RECENT:]
        answered = sum(outcome[2] == "human" for outcome in ends)
        is_known = len(ends) >= _ENOUGH and answered > 0
        return Floor(
            ready=states[AgentState.READY],
            reserved=states[AgentState.RESERVED],
            finishing=states[AgentState.WRAP_UP],
            talking=sum(states[state] for state in _TALKS),
            waiting=waiting,
            callers=seen.inbound_waiting,
            talk_s=sum(t[1] for t in talks) / len(talks) if len(talks) >= _ENOUGH else None,
            calls_per_agent=max(ratio, len(ends) / answered if is_known else _CAUTIOUS_CALLS),
        )

    def _by_state(
        self, at: float, agents: Iterable[AgentSeen], promised: Collection[str]
    ) -> Mapping[str, list[tuple[AgentSeen, float]]]:
        kinds: dict[str, list[tuple[AgentSeen, float]]] = {
            kind: [] for kind in ("idle", "ringing", "talking", "wrapup", "paused")
        }
        for agent in agents:
            elapsed_s = max(0.0, at - agent.since)
            match agent.state:
                case AgentState.READY if agent.agent_id in promised:
                    kind = "ringing"  # or will be in a moment
                case AgentState.READY:
                    kind = "idle"
                case AgentState.RESERVED if agent.work in (Work.OURS, Work.NONE):
                    kind = "ringing"
                case AgentState.TALKING | AgentState.HOLD if agent.work is Work.OURS:
                    kind = "talking"
                    busy = self._busy.get(agent.agent_id)
                    if busy is not None:
                        elapsed_s = max(0.0, at - busy.since)
                case AgentState.TALKING | AgentState.HOLD if agent.work is Work.OTHERS:
                    kind = "talking"
                case AgentState.WRAP_UP if agent.work in (Work.OURS, Work.OTHERS):
                    kind = "wrapup"
                case AgentState.LOGGED_OUT:
                    continue
                case _:
                    kind = "paused"  # also who serves a queue: when he is back, nobody knows
            kinds[kind].append((agent, elapsed_s))
        return kinds


def _ours(seen: AgentsSeen) -> list[AgentSeen]:
    agents = seen.agents or {}
    return [a for a in agents.values() if a.agent_id not in seen.away]
