"""Queriers: asked with one's own rights, exported, scheduled, acted on."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from openpyxl import load_workbook
from tests.support.crm import Crm, Signed, ok, refused, rows_of

from ringway.crm_api.access import Role
from ringway.crm_api.core.queriers.query import FILTER_EXAMPLES
from ringway.crm_api.queriers import actions, operations, schedule_store, schedules
from ringway.crm_api.queriers.templates import templates
from ringway.crm_api.queriers.worker import QuerierWorker
from ringway.proto.dialer import AddLeadsV1
from ringway.runtime.ids import uuid7

pytestmark = pytest.mark.api

_NAMES = {"source": "customers", "columns": [{"field": "name"}], "sort": [{"by": "name"}]}


async def _talk(
    crm: Crm, tenant_id: str, agent_id: str, *, inbound: bool, phone: str, outcome: str = ""
) -> None:
    caller, called = (phone, "") if inbound else ("", phone)
    await rows_of(
        crm,
        """
        INSERT INTO crm.interaction (tenant_id, interaction_id, direction, caller, called, agent_id,
            agent_number, answered_at, connected_at, talk_s, disposition, agent_disposition,
            is_live, sources)
        VALUES ($1, $2, $3, $4, $5, $6, '801', $7, $7, 60, 'connected', $8, false, '{}')
        """,
        *(tenant_id, uuid7(), "inbound" if inbound else "outbound", caller, called, agent_id),
        *(crm.clock(), outcome),
    )
    await rows_of(
        crm,
        "INSERT INTO crm.handled_number (tenant_id, agent_id, phone_e164, last_at) "
        "VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        *(tenant_id, agent_id, phone, crm.clock()),
    )


async def _tenant_id(crm: Crm, slug: str) -> str:
    tenants = (await crm.platform.get("/tenants"))["items"]
    return str(next(each["tenant_id"] for each in tenants if each["slug"] == slug))


async def _customers(boss: Signed, *names: str, first: int = 0) -> list[str]:
    made = [
        await boss.post("/customers", {"phone_e164": f"+4021555{n:04}", "name": name})
        for n, name in enumerate(names, first)
    ]
    return [each["customer_id"] for each in made]


async def _ask(who: Signed, query: dict[str, Any], **how: Any) -> Any:
    return await who.post("/queriers/preview", {"query": query, **how})


async def _refused(who: Signed, query: dict[str, Any]) -> Any:
    return (await who("POST", "/queriers/preview", json={"query": query})).json()


async def test_a_querier_is_asked_with_the_rights_of_whoever_asks(crm: Crm) -> None:
    boss, other = await crm.open_tenant("acme"), await crm.open_tenant("other")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    lea = await crm.user(boss, "acme", Role.TEAM_LEADER, "lea", number="802")
    tenant_id = await _tenant_id(crm, "acme")
    await boss.post("/dispositions", _SALE)
    await _customers(boss, "Ion", "Ana")
    await _customers(other, "Secret")
    await _talk(crm, tenant_id, ann.user_id, inbound=True, phone="+40215550000")
    await _talk(crm, tenant_id, ann.user_id, inbound=False, phone="+40215550001", outcome="deal")
    await _talk(crm, tenant_id, lea.user_id, inbound=False, phone="+40215550001", outcome="deal")

    # R28: shipped, imported, shared with agents; an agent sees what is his own.
    shown = (await boss.get("/querier-templates"))["items"]
    assert {each["template"] for each in shown if each["is_usable"]} == set(templates())
    made = {
        each: (await boss.post("/querier-templates/import", {"template": each}))["querier_id"]
        for each in templates()
    }
    run = f"/queriers/{made['my_day']}/run"
    mine = await ann.post(run, {})
    assert [each["name"] for each in mine["columns"]] == [
        *("inbound_connected", "outbound_connected", "deals", "talk_s"),
    ]
    assert mine["rows"] == [[1, 1, 1, 120]]
    assert (await boss.post(run, {}))["rows"] == [[1, 2, 2, 180]]
    for each in made.values():
        await boss.post(f"/queriers/{each}/run", {"with_total": True})
    loss = await boss.post(f"/queriers/{made['call_loss']}/run", {})
    assert [row[1:4] for row in loss["rows"]] == [[1, 0, 0]]
    refused(await ann("POST", f"/queriers/{made['call_loss']}/run", json={}), 404,
            "querier_not_found")  # fmt: skip
    assert {each["template"] for each in (await ann.get("/queriers"))["items"]} == {
        *("call_history", "my_day", "customers_to_follow_up"),
        "work_order_detail",
    }
    refused(await other("GET", f"/queriers/{made['my_day']}"), 404, "querier_not_found")
    # The agent's number leads to a customer whom he has talked with, and to no other's name.
    history = {
        "source": "interactions",
        "columns": [{"field": "party"}, {"field": "customer.name"}, {"field": "agent.username"}],
        "sort": [{"by": "party"}],
    }
    assert (await _ask(lea, history))["rows"] == [
        ["+40215550000", "Ion", "ann"],
        ["+40215550001", "Ana", "ann"],
        ["+40215550001", "Ana", "lea"],
    ]
    assert (await _ask(boss, _NAMES))["rows"] == [["Ana"], ["Ion"]]
    assert (await _ask(other, _NAMES))["rows"] == [["Secret"]]

    # All that is offered can be asked.
    for source in (await boss.get("/querier-sources"))["items"]:
        paths = [each["name"] for each in source["fields"]]
        paths += [f"{ref['name']}.{_KEYS[ref['source']]}" for ref in source["references"]]
        columns = [{"field": each} for each in paths]
        assert columns[60:] == []
        await _ask(boss, {"source": source["name"], "columns": columns}, with_total=True)
    calls = {"source": "interactions", "columns": [{"field": "party"}]}
    found = [(await _ask(boss, {**calls, "where": each}))["rows"] for each in FILTER_EXAMPLES]
    assert [len(each) for each in found[:-1]] == [1, 3, 3, 0]  # the last is about this day

    # What is not there for a caller is refused in the same words as what is nowhere.
    for path in ("password_hash", "owner.password_hash", "nothing", "owner.team.parent.kind.x"):
        for part in (
            {"columns": [{"field": path}]},
            {**_NAMES, "sort": [{"by": path}]},
            {**_NAMES, "where": {"field": path, "op": "is_empty"}},
            {"groups": [{"field": path}]},
            {"aggregates": [{"function": "max", "name": "m", "field": path}]},
        ):
            problem = await _refused(boss, {"source": "customers", **part})
            assert problem["code"] == "querier_field_unknown", problem
            assert problem["detail"] == f"There is no field {path} here."
    back = {"related": "tenant", "by": "customer"}
    assert (await _refused(boss, {**_NAMES, "where": back}))["code"] == "querier_source_unknown"
    await boss.put("/roles/team_leader", {"permissions": ["me", "queriers.write"]},
                   headers={"If-Match": "*"})  # fmt: skip
    known = await crm.sign_in("lea@acme")
    for source in ("customers", "interactions", "attempts", "sales_orders", "nothing"):
        problem = await _refused(known, {"source": source, "columns": [{"field": "name"}]})
        assert problem["detail"] == f"There is no source {source} here."

    # Changing: the owner alone, from a known version.
    body = {"name": "Names", "query": _NAMES, "shared_roles": ["agent"]}
    querier = await boss.post("/queriers", body)
    path = f"/queriers/{querier['querier_id']}"
    refused(await known("PUT", path, json=body, headers={"If-Match": "*"}), 404,
            "querier_not_found")  # fmt: skip
    refused(await boss("PUT", path, json=body), 428, "if_match_required")
    await boss.put(path, {**body, "name": "All names"}, headers={"If-Match": '"1"'})
    stale = await boss("PUT", path, json=body, headers={"If-Match": '"1"'})
    assert refused(stale, 412, "querier_changed")["current"]["name"] == "All names"
    await boss.put("/querier-settings", {"zone": "Asia/Shanghai"})
    assert (await boss.post(f"{path}/run", {}))["zone"] == "Asia/Shanghai"

    # Pages.
    first = await boss.post(f"{path}/run", {"limit": 1, "with_total": True})
    assert (first["rows"], first["total"], first["total_is_least"]) == ([["Ana"]], 2, False)
    rest = await boss.post(f"{path}/run", {"limit": 1, "cursor": first["next_cursor"]})
    assert (rest["rows"], rest["next_cursor"]) == ([["Ion"]], None)
    foreign = {"limit": 1, "cursor": first["next_cursor"], "query": history}
    refused(await boss("POST", "/queriers/preview", json=foreign), 400, "cursor_invalid")
    assert ok(await boss("DELETE", path)) is None

    # R215: one search through everything that one sees.
    found = await boss.get("/search?q=ana")
    assert [(each["source"], each["rows"][0][0]) for each in found["items"]] == [
        ("customers", "Ana"),
    ]
    assert [each["source"] for each in (await ann.get("/search?q=5550001"))["items"]] == [
        *("interactions", "customers"),
    ]
    assert (await other.get("/search?q=ana"))["items"] == []
    refused(await ann("GET", "/search?q=ana&source=campaigns"), 422, "querier_source_unknown")
    whole = (await boss.get("/search", params={"q": "+40215550001"}))["items"]
    assert [each["source"] for each in whole] == ["interactions", "customers"]
    deep: dict[str, Any] = _named("Ana")
    for _ in range(7):
        deep = {"not": deep}
    refused(await boss("POST", run, json={"where": deep}), 422, "querier_too_complex")


async def test_own_fields_are_there_for_whoever_sees_them(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    lea = await crm.user(boss, "acme", Role.TEAM_LEADER, "lea", number="802")
    fields = [
        {"key": "points", "type": "number", "name_en": "Points", "name_zh": "积分"},
        {"key": "wishes", "type": "multi_select", "name_en": "Wishes", "options": _WISHES},
        {"key": "since", "type": "date", "name_en": "Since"},
        {"key": "friend", "type": "reference", "name_en": "Friend", "reference": "customer"},
        {"key": "secret", "type": "text", "name_en": "Secret", "read_roles": ["enterprise_admin"]},
    ]
    await boss.post("/objects", {"kind": "customer", "name": "Customer", "fields": fields})
    (ion,) = await _customers(boss, "Ion")
    data = {
        "points": 7.5, "wishes": ["tea", "milk"], "since": "2026-01-31", "friend": ion,
        "secret": "hush",
    }  # fmt: skip
    await boss.post("/customers", {"phone_e164": "+40215550009", "name": "Ana", "data": data})
    # What was written before a field had its type is not a reason to fail.
    await rows_of(
        crm,
        'UPDATE crm.customer SET data = \'{"points": "many", "since": "31.1.", "wishes": 1}\' '
        "WHERE customer_id = $1",
        ion,
    )
    asked = {
        "source": "customers",
        "columns": [{"field": f"data.{each}"} for each in ("points", "wishes", "since")]
        + [{"field": "data.friend.name"}],
        "sort": [{"by": "data.points", "descending": True}],
    }
    for who in (boss, lea):
        assert (await _ask(who, asked))["rows"] == [
            [7.5, ["tea", "milk"], "2026-01-31", "Ion"],
            [None, None, None, None],
        ]
    for where in (
        {"field": "data.points", "op": "gt", "value": 7},
        {"field": "data.wishes", "op": "has_all", "value": ["milk"]},
        {"field": "data.since", "op": "within", "value": {"from": "2026-01-31T00:00:00Z"}},
        {"field": "data.friend.name", "op": "eq", "value": "Ion"},
        {"related": "customers", "by": "data.friend"},
    ):
        found = (await _ask(lea, {**_NAMES, "where": where}))["rows"]
        assert found == ([["Ion"]] if "related" in where else [["Ana"]]), where
    # One field is the admin's: for others it is nowhere, whatever they try.
    secret = {"field": "data.secret", "op": "starts_with", "value": "hu"}
    assert (await _ask(boss, {**_NAMES, "where": secret}))["rows"] == [["Ana"]]
    querier = {"name": "s", "query": {**_NAMES, "where": secret}, "shared_roles": ["team_leader"]}
    path = f"/queriers/{(await boss.post('/queriers', querier))['querier_id']}"
    tries = (
        await lea("POST", f"{path}/run", json={}),
        await lea("GET", f"{path}/export"),
        await lea("POST", f"{path}/operations", json={"action": {"kind": "send"}}),
        await lea("POST", "/queriers", json=querier),
        await lea("POST", "/queriers/problems", json={"query": _NAMES, "field": "data.secret"}),
    )
    for each in tries:
        problem = refused(each, 422, "querier_field_unknown")
        assert problem["detail"] == "There is no field data.secret here."
    assert "secret" not in str(await lea.get("/querier-sources"))
    assert (await lea.get("/search?q=hush"))["items"] == []
    # An object of its own, and who may not read it at all.
    book = {
        "kind": "ledger", "name": "Book", "rights": {"read": ["enterprise_admin"]},
        "fields": [{"key": "note", "type": "text", "name_en": "Note"}],
    }  # fmt: skip
    book_id = (await boss.post("/objects", book))["object_id"]
    await boss.post(f"/objects/{book_id}/records", {"values": {"note": "handed over"}})
    notes = {"source": f"record:{book_id}", "columns": [{"field": "data.note"}]}
    assert (await _ask(boss, notes))["rows"] == [["handed over"]]
    assert (await _refused(lea, notes))["code"] == "querier_source_unknown"
    # Of people, an agent sees himself.
    talks = {"source": "agents", "columns": [{"field": "username"}]}
    shared = {"name": "t", "query": talks, "shared_roles": ["agent"]}
    path = f"/queriers/{(await boss.post('/queriers', shared))['querier_id']}"
    assert (await ann.post(f"{path}/run", {}))["rows"] == [["ann"]]


async def test_results_are_taken_along_as_files(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    await _customers(boss, '=HYPERLINK("http://x")', "王芳", "a <b> & c")
    query = {
        "source": "customers",
        "columns": [{"field": "name", "label": "姓名"}, {"field": "created_at"}],
        "sort": [{"by": "name"}],
    }
    body = {"name": "q", "query": query, "shared_roles": ["agent"]}
    path = f"/queriers/{(await boss.post('/queriers', body))['querier_id']}"
    response = await boss("GET", f"{path}/export")
    assert response.headers["content-type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert rows[0] == ["姓名", "created_at"]
    assert sorted(row[0] for row in rows[1:]) == ['\'=HYPERLINK("http://x")', "a <b> & c", "王芳"]
    book = (await boss("GET", f"{path}/export?format=xlsx")).content
    sheet = load_workbook(io.BytesIO(book)).active
    assert sheet is not None
    cells = [[cell.value for cell in row] for row in sheet.rows]
    assert cells[0] == ["姓名", "created_at"]
    assert {cell.data_type for row in sheet.rows for cell in row} == {"s"}
    assert sorted(str(row[0]) for row in cells[1:]) == sorted(
        ['=HYPERLINK("http://x")', "王芳", "a <b> & c"]
    )
    refused(await ann("GET", f"{path}/export"), 403, "permission_missing")
    (noted, _) = (await boss.get("/audit-log?action=querier.exported"))["items"]
    assert (noted["detail"]["rows"], noted["detail"]["format"]) == (3, "xlsx")
    # Frequent problems of texts (R216).
    for n, text in enumerate(("电话无法接通", "电话一直无法接通", "发票没有收到")):
        await rows_of(
            crm,
            "UPDATE crm.customer SET title = $2 WHERE customer_id = "
            "(SELECT customer_id FROM crm.customer ORDER BY customer_id OFFSET $1 LIMIT 1)",
            *(n, text),
        )
    wanted = {"query": query, "field": "title"}
    told = await boss.post("/queriers/problems", wanted)
    assert (told["read"], [each["count"] for each in told["items"]]) == (3, [2, 1])
    assert told["items"][0]["typical"] in ("电话无法接通", "电话一直无法接通")


async def test_a_schedule_asks_tells_and_acts(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    bob = await crm.user(boss, "acme", Role.AGENT, "bob", number="802")
    lea = await crm.user(boss, "acme", Role.TEAM_LEADER, "lea", number="803")
    ids = await _customers(boss, "Ion", "Ana", "Eva")
    worker = QuerierWorker(crm.deps)
    querier = await lea.post("/queriers", {"name": "q", "query": _NAMES})
    path = f"/queriers/{querier['querier_id']}"

    # Proposed, looked at, confirmed, done once.
    assign = {"kind": "assign", "user_ids": [ann.user_id, bob.user_id]}
    proposed = await lea.post(f"{path}/operations", {"action": assign})
    assert (proposed["state"], proposed["total"]) == ("proposed", 3)
    await _customers(boss, "Later", first=9)
    at = f"/querier-operations/{proposed['operation_id']}"
    refused(await lea("POST", f"{at}/confirm", json={"total": 4}), 409, "operation_total_differs")
    refused(await boss("POST", f"{at}/confirm", json={"total": 3}), 404, "operation_not_found")
    for _ in range(2):
        assert (await lea.post(f"{at}/confirm", {"total": 3}))["state"] == "running"
    await _work(worker)
    done = await lea.get(at)
    assert (done["state"], done["done"], done["changed"]) == ("finished", 3, 3)
    owners = [(await boss.get(f"/customers/{each}"))["owner_id"] for each in ids]
    assert sorted(owners) == sorted([ann.user_id, bob.user_id, owners[1]])
    await lea.post(f"{at}/confirm", {"total": 3})
    tag = {"action": {"kind": "tag", "add": ["vip"]}, "where": _named("Ion")}
    tagged = await lea.post(f"{path}/operations", tag)
    await lea.post(f"/querier-operations/{tagged['operation_id']}/confirm", {"total": 1})
    numbers = await boss.post("/lists", {"name": "l"})
    fill = {"action": {"kind": "add_to_list", "list_id": numbers["list_id"]}}
    filled = await lea.post(f"{path}/operations", fill)
    await lea.post(f"/querier-operations/{filled['operation_id']}/confirm", {"total": 4})
    await _work(worker)
    assert (await boss.get(f"/customers/{ids[0]}"))["tags"] == ["vip"]
    assert (await boss.get(f"/lists/{numbers['list_id']}"))["leads_total"] == 4
    assert len({each.chunk_no for each in crm.behind.asked if isinstance(each, AddLeadsV1)}) == 1
    refused(
        await lea("POST", f"{path}/operations", json={"action": {**assign, "user_ids": [ids[0]]}}),
        *(422, "user_unknown"),
    )

    # A schedule: due every day at half past eight in the enterprise's zone.
    await boss.put("/querier-settings", {"zone": "Asia/Shanghai"})
    when = {"at_time": "08:30", "at_least": 4, "action": {"kind": "send", "note": "n"}}
    refused(await lea("POST", f"{path}/schedules", json={"at_least": 1}), 422, "schedule_invalid")
    schedule = await lea.post(f"{path}/schedules", when)
    assert schedule["next_run_at"].endswith("T00:30:00Z")
    await _work(worker)
    assert (await lea.get("/querier-runs"))["items"] == []
    crm.clock.forward(86_400)
    lea = await crm.sign_in("lea@acme")
    await _work(worker)
    (run,) = (await lea.get("/querier-runs"))["items"]
    assert (run["state"], run["found"], run["is_triggered"]) == ("finished", 4, True)
    kept = await lea.get(f"/querier-runs/{run['run_id']}")
    assert kept["rows"] == [["Ana"], ["Eva"], ["Ion"], ["Later"]]
    told = await _told(crm)
    assert told["crm.v1.querier.rows_sent"] == 1
    assert told["crm.v1.querier.run_finished"] == 1
    assert told["crm.v1.querier.operation_finished"] == 4
    boss = await crm.sign_in("boss@acme")
    refused(await boss("GET", f"/querier-runs/{run['run_id']}"), 404, "run_not_found")
    # Whoever changes the question does not change what somebody else's schedule acts on.
    changed = {"name": "q", "query": {**_NAMES, "limit": 2}}
    await boss.put(path, changed, headers={"If-Match": "*"})
    crm.clock.forward(86_400)
    await _work(worker)
    lea, boss = await crm.sign_in("lea@acme"), await crm.sign_in("boss@acme")
    last = (await lea.get("/querier-runs"))["items"][0]
    assert (last["state"], last["failure_code"]) == ("failed", "querier_changed")
    # Less rights, and what was found with more is not shown any more.
    less = {"permissions": ["me", "queriers.read", "queriers.write"]}
    await boss.put("/roles/team_leader", less, headers={"If-Match": "*"})
    refused(await lea("GET", f"/querier-runs/{run['run_id']}"), 409, "rights_changed")
    await boss("PATCH", f"/users/{schedule['owner_id']}", json={"is_enabled": False})
    crm.clock.forward(86_400)
    await _work(worker)
    failed = await rows_of(crm, "SELECT failure_code FROM crm.querier_run ORDER BY run_id DESC")
    assert failed[0]["failure_code"] == "owner_gone"
    boss = await crm.sign_in("boss@acme")
    at = f"/querier-schedules/{schedule['schedule_id']}"
    refused(await boss("PUT", at, json=when, headers={"If-Match": "*"}), 403, "not_the_owner")
    assert ok(await boss("DELETE", at)) is None


async def test_what_a_dead_worker_left_is_finished_once(
    crm: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    boss = await crm.open_tenant("acme")
    await _customers(boss, "Ion", "Ana", "Eva")
    querier = await boss.post("/queriers", {"name": "q", "query": _NAMES})
    path = f"/queriers/{querier['querier_id']}"
    tag = {"action": {"kind": "tag", "add": ["x"]}}
    proposed = await boss.post(f"{path}/operations", tag)
    at = f"/querier-operations/{proposed['operation_id']}"
    await boss.post(f"{at}/confirm", {"total": 3})
    await boss.post(f"{path}/schedules", {"every_minutes": 5})
    monkeypatch.setattr(actions, "STEP", 1)
    real = actions.perform
    died: list[bool] = []

    async def dies(*args: Any) -> int:
        changed = await real(*args)
        if args[-1].first == 1 and not died:
            died.append(True)
            raise RuntimeError("the process is killed before it commits")
        return changed

    monkeypatch.setattr(actions, "perform", dies)
    worker = QuerierWorker(crm.deps)
    await _work(worker)
    half = await boss.get(at)
    assert (half["state"], half["done"], half["changed"]) == ("running", 1, 1)
    # Another one may go on only when the lease is over.
    crm.clock.forward(operations.HOLD.total_seconds() + 1)
    await _work(worker)
    done = await boss.get(at)
    assert (done["state"], done["done"], done["changed"]) == ("finished", 3, 3)

    # A run that was begun by somebody who is gone.
    crm.clock.forward(300)
    tenant_id = UUID(await _tenant_id(crm, "acme"))
    assert await schedules.start_due(crm.deps, tenant_id)
    assert not await schedules.start_due(crm.deps, tenant_id)
    async with crm.deps.pool.tenant(tenant_id) as conn:
        claimed = await schedule_store.claim_run(
            conn, tenant_id=tenant_id, now=crm.clock(), hold=timedelta(seconds=60)
        )
    assert claimed is not None
    await _work(worker)
    assert [each["state"] for each in (await boss.get("/querier-runs"))["items"]] == ["running"]
    crm.clock.forward(61)
    await _work(worker)
    # Its first worker was only slow: what it says now is not kept, nor told.
    await schedules.carry_out(crm.deps, tenant_id, *claimed)
    (run,) = (await boss.get("/querier-runs"))["items"]
    assert (run["state"], run["found"]) == ("finished", 3)
    assert (await _told(crm))["crm.v1.querier.run_finished"] == 1


_KEYS = {
    "agents": "username", "teams": "name", "customers": "name", "campaigns": "name",
    "interactions": "caller", "sales_orders": "state", "business_types": "name",
}  # fmt: skip
_WISHES = [{"key": each, "name_en": each} for each in ("tea", "milk")]
_SALE = {
    "code": "deal",
    "name_en": "Deal",
    "name_zh": "成交",
    "counts_as_success": True,
}


def _named(name: str) -> dict[str, Any]:
    return {"field": "name", "op": "eq", "value": name}


async def _work(worker: QuerierWorker) -> None:
    while await worker.work():
        pass


async def _told(crm: Crm) -> dict[str, int]:
    rows = await rows_of(crm, "SELECT type, count(*) AS n FROM crm.outbox GROUP BY type")
    return {row["type"]: row["n"] for row in rows}
