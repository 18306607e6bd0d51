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
    caller_id, mode, trunk_id, node, claimed_at, zone_key, reserved_agent_id, placed_at,
    answered_at, outcome, agent_id, attempts_before
"""
_OPEN_OF_CAMPAIGN = f"""
    SELECT {_FIELDS} FROM dialer.attempt
     WHERE tenant_id = $1 AND campaign_id = $2 AND ended_at IS NULL ORDER BY attempt_id
"""  # noqa: S608 - a constant
# A claim shares its campaign's row until it is committed, also when nobody hears of that any more.
_NO_CLAIM = """
    SELECT 1 FROM dialer.campaign WHERE tenant_id = $1 AND campaign_id = $2 FOR NO KEY UPDATE
"""
# attempt_id = ANY is there for the planner: without statistics it may rather read every row.
_PLACED = """
    UPDATE dialer.attempt
       SET placed_at = p.placed_at, reserved_agent_id = p.agent_id, caller_id = p.caller_id
      FROM unnest($2::uuid[], $3::timestamptz[], $4::text[], $5::text[])
           AS p (attempt_id, placed_at, agent_id, caller_id)
     WHERE attempt.tenant_id = $1 AND attempt.attempt_id = p.attempt_id
       AND attempt.attempt_id = ANY ($2::uuid[])
       AND attempt.placed_at IS NULL AND attempt.ended_at IS NULL
    RETURNING attempt.attempt_id
"""
_ANSWERED = """
    UPDATE dialer.attempt SET answered_at = a.answered_at
      FROM unnest($2::uuid[], $3::timestamptz[]) AS a (attempt_id, answered_at)
     WHERE attempt.tenant_id = $1 AND attempt.attempt_id = a.attempt_id
       AND attempt.attempt_id = ANY ($2::uuid[])
       AND attempt.answered_at IS NULL AND attempt.ended_at IS NULL
    RETURNING attempt.attempt_id
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
       SET ended_at = e.ended_at, disposition = e.disposition, cause_q850 = e.cause_q850,
           tech_cause = e.tech_cause, agent_id = e.agent_id, answerer = e.answerer,
           answerer_reason = e.answerer_reason, detected_after_ms = e.detected_after_ms,
           message_left = e.message_left, script_answer = e.script_answer,
           number_state = e.number_state, number_state_reason = e.number_state_reason
      FROM unnest($2::uuid[], $3::timestamptz[], $4::text[], $5::integer[], $6::integer[],
                  $7::text[], $8::text[], $9::text[], $10::integer[], $11::boolean[], $12::text[],
                  $13::text[], $14::text[])
           AS e (attempt_id, ended_at, disposition, cause_q850, tech_cause, agent_id, answerer,
                 answerer_reason, detected_after_ms, message_left, script_answer, number_state,
                 number_state_reason)
     WHERE attempt.tenant_id = $1 AND attempt.attempt_id = e.attempt_id
       AND attempt.attempt_id = ANY ($2::uuid[]) AND attempt.ended_at IS NULL
    RETURNING attempt.attempt_id, attempt.lead_id, attempt.phone_e164
"""
_LEADS_DONE = """
    UPDATE dialer.lead
       SET open_attempt_id = NULL, last_disposition = d.disposition, last_attempt_at = d.ended_at,
           next_attempt_at = coalesce(d.due_at, lead.next_attempt_at),
           closed_reason = d.closed_reason
      FROM unnest($2::text[], $3::uuid[], $4::text[], $5::timestamptz[], $6::timestamptz[],
                  $7::text[])
           AS d (lead_id, attempt_id, disposition, ended_at, due_at, closed_reason)
     WHERE lead.tenant_id = $1 AND lead.lead_id = d.lead_id AND lead.lead_id = ANY ($2::text[])
       AND lead.open_attempt_id = d.attempt_id
    RETURNING d.attempt_id, lead.numbers
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


