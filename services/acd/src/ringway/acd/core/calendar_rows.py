"""A calendar from the rows that a tenant imports: a form, a spreadsheet, a government's list.

A row is a mapping of texts. ``kind`` says what it is, the other columns depend on it:

=========  =====================================================================================
hours      ``day`` (``mon``, ``mon-fri``, ``周一``), ``from``, ``to`` (``24:00`` is midnight; an end
           before its start goes on into the next weekday)
closed     ``date``, optional ``until`` (both included), ``name``
workday    ``date`` and either ``like`` (a weekday) or ``from`` and ``to``; repeat for several
           intervals
duty       ``name``, ``day``, ``from``, ``to``, optional ``when`` (``always``, ``open``,
           ``closed``), ``agents``, ``teams`` (ids between spaces); repeat for several intervals
=========  =====================================================================================

Columns without meaning for a kind are ignored, so one sheet may hold all kinds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ringway.acd.core.calendar import DAY_MINUTES, Calendar, Duty, DutyWhen, Interval

_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CHINESE = {f"周{day}": n for n, day in enumerate("一二三四五六日")} | {"周天": 6}
_WEEKDAYS = {name: n for n, name in enumerate(_NAMES)} | _CHINESE
_TIME = re.compile(r"([01]?[0-9]|2[0-4]):([0-5][0-9])", re.ASCII)
_YEARS = range(2000, 2101)
_LONGEST_CLOSED_DAYS = 366


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong with one row. ``row`` counts from 1, 0 is the calendar as a whole."""

    row: int
    column: str
    code: str
    message: str


class CalendarRowsInvalid(ValueError):
    """One or more rows cannot be used; all of them are named."""

    def __init__(self, errors: tuple[RowError, ...]) -> None:
        super().__init__("; ".join(f"row {e.row}: {e.message}" for e in errors))
        self.errors = errors


class _Bad(Exception):
    def __init__(self, column: str, code: str, message: str) -> None:
        super().__init__(message)
        self.column, self.code = column, code


@dataclass(slots=True)
class _DutyRows:
    when: DutyWhen
    hours: dict[int, list[Interval]] = field(default_factory=dict)
    agent_ids: dict[str, None] = field(default_factory=dict)
    team_ids: dict[str, None] = field(default_factory=dict)


@dataclass(slots=True)
class _Rows:
    weekly: dict[int, list[Interval]] = field(default_factory=dict)
    closed: dict[date, str] = field(default_factory=dict)
    work: dict[date, list[Interval] | int] = field(default_factory=dict)
    duties: dict[str, _DutyRows] = field(default_factory=dict)

    def take(self, row: Mapping[str, str]) -> None:
        match _text(row, "kind").lower():
            case "hours":
                for weekday in _weekdays(row):
                    _add_week(self.weekly, weekday, _from(row), _to(row))
            case "closed":
                self._closed(row)
            case "workday":
                self._workday(row)
            case "duty":
                self._duty(row)
            case other:
                raise _Bad(
                    "kind", "bad_kind", f"{other!r} is not one of hours, closed, workday, duty."
                )

    def _closed(self, row: Mapping[str, str]) -> None:
        first = _date(row, "date")
        last = _date(row, "until") if _optional(row, "until") else first
        if last < first:
            raise _Bad("until", "end_before_start", f"{last} is before {first}.")
        if (last - first).days >= _LONGEST_CLOSED_DAYS:
            raise _Bad("until", "too_long", f"{first} to {last} is longer than a year.")
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        for day in days:
            if day in self.closed:
                raise _Bad("date", "duplicate", f"{day} is closed already: {self.closed[day]}.")
            if day in self.work:
                raise _Bad("date", "contradiction", f"{day} is a work day in another row.")
        self.closed |= dict.fromkeys(days, _optional(row, "name"))

    def _workday(self, row: Mapping[str, str]) -> None:
        day = _date(row, "date")
        if day in self.closed:
            raise _Bad("date", "contradiction", f"{day} is closed in another row.")
        has = self.work.get(day)
        like = _optional(row, "like")
        if like:
            if has is not None:
                raise _Bad("date", "duplicate", f"{day} has hours from another row.")
            self.work[day] = _weekday(like, "like")
            return
        start, end = _from(row), _to(row)
        if end <= start:
            raise _Bad("to", "end_before_start", "A work day's hours end on the same day.")
        if isinstance(has, int):
            raise _Bad("date", "duplicate", f"{day} has hours from another row.")
        hours = list(has or ())
        _add(hours, (start, end))
        self.work[day] = hours

    def _duty(self, row: Mapping[str, str]) -> None:
        name = _text(row, "name")
        word = _optional(row, "when").lower() or DutyWhen.ALWAYS
        if word not in list(DutyWhen):
            raise _Bad("when", "bad_when", f"{word!r} is not one of always, open, closed.")
        weekdays, start, end = _weekdays(row), _from(row), _to(row)
        agent_ids, team_ids = _optional(row, "agents").split(), _optional(row, "teams").split()
        duty = self.duties.get(name)
        if duty is not None and duty.when != word:
            raise _Bad("when", "contradiction", f"Duty {name} counts at other hours elsewhere.")
        if duty is None and not agent_ids and not team_ids:
            raise _Bad("agents", "missing", f"Nobody has duty {name}: give agents or teams.")
        if duty is None:
            duty = self.duties[name] = _DutyRows(DutyWhen(word))
        for weekday in weekdays:
            _add_week(duty.hours, weekday, start, end)
        duty.agent_ids |= dict.fromkeys(agent_ids)
        duty.team_ids |= dict.fromkeys(team_ids)


