"""Imports: a file of numbers becomes leads of a list, and every row's fate is told."""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from uuid import UUID, uuid5

import orjson
from pydantic import TypeAdapter

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.number_list import further_numbers
from ringway.crm_api.core.phone import REGIONS, NumberCheck
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Conflict, Invalid, NotFound
from ringway.crm_api.imports import store
from ringway.crm_api.imports.schemas import Encoding, Mapping
from ringway.crm_api.imports.worker import (
    CHUNK_BYTES,
    CHUNK_ROWS,
    Job,
    Outcome,
    lead_id,
    line_of,
)
from ringway.crm_api.lists import store as lists
from ringway.crm_api.lists.schemas import LeadsAdded
from ringway.proto.crm import ImportFinishedV1
from ringway.proto.dialer import AddLeadsV1, LeadRow, LeadsAddedV1
from ringway.runtime import outbox
from ringway.runtime.errors import DependencyDown, RequestTimedOut
from ringway.runtime.ids import uuid7

_log = logging.getLogger("ringway.crm_api.imports")

_ADD_LIMIT_S = 30.0
_ADD_TRIES = 3
# What the worker writes is checked and made into leads in one go, outside of Python.
_LEADS = TypeAdapter(tuple[LeadRow, ...])


@dataclass(frozen=True, slots=True)
class Upload:
    """A file and how the caller wants it read."""

    file: BinaryIO
    file_name: str
    mapping: Mapping
    region: str | None
    check: NumberCheck
    encoding: Encoding | None
    is_dry_run: bool
    creates_customers: bool


@dataclass(slots=True)
class _Counts:
    added: int = 0
    duplicates: list[store.ErrorRow] = field(default_factory=list)


async def import_file(deps: Deps, caller: Caller, list_id: UUID, upload: Upload) -> store.Batch:
    """Import a file into a list.

    The file is read before anything is written, so a file that is no list leaves no trace. If
    the dialer goes away half-way the batch is kept as failed; importing the file again adds
    only what is missing.

    Raises:
        NotFound: There is no such list.
        Invalid: Nothing of the file can be used.
        DependencyDown: PostgreSQL or the dialer went away.
    """
    if upload.region is not None and upload.region not in REGIONS:
        raise Invalid("region_unknown", f"{upload.region} is not a region such as CN, US, RO.")
    async with deps.pool.tenant(caller.tenant_id) as conn:
        if not await lists.exists(conn, tenant_id=caller.tenant_id, list_id=list_id):
            raise list_not_found(list_id)
    folder = Path(
        await asyncio.to_thread(
            tempfile.mkdtemp, prefix="ringway-import-", dir=deps.settings.work_dir
        )
    )
    try:
        batch_id = uuid7()
        outcome = await _read(deps, folder, batch_id, upload)
        return await _apply(deps, caller, list_id, batch_id, upload, outcome)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def add_batch(deps: Deps, caller: Caller, list_id: UUID, batch_number: str) -> LeadsAdded:
    """Add the good rows of an earlier batch to a list (R155). A repeat adds nothing."""
    rows = added = duplicates = 0
    async with deps.pool.tenant(caller.tenant_id) as conn:
        if not await lists.exists(conn, tenant_id=caller.tenant_id, list_id=list_id):
            raise list_not_found(list_id)
        batch = await store.by_number(conn, tenant_id=caller.tenant_id, batch_number=batch_number)
        if batch is None:
            raise NotFound("batch_not_found", f"There is no batch {batch_number}.")
        if batch.source == "query":
            raise Conflict(
                "batch_of_query",
                f"Batch {batch_number} is of a query: put the query to this list too.",
            )
        if batch.is_dry_run:
            raise Conflict("batch_dry_run", f"Batch {batch_number} was a dry run: it has no rows.")
        source = uuid5(list_id, str(batch.batch_id))
        chunks = store.row_chunks(
            conn,
            tenant_id=caller.tenant_id,
            batch_id=batch.batch_id,
            max_rows=CHUNK_ROWS,
            max_bytes=CHUNK_BYTES,
        )
        chunk_no = 0
        async for chunk in chunks:
            leads = _LEADS.validate_python([_lead(source, row) for row in chunk])
            reply = await give_leads(deps, caller, list_id, source, chunk_no, leads)
            chunk_no += 1
            rows += len(chunk)
            added += reply.added
            duplicates += reply.duplicates
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action="list.batch_added",
            object_type="list",
            object_id=list_id,
            detail={"batch_number": batch_number, "rows": rows, "added": added},
        )
    return LeadsAdded(rows=rows, added=added, duplicates=duplicates)


