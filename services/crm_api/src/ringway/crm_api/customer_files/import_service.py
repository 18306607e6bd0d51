"""Imports of customers as people ask for them: begin, cancel, undo. The work is the worker's."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.cells import ListRefused
from ringway.crm_api.core.customer_files.filling import Rule
from ringway.crm_api.customer_files import callers, files, jobs
from ringway.crm_api.customer_files.jobs import Job, State
from ringway.crm_api.customer_files.reading import Order
from ringway.crm_api.customer_files.schemas import ImportOptions
from ringway.crm_api.customers import policy
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Conflict, Forbidden, Invalid, NotFound
from ringway.crm_api.objects import catalogue
from ringway.crm_api.users import store as users
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

KIND = "import"
_UNDOABLE = frozenset({State.FINISHED, State.FAILED, State.CANCELLED})


@dataclass(frozen=True, slots=True)
class Upload:
    """A file and how the caller wants it read."""

    file: BinaryIO
    file_name: str
    options: ImportOptions


async def begin(deps: Deps, caller: Caller, upload: Upload) -> Job:
    """Take a file; the worker imports it.

    Its first rows are read at once: a file that is no file of customers leaves no trace.

    Raises:
        Invalid: Nothing of the file can be used, or an option makes no sense.
        Forbidden: The caller may not give customers to others.
    """
    tenant_id = caller.tenant_id
    options = _bounded(caller, upload.options)
    job_id = uuid7()
    async with deps.pool.tenant(tenant_id) as conn:
        await _check_owner(conn, caller, options.owner_id)
        draft = Order(path=Path(), out_dir=Path(), max_rows=deps.settings.import_max_rows)
        order = await filled_order(conn, caller, options, draft)
    encoding, columns = await _probe(deps, upload.file, order)
    async with deps.pool.tenant(tenant_id) as conn:
        job = await jobs.add(
            conn,
            tenant_id=tenant_id,
            job_id=job_id,
            kind=KIND,
            act="dry_run" if options.is_dry_run else "import",
            state=State.WAITING,
            options={
                **options.model_dump(mode="json"),
                "used_encoding": encoding,
                "columns": columns,
            },
            caller=callers.kept(caller),
            user_id=caller.user_id,
            now=deps.now(),
            file_name=upload.file_name[:200],
            is_batch=not options.is_dry_run,
        )
        await files.keep(conn, tenant_id=tenant_id, job_id=job_id, file=upload.file)
        await jobs.tell(conn, tenant_id, job, State.WAITING, {}, deps.now())
        await _note(conn, deps, caller, "customers.import_begun", job)
    deps.wake_jobs()
    return job


async def filled_order(
    conn: Connection, caller: Caller, options: ImportOptions, draft: Order
) -> Order:
    """Return an order with what the options and the enterprise's own fields say."""
    found = await catalogue.customer(conn, tenant_id=caller.tenant_id)
    key = options.match_by.removeprefix("data.")
    is_own = found is not None and key != options.match_by
    if found is not None and is_own and catalogue.field_seen(found.definition, caller, key) is None:
        raise Invalid("field_unknown", f"Customers have no field {key[:100]}.")
    grades = (await policy.get(conn, caller.tenant_id)).body.grades
    return draft.model_copy(
        update={
            "mapping": options.mapping,
            "region": options.region,
            "check": options.number_check,
            "encoding": options.encoding.value if options.encoding is not None else None,
            "match_by": options.match_by if options.rule is not Rule.CREATE else "",
            "own": found.definition.model_dump(mode="json") if found is not None else None,
            "role": catalogue.role_of(caller),
            "grades": tuple(grades),
        }
    )


