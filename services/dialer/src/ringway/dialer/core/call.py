"""One attempt inside a running campaign: what is known of it and what its end means."""

from __future__ import annotations

from dataclasses import dataclass

from ringway.dialer.core.messages import ChannelGone, Phase
from ringway.dialer.core.outcome import ChannelEnd, unanswered
from ringway.proto.dialer import AttemptDisposition as D

# The channel exists, or may exist any moment, and nobody has answered yet.
RINGING_PHASES = frozenset({Phase.PLACING, Phase.DIALING, Phase.CANCELLING})
# Nothing was asked of Asterisk yet.
UNPLACED_PHASES = frozenset({Phase.CLAIMED, Phase.BOOKING})


@dataclass(slots=True)
class Call:
    """One open attempt. Times are seconds on the event loop's clock."""

    attempt_id: str
    lead_id: str
    attempt_no: int
    phase: Phase = Phase.CLAIMED
    agent_id: str | None = None  # reserved for this attempt (precise)
    instead_of: str | None = None  # whose agent this attempt is taking over
    deadline: float | None = None
    is_placed: bool = False
    has_rung: bool = False
    is_cancelled: bool = False
    is_overdue: bool = False
    answered_at: float | None = None
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

    def needs_agent(self, presence_at: float, presence_acd_at: float) -> bool:
        """Whether this call still competes for the agents that the last presence calls ready.

        A connected call counts until a presence that was made after the connection arrived:
        before that, the agent it took may still be among the ready ones.

        Args:
            presence_at: When the last presence arrived (event loop's clock).
            presence_acd_at: When the ACD made it (the ACD's clock).
        """
        if self.phase in (Phase.ABANDONING, Phase.CANCELLING, Phase.SETTLING):
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
        if self.is_cancelled:
            return D.CANCELLED
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
