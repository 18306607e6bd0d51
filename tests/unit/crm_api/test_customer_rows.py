"""Rows of files of customers: every cell is somebody's, and some are hostile."""

from __future__ import annotations

import io
import string
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from pydantic import BaseModel

from ringway.crm_api.core.cells import ListRefused
from ringway.crm_api.core.customer_files.columns import FIXED, Columns
from ringway.crm_api.core.customer_files.filling import Rule, filled, row_of
from ringway.crm_api.core.customer_files.merge import Side, merged
from ringway.crm_api.core.customer_files.own_cells import cell_reader, completed
from ringway.crm_api.core.customer_files.reasons import CODES, FileLanguage, reason
from ringway.crm_api.core.customer_files.rows import BadCell, BadRow, RowReader
from ringway.crm_api.core.objects.definition import Definition
from ringway.crm_api.core.phone import NumberCheck
from ringway.crm_api.customer_files.reading import Chunk, Order, Outcome, read_file
from ringway.crm_api.tables.writer import CsvWriter, XlsxWriter

pytestmark = pytest.mark.unit

_HEADER = ["phone", "name", "email", "sex", "birth_date", "city", "tags", "Note"]


def _reader(*header: str, match_by: str = "phone") -> RowReader:
    columns = Columns.of(header or _HEADER, {}, None)
    return RowReader(columns, "CN", NumberCheck.VALID, match_by, grades=frozenset("A"))


@given(st.lists(st.lists(st.text(max_size=30), max_size=9), max_size=5))
@settings(max_examples=200, deadline=None)
def test_any_cells_become_a_row_or_a_reason(rows: list[list[str]]) -> None:
    reader = _reader()
    for line, cells in enumerate(rows, 2):
        result = reader.read(line, cells)
        if isinstance(result, tuple):
            row = row_of(result)
            assert row.line == line
            assert row.phones
            assert set(row.fixed) <= set(FIXED)
        elif result is not None:
            assert result.code in CODES | {"cell_too_long", "formula"}
            for language in FileLanguage:
                assert "{}" not in reason(result.code, result.detail, language)


@given(st.text(string.printable, max_size=40), st.text(max_size=40))
@settings(deadline=None)
def test_what_a_cell_says_arrives(name: str, note: str) -> None:
    result = _reader().read(2, ["13800138000", name, "", "", "", "", "", note])
    if isinstance(result, tuple):
        row = row_of(result)
        assert row.fixed.get("name", "") == name.strip()
        assert row.data == ({"Note": note.strip()} if note.strip() else {})
        assert row.phones == ("+8613800138000",)


def test_a_second_row_of_one_customer_is_told() -> None:
    reader = _reader("phone", "phone2", "name")
    assert isinstance(reader.read(2, ["13800138000", "13800138001", "a"]), tuple)
    again = reader.read(3, ["13800138002", "+86 138 0013 8001", "b"])
    assert isinstance(again, BadRow)
    assert (again.code, again.detail) == ("duplicate_in_file", "2")
    by_mail = _reader(match_by="email")
    assert isinstance(by_mail.read(2, ["13800138000", "", "A@x.cn"]), tuple)
    assert isinstance(by_mail.read(3, ["13800138001", "", "a@X.cn"]), BadRow)


def test_headers_are_known_in_two_languages_or_mapped() -> None:
    found = Columns.of(["姓名", "手机", "手机2", "会员卡", "x"], {}, {"会员卡": "card"})
    assert (found.phones, found.own) == ((1, 2), ((3, "card"),))
    mapped = Columns.of(["a", "b"], {"B": "phone", "A": "data.card"}, {"card": "card"})
    assert (mapped.phones, mapped.own) == ((1,), ((0, "card"),))
    for header, mapping, code in (
        (["name"], {}, "phone_column_missing"),
        (["a"], {"z": "phone"}, "mapped_column_missing"),
        (["a"], {"a": "nonsense"}, "mapping_target_unknown"),
        (["a"], {"a": "data.hidden"}, "mapping_target_unknown"),
        (["a", "b"], {"a": "name", "b": "name"}, "mapping_twice"),
        (["c"] * 101, {}, "file_too_many_columns"),
        (["p"] * 11, {"p": "phone"}, ""),
    ):
        if code:
            with pytest.raises(ListRefused) as refused:
                Columns.of(header, mapping, {"card": "card"})
            assert refused.value.code == code
        else:
            Columns.of(header, mapping, {})


_PRESENT: dict[str, Any] = {
    "name": "Ann", "title": "", "sex": None, "birth_date": None, "language": "", "grade": None,
    "kind": "person", "intent": "unknown", "lead_status": "won", "emails": ("a@x.cn",),
    "phones": ("+8613800138000",), "tags": ("old",), "address": {"city": "A"}, "data": {"k": "1"},
}  # fmt: skip


@pytest.mark.parametrize("rule", [Rule.UPDATE_EMPTY, Rule.OVERWRITE])
@given(cells=st.lists(st.sampled_from(["", "x", "vip", "13800138001"]), min_size=8, max_size=8))
@settings(deadline=None)
def test_filling_never_empties(rule: Rule, cells: list[str]) -> None:
    cells[0] = "13800138001"
    cells[2] = cells[3] = cells[4] = ""
    parts = _reader().read(2, cells)
    assert isinstance(parts, tuple)
    after = filled(_PRESENT, row_of(parts), rule, ["new"])
    for name, value in _PRESENT.items():
        assert after[name] or not value
        if rule is Rule.UPDATE_EMPTY and isinstance(value, str) and value != "unknown":
            assert after[name] == value
    assert after["phones"] == ("+8613800138000", "+8613800138001")
    assert {"old", "new"} <= set(after["tags"])
    assert filled(after, row_of(parts), rule, ["new"]) == after


