"""Files of customers: imported, undone, exported; many customers changed at once."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any
from uuid import uuid4
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from openpyxl import load_workbook
from tests.support.crm import USER_PASSWORD, Crm, Signed, ok, refused, rows_of
from tests.support.customer_import import customers, import_file, send, undo, work
from tests.support.waiting import eventually

from ringway.crm_api.access import Role
from ringway.crm_api.customer_files.reader import FileReader
from ringway.crm_api.customer_files.reading import Chunk, Order
from ringway.crm_api.customer_files.worker import JobWorker
from ringway.crm_api.deps import Deps
from ringway.runtime.tasks import TaskSet

pytestmark = pytest.mark.api


async def test_a_file_becomes_customers(crm: Crm) -> None:
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
    done = await import_file(crm, boss, content, region="CN", tags=["expo"])
    assert (done["state"], done["encoding"], done["batch_number"]) == (
        "finished",
        "gb18030",
        "B000001",
    )
    counts = {"read": 8, "created": 2, "refused": 5, "duplicates": 1, "updated": 0}
    assert counts.items() <= done["counts"].items()
    first, second = await customers(boss)
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

    assert [c["name"] for c in await customers(boss, tag="vip")] == ["王芳"]


async def test_a_second_file_meets_customers_who_exist(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    content = (
        "name,phone,phone2,email,Card\n"
        "王芳,+8613800138000,+8613800138001,wang@example.cn,A-1\n"
        "Ion,+40215550100,,,\n"
    )
    done = await import_file(crm, boss, content.encode())
    first, second = await customers(boss)
    again = b"name,phone,email,Card\nWang,+8613800138001,new@example.cn,B-2\n"
    dry = await import_file(crm, boss, again, rule="overwrite", is_dry_run=True)
    assert (dry["counts"]["updated"], dry["preview"][0]["outcome"]) == (1, "updated")
    skipped = await import_file(crm, boss, again)
    assert (skipped["counts"]["skipped"], skipped["counts"]["created"]) == (1, 0)
    over = await import_file(crm, boss, again, rule="overwrite")
    assert over["counts"]["updated"] == 1
    (changed,) = await customers(boss, phone_e164="+8613800138000")
    assert (changed["name"], changed["emails"], changed["data"]) == (
        "Wang",
        ["new@example.cn", "wang@example.cn"],
        {"Card": "B-2"},
    )
    by_mail = b"name,phone,email\nOther,+40215550109,NEW@example.cn\n"
    found = await import_file(crm, boss, by_mail, rule="update_empty", match_by="email")
    assert found["counts"]["updated"] == 1
    (changed,) = await customers(boss, phone_e164="+40215550109")
    assert changed["customer_id"] == first["customer_id"]
    twice = await import_file(crm, boss, again, rule="create")
    assert twice["counts"]["created"] == 1
    torn = await import_file(crm, boss, again, rule="overwrite")
    assert torn["counts"]["refused"] == 1  # two customers have the number now

    # Undone in the order of the batches: what was changed since stays.
    undone = await undo(crm, boss, over)
    assert undone["counts"]["left_changed"] == 1
    assert (await undo(crm, boss, found))["counts"]["restored"] == 1
    assert (await undo(crm, boss, twice))["counts"]["removed"] == 1
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
    last = await undo(crm, boss, done)
    left = {name: last["counts"].get(name) for name in ("removed", "left_changed", "left_in_use")}
    assert left == {"removed": None, "left_changed": 1, "left_in_use": 1}
    refused(
        await boss("POST", f"/customers/imports/{dry['import_id']}/undo"), 409, "import_dry_run"
    )
    intact = (await boss.get("/audit-log/check"))["intact"]
    assert intact


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
    done = await import_file(crm, boss, (header + rows).encode())
    assert (done["counts"]["created"], done["counts"]["refused"]) == (29, 2)
    assert done["columns"]["Card"] == "data.card"
    customer = (await customers(boss))[0]
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
    await work(crm)
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
        await work(crm)
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
    again = await import_file(crm, boss, raw.encode(), rule="overwrite")
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
    done = await import_file(crm, cle, mine, rule="overwrite")
    assert (done["counts"]["refused"], done["counts"]["created"]) == (1, 1)
    (his,) = await customers(cle)
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
        refused(await send(boss, content), 422, code)
    good = b"name,phone\nAnn,+40215550100\n"
    refused(await send(boss, good, mapping={"phone": "nonsense"}), 422, "mapping_target_unknown")
    refused(await send(boss, good, owner_id=str(uuid4())), 422, "owner_unknown")
    refused(await send(boss, good, rule="destroy"), 422, "options_invalid")
    assert (await boss.get("/customers/imports"))["items"] == []


async def test_an_import_survives_its_worker(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    # A hundred columns are fine, and so is a worker that dies between two chunks.
    names = ["phone", *(f"c{n}" for n in range(99))]
    rows = [f"+4021555{n:04}," + ",".join(f"v{n}" for _ in range(99)) for n in range(60)]
    content = "\n".join([",".join(names), *rows, "bad", ""]).encode()
    chunky = _in_chunks_of(crm.deps, 7)
    begun = ok(await send(boss, content))
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
    begun = ok(await send(boss, content.replace(b"+4021555", b"+4021556")))
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
