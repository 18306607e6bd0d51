"""What the permission matrix asks of customers, their follow-ups, pools and segments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.support.crm import USER_PASSWORD, Crm, Signed


async def objects(crm: Crm, boss: Signed, slug: str, ids: Mapping[str, str]) -> dict[str, str]:
    """Make a follow-up, a segment and a hand-over; the customer is made with the base."""
    path = f"/customers/{ids['customer_id']}"
    follow_up = await boss.post(f"{path}/follow-ups", {"note": f"said in {slug}"})
    segment = await boss.post("/customer-segments", {"name": f"segment of {slug}", "filter": {}})
    leaver = {"username": "leaver", "password": USER_PASSWORD, "role": "staff"}
    of_leaver = {"from_user_id": (await boss.post("/users", leaver))["user_id"]}
    handed_over = await boss.post("/customer-pool/hand-over", of_leaver)
    return {
        "follow_up_id": follow_up["follow_up_id"],
        "segment_id": segment["segment_id"],
        "hand_over_id": handed_over["callbacks"]["hand_over_id"],
    }


def arguments(name: str, ids: dict[str, str], n: int) -> dict[str, Any] | None:
    """Return arguments of a request that an operation would carry out; None: not of this area."""
    share = {"user_id": ids["user_id"]}
    bodies: dict[str, dict[str, Any]] = {
        "create_customer": {"phone_e164": "+40215550100"},
        "replace_customer": {"phone_e164": "+40215550100"},
        "change_customer": {"title": f"t{n}"},
        "create_follow_up": {"note": "n"},
        "change_follow_up": {"note": f"n{n}"},
        "assign_customers": {
            "customer_ids": [ids["customer_id"]],
            "to": "shares",
            "shares": [share],
        },
        "claim_customers": {"customers": 1},
        "return_customers": {"customer_ids": [ids["customer_id"]]},
        "hand_over_customers": {"from_user_id": ids["user_id"]},
        "put_customer_policy": {"grades": ["A", "B", "C"]},
        "run_grading": {},
        "create_segment": {"name": f"s{n}", "filter": {}},
        "replace_segment": {"name": f"s{n}", "filter": {"pool": "public"}},
    }
    if name == "look_up_customers":
        return {"params": {"phone": "+40215550100"}}
    if name not in bodies:
        return None
    more: dict[str, Any] = {"json": bodies[name]}
    return {**more, "headers": {"If-Match": "*"}} if name == "replace_customer" else more
