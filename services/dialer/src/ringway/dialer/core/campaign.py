"""One running campaign as a pure state machine.

Rule 1: no IO and no clock here. Time enters as ``at`` on every event.
Rule 2: everything that decides which call starts, who gets it and what its end means is in
``core/``; the runner only carries out commands and reports.
Rule 3: late and repeated events are normal: one about an attempt that is not open is ignored.

The life of an attempt: claimed, (booking,) placing, dialing, answered, handed over, closed.
Every claimed attempt ends in exactly one GiveBack (it never left us) or one Close.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ringway.dialer.core import messages as m
from ringway.dialer.core.breaker import TrunkBreaker
from ringway.dialer.core.call import (
    ASK_OUTCOME_S,
    LOOK_AGAIN_S,
    OVERDUE_S,
    RINGING_PHASES,
    TAKEN_GRACE_S,
    UNPLACED_PHASES,
    Call,
    adopted,
)
from ringway.dialer.core.claims import AGAIN_S, Claims
from ringway.dialer.core.explain import why
from ringway.dialer.core.messages import Command, Event, Part, Phase
from ringway.dialer.core.outcome import is_trunk_failure
from ringway.dialer.core.pacing import RateLimit, precise_calls, progressive_calls
from ringway.proto.dialer import AttemptDisposition as D
from ringway.proto.dialer import CampaignMode, CampaignSpec, CampaignState

STALE_AFTER_S = 3.0  # presence comes every second; older than this it is no ground to dial on
_RETRY_HAND_OVER_S = 0.25
_SETTLE_S = 10.0
_SETTLE_WITHOUT_BUS_S = 60.0
_BOOK_AGAIN_S = 0.5
_LARGEST_CLAIM = 200


@dataclass(slots=True)
class Counts:
    """Figures since the campaign was made."""

    attempts: int = 0
    answered: int = 0
    connected: int = 0
    abandoned: int = 0


@dataclass(slots=True)
class Campaign:
    """Decide for one campaign; see the module's docstring.

    Args:
        spec: The campaign's settings.
        state: The campaign's state when the runner starts.
    """

    spec: CampaignSpec
    state: CampaignState = CampaignState.DRAFT
    counts: Counts = field(default_factory=Counts)
    explanation: str = ""
    breaker: TrunkBreaker = field(default_factory=TrunkBreaker)
    _calls: dict[str, Call] = field(default_factory=dict)
    _kept: dict[str, str] = field(default_factory=dict)  # ended attempt -> agent still reserved
    _missing: set[Part] = field(default_factory=set)
    _agents: m.AgentsSeen | None = None
    _rate: RateLimit | None = None
    _is_recovered: bool = False
    _is_draining: bool = False
    _claims: Claims = field(default_factory=Claims)
    _book_at: float = 0.0
    _booked_since: int = 0  # agents reserved for us since the last presence
    _pace_at: float | None = None  # when pacing has something to do without an event

    def __post_init__(self) -> None:
        self._configure(self.spec)

    # -- the two calls of the runner -------------------------------------------------------------

    def handle(self, event: Event) -> Sequence[Command]:
        """Advance by one event; return commands, to be begun in this order."""
        out: list[Command] = []
        match event:
            case m.Configured(_, spec):
                self._configure(spec)
            case m.Controlled(at, state):
                out += self._control(at, state)
            case m.Draining():
                self._is_draining = True
            case m.PartChanged(_, part, is_up):
                (self._missing.discard if is_up else self._missing.add)(part)
            case m.AgentsSeen():
                if self._agents is None or event.acd_at >= self._agents.acd_at:
                    self._agents, self._booked_since = event, 0
            case m.Claimed():
                out += self._claimed(event)
            case m.ClaimFailed(at):
                self._claims.failed(at)
            case m.Adopted():
                out += self._adopt(event)
            case m.Recovered(_, attempts, answered, connected, abandoned):
                self._is_recovered = True
                self.counts = Counts(attempts, answered, connected, abandoned)
            case m.FinishRefused(at):
                self._claims.refused(at)
            case m.Tick():
                pass
            case _:
                call = self._calls.get(event.attempt_id)
                if call is not None:
                    out += self._about(call, event)
        out += self._expire(event.at)
        out += self._pace(event.at)
        return out

    @property
    def next_deadline(self) -> float | None:
        """When a Tick is needed if no event comes before, or ``None``."""
        times = [c.deadline for c in self._calls.values() if c.deadline is not None]
        if self._pace_at is not None:
            times.append(self._pace_at)
        return min(times, default=None)

    # -- what others may ask ---------------------------------------------------------------------

    @property
    def calls(self) -> Sequence[Call]:
        """The open attempts."""
        return tuple(self._calls.values())

    def call(self, attempt_id: str) -> Call | None:
        """Return one open attempt."""
        return self._calls.get(attempt_id)

    @property
    def lines(self) -> int:
        """Lines in use or about to be used."""
        used = sum(c.phase is not Phase.SETTLING for c in self._calls.values())
        return used + (self._claims.open_for or 0)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is under way that this process should see through before it ends."""
        return self._claims.open_for is None and all(
            c.phase in (Phase.HANDED_OVER, Phase.SETTLING) for c in self._calls.values()
        )

    @property
    def is_recovered(self) -> bool:
        """Whether what an earlier process left behind is known."""
        return self._is_recovered

    @property
    def is_empty(self) -> bool:
        """Whether no attempt and no reserved agent is left."""
        return not self._calls and not self._kept and self._claims.open_for is None

    # -- settings and control --------------------------------------------------------------------

    def _configure(self, spec: CampaignSpec) -> None:
        if spec.rate_cps is None or spec.mode is not CampaignMode.PROGRESSIVE:
            self._rate = None
        elif self._rate is None or self._rate.rate_cps != spec.rate_cps:
            self._rate = RateLimit(spec.rate_cps)
        self.spec = spec

    def _control(self, at: float, state: CampaignState) -> Iterator[Command]:
        started = state is CampaignState.RUNNING and self.state is not CampaignState.RUNNING
        self.state = state
        self._claims.is_finishing = False
        if started:
            self._claims.begin(at)
        if state is CampaignState.STOPPED:
            for call in self._calls.values():
                if call.phase in (Phase.PLACING, Phase.DIALING):
                    call.phase, call.is_cancelled = Phase.CANCELLING, True
                    call.deadline = at + LOOK_AGAIN_S
                    yield m.HangUp(call.attempt_id)

    # -- events about one attempt ----------------------------------------------------------------

    def _about(self, call: Call, event: Event) -> Iterator[Command]:
        match event:
            case m.AgentBooked(at, _, agent_id):
                yield from self._booked(call, at, agent_id)
            case m.BookingRefused(at):
                if call.phase is Phase.BOOKING:
                    self._book_at = at + _BOOK_AGAIN_S
                    yield from self._give_back(call, at)
            case m.Placed(at):
                self._placed(call, at)
            case m.NotPlaced(at, _, trunk_fault):
                if call.answered_at is None and not call.has_rung:
                    if trunk_fault:
                        self.breaker.failed(call.attempt_id, at)
                    else:
                        self._claims.ask_at = at + AGAIN_S
                    if call.is_placed:
                        self.counts.attempts -= 1
                    self._keep_agent(call)
                    yield from self._give_back(call, at)
            case m.Rang(at):
                self._placed(call, at)
                call.has_rung = True
                self.breaker.succeeded(at)
            case m.Answered(at):
                yield from self._answered(call, at)
            case m.HandedOver(at):
                if call.phase is Phase.ANSWERED and call.answered_at is not None:
                    call.phase = Phase.HANDED_OVER
                    limit_at = call.limit_at(self.spec.abandonment_limit_s)
                    call.deadline = None if call.is_taken else limit_at + TAKEN_GRACE_S
            case m.HandOverFailed(at):
                if call.phase is Phase.HANDED_OVER and not call.is_taken:
                    call.phase = Phase.ANSWERED  # moved to an application that is gone
                if call.phase is Phase.ANSWERED:
                    limit_at = call.limit_at(self.spec.abandonment_limit_s)
                    call.deadline = min(at + _RETRY_HAND_OVER_S, max(at, limit_at))
            case m.Bridged(at):
                if call.bridged_at is None:
                    call.bridged_at = at
                self._taken(call)
            case m.ForeignPlayback():
                call.has_foreign_playback = True
                self._taken(call)
            case m.OutcomeKnown():
                yield from self._outcome(call, event)
            case m.ChannelGone():
                yield from self._gone(call, event)

    def _booked(self, call: Call, at: float, agent_id: str) -> Iterator[Command]:
        if call.phase is not Phase.BOOKING:
            return
        call.agent_id = agent_id
        if call.instead_of is None:
            self._booked_since += 1
        if self._obstacle(at) is None:
            yield self._originate(call, at)
        else:
            yield m.Unbook(call.attempt_id)
            yield from self._give_back(call, at)

    def _placed(self, call: Call, at: float) -> None:
        if call.phase is Phase.PLACING:
            call.phase = Phase.DIALING
            call.deadline = at + self.spec.ring_timeout_s + OVERDUE_S
        if not call.is_placed:
            call.is_placed = True
            self.counts.attempts += 1

    def _answered(self, call: Call, at: float) -> Iterator[Command]:
        if call.answered_at is not None or call.phase not in RINGING_PHASES:
            return
        self._placed(call, at)
        self.breaker.succeeded(at)
        call.answered_at = at
        self.counts.answered += 1
        if call.phase is Phase.CANCELLING:
            # The answer crossed our hang-up: a live person who got nobody.
            call.phase = Phase.ABANDONING
            call.deadline = at + LOOK_AGAIN_S
        else:
            call.phase = Phase.ANSWERED
            call.deadline = call.limit_at(self.spec.abandonment_limit_s)
            yield m.HandOver(call.attempt_id, call.agent_id)
        yield m.NoteAnswer(call.attempt_id)

    def _taken(self, call: Call) -> None:
        if call.phase in (Phase.ANSWERED, Phase.HANDED_OVER):
            call.phase = Phase.HANDED_OVER
            call.deadline = None

    def _outcome(self, call: Call, event: m.OutcomeKnown) -> Iterator[Command]:
        if call.answered_at is None or call.outcome is D.CONNECTED:
            return
        if call.outcome is not None and event.disposition is not D.CONNECTED:
            return
        call.outcome, call.outcome_acd_at = event.disposition, event.acd_at
        if event.disposition is D.CONNECTED:
            call.agent_id = event.agent_id or call.agent_id
            self.counts.connected += 1
        self._taken(call)
        if call.phase is Phase.SETTLING:
            yield from self._close(call, event.at, event.disposition)

    def _gone(self, call: Call, event: m.ChannelGone) -> Iterator[Command]:
        if call.phase in UNPLACED_PHASES or call.phase is Phase.SETTLING:
            return
        call.gone = event
        if call.answered_at is None:
            self._placed(call, event.at)
            disposition = call.end_unanswered(event)
            if call.is_cancelled or event.known is not None:
                self.breaker.withdrawn(call.attempt_id)
            elif is_trunk_failure(disposition):
                self.breaker.failed(call.attempt_id, event.at)
            else:
                self.breaker.succeeded(event.at)
            self._keep_agent(call)
            yield from self._close(call, event.at, disposition)
        elif call.outcome is not None:
            yield from self._close(call, event.at, call.outcome)
        elif call.phase is Phase.ABANDONING:
            self._keep_agent(call)
            yield from self._close(call, event.at, D.ABANDONED)
        elif call.phase is Phase.ANSWERED and not call.is_taken and event.known is None:
            self._keep_agent(call)
            yield from self._close(call, event.at, D.HUNG_UP_EARLY)
        else:
            call.phase = Phase.SETTLING
            has_bus = Part.BUS not in self._missing
            call.settle_by = event.at + (_SETTLE_S if has_bus else _SETTLE_WITHOUT_BUS_S)
            call.deadline = event.at + ASK_OUTCOME_S

    def _adopt(self, event: m.Adopted) -> Iterator[Command]:
        if event.attempt_id in self._calls:
            return
        call = adopted(event, self.spec)
        self._calls[call.attempt_id] = call
        if call.phase is Phase.ANSWERED and call.deadline is not None and event.at < call.deadline:
            yield m.HandOver(call.attempt_id, call.agent_id)

    # -- ends ------------------------------------------------------------------------------------

    def _give_back(self, call: Call, at: float) -> Iterator[Command]:
        self.breaker.withdrawn(call.attempt_id)
        del self._calls[call.attempt_id]
        self._claims.lead_given_back(at)
        yield m.GiveBack(call.attempt_id)

    def _close(self, call: Call, at: float, disposition: D) -> Iterator[Command]:
        del self._calls[call.attempt_id]
        self._claims.lead_ended(at)
        if disposition is D.CONNECTED and call.outcome is None:
            self.counts.connected += 1
        if disposition is D.ABANDONED:
            self.counts.abandoned += 1
        gone = call.gone
        yield m.Close(
            call.attempt_id,
            disposition,
            gone.cause if gone else 0,
            gone.tech_cause if gone else 0,
            call.agent_id if disposition is D.CONNECTED else None,
        )

    def _keep_agent(self, call: Call) -> None:
        """An agent whose customer did not come is kept for the next lead, or freed by _pace."""
        if call.agent_id is not None:
            self._kept[call.attempt_id] = call.agent_id
            call.agent_id = None

    def _expire(self, at: float) -> Iterator[Command]:
        for call in list(self._calls.values()):
            if call.deadline is None or at < call.deadline:
                continue
            if call.phase is Phase.SETTLING and at >= call.settle_by:
                yield from self._close(call, at, call.presumed())
            else:
                yield from call.expire(at, self.spec.abandonment_limit_s)

    # -- pacing ----------------------------------------------------------------------------------

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

    def _originate(self, call: Call, at: float) -> Command:
        call.phase = Phase.PLACING
        call.deadline = at + self.spec.ring_timeout_s + 2 * OVERDUE_S
        self.breaker.started(call.attempt_id)
        if self._rate is not None:
            self._rate.spend(1, at)
        return m.Originate(call.attempt_id)

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
