"""The numbers of leads that have several, in PostgreSQL. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg

from ringway.dialer.core.law import zone_key
from ringway.dialer.core.numbers import Number, NumberState, Turn, after_attempt, after_refusal
from ringway.dialer.core.retry import Closed, DialAgain
from ringway.proto.dialer import AttemptDisposition, LeadRow
from ringway.proto.dialer_law import RefusalReason
from ringway.runtime.postgres import Connection

if TYPE_CHECKING:
    from ringway.dialer.law_store import Refusal

_ADD = """
    WITH added AS (
        INSERT INTO dialer.lead_number
               (tenant_id, lead_id, position, phone_e164, label, zone, zone_key)
        SELECT $1, r.lead_id, r.position, r.phone_e164, r.label, r.zone, r.zone_key
          FROM unnest($2::text[], $3::smallint[], $4::text[], $5::text[], $6::text[], $7::text[])
               AS r (lead_id, position, phone_e164, label, zone, zone_key)
        ON CONFLICT DO NOTHING
        RETURNING lead_id
    ), counted AS (SELECT lead_id, count(*) AS numbers FROM added GROUP BY lead_id)
    UPDATE dialer.lead SET numbers = counted.numbers
      FROM counted
     WHERE lead.tenant_id = $1 AND lead.lead_id = counted.lead_id
       AND lead.lead_id = ANY ($2::text[])
"""
_OF_LEADS = """
    SELECT lead_id, phone_e164, state, held_until FROM dialer.lead_number
     WHERE tenant_id = $1 AND lead_id = ANY ($2::text[]) ORDER BY lead_id, position FOR UPDATE
"""
_NOTE = """
    UPDATE dialer.lead_number
       SET state = $4, attempts = attempts + 1, last_disposition = $5, last_attempt_at = $6
     WHERE tenant_id = $1 AND lead_id = $2 AND phone_e164 = $3
"""
_REFUSED = """
    UPDATE dialer.lead_number SET state = $4, held_until = $5
     WHERE tenant_id = $1 AND lead_id = $2 AND phone_e164 = $3
"""
_DIAL = """
    UPDATE dialer.lead
       SET phone_e164 = n.phone_e164, zone = n.zone, zone_key = n.zone_key,
           home_e164 = coalesce(lead.home_e164, lead.phone_e164)
      FROM dialer.lead_number n
     WHERE lead.tenant_id = $1 AND lead.lead_id = $2 AND n.tenant_id = $1 AND n.lead_id = $2
       AND n.phone_e164 = $3
"""
# held_from stays what it was: the lead is due then again when rules or lists change.
_DUE = """
    UPDATE dialer.lead
       SET held_reason = $3, held_from = CASE WHEN $3::text IS NULL THEN NULL
                                              ELSE coalesce(held_from, next_attempt_at) END,
           next_attempt_at = coalesce($4, held_from, next_attempt_at)
     WHERE tenant_id = $1 AND lead_id = $2
"""
_OPEN_AGAIN = """
    UPDATE dialer.lead
       SET phone_e164 = n.phone_e164, zone = n.zone, zone_key = n.zone_key,
           home_e164 = coalesce(lead.home_e164, lead.phone_e164), held_reason = NULL,
           held_from = NULL, next_attempt_at = coalesce(held_from, next_attempt_at),
           closed_reason = CASE WHEN closed_reason NOT IN ('dnc', 'no_consent')
                                THEN closed_reason END
      FROM dialer.lead_number n
     WHERE n.tenant_id = $1 AND n.phone_e164 = ANY ($2::text[])
       AND (n.state = 'dnc' OR n.held_until IS NOT NULL)
       AND lead.tenant_id = $1 AND lead.lead_id = n.lead_id AND lead.open_attempt_id IS NULL
       AND (held_reason IS NOT NULL OR closed_reason IN ('dnc', 'no_consent'))
