"""Files of customers: imported, undone, exported; many customers changed at once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.support.crm import Crm, Signed, ok, refused, rows_of

from ringway.crm_api.customer_files.worker import JobWorker

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

    # A second file meets customers who exist: each rule.
    again = b"name,phone,email,Card\nWang,+8613800138001,new@example.cn,B-2\n"
    dry = await _import(crm, boss, again, rule="overwrite", is_dry_run=True)
    assert (dry["counts"]["updated"], dry["preview"][0]["outcome"]) == (1, "updated")
    skipped = await _import(crm, boss, again)
    assert (skipped["counts"]["skipped"], skipped["counts"]["created"]) == (1, 0)
    filled = await _import(crm, boss, again, rule="update_empty")
    assert filled["counts"]["unchanged"] == 1
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
