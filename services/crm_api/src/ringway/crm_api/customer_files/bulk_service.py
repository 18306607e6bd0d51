"""Acts on many customers as people ask for them: proposed with a count, confirmed by a token."""

from __future__ import annotations

import hashlib
from uuid import UUID

import orjson

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.objects.values import check
from ringway.crm_api.customer_files import bulk_acts, callers, jobs
from ringway.crm_api.customer_files.bulk_schemas import AssignAct, BulkActBody, ChangeAct
from ringway.crm_api.customer_files.jobs import Job, State
from ringway.crm_api.customers import policy
from ringway.crm_api.customers.filters import CustomerFilter
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Conflict, Forbidden, Invalid, NotFound
from ringway.crm_api.objects import catalogue
from ringway.crm_api.users import store as users
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

KIND = "bulk"


def token_of(job: Job) -> str:
    """Return the token that confirms a proposal: of this condition, this act and this count."""
    meant = [str(job.job_id), job.options, job.counts.get("meant")]
    raw = orjson.dumps(meant, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(raw).hexdigest()


async def propose(deps: Deps, caller: Caller, wanted: BulkActBody) -> Job:
    """Count whom an act would reach; nothing happens yet.

    Raises:
        Invalid: The condition or the act makes no sense.
        Forbidden: The act takes a permission that the caller does not have.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await _check_act(conn, caller, wanted)
        number, last = await bulk_acts.measured(conn, caller, wanted.filter, None)
        return await jobs.add(
            conn,
            tenant_id=caller.tenant_id,
            job_id=uuid7(),
            kind=KIND,
            act=wanted.act.kind,
            state=State.PROPOSED,
            options={
                "filter": wanted.filter.model_dump(mode="json", exclude_unset=True),
                "act": wanted.act.model_dump(mode="json", exclude_unset=True)
                | {"kind": wanted.act.kind},
                "last_id": str(last),
            },
            caller=callers.kept(caller),
            user_id=caller.user_id,
            now=deps.now(),
            counts={"meant": number},
        )


async def confirm(deps: Deps, caller: Caller, bulk_act_id: UUID, token: str) -> Job:
    """Let the worker do what was proposed. A repeat changes nothing.

    Raises:
        NotFound: The caller has proposed no such act.
        Conflict: The token is not of this proposal, or it means another number by now.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        job = await find(conn, caller, bulk_act_id, lock=True)
        if job.created_by != caller.user_id:
            raise Conflict("not_your_proposal", "Who proposed it confirms it: propose it yourself.")
        if job.state is not State.PROPOSED:
            return job
        if token != token_of(job):
            raise Conflict("token_wrong", "The token is not of this proposal.")
        wanted = CustomerFilter.model_validate(job.options["filter"])
        last = UUID(job.options["last_id"])
        number, _ = await bulk_acts.measured(conn, caller, wanted, last)
        if number != job.counts["meant"]:
            raise Conflict(
                "count_changed",
                f"By now {number} customers are meant, not {job.counts['meant']}: propose it anew.",
                extra={"count": number},
            )
        turned = await jobs.turn(
            conn, tenant_id=caller.tenant_id, job=job, state=State.WAITING, now=deps.now()
        )
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action="customers.bulk_begun",
            object_type="customer_bulk",
            object_id=job.job_id,
            # The names of what the condition compares, not the values: they may be personal.
            detail={
                "act": job.act,
                "meant": number,
                "condition": sorted(job.options["filter"]),
            },
        )
    deps.wake_jobs()
    return turned


async def cancel(deps: Deps, caller: Caller, bulk_act_id: UUID) -> Job:
    """Stop an act after the step that it is at. What is done is done.

    Raises:
        NotFound: There is no such act.
        Conflict: It has ended.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        job = await find(conn, caller, bulk_act_id, lock=True)
        if job.state is State.CANCELLED:
            return job
        if job.state not in jobs.OPEN and job.state is not State.PROPOSED:
            raise Conflict("bulk_act_ended", f"The act is {job.state} already.")
        return await jobs.turn(
            conn, tenant_id=caller.tenant_id, job=job, state=State.CANCELLED, now=deps.now()
        )


async def find(conn: Connection, caller: Caller, bulk_act_id: UUID, *, lock: bool = False) -> Job:
    """Return an act. Raises NotFound."""
    job = await jobs.get(conn, tenant_id=caller.tenant_id, job_id=bulk_act_id, kind=KIND, lock=lock)
    is_his = job is not None and job.created_by == caller.user_id
    if job is None or not (is_his or caller.may(Permission.CUSTOMERS_ALL)):
        raise NotFound("bulk_act_not_found", f"There is no act {bulk_act_id}.")
    return job


async def _check_act(conn: Connection, caller: Caller, wanted: BulkActBody) -> None:
    act = wanted.act
    if isinstance(act, AssignAct):
        if not caller.may(Permission.CUSTOMERS_ASSIGN):
            raise Forbidden(
                "permission_missing",
                "To assign customers takes the permission customers.assign.",
                extra={"permission": Permission.CUSTOMERS_ASSIGN.value},
            )
        known = act.owner_id is None or await users.get(
            conn, tenant_id=caller.tenant_id, user_id=act.owner_id
        )
        if not known:
            raise Invalid("owner_unknown", f"There is no user {act.owner_id}.")
    if isinstance(act, ChangeAct):
        change = act.change
        if change.model_fields_set & {"numbers", "phone_e164"}:
            raise Invalid("change_personal", "Numbers are each customer's own: they stay.")
        if not change.model_fields_set:
            raise Invalid("change_empty", "Say which fields are to change.")
        if change.grade is not None:
            await policy.check_grade(conn, caller.tenant_id, change.grade)
        found = await catalogue.customer(conn, tenant_id=caller.tenant_id)
        if found is not None and change.data:
            checked = check(
                found.definition, change.data, role=catalogue.role_of(caller), old={}, partial=True
            )
            wrong = [each for each in checked.errors if each.field in change.data]
            if wrong:
                raise Invalid("fields_invalid", f"data.{wrong[0].field}: {wrong[0].reason}")
