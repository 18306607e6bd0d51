"""Jobs on many customers: rows of ``crm.customer_job``, claimed by one replica at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from ringway.proto.crm_customer_files import CustomerJobChangedV1
from ringway.runtime import outbox
from ringway.runtime.postgres import Connection

LEASE = timedelta(seconds=60)
_COLUMNS = """job_id, kind, act, state, batch_number, file_name, options, counts, preview,
              position, failure_code, failure, caller, created_by, created_at, finished_at"""


class State(StrEnum):
    """How far a job is."""

    PROPOSED = "proposed"  # somebody has to confirm it
    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNDOING = "undoing"
    UNDONE = "undone"


OPEN = frozenset({State.WAITING, State.RUNNING})
Counts = dict[str, int]


@dataclass(frozen=True, slots=True)
class Job:
    """One row of ``crm.customer_job``. ``position`` says where to go on."""

    job_id: UUID
    kind: str
    act: str
    state: State
    batch_number: str | None
    file_name: str
    options: dict[str, Any]
    counts: Counts
    preview: list[dict[str, Any]]
    position: str
    failure_code: str
    failure: str
    caller: dict[str, Any]
    created_by: UUID
    created_at: datetime
    finished_at: datetime | None


class ClaimLost(Exception):
    """The job was cancelled, or another replica works on it: what was done so far is kept."""


async def add(
    conn: Connection,
    *,
    tenant_id: UUID,
    job_id: UUID,
    kind: str,
    act: str,
    state: State,
    options: Mapping[str, Any],
    caller: Mapping[str, Any],
    user_id: UUID,
    now: datetime,
    file_name: str = "",
    is_batch: bool = False,
    counts: Mapping[str, int] | None = None,
) -> Job:
    """Add a job. With ``is_batch`` it gets the tenant's next batch number."""
    row = await conn.fetchrow(
        f"""
        WITH numbered AS (
            UPDATE crm.tenant SET next_batch_no = next_batch_no + 1
             WHERE tenant_id = $1 AND $10 RETURNING next_batch_no - 1 AS no
        )
        INSERT INTO crm.customer_job (tenant_id, job_id, kind, act, state, options, caller,
                                      created_by, created_at, file_name, batch_number, counts)
        VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7::jsonb, $8, $9, $11,
                (SELECT 'B' || lpad(no::text, 6, '0') FROM numbered), $12::jsonb)
        RETURNING {_COLUMNS}
        """,  # noqa: S608 - a constant
        tenant_id,
        job_id,
        kind,
        act,
        state,
        _json(options),
        _json(caller),
        user_id,
        now,
        is_batch,
        file_name,
        _json(counts or {}),
    )
    assert row is not None
    return _job(row)


