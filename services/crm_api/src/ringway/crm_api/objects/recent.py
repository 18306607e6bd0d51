"""What happened lately with whoever calls (R66): the second read of a pop."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.customers import scope as scopes
from ringway.crm_api.customers import service as customers
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Invalid
from ringway.crm_api.features import Feature
from ringway.crm_api.objects import recent_store as store
from ringway.crm_api.objects.catalogue import role_of
from ringway.crm_api.objects.pop_schemas import (
    RecentInteraction,
    RecentSalesOrder,
    RecentView,
    RecentWorkOrder,
)
from ringway.crm_api.work_orders.reach import Reach
from ringway.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class _Who:
    """Whom it is about: customers whom the caller sees, and numbers."""

    customer_ids: list[UUID]
    numbers: list[str]


async def recent(
    deps: Deps,
    caller: Caller,
    *,
    customer_id: UUID | None,
    phone_e164: str | None,
    interaction_id: UUID | None,
    limit: int,
) -> RecentView:
    """Return the last calls, open work orders and last orders of a customer, or of a number.

    A part is None where the caller may not read it, or the enterprise does not have it.

    Raises:
        Invalid: Neither a customer nor a number is named, or both.
        NotFound: The caller sees no such customer.
    """
    tenant_id = caller.tenant_id
    if (customer_id is None) == (phone_e164 is None):
        raise Invalid("recent_of_whom", "Name either a customer_id or a phone_e164.")
    async with deps.pool.reading(tenant_id) as conn:
        if customer_id is not None:
            who = await _customer(conn, caller, customer_id)
        else:
            assert phone_e164 is not None
            whose = scopes.of(caller)
            known = await store.customers_of(conn, scope=whose, phone_e164=phone_e164)
            who = _Who(known, [phone_e164])
        view = RecentView(interactions=None, work_orders=None, sales_orders=None)
        if caller.may(Permission.INTERACTIONS_READ):
            # Whoever sees a customer sees his calls, as in his history; of others one's own.
            sees_all = bool(who.customer_ids) or caller.may(Permission.INTERACTIONS_ALL)
            calls = await store.interactions(
                conn,
                tenant_id=tenant_id,
                numbers=who.numbers,
                customer_ids=who.customer_ids,
                but=interaction_id,
                only_of=None if sees_all else caller.user_id,
                limit=limit,
            )
            found = [RecentInteraction(**each) for each in calls]
            view = view.model_copy(update={"interactions": found})
        if _has(caller, Permission.WORK_ORDERS_READ, Feature.WORK_ORDERS):
            orders = await store.work_orders(
                conn,
                reach=_reach(caller),
                customer_ids=who.customer_ids,
                numbers=who.numbers,
                limit=limit,
            )
            open_ones = [RecentWorkOrder(**each) for each in orders]
            view = view.model_copy(update={"work_orders": open_ones})
        if _has(caller, Permission.ORDERS_READ, Feature.ORDERS):
            sold = await store.sales_orders(
                conn, tenant_id=tenant_id, customer_ids=who.customer_ids, limit=limit
            )
            sales = [RecentSalesOrder(**each) for each in sold]
            view = view.model_copy(update={"sales_orders": sales})
        return view


async def _customer(conn: Connection, caller: Caller, customer_id: UUID) -> _Who:
    whose = scopes.of(caller)
    numbers = await store.numbers_of(conn, scope=whose, customer_id=customer_id)
    if numbers is None:
        # He may be another one by now, with whom he was merged. Raises NotFound.
        customer_id = (await customers.find(conn, caller, customer_id)).customer_id
        numbers = await store.numbers_of(conn, scope=whose, customer_id=customer_id)
    return _Who([customer_id], numbers or [])


def _has(caller: Caller, permission: Permission, feature: Feature) -> bool:
    return caller.may(permission) and feature not in caller.features_off


def _reach(caller: Caller) -> Reach:
    """Return what concerns the caller, without his teams."""
    return Reach(
        tenant_id=caller.tenant_id,
        user_id=caller.user_id,
        name=caller.username,
        role=role_of(caller),
        teams=frozenset(),
        leads=frozenset(),
        sees_all=caller.may(Permission.WORK_ORDERS_ALL),
    )
