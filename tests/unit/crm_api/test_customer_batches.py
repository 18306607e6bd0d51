"""Files of customers are read the quick way, which judges every cell like the precise one."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ringway.crm_api.core.customer_files.batches import BatchReader
from ringway.crm_api.core.customer_files.columns import Columns
from ringway.crm_api.core.customer_files.rows import PARTS, BadCell, RowReader
from ringway.crm_api.core.phone import NotANumber, NumberCheck, QuickNumbers, to_e164
from ringway.crm_api.customer_files.chunk import GoodRows
from ringway.crm_api.customer_files.reading import Chunk, Order, read_file
from ringway.crm_api.tables import reader as tables

pytestmark = pytest.mark.unit

_PHONES = (
    *("13800138000", "+8613800138000", "138 0013 8001", "+40215550100", "0040215550100", "", "110"),
    *("x", "１３８００１３８０００", "13800138002.0", "'13800138003", "+1", " +12025550123 "),
)
# What is right, odd or wrong in one column or another.
_CELLS = {
    "phone": _PHONES,
    "phone2": ("", *_PHONES),
    "name": (
        *("Ann", "王芳", " Bob ", "", "=1+1", "+5", "-", "-a", "a\x00", "a\nb", "x" * 201),
        "\u00a0",
    ),
    "email": ("", "a@x.cn", "A@X.cn", "b@x.cn", "no", "a@b", "-a@x.cn", " c@x.cn"),
    "sex": ("", "m", "女", "F", "both", "\tm"),
    "kind": ("", "Company", "个人", "dog"),
    "birth_date": ("", "1990-1-2", "1990年1月2日", "2020-02-30", "x"),
    "city": ("", "Iași", "\u3000上海", "\x7f", "@x"),
    "country": ("", "CN", "cn"),
    "language": ("", "zh-CN", "zh_CN"),
    "grade": ("", "A", "Z"),
    "intent": ("", "yes", "perhaps"),
    "lead_status": ("", "新", "old"),
    "tags": ("", "vip,新", "vip;vip", "x" * 51, "|", "=vip"),
    "Note": ("", "n", " n ", "1", "y" * 2001, "\ud800"),
    "Level": ("", "1", "2", "0", "no"),
    "-": ("", "\x00", "=1"),
}  # fmt: skip
_HEADER = tuple(_CELLS)


def _level(text: str) -> object:
    if not text.isdigit():
        raise BadCell("own_invalid", "a number")
    return int(text)


def _reader(match_by: str, region: str | None, check: NumberCheck) -> RowReader:
    mapping = {name: name for name in _HEADER[:-4]} | {"phone2": "phone", "tags": "tags"}
    mapping |= {"Note": "data.Note", "Level": "data.level", "-": "-"}
    columns = Columns.of(_HEADER, mapping, None)
    own: dict[str, Callable[[str], object]] = {"level": _level}
    return RowReader(columns, region, check, match_by, own, frozenset("A"))


@st.composite
def _rows(draw: st.DrawFn) -> list[Sequence[str]]:
    """Rows that are right but for a cell or two."""
    rows: list[Sequence[str]] = []
    for n in range(draw(st.integers(0, 5))):
        cells = {name: cells[n % 2] for name, cells in _CELLS.items()}
        cells["phone"] = f"+86138001381{draw(st.integers(0, 99)):02}"
        for name in draw(st.lists(st.sampled_from(_HEADER), max_size=2)):
            cells[name] = draw(st.one_of(st.sampled_from(_CELLS[name]), st.text(max_size=3)))
        row = list(cells.values())
        rows.append([*row, "", "x"][: len(row) + draw(st.sampled_from((0, 0, 0, -1, -17, 1, 2)))])
    return rows


@given(
    batches=st.lists(_rows(), max_size=2),
    match_by=st.sampled_from(["phone", "email", "data.Note", "data.level", ""]),
    region=st.sampled_from(["CN", "RO", None]),
    check=st.sampled_from(NumberCheck),
)
@settings(deadline=None)
def test_many_rows_are_judged_like_one(
    batches: list[list[Sequence[str]]], match_by: str, region: str | None, check: NumberCheck
) -> None:
    precise, quick = _reader(match_by, region, check), BatchReader(_reader(match_by, region, check))
    line = 1
    for rows in batches:
        raws = list(enumerate(rows, line + 1))
        line += len(rows)
        assert quick.read(raws) == [precise.read(*raw) for raw in raws]


@given(st.text("0123456789+ .-", max_size=18), st.sampled_from(["CN", "US", "GB", "IT", None]))
@example("13800138000", "CN")
def test_a_quick_number_is_the_number(text: str, region: str | None) -> None:
    found = QuickNumbers(region).read(text)
    if found is not None:
        assert found == to_e164(text, region)
    try:
        precise = to_e164(text, region)
    except NotANumber:
        assert found is None
    else:
        assert found in (None, precise)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lists")


_LINES = st.lists(
    st.sampled_from(["a,b", '"a","b"', '"a\nb",c', 'a"b,"c', '"open', "", ' "x" ,y', '""', '"a""b"',
                     "x" * 40, '"' + "y" * 40 + '"']),
    max_size=12,
)  # fmt: skip


@given(lines=_LINES, end=st.sampled_from(["\n", "\r\n", "\r"]), block=st.integers(1, 60))
@settings(deadline=None)
def test_lines_taken_together_are_the_rows_of_lines_taken_singly(
    folder: Path, lines: list[str], end: str, block: int
) -> None:
    path = folder / "l.csv"
    path.write_bytes(end.join(["h,i", *lines]).encode())
    limits = {"_BLOCK": block, "MAX_LINE": 30, "MAX_RECORD_LINES": 3}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in limits.items():
            patch.setattr(tables, name, value)
        together = list(tables.open_list(path).rows)
        patch.setattr(tables, "_rows_of_lines", lambda *_: None)
        assert together == list(tables.open_list(path).rows)


def test_a_chunk_holds_what_was_read(tmp_path: Path) -> None:
    rows = [["Ann", "+40215550100", "+40215550101", "Iași"], ["", "+40215550102", "", ""]]
    with (path := tmp_path / "l.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["name", "phone", "phone2", "city"], *rows])
    told: list[Any] = []
    read_file(Order(path=path, out_dir=tmp_path, max_rows=9), told.append)
    chunk = told[0]
    assert isinstance(chunk, Chunk)
    good = GoodRows(chunk.good_file.read_text())
    assert (good.count, good.has("others"), good.has("email")) == (2, True, False)
    first, second = (dict(zip(PARTS, parts, strict=True)) for parts in good.first(5))
    assert (first["line"], first["name"], first["others"]) == ("2", "Ann", "+40215550101")
    assert (first["address"], second["address"], second["name"]) == ('{"city":"Iași"}', "", "")
    assert good.of_lines({3}) == [tuple(second.values())]
    assert GoodRows("").count == 0
