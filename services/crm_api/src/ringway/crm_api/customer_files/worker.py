"""Does the jobs on many customers, one at a time in each replica, step by step.

Each step is one transaction that first makes sure that the job is still this replica's. A replica
that dies loses its lease after a minute, and another one goes on from the last step.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing, suppress
from dataclasses import asdict
from pathlib import Path
from uuid import UUID, uuid4

import orjson
from prometheus_client import Counter

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.cells import ListRefused
from ringway.crm_api.customer_files import (
    bulk_acts,
    callers,
    erasing,
    files,
    import_service,
    importing,
    jobs,
    undoing,
)
from ringway.crm_api.customer_files.jobs import ClaimLost, Counts, Job, State
from ringway.crm_api.customer_files.reading import Chunk, Order
from ringway.crm_api.customer_files.schemas import options_of
from ringway.crm_api.customers import scope
from ringway.crm_api.customers.changes import By
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import ApiError, Unavailable
from ringway.crm_api.objects import catalogue
from ringway.runtime.errors import DependencyDown
from ringway.runtime.tasks import TaskSet

_log = logging.getLogger("ringway.crm_api.customer_files")
_ended = Counter("ringway_customer_jobs", "Jobs on many customers that ended.", ["kind", "state"])

_POLL_S = 2.0  # the truth; the event only shortens the wait
_BEAT_S = 15.0
_MAX_TRIES = 5
_PRUNE_EVERY_S = 600.0


class JobWorker:
    """Claims jobs of all tenants and does them."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._pruned_at = 0.0

    async def run(self) -> None:
        """Work until cancelled; a worker."""
        while True:
            self._deps.job_waits.clear()
            try:
                while await self.work():
                    pass
                await self._prune()
            except DependencyDown as error:
                _log.debug("Jobs wait.", extra={"reason": str(error)})
            with suppress(TimeoutError):
                async with asyncio.timeout(_POLL_S):
                    await self._deps.job_waits.wait()

    async def work(self) -> bool:
        """Do one job as far as it goes; whether there was one.

        Raises:
            DependencyDown: PostgreSQL is away; the job goes on later.
        """
        claim_id = uuid4()
        async with self._deps.pool.platform() as conn:
            claimed = await jobs.claim(conn, now=self._deps.now(), claim_id=claim_id)
        if claimed is None:
            return False
        try:
            async with TaskSet("customer job") as beats:
                beats.spawn(self._beat(*claimed, claim_id), name="lease of a job")
                await _Work(self._deps, *claimed, claim_id).run()
        except ClaimLost:
            _log.info("A job is not ours any more.", extra={"job_id": str(claimed[1])})
        except asyncio.CancelledError:
            with suppress(Exception):
                await self._release(*claimed, claim_id)
            raise
        return True

    async def _beat(self, tenant_id: UUID, job_id: UUID, claim_id: UUID) -> None:
        while True:
            await asyncio.sleep(_BEAT_S)
            # A step that takes long holds the job's row.
            with suppress(DependencyDown, ClaimLost, TimeoutError):
                async with self._deps.pool.tenant(tenant_id) as conn:
                    now = self._deps.now()
                    await jobs.mine(
                        conn, tenant_id=tenant_id, job_id=job_id, claim_id=claim_id, now=now
                    )

    async def _release(self, tenant_id: UUID, job_id: UUID, claim_id: UUID) -> None:
        async with asyncio.timeout(2), self._deps.pool.tenant(tenant_id) as conn:
            await jobs.release(conn, tenant_id=tenant_id, job_id=job_id, claim_id=claim_id)

    async def _prune(self) -> None:
        if self._deps.monotonic() - self._pruned_at < _PRUNE_EVERY_S:
            return
        async with self._deps.pool.platform() as conn:
            await conn.execute("SELECT crm.prune_customer_jobs($1)", self._deps.now())
        self._pruned_at = self._deps.monotonic()


