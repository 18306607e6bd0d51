"""Lists and leads in PostgreSQL: import and claim. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
import orjson

from ringway.dialer.model import Attempt, LeadCounts
from ringway.proto.dialer import CampaignMode, LeadRow
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection


class ListMissing(Exception):
    """Leads are added to a list that does not exist."""


@dataclass(frozen=True, slots=True)
class Added:
    """What became of one chunk of an import."""

    added: int
    duplicate_lead_ids: tuple[str, ...]


_PUT_LIST = """
    INSERT INTO dialer.list (tenant_id, list_id, name) VALUES ($1, $2, $3)
    ON CONFLICT (tenant_id, list_id) DO UPDATE SET name = excluded.name, changed_at = now()
"""
# Two deliveries of one chunk take turns; the second finds the answer of the first.
_CHUNK_TURN = "SELECT pg_advisory_xact_lock(hashtextextended($1 || '/' || $2 || '/' || $3, 0))"
_CHUNK_DONE = """
    SELECT added, duplicate_lead_ids FROM dialer.lead_chunk
     WHERE tenant_id = $1 AND batch_id = $2 AND chunk_no = $3
"""
_CHUNK_NOTE = """
    INSERT INTO dialer.lead_chunk (tenant_id, batch_id, chunk_no, added, duplicate_lead_ids)
    VALUES ($1, $2, $3, $4, $5)
"""
# One statement for thousands of rows: arrays travel in binary like COPY, and no temporary table
# (a right the service's role does not have) is needed to resolve duplicates.
_ADD = """
    INSERT INTO dialer.lead
           (tenant_id, list_id, batch_id, lead_id, phone_e164, name, data, priority)
    SELECT $1, $2, $3, r.lead_id, r.phone_e164, r.name, r.data::jsonb, r.priority
      FROM unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::integer[])
           WITH ORDINALITY AS r (lead_id, phone_e164, name, data, priority, n)
     ORDER BY r.n
    ON CONFLICT DO NOTHING
    RETURNING lead_id
"""
# A pause that has been answered is kept: it waits for this lock, or this sees it.
_IS_RUNNING = """
    SELECT FROM dialer.campaign
     WHERE tenant_id = $1 AND campaign_id = $2 AND state = 'running' FOR SHARE
"""
# SKIP LOCKED lets several dialers claim from one list without waiting for, or stealing from, each
# other. Each list is read in its index's order, so a long list costs no more than a short one.
_DUE = """
    SELECT d.lead_id, d.list_id, d.phone_e164, d.attempts
      FROM unnest($2::text[]) WITH ORDINALITY AS l (list_id, n)
     CROSS JOIN LATERAL (
           SELECT lead_id, list_id, phone_e164, attempts, priority, next_attempt_at, position
             FROM dialer.lead
            WHERE tenant_id = $1 AND list_id = l.list_id
              AND closed_reason IS NULL AND open_attempt_id IS NULL
              AND next_attempt_at <= $3 AND attempts < $4
            ORDER BY priority DESC, next_attempt_at, position
            LIMIT $5 FOR UPDATE SKIP LOCKED
           ) d
     ORDER BY d.priority DESC, d.next_attempt_at, l.n, d.position
     LIMIT $5
"""
_TAKE = """
    UPDATE dialer.lead
       SET attempts = lead.attempts + 1, open_attempt_id = taken.attempt_id
      FROM unnest($2::text[], $3::uuid[]) AS taken (lead_id, attempt_id)
     WHERE lead.tenant_id = $1 AND lead.lead_id = taken.lead_id
"""
_OPEN = """
    INSERT INTO dialer.attempt
           (tenant_id, attempt_id, interaction_id, campaign_id, list_id, lead_id, attempt_no,
            phone_e164, caller_id, mode, trunk_id, node, claimed_at)
    SELECT $1, a.attempt_id, a.interaction_id, $2, a.list_id, a.lead_id, a.attempt_no,
           a.phone_e164, $3, $4, $5, a.node, $6
      FROM unnest($7::uuid[], $8::uuid[], $9::text[], $10::text[], $11::integer[], $12::text[],
                  $13::text[])
           AS a (attempt_id, interaction_id, list_id, lead_id, attempt_no, phone_e164, node)
"""
_NEXT_DUE = """
    SELECT min(d.next_attempt_at)
      FROM unnest($2::text[]) AS l (list_id)
     CROSS JOIN LATERAL (
           SELECT next_attempt_at FROM dialer.lead
            WHERE tenant_id = $1 AND list_id = l.list_id
              AND closed_reason IS NULL AND open_attempt_id IS NULL AND attempts < $3
            ORDER BY next_attempt_at LIMIT 1
           ) d
