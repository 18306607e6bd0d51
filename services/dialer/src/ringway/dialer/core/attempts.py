"""The attempts of a running campaign: what happens to each, from the claim to the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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
from ringway.dialer.core.listening.amd import Answerer
from ringway.dialer.core.messages import Command, Event, Part, Phase
from ringway.dialer.core.outcome import announced, is_trunk_failure
from ringway.dialer.core.pacing import RateLimit
from ringway.dialer.core.picture import Picture
from ringway.proto.dialer import AttemptDisposition as D
from ringway.proto.dialer import CampaignMode, CampaignSpec, CampaignState
from ringway.proto.dialer_spec import NumberState, OnMachine

_RETRY_HAND_OVER_S = 0.25
_SETTLE_S = 10.0
_SETTLE_WITHOUT_BUS_S = 60.0
_BOOK_AGAIN_S = 0.5
_LISTEN_GRACE_S = 1.0  # beyond the time in which it should be known who answered
_MESSAGE_S = 120.0  # a machine's greeting and our message
_SCRIPT_S = 1800.0
# Answered, and nobody but us has to do with it.
_OURS_PHASES = frozenset({Phase.ANSWERED, Phase.DETECTING, Phase.SCRIPT})


@dataclass(slots=True)
class Counts:
    """Figures since the campaign was made."""

    attempts: int = 0
    answered: int = 0
    connected: int = 0
    abandoned: int = 0


class Attempts:
    """The layer of a campaign that knows its open attempts."""

    def __init__(self, spec: CampaignSpec, state: CampaignState) -> None:
        self.spec = spec
        self.state = state
        self.counts = Counts()
        self.breaker = TrunkBreaker()
        self.picture = Picture()
        self._calls: dict[str, Call] = {}
        self._kept: dict[str, str] = {}  # ended attempt -> agent still reserved
        self._missing: set[Part] = set()
        self._claims = Claims()
        self._rate: RateLimit | None = None
        self._book_at = 0.0
        self._booked_since = 0  # agents reserved for us since the last presence

    # -- events about one attempt ----------------------------------------------------------------

    def _about(self, call: Call, event: Event) -> Iterator[Command]:
        match event:
            case m.AgentBooked(at, _, agent_id):
                yield from self._booked(call, at, agent_id)
            case m.BookingRefused(at):
                if call.phase is Phase.BOOKING:
                    if call.wanted_agent_id is None:
                        self._book_at = at + _BOOK_AGAIN_S
                    if call.ask_id is not None:
                        yield m.Told(call.ask_id, m.Refusal.NOT_READY)
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
                        self.picture.today.dialed -= 1
                    self._keep_agent(call)
                    yield from self._give_back(call, at)
            case m.Rang(at):
                self._placed(call, at)
                call.has_rung = True
                call.rang_at = at if call.rang_at is None else call.rang_at
                self.breaker.succeeded(at)
            case m.EarlyMedia():
                if self.spec.listens_early and self._may_listen_early(call):
                    call.is_heard_early = True
                    yield m.ListenEarly(call.attempt_id)
            case m.Announced(at, _, state):
                yield from self._announced(call, at, state)
            case m.Answered(at):
                yield from self._answered(call, at)
            case m.Detected(at):
                yield from self._detected(call, at, event)
            case m.ScriptHeard(at, _, wants_agent):
                yield from self._script_heard(call, at, wants_agent=wants_agent)
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
                    self.picture.live_ended(call, at, connected=True)
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
        call.agent_id, call.booked_at = agent_id, at
        if call.instead_of is None:
            self._booked_since += 1
        obstacle = self._obstacle(at)
        if obstacle is None and self._is_shown_first(call):
            yield from self._show(call, at)
        elif obstacle is None:
            yield self._originate(call, at)
        else:
            if call.ask_id is not None:
                yield m.Told(call.ask_id, m.Refusal.NOT_DIALING, text=obstacle)
            yield m.Unbook(call.attempt_id)
            yield from self._give_back(call, at)

    def _placed(self, call: Call, at: float) -> None:
        if call.phase is Phase.PLACING:
            call.phase = Phase.DIALING
            call.deadline = at + self.spec.ring_timeout_s + OVERDUE_S
        if not call.is_placed:
            call.is_placed, call.dialed_at = True, at
            self.counts.attempts += 1
            self.picture.today.dialed += 1

    @staticmethod
    def _may_listen_early(call: Call) -> bool:
        is_ringing = call.phase in (Phase.PLACING, Phase.DIALING)
        return is_ringing and call.answered_at is None and not call.is_heard_early

    def _announced(self, call: Call, at: float, state: NumberState) -> Iterator[Command]:
        """The network said what the number is: waiting longer tells nothing more."""
        if call.answered_at is not None or call.phase not in (Phase.PLACING, Phase.DIALING):
            return
        call.announced = state
        if self.spec.early_media.hangs_up:
            call.phase, call.deadline = Phase.ENDING, at + LOOK_AGAIN_S
            yield m.HangUp(call.attempt_id)

    def _answered(self, call: Call, at: float) -> Iterator[Command]:
        if call.answered_at is None and call.phase is Phase.ENDING and call.announced is not None:
            # Answered while we hung up: some networks do, to be paid for the announcement.
            call.answered_at, call.outcome = at, announced(call.announced)
            self.counts.answered += 1
            self.picture.heard(call, at, human=False)
            yield m.NoteAnswer(call.attempt_id)
            return
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
            yield from self._greet(call, at)
        yield m.NoteAnswer(call.attempt_id)

    # -- who answered ----------------------------------------------------------------------------

    def _greet(self, call: Call, at: float) -> Iterator[Command]:
        """Begin with whoever answered."""
        if self.spec.mode is CampaignMode.SCREENING:
            yield from self._end_as(call, at, D.SERVED)
        elif self.spec.amd.enabled:
            call.phase, call.detecting_since = Phase.DETECTING, at
            call.deadline = at + self.spec.amd.decide_within_ms / 1000 + _LISTEN_GRACE_S
            yield m.Listen(call.attempt_id)
        else:
            yield from self._is_live(call, at, at)

    def _detected(self, call: Call, at: float, event: m.Detected) -> Iterator[Command]:
        """Act on who answered. Who says nothing may be a person: nobody is hung up on for it."""
        if call.phase is not Phase.DETECTING:
            return
        call.detecting_since = None
        amd = self.spec.amd
        is_machine = event.answerer is Answerer.MACHINE and amd.on_machine is not OnMachine.CONNECT
        if event.answerer is Answerer.NOBODY:
            self.picture.heard(call, at, human=False)
            yield from self._end_as(call, at, D.INVALID_NUMBER)
        elif event.answerer is Answerer.FAX or is_machine:
            self.picture.heard(call, at, human=False)
            yield from self._is_machine(call, at, event.answerer)
        else:
            # The limit begins when the greeting ends, where that is known.
            until = event.spoke_until
            yield from self._is_live(call, at, at if until is None else min(at, until))

    def _is_machine(self, call: Call, at: float, answerer: Answerer) -> Iterator[Command]:
        wanted = self.spec.amd.on_machine if answerer is Answerer.MACHINE else OnMachine.HANG_UP
        if wanted is OnMachine.MESSAGE:
            self._keep_agent(call)
            call.phase, call.outcome = Phase.LEAVING, D.MACHINE
            call.deadline = at + _MESSAGE_S
            yield m.LeaveMessage(call.attempt_id)
        elif wanted is OnMachine.SCRIPT and self.spec.script is not None:
            self._keep_agent(call)
            call.phase, call.outcome = Phase.SCRIPT, D.MACHINE
            call.deadline = at + _SCRIPT_S
            yield m.RunScript(call.attempt_id)
        else:
            yield from self._end_as(call, at, D.MACHINE)

    def _is_live(self, call: Call, at: float, since: float) -> Iterator[Command]:
        call.live_since = since
        self.picture.heard(call, at, human=True)
        if self.spec.mode is CampaignMode.IVR:
            call.phase, call.deadline = Phase.SCRIPT, at + _SCRIPT_S
            yield m.RunScript(call.attempt_id)
        else:
            call.phase = Phase.ANSWERED
            call.deadline = call.limit_at(self.spec.abandonment_limit_s)
            yield m.HandOver(call.attempt_id, call.agent_id)

    def _script_heard(self, call: Call, at: float, *, wants_agent: bool) -> Iterator[Command]:
        if call.phase is not Phase.SCRIPT or call.outcome is not None:
            return
        if wants_agent:
            call.phase, call.live_since, call.is_live_told = Phase.ANSWERED, at, False
            call.deadline = call.limit_at(self.spec.abandonment_limit_s)
            yield m.HandOver(call.attempt_id, None)
        else:
            call.outcome = D.SERVED

    def _end_as(self, call: Call, at: float, disposition: D) -> Iterator[Command]:
        """End an answered call that is nobody's, or has served."""
        call.phase, call.outcome = Phase.ENDING, disposition
        call.deadline = at + LOOK_AGAIN_S
        yield m.HangUp(call.attempt_id)

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
        self.picture.live_ended(call, event.at, connected=event.disposition is D.CONNECTED)
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
            if not call.is_given_up:  # whether he would have answered is not known
                self.picture.ended(call, event.at, disposition)
            self._keep_agent(call)
            yield from self._close(call, event.at, disposition)
        elif call.outcome is not None:
            if call.phase is Phase.ENDING:
                self._keep_agent(call)
            yield from self._close(call, event.at, call.outcome)
        elif call.phase is Phase.ABANDONING:
            self._keep_agent(call)
            yield from self._close(call, event.at, D.ABANDONED)
        elif call.phase in _OURS_PHASES and not call.is_taken and event.known is None:
            if call.phase is Phase.DETECTING:
                self.picture.heard(call, event.at, human=True)
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
        if call.phase is not Phase.ANSWERED or call.deadline is None:
            return
        if self.spec.mode is CampaignMode.SCREENING:
            yield from self._end_as(call, event.at, D.SERVED)
        elif self.spec.mode is CampaignMode.IVR:
            yield from self._is_live(call, event.at, event.at)
        elif event.at < call.deadline:
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
            self.picture.today.abandoned += 1
        self.picture.live_ended(call, at, connected=disposition is D.CONNECTED)
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
            elif call.phase is Phase.PREVIEWING:
                yield from self._preview_due(call, at)
            elif call.phase is Phase.DETECTING:
                # Nothing was heard: whoever it is, he is not let wait.
                unsure = m.Detected(at, call.attempt_id, Answerer.UNSURE)
                yield from self._detected(call, at, unsure)
            else:
                yield from call.expire(at, self.spec.abandonment_limit_s)

    def _originate(self, call: Call, at: float) -> Command:
        call.phase = Phase.PLACING
        call.deadline = at + self.spec.ring_timeout_s + 2 * OVERDUE_S
        self.breaker.started(call.attempt_id)
        if self._rate is not None:
            self._rate.spend(1, at)
        return m.Originate(call.attempt_id)

    # -- the other layers ------------------------------------------------------------------------

    def _obstacle(self, at: float) -> str | None:
        """Why no call may start now, or ``None``."""
        raise NotImplementedError

    def _is_shown_first(self, call: Call) -> bool:
        """Whether the reserved agent looks at the lead before it is dialed."""
        raise NotImplementedError

    def _show(self, call: Call, at: float) -> Iterator[Command]:
        """Show the lead to the reserved agent."""
        raise NotImplementedError

    def _preview_due(self, call: Call, at: float) -> Iterator[Command]:
        """The agent's time is up, or the rate allows the call that he wanted."""
        raise NotImplementedError