def list_not_found(list_id: UUID) -> NotFound:
    """Return the error for a list that is not there."""
    return NotFound("list_not_found", f"There is no list {list_id}.")


async def _read(deps: Deps, folder: Path, batch_id: UUID, upload: Upload) -> Outcome:
    path = folder / "upload"

    def copy() -> None:
        with path.open("wb") as target:
            shutil.copyfileobj(upload.file, target, 1 << 20)

    await asyncio.to_thread(copy)
    return await deps.importer.read(
        Job(
            path=path,
            out_dir=folder,
            batch_id=batch_id,
            mapping=upload.mapping.model_dump(exclude_none=True),
            region=upload.region,
            check=upload.check,
            encoding=upload.encoding.value if upload.encoding is not None else None,
            max_rows=deps.settings.import_max_rows,
        )
    )


async def _apply(
    deps: Deps,
    caller: Caller,
    list_id: UUID,
    batch_id: UUID,
    upload: Upload,
    outcome: Outcome,
) -> store.Batch:
    tenant_id = caller.tenant_id
    async with deps.pool.tenant(tenant_id) as conn:
        batch = await store.begin(
            conn,
            tenant_id=tenant_id,
            batch_id=batch_id,
            list_id=list_id,
            file_name=upload.file_name[:200],
            is_dry_run=upload.is_dry_run,
            encoding=outcome.encoding,
            created_by=caller.user_id,
            now=deps.now(),
        )
        for path in outcome.bad_files:
            await store.add_errors(
                conn,
                tenant_id=tenant_id,
                batch_id=batch.batch_id,
                errors_json=await _load(path),
            )
    counts = _Counts()
    try:
        if not upload.is_dry_run:
            await _add_rows(deps, caller, batch, outcome.good_files, counts)
    except BaseException as error:
        failure = f"Interrupted: {error}. Import the file again: what is in the list is kept."
        await _fail(deps, caller, batch, outcome, counts, failure)
        raise
    added = outcome.good if upload.is_dry_run else counts.added
    return await _finish(deps, caller, batch, outcome, counts, added, upload.creates_customers)


async def _add_rows(
    deps: Deps, caller: Caller, batch: store.Batch, files: Iterable[Path], counts: _Counts
) -> None:
    for chunk_no, path in enumerate(files):
        raw = await _load(path)
        async with deps.pool.tenant(caller.tenant_id) as conn:
            await store.add_rows(
                conn, tenant_id=caller.tenant_id, batch_id=batch.batch_id, rows_json=raw
            )
        leads = _LEADS.validate_json(raw)
        reply = await give_leads(deps, caller, batch.list_id, batch.batch_id, chunk_no, leads)
        counts.added += reply.added
        if reply.duplicate_lead_ids:
            phones = {lead.lead_id: lead.phone_e164 for lead in leads}
            counts.duplicates += [
                store.ErrorRow(
                    line_of(duplicate),
                    "",
                    phones[duplicate],
                    "duplicate_in_list",
                    "The number is in the list already.",
                )
                for duplicate in reply.duplicate_lead_ids
                if duplicate in phones
            ]


