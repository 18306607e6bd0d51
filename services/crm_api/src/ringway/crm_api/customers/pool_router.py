"""/customer-pool: the public pool, private pools, and how customers get from one to another."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.customers import pools
from ringway.crm_api.customers.pool_schemas import (
    ClaimBody,
    ClaimView,
    CustomersAssignBody,
    HandOverBody,
    PoolMoveView,
    PoolView,
    ReturnBody,
)
from ringway.crm_api.deps import DepsOf, requires
from ringway.crm_api.routing import api_router

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
async def hand_over_customers(wanted: HandOverBody, deps: DepsOf, caller: Assigner) -> PoolMoveView:
    """Give everything that somebody has in hand to a colleague or to the pool, in one act."""
    return await pools.hand_over(deps, caller, wanted)
