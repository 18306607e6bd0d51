"""The dialer's facts, made from rows. Ids are made from the attempt: told twice is told once."""

from __future__ import annotations

from datetime import datetime

from ringway.dialer.attempt_store import End
from ringway.dialer.mode_store import Skipped
from ringway.dialer.model import Attempt
from ringway.proto.dialer import (
    AttemptAnsweredV1,
    AttemptEndedV1,
    AttemptStartedV1,
    CampaignState,
    CampaignStateChangedV1,
)
from ringway.proto.dialer_preview import PreviewSkippedV1
from ringway.runtime.clock import utcnow


def started(attempt: Attempt, placed_at: datetime) -> AttemptStartedV1:
    """Asterisk has the call."""
    return AttemptStartedV1(
        message_id=f"{attempt.attempt_id}-started",
        occurred_at=placed_at,
        tenant=attempt.tenant,
        attempt_id=str(attempt.attempt_id),
        interaction_id=str(attempt.interaction_id),
        campaign_id=attempt.campaign_id,
        lead_id=attempt.lead_id,
        attempt_no=attempt.attempt_no,
        phone_e164=attempt.phone_e164,
        caller_id=attempt.caller_id,
        mode=attempt.mode,
        node=attempt.node,
        channel_id=attempt.channel_id,
    )


def answered(attempt: Attempt, answered_at: datetime) -> AttemptAnsweredV1:
    """The far end answered."""
    return AttemptAnsweredV1(
        message_id=f"{attempt.attempt_id}-answered",
        occurred_at=answered_at,
        tenant=attempt.tenant,
        attempt_id=str(attempt.attempt_id),
        interaction_id=str(attempt.interaction_id),
        campaign_id=attempt.campaign_id,
        lead_id=attempt.lead_id,
        phone_e164=attempt.phone_e164,
        answered_at=answered_at,
    )


def ended(
    attempt: Attempt, how: End, placed_at: datetime, answered_at: datetime | None
) -> AttemptEndedV1:
    """The attempt is over."""
    return AttemptEndedV1(
        message_id=f"{attempt.attempt_id}-ended",
        occurred_at=how.ended_at,
        tenant=attempt.tenant,
        attempt_id=str(attempt.attempt_id),
        interaction_id=str(attempt.interaction_id),
        campaign_id=attempt.campaign_id,
        lead_id=attempt.lead_id,
        attempt_no=attempt.attempt_no,
        phone_e164=attempt.phone_e164,
        caller_id=attempt.caller_id,
        disposition=how.disposition,
        cause_q850=how.cause_q850,
        tech_cause=how.tech_cause,
        started_at=placed_at,
        answered_at=answered_at,
        ended_at=how.ended_at,
        agent_id=how.agent_id,
        trunk_id=attempt.trunk_id,
        answerer=how.answerer,
        answerer_reason=how.answerer_reason,
        detected_after_ms=how.detected_after_ms,
        message_left=how.message_left,
        script_answer=how.script_answer,
        number_state=how.number_state,
        number_state_reason=how.number_state_reason,
    )


def skipped(attempt: Attempt, how: Skipped) -> PreviewSkippedV1:
    """An agent did not want the lead that he was shown."""
    return PreviewSkippedV1(
        message_id=f"{attempt.attempt_id}-skipped",
        occurred_at=how.skipped_at,
        tenant=attempt.tenant,
        attempt_id=str(attempt.attempt_id),
        campaign_id=attempt.campaign_id,
        lead_id=attempt.lead_id,
        agent_id=how.agent_id,
        reason=how.reason,
        delay_s=max(0.0, (how.due_at - how.skipped_at).total_seconds()),
        due_at=how.due_at,
    )


def state_changed(
    tenant: str, campaign_id: str, previous: CampaignState, state: CampaignState, reason: str = ""
) -> CampaignStateChangedV1:
    """A campaign's state is another one."""
    return CampaignStateChangedV1(
        occurred_at=utcnow(),
        tenant=tenant,
        campaign_id=campaign_id,
        previous=previous,
        state=state,
        reason=reason,
    )
