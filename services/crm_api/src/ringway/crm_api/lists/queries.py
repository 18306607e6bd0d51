"""Lists that are made of a query of customers, and made again when it is asked anew."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID, uuid5

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.number_list import further_numbers
from ringway.crm_api.customers import scope, search
from ringway.crm_api.customers import service as customer_service
from ringway.crm_api.customers import store as customers
from ringway.crm_api.customers.fields import Fields
from ringway.crm_api.customers.filters import CustomerFilter
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import NotFound
from ringway.crm_api.imports import service as imports
from ringway.crm_api.imports import store as batches
from ringway.crm_api.imports.worker import CHUNK_BYTES, CHUNK_ROWS
from ringway.crm_api.lists import store
from ringway.proto.crm import ImportFinishedV1
from ringway.proto.dialer import LeadNumber, LeadRow
from ringway.runtime import outbox
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

_log = logging.getLogger("ringway.crm_api.lists")
_MOST_MORE_NUMBERS = 9


@dataclass(slots=True)
class _Counts:
    rows: int = 0
    added: int = 0
    duplicates: int = 0


async def keep_and_run(
    deps: Deps, caller: Caller, list_id: UUID, wanted: CustomerFilter
) -> batches.Batch:
    """Keep a query with its list and add the customers that it finds.

    Raises:
        NotFound: There is no such list.
        DependencyDown: PostgreSQL or the dialer went away; the query is kept.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        if not await store.exists(conn, tenant_id=caller.tenant_id, list_id=list_id):
            raise imports.list_not_found(list_id)
        await store.put_query(
            conn,
            tenant_id=caller.tenant_id,
            list_id=list_id,
            wanted=wanted,
            user_id=caller.user_id,
            now=deps.now(),
        )
    return await _run(deps, caller, list_id, wanted)


async def refresh(deps: Deps, caller: Caller, list_id: UUID) -> batches.Batch:
    """Ask the kept query again: customers that are new are added.

    Raises:
        NotFound: There is no such list, or no query is kept with it.
        DependencyDown: PostgreSQL or the dialer went away.
    """
    return await _run(deps, caller, list_id, (await get(deps, caller, list_id)).wanted)


