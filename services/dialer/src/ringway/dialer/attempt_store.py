"""Attempts in PostgreSQL: from placed to ended. The caller owns the transaction.

Every function tells whether it changed anything, so that a repeat announces nothing twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from ringway.dialer import number_store
from ringway.dialer.core.retry import Closed, DialAgain
from ringway.dialer.model import Attempt
from ringway.proto.dialer import AttemptDisposition, CampaignMode
from ringway.runtime.postgres import Connection

_FIELDS = """
    tenant_id, attempt_id, interaction_id, campaign_id, list_id, lead_id, attempt_no, phone_e164,
    caller_id, mode, trunk_id, node, claimed_at, reserved_agent_id, placed_at, answered_at,
    outcome, agent_id
"""
_OPEN_OF_CAMPAIGN = f"""
    SELECT {_FIELDS} FROM dialer.attempt
     WHERE tenant_id = $1 AND campaign_id = $2 AND ended_at IS NULL ORDER BY attempt_id
"""  # noqa: S608 - a constant
_PLACED = """
    UPDATE dialer.attempt SET placed_at = $3, reserved_agent_id = $4, caller_id = $5
     WHERE tenant_id = $1 AND attempt_id = $2 AND placed_at IS NULL AND ended_at IS NULL
"""
_ANSWERED = """
    UPDATE dialer.attempt SET answered_at = $3
     WHERE tenant_id = $1 AND attempt_id = $2 AND answered_at IS NULL AND ended_at IS NULL
"""
# Connected is the last word: it is not taken back by a late abandonment.
_OUTCOME = """
    UPDATE dialer.attempt SET outcome = $3, agent_id = coalesce($4, agent_id)
     WHERE tenant_id = $1 AND attempt_id = $2 AND ended_at IS NULL
       AND (outcome IS NULL OR ($3 = 'connected' AND outcome <> 'connected'))
"""
_OUTCOME_OF = """
    SELECT outcome, agent_id FROM dialer.attempt
     WHERE tenant_id = $1 AND attempt_id = $2 AND outcome IS NOT NULL
"""
_ENDED = """
    UPDATE dialer.attempt
       SET ended_at = $3, disposition = $4, cause_q850 = $5, tech_cause = $6, agent_id = $7,
           answerer = $8, answerer_reason = $9, detected_after_ms = $10, message_left = $11,
           script_answer = $12, number_state = $13, number_state_reason = $14
     WHERE tenant_id = $1 AND attempt_id = $2 AND ended_at IS NULL
    RETURNING lead_id, phone_e164
"""
_LEAD_DONE = """
    UPDATE dialer.lead
       SET open_attempt_id = NULL, last_disposition = $4, last_attempt_at = $5,
           next_attempt_at = coalesce($6, next_attempt_at), closed_reason = $7
     WHERE tenant_id = $1 AND lead_id = $2 AND open_attempt_id = $3
    RETURNING numbers > 1
"""
_LEAD_DUE = """
    UPDATE dialer.lead SET next_attempt_at = coalesce($3, next_attempt_at), closed_reason = $4
     WHERE tenant_id = $1 AND lead_id = $2
"""
_REMOVE = """
    DELETE FROM dialer.attempt
     WHERE tenant_id = $1 AND attempt_id = $2 AND ended_at IS NULL AND placed_at IS NULL
    RETURNING lead_id
"""
_LEAD_BACK = """
    UPDATE dialer.lead SET open_attempt_id = NULL, attempts = attempts - 1
     WHERE tenant_id = $1 AND lead_id = $2 AND open_attempt_id = $3
"""


@dataclass(frozen=True, slots=True)
class End:
    """How an attempt ended; Q.850 and SIP numbers are 0 when there were none.

    ``answerer`` is who answered by the first seconds of audio, None: nobody listened.
    ``number_state`` is what the network said before the answer, None: nothing was recognised.
    """

    ended_at: datetime
    disposition: AttemptDisposition
    cause_q850: int
    tech_cause: int
    agent_id: str | None
    answerer: str | None = None
    answerer_reason: str | None = None
    detected_after_ms: int | None = None
    message_left: bool = False
    script_answer: str | None = None
    number_state: str | None = None
    number_state_reason: str | None = None


async def open_attempts(
    conn: Connection, *, tenant_id: UUID, campaign_id: str
) -> Sequence[Attempt]:
    """Return a campaign's attempts that have no end yet, oldest first."""
    rows = await conn.fetch(_OPEN_OF_CAMPAIGN, tenant_id, campaign_id)
    return [_attempt(row) for row in rows]


