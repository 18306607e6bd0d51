"""/caller-pools and /caller-numbers: what customers see when they are called. The dialer owns them.

Numbers come from the platform's operator (``/tenants/{id}/caller-numbers``); the enterprise puts
them into pools or gives them to agents.
"""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Query, Response

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.audit import store as audit
from ringway.crm_api.callers import store
from ringway.crm_api.callers.schemas import (
    CallerDays,
    CallerDayView,
    CallerNumberBody,
    CallerNumberView,
    CallerPoolBody,
    CallerPoolView,
    NumbersBody,
    NumbersChanged,
)
from ringway.crm_api.campaigns.store import unknown_agents
from ringway.crm_api.core.moments import Day
from ringway.crm_api.deps import Cursor, Deps, DepsOf, Limit, requires
from ringway.crm_api.errors import BadRequest, Invalid, NotFound
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, decode_cursor, page_of
from ringway.crm_api.tenants import service as tenants
from ringway.crm_api.tenants import store as tenant_store
from ringway.proto import dialer_pool as p
from ringway.proto.base import Done, PhoneE164
from ringway.proto.dialer_spec import ZoneName
from ringway.runtime.ids import uuid7

pools = api_router("/caller-pools", "caller-ids")
numbers = api_router("/caller-numbers", "caller-ids")
of_tenants = api_router("/tenants/{tenant_id}/caller-numbers", "caller-ids")
Reader = Annotated[Caller, Depends(requires(Permission.CAMPAIGNS_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.CAMPAIGNS_WRITE))]
Operator = Annotated[Caller, Depends(requires(Permission.TENANTS_WRITE))]
Phone = Annotated[PhoneE164, Path()]
_MOST_DAYS = 92


@pools.post("", status_code=201)
async def create_caller_pool(
    new: CallerPoolBody, deps: DepsOf, caller: Writer, response: Response
) -> CallerPoolView:
    """Create a pool."""
    pool_id = uuid7()
    view = await _put_pool(deps, caller, pool_id, new)
    response.headers["Location"] = f"/api/v1/caller-pools/{pool_id}"
    return view


@pools.get("")
async def list_caller_pools(
    deps: DepsOf, caller: Reader, limit: Limit = 100, cursor: Cursor = None
) -> Page[CallerPoolView]:
    """List pools, oldest first."""
    after = decode_cursor(cursor, 1)[0] if cursor is not None else None
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.pools(conn, tenant_id=caller.tenant_id, after=after, limit=limit + 1)
    items = [CallerPoolView.model_validate(pool) for pool in found]
    return page_of(items, limit, lambda last: last.caller_pool_id)


@pools.get("/{caller_pool_id}")
async def get_caller_pool(caller_pool_id: UUID, deps: DepsOf, caller: Reader) -> CallerPoolView:
    """Return one pool."""
    return await _pool(deps, caller, caller_pool_id)


@pools.put("/{caller_pool_id}")
async def change_caller_pool(
    caller_pool_id: UUID, wanted: CallerPoolBody, deps: DepsOf, caller: Writer
) -> CallerPoolView:
    """Change a pool; running campaigns follow within seconds."""
    await _pool(deps, caller, caller_pool_id)
    return await _put_pool(deps, caller, caller_pool_id, wanted)


@pools.delete("/{caller_pool_id}", status_code=204)
async def delete_caller_pool(caller_pool_id: UUID, deps: DepsOf, caller: Writer) -> None:
    """Delete a pool that no campaign uses. Its numbers stay with the enterprise."""
    await _pool(deps, caller, caller_pool_id)
    question = p.DeleteCallerPoolV1(
        occurred_at=deps.now(), tenant=caller.tenant, pool_id=str(caller_pool_id)
    )
    await deps.bus.request(question, Done)
    await _note(deps, caller, "caller_pool.deleted", str(caller_pool_id), {})


