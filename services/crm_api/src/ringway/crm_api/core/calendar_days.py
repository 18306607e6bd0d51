"""Rows of holidays and make-up workdays, as a spreadsheet or a government's list gives them.

The first row names the columns ``date``, ``name``, ``like`` and ``slots`` in any order; only
``date`` must be there. Without ``like`` and ``slots`` the day is closed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from ringway.proto.acd_config import Day, DayName, TimeSlot

COLUMNS = ("date", "name", "like", "slots")
MAX_ROWS = 2000
_MAX_NAME = 100
_YEARS = range(2000, 2101)
_DATE = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})", re.ASCII)
_SLOT = re.compile(r"([0-9]{1,2}):([0-9]{2})\s*[-–~至]\s*([0-9]{1,2}):([0-9]{2})", re.ASCII)
_BETWEEN_SLOTS = re.compile(r"[\s;,|，；、]+")
_AROUND_DASH = re.compile(r"\s*([-–~至])\s*")
_DAYS: tuple[DayName, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WHOLE = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WORDS: dict[str, DayName] = {
    **{day: day for day in _DAYS},
    **dict(zip(_WHOLE, _DAYS, strict=True)),
    **{
        f"{head}{char}": day
        for head in ("周", "星期")
        for char, day in [*zip("一二三四五六日", _DAYS, strict=True), ("天", "sun")]
    },
}


@dataclass(frozen=True, slots=True)
class DayRowError:
    """What is wrong with one row. ``line`` counts from 1, which is the header."""

    line: int
    column: str
    code: str
    reason: str


class _Bad(Exception):
    def __init__(self, column: str, code: str, reason: str) -> None:
        super().__init__(reason)
        self.column, self.code = column, code


def days_from_rows(
    rows: Iterable[tuple[int, Sequence[str]]],
) -> tuple[list[Day], list[DayRowError]]:
    """Return the days, and what is wrong with the rows that give none.

    Codes: ``header_missing``, ``column_unknown``, ``column_twice``, ``cells_too_many``,
    ``date_missing``, ``date_invalid``, ``date_twice``, ``name_invalid``, ``like_invalid``,
    ``like_with_slots``, ``slots_invalid``, ``slots_overlap``, ``rows_too_many``.

    Args:
        rows: Line numbers and cells; rows without any text are passed over.
    """
    filled = ((line, cells) for line, cells in rows if any(cell.strip() for cell in cells))
    header = next(filled, None)
    if header is None:
        return [], [DayRowError(1, "date", "header_missing", "There is no row.")]
    columns, errors = _columns(*header)
    if errors:
        return [], errors
    days: dict[str, Day] = {}
    lines: dict[str, int] = {}
    for count, (line, cells) in enumerate(filled, 1):
        if count > MAX_ROWS:
            reason = f"Only {MAX_ROWS} rows are read; make it several files."
            errors.append(DayRowError(line, "date", "rows_too_many", reason))
            break
        try:
            day = _day(columns, cells)
            if day.date in days:
                raise _Bad("date", "date_twice", f"{day.date} is in line {lines[day.date]}, too.")
        except _Bad as bad:
            errors.append(DayRowError(line, bad.column, bad.code, str(bad)))
        else:
            days[day.date], lines[day.date] = day, line
    return list(days.values()), errors


def _columns(line: int, cells: Sequence[str]) -> tuple[dict[str, int], list[DayRowError]]:
    columns: dict[str, int] = {}
    errors: list[DayRowError] = []
    for n, cell in enumerate(cells):
        name = cell.strip().lower()
        if name in columns:
            errors.append(DayRowError(line, name, "column_twice", f"{name} is named twice."))
        elif name in COLUMNS:
            columns[name] = n
        elif name:
            reason = f"The columns are {', '.join(COLUMNS)}."
            errors.append(DayRowError(line, name[:_MAX_NAME], "column_unknown", reason))
    if "date" not in columns:
        reason = f"The first row names the columns: {', '.join(COLUMNS)}."
        return {}, [DayRowError(line, "date", "header_missing", reason)]
    return columns, errors


def _day(columns: dict[str, int], cells: Sequence[str]) -> Day:
    if any(cell.strip() for cell in cells[max(columns.values()) + 1 :]):
        raise _Bad(
            "slots", "cells_too_many", "There are more cells than columns; put quotes around text."
        )

    def cell(name: str) -> str:
        n = columns.get(name)
        return cells[n].strip() if n is not None and n < len(cells) else ""

    like, slots = _like(cell("like")), _slots(cell("slots"))
    if like is not None and slots:
        raise _Bad("like", "like_with_slots", "Give either a weekday or slots, not both.")
    return Day(date=_date(cell("date")), name=_name(cell("name")), like=like, slots=slots)


def _date(text: str) -> str:
    if not text:
        raise _Bad("date", "date_missing", "Give the date, such as 2026-10-01.")
    found = _DATE.fullmatch(text)
    try:
        day = date(int(found[1]), int(found[3]), int(found[4])) if found else None
    except ValueError:
        day = None
    if day is None or day.year not in _YEARS:
        raise _Bad("date", "date_invalid", "This is no date; write one such as 2026-10-01.")
    return day.isoformat()


def _name(text: str) -> str:
    if len(text) > _MAX_NAME or any(char < " " or char == "\x7f" for char in text):
        raise _Bad("name", "name_invalid", f"Give one line of at most {_MAX_NAME} characters.")
    return text


def _like(text: str) -> DayName | None:
    if not text:
        return None
    day = _WORDS.get(text.lower())
    if day is None:
        raise _Bad("like", "like_invalid", "This is no weekday; write mon, tue … sun.")
    return day


def _slots(text: str) -> tuple[TimeSlot, ...]:
    if not text:
        return ()
    slots = [_slot(part) for part in _BETWEEN_SLOTS.split(_AROUND_DASH.sub(r"\1", text)) if part]
    slots.sort(key=lambda slot: slot.start)
    for before, after in pairwise(slots):
        if after.start < before.end:
            raise _Bad("slots", "slots_overlap", f"Slots overlap at {after.start}.")
    return tuple(slots)


def _slot(text: str) -> TimeSlot:
    found = _SLOT.fullmatch(text)
    if found is not None:
        start, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
        if int(found[2]) < 60 and int(found[4]) < 60 and start < end <= 24 * 60:
            return TimeSlot(start=_clock(start), end=_clock(end))
    raise _Bad("slots", "slots_invalid", "Write slots such as 09:00-12:00 13:00-18:00.")


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
