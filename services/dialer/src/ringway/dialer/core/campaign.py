"""One running campaign as a pure state machine.

Rule 1: no IO and no clock here. Time enters as ``at`` on every event.
Rule 2: everything that decides which call starts, who gets it and what its end means is in
``core/``; the runner only carries out commands and reports.
Rule 3: late and repeated events are normal: one about an attempt that is not open is ignored.

The life of an attempt: claimed, (booking, previewing,) placing, dialing, answered, handed over,
closed. Every claimed attempt ends in exactly one of: GiveBack or Skip (it never left us), Close.

The campaign is built in layers: ``attempts`` (what happens to each call), ``previewing`` (leads
that agents look at first), ``dialing`` (when and how many), and here the events and questions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ringway.dialer.core import messages as m
from ringway.dialer.core.attempts import Counts
from ringway.dialer.core.call import LOOK_AGAIN_S, Call
from ringway.dialer.core.dialing import Dialing
from ringway.dialer.core.law.hours import Hours
from ringway.dialer.core.messages import Command, Event, Phase
from ringway.dialer.core.pacing import Pacer, RateLimit
from ringway.dialer.core.picture import Day
from ringway.proto.dialer import CampaignMode, CampaignSpec, CampaignState

__all__ = ["Campaign", "Counts"]


class Campaign(Dialing):
    """Decide for one campaign; see the module's docstring.

    Args:
        spec: The campaign's settings.
        state: The campaign's state when the runner starts.
        make_pacer: Makes who decides in predictive mode, a PredictivePacer.
    """

    def __init__(
        self,
        spec: CampaignSpec,
        state: CampaignState = CampaignState.DRAFT,
        make_pacer: Callable[[], Any] = Pacer,
    ) -> None:
        super().__init__(spec, state, make_pacer)
        self._configure(spec)

    # -- the two calls of the runner -------------------------------------------------------------

    def handle(self, event: Event) -> Sequence[Command]:
        """Advance by one event; return commands, to be begun in this order."""
        out: list[Command] = []
        match event:
            case m.Configured(_, spec):
                self._configure(spec)
                if not spec.mode.books_agents or spec.mode is CampaignMode.PRECISE:
                    out += self._withdraw_all(event.at)
            case m.Controlled(at, state):
                out += self._control(at, state)
            case m.Draining(at):
                self._is_draining = True
                out += self._withdraw_all(at)
            case m.PartChanged(_, part, is_up):
                (self._missing.discard if is_up else self._missing.add)(part)
            case m.AgentsSeen():
                out += self._agents_seen(event)
            case m.ClockRead(at, unix_s):
                self._clock_read(at, unix_s)
            case m.LeadsCounted(_, left):
                self._leads_left = left
            case m.Claimed():
                out += self._claimed(event)
            case m.ClaimFailed(at):
                self._claims.failed(at)
            case m.Adopted():
                out += self._adopt(event)
            case m.LeadAsked():
                out += self._asked(event)
            case m.LeadTaken():
                out += self._lead_taken(event)
            case m.PreviewAccepted():
                out += self._accepted(event)
            case m.PreviewSkipped():
                out += self._skipped(event)
            case m.Recovered(_, attempts, answered, connected, abandoned):
                self._is_recovered = True
                self.counts = Counts(attempts, answered, connected, abandoned)
                self.picture.today = Day(*event.today)
                self._learned = event.learned
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
    def is_quiet(self) -> bool:
        """Whether nothing is under way that this process should see through before it ends."""
        return (
            self._claims.open_for is None
            and not self._asks
            and all(c.phase in (Phase.HANDED_OVER, Phase.SETTLING) for c in self._calls.values())
        )

    @property
    def is_recovered(self) -> bool:
        """Whether what an earlier process left behind is known."""
        return self._is_recovered

    @property
    def is_empty(self) -> bool:
        """Whether no attempt and no reserved agent is left."""
        return not (self._calls or self._kept or self._asks) and self._claims.open_for is None

    # -- settings and control --------------------------------------------------------------------

    def _configure(self, spec: CampaignSpec) -> None:
        if spec.schedule != self.spec.schedule:
            self._hours = Hours(spec.schedule)
        if spec.rate_cps is None:
            self._rate = None
        elif self._rate is None or self._rate.rate_cps != spec.rate_cps:
            self._rate = RateLimit(spec.rate_cps)
        self.spec = spec

    def _agents_seen(self, event: m.AgentsSeen) -> Iterator[Command]:
        known = self._agents
        if known is not None and event.acd_at < known.acd_at:
            return
        if known is None or event.acd_at > known.acd_at:
            self._booked_since = 0
        self._agents = event
        self.picture.agents_seen(event)
        yield from self._check_previews(event)

    def _clock_read(self, at: float, unix_s: float) -> None:
        if self._ahead_s is None:
            self.picture.set_clock(unix_s - at)
        self._ahead_s = unix_s - at
        self.picture.begin_day(unix_s, self.spec.schedule.zone)

    def _control(self, at: float, state: CampaignState) -> Iterator[Command]:
        started = state is CampaignState.RUNNING and self.state is not CampaignState.RUNNING
        self.state = state
        self._claims.is_finishing = False
        if started:
            self._claims.begin(at)
        if state is not CampaignState.RUNNING:
            yield from self._withdraw_all(at)
        if state is CampaignState.STOPPED:
            for call in self._calls.values():
                if call.phase in (Phase.PLACING, Phase.DIALING):
                    call.phase, call.is_cancelled = Phase.CANCELLING, True
                    call.deadline = at + LOOK_AGAIN_S
                    yield m.HangUp(call.attempt_id)
