"""Call-backs in PostgreSQL. The caller owns the transaction.

Whatever changes a call-back holds its lead first, as a claim does, so the two never cross.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from ringway.dialer.core.callbacks import Times, try_again_at
from ringway.dialer.core.law import Refused
from ringway.dialer.core.retry import Closed, DialAgain
from ringway.dialer.model import Attempt
from ringway.proto.dialer_callback import (
    CallbackClosedV1,
    CallbackEscalatedV1,
    CallbackFact,
    CallbackMadeV1,
    CallbackMissedV1,
    CallbackState,
)
from ringway.proto.dialer_spec import AttemptDisposition, CampaignSpec
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

OUTBOX = "dialer"
_WAITS_FOR_AGENT = timedelta(seconds=2)  # until it is looked again whether he is ready
_HELD_AT_MOST = timedelta(seconds=60)  # a schedule may be changed any time
_SWEEP = 200
_MAX_ATTEMPTS: int = CampaignSpec.model_fields["max_attempts"].default


class CallbackMissing(Exception):
    """There is no such call-back."""


class CallbackOver(Exception):
    """It is not open any more; the argument says what became of it."""


class CallbackOfAnother(Exception):
    """It was promised with another agent."""


class LeadMissing(Exception):
    """There is no such lead in the campaign's lists."""


