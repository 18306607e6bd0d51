"""The audit log: append-only, each entry's hash covers the one before it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from ringway.crm_api.access import Caller
from ringway.runtime.postgres import Connection

_GENESIS = bytes(32)
# What the present request has noted so far, for whoever must know whether it noted anything.
acts: ContextVar[list[str] | None] = ContextVar("acts", default=None)


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
    if (noted := acts.get()) is not None:
        noted.append(action)
    entry = Entry(
        seq=last["seq"] + 1 if last is not None else 1,
        at=now,
        actor_id=caller.user_id,
        actor=caller.username,
        action=action,
        object_type=object_type,
        object_id=str(object_id),
        detail=_as_stored(dict(detail or {})),
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
        orjson.dumps(entry.detail).decode(),
        entry.client_ip,
        prev_hash,
        digest(tenant_id, entry),
    )


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; None is anything.

    ``action`` is a whole action, or with a full stop at its end all that begin with it. ``text``
    stands in the action, the actor, the object's id or the detail, in any case.
    """

    action: str | None = None
    actor: str | None = None
    object_type: str | None = None
    object_id: str | None = None
    begin: datetime | None = None
    end: datetime | None = None
    text: str | None = None


async def page(
    conn: Connection, *, tenant_id: UUID, before_seq: int | None, limit: int, search: Search
) -> list[Entry]:
    """Return entries, newest first, older than ``before_seq``."""
    rows = await conn.fetch(
        """
        SELECT * FROM crm.audit_log
         WHERE tenant_id = $1 AND ($2::bigint IS NULL OR seq < $2)
           AND ($3::text IS NULL OR action = $3
                OR (right($3, 1) = '.' AND starts_with(action, $3)))
           AND ($4::text IS NULL OR actor = $4)
           AND ($5::text IS NULL OR object_type = $5) AND ($6::text IS NULL OR object_id = $6)
           AND ($7::timestamptz IS NULL OR at >= $7) AND ($8::timestamptz IS NULL OR at < $8)
           AND ($9::text IS NULL OR strpos(
                lower(concat_ws(' ', action, actor, object_id, detail::text)), lower($9)) > 0)
         ORDER BY seq DESC LIMIT $10
        """,
        tenant_id,
        before_seq,
        search.action,
        search.actor,
        search.object_type,
        search.object_id,
        search.begin,
        search.end,
        search.text,
        limit,
    )
    return [_entry(row) for row in rows]


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check of the chain found. ``broken`` is the first entry that does not fit."""

    entries: int
    broken: int | None
    last_hash: bytes


async def check(
    conn: Connection, *, tenant_id: UUID, known: tuple[int, bytes] | None = None
) -> Checked:
    """Recompute the chain.

    Args:
        known: The number and hash of an entry as somebody noted them earlier, outside of the
            database. Without it nobody can tell that the end of the log was cut off, or the
            whole chain made anew.
    """
    prev_hash, count = _GENESIS, 0
    query = "SELECT * FROM crm.audit_log WHERE tenant_id = $1 ORDER BY seq"
    async for row in conn.cursor(query, tenant_id):
        entry = _entry(row)
        count += 1
        fits = entry.seq == count and entry.prev_hash == prev_hash
        is_as_known = known is None or known[0] != count or known[1] == entry.hash
        if not fits or not is_as_known or entry.hash != digest(tenant_id, entry):
            return Checked(count, count, entry.hash)
        prev_hash = entry.hash
    if known is not None and known[0] > count:
        return Checked(count, count + 1, prev_hash)
    return Checked(count, None, prev_hash)


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


def _as_stored(value: Any) -> Any:
    """Return a detail as JSON in PostgreSQL gives it back, so that its hash can be recomputed."""
    return _whole_numbers(orjson.loads(orjson.dumps(value, default=str)))


def _whole_numbers(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and -(2**63) <= value < 2**64:
        return int(value)  # larger ones come back as floats
    if isinstance(value, dict):
        return {key: _whole_numbers(each) for key, each in value.items()}
    return [_whole_numbers(each) for each in value] if isinstance(value, list) else value


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
