"""One attempt inside a running campaign: what is known of it and what its end means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ringway.dialer.core import messages as m
from ringway.dialer.core.messages import ChannelGone, Phase
from ringway.dialer.core.outcome import ChannelEnd, announced, unanswered
from ringway.proto.dialer import AttemptDisposition as D
from ringway.proto.dialer import CampaignSpec
from ringway.proto.dialer_spec import NumberState

OVERDUE_S = 5.0  # beyond the ring time-out, before a missing end is looked for
LOOK_AGAIN_S = 5.0
TAKEN_GRACE_S = 1.5  # beyond the abandonment limit, for an ACD that took the call and does not act
ASK_OUTCOME_S = 1.0
_MESSAGE_LIMIT_S = 30.0

# The channel exists, or may exist any moment, and nobody has answered yet.
RINGING_PHASES = frozenset({Phase.PLACING, Phase.DIALING, Phase.CANCELLING})
# Nothing was asked of Asterisk yet.
UNPLACED_PHASES = frozenset({Phase.CLAIMED, Phase.BOOKING, Phase.PREVIEWING})
# Somebody is about to be reserved, or the call to be placed, without anybody having to act.
HURRYING_PHASES = frozenset({Phase.CLAIMED, Phase.BOOKING})


@dataclass(slots=True)
class Call:
    """One open attempt. Times are seconds on the event loop's clock."""

    attempt_id: str
    lead_id: str
    attempt_no: int
    phase: Phase = Phase.CLAIMED
    agent_id: str | None = None  # reserved for this attempt
    wanted_agent_id: str | None = None  # nobody else may be
    ask_id: str | None = None  # who asked for this lead is to be told
    booked_at: float = 0.0
    is_accepted: bool = False  # previewing is over; the rate limit is waited for
    instead_of: str | None = None  # whose agent this attempt is taking over
    deadline: float | None = None
    is_placed: bool = False
    has_rung: bool = False
    rang_at: float | None = None
    is_given_up: bool = False  # callers took the agents that it was dialed for
    is_heard_early: bool = False  # what comes before the answer is listened to
    announced: NumberState | None = None  # and said so
    is_cancelled: bool = False
    is_overdue: bool = False
    dialed_at: float | None = None
    detecting_since: float | None = None  # the first seconds are being listened to
    answered_at: float | None = None
    live_since: float | None = None  # known to be a person; None: since the answer
    is_live_told: bool = False  # pacing knows how the person's waiting ended
    bridged_at: float | None = None
    has_foreign_playback: bool = False
    outcome: D | None = None
    outcome_acd_at: float = 0.0
    gone: ChannelGone | None = None
    settle_by: float = 0.0

    @property
    def is_taken(self) -> bool:
        """Whether the ACD is seen to care for the customer, by fact or by what Asterisk shows."""
        return self.outcome is not None or self.bridged_at is not None or self.has_foreign_playback

    def limit_at(self, abandonment_limit_s: float) -> float:
        """Return until when the answered customer must have an agent."""
        since = self.answered_at if self.live_since is None else self.live_since
        assert since is not None
        return since + abandonment_limit_s

    def expire(self, at: float, abandonment_limit_s: float) -> Sequence[m.Command]:
        """Do what is due because the deadline passed, and set the next one."""
        attempt_id = self.attempt_id
        match self.phase:
            case Phase.ANSWERED if at < self.limit_at(abandonment_limit_s):
                self.deadline = self.limit_at(abandonment_limit_s)
                return [m.HandOver(attempt_id, self.agent_id)]
            case Phase.ANSWERED | Phase.HANDED_OVER:
                self.phase = Phase.ABANDONING
                self.deadline = at + _MESSAGE_LIMIT_S
                return [m.PlayAbandon(attempt_id)]
            case Phase.ABANDONING | Phase.ENDING | Phase.LEAVING | Phase.SCRIPT:
                self.deadline = at + LOOK_AGAIN_S
                return [m.HangUp(attempt_id), m.LookUp(attempt_id)]
            case Phase.PLACING | Phase.DIALING | Phase.CANCELLING:
                # It should be over by now: its end was lost, or the time-out was not kept.
                self.is_overdue = True
                self.deadline = at + LOOK_AGAIN_S
                return [m.HangUp(attempt_id), m.LookUp(attempt_id)]
            case Phase.SETTLING:
                self.deadline = at + ASK_OUTCOME_S
                return [m.AskOutcome(attempt_id)]
            case _:
                self.deadline = None
                return []

    def rang_s(self, at: float) -> float:
        """For how long the phone has rung for certain: from the dial where no ringing was told."""
        since = self.dialed_at if self.rang_at is None else self.rang_at
        return 0.0 if since is None else at - since

    def has_its_agent(self, presence_at: float) -> bool:
        """Whether the agent who was promised is reserved, and presence counts him as such."""
        is_booked = self.wanted_agent_id is not None and self.agent_id is not None
        return is_booked and presence_at >= self.booked_at + 1.5

    def needs_agent(self, presence_at: float, presence_acd_at: float) -> bool:
        """Whether this call still competes for the agents that the last presence calls ready.

        A connected call counts until a presence that was made after the connection arrived:
        before that, the agent it took may still be among the ready ones.

        Args:
            presence_at: When the last presence arrived (event loop's clock).
            presence_acd_at: When the ACD made it (the ACD's clock).
        """
        if self.phase in (
            Phase.PREVIEWING,
            Phase.SCRIPT,
            Phase.LEAVING,
            Phase.ENDING,
            Phase.ABANDONING,
            Phase.CANCELLING,
            Phase.SETTLING,
        ):
            return False
        if self.outcome is D.CONNECTED:
            return presence_acd_at < self.outcome_acd_at
        if self.outcome is not None:
            return False
        if self.bridged_at is not None:
            return presence_at < self.bridged_at + 1.5
        return True

    def end_unanswered(self, gone: ChannelGone) -> D:
        """Return what the end of this never answered call means."""
        if self.announced is not None:
            return announced(self.announced)
        if self.is_cancelled:
            return D.CANCELLED
        if self.is_given_up:
            return D.NO_ANSWER  # it was let ring as long as the law wants, and is retried as such
        if gone.known is not None:
            return gone.known
        if self.is_overdue:
            return D.NO_ANSWER
        return unanswered(
            ChannelEnd(
                cause=gone.cause,
                tech_cause=gone.tech_cause,
                progressed=self.has_rung,
                hangup_requested=gone.hangup_requested,
                cancelled=False,
            )
        )

    def presumed(self) -> D:
        """Return the disposition of an answered call whose outcome the ACD never told."""
        if self.outcome is not None:
            return self.outcome
        if self.bridged_at is not None:
            return D.CONNECTED
        if self.has_foreign_playback:
            return D.ABANDONED
        if self.gone is not None and self.gone.known is not None:
            return D.LOST
        return D.HUNG_UP_EARLY


def adopted(event: m.Adopted, spec: CampaignSpec) -> Call:
    """Return the attempt of an earlier process where it is now."""
    call = Call(event.attempt_id, event.lead_id, event.attempt_no, agent_id=event.agent_id)
    call.is_placed = True
    if event.answered_for_s is None:
        call.phase = Phase.DIALING
        call.deadline = event.at + spec.ring_timeout_s + OVERDUE_S
        return call
    call.answered_at = event.at - event.answered_for_s
    call.outcome = event.outcome
    if event.in_bridge:
        call.bridged_at = event.at
    limit_at = call.limit_at(spec.abandonment_limit_s)
    if event.was_handed_over or call.is_taken:
        call.phase = Phase.HANDED_OVER
        call.deadline = None if call.is_taken else max(event.at, limit_at) + TAKEN_GRACE_S
    else:
        # Answered while nobody watched: within the limit it is a normal call, else abandoned.
        call.phase, call.deadline = Phase.ANSWERED, limit_at
    return call