async def note_placed(
    conn: Connection,
    *,
    tenant_id: UUID,
    attempt_id: UUID,
    placed_at: datetime,
    reserved_agent_id: str | None,
    caller_id: str | None,
) -> bool:
    """Asterisk has the call."""
    return _changed(
        await conn.execute(_PLACED, tenant_id, attempt_id, placed_at, reserved_agent_id, caller_id)
    )


async def note_answered(
    conn: Connection, *, tenant_id: UUID, attempt_id: UUID, answered_at: datetime
) -> bool:
    """The far end answered."""
    return _changed(await conn.execute(_ANSWERED, tenant_id, attempt_id, answered_at))


async def note_outcome(
    conn: Connection,
    *,
    tenant_id: UUID,
    attempt_id: UUID,
    outcome: AttemptDisposition,
    agent_id: str | None,
) -> bool:
    """The ACD said what became of the answered call."""
    return _changed(await conn.execute(_OUTCOME, tenant_id, attempt_id, outcome.value, agent_id))


async def outcome_of(
    conn: Connection, *, tenant_id: UUID, attempt_id: UUID
) -> tuple[AttemptDisposition, str | None] | None:
    """Return what the ACD said of an attempt and who talked; None when it said nothing yet."""
    row = await conn.fetchrow(_OUTCOME_OF, tenant_id, attempt_id)
    return None if row is None else (AttemptDisposition(row["outcome"]), row["agent_id"])


async def end(
    conn: Connection,
    *,
    tenant_id: UUID,
    attempt_id: UUID,
    how: End,
    then: DialAgain | Closed,
) -> bool:
    """Close an attempt and its lead's part in it: due again, or done."""
    row = await conn.fetchrow(
        _ENDED,
        tenant_id,
        attempt_id,
        how.ended_at,
        how.disposition.value,
        how.cause_q850,
        how.tech_cause,
        how.agent_id,
        how.answerer,
        how.answerer_reason,
        how.detected_after_ms,
        how.message_left,
        how.script_answer,
        how.number_state,
        how.number_state_reason,
    )
    if row is None:
        return False
    has_more_numbers = await conn.fetchval(
        _LEAD_DONE,
        tenant_id,
        row["lead_id"],
        attempt_id,
        how.disposition.value,
        how.ended_at,
        *_due(then, how.ended_at),
    )
    if has_more_numbers:
        then = await number_store.after_end(
            conn,
            tenant_id=tenant_id,
            lead_id=row["lead_id"],
            dialed=row["phone_e164"],
            disposition=how.disposition,
            then=then,
            ended_at=how.ended_at,
        )
        await conn.execute(_LEAD_DUE, tenant_id, row["lead_id"], *_due(then, how.ended_at))
    return True


def _due(then: DialAgain | Closed, ended_at: datetime) -> tuple[datetime | None, str | None]:
    """Return when a lead is due again, or why it is closed."""
    match then:
        case DialAgain(delay_s):
            return ended_at + timedelta(seconds=delay_s), None
        case Closed(reason):
            return None, reason.value


async def remove(conn: Connection, *, tenant_id: UUID, attempt_id: UUID) -> bool:
    """Take back an attempt that never left us: the lead is as before. Not once it was placed."""
    lead_id = await conn.fetchval(_REMOVE, tenant_id, attempt_id)
    if lead_id is None:
        return False
    await conn.execute(_LEAD_BACK, tenant_id, lead_id, attempt_id)
    return True


def _attempt(row: asyncpg.Record) -> Attempt:
    values = dict(row)
    outcome = values.pop("outcome")
    return Attempt(
        tenant=str(values.pop("tenant_id")),
        mode=CampaignMode(values.pop("mode")),
        outcome=AttemptDisposition(outcome) if outcome else None,
        **values,
    )


def _changed(status: str) -> bool:
    return not status.endswith(" 0")
