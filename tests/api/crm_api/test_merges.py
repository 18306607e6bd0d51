"""A survivor who is himself merged, or gone: former ids lead on, and nothing is undone wrongly."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.crm import Crm, ok, refused

pytestmark = pytest.mark.api


async def test_a_survivor_goes_into_another_and_is_deleted(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    numbers = [f"+4021555010{n}" for n in range(3)]
    ids = [(await boss.post("/customers", {"phone_e164": n}))["customer_id"] for n in numbers]
    first, second, third = (f"/customers/{each}" for each in ids)

    async def merge(survivor: str, other: str) -> dict[str, Any]:
        one, two = await boss.get(survivor), await boss.get(other)
        body = {"merged_id": two["customer_id"], "survivor_version": one["version"]}
        done = await boss.post(f"{survivor}/merge", body | {"merged_version": two["version"]})
        return dict(done)

    one = await merge(second, first)
    two = await merge(third, second)
    present = await boss.get(third)
    # The third has by chance the version that the first merge left the second with.
    await crm.behind.owner.execute(
        "UPDATE crm.customer_merge SET version_after = $1 WHERE merge_id = $2::uuid",
        *(present["version"], one["merge_id"]),
    )
    late = await boss("POST", f"/customers/merges/{one['merge_id']}/undo")
    refused(late, 409, "merge_changed_since")
    assert await boss.get(third) == await boss.get(first) == present
    # Each of his ids is his, also to delete him.
    stale = await boss("DELETE", first, headers={"If-Match": '"99"'})
    assert refused(stale, 412, "customer_changed")["current"]["customer_id"] == ids[2]
    ok(await boss("DELETE", first))
    for path in (first, second, third):
        refused(await boss("GET", path), 404, "customer_not_found")
    assert await boss.get("/customers/count") == {"customers": 0}
    gone = await boss("POST", f"/customers/merges/{two['merge_id']}/undo")
    refused(gone, 409, "merge_changed_since")