_LEAD = """
    SELECT lead_id, list_id, phone_e164, zone, closed_reason, next_attempt_at, open_attempt_id
      FROM dialer.lead WHERE tenant_id = $1 AND lead_id = $2 FOR UPDATE
"""
_GET = "SELECT * FROM dialer.callback WHERE tenant_id = $1 AND callback_id = $2"
_OPEN_OF_LEAD = """
    SELECT * FROM dialer.callback WHERE tenant_id = $1 AND lead_id = $2 AND state = 'open'
       FOR UPDATE
"""
_PUT = """
    INSERT INTO dialer.callback
           (tenant_id, callback_id, campaign_id, lead_id, agent_id, due_at, zone, early_s, try_at,
            escalates_at, missed_at, look_at, note, back_closed, back_due_at, source, made_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
    ON CONFLICT (tenant_id, callback_id) DO UPDATE
       SET campaign_id = excluded.campaign_id, agent_id = excluded.agent_id,
           due_at = excluded.due_at, zone = excluded.zone, early_s = excluded.early_s,
           try_at = excluded.try_at, escalates_at = excluded.escalates_at,
           missed_at = excluded.missed_at, look_at = excluded.look_at, escalated_at = NULL,
           held_reason = NULL, note = excluded.note, changed_at = now()
    RETURNING *
"""
# Until it is missed, the list does not have the lead.
_HOLD_LEAD = """
    UPDATE dialer.lead
       SET closed_reason = NULL, next_attempt_at = $3, held_reason = NULL, held_from = NULL
     WHERE tenant_id = $1 AND lead_id = $2
"""
_LEAD_AS_BEFORE = """
    UPDATE dialer.lead SET closed_reason = $3, next_attempt_at = $4
     WHERE tenant_id = $1 AND lead_id = $2 AND open_attempt_id IS NULL
       AND closed_reason IS DISTINCT FROM 'dnc'
"""
_CLOSE = """
    UPDATE dialer.callback
       SET state = $3, reason = $4, look_at = NULL, changed_at = now(), tries = tries + $5
     WHERE tenant_id = $1 AND callback_id = $2 AND state = 'open'
    RETURNING *
"""
# Those whose agent is not ready are left alone. Both rows are looked at again once they are held.
# is_held: as for the leads of a list (lead_store), nobody else decides about the number.
_DUE = """
    SELECT d.*, pg_try_advisory_xact_lock(hashtextextended($1::text || phone_e164, 4)) AS is_held
      FROM (
    SELECT l.lead_id, l.list_id, l.phone_e164, l.zone, l.zone_key, l.attempts, c.callback_id,
           c.held_reason, CASE WHEN c.escalated_at IS NULL THEN c.agent_id END AS agent_id
      FROM dialer.callback c
      JOIN dialer.lead l ON l.tenant_id = c.tenant_id AND l.lead_id = c.lead_id
      JOIN dialer.campaign k ON k.tenant_id = c.tenant_id AND k.campaign_id = c.campaign_id
                            AND k.state = 'running'
     WHERE c.tenant_id = $1 AND c.campaign_id = $2 AND c.state = 'open' AND c.try_at <= $3
       AND c.missed_at > $3 AND l.list_id = ANY ($4::text[])
       AND l.closed_reason IS NULL AND l.open_attempt_id IS NULL
       AND (c.agent_id IS NULL OR c.escalated_at IS NOT NULL OR c.agent_id = ANY ($5::text[]))
     ORDER BY c.try_at, c.callback_id
     LIMIT $6 FOR UPDATE OF l, c SKIP LOCKED
      ) d
"""
# Most campaigns have none that is due, and are done with this.
_RUNNING = """
    SELECT 1 FROM dialer.campaign k
     WHERE k.tenant_id = $1 AND k.campaign_id = $2 AND k.state = 'running'
       AND EXISTS (SELECT FROM dialer.callback c
                    WHERE c.tenant_id = $1 AND c.campaign_id = $2 AND c.state = 'open'
                      AND c.try_at <= $3 AND c.missed_at > $3)
       FOR SHARE OF k
"""
_IS_DUE = """
    SELECT EXISTS (SELECT FROM dialer.callback
                    WHERE tenant_id = $1 AND lead_id = $2 AND state = 'open'
                      AND try_at <= $3 AND missed_at > $3)
"""
_DIALED = """
    UPDATE dialer.callback SET attempt_id = d.attempt_id
      FROM unnest($2::text[], $3::uuid[]) AS d (lead_id, attempt_id)
     WHERE callback.tenant_id = $1 AND callback.lead_id = d.lead_id AND callback.state = 'open'
       AND callback.try_at <= $4
"""
_HOLD = """
    UPDATE dialer.callback SET try_at = $3, held_reason = $4
     WHERE tenant_id = $1 AND lead_id = $2 AND state = 'open'
    RETURNING missed_at
"""
_NEXT_DUE = """
    SELECT min(CASE WHEN c.try_at > $3 THEN c.try_at ELSE $4 END)
      FROM dialer.callback c
      JOIN dialer.lead l ON l.tenant_id = c.tenant_id AND l.lead_id = c.lead_id
     WHERE c.tenant_id = $1 AND c.campaign_id = $2 AND c.state = 'open'
       AND l.open_attempt_id IS NULL AND l.closed_reason IS NULL
"""
_TRY_AGAIN = """
    UPDATE dialer.callback SET try_at = $3, tries = tries + 1, changed_at = now()
     WHERE tenant_id = $1 AND callback_id = $2
"""
# How the attempt left the lead: a cancel brings that back.
_LEFT_AS = """
    UPDATE dialer.callback SET back_closed = l.closed_reason, back_due_at = l.next_attempt_at
      FROM dialer.lead l
     WHERE callback.tenant_id = $1 AND callback.callback_id = $2
       AND l.tenant_id = $1 AND l.lead_id = $3
"""
_SKIPPED = """
    UPDATE dialer.callback SET try_at = $4, changed_at = now()
     WHERE tenant_id = $1 AND lead_id = $2 AND attempt_id = $3 AND state = 'open'
"""
_LATE = """
    SELECT c.*, l.phone_e164 FROM dialer.callback c
      JOIN dialer.lead l ON l.tenant_id = c.tenant_id AND l.lead_id = c.lead_id
     WHERE c.tenant_id = $1 AND c.state = 'open' AND c.look_at <= $2
       AND l.open_attempt_id IS NULL
     ORDER BY c.look_at LIMIT $3 FOR UPDATE OF l, c SKIP LOCKED
"""
# Without attempts left the list would never dial it: it is closed, as before the call-back.
_EXHAUSTED = """
    UPDATE dialer.lead l
       SET closed_reason = coalesce($5, 'exhausted'), held_reason = NULL, held_from = NULL
      FROM dialer.campaign k
     WHERE l.tenant_id = $1 AND l.lead_id = $2 AND l.closed_reason IS NULL
       AND l.open_attempt_id IS NULL AND k.tenant_id = $1 AND k.campaign_id = $3
       AND l.attempts >= coalesce((k.spec->>'max_attempts')::integer, $4)
"""
_ESCALATE = """
    UPDATE dialer.callback SET escalated_at = $3, look_at = missed_at, changed_at = now()
     WHERE tenant_id = $1 AND callback_id = $2
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A call-back to be written down."""

    callback_id: str
    campaign_id: str
    lead_id: str
    agent_id: str | None
    due_at: datetime
    zone: str
    early_s: float
    times: Times
    note: str = ""
    by: str = ""
    source: UUID | None = None


