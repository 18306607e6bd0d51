"""The public pool and private ones: acts, races, reclaiming, and what rules do by themselves."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from tests.support.crm import Crm, Signed, ok, refused, rows_of

from ringway.crm_api.access import Role
from ringway.crm_api.customers import moves
from ringway.crm_api.customers.changes import By
from ringway.crm_api.customers.fields import Fields
from ringway.crm_api.customers.filters import CustomerFilter
from ringway.crm_api.customers.store import Number, Record, add_many, new_id
from ringway.crm_api.customers.worker import CustomerWorker
from ringway.runtime.ids import uuid7

# Whole stories, some hundred requests each.
pytestmark = [pytest.mark.api, pytest.mark.timeout(120)]

_RULER = By(None, "test")


async def _customers(crm: Crm, tenant_id: UUID, count: int) -> list[UUID]:
    ids = [new_id() for _ in range(count)]
    records = [
        (customer_id, Record((Number(f"+4021555{n:04}", "mobile", True),), name=f"c{n}"))
        for n, customer_id in enumerate(ids)
    ]
    async with crm.deps.pool.tenant(tenant_id) as conn:
        await add_many(conn, tenant_id=tenant_id, records=records, by=_RULER, now=crm.clock())
    return ids


async def _tenant_id(crm: Crm, slug: str) -> UUID:
    tenants = (await crm.platform.get("/tenants"))["items"]
    return UUID(next(t["tenant_id"] for t in tenants if t["slug"] == slug))


async def _agents(crm: Crm, boss: Signed, names: Sequence[str]) -> list[Signed]:
    return [
        await crm.user(boss, "acme", Role.AGENT, name, f"10{n:02}") for n, name in enumerate(names)
    ]


def _shares(*agents: Signed, weights: Sequence[int] = ()) -> list[dict[str, Any]]:
    given = list(weights) or [1] * len(agents)
    return [{"user_id": a.user_id, "weight": w} for a, w in zip(agents, given, strict=True)]


def _by_user(answer: Any) -> dict[str, int]:
    return {each["user_id"]: each["customers"] for each in answer["by_user"]}


async def _owners(crm: Crm, tenant_id: UUID) -> dict[UUID, UUID | None]:
    rows = await rows_of(
        crm, "SELECT customer_id, owner_id FROM crm.customer WHERE tenant_id = $1", tenant_id
    )
    return {row["customer_id"]: row["owner_id"] for row in rows}


async def _facts(crm: Crm, kind: str) -> list[dict[str, Any]]:
    rows = await rows_of(
        crm, "SELECT convert_from(payload, 'utf8')::text AS p FROM crm.outbox WHERE type = $1"
        " ORDER BY id", kind,
    )  # fmt: skip
    return [orjson.loads(row["p"]) for row in rows]


async def test_customers_are_assigned_by_hand_evenly_by_weights_and_by_rules(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    tenant_id = await _tenant_id(crm, "acme")
    ann, bob, cid = await _agents(crm, boss, ("ann", "bob", "cid"))
    ids = await _customers(crm, tenant_id, 30)
    team = await boss.post("/teams", {"name": "north"})
    await boss.post(f"/teams/{team['team_id']}/members", {"user_ids": [bob.user_id, cid.user_id]})
    one = {"customer_ids": [str(ids[0]), str(uuid7())], "to": "shares", "shares": _shares(ann)}
    dry = await boss.post("/customer-pool/assign", {**one, "is_dry_run": True})
    assert (dry["moved"], dry["is_dry_run"]) == (1, True)
    by_hand = await boss.post("/customer-pool/assign", one)
    assert (by_hand["moved"], by_hand["not_found"]) == (1, 1)
    again = await boss.post("/customer-pool/assign", one)
    assert (again["moved"], again["not_moved"]) == (0, 1)
    # Evenly within a team, some of those that the filter means.
    evenly = {"filter": {}, "at_most": 9, "to": "shares", "shares": [{"team_id": team["team_id"]}]}
    told = await boss.post("/customer-pool/assign", evenly)
    assert (told["moved"], told["has_more"]) == (9, True)
    assert sorted(_by_user(told).values()) == [4, 5]
    weighed = {**evenly, "at_most": 8, "shares": _shares(ann, bob, weights=[3, 1])}
    told = await boss.post("/customer-pool/assign", weighed)
    assert _by_user(told) == {ann.user_id: 6, bob.user_id: 2}
    # By rules: the first that fits counts, and whom none fits stays.
    rules = {"filter": {}, "to": "rules"}
    refused(await boss("POST", "/customer-pool/assign", json=rules), 422, "rules_missing")
    policy = {
        "assignment": [
            {"name": "c2x", "where": [{"field": "name", "op": "prefix", "value": "c2"}],
             "shares": _shares(cid)},
            {"name": "c18", "where": [{"field": "name", "op": "eq", "value": "c18"}],
             "shares": _shares(ann)},
        ]
    }  # fmt: skip
    ok(await boss("PUT", "/customer-policy", json=policy))
    told = await boss.post("/customer-pool/assign", rules)
    assert _by_user(told) == {cid.user_id: 10, ann.user_id: 1}
    assert (told["meant"], told["moved"], told["not_moved"]) == (12, 11, 1)
    pools = await boss.get("/customer-pool")
    assert pools["in_public_pool"] == 1
    assert sum(_by_user(pools).values()) == 29
    # Everything of one goes to another, with what is still to be done; then he leaves.
    todo = {"note": "call", "due_at": "2030-01-01T00:00:00Z"}
    await ann.post(f"/customers/{ids[0]}/follow-ups", todo)
    over = {"from_user_id": ann.user_id, "to_user_id": bob.user_id}
    told = await boss.post("/customer-pool/hand-over", over)
    assert (await ann.get("/customers"))["items"] == []
    assert [each["note"] for each in (await bob.get("/follow-ups"))["items"]] == ["call"]
    bobs, cids = told["moved"] + _by_user(pools)[bob.user_id], _by_user(pools)[cid.user_id]
    ok(await boss("PATCH", f"/users/{bob.user_id}", json={"is_enabled": False}))
    assert (await boss.get("/customer-pool"))["in_public_pool"] == 1 + bobs
    gone = {**rules, "to": "shares", "shares": _shares(bob)}
    refused(await boss("POST", "/customer-pool/assign", json=gone), 422, "nobody_there")
    gone = {"from_user_id": cid.user_id, "to_user_id": bob.user_id}
    refused(await boss("POST", "/customer-pool/hand-over", json=gone), 422, "user_unknown")
    back = {"filter": {}, "from_user_id": cid.user_id, "to": "public_pool"}
    assert (await boss.post("/customer-pool/assign", back))["moved"] == cids
    # One entry each, and a fact for each who got or lost some.
    log = (await boss.get("/audit-log?action=customers."))["items"]
    assert [each["action"] for each in log].count("customers.left") == 1
    assert log[0]["detail"]["lost"] == {cid.user_id: cids}
    moved = await _facts(crm, "crm.v1.customers.moved")
    assert {(each["how"], each["customers"]) for each in moved if each["agent_id"] == bob.user_id} \
        >= {("assigned", told["moved"]), ("left", bobs)}  # fmt: skip
    changes = (await boss.get(f"/customers/{ids[0]}/changes"))["items"]
    assert [each["act"] for each in changes] == ["left", "handed_over", "assigned"]
    refused(await ann("POST", "/customer-pool/assign", json=rules), 403, "permission_missing")
    both = {**rules, "customer_ids": [str(ids[0])]}
    refused(await boss("POST", "/customer-pool/assign", json=both), 422, "validation_failed")


async def test_of_two_who_want_one_customer_one_gets_him(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    tenant_id = await _tenant_id(crm, "acme")
    ann, bob = await _agents(crm, boss, ("ann", "bob"))
    ids = await _customers(crm, tenant_id, 40)
    wanted = {"customer_ids": [str(each) for each in ids[:20]], "to": "shares"}
    # Two admins at once; the database decides, and both are told the truth.
    answers = await asyncio.gather(
        boss.post("/customer-pool/assign", {**wanted, "shares": _shares(ann)}),
        boss.post("/customer-pool/assign", {**wanted, "shares": _shares(bob)}),
    )
    assert sum(each["moved"] for each in answers) == 20
    assert all(each["moved"] + each["not_moved"] == 20 for each in answers)
    owners = Counter((await _owners(crm, tenant_id)).values())
    assert owners[UUID(ann.user_id)] == answers[0]["moved"]
    assert owners[UUID(bob.user_id)] == answers[1]["moved"]
    # The second waits for the first and looks again: the statement, step by step.
    one, held, go = ids[20], asyncio.Event(), asyncio.Event()

    async def give(agent: Signed, *, holds: bool) -> list[moves.Moved]:
        async with crm.deps.pool.tenant(tenant_id) as conn:
            moved = await moves.give(
                conn, given=[(one, UUID(agent.user_id))], tenant_id=tenant_id, by=_RULER,
                now=crm.clock(), act="assigned",
            )  # fmt: skip
            if holds:
                held.set()
                await go.wait()
            return moved

    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(give(ann, holds=True))
        await held.wait()
        second = tasks.create_task(give(bob, holds=False))
        # Whom somebody is assigning is not there for whoever claims meanwhile.
        async with crm.deps.pool.tenant(tenant_id) as conn:
            claimed = await moves.claim(
                conn, tenant_id=tenant_id, owner_id=UUID(bob.user_id),
                wanted=[CustomerFilter(name="c20")], fields=Fields(), by=_RULER,
                now=crm.clock(), most=5,
            )  # fmt: skip
        assert (claimed, second.done()) == ([], False)
        go.set()
    assert [len(await each) for each in (first, second)] == [1, 0]
    # Claims: off until the policy says so, and never beyond the cap, however many at once.
    claim = {"customers": 4}
    refused(await ann("POST", "/customer-pool/claim", json=claim), 409, "claims_off")
    had = (await _owners(crm, tenant_id)).values()
    cap = Counter(had)[UUID(bob.user_id)] + 6
    policy = {"agents_may_claim": True, "claim_cap": cap, "claim_at_once": 3}
    ok(await boss("PUT", "/customer-policy", json=policy))
    got = await asyncio.gather(*(bob("POST", "/customer-pool/claim", json=claim) for _ in range(5)))
    claimed_ids = [i for each in got if each.is_success for i in each.json()["customer_ids"]]
    assert len(claimed_ids) == len(set(claimed_ids)) == 6
    assert Counter(each.status_code for each in got)[409] == 3
    refused(await bob("POST", "/customer-pool/claim", json=claim), 409, "claim_cap_reached")
    gave = await bob.post("/customer-pool/return", {"customer_ids": claimed_ids[:2]})
    assert gave["moved"] == 2
    assert (await bob.post("/customer-pool/claim", {"customers": 9}))["room"] == 0


async def test_pools_are_as_a_model_of_them(crm: Crm) -> None:
    """Acts in any order, some at once: owners are as the answers say, and nobody is lost."""
    boss = await crm.open_tenant("acme")
    tenant_id = await _tenant_id(crm, "acme")
    agents = await _agents(crm, boss, ("ann", "bob", "cid"))
    ids = await _customers(crm, tenant_id, 25)
    ok(await boss("PUT", "/customer-policy", json={"agents_may_claim": True, "claim_cap": 9}))
    model: dict[UUID, UUID | None] = dict.fromkeys(ids)
    dice = random.Random(7)
    for _ in range(25):
        agent, act = dice.choice(agents), dice.choice(("assign", "claim", "return", "over", "take"))
        me, some = UUID(agent.user_id), dice.sample(ids, dice.randint(1, 9))
        of_me = {each for each, owner in model.items() if owner == me}
        if act == "assign":
            to = dice.sample(agents, dice.randint(1, 3))
            body = {"customer_ids": [str(each) for each in some], "to": "shares"}
            told = await boss.post("/customer-pool/assign", {**body, "shares": _shares(*to)})
            free = [each for each in some if model[each] is None]
            assert told["moved"] == len(free)
            now = await _owners(crm, tenant_id)
            assert all(now[each] in {UUID(a.user_id) for a in to} for each in free)
            model |= {each: now[each] for each in free}
        elif act == "claim":
            answer = await agent("POST", "/customer-pool/claim", json={"customers": 3})
            if len(of_me) >= 9:
                refused(answer, 409, "claim_cap_reached")
            else:
                got = [UUID(each) for each in ok(answer)["customer_ids"]]
                public = sorted(each for each, owner in model.items() if owner is None)
                assert got == public[: min(3, 9 - len(of_me))]
                model |= dict.fromkeys(got, me)
        elif act == "return":
            body = {"customer_ids": [str(each) for each in some]}
            told = await agent.post("/customer-pool/return", body)
            mine = [each for each in some if each in of_me]
            assert told["moved"] == len(mine)
            model |= dict.fromkeys(mine)
        elif act == "over":
            heir = dice.choice([*agents, None])
            to_id = heir.user_id if heir is not None else None
            over = {"from_user_id": agent.user_id, "to_user_id": to_id}
            told = await boss.post("/customer-pool/hand-over", over)
            assert told["moved"] == (0 if heir is agent else len(of_me))
            model |= dict.fromkeys(of_me, UUID(to_id) if to_id else None)
        else:
            body = {"customer_ids": [str(each) for each in some], "to": "shares"}
            more = {"from_anybody": True, "shares": _shares(agent)}
            told = await boss.post("/customer-pool/assign", {**body, **more})
            assert told["moved"] == len(set(some) - of_me)
            model |= dict.fromkeys(some, me)
        assert await _owners(crm, tenant_id) == model


async def test_rules_work_by_themselves(crm: Crm) -> None:
    """Reclaiming with notice before, overdue follow-ups, grading, care: and all of it only once."""
    crm.clock.stop()
    boss = await crm.open_tenant("acme")
    tenant_id = await _tenant_id(crm, "acme")
    (ann,) = await _agents(crm, boss, ("ann",))
    ann_id, ids = ann.user_id, await _customers(crm, tenant_id, 4)
    birth_date = f"1990-{crm.clock() + timedelta(days=8):%m-%d}"
    for customer_id, grade in zip(ids, ("A", None, None, None), strict=True):
        patch = {"grade": grade, "birth_date": birth_date if customer_id == ids[3] else None}
        ok(await boss("PATCH", f"/customers/{customer_id}", json=patch))
    assign = {"filter": {}, "to": "shares", "shares": _shares(ann)}
    assert (await boss.post("/customer-pool/assign", assign))["moved"] == 4
    policy = {
        "reclaim": [{"grade": "A", "days": 30, "notice_days": 2}, {"days": 10, "notice_days": 3}],
        "grading": [
            {"where": [{"field": "follow_ups", "op": "ge", "value": 1}], "grade": "B"},
            {"where": [{"field": "name", "op": "eq", "value": "c1"}], "grade": "C"},
        ],
        "grade_daily": True,
        "care": [{"name": "Birthday", "days_before_birthday": 0, "note": "wish"}],
    }
    shipped = await boss.get("/customer-policy")
    assert (shipped["version"], shipped["grades"]) == (0, ["A", "B", "C"])
    put = await boss("PUT", "/customer-policy", json=policy, headers={"If-Match": '"0"'})
    assert ok(put)["version"] == 1
    stale = await boss("PUT", "/customer-policy", json=policy, headers={"If-Match": '"0"'})
    refused(stale, 412, "customer_policy_changed")
    for bad, code in (
        ({"grading": [{"where": [], "grade": "Z"}]}, "validation_failed"),
        ({"grading": [{"where": [{"field": "x", "op": "eq", "value": 1}], "grade": "A"}]},
         "field_unknown"),
        ({"reclaim": [{"days": 3, "notice_days": 3}]}, "validation_failed"),
        ({"assignment": [{"name": "x", "shares": [{"user_id": str(uuid7())}]}]}, "user_unknown"),
    ):  # fmt: skip
        refused(await boss("PUT", "/customer-policy", json=bad), 422, code)
    refused(await ann("PUT", "/customer-policy", json=policy), 403, "permission_missing")
    run = await boss.post("/customer-policy/grading-runs", {})
    assert (run["judged"], run["changed"], run["is_dry_run"]) == (4, 1, True)
    assert run["changes"] == [{"old": None, "new": "C", "customers": 1}]

    # Two replicas look; each tenant is looked at by one of them.
    one, two = (CustomerWorker(crm.deps.pool, crm.clock) for _ in range(2))

    async def look() -> None:
        assert sorted(await asyncio.gather(one.look(), two.look())) == [False, True]
        assert not await one.look()

    await look()
    graded = await boss.get("/customers?grade=C")
    assert [each["name"] for each in graded["items"]] == ["c1"]
    entry = (await boss.get("/audit-log?action=customers.graded"))["items"][0]
    assert (entry["actor"], entry["detail"]) == ("system", {"judged": 4, "changed": 1})
    # An overdue follow-up is told once.
    due = (crm.clock() + timedelta(hours=1)).isoformat()
    await ann.post(f"/customers/{ids[1]}/follow-ups", {"note": "call", "due_at": due})
    crm.clock.forward(8 * 86_400)
    await look()
    ann, boss = await crm.sign_in("ann@acme"), await crm.sign_in("boss@acme")
    (overdue,) = await _facts(crm, "crm.v1.follow_up.overdue")
    assert (overdue["agent_id"], overdue["customer_id"]) == (ann_id, str(ids[1]))
    birthdays = [each for each in (await ann.get("/follow-ups"))["items"] if each["plan"]]
    assert [(each["customer_id"], each["note"]) for each in birthdays] == [(str(ids[3]), "wish")]
    # Seven days without follow-up: notice. One of them is followed up and stays.
    (notice,) = await _facts(crm, "crm.v1.customers.reclaim_noticed")
    assert (notice["customers"], notice["agent_id"]) == (3, ann_id)
    await ann.post(f"/customers/{ids[2]}/follow-ups", {"note": "spoke with him"})
    crm.clock.forward(2 * 86_400)
    await look()
    boss = await crm.sign_in("boss@acme")
    assert len((await boss.get("/customers?pool=private"))["items"]) == 4
    crm.clock.forward(2 * 86_400)
    await look()
    boss = await crm.sign_in("boss@acme")
    kept = (await boss.get("/customers?pool=private&sort=name"))["items"]
    assert [each["name"] for each in kept] == ["c0", "c2"]
    (entry,) = (await boss.get("/audit-log?action=customers.reclaimed"))["items"]
    assert (entry["actor"], entry["detail"]["customers"]) == ("system", 2)
    changes = (await boss.get(f"/customers/{ids[1]}/changes"))["items"]
    assert (changes[0]["act"], changes[0]["username"]) == ("reclaimed", "reclaim")
    assert len(await _facts(crm, "crm.v1.follow_up.overdue")) == 2
    # The birthday is over: no second wish this year, though its follow-up is open or done.
    assert len([e for e in (await boss.get("/follow-ups"))["items"] if e["plan"]]) == 1
    # A rule whose field is gone is told in the log and stops nobody else.
    rule = {"where": [{"field": "gone", "op": "empty"}], "grade": "A"}
    broken = orjson.dumps({"grade_daily": True, "grading": [rule]}).decode()
    await rows_of(crm, "UPDATE crm.customer_policy SET policy = $1, graded_at = NULL", broken)
    crm.clock.forward(120)
    await look()