_WORDS = st.sampled_from(["", "a", "b"])
_LISTS = st.lists(st.sampled_from(["p", "q", "r"]), unique=True).map(tuple)
_SIDES = st.builds(
    Side,
    plain=st.fixed_dictionaries({"name": _WORDS, "title": _WORDS}),
    data=st.dictionaries(st.sampled_from(["k", "l"]), st.sampled_from(["1", "2"])),
    phones=_LISTS,
    emails=_LISTS,
    tags=_LISTS,
    contacts=_LISTS,
)


@given(_SIDES, _SIDES, st.sets(st.sampled_from(["name", "title", "data.k"])))
def test_a_merge_loses_nothing(mine: Side, theirs: Side, take: set[str]) -> None:
    after = merged(mine, theirs, frozenset(take))
    for name in ("name", "title"):
        assert after.plain[name] in (mine.plain[name], theirs.plain[name])
        assert after.plain[name] or not (mine.plain[name] or theirs.plain[name])
        if name not in take and mine.plain[name]:
            assert after.plain[name] == mine.plain[name]
    assert after.data.keys() == mine.data.keys() | theirs.data.keys()
    assert set(after.phones) == {*mine.phones, *theirs.phones}
    assert after.phones[: len(mine.phones)] == mine.phones
    assert len(set(after.tags)) == len(after.tags)


def test_own_cells_are_typed() -> None:
    options = [{"key": "gold", "name_en": "Gold", "name_zh": "金"}]
    formula = {"key": "f", "type": "formula", "name_en": "F"}
    definition = Definition.model_validate(
        {
            "kind": "customer",
            "name": "c",
            "fields": [
                {"key": "n", "type": "number", "name_en": "N"},
                {"key": "m", "type": "money", "currency": "CNY", "name_en": "M"},
                {"key": "y", "type": "money", "currency": "JPY", "name_en": "Y"},
                {"key": "d", "type": "date", "name_en": "D"},
                {"key": "b", "type": "boolean", "name_en": "B", "default": True},
                {"key": "e", "type": "enum", "name_en": "E", "options": options, "required": True},
                {"key": "s", "type": "multi_select", "name_en": "S", "options": options},
                {**formula, "expression": "n * 2", "result": "number"},
            ],
        }
    )
    fields = definition.by_key
    for key, text, value in (
        ("n", "1,234.5", 1234.5),
        ("m", "¥12.5", 1250),
        ("y", "300", 300),
        ("d", "2026年1月31日", "2026-01-31"),
        ("b", "是", True),
        ("e", "金", "gold"),
        ("s", "Gold；gold", ["gold"]),
    ):
        assert cell_reader(fields[key])(text) == value
    for key, text in (("n", "x"), ("m", "1.234"), ("d", "31.2"), ("b", "maybe"), ("e", "iron")):
        with pytest.raises(BadCell):
            cell_reader(fields[key])(text)
    assert completed(definition, {"n": 2}) == ({"b": True, "n": 2, "f": 4}, "E")


def _told(folder: Path, content: bytes, **more: Any) -> tuple[list[Chunk], Outcome]:
    path = folder / "upload"
    path.write_bytes(content)
    told: list[BaseModel] = []
    read_file(Order(path=path, out_dir=folder, max_rows=1000, **more), told.append)
    *chunks, outcome = told
    assert isinstance(outcome, Outcome)
    return [each for each in chunks if isinstance(each, Chunk)], outcome


def test_files_that_are_none(tmp_path: Path) -> None:
    bomb = io.BytesIO()
    with ZipFile(bomb, "w", ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 60_000_000)
    for content, code in (
        (b"", "file_empty"),
        (b"name,phone\n", "file_without_rows"),
        (b"name,city\nAnn,Iasi\n", "phone_column_missing"),
        (bomb.getvalue(), "file_too_large"),
        (b"PK\x03\x04 half a workbook", "file_damaged"),
        (b"\xff\xfe\x00\xd8phone", "file_damaged"),
        (b"\x81\x20\xff phone,name", "file_encoding_unknown"),
        (b"phone\n" + b"+40215550100\n" * 1001, "file_too_many_rows"),
        ((",".join(["c"] * 101) + "\n1\n").encode(), "file_too_many_columns"),
    ):
        assert _told(tmp_path, content)[1].refused_code == code


def test_reading_goes_on_after_a_line(tmp_path: Path) -> None:
    rows = [f"+4021555{n:04},Ann" for n in range(20)]
    content = "\n".join(["phone,name", *rows, rows[3], ""]).encode()
    chunks, outcome = _told(tmp_path, content, chunk_rows=6, after_line=9, match_by="phone")
    assert outcome.refused_code == ""
    assert [(c.last_line, c.good, c.bad, c.duplicates) for c in chunks] == [
        (15, 6, 0, 0),
        (21, 6, 0, 0),
        (22, 0, 1, 1),
    ]


def test_what_is_written_is_defused_in_csv_and_text_in_xlsx() -> None:
    cells = ["=1+1", "+86", "@x", "\tx", "plain", "<&>\x01", ""]
    out = CsvWriter()
    text = (out.begin(["a"]) + out.rows([cells])).decode("utf-8-sig")
    assert text.splitlines()[1].startswith("'=1+1,'+86,'@x,'\tx,plain")
    book = XlsxWriter()
    raw = book.begin(["a"] * 7) + book.rows([cells]) + book.end()
    sheet = load_workbook(io.BytesIO(raw)).worksheets[0]
    read = [[cell.value for cell in row] for row in sheet.rows]
    assert read[1] == ["=1+1", "+86", "@x", "\tx", "plain", "<&>\ufffd", None]
    assert all(cell.data_type in ("s", "n", "inlineStr") for row in sheet.rows for cell in row)
