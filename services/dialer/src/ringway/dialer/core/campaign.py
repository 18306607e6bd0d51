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

from ringway.dialer.core import messages as m
from ringway.dialer.core.attempts import Counts
from ringway.dialer.core.call import LOOK_AGAIN_S, Call
from ringway.dialer.core.dialing import Dialing
from ringway.dialer.core.messages import Command, Event, Phase
from ringway.dialer.core.pacing import RateLimit
from ringway.proto.dialer import CampaignMode, CampaignSpec, CampaignState

__all__ = ["Campaign", "Counts"]


class Campaign(Dialing):
    """Decide for one campaign; see the module's docstring.

    Args:
        spec: The campaign's settings.
        state: The campaign's state when the runner starts.
    """

    def __init__(self, spec: CampaignSpec, state: CampaignState = CampaignState.DRAFT) -> None:
        super().__init__(spec, state)
        self._configure(spec)

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
