"""Lists and leads in PostgreSQL: import, and the steps of a claim. The caller owns the
transaction, and asks the law between the steps (see ``gate``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
import orjson

from ringway.dialer import number_store
from ringway.dialer.core.law import zone_key
from ringway.dialer.model import Attempt, LeadCounts
from ringway.proto.dialer import CampaignMode, LeadRow
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

_MANY = 100  # numbers whose zones are worked out beside the event loop


class ListMissing(Exception):
    """A list does not exist, or was removed."""


@dataclass(frozen=True, slots=True)
class Added:
    """What became of one chunk of an import."""

    added: int
    duplicate_lead_ids: tuple[str, ...]


_PUT_LIST = """
    INSERT INTO dialer.list (tenant_id, list_id, name) VALUES ($1, $2, $3)
    ON CONFLICT (tenant_id, list_id) DO UPDATE SET name = excluded.name, changed_at = now()
     WHERE list.removed_at IS NULL
    RETURNING true
"""
# Nobody removes it until the leads are in it.
_IS_THERE = """
    SELECT true FROM dialer.list
     WHERE tenant_id = $1 AND list_id = $2 AND removed_at IS NULL FOR SHARE
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
           (tenant_id, list_id, batch_id, lead_id, phone_e164, name, data, priority, zone, zone_key)
    SELECT $1, $2, $3, r.lead_id, r.phone_e164, r.name, r.data::jsonb, r.priority, r.zone,
           r.zone_key
      FROM unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::integer[], $9::text[],
                  $10::text[])
           WITH ORDINALITY
           AS r (lead_id, phone_e164, name, data, priority, zone, zone_key, n)
     ORDER BY r.n
    ON CONFLICT DO NOTHING
    RETURNING lead_id
"""
# Under which zones leads that may be claimed are found: one step in the index for each.
_ZONE_KEYS = """
    SELECT DISTINCT k.zone_key
      FROM unnest($2::text[]) AS l (list_id)
     CROSS JOIN LATERAL (
           WITH RECURSIVE step AS (
               (SELECT zone_key FROM dialer.lead
                 WHERE tenant_id = $1 AND list_id = l.list_id
                   AND closed_reason IS NULL AND open_attempt_id IS NULL
                 ORDER BY zone_key LIMIT 1)
               UNION ALL
               SELECT (SELECT zone_key FROM dialer.lead
                        WHERE tenant_id = $1 AND list_id = l.list_id
                          AND zone_key > step.zone_key
                          AND closed_reason IS NULL AND open_attempt_id IS NULL
                        ORDER BY zone_key LIMIT 1)
                 FROM step WHERE step.zone_key IS NOT NULL
           ) SELECT zone_key FROM step WHERE zone_key IS NOT NULL
           ) k
"""
# running: a pause that has been answered is kept, since it waits for this lock or is seen here.
# due: SKIP LOCKED lets several dialers claim from one list without waiting for, or stealing from,
# each other. Each list and zone is read in its index's order, so a long list costs no more than a
# short one, and leads of zones that are closed now are not read at all.
# is_held: whoever decides about a number holds it until his attempt is written, so that two
# campaigns cannot both be the last that its cap allows. Nobody waits: one that is held is left out.
_DUE = """
    WITH running AS (
        SELECT 1 FROM dialer.campaign
         WHERE tenant_id = $1 AND campaign_id = $2 AND state = 'running' FOR SHARE
    )
    SELECT first.*,
           pg_try_advisory_xact_lock(hashtextextended($1::text || phone_e164, 4)) AS is_held
      FROM (
    SELECT d.lead_id, d.list_id, d.phone_e164, d.zone, d.zone_key, d.attempts
      FROM running
     CROSS JOIN unnest($3::text[]) WITH ORDINALITY AS l (list_id, n)
     CROSS JOIN unnest($4::text[]) AS z (zone_key)
     CROSS JOIN LATERAL (
           SELECT lead_id, list_id, phone_e164, zone, zone_key, attempts, priority,
                  next_attempt_at, position
             FROM dialer.lead
            WHERE tenant_id = $1 AND list_id = l.list_id AND zone_key = z.zone_key
              AND closed_reason IS NULL AND open_attempt_id IS NULL
              AND next_attempt_at <= $5 AND attempts < $6 AND lead_id <> ALL ($8::text[])
            ORDER BY priority DESC, next_attempt_at, position
            LIMIT $7 FOR UPDATE SKIP LOCKED
           ) d
     ORDER BY d.priority DESC, d.next_attempt_at, l.n, d.position
     LIMIT $7
      ) first