"""
_NUMBERS_AGAIN = """
    UPDATE dialer.lead_number
       SET state = CASE state WHEN 'dnc' THEN 'open' ELSE state END, held_until = NULL
     WHERE tenant_id = $1 AND phone_e164 = ANY ($2::text[])
       AND (state = 'dnc' OR held_until IS NOT NULL)
"""
_LISTS_AGAIN = """
    UPDATE dialer.lead_number n
       SET state = CASE n.state WHEN 'dnc' THEN 'open' ELSE n.state END, held_until = NULL
      FROM dialer.lead
     WHERE lead.tenant_id = $1 AND lead.list_id = ANY ($2::text[]) AND lead.numbers > 1
       AND n.tenant_id = $1 AND n.lead_id = lead.lead_id
       AND (n.state = 'dnc' OR n.held_until IS NOT NULL)
"""
# A lead without rows of numbers: what is known of its only one is what is known of the lead.
_FORGET = """
    WITH gone AS (
        DELETE FROM dialer.lead_number WHERE tenant_id = $1 AND lead_id = $2
        RETURNING phone_e164, state, held_until, attempts, last_disposition, last_attempt_at
    )
    SELECT * FROM gone
    UNION ALL
    SELECT phone_e164,
           CASE WHEN closed_reason = 'invalid' THEN 'dead'
                WHEN closed_reason IN ('dnc', 'no_consent') THEN 'dnc' ELSE 'open' END,
           NULL, attempts, last_disposition, last_attempt_at
      FROM dialer.lead WHERE tenant_id = $1 AND lead_id = $2 AND numbers = 1
"""
_REMEMBER = """
    UPDATE dialer.lead_number
       SET state = $4, held_until = $5, attempts = $6, last_disposition = $7, last_attempt_at = $8
     WHERE tenant_id = $1 AND lead_id = $2 AND phone_e164 = $3
"""
_OPENED = """
    UPDATE dialer.lead SET closed_reason = NULL, held_reason = NULL, held_from = NULL
     WHERE tenant_id = $1 AND lead_id = $2 AND closed_reason IN ('invalid', 'dnc', 'no_consent')
