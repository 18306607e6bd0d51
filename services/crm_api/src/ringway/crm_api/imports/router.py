"""/lists/{id}/imports and /imports: files of numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import Depends, File, Form, Response, UploadFile
from fastapi.responses import StreamingResponse
from pydantic import ValidationError

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.cells import safe_cell
from ringway.crm_api.core.phone import NumberCheck
from ringway.crm_api.deps import Cursor, Deps, DepsOf, Limit, requires
from ringway.crm_api.errors import Invalid, NotFound
from ringway.crm_api.imports import service, store
from ringway.crm_api.imports.schemas import (
    Encoding,
    ImportErrorView,
    ImportReport,
    ImportView,
    Mapping,
)
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_number, cursor_uuid, page_of

router = api_router("", "imports")
Reader = Annotated[Caller, Depends(requires(Permission.LISTS_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.LISTS_WRITE))]

_SHOWN = 100
_CSV_BLOCK = 1_000


@router.post("/lists/{list_id}/imports", status_code=201)
async def import_list(
    list_id: UUID,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    file: Annotated[UploadFile, File(description="CSV or XLSX.")],
    mapping: Annotated[
        str, Form(max_length=2000, description='JSON, such as {"phone": "Tel", "name": "Who"}.')
    ] = "{}",
    default_region: Annotated[
        str | None,
        Form(pattern="^[A-Z]{2}$", description="Of numbers without country code, such as CN."),
    ] = None,
    number_check: Annotated[NumberCheck, Form()] = NumberCheck.VALID,
    encoding: Annotated[Encoding | None, Form(description="Left out: found out.")] = None,
    dry_run: Annotated[bool, Form(description="Only say what would happen.")] = False,
    create_customers: Annotated[
        bool, Form(description="Also make customers of numbers that no customer has.")
    ] = False,
) -> ImportReport:
    """Import a number list. Good rows are kept; each bad one is told with line and reason.

    The delimiter is a comma, semicolon, tab or bar; the text UTF-8, UTF-16 or GB18030. A file
    without header is a list of numbers. Columns that are not mapped are kept with the lead.
    """
    upload = service.Upload(
        file=file.file,
        file_name=file.filename or "",
        mapping=_mapping(mapping),
        region=default_region,
        check=number_check,
        encoding=encoding,
        is_dry_run=dry_run,
        creates_customers=create_customers,
    )
    batch = await service.import_file(deps, caller, list_id, upload)
    response.headers["Location"] = f"/api/v1/imports/{batch.batch_id}"
    return await _report(deps, caller, batch)


@router.get("/imports")
async def list_imports(
    deps: DepsOf, caller: Reader, limit: Limit = 100, cursor: Cursor = None
) -> Page[ImportView]:
    """List the imports, newest first."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        batches = await store.page(
            conn, tenant_id=caller.tenant_id, before=cursor_uuid(cursor), limit=limit + 1
        )
    items = [ImportView.model_validate(batch) for batch in batches]
    return page_of(items, limit, lambda last: last.batch_id)


@router.get("/imports/{batch_id}")
async def get_import(batch_id: UUID, deps: DepsOf, caller: Reader) -> ImportReport:
    """Return one import with its first errors."""
    return await _report(deps, caller, await _get(deps, caller, batch_id))


@router.get("/imports/{batch_id}/errors")
async def list_import_errors(
    batch_id: UUID, deps: DepsOf, caller: Reader, limit: Limit = 100, cursor: Cursor = None
) -> Page[ImportErrorView]:
    """List the bad rows by line."""
    await _get(deps, caller, batch_id)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        errors = await store.errors(
            conn,
            tenant_id=caller.tenant_id,
            batch_id=batch_id,
            after_line=cursor_number(cursor) or 0,
            limit=limit + 1,
        )
    items = [ImportErrorView.model_validate(error) for error in errors]
    return page_of(items, limit, lambda last: last.line)


@router.get(
    "/imports/{batch_id}/errors.csv",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def download_import_errors(batch_id: UUID, deps: DepsOf, caller: Reader) -> StreamingResponse:
    """Download all bad rows as CSV. Cells that a spreadsheet would run are escaped."""
    batch = await _get(deps, caller, batch_id)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action="list.import_errors_exported",
            object_type="import",
            object_id=batch_id,
        )
    name = f"{batch.batch_number}-errors.csv"
    return StreamingResponse(
        _errors_csv(deps, caller, batch_id),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def _errors_csv(deps: Deps, caller: Caller, batch_id: UUID) -> AsyncIterator[bytes]:
    # With a byte order mark, or spreadsheets would take UTF-8 for something else.
    yield "\ufeff".encode() + _csv([("line", "column", "value", "code", "reason")])
    after_line = 0
    while True:
        async with deps.pool.tenant(caller.tenant_id) as conn:
            errors = await store.errors(
                conn,
                tenant_id=caller.tenant_id,
                batch_id=batch_id,
                after_line=after_line,
                limit=_CSV_BLOCK,
            )
        if not errors:
            return
        yield _csv([(str(e.line), e.column, e.value, e.code, e.reason) for e in errors])
        after_line = errors[-1].line


def _csv(rows: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([[safe_cell(cell) for cell in row] for row in rows])
    return text.getvalue().encode()


async def _get(deps: Deps, caller: Caller, batch_id: UUID) -> store.Batch:
    async with deps.pool.tenant(caller.tenant_id) as conn:
        batch = await store.get(conn, tenant_id=caller.tenant_id, batch_id=batch_id)
    if batch is None:
        raise NotFound("import_not_found", f"There is no import {batch_id}.")
    return batch


async def _report(deps: Deps, caller: Caller, batch: store.Batch) -> ImportReport:
    async with deps.pool.tenant(caller.tenant_id) as conn:
        errors = await store.errors(
            conn,
            tenant_id=caller.tenant_id,
            batch_id=batch.batch_id,
            after_line=0,
            limit=_SHOWN,
        )
    return ImportReport(
        **ImportView.model_validate(batch).model_dump(),
        errors=[ImportErrorView.model_validate(error) for error in errors],
        errors_url=f"/api/v1/imports/{batch.batch_id}/errors.csv",
    )


def _mapping(text: str) -> Mapping:
    try:
        return Mapping.model_validate_json(text)
    except ValidationError as error:
        problems = "; ".join(f"{e['loc']}: {e['msg']}" for e in error.errors())
        raise Invalid("mapping_invalid", f"mapping is not valid: {problems}") from error
