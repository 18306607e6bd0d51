"""Records: what people may do with them, and what follows from it.

A record of an object that the caller may not see, a field that he may not see, and what is not
there at all are answered alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.objects import values
from ringway.crm_api.core.objects.definition import (
    KINDS_ELSEWHERE,
    FieldType,
    ReferenceTarget,
    SavePolicy,
)
from ringway.crm_api.core.objects.values import FieldError
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    PreconditionFailed,
)
from ringway.crm_api.objects import catalogue, file_store, history, record_store, service, store
from ringway.crm_api.objects.catalogue import StoredObject
from ringway.crm_api.objects.record_store import Record
from ringway.crm_api.objects.schemas import (
    ManyResults,
    NewRecord,
    RecordView,
    RowResult,
)
from ringway.proto.crm_objects import RecordChangedV1
from ringway.runtime import outbox
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection


async def find_object(
    conn: Connection, caller: Caller, object_id: UUID, act: str = "read"
) -> StoredObject:
    """Return an object with records that the caller may ``act`` on.

    Raises:
        NotFound: There is none, or it has no records, or he may not see them.
        Forbidden: He may see them, and no more.
        Conflict: It is archived, and he wants to write.
    """
    if act == "create":
        await store.keep_shapes(conn, object_id=object_id)
    found = await catalogue.get(conn, tenant_id=caller.tenant_id, object_id=object_id)
    if found is None or not catalogue.may(found.definition, caller, "read"):
        raise service.not_found(object_id)
    if found.definition.kind in KINDS_ELSEWHERE:
        raise NotFound(
            "object_without_records",
            f"A {found.definition.kind} object has no records: its fields belong to customers or "
            "work orders themselves.",
        )
    if not catalogue.may(found.definition, caller, act):
        raise Forbidden("record_right_missing", f"The caller's role may not {act} records here.")
    if act != "read" and found.archived_at is not None:
        raise Conflict("object_archived", "The object is archived: its records can only be read.")
    return found


async def create(deps: Deps, caller: Caller, object_id: UUID, new: NewRecord) -> RecordView:
    """Make a record. Raises as find_object, and Invalid with what is wrong by field."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await find_object(conn, caller, object_id, "create")
        made = await _create(deps, conn, caller, found, new)
        if isinstance(made, list):
            raise _wrong(made)
        return view_of(made, found, caller)


async def create_many(
    deps: Deps, caller: Caller, object_id: UUID, rows: Sequence[NewRecord]
) -> ManyResults:
    """Make records, each alone: a bad row does not stop the others. Raises as find_object."""
    results = []
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await find_object(conn, caller, object_id, "create")
        for index, new in enumerate(rows):
            made = await _create(deps, conn, caller, found, new)
            errors = [_error(each) for each in made] if isinstance(made, list) else []
            record_id = None if isinstance(made, list) else made.record_id
            results.append(RowResult(index=index, record_id=record_id, errors=errors))
        made_count = sum(each.record_id is not None for each in results)
        detail = {"made": made_count, "refused": len(results) - made_count}
        await _note(deps, conn, caller, "records.created", object_id, detail)
    return ManyResults(made=made_count, refused=len(results) - made_count, rows=results)


async def get(deps: Deps, caller: Caller, object_id: UUID, record_id: UUID) -> RecordView:
    """Return a record with the fields that the caller sees. Raises NotFound."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await find_object(conn, caller, object_id)
        return view_of(await find(conn, found, record_id), found, caller)


async def find(
    conn: Connection, found: StoredObject, record_id: UUID, *, for_update: bool = False
) -> Record:
    """Return a record of an object. Raises NotFound."""
    record = await record_store.get(
        conn,
        tenant_id=found.tenant_id,
        object_id=found.object_id,
        record_id=record_id,
        for_update=for_update,
    )
    if record is None:
        raise NotFound("record_not_found", f"There is no record {record_id}.")
    return record


async def change(
    deps: Deps,
    caller: Caller,
    object_id: UUID,
    record_id: UUID,
    version: int | None,
    wanted: Mapping[str, Any],
    *,
    partial: bool,
) -> RecordView:
    """Change a record.

    Args:
        partial: Whether fields that are left out stay; else those that he may write are emptied.

    Raises:
        Conflict: The object's records are saved once.
        PreconditionFailed: It was changed since ``version``.
        Invalid: With what is wrong by field. And as find_object.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await find_object(conn, caller, object_id, "change")
        before = await find(conn, found, record_id, for_update=True)
        check_version(before, version, found, caller)
        if found.definition.save is SavePolicy.ONCE:
            raise Conflict("record_saved_once", "Records of this object are saved once.")
        checked = values.check(
            found.definition,
            wanted,
            role=catalogue.role_of(caller),
            old=before.data,
            partial=partial,
        )
        errors = checked.errors or await _unknown_references(
            conn, found, before.data, checked.values
        )
        if errors:
            raise _wrong(errors)
        if checked.values == before.data:
            return view_of(before, found, caller)
        try:
            after = await write(deps, conn, caller, found, before, checked.values)
        except record_store.ValueTaken as taken:
            raise _wrong([_taken(found, caller, taken)]) from None
        return view_of(after, found, caller)


