"""Customers as people write them: checked fields, the access rule, nothing lost between two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields as dataclass_fields
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.audit import store as audit
from ringway.crm_api.customers import aliases, facts, lookup, scope, segments, store, writing
from ringway.crm_api.customers import fields as known_fields
from ringway.crm_api.customers.changes import By
from ringway.crm_api.customers.fields import Fields, Seen
from ringway.crm_api.customers.filters import CustomerFilter, Pool
from ringway.crm_api.customers.schemas import (
    CustomerBody,
    CustomerChange,
    CustomerView,
    FoundCustomerView,
)
from ringway.crm_api.customers.store import Customer, Record
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Forbidden, NotFound, PreconditionFailed
from ringway.crm_api.objects import catalogue
from ringway.runtime.postgres import Connection

_NAMES = tuple(each.name for each in dataclass_fields(Customer))


async def create(deps: Deps, caller: Caller, new: CustomerBody) -> CustomerView:
    """Create a customer. Who does not see all of them owns whom he makes.

    Raises:
        Forbidden: The rights of the object of own fields do not let his role create customers.
        Invalid: An own field is wrong, or there is no such grade.
    """
    tenant_id = caller.tenant_id
    async with deps.pool.tenant(tenant_id) as conn:
        fields = await known_fields.of(conn, caller)
        _check_right(fields, caller, "create")
        record = await writing.record(conn, caller, new, None)
        sees_all = caller.may(Permission.CUSTOMERS_ALL)
        customer = await store.add(
            conn,
            tenant_id=tenant_id,
            customer_id=store.new_id(),
            record=record,
            by=By.caller(caller),
            now=deps.now(),
            owner_id=None if sees_all else caller.user_id,
        )
        await facts.tell(conn, caller.tenant, customer, "created", deps.now())
        return view(customer, fields, deps.now().date())


async def replace_whole(
    deps: Deps, caller: Caller, customer_id: UUID, version: int | None, wanted: CustomerBody
) -> CustomerView:
    """Replace what is written of a customer.

    Raises:
        NotFound: There is none, or the caller does not see him.
        Forbidden: The rights of the object of own fields do not let his role change customers.
        PreconditionFailed: He was changed since ``version``.
        Invalid: As for :func:`create`.
    """
    return await _write(deps, caller, customer_id, version, wanted)


async def change(
    deps: Deps, caller: Caller, customer_id: UUID, version: int | None, wanted: CustomerChange
) -> CustomerView:
    """Change some fields of a customer. Raises as :func:`replace_whole`."""
    return await _write(deps, caller, customer_id, version, wanted)


async def _write(
    deps: Deps,
    caller: Caller,
    customer_id: UUID,
    version: int | None,
    wanted: CustomerBody | CustomerChange,
) -> CustomerView:
    tenant_id, now = caller.tenant_id, deps.now()
    async with deps.pool.tenant(tenant_id) as conn:
        fields = await known_fields.of(conn, caller)
        present = await find(conn, caller, customer_id, lock=True)
        _check_right(fields, caller, "change")
        check_version(present, version, fields, now.date())
        record = await writing.record(conn, caller, wanted, present)
        customer = await store.change(
            conn, tenant_id=tenant_id, present=present, record=record, by=By.caller(caller), now=now
        )
        if customer.version != present.version:
            await facts.tell(conn, caller.tenant, customer, "changed", now)
        return view(customer, fields, now.date())


async def get(deps: Deps, caller: Caller, customer_id: UUID) -> CustomerView:
    """Return a customer whom the caller sees. Raises NotFound."""
    whose = scope.of(caller)
    async with deps.pool.reading(caller.tenant_id) as conn:
        found = await lookup.one(conn, scope=whose, customer_id=customer_id)
        if found is None:
            # The id may lead to him from before a merge.
            survivor = await find(conn, caller, customer_id)
            found = await lookup.one(conn, scope=whose, customer_id=survivor.customer_id)
            if found is None:  # deleted between the two
                raise _not_found(customer_id)
        seen = await known_fields.seen(conn, caller, found.mark)
    told = _told(found.customer, seen, deps.now().date(), do_not_call=found.do_not_call)
    return CustomerView.model_validate(told, from_attributes=True)


async def look_up(
    deps: Deps, caller: Caller, phone_e164: str, limit: int
) -> list[FoundCustomerView]:
    """Return the customers whom a number leads to and whom the caller sees, best first."""
    async with deps.pool.reading(caller.tenant_id) as conn:
        found = await lookup.who(
            conn,
            scope=scope.of(caller),
            phone_e164=phone_e164,
            user_id=caller.user_id,
            limit=limit,
        )
        seen = await known_fields.seen(conn, caller, found[0].mark if found else None)
    today = deps.now().date()
    return [
        FoundCustomerView.model_validate(
            _told(each.customer, seen, today, do_not_call=each.do_not_call, by=each.by),
            from_attributes=True,
        )
        for each in found
    ]


async def remove(deps: Deps, caller: Caller, customer_id: UUID, version: int | None) -> None:
    """Delete a customer. Raises NotFound, Forbidden, PreconditionFailed."""
    now = deps.now()
    async with deps.pool.tenant(caller.tenant_id) as conn:
        present = await find(conn, caller, customer_id, lock=True)
        fields = await known_fields.of(conn, caller)
        _check_right(fields, caller, "delete")
        check_version(present, version, fields, now.date())
        # The id may lead to him from before a merge.
        customer_id = present.customer_id
        await store.remove(
            conn, tenant_id=caller.tenant_id, customer_id=customer_id, version=version
        )
        await facts.tell(conn, caller.tenant, present, "deleted", now)
        await audit.add(
            conn,
            caller=caller,
            now=now,
            action="customer.deleted",
            object_type="customer",
            object_id=customer_id,
        )


async def find(
    conn: Connection, caller: Caller, customer_id: UUID, *, lock: bool = False
) -> Customer:
    """Return a customer whom the caller sees; others answer as if they did not exist.

    Raises:
        NotFound: There is none for him.
    """
    found = await store.get(conn, tenant_id=caller.tenant_id, customer_id=customer_id, lock=lock)
    if found is None:
        survivor_id = await aliases.survivor_of(
            conn, tenant_id=caller.tenant_id, customer_id=customer_id
        )
        if survivor_id is not None:
            return await find(conn, caller, survivor_id, lock=lock)
    whose = scope.of(caller)
    if found is None or not (whose.is_all or await scope.sees(conn, whose, customer_id)):
        raise _not_found(customer_id)
    return found


def _not_found(customer_id: UUID) -> NotFound:
    return NotFound("customer_not_found", f"There is no customer {customer_id}.")


async def sees(conn: Connection, caller: Caller, customer_id: UUID) -> bool:
    """Return whether the caller sees this customer."""
    return await scope.sees(conn, scope.of(caller), customer_id)


def with_words(record: Record, words: Mapping[str, Any]) -> Record:
    """Return a record with another grade, intent or lead status."""
    return replace(record, **words)


async def meant(
    conn: Connection, caller: Caller, wanted: CustomerFilter
) -> tuple[list[CustomerFilter], Fields]:
    """Return a filter as searches take it, and what the caller may name in it.

    Raises:
        NotFound: There is no such segment.
    """
    if wanted.pool is Pool.MINE:
        mine = {"pool": Pool.PRIVATE, "owner_id": wanted.owner_id or caller.user_id}
        if wanted.owner_id not in (None, caller.user_id):
            mine["pool"] = Pool.PUBLIC  # somebody else's are nobody's: nothing is both
        wanted = wanted.model_copy(update=mine)
    filters = await segments.resolved(conn, caller.tenant_id, wanted)
    return filters, await known_fields.of(conn, caller)


def check_version(present: Customer, version: int | None, fields: Fields, today: date) -> None:
    """Raise PreconditionFailed with what is there now, when that is not ``version``."""
    if version is not None and version != present.version:
        raise PreconditionFailed(
            "customer_changed",
            "The customer was changed meanwhile; `current` is what it is now.",
            extra={"current": view(present, fields, today).model_dump(mode="json")},
        )


def _check_right(fields: Fields, caller: Caller, act: str) -> None:
    """Raise Forbidden when the object of the enterprise's own fields does not let the role act."""
    if fields.own is not None and not catalogue.may(fields.own.definition, caller, act):
        raise Forbidden("record_right_missing", f"The caller's role may not {act} customers.")


def view(customer: Customer, fields: Fields, today: date) -> CustomerView:
    """Return a customer as the one who sees ``fields`` is told of him."""
    return CustomerView.model_validate(_told(customer, fields, today), from_attributes=True)


def _told(
    customer: Customer, fields: Fields | Seen, today: date, **more: object
) -> dict[str, object]:
    """Return what a view of a customer is made of."""
    return {
        **{name: getattr(customer, name) for name in _NAMES},
        "data": fields.shown(customer.data),
        "age": age(customer.birth_date, today),
        **more,
    }


def age(birth_date: date | None, today: date) -> int | None:
    """Return whole years; None when the day is not known or yet to come."""
    if birth_date is None or birth_date > today:
        return None
    had_birthday = (today.month, today.day) >= (birth_date.month, birth_date.day)
    return today.year - birth_date.year - (0 if had_birthday else 1)
