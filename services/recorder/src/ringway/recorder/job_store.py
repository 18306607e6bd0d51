"""Jobs: interactions whose audio is still to be collected. All SQL of the collector is here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

import asyncpg

from ringway.proto.acd import InteractionDisconnectedV1
from ringway.proto.acd_calls import InteractionFinishedV1
from ringway.proto.recorder import RecordingMissingV1, RecordingStoredV1
from ringway.recorder.core import naming
from ringway.recorder.core.retry import Miss
from ringway.recorder.core.sweep import Knowledge, Known
from ringway.recorder.joiner import Joined
from ringway.runtime import outbox
from ringway.runtime.postgres import Pool

SCHEMA = "recorder"

# A repeated fact changes nothing: neither while its job is open nor after it was settled.
_ADD = """
    INSERT INTO recorder.job (tenant_id, interaction_id, node, half_agent, half_customer,
                              started_at, talk_s, caller, called, agent_id, agent_number)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11
     WHERE NOT EXISTS (SELECT 1 FROM recorder.recording
                        WHERE tenant_id = $1 AND interaction_id = $2)
    ON CONFLICT DO NOTHING
    RETURNING true
"""

# A fact that is repeated while its job is settled waits for that transaction, and sees neither the
# job nor, with the eyes of its own beginning, the recording.
_TAKE_BACK = """
    DELETE FROM recorder.job j
     WHERE j.tenant_id = $1 AND j.interaction_id = $2
       AND EXISTS (SELECT 1 FROM recorder.recording r
                    WHERE r.tenant_id = $1 AND r.interaction_id = $2)
    RETURNING true
"""

_NUMBER_OF_JOB = """
    SELECT file_number FROM recorder.job
     WHERE tenant_id = $1 AND interaction_id = $2 FOR UPDATE
"""

_NEXT_NUMBER = """
    INSERT INTO recorder.agent_folder AS f (tenant_id, folder, last_number) VALUES ($1, $2, 1)
    ON CONFLICT (tenant_id, folder) DO UPDATE SET last_number = f.last_number + 1
    RETURNING last_number
"""

_KEEP_NUMBER = """
    UPDATE recorder.job SET file_number = $3 WHERE tenant_id = $1 AND interaction_id = $2
"""

_POSTPONE = """
    UPDATE recorder.job
       SET tries = tries + 1, misses = misses + $3, last_error = $4,
           next_try_at = now() + $5, claimed_by = NULL, claimed_until = NULL
     WHERE tenant_id = $1 AND interaction_id = $2
"""

_PARK = """
    UPDATE recorder.job
       SET tries = tries + 1, last_error = $3, next_try_at = NULL,
           claimed_by = NULL, claimed_until = NULL
     WHERE tenant_id = $1 AND interaction_id = $2
"""

_DELETE = """
    DELETE FROM recorder.job WHERE tenant_id = $1 AND interaction_id = $2 RETURNING true
"""

_PUT_STORED = """
    INSERT INTO recorder.recording AS r
           (tenant_id, recording_id, interaction_id, started_at, duration_s, caller, called,
            agent_id, agent_number, node, state, file_name, size_bytes, sha256)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'stored', $11, $12, $13)
    ON CONFLICT (tenant_id, recording_id) DO UPDATE
       SET state = 'stored', reason = '', duration_s = excluded.duration_s,
           file_name = excluded.file_name, size_bytes = excluded.size_bytes,
           sha256 = excluded.sha256, settled_at = now()
     WHERE r.state = 'missing'
    RETURNING true
"""

_PUT_MISSING = """
    INSERT INTO recorder.recording
           (tenant_id, recording_id, interaction_id, started_at, duration_s, caller, called,
            agent_id, agent_number, node, state, reason)
    VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $8, $9, 'missing', $10)
    ON CONFLICT DO NOTHING
    RETURNING true
