"""Files in the attachment fields of records."""

from __future__ import annotations

from urllib.parse import quote
from uuid import UUID

from ringway.crm_api.access import Caller
from ringway.crm_api.core.objects import contents
from ringway.crm_api.core.objects.definition import Field, FieldType
from ringway.crm_api.core.objects.values import MAX_FILES
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    TooLarge,
    UnsupportedMedia,
)
from ringway.crm_api.objects import catalogue, file_store, records
from ringway.crm_api.objects.catalogue import StoredObject
from ringway.crm_api.objects.file_store import File
from ringway.crm_api.objects.record_store import Record
from ringway.crm_api.objects.schemas import FileView
from ringway.runtime.ids import uuid7


async def add(
    deps: Deps,
    caller: Caller,
    object_id: UUID,
    record_id: UUID,
    *,
    key: str,
    name: str,
    content: bytes,
) -> FileView:
    """Store a file and put it into a field of a record.

    Raises:
        TooLarge, UnsupportedMedia: The file.
        Invalid, Forbidden: There is no such attachment field, or it is not his to write.
        Conflict: The field is full. And as records.change.
    """
    if len(content) > contents.MAX_FILE_BYTES:
        raise TooLarge("file_too_large", f"A file has at most {contents.MAX_FILE_BYTES} bytes.")
    kind = contents.content_type(content) if content else None
    if kind is None:
        raise UnsupportedMedia("file_unknown", f"Send {contents.KNOWN}.")
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await records.find_object(conn, caller, object_id, "change")
        before = await records.find(conn, found, record_id, for_update=True)
        field = _field(found, caller, key)
        held = list(before.data.get(key, []))
        most = MAX_FILES if field.max_length is None else min(MAX_FILES, field.max_length)
        if len(held) >= most:
            raise Conflict("files_too_many", f"This field holds at most {most} files.")
        stored = await file_store.add(
            conn,
            tenant_id=caller.tenant_id,
            object_id=object_id,
            record_id=record_id,
            file_id=uuid7(),
            key=key,
            name=_name(name),
            content_type=kind,
            content=content,
            by=caller.user_id,
            now=deps.now(),
        )
        data = {**before.data, key: [*held, str(stored.file_id)]}
        await records.write(deps, conn, caller, found, before, data)
    return _view(stored)


async def of_record(deps: Deps, caller: Caller, object_id: UUID, record_id: UUID) -> list[FileView]:
    """Return the files in the fields of a record that the caller sees."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await records.find_object(conn, caller, object_id)
        record = await records.find(conn, found, record_id)
        stored = await file_store.of_record(conn, tenant_id=caller.tenant_id, record_id=record_id)
    return [_view(each) for each in stored if _is_seen(each, record, found, caller)]


async def content(
    deps: Deps, caller: Caller, object_id: UUID, record_id: UUID, file_id: UUID
) -> tuple[File, bytes]:
    """Return a file with its content. Raises NotFound."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await records.find_object(conn, caller, object_id)
        record = await records.find(conn, found, record_id)
        stored = await file_store.content_of(
            conn, tenant_id=caller.tenant_id, record_id=record_id, file_id=file_id
        )
    if stored is None or not _is_seen(stored[0], record, found, caller):
        raise NotFound("file_not_found", f"There is no file {file_id}.")
    return stored


def disposition(name: str) -> str:
    """Return the header that makes a browser store a file and never show it."""
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"


def _field(found: StoredObject, caller: Caller, key: str) -> Field:
    field = catalogue.field_seen(found.definition, caller, key)
    if field is None or field.type is not FieldType.ATTACHMENT:
        raise Invalid("field_unknown", "There is no such attachment field.")
    if not field.writable_by(catalogue.role_of(caller)):
        raise Forbidden("field_read_only", "This field can be read only.")
    return field


def _is_seen(file: File, record: Record, found: StoredObject, caller: Caller) -> bool:
    field = catalogue.field_seen(found.definition, caller, file.key)
    return field is not None and str(file.file_id) in record.data.get(file.key, [])


def _name(name: str) -> str:
    plain = "".join(ch for ch in name if ch.isprintable() and ch not in '/\\"')
    return plain[-200:].strip() or "file"


def _view(file: File) -> FileView:
    return FileView(
        file_id=file.file_id,
        key=file.key,
        name=file.name,
        content_type=file.content_type,
        size_bytes=file.size_bytes,
        sha256=file.sha256.hex(),
        created_by=file.created_by,
        created_at=file.created_at,
    )
