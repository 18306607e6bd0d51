"""Acts on many customers, step by step in the order of their ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from ringway.crm_api.access import Caller
from ringway.crm_api.core.objects.values import check
from ringway.crm_api.customer_files import changing
from ringway.crm_api.customer_files.bulk_schemas import (
    Act,
    AssignAct,
    ChangeAct,
    DeleteAct,
    TagAct,
)
from ringway.crm_api.customer_files.jobs import Job
from ringway.crm_api.customer_files.undoing import Step
from ringway.crm_api.customers import moves, scope, search, service, store
from ringway.crm_api.customers.changes import By
from ringway.crm_api.customers.filters import CustomerFilter
from ringway.crm_api.customers.store import Customer, Record
from ringway.crm_api.customers.words import MAX_TAGS
from ringway.crm_api.errors import Invalid
from ringway.crm_api.objects import catalogue
from ringway.runtime.postgres import Connection

STEP = 500  # customers of one transaction
ACT: TypeAdapter[Act] = TypeAdapter(Act)


async def step(conn: Connection, *, caller: Caller, job: Job, now: datetime) -> Step:
    """Act on the next customers. The caller saves counts and position with it.

    Raises:
        Invalid: The condition or the act makes no sense (any more).
    """
    act = ACT.validate_python(job.options["act"])
    wanted = CustomerFilter.model_validate(job.options["filter"])
    after = UUID(job.position) if job.position else UUID(int=0)
    ids = await next_ids(
        conn, caller, wanted, after=after, last=UUID(job.options["last_id"]), limit=STEP
    )
    counts = dict(job.counts)
    if not ids:
        return Step(counts, None)
    done = await _act(conn, caller, act, ids, now)
    counts["done"] = counts.get("done", 0) + done
    counts["unchanged"] = counts.get("unchanged", 0) + len(ids) - done
    return Step(counts, str(ids[-1]))


async def next_ids(
    conn: Connection,
    caller: Caller,
    wanted: CustomerFilter,
    *,
    after: UUID,
    last: UUID,
    limit: int,
) -> list[UUID]:
    """Return whom a condition means, by id, after ``after`` up to ``last``; they are locked."""
    filters, fields = await service.meant(conn, caller, wanted)
    args = search.Parameters()
    base = search.condition(filters, scope.of(caller), fields, args)
    rows = await conn.fetch(
        f"SELECT c.customer_id FROM crm.customer c WHERE {base} "  # noqa: S608 - see fields.py
        f"AND c.customer_id > {args.add(after)} AND c.customer_id <= {args.add(last)} "
        f"ORDER BY c.customer_id LIMIT {args.add(limit)} FOR UPDATE OF c",
        *args,
    )
    return [row["customer_id"] for row in rows]


async def measured(
    conn: Connection, caller: Caller, wanted: CustomerFilter, last: UUID | None
) -> tuple[int, UUID]:
    """Return how many customers a condition means, and the last of them by id.

    Args:
        last: Whoever came after is not counted; None: everybody is.
    """
    filters, fields = await service.meant(conn, caller, wanted)
    args = search.Parameters()
    base = search.condition(filters, scope.of(caller), fields, args)
    limit = f"AND c.customer_id <= {args.add(last)}" if last is not None else ""
    # There is no max() of ids before PostgreSQL 19.
    row = await conn.fetchrow(
        "SELECT count(*) AS number, max(c.customer_id::text) AS last "  # noqa: S608 - see fields.py
        f"FROM crm.customer c WHERE {base} {limit}",
        *args,
    )
    assert row is not None
    return row["number"], UUID(row["last"]) if row["last"] else UUID(int=0)


async def _act(
    conn: Connection, caller: Caller, act: Act, ids: Sequence[UUID], now: datetime
) -> int:
    tenant_id, by = caller.tenant_id, By.caller(caller)
    if isinstance(act, AssignAct):
        moved = await moves.give(
            conn,
            tenant_id=tenant_id,
            given=[(each, act.owner_id) for each in ids],
            by=by,
            now=now,
            act="assigned",
            from_anybody=True,
        )
        return len(moved)
    if isinstance(act, DeleteAct):
        rows = await conn.fetch(
            "DELETE FROM crm.customer WHERE tenant_id = $1 AND customer_id = ANY ($2::uuid[]) "
            "RETURNING customer_id",
            tenant_id,
            ids,
        )
        return len(rows)
    customers = await store.get_many(conn, tenant_id=tenant_id, customer_ids=ids, lock=True)
    change = _tagged(act) if isinstance(act, TagAct) else await _changed(conn, caller, act)
    pairs = [(each, change(each)) for each in customers]
    act_name = "tagged" if isinstance(act, TagAct) else "changed_in_bulk"
    versions = await changing.change_many(
        conn, tenant_id=tenant_id, pairs=pairs, by=by, now=now, act=act_name
    )
    return len(versions)


def _tagged(act: TagAct) -> Any:
    def change(customer: Customer) -> Record:
        kept = [each for each in customer.tags if each not in act.remove]
        tags = tuple(dict.fromkeys([*kept, *act.add]))
        record = customer.record()
        return replace(record, tags=tags) if len(tags) <= MAX_TAGS else record

    return change


async def _changed(conn: Connection, caller: Caller, act: ChangeAct) -> Any:
    given = act.change.model_dump()
    given = {name: given[name] for name in act.change.model_fields_set}
    own = given.pop("data", {})
    for name in ("emails", "contacts", "tags"):
        if name in given:
            given[name] = tuple(given[name])
    for name in ("intent", "lead_status"):
        if name in given:
            given[name] = str(given[name])
    if "address" in given:
        given["address"] = {k: v for k, v in given["address"].items() if v}
    found = await catalogue.customer(conn, tenant_id=caller.tenant_id)
    role = catalogue.role_of(caller)

    def change(customer: Customer) -> Record:
        record = replace(customer.record(), **given)
        if not own:
            return record
        if found is None:
            data = {k: v for k, v in {**record.data, **own}.items() if v is not None}
            return replace(record, data=data)
        checked = check(found.definition, own, role=role, old=record.data, partial=True)
        wrong = [each for each in checked.errors if each.field in own]
        if wrong:
            raise Invalid("fields_invalid", f"data.{wrong[0].field}: {wrong[0].reason}")
        return replace(record, data=checked.values)

    return change
