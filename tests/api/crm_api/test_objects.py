"""Objects of an enterprise's own: definitions, records, history, files, lists, pop, look-ups."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from tests.support.crm import Crm, Signed, ok, refused, rows_of
from tests.support.postgres import connect
from tests.support.waiting import eventually

from ringway.crm_api.access import Role
from ringway.crm_api.objects import key_columns, retention
from ringway.crm_api.objects.answering import Lookups
from ringway.proto.crm_objects import LookUpRecordV1, RecordFoundV1
from ringway.runtime.errors import Refused

pytestmark = pytest.mark.api

_LEVELS = [{"key": key, "name_en": key.title()} for key in ("gold", "silver", "basic")]


def _cards(**changed: Any) -> dict[str, Any]:
    fields = [
        {"key": "card", "type": "text", "name_en": "Card", "required": True, "is_unique": True,
         "pattern": "[0-9]{4,8}"},
        {"key": "level", "type": "enum", "name_en": "Level", "options": _LEVELS, "is_indexed": True,
         "default": "basic"},
        {"key": "limit", "type": "money", "name_en": "Limit", "currency": "CNY", "min": 0,
         "is_indexed": True},
        {"key": "double", "type": "formula", "name_en": "D", "result": "money",
         "expression": "limit * 2"},
        {"key": "score", "type": "number", "name_en": "Score", "is_indexed": True,
         "read_roles": ["enterprise_admin"]},
        {"key": "owner", "type": "reference", "name_en": "Owner", "reference": "customer"},
        {"key": "papers", "type": "attachment", "name_en": "Papers"},
    ]  # fmt: skip
    return {"kind": "base", "name": "VIP cards", "fields": fields, **changed}


async def _build(crm: Crm) -> None:
    """Do what the worker does until no index is being built."""

    async def done() -> bool:
        await key_columns.build_some(crm.deps.pool)
        query = "SELECT FROM crm.data_object_key WHERE state = 'building'"
        return not await rows_of(crm, query)

    await eventually(done)


async def test_object_is_designed_changed_and_archived(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    made = await boss.post("/objects", _cards())
    path = f"/objects/{made['object_id']}"
    assert made["version"] == 1
    assert {each["state"] for each in made["indexes"]} == {"building"}
    # What somebody does not see is not there, and nobody but administrators sees rights.
    seen = await ann.get(path)
    assert [each["key"] for each in seen["fields"]] == [
        *("card", "level", "limit", "double", "owner", "papers")
    ]
    assert seen["rights"] is None
    assert "score" not in str(seen)
    refused(await ann("POST", "/objects", json=_cards()), 403, "permission_missing")
    # A definition is checked as a whole, and says what is wrong.
    bad = _cards(name="x")
    bad["fields"][0] |= {"pattern": "(a+"}
    refused(await boss("POST", "/objects", json=bad), 422, "validation_failed")
    bad = _cards(name="x")
    bad["fields"][3] |= {"expression": "limit + nothing"}
    bad["fields"][4] |= {"read_roles": ["nobody"]}
    problem = refused(await boss("POST", "/objects", json=bad), 422, "object_invalid")
    assert [each["field"] for each in problem["fields"]] == ["double", "score"]
    refused(await boss("POST", "/objects", json=_cards()), 409, "object_name_taken")
    # Two people change it.
    etag = {"If-Match": '"1"'}
    first = await boss.put(path, _cards(alias="贵宾卡"), headers=etag)
    assert (first["version"], first["alias"]) == (2, "贵宾卡")
    late = await boss("PUT", path, json=_cards(), headers=etag)
    assert refused(late, 412, "object_changed")["current"]["version"] == 2
    # With records, a key keeps its type and its options; without one, it is free.
    record = await boss.post(f"{path}/records", {"values": {"card": "1234", "level": "gold"}})
    retyped = _cards()
    retyped["fields"][2] = {"key": "limit", "type": "text", "name_en": "Limit"}
    retyped["fields"][1] |= {"options": _LEVELS[:2], "default": None}
    retyped["fields"].pop(3)
    any_version = {"If-Match": "*"}
    answer = await boss("PUT", path, json=retyped, headers=any_version)
    problem = refused(answer, 422, "object_does_not_fit")
    assert {e["code"] for e in problem["fields"]} == {"field_retyped", "option_removed"}
    without = _cards()
    without["fields"] = without["fields"][:1]
    await boss.put(path, without, headers=any_version)
    shown = await boss.get(f"{path}/records/{record['record_id']}")
    assert shown["values"] == {"card": "1234"}
    await boss.put(path, _cards(), headers=any_version)  # the values come back with the fields
    shown = await boss.get(f"{path}/records/{record['record_id']}")
    assert shown["values"] == {"card": "1234", "level": "gold"}
    versions = (await boss.get(f"{path}/versions?limit=2"))["items"]
    assert [each["version"] for each in versions] == [4, 3]
    old = await boss.get(f"{path}/versions/3")
    assert len(old["definition"]["fields"]) == 1
    refused(await ann("GET", f"{path}/versions"), 403, "permission_missing")
    # Archived, it can be read.
    assert (await boss.post(f"{path}/archive"))["archived_at"] is not None
    new = {"values": {"card": "999999"}}
    refused(await boss("POST", f"{path}/records", json=new), 409, "object_archived")
    assert (await ann.get("/objects?is_archived=true"))["items"][0]["fields"] == 6
    assert (await boss.post(f"{path}/restore"))["archived_at"] is None
    # Customers have one object.
    own = {"kind": "customer", "name": "Customers", "fields": []}
    await boss.post("/objects", own)
    refused(
        await boss("POST", "/objects", json={**own, "name": "y"}), 409, "customer_object_exists"
    )
    actions = [each["action"] for each in (await boss.get("/audit-log"))["items"]]
    assert {"object.created", "object.changed", "object.archived"} <= set(actions)


async def test_the_first_record_is_of_the_type_that_its_field_has(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    field = {"key": "limit", "name_en": "Limit", "type": "text"}
    design = {"kind": "base", "name": "Limits", "fields": [field]}
    path = f"/objects/{(await boss.post('/objects', design))['object_id']}"
    # The record is written and its transaction waits; then the field gets another type.
    owner = crm.behind.owner
    transaction = owner.transaction()
    await transaction.start()
    await owner.execute("LOCK TABLE crm.outbox IN ACCESS EXCLUSIVE MODE")
    watcher = await connect(crm.database, "ringway_crm_api")
    waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    waiting += " AND usename = current_user AND datname = current_database()"

    async def are_waiting(count: int) -> bool:
        return len(await watcher.fetch(waiting)) == count

    new = {"values": {"limit": "much"}}
    making = asyncio.create_task(boss("POST", f"{path}/records", json=new))
    await eventually(lambda: are_waiting(1))
    retyped = {**design, "fields": [{**field, "type": "number"}]}
    changing = asyncio.create_task(boss("PUT", path, json=retyped, headers={"If-Match": "*"}))
    await eventually(lambda: are_waiting(2))
    await transaction.rollback()
    await watcher.close()
    assert ok(await making)["values"] == {"limit": "much"}
    refused(await changing, 422, "object_does_not_fit")


async def test_records_are_written_within_rights_and_remembered(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    rights = {"delete": ["enterprise_admin"]}
    made = await boss.post("/objects", _cards(rights=rights))
    path = f"/objects/{made['object_id']}/records"
    customer = await boss.post("/customers", {"phone_e164": "+40215550100", "name": "c"})
    new = {"card": "10000001", "limit": 500, "owner": customer["customer_id"]}
    record = await ann.post(path, {"values": new})
    assert record["values"] == {**new, "level": "basic", "double": 1000}
    one = f"{path}/{record['record_id']}"
    # Hidden, unknown, computed and wrong values.
    wrong = {"card": "x", "score": 1, "nothing": 1, "double": 3, "owner": str(uuid4())}
    problem = refused(await ann("POST", path, json={"values": wrong}), 422, "values_invalid")
    assert {each["field"]: each["code"] for each in problem["fields"]} == {
        "card": "pattern_mismatch",
        "score": "field_unknown",
        "nothing": "field_unknown",
        "double": "field_read_only",
    }
    for bad, code in (
        ({"card": "10000001"}, "value_taken"),
        ({"card": "10000002", "owner": str(uuid4())}, "reference_unknown"),
    ):
        problem = refused(await ann("POST", path, json={"values": bad}), 422, "values_invalid")
        assert [each["code"] for each in problem["fields"]] == [code]
    # What was read can be sent back; a field that one does not see stays.
    etag = {"If-Match": '"1"'}
    await boss("PATCH", one, json={"values": {"score": 7}}, headers=etag)
    body = {"values": {**record["values"], "limit": 900}}
    late = refused(await ann("PUT", one, json=body, headers=etag), 412, "record_changed")
    assert late["current"]["version"] == 2
    assert "score" not in late["current"]["values"]
    changed = await ann.put(one, body, headers={"If-Match": '"2"'})
    assert (changed["values"]["double"], changed["version"]) == (1800, 3)
    again = await ann.put(one, {"values": changed["values"]}, headers={"If-Match": '"3"'})
    assert again["version"] == 3  # a repeated Save changes nothing
    assert (await boss.get(one))["values"]["score"] == 7
    refused(await ann("PUT", one, json=body), 428, "if_match_required")
    # History: who, when, old and new, and nothing that is hidden.
    history = (await ann.get(f"{one}/changes"))["items"]
    assert [(e["version"], e["act"], e["changed_by_name"]) for e in history] == [
        (3, "changed", "ann"),
        (2, "changed", "boss"),
        (1, "created", "ann"),
    ]
    assert {c["key"]: (c["old"], c["new"]) for c in history[0]["changes"]} == {
        "limit": (500, 900),
        "double": (1000, 1800),
    }
    assert history[1]["changes"] == []
    assert (await boss.get(f"{one}/changes?limit=1&cursor=WyIzIl0"))["items"][0]["changes"] == [
        {"key": "score", "old": None, "new": 7}
    ]
    await _files(ann, one)
    # Many at once: a bad row does not stop the others.
    rows = [{"values": {"card": f"2000000{n}", "limit": n}} for n in range(3)]
    rows.insert(1, {"values": {"card": "20000000"}})
    many = await ann.post(f"{path}/bulk", {"records": rows})
    assert (many["made"], many["refused"]) == (3, 1)
    assert many["rows"][1]["errors"][0]["code"] == "value_taken"
    # The object's own rights.
    refused(await ann("DELETE", one), 403, "record_right_missing")
    assert (await boss("DELETE", one)).status_code == 204
    refused(await boss("GET", one), 404, "record_not_found")
    assert not await rows_of(crm, "SELECT FROM crm.record_file")
    acts = await rows_of(
        crm, "SELECT payload FROM crm.outbox WHERE type = 'crm.v1.record.changed' ORDER BY id"
    )
    assert b"20000000" not in b"".join(row["payload"] for row in acts)
    assert b'"deleted"' in acts[-1]["payload"]
    # Saved once, it stays.
    ledger = {"kind": "ledger", "name": "Hand-over", "save": "once", "fields": [
        {"key": "note", "type": "text", "name_en": "Note"}]}  # fmt: skip
    book = f"/objects/{(await boss.post('/objects', ledger))['object_id']}/records"
    line = await ann.post(book, {"values": {"note": "all quiet"}})
    patch = {"json": {"values": {"note": "x"}}, "headers": {"If-Match": "*"}}
    refused(await ann("PATCH", f"{book}/{line['record_id']}", **patch), 409, "record_saved_once")
    other = await crm.open_tenant("globex")
    refused(await other("GET", one), 404, "object_not_found")


async def _files(ann: Signed, one: str) -> None:
    """Put files into an attachment field and take one out."""
    form = {"data": {"key": "papers"}}
    page = {"file": ("a.png", b"<html><script>alert(1)</script>", "image/png")}
    refused(await ann("POST", f"{one}/files", files=page, **form), 415, "file_unknown")
    paper = {"file": ("合同.txt", "text 合同".encode(), "text/html")}
    kept = ok(await ann("POST", f"{one}/files", files=paper, **form))
    gone = ok(await ann("POST", f"{one}/files", files=paper, **form))
    assert kept["content_type"] == "text/plain"
    answer = await ann("GET", f"{one}/files/{kept['file_id']}")
    assert answer.content == "text 合同".encode()
    assert answer.headers["content-disposition"].startswith("attachment;")
    patch = {"values": {"papers": [kept["file_id"]]}}
    ok(await ann("PATCH", one, json=patch, headers={"If-Match": "*"}))
    assert [e["file_id"] for e in (await ann.get(f"{one}/files"))["items"]] == [kept["file_id"]]
    refused(await ann("GET", f"{one}/files/{gone['file_id']}"), 404, "file_not_found")
    patch = {"values": {"papers": [str(uuid4())]}}
    answer = await ann("PATCH", one, json=patch, headers={"If-Match": "*"})
    refused(answer, 422, "values_invalid")


async def test_records_are_filtered_sorted_and_paged(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    made = await boss.post("/objects", _cards())
    path = f"/objects/{made['object_id']}/records"
    limits = [None, 500, 100, 500, 0, None, 300]
    rows: list[Any] = [
        {"values": {"card": f"3000{n}", "level": "gold" if n % 2 else "silver", "limit": limit}}
        for n, limit in enumerate(limits)
    ]
    await boss.post(f"{path}/bulk", {"records": rows})

    async def cards(query: str, who: Signed = ann) -> list[str]:
        return [each["values"]["card"][-1] for each in (await who.get(f"{path}?{query}"))["items"]]

    async def walk() -> None:
        # Empty values come first, equal ones in the order in which they were made.
        assert await cards("sort=limit") == ["0", "5", "4", "2", "6", "1", "3"]
        assert await cards("sort=-limit&filter=level:eq:gold") == ["3", "1", "5"]
        assert await cards("filter=limit:gte:300&sort=card") == ["1", "3", "6"]
        assert await cards("filter=limit:lt:300&sort=card") == ["2", "4"]
        assert await cards("filter=limit:empty:true&sort=card") == ["0", "5"]
        assert await cards("filter=card:in:30001,30002&sort=-card") == ["2", "1"]
        assert await cards("filter=card:contains:0004") == ["4"]
        assert await cards("filter=level:ne:gold&filter=limit:empty:false") == ["6", "4", "2"]
        found, cursor = [], ""
        while cursor is not None:
            query = f"sort=-limit&limit=2&fields=card{cursor and '&cursor=' + cursor}"
            page = await ann.get(f"{path}?{query}")
            found += [each["values"] for each in page["items"]]
            cursor = page["next_cursor"]
        assert [each["card"][-1] for each in found] == ["3", "1", "6", "2", "4", "5", "0"]
        assert all(set(each) == {"card"} for each in found)

    await walk()  # while the indexes are being built
    await _build(crm)
    assert {e["state"] for e in (await boss.get(path[:-8]))["indexes"]} == {"ready"}
    await walk()
    await ann.post(path, {"values": {"card": "30009", "limit": 400}})
    assert await cards("filter=limit:eq:400") == ["9"]
    # What one does not see is asked for in vain, in the same words as what is not there.
    for query in ("sort=score", "filter=score:gt:1", "fields=score", "filter=zzzzz:gt:1"):
        problem = refused(await ann("GET", f"{path}?{query}"), 422, "field_unknown")
        assert problem["detail"].replace("score", "zzzzz") == "There is no field 'zzzzz'."
    assert await cards("filter=score:empty:true&sort=-score&limit=1", boss) == ["9"]
    for query, code in (
        ("filter=owner:eq:x", "field_not_indexed"),
        ("filter=limit:eq:x", "not_a_number"),
        ("filter=limit:like:1", "operator_unknown"),
        ("filter=limit", "filter_invalid"),
        ("sort=double", "field_not_indexed"),
    ):
        refused(await ann("GET", f"{path}?{query}"), 422, code)
    refused(await ann("GET", f"{path}?sort=limit&cursor=WyIxIl0"), 400, "cursor_invalid")
    # A field that becomes unique while two records have one value says so.
    again = _cards()
    again["fields"][1] |= {"is_unique": True, "default": None}
    await boss.put(path[:-8], again, headers={"If-Match": "*"})
    await _build(crm)
    indexes = (await boss.get(path[:-8]))["indexes"]
    assert [e["key"] for e in indexes if e["state"] == "failed"] == ["level"]
    await ann.post(path, {"values": {"card": "30010", "level": "gold"}})


async def test_what_pops_is_bound_and_looked_up(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    forms = [
        await boss.post("/objects", {"kind": "work_order", "name": name, "fields": []})
        for name in ("Fault", "Complaint")
    ]
    fault, complaint = (each["object_id"] for each in forms)
    fields = [
        {"key": "vip", "type": "boolean", "name_en": "VIP", "is_indexed": True},
        {"key": "income", "type": "number", "name_en": "Income", "read_roles": ["staff"]},
        {"key": "notes", "type": "text", "name_en": "Notes", "in_pop": False},
    ]
    own = await boss.post("/objects", {"kind": "customer", "name": "Own", "fields": fields})
    data = {"vip": True, "notes": "long"}
    who = {"phone_e164": "+40215550100", "name": "c", "data": data}
    await boss.post("/customers", who)
    nobody = await ann.get("/pop")
    assert (nobody["forms"], nobody["bound_by"]) == ([], None)
    bind = {"target": "default", "target_id": "", "object_ids": [fault]}
    await boss.post("/object-bindings", bind)
    number = {"target": "number", "target_id": "+4021555", "object_ids": [complaint, fault]}
    bound = await boss.post("/object-bindings", number)
    refused(await boss("POST", "/object-bindings", json=number), 409, "target_bound")
    stranger = {**number, "target": "queue", "object_ids": [str(uuid4())]}
    refused(await boss("POST", "/object-bindings", json=stranger), 422, "objects_unfit")
    pop = await ann.get("/pop?service_number=%2B4021555&queue_id=q&phone_e164=%2B40215550100")
    assert ([e["name"] for e in pop["forms"]], pop["bound_by"]) == (
        ["Complaint", "Fault"],
        "number",
    )
    assert [e["key"] for e in pop["customer_form"]["fields"]] == ["vip", "notes"]
    # Whom the agent may see decides customers/; what of him is in the pop, the definition.
    pop = await boss.get("/pop?phone_e164=%2B40215550100")
    assert [e["values"] for e in pop["customers"]] == [{"vip": True}]
    assert [e["name"] for e in (await ann.get("/pop?queue_id=q"))["forms"]] == ["Fault"]
    one = f"/object-bindings/{bound['binding_id']}"
    queue = {**number, "target": "queue", "target_id": "q"}
    await boss.put(one, queue, headers={"If-Match": '"1"'})
    refused(await boss("PUT", one, json=queue, headers={"If-Match": '"1"'}), 412, "binding_changed")
    assert (await ann.get("/pop?queue_id=q"))["bound_by"] == "queue"
    assert (await boss("DELETE", one)).status_code == 204
    # The rows of customers serve one object after the other.
    await _build(crm)
    held = "SELECT c.n1, o.keys FROM crm.customer c JOIN crm.data_object o USING (tenant_id)"
    held += " WHERE o.kind = 'customer' AND o.archived_at IS NULL"
    ((value, keys),) = await rows_of(crm, held)
    assert (value, keys[12]) == (1.0, "vip")
    path = f"/objects/{own['object_id']}"
    await boss.post(f"{path}/archive")
    assert (await boss.get(path))["indexes"] == []
    other = {"kind": "customer", "name": "Other", "fields": []}
    other = await boss.post("/objects", other)
    refused(await boss("POST", f"{path}/restore"), 409, "customer_object_exists")
    await boss.post(f"/objects/{other['object_id']}/archive")
    assert [e["key"] for e in (await boss.post(f"{path}/restore"))["indexes"]] == ["vip"]
    await _look_up(crm, boss, ann)


async def _look_up(crm: Crm, boss: Signed, ann: Signed) -> None:
    """Look cards up over REST and over the bus; what is found travels with the interaction."""
    body = _cards()
    body["fields"][2]["read_roles"] = ["agent", "enterprise_admin"]
    made = await boss.post("/objects", body)
    path = f"/objects/{made['object_id']}/records"
    for card in ("40000001", "40000002"):
        await boss.post(path, {"values": {"card": card, "limit": 5, "score": 3}})
    interaction, other = str(uuid4()), str(uuid4())
    wanted = {"key": "card", "value": "40000001", "interaction_id": interaction}
    assert (await ann.post(f"{path}/lookup", wanted))["values"]["limit"] == 5
    for key, value, status, code in (
        ("card", "49999999", 404, "record_not_found"),
        ("level", "basic", 409, "record_not_unique"),
        ("score", "3", 422, "field_unknown"),
    ):
        answer = await ann("POST", f"{path}/lookup", json={"key": key, "value": value})
        refused(answer, status, code)
    (attached,) = (await ann.get(f"/pop?interaction_id={interaction}"))["attached"]
    assert attached["values"] == {"card": "40000001", "level": "basic", "limit": 5, "double": 10}
    # Self-service sees what everybody sees, and what names it.
    await Lookups(crm.deps.pool, crm.deps.now).attach(crm.deps.bus)
    tenant = str((await rows_of(crm, "SELECT tenant_id FROM crm.record LIMIT 1"))[0][0])
    asked = {"occurred_at": crm.deps.now(), "tenant": tenant, "object_id": made["object_id"]}
    ask = LookUpRecordV1(**asked, key="card", value="40000002", interaction_id=other)
    found = await crm.deps.bus.request(ask, RecordFoundV1)
    assert found.values == {"card": "40000002", "level": "basic", "double": 10}
    assert (await ann.get(f"/pop?interaction_id={other}"))["attached"][0]["values"]["limit"] == 5
    for key, code in (("limit", "lookup_invalid"), ("nothing", "lookup_invalid")):
        ask = LookUpRecordV1(**asked, key=key, value="5")
        with pytest.raises(Refused) as refusal:
            await crm.deps.bus.request(ask, RecordFoundV1)
        assert refusal.value.code == code
    # It is kept for a while.
    await rows_of(
        crm,
        "UPDATE crm.attached_data SET attached_at = attached_at - interval '10 days' "
        "WHERE interaction_id = $1",
        other,
    )
    pool, before = crm.deps.pool, crm.deps.now() - timedelta(days=9)
    assert [await retention.prune_some(pool, before) for _ in range(2)] == [1, 0]
    left = {each: (await ann.get(f"/pop?interaction_id={each}"))["attached"] for each in
            (interaction, other)}  # fmt: skip
    assert (len(left[interaction]), left[other]) == (1, [])


async def test_an_enterprise_chooses_what_its_agents_see_when_a_call_arrives(crm: Crm) -> None:
    boss, other = await crm.open_tenant("acme"), await crm.open_tenant("other")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    who = {
        "phone_e164": "+40215550100",
        "name": "Wang",
        "title": "女士",
        "sex": "female",
        "address": {"city": "Iași"},
        "tags": ["vip"],
        "data": {"city": "x"},
    }
    await ann.post("/customers", who)
    path, number = "/pop/settings", "/pop?phone_e164=%2B40215550100"
    shipped = await ann.get(path)
    pop = await ann.get(number)
    assert list(pop["customers"][0]["fields"]) == shipped["customer_fields"]
    assert pop["panels"] == shipped["panels"] != []
    fields = {**pop["customers"][0]["fields"]}
    assert (fields["title"], fields["sex"], fields["age"]) == ("女士", "female", None)
    assert fields["address"]["city"] == "Iași"

    wanted = {"customer_fields": ["tags", "title"], "panels": ["script", "history"]}
    refused(await ann("PUT", path, json=wanted), 403, "permission_missing")
    for name, named in (("panels", ["script"] * 2), ("customer_fields", ["data"]), ("panel", [])):
        refused(await boss("PUT", path, json={name: named}), 422, "validation_failed")
    made = await boss("PUT", path, json=wanted, headers={"If-Match": '"0"'})
    assert ok(made) == {**wanted, "version": 1}
    late = await boss("PUT", path, json={}, headers={"If-Match": '"0"'})
    assert refused(late, 412, "pop_settings_changed")["current"] == ok(made)
    pop = await ann.get(number)
    assert [list(each["fields"].items()) for each in pop["customers"]] == [
        [("tags", ["vip"]), ("title", "女士")]
    ]
    assert pop["panels"] == wanted["panels"]
    assert (await other.get(path))["panels"] == shipped["panels"]
    (entry,) = (await boss.get("/audit-log?action=pop_settings.changed"))["items"]
    assert entry["detail"] == wanted