async def hold_lead(
    conn: Connection, *, tenant_id: UUID, lead_id: str, list_ids: Collection[str]
) -> asyncpg.Record:
    """Hold a lead until the transaction ends, and return it. Raises LeadMissing."""
    lead = await conn.fetchrow(_LEAD, tenant_id, lead_id)
    if lead is None or lead["list_id"] not in list_ids:
        raise LeadMissing(lead_id)
    return lead


async def put(
    conn: Connection,
    lead: asyncpg.Record,
    wanted: Wanted,
    *,
    tenant_id: UUID,
    own_agent_id: str | None = None,
) -> list[CallbackFact]:
    """Make or change a call-back of a lead that is held; its open one makes room.

    Raises:
        CallbackMissing: It is another lead's.
        CallbackOver: It is not open any more.
        CallbackOfAnother: ``own_agent_id`` is not the one it was promised with.
    """
    facts: list[CallbackFact] = []
    before = await conn.fetchrow(_GET + " FOR UPDATE", tenant_id, wanted.callback_id)
    if before is not None:
        if before["lead_id"] != wanted.lead_id:
            raise CallbackMissing(wanted.callback_id)
        _check(before, own_agent_id)
    present = await conn.fetchrow(_OPEN_OF_LEAD, tenant_id, wanted.lead_id)
    back_closed, back_due_at = lead["closed_reason"], lead["next_attempt_at"]
    if present is not None:
        back_closed, back_due_at = present["back_closed"], present["back_due_at"]
        if present["callback_id"] != wanted.callback_id:
            if own_agent_id is not None and present["agent_id"] != own_agent_id:
                raise CallbackOfAnother(present["callback_id"])
            facts += await _close(
                conn, tenant_id, present, lead["phone_e164"], CallbackState.CANCELLED, "replaced"
            )
    times = wanted.times
    row = await conn.fetchrow(
        _PUT,
        tenant_id,
        wanted.callback_id,
        wanted.campaign_id,
        wanted.lead_id,
        wanted.agent_id,
        wanted.due_at,
        wanted.zone,
        wanted.early_s,
        times.try_at,
        times.escalates_at,
        times.missed_at,
        times.look_at,
        wanted.note,
        back_closed,
        back_due_at,
        wanted.source,
        wanted.by,
    )
    assert row is not None
    await conn.execute(_HOLD_LEAD, tenant_id, wanted.lead_id, times.missed_at)
    values = told(tenant_id, row, lead["phone_e164"])
    return [*facts, CallbackMadeV1(**values, made_by=wanted.by)]


async def cancel(
    conn: Connection,
    *,
    tenant_id: UUID,
    callback_id: str,
    reason: str,
    own_agent_id: str | None = None,
) -> list[CallbackFact]:
    """Cancel a call-back; its lead is as it was before. Cancelled already: nothing happens.

    Raises:
        CallbackMissing, CallbackOver, CallbackOfAnother.
    """
    found = await conn.fetchrow(_GET, tenant_id, callback_id)
    if found is None:
        raise CallbackMissing(callback_id)
    lead = await conn.fetchrow(_LEAD, tenant_id, found["lead_id"])
    assert lead is not None
    found = await conn.fetchrow(_GET + " FOR UPDATE", tenant_id, callback_id)
    assert found is not None
    if own_agent_id is not None and found["agent_id"] != own_agent_id:
        raise CallbackOfAnother(callback_id)
    if found["state"] == CallbackState.CANCELLED:
        return []
    _check(found, own_agent_id)
    facts = await _close(
        conn, tenant_id, found, lead["phone_e164"], CallbackState.CANCELLED, reason or "cancelled"
    )
    await conn.execute(
        _LEAD_AS_BEFORE, tenant_id, found["lead_id"], found["back_closed"], found["back_due_at"]
    )
    return facts


