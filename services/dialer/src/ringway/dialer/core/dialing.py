"""When a running campaign starts calls, and how many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from ringway.dialer.core import messages as m
from ringway.dialer.core.call import HURRYING_PHASES, LOOK_AGAIN_S, RINGING_PHASES, Call
from ringway.dialer.core.claims import GATHER_S
from ringway.dialer.core.explain import why
from ringway.dialer.core.giving_up import Ringing, to_give_up
from ringway.dialer.core.law.hours import Hours
from ringway.dialer.core.messages import Command, Part, Phase
from ringway.dialer.core.pacing import Pacer, PacingSnapshot, precise_calls, progressive_calls
from ringway.dialer.core.previewing import Previewing
from ringway.proto.acd import AgentState
from ringway.proto.dialer import CampaignMode, CampaignSpec, CampaignState

STALE_AFTER_S = 3.0  # presence comes every second; older than this it is no ground to dial on
_LARGEST_CLAIM = 200
_DECIDE_AT_MOST_EVERY_S = 0.5
_LOOK_AT_HOURS_EVERY_S = 60.0
_PROMISE_AGAIN_S = 3.0  # presence made before a booking, or its refusal, may be on its way
_LAST_ZONE = ZoneInfo("Etc/GMT+12")  # where a day ends last
# Modes in which an agent whose customer did not come goes on with the next lead.
_KEEPS_AGENTS = (CampaignMode.PRECISE, CampaignMode.PREVIEW)


class PredictivePacer(Protocol):
    """What decides in predictive mode (see core/pacing)."""

    tick_seconds: float

    def decide(self, now: float, state: PacingSnapshot) -> int: ...
    def explain(self) -> Mapping[str, float | str]: ...
    def dump(self) -> dict[str, Any]: ...
    def restore(self, saved: Mapping[str, Any]) -> None: ...


class Dialing(Previewing):
    """The layer of a campaign that starts calls."""

    def __init__(
        self,
        spec: CampaignSpec,
        state: CampaignState,
        make_pacer: Callable[[], Any] = Pacer,
    ) -> None:
        super().__init__(spec, state)
        self.explanation = ""
        self.figures: Mapping[str, float | str] = {}
        self.pacing_faults = 0
        self.given_up = 0  # calls that rang in vain because callers took their agents
        self._make_pacer = make_pacer
        self._pacer: PredictivePacer | None = None
        self._learned: Mapping[str, Any] = {}
        self._budget = 0  # calls that the pacer wants and that were not started yet
        self._decided_at = float("-inf")
        self._leads_left = 1_000_000
        self._hours = Hours(spec.schedule)
        self._ahead_s: float | None = None  # of Unix time before the event loop's clock
        self._is_recovered = False
        self._is_draining = False
        self._promised_at: dict[str, float] = {}  # when an agent was last booked for a call-back
        self._pace_at: float | None = None  # when pacing has something to do without an event

    # -- what others may ask ---------------------------------------------------------------------

    def learned(self) -> Mapping[str, Any] | None:
        """Return what pacing has learned, to be restored by another process; None: nothing."""
        return None if self._pacer is None else self._pacer.dump()

    def can_dial(self, at: float) -> bool:
        """Whether agents are of use to this campaign now: it may dial, and has leads to dial."""
        due_at = self._claims.due_at
        return (
            self.spec.mode.has_agents
            and self.spec.mode is not CampaignMode.MANUAL
            and self._halt(at) is None
            and (due_at is None or due_at <= at + 1.0)
            and not self._claims.is_finishing
            and self._leads_left > 0
        )

    @property
    def needing_agents(self) -> int:
        """Calls, and leads that are being claimed for one, that may still need a ready agent."""
        seen = self._agents
        if seen is None:
            return 0
        return (self._claims.open_for or 0) + sum(
            c.phase in HURRYING_PHASES or c.needs_agent(seen.at, seen.acd_at)
            for c in self._calls.values()
            if c.agent_id is None
        )

    # -- obstacles -------------------------------------------------------------------------------

    def _obstacle(self, at: float) -> str | None:
        """Why no call may start now, or ``None``."""
        halt = self._halt(at)
        if halt is not None or not self.spec.mode.has_agents:
            return halt
        if self._agents is None or at - self._agents.at > STALE_AFTER_S:
            return "No word from the ACD about the agents."
        return None

    def _halt(self, at: float) -> str | None:
        """Why no call may start whatever the agents do, or ``None``."""
        if self.state is not CampaignState.RUNNING:
            return f"The campaign is {self.state}."
        if not self._is_recovered:
            return "Finding out what an earlier process left behind."
        if self._is_draining:
            return "The dialer is shutting down."
        if self._missing:
            return f"Waiting for {' and '.join(sorted(self._missing))}."
        return self._closed(at)

    def _closed(self, at: float) -> str | None:
        """Why the schedule forbids calls to everybody, or ``None``."""
        schedule = self.spec.schedule
        if self._ahead_s is None:
            return None
        moment = datetime.fromtimestamp(at + self._ahead_s, UTC)
        if self._is_over(at):
            return f"Its last day was {schedule.valid_until}."
        if schedule.use_lead_zone:
            return None  # each lead's own zone decides
        opens = self._hours.next_open(self._hours.zones(()), moment)
        if opens == moment:
            return None
        if opens is None:
            return "Outside its hours; it does not open within a year."
        there = opens.astimezone(ZoneInfo(schedule.zone))
        return f"Outside its hours; opens at {there:%Y-%m-%d %H:%M} ({schedule.zone})."

    def _is_over(self, at: float) -> bool:
        schedule = self.spec.schedule
        if schedule.valid_until is None or self._ahead_s is None:
            return False
        zone = _LAST_ZONE if schedule.use_lead_zone else ZoneInfo(schedule.zone)
        return datetime.fromtimestamp(at + self._ahead_s, zone).date() > schedule.valid_until

    # -- leads -----------------------------------------------------------------------------------

    def _claimed(self, event: m.Claimed) -> Iterator[Command]:
        asked = self._claims.answered(event.at, len(event.leads), event.next_due_in_s)
        is_end = event.next_due_in_s is None and not event.leads and not self._calls
        if is_end and self._may_finish():
            self._claims.is_finishing = True
            yield m.Finish()
        for lead in event.leads:
            call = Call(lead.attempt_id, lead.lead_id, lead.attempt_no)
            is_free = self._obstacle(event.at) is None
            wanted = self._wanted(event.at, is_decided=True) if is_free else 0
            self._calls[call.attempt_id] = call
            if wanted < 1:
                yield from self._give_back(call, event.at)
                continue
            self._budget -= 1
            if lead.agent_id is not None:
                yield self._book_promised(call, lead.agent_id, event.at)
            elif self.spec.mode.books_agents:
                instead_of = next(iter(self._kept), None)
                if instead_of is not None:
                    del self._kept[instead_of]
                yield self._book(call, instead_of)
            else:
                yield self._originate(call, event.at)
        if len(event.leads) < asked:
            yield from self._free_kept()

    def _book_promised(self, call: Call, agent_id: str, at: float) -> Command:
        """Reserve the agent with whom a call-back was promised, whatever the mode."""
        call.wanted_agent_id = agent_id
        self._promised_at[agent_id] = at
        kept = next((a for a, agent in self._kept.items() if agent == agent_id), None)
        if kept is not None:
            del self._kept[kept]
        return self._book(call, kept)

    def free_agents(self, at: float) -> frozenset[str]:
        """Agents who could be booked now for a call-back that was promised with them."""
        seen = self._agents
        if seen is None or seen.agents is None or at - seen.at > STALE_AFTER_S:
            return frozenset()
        kept = set(self._kept.values())
        return frozenset(
            agent.agent_id
            for agent in seen.agents.values()
            if (agent.state is AgentState.READY or agent.agent_id in kept)
            and not agent.leaves
            and at - self._promised_at.get(agent.agent_id, float("-inf")) > _PROMISE_AGAIN_S
        )

    def _free_kept(self) -> Iterator[Command]:
        for attempt_id in list(self._kept):
            del self._kept[attempt_id]
            yield m.Unbook(attempt_id)

    # -- how many --------------------------------------------------------------------------------

    def _wanted(self, at: float, *, is_decided: bool = False) -> int:
        """How many more leads to claim, when nothing stands in the way.

        Args:
            is_decided: The leads are here: the predictive pacer is not asked again.
        """
        mode = self.spec.mode
        free_lines = self._free_lines(at)
        if not mode.has_agents:
            return free_lines
        seen = self._agents
        assert seen is not None
        ready = max(0, seen.ready - seen.inbound_waiting)
        in_flight = sum(
            c.needs_agent(seen.at, seen.acd_at)
            for c in self._calls.values()
            if not c.has_its_agent(seen.at)
        )
        self.figures = {"ready": ready, "in_flight": in_flight}
        if mode is CampaignMode.MANUAL:
            return 0
        if mode.books_agents:
            booking = sum(
                c.phase in HURRYING_PHASES and c.instead_of is None for c in self._calls.values()
            )
            return precise_calls(
                ready=ready if at >= self._book_at else 0,
                kept=len(self._kept),
                booking=booking + self._booked_since,
                free_lines=free_lines,
            )
        if mode is CampaignMode.PREDICTIVE and seen.agents is not None:
            return self._predicted(at, ready, free_lines, is_decided=is_decided)
        if mode is CampaignMode.PREDICTIVE or self._rate is None:
            ratio = self.spec.ratio if mode is CampaignMode.PROGRESSIVE else 1.0
            self.figures = {**self.figures, "ratio": ratio}
            return progressive_calls(
                ready=ready, ratio=ratio, in_flight=in_flight, free_lines=free_lines
            )
        if seen.ready + seen.reserved + seen.talking + seen.wrap_up == 0:
            return 0
        if ready == 0 and any(
            c.answered_at is not None and c.needs_agent(seen.at, seen.acd_at)
            for c in self._calls.values()
        ):
            return 0  # answered customers already wait: the rate is above what agents can take
        return free_lines

    def _free_lines(self, at: float) -> int:
        """Lines that may be used now: by their number, the trunk's health and the rate."""
        free = max(0, self.spec.max_lines - self.lines)
        hurrying = sum(c.phase in HURRYING_PHASES for c in self._calls.values())
        silent = hurrying + sum(
            c.phase in RINGING_PHASES and not c.has_rung for c in self._calls.values()
        )
        allowed = self.breaker.allowance(at, silent)
        if self.breaker.is_open and hurrying:
            allowed = 0  # the probe is being prepared
        if allowed is not None:
            free = min(free, allowed)
        if self._rate is not None:
            free = min(free, max(0, self._rate.allowed(at) - hurrying))
        return free

    # -- predictive ------------------------------------------------------------------------------

    def _predicted(self, at: float, ready: int, free_lines: int, *, is_decided: bool) -> int:
        if self.breaker.is_open:
            self._budget = min(free_lines, ready, 1)  # a probe, that an agent is there for
            return self._budget
        is_early = at < self._decided_at + _DECIDE_AT_MOST_EVERY_S
        if not is_decided and not is_early and not self._claims.open_for:
            self._budget = max(0, min(self._decide(at), free_lines, self._leads_left))
            self._decided_at = at
        if self._pacer is not None:
            self.figures = self._pacer.explain()
        return min(self._budget, free_lines)

    def _decide(self, at: float) -> int:
        """Ask the pacer. One that fails must not end the campaign: nobody over-dials then."""
        assert self._agents is not None
        if self._pacer is None:
            self._pacer = pacer = self._make_pacer()
            if self._learned:
                with suppress(KeyError, TypeError, ValueError):  # of another version
                    pacer.restore(self._learned)
        snapshot = self.picture.snapshot(
            at,
            self.spec,
            self._calls.values(),
            self._agents,
            lines=self.lines,
            claiming=0,
            leads_left=self._leads_left,
            shift_end=self._closes_at(at),
        )
        if snapshot.n_logged_in <= snapshot.n_paused:
            return 0
        try:
            return int(self._pacer.decide(self.picture.moment(at), snapshot))
        except Exception:
            self.pacing_faults += 1
            return snapshot.n_idle - snapshot.n_dialing - snapshot.n_waiting

    def _closes_at(self, at: float) -> float | None:
        """When the present hours end; None: not within a day, or not for all leads at once."""
        if self._ahead_s is None or self.spec.schedule.use_lead_zone:
            return None
        now = datetime.fromtimestamp(at + self._ahead_s, UTC)
        until = self._hours.open_until(self._hours.zones(()), now)
        return None if until is None else until.timestamp() - self._ahead_s

    # -- rhythm ----------------------------------------------------------------------------------

    def _may_finish(self) -> bool:
        return (
            self.state is CampaignState.RUNNING
            and self._is_recovered
            and not self._claims.is_finishing
            and not self._is_draining
            and not self._asks
        )

    def _pace(self, at: float) -> Iterator[Command]:
        self._pace_at = None
        yield from self._give_up(at)
        obstacle = self._obstacle(at)
        if obstacle is not None:
            self._budget = 0
            yield from self._free_kept()
            self.explanation, self.figures = obstacle, {}
            yield from self._look_for_the_end(at)
            if self._closed(at) is not None:
                self._pace_at = min(self._pace_at or at + 60.0, at + _LOOK_AT_HOURS_EVERY_S)
            return
        if not self.spec.mode.has_agents and self._gathers(at):
            return
        wanted = min(self._wanted(at), _LARGEST_CLAIM)
        self.explanation = self._explain(at, wanted)
        if self.given_up:
            self.figures = {**self.figures, "given_up": self.given_up}
        if wanted < len(self._kept) or self.spec.mode not in _KEEPS_AGENTS:
            yield from self._free_kept()
        if self._claims.open_for is not None or self._claims.is_finishing:
            return
        if wanted > 0 and at < self._claims.ask_at:
            self._pace_at = self._claims.ask_at
        elif wanted > 0:
            self._claims.ask(at, wanted)
            yield m.Claim(wanted)
        else:
            yield from self._look_for_the_end(at)
            self._set_pace_timer(at)

    def _give_up(self, at: float) -> Iterator[Command]:
        """End calls that ring for agents whom callers of queues have taken."""
        seen, spec = self._agents, self.spec
        if spec.min_ring_s is None or seen is None or seen.agents is None:
            return
        if not spec.mode.has_agents or spec.mode.books_agents or at - seen.at > STALE_AFTER_S:
            return
        if not self.picture.is_blended(seen):
            return
        by_id = {
            c.attempt_id: c
            for c in self._calls.values()
            if c.phase in (Phase.PLACING, Phase.DIALING)
            and c.agent_id is None
            and c.wanted_agent_id is None
        }
        waiting = sum(
            c.answered_at is not None and c.agent_id is None and c.needs_agent(seen.at, seen.acd_at)
            for c in self._calls.values()
        )
        gone = to_give_up(
            [Ringing(c.attempt_id, c.rang_s(at)) for c in by_id.values()],
            self.picture.floor(seen, waiting=waiting, ratio=spec.ratio),
            min_ring_s=spec.min_ring_s,
            ring_timeout_s=spec.ring_timeout_s,
        )
        for attempt_id in gone:
            call = by_id[attempt_id]
            call.phase, call.is_given_up = Phase.CANCELLING, True
            call.deadline = at + LOOK_AGAIN_S
            self.given_up += 1
            yield m.HangUp(attempt_id)

    def _gathers(self, at: float) -> bool:
        """Whether lines and rate are gathered for the next claim: no agent waits for it.

        A claim of many leads costs little more than one of a single lead, and there may be a
        thousand calls: what this campaign wants is not worked out at each of their events.
        """
        if self._claims.open_for is not None:
            return True
        until = self._claims.began_at + GATHER_S
        if at < until:
            self._pace_at = until
        return at < until

    def _look_for_the_end(self, at: float) -> Iterator[Command]:
        """While nothing can be dialed, still notice that there is nothing left to dial."""
        if self._calls or self._claims.open_for is not None or not self._may_finish():
            return
        if Part.DATABASE in self._missing:
            return
        if self._is_over(at):
            self._claims.is_finishing = True
            yield m.Finish(is_over=True)
        elif at >= self._claims.end_at:
            self._claims.open_for = 0
            yield m.Claim(0)
        else:
            self._pace_at = self._claims.end_at

    def _set_pace_timer(self, at: float) -> None:
        times = [t for t in (self._pace_at, self.breaker.retry_at) if t is not None and t > at]
        if self._agents is not None and self.spec.mode.has_agents:
            times.append(self._agents.at + STALE_AFTER_S + 0.01)
        if self._rate is not None:
            times.append(max(self._rate.next_at(at), at + 0.01))
        if self._book_at > at:
            times.append(self._book_at)
        if self._pacer is not None and self.spec.mode is CampaignMode.PREDICTIVE:
            times.append(max(self._decided_at + self._pacer.tick_seconds, at + 0.01))
        self._pace_at = min(times, default=None)

    def _explain(self, at: float, wanted: int) -> str:
        due_at = self._claims.due_at
        seen = self._agents if self.spec.mode.has_agents else None
        return why(
            ready=None if seen is None else seen.ready,
            wanted=wanted,
            lines=self.lines,
            max_lines=self.spec.max_lines,
            trunk_failures=self.breaker.failures if self.breaker.is_open else 0,
            trunk_retry_in_s=max(0.0, (self.breaker.retry_at or at) - at),
            lead_due_in_s=None if due_at is None or due_at <= at else due_at - at,
            inbound_waiting=0 if seen is None else seen.inbound_waiting,
            by_hand=self.spec.mode is CampaignMode.MANUAL,
        )
