"""An order that opens again after its owner left goes where his other open orders went."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.api.crm_api.test_order_owners import Shop, _shop
from tests.support.crm import Crm, Signed, ok, rows_of

pytestmark = [pytest.mark.api, pytest.mark.timeout(90)]  # whole stories

_HAND_OVER = "/customer-pool/hand-over"


async def _closed(shop: Shop, seller: Signed, customer_id: str | None = None) -> str:
    """Sell something and take the money: it is done."""
    order_id = await shop.sell(seller, customer_id)
    done = await seller.post(f"/sales-orders/{order_id}/payments", {"amount": 1_000})
    assert done["state"] == "completed"
    return order_id


async def _reopen(shop: Shop, order_id: str) -> Any:
    """Pay all of it back, so that it is owed again."""
    return await shop.boss.post(f"/sales-orders/{order_id}/refunds", {"amount": 1_000})


async def test_it_is_his_who_has_the_customer_or_nobodys(crm: Crm) -> None:
    shop = await _shop(crm)
    ann, bob, cid = await shop.agents("ann", "bob", "cid")
    hers, his = await shop.customer(ann), await shop.customer(bob)
    of_hers, of_his, of_nobody = [await _closed(shop, ann, each) for each in (hers, his, None)]
    stays = await _closed(shop, ann)
    assert (await _reopen(shop, stays))["owner_id"] == ann.user_id  # she is there
    await shop.disable(ann)
    assert (await _reopen(shop, of_his))["owner_id"] == bob.user_id
    for order_id in (of_hers, of_nobody):
        assert (await _reopen(shop, order_id))["owner_id"] is None
    # Whoever gets the customer gets it with him, as all that waits.
    await shop.assign(hers, cid)
    assert await shop.owner(of_hers) == cid.user_id
    assert await shop.told(of_his) == [
        "entered", "payment_received", "payment_refunded", "handed_over",
    ]  # fmt: skip
    event = (await bob.get(f"/sales-orders/{of_his}/history"))["items"][-1]
    assert event["detail"] == {
        "because": "reopened",
        "from_user_id": ann.user_id,
        "changes": {"owner_id": {"old": ann.user_id, "new": bob.user_id}},
    }
    order = await bob.get(f"/sales-orders/{of_his}")
    assert (order["agent_id"], order["version"]) == (ann.user_id, 4)


async def test_it_goes_to_whom_the_others_were_handed(crm: Crm) -> None:
    shop = await _shop(crm)
    ann, bob, cid, eve = await shop.agents("ann", "bob", "cid", "eve")
    eves = await shop.customer(eve)
    first, second, third, fourth = [await _closed(shop, ann, eves) for _ in range(4)]
    over = {"from_user_id": ann.user_id}
    # Nothing of hers is open, and yet it is said who is to look after what she leaves.
    await shop.boss.post(_HAND_OVER, {**over, "to_user_id": bob.user_id})
    await shop.disable(ann)
    assert (await _reopen(shop, first))["owner_id"] == bob.user_id
    # He leaves, too: it goes where his went.
    await shop.boss.post(_HAND_OVER, {"from_user_id": bob.user_id, "to_user_id": cid.user_id})
    await shop.disable(bob)
    assert (await _reopen(shop, second))["owner_id"] == cid.user_id
    await shop.disable(cid)
    assert (await _reopen(shop, third))["owner_id"] == eve.user_id  # who has the customer
    # Who is back keeps what is his.
    ok(await shop.boss("PATCH", f"/users/{ann.user_id}", json={"is_enabled": True}))
    assert (await _reopen(shop, fourth))["owner_id"] == ann.user_id
    assert (
        await rows_of(
            crm, "SELECT 1 FROM crm.sales_order_heir WHERE from_user_id = $1", ann.user_id
        )
        == []
    )


async def test_it_goes_to_the_team_in_turn(crm: Crm) -> None:
    shop = await _shop(crm)
    ann, bob, cid, eve = await shop.agents("ann", "bob", "cid", "eve")
    care = (await shop.boss.post("/teams", {"name": "Care"}))["team_id"]
    people = [each.user_id for each in (ann, bob, cid)]
    await shop.boss.post(f"/teams/{care}/members", {"user_ids": people})
    of_eves = await _closed(shop, ann, await shop.customer(eve))
    of_nobody = [await _closed(shop, ann) for _ in range(12)]
    await shop.boss.post(_HAND_OVER, {"from_user_id": ann.user_id, "to_team_id": care})
    await shop.disable(ann)
    assert (await _reopen(shop, of_eves))["owner_id"] == eve.user_id
    got = {(await _reopen(shop, each))["owner_id"] for each in of_nobody}
    assert got == {bob.user_id, cid.user_id}


async def test_without_the_policy_it_stays_until_a_hand_over(crm: Crm) -> None:
    shop = await _shop(crm)
    ann, bob = await shop.agents("ann", "bob")
    stays, goes = [await _closed(shop, ann) for _ in range(2)]
    policy = {"return_on_leaving": False}
    await shop.boss.put("/customer-policy", policy, headers={"If-Match": "*"})
    await shop.disable(ann)
    assert (await _reopen(shop, stays))["owner_id"] == ann.user_id
    keep = {"from_user_id": ann.user_id, "to_user_id": bob.user_id, "sales_orders": "keep"}
    await shop.boss.post(_HAND_OVER, keep)
    await shop.boss.post(_HAND_OVER, {**keep, "sales_orders": "hand_over"})
    assert await shop.owner(stays) == bob.user_id
    assert (await _reopen(shop, goes))["owner_id"] == bob.user_id


@pytest.mark.parametrize("is_leaving_first", [True, False])
async def test_it_opens_again_while_its_owner_leaves(crm: Crm, is_leaving_first: bool) -> None:
    """Whichever is first: it is not left with who is gone."""
    shop = await _shop(crm)
    ann, bob = await shop.agents("ann", "bob")
    customer_id = await shop.customer(bob)
    open_id = await shop.sell(ann, customer_id)
    order_id = await _closed(shop, ann, customer_id)
    if is_leaving_first:
        # She has left, but for an order that somebody books on.
        lock = "SELECT 1 FROM crm.sales_order WHERE order_id = $1 FOR UPDATE"
        async with shop.locked(lock, open_id):
            leaving = asyncio.create_task(shop.disable(ann))
            await shop.waits(1)
            opening = asyncio.create_task(_reopen(shop, order_id))
            await shop.waits(2)
    else:
        # It is open again, but for its fact.
        async with shop.locked("LOCK TABLE crm.sales_order_event IN ACCESS EXCLUSIVE MODE"):
            opening = asyncio.create_task(_reopen(shop, order_id))
            await shop.waits(1)
            leaving = asyncio.create_task(shop.disable(ann))
            await shop.waits(2)
    await leaving
    await opening
    assert [await shop.owner(each) for each in (open_id, order_id)] == [bob.user_id] * 2
