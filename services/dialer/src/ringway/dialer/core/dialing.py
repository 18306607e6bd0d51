"""When a running campaign starts calls, and how many."""

from __future__ import annotations

from collections.abc import Iterator

from ringway.dialer.core import messages as m
from ringway.dialer.core.attempts import Attempts
from ringway.dialer.core.call import RINGING_PHASES, UNPLACED_PHASES, Call
from ringway.dialer.core.explain import why
from ringway.dialer.core.messages import Command, Part, Phase
from ringway.dialer.core.pacing import precise_calls, progressive_calls
from ringway.proto.dialer import CampaignMode, CampaignSpec, CampaignState

STALE_AFTER_S = 3.0  # presence comes every second; older than this it is no ground to dial on
_LARGEST_CLAIM = 200


class Dialing(Attempts):
    """The layer of a campaign that starts calls."""

    def __init__(self, spec: CampaignSpec, state: CampaignState) -> None:
        super().__init__(spec, state)
        self.explanation = ""
        self._agents: m.AgentsSeen | None = None
        self._is_recovered = False
        self._is_draining = False
        self._pace_at: float | None = None  # when pacing has something to do without an event

    def _obstacle(self, at: float) -> str | None:
        """Why no call may start now, or ``None``."""
        if self.state is not CampaignState.RUNNING:
            return f"The campaign is {self.state}."
        if not self._is_recovered:
            return "Finding out what an earlier process left behind."
        if self._is_draining:
            return "The dialer is shutting down."
        if self._missing:
            return f"Waiting for {' and '.join(sorted(self._missing))}."
        if self._agents is None or at - self._agents.at > STALE_AFTER_S:
            return "No word from the ACD about the agents."
        return None

    def _claimed(self, event: m.Claimed) -> Iterator[Command]:
        asked = self._claims.answered(event.at, len(event.leads), event.next_due_in_s)
        is_end = event.next_due_in_s is None and not event.leads and not self._calls
        if is_end and self._may_finish():
            self._claims.is_finishing = True
            yield m.Finish()
        for lead in event.leads:
            call = Call(lead.attempt_id, lead.lead_id, lead.attempt_no)
            wanted = self._wanted(event.at) if self._obstacle(event.at) is None else 0
            self._calls[call.attempt_id] = call
            if wanted < 1:
                yield from self._give_back(call, event.at)
            elif self.spec.mode is CampaignMode.PRECISE:
                call.phase = Phase.BOOKING
                call.instead_of = next(iter(self._kept), None)
                if call.instead_of is not None:
                    del self._kept[call.instead_of]
                hold_s = self.spec.ring_timeout_s + 10
                yield m.Book(call.attempt_id, hold_s, call.instead_of)
            else:
                yield self._originate(call, event.at)
        if len(event.leads) < asked:
            yield from self._free_kept()

    def _free_kept(self) -> Iterator[Command]:
        for attempt_id in list(self._kept):
            del self._kept[attempt_id]
            yield m.Unbook(attempt_id)

    def _wanted(self, at: float) -> int:
        """How many more leads to claim, when nothing stands in the way."""
        assert self._agents is not None
        free_lines = max(0, self.spec.max_lines - self.lines)
        silent = sum(
            c.phase in UNPLACED_PHASES or (c.phase in RINGING_PHASES and not c.has_rung)
            for c in self._calls.values()
        )
        allowed = self.breaker.allowance(at, silent)
        if self.breaker.is_open and any(c.phase in UNPLACED_PHASES for c in self._calls.values()):
            allowed = 0  # the probe is being prepared
        if allowed is not None:
            free_lines = min(free_lines, allowed)
        if self.spec.mode is CampaignMode.PRECISE:
            booking = sum(
                c.phase in UNPLACED_PHASES and c.instead_of is None for c in self._calls.values()
            )
            ready = self._agents.ready if at >= self._book_at else 0
            return precise_calls(
                ready=ready,
                kept=len(self._kept),
                booking=booking + self._booked_since,
                free_lines=free_lines,
            )
        seen = self._agents
        in_flight = sum(c.needs_agent(seen.at, seen.acd_at) for c in self._calls.values())
        if self._rate is None:
            return progressive_calls(
                ready=seen.ready, ratio=self.spec.ratio, in_flight=in_flight, free_lines=free_lines
            )
        if seen.ready + seen.reserved + seen.talking + seen.wrap_up == 0:
            return 0
        if seen.ready == 0 and any(
            c.answered_at is not None and c.needs_agent(seen.at, seen.acd_at)
            for c in self._calls.values()
        ):
            return 0  # answered customers already wait: the rate is above what agents can take
        return min(self._rate.allowed(at), free_lines)

    def _may_finish(self) -> bool:
        return (
            self.state is CampaignState.RUNNING
            and self._is_recovered
            and not self._claims.is_finishing
            and not self._is_draining
        )

    def _pace(self, at: float) -> Iterator[Command]:
        self._pace_at = None
        obstacle = self._obstacle(at)
        if obstacle is not None:
            yield from self._free_kept()
            self.explanation = obstacle
            yield from self._look_for_the_end(at)
            return
        wanted = min(self._wanted(at), _LARGEST_CLAIM)
        self.explanation = self._explain(at, wanted)
        if wanted < len(self._kept) or self.spec.mode is not CampaignMode.PRECISE:
            yield from self._free_kept()
        if self._claims.open_for is not None or self._claims.is_finishing:
            return
        if at < self._claims.ask_at:
            self._pace_at = self._claims.ask_at
        elif wanted > 0:
            self._claims.open_for = wanted
            yield m.Claim(wanted)
        else:
            yield from self._look_for_the_end(at)
            self._set_pace_timer(at)

    def _look_for_the_end(self, at: float) -> Iterator[Command]:
        """While nothing can be dialed, still notice that there is nothing left to dial."""
        if self._calls or self._claims.open_for is not None or not self._may_finish():
            return
        if Part.DATABASE in self._missing:
            return
        if at >= self._claims.end_at:
            self._claims.open_for = 0
            yield m.Claim(0)
        else:
            self._pace_at = self._claims.end_at

    def _set_pace_timer(self, at: float) -> None:
        assert self._agents is not None
        times = [t for t in (self._pace_at, self.breaker.retry_at) if t is not None and t > at]
        times.append(self._agents.at + STALE_AFTER_S + 0.01)
        if self._rate is not None:
            times.append(max(self._rate.next_at(at), at + 0.01))
        if self._book_at > at:
            times.append(self._book_at)
        self._pace_at = min(times, default=None)

    def _explain(self, at: float, wanted: int) -> str:
        assert self._agents is not None
        due_at = self._claims.due_at
        return why(
            ready=self._agents.ready,
            wanted=wanted,
            lines=self.lines,
            max_lines=self.spec.max_lines,
            trunk_failures=self.breaker.failures if self.breaker.is_open else 0,
            trunk_retry_in_s=max(0.0, (self.breaker.retry_at or at) - at),
            lead_due_in_s=None if due_at is None or due_at <= at else due_at - at,
        )
