"""What a client of the CRM API did through outages, and what must be in the books afterwards."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx
from tests.support.crm import Signed
from tests.support.crm_pair import CrmPair
from tests.support.waiting import eventually

from ringway.crm_api.access import Role

PHONES = (f"+4021{n:07}" for n in itertools.count(1_000_000))


@dataclass
class Books:
    """What a client was told, to be compared with what is there."""

    pair: CrmPair
    boss: Signed
    ann: Signed
    product: dict[str, Any]
    type_id: str
    posts: dict[str, tuple[Signed, str, Any, dict[str, str], httpx.Response]] = field(
        default_factory=dict
    )
    done: Counter[str] = field(default_factory=Counter)

    async def post(self, by: Signed, path: str, body: Any, **headers: str) -> Any:
        """Post with a key until it is done."""
        key = f"k{len(self.posts)}"
        self.posts[key] = None  # type: ignore[assignment]  # the number is taken
        sent = {"Idempotency-Key": key, **headers}
        answer = await self.pair.ask(by, "POST", path, json=body, headers=sent)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        self.posts[key] = (by, path, body, sent, answer)
        return answer.json()

    async def round(self) -> None:
        """One of each act."""
        one, two = [await self._customer() for _ in range(2)]
        path = f"/customers/{one['customer_id']}"
        await self._customer("free")
        free = {"customers": 1, "filter": {"tag": ["free"]}}
        claimed = await self.post(self.ann, "/customer-pool/claim", free)
        assert len(claimed["customer_ids"]) == 1
        await self.post(self.boss, f"{path}/follow-ups", {"note": "called"})
        self.done["follow_ups"] += 1
        await self._change(path, one)
        present = await self.pair.ask(self.boss, "GET", path)
        other = await self.pair.ask(self.boss, "GET", f"/customers/{two['customer_id']}")
        merge = {
            "merged_id": two["customer_id"],
            "survivor_version": present.json()["version"],
            "merged_version": other.json()["version"],
        }
        await self.post(self.boss, f"{path}/merge", merge)
        self.done["merges"] += 1
        await self._order()
        await self._work_order()
        await self._bulk(one["phone_e164"])

    async def _customer(self, tag: str = "new") -> Any:
        phone, more = next(PHONES), next(PHONES)
        numbers = [{"phone_e164": phone, "is_primary": True}, {"phone_e164": more}]
        body = {"numbers": numbers, "name": "Ann", "tags": [tag]}
        self.done["customers"] += 1
        return await self.post(self.boss, "/customers", body)

    async def _change(self, path: str, present: Any) -> None:
        etag = {"If-Match": f'"{present["version"]}"'}
        change = {"title": f"t{self.done['customers']}"}
        answer = await self.pair.ask(self.boss, "PATCH", path, json=change, headers=etag)
        if answer.status_code == 412:  # it was done, and its answer was lost
            assert answer.json()["current"]["title"] == change["title"]
        else:
            assert answer.status_code == 200, answer.text

    async def _order(self) -> None:
        line = {"product_id": self.product["product_id"], "quantity": 2}
        body = {"currency": "CNY", "lines": [line]}
        order = await self.post(self.ann, "/sales-orders", body)
        path = f"/sales-orders/{order['order_id']}/payments"
        paid = {"amount": 500, "method": "card", "reference": "R"}
        await self.post(self.ann, path, paid)
        self.done["orders"] += 1

    async def _work_order(self) -> None:
        body = {"business_type_id": self.type_id, "title": "Charged twice"}
        order = await self.post(self.ann, "/work-orders", body)
        path = f"/work-orders/{order['work_order_id']}/actions/{order['actions'][0]['action']}"
        etag = {"If-Match": f'"{order["version"]}"'}
        await self.post(self.ann, path, {}, **etag)
        self.done["work_orders"] += 1

    async def _bulk(self, phone: str) -> None:
        act = {"filter": {"phone_e164": phone}, "act": {"kind": "tag", "add": ["bulk"]}}
        proposed = await self.post(self.boss, "/customers/bulk-acts", act)
        path = f"/customers/bulk-acts/{proposed['bulk_act_id']}"
        await self.post(self.boss, f"{path}/confirm", {"token": proposed["token"]})
        self.done["bulk"] += 1

    async def check(self) -> None:
        """Every act is whole, once, and a repeat of its request changes nothing."""
        pair = self.pair
        tenant_id = (await self.boss.get("/me"))["tenant_id"]

        async def jobs_end() -> bool:
            rows = await pair.rows(
                "SELECT state FROM crm.customer_job WHERE tenant_id = $1", tenant_id
            )
            return all(row["state"] == "finished" for row in rows)

        await eventually(jobs_end, within_s=60, what="the bulk acts end")
        before = await _counts(pair, tenant_id)
        for by, path, body, headers, first in self.posts.values():
            again = await pair.ask(by, "POST", path, json=body, headers=headers)
            assert (again.status_code, again.json()) == (first.status_code, first.json()), path
        assert await _counts(pair, tenant_id) == before
        done = self.done
        expected = {
            "customer": done["customers"] - done["merges"],
            "customer_merge": done["merges"],
            "follow_up": done["follow_ups"],
            "sales_order": done["orders"],
            "sales_order_line": done["orders"],
            "sales_order_payment": done["orders"],
            "work_order": done["work_orders"],
            "customer_job": done["bulk"],
        }
        assert {name: before[name] for name in expected} == expected
        (stock,) = await pair.rows("SELECT stock FROM crm.product WHERE tenant_id = $1", tenant_id)
        assert stock["stock"] == 10_000 - 2 * done["orders"]
        broken = await pair.rows(
            """
            SELECT order_id FROM crm.sales_order o WHERE tenant_id = $1
               AND (received <> 500 OR (SELECT count(*) FROM crm.sales_order_event e
                     WHERE e.tenant_id = $1 AND e.order_id = o.order_id) < 2)
            UNION ALL
            SELECT work_order_id FROM crm.work_order w WHERE tenant_id = $1
               AND entries <> (SELECT count(*) FROM crm.work_order_entry e
                     WHERE e.tenant_id = $1 AND e.work_order_id = w.work_order_id)
            """,
            tenant_id,
        )
        assert not broken
        owned = (
            "SELECT count(*) AS n FROM crm.customer WHERE tenant_id = $1 AND owner_id IS NOT NULL"
        )
        (row,) = await pair.rows(owned, tenant_id)
        assert row["n"] == done["orders"]  # one was claimed in each round
        audit = await pair.rows(
            "SELECT action, count(*) AS n FROM crm.audit_log WHERE tenant_id = $1 GROUP BY action",
            tenant_id,
        )
        entries = {row["action"]: row["n"] for row in audit}
        assert entries["api.create_customer"] == done["customers"]
        assert entries["api.create_follow_up"] == done["follow_ups"]
        assert entries["customers.bulk_begun"] == entries["customers.bulk_finished"] == done["bulk"]
        assert (await self.boss.get("/audit-log/check"))["intact"]
        facts = await pair.facts(tenant_id)
        assert max(Counter(each["message_id"] for each in facts).values()) == 1
        told = Counter(
            (each["subject"].split(".")[3], each.get("what"), each.get("customer_id"))
            for each in facts
            if each.get("what") == "created"
        )
        created = Counter(kind for kind, _, _ in told)
        assert created["customer"] == done["customers"]
        assert max(told.values()) == 1


async def open_books(pair: CrmPair, slug: str) -> Books:
    """Open an enterprise with an agent, a product and business types."""
    boss = await pair.crm.open_tenant(slug)
    ann = await pair.crm.user(boss, slug, Role.AGENT, "ann", "801")
    await boss.put("/customer-policy", {"agents_may_claim": True}, headers={"If-Match": "*"})
    product = await boss.post(
        "/products",
        {"code": "K", "name": "K", "stock": 10_000, "prices": [{"currency": "CNY", "amount": 500}]},
    )
    types = (await ann.get("/business-types"))["items"]
    return Books(pair, boss, ann, product, types[0]["business_type_id"])


async def _counts(pair: CrmPair, tenant_id: str) -> dict[str, int]:
    tables = (
        *("audit_log", "customer", "customer_number", "customer_change", "customer_merge"),
        *("customer_job", "follow_up", "sales_order", "sales_order_line", "sales_order_payment"),
        *("sales_order_event", "work_order", "work_order_entry"),
    )
    found = {}
    for name in tables:
        (row,) = await pair.rows(
            f"SELECT count(*) AS n FROM crm.{name} WHERE tenant_id = $1",
            tenant_id,
        )
        found[name] = row["n"]
    return found
