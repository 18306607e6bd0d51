"""What pops when an interaction arrives, and look-ups whose result travels with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.objects import filters
from ringway.crm_api.core.objects.definition import KINDS_ELSEWHERE, Definition, Kind
from ringway.crm_api.core.objects.filters import Condition
from ringway.crm_api.core.objects.values import Wrong
from ringway.crm_api.customers import lookup, scope
from ringway.crm_api.customers.fields import Fields
from ringway.crm_api.customers.service import view as customer_view
from ringway.crm_api.customers.store import Customer
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Conflict, Invalid, NotFound, PreconditionFailed
from ringway.crm_api.etag import says_nothing_new
from ringway.crm_api.objects import (
    bindings,
    catalogue,
    key_columns,
    pop_settings,
    record_store,
    records,
    service,
)
from ringway.crm_api.objects import store as object_store
from ringway.crm_api.objects.bindings import Binding, BoundTo
from ringway.crm_api.objects.catalogue import StoredObject
from ringway.crm_api.objects.pop_schemas import (
    AttachedView,
    BindingBody,
    BindingView,
    PopCustomer,
    PopView,
)
from ringway.crm_api.objects.pop_settings import PopField
from ringway.crm_api.objects.record_query import Order
from ringway.crm_api.objects.schemas import LookupBody, ObjectView, RecordView
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

_MOST_BINDINGS = 2_000
_MOST_CUSTOMERS = 10


async def pop(
    deps: Deps,
    caller: Caller,
    *,
    phone_e164: str | None,
    targets: dict[BoundTo, str],
    interaction_id: UUID | None,
) -> PopView:
    """Return what the caller's screen shows for an interaction."""
    async with deps.pool.reading(caller.tenant_id) as conn:
        form = await catalogue.customer(conn, tenant_id=caller.tenant_id)
        if form is not None and not service.may_see(form, caller):
            form = None
        bound = await bindings.resolve(conn, tenant_id=caller.tenant_id, targets=targets)
        forms = await _forms(conn, caller, bound.object_ids if bound is not None else [])
        settings = (await pop_settings.get(conn, tenant_id=caller.tenant_id)).body
        shown = settings.customer_fields
        return PopView(
            customers=await _customers(deps, conn, caller, form, phone_e164, shown),
            customer_form=await _form(conn, caller, form) if form is not None else None,
            forms=forms,
            bound_by=BoundTo(bound.target) if bound is not None else None,
            attached=await _attached(conn, caller, interaction_id),
            panels=settings.panels,
        )


async def look_up(deps: Deps, caller: Caller, object_id: UUID, wanted: LookupBody) -> RecordView:
    """Return the one record with a value, and attach it to the interaction, if one is named.

    Raises:
        NotFound, Conflict: No record has it, or several have.
        Invalid: The field is not there, or not indexed. And as records.find_object.
    """
    async with deps.pool.tenant(caller.tenant_id, settings=record_store.LIST_SETTINGS) as conn:
        found = await records.find_object(conn, caller, object_id)
        record = await the_one(conn, found, catalogue.role_of(caller), wanted.key, wanted.value)
        if wanted.interaction_id is not None:
            await record_store.attach(
                conn,
                tenant_id=caller.tenant_id,
                interaction_id=wanted.interaction_id,
                record=record,
                by=caller.username,
                now=deps.now(),
            )
    return records.view_of(record, found, caller)


async def the_one(
    conn: Connection, found: StoredObject, role: str, key: str, value: str
) -> record_store.Record:
    """Return the one record with a value. Raises Invalid, NotFound, Conflict."""
    try:
        field = filters.seen(found.definition, role, key)
        # Not as text: a value may hold what separates the parts of a filter.
        operand = filters.operand_of(field, value)
        if not field.has_index:
            raise Wrong("field_not_indexed", f"Records are looked up by indexed fields: {key}.")
    except Wrong as wrong:
        raise Invalid(wrong.code, wrong.reason) from None
    rows = await record_store.page(
        conn,
        found=found,
        wanted=[Condition(field, filters.Operator.EQ, (operand,))],
        interaction_id=None,
        order=Order(None, is_down=True),
        after=None,
        limit=2,
    )
    if not rows:
        raise NotFound("record_not_found", "No record has this value.")
    if len(rows) > 1:
        raise Conflict("record_not_unique", "Several records have this value.")
    return rows[0][0]