"""
_COUNTS = """
    SELECT count(*) AS total, count(*) FILTER (WHERE closed_reason IS NULL) AS open
      FROM dialer.lead WHERE tenant_id = $1 AND list_id = ANY ($2::text[])
"""


async def put_list(conn: Connection, *, tenant_id: UUID, list_id: str, name: str) -> None:
    """Create or rename a list."""
    await conn.execute(_PUT_LIST, tenant_id, list_id, name)


async def add_leads(
    conn: Connection,
    *,
    tenant_id: UUID,
    list_id: str,
    batch_id: str,
    chunk_no: int,
    rows: Sequence[LeadRow],
) -> Added:
    """Add one chunk of an import; a repeat of the chunk returns the first answer.

    A row whose number the list has already, or whose lead_id exists, is a duplicate.

    Raises:
        ListMissing: The list does not exist.
    """
    await conn.execute(_CHUNK_TURN, str(tenant_id), batch_id, str(chunk_no))
    done = await conn.fetchrow(_CHUNK_DONE, tenant_id, batch_id, chunk_no)
    if done is not None:
        return Added(done["added"], tuple(done["duplicate_lead_ids"]))
    try:
        added = await conn.fetch(
            _ADD,
            tenant_id,
            list_id,
            batch_id,
            [r.lead_id for r in rows],
            [r.phone_e164 for r in rows],
            [r.name for r in rows],
            [orjson.dumps(r.data).decode() for r in rows],
            [r.priority for r in rows],
        )
    except asyncpg.ForeignKeyViolationError as exc:
        raise ListMissing(list_id) from exc
    new = {r["lead_id"] for r in added}
    duplicates = _without_first_of(new, (r.lead_id for r in rows))
    await conn.execute(_CHUNK_NOTE, tenant_id, batch_id, chunk_no, len(new), duplicates)
    return Added(len(new), tuple(duplicates))


async def claim(
    conn: Connection,
    *,
    tenant_id: UUID,
    campaign_id: str,
    list_ids: Sequence[str],
    max_attempts: int,
    now: datetime,
    nodes: Sequence[str],
    caller_id: str | None,
    mode: CampaignMode,
    trunk_id: str,
) -> Sequence[Attempt]:
    """Open an attempt for up to ``len(nodes)`` leads that are due at ``now``, one per node named.

    Leads that another dialer is claiming at this moment are skipped, and none is claimed while
    the campaign is not running, so fewer may come back. They come in the order of dialing.
    """
    if await conn.fetchrow(_IS_RUNNING, tenant_id, campaign_id) is None:
        return []
    due = await conn.fetch(_DUE, tenant_id, list(list_ids), now, max_attempts, len(nodes))
    attempts = [
        Attempt(
            tenant=str(tenant_id),
            attempt_id=uuid7(),
            interaction_id=uuid7(),
            campaign_id=campaign_id,
            list_id=row["list_id"],
            lead_id=row["lead_id"],
            attempt_no=row["attempts"] + 1,
            phone_e164=row["phone_e164"],
            caller_id=caller_id,
            mode=mode,
            trunk_id=trunk_id,
            node=node,
            claimed_at=now,
        )
        for row, node in zip(due, nodes, strict=False)
    ]
    if attempts:
        ids = [a.attempt_id for a in attempts]
        await conn.execute(_TAKE, tenant_id, [a.lead_id for a in attempts], ids)
        await conn.execute(
            _OPEN,
            tenant_id,
            campaign_id,
            caller_id,
            mode.value,
            trunk_id,
            now,
            ids,
            [a.interaction_id for a in attempts],
            [a.list_id for a in attempts],
            [a.lead_id for a in attempts],
            [a.attempt_no for a in attempts],
            [a.phone_e164 for a in attempts],
            [a.node for a in attempts],
        )
    return attempts


async def next_due(
    conn: Connection, *, tenant_id: UUID, list_ids: Sequence[str], max_attempts: int
) -> datetime | None:
    """Return when the next lead that is in no attempt becomes due; None: none ever will."""
    due: datetime | None = await conn.fetchval(_NEXT_DUE, tenant_id, list(list_ids), max_attempts)
    return due


async def counts(conn: Connection, *, tenant_id: UUID, list_ids: Sequence[str]) -> LeadCounts:
    """Count the leads of lists."""
    row = await conn.fetchrow(_COUNTS, tenant_id, list(list_ids))
    assert row is not None
    return LeadCounts(row["total"], row["open"])


def _without_first_of(new: set[str], lead_ids: Iterable[str]) -> list[str]:
    """Return ``lead_ids`` without the first occurrence of each that is new."""
    left = set(new)
    duplicates = []
    for lead_id in lead_ids:
        if lead_id in left:
            left.discard(lead_id)
        else:
            duplicates.append(lead_id)
    return duplicates