class _Work:
    """One job under one claim."""

    def __init__(self, deps: Deps, tenant_id: UUID, job_id: UUID, claim_id: UUID) -> None:
        self._deps = deps
        self._tenant_id = tenant_id
        self._job_id = job_id
        self._claim = {"tenant_id": tenant_id, "job_id": job_id, "claim_id": claim_id}

    async def run(self) -> None:
        job = await self._mine()
        try:
            if job.state is State.UNDOING:
                await self._undo(job)
            elif job.kind == import_service.KIND:
                await self._import(job)
            elif job.kind == erasing.KIND:
                await self._erase(job)
            else:
                await self._act(job)
        except (ClaimLost, DependencyDown):
            raise
        except ListRefused as refused:
            await self._end(State.FAILED, failure=(refused.code, refused.detail))
        except Unavailable as error:
            await self._try_again(error)
        except ApiError as error:
            await self._end(State.FAILED, failure=(error.code, error.detail))
        except Exception as error:
            _log.exception("A job failed.", extra={"job_id": str(self._job_id)})
            failure = ("internal", f"It stopped because of a fault ({type(error).__name__}).")
            await self._end(State.FAILED, failure=failure)

    async def _mine(self) -> Job:
        async with self._deps.pool.tenant(self._tenant_id) as conn:
            return await jobs.mine(conn, **self._claim, now=self._deps.now())

    async def _try_again(self, error: Unavailable) -> None:
        async with self._deps.pool.tenant(self._tenant_id) as conn:
            await jobs.mine(conn, **self._claim, now=self._deps.now())
            tries: int = await conn.fetchval(
                "SELECT tries FROM crm.customer_job WHERE tenant_id = $1 AND job_id = $2",
                self._tenant_id,
                self._job_id,
            )
        if tries >= _MAX_TRIES:
            await self._end(State.FAILED, failure=(error.code, error.detail))
            return
        async with self._deps.pool.tenant(self._tenant_id) as conn:
            await jobs.release(conn, **self._claim)

    async def _end(
        self,
        state: State,
        *,
        counts: Counts | None = None,
        failure: tuple[str, str] = ("", ""),
    ) -> None:
        now = self._deps.now()
        async with self._deps.pool.tenant(self._tenant_id) as conn:
            job = await jobs.mine(conn, **self._claim, now=now)
            turned = await jobs.turn(
                conn,
                tenant_id=self._tenant_id,
                job=job,
                state=state,
                now=now,
                counts=counts,
                failure=(failure[0], failure[1][:500]),
            )
            await audit.add(
                conn,
                caller=self._caller(job),
                now=now,
                action=f"customers.{job.kind}_{state}",
                object_type=f"customer_{job.kind}",
                object_id=job.job_id,
                detail={"act": job.act, "batch_number": job.batch_number, "counts": turned.counts},
            )
        _ended.labels(job.kind, state.value).inc()
        facts = {"tenant": str(self._tenant_id), "job_id": str(self._job_id)}
        _log.info("A job on customers ended.", extra={**facts, "state": state.value})

    def _caller(self, job: Job) -> Caller:
        return callers.restored(self._tenant_id, job.created_by, job.caller)

    # -- imports ---------------------------------------------------------------------------------

    async def _import(self, job: Job) -> None:
        caller, options = self._caller(job), options_of(job.options)
        async with import_service.work_folder(self._deps) as folder:
            async with self._deps.pool.tenant(self._tenant_id) as conn:
                path = folder / "upload"
                await files.fetch(conn, tenant_id=self._tenant_id, job_id=self._job_id, path=path)
                draft = Order(
                    path=path,
                    out_dir=folder,
                    max_rows=self._deps.settings.import_max_rows,
                    after_line=int(job.position or 0),
                    chunk_rows=self._deps.settings.import_chunk_rows,
                )
                order = await import_service.filled_order(conn, caller, options, draft)
                found = await catalogue.customer(conn, tenant_id=self._tenant_id)
            importer = importing.Importer(
                self._tenant_id,
                job,
                options,
                found.definition if found is not None else None,
                scope.of(caller),
                By.caller(caller),
            )
            counts: Counts = dict(job.counts)
            async with aclosing(self._deps.file_reader.read(order)) as chunks:
                async for chunk in chunks:
                    counts = await self._chunk(importer, chunk)
        await self._end(State.FINISHED, counts=counts)

    async def _chunk(self, importer: importing.Importer, chunk: Chunk) -> Counts:
        text = (await asyncio.to_thread(chunk.good_file.read_bytes)).decode()
        bad = (await asyncio.to_thread(chunk.bad_file.read_bytes)).decode()
        now = self._deps.now()
        async with self._deps.pool.tenant(self._tenant_id, settings=_QUICK) as conn:
            job = await jobs.mine(conn, **self._claim, now=now)
            shown = importing.PREVIEWED - len(job.preview) if importer.options.is_dry_run else 0
            result = await importer.apply(conn, text, now, shown)
            told = [asdict(each) for each in (*result.refused, *result.skips)]
            for errors in (bad, orjson.dumps(told).decode()):
                if errors != "[]":
                    await files.add_errors(
                        conn, tenant_id=self._tenant_id, job_id=self._job_id, errors_json=errors
                    )
            if result.shown:
                preview = [*job.preview, *result.shown]
                await jobs.set_preview(
                    conn, tenant_id=self._tenant_id, job_id=self._job_id, preview=preview
                )
            counts = _added(job.counts, chunk, result)
            await jobs.save(
                conn,
                tenant_id=self._tenant_id,
                job=job,
                now=now,
                counts=counts,
                position=str(chunk.last_line),
            )
        await asyncio.to_thread(_remove, chunk.good_file, chunk.bad_file)
        return counts

    # -- undo and acts ---------------------------------------------------------------------------

    async def _undo(self, job: Job) -> None:
        by = By.caller(self._caller(job))
        while True:
            now = self._deps.now()
            async with self._deps.pool.tenant(self._tenant_id) as conn:
                present = await jobs.mine(conn, **self._claim, now=now)
                done = await undoing.step(
                    conn, tenant_id=self._tenant_id, job=present, by=by, now=now
                )
                await jobs.save(
                    conn,
                    tenant_id=self._tenant_id,
                    job=present,
                    now=now,
                    counts=done.counts,
                    position=done.position or present.position,
                )
            if done.position is None:
                await self._end(State.UNDONE, counts=done.counts)
                return

    async def _act(self, job: Job) -> None:
        caller = self._caller(job)
        while True:
            now = self._deps.now()
            async with self._deps.pool.tenant(self._tenant_id) as conn:
                present = await jobs.mine(conn, **self._claim, now=now)
                done = await bulk_acts.step(conn, caller=caller, job=present, now=now)
                await jobs.save(
                    conn,
                    tenant_id=self._tenant_id,
                    job=present,
                    now=now,
                    counts=done.counts,
                    position=done.position or present.position,
                )
            if done.position is None:
                await self._end(State.FINISHED, counts=done.counts)
                return

    # -- erasures --------------------------------------------------------------------------------

    async def _erase(self, job: Job) -> None:
        """Remove his leads and keep how many, then all else with the job's end."""
        caller = self._caller(job)
        async with self._deps.pool.tenant(self._tenant_id) as conn:
            leads = await erasing.leads_of(conn, self._deps, caller, job)
        more, kept = await erasing.remove_leads(self._deps, caller, leads)
        removed = job.counts.get("leads", 0) + more
        async with self._deps.pool.tenant(self._tenant_id) as conn:
            now = self._deps.now()
            present = await jobs.mine(conn, **self._claim, now=now)
            counts = {"leads": removed}
            await jobs.save(
                conn, tenant_id=self._tenant_id, job=present, now=now, counts=counts, position=""
            )
        async with self._deps.pool.tenant(self._tenant_id) as conn:
            now = self._deps.now()
            present = await jobs.mine(conn, **self._claim, now=now)
            counts = await erasing.erase(
                conn, self._deps, caller, present, removed=removed, kept=kept
            )
            await jobs.turn(
                conn,
                tenant_id=self._tenant_id,
                job=present,
                state=State.FINISHED,
                now=now,
                counts=counts,
            )
        _ended.labels(job.kind, State.FINISHED.value).inc()


# A chunk is lost with its progress or kept with it: it need not wait for the disk.
_QUICK = {"synchronous_commit": "off"}


def _added(before: Counts, chunk: Chunk, result: importing.Result) -> Counts:
    more = {
        "read": chunk.good + chunk.bad,
        "created": result.created,
        "updated": result.updated,
        "unchanged": result.unchanged,
        "skipped": result.skipped,
        "duplicates": chunk.duplicates,
        "refused": chunk.bad - chunk.duplicates + len(result.refused),
    }
    return {**before, **{name: before.get(name, 0) + number for name, number in more.items()}}


def _remove(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
