"""The collector with a real PostgreSQL and folder, and an Asterisk that misbehaves on order."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest
from tests.support.audio import heard, tone, write_wav
from tests.support.postgres import Database, PostgresServer
from tests.support.recording import TENANT, FakeSource, disconnected
from tests.support.waiting import eventually

from ringway.proto.acd import InteractionDisconnectedV1
from ringway.recorder import collector as collector_module
from ringway.recorder.app import take_on
from ringway.recorder.audio_store import FolderStore
from ringway.recorder.collector import Collector
from ringway.recorder.core import retry
from ringway.recorder.core.retry import Miss
from ringway.recorder.core.sweep import Knowledge, Known
from ringway.recorder.job_store import JobStore
from ringway.recorder.sweeper import Sweeper
from ringway.runtime.ari import AriDown
from ringway.runtime.postgres import Pool
from ringway.runtime.tenant_rows import delete_rows

pytestmark = pytest.mark.integration


class Bench:
    """A collector at work, and what a test asks of it."""

    def __init__(self, jobs: JobStore, root: Path) -> None:
        self.jobs = jobs
        self.root = root
        self.source = FakeSource()
        self.store = FolderStore(root, owner="recorder-0")
        self.collector = Collector(jobs, self.source, self.store, concurrency=4)
        self.sweeper = Sweeper(jobs, self.source, woken=self.collector.wake, interval_s=60)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.collector.run())
            yield
            task.cancel()

    def talked(self, folder: Path, seconds: float = 0.5) -> InteractionDisconnectedV1:
        """Put both halves of a talk into the spool."""
        fact = disconnected()
        for name, hz in ((fact.recording_agent, 500), (fact.recording_customer, 700)):
            self.source.files[name] = write_wav(folder / "half", tone(hz, seconds)).read_bytes()
        return fact

    async def state(self, fact: InteractionDisconnectedV1) -> Knowledge | None:
        interaction = UUID(fact.interaction_id)
        return (await self.jobs.known([interaction])).get(interaction)

    async def settles(self, fact: InteractionDisconnectedV1, known: Knowledge) -> None:
        async def settled() -> bool:
            return await self.state(fact) == known

        await eventually(settled, within_s=20, what=str(known))

    async def stored(self, fact: InteractionDisconnectedV1) -> None:
        await self.settles(fact, Knowledge(Known.STORED))

    @property
    def files(self) -> list[Path]:
        return sorted(p for p in self.root.rglob("*.wav") if ".work" not in p.parts)

    @property
    def scratch(self) -> list[Path]:
        return list(self.store.scratch.iterdir())


@pytest.fixture
async def bench(jobs: JobStore, tmp_path: Path) -> Bench:
    bench = Bench(jobs, tmp_path / "store")
    await bench.store.open()
    return bench


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the pauses between tries short."""
    monkeypatch.setattr(retry, "_MISS_DELAYS_S", (0.01, 0.01))
    monkeypatch.setattr(retry, "_HINDRANCE_DELAYS_S", (0.01,))
    monkeypatch.setattr(collector_module, "POLL_S", 0.02)
    monkeypatch.setattr(collector_module, "POSTGRES_RETRY_S", 0.05)


async def test_a_talk_becomes_a_stereo_file(bench: Bench, tmp_path: Path) -> None:
    fact = bench.talked(tmp_path)
    async with bench.running():
        await take_on(fact, bench.jobs, bench.collector)
        await bench.stored(fact)
        await eventually(lambda: not bench.source.files)
    (file,) = bench.files
    assert file == bench.root / str(TENANT) / "1001" / "00000001.wav"
    assert heard(file, 0, 500)
    assert heard(file, 1, 700)
    assert not heard(file, 0, 700)
    assert bench.scratch == []