async def get(
    conn: Connection, *, tenant_id: UUID, job_id: UUID, kind: str, lock: bool = False
) -> Job | None:
    """Return one job; with ``lock`` nobody else changes it until the transaction ends."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM crm.customer_job "  # noqa: S608 - constants
        f"WHERE tenant_id = $1 AND job_id = $2 AND kind = $3{' FOR UPDATE' if lock else ''}",
        tenant_id,
        job_id,
        kind,
    )
    return _job(row) if row is not None else None


async def page(
    conn: Connection,
    *,
    tenant_id: UUID,
    kind: str,
    created_by: UUID | None,
    before: UUID | None,
    limit: int,
) -> list[Job]:
    """Return jobs of a kind, newest first; ``created_by`` None: everybody's."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS} FROM crm.customer_job
         WHERE tenant_id = $1 AND kind = $2 AND ($3::uuid IS NULL OR created_by = $3)
           AND ($4::uuid IS NULL OR job_id < $4)
         ORDER BY job_id DESC LIMIT $5
        """,  # noqa: S608 - a constant
        tenant_id,
        kind,
        created_by,
        before,
        limit,
    )
    return [_job(row) for row in rows]


async def claim(conn: Connection, *, now: datetime, claim_id: UUID) -> tuple[UUID, UUID] | None:
    """Claim the oldest job of any tenant that nobody works on: its tenant and its id."""
    row = await conn.fetchrow(
        "SELECT tenant_id, job_id FROM crm.claim_customer_job($1, $2, $3)",
        now,
        now + LEASE,
        claim_id,
    )
    return (row["tenant_id"], row["job_id"]) if row is not None else None


async def mine(
    conn: Connection, *, tenant_id: UUID, job_id: UUID, claim_id: UUID, now: datetime
) -> Job:
    """Return the job, locked, and hold it for longer: the first statement of every step.

    Raises:
        ClaimLost: It is not this replica's any more.
    """
    row = await conn.fetchrow(
        f"""
        UPDATE crm.customer_job SET lease_until = $4
         WHERE tenant_id = $1 AND job_id = $2 AND claim = $3
           AND state IN ('running', 'undoing')
        RETURNING {_COLUMNS}
        """,  # noqa: S608 - a constant
        tenant_id,
        job_id,
        claim_id,
        now + LEASE,
    )
    if row is None:
        raise ClaimLost
    return _job(row)


async def save(
    conn: Connection, *, tenant_id: UUID, job: Job, now: datetime, counts: Counts, position: str
) -> None:
    """Keep how far a job is, in the transaction of what it did, and tell it."""
    await conn.execute(
        "UPDATE crm.customer_job SET counts = $3::jsonb, position = $4 "
        "WHERE tenant_id = $1 AND job_id = $2",
        tenant_id,
        job.job_id,
        _json(counts),
        position,
    )
    await tell(conn, tenant_id, job, job.state, counts, now)


async def set_preview(
    conn: Connection, *, tenant_id: UUID, job_id: UUID, preview: Sequence[Mapping[str, Any]]
) -> None:
    """Keep the first rows of a dry run."""
    await conn.execute(
        "UPDATE crm.customer_job SET preview = $3::jsonb WHERE tenant_id = $1 AND job_id = $2",
        tenant_id,
        job_id,
        _json(preview),
    )


async def release(conn: Connection, *, tenant_id: UUID, job_id: UUID, claim_id: UUID) -> None:
    """Let another replica go on."""
    await conn.execute(
        "UPDATE crm.customer_job SET lease_until = NULL, claim = NULL "
        "WHERE tenant_id = $1 AND job_id = $2 AND claim = $3",
        tenant_id,
        job_id,
        claim_id,
    )


async def turn(
    conn: Connection,
    *,
    tenant_id: UUID,
    job: Job,
    state: State,
    now: datetime,
    counts: Counts | None = None,
    failure: tuple[str, str] = ("", ""),
) -> Job:
    """Bring a job into another state; from a final one on nobody works on it."""
    is_open = state in OPEN or state is State.UNDOING
    row = await conn.fetchrow(
        f"""
        UPDATE crm.customer_job
           SET state = $3, counts = coalesce($4::jsonb, counts), failure_code = $5, failure = $6,
               finished_at = $7, claim = NULL, lease_until = NULL, tries = 0,
               position = CASE WHEN $8 THEN '' ELSE position END
         WHERE tenant_id = $1 AND job_id = $2 RETURNING {_COLUMNS}
        """,  # noqa: S608 - a constant
        tenant_id,
        job.job_id,
        state,
        _json(counts) if counts is not None else None,
        *failure,
        None if is_open else now,
        is_open,
    )
    assert row is not None
    turned = _job(row)
    await tell(conn, tenant_id, turned, state, turned.counts, now)
    if not is_open:
        await conn.execute(
            "DELETE FROM crm.customer_file WHERE tenant_id = $1 AND job_id = $2",
            tenant_id,
            job.job_id,
        )
    return turned


async def tell(
    conn: Connection, tenant_id: UUID, job: Job, state: State, counts: Counts, now: datetime
) -> None:
    """Announce a job's state and counts."""
    fact = CustomerJobChangedV1.model_validate(
        {
            "occurred_at": now,
            "tenant": str(tenant_id),
            "job_id": str(job.job_id),
            "job": job.kind,
            "state": state.value,
            "counts": counts,
        }
    )
    await outbox.add(conn, "crm", fact)


def _job(row: asyncpg.Record) -> Job:
    loaded = {name: orjson.loads(row[name]) for name in ("options", "counts", "preview", "caller")}
    return Job(**{**row, **loaded, "state": State(row["state"])})


def _json(value: object) -> str:
    return orjson.dumps(value, default=str).decode()
