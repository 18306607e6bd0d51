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
# One statement, so that one round trip holds the rows no longer than needed.
# running: a pause that has been answered is kept, since it waits for this lock or is seen here.
# due: SKIP LOCKED lets several dialers claim from one list without waiting for, or stealing from,
# each other. Each list is read in its index's order, so a long list costs no more than a short one.
_CLAIM = """
    WITH running AS (
        SELECT 1 FROM dialer.campaign
         WHERE tenant_id = $1 AND campaign_id = $2 AND state = 'running' FOR SHARE
    ), due AS (
        SELECT d.*, l.n
          FROM running
         CROSS JOIN unnest($3::text[]) WITH ORDINALITY AS l (list_id, n)
         CROSS JOIN LATERAL (
               SELECT lead_id, priority, next_attempt_at, position
                 FROM dialer.lead
                WHERE tenant_id = $1 AND list_id = l.list_id
                  AND closed_reason IS NULL AND open_attempt_id IS NULL
                  AND next_attempt_at <= $4 AND attempts < $5
                ORDER BY priority DESC, next_attempt_at, position
                LIMIT cardinality($6::uuid[]) FOR UPDATE SKIP LOCKED
               ) d
    ), chosen AS (
        SELECT lead_id,
               row_number() OVER (ORDER BY priority DESC, next_attempt_at, n, position) AS k
          FROM due
    ), given AS (
        SELECT * FROM unnest($6::uuid[], $7::uuid[], $8::text[])
                 WITH ORDINALITY AS g (attempt_id, interaction_id, node, k)
    ), taken AS (
        UPDATE dialer.lead
           SET attempts = lead.attempts + 1, open_attempt_id = given.attempt_id
          FROM chosen JOIN given USING (k)
         WHERE lead.tenant_id = $1 AND lead.lead_id = chosen.lead_id
        RETURNING given.attempt_id, given.interaction_id, given.node, lead.list_id, lead.lead_id,
                  lead.attempts, lead.phone_e164
    )
    INSERT INTO dialer.attempt
           (tenant_id, attempt_id, interaction_id, campaign_id, list_id, lead_id, attempt_no,
            phone_e164, caller_id, mode, trunk_id, node, claimed_at)
    SELECT $1, attempt_id, interaction_id, $2, list_id, lead_id, attempts, phone_e164, $9, $10,
           $11, node, $4
      FROM taken
    RETURNING attempt_id, interaction_id, list_id, lead_id, attempt_no, phone_e164, node
"""
# attempts >= 0 is what the index of due leads is made for; see its migration.
_NEXT_DUE = """
    SELECT min(d.next_attempt_at)
      FROM unnest($2::text[]) AS l (list_id)
     CROSS JOIN LATERAL (
           SELECT next_attempt_at FROM dialer.lead
            WHERE tenant_id = $1 AND list_id = l.list_id
              AND closed_reason IS NULL AND open_attempt_id IS NULL
              AND attempts >= 0 AND attempts < $3
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
    rows = await conn.fetch(
        _CLAIM,
        tenant_id,
        campaign_id,
        list(list_ids),
        now,
        max_attempts,
        [uuid7() for _ in nodes],
        [uuid7() for _ in nodes],
        list(nodes),
        caller_id,
        mode.value,
        trunk_id,
    )
    attempts = [
        Attempt(
            tenant=str(tenant_id),
            campaign_id=campaign_id,
            caller_id=caller_id,
            mode=mode,
            trunk_id=trunk_id,
            claimed_at=now,
            **row,
        )
        for row in rows
    ]
    # Ids grow in the order in which they were given to the leads.
    return sorted(attempts, key=lambda a: a.attempt_id)


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