async def put_binding(
    deps: Deps,
    caller: Caller,
    binding_id: UUID | None,
    version: int | None,
    wanted: BindingBody,
) -> Binding:
    """Make a binding, or change the one of this id.

    Raises:
        NotFound, PreconditionFailed: Of the one to change.
        Invalid: An object is not there, or is not one of work orders.
        Conflict: Something else is bound to this target, or there are too many.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        if binding_id is not None:
            before = await _binding(conn, caller, binding_id, for_update=True)
            _check_version(before, version)
            if says_nothing_new(BindingView.model_validate(before), wanted):
                return before
        elif len(await _all_bindings(conn, caller)) >= _MOST_BINDINGS:
            raise Conflict("bindings_too_many", f"An enterprise has at most {_MOST_BINDINGS}.")
        kinds = await object_store.known_of(
            conn, tenant_id=caller.tenant_id, object_ids=wanted.object_ids
        )
        missing = [str(e) for e in wanted.object_ids if kinds.get(e) != Kind.WORK_ORDER]
        if missing or len(set(wanted.object_ids)) < len(wanted.object_ids):
            reason = f"Name each work-order object once: {', '.join(missing)} is none."
            raise Invalid("objects_unfit", reason)
        try:
            stored = await bindings.put(
                conn,
                tenant_id=caller.tenant_id,
                binding_id=binding_id or uuid7(),
                target=wanted.target,
                target_id=wanted.target_id,
                object_ids=wanted.object_ids,
                now=deps.now(),
            )
        except bindings.TargetBound:
            raise Conflict(
                "target_bound", "Another binding is to this target: change that one."
            ) from None
        action = "binding.created" if binding_id is None else "binding.changed"
        await _note(deps, conn, caller, action, stored)
    return stored


async def remove_binding(deps: Deps, caller: Caller, binding_id: UUID, version: int | None) -> None:
    """Remove a binding. Raises NotFound, PreconditionFailed."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        before = await _binding(conn, caller, binding_id, for_update=True)
        _check_version(before, version)
        await bindings.remove(conn, tenant_id=caller.tenant_id, binding_id=binding_id)
        await _note(deps, conn, caller, "binding.removed", before)


async def get_binding(deps: Deps, caller: Caller, binding_id: UUID) -> Binding:
    """Return a binding. Raises NotFound."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        return await _binding(conn, caller, binding_id)


async def _binding(
    conn: Connection, caller: Caller, binding_id: UUID, *, for_update: bool = False
) -> Binding:
    found = await bindings.get(
        conn, tenant_id=caller.tenant_id, binding_id=binding_id, for_update=for_update
    )
    if found is None:
        raise NotFound("binding_not_found", f"There is no binding {binding_id}.")
    return found


async def _all_bindings(conn: Connection, caller: Caller) -> list[Binding]:
    return await bindings.page(conn, tenant_id=caller.tenant_id, after=None, limit=_MOST_BINDINGS)


def _check_version(before: Binding, version: int | None) -> None:
    if version is not None and before.version != version:
        view = BindingView.model_validate(before)
        raise PreconditionFailed(
            "binding_changed",
            "The binding was changed meanwhile; `current` is what it is now.",
            extra={"current": view.model_dump(mode="json")},
        )


async def _note(
    deps: Deps, conn: Connection, caller: Caller, action: str, binding: Binding
) -> None:
    await audit.add(
        conn,
        caller=caller,
        now=deps.now(),
        action=action,
        object_type="binding",
        object_id=binding.binding_id,
        detail={
            "target": binding.target,
            "target_id": binding.target_id,
            "object_ids": [str(each) for each in binding.object_ids],
        },
    )


async def _forms(conn: Connection, caller: Caller, object_ids: list[UUID]) -> list[ObjectView]:
    forms = []
    for object_id in object_ids:
        found = await catalogue.get(conn, tenant_id=caller.tenant_id, object_id=object_id)
        if found is None or found.archived_at is not None:
            continue
        if catalogue.may(found.definition, caller, "read"):
            forms.append(await _form(conn, caller, found))
    return forms


async def _form(conn: Connection, caller: Caller, found: StoredObject) -> ObjectView:
    indexes = await key_columns.of_object(
        conn, tenant_id=caller.tenant_id, object_id=found.object_id
    )
    return service.view_of(found, indexes, caller)


async def _customers(
    deps: Deps,
    conn: Connection,
    caller: Caller,
    form: StoredObject | None,
    phone_e164: str | None,
    shown: Sequence[PopField],
) -> list[PopCustomer]:
    if phone_e164 is None:
        return []
    found = await lookup.find(
        conn,
        scope=scope.of(caller),
        phone_e164=phone_e164,
        user_id=caller.user_id,
        limit=_MOST_CUSTOMERS,
    )
    return [
        PopCustomer(
            customer_id=customer.customer_id,
            name=customer.name,
            phone_e164=phone_e164,
            found_by=found_by,
            fields=_fixed(customer, shown, deps.now().date()),
            values=_popped(form.definition, customer.data, caller) if form is not None else {},
            version=customer.version,
        )
        for customer, found_by in found
    ]


def _fixed(customer: Customer, shown: Sequence[PopField], today: date) -> dict[str, Any]:
    names = [each.value for each in shown]
    told = customer_view(customer, Fields(), today).model_dump(mode="json", include=set(names))
    return {name: told[name] for name in names}


def _popped(definition: Definition, data: dict[str, Any], caller: Caller) -> dict[str, Any]:
    shown = definition.shown(data, catalogue.role_of(caller))
    in_pop = {each.key for each in definition.fields if each.in_pop}
    return {key: value for key, value in shown.items() if key in in_pop}


async def _attached(
    conn: Connection, caller: Caller, interaction_id: UUID | None
) -> list[AttachedView]:
    if interaction_id is None:
        return []
    views = []
    for each in await record_store.attached(
        conn, tenant_id=caller.tenant_id, interaction_id=interaction_id
    ):
        found = await catalogue.get(conn, tenant_id=caller.tenant_id, object_id=each.object_id)
        if found is None or found.definition.kind in KINDS_ELSEWHERE:
            continue
        if catalogue.may(found.definition, caller, "read"):
            views.append(
                AttachedView(
                    object_id=each.object_id,
                    record_id=each.record_id,
                    name=found.definition.name,
                    values=_popped(found.definition, each.data, caller),
                    attached_at=each.attached_at,
                )
            )
    return views