async def cancel_of_lead(
    conn: Connection, lead: asyncpg.Record, *, tenant_id: UUID, reason: str
) -> list[CallbackFact]:
    """Cancel the open call-back of a lead that is held, if there is one; the lead is left alone."""
    found = await conn.fetchrow(_OPEN_OF_LEAD, tenant_id, lead["lead_id"])
    if found is None:
        return []
    return await _close(conn, tenant_id, found, lead["phone_e164"], CallbackState.CANCELLED, reason)


# -- dialing -------------------------------------------------------------------------------------


async def due(
    conn: Connection,
    *,
    tenant_id: UUID,
    campaign_id: str,
    spec: CampaignSpec,
    now: datetime,
    count: int,
    ready: Collection[str],
) -> list[asyncpg.Record]:
    """Hold the leads of up to ``count`` call-backs that are due, and return them in order.

    Those promised with an agent come only if he is in ``ready``, one for each.
    """
    if await conn.fetchval(_RUNNING, tenant_id, campaign_id, now) is None:
        return []
    rows = await conn.fetch(
        _DUE,
        tenant_id,
        campaign_id,
        now,
        list(spec.list_ids),
        sorted(ready),
        count + len(ready),
    )
    chosen: list[asyncpg.Record] = []
    given: set[str] = set()
    for row in rows:
        if row["agent_id"] in given or len(chosen) == count or not row["is_held"]:
            continue
        if row["agent_id"] is not None:
            given.add(row["agent_id"])
        chosen.append(row)
    return chosen


async def is_due(conn: Connection, *, tenant_id: UUID, lead_id: str, now: datetime) -> bool:
    """Whether a dial of the lead is a call-back that the customer waits for."""
    found: bool = await conn.fetchval(_IS_DUE, tenant_id, lead_id, now)
    return found


async def note_dialed(
    conn: Connection, *, tenant_id: UUID, attempts: Sequence[Attempt], now: datetime
) -> None:
    """These attempts are made for the call-backs of their leads, where those are due."""
    if attempts:
        await conn.execute(
            _DIALED,
            tenant_id,
            [a.lead_id for a in attempts],
            [a.attempt_id for a in attempts],
            now,
        )


async def refused(
    conn: Connection,
    *,
    tenant_id: UUID,
    lead_id: str,
    phone_e164: str,
    decision: Refused,
    now: datetime,
) -> list[CallbackFact]:
    """The law refuses a call-back: for good, or until it is looked at again, which is soon."""
    if decision.is_final:
        found = await conn.fetchrow(_OPEN_OF_LEAD, tenant_id, lead_id)
        assert found is not None
        return await _close(
            conn, tenant_id, found, phone_e164, CallbackState.CANCELLED, decision.reason.value
        )
    at = min(decision.until or now + _HELD_AT_MOST, now + _HELD_AT_MOST)
    missed_at = await conn.fetchval(_HOLD, tenant_id, lead_id, at, decision.reason.value)
    await conn.execute(_HOLD_LEAD, tenant_id, lead_id, missed_at)
    return []


async def next_due(
    conn: Connection, *, tenant_id: UUID, campaign_id: str, now: datetime
) -> datetime | None:
    """Return when a campaign's next call-back is due; one that waits for its agent: soon."""
    at: datetime | None = await conn.fetchval(
        _NEXT_DUE, tenant_id, campaign_id, now, now + _WAITS_FOR_AGENT
    )
    return at