def calendar_from_rows(time_zone: str, rows: Iterable[Mapping[str, str]]) -> Calendar:
    """Return the calendar that the rows describe.

    Args:
        time_zone: An IANA name, such as ``Asia/Shanghai``.

    Raises:
        CalendarRowsInvalid: With one error for every row that cannot be used. Codes: bad_zone,
            bad_kind, bad_day, bad_date, bad_time, bad_when, missing, end_before_start, too_long,
            overlap, duplicate, contradiction.
    """
    errors: list[RowError] = []
    zone = None
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        errors.append(RowError(0, "time_zone", "bad_zone", f"No time zone is {time_zone!r}."))
    found = _Rows()
    for number, row in enumerate(rows, 1):
        try:
            found.take(row)
        except _Bad as bad:
            errors.append(RowError(number, bad.column, bad.code, str(bad)))
    if errors or zone is None:
        raise CalendarRowsInvalid(tuple(errors))
    return Calendar(
        zone,
        _frozen(found.weekly),
        found.closed,
        {d: h if isinstance(h, int) else tuple(sorted(h)) for d, h in found.work.items()},
        tuple(
            Duty(name, _frozen(duty.hours), duty.when, tuple(duty.agent_ids), tuple(duty.team_ids))
            for name, duty in found.duties.items()
        ),
    )


def _frozen(hours: Mapping[int, list[Interval]]) -> dict[int, tuple[Interval, ...]]:
    return {weekday: tuple(sorted(intervals)) for weekday, intervals in hours.items()}


def _add_week(weekly: dict[int, list[Interval]], weekday: int, start: int, end: int) -> None:
    if start == end:
        raise _Bad("to", "end_before_start", "Hours that end when they begin are none.")
    if end > start:
        _add(weekly.setdefault(weekday, []), (start, end))
        return
    _add(weekly.setdefault(weekday, []), (start, DAY_MINUTES))
    if end > 0:
        _add(weekly.setdefault((weekday + 1) % 7, []), (0, end))


def _add(hours: list[Interval], new: Interval) -> None:
    for start, end in hours:
        if new[0] < end and start < new[1]:
            raise _Bad("from", "overlap", f"These hours overlap {_clock(start)}-{_clock(end)}.")
    hours.append(new)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _optional(row: Mapping[str, str], column: str) -> str:
    return (row.get(column) or "").strip()


def _text(row: Mapping[str, str], column: str) -> str:
    text = _optional(row, column)
    if not text:
        raise _Bad(column, "missing", f"{column} is empty.")
    return text


def _weekdays(row: Mapping[str, str]) -> list[int]:
    first, dash, last = _text(row, "day").replace("–", "-").replace("至", "-").partition("-")
    start = _weekday(first, "day")
    length = (_weekday(last, "day") - start) % 7 if dash else 0
    return [(start + n) % 7 for n in range(length + 1)]


def _weekday(text: str, column: str) -> int:
    word = text.strip().lower().replace("星期", "周")
    found = _WEEKDAYS.get(word, _WEEKDAYS.get(word[:3]) if word.endswith("day") else None)
    if found is None:
        raise _Bad(column, "bad_day", f"{text!r} is no weekday: write mon … sun.")
    return found


def _date(row: Mapping[str, str], column: str) -> date:
    text = _text(row, column)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise _Bad(column, "bad_date", f"{text!r} is no date: write 2026-10-01.") from None
    if day.year not in _YEARS:
        raise _Bad(column, "bad_date", f"The year {day.year} is surely a slip of the pen.")
    return day


def _from(row: Mapping[str, str]) -> int:
    minute = _minute(row, "from")
    if minute == DAY_MINUTES:
        raise _Bad("from", "bad_time", "Nothing begins at 24:00: write 00:00 of the next day.")
    return minute


def _to(row: Mapping[str, str]) -> int:
    return _minute(row, "to")


def _minute(row: Mapping[str, str], column: str) -> int:
    text = _text(row, column)
    found = _TIME.fullmatch(text)
    minute = int(found[1]) * 60 + int(found[2]) if found else DAY_MINUTES + 1
    if minute > DAY_MINUTES:
        raise _Bad(column, "bad_time", f"{text!r} is no time of day: write 09:00.")
    return minute