"""
# About the lead or the campaign, whichever of his numbers would be dialed.
_OF_THE_LEAD = frozenset(
    {
        RefusalReason.OUTSIDE_HOURS,
        RefusalReason.TOO_MANY_ATTEMPTS,
        RefusalReason.LEAD_PER_DAY,
        RefusalReason.LEAD_PER_WEEK,
    }
)


async def add(conn: Connection, *, tenant_id: UUID, rows: Sequence[LeadRow], new: set[str]) -> None:
    """Keep the numbers of those new leads that have more than one."""
    several = [r for r in rows if r.lead_id in new and r.more_numbers]
    if not several:
        return
    parties = [
        (r.lead_id, position, number, label, zone or r.zone)
        for r in several
        for position, (number, label, zone) in enumerate(
            [(r.phone_e164, "", r.zone), *((n.phone_e164, n.label, n.zone) for n in r.more_numbers)]
        )
    ]
    await conn.execute(
        _ADD,
        tenant_id,
        [p[0] for p in parties],
        [p[1] for p in parties],
        [p[2] for p in parties],
        [p[3] for p in parties],
        [p[4] for p in parties],
        [zone_key(p[2], p[4]) for p in parties],
    )


async def after_end(
    conn: Connection,
    *,
    tenant_id: UUID,
    lead_id: str,
    dialed: str,
    disposition: AttemptDisposition,
    then: DialAgain | Closed,
    ended_at: datetime,
) -> DialAgain | Closed:
    """Note an attempt of one number and have the next one dialed; return what that makes of
    ``then``."""
    numbers = (await _numbers(conn, tenant_id, [lead_id])).get(lead_id, [])
    if all(n.phone_e164 != dialed for n in numbers):
        return then
    turn: Turn = after_attempt(numbers, dialed, disposition, then)
    await conn.execute(
        _NOTE, tenant_id, lead_id, dialed, turn.state.value, disposition.value, ended_at
    )
    if turn.next_number is not None:
        await conn.execute(_DIAL, tenant_id, lead_id, turn.next_number)
    return turn.then


async def refused(
    conn: Connection,
    *,
    tenant_id: UUID,
    refusals: Sequence[Refusal],
    now: datetime,
    later: datetime,
) -> set[str]:
    """Have other numbers dialed instead of refused ones; return the leads that are seen to.

    Args:
        later: Until when a number rests whose refusal does not say.
    """
    about = [r for r in refusals if r.decision.reason not in _OF_THE_LEAD]
    known = await _numbers(conn, tenant_id, [r.candidate.lead_id for r in about]) if about else {}
    seen_to: set[str] = set()
    for refusal in about:
        lead_id, phone = refusal.candidate.lead_id, refusal.candidate.phone_e164
        numbers = known.get(lead_id, [])
        if all(n.phone_e164 != phone for n in numbers):
            continue
        is_final, until = refusal.decision.is_final, refusal.decision.until or later
        own = Number(phone, NumberState.DNC) if is_final else Number(phone, held_until=until)
        numbers = [own if n.phone_e164 == phone else n for n in numbers]
        await conn.execute(_REFUSED, tenant_id, lead_id, phone, own.state.value, own.held_until)
        instead = after_refusal(numbers, phone, now)
        if instead is None:
            continue
        seen_to.add(lead_id)
        reason = None if instead.due_at is None else refusal.decision.reason.value
        if instead.phone_e164 != phone:
            await conn.execute(_DIAL, tenant_id, lead_id, instead.phone_e164)
        await conn.execute(_DUE, tenant_id, lead_id, reason, instead.due_at)
    return seen_to


async def forget(conn: Connection, *, tenant_id: UUID, lead_id: str) -> list[asyncpg.Record]:
    """Remove a lead's numbers, to be put anew; return what was known of them."""
    return list(await conn.fetch(_FORGET, tenant_id, lead_id))


async def remember(
    conn: Connection, *, tenant_id: UUID, lead: LeadRow, known: Sequence[asyncpg.Record]
) -> None:
    """Note again what is known of those numbers that stayed, and dial the first open one."""
    by_number = {row["phone_e164"]: row for row in known}
    wanted = [lead.phone_e164, *(n.phone_e164 for n in lead.more_numbers)]
    for number in wanted:
        if (row := by_number.get(number)) is not None:
            await conn.execute(_REMEMBER, tenant_id, lead.lead_id, *row)
    new = next((n for n in wanted if n not in by_number), None)
    usable = [n for n in wanted if n not in by_number or by_number[n]["state"] == "open"]
    if usable and usable[0] != lead.phone_e164:
        await conn.execute(_DIAL, tenant_id, lead.lead_id, usable[0])
    if new is not None:
        await conn.execute(_OPENED, tenant_id, lead.lead_id)


async def judge_numbers_again(conn: Connection, *, tenant_id: UUID, numbers: Sequence[str]) -> None:
    """Forget what was decided about numbers; leads that waited for them are dialed there."""
    await conn.execute(_OPEN_AGAIN, tenant_id, list(numbers))
    await conn.execute(_NUMBERS_AGAIN, tenant_id, list(numbers))


async def judge_again(conn: Connection, *, tenant_id: UUID, list_ids: Sequence[str]) -> None:
    """Forget what was decided about the numbers of the leads of lists."""
    await conn.execute(_LISTS_AGAIN, tenant_id, list(list_ids))


async def _numbers(
    conn: Connection, tenant_id: UUID, lead_ids: Sequence[str]
) -> dict[str, list[Number]]:
    found: dict[str, list[Number]] = {}
    for row in await conn.fetch(_OF_LEADS, tenant_id, list(lead_ids)):
        number = Number(row["phone_e164"], NumberState(row["state"]), row["held_until"])
        found.setdefault(row["lead_id"], []).append(number)
    return found
