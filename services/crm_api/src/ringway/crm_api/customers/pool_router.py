"""/customer-pool: the public pool, private pools, and how customers get from one to another."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.customers import hand_over_store, leaving, pools
from ringway.crm_api.customers.pool_schemas import (
    CallbackHandOverView,
    ClaimBody,
    ClaimView,
    CustomersAssignBody,
    HandOverBody,
    HandOverView,
    PoolMoveView,
    PoolView,
    ReturnBody,
)
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.errors import NotFound
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_uuid, page_of

router = api_router("/customer-pool", "customer-pool")
Assigner = Annotated[Caller, Depends(requires(Permission.CUSTOMERS_ASSIGN))]
Writer = Annotated[Caller, Depends(requires(Permission.CUSTOMERS_WRITE))]


@router.get("")
async def get_customer_pool(deps: DepsOf, caller: Assigner) -> PoolView:
    """Return how many customers are in the public pool, and how many everybody has."""
    return await pools.overview(deps, caller)


@router.post("/assign")
async def assign_customers(
    wanted: CustomersAssignBody, deps: DepsOf, caller: Assigner
) -> PoolMoveView:
    """Give customers to agents: by hand, evenly, by weights or by rules; or back to the pool.

    All of it is one act. A customer whom somebody else gave away meanwhile stays where he is.
    """
    return await pools.assign(deps, caller, wanted)


@router.post("/claim")
async def claim_customers(wanted: ClaimBody, deps: DepsOf, caller: Writer) -> ClaimView:
    """Take customers out of the public pool for oneself, where the policy allows it."""
    return await pools.claim(deps, caller, wanted)


@router.post("/return")
async def return_customers(wanted: ReturnBody, deps: DepsOf, caller: Writer) -> PoolMoveView:
    """Give customers of one's own back to the public pool."""
    return await pools.give_back(deps, caller, wanted.customer_ids)


@router.post("/hand-over")
async def hand_over_customers(wanted: HandOverBody, deps: DepsOf, caller: Assigner) -> HandOverView:
    """Give everything that somebody has in hand to a colleague, a team or the pool, in one act.

    That is customers, open follow-ups, open sales orders, open work orders and tasks: all of them
    change hands at once, or none. Call-backs are handed over as soon as the dialer answers;
    `callbacks` says how far that is.
    """
    return await leaving.hand_over(deps, caller, wanted)


@router.get("/hand-overs")
async def list_callback_hand_overs(
    deps: DepsOf,
    caller: Assigner,
    from_user_id: UUID | None = None,
    is_done: Annotated[bool | None, Query(description="false: those that wait.")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[CallbackHandOverView]:
    """List what became of call-backs whose agents left or lost customers, newest first."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await hand_over_store.page(
            conn,
            tenant_id=caller.tenant_id,
            from_user_id=from_user_id,
            is_done=is_done,
            before=cursor_uuid(cursor),
            limit=limit + 1,
        )
    items = [CallbackHandOverView.model_validate(each) for each in found]
    return page_of(items, limit, lambda last: last.hand_over_id)


@router.get("/hand-overs/{hand_over_id}")
async def get_callback_hand_over(
    hand_over_id: UUID, deps: DepsOf, caller: Assigner
) -> CallbackHandOverView:
    """Return what became of call-backs so far."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await hand_over_store.get(
            conn, tenant_id=caller.tenant_id, hand_over_id=hand_over_id
        )
    if found is None:
        raise NotFound("hand_over_not_found", f"There is no hand-over {hand_over_id}.")
    return CallbackHandOverView.model_validate(found)
