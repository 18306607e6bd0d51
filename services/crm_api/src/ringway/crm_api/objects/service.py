"""The registry of objects: make, change, archive; what changes means for records that are there."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from ringway.crm_api.access import Caller, Permission, roles_of_tenant
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.objects import pairs
from ringway.crm_api.core.objects.definition import (
    KINDS_ELSEWHERE,
    Definition,
    FieldType,
    Kind,
    ReferenceTarget,
)
from ringway.crm_api.core.objects.evolution import evolve
from ringway.crm_api.core.objects.soundness import faults
from ringway.crm_api.core.objects.values import FieldError
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Conflict, Invalid, NotFound, PreconditionFailed
from ringway.crm_api.objects import catalogue, key_columns, record_store, store
from ringway.crm_api.objects.catalogue import StoredObject
from ringway.crm_api.objects.schemas import IndexState, IndexView, ObjectSummary, ObjectView
from ringway.crm_api.roles import store as role_store
from ringway.proto.crm_objects import ObjectChangedV1
from ringway.runtime import outbox
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

_MOST_OBJECTS = 500
_ACTS = ("create", "read", "change", "delete")


async def create(deps: Deps, caller: Caller, wanted: Definition) -> ObjectView:
    """Make an object. Raises Invalid, Conflict."""
    object_id = uuid7()
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await _check(conn, caller, wanted)
        if await store.count(conn, tenant_id=caller.tenant_id) >= _MOST_OBJECTS:
            raise Conflict("objects_too_many", f"An enterprise has at most {_MOST_OBJECTS}.")
        await _put(deps, conn, caller, object_id, wanted, {}, "object.created")
        return await _view(conn, caller, object_id)


async def change(
    deps: Deps, caller: Caller, object_id: UUID, version: int | None, wanted: Definition
) -> ObjectView:
    """Change an object into a new version; it holds for the next form that opens.

    Raises:
        NotFound, Invalid: There is none, or it would not fit the records that are there.
        Conflict: It is archived, or the name is taken.
        PreconditionFailed: It was changed since ``version``.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        # Else the first record could be made by the old definition, behind the new one's back.
        await store.wait_for_records(conn, object_id=object_id)
        before = await store.lock(conn, tenant_id=caller.tenant_id, object_id=object_id)
        if before is None:
            raise not_found(object_id)
        if version is not None and before.version != version:
            view = await _view(conn, caller, object_id)
            raise PreconditionFailed(
                "object_changed",
                "The object was changed meanwhile; `current` is what it is now.",
                extra={"current": view.model_dump(mode="json")},
            )
        if before.archived_at is not None:
            raise Conflict("object_archived", "Bring the object back before you change it.")
        if wanted == before.definition:
            return await _view(conn, caller, object_id)
        if wanted.kind is not before.definition.kind:
            raise Invalid("object_kind_fixed", "An object keeps its kind; make another one.")
        await _check(conn, caller, wanted)
        shapes = await store.shapes_of(conn, tenant_id=caller.tenant_id, object_id=object_id)
        is_free = wanted.kind not in KINDS_ELSEWHERE and not await record_store.has_records(
            conn, tenant_id=caller.tenant_id, object_id=object_id
        )
        await _put(
            deps, conn, caller, object_id, wanted, {} if is_free else shapes, "object.changed"
        )
        return await _view(conn, caller, object_id)


async def archive(deps: Deps, caller: Caller, object_id: UUID, *, is_archived: bool) -> ObjectView:
    """Archive an object, whose records stay to be read, or bring it back.

    Raises:
        NotFound, Conflict: There is none, or what took its place must go first.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        before = await store.lock(conn, tenant_id=caller.tenant_id, object_id=object_id)
        if before is None:
            raise not_found(object_id)
        if (before.archived_at is not None) != is_archived:
            now = deps.now()
            at = now if is_archived else None
            try:
                await store.set_archived(
                    conn, tenant_id=caller.tenant_id, object_id=object_id, at=at, now=now
                )
            except (store.NameTaken, store.CustomerObjectExists) as error:
                raise _conflict(error, before.definition.name) from None
            await _hand_over_columns(conn, before, is_archived=is_archived)
            action = "object.archived" if is_archived else "object.restored"
            detail = {"name": before.definition.name, "version": before.version}
            await _note(deps, conn, caller, action, object_id, detail)
        return await _view(conn, caller, object_id)


async def get(deps: Deps, caller: Caller, object_id: UUID) -> ObjectView:
    """Return an object with the fields that the caller sees. Raises NotFound."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        return await _view(conn, caller, object_id)


