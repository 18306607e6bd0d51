"""Workbooks: what our reader sees is what a whole reader sees; broken ones are refused."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from ringway.crm_api.core.cells import ListRefused
from ringway.crm_api.tables.reader import open_list
from ringway.crm_api.tables.workbook import workbook_rows

pytestmark = pytest.mark.unit


def _book(path: Path, rows: list[list[Any]], *, inline: bool = False) -> Path:
    book = Workbook(write_only=inline)
    sheet = book.create_sheet() if inline else book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e16:
        return str(int(value))
    return value.isoformat() if isinstance(value, date) else str(value)


# Spaces at the ends of a text, and control characters, are the writer's business.
_TEXT = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), max_size=8)
_CELL = st.one_of(
    st.none(),
    _TEXT.filter(lambda text: not text.startswith(("=", "#"))),
    st.integers(-(10**15), 10**15),
    st.booleans(),
    st.dates(date(1950, 1, 1), date(2100, 1, 1)).map(lambda d: datetime.combine(d, time(12, 30))),
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(st.lists(st.lists(_CELL, min_size=1, max_size=5), min_size=1, max_size=6), st.booleans())
def test_cells_are_what_was_written(tmp_path: Path, rows: list[list[Any]], inline: bool) -> None:
    path = _book(tmp_path / "a.xlsx", rows, inline=inline)
    expected = {}
    for line, row in enumerate(rows, start=1):
        texts = [_as_text(cell) for cell in row]
        while texts and not texts[-1]:
            texts.pop()
        if texts:
            expected[line] = texts
    assert {line: list(cells) for line, cells in workbook_rows(path)} == expected


def test_hidden_sheets_are_passed_over(tmp_path: Path) -> None:
    book = Workbook()
    hidden = book.active
    assert hidden is not None
    hidden.append(["secret"])
    hidden.sheet_state = "hidden"
    book.create_sheet().append(["shown"])
    book.active = 1
    book.save(tmp_path / "a.xlsx")
    assert [list(cells) for _, cells in workbook_rows(tmp_path / "a.xlsx")] == [["shown"]]


def _changed(path: Path, member: str, change: Any) -> Path:
    out = io.BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, change(content) if name == member else content)
    path.write_bytes(out.getvalue())
    return path


_SHEET = "xl/worksheets/sheet1.xml"
_STRINGS = "xl/sharedStrings.xml"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MEMBERS = {
    "xl/workbook.xml": f'''<x:workbook xmlns:x="{_MAIN}" xmlns:r="{_REL}"><x:sheets>
        <x:sheet name="a" sheetId="1" r:id="rId1"/></x:sheets></x:workbook>''',
    "xl/_rels/workbook.xml.rels": """<Relationships><Relationship Id="rId1"
        Target="/xl/worksheets/sheet1.xml"/></Relationships>""",
    _STRINGS: f"""<sst xmlns="{_MAIN}"><si><t>phone</t></si><si><r><t>two </t></r><r><t>runs</t></r>
        <rPh><t>tsu</t></rPh></si></sst>""",
    _SHEET: f"""<worksheet xmlns="{_MAIN}"><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c>
        <c r="C1" t="s"><v>1</v></c></row><row r="3"><c r="A3"><v>1.3800138E10</v></c>
        <c r="B3" t="str"><f>A3</f><v>result</v></c><c r="C3" t="e"><v>#N/A</v></c></row>
        </sheetData></worksheet>""",
}


def _by_hand(path: Path) -> Path:
    """A workbook with shared strings and prefixes, as other programs write them."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _MEMBERS.items():
            archive.writestr(name, content)
    return path


def test_workbook_of_another_program(tmp_path: Path) -> None:
    assert list(workbook_rows(_by_hand(tmp_path / "a.xlsx"))) == [
        (1, ["phone", "", "two runs"]),
        (3, ["13800138000", "result", "#N/A"]),
    ]


_BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("member", "change"),
    [
        (_SHEET, lambda content: content[: len(content) // 2]),
        (_SHEET, lambda content: b""),
        (_SHEET, lambda content: content.replace(b'r="A1"', b'r="ZZZ1"')),
        (_SHEET, lambda content: content.replace(b'r="C1"', b'r="A1"')),
        (_SHEET, lambda content: content.replace(b'r="A1"', b'r="1A"')),
        (_SHEET, lambda content: content.replace(b"<v>0</v>", b"<v>99</v>")),
        (_SHEET, lambda content: content.replace(b"<v>0</v>", b"<v>x</v>")),
        (_SHEET, lambda content: content.replace(b"<v>0</v>", b"<v>-1</v>")),
        (_SHEET, lambda content: content.replace(b'<row r="1"', b'<row r="one"')),
        (_SHEET, lambda content: _BOMB + content),
        (_STRINGS, lambda content: _BOMB + content),
        (_STRINGS, lambda content: content[:-20]),
        ("xl/workbook.xml", lambda content: content.replace(b"rId1", b"rId9")),
    ],
)
def test_broken_workbooks_are_refused(tmp_path: Path, member: str, change: Any) -> None:
    path = _changed(_by_hand(tmp_path / "a.xlsx"), member, change)
    with pytest.raises(ListRefused) as refusal:
        list(open_list(path).rows)
    assert refusal.value.code == "file_damaged"


@pytest.mark.parametrize("missing", sorted(_MEMBERS))
def test_parts_that_are_missing(tmp_path: Path, missing: str) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in _MEMBERS.items():
            if name != missing:
                archive.writestr(name, content)
    with pytest.raises(ListRefused):
        list(open_list(path).rows)


def test_zip_cut_short_is_refused(tmp_path: Path) -> None:
    path = _by_hand(tmp_path / "a.xlsx")
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ListRefused) as refusal:
        list(open_list(path).rows)
    assert refusal.value.code == "file_damaged"


def test_formula_without_a_result_is_shown_as_a_formula(tmp_path: Path) -> None:
    path = _book(tmp_path / "a.xlsx", [["=1+1", "b"]])
    assert [list(cells) for _, cells in workbook_rows(path)] == [["=1+1", "b"]]
