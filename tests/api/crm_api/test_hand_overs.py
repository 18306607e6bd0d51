"""Call-backs of whoever leaves or loses a customer: handed over by the dialer, sooner or later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from tests.support.crm import Crm, Signed, ok, refused, rows_of
from tests.support.dialer_requests import dialer_requests

from ringway.crm_api.access import Role
from ringway.crm_api.customers.hand_overs import HandOverWorker
from ringway.proto.dialer_callback import CallbacksHandedOverV1, HandOverCallbacksV1
from ringway.runtime.clock import utcnow
from ringway.runtime.ids import uuid7

pytestmark = pytest.mark.api

_NUMBER = "+4420718387%02d"


async def _campaign(crm: Crm, boss: Signed, agents: Sequence[Signed], leads: Sequence[int]) -> str:
    """Make a campaign of these agents with leads, whose names are their numbers."""
    numbers = await boss.post("/lists", {"name": str(uuid7())})
    trunk = await boss.post("/trunks", {"name": "t", "host": "sip.example"})
    project = await boss.post("/projects", {"name": str(uuid7())})
    campaign = await boss.post(
        "/campaigns",
        {"name": "c", "project_id": project["project_id"], "mode": "progressive",
         "list_ids": [numbers["list_id"]], "agent_ids": [each.user_id for each in agents],
         "trunk_id": trunk["trunk_id"]},
    )  # fmt: skip
    tenant = (await boss.get("/me"))["tenant_id"]
    for lead in leads:
        await rows_of(
            crm,
            "INSERT INTO dialer.lead (tenant_id, lead_id, list_id, phone_e164)"
            " VALUES ($1, $2, $3, $4)",
            *(tenant, str(lead), numbers["list_id"], _NUMBER % lead),
        )
    return str(campaign["campaign_id"])


async def _promise(boss: Signed, campaign_id: str, agent: Signed, leads: Sequence[int]) -> None:
    for lead in leads:
        at = (utcnow() + timedelta(days=1)).isoformat()
        body = {"campaign_id": campaign_id, "lead_id": str(lead), "at": at}
        await boss.post("/callbacks", {**body, "agent_id": agent.user_id})


async def _whose(boss: Signed) -> dict[int, tuple[str, str | None]]:
    """Return the state and the agent of each lead's call-back."""
    found = (await boss.get("/callbacks"))["items"]
    return {int(each["lead_id"]): (each["state"], each["agent_id"]) for each in found}


def _sums(told: Mapping[str, Any]) -> tuple[int, int, int]:
    return told["moved"], told["to_team"], told["cancelled"]


async def _work(crm: Crm) -> int:
    """Carry out all that is due; return how many."""
    worker, done = HandOverWorker(crm.deps), 0
    while await worker.step():
        done += 1
    return done


async def test_what_a_leaver_promised_is_called_back_by_others(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ann, bob, cid = [
        await crm.user(boss, "acme", Role.AGENT, name, f"80{n}")
        for n, name in enumerate(("ann", "bob", "cid"))
    ]
    both = await _campaign(crm, boss, [ann, bob, cid], range(1, 6))
    anns = await _campaign(crm, boss, [ann], [6])
    await _promise(boss, both, ann, range(1, 5))
    await _promise(boss, anns, ann, [6])
    await _promise(boss, both, cid, [5])
    customers = [
        (await boss.post("/customers", {"phone_e164": _NUMBER % lead}))["customer_id"]
        for lead in (1, 2)
    ]
    shares = {"to": "shares", "shares": [{"user_id": ann.user_id}]}
    await boss.post("/customer-pool/assign", {"customer_ids": customers, **shares})
    assert await _work(crm) == 0
    # Customers change owners one by one: what was promised to them goes along.
    to_bob = {"to": "shares", "shares": [{"user_id": bob.user_id}], "from_user_id": ann.user_id}
    await boss.post("/customer-pool/assign", {"customer_ids": customers[:1], **to_bob})
    await ann.post("/customer-pool/return", {"customer_ids": customers[1:]})
    assert await _work(crm) == 2
    assert (await _whose(boss))[1] == ("open", bob.user_id)
    assert (await _whose(boss))[2] == ("open", None)
    listed = (await boss.get(f"/customer-pool/hand-overs?from_user_id={ann.user_id}"))["items"]
    assert [(each["because"], _sums(each)) for each in listed] == [
        ("returned", (0, 1, 0)), ("assigned", (1, 0, 0)),
    ]  # fmt: skip
    # Everything at once, while the dialer is away: customers move, call-backs wait for it.
    await crm.dialer.aclose()
    over = {"from_user_id": ann.user_id, "to_user_id": bob.user_id}
    key = {"Idempotency-Key": str(uuid7())}
    told = ok(await boss("POST", "/customer-pool/hand-over", json=over, headers=key))
    waits = told["callbacks"]
    assert (waits["done_at"], _sums(waits), waits["last_error"] != "") == (None, (0, 0, 0), True)
    path = f"/customer-pool/hand-overs/{waits['hand_over_id']}"
    (listed,) = (await boss.get("/customer-pool/hand-overs?is_done=false"))["items"]
    assert listed["hand_over_id"] == waits["hand_over_id"]
    async with dialer_requests(crm.database, crm.nats):
        crm.clock.forward(60)
        assert await _work(crm) == 1
        done = await boss.get(path)
        assert (_sums(done), done["last_error"]) == ((2, 1, 0), "")
        assert ok(await boss("POST", "/customer-pool/hand-over", json=over, headers=key)) == told
        found = await _whose(boss)
        assert [found[lead][1] for lead in (3, 4, 6)] == [bob.user_id, bob.user_id, None]
        # Who is disabled has left. The dialer did it once already, but its answer was lost.
        ok(await boss("PATCH", f"/users/{bob.user_id}", json={"is_enabled": False}))
        (left,) = (await boss.get("/customer-pool/hand-overs?is_done=false"))["items"]
        assert (left["because"], left["from_user_id"]) == ("left", bob.user_id)
        question = HandOverCallbacksV1(
            occurred_at=crm.clock(), tenant=(await boss.get("/me"))["tenant_id"],
            hand_over_id=left["hand_over_id"], from_agent_id=bob.user_id,
        )  # fmt: skip
        sums = await crm.deps.bus.request(question, CallbacksHandedOverV1)
        assert (sums.to_team, await _work(crm), await _work(crm)) == (3, 1, 0)
        left = await boss.get(f"/customer-pool/hand-overs/{left['hand_over_id']}")
        assert _sums(left) == (0, 3, 0)
        assert {agent for _, agent in (await _whose(boss)).values()} == {None, cid.user_id}
        # The dialer is there: the answer has all of it.
        cancel = {"from_user_id": cid.user_id, "callbacks": "cancel"}
        gone = (await boss.post("/customer-pool/hand-over", cancel))["callbacks"]
        assert (_sums(gone), gone["done_at"] is not None) == ((0, 0, 1), True)
        assert (await _whose(boss))[5] == ("cancelled", cid.user_id)
    log = (await boss.get("/audit-log?action=callbacks.handed_over"))["items"]
    assert [each["detail"]["because"] for each in log] == [
        "handed_over", "left", "handed_over", "returned", "assigned",
    ]  # fmt: skip
    other = await crm.open_tenant("other")
    refused(await other("GET", path), 404, "hand_over_not_found")
    assert (await other.get("/customer-pool/hand-overs"))["items"] == []
    refused(await cid("GET", path), 403, "permission_missing")