async def get(deps: Deps, caller: Caller, list_id: UUID) -> store.ListQuery:
    """Return the query that is kept with a list.

    Raises:
        NotFound: There is no such list, or no query is kept with it.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        if not await store.exists(conn, tenant_id=caller.tenant_id, list_id=list_id):
            raise imports.list_not_found(list_id)
        query = await store.get_query(conn, tenant_id=caller.tenant_id, list_id=list_id)
    if query is None:
        raise NotFound("list_query_not_found", "No query of customers is kept with the list.")
    return query


async def _run(deps: Deps, caller: Caller, list_id: UUID, wanted: CustomerFilter) -> batches.Batch:
    tenant_id = caller.tenant_id
    async with deps.pool.tenant(tenant_id) as conn:
        batch = await batches.begin(
            conn,
            tenant_id=tenant_id,
            batch_id=uuid7(),
            list_id=list_id,
            file_name="",
            is_dry_run=False,
            encoding="",
            source="query",
            created_by=caller.user_id,
            now=deps.now(),
        )
        await store.note_run(conn, tenant_id=tenant_id, list_id=list_id, batch_id=batch.batch_id)
    counts = _Counts()
    try:
        await _add(deps, caller, batch, wanted, counts)
    except BaseException as error:
        failure = f"Interrupted: {error}. Refresh the list: what is in it is kept."
        await _fail(deps, caller, batch, counts, failure)
        raise
    async with deps.pool.tenant(tenant_id) as conn:
        done = await _finish(conn, deps, caller, batch, counts, state="finished")
        await outbox.add(
            conn,
            "crm",
            ImportFinishedV1(
                occurred_at=deps.now(),
                tenant=caller.tenant,
                batch_id=str(batch.batch_id),
                list_id=str(list_id),
                rows=counts.rows,
                added=counts.added,
                duplicates=counts.duplicates,
                refused=0,
            ),
        )
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action="list.query_run",
            object_type="import",
            object_id=batch.batch_id,
            detail={"batch_number": done.batch_number, "rows": done.rows, "added": done.added},
        )
    return done


async def _add(
    deps: Deps, caller: Caller, batch: batches.Batch, wanted: CustomerFilter, counts: _Counts
) -> None:
    chunk_no = 0
    async with deps.pool.tenant(caller.tenant_id) as conn:
        filters, fields = await customer_service.meant(conn, caller, wanted)
        found = search.each(conn, wanted=filters, scope=scope.of(caller), fields=fields)
        async for chunk in _chunks(batch.list_id, found, fields):
            reply = await imports.give_leads(
                deps, caller, batch.list_id, batch.batch_id, chunk_no, chunk
            )
            chunk_no += 1
            counts.rows += len(chunk)
            counts.added += reply.added
            counts.duplicates += reply.duplicates
            # On a connection of its own: everybody is to see how far it is.
            async with deps.pool.tenant(caller.tenant_id) as told:
                await batches.progress(
                    told,
                    tenant_id=caller.tenant_id,
                    batch_id=batch.batch_id,
                    rows=counts.rows,
                    added=counts.added,
                    duplicates_in_list=counts.duplicates,
                )


async def _chunks(
    list_id: UUID, found: AsyncIterator[customers.Customer], fields: Fields
) -> AsyncIterator[tuple[LeadRow, ...]]:
    chunk: list[LeadRow] = []
    size_bytes = 0
    async for customer in found:
        row = lead_of(list_id, customer, fields)
        row_bytes = len(row.model_dump_json().encode())
        if chunk and (len(chunk) >= CHUNK_ROWS or size_bytes + row_bytes > CHUNK_BYTES):
            yield tuple(chunk)
            chunk, size_bytes = [], 0
        chunk.append(row)
        size_bytes += row_bytes
    if chunk:
        yield tuple(chunk)


def lead_of(list_id: UUID, customer: customers.Customer, fields: Fields) -> LeadRow:
    """Return a customer as a lead of a list, with the own fields that ``fields`` shows."""
    data = {key: _text(value) for key, value in fields.shown(customer.data).items()}
    numbers = [each.phone_e164 for each in customer.numbers] + further_numbers(data)
    others = [each for each in dict.fromkeys(numbers) if each != customer.phone_e164]
    return LeadRow(
        # The same at every refresh: a customer is one lead of a list, whatever his number is.
        lead_id=str(uuid5(list_id, str(customer.customer_id))),
        phone_e164=customer.phone_e164,
        name=customer.name,
        data=data,
        zone=customer.time_zone or None,
        more_numbers=tuple(LeadNumber(phone_e164=each) for each in others[:_MOST_MORE_NUMBERS]),
    )


def _text(value: object) -> str:
    """Return a value of an own field as leads have it: as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return str(value)


async def _finish(
    conn: Connection,
    deps: Deps,
    caller: Caller,
    batch: batches.Batch,
    counts: _Counts,
    *,
    state: str,
    failure: str = "",
) -> batches.Batch:
    return await batches.finish(
        conn,
        tenant_id=caller.tenant_id,
        batch_id=batch.batch_id,
        state=state,
        failure=failure[:500],
        rows=counts.rows,
        added=counts.added,
        duplicates_in_file=0,
        duplicates_in_list=counts.duplicates,
        refused=0,
        now=deps.now(),
    )


async def _fail(
    deps: Deps, caller: Caller, batch: batches.Batch, counts: _Counts, failure: str
) -> None:
    try:
        async with deps.pool.tenant(caller.tenant_id) as conn:
            await _finish(conn, deps, caller, batch, counts, state="failed", failure=failure)
    except Exception as error:
        # Housekeeping marks it as failed later.
        _log.warning("A failed query could not be marked.", extra={"error": repr(error)})
