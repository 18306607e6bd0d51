"""/objects/{id}/records: what is kept with an object."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, File, Form, Path, Query, Response, UploadFile

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.core.objects.contents import KNOWN, MAX_FILE_BYTES
from ringway.crm_api.core.objects.definition import KEY_PATTERN
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.etag import IfMatch, expected_version, set_etag
from ringway.crm_api.objects import pop, record_files, record_lists, records
from ringway.crm_api.objects.schemas import (
    FileView,
    LookupBody,
    ManyRecords,
    ManyResults,
    NewRecord,
    RecordBody,
    RecordChange,
    RecordChangeView,
    RecordView,
)
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_number, page_of

router = api_router("/objects/{object_id}/records", "records")
Reader = Annotated[Caller, Depends(requires(Permission.RECORDS_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.RECORDS_WRITE))]
_Text = Annotated[str, Query(max_length=500)]


@router.post("", status_code=201)
async def create_record(
    object_id: UUID, new: NewRecord, deps: DepsOf, caller: Writer, response: Response
) -> RecordView:
    """Make a record. What is wrong is told by field, in `fields` of the problem."""
    view = await records.create(deps, caller, object_id, new)
    set_etag(response, view.version)
    response.headers["Location"] = f"/api/v1/objects/{object_id}/records/{view.record_id}"
    return view


@router.post("/bulk")
async def create_records(
    object_id: UUID, new: ManyRecords, deps: DepsOf, caller: Writer
) -> ManyResults:
    """Make many records, each alone: what became of each row is told in its order."""
    return await records.create_many(deps, caller, object_id, new.records)


@router.post("/lookup")
async def look_up_record(
    object_id: UUID, wanted: LookupBody, deps: DepsOf, caller: Reader
) -> RecordView:
    """Return the one record with a value; with an interaction's id, it travels with that."""
    return await pop.look_up(deps, caller, object_id, wanted)


@router.get("")
async def list_records(
    object_id: UUID,
    deps: DepsOf,
    caller: Reader,
    filter: Annotated[
        list[_Text] | None,
        Query(
            max_length=20,
            description="`field:operator:value` of an indexed field, all of which must be true. "
            "Operators: eq, ne, lt, lte, gt, gte, contains, in (values by commas), empty "
            "(true or false).",
            examples=[["level:in:gold,silver", "limit:gte:100000"]],
        ),
    ] = None,
    sort: Annotated[
        str | None,
        Query(
            pattern="^-?[a-z][a-z0-9_]{0,39}$",
            description="An indexed field, downwards with `-`. Left out: newest first. "
            "Empty values come before all others.",
            examples=["-limit"],
        ),
    ] = None,
    fields: Annotated[
        str | None,
        Query(max_length=2_000, description="Keys by commas: only these values are returned."),
    ] = None,
    interaction_id: Annotated[
        UUID | None, Query(description="Records that were written in this interaction.")
    ] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[RecordView]:
    """List records. The ten-thousandth page comes as fast as the first."""
    items, next_cursor = await record_lists.page(
        deps,
        caller,
        object_id,
        wanted=filter or [],
        sort=sort,
        fields=fields.split(",") if fields is not None else None,
        interaction_id=interaction_id,
        cursor=cursor,
        limit=limit,
    )
    return Page(items=items, next_cursor=next_cursor)


@router.get("/{record_id}")
async def get_record(
    object_id: UUID, record_id: UUID, deps: DepsOf, caller: Reader, response: Response
) -> RecordView:
    """Return a record with the fields that the caller sees."""
    view = await records.get(deps, caller, object_id, record_id)
    set_etag(response, view.version)
    return view


@router.put("/{record_id}")
async def replace_record(
    object_id: UUID,
    record_id: UUID,
    wanted: RecordBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> RecordView:
    """Replace a record. Fields that the caller may not write stay as they are."""
    version = expected_version(if_match, required=True)
    view = await records.change(
        deps, caller, object_id, record_id, version, wanted.values, partial=False
    )
    set_etag(response, view.version)
    return view


@router.patch("/{record_id}", responses={428: {}})
async def change_record(
    object_id: UUID,
    record_id: UUID,
    wanted: RecordChange,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> RecordView:
    """Change some fields of a record; a repeated Save updates it and never makes another."""
    version = expected_version(if_match, required=True)
    view = await records.change(
        deps, caller, object_id, record_id, version, wanted.values, partial=True
    )
    set_etag(response, view.version)
    return view


@router.delete("/{record_id}", status_code=204)
async def delete_record(
    object_id: UUID, record_id: UUID, deps: DepsOf, caller: Writer, if_match: IfMatch = None
) -> None:
    """Delete a record with its files and its history."""
    await records.remove(deps, caller, object_id, record_id, expected_version(if_match))


@router.get("/{record_id}/changes")
async def list_record_changes(
    object_id: UUID,
    record_id: UUID,
    deps: DepsOf,
    caller: Reader,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[RecordChangeView]:
    """List who changed what and when, newest first: old and new value of each field."""
    found = await record_lists.changes(
        deps, caller, object_id, record_id, cursor_number(cursor), limit + 1
    )
    return page_of(found, limit, lambda last: last.version)


@router.post("/{record_id}/files", status_code=201)
async def add_record_file(
    object_id: UUID,
    record_id: UUID,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    key: Annotated[str, Form(pattern=KEY_PATTERN, description="The attachment field.")],
    file: Annotated[UploadFile, File(description=f"{KNOWN}; at most {MAX_FILE_BYTES} bytes.")],
) -> FileView:
    """Put a file into an attachment field. What it is, is decided by what is in it."""
    view = await record_files.add(
        deps,
        caller,
        object_id,
        record_id,
        key=key,
        name=file.filename or "",
        content=await file.read(),
    )
    place = f"/api/v1/objects/{object_id}/records/{record_id}/files/{view.file_id}"
    response.headers["Location"] = place
    return view


@router.get("/{record_id}/files")
async def list_record_files(
    object_id: UUID, record_id: UUID, deps: DepsOf, caller: Reader
) -> Page[FileView]:
    """List the files in a record's fields. There is one page."""
    return Page(items=await record_files.of_record(deps, caller, object_id, record_id))


@router.get(
    "/{record_id}/files/{file_id}",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}},
)
async def get_record_file(
    object_id: UUID,
    record_id: UUID,
    file_id: Annotated[UUID, Path(examples=["0198f0c4-7a3e-7000-8000-0000000000f1"])],
    deps: DepsOf,
    caller: Reader,
) -> Response:
    """Return a file, to be stored, not shown. It is removed by taking its id out of its field."""
    file, content = await record_files.content(deps, caller, object_id, record_id, file_id)
    return Response(
        content,
        media_type=file.content_type,
        headers={"Content-Disposition": record_files.disposition(file.name)},
    )