async def attempt_ended(
    conn: Connection,
    attempt: Attempt,
    disposition: AttemptDisposition,
    ended_at: datetime,
    then: DialAgain | Closed,
) -> list[CallbackFact]:
    """A lead's attempt has ended and is written: go on with its open call-back, if it has one."""
    tenant_id = UUID(attempt.tenant)
    found = await conn.fetchrow(_OPEN_OF_LEAD, tenant_id, attempt.lead_id)
    if found is None:
        return []
    if found["attempt_id"] == attempt.attempt_id:
        again = try_again_at(disposition, then, ended_at, found["missed_at"])
        if again is None:
            return await _close(
                conn, tenant_id, found, attempt.phone_e164, CallbackState.DONE, disposition.value, 1
            )
        await conn.execute(_TRY_AGAIN, tenant_id, found["callback_id"], again)
    elif found["missed_at"] <= ended_at:
        return []  # the list had the lead already; it is missed as soon as somebody looks
    await conn.execute(_LEFT_AS, tenant_id, found["callback_id"], attempt.lead_id)
    await conn.execute(_HOLD_LEAD, tenant_id, attempt.lead_id, found["missed_at"])
    return []


async def skipped(conn: Connection, attempt: Attempt, due_at: datetime) -> None:
    """An agent who was shown the call-back did not want it dialed now."""
    await conn.execute(_SKIPPED, UUID(attempt.tenant), attempt.lead_id, attempt.attempt_id, due_at)


# -- late ----------------------------------------------------------------------------------------


async def tenants_with_late(conn: Connection, now: datetime) -> list[UUID]:
    """Return the tenants that have something to escalate or give up."""
    rows = await conn.fetch("SELECT * FROM dialer.tenants_with_late_callbacks($1) AS t", now)
    return [row["t"] for row in rows]


async def sweep(conn: Connection, *, tenant_id: UUID, now: datetime) -> list[CallbackFact]:
    """Escalate those whose agent was not ready in time; give up the missed ones, whose leads are
    the list's again, or closed when their attempts are used up."""
    facts: list[CallbackFact] = []
    for row in await conn.fetch(_LATE, tenant_id, now, _SWEEP):
        if row["missed_at"] <= now:
            await conn.fetchrow(
                _CLOSE, tenant_id, row["callback_id"], CallbackState.MISSED.value, "too late", 0
            )
            of = (row["lead_id"], row["campaign_id"], _MAX_ATTEMPTS, row["back_closed"])
            await conn.execute(_EXHAUSTED, tenant_id, *of)
            facts.append(CallbackMissedV1(**told(tenant_id, row, row["phone_e164"])))
        else:
            await conn.execute(_ESCALATE, tenant_id, row["callback_id"], now)
            facts.append(CallbackEscalatedV1(**told(tenant_id, row, row["phone_e164"])))
    return facts


# -- small parts ---------------------------------------------------------------------------------


def _check(row: asyncpg.Record, own_agent_id: str | None) -> None:
    if row["state"] != "open":
        raise CallbackOver(row["state"])
    if own_agent_id is not None and row["agent_id"] != own_agent_id:
        raise CallbackOfAnother(row["callback_id"])


async def _close(
    conn: Connection,
    tenant_id: UUID,
    row: asyncpg.Record,
    phone_e164: str,
    state: CallbackState,
    reason: str,
    tries: int = 0,
) -> list[CallbackFact]:
    closed = await conn.fetchrow(_CLOSE, tenant_id, row["callback_id"], state.value, reason, tries)
    if closed is None:
        return []
    values = told(tenant_id, closed, phone_e164)
    return [CallbackClosedV1(**values, state=state, reason=reason)]


def told(tenant_id: UUID, row: asyncpg.Record, phone_e164: str) -> dict[str, Any]:
    """Return what every fact about this call-back tells."""
    return {
        "message_id": str(uuid7()),
        "occurred_at": row["changed_at"],
        "tenant": str(tenant_id),
        "callback_id": row["callback_id"],
        "campaign_id": row["campaign_id"],
        "lead_id": row["lead_id"],
        "phone_e164": phone_e164,
        "agent_id": row["agent_id"],
        "due_at": row["due_at"],
        "zone": row["zone"],
        "note": row["note"],
    }
