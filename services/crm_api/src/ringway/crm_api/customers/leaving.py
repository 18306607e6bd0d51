"""Somebody leaves: what he has in hand is a colleague's or everybody's, in one act."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from ringway.crm_api.access import Caller
from ringway.crm_api.core.customers.assignment import Target, spread
from ringway.crm_api.customers import fields as known_fields
from ringway.crm_api.customers import (
    follow_ups,
    hand_over_store,
    hand_overs,
    moves,
    policy,
    pools,
    scope,
    targets,
)
from ringway.crm_api.customers.changes import By
from ringway.crm_api.customers.filters import CustomerFilter
from ringway.crm_api.customers.policy import Share
from ringway.crm_api.customers.pool_schemas import (
    CallbackHandOverView,
    GivenOrdersView,
    GivenSalesOrdersView,
    HandedSalesOrdersView,
    HandedWorkOrdersView,
    HandOverBody,
    HandOverView,
)
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Invalid
from ringway.crm_api.giving import Given
from ringway.crm_api.orders import leaving as sales_orders
from ringway.crm_api.orders import leaving_store as orders_store
from ringway.crm_api.orders.leaving_store import WentTo
from ringway.crm_api.teams import store as teams
from ringway.crm_api.users import store as users
from ringway.crm_api.work_orders import leaving as work_orders
from ringway.runtime.postgres import Connection


async def hand_over(deps: Deps, caller: Caller, wanted: HandOverBody) -> HandOverView:
    """Give all that one user has in hand to a colleague, evenly to a team, or to the pool.

    Customers, follow-ups, sales orders and work orders change hands in one transaction. Call-backs
    that he promised are the dialer's to hand over. It is asked at once; while it does not answer,
    the answer says so and a worker goes on.

    Raises:
        Invalid: One of them is not there, or who is to get them is disabled.
        Forbidden: There are work orders or sales orders that the caller may not give.
    """
    tenant_id, now, by = caller.tenant_id, deps.now(), By.caller(caller)
    leaver = wanted.from_user_id
    async with deps.pool.tenant(tenant_id) as conn:
        if not await users.existing(conn, tenant_id=tenant_id, user_ids=[leaver]):
            raise Invalid("user_unknown", f"from_user_id: there is no user {leaver}.")
        heirs = await _heirs(conn, tenant_id, wanted)
        await orders_store.lock_leaver(conn, tenant_id=tenant_id, user_id=leaver)
        # Nobody who may get something leaves while this lasts.
        owners = await _owners(conn, tenant_id, leaver) | {each.user for each in heirs}
        to_pool = wanted.customers == "public_pool"
        moved = await _customers(conn, caller, leaver, [] if to_pool else heirs, now)
        follows = to_pool or wanted.to_user_id is None
        given_follow_ups = await follow_ups.hand_over(
            conn, tenant_id=tenant_id, from_user_id=leaver, heirs=[] if to_pool else heirs,
            owners=owners if follows else (), moved={each.customer_id for each in moved}, by=by,
            now=now,
        )  # fmt: skip
        sold = Given()
        if wanted.sales_orders != "keep":
            to_owners = wanted.sales_orders == "public_pool"
            sold = await sales_orders.hand_over(
                conn, caller, from_user_id=leaver, heirs=[] if to_owners else heirs,
                owners=owners if to_owners or wanted.to_user_id is None else (),
                because="handed_over", now=now,
                to=WentTo() if to_owners else WentTo(wanted.to_user_id, wanted.to_team_id),
            )  # fmt: skip
        orders = work_orders.Handed()
        if wanted.work_orders != "keep":
            given = wanted.work_orders == "hand_over"
            orders = await work_orders.hand_over(
                conn, caller, from_user_id=leaver, because="handed_over", now=now,
                heirs=work_orders.Heirs(heirs, wanted.to_team_id) if given else work_orders.Heirs(),
            )  # fmt: skip
        hand_over_id = await hand_over_store.ask_all(
            conn,
            tenant_id=tenant_id,
            because="handed_over",
            from_user_id=leaver,
            to_user_id=wanted.to_user_id if wanted.callbacks == "hand_over" else None,
            is_cancelled=wanted.callbacks == "cancel",
            by=caller.username,
            now=now,
            wait=hand_overs.ASKER_FIRST,
        )
        detail = {
            "from_user_id": str(leaver),
            "callbacks": wanted.callbacks,
            "follow_ups": given_follow_ups,
        }
        act_id = await pools.note(conn, caller, "assigned", moved, now, detail)
    counts = Counter(each.new for each in moved if each.new is not None)
    meant = pools.Meant([(each.customer_id, None) for each in moved], 0, has_more=False)
    view = pools.view(act_id, meant, len(moved), counts, is_dry_run=False)
    callbacks = await hand_overs.carry_out(deps, tenant_id, hand_over_id)
    return HandOverView(
        **view.model_dump(),
        callbacks=CallbackHandOverView.model_validate(callbacks),
        work_orders=_orders_view(orders),
        sales_orders=_sales_view(sold),
        follow_ups=given_follow_ups,
    )


async def _heirs(conn: Connection, tenant_id: UUID, wanted: HandOverBody) -> list[Target[UUID]]:
    """Return who gets what he has. Raises Invalid."""
    if wanted.to_user_id is not None:
        await targets.check_enabled(conn, tenant_id, [wanted.to_user_id])
        return [Target(wanted.to_user_id)]
    if wanted.to_team_id is None:
        return []
    unknown = await teams.unknown(conn, tenant_id=tenant_id, team_ids=[wanted.to_team_id])
    if unknown:
        raise Invalid("team_unknown", f"to_team_id: there is no team {unknown[0]}.")
    team = [Share(team_id=wanted.to_team_id)]
    found = await targets.of_shares(conn, tenant_id, team)
    others = [each for each in found if each.user != wanted.from_user_id]
    if not others:
        raise Invalid("nobody_there", "Nobody else of this team is there and enabled.")
    return others


async def _owners(conn: Connection, tenant_id: UUID, leaver: UUID) -> set[UUID]:
    """Return who else has customers for whom the leaver has something to do, and is enabled."""
    found = await moves.others_with_customers_of(conn, tenant_id=tenant_id, user_id=leaver)
    return await moves.enabled(conn, tenant_id=tenant_id, user_ids=found)


async def _customers(
    conn: Connection,
    caller: Caller,
    owner_id: UUID,
    heirs: Sequence[Target[UUID]],
    now: datetime,
) -> list[moves.Moved]:
    tenant_id, by = caller.tenant_id, By.caller(caller)
    if not heirs:
        return await moves.release(
            conn, tenant_id=tenant_id, owner_id=owner_id, by=by, now=now, act="handed_over"
        )
    found = await moves.candidates(
        conn,
        wanted=[CustomerFilter()],
        scope=scope.of(caller),
        fields=known_fields.Fields(),
        rules=[],
        from_anybody=False,
        expected=owner_id,
        customer_ids=None,
        most=1_000_000,
    )
    return await moves.give(
        conn, tenant_id=tenant_id, given=[*spread([each for each, _ in found], heirs)], by=by,
        now=now, act="handed_over", expected=owner_id, leaver=owner_id,
    )  # fmt: skip


def _orders_view(handed: work_orders.Handed) -> HandedWorkOrdersView:
    return HandedWorkOrdersView(
        given=handed.given,
        to_team=handed.to_team,
        tasks=handed.tasks,
        by_user=[
            GivenOrdersView(user_id=user_id, work_orders=n)
            for user_id, n in sorted(handed.by_user.items())
        ],
    )


def _sales_view(sold: Given) -> HandedSalesOrdersView:
    return HandedSalesOrdersView(
        given=sold.with_people,
        to_pool=sold.waiting,
        by_user=[
            GivenSalesOrdersView(user_id=user_id, sales_orders=n)
            for user_id, n in sorted(sold.by_user.items())
        ],
    )


async def one_by_one(conn: Connection, tenant_id: UUID) -> None:
    """Let nobody else of the enterprise leave until the transaction ends.

    To be called before the user is disabled: of two who leave at once and have each other's
    customers, the second finds what the first gave him.
    """
    await conn.execute(
        "SELECT pg_advisory_xact_lock(hashtext('crm.leaving'), hashtext($1))", str(tenant_id)
    )


async def come_back(conn: Connection, tenant_id: UUID, user_id: UUID) -> None:
    """Let orders of a user who was enabled again be his when they open again."""
    await orders_store.forget(conn, tenant_id=tenant_id, user_id=user_id)


async def leave(conn: Connection, caller: Caller, user_id: UUID, now: datetime) -> int:
    """Return the customers of a user who was disabled, in that transaction; how many.

    His open work orders wait in the teams that own them, his follow-ups and sales orders are
    those' who have the customers. Call-backs that he promised are their campaigns' teams' soon.
    With the policy's ``return_on_leaving`` off all of it stays until somebody hands it over.
    """
    if not (await policy.get(conn, caller.tenant_id)).body.return_on_leaving:
        return 0
    await orders_store.lock_leaver(conn, tenant_id=caller.tenant_id, user_id=user_id)
    moved = await moves.release(
        conn,
        tenant_id=caller.tenant_id,
        owner_id=user_id,
        by=By.caller(caller),
        now=now,
        act="left",
    )
    owners = await _owners(conn, caller.tenant_id, user_id)
    await follow_ups.hand_over(
        conn, tenant_id=caller.tenant_id, from_user_id=user_id, heirs=[], owners=owners, moved=(),
        by=By.caller(caller), now=now,
    )  # fmt: skip
    await sales_orders.hand_over(
        conn, caller, from_user_id=user_id, heirs=[], owners=owners, because="left", now=now,
        to=WentTo(), is_rule=True,
    )  # fmt: skip
    await work_orders.hand_over(
        conn, caller, from_user_id=user_id, heirs=work_orders.Heirs(), because="left", now=now,
        is_rule=True,
    )  # fmt: skip
    await hand_over_store.ask_all(
        conn,
        tenant_id=caller.tenant_id,
        because="left",
        from_user_id=user_id,
        to_user_id=None,
        is_cancelled=False,
        by=caller.username,
        now=now,
        wait=timedelta(),
    )
    if moved:
        await pools.note(conn, caller, "left", moved, now, {"user_id": str(user_id)})
    return len(moved)
