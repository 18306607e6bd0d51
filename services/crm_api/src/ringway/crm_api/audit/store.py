"""The audit log: append-only, each entry's hash covers the one before it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from ringway.crm_api.access import Caller
from ringway.runtime.postgres import Connection

_GENESIS = bytes(32)


@dataclass(frozen=True, slots=True)
class Entry:
    """One act of one person."""

    seq: int
    at: datetime
    actor_id: UUID | None
    actor: str
    action: str
    object_type: str
    object_id: str
    detail: dict[str, Any]
    client_ip: str
    prev_hash: bytes
    hash: bytes


async def add(
    conn: Connection,
    *,
    caller: Caller,
    now: datetime,
    action: str,
    object_type: str,
    object_id: object = "",
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Add an entry about ``caller`` in his tenant, in the caller's transaction.

    The chain is a line that all writers of a tenant stand in: the lock lasts until commit.
    """
    tenant_id = caller.tenant_id
    await conn.execute(
        "SELECT pg_advisory_xact_lock(hashtext('crm.audit_log'), hashtext($1))", str(tenant_id)
    )
    last = await conn.fetchrow(
        "SELECT seq, hash FROM crm.audit_log WHERE tenant_id = $1 ORDER BY seq DESC LIMIT 1",
        tenant_id,
    )
    prev_hash = last["hash"] if last is not None else _GENESIS
    entry = Entry(
        seq=last["seq"] + 1 if last is not None else 1,
        at=now,
        actor_id=caller.user_id,
        actor=caller.username,
        action=action,
        object_type=object_type,
        object_id=str(object_id),
        detail=dict(detail or {}),
        client_ip=caller.client_ip,
        prev_hash=prev_hash,
        hash=b"",
    )
    await conn.execute(
        """
        INSERT INTO crm.audit_log (tenant_id, seq, at, actor_id, actor, action, object_type,
                                   object_id, detail, client_ip, prev_hash, hash)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10, $11, $12)
        """,
        tenant_id,
        entry.seq,
        entry.at,
        entry.actor_id,
        entry.actor,
        entry.action,
        entry.object_type,
        entry.object_id,
        orjson.dumps(entry.detail, default=str).decode(),
        entry.client_ip,
        prev_hash,
        digest(tenant_id, entry),
    )


async def page(
    conn: Connection,
    *,
    tenant_id: UUID,
    before_seq: int | None,
    limit: int,
    action: str | None = None,
    actor: str | None = None,
) -> list[Entry]:
    """Return entries, newest first, older than ``before_seq``."""
    rows = await conn.fetch(
        """
        SELECT * FROM crm.audit_log
         WHERE tenant_id = $1 AND ($2::bigint IS NULL OR seq < $2)
           AND ($3::text IS NULL OR action = $3) AND ($4::text IS NULL OR actor = $4)
         ORDER BY seq DESC LIMIT $5
        """,
        tenant_id,
        before_seq,
        action,
        actor,
        limit,
    )
    return [_entry(row) for row in rows]


async def first_broken(conn: Connection, *, tenant_id: UUID) -> tuple[int, int | None]:
    """Recompute the chain.

    Returns:
        How many entries there are, and the number of the first that does not fit, if any.
    """
    prev_hash, count = _GENESIS, 0
    query = "SELECT * FROM crm.audit_log WHERE tenant_id = $1 ORDER BY seq"
    async for row in conn.cursor(query, tenant_id):
        entry = _entry(row)
        count += 1
        fits = entry.seq == count and entry.prev_hash == prev_hash
        if not fits or entry.hash != digest(tenant_id, entry):
            return count, entry.seq
        prev_hash = entry.hash
    return count, None


def digest(tenant_id: UUID, entry: Entry) -> bytes:
    """Return the hash of an entry: over its content and the hash of the one before."""
    content = [
        str(tenant_id),
        entry.seq,
        entry.at.isoformat(),
        str(entry.actor_id),
        entry.actor,
        entry.action,
        entry.object_type,
        entry.object_id,
        entry.detail,
        entry.client_ip,
    ]
    raw = orjson.dumps(content, default=str, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(entry.prev_hash + raw).digest()


def _entry(row: asyncpg.Record) -> Entry:
    return Entry(
        seq=row["seq"],
        at=row["at"],
        actor_id=row["actor_id"],
        actor=row["actor"],
        action=row["action"],
        object_type=row["object_type"],
        object_id=row["object_id"],
        detail=orjson.loads(row["detail"]),
        client_ip=row["client_ip"],
        prev_hash=row["prev_hash"],
        hash=row["hash"],
    )
