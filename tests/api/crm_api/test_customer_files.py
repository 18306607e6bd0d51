"""Files of customers: imported, undone, exported; many customers changed at once."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any
from uuid import uuid4
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from openpyxl import load_workbook
from tests.support.crm import USER_PASSWORD, Crm, Signed, ok, refused, rows_of
from tests.support.waiting import eventually

from ringway.crm_api.access import Role
from ringway.crm_api.customer_files.reader import FileReader
from ringway.crm_api.customer_files.reading import Chunk, Order
from ringway.crm_api.customer_files.worker import JobWorker
from ringway.crm_api.deps import Deps
from ringway.runtime.tasks import TaskSet

pytestmark = pytest.mark.api


async def _send(who: Signed, content: bytes, name: str = "c.csv", **options: Any) -> Any:
    return await who(
        "POST",
        "/customers/imports",
        files={"file": (name, content)},
        data={"options": json.dumps(options)},
    )


async def _import(crm: Crm, who: Signed, content: bytes, **options: Any) -> Any:
    """Import to the end; return what is told of it then."""
    begun = ok(await _send(who, content, **options))
    await _work(crm)
    return await who.get(f"/customers/imports/{begun['import_id']}")


async def _work(crm: Crm) -> None:
    worker = JobWorker(crm.deps)
    while await worker.work():
        pass


async def _customers(who: Signed, **params: Any) -> list[dict[str, Any]]:
    found = await who.get("/customers", params={"sort": "created_at", **params})
    return list(found["items"])


async def test_a_file_becomes_customers_and_is_undone(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    content = (
        "姓名,手机,手机2,邮箱,性别,生日,地址,标签,Card\n"
        '王芳,13800138000,13800138001,wang@example.cn,女,1990年1月2日,南京路1号,"vip,新",A-1\n'
        "Bob,abc,,,,,,,\n"
        "\n"
        "=cmd(),13800138002,,,,,,,\n"
        "Again,13800138000,,,,,,,\n"
        "李雷,13800138003,,not-an-address,,,,,\n"
        "韩梅梅,13800138004,,,男人,,,,\n"
        "Ann,13800138005,,,,2020-02-30,,,\n"
        "Ion,+40215550100,,,m,1980/3/4,,,\n"
    ).encode("gb18030")
    done = await _import(crm, boss, content, region="CN", tags=["expo"])
    assert (done["state"], done["encoding"], done["batch_number"]) == (
        "finished",
        "gb18030",
        "B000001",
    )
    counts = {"read": 8, "created": 2, "refused": 5, "duplicates": 1, "updated": 0}
    assert counts.items() <= done["counts"].items()
    first, second = await _customers(boss)
    assert first["numbers"] == [
        {"phone_e164": "+8613800138000", "kind": "", "is_primary": True},
        {"phone_e164": "+8613800138001", "kind": "", "is_primary": False},
    ]
    assert (first["name"], first["sex"], first["birth_date"]) == ("王芳", "female", "1990-01-02")
    assert (first["emails"], first["address"]["street"]) == (["wang@example.cn"], "南京路1号")
    assert (set(first["tags"]), first["data"]) == ({"vip", "新", "expo"}, {"Card": "A-1"})
    assert (second["name"], second["sex"], second["owner_id"]) == ("Ion", "male", None)
    errors = (await boss.get(f"/customers/imports/{done['import_id']}/errors"))["items"]
    assert [(e["line"], e["column"], e["code"]) for e in errors] == [
        (3, "手机", "phone_not_a_number"),
        (5, "姓名", "formula"),
        (6, "", "duplicate_in_file"),
        (7, "邮箱", "email_invalid"),
        (8, "性别", "sex_unknown"),
        (9, "生日", "date_invalid"),
    ]
    response = await boss("GET", f"{done['errors_url'].removeprefix('/api/v1')}?language=zh")
    text = response.content.decode("utf-8-sig")
    assert "'=cmd()" in text
    assert "不是电话号码" in text

    assert [c["name"] for c in await _customers(boss, tag="vip")] == ["王芳"]

    # A second file meets customers who exist: each rule.
    again = b"name,phone,email,Card\nWang,+8613800138001,new@example.cn,B-2\n"
    dry = await _import(crm, boss, again, rule="overwrite", is_dry_run=True)
    assert (dry["counts"]["updated"], dry["preview"][0]["outcome"]) == (1, "updated")
    skipped = await _import(crm, boss, again)
    assert (skipped["counts"]["skipped"], skipped["counts"]["created"]) == (1, 0)
    over = await _import(crm, boss, again, rule="overwrite")
    assert over["counts"]["updated"] == 1
    (changed,) = await _customers(boss, phone_e164="+8613800138000")
    assert (changed["name"], changed["emails"], changed["data"]) == (
        "Wang",
        ["new@example.cn", "wang@example.cn"],
        {"Card": "B-2"},
    )
    by_mail = b"name,phone,email\nOther,+40215550109,NEW@example.cn\n"
    found = await _import(crm, boss, by_mail, rule="update_empty", match_by="email")
    assert found["counts"]["updated"] == 1
    (changed,) = await _customers(boss, phone_e164="+40215550109")
    assert changed["customer_id"] == first["customer_id"]
    twice = await _import(crm, boss, again, rule="create")
    assert twice["counts"]["created"] == 1
    torn = await _import(crm, boss, again, rule="overwrite")
    assert torn["counts"]["refused"] == 1  # two customers have the number now

    # Undone in the order of the batches: what was changed since stays.
    undone = await _undo(crm, boss, over)
    assert undone["counts"]["left_changed"] == 1
    assert (await _undo(crm, boss, found))["counts"]["restored"] == 1
    assert (await _undo(crm, boss, twice))["counts"]["removed"] == 1
    await rows_of(
        crm,
        """
        INSERT INTO crm.follow_up (tenant_id, follow_up_id, customer_id, user_id, note, created_at,
                                   updated_at)
        SELECT tenant_id, uuidv7(), customer_id, uuidv7(), 'called', now(), now()
          FROM crm.customer WHERE customer_id = $1
        """,
        second["customer_id"],
    )
    last = await _undo(crm, boss, done)
    left = {name: last["counts"].get(name) for name in ("removed", "left_changed", "left_in_use")}
    assert left == {"removed": None, "left_changed": 1, "left_in_use": 1}
    refused(
        await boss("POST", f"/customers/imports/{dry['import_id']}/undo"), 409, "import_dry_run"
    )
    intact = (await boss.get("/audit-log/check"))["intact"]
    assert intact


async def _undo(crm: Crm, who: Signed, done: dict[str, Any]) -> Any:
    await who.post(f"/customers/imports/{done['import_id']}/undo")
    await _work(crm)
    undone = await who.get(f"/customers/imports/{done['import_id']}")
    assert undone["state"] == "undone"
    return undone


async def test_own_fields_in_files_and_acts_on_many(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", "1001")
    await _define(boss)
    header = "name,phone,Card,secret,Spent,Since,VIP,Level\n"
    rows = (
        "".join(
            f"=n{n},+4021555{n:04},C-{n},s{n},12.5{n % 10},2026/1/{n % 28 + 1},yes,Gold\n".replace(
                "=n1,", "=HYPERLINK(1),"
            )
            for n in range(1, 31)
        ).replace("=n", "n")
        + "Zoe,+40215559999,C-99,,,,,\n"
    )
    done = await _import(crm, boss, (header + rows).encode())
    assert (done["counts"]["created"], done["counts"]["refused"]) == (29, 2)
    assert done["columns"]["Card"] == "data.card"
    customer = (await _customers(boss))[0]
    assert customer["data"] == {
        "card": "C-2",
        "secret": "s2",
        "spent": 1252,
        "since": "2026-01-03",
        "vip": True,
        "level": "gold",
    }
    (_, error) = (await boss.get(f"/customers/imports/{done['import_id']}/errors"))["items"]
    assert error["code"] == "required_missing"

    # Many at once: a count first, then exactly those.
    cards = {"field": "data.card", "op": "in", "values": ["C-2", "C-3"]}
    body = {
        "filter": {"batch_number": done["batch_number"], "where": [cards]},
        "act": {"kind": "assign", "owner_id": ann.user_id},
    }
    proposed = await boss.post("/customers/bulk-acts", body)
    assert (proposed["state"], proposed["counts"]) == ("proposed", {"meant": 2})
    act = f"/customers/bulk-acts/{proposed['bulk_act_id']}"
    refused(await boss("POST", f"{act}/confirm", json={"token": "0" * 64}), 409, "token_wrong")
    await boss.post(f"{act}/confirm", {"token": proposed["token"]})
    await _work(crm)
    assert (await boss.get(act))["counts"] == {"meant": 2, "done": 2, "unchanged": 0}
    for wanted, more in (
        ({"kind": "tag", "add": ["x"], "remove": ["y"]}, {}),
        ({"kind": "change", "change": {"grade": "B", "data": {"level": "silver"}}}, {}),
        ({"kind": "delete"}, {"where": [{"field": "data.card", "op": "eq", "value": "C-30"}]}),
    ):
        meant = {"batch_number": done["batch_number"], **more}
        proposed = await boss.post("/customers/bulk-acts", {"filter": meant, "act": wanted})
        path = f"/customers/bulk-acts/{proposed['bulk_act_id']}"
        await boss.post(f"{path}/confirm", {"token": proposed["token"]})
        await _work(crm)
        told = await boss.get(path)
        assert (told["state"], told["counts"]["done"]) == ("finished", told["counts"]["meant"])
    late = await boss.post("/customers/bulk-acts", {"filter": {}, "act": {"kind": "delete"}})
    await boss("DELETE", f"/customers/{customer['customer_id']}")
    path = f"/customers/bulk-acts/{late['bulk_act_id']}/confirm"
    refused(await boss("POST", path, json={"token": late["token"]}), 409, "count_changed")


async def test_exports_obey_the_access_rule(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", "1001")
    await _define(boss)
    for n in (1, 2):
        phone = f"+4021555000{n}"
        data = {"card": f"C-{n}", "secret": f"s{n}", "spent": 1250 + n, "level": "silver"}
        await boss.post(
            "/customers",
            {
                "name": "=cmd()" if n == 1 else "Bob",
                "phone_e164": phone,
                "data": data,
                "tags": ["x"],
            },
        )
    raw = (await boss("POST", "/customers/exports", json={})).content.decode("utf-8-sig")
    header, first, second = csv.reader(io.StringIO(raw))
    told = dict(zip(header, first, strict=True))
    wanted = {"name": "'=cmd()", "phone": "'+40215550001", "Spent": "12.51", "Level": "Silver"}
    assert wanted.items() <= told.items()
    assert second[header.index("name")] == "Bob"
    choice = {"columns": ["name", "data.card"], "filter": {"name": "bob"}, "format": "xlsx"}
    book = (await boss("POST", "/customers/exports", json=choice)).content
    sheet = load_workbook(io.BytesIO(book)).worksheets[0]
    cells = [[cell.value for cell in row] for row in sheet.rows]
    assert cells == [["name", "Card number"], ["Bob", "C-2"]]

    # It goes in again: who was not defused is as he was.
    again = await _import(crm, boss, raw.encode(), rule="overwrite")
    assert (again["counts"]["unchanged"], again["counts"]["updated"]) == (1, 1)
    keys = ["customers.read", "customers.export", "customers.import"]
    role = await boss.post("/roles", {"name": "exporter", "template": "staff", "permissions": keys})
    new = {"username": "cle", "password": USER_PASSWORD, "role": "staff"}
    new["own_role_id"] = role["role_id"]
    await boss.post("/users", new)
    cle = await crm.sign_in("cle@acme")
    text = (await cle("POST", "/customers/exports", json={})).content.decode("utf-8-sig")
    assert len(text.splitlines()) == 1  # he owns nobody
    assert "Secret" not in text
    hidden = {"columns": ["data.secret"]}
    refused(await cle("POST", "/customers/exports", json=hidden), 422, "column_unknown")
    mine = b"name,phone,Level\nx,+40215550001,gold\ny,+40215550003,gold\n"
    done = await _import(crm, cle, mine, rule="overwrite")
    assert (done["counts"]["refused"], done["counts"]["created"]) == (1, 1)
    (his,) = await _customers(cle)
    assert his["name"] == "y"
    refused(await ann("POST", "/customers/exports", json={}), 403, "permission_missing")
    log = (await boss.get("/audit-log", params={"action": "customers.exported"}))["items"]
    assert log[-1]["detail"]["customers"] == 2


async def _define(boss: Signed) -> None:
    options = [{"key": "gold", "name_en": "Gold"}, {"key": "silver", "name_en": "Silver"}]
    level = {"key": "level", "type": "enum", "name_en": "Level", "required": True}
    fields: list[dict[str, Any]] = [
        {"key": "card", "type": "text", "name_en": "Card number", "name_zh": "Card"},
        {"key": "secret", "type": "text", "name_en": "Secret", "read_roles": ["enterprise_admin"]},
        {"key": "spent", "type": "money", "currency": "EUR", "name_en": "Spent"},
        {"key": "since", "type": "date", "name_en": "Since"},
        {"key": "vip", "type": "boolean", "name_en": "VIP"},
        {**level, "options": options},
    ]
    await boss.post("/objects", {"kind": "customer", "name": "Customers", "fields": fields})


async def test_files_that_are_none_leave_no_trace(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    bomb = io.BytesIO()
    with ZipFile(bomb, "w", ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 60_000_000)
    for content, code in (
        (b"name,phone\n", "file_without_rows"),
        (bomb.getvalue(), "file_too_large"),
    ):
        refused(await _send(boss, content), 422, code)
    good = b"name,phone\nAnn,+40215550100\n"
    refused(await _send(boss, good, mapping={"phone": "nonsense"}), 422, "mapping_target_unknown")
    refused(await _send(boss, good, owner_id=str(uuid4())), 422, "owner_unknown")
    refused(await _send(boss, good, rule="destroy"), 422, "options_invalid")
    assert (await boss.get("/customers/imports"))["items"] == []


async def test_an_import_survives_its_worker(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    # A hundred columns are fine, and so is a worker that dies between two chunks.
    names = ["phone", *(f"c{n}" for n in range(99))]
    rows = [f"+4021555{n:04}," + ",".join(f"v{n}" for _ in range(99)) for n in range(60)]
    content = "\n".join([",".join(names), *rows, "bad", ""]).encode()
    chunky = _in_chunks_of(crm.deps, 7)
    begun = ok(await _send(boss, content))
    path = f"/customers/imports/{begun['import_id']}"

    async def is_half_done() -> bool:
        told = await boss.get(path)
        return bool(told["counts"].get("created") == 14)

    async with TaskSet("dying") as tasks:
        dying = replace(chunky, file_reader=_StopsAfterTwo())
        tasks.spawn(JobWorker(dying).work(), name="worker")
        await eventually(is_half_done)
    half = await boss.get(path)
    assert half["state"] == "running"
    await JobWorker(chunky).work()
    whole = await boss.get(path)
    assert (whole["state"], whole["counts"]["created"], whole["counts"]["refused"]) == (
        "finished",
        60,
        1,
    )
    (count,) = await rows_of(crm, "SELECT count(*) AS n FROM crm.customer")
    assert count["n"] == 60
    (files,) = await rows_of(crm, "SELECT count(*) AS n FROM crm.customer_file")
    assert files["n"] == 0

    # Cancelled before it began: nothing; another tenant sees nothing of it.
    other = await crm.open_tenant("other")
    refused(await other("GET", path), 404, "import_not_found")
    begun = ok(await _send(boss, content.replace(b"+4021555", b"+4021556")))
    path = f"/customers/imports/{begun['import_id']}"
    assert (await boss.post(f"{path}/cancel"))["state"] == "cancelled"
    assert await JobWorker(crm.deps).work() is False
    assert (await boss.get(path))["counts"] == {}


class _StopsAfterTwo(FileReader):
    """Gives two chunks and then nothing, for ever."""

    async def read(self, order: Order) -> AsyncGenerator[Chunk, None]:
        given = 0
        async with aclosing(super().read(order)) as chunks:
            async for chunk in chunks:
                yield chunk
                given += 1
                if given == 2:
                    await asyncio.Event().wait()


def _in_chunks_of(deps: Deps, rows: int) -> Deps:
    return replace(deps, settings=deps.settings.model_copy(update={"import_chunk_rows": rows}))


async def test_duplicates_become_one_and_two_again(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")

    async def made(**record: Any) -> dict[str, Any]:
        return dict(await boss.post("/customers", record))

    phone = {"phone_e164": "+40215550100"}
    ann = await made(**phone, name="Ann Pop", tags=["a"], data={"card": "1"}, emails=["A@x.ro"])
    twin = await made(
        name="ＡＮＮ-pop",
        numbers=[{"phone_e164": "+40215550111"}, phone],
        tags=["b"],
        data={"card": "2", "city": "Iasi"},
        emails=["a@x.ro"],
        contacts=[{"name": "Bob", "phone_e164": "+40215550122"}],
    )
    await made(phone_e164="+40215550199", name="Somebody else")
    for by in ("phone", "email", "name"):
        (group,) = (await boss.get("/customers/duplicates", params={"by": by}))["items"]
        ids = [each["customer_id"] for each in group["customers"]]
        assert ids == [ann["customer_id"], twin["customer_id"]]
    follow_up = {"note": "call", "due_at": "2099-01-01T00:00:00Z"}
    await boss.post(f"/customers/{twin['customer_id']}/follow-ups", follow_up)
    twin = await boss.get(f"/customers/{twin['customer_id']}")
    ann_path, twin_path = (f"/customers/{each['customer_id']}" for each in (ann, twin))
    body = {
        "merged_id": twin["customer_id"],
        "take": ["name"],
        "survivor_version": ann["version"],
        "merged_version": twin["version"] + 1,
    }
    refused(await boss("POST", f"{ann_path}/merge", json=body), 412, "customer_changed")
    body["merged_version"] = twin["version"]
    same = {**body, "merged_id": ann["customer_id"], "merged_version": ann["version"]}
    refused(await boss("POST", f"{ann_path}/merge", json=same), 422, "merge_same")
    merge = await boss.post(f"{ann_path}/merge", body)
    for path in (ann_path, twin_path):
        one = await boss.get(path)
        assert (one["customer_id"], one["name"]) == (ann["customer_id"], "ＡＮＮ-pop")
        assert one["data"] == {"card": "1", "city": "Iasi"}
        assert [n["phone_e164"] for n in one["numbers"]] == ["+40215550100", "+40215550111"]
        assert (set(one["tags"]), len(one["contacts"])) == ({"a", "b"}, 1)
    assert len((await boss.get(f"{ann_path}/follow-ups"))["items"]) == 1
    assert (await boss.get("/customers/duplicates"))["items"] == []
    again = await boss("POST", f"{ann_path}/merge", json=body)
    refused(again, 422, "merge_same")

    undone = await boss.post(f"/customers/merges/{merge['merge_id']}/undo")
    assert undone["undone_at"] is not None
    two = [await boss.get(path) for path in (ann_path, twin_path)]
    kept = ("customer_id", "name", "numbers", "emails", "tags", "data", "contacts", "created_at")
    for before, after in zip((ann, twin), two, strict=True):
        assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert len((await boss.get(f"{twin_path}/follow-ups"))["items"]) == 1
    body |= {"survivor_version": two[0]["version"], "merged_version": two[1]["version"]}
    merge = await boss.post(f"{ann_path}/merge", body)
    one = await boss.get(ann_path)
    change = {"title": "Ms"}
    ok(await boss("PATCH", ann_path, json=change, headers={"If-Match": f'"{one["version"]}"'}))
    late = await boss("POST", f"/customers/merges/{merge['merge_id']}/undo")
    refused(late, 409, "merge_changed_since")
    other = await crm.open_tenant("other")
    gone = await other("POST", f"/customers/merges/{merge['merge_id']}/undo")
    refused(gone, 404, "merge_not_found")


async def test_one_person_is_handed_out_and_erased(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    phone, name, mail = "+40215550177", "Ilinca Vasilescu", "ilinca@example.ro"
    content = f"name,phone,email\n{name},{phone},{mail}\nBad {name},12,{mail}\n".encode()
    done = await _import(crm, boss, content)
    (ilinca,) = await _customers(boss)
    path = f"/customers/{ilinca['customer_id']}"
    key = {"Idempotency-Key": "k1"}
    await boss.post("/customers", {"phone_e164": "+40215550178", "name": "Other"}, headers=key)
    twin = {"phone_e164": phone, "name": f"{name} again"}
    twin = await boss.post("/customers", twin, headers={"Idempotency-Key": "k2"})
    body = {"merged_id": twin["customer_id"], "survivor_version": ilinca["version"]}
    await boss.post(f"{path}/merge", {**body, "merged_version": 1})
    note = {"note": f"Call {name} on {phone}", "due_at": "2099-01-01T00:00:00Z"}
    await boss.post(f"{path}/follow-ups", note)
    numbers = await boss.post("/lists", {"name": "l"})
    upload = {"file": ("n.csv", f"phone,name\n{phone},{name}\nx,{name}\n".encode())}
    ok(await boss("POST", f"/lists/{numbers['list_id']}/imports", files=upload))
    await rows_of(
        crm,
        """
        INSERT INTO crm.interaction (tenant_id, interaction_id, direction, caller, called,
            agent_number, disposition, agent_disposition, is_live, sources)
        SELECT tenant_id, uuidv7(), 'inbound', $2, '100', '', 'connected', '', false,
               jsonb_build_object('a', jsonb_build_object('caller', $2::text))
          FROM crm.customer WHERE customer_id = $1
        """,
        ilinca["customer_id"],
        phone,
    )
    given = (await boss("POST", f"{path}/export-data")).content
    with ZipFile(io.BytesIO(given)) as package:
        data = json.loads(package.read("data.json"))
        assert b"Ilinca" in package.read("customer.csv")
    assert [len(data[part]) for part in ("customer", "follow_up", "interactions")] == [1, 1, 1]
    assert "sources" not in data["interactions"][0]

    present = await boss.get(path)
    asked = {"reason": "Asked for it.", "version": present["version"] + 1}
    refused(await boss("POST", f"{path}/erase", json=asked), 412, "customer_changed")
    asked["version"] = present["version"]
    certificate = await boss.post(f"{path}/erase", asked)
    assert certificate == await boss.get(f"/customers/erasures/{certificate['erasure_id']}")
    erased = {each["what"]: each["rows"] for each in certificate["erased"]}
    assert {"customer": 1, "interaction": 1, "import_row": 1, "idempotency_key": 1}.items() <= (
        erased.items()
    )
    for gone in (path, f"/customers/{twin['customer_id']}"):
        refused(await boss("GET", gone), 404, "customer_not_found")
    again = await boss("POST", "/customers", json={"phone_e164": phone, "name": f"{name} again"},
                       headers={"Idempotency-Key": "k2"})  # fmt: skip
    assert again.status_code == 410
    left = await _where(crm, phone, name, mail)
    assert left == set(), left
    assert (await boss.get("/audit-log/check"))["intact"]
    other = await boss.get("/customers", params={"phone_e164": "+40215550178"})
    assert other["items"][0]["name"] == "Other"
    undone = await _undo(crm, boss, done)
    assert undone["counts"].get("removed") is None


async def _where(crm: Crm, *needles: str) -> set[str]:
    """Return the tables of this service whose rows hold one of the texts, in any column."""
    tables = await rows_of(
        crm,
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = 'crm' AND c.relkind = 'r'",
    )
    raw = [each.encode().hex() for each in needles]
    query = " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM crm.{table} t, unnest($1::text[]) n "
        "WHERE strpos(t::text, n) > 0)"
        for (table,) in tables
    )
    return {row[0] for row in await rows_of(crm, query, [*needles, *raw])}