async def test_a_file_that_is_made_while_its_tenant_is_deleted_is_not_kept(
    bench: Bench, pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fact = bench.talked(tmp_path)
    put, is_named, go_on = bench.store.put, asyncio.Event(), asyncio.Event()

    async def slow(source: Path, name: str) -> None:
        is_named.set()
        await go_on.wait()
        await put(source, name)

    monkeypatch.setattr(bench.store, "put", slow)
    async with bench.running():
        await take_on(fact, bench.jobs, bench.collector)
        await is_named.wait()
        assert await bench.store.remove_folder(str(TENANT)) == 0
        async with pool.tenant(TENANT) as conn:
            assert await delete_rows(conn, "recorder", TENANT, at_most=1000)
        go_on.set()
        await eventually(lambda: not bench.source.files, what="Asterisk's copies are gone")
    assert bench.files == []


async def test_the_same_fact_again_makes_no_second_file(bench: Bench, tmp_path: Path) -> None:
    fact = bench.talked(tmp_path)
    async with bench.running():
        for _ in range(3):
            await take_on(fact, bench.jobs, bench.collector)
        await bench.stored(fact)
        await take_on(fact, bench.jobs, bench.collector)
    assert len(bench.files) == 1


async def test_an_unrecorded_talk_is_no_job(bench: Bench) -> None:
    fact = disconnected(recorded=False)
    await take_on(fact, bench.jobs, bench.collector)
    assert await bench.state(fact) is None


async def test_many_talks_are_collected_each_once(bench: Bench, tmp_path: Path) -> None:
    facts = [bench.talked(tmp_path, 0.1) for _ in range(30)]
    async with bench.running():
        for fact in facts:
            await take_on(fact, bench.jobs, bench.collector)
        for fact in facts:
            await bench.stored(fact)
    assert [file.stem for file in bench.files] == [f"{n:08d}" for n in range(1, 31)]


async def test_a_file_being_written_is_waited_for(bench: Bench, tmp_path: Path) -> None:
    fact = bench.talked(tmp_path)
    bench.source.live = {fact.recording_agent, fact.recording_customer}
    async with bench.running():
        await take_on(fact, bench.jobs, bench.collector)
        await eventually(lambda: bench.collector._active != set())
        assert bench.source.fetches == 0
        bench.source.live = set()
        await bench.stored(fact)
    assert bench.source.finished == []


@pytest.mark.usefixtures("_impatient")
async def test_a_file_that_is_never_closed_is_finished(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collector_module, "_LIVE_POLL_S", 0.001)
    fact = bench.talked(tmp_path)
    bench.source.live = {fact.recording_customer}
    async with bench.running():
        await take_on(fact, bench.jobs, bench.collector)
        await bench.stored(fact)
    assert bench.source.finished == [fact.recording_customer]


@pytest.mark.usefixtures("_impatient")
async def test_asterisk_away_is_no_miss(bench: Bench, tmp_path: Path) -> None:
    fact = bench.talked(tmp_path)
    bench.source.failure = AriDown("node ast-0 is not connected")
    async with bench.running():
        await take_on(fact, bench.jobs, bench.collector)
        await asyncio.sleep(0.5)  # many more tries than a missing file would get
        assert await bench.state(fact) == Knowledge(Known.WAITING)
        bench.source.failure = None
        await bench.stored(fact)


@pytest.mark.usefixtures("_impatient")
async def test_a_transfer_that_breaks_is_begun_again(bench: Bench, tmp_path: Path) -> None:
    fact = bench.talked(tmp_path)
    bench.source.fetch_failure = AriDown("connection lost")
    async with bench.running():
        await take_on(fact, bench.jobs, bench.collector)
        await eventually(lambda: bench.source.fetches > 2)
        bench.source.fetch_failure = None
        await bench.stored(fact)
    assert bench.scratch == []


@pytest.mark.usefixtures("_impatient")
async def test_a_full_disk_loses_nothing_and_is_told(bench: Bench, tmp_path: Path) -> None:
    fact = bench.talked(tmp_path)
    bench.source.fetch_failure = OSError(errno.ENOSPC, "No space left on device")
    async with bench.running():
        await take_on(fact, bench.jobs, bench.collector)
        await eventually(lambda: bench.source.fetches > 5)
        assert bench.collector.store_health() == "No space left on device"
        assert bench.source.files
        bench.source.fetch_failure = None
        await bench.stored(fact)
    assert bench.collector.store_health() is True


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize(
    ("node", "reason"), [("ast-0", Miss.NOT_FOUND), ("ast-9", Miss.NODE_UNKNOWN)]
)
async def test_audio_that_is_nowhere_is_missing(bench: Bench, node: str, reason: Miss) -> None:
    fact = disconnected(node=node)
    async with bench.running():
        await take_on(fact, bench.jobs, bench.collector)
        await bench.settles(fact, Knowledge(Known.MISSING, reason))
    assert bench.files == []


@pytest.mark.usefixtures("_impatient")
async def test_audio_that_turns_up_after_all_is_stored(bench: Bench, tmp_path: Path) -> None:
    fact = bench.talked(tmp_path)
    hidden, bench.source.files = bench.source.files, {}
    async with bench.running():
        await take_on(fact, bench.jobs, bench.collector)
        await bench.settles(fact, Knowledge(Known.MISSING, Miss.NOT_FOUND))
        bench.source.files = hidden
        await bench.sweeper.sweep("ast-0")
        await bench.stored(fact)


@pytest.mark.usefixtures("_impatient")
async def test_one_half_is_better_than_none(bench: Bench, tmp_path: Path) -> None:
    fact = bench.talked(tmp_path)
    del bench.source.files[fact.recording_agent]
    async with bench.running():
        await take_on(fact, bench.jobs, bench.collector)
        await bench.stored(fact)
    (file,) = bench.files
    assert heard(file, 1, 700)
    assert bench.source.fetches > 2


@pytest.mark.usefixtures("_impatient")
async def test_files_without_a_sample_are_missing_and_go(bench: Bench) -> None:
    fact = disconnected()
    bench.source.files = {fact.recording_agent: b"", fact.recording_customer: b""}
    async with bench.running():
        await take_on(fact, bench.jobs, bench.collector)
        await bench.settles(fact, Knowledge(Known.MISSING, Miss.EMPTY))
    await bench.sweeper.sweep("ast-0")
    assert bench.source.files == {}


@pytest.mark.usefixtures("_impatient")
async def test_a_file_that_is_no_audio_is_kept_for_people(bench: Bench) -> None:
    fact = disconnected()
    bench.source.files = {fact.recording_agent: b"<html>no</html>", fact.recording_customer: b""}
    async with bench.running():
        await take_on(fact, bench.jobs, bench.collector)
        await bench.settles(fact, Knowledge(Known.MISSING, Miss.UNREADABLE))
    await bench.sweeper.sweep("ast-0")
    assert len(bench.source.files) == 2


async def test_a_file_of_an_older_index_is_not_overwritten(bench: Bench, tmp_path: Path) -> None:
    earlier = bench.root / str(TENANT) / "1001" / "00000001.wav"
    earlier.parent.mkdir(parents=True)
    earlier.write_bytes(b"recorded before the database was restored")
    fact = bench.talked(tmp_path)
    async with bench.running():
        await take_on(fact, bench.jobs, bench.collector)
        await bench.stored(fact)
    assert earlier.read_bytes() == b"recorded before the database was restored"
    assert bench.files[1].name == "00000002.wav"


async def test_a_crash_between_file_and_index_is_repaired(bench: Bench, tmp_path: Path) -> None:
    fact = bench.talked(tmp_path)
    await take_on(fact, bench.jobs, bench.collector)
    (job,) = await bench.jobs.claim(1, collector_module.CLAIM_HOLD)
    await bench.collector._attempt(job)  # the file is in its place; then the process dies
    assert len(bench.files) == 1
    again = Bench(bench.jobs, bench.root)
    again.source = bench.source
    again.collector._source = bench.source
    async with again.running():
        await again.stored(fact)
    assert len(again.files) == 1


async def test_what_a_crash_left_with_asterisk_is_swept(bench: Bench, tmp_path: Path) -> None:
    fact = bench.talked(tmp_path)
    spool = dict(bench.source.files) | {"a-prompt": b"x"}
    async with bench.running():
        await take_on(fact, bench.jobs, bench.collector)
        await bench.stored(fact)
        await bench.collector.drain()
    bench.source.files = spool
    await bench.sweeper.sweep("ast-0")
    assert bench.source.files == {"a-prompt": b"x"}


async def test_files_nobody_claims_are_kept(bench: Bench, tmp_path: Path) -> None:
    bench.talked(tmp_path)
    await bench.sweeper.sweep("ast-0")
    assert len(bench.source.files) == 2


async def test_drain_finishes_what_is_under_way_and_begins_nothing(
    bench: Bench, tmp_path: Path
) -> None:
    first, second = bench.talked(tmp_path), bench.talked(tmp_path)
    bench.source.live = {first.recording_agent}
    async with bench.running():
        await take_on(first, bench.jobs, bench.collector)
        await eventually(lambda: bench.collector._active != set())
        async with asyncio.TaskGroup() as group:
            draining = group.create_task(bench.collector.drain())
            await take_on(second, bench.jobs, bench.collector)
            assert not draining.done()
            bench.source.live = set()
        assert await bench.state(first) == Knowledge(Known.STORED)
        assert await bench.state(second) == Knowledge(Known.WAITING)


@pytest.mark.usefixtures("_impatient")
async def test_postgresql_killed_while_a_file_is_on_its_way(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    server = PostgresServer(tmp_path_factory.mktemp("own-postgres"))
    await server.start()
    try:
        database: Database = await server.create_database(["recorder"])
        async with Pool.open(database.dsn("ringway_recorder"), application_name="test") as pool:
            bench = Bench(JobStore(pool, claimer="recorder-0"), tmp_path / "store")
            await bench.store.open()
            fact = bench.talked(tmp_path)
            bench.source.live = {fact.recording_agent}
            async with bench.running():
                await take_on(fact, bench.jobs, bench.collector)
                await eventually(lambda: bench.collector._active != set())
                server.kill()
                bench.source.live = set()
                await eventually(lambda: not pool.healthy)
                await server.start()
                await bench.stored(fact)
            assert len(bench.files) == 1
    finally:
        server.stop()
