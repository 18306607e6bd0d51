"""/customers/imports: files of customers, imported in the background."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import Depends, File, Form, Query, Response, UploadFile
from fastapi.responses import StreamingResponse
from pydantic import ValidationError

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.cells import safe_cell
from ringway.crm_api.core.customer_files.reasons import FileLanguage, reason
from ringway.crm_api.customer_files import files, import_service, jobs
from ringway.crm_api.customer_files.jobs import Job
from ringway.crm_api.customer_files.schemas import (
    CustomerImportView,
    FileErrorView,
    ImportOptions,
    options_of,
)
from ringway.crm_api.deps import Cursor, Deps, DepsOf, Limit, requires
from ringway.crm_api.errors import Invalid
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_number, cursor_uuid, page_of

router = api_router("/customers/imports", "customers")
Importer = Annotated[Caller, Depends(requires(Permission.CUSTOMERS_IMPORT))]
Words = Annotated[FileLanguage, Query(description="Of the reasons.")]

_CSV_BLOCK = 1_000


@router.post("", status_code=202)
async def import_customers(
    deps: DepsOf,
    caller: Importer,
    response: Response,
    file: Annotated[UploadFile, File(description="CSV or XLSX, with a header.")],
    options: Annotated[
        str,
        Form(
            max_length=30_000,
            description="JSON of ImportOptions (see the answer), such as "
            '{"rule": "update_empty", "region": "CN", "mapping": {"Tel": "phone"}}.',
        ),
    ] = "{}",
) -> CustomerImportView:
    """Import customers in the background; its first rows are looked at before the answer.

    Follow it with GET, or by the event `crm.v1.customer_job.changed`. Who does not see all
    customers imports his own ones. The delimiter is a comma, semicolon, tab or bar; the text
    UTF-8, UTF-16 or GB18030.
    """
    upload = import_service.Upload(file.file, file.filename or "", _options(options))
    job = await import_service.begin(deps, caller, upload)
    response.headers["Location"] = f"/api/v1/customers/imports/{job.job_id}"
    return _view(job)


@router.get("")
async def list_customer_imports(
    deps: DepsOf, caller: Importer, limit: Limit = 100, cursor: Cursor = None
) -> Page[CustomerImportView]:
    """List the imports, newest first: everybody's for those who see all customers."""
    mine = None if caller.may(Permission.CUSTOMERS_ALL) else caller.user_id
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await jobs.page(
            conn,
            tenant_id=caller.tenant_id,
            kind=import_service.KIND,
            created_by=mine,
            before=cursor_uuid(cursor),
            limit=limit + 1,
        )
    items = [_view(job) for job in found]
    return page_of(items, limit, lambda last: last.import_id)


@router.get("/{import_id}")
async def get_customer_import(
    import_id: UUID, deps: DepsOf, caller: Importer
) -> CustomerImportView:
    """Return an import and how far it is."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        return _view(await import_service.find(conn, caller, import_id))


@router.post("/{import_id}/cancel")
async def cancel_customer_import(
    import_id: UUID, deps: DepsOf, caller: Importer
) -> CustomerImportView:
    """Stop an import after the rows that it is at. What it has made stays until it is undone."""
    return _view(await import_service.cancel(deps, caller, import_id))


@router.post("/{import_id}/undo", status_code=202)
async def undo_customer_import(
    import_id: UUID, deps: DepsOf, caller: Importer
) -> CustomerImportView:
    """Take a whole batch back: new customers go, changed ones are as before.

    Whoever was changed or used since stays as he is, and is counted.
    """
    return _view(await import_service.undo(deps, caller, import_id))


@router.get("/{import_id}/errors")
async def list_customer_import_errors(
    import_id: UUID,
    deps: DepsOf,
    caller: Importer,
    language: Words = FileLanguage.ENGLISH,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[FileErrorView]:
    """List the rows that did not become customers, by line."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await import_service.find(conn, caller, import_id)
        found = await files.errors(
            conn,
            tenant_id=caller.tenant_id,
            job_id=import_id,
            after_line=cursor_number(cursor) or 0,
            limit=limit + 1,
        )
    items = [
        FileErrorView(
            line=each.line,
            column=each.column,
            value=each.value,
            code=each.code,
            reason=reason(each.code, each.detail, language),
        )
        for each in found
    ]
    return page_of(items, limit, lambda last: last.line)


@router.get(
    "/{import_id}/errors.csv",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def download_customer_import_errors(
    import_id: UUID, deps: DepsOf, caller: Importer, language: Words = FileLanguage.ENGLISH
) -> StreamingResponse:
    """Download them as CSV. Cells that a spreadsheet would run are escaped."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        job = await import_service.find(conn, caller, import_id)
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action="customers.import_errors_exported",
            object_type="customer_import",
            object_id=import_id,
        )
    name = f"{job.batch_number or 'dry-run'}-errors.csv"
    return StreamingResponse(
        _errors_csv(deps, caller, import_id, language),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def _errors_csv(
    deps: Deps, caller: Caller, import_id: UUID, language: FileLanguage
) -> AsyncIterator[bytes]:
    # With a byte order mark, or spreadsheets would take UTF-8 for something else.
    yield "\ufeff".encode() + _csv([("line", "column", "value", "code", "reason")])
    after_line = 0
    while True:
        async with deps.pool.tenant(caller.tenant_id) as conn:
            found = await files.errors(
                conn,
                tenant_id=caller.tenant_id,
                job_id=import_id,
                after_line=after_line,
                limit=_CSV_BLOCK,
            )
        if not found:
            return
        yield _csv(
            [
                (str(e.line), e.column, e.value, e.code, reason(e.code, e.detail, language))
                for e in found
            ]
        )
        after_line = found[-1].line


def _csv(rows: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([[safe_cell(cell) for cell in row] for row in rows])
    return text.getvalue().encode()


def _options(text: str) -> ImportOptions:
    try:
        return ImportOptions.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(each) for each in first["loc"])
        raise Invalid("options_invalid", f"options: {where}: {first['msg']}") from None


def _view(job: Job) -> CustomerImportView:
    options = options_of(job.options)
    return CustomerImportView.model_validate(
        {
            "import_id": job.job_id,
            "is_dry_run": options.is_dry_run,
            "encoding": job.options["used_encoding"],
            "columns": job.options["columns"],
            "errors_url": f"/api/v1/customers/imports/{job.job_id}/errors.csv",
            "options": options,
            **{
                name: getattr(job, name)
                for name in CustomerImportView.model_fields
                if hasattr(job, name) and name != "options"
            },
        }
    )
