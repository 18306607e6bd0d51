"""Bad days of the CRM API: everything it stands on dies, and so does it; the books stay whole."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio
from aiohttp import web
from tests.support.crm import Signed
from tests.support.crm_books import PHONES, open_books
from tests.support.crm_pair import CrmPair, crm_pair, owns
from tests.support.postgres import PostgresServer
from tests.support.waiting import eventually
from tests.support.webhooks import receiver

from ringway.crm_api.access import Role

pytestmark = [
    pytest.mark.integration,
    pytest.mark.soak,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),  # two processes start several times, on a busy machine
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(
    postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[CrmPair]:
    async with crm_pair(postgres, tmp_path_factory.mktemp("pair")) as running:
        yield running


async def test_postgresql_and_nats_die_under_load(pair: CrmPair) -> None:
    await pair.start()
    books = await open_books(pair, "load")
    rounds = 16
    waiting = iter(range(rounds))

    async def worker() -> None:
        for _ in waiting:
            await books.round()

    async def until(orders: int) -> None:
        await eventually(lambda: books.done["orders"] >= orders, within_s=90)

    async def outages() -> None:
        await until(2)
        pair.postgres.process.signal(signal.SIGINT)  # a fast shutdown, as for an upgrade
        await pair.postgres.start()
        await until(6)
        pair.nats.kill()
        await until(8)
        pair.postgres.kill()
        await pair.postgres.start()
        await until(12)
        await pair.nats.start()

    async with asyncio.TaskGroup() as group:
        group.create_task(outages())
        for _ in range(4):
            group.create_task(worker())
    assert not pair.wrong, pair.wrong
    await books.check()


@dataclass
class _Killing:
    """An enterprise whose work is cut off by kill -9, again and again."""

    pair: CrmPair
    boss: Signed
    tenant_id: str
    customers: list[dict[str, Any]]

    async def cut(self, lock: str, *args: Any, leases: str, begin: Any) -> None:
        """Begin some work, kill who is in the midst of it, and let another one go on.

        Args:
            lock: A statement whose locks the work has to wait for.
            leases: Ends the dead one's lease, as the minute does that it has.
        """
        await self.pair.start()
        async with self.pair.locked(lock, *args):
            await begin()
            victim = await self.pair.until_waiting()
            victim.kill()
        if leases:
            await self.pair.rows(leases, self.tenant_id)

    async def job_ends(self, path: str, state: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = []

        async def has_ended() -> bool:
            found[:] = [(await self.pair.ask(self.boss, "GET", path)).json()]
            return bool(found[0]["state"] not in ("waiting", "running", "undoing"))

        await eventually(has_ended, within_s=60, what=lambda: f"{path} ends: {found}")
        assert found[0]["state"] == state, found
        return found[0]

    async def count(self, sql: str, *args: Any) -> int:
        (row,) = await self.pair.rows(sql, self.tenant_id, *args)
        return int(row[0])


_JOB_LEASES = """
    UPDATE crm.customer_job SET lease_until = now() - interval '1 second'
     WHERE tenant_id = $1 AND lease_until IS NOT NULL