async def write(
    deps: Deps,
    conn: Connection,
    caller: Caller,
    found: StoredObject,
    before: Record,
    data: Mapping[str, Any],
) -> Record:
    """Write values that were checked, with all that follows. Raises ValueTaken."""
    after = await record_store.change(
        conn,
        tenant_id=caller.tenant_id,
        object_id=found.object_id,
        record_id=before.record_id,
        data=data,
        by=caller.user_id,
        now=deps.now(),
    )
    files = [each.key for each in found.definition.fields if each.type is FieldType.ATTACHMENT]
    if any(before.data.get(key) != after.data.get(key) for key in files):
        kept = [UUID(each) for key in files for each in after.data.get(key, [])]
        await file_store.remove_others(
            conn, tenant_id=caller.tenant_id, record_id=after.record_id, keys=files, kept=kept
        )
    await _tell(deps, conn, caller, after, before.data)
    return after


async def remove(
    deps: Deps, caller: Caller, object_id: UUID, record_id: UUID, version: int | None
) -> None:
    """Delete a record with its files and its history. Raises as change."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await find_object(conn, caller, object_id, "delete")
        before = await find(conn, found, record_id, for_update=True)
        check_version(before, version, found, caller)
        await record_store.remove(
            conn, tenant_id=caller.tenant_id, object_id=object_id, record_id=record_id
        )
        detail = {"object_id": str(object_id)}
        await _note(deps, conn, caller, "record.deleted", record_id, detail)
        await outbox.add(conn, "crm", _fact(deps, caller, before, "deleted"))


def view_of(
    record: Record, found: StoredObject, caller: Caller, *, only: set[str] | None = None
) -> RecordView:
    """Return a record with the fields that the caller sees, or those of them in ``only``."""
    shown = found.definition.shown(record.data, catalogue.role_of(caller))
    return RecordView(
        record_id=record.record_id,
        object_id=record.object_id,
        values={key: value for key, value in shown.items() if only is None or key in only},
        version=record.version,
        interaction_id=record.interaction_id,
        created_by=record.created_by,
        created_at=record.created_at,
        updated_by=record.updated_by,
        updated_at=record.updated_at,
    )


def check_version(before: Record, version: int | None, found: StoredObject, caller: Caller) -> None:
    """Raise PreconditionFailed when a record was changed since ``version``."""
    if version is not None and before.version != version:
        raise PreconditionFailed(
            "record_changed",
            "The record was changed meanwhile; `current` is what it is now.",
            extra={"current": view_of(before, found, caller).model_dump(mode="json")},
        )


async def _create(
    deps: Deps, conn: Connection, caller: Caller, found: StoredObject, new: NewRecord
) -> Record | list[FieldError]:
    """Make a record, or return what is wrong with it; then nothing was written."""
    checked = values.check(found.definition, new.values, role=catalogue.role_of(caller))
    errors = checked.errors or await _unknown_references(conn, found, {}, checked.values)
    if errors:
        return errors
    try:
        record = await record_store.add(
            conn,
            tenant_id=caller.tenant_id,
            object_id=found.object_id,
            record_id=uuid7(),
            data=checked.values,
            interaction_id=new.interaction_id,
            by=caller.user_id,
            now=deps.now(),
        )
    except record_store.ValueTaken as taken:
        return [_taken(found, caller, taken)]
    await _tell(deps, conn, caller, record, None)
    return record


async def _tell(
    deps: Deps, conn: Connection, caller: Caller, after: Record, before: Mapping[str, Any] | None
) -> None:
    await history.add(
        conn,
        caller=caller,
        now=deps.now(),
        object_id=after.object_id,
        record_id=after.record_id,
        version=after.version,
        before=before,
        after=after.data,
    )
    act = "created" if before is None else "changed"
    await outbox.add(conn, "crm", _fact(deps, caller, after, act))


def _fact(deps: Deps, caller: Caller, record: Record, act: str) -> RecordChangedV1:
    return RecordChangedV1.model_validate(
        {
            "occurred_at": deps.now(),
            "tenant": caller.tenant,
            "record_id": str(record.record_id),
            "object_id": str(record.object_id),
            "version": record.version,
            "act": act,
        }
    )


async def _unknown_references(
    conn: Connection, found: StoredObject, before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[FieldError]:
    errors = []
    for field, target, an_id in values.references(found.definition, after):
        if before.get(field.key) == after[field.key]:
            continue
        if not await record_store.is_known(
            conn,
            tenant_id=found.tenant_id,
            target=target,
            object_id=field.reference_object_id if target is ReferenceTarget.OBJECT else None,
            an_id=an_id,
        ):
            errors.append(FieldError(field.key, "reference_unknown", "It is not there."))
    return errors


def _taken(found: StoredObject, caller: Caller, taken: record_store.ValueTaken) -> FieldError:
    """Return that a value is taken; of a field that he does not see, without its name."""
    seen = catalogue.field_seen(found.definition, caller, taken.key)
    reason = "Another record has this value."
    return FieldError(seen.key if seen is not None else "", "value_taken", reason)


def _wrong(errors: list[FieldError]) -> Invalid:
    return service.wrong(errors, "values_invalid", "Some values cannot be saved.")


def _error(error: FieldError) -> dict[str, str]:
    return {"field": error.field, "code": error.code, "reason": error.reason}


async def _note(
    deps: Deps, conn: Connection, caller: Caller, action: str, an_id: UUID, detail: dict[str, Any]
) -> None:
    await audit.add(
        conn,
        caller=caller,
        now=deps.now(),
        action=action,
        object_type="record" if action.startswith("record.") else "object",
        object_id=an_id,
        detail=detail,
    )