"""
# One that an agent asks for by name: whether it is due does not matter.
_THIS_ONE = """
    WITH running AS (
        SELECT 1 FROM dialer.campaign
         WHERE tenant_id = $1 AND campaign_id = $2 AND state = 'running' FOR SHARE
    )
    SELECT d.*, pg_try_advisory_xact_lock(hashtextextended($1::text || phone_e164, 4)) AS is_held
      FROM running
     CROSS JOIN LATERAL (
           SELECT lead_id, list_id, phone_e164, zone, zone_key, attempts FROM dialer.lead
            WHERE tenant_id = $1 AND lead_id = $5 AND list_id = ANY ($3::text[])
              AND closed_reason IS NULL AND open_attempt_id IS NULL AND attempts < $4
              FOR UPDATE SKIP LOCKED
           ) d
"""
_TAKE = """
    WITH given AS (
        SELECT * FROM unnest($3::text[], $4::uuid[], $5::uuid[], $6::text[])
                      AS g (lead_id, attempt_id, interaction_id, node)
    ), taken AS (
        UPDATE dialer.lead
           SET attempts = lead.attempts + 1, open_attempt_id = given.attempt_id,
               held_reason = NULL, held_from = NULL
          FROM given
         WHERE lead.tenant_id = $1 AND lead.lead_id = given.lead_id
           AND lead.lead_id = ANY ($3::text[])  -- or the planner may read every lead
           AND lead.open_attempt_id IS NULL
        RETURNING given.attempt_id, given.interaction_id, given.node, lead.list_id, lead.lead_id,
                  lead.attempts, lead.attempts_before, lead.phone_e164, lead.zone_key
    )
    INSERT INTO dialer.attempt
           (tenant_id, attempt_id, interaction_id, campaign_id, list_id, lead_id, attempt_no,
            phone_e164, caller_id, mode, trunk_id, node, claimed_at, zone_key, attempts_before)
    SELECT $1, attempt_id, interaction_id, $2, list_id, lead_id, attempts_before + attempts,
           phone_e164, $8, $9, $10, node, $7, zone_key, attempts_before
      FROM taken
    RETURNING attempt_id, interaction_id, list_id, lead_id, attempt_no, phone_e164, node, zone_key,
              attempts_before
"""
_SET_ZONE_KEYS = """
    UPDATE dialer.lead SET zone_key = r.zone_key
      FROM unnest($2::text[], $3::text[]) AS r (lead_id, zone_key)
     WHERE lead.tenant_id = $1 AND lead.lead_id = r.lead_id AND lead.lead_id = ANY ($2::text[])
"""
# attempts >= 0 is what the index of due leads is made for; see its migration.
_NEXT_DUE = """
    SELECT z.zone_key, min(d.next_attempt_at) AS due_at
      FROM unnest($2::text[]) AS l (list_id)
     CROSS JOIN unnest($3::text[]) AS z (zone_key)
     CROSS JOIN LATERAL (
           SELECT next_attempt_at FROM dialer.lead
            WHERE tenant_id = $1 AND list_id = l.list_id AND zone_key = z.zone_key
              AND closed_reason IS NULL AND open_attempt_id IS NULL
              AND attempts >= 0 AND attempts < $4
            ORDER BY next_attempt_at LIMIT 1
           ) d
     GROUP BY z.zone_key
"""
_COUNT_BY_ZONE = """
    SELECT zone_key, count(*) AS leads FROM dialer.lead
     WHERE tenant_id = $1 AND list_id = ANY ($2::text[]) AND zone_key = ANY ($3::text[])
       AND closed_reason IS NULL AND open_attempt_id IS NULL
     GROUP BY zone_key
"""
_COUNTS = """
    SELECT count(*) AS total, count(*) FILTER (WHERE closed_reason IS NULL) AS open
      FROM dialer.lead WHERE tenant_id = $1 AND list_id = ANY ($2::text[])