async def find(conn: Connection, caller: Caller, object_id: UUID) -> StoredObject:
    """Return an object that the caller may see at all. Raises NotFound."""
    found = await catalogue.get(conn, tenant_id=caller.tenant_id, object_id=object_id)
    if found is None or not may_see(found, caller):
        raise not_found(object_id)
    return found


def may_see(found: StoredObject, caller: Caller) -> bool:
    """Return whether an object exists for the caller."""
    return caller.may(Permission.OBJECTS_WRITE) or catalogue.may(found.definition, caller, "read")


def summary_of(found: StoredObject, caller: Caller) -> ObjectSummary:
    """Return an object as lists show it."""
    definition = _shown(found.definition, caller)
    return ObjectSummary(
        object_id=found.object_id,
        kind=definition.kind,
        name=definition.name,
        alias=definition.alias,
        version=found.version,
        fields=len(definition.fields),
        archived_at=found.archived_at,
        created_at=found.created_at,
        updated_at=found.updated_at,
    )


def view_of(found: StoredObject, indexes: list[key_columns.Index], caller: Caller) -> ObjectView:
    """Return an object with the fields that the caller sees."""
    definition = _shown(found.definition, caller)
    whole = definition.model_dump(exclude={"rights", "fields", "groups", "tabs"})
    return ObjectView(
        **whole,
        object_id=found.object_id,
        version=found.version,
        tabs=definition.tabs,
        groups=definition.groups,
        fields=definition.fields,
        rights=definition.rights if caller.may(Permission.OBJECTS_WRITE) else None,
        may=[act for act in _ACTS if catalogue.may(definition, caller, act)],
        indexes=_indexes(indexes, {each.key for each in definition.fields}),
        archived_at=found.archived_at,
        created_at=found.created_at,
        updated_at=found.updated_at,
    )


def _indexes(indexes: list[key_columns.Index], seen: set[str]) -> list[IndexView]:
    """Return the indexes of fields that are ``seen``, those of lists after their fields'."""
    views = []
    for each in sorted(indexes, key=lambda it: it.column.startswith("p")):
        key, sort = each.key, None
        if each.column.startswith("p"):
            key, sort = pairs.fields_of(each.key)
        if {key, sort or key} <= seen:
            views.append(
                IndexView(
                    key=key,
                    sort=sort,
                    is_unique=each.column.startswith("u"),
                    state=IndexState(each.state),
                    failure=each.failure,
                )
            )
    return views


def wrong(errors: list[FieldError], code: str, detail: str) -> Invalid:
    """Return the refusal that names every field with what is wrong with it."""
    listed = [{"field": e.field, "code": e.code, "reason": e.reason} for e in errors]
    return Invalid(
        code, f"{detail} {errors[0].field}: {errors[0].reason}", extra={"fields": listed}
    )


def not_found(object_id: UUID) -> NotFound:
    """Return the refusal of an object that is not there."""
    return NotFound("object_not_found", f"There is no object {object_id}.")


def _shown(definition: Definition, caller: Caller) -> Definition:
    """Return a definition as somebody sees it: administrators whole, others without secrets."""
    if caller.may(Permission.OBJECTS_WRITE):
        return definition
    hidden = {"read_roles": None, "write_roles": None, "expression": None}
    fields = [each.model_copy(update=hidden) for each in catalogue.fields_seen(definition, caller)]
    seen = {each.key for each in fields}
    lists = [each for each in definition.lists if {each.filter, each.sort} <= seen]
    return definition.model_copy(update={"fields": fields, "lists": lists})


async def _view(conn: Connection, caller: Caller, object_id: UUID) -> ObjectView:
    found = await find(conn, caller, object_id)
    indexes = await key_columns.of_object(conn, tenant_id=caller.tenant_id, object_id=object_id)
    return view_of(found, indexes, caller)