"""


@dataclass(frozen=True, slots=True)
class Job:
    """One interaction whose audio is to be collected."""

    tenant_id: UUID
    interaction_id: UUID
    node: str
    half_agent: str
    half_customer: str
    started_at: datetime
    caller: str
    called: str
    agent_id: UUID
    agent_number: str
    tries: int
    misses: int
    created_at: datetime

    @property
    def recording_id(self) -> UUID:
        """The recording that this job makes."""
        return naming.recording_id(self.tenant_id, self.interaction_id)

    @property
    def folder(self) -> str:
        """The agent's folder in the store."""
        return naming.agent_folder(self.agent_number)


@dataclass(frozen=True, slots=True)
class Talk:
    """What is recorded: whose, when, and the names of its halves on a node."""

    tenant_id: UUID
    interaction_id: UUID
    node: str
    recording_agent: str
    recording_customer: str
    began_at: datetime
    talk_s: float
    caller: str
    called: str
    agent_id: UUID
    agent_number: str

    @classmethod
    def of(cls, fact: InteractionDisconnectedV1 | InteractionFinishedV1) -> Self:
        """Return what a fact tells.

        Raises:
            ValueError: The ids in the fact are not UUIDs, or it names no node or agent.
        """
        if isinstance(fact, InteractionDisconnectedV1):
            began_at, talk_s = fact.connected_at, fact.talk_s
        else:
            began_at = fact.began_at or fact.occurred_at
            talk_s = max(0.0, (fact.occurred_at - began_at).total_seconds())
        if not fact.node or not fact.agent_id:
            raise ValueError(f"nobody recorded interaction {fact.interaction_id}")
        return cls(
            UUID(fact.tenant),
            UUID(fact.interaction_id),
            fact.node,
            fact.recording_agent,
            fact.recording_customer,
            began_at,
            talk_s,
            fact.caller,
            fact.called,
            UUID(fact.agent_id),
            fact.agent_number,
        )


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is still to be collected, over all tenants."""

    jobs: int
    oldest_s: float


class JobStore:
    """The open jobs of all tenants. Every method raises ``PostgresDown`` when it is."""

    def __init__(self, pool: Pool, *, claimer: str) -> None:
        self._pool = pool
        self._claimer = claimer

    async def add(self, fact: InteractionDisconnectedV1 | InteractionFinishedV1) -> bool:
        """Open the job of an interaction that ended. False when there is one, or was.

        Raises:
            ValueError: See ``Talk.of``.
        """
        talk = Talk.of(fact)
        async with self._pool.tenant(talk.tenant_id) as conn:
            if not await conn.fetchval(_ADD, *astuple(talk)):
                return False
            return not await conn.fetchval(_TAKE_BACK, talk.tenant_id, talk.interaction_id)

    async def claim(self, limit: int, hold: timedelta) -> Sequence[Job]:
        """Take up to ``limit`` due jobs of any tenant for at most ``hold``."""
        async with self._pool.platform() as conn:
            rows = await conn.fetch(
                "SELECT * FROM recorder.claim_jobs($1, $2, $3)", self._claimer, limit, hold
            )
        return [_job(row) for row in rows]

    async def release_claims(self) -> None:
        """Give back what an earlier process of this replica took and did not finish."""
        async with self._pool.platform() as conn:
            await conn.execute("SELECT recorder.release_jobs($1)", self._claimer)

    async def name_file(self, job: Job, *, anew: bool = False) -> str | None:
        """Return the name of the job's file, the same one on each try unless ``anew``.

        ``None`` when the job is settled already.
        """
        key = (job.tenant_id, job.interaction_id)
        async with self._pool.tenant(job.tenant_id) as conn:
            row = await conn.fetchrow(_NUMBER_OF_JOB, *key)
            if row is None:
                return None
            number: int | None = row["file_number"]
            if number is None or anew:
                number = await conn.fetchval(_NEXT_NUMBER, job.tenant_id, job.folder)
                await conn.execute(_KEEP_NUMBER, *key, number)
            assert number is not None
        return naming.file_name(job.tenant_id, job.folder, number)

    async def postpone(self, job: Job, delay_s: float, error: str, *, missed: bool) -> None:
        """Try again after ``delay_s`` seconds. A job that is settled already stays so."""
        async with self._pool.tenant(job.tenant_id) as conn:
            await conn.execute(
                _POSTPONE,
                job.tenant_id,
                job.interaction_id,
                int(missed),
                error[:500],
                timedelta(seconds=delay_s),
            )

    async def settle_stored(
        self, job: Job, joined: Joined, file_name: str, *, now: datetime
    ) -> bool:
        """Index a stored file and announce it, in one transaction.

        False when the job was settled before; then nothing changes.
        """
        fact = RecordingStoredV1(
            message_id=naming.message_id(job.recording_id, "stored"),
            occurred_at=now,
            tenant=str(job.tenant_id),
            recording_id=str(job.recording_id),
            interaction_id=str(job.interaction_id),
            agent_id=str(job.agent_id),
            agent_number=job.agent_number,
            caller=job.caller,
            called=job.called,
            started_at=job.started_at,
            duration_s=joined.duration_s,
            file_name=file_name,
            size_bytes=joined.size_bytes,
        )
        async with self._pool.tenant(job.tenant_id) as conn:
            if not await conn.fetchval(_DELETE, job.tenant_id, job.interaction_id):
                return False
            put = await conn.fetchval(
                _PUT_STORED,
                job.tenant_id,
                job.recording_id,
                job.interaction_id,
                job.started_at,
                joined.duration_s,
                job.caller,
                job.called,
                job.agent_id,
                job.agent_number,
                job.node,
                file_name,
                joined.size_bytes,
                joined.sha256,
            )
            if put:
                await outbox.add(conn, SCHEMA, fact)
        return bool(put)

    async def settle_missing(self, job: Job, reason: Miss, *, now: datetime) -> bool:
        """Say that the audio cannot be had. The job is parked in case it turns up after all.

        False when the recording is settled already, or was reported missing before.
        """
        fact = RecordingMissingV1(
            message_id=naming.message_id(job.recording_id, "missing"),
            occurred_at=now,
            tenant=str(job.tenant_id),
            interaction_id=str(job.interaction_id),
            reason=reason,
        )
        async with self._pool.tenant(job.tenant_id) as conn:
            new = await conn.fetchval(
                _PUT_MISSING,
                job.tenant_id,
                job.recording_id,
                job.interaction_id,
                job.started_at,
                job.caller,
                job.called,
                job.agent_id,
                job.agent_number,
                job.node,
                reason,
            )
            if new:
                await outbox.add(conn, SCHEMA, fact)
            if reason is Miss.EMPTY:
                await conn.fetchval(_DELETE, job.tenant_id, job.interaction_id)
            else:
                await conn.execute(_PARK, job.tenant_id, job.interaction_id, reason)
        return bool(new)

    async def known(self, interactions: Iterable[UUID]) -> Mapping[UUID, Knowledge]:
        """Return what is known of interactions of any tenant; unknown ones are left out."""
        async with self._pool.platform() as conn:
            rows = await conn.fetch("SELECT * FROM recorder.state_of($1)", list(interactions))
        return {r["interaction_id"]: Knowledge(Known(r["state"]), r["reason"]) for r in rows}

    async def wake(self, interactions: Iterable[UUID]) -> int:
        """Make the open jobs of these interactions due now; returns how many were not."""
        async with self._pool.platform() as conn:
            woken: int = await conn.fetchval("SELECT recorder.wake_jobs($1)", list(interactions))
        return woken

    async def backlog(self) -> Backlog:
        """Return how much is waiting."""
        async with self._pool.platform() as conn:
            row = await conn.fetchrow("SELECT jobs, oldest_s FROM recorder.backlog()")
        assert row is not None
        return Backlog(row["jobs"], row["oldest_s"])


def _job(row: asyncpg.Record) -> Job:
    return Job(**{name: row[name] for name in Job.__dataclass_fields__})