"""
_LOCK_ONE = "SELECT 1 FROM crm.customer WHERE customer_id = $1 FOR UPDATE"
_TAGGED = "SELECT count(*) FROM crm.customer WHERE tenant_id = $1 AND $2 = ANY (tags)"


async def _killing(pair: CrmPair, slug: str) -> _Killing:
    boss = await pair.crm.open_tenant(slug)
    tenant_id = (await boss.get("/me"))["tenant_id"]
    customers = [
        await boss.post("/customers", {"phone_e164": next(PHONES), "name": f"c{n}"})
        for n in range(6)
    ]
    return _Killing(pair, boss, tenant_id, customers)


async def test_jobs_on_customers_go_on_elsewhere(pair: CrmPair) -> None:
    await pair.start()
    it = await _killing(pair, "jobs")
    known = it.customers[3]["customer_id"]
    # Rows of three chunks; the second one meets a customer who is locked.
    lines = [f"i{n},{next(PHONES)},imported" for n in range(50)]
    lines[30] = f"i30,{it.customers[3]['phone_e164']},imported"
    content = "\n".join(["name,phone,tags", *lines]).encode()
    options = '{"rule": "overwrite"}'
    path: list[str] = []

    async def import_file() -> None:
        answer = await pair.ask(
            it.boss,
            "POST",
            "/customers/imports",
            files={"file": ("c.csv", content)},
            data={"options": options},
        )
        path.append(f"/customers/imports/{answer.json()['import_id']}")

    await it.cut(_LOCK_ONE, known, leases=_JOB_LEASES, begin=import_file)
    counts = (await it.job_ends(path[0], "finished"))["counts"]
    assert (counts["read"], counts["created"], counts["updated"]) == (50, 49, 1)
    assert await it.count(_TAGGED, "imported") == 50

    act = {"filter": {}, "act": {"kind": "tag", "add": ["bulk"]}}
    proposed = await it.boss.post("/customers/bulk-acts", act)
    bulk = f"/customers/bulk-acts/{proposed['bulk_act_id']}"

    async def confirm() -> None:
        confirmed = {"token": proposed["token"]}
        answer = await pair.ask(it.boss, "POST", f"{bulk}/confirm", json=confirmed)
        assert answer.status_code == 202, answer.text

    await it.cut(_LOCK_ONE, known, leases=_JOB_LEASES, begin=confirm)
    assert (await it.job_ends(bulk, "finished"))["counts"]["done"] == 55
    assert await it.count(_TAGGED, "bulk") == 55
    changed = "SELECT count(*) FROM crm.customer_change WHERE tenant_id = $1 AND act = 'tagged'"
    assert await it.count(changed) == 55

    # Not the ones that were changed since: all but none are left as they are.
    fresh = f"name,phone\nz,{next(PHONES)}\ny,{next(PHONES)}\n".encode()
    content = fresh
    await import_file()
    await it.job_ends(path[1], "finished")
    (made,) = (await it.boss.get("/customers", params={"name": "z"}))["items"]

    async def undo() -> None:
        answer = await pair.ask(it.boss, "POST", f"{path[1]}/undo")
        assert answer.status_code == 202, answer.text

    await it.cut(_LOCK_ONE, made["customer_id"], leases=_JOB_LEASES, begin=undo)
    assert (await it.job_ends(path[1], "undone"))["counts"]["removed"] == 2
    assert await it.count("SELECT count(*) FROM crm.customer WHERE tenant_id = $1") == 55

    erased = await it.boss.get(f"/customers/{known}")
    note = await it.boss.post(f"/customers/{known}/follow-ups", {"note": "his"})
    erasure: list[str] = []

    async def erase() -> None:
        body = {"reason": "Asked for it.", "version": erased["version"]}
        answer = await pair.ask(it.boss, "POST", f"/customers/{known}/erase", json=body)
        assert answer.status_code == 202, answer.text
        erasure.append(f"/customers/erasures/{answer.json()['erasure_id']}")

    lock = "SELECT 1 FROM crm.follow_up WHERE follow_up_id = $1 FOR UPDATE"
    await it.cut(lock, note["follow_up_id"], leases=_JOB_LEASES, begin=erase)
    await it.job_ends(erasure[0], "finished")
    entries = "SELECT count(*) FROM crm.audit_log WHERE tenant_id = $1 AND action = $2"
    assert await it.count(entries, "customer.erasure_begun") == 1
    assert await it.count(entries, "customer.erased") == 1
    assert await it.count("SELECT count(*) FROM crm.customer_erasure WHERE tenant_id = $1") == 1
    assert (await pair.ask(it.boss, "GET", f"/customers/{known}")).status_code == 404
    assert (await it.boss.get("/audit-log/check"))["intact"]
    assert not pair.wrong, pair.wrong


async def test_what_happens_by_itself_happens_once(pair: CrmPair) -> None:
    await pair.start()
    it = await _killing(pair, "itself")
    boss, tenant_id = it.boss, it.tenant_id

    querier = await boss.post(
        "/queriers", {"name": "q", "query": {"source": "customers", "columns": [{"field": "name"}]}}
    )
    queries = f"/queriers/{querier['querier_id']}"
    tag = {"action": {"kind": "tag", "add": ["asked"]}}
    operation = await boss.post(f"{queries}/operations", tag)
    at = f"/querier-operations/{operation['operation_id']}"

    async def confirm() -> None:
        answer = await pair.ask(boss, "POST", f"{at}/confirm", json={"total": 6})
        assert answer.is_success, answer.text

    leases = (
        "UPDATE crm.querier_operation SET claimed_until = now() - interval '1 second' "
        "WHERE tenant_id = $1 AND state = 'running'"
    )
    await it.cut(_LOCK_ONE, it.customers[0]["customer_id"], leases=leases, begin=confirm)
    done = await it.job_ends(at, "finished")
    assert (done["done"], done["changed"]) == (6, 6)
    assert await it.count(_TAGGED, "asked") == 6

    scheduled = await boss.post(f"{queries}/schedules", {"every_minutes": 1440})

    async def is_due() -> None:
        await pair.rows(
            "UPDATE crm.querier_schedule SET next_run_at = now() - interval '1 second' "
            "WHERE tenant_id = $1",
            tenant_id,
        )

    leases = (
        "UPDATE crm.querier_run SET claimed_until = now() - interval '1 second' "
        "WHERE tenant_id = $1 AND state = 'running'"
    )
    lock = "LOCK TABLE crm.customer_tag, crm.customer IN ACCESS EXCLUSIVE MODE"
    await it.cut(lock, leases=leases, begin=is_due)

    async def is_asked() -> bool:
        runs = (await boss.get("/querier-runs"))["items"]
        return [each["state"] for each in runs] == ["finished"]

    await eventually(is_asked, within_s=60, what="the schedule was asked once")
    assert scheduled["every_minutes"] == 1440

    # Customers whom nobody followed up go back to the pool.
    rule = {"days": 1, "notice_days": 0}
    await boss.put("/customer-policy", {"reclaim": [rule]}, headers={"If-Match": "*"})
    ann = await pair.crm.user(boss, "itself", Role.AGENT, "ann", "801")

    async def are_idle() -> None:
        await pair.rows(
            "UPDATE crm.customer SET owner_id = $2, idle_since = now() - interval '9 days', "
            "owned_since = now() - interval '9 days' WHERE tenant_id = $1",
            tenant_id,
            ann.user_id,
        )
        await pair.rows(
            "UPDATE crm.customer_policy SET look_at = now() - interval '1 second' "
            "WHERE tenant_id = $1",
            tenant_id,
        )

    leases = (
        "UPDATE crm.customer_policy SET look_at = now() - interval '1 second' WHERE tenant_id = $1"
    )
    lock = "LOCK TABLE crm.customer_change IN SHARE MODE"
    await it.cut(lock, leases=leases, begin=are_idle)
    owned = "SELECT count(*) FROM crm.customer WHERE tenant_id = $1 AND owner_id IS NOT NULL"

    async def are_back() -> bool:
        return await it.count(owned) == 0

    await eventually(are_back, within_s=60, what="they are back in the pool")
    reclaimed = "SELECT count(*) FROM crm.customer_change WHERE tenant_id = $1 AND act = $2"
    assert await it.count(reclaimed, "reclaimed") == 6

    # A promise of a work order is broken.
    types = (await boss.get("/business-types"))["items"]
    complaint = next(each for each in types if each["kind"] == "complaint")
    body = {"business_type_id": complaint["business_type_id"], "title": "Charged twice"}
    await boss.post("/work-orders", body)
    alarms = await it.count("SELECT count(*) FROM crm.work_order_alarm WHERE tenant_id = $1")
    assert alarms > 0

    async def are_due() -> None:
        await pair.rows(
            "UPDATE crm.work_order_alarm SET due_at = now() - interval '1 second' "
            "WHERE tenant_id = $1",
            tenant_id,
        )

    await it.cut("LOCK TABLE crm.work_order_entry IN SHARE MODE", leases="", begin=are_due)
    overdue = "SELECT count(*) FROM crm.work_order_alarm WHERE tenant_id = $1 AND due_at <= now()"

    async def are_told() -> bool:
        return await it.count(overdue) == 0

    await eventually(are_told, within_s=60, what="the alarms have gone off")
    twice = await pair.rows(
        "SELECT action, detail FROM crm.work_order_entry WHERE tenant_id = $1 "
        "GROUP BY action, detail HAVING count(*) > 1",
        tenant_id,
    )
    assert not twice
    facts = await pair.facts(tenant_id)
    assert max(Counter(each["message_id"] for each in facts).values()) == 1
    assert not pair.wrong, pair.wrong


async def test_a_cut_off_export_is_not_taken_for_a_whole_one_and_webhooks_are_told(
    pair: CrmPair,
) -> None:
    await pair.start()
    it = await _killing(pair, "told")
    one, other = pair.replicas
    headers = {"Authorization": f"Bearer {it.boss.token}"}
    async with (
        pair.locked("LOCK TABLE crm.customer_number IN ACCESS EXCLUSIVE MODE"),
        one.http.stream("POST", "/api/v1/customers/exports", json={}, headers=headers) as answer,
    ):
        assert answer.status_code == 200
        pieces = answer.aiter_bytes()
        assert b"phone" in await anext(pieces)
        await pair.until_waiting()
        one.kill()
        with pytest.raises(httpx.TransportError):
            async for _ in pieces:
                pass
    whole = await pair.ask(it.boss, "POST", "/customers/exports", json={}, at=other)
    assert len(whole.text.splitlines()) == 7
    exports = "SELECT count(*) FROM crm.audit_log WHERE tenant_id = $1 AND action = $2"
    assert await it.count(exports, "customers.exported") == 2

    await pair.start()
    held: asyncio.Queue[int] = asyncio.Queue()
    is_free = asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        assert request.transport is not None
        held.put_nowait(request.transport.get_extra_info("peername")[1])
        await is_free.wait()
        return web.Response(status=204)

    async with receiver() as hook:
        hook.answers["/hook"] = slow
        wanted = {"url": hook.url(), "event_types": ["crm.v1.customer.*"]}
        made = await pair.ask(it.boss, "POST", "/webhooks", json=wanted)
        assert made.status_code == 201, made.text
        port = 0
        for _ in range(20):  # an endpoint is known to all replicas after some seconds
            await it.boss.post("/customers", {"phone_e164": next(PHONES)})
            with suppress(TimeoutError):
                port = await asyncio.wait_for(held.get(), 2)
                break
        (victim,) = [each for each in pair.replicas if owns(each.process, port)]
        victim.kill()
        is_free.set()
        await pair.rows(
            "UPDATE crm.webhook_delivery SET claimed_until = now() - interval '1 second' "
            "WHERE tenant_id = $1 AND claimed_until IS NOT NULL",
            it.tenant_id,
        )
        open_ones = (
            "SELECT count(*) FROM crm.webhook_delivery "
            "WHERE tenant_id = $1 AND state <> 'delivered'"
        )

        async def are_delivered() -> bool:
            return await it.count(open_ones) == 0

        await eventually(are_delivered, within_s=60, what="it is delivered again")
        first, *others = hook.told
        (again,) = [each for each in others if each.id == first.id]
        assert again.body == first.body
