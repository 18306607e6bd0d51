"""What agents say of calls, in PostgreSQL, and what it does to leads.

The caller owns the transaction. What is said while the call is on is carried out when it ends;
another word about the same call begins from how the lead was before the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from ringway.dialer import callback_store, callback_wishes, campaign_store, dnc_store
from ringway.dialer.attempt_store import End
from ringway.dialer.core.dispositions import priority_of_grade
from ringway.dialer.core.retry import Closed, ClosedReason, DialAgain
from ringway.dialer.dnc_store import OWN_LIST
from ringway.dialer.model import Attempt, Campaign
from ringway.proto.dialer_callback import (
    CallbackWish,
    Disposition,
    DispositionAction,
    DispositionSetV1,
    Grade,
    catalogue,
)
from ringway.proto.dialer_law import DncRow
from ringway.runtime import outbox
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

_SOURCE = "disposition"


class AttemptMissing(Exception):
    """There is no such call, or it was taken back before it was dialed."""


class CodeUnknown(Exception):
    """The catalogue has no such entry that may be chosen."""


class NotYours(Exception):
    """The agent did not have the call."""


_ENTRIES = "SELECT code, disposition FROM dialer.disposition WHERE tenant_id = $1"
_PUT_ENTRY = """
    INSERT INTO dialer.disposition (tenant_id, code, disposition) VALUES ($1, $2, $3)
    ON CONFLICT (tenant_id, code) DO UPDATE
       SET disposition = excluded.disposition, changed_at = now()
"""
# The attempt is held before its lead, as by what writes its end down.
_ATTEMPT = """
    SELECT attempt_id, interaction_id, campaign_id, lead_id, phone_e164, ended_at, agent_id,
           reserved_agent_id
      FROM dialer.attempt
     WHERE tenant_id = $1 AND (attempt_id = $2 OR interaction_id = $3) FOR UPDATE
"""
_LEAD = """
    SELECT lead_id, list_id, phone_e164, zone, closed_reason, next_attempt_at, open_attempt_id,
           attempts, grade
      FROM dialer.lead WHERE tenant_id = $1 AND lead_id = $2 FOR UPDATE
"""
_SAID = "SELECT * FROM dialer.agent_disposition WHERE tenant_id = $1 AND attempt_id = $2"
_AWAITED = """
    SELECT a.attempt_id FROM unnest($2::uuid[], $3::text[]) AS a (attempt_id, lead_id)
     WHERE EXISTS (SELECT FROM dialer.callback c
                    WHERE c.tenant_id = $1 AND c.lead_id = a.lead_id AND c.state = 'open')
        OR EXISTS (SELECT FROM dialer.agent_disposition s
                    WHERE s.tenant_id = $1 AND s.attempt_id = a.attempt_id)
