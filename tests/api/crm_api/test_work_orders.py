"""Work orders: from a call to an end, by several people, timers and departments."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from tests.support.crm import Crm, Signed, ok, refused, rows_of
from tests.support.cut_proxy import cut_proxy
from tests.support.waiting import eventually

from ringway.crm_api.access import Role
from ringway.crm_api.app import create_app
from ringway.crm_api.core.work_orders.history import replay
from ringway.crm_api.objects import key_columns
from ringway.crm_api.work_orders import alarms_store, calendars, person
from ringway.crm_api.work_orders.worker import WorkOrderWorker
from ringway.proto.crm_work_orders import WorkOrderChangedV1, WorkOrderNoticeV1
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Pool

pytestmark = [pytest.mark.api, pytest.mark.timeout(90)]  # whole stories

_HOUR = 3600
_PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


@dataclass
class House:
    """An enterprise with a leader and two agents in one team, and an agent apart."""

    boss: Signed
    lea: Signed
    ann: Signed
    bob: Signed
    eve: Signed
    team_id: str
    types: dict[str, str]


async def _house(crm: Crm) -> House:
    boss = await crm.open_tenant("acme")
    lea = await crm.user(boss, "acme", Role.TEAM_LEADER, "lea")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", "1001")
    bob = await crm.user(boss, "acme", Role.AGENT, "bob", "1002")
    eve = await crm.user(boss, "acme", Role.AGENT, "eve", "1003")
    team = await boss.post("/teams", {"name": "Care", "leader_ids": [lea.user_id]})
    members = {"user_ids": [ann.user_id, bob.user_id]}
    await boss.post(f"/teams/{team['team_id']}/members", members)
    types = (await ann.get("/business-types"))["items"]
    by_kind = {each["kind"]: each["business_type_id"] for each in types}
    return House(boss, lea, ann, bob, eve, team["team_id"], by_kind)


async def _make(by: Signed, house: House, kind: str = "consultation", **more: Any) -> Any:
    body = {"business_type_id": house.types[kind], "title": "Charged twice", **more}
    return await by.post("/work-orders", body)


async def _do(by: Signed, order: Any, action: str, etag: int | None = None, **more: Any) -> Any:
    version = order["version"] if etag is None else etag
    path = f"/work-orders/{order['work_order_id']}/actions/{action}"
    return await by("POST", path, json=more, headers={"If-Match": f'"{version}"'})


async def _told(by: Signed) -> list[str]:
    notices = (await by.get("/work-order-notices?unread=true"))["items"]
    return sorted(each["reason"] for each in notices)


async def test_an_order_is_walked_from_a_call_to_its_end(crm: Crm) -> None:
    house = await _house(crm)
    boss, ann, bob = house.boss, house.ann, house.bob
    tenant_id = (await boss.get("/me"))["tenant_id"]
    phone = "+40215550111"
    interaction = str(uuid7())
    await rows_of(
        crm,
        """
        INSERT INTO crm.interaction (tenant_id, interaction_id, direction, caller, called,
            agent_id, agent_number, disposition, agent_disposition, is_live, sources)
        VALUES ($1, $2, 'inbound', $3, '+40215550000', $4, '1001', 'connected', '', true, '{}')
        """,
        *(tenant_id, interaction, phone, ann.user_id),
    )
    known = await ann.post("/customers", {"phone_e164": phone, "name": "Li Lei"})
    # The form opens with what is known of the caller's number (R205).
    form = await ann.get(f"/work-order-prefill?interaction_id={interaction}")
    assert (form["phone_e164"], form["customer_name"]) == (phone, "Li Lei")
    refused(
        await bob("GET", f"/work-order-prefill?interaction_id={interaction}"),
        422,
        "reference_unknown",
    )
    body = {
        "business_type_id": house.types["complaint"],
        "title": "Charged twice",
        "interaction_id": interaction,
        "team_id": house.team_id,
    }
    key = {"Idempotency-Key": "one"}
    order = ok(await ann("POST", "/work-orders", json=body, headers=key))
    again = ok(await ann("POST", "/work-orders", json=body, headers=key))
    assert order == again
    assert (order["number"], order["source"], order["priority"]) == ("W000001", "interaction", 4)
    assert (order["customer_id"], order["customer_name"]) == (known["customer_id"], "Li Lei")
    assert order["response_due_at"] is not None
    assert await _told(bob) == ["assigned", "step_entered"]
    path = f"/work-orders/{order['work_order_id']}"
    # Two act on one version at once: one wins, the other is shown what it is now.
    answers = await asyncio.gather(_do(ann, order, "accept"), _do(bob, order, "accept"))
    won = next(each for each in answers if each.status_code == 200)
    lost = next(each for each in answers if each.status_code != 200)
    problem = refused(lost, 412, "work_order_changed")
    assert problem["current"]["step"] == won.json()["step"] == "handling"
    order = won.json()
    assert {each["action"] for each in order["actions"]} == {"wait", "resolve", "cancel"}
    # Of two who take it, one works on it.
    answers = await asyncio.gather(ann("POST", f"{path}/take"), bob("POST", f"{path}/take"))
    assert sorted(each.status_code for each in answers) == [200, 409]
    taker, other = (ann, bob) if answers[0].status_code == 200 else (bob, ann)
    refused(next(a for a in answers if a.status_code == 409), 409, "order_taken")
    # Another department has to do its part first.
    eve_task = {"title": "Ask the bank", "assignee_id": house.eve.user_id}
    refused(await house.eve("GET", path), 404, "work_order_not_found")
    task = await taker.post(f"{path}/tasks", eve_task)
    assert await _told(house.eve) == ["task_added"]
    await house.eve.get(path)
    said = {"text": "Where is it?", "mention_ids": [other.user_id]}
    await taker.post(f"{path}/comments", said)
    assert "mentioned" in await _told(other)
    order = await taker.get(path)
    refused(await _do(taker, order, "resolve"), 422, "comment_missing")
    order = ok(await _do(taker, order, "resolve", comment="Given back."))
    refused(await _do(taker, order, "confirm"), 409, "tasks_open")
    done = {"state": "done", "result": "They say yes."}
    ok(await house.eve("PATCH", f"{path}/tasks/{task['task_id']}", json=done))
    assert "task_done" in await _told(taker)
    # A file, told by what it is.
    file = {"file": ("../../proof.png", _PNG, "image/png")}
    kept = ok(await taker("POST", f"{path}/attachments", files=file))
    assert (kept["name"], kept["sha256"]) == ("proof.png", hashlib.sha256(_PNG).hexdigest())
    got = await other("GET", f"{path}/attachments/{kept['attachment_id']}")
    assert got.content == _PNG
    assert got.headers["content-disposition"].startswith("attachment;")
    for wrong in (("a.png", b"<html>", "image/png"), ("a.html", b"<html>", "text/html")):
        response = await taker("POST", f"{path}/attachments", files={"file": wrong})
        refused(response, 415, "file_type_unknown")
    changed = await taker(
        "PATCH",
        path,
        json={"title": "Charged twice in May"},
        headers={"If-Match": f'"{(await taker.get(path))["version"]}"'},
    )
    order = ok(await _do(taker, ok(changed), "confirm"))
    assert (order["step_kind"], order["actions"]) == ("done", [])
    assert order["resolved_at"] is not None
    refused(await _do(taker, order, "confirm"), 409, "order_ended")
    order = ok(await taker("POST", f"{path}/reopen", json={"comment": "Not given back."}))
    assert (order["step"], order["times_reopened"]) == ("handling", 1)
    # History makes every version again, up to the present one.
    entries = (await boss.get(f"{path}/history?limit=500"))["items"]
    assert [each["seq"] for each in entries] == list(range(1, len(entries) + 1))
    assert entries[0]["action"] == "created"
    present = replay({k: (a, b) for k, (a, b) in each["changes"].items()} for each in entries)
    assert (present["step"], present["title"]) == ("handling", "Charged twice in May")
    shown = await boss.get(f"{path}/versions/{order['version']}")
    assert shown["order"] == present
    first = await boss.get(f"{path}/versions/1")
    assert (first["order"]["step"], first["order"]["title"]) == ("new", "Charged twice")
    refused(await boss("GET", f"{path}/versions/999"), 404, "version_not_found")
    # A person is erased from it; steps, times and the gapless history stay.
    async with crm.deps.pool.tenant(tenant_id) as conn:
        erased = await person.erase(
            conn,
            tenant_id=UUID(tenant_id),
            customer_ids=[UUID(known["customer_id"])],
            phones=[phone],
            now=crm.clock(),
        )
    assert erased == 1
    gone = await boss("GET", path)
    past = await boss("GET", f"{path}/history?limit=500")
    before = await boss("GET", f"{path}/versions/{order['version']}")
    for word in ("Li Lei", phone, "Charged", "Given back", "Where is it", "proof.png"):
        assert word not in gone.text + past.text + before.text, word
    assert len(past.json()["items"]) == len(entries)
    assert before.json()["order"]["step"] == "handling"
    # Deleted under rights, softly, and noted.
    refused(await taker("DELETE", path), 403, "permission_missing")
    ok(await boss("DELETE", path))
    refused(await boss("GET", path), 404, "work_order_not_found")
    log = (await boss.get("/audit-log?action=work_order.deleted"))["items"]
    assert [each["detail"]["number"] for each in log] == ["W000001"]
    assert await rows_of(crm, "SELECT 1 FROM crm.work_order_alarm") == []
    types = await rows_of(crm, "SELECT DISTINCT type FROM crm.outbox")
    names = {WorkOrderChangedV1.type_name(), WorkOrderNoticeV1.type_name()}
    assert names <= {row["type"] for row in types}


_REPAIR: dict[str, Any] = {
    "start": "new",
    "steps": [
        {"key": "new", "name_en": "New"},
        {"key": "work", "name_en": "Work"},
        {"key": "done", "name_en": "Done", "kind": "done"},
    ],
    "transitions": [
        {"key": "begin", "name_en": "Begin", "sources": ["new"], "to": "work"},
        {
            "key": "finish",
            "name_en": "Finish",
            "sources": ["work"],
            "to": "done",
            "assignee_only": True,
            "required": ["cause"],
        },
    ],
}


def _with_timers(house: House) -> dict[str, Any]:
    new, work, done = _REPAIR["steps"]
    remind = {
        "key": "remind",
        "after_s": _HOUR,
        "kind": "remind",
        "business_hours": False,
        "tell": [{"kind": "leaders"}],
    }
    escalate = {
        "key": "escalate",
        "after_s": 2 * _HOUR,
        "kind": "escalate",
        "business_hours": False,
        "tell": [{"kind": "user", "id": house.eve.user_id}],
        "assign": {"kind": "user", "user_id": house.eve.user_id},
    }
    move = {"key": "away", "after_s": 9 * _HOUR, "kind": "move", "to": "done"}
    return {
        **_REPAIR,
        "steps": [{**new, "timers": [remind, escalate]}, {**work, "timers": [move]}, done],
    }


async def _timed(crm: Crm, house: House) -> str:
    """Make a type whose promises are counted in an office's hours; return its id."""
    boss = house.boss
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    week = {day: [{"start": "00:00", "end": "24:00"}] for day in days}
    calendar = await boss.post("/calendars", {"name": "office", "weekly": week})
    body = {"name_en": "Repair", "design": _with_timers(house)}
    design = await boss.post("/work-order-designs", body)
    sla = {"response_s": 3 * _HOUR, "resolution_s": 5 * _HOUR}
    made = await boss.post(
        "/business-types",
        {
            "kind": "fault_report",
            "name_en": "Repair",
            "design_id": design["design_id"],
            "rules": {
                "sla": {**sla, "calendar_id": calendar["calendar_id"]},
                "assign": {"kind": "team", "team_id": house.team_id},
            },
        },
    )
    return str(made["business_type_id"])


