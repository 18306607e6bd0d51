"""Number lists as people have them: good, bad and hostile."""

from __future__ import annotations

import csv
import io
import json
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from openpyxl import Workbook
from tests.support.crm import Crm, Signed, ok, refused, rows_of

from ringway.proto.dialer import AddLeadsV1
from ringway.runtime.bus import Refused

pytestmark = pytest.mark.api


async def _list(boss: Signed) -> str:
    made = await boss.post("/lists", {"name": "numbers"})
    return str(made["list_id"])


async def _send(boss: Signed, list_id: str, content: bytes, **form: str) -> Any:
    return await boss(
        "POST", f"/lists/{list_id}/imports", files={"file": ("n.csv", content)}, data=form
    )


async def _import(boss: Signed, list_id: str, content: bytes, **form: str) -> Any:
    return ok(await _send(boss, list_id, content, **form))


async def test_good_rows_are_kept_and_each_bad_one_is_told(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    list_id = await _list(boss)
    content = (
        "Phone,Name,City\n"
        "+8613800138000,王芳,上海\n"
        "abc,Bob,Paris\n"
        "\n"
        "+40215550100,Ann,=cmd()\n"
        "+8613800138000,again,x\n"
        "+40 21 555 0101,Ion,Iași\n"
    ).encode()
    report = await _import(boss, list_id, content)
    counts = {k: report[k] for k in ("rows", "added", "refused", "duplicates_in_file")}
    assert counts == {"rows": 5, "added": 2, "refused": 2, "duplicates_in_file": 1}
    assert (report["batch_number"], report["state"], report["encoding"]) == (
        "B000001",
        "finished",
        "utf-8",
    )
    told = [(e["line"], e["column"], e["code"]) for e in report["errors"]]
    assert told == [
        (3, "Phone", "phone_not_a_number"),
        (5, "City", "formula"),
        (6, "Phone", "duplicate_in_file"),
    ]
    leads = (await boss.get(f"/lists/{list_id}/leads"))["items"]
    assert [(lead["phone_e164"], lead["name"], lead["data"]) for lead in leads] == [
        ("+8613800138000", "王芳", {"City": "上海"}),
        ("+40215550101", "Ion", {"City": "Iași"}),
    ]
    assert (await boss.get(f"/lists/{list_id}"))["leads_total"] == 2


async def test_numbers_already_in_the_list_are_told_with_their_line(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    list_id = await _list(boss)
    await _import(boss, list_id, b"phone\n+40215550100\n")
    report = await _import(boss, list_id, b"phone\n+40215550101\n+40215550100\n")
    assert (report["added"], report["duplicates_in_list"]) == (1, 1)
    (error,) = report["errors"]
    assert (error["line"], error["code"]) == (3, "duplicate_in_list")


async def test_chinese_file_in_gbk(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    list_id = await _list(boss)
    content = "手机号;姓名;备注\r\n13800138000;欧阳娜娜;优先\r\n".encode("gbk")
    report = await _import(boss, list_id, content, default_region="CN")
    assert (report["added"], report["encoding"]) == (1, "gb18030")
    (lead,) = (await boss.get(f"/lists/{list_id}/leads"))["items"]
    assert (lead["phone_e164"], lead["name"]) == ("+8613800138000", "欧阳娜娜")
    assert lead["data"] == {"备注": "优先"}


async def test_files_that_are_no_list_leave_no_trace(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    list_id = await _list(boss)
    for content, code in ((b"", "file_empty"), (b"phone,name\n", "file_without_rows")):
        refused(await _send(boss, list_id, content), 422, code)
    assert (await boss.get("/imports"))["items"] == []


async def test_mapping_region_and_priority(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    list_id = await _list(boss)
    mapping = json.dumps({"phone": "B", "name": "A", "priority": "C"})
    content = b"A,B,C\nAnn,021 555 0100,5\nBob,021 555 0101,much\n"
    report = await _import(boss, list_id, content, mapping=mapping, default_region="RO")
    assert (report["added"], report["errors"][0]["code"]) == (1, "priority_invalid")
    assert crm.behind.last(AddLeadsV1).rows[0].priority == 5
    refused(
        await _send(boss, list_id, content, mapping='{"phone": "Z"}'), 422, "mapped_column_missing"
    )
    refused(await _send(boss, list_id, content, mapping='{"fone": "Z"}'), 422, "mapping_invalid")
    refused(await _send(boss, list_id, content, mapping="{"), 422, "mapping_invalid")
    refused(await _send(boss, list_id, content, default_region="XX"), 422, "region_unknown")
    refused(await _send(boss, list_id, content, default_region="ro"), 422, "validation_failed")


async def test_bare_numbers_without_header(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    list_id = await _list(boss)
    report = await _import(boss, list_id, b"+40215550100\n+40215550101\n")
    assert (report["rows"], report["added"]) == (2, 2)


async def test_dry_run_tells_and_adds_nothing(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    list_id = await _list(boss)
    content = b"phone\n+40215550100\nx\n"
    report = await _import(boss, list_id, content, dry_run="true")
    assert (report["is_dry_run"], report["added"], report["refused"]) == (True, 1, 1)
    assert not [each for each in crm.behind.asked if isinstance(each, AddLeadsV1)]
    assert (await boss.get(f"/lists/{list_id}"))["leads_total"] == 0
    choice = {"batch_number": report["batch_number"]}
    refused(await boss("POST", f"/lists/{list_id}/leads", json=choice), 409, "batch_dry_run")


async def test_batch_number_selects_the_numbers_for_another_list(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    first, second = await _list(boss), await _list(boss)
    content = b"phone,name\n+40215550100,Ann\n+40215550101,Bob\n"
    report = await _import(boss, first, content, create_customers="true")
    choice = {"batch_number": report["batch_number"]}
    added = await boss.post(f"/lists/{second}/leads", choice)
    assert added == {"rows": 2, "added": 2, "duplicates": 0}
    assert (await boss.post(f"/lists/{second}/leads", choice))["added"] == 0
    customers = await boss.get(f"/customers?batch_number={report['batch_number']}")
    assert {c["name"] for c in customers["items"]} == {"Ann", "Bob"}
    again = await _import(boss, second, content, create_customers="true")
    assert again["batch_number"] == "B000002"
    assert len((await boss.get("/customers"))["items"]) == 2
    refused(
        await boss("POST", f"/lists/{second}/leads", json={"batch_number": "B9"}),
        404,
        "batch_not_found",
    )


async def test_errors_download_is_safe_to_open_in_a_spreadsheet(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    list_id = await _list(boss)
    content = b'phone,note\n"=HYPERLINK(""http://x"")",1\n+40215550100,@SUM(A1)\n'
    report = await _import(boss, list_id, content + b"\n".join(b"x%d,1" % n for n in range(2500)))
    response = await boss("GET", report["errors_url"].removeprefix("/api/v1"))
    assert response.headers["content-type"].startswith("text/csv")
    assert "attachment" in response.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert rows[0] == ["line", "column", "value", "code", "reason"]
    assert len(rows) == 2503
    assert not [cell for row in rows for cell in row if cell[:1] in ("=", "+", "-", "@")]
    page = await boss.get(f"/imports/{report['batch_id']}/errors?limit=2")
    rest = await boss.get(f"/imports/{report['batch_id']}/errors?cursor={page['next_cursor']}")
    assert [e["line"] for e in page["items"]] == [2, 3]
    assert rest["items"][0]["line"] == 4


def _xlsx(rows: list[list[Any]]) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


async def test_workbook(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    list_id = await _list(boss)
    rows = [
        ["电话", "姓名", "Amount"],
        [13800138000, "王芳", 1.5],
        ["+8613800138001", "李雷", None],
        [None, None, None],
        ["138", "short", 1],
        ["+8613800138002", "x", "=1+1"],
    ]
    report = await _import(boss, list_id, _xlsx(rows), default_region="CN")
    assert (report["encoding"], report["added"]) == ("xlsx", 2)
    assert [(e["line"], e["code"]) for e in report["errors"]] == [
        (5, "phone_too_short"),
        (6, "formula"),
    ]
    leads = (await boss.get(f"/lists/{list_id}/leads"))["items"]
    assert leads[0]["data"] == {"Amount": "1.5"}


async def test_zip_bomb_is_refused_without_unpacking(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    list_id = await _list(boss)
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 200_000_000)
    refused(await _send(boss, list_id, out.getvalue()), 422, "file_too_large")


async def test_large_uploads_are_stopped(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    list_id = await _list(boss)
    object.__setattr__(crm.deps.settings, "import_max_rows", 3)
    content = b"phone\n" + b"\n".join(b"+4021555010%d" % n for n in range(5))
    refused(await _send(boss, list_id, content), 422, "file_too_many_rows")
    headers = {"Content-Length": str(crm.deps.settings.import_max_bytes * 2)}
    response = await boss("POST", f"/lists/{list_id}/imports", content=b"x", headers=headers)
    refused(response, 413, "body_too_large")


async def test_list_of_nobody_is_404_before_the_file_is_read(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    missing = "01890a5d-ac96-774b-bcce-b302099a8057"
    refused(await _send(boss, missing, b"phone\n+40215550100\n"), 404, "list_not_found")


async def test_import_that_the_dialer_breaks_off_is_kept_as_failed(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    list_id = await _list(boss)
    crm.behind.refuse[AddLeadsV1] = Refused("list_not_found", "There is no such list.")
    refused(await _send(boss, list_id, b"phone\n+40215550100\n"), 404, "list_not_found")
    (batch,) = (await boss.get("/imports"))["items"]
    assert (batch["state"], batch["added"]) == ("failed", 0)
    crm.behind.refuse.clear()
    assert (await _import(boss, list_id, b"phone\n+40215550100\n"))["added"] == 1


async def test_finished_import_is_announced_in_the_same_transaction(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    list_id = await _list(boss)
    report = await _import(boss, list_id, b"phone\n+40215550100\nx\n")
    (row,) = await rows_of(crm, "SELECT subject, payload FROM crm.outbox")
    assert report["batch_id"] in row["subject"]
    fact = json.loads(row["payload"])
    assert (fact["rows"], fact["added"], fact["refused"]) == (2, 1, 1)