"""


async def put_list(conn: Connection, *, tenant_id: UUID, list_id: str, name: str) -> None:
    """Create or rename a list.

    Raises:
        ListMissing: It was removed.
    """
    if not await conn.fetchval(_PUT_LIST, tenant_id, list_id, name):
        raise ListMissing(list_id)


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
    if not await conn.fetchval(_IS_THERE, tenant_id, list_id):
        raise ListMissing(list_id)
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
        [r.zone for r in rows],
        await zone_keys([(r.phone_e164, r.zone) for r in rows]),
    )
    new = {r["lead_id"] for r in added}
    duplicates = _without_first_of(new, (r.lead_id for r in rows))
    await number_store.add(conn, tenant_id=tenant_id, rows=rows, new=new)
    await conn.execute(_CHUNK_NOTE, tenant_id, batch_id, chunk_no, len(new), duplicates)
    return Added(len(new), tuple(duplicates))


async def zone_keys(parties: Sequence[tuple[str, str | None]]) -> list[str]:
    """Return the keys of (number, own zone or None); calls go on while many are worked out."""
    if len(parties) < _MANY:
        return [zone_key(*party) for party in parties]
    return await asyncio.to_thread(lambda: [zone_key(*party) for party in parties])


async def keys_to_dial(
    conn: Connection, *, tenant_id: UUID, list_ids: Sequence[str]
) -> frozenset[str]:
    """Return the zone keys of the leads of lists that are open and in no attempt."""
    rows = await conn.fetch(_ZONE_KEYS, tenant_id, list(list_ids))
    return frozenset(r["zone_key"] for r in rows)


async def due(
    conn: Connection,
    *,
    tenant_id: UUID,
    campaign_id: str,
    list_ids: Sequence[str],
    keys: Iterable[str],
    max_attempts: int,
    now: datetime,
    count: int,
    but_for: Sequence[str] = (),
) -> Sequence[asyncpg.Record]:
    """Lock up to ``count`` leads under ``keys`` that are due at ``now``, in the order of dialing.

    ``is_held`` of a row is false while another claim decides about its number.

    Leads that another dialer is claiming at this moment are skipped, and there are none while the
    campaign is not running, so fewer may come back.
    """
    return await conn.fetch(
        _DUE,
        tenant_id,
        campaign_id,
        list(list_ids),
        sorted(keys),
        now,
        max_attempts,
        count,
        list(but_for),
    )


async def this_one(
    conn: Connection,
    *,
    tenant_id: UUID,
    campaign_id: str,
    list_ids: Sequence[str],
    max_attempts: int,
    lead_id: str,
) -> Sequence[asyncpg.Record]:
    """Lock one lead, due or not, if the campaign may dial it at all; empty otherwise."""
    return await conn.fetch(
        _THIS_ONE, tenant_id, campaign_id, list(list_ids), max_attempts, lead_id
    )


async def take(
    conn: Connection,
    *,
    tenant_id: UUID,
    campaign_id: str,
    lead_ids: Sequence[str],
    nodes: Sequence[str],
    now: datetime,
    caller_id: str | None,
    mode: CampaignMode,
    trunk_id: str,
) -> Sequence[Attempt]:
    """Open an attempt for each of these leads, one per node named, in this order."""
    rows = await conn.fetch(
        _TAKE,
        tenant_id,
        campaign_id,
        list(lead_ids),
        [uuid7() for _ in lead_ids],
        [uuid7() for _ in lead_ids],
        list(nodes),
        now,
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


async def zone_of(conn: Connection, *, tenant_id: UUID, lead_id: str) -> str | None:
    """Return a lead's own zone, where it is known."""
    zone: str | None = await conn.fetchval(
        "SELECT zone FROM dialer.lead WHERE tenant_id = $1 AND lead_id = $2", tenant_id, lead_id
    )
    return zone


async def set_zone_keys(conn: Connection, *, tenant_id: UUID, keys: Mapping[str, str]) -> None:
    """Put leads under other zone keys, by lead_id."""
    await conn.execute(_SET_ZONE_KEYS, tenant_id, list(keys), list(keys.values()))


async def next_due(
    conn: Connection,
    *,
    tenant_id: UUID,
    list_ids: Sequence[str],
    keys: Iterable[str],
    max_attempts: int,
) -> dict[str, datetime]:
    """Return when the next lead under each key that is in no attempt becomes due."""
    rows = await conn.fetch(_NEXT_DUE, tenant_id, list(list_ids), sorted(keys), max_attempts)
    return {r["zone_key"]: r["due_at"] for r in rows}


async def count_by_zone(
    conn: Connection, *, tenant_id: UUID, list_ids: Sequence[str], keys: Iterable[str]
) -> dict[str, int]:
    """Count the leads under keys that are open and in no attempt."""
    rows = await conn.fetch(_COUNT_BY_ZONE, tenant_id, list(list_ids), sorted(keys))
    return {r["zone_key"]: r["leads"] for r in rows}


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
