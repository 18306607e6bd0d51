"""Rows of number lists, and files that are not what they seem."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringway.crm_api.core.cells import ListRefused, safe_cell
from ringway.crm_api.core.number_list import (
    BadRow,
    Columns,
    GoodRow,
    RowReader,
    further_numbers,
)
from ringway.crm_api.core.phone import NumberCheck
from ringway.crm_api.imports.worker import Job, Outcome, read_list
from ringway.runtime.ids import uuid7

pytestmark = pytest.mark.unit


def _reader(*header: str, region: str | None = None) -> RowReader:
    return RowReader(Columns.of(header, {}, region), region, NumberCheck.VALID)


def _run(folder: Path, content: bytes, **more: object) -> Outcome:
    path = folder / "upload"
    path.write_bytes(content)
    for old in folder.glob("*.json"):
        old.unlink()
    return read_list(Job(path=path, out_dir=folder, batch_id=uuid7(), max_rows=1_000_000, **more))  # type: ignore[arg-type]


def _rows(outcome: Outcome) -> tuple[list[list[object]], list[list[object]]]:
    good = [row for path in outcome.good_files for row in orjson.loads(path.read_bytes())]
    bad = [row for path in outcome.bad_files for row in orjson.loads(path.read_bytes())]
    good_keys = ("line", "phone_e164", "name", "priority", "data")
    bad_keys = ("line", "column", "value", "code", "reason")
    return [[r[k] for k in good_keys] for r in good], [[r[k] for k in bad_keys] for r in bad]


@pytest.mark.parametrize("cell", ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3+cmd|x", "\t=1"])
def test_formulas_are_refused(cell: str) -> None:
    row = _reader("phone", "note").read(2, ["+40215550100", cell])
    assert isinstance(row, BadRow)
    assert (row.column, row.code) == ("note", "formula")


@pytest.mark.parametrize(
    "cell", ["-", "-5", "+3.5", "- 12,000", "+40 (21) 555-0100", "a=b", "x@y.z"]
)
def test_innocent_cells_are_kept(cell: str) -> None:
    row = _reader("phone", "note").read(2, ["+40215550100", cell])
    assert isinstance(row, GoodRow)
    assert row.data == {"note": cell}


@given(st.text(max_size=20))
def test_exported_cells_never_begin_a_formula(text: str) -> None:
    assert safe_cell(text)[:1] not in ("=", "+", "-", "@", "\t", "\r")


@pytest.mark.parametrize("char", ["\x00", "\x01", "\x1b", "\x7f", "\ud800"])
def test_control_characters_are_refused(char: str) -> None:
    row = _reader("phone", "name").read(2, ["+40215550100", f"a{char}b"])
    assert isinstance(row, BadRow)
    assert row.code == "control_character"
    assert char not in row.value


def test_columns_with_one_name_are_both_kept() -> None:
    row = _reader("phone", "x", "x", "").read(2, ["+40215550100", "1", "2", "3"])
    assert isinstance(row, GoodRow)
    assert row.data == {"x": "1", "x_2": "2", "column_4": "3"}


def test_short_rows_are_fine_and_long_ones_are_not() -> None:
    reader = _reader("phone", "name", "city")
    assert isinstance(reader.read(2, ["+40215550100"]), GoodRow)
    assert isinstance(reader.read(3, ["+40215550101", "a", "b", "", ""]), GoodRow)
    row = reader.read(4, ["+40215550102", "a", "b", "c"])
    assert isinstance(row, BadRow)
    assert row.code == "row_too_long"


def test_header_is_found_in_chinese_and_in_any_case() -> None:
    assert Columns.of(["姓名", "手机号码"], {}, None).phone == 1
    assert Columns.of(["NAME", " Phone Number "], {}, None).phone == 1


def test_lone_quote_costs_its_row_not_the_file(tmp_path: Path) -> None:
    content = b"phone,note\n" + b"".join(b"+4021555%04d,x\n" % n for n in range(3000))
    content = content.replace(b"+40215550005,x", b'+40215550005,"x')
    good, bad = _rows(_run(tmp_path, content))
    assert len(good) == 2_999
    assert [(row[0], row[3]) for row in bad] == [(7, "row_unreadable")]


def test_quote_that_the_last_row_leaves_open_costs_that_row(tmp_path: Path) -> None:
    content = b'phone,note\n+40215550100,x\n+40215550101,"y\n+40215550102,z'
    good, bad = _rows(_run(tmp_path, content))
    assert [row[0] for row in good] == [2, 4]
    assert [row[0] for row in bad] == [3]


def test_overlong_line_costs_its_row_not_the_file(tmp_path: Path) -> None:
    endless = b"x" * 3_000_000
    content = b"phone\n+40215550100\n" + endless + b"\n+40215550101\n"
    outcome = _run(tmp_path, content)
    good, bad = _rows(outcome)
    assert [row[1] for row in good] == ["+40215550100", "+40215550101"]
    assert [(row[0], row[3]) for row in bad] == [(3, "row_unreadable")]


def test_lines_are_counted_as_an_editor_does(tmp_path: Path) -> None:
    content = b'phone,note\r\n+40215550100,"two\r\nlines"\r\n\r\nx,1\r\n'
    good, bad = _rows(_run(tmp_path, content))
    assert [row[0] for row in good] == [2]
    assert [row[0] for row in bad] == [5]


def test_chunks_are_small_enough_for_one_message(tmp_path: Path) -> None:
    note = "n" * 1_900
    lines = [f"+4021555{n:04},{note}" for n in range(1_000)]
    outcome = _run(tmp_path, "\n".join(["phone,note", *lines]).encode())
    assert outcome.good == 1_000
    assert len(outcome.good_files) >= 3
    assert all(path.stat().st_size < 700_000 for path in outcome.good_files)


_CELL = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(st.lists(_CELL, min_size=1, max_size=4), max_size=12),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]),
)
def test_every_row_is_accounted_for(
    tmp_path: Path, rows: list[list[str]], delimiter: str, encoding: str
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([["phone", "b", "c", "d"], *rows])
    outcome = _run(tmp_path, text.getvalue().encode(encoding))
    filled = [row for row in rows if any(cell.strip() for cell in row)]
    if not filled:
        assert outcome.refused_code == "file_without_rows"
        return
    if outcome.refused_code:
        # Text in one encoding may be no text in what it looks like; it is never half read.
        assert outcome.refused_code in ("file_binary", "phone_column_missing", "file_damaged")
        return
    good, bad = _rows(outcome)
    assert outcome.rows == len(good) + len(bad) == outcome.good + outcome.bad + outcome.duplicates
    assert len({row[0] for row in [*good, *bad]}) == outcome.rows


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_list_or_refused(tmp_path: Path, content: bytes) -> None:
    outcome = _run(tmp_path, content)
    assert outcome.refused_code or outcome.rows == outcome.good + outcome.bad + outcome.duplicates


def test_column_that_is_mapped_must_exist() -> None:
    with pytest.raises(ListRefused) as refusal:
        Columns.of(["a", "b"], {"phone": "c"}, None)
    assert refusal.value.code == "mapped_column_missing"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gbk", "gb18030"]
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_and_delimiters(tmp_path: Path, encoding: str, delimiter: str) -> None:
    lines = [["手机号", "姓名", "备注"], ["13800138000", "欧阳娜娜", "优先"]]
    content = "\r\n".join(delimiter.join(line) for line in lines).encode(encoding)
    good, _ = _rows(_run(tmp_path, content, region="CN"))
    assert good == [[2, "+8613800138000", "欧阳娜娜", 0, {"备注": "优先"}]]


@pytest.mark.parametrize("encoding", ["big5", "shift_jis", "cp1250"])
def test_encoding_that_the_caller_names(tmp_path: Path, encoding: str) -> None:
    name = {"big5": "歐陽", "shift_jis": "山田", "cp1250": "Ștefan Łoś".replace("Ș", "Ş")}[encoding]
    content = f"phone,name\n+40215550100,{name}\n".encode(encoding)
    good, _ = _rows(_run(tmp_path, content, encoding=encoding))
    assert good[0][2] == name


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"\xef\xbb\xbf \r\n", "file_empty"),
        (b"\x00\x00\x00\x00", "file_empty"),
        (b"phone,name\n", "file_without_rows"),
        (b"phone,name\n\n,,\n", "file_without_rows"),
        (b"foo,bar\nx,y\n", "phone_column_missing"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, "file_encoding_unknown"),
        (b"phone\n+40215550100\n" + b"\x00" * 500, "file_binary"),
        (b"\xff\xfeab\x00", "file_damaged"),
        (b"PK\x03\x04 not a zip", "file_damaged"),
        (b"\xd0\xcf\x11\xe0 old excel", "file_old_excel"),
        (",".join(f"c{n}" for n in range(101)).encode() + b"\n", "file_too_many_columns"),
    ],
)
def test_files_that_are_no_list_are_refused(tmp_path: Path, content: bytes, code: str) -> None:
    assert _run(tmp_path, content).refused_code == code


def test_further_columns_of_numbers_are_further_numbers_of_the_party(tmp_path: Path) -> None:
    content = (
        "phone,name,phone2,Phone 3,city\n"
        "+442071830001,Anna,+44 20 7183 0002,,London\n"
        "+442071830003,Bob,,+493090100003,Berlin\n"
        "+442071830005,Cid,nonsense,,Bern\n"
    )
    outcome = _run(tmp_path, content.encode())
    (file,) = outcome.good_files
    rows = orjson.loads(file.read_bytes())
    assert [[n["phone_e164"] for n in row["more_numbers"]] for row in rows] == [
        ["+442071830002"],
        ["+493090100003"],
    ]
    assert [further_numbers(row["data"]) for row in rows] == [["+442071830002"], ["+493090100003"]]
    _, bad = _rows(outcome)
    assert [row[1] for row in bad] == ["phone2"]


def test_no_more_further_numbers_than_a_lead_may_have() -> None:
    header = [*(f"phone{n}" for n in range(2, 10)), *(f"mobile{n}" for n in range(2, 10))]
    numbers = [f"+4420718300{n:02}" for n in range(len(header))]
    row = _reader("phone", *header).read(2, ["+442071830099", *numbers])
    assert isinstance(row, GoodRow)
    assert list(row.more_numbers) == numbers[:9]
    assert further_numbers({"phone2": "ask Anna", "city": "+442071830001"}) == []
