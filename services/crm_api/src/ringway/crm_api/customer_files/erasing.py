"""Erases one person: what is kept of him in all tables, with a certificate of what was done.

It is asked for and done by the worker: leads by requests first, then all else in one transaction
with the certificate. A worker that dies leaves it to another one, which begins anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.customer_files import callers, jobs
from ringway.crm_api.customer_files.jobs import Counts, Job, State
from ringway.crm_api.customer_files.privacy_schemas import EraseBody, ErasureView
from ringway.crm_api.customers import facts, service
from ringway.crm_api.customers import fields as known_fields
from ringway.crm_api.customers.store import Customer
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import NotFound
from ringway.crm_api.orders import person as sales
from ringway.crm_api.work_orders import person as work_orders
from ringway.proto.base import Done
from ringway.proto.dialer_leads import RemoveLeadV1
from ringway.runtime.errors import DependencyDown, Refused, RequestTimedOut
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

KIND = "erasure"
Leads = Sequence[tuple[str, str]]  # list and lead

_LIMIT_S = 600.0  # one look through every table of the tenant
_SHOWN = 1_000
# Treated here, about other people, or a chain that nobody may change (which names nobody).
_SKIPPED = (
    "audit_log", "customer", "customer_change", "customer_erasure", "customer_file",
    "customer_number", "customer_tag", "handled_number", "interaction", "tenant", "user_account",
)  # fmt: skip
_WHY_DNC = "Who is not to be called must be known for ever."
_WHY_CONSENTS = "They prove that calls were lawful; their retention is a setting."
_WHY_ATTEMPTS = "They prove how he was called, as dialing law asks."
_WHY_OTHERS = "Others have the same number."
_GONE = orjson.dumps(
    {
        "type": "urn:ringway:problem:customer_erased",
        "title": "Gone",
        "status": 410,
        "code": "customer_erased",
        "detail": "The person whom this was about has been erased.",
        "instance": "",
    }
)

_FORGET_BEFORE = """
    DELETE FROM crm.customer_before WHERE tenant_id = $1 AND customer_id = ANY ($2::uuid[])
"""
_FORGET_MERGES = """
    UPDATE crm.customer_merge SET record = '{}'
     WHERE tenant_id = $1 AND (survivor_id = ANY ($2::uuid[]) OR merged_id = ANY ($2))
"""
_FORGET_HANDLED = """
    DELETE FROM crm.handled_number WHERE tenant_id = $1 AND phone_e164 = ANY ($2::text[])
"""
_FORGET_ROWS = """
    DELETE FROM crm.import_row WHERE tenant_id = $1 AND phone_e164 = ANY ($2::text[])
"""
# With his numbers, tags, changes, follow-ups and links.
_FORGET_RECORD = """
    DELETE FROM crm.customer WHERE tenant_id = $1 AND customer_id = ANY ($2::uuid[])
