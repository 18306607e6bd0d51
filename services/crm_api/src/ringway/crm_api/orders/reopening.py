"""An order that opens again after its owner left goes where his other open orders went."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from ringway.crm_api.access import Caller
from ringway.crm_api.core.customers.assignment import Target
from ringway.crm_api.core.customers.gifts import Left
from ringway.crm_api.core.orders.books import Books, OrderState, PaymentState
from ringway.crm_api.customers import moves, policy, targets
from ringway.crm_api.customers.policy import Share
from ringway.crm_api.orders import leaving, store
from ringway.crm_api.orders import leaving_store as heirs_store
from ringway.runtime.postgres import Connection


async def hold(conn: Connection, tenant_id: UUID, order: store.OrderRow) -> None:
    """Let nobody give away what an order's owner leaves while a closed one is booked on.

    To be called as soon as it is locked. One that is open is locked by whoever gives it away.
    """
    if order.owner_id is not None and not _is_open(order.state, order.payment_state):
        await heirs_store.wait_for_leaver(conn, tenant_id=tenant_id, user_id=order.owner_id)


def opens_again(order: store.OrderRow, books: Books) -> bool:
    """Whether an order was closed, as its row says, and is open now, as its books say."""
    return not _is_open(order.state, order.payment_state) and _is_open(
        books.state, books.payment_state
    )


def _is_open(state: str, payment_state: str) -> bool:
    """Say of one order what ``leaving_store.IS_OPEN`` says."""
    return state in (OrderState.NEW, OrderState.PROCESSING) or (
        payment_state == PaymentState.REFUND_DUE
    )


async def settle(conn: Connection, caller: Caller, order: store.OrderRow, now: datetime) -> None:
    """Give an order that is held and opens again away, if who looked after it has left.

    It waits for heirs who are just leaving, and these may wait for the audit log: nobody comes
    here who has written into it.

    Without the policy's ``return_on_leaving`` it stays his, as all he had, until a hand-over.
    """
    tenant_id, leaver = caller.tenant_id, order.owner_id
    if leaver is None:
        return
    if await heirs_store.is_enabled(conn, tenant_id=tenant_id, user_id=leaver):
        return
    found = await _heirs(conn, tenant_id, leaver)
    if found is None:
        return
    heirs, follows_customer = found
    first: UUID | None = None
    if follows_customer:
        owner = await heirs_store.owner_of_customer(
            conn, tenant_id=tenant_id, order_id=order.order_id
        )
        there = [owner] if owner is not None else []
        first = next(iter(await moves.enabled(conn, tenant_id=tenant_id, user_ids=there)), None)
    turn = order.order_id.int % len(heirs) if heirs else 0
    left = Left(order.order_id, first)
    in_turn = [*heirs[turn:], *heirs[:turn]]
    await leaving.give_reopened(conn, caller, left, in_turn, leaver=leaver, now=now)


async def _heirs(
    conn: Connection, tenant_id: UUID, leaver: UUID
) -> tuple[Sequence[Target[UUID]], bool] | None:
    """Return who gets it, and whether whoever has the customer is first; None: it stays.

    Who got the leaver's orders may have left, too: then it goes where his went.
    """
    nobody: Sequence[Target[UUID]] = ()
    user_id, seen = leaver, {leaver}
    while True:
        went = await heirs_store.went_to(conn, tenant_id=tenant_id, user_id=user_id)
        if went is None:
            returns = (await policy.get(conn, tenant_id)).body.return_on_leaving
            return (nobody, True) if returns or user_id != leaver else None
        if went.to_team_id is not None:
            team = [Share(team_id=went.to_team_id)]
            return await targets.of_shares(conn, tenant_id, team), True
        if went.to_user_id is None or went.to_user_id in seen:
            return nobody, True
        user_id = went.to_user_id
        seen.add(user_id)
        if await moves.enabled(conn, tenant_id=tenant_id, user_ids=[user_id]):
            return [Target(user_id)], False
