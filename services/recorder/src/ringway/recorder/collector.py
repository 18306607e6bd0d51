"""Collects recordings: takes due jobs, several at a time, and brings each to its end.

A job is finished in an order that a crash at any point leaves repeatable: the file is in the
store before the index names it, the index and its announcement are one transaction, and
Asterisk's copies go last.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from ringway.recorder import metrics
from ringway.recorder.audio_store import AudioStore, NameTaken
from ringway.recorder.core.retry import (
    GiveUp,
    Miss,
    TryAgain,
    after_hindrance,
    after_miss,
    is_last_miss,
)
from ringway.recorder.core.wav import UnreadableWav
from ringway.recorder.job_store import Job, JobStore
from ringway.recorder.joiner import Joined, join
from ringway.recorder.source import HalfNotFound, HalfSource, NodeUnknown
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import DependencyDown, PostgresDown
from ringway.runtime.tasks import TaskSet
from ringway.runtime.telemetry import tracer

_log = logging.getLogger("ringway.recorder")

CLAIM_HOLD = timedelta(seconds=120)
POLL_S = 0.5
POSTGRES_RETRY_S = 1.0
# After the talk Asterisk closes its files by itself, within milliseconds of the channel's end.
_LIVE_POLLS = 10
_LIVE_POLL_S = 0.1
# A file still open after so many tries belongs to a channel that lives on without a talk.
_TRIES_BEFORE_FINISH = 4

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stored:
    """The file is in the store."""

    joined: Joined
    file_name: str


@dataclass(frozen=True, slots=True)
class Missed:
    """Asterisk answered, and there is no audio."""

    reason: Miss


@dataclass(frozen=True, slots=True)
class Hindered:
    """Something other than the audio is in the way. ``why`` is for statistics."""

    why: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SettledElsewhere:
    """Another replica was faster."""


Outcome = Stored | Missed | Hindered | SettledElsewhere


class Collector:
    """Brings audio from Asterisk nodes into the store, and the index up to date with it."""

    def __init__(
        self, jobs: JobStore, source: HalfSource, store: AudioStore, *, concurrency: int
    ) -> None:
        self._jobs = jobs
        self._source = source
        self._store = store
        self._concurrency = concurrency
        self._active: set[UUID] = set()
        self._due = asyncio.Event()
        self._draining = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._serial = itertools.count()
        self._store_problem: str | None = None

    def wake(self) -> None:
        """Look for due jobs now instead of at the next poll."""
        self._due.set()

    def store_health(self) -> bool | str:
        """Tell whether the last file could be written, or why not."""
        return self._store_problem or True

    async def run(self) -> None:
        """Work until cancelled."""
        await self._persist(self._jobs.release_claims)
        async with TaskSet("recorder") as tasks:
            while True:
                self._due.clear()
                for job in await self._claim():
                    self._active.add(job.interaction_id)
                    self._idle.clear()
                    tasks.spawn(self._handle(job), name=f"collect-{job.interaction_id}")
                try:
                    async with asyncio.timeout(POLL_S):
                        await self._due.wait()
                except TimeoutError:
                    pass

    async def drain(self) -> None:
        """Take no more jobs and wait until those under way are done."""
        self._draining = True
        await self._idle.wait()

    async def _claim(self) -> list[Job]:
        free = self._concurrency - len(self._active)
        if self._draining or free <= 0:
            return []
        try:
            jobs = await self._jobs.claim(free, CLAIM_HOLD)
        except (PostgresDown, TimeoutError):
            return []
        # A job that takes longer than its claim comes up again; it is in good hands here.
        return [job for job in jobs if job.interaction_id not in self._active]

    async def _handle(self, job: Job) -> None:
        try:
            with tracer("recorder").start_as_current_span("collect") as span:
                span.set_attribute("interaction_id", str(job.interaction_id))
                outcome = await self._attempt(job)
                await self._persist(lambda: self._settle(job, outcome))
            if isinstance(outcome, Stored):
                await self._delete_halves(job)
        finally:
            self._active.discard(job.interaction_id)
            if not self._active:
                self._idle.set()
            self._due.set()

    async def _attempt(self, job: Job) -> Outcome:
        """Try once to bring the job's audio into the store."""
        try:
            return await self._collect(job)
        except NodeUnknown:
            return Missed(Miss.NODE_UNKNOWN)
        except UnreadableWav as error:
            _log.warning("A half cannot be read.", extra=_facts(job) | {"error": str(error)})
            return Missed(Miss.UNREADABLE)
        except DependencyDown as error:
            return Hindered("asterisk", str(error))
        except OSError as error:
            self._note_store(f"{error.strerror or error}")
            return Hindered("store", str(error))
        except Exception as error:
            _log.exception("Collecting failed.", extra=_facts(job))
            return Hindered("fault", repr(error))

    async def _collect(self, job: Job) -> Outcome:
        if not await self._is_closed(job):
            return Hindered("still_live")
        with self._scratch("agent", "customer", "joined") as (agent, customer, target):
            has_agent = await self._fetch(job, job.half_agent, agent)
            has_customer = await self._fetch(job, job.half_customer, customer)
            wanted = bool(job.half_agent) + bool(job.half_customer)
            found = has_agent + has_customer
            if not found or (found < wanted and not is_last_miss(job.misses)):
                return Missed(Miss.NOT_FOUND)
            joined = await asyncio.to_thread(
                join, agent if has_agent else None, customer if has_customer else None, target
            )
            if not joined.frames:
                return Missed(Miss.EMPTY)
            if found < wanted:
                metrics.half_silent.inc()
                _log.warning("One side of a recording is lost.", extra=_facts(job))
            return await self._put(job, joined, target)

    async def _is_closed(self, job: Job) -> bool:
        """Wait a moment until Asterisk has closed both files; tell whether it has."""
        halves = [name for name in (job.half_agent, job.half_customer) if name]
        for _ in range(_LIVE_POLLS):
            halves = [name for name in halves if await self._source.is_live(job.node, name)]
            if not halves:
                return True
            await asyncio.sleep(_LIVE_POLL_S)
        if job.tries >= _TRIES_BEFORE_FINISH:
            for name in halves:
                await self._source.finish(job.node, name)
        return False

    async def _fetch(self, job: Job, half: str, target: Path) -> bool:
        if not half:
            return False
        try:
            await self._source.fetch(job.node, half, target)
        except HalfNotFound:
            return False
        return True

    async def _put(self, job: Job, joined: Joined, source: Path) -> Outcome:
        anew = False
        while True:
            name = await self._persist(lambda: self._jobs.name_file(job, anew=anew))  # noqa: B023
            if name is None:
                return SettledElsewhere()
            try:
                await self._store.put(source, name)
            except NameTaken:
                # The index is older than the store, as after a restored backup. Both are kept.
                _log.warning("A file name is taken.", extra=_facts(job) | {"file_name": name})
                anew = True
                continue
            self._note_store(None)
            return Stored(joined, name)

    async def _settle(self, job: Job, outcome: Outcome) -> None:
        """Write down what came of a try."""
        match outcome:
            case Stored(joined, file_name):
                now = utcnow()
                if await self._jobs.settle_stored(job, joined, file_name, now=now):
                    delay_s = (now - job.created_at).total_seconds()
                    metrics.stored.inc()
                    metrics.stored_bytes.inc(joined.size_bytes)
                    metrics.delay_s.observe(max(0.0, delay_s))
                    _log.info(
                        "Recording stored.",
                        extra=_facts(job) | {"duration_s": joined.duration_s, "delay_s": delay_s},
                    )
                elif job.interaction_id not in await self._jobs.known([job.interaction_id]):
                    await self._forget(job, file_name)
            case Missed(reason):
                match after_miss(job.misses + 1, reason):
                    case TryAgain(delay_s):
                        metrics.retries.labels(reason).inc()
                        await self._jobs.postpone(job, delay_s, reason, missed=True)
                    case GiveUp(final):
                        if await self._jobs.settle_missing(job, final, now=utcnow()):
                            metrics.missing.labels(final).inc()
                            _log.warning(
                                "Recording missing.", extra=_facts(job) | {"reason": final}
                            )
            case Hindered(why, detail):
                metrics.retries.labels(why).inc()
                delay_s = after_hindrance(job.tries + 1).delay_s
                await self._jobs.postpone(job, delay_s, f"{why}: {detail}", missed=False)
            case SettledElsewhere():
                pass

    async def _forget(self, job: Job, file_name: str) -> None:
        """The tenant was deleted while this job was done: its file came too late to go with it."""
        try:
            await self._store.remove(file_name)
        except OSError as error:
            facts = _facts(job) | {"file_name": file_name, "error": str(error)}
            _log.error("A file of a deleted tenant could not be removed.", extra=facts)

    async def _delete_halves(self, job: Job) -> None:
        """Free Asterisk's disk. What cannot be deleted now is found by the sweep."""
        try:
            for name in (job.half_agent, job.half_customer):
                if name:
                    await self._source.delete(job.node, name)
        except (DependencyDown, NodeUnknown) as error:
            _log.info("Deleting is left to the sweep.", extra=_facts(job) | {"error": str(error)})

    @contextmanager
    def _scratch(self, *names: str) -> Iterator[list[Path]]:
        """Give paths for files under way, and remove what is left of them."""
        serial = next(self._serial)
        paths = [self._store.scratch / f"{serial}-{name}.wav" for name in names]
        try:
            yield paths
        finally:
            for path in paths:
                path.unlink(missing_ok=True)

    async def _persist(self, step: Callable[[], Awaitable[T]]) -> T:
        """Do a database step, waiting for PostgreSQL as long as it takes."""
        while True:
            try:
                return await step()
            except (PostgresDown, TimeoutError):
                await asyncio.sleep(POSTGRES_RETRY_S)

    def _note_store(self, problem: str | None) -> None:
        if problem and not self._store_problem:
            _log.warning("Files cannot be written.", extra={"error": problem})
        elif self._store_problem and not problem:
            _log.info("Files can be written again.")
        self._store_problem = problem


def _facts(job: Job) -> dict[str, Any]:
    return {
        "tenant": str(job.tenant_id),
        "interaction_id": str(job.interaction_id),
        "recording_id": str(job.recording_id),
        "node": job.node,
    }