"""


@dataclass(frozen=True, slots=True)
class Person:
    """What tells one person: ids of his records, numbers and e-mail addresses, names."""

    ids: tuple[UUID, ...]
    needles: tuple[str, ...]
    names: tuple[str, ...]
    phones: tuple[str, ...]


async def ask(deps: Deps, caller: Caller, customer_id: UUID, wanted: EraseBody) -> ErasureView:
    """Have a customer erased as a person. While he is being erased already, that is the answer.

    Raises:
        NotFound: The caller does not see him.
        PreconditionFailed: He was changed since he was looked at.
    """
    tenant_id, now = caller.tenant_id, deps.now()
    async with deps.pool.tenant(tenant_id) as conn:
        await _checked(conn, deps, caller, customer_id, wanted.version)
        job = await _under_way(conn, tenant_id, customer_id)
        if job is None:
            job = await jobs.add(
                conn,
                tenant_id=tenant_id,
                job_id=uuid7(),
                kind=KIND,
                act=KIND,
                state=State.WAITING,
                options={"customer_id": str(customer_id), **wanted.model_dump(mode="json")},
                caller=callers.kept(caller),
                user_id=caller.user_id,
                now=now,
            )
            await jobs.tell(conn, tenant_id, job, job.state, {}, now)
            await audit.add(
                conn,
                caller=caller,
                now=now,
                action="customer.erasure_begun",
                object_type="customer",
                object_id=customer_id,
                detail={"erasure_id": job.job_id},
            )
    deps.wake_jobs()
    return _job_view(job)


async def find(conn: Connection, *, tenant_id: UUID, erasure_id: UUID) -> ErasureView:
    """Return an erasure: how far it is, and its certificate when it is done. Raises NotFound."""
    job = await jobs.get(conn, tenant_id=tenant_id, job_id=erasure_id, kind=KIND)
    if job is None:
        raise NotFound("erasure_not_found", f"There is no erasure {erasure_id}.")
    row = await conn.fetchrow(
        "SELECT reason, certificate, erased_at FROM crm.customer_erasure "
        "WHERE tenant_id = $1 AND erasure_id = $2",
        tenant_id,
        erasure_id,
    )
    return _job_view(job, row)


async def leads_of(conn: Connection, deps: Deps, caller: Caller, job: Job) -> Leads:
    """Return the leads of whom a job erases. Raises as :func:`erase`."""
    wanted = EraseBody.model_validate(_body(job))
    customer = await _checked(conn, deps, caller, _customer_id(job), wanted.version)
    return await _leads(conn, caller.tenant_id, await person_of(conn, caller.tenant_id, customer))


async def erase(
    conn: Connection, deps: Deps, caller: Caller, job: Job, *, removed: int, kept: Sequence[str]
) -> Counts:
    """Erase all but the leads, in the caller's transaction; return the counts of the job.

    Args:
        removed: So many leads are removed.
        kept: The ids of those that could not be.

    Raises:
        NotFound: He is gone meanwhile.
        PreconditionFailed: He was changed since he was looked at.
    """
    tenant_id, now = caller.tenant_id, deps.now()
    wanted = EraseBody.model_validate(_body(job))
    customer = await _checked(conn, deps, caller, _customer_id(job), wanted.version)
    person = await person_of(conn, tenant_id, customer)
    erased: dict[str, int] = {"leads": removed} if removed else {}
    recordings = await _recordings(conn, tenant_id, person)
    await _interactions(conn, tenant_id, person, erased)
    await _own_rows(conn, tenant_id, person, job, erased)
    orders = await work_orders.erase(
        conn, tenant_id=tenant_id, customer_ids=person.ids, phones=person.phones, now=now
    )
    erased |= {"work_order": orders} if orders else {}
    erased |= await sales.erase(conn, tenant_id=tenant_id, customer_ids=person.ids)
    await facts.tell(conn, caller.tenant, customer, "deleted", now)
    # The certificate has it, without what names somebody.
    await conn.execute(
        "UPDATE crm.customer_job SET options = options - 'reason' "
        "WHERE tenant_id = $1 AND job_id = $2",
        tenant_id,
        job.job_id,
    )
    swept = await conn.fetch(
        "SELECT name, rows FROM crm.erase_person($1, $2, $3, $4)",
        list(person.ids),
        list(person.needles),
        list(person.names),
        list(_SKIPPED),
        timeout=_LIMIT_S,
    )
    for row in swept:
        if row["rows"] > 0:
            erased[row["name"]] = erased.get(row["name"], 0) + row["rows"]
    left = await _left(conn, tenant_id, person)
    refused = [row["name"] for row in swept if row["rows"] < 0]
    for what, ids, why in (
        ("recordings", recordings, "Sound stays as long as the recorder's retention says."),
        ("tables", refused, "A rule of the table forbids the change."),
        ("leads", kept, "The dialer was at them, or away: remove them from their lists."),
    ):
        left += [_left_one(what, ids, why)] if ids else []
    await _certify(conn, caller, job, customer, wanted, person, erased, left, now)
    return {"leads": removed, "rows": sum(erased.values()) - removed}


async def _under_way(conn: Connection, tenant_id: UUID, customer_id: UUID) -> Job | None:
    erasure_id = await conn.fetchval(
        "SELECT job_id FROM crm.customer_job WHERE tenant_id = $1 AND kind = $2 "
        "AND state IN ('waiting', 'running') AND options->>'customer_id' = $3",
        tenant_id,
        KIND,
        str(customer_id),
    )
    if erasure_id is None:
        return None
    return await jobs.get(conn, tenant_id=tenant_id, job_id=erasure_id, kind=KIND)


async def _checked(
    conn: Connection, deps: Deps, caller: Caller, customer_id: UUID, version: int
) -> Customer:
    customer = await service.find(conn, caller, customer_id, lock=True)
    fields = await known_fields.of(conn, caller)
    service.check_version(customer, version, fields, deps.now().date())
    return customer


async def _certify(
    conn: Connection,
    caller: Caller,
    job: Job,
    customer: Customer,
    wanted: EraseBody,
    person: Person,
    erased: dict[str, int],
    left: list[dict[str, Any]],
    now: datetime,
) -> None:
    told = [{"what": what, "rows": rows} for what, rows in sorted(erased.items())]
    await conn.execute(
        """
        INSERT INTO crm.customer_erasure (tenant_id, erasure_id, customer_id, reason,
                                          certificate, erased_by, erased_at)
        VALUES ($1, $2, $3, crm.masked($4, $5, $6), $7::jsonb, $8, $9)
        """,
        caller.tenant_id,
        job.job_id,
        customer.customer_id,
        wanted.reason,
        list(person.needles),
        list(person.names),
        orjson.dumps({"erased": told, "left": left}).decode(),
        caller.user_id,
        now,
    )
    await audit.add(
        conn,
        caller=caller,
        now=now,
        action="customer.erased",
        object_type="customer",
        object_id=customer.customer_id,
        detail={"erasure_id": job.job_id, "erased": told},
    )


async def person_of(conn: Connection, tenant_id: UUID, customer: Customer) -> Person:
    """Return what tells a customer, now and in what is kept of former times."""
    rows = await conn.fetch(
        "SELECT customer_id FROM crm.customer_alias WHERE tenant_id = $1 AND survivor_id = $2",
        tenant_id,
        customer.customer_id,
    )
    ids = (customer.customer_id, *(row["customer_id"] for row in rows))
    former = await conn.fetch(
        """
        SELECT changes->'name'->>0 AS name, changes->'phone_e164'->>0 AS phone
          FROM crm.customer_change WHERE tenant_id = $1 AND customer_id = $2
        UNION ALL
        SELECT record->'merged'->>'name', record->'merged_row'->>'phone_e164'
          FROM crm.customer_merge
         WHERE tenant_id = $1 AND (survivor_id = ANY ($3::uuid[]) OR merged_id = ANY ($3))
        """,
        tenant_id,
        customer.customer_id,
        list(ids),
    )
    names = {customer.name, *(row["name"] for row in former)}
    phones = {each.phone_e164 for each in customer.numbers} | {row["phone"] for row in former}
    numbers = tuple(sorted(each for each in phones if each))
    return Person(
        ids=ids,
        needles=(*numbers, *customer.emails),
        # One letter is in every text.
        names=tuple(sorted((each for each in names if each and len(each) > 1), key=len))[::-1],
        phones=numbers,
    )


async def _interactions(
    conn: Connection, tenant_id: UUID, person: Person, erased: dict[str, int]
) -> None:
    rows = await conn.execute(
        """
        UPDATE crm.interaction
           SET caller = crm.masked(caller, $2, $3), called = crm.masked(called, $2, $3),
               sources = crm.masked(sources::text, $2, $3)::jsonb
         WHERE tenant_id = $1 AND (caller = ANY ($2::text[]) OR called = ANY ($2))
        """,
        tenant_id,
        list(person.phones),
        list(person.names),
        timeout=_LIMIT_S,
    )
    _note(erased, "interaction", rows)


async def _own_rows(
    conn: Connection, tenant_id: UUID, person: Person, job: Job, erased: dict[str, int]
) -> None:
    ids, phones = list(person.ids), list(person.phones)
    for statement, value in (
        (_FORGET_BEFORE, ids),
        (_FORGET_MERGES, ids),
        (_FORGET_HANDLED, phones),
        (_FORGET_ROWS, phones),
        (_FORGET_RECORD, ids),
    ):
        name = statement.split("crm.")[1].split()[0]
        _note(erased, name, await conn.execute(statement, tenant_id, value, timeout=_LIMIT_S))
    texts = [*person.needles, *(str(each) for each in person.ids)]
    rows = await conn.execute(
        """
        UPDATE crm.idempotency_key k SET status = 410, headers = '{}', body = $3
         WHERE tenant_id = $1 AND EXISTS (
               SELECT 1 FROM unnest($2::text[]) n
                WHERE position(convert_to(n, 'UTF8') IN k.body) > 0)
           AND position(convert_to($4, 'UTF8') IN k.body) = 0
        """,
        tenant_id,
        texts,
        _GONE,
        str(job.job_id),  # the answer to whoever asked for this says nothing of him
    )
    _note(erased, "idempotency_key", rows)


async def _recordings(conn: Connection, tenant_id: UUID, person: Person) -> list[str]:
    rows = await conn.fetch(
        "SELECT recording_id FROM recorder.recording_v WHERE tenant_id = $1 "
        "AND (caller = ANY ($2::text[]) OR called = ANY ($2) OR interaction_id::text IN ("
        "SELECT interaction_id::text FROM crm.interaction WHERE tenant_id = $1 "
        "AND (caller = ANY ($2) OR called = ANY ($2))))",
        tenant_id,
        list(person.phones),
        timeout=_LIMIT_S,
    )
    return [str(row["recording_id"]) for row in rows]


async def _left(conn: Connection, tenant_id: UUID, person: Person) -> list[dict[str, Any]]:
    phones = list(person.phones)
    left = []
    for what, statement, why in (
        ("do_not_call", "list_id::text FROM dialer.dnc_entry_v", _WHY_DNC),
        ("consents", "consent_id::text FROM dialer.consent_v", _WHY_CONSENTS),
        ("attempts", "attempt_id::text FROM dialer.attempt_v", _WHY_ATTEMPTS),
        ("customers_with_the_number", "customer_id::text FROM crm.customer_number", _WHY_OTHERS),
    ):
        rows = await conn.fetch(
            f"SELECT {statement} WHERE tenant_id = $1 AND phone_e164 = ANY ($2::text[])",
            tenant_id,
            phones,
            timeout=_LIMIT_S,
        )
        if rows:
            left.append(_left_one(what, [row[0] for row in rows], why))
    return left


async def _leads(conn: Connection, tenant_id: UUID, person: Person) -> Leads:
    rows = await conn.fetch(
        """
        SELECT l.list_id, l.lead_id FROM dialer.lead_v l
         WHERE l.tenant_id = $1 AND (l.phone_e164 = ANY ($2::text[]) OR l.lead_id IN (
               SELECT n.lead_id FROM dialer.lead_number_v n
                WHERE n.tenant_id = $1 AND n.phone_e164 = ANY ($2)))
        """,
        tenant_id,
        list(person.phones),
        timeout=_LIMIT_S,
    )
    return [(str(row["list_id"]), str(row["lead_id"])) for row in rows]


async def remove_leads(deps: Deps, caller: Caller, leads: Leads) -> tuple[int, list[str]]:
    """Remove leads from their lists; return how many, and the ids of those that are left."""
    kept = []
    for list_id, lead_id in leads:
        question = RemoveLeadV1(
            occurred_at=deps.now(), tenant=caller.tenant, list_id=list_id, lead_id=lead_id
        )
        try:
            await deps.bus.request(question, Done)
        except Refused as refused:
            if refused.code != "lead_not_found":
                kept.append(lead_id)
        except (DependencyDown, RequestTimedOut):
            kept.append(lead_id)
    return len(leads) - len(kept), kept


def _left_one(what: str, ids: Sequence[str], why: str) -> dict[str, Any]:
    return {"what": what, "number": len(ids), "why": why, "ids": list(ids[:_SHOWN])}


def _note(erased: dict[str, int], name: str, status: str) -> None:
    rows = int(status.rpartition(" ")[2])
    if rows:
        erased[name] = erased.get(name, 0) + rows


def _customer_id(job: Job) -> UUID:
    return UUID(job.options["customer_id"])


def _body(job: Job) -> dict[str, Any]:
    return {name: job.options[name] for name in EraseBody.model_fields}


def _job_view(job: Job, row: asyncpg.Record | None = None) -> ErasureView:
    told = orjson.loads(row["certificate"]) if row is not None else {"erased": [], "left": []}
    return ErasureView(
        erasure_id=job.job_id,
        customer_id=_customer_id(job),
        state=job.state,
        failure_code=job.failure_code,
        failure=job.failure,
        erased_by=job.created_by,
        created_at=job.created_at,
        reason=row["reason"] if row is not None else None,
        erased_at=row["erased_at"] if row is not None else None,
        **told,
    )
