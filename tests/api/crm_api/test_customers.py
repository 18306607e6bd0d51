"""Customers' records over HTTP: numbers, own fields, lists, the access rule, history."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support.crm import Crm, Signed, ok, refused, rows_of

from ringway.crm_api.access import Role
from ringway.crm_api.projector import Projector
from ringway.proto.acd import (
    AgentState,
    AgentStateChangedV1,
    InteractionConnectedV1,
    LegMode,
)
from ringway.runtime.ids import uuid7

# Whole stories, some hundred requests each.
pytestmark = [pytest.mark.api, pytest.mark.timeout(120)]

_NO_RIGHT = "record_right_missing"
_ANN = {
    "name": "Ann Pop",
    "title": "女士",
    "sex": "female",
    "birth_date": "1990-05-17",
    "numbers": [
        {"phone_e164": "+40215550100", "kind": "home"},
        {"phone_e164": "+40715550101", "kind": "mobile", "is_primary": True},
    ],
    "emails": ["ann@example.org"],
    "address": {"city": "Iași", "country": "RO"},
    "contacts": [{"name": "Bob", "role": "husband", "phone_e164": "+40215550102"}],
    "language": "ro",
    "time_zone": "Europe/Bucharest",
    "data": {"card": "7"},
    "tags": ["vip", "vip", "gold"],
    "grade": "A",
}


async def test_a_record_with_all_that_belongs_to_it(crm: Crm) -> None:
    crm.clock.stop()
    boss = await crm.open_tenant("acme")
    made = await boss("POST", "/customers", json=_ANN)
    ann = ok(made)
    path = f"/customers/{ann['customer_id']}"
    assert (made.headers["location"], made.headers["etag"]) == (f"/api/v1{path}", '"1"')
    assert ann["phone_e164"] == "+40715550101"
    assert [(n["phone_e164"], n["is_primary"]) for n in ann["numbers"]] == [
        ("+40715550101", True),
        ("+40215550100", False),
    ]
    assert (ann["tags"], ann["owner_id"], ann["lead_status"]) == (["vip", "gold"], None, "new")
    assert ann["age"] == crm.clock().year - 1990 - ((crm.clock().month, crm.clock().day) < (5, 17))
    # Every number leads to her, her own before a contact's.
    bob = await boss.post("/customers", {"name": "Bob", "phone_e164": "+40215550102"})
    found = await boss.get("/customers/lookup", params={"phone": "+40215550102"})
    assert [(each["name"], each["by"]) for each in found] == [
        ("Bob", "mobile"),
        ("Ann Pop", "contact"),
    ]
    (hit,) = await boss.get("/customers/lookup", params={"phone": "+40215550100"})
    assert (hit["customer_id"], hit["do_not_call"]) == (ann["customer_id"], [])
    assert await boss.get("/customers/lookup", params={"phone": "+40999999999"}) == []
    # The law's lists are shown.
    dnc = await boss.post("/dnc-lists", {"name": "d"})
    entries = {"entries": [{"phone_e164": "+40215550100"}]}
    ok(await boss("POST", f"/dnc-lists/{dnc['dnc_list_id']}/entries", json=entries))
    assert (await boss.get(path))["do_not_call"] == ["+40215550100"]
    # Whoever knows of one number only does not take the others away.
    old_client = {"name": "Ann", "phone_e164": "+40715550101", "data": {}}
    put = ok(await boss("PUT", path, json=old_client, headers={"If-Match": '"1"'}))
    assert (len(put["numbers"]), put["data"], put["grade"]) == (2, {}, "A")
    assert (put["emails"], put["tags"]) == ([], ["vip", "gold"])
    # A patch changes what it names; what is the same is no change.
    patch = {"data": {"card": "8"}, "phone_e164": "+40215550100", "intent": "interested"}
    changed = ok(await boss("PATCH", path, json=patch, headers={"If-Match": '"2"'}))
    assert (changed["version"], changed["phone_e164"]) == (3, "+40215550100")
    assert ok(await boss("PATCH", path, json=patch))["version"] == 3
    late = await boss("PATCH", path, json={"name": "x"}, headers={"If-Match": '"2"'})
    assert refused(late, 412, "customer_changed")["current"]["version"] == 3
    history = (await boss.get(f"{path}/changes"))["items"]
    assert [each["act"] for each in history] == ["changed", "changed"]
    assert history[0]["changes"]["data.card"] == [None, "8"]
    assert history[0]["changes"]["intent"] == ["unknown", "interested"]
    assert history[1]["changes"]["name"] == ["Ann Pop", "Ann"]
    # What is not one's to write is refused, and so is nonsense.
    bad: list[dict[str, Any]] = [
        {"owner_id": str(uuid7())},
        {"version": 9},
        {"created_at": "2020-01-01T00:00:00Z"},
        {"phone_e164": None},
        {"numbers": []},
        {"birth_date": "1990-02-30"},
        {"time_zone": "Europe/Nowhere"},
        {"numbers": [{"phone_e164": "+40215550100"}, {"phone_e164": "+40215550100"}]},
        {"sex": "x"},
        {"tags": ["x" * 51]},
    ]
    for each in bad:
        refused(await boss("PATCH", path, json=each), 422, "validation_failed")
    refused(await boss("PATCH", path, json={"grade": "Z"}), 422, "grade_unknown")
    refused(await boss("PATCH", path, json={"data": {"n": 7}}), 422, "fields_invalid")
    refused(await boss("POST", "/customers", json={"name": "x"}), 422, "validation_failed")
    assert (await boss("DELETE", path)).status_code == 204
    assert await boss.get("/customers/lookup", params={"phone": "+40715550101"}) == []
    assert (await boss.get("/customers/count"))["customers"] == 1
    assert bob["version"] == 1


async def _hide(
    boss: Signed, leader: Signed, made: dict[str, Any], customer: dict[str, Any]
) -> None:
    """What is hidden, or shown again, is so with the next request, and for nobody else."""
    one, phone = f"/customers/{customer['customer_id']}", {"phone": customer["phone_e164"]}
    city, visits, *others = made["fields"]
    keys = {"city", "visits", "hobby"}
    for version, readers, seen, boss_sees in (
        (1, ["enterprise_admin"], keys - {"visits"}, keys | {"secret"}),
        (2, ["team_leader"], keys, keys - {"visits"} | {"secret"}),
        (3, None, keys, keys | {"secret"}),
    ):
        new = {name: made[name] for name in ("kind", "name", "rights")}
        new["fields"] = [city, {**visits, "read_roles": readers}, *others]
        if_match = {"If-Match": f'"{version}"'}
        ok(await boss("PUT", f"/objects/{made['object_id']}", json=new, headers=if_match))
        assert set((await leader.get(one))["data"]) == seen
        assert set((await boss.get(one))["data"]) == boss_sees
        (popped,) = await leader.get("/customers/lookup", params=phone)
        assert set(popped["data"]) == seen


async def test_lists_are_filtered_sorted_and_paged(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    fields = [
        {"key": "city", "type": "text", "name_en": "City", "is_indexed": True},
        {"key": "visits", "type": "number", "name_en": "Visits"},
        {"key": "hobby", "type": "multi_select", "name_en": "Hobby",
         "options": [{"key": "golf", "name_en": "Golf"}, {"key": "tea", "name_en": "Tea"}]},
        {"key": "secret", "type": "text", "name_en": "Secret", "read_roles": ["enterprise_admin"]},
    ]  # fmt: skip
    rights = {"delete": ["enterprise_admin"]}
    new = {"kind": "customer", "name": "Customers", "fields": fields, "rights": rights}
    made = await boss.post("/objects", new)
    for n, (name, city, visits) in enumerate(
        [("Ann", "Cluj", 3), ("Bob", "Arad", None), ("Cid", None, 12), ("Dan", "Cluj", 7)]
    ):
        data = {"city": city, "visits": visits, "secret": f"s{n}", "hobby": ["golf"] if n else []}
        body = {
            "name": name,
            "phone_e164": f"+4021555010{n}",
            "data": {key: value for key, value in data.items() if value not in (None, [])},
            "birth_date": None if n == 1 else f"19{90 - n}-01-01",
            "tags": ["even"] if n % 2 == 0 else [],
        }
        await boss.post("/customers", body)
    leader = await crm.user(boss, "acme", Role.TEAM_LEADER)

    async def names(who: Signed = boss, **params: Any) -> list[str]:
        found, cursor = [], None
        while True:
            more: dict[str, Any] = {"cursor": cursor} if cursor else {}
            page = ok(await who("GET", "/customers", params={"limit": 1, **params, **more}))
            found += [each["name"] for each in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    everybody = ["Dan", "Cid", "Bob", "Ann"]
    assert await names() == everybody
    assert await names(sort="name") == sorted(everybody)
    assert await names(sort="-name") == everybody
    # Who has nothing there comes last, whichever way.
    assert await names(sort="birth_date") == ["Dan", "Cid", "Ann", "Bob"]
    assert await names(sort="-birth_date") == ["Ann", "Cid", "Dan", "Bob"]
    assert await names(where="data.visits:ge:7") == ["Dan", "Cid"]
    assert await names(where=["data.visits:lt:12", "data.city:in:Cluj|Arad"]) == ["Dan", "Ann"]
    assert await names(data="city=Cluj") == ["Dan", "Ann"]
    assert await names(data=f"city={'x' * 1_900}") == []
    assert await names(data="hobby=golf", tag="even") == ["Cid"]
    assert await names(where="data.visits:empty") == ["Bob"]
    assert await names(where="birth_date:lt:1989-06-01", sort="name") == ["Cid", "Dan"]
    assert await names(where="calls:eq:0", name="a") == ["Dan", "Ann"]
    assert await names(data="secret=s1") == ["Bob"]
    # A hidden field can be neither seen nor asked about.
    hidden = await leader("GET", "/customers", params={"data": "secret=s1"})
    refused(hidden, 422, "field_unknown")
    refused(await leader("GET", "/customers", params={"sort": "data.secret"}), 422, "field_unknown")
    items = (await leader.get("/customers"))["items"]
    assert all("secret" not in each["data"] for each in items)
    await _hide(boss, leader, made, items[0])
    for params, status, code in (
        ({"where": "data.visits:ge:many"}, 422, "condition_invalid"),
        ({"where": "nothing:eq:1"}, 422, "field_unknown"),
        ({"where": "name;drop:eq:1"}, 422, "filter_invalid"),
        ({"where": "created_at:gt:2026-01-01"}, 422, "condition_invalid"),
        ({"sort": "data.visits"}, 422, "sort_unknown"),
        ({"sort": "address"}, 422, "field_unknown"),
        ({"fields": "name,password"}, 422, "field_unknown"),
        ({"sort": "name", "cursor": "WyJ2IiwieCJd"}, 400, "cursor_invalid"),
        ({"sort": "updated_at", "cursor": "WyJ2IiwieCIsIngiXQ"}, 400, "cursor_invalid"),
        ({"segment_id": str(uuid7())}, 404, "segment_not_found"),
    ):
        refused(await boss("GET", "/customers", params=params), status, code)
    # The object's own rights hold for its customers.
    refused(await leader("DELETE", f"/customers/{items[0]['customer_id']}"), 403, _NO_RIGHT)
    part = (await boss.get("/customers?fields=name,data&limit=1"))["items"]
    assert [sorted(each) for each in part] == [["customer_id", "data", "name"]]
    wrong = {"phone_e164": "+40215550109", "data": {"visits": "x"}}
    problem = refused(await boss("POST", "/customers", json=wrong), 422, "fields_invalid")
    assert problem["errors"][0]["field"] == "visits"
    # Segments and the lists that are made of them.
    filtered = {"name": "Clujeni", "filter": {"data": ["city=Cluj"]}}
    segment = await boss.post("/customer-segments", filtered)
    path = f"/customer-segments/{segment['segment_id']}"
    assert (await boss.get(f"{path}/count"))["customers"] == 2
    assert await names(segment_id=segment["segment_id"], where="data.visits:gt:3") == ["Dan"]
    refused(await boss("POST", "/customer-segments", json=filtered), 409, "segment_name_taken")
    numbers = await boss.post("/lists", {"name": "l"})
    query = {"segment_id": segment["segment_id"]}
    made = ok(await boss("POST", f"/lists/{numbers['list_id']}/query", json=query))
    assert made["added"] == 2
    other = {"name": "Clujeni", "filter": {"where": [{"field": "name", "op": "eq", "value": "x"}]}}
    ok(await boss("PUT", path, json=other, headers={"If-Match": '"1"'}))
    refused(
        await boss("PUT", path, json=other, headers={"If-Match": '"1"'}), 412, "segment_changed"
    )
    assert (await boss.get(f"{path}/count"))["customers"] == 0
    assert await boss.get("/customer-tags") == [{"tag": "even", "customers": 2}]
    assert (await boss("DELETE", path)).status_code == 204


async def test_agents_see_and_change_only_their_own_customers(crm: Crm) -> None:
    """By each route, as a stranger; until they talk with the customer."""
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", "1001")
    bob = await crm.user(boss, "acme", Role.AGENT, "bob", "1002")
    hers = await ann.post("/customers", {"name": "Hers", "phone_e164": "+40215550111"})
    assert hers["owner_id"] == ann.user_id
    pooled = await boss.post("/customers", {"name": "Pooled", "phone_e164": "+40215550112"})
    await boss.post(f"/customers/{hers['customer_id']}/follow-ups", {"note": "n"})
    follow_up = await boss.post(f"/customers/{hers['customer_id']}/follow-ups", {"note": "m"})
    talk = uuid7()
    tenant_id = next(
        t["tenant_id"] for t in (await crm.platform.get("/tenants"))["items"] if t["slug"] == "acme"
    )
    await rows_of(
        crm,
        """
        INSERT INTO crm.interaction (tenant_id, interaction_id, direction, caller, called, agent_id,
            agent_number, disposition, agent_disposition, is_live, sources, answered_at)
        VALUES ($1, $2, 'inbound', '+40215550199', '', $3, '1002', 'connected', '', false, '{}',
                now())
        """,
        UUID(tenant_id), talk, UUID(bob.user_id),
    )  # fmt: skip

    async def statuses(who: Signed, customer_id: str) -> set[int]:
        path = f"/customers/{customer_id}"
        asked = [
            ("GET", path, {}),
            ("PUT", path, {"json": {"phone_e164": "+40215550111"}, "headers": {"If-Match": "*"}}),
            ("PATCH", path, {"json": {"name": "x"}}),
            ("GET", f"{path}/history", {}),
            ("GET", f"{path}/changes", {}),
            ("GET", f"{path}/follow-ups", {}),
            ("POST", f"{path}/follow-ups", {"json": {"note": "x"}}),
            ("PUT", f"{path}/interactions/{talk}", {}),
            ("DELETE", f"{path}/interactions/{talk}", {}),
            ("DELETE", path, {}),
        ]
        return {(await who(method, url, **more)).status_code for method, url, more in asked}

    assert await statuses(bob, hers["customer_id"]) == {404}
    assert await statuses(ann, pooled["customer_id"]) == {404}
    one = f"/follow-ups/{follow_up['follow_up_id']}"
    for method, more in (("GET", {}), ("PATCH", {"json": {"note": "x"}}), ("DELETE", {})):
        refused(await bob(method, one, **more), 404, "follow_up_not_found")
    assert (await bob.get("/customers"))["items"] == []
    assert (await bob.get("/customers?pool=public"))["items"] == []
    assert (await bob.get(f"/customers?owner_id={ann.user_id}"))["items"] == []
    assert (await bob.get("/customers/count"))["customers"] == 0
    assert await bob.get("/customers/lookup?phone=%2B40215550111") == []
    assert (await bob.get("/follow-ups"))["items"] == []
    assert await bob.get("/customer-tags") == []
    gave = await bob.post("/customer-pool/return", {"customer_ids": [hers["customer_id"]]})
    assert gave["moved"] == 0
    assert [c["name"] for c in (await ann.get("/customers?pool=mine"))["items"]] == ["Hers"]
    # Bob's phone rings: the pop shows who calls, and from then on he sees him.
    projector, call = Projector(crm.deps.pool, crm.clock), uuid7()
    await rows_of(
        crm,
        """
        INSERT INTO crm.interaction (tenant_id, interaction_id, direction, caller, called,
            agent_number, disposition, agent_disposition, is_live, sources, started_at)
        VALUES ($1, $2, 'inbound', '+40215550112', '+40215550000', '', '', '', true, '{}', now())
        """,
        UUID(tenant_id), call,
    )  # fmt: skip
    await projector.project(
        AgentStateChangedV1(
            occurred_at=crm.clock(),
            tenant=tenant_id,
            agent_id=bob.user_id,
            session_id="s",
            previous=AgentState.READY,
            previous_s=1,
            state=AgentState.RESERVED,
            interaction_id=str(call),
        )
    )
    (pop,) = await bob.get("/customers/lookup?phone=%2B40215550112")
    assert pop["name"] == "Pooled"
    # An outbound talk is the called number's, whatever came first: the talk or the record.
    dialed = uuid7()
    outbound = InteractionConnectedV1(
        occurred_at=crm.clock(), tenant=tenant_id, interaction_id=str(dialed),
        agent_id=bob.user_id, agent_number="1002", connected_at=crm.clock(), wait_s=0,
        leg_mode=LegMode.ON_DEMAND,
    )  # fmt: skip
    await projector.project(outbound)
    mine = (await bob.get("/customers"))["items"]
    assert [each["name"] for each in mine] == ["Pooled"]
    path = f"/customers/{pooled['customer_id']}"
    ok(await bob("PATCH", path, json={"title": "Dr"}))
    ok(await bob("PUT", f"{path}/interactions/{talk}"))
    refused(await bob("PUT", f"{path}/interactions/{uuid7()}"), 404, "interaction_not_found")
    told = (await bob.get(f"{path}/history"))["items"]
    assert {(each["kind"], each["id"]) for each in told} == {
        ("interaction", str(talk)),
        ("interaction", str(call)),
    }
    # The enterprise may forbid agents to create customers.
    granted = (await boss.get("/roles/agent"))["permissions"]
    narrow = {"permissions": [each for each in granted if each != "customers.create"]}
    ok(await boss("PUT", "/roles/agent", json=narrow, headers={"If-Match": "*"}))
    new = {"phone_e164": "+40215550113"}
    refused(await ann("POST", "/customers", json=new), 403, "permission_missing")
    # With customers.all an agent sees everybody.
    wide = {"permissions": [*granted, "customers.all"]}
    ok(await boss("PUT", "/roles/agent", json=wide, headers={"If-Match": "*"}))
    assert len((await ann.get("/customers"))["items"]) == 2


async def test_history_is_paged_and_follow_ups_are_due(crm: Crm) -> None:
    crm.clock.stop()
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", "1001")
    hers = await ann.post("/customers", {"name": "Hers", "phone_e164": "+40215550111"})
    path = f"/customers/{hers['customer_id']}"
    due = (crm.clock() + timedelta(hours=1)).isoformat()
    body = {"note": "offer", "due_at": due, "grade": "B", "intent": "interested"}
    first = await ann.post(f"{path}/follow-ups", {**body, "lead_status": "contacted"})
    customer = await ann.get(path)
    assert (customer["grade"], customer["intent"]) == ("B", "interested")
    assert (customer["lead_status"], customer["follow_up_at"] is None) == ("contacted", False)
    for n in range(5):
        crm.clock.forward(1)
        await ann.post(f"{path}/follow-ups", {"note": f"said {n}"})
    seen, cursor = [], None
    while True:
        more: dict[str, Any] = {"cursor": cursor} if cursor else {}
        page = await ann.get(f"{path}/history", params={"limit": 2, **more})
        seen += [each["what"]["note"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"said {n}" for n in reversed(range(5))] + ["offer"]
    refused(await ann("GET", f"{path}/history?cursor=WyJ4IiwiYSIsImIiXQ"), 400, "cursor_invalid")
    listed = await ann.get(f"{path}/follow-ups?limit=2")
    assert [each["note"] for each in listed["items"]] == ["said 4", "said 3"]
    (todo,) = (await ann.get("/follow-ups"))["items"]
    assert todo["follow_up_id"] == first["follow_up_id"]
    assert (await ann.get("/follow-ups", params={"due_before": crm.clock().isoformat()}))[
        "items"
    ] == []
    due_now = {"follow_up_before": (crm.clock() + timedelta(hours=2)).isoformat()}
    assert len((await ann.get("/customers", params=due_now))["items"]) == 1
    one = f"/follow-ups/{first['follow_up_id']}"
    other = {"user_id": (await boss.get("/me"))["user_id"]}
    refused(await ann("PATCH", one, json=other), 422, "user_unknown")
    done = {"is_done": True, "result": "sold"}
    changed = ok(await ann("PATCH", one, json=done, headers={"If-Match": '"1"'}))
    assert (changed["result"], changed["version"]) == ("sold", 2)
    refused(
        await ann("PATCH", one, json=done, headers={"If-Match": '"1"'}), 412, "follow_up_changed"
    )
    assert (await ann.get(path))["follow_up_at"] is None
    assert (await ann.get("/follow-ups"))["items"] == []
    leads = [
        each["changes"]["lead_status"]
        for each in (await ann.get(f"{path}/changes"))["items"]
        if "lead_status" in each["changes"]
    ]
    assert leads == [["new", "contacted"]]
    assert (await ann("DELETE", one)).status_code == 204