async def test_timers_and_promises_do_their_work_once(
    crm: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    crm.deps.tokens.access_s = 10**7  # days pass here, without anybody signing in again
    house = await _house(crm)
    crm.clock.stop()
    type_id = await _timed(crm, house)
    house.types["repair"] = type_id
    order = await _make(house.ann, house, "repair")
    path = f"/work-orders/{order['work_order_id']}"
    workers = [WorkOrderWorker(crm.deps), WorkOrderWorker(crm.deps)]

    async def work() -> None:
        await asyncio.gather(*(each.work() for each in workers))
        await workers[0].work()  # what one skipped because the other had it

    async def done() -> list[str]:
        entries = (await house.boss.get(f"{path}/history"))["items"]
        return [each["action"] for each in entries if not each["actor"]]

    await work()
    assert await done() == []
    crm.clock.forward(_HOUR + 1)
    # A kill between the claim and the commit leaves everything as it was.
    real = alarms_store.take_due

    async def killed(*args: Any, **more: Any) -> Any:
        await real(*args, **more)
        raise asyncio.CancelledError

    with monkeypatch.context() as broken:
        broken.setattr(alarms_store, "take_due", killed)
        with pytest.raises(asyncio.CancelledError):
            await workers[0].work()
    assert await done() == []
    await work()
    assert await done() == ["timer"]
    assert await _told(house.lea) == ["timer:remind"]
    crm.clock.forward(_HOUR)
    await work()
    order = await house.boss.get(path)
    assert (order["assignee_id"], order["priority"]) == (house.eve.user_id, 4)
    assert await _told(house.eve) == ["assigned", "timer:escalate"]
    crm.clock.forward(0.5 * _HOUR)  # four fifths of the three hours are over
    await work()
    assert await done() == ["timer", "timer", "promise_warned"]
    crm.clock.forward(_HOUR)
    await work()
    order = await house.boss.get(path)
    assert order["response_breached_at"] is not None
    assert "response:promise_broken" in await _told(house.lea)
    listed = await house.boss.get("/work-orders?overdue=true")
    assert [each["work_order_id"] for each in listed["items"]] == [order["work_order_id"]]
    # The timer of the next step runs on the calendar's hours, which are all hours here.
    order = ok(await _do(house.ann, order, "begin"))
    crm.clock.forward(9 * _HOUR + 1)
    await work()
    order = await house.boss.get(path)
    assert (order["step"], order["resolution_breached_at"] is not None) == ("done", True)
    acts = await done()
    assert sorted(acts) == [
        *["promise_broken"] * 2, *["promise_warned"] * 2, *["timer"] * 3,
    ]  # fmt: skip
    crm.clock.forward(100 * _HOUR)
    await work()
    assert await done() == acts
    # Calendars are asked for again, and the ACD may be away meanwhile.
    calendar_id = (await house.boss.get(f"/business-types/{type_id}"))["rules"]["sla"][
        "calendar_id"
    ]
    etag = (await house.boss("GET", f"/calendars/{calendar_id}")).headers["ETag"]
    closed = {"name": "office", "weekly": {}}
    await house.boss.put(f"/calendars/{calendar_id}", closed, headers={"If-Match": etag})
    assert await calendars.renew(crm.deps) == 1
    assert await calendars.renew(crm.deps) == 0
    never = await _make(house.ann, house, "repair")
    assert (never["resolution_due_at"], never["response_due_at"]) == (None, None)
    period = {
        "from": (crm.clock() - timedelta(days=30)).isoformat(),
        "to": (crm.clock() + timedelta(days=1)).isoformat(),
    }
    (line,) = (await house.boss.get("/work-order-reports/summary", params=period))["lines"]
    assert (line["orders"], line["done"], line["breached"], line["sales"]) == (2, 1, 1, 0)


async def _indexed(crm: Crm) -> bool:
    await key_columns.build_some(crm.deps.pool)
    building = "SELECT FROM crm.data_object_key WHERE state = 'building'"
    return not await rows_of(crm, building)


async def test_orders_concern_their_people_and_are_found_by_what_is_true_of_them(
    crm: Crm,
) -> None:
    house = await _house(crm)
    boss, ann, bob, eve, lea = house.boss, house.ann, house.bob, house.eve, house.lea
    fields = [
        {"key": "cause", "type": "text", "name_en": "Cause", "is_indexed": True},
        {"key": "amount", "type": "number", "name_en": "Amount", "is_indexed": True},
        {"key": "secret", "type": "text", "name_en": "Secret", "read_roles": ["enterprise_admin"]},
    ]
    lists = [{"filter": "cause", "sort": "amount"}]
    form = {"kind": "work_order", "name": "Repair form", "fields": fields, "lists": lists}
    made = await boss.post("/objects", form)
    design = await boss.post("/work-order-designs", {"name_en": "Repair", "design": _REPAIR})
    wanted = {
        "kind": "fault_report",
        "name_en": "Repair",
        "design_id": design["design_id"],
        "object_id": made["object_id"],
        "rules": {"assign": {"kind": "round_robin", "team_id": house.team_id}},
    }
    type_id = (await boss.post("/business-types", wanted))["business_type_id"]
    house.types["repair"] = type_id
    orders = []
    for n in range(5):
        data = {"amount": 10 - n, "cause": "rain" if n % 2 else "rain again"}
        orders.append(await _make(eve, house, "repair", title=f"Leak {n}", data=data))
    turns = [each["assignee_id"] for each in orders]
    assert turns[0] != turns[1]
    assert turns == [turns[0], turns[1]] * 2 + [turns[0]]
    data = {"amount": "many"}
    body = {"business_type_id": type_id, "title": "x", "data": data}
    refused(await eve("POST", "/work-orders", json=body), 422, "fields_invalid")
    body["data"] = {"secret": "x"}
    refused(await eve("POST", "/work-orders", json=body), 422, "fields_invalid")
    hidden = await _make(boss, house, "repair", title="Boss's", data={"secret": "s3cr3t"})

    async def titles(by: Signed, query: str) -> list[str]:
        found: list[str] = []
        cursor = ""
        while True:
            page = await by.get(f"/work-orders?limit=2&{query}{cursor}")
            found += [each["title"] for each in page["items"]]
            if page["next_cursor"] is None:
                return found
            cursor = f"&cursor={page['next_cursor']}"

    by_amount = f"business_type_id={type_id}&sort=data.amount"
    for _ in range(2):
        assert await titles(eve, by_amount) == [f"Leak {n}" for n in (4, 3, 2, 1, 0)]
        assert await titles(eve, f"{by_amount}&data=amount=8") == ["Leak 2"]
        assert await titles(eve, f"{by_amount}&data=cause=rain") == ["Leak 3", "Leak 1"]
        of_cause = f"business_type_id={type_id}&data=cause=rain again&sort=-data.amount"
        assert await titles(eve, of_cause) == ["Leak 0", "Leak 2", "Leak 4"]
        await eventually(lambda: _indexed(crm))
    # Orders with another form than the field's, or none, come last.
    other = await boss.post("/objects", {**form, "name": "New form"})
    etag = {"If-Match": "*"}
    changed = {**wanted, "object_id": other["object_id"]}
    await boss.put(f"/business-types/{type_id}", changed, headers=etag)
    await eventually(lambda: _indexed(crm))
    assert await titles(eve, by_amount) == [f"Leak {n}" for n in (0, 1, 2, 3, 4)]
    await boss.put(f"/business-types/{type_id}", wanted, headers=etag)
    assert await titles(eve, "sort=-number") == [f"Leak {n}" for n in (4, 3, 2, 1, 0)]
    assert await titles(eve, "text=leak 3") == ["Leak 3"]
    assert await titles(eve, "mine=true") == []
    mine = await titles(ann, "mine=true&sort=created_at")
    assert mine == [o["title"] for o in [*orders, hidden] if o["assignee_id"] == ann.user_id]
    assert len(await titles(lea, "my_teams=true&open=true&step=new")) == 6
    by_secret = f"business_type_id={type_id}&data=secret=s3cr3t"
    assert await titles(boss, by_secret) == ["Boss's"]
    refused(await lea("GET", f"/work-orders?{by_secret}"), 422, "field_unknown")
    sorted_by = f"business_type_id={type_id}&sort=data.secret"
    refused(await lea("GET", f"/work-orders?{sorted_by}"), 422, "sort_unknown")
    shown = await lea("GET", f"/work-orders/{hidden['work_order_id']}")
    past = await lea("GET", f"/work-orders/{hidden['work_order_id']}/history")
    assert "s3cr3t" not in shown.text + past.text
    # Who is in no team of the order, and has no part in it, does not know of it.
    refused(
        await eve("GET", f"/work-orders/{hidden['work_order_id']}"), 404, "work_order_not_found"
    )
    path = f"/work-orders/{hidden['work_order_id']}"
    hidden = await boss.put(f"{path}/participants", {"user_ids": [eve.user_id]})
    await eve.get(path)
    assert "participates" in await _told(eve)
    refused(
        await eve("POST", f"{path}/assign", json={"assignee_id": eve.user_id}),
        403,
        "order_not_yours",
    )
    # The design says who finishes, and what must be filled first.
    order = ok(await _do(lea, hidden, "begin"))
    order = await lea.post(f"{path}/assign", {"assignee_id": bob.user_id})
    refused(await _do(ann, order, "finish"), 403, "action_not_yours")
    missing = refused(await _do(bob, order, "finish"), 422, "fields_missing")
    assert missing["fields"] == ["cause"]
    order = ok(await _do(bob, order, "finish", data={"cause": "frost"}))
    assert order["data"] == {"cause": "frost"}
    both = {"assignee_id": eve.user_id, "team_id": house.team_id}
    given = await _make(boss, house, title="To eve", **both)
    assert (given["assignee_id"], given["team_id"]) == (eve.user_id, house.team_id)
    made = await _make(ann, house, title="Ann's")
    assert (made["assignee_id"], made["team_id"]) == (None, house.team_id)
    # Many at once, each by itself.
    ids = [each["work_order_id"] for each in orders] + [order["work_order_id"], str(uuid4())]
    result = await lea.post(
        "/work-order-bulk",
        {"work_order_ids": ids, "act": "assign", "assign": {"assignee_id": bob.user_id}},
    )
    assert (result["done"], result["failed"]) == (5, 2)
    assert [row["code"] for row in result["rows"][5:]] == ["order_ended", "work_order_not_found"]
    assert len(await titles(bob, "mine=true&open=true")) == 5
    # A new version of the design leaves open orders on theirs until they are moved.
    etag = {"If-Match": f'"{design["version"]}"'}
    renamed = {**_REPAIR, "steps": [*_REPAIR["steps"][:1], {"key": "doing", "name_en": "Doing"},
               _REPAIR["steps"][2]]}  # fmt: skip
    changed = {"name_en": "Repair", "design": renamed}
    flaws = refused(
        await boss("PUT", f"/work-order-designs/{design['design_id']}", json=changed, headers=etag),
        422,
        "design_invalid",
    )["flaws"]
    assert {each["where"] for each in flaws} == {"transitions.0.to", "transitions.1.sources.0"}
    there: tuple[dict[str, Any], ...] = ({"to": "doing"}, {"sources": ["doing"]})
    renamed["transitions"] = [
        {**way, **new} for way, new in zip(_REPAIR["transitions"], there, strict=True)
    ]
    new = await boss.put(f"/work-order-designs/{design['design_id']}", changed, headers=etag)
    assert (new["design_version"], new["open_orders"]) == (2, 5)
    first = await bob.get(f"/work-orders/{ids[0]}")
    order = ok(await _do(bob, first, "begin"))
    assert (order["step"], order["design_version"]) == ("work", 1)
    move = {"design_version": 2}
    refused(await boss("POST", f"/work-orders/{ids[0]}/design", json=move), 422, "step_unknown")
    order = await boss.post(f"/work-orders/{ids[0]}/design", {**move, "step": "doing"})
    assert (order["step"], order["design_version"]) == ("doing", 2)
    assert [each["action"] for each in order["actions"]] == ["finish"]
    refused(
        await boss("DELETE", f"/work-order-designs/{design['design_id']}"), 409, "design_in_use"
    )
    refused(await boss("DELETE", f"/business-types/{type_id}"), 409, "type_in_use")
    other = await crm.open_tenant("other")
    refused(await other("GET", path), 404, "work_order_not_found")
    refused(await other("GET", f"/business-types/{type_id}"), 404, "business_type_not_found")
    assert (await other.get("/work-orders"))["items"] == []


async def test_what_postgres_did_not_commit_did_not_happen(crm: Crm) -> None:
    house = await _house(crm)
    order = await _make(house.ann, house)
    async with cut_proxy(crm.database.port) as proxy:
        dsn = replace(crm.database, port=proxy.port).dsn("ringway_crm_api")
        async with Pool.open(dsn, application_name="cut") as pool:
            broken = create_app(replace(crm.deps, pool=pool))
            transport = httpx.ASGITransport(broken, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://crm") as http:
                ann = replace(house.ann, http=http)
                await ann.get("/me")
                proxy.cut_at(b"INSERT INTO crm.outbox")
                response = await _do(ann, order, "accept")
                refused(response, 503, "database_unavailable")
                assert "Retry-After" in response.headers
                proxy.mend()
    path = f"/work-orders/{order['work_order_id']}"
    present = await house.ann.get(path)
    assert present == {**order, "actions": present["actions"]}
    entries = (await house.ann.get(f"{path}/history"))["items"]
    assert [each["action"] for each in entries] == ["created"]
    ok(await _do(house.ann, order, "accept"))