@asynccontextmanager
async def work_folder(deps: Deps) -> AsyncIterator[Path]:
    """A folder that is gone afterwards."""
    folder = await asyncio.to_thread(
        tempfile.mkdtemp, prefix="ringway-customers-", dir=deps.settings.work_dir
    )
    try:
        yield Path(folder)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def find(conn: Connection, caller: Caller, import_id: UUID, *, lock: bool = False) -> Job:
    """Return an import: anybody's for those who see all customers, else one's own.

    Raises:
        NotFound: There is none for him.
    """
    job = await jobs.get(conn, tenant_id=caller.tenant_id, job_id=import_id, kind=KIND, lock=lock)
    is_his = job is not None and job.created_by == caller.user_id
    if job is None or not (is_his or caller.may(Permission.CUSTOMERS_ALL)):
        raise NotFound("import_not_found", f"There is no import {import_id}.")
    return job


async def cancel(deps: Deps, caller: Caller, import_id: UUID) -> Job:
    """Stop an import after the rows that it is at. What it has made stays until it is undone.

    Raises:
        NotFound: There is no such import.
        Conflict: It has ended.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        job = await find(conn, caller, import_id, lock=True)
        if job.state is State.CANCELLED:
            return job
        if job.state not in jobs.OPEN:
            raise Conflict("import_ended", f"The import is {job.state} already.")
        turned = await jobs.turn(
            conn, tenant_id=caller.tenant_id, job=job, state=State.CANCELLED, now=deps.now()
        )
        await _note(conn, deps, caller, "customers.import_cancelled", turned)
    return turned


async def undo(deps: Deps, caller: Caller, import_id: UUID) -> Job:
    """Take back what an import did, as far as nobody has worked with it since.

    Raises:
        NotFound: There is no such import.
        Conflict: It runs, was a dry run, or is too long ago.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        job = await find(conn, caller, import_id, lock=True)
        if job.state in (State.UNDOING, State.UNDONE):
            return job
        if job.state not in _UNDOABLE:
            raise Conflict("import_open", "The import runs: cancel it first.")
        if job.batch_number is None:
            raise Conflict("import_dry_run", "A dry run has done nothing.")
        turned = await jobs.turn(
            conn, tenant_id=caller.tenant_id, job=job, state=State.UNDOING, now=deps.now()
        )
        await _note(conn, deps, caller, "customers.import_undo_begun", turned)
    deps.wake_jobs()
    return turned


def _bounded(caller: Caller, options: ImportOptions) -> ImportOptions:
    """Who does not see all customers imports his own ones."""
    if caller.may(Permission.CUSTOMERS_ALL):
        return options
    if options.owner_id not in (None, caller.user_id):
        raise Forbidden("owner_not_yours", "You may import customers for yourself only.")
    return options.model_copy(update={"owner_id": caller.user_id})


async def _check_owner(conn: Connection, caller: Caller, owner_id: UUID | None) -> None:
    if owner_id is None or owner_id == caller.user_id:
        return
    if not caller.may(Permission.CUSTOMERS_ASSIGN):
        raise Forbidden(
            "permission_missing",
            "To give customers to somebody takes the permission customers.assign.",
            extra={"permission": Permission.CUSTOMERS_ASSIGN.value},
        )
    if await users.get(conn, tenant_id=caller.tenant_id, user_id=owner_id) is None:
        raise Invalid("owner_unknown", f"There is no user {owner_id}.")


async def _probe(deps: Deps, file: BinaryIO, order: Order) -> tuple[str, dict[str, str]]:
    async with work_folder(deps) as folder:
        path = folder / "upload"

        def copy() -> None:
            file.seek(0)
            with path.open("wb") as target:
                shutil.copyfileobj(file, target, 1 << 20)

        await asyncio.to_thread(copy)
        probe = order.model_copy(update={"path": path, "out_dir": folder, "is_probe": True})
        found: tuple[str, dict[str, str]] = ("", {})
        try:
            async with aclosing(deps.file_reader.read(probe)) as chunks:
                async for chunk in chunks:
                    found = chunk.encoding, chunk.columns
        except ListRefused as refused:
            raise Invalid(refused.code, refused.detail) from None
    return found


async def _note(conn: Connection, deps: Deps, caller: Caller, action: str, job: Job) -> None:
    await audit.add(
        conn,
        caller=caller,
        now=deps.now(),
        action=action,
        object_type="customer_import",
        object_id=job.job_id,
        detail={"batch_number": job.batch_number, "act": job.act, "counts": job.counts},
    )