async def _check(conn: Connection, caller: Caller, wanted: Definition) -> None:
    """Raise Invalid when a definition cannot be used here."""
    found = faults(wanted)
    found += await _unknown_roles(conn, caller, wanted)
    found += await _unknown_objects(conn, caller, wanted)
    if found:
        raise wrong(found, "object_invalid", "The object cannot be used.")


async def _unknown_roles(conn: Connection, caller: Caller, wanted: Definition) -> list[FieldError]:
    own = await role_store.all_of(conn, tenant_id=caller.tenant_id)
    known = {catalogue.IVR_ROLE, *roles_of_tenant(caller.tenant_id)}
    known |= {role.role_key for role in own}
    named: list[tuple[str, list[str] | None]] = [
        *(("", getattr(wanted.rights, act)) for act in _ACTS),
        *((each.key, each.read_roles) for each in wanted.fields),
        *((each.key, each.write_roles) for each in wanted.fields),
    ]
    return [
        FieldError(key, "role_unknown", f"There is no role {role}.")
        for key, given in named
        for role in sorted(set(given or ()) - known)
    ]


async def _unknown_objects(
    conn: Connection, caller: Caller, wanted: Definition
) -> list[FieldError]:
    meant = {
        each.key: each.reference_object_id
        for each in wanted.fields
        if each.reference is ReferenceTarget.OBJECT and each.reference_object_id is not None
    }
    if not meant:
        return []
    kinds = await store.known_of(conn, tenant_id=caller.tenant_id, object_ids=list(meant.values()))
    reason = "There is no such object with records."
    return [
        FieldError(key, "object_unknown", reason)
        for key, object_id in meant.items()
        if object_id not in kinds or Kind(kinds[object_id]) in KINDS_ELSEWHERE
    ]


async def _put(
    deps: Deps,
    conn: Connection,
    caller: Caller,
    object_id: UUID,
    wanted: Definition,
    shapes: dict[str, Any],
    action: str,
) -> None:
    after, found = evolve(shapes, wanted)
    if found:
        raise wrong(found, "object_does_not_fit", "Records that are there would be lost.")
    has_files = any(each.type is FieldType.ATTACHMENT for each in wanted.fields)
    if has_files and wanted.kind in KINDS_ELSEWHERE:
        raise Invalid(
            "attachment_not_here",
            "Attachments are fields of records; customers and work orders keep files themselves.",
        )
    try:
        version = await store.put(
            conn,
            tenant_id=caller.tenant_id,
            object_id=object_id,
            definition=wanted,
            shapes=after,
            by=caller.user_id,
            now=deps.now(),
        )
    except (store.NameTaken, store.CustomerObjectExists) as error:
        raise _conflict(error, wanted.name) from None
    await key_columns.arrange(
        conn,
        tenant_id=caller.tenant_id,
        object_id=object_id,
        version=version,
        definition=wanted,
    )
    detail = {"name": wanted.name, "kind": wanted.kind, "version": version}
    await _note(deps, conn, caller, action, object_id, detail)


async def _hand_over_columns(conn: Connection, found: StoredObject, *, is_archived: bool) -> None:
    """Take or give key columns: objects of customers have the same rows, one after the other."""
    if found.definition.kind is not Kind.CUSTOMER:
        return
    if is_archived:
        await key_columns.give_up(conn, tenant_id=found.tenant_id, object_id=found.object_id)
    else:
        await key_columns.arrange(
            conn,
            tenant_id=found.tenant_id,
            object_id=found.object_id,
            version=found.version,
            definition=found.definition,
        )


async def _note(
    deps: Deps, conn: Connection, caller: Caller, action: str, object_id: UUID, detail: Any
) -> None:
    await audit.add(
        conn,
        caller=caller,
        now=deps.now(),
        action=action,
        object_type="object",
        object_id=object_id,
        detail=detail,
    )
    fact = ObjectChangedV1(
        occurred_at=deps.now(),
        tenant=caller.tenant,
        object_id=str(object_id),
        version=detail["version"],
        is_archived=action == "object.archived",
    )
    await outbox.add(conn, "crm", fact)


def _conflict(error: Exception, name: str) -> Conflict:
    if isinstance(error, store.NameTaken):
        return Conflict("object_name_taken", f"Another object has the name {name}.")
    return Conflict(
        "customer_object_exists",
        "An enterprise has one object of customers: change it, or archive it first.",
    )
