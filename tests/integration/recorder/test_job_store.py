"""Jobs and the index on a real PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from tests.support.postgres import Database, connect
from tests.support.recording import TENANT, disconnected
from tests.support.waiting import eventually

from ringway.proto.acd_calls import InteractionFinishedV1, Outcome
from ringway.proto.recorder import RecordingMissingV1, RecordingStoredV1
from ringway.recorder.core.naming import recording_id
from ringway.recorder.core.retry import Miss
from ringway.recorder.core.sweep import Knowledge, Known
from ringway.recorder.job_store import JobStore
from ringway.recorder.joiner import Joined
from ringway.recorder.recording_store import RecordingStore, StoredFile
from ringway.runtime import outbox
from ringway.runtime.clock import utcnow
from ringway.runtime.postgres import Pool

pytestmark = pytest.mark.integration

HOLD = timedelta(seconds=60)
JOINED = Joined(frames=8000, size_bytes=32044, sha256="ab" * 32)


async def announced(database: Database) -> list[tuple[str, str]]:
    owner = await connect(database, "ringway_owner")
    rows = await owner.fetch("SELECT type, payload FROM recorder.outbox ORDER BY id")
    await owner.close()
    return [(row["type"], bytes(row["payload"]).decode()) for row in rows]


async def test_a_repeated_fact_opens_one_job(jobs: JobStore) -> None:
    fact = disconnected()
    assert await jobs.add(fact)
    assert not await jobs.add(fact)
    (job,) = await jobs.claim(10, HOLD)
    assert (job.tenant_id, str(job.interaction_id)) == (TENANT, fact.interaction_id)
    assert (job.half_agent, job.half_customer) == (fact.recording_agent, fact.recording_customer)
    assert (await jobs.backlog()).jobs == 1


async def test_a_fact_after_its_recording_was_stored_opens_none(jobs: JobStore) -> None:
    fact = disconnected()
    await jobs.add(fact)
    (job,) = await jobs.claim(1, HOLD)
    name = await jobs.name_file(job)
    assert name is not None
    assert await jobs.settle_stored(job, JOINED, name, now=utcnow())
    assert not await jobs.add(fact)
    assert await jobs.claim(1, HOLD) == []


async def test_a_fact_that_is_repeated_while_its_recording_is_stored_opens_none(
    jobs: JobStore, pool: Pool, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    fact = disconnected()
    await jobs.add(fact)
    (job,) = await jobs.claim(1, HOLD)
    add, written, go_on = outbox.add, asyncio.Event(), asyncio.Event()

    async def slow(*args: Any) -> None:
        await add(*args)
        written.set()
        await go_on.wait()

    monkeypatch.setattr(outbox, "add", slow)
    owner = await connect(database, "ringway_owner")

    async def waits() -> bool:
        return bool(await owner.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))

    settling = asyncio.create_task(jobs.settle_stored(job, JOINED, "a.wav", now=utcnow()))
    await written.wait()
    adding = asyncio.create_task(jobs.add(fact))
    await eventually(waits, what="the repeated fact waits for what is being written")
    go_on.set()
    assert await settling
    assert not await adding
    assert await jobs.claim(1, HOLD) == []
    await owner.close()


async def test_two_replicas_never_claim_the_same_job(jobs: JobStore, pool: Pool) -> None:
    other = JobStore(pool, claimer="recorder-1")
    for _ in range(20):
        await jobs.add(disconnected(tenant=uuid4()))
    claims = await asyncio.gather(*(each.claim(3, HOLD) for each in (jobs, other) * 5))
    ids = [job.interaction_id for claim in claims for job in claim]
    assert len(ids) == len(set(ids)) == 20


async def test_the_claims_of_an_earlier_process_come_back(jobs: JobStore, pool: Pool) -> None:
    await jobs.add(disconnected())
    assert await jobs.claim(1, HOLD)
    await JobStore(pool, claimer="recorder-1").release_claims()
    assert not await jobs.claim(1, HOLD)
    await jobs.release_claims()
    assert await jobs.claim(1, HOLD)


async def test_a_claim_that_ran_out_goes_to_another(jobs: JobStore, pool: Pool) -> None:
    await jobs.add(disconnected())
    assert await jobs.claim(1, timedelta(0))
    assert await JobStore(pool, claimer="recorder-1").claim(1, HOLD)


async def test_files_are_numbered_per_agent_without_gaps(jobs: JobStore) -> None:
    for number in ("1001", "1001", "1002", "1001"):
        await jobs.add(disconnected(agent_number=number))
    claimed = await jobs.claim(10, HOLD)
    names = [await jobs.name_file(job) for job in sorted(claimed, key=lambda j: j.agent_number)]
    assert names == [
        f"{TENANT}/{number}/{n:08d}.wav"
        for number, n in (("1001", 1), ("1001", 2), ("1001", 3), ("1002", 1))
    ]


async def test_each_try_writes_the_same_file(jobs: JobStore) -> None:
    await jobs.add(disconnected())
    (job,) = await jobs.claim(1, HOLD)
    assert await jobs.name_file(job) == await jobs.name_file(job) == f"{TENANT}/1001/00000001.wav"
    assert await jobs.name_file(job, anew=True) == f"{TENANT}/1001/00000002.wav"


async def test_numbers_given_at_the_same_moment_differ(jobs: JobStore) -> None:
    for _ in range(8):
        await jobs.add(disconnected())
    names = await asyncio.gather(*(jobs.name_file(job) for job in await jobs.claim(8, HOLD)))
    assert sorted(str(name)[-6:-4] for name in names) == [f"{n:02d}" for n in range(1, 9)]


async def test_a_stored_file_is_indexed_and_announced(
    jobs: JobStore, pool: Pool, database: Database
) -> None:
    fact = disconnected()
    await jobs.add(fact)
    (job,) = await jobs.claim(1, HOLD)
    name = f"{TENANT}/1001/00000001.wav"
    assert await jobs.settle_stored(job, JOINED, name, now=utcnow())
    assert not await jobs.settle_stored(job, JOINED, name, now=utcnow())

    found = await RecordingStore(pool).find(TENANT, job.recording_id)
    assert found == StoredFile(name, 32044, "ab" * 32)
    assert await RecordingStore(pool).find(uuid4(), job.recording_id) is None
    ((kind, payload),) = await announced(database)
    assert kind == "recorder.v1.recording.stored"
    message = RecordingStoredV1.model_validate_json(payload)
    assert message.recording_id == str(recording_id(TENANT, UUID(fact.interaction_id)))
    assert (message.caller, message.called, message.agent_number, message.duration_s) == (
        fact.caller,
        fact.called,
        "1001",
        1.0,
    )


async def test_missing_audio_is_reported_once_and_may_still_turn_up(
    jobs: JobStore, database: Database
) -> None:
    fact = disconnected()
    interaction = UUID(fact.interaction_id)
    await jobs.add(fact)
    (job,) = await jobs.claim(1, HOLD)
    assert await jobs.settle_missing(job, Miss.NOT_FOUND, now=utcnow())
    assert not await jobs.settle_missing(job, Miss.NOT_FOUND, now=utcnow())
    assert await jobs.known([interaction]) == {
        interaction: Knowledge(Known.MISSING, Miss.NOT_FOUND)
    }
    assert not await jobs.add(fact)
    assert await jobs.claim(1, HOLD) == []

    assert await jobs.wake([interaction]) == 1
    (again,) = await jobs.claim(1, HOLD)
    assert again.misses == 0
    assert await jobs.settle_stored(again, JOINED, f"{TENANT}/1001/00000001.wav", now=utcnow())
    assert await jobs.known([interaction]) == {interaction: Knowledge(Known.STORED)}
    assert [kind for kind, _ in await announced(database)] == [
        "recorder.v1.recording.missing",
        "recorder.v1.recording.stored",
    ]
    missing = RecordingMissingV1.model_validate_json((await announced(database))[0][1])
    assert missing.reason == "not_found"


async def test_a_job_without_any_sound_is_closed_for_good(jobs: JobStore) -> None:
    fact = disconnected()
    await jobs.add(fact)
    (job,) = await jobs.claim(1, HOLD)
    await jobs.settle_missing(job, Miss.EMPTY, now=utcnow())
    assert await jobs.wake([job.interaction_id]) == 0
    assert (await jobs.backlog()).jobs == 0


async def test_a_postponed_job_waits_and_counts_its_misses(jobs: JobStore) -> None:
    await jobs.add(disconnected())
    (job,) = await jobs.claim(1, HOLD)
    await jobs.postpone(job, 60.0, "asterisk: down", missed=False)
    assert await jobs.claim(1, HOLD) == []
    assert await jobs.wake([job.interaction_id]) == 1
    (job,) = await jobs.claim(1, HOLD)
    assert (job.tries, job.misses) == (1, 0)
    await jobs.postpone(job, 0.0, "not_found", missed=True)
    (job,) = await jobs.claim(1, HOLD)
    assert (job.tries, job.misses) == (2, 1)


async def test_a_job_under_way_is_not_woken(jobs: JobStore) -> None:
    await jobs.add(disconnected())
    (job,) = await jobs.claim(1, HOLD)
    assert await jobs.wake([job.interaction_id]) == 0


async def test_an_unknown_interaction_is_not_known(jobs: JobStore) -> None:
    assert await jobs.known([uuid4()]) == {}


async def test_a_forgotten_tenant_sees_nothing(jobs: JobStore, pool: Pool) -> None:
    await jobs.add(disconnected())
    async with pool.platform() as conn:
        assert await conn.fetchval("SELECT count(*) FROM recorder.job") == 0
    async with pool.tenant(uuid4()) as conn:
        assert await conn.fetchval("SELECT count(*) FROM recorder.job") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute("INSERT INTO recorder.agent_folder VALUES ($1, '1', 1)", TENANT)


async def test_the_api_reads_its_tenants_index_and_nothing_else(
    jobs: JobStore, database: Database
) -> None:
    await jobs.add(disconnected())
    (job,) = await jobs.claim(1, HOLD)
    await jobs.settle_stored(job, JOINED, "f", now=utcnow())
    async with Pool.open(database.dsn("ringway_crm_api"), application_name="api") as api:
        async with api.tenant(TENANT) as conn:
            row = await conn.fetchrow("SELECT * FROM recorder.recording_v")
            assert row is not None
            assert row["interaction_id"] == job.interaction_id
        async with api.tenant(uuid4()) as conn:
            assert await conn.fetchrow("SELECT * FROM recorder.recording_v") is None
        async with api.tenant(TENANT) as conn:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await conn.execute("UPDATE recorder.recording SET caller = ''")
        async with api.tenant(TENANT) as conn:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await conn.execute("SELECT recorder.release_jobs('recorder-0')")


async def test_an_interaction_that_ends_without_an_agent_has_its_recording_too(
    jobs: JobStore,
) -> None:
    talk = disconnected()
    finished = InteractionFinishedV1(
        **talk.model_dump(include={"tenant", "interaction_id", "node", "caller", "called"}),
        occurred_at=talk.connected_at + timedelta(seconds=40),
        outcome=Outcome.TALKED,
        agent_id=talk.agent_id,
        agent_number=talk.agent_number,
        began_at=talk.connected_at,
        recording_agent=talk.recording_agent,
        recording_customer=talk.recording_customer,
        segments=1,
    )
    assert await jobs.add(finished)
    assert not await jobs.add(finished)
    (job,) = await jobs.claim(5, timedelta(seconds=9))
    assert job.agent_number == talk.agent_number
    with pytest.raises(ValueError, match="nobody"):
        await jobs.add(finished.model_copy(update={"agent_id": None}))
