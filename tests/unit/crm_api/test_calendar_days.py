"""Holidays and make-up workdays from rows, as people and governments write them."""

from __future__ import annotations

from itertools import chain, count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.crm_api.core.calendar_days import MAX_ROWS, days_from_rows
from ringway.proto.acd_config import Day, TimeSlot

pytestmark = pytest.mark.unit

HEADER = (1, ["date", "name", "like", "slots"])


def slots(*pairs: tuple[str, str]) -> tuple[TimeSlot, ...]:
    return tuple(TimeSlot(start=start, end=end) for start, end in pairs)


MORNING = slots(("09:00", "12:00"))


@pytest.mark.parametrize(
    ("cells", "day"),
    [
        (["2026-10-01", "国庆节"], Day(date="2026-10-01", name="国庆节")),
        (["2026/10/1", "", "", ""], Day(date="2026-10-01")),
        (["2026.2.14", "补班", "周五"], Day(date="2026-02-14", name="补班", like="fri")),
        (["2026-02-15", "", "星期天"], Day(date="2026-02-15", like="sun")),
        (["2026-02-15", "", "Friday"], Day(date="2026-02-15", like="fri")),
        (["2026-02-16", "", "", "9:00-12:00"], Day(date="2026-02-16", slots=MORNING)),
        (
            ["2026-02-16", "", "", "13:00 - 24:00; 09:00–12:30"],
            Day(date="2026-02-16", slots=slots(("09:00", "12:30"), ("13:00", "24:00"))),
        ),
    ],
)  # fmt: skip
def test_rows_as_people_write_them(cells: list[str], day: Day) -> None:
    assert days_from_rows([HEADER, (2, ["", " "]), (3, cells)]) == ([day], [])


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        (["", "x"], "date", "date_missing"),
        (["2026-02-30"], "date", "date_invalid"),
        (["2026-02/03"], "date", "date_invalid"),
        (["1926-02-03"], "date", "date_invalid"),
        (["２０２６-02-03"], "date", "date_invalid"),
        (["2026-02-03", "x" * 101], "name", "name_invalid"),
        (["2026-02-03", "a\x00b"], "name", "name_invalid"),
        (["2026-02-03", "", "someday"], "like", "like_invalid"),
        (["2026-02-03", "", "mon", "09:00-10:00"], "like", "like_with_slots"),
        (["2026-02-03", "", "", "9-12"], "slots", "slots_invalid"),
        (["2026-02-03", "", "", "12:00-09:00"], "slots", "slots_invalid"),
        (["2026-02-03", "", "", "09:00-24:01"], "slots", "slots_invalid"),
        (["2026-02-03", "", "", "09:70-12:00"], "slots", "slots_invalid"),
        (["2026-02-03", "", "", "09:00-12:00 11:59-13:00"], "slots", "slots_overlap"),
        (["2026-02-03", "", "", "09:00-12:00", "13:00-14:00"], "slots", "cells_too_many"),
    ],
)
def test_a_bad_row_is_told_with_its_line(cells: list[str], column: str, code: str) -> None:
    good = (2, ["2026-01-01"])
    days, errors = days_from_rows([HEADER, good, (7, cells)])
    assert days == [Day(date="2026-01-01")]
    assert [(e.line, e.column, e.code) for e in errors] == [(7, column, code)]


def test_a_date_is_given_once_and_the_other_line_is_named() -> None:
    _, errors = days_from_rows([HEADER, (2, ["2026-01-01"]), (3, ["2026/1/1"])])
    assert [(e.line, e.code) for e in errors] == [(3, "date_twice")]
    assert "line 2" in errors[0].reason


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (["name"], "header_missing"),
        (["2026-01-01", "x"], "header_missing"),
        (["date", "colour"], "column_unknown"),
        (["date", "Date "], "column_twice"),
    ],
)
def test_the_header_says_what_the_columns_are(header: list[str], code: str) -> None:
    days, errors = days_from_rows([(1, header), (2, ["2026-01-01", "x"])])
    assert (days, errors[0].code) == ([], code)


def test_columns_come_in_any_order_and_a_file_without_rows_is_refused() -> None:
    days, errors = days_from_rows([(1, ["Slots", "DATE"]), (2, ["09:00-10:00", "2026-01-01"])])
    assert (days[0].slots, errors) == (slots(("09:00", "10:00")), [])
    assert days_from_rows([])[1][0].code == "header_missing"


def test_a_file_without_end_is_not_read_to_its_end() -> None:
    endless = ((n, ["not a date"]) for n in count(2))
    _, errors = days_from_rows(chain([HEADER], endless))
    assert (len(errors), errors[-1].code) == (MAX_ROWS + 1, "rows_too_many")


@given(st.lists(st.lists(st.text(max_size=12), max_size=5), max_size=8))
def test_anything_is_read_or_told(rows: list[list[str]]) -> None:
    numbered = [HEADER, *enumerate(rows, 2)]
    filled = [cells for cells in rows if any(cell.strip() for cell in cells)]
    days, errors = days_from_rows(numbered)
    assert len(days) + len(errors) == len(filled)