"""
_SAY = """
    INSERT INTO dialer.agent_disposition
           (tenant_id, attempt_id, interaction_id, campaign_id, lead_id, code, disposition, note,
            wish, set_by, set_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (tenant_id, attempt_id) DO UPDATE
       SET code = excluded.code, disposition = excluded.disposition, note = excluded.note,
           wish = excluded.wish, set_by = excluded.set_by, set_at = excluded.set_at
    RETURNING *
"""
_APPLIED = """
    UPDATE dialer.agent_disposition
       SET is_applied = true, back_closed = $3, back_due_at = $4, back_grade = $5, dnc_added = $6
     WHERE tenant_id = $1 AND attempt_id = $2
"""
_LATER = """
    SELECT EXISTS (SELECT FROM dialer.attempt
                    WHERE tenant_id = $1 AND lead_id = $2 AND attempt_id > $3)
"""
_SET_LEAD = """
    UPDATE dialer.lead
       SET closed_reason = $3, next_attempt_at = $4, grade = $5, priority = priority + $6,
           held_reason = NULL, held_from = NULL
     WHERE tenant_id = $1 AND lead_id = $2
    RETURNING lead_id, list_id, phone_e164, zone, closed_reason, next_attempt_at, open_attempt_id
"""
_OPEN_CALLBACK = """
    SELECT callback_id, source, back_closed, back_due_at, missed_at FROM dialer.callback
     WHERE tenant_id = $1 AND lead_id = $2 AND state = 'open' FOR UPDATE
"""


@dataclass(frozen=True, slots=True)
class Word:
    """What is said of a call."""

    code: str
    note: str = ""
    wish: CallbackWish | None = None
    by: str = ""
    own_agent_id: str | None = None


async def entries(conn: Connection, *, tenant_id: UUID) -> dict[str, Disposition]:
    """Return the tenant's catalogue by code."""
    rows = await conn.fetch(_ENTRIES, tenant_id)
    changed = {r["code"]: Disposition.model_validate_json(r["disposition"]) for r in rows}
    return catalogue(changed)


async def put_entry(
    conn: Connection, *, tenant_id: UUID, code: str, disposition: Disposition
) -> None:
    """Change an entry of the catalogue or add one; what was said before keeps its meaning."""
    await conn.execute(_PUT_ENTRY, tenant_id, code, disposition.model_dump_json())


async def say(
    conn: Connection,
    word: Word,
    *,
    tenant_id: UUID,
    attempt_id: UUID | None,
    interaction_id: UUID | None,
    now: datetime,
) -> None:
    """Write down how a call went, and change its lead if the call is over.

    Raises:
        AttemptMissing, CodeUnknown, NotYours.
        callback_wishes.CallbackInvalid: The call-back cannot be made as it is asked for.
    """
    attempt = await conn.fetchrow(_ATTEMPT, tenant_id, attempt_id, interaction_id)
    if attempt is None:
        raise AttemptMissing(str(attempt_id or interaction_id))
    had = (attempt["agent_id"], attempt["reserved_agent_id"])
    if word.own_agent_id is not None and word.own_agent_id not in had:
        raise NotYours(word.own_agent_id)
    entry = (await entries(conn, tenant_id=tenant_id)).get(word.code)
    if entry is None or not entry.is_active:
        raise CodeUnknown(word.code)
    wish = word.wish if entry.action is DispositionAction.CALLBACK else None
    if entry.action is DispositionAction.CALLBACK and wish is None:
        raise callback_wishes.CallbackInvalid("Say when to call back.")
    before = await conn.fetchrow(_SAID, tenant_id, attempt["attempt_id"])
    wish_json = None if wish is None else wish.model_dump_json()
    is_repeat = (
        before is not None
        and (before["code"], before["note"]) == (word.code, word.note)
        and Disposition.model_validate_json(before["disposition"]) == entry
        and _wish(before) == wish
    )
    if is_repeat:
        return
    if wish is not None:
        campaign = await _campaign(conn, tenant_id, attempt["campaign_id"])
        lead = await conn.fetchrow(_LEAD, tenant_id, attempt["lead_id"])
        assert lead is not None
        callback_wishes.wanted(wish, callback_id="", campaign=campaign, lead=lead, now=now)
    said = await conn.fetchrow(
        _SAY,
        tenant_id,
        attempt["attempt_id"],
        attempt["interaction_id"],
        attempt["campaign_id"],
        attempt["lead_id"],
        word.code,
        entry.model_dump_json(),
        word.note,
        wish_json,
        word.by,
        now,
    )
    assert said is not None
    if attempt["ended_at"] is not None:
        await _apply(conn, said, tenant_id, attempt["phone_e164"], attempt["ended_at"], now)
    await outbox.add(conn, callback_store.OUTBOX, _told(tenant_id, said, entry, now))


async def awaited(
    conn: Connection, *, tenant_id: UUID, attempts: Sequence[Attempt]
) -> frozenset[UUID]:
    """Return those ended attempts for which :func:`attempt_ended` has something to do.

    Their leads must be held, as they are once their ends are written.
    """
    if not attempts:
        return frozenset()
    rows = await conn.fetch(
        _AWAITED, tenant_id, [a.attempt_id for a in attempts], [a.lead_id for a in attempts]
    )
    return frozenset(row["attempt_id"] for row in rows)


async def attempt_ended(
    conn: Connection, attempt: Attempt, how: End, then: DialAgain | Closed
) -> None:
    """An attempt's end is written: go on with its lead's call-back, do what its agent said."""
    tenant_id = UUID(attempt.tenant)
    facts = await callback_store.attempt_ended(conn, attempt, how.disposition, how.ended_at, then)
    await outbox.add_many(conn, callback_store.OUTBOX, facts)
    said = await conn.fetchrow(_SAID, tenant_id, attempt.attempt_id)
    if said is not None and not said["is_applied"]:
        await _apply(conn, said, tenant_id, attempt.phone_e164, how.ended_at, how.ended_at)


async def _apply(
    conn: Connection,
    said: asyncpg.Record,
    tenant_id: UUID,
    phone_e164: str,
    ended_at: datetime,
    now: datetime,
) -> None:
    """Do what was said; ``said`` knows how the lead was before the first word."""
    entry = Disposition.model_validate_json(said["disposition"])
    dnc_added = await _dnc(conn, said, entry, tenant_id, phone_e164)
    lead = await conn.fetchrow(_LEAD, tenant_id, said["lead_id"])
    if lead is None:
        return
    is_last = not await conn.fetchval(_LATER, tenant_id, said["lead_id"], said["attempt_id"])
    present = await conn.fetchrow(_OPEN_CALLBACK, tenant_id, said["lead_id"])
    closed, due_at, grade = lead["closed_reason"], lead["next_attempt_at"], lead["grade"]
    if present is not None:
        closed, due_at = present["back_closed"], present["back_due_at"]
    if said["is_applied"]:
        closed, due_at, grade = said["back_closed"], said["back_due_at"], said["back_grade"]
    await conn.execute(_APPLIED, tenant_id, said["attempt_id"], closed, due_at, grade, dnc_added)
    if present is not None and await _ends_callback(
        conn, lead, said, entry, present, tenant_id, is_last=is_last
    ):
        present = None
    campaign = await _campaign(conn, tenant_id, said["campaign_id"])
    if is_last:
        new_grade = grade if entry.grade is None else entry.grade.value
        moves = _priority(new_grade) - _priority(lead["grade"])
        closed, due_at = _lead_after(entry, closed, due_at, ended_at, lead, campaign)
        if present is not None:
            closed, due_at = None, present["missed_at"]  # the customer still waits for it
        lead = await conn.fetchrow(
            _SET_LEAD, tenant_id, said["lead_id"], closed, due_at, new_grade, moves
        )
        assert lead is not None
    wish = _wish(said)
    if entry.action is DispositionAction.CALLBACK and wish is not None:
        await _call_back(conn, lead, said, wish, campaign, now)
    elif is_last and closed is None:
        await callback_wishes.run_again(conn, campaign)


async def _call_back(
    conn: Connection,
    lead: asyncpg.Record,
    said: asyncpg.Record,
    wish: CallbackWish,
    campaign: Campaign,
    now: datetime,
) -> None:
    tenant_id = UUID(campaign.tenant)
    if await campaign_store.is_removed(conn, tenant_id=tenant_id, campaign_id=campaign.campaign_id):
        return
    try:
        wanted = callback_wishes.wanted(
            wish, callback_id=str(uuid7()), campaign=campaign, lead=lead, now=now,
            by=said["set_by"], source=said["attempt_id"],
        )  # fmt: skip
    except callback_wishes.CallbackInvalid:
        return  # the campaign was changed or stopped since it was asked for
    facts = await callback_store.put(conn, lead, wanted, tenant_id=tenant_id)
    await outbox.add_many(conn, callback_store.OUTBOX, facts)
    await callback_wishes.run_again(conn, campaign)


async def _ends_callback(
    conn: Connection,
    lead: asyncpg.Record,
    said: asyncpg.Record,
    entry: Disposition,
    present: asyncpg.Record,
    tenant_id: UUID,
    *,
    is_last: bool,
) -> bool:
    """Cancel the lead's open call-back if what was said is against it; tell whether it was."""
    is_own = present["source"] == said["attempt_id"]
    ends_all = entry.action is DispositionAction.DNC or (
        is_last and entry.action is DispositionAction.CLOSE
    )
    if entry.action is DispositionAction.CALLBACK or not (is_own or ends_all):
        return False
    facts = await callback_store.cancel_of_lead(
        conn, lead, tenant_id=tenant_id, reason=said["code"]
    )
    await outbox.add_many(conn, callback_store.OUTBOX, facts)
    return True


async def _dnc(
    conn: Connection, said: asyncpg.Record, entry: Disposition, tenant_id: UUID, phone_e164: str
) -> bool:
    """Put the number on the tenant's own list, or take back what an earlier word put there."""
    if entry.action is DispositionAction.DNC:
        row = DncRow(phone_e164=phone_e164, reason=said["note"][:500] or said["code"])
        added = await dnc_store.add(
            conn, tenant_id=tenant_id, list_id=OWN_LIST, rows=(row,), source=_SOURCE,
            by=said["set_by"],
        )  # fmt: skip
        return bool(added) or said["dnc_added"]
    if said["dnc_added"]:
        with suppress(dnc_store.EntryMissing):
            await dnc_store.remove(
                conn, tenant_id=tenant_id, list_id=OWN_LIST, phone_e164=phone_e164,
                reason=f"the agent says {said['code']}", by=said["set_by"],
            )  # fmt: skip
    return False


def _lead_after(
    entry: Disposition,
    closed: str | None,
    due_at: datetime,
    ended_at: datetime,
    lead: asyncpg.Record,
    campaign: Campaign,
) -> tuple[str | None, datetime]:
    """Return why the lead is closed after what was said, and else when it is due."""
    match entry.action:
        case DispositionAction.DNC:
            return "dnc", due_at
        case DispositionAction.CLOSE:
            return ClosedReason.DISPOSITION.value, due_at
        case DispositionAction.RETRY if lead["attempts"] >= campaign.spec.max_attempts:
            return ClosedReason.EXHAUSTED.value, due_at
        case DispositionAction.RETRY:
            return None, ended_at + timedelta(seconds=entry.retry_s)
        case _:
            return closed, due_at


async def _campaign(conn: Connection, tenant_id: UUID, campaign_id: str) -> Campaign:
    found = await campaign_store.get_campaign(conn, tenant_id=tenant_id, campaign_id=campaign_id)
    if found is None:
        raise AttemptMissing(campaign_id)
    return found


def _wish(said: asyncpg.Record) -> CallbackWish | None:
    return None if said["wish"] is None else CallbackWish.model_validate_json(said["wish"])


def _priority(grade: str | None) -> int:
    return priority_of_grade(Grade(grade) if grade is not None else None)


def _told(
    tenant_id: UUID, said: asyncpg.Record, entry: Disposition, now: datetime
) -> DispositionSetV1:
    return DispositionSetV1(
        message_id=str(uuid7()),
        occurred_at=now,
        tenant=str(tenant_id),
        attempt_id=str(said["attempt_id"]),
        interaction_id=str(said["interaction_id"]),
        campaign_id=said["campaign_id"],
        lead_id=said["lead_id"],
        code=said["code"],
        action=entry.action,
        grade=entry.grade,
        counts_as_success=entry.counts_as_success,
        note=said["note"],
        set_by=said["set_by"],
    )