@numbers.get("")
async def list_caller_numbers(
    deps: DepsOf,
    caller: Reader,
    caller_pool_id: UUID | None = None,
    state: p.CallerNumberState | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[CallerNumberView]:
    """List the enterprise's numbers; ``state=flagged`` are those that want to be replaced."""
    after = decode_cursor(cursor, 1)[0] if cursor is not None else None
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.numbers(
            conn,
            tenant_id=caller.tenant_id,
            after=after,
            pool_id=caller_pool_id,
            state=state,
            limit=limit + 1,
        )
    items = [CallerNumberView.model_validate(number) for number in found]
    return page_of(items, limit, lambda last: last.phone_e164)


@numbers.get("/days")
async def list_caller_days(
    deps: DepsOf,
    caller: Reader,
    first: Annotated[Day, Query(alias="from")],
    last: Annotated[Day, Query(alias="to")],
    phone_e164: Annotated[list[PhoneE164], Query(max_length=200)] | None = None,
    caller_pool_id: UUID | None = None,
    zone: ZoneName = "UTC",
) -> CallerDays:
    """Tell how often numbers were dialed with and answered, by day of ``zone``, both included.

    Name numbers or a pool; 92 days and 1,000 numbers at most.
    """
    if not first <= last or (last - first).days >= _MOST_DAYS:
        raise BadRequest(
            "period_invalid", "Choose days from an earlier to a later one, 92 at most."
        )
    async with deps.pool.tenant(caller.tenant_id) as conn:
        if phone_e164 is None:
            found = await store.numbers(
                conn,
                tenant_id=caller.tenant_id,
                after=None,
                pool_id=caller_pool_id,
                state=None,
                limit=1000,
            )
            phone_e164 = [number.phone_e164 for number in found]
        lines = await store.days(
            conn,
            tenant_id=caller.tenant_id,
            phones_e164=phone_e164,
            first=first,
            last=last,
            zone=zone,
        )
    items = [
        CallerDayView(
            phone_e164=line.phone_e164,
            day=line.day,
            dials=line.dials,
            rang=line.rang,
            answered=line.answered,
            answer_rate=line.answered / line.rang if line.rang else None,
        )
        for line in lines
    ]
    return CallerDays(zone=zone, items=items)


@numbers.put("/{phone_e164}")
async def change_caller_number(
    phone_e164: Phone, wanted: CallerNumberBody, deps: DepsOf, caller: Writer
) -> CallerNumberView:
    """Put a number into a pool or give it to an agent, or take it out. Its past is forgiven."""
    if wanted.agent_id is not None:
        async with deps.pool.tenant(caller.tenant_id) as conn:
            unknown = await unknown_agents(
                conn, tenant_id=caller.tenant_id, agent_ids=(wanted.agent_id,)
            )
        if unknown:
            raise Invalid("agent_unknown", f"{wanted.agent_id} is no agent.")
    question = p.PutCallerNumberV1(
        occurred_at=deps.now(),
        tenant=caller.tenant,
        phone_e164=phone_e164,
        pool_id=_token(wanted.caller_pool_id),
        agent_id=_token(wanted.agent_id),
        state=wanted.state,
        daily_cap=wanted.daily_cap,
    )
    await deps.bus.request(question, Done)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        number = await store.number(conn, tenant_id=caller.tenant_id, phone_e164=phone_e164)
    if number is None:
        raise NotFound("caller_number_not_found", f"{phone_e164} is not one of your numbers.")
    detail = wanted.model_dump(mode="json")
    await _note(deps, caller, "caller_number.changed", phone_e164, detail)
    return CallerNumberView.model_validate(number)


@of_tenants.post("")
async def allot_caller_numbers(
    tenant_id: UUID, wanted: NumbersBody, deps: DepsOf, caller: Operator
) -> NumbersChanged:
    """Give numbers to an enterprise. All or none: a number that another one has is refused."""
    await _tenant(deps, tenant_id)
    question = p.AllotCallerNumbersV1(
        occurred_at=deps.now(),
        tenant=str(tenant_id),
        phones_e164=wanted.phones_e164,
        allotted_by=caller.username,
    )
    done = await deps.bus.request(question, p.CallerNumbersV1)
    await _note_numbers(deps, caller, "caller_numbers.allotted", tenant_id, wanted)
    return NumbersChanged(changed=done.changed)


@of_tenants.post("/withdraw")
async def withdraw_caller_numbers(
    tenant_id: UUID, wanted: NumbersBody, deps: DepsOf, caller: Operator
) -> NumbersChanged:
    """Take numbers back from an enterprise. Calls under way go on."""
    await _tenant(deps, tenant_id)
    question = p.WithdrawCallerNumbersV1(
        occurred_at=deps.now(), tenant=str(tenant_id), phones_e164=wanted.phones_e164
    )
    done = await deps.bus.request(question, p.CallerNumbersV1)
    await _note_numbers(deps, caller, "caller_numbers.withdrawn", tenant_id, wanted)
    return NumbersChanged(changed=done.changed)


async def _pool(deps: Deps, caller: Caller, pool_id: UUID) -> CallerPoolView:
    async with deps.pool.tenant(caller.tenant_id) as conn:
        pool = await store.pool(conn, tenant_id=caller.tenant_id, pool_id=pool_id)
    if pool is None:
        raise NotFound("caller_pool_not_found", f"There is no caller id pool {pool_id}.")
    return CallerPoolView.model_validate(pool)


async def _put_pool(
    deps: Deps, caller: Caller, pool_id: UUID, wanted: CallerPoolBody
) -> CallerPoolView:
    question = p.PutCallerPoolV1(
        occurred_at=deps.now(),
        tenant=caller.tenant,
        pool_id=str(pool_id),
        pool=p.CallerPool.model_validate(wanted.model_dump()),
    )
    await deps.bus.request(question, Done)
    detail = wanted.model_dump(mode="json")
    await _note(deps, caller, "caller_pool.put", str(pool_id), detail)
    return await _pool(deps, caller, pool_id)


async def _tenant(deps: Deps, tenant_id: UUID) -> None:
    async with deps.pool.tenant(tenant_id) as conn:
        if await tenant_store.get(conn, tenant_id=tenant_id) is None:
            raise tenants.tenant_not_found(tenant_id)


async def _note_numbers(
    deps: Deps, caller: Caller, action: str, tenant_id: UUID, wanted: NumbersBody
) -> None:
    detail = {"count": len(wanted.phones_e164), "first": wanted.phones_e164[0]}
    await _note(deps, caller, action, str(tenant_id), detail)


async def _note(
    deps: Deps, caller: Caller, action: str, object_id: str, detail: dict[str, Any]
) -> None:
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action=action,
            object_type=action.partition(".")[0],
            object_id=object_id,
            detail=detail,
        )


def _token(given: UUID | None) -> str | None:
    return None if given is None else str(given)