async def give_leads(
    deps: Deps,
    caller: Caller,
    list_id: UUID,
    batch_id: UUID,
    chunk_no: int,
    leads: tuple[LeadRow, ...],
) -> LeadsAddedV1:
    """Give one chunk to the dialer, which adds it once however often it is asked."""
    question = AddLeadsV1(
        occurred_at=deps.now(),
        tenant=caller.tenant,
        list_id=str(list_id),
        batch_id=str(batch_id),
        chunk_no=chunk_no,
        rows=leads,
    )
    for left in reversed(range(_ADD_TRIES)):
        try:
            return await deps.bus.request(question, LeadsAddedV1, timeout_s=_ADD_LIMIT_S)
        except (RequestTimedOut, DependencyDown) as error:
            if not left:
                raise
            _log.warning("The dialer did not take a chunk.", extra={"error": repr(error)})
            await asyncio.sleep(1)
    raise AssertionError("unreachable")


async def _finish(
    deps: Deps,
    caller: Caller,
    batch: store.Batch,
    outcome: Outcome,
    counts: _Counts,
    added: int,
    creates_customers: bool,
) -> store.Batch:
    tenant_id, now = caller.tenant_id, deps.now()
    async with deps.pool.tenant(tenant_id) as conn:
        await store.add_errors(
            conn,
            tenant_id=tenant_id,
            batch_id=batch.batch_id,
            errors_json=orjson.dumps(counts.duplicates).decode(),
        )
        if creates_customers and not batch.is_dry_run:
            await store.add_customers(
                conn,
                tenant_id=tenant_id,
                batch_id=batch.batch_id,
                batch_number=batch.batch_number,
                now=now,
            )
        done = await store.finish(
            conn,
            tenant_id=tenant_id,
            batch_id=batch.batch_id,
            state="finished",
            rows=outcome.rows,
            added=added,
            duplicates_in_file=outcome.duplicates,
            duplicates_in_list=len(counts.duplicates),
            refused=outcome.bad,
            now=now,
        )
        if not batch.is_dry_run:
            await outbox.add(
                conn,
                "crm",
                ImportFinishedV1(
                    occurred_at=now,
                    tenant=caller.tenant,
                    batch_id=str(batch.batch_id),
                    list_id=str(batch.list_id),
                    rows=done.rows,
                    added=done.added,
                    duplicates=done.duplicates_in_file + done.duplicates_in_list,
                    refused=done.refused,
                ),
            )
        await audit.add(
            conn,
            caller=caller,
            now=now,
            action="list.imported",
            object_type="import",
            object_id=batch.batch_id,
            detail={"batch_number": done.batch_number, "rows": done.rows, "added": done.added},
        )
    return done


async def _fail(
    deps: Deps,
    caller: Caller,
    batch: store.Batch,
    outcome: Outcome,
    counts: _Counts,
    failure: str,
) -> None:
    try:
        async with deps.pool.tenant(caller.tenant_id) as conn:
            await store.finish(
                conn,
                tenant_id=caller.tenant_id,
                batch_id=batch.batch_id,
                state="failed",
                failure=failure[:500],
                rows=outcome.rows,
                added=counts.added,
                duplicates_in_file=outcome.duplicates,
                duplicates_in_list=len(counts.duplicates),
                refused=outcome.bad,
                now=deps.now(),
            )
    except Exception as error:
        # Housekeeping marks it as failed later.
        _log.warning("A failed import could not be marked.", extra={"error": repr(error)})


def _lead(batch_id: UUID, row: store.Row) -> dict[str, object]:
    data = orjson.loads(row.data)
    return {
        "lead_id": str(lead_id(batch_id, row.line)),
        "phone_e164": row.phone_e164,
        "name": row.name,
        "priority": row.priority,
        "data": data,
        "more_numbers": [{"phone_e164": number} for number in further_numbers(data)],
    }


async def _load(path: Path) -> str:
    return await asyncio.to_thread(path.read_text, encoding="utf-8")