@dataclass(frozen=True, slots=True)
class Placing:
    """Asterisk has the call of an attempt."""

    attempt_id: UUID
    placed_at: datetime
    reserved_agent_id: str | None
    caller_id: str | None


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ended, and when its lead is due again or why it is done."""

    attempt_id: UUID
    how: End
    then: DialAgain | Closed


async def open_attempts(
    conn: Connection, *, tenant_id: UUID, campaign_id: str
) -> Sequence[Attempt]:
    """Return a campaign's attempts that have no end yet, oldest first.

    Claims that are being committed are waited for: their attempts are among them.
    """
    await conn.execute(_NO_CLAIM, tenant_id, campaign_id)
    rows = await conn.fetch(_OPEN_OF_CAMPAIGN, tenant_id, campaign_id)
    return [_attempt(row) for row in rows]


async def note_placed(
    conn: Connection, *, tenant_id: UUID, calls: Sequence[Placing]
) -> frozenset[UUID]:
    """Asterisk has these calls; return the attempts of which that is new."""
    rows = await conn.fetch(
        _PLACED,
        tenant_id,
        [c.attempt_id for c in calls],
        [c.placed_at for c in calls],
        [c.reserved_agent_id for c in calls],
        [c.caller_id for c in calls],
    )
    return frozenset(row["attempt_id"] for row in rows)


async def note_answered(
    conn: Connection, *, tenant_id: UUID, calls: Sequence[tuple[UUID, datetime]]
) -> frozenset[UUID]:
    """The far end answered these, each at its moment; return those of which that is new."""
    rows = await conn.fetch(_ANSWERED, tenant_id, [c[0] for c in calls], [c[1] for c in calls])
    return frozenset(row["attempt_id"] for row in rows)


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
    return bool(await end_all(conn, tenant_id=tenant_id, ends=[Ending(attempt_id, how, then)]))


async def end_all(conn: Connection, *, tenant_id: UUID, ends: Sequence[Ending]) -> frozenset[UUID]:
    """Close attempts and their leads' part in them; return those that were not closed before.

    Of two ends of one attempt the first counts.
    """
    told = {e.attempt_id: e for e in reversed(ends)}
    ends = list(told.values())
    rows = await conn.fetch(
        _ENDED,
        tenant_id,
        [e.attempt_id for e in ends],
        [e.how.ended_at for e in ends],
        [e.how.disposition.value for e in ends],
        [e.how.cause_q850 for e in ends],
        [e.how.tech_cause for e in ends],
        [e.how.agent_id for e in ends],
        [e.how.answerer for e in ends],
        [e.how.answerer_reason for e in ends],
        [e.how.detected_after_ms for e in ends],
        [e.how.message_left for e in ends],
        [e.how.script_answer for e in ends],
        [e.how.number_state for e in ends],
        [e.how.number_state_reason for e in ends],
    )
    if not rows:
        return frozenset()
    ended = {row["attempt_id"]: row for row in rows}
    dues = {each: _due(told[each].then, told[each].how.ended_at) for each in ended}
    leads = await conn.fetch(
        _LEADS_DONE,
        tenant_id,
        [row["lead_id"] for row in rows],
        list(ended),
        [told[each].how.disposition.value for each in ended],
        [told[each].how.ended_at for each in ended],
        [dues[each][0] for each in ended],
        [dues[each][1] for each in ended],
    )
    for lead in leads:
        if lead["numbers"] > 1:
            await _next_number(conn, tenant_id, ended[lead["attempt_id"]], told[lead["attempt_id"]])
    return frozenset(ended)


async def _next_number(
    conn: Connection, tenant_id: UUID, ended: asyncpg.Record, told: Ending
) -> None:
    """Have another number of the lead dialed next, if that is its turn."""
    how = told.how
    then = await number_store.after_end(
        conn,
        tenant_id=tenant_id,
        lead_id=ended["lead_id"],
        dialed=ended["phone_e164"],
        disposition=how.disposition,
        then=told.then,
        ended_at=how.ended_at,
    )
    await conn.execute(_LEAD_DUE, tenant_id, ended["lead_id"], *_due(then, how.ended_at))


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
