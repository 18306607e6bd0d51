"""When a schedule allows dialing, in one zone or in several at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from ringway.dialer.core.law.zone_time import (
    DAY_S,
    Span,
    local_day,
    midnight,
    moment,
    seconds,
    spans_of_day,
)
from ringway.proto.dialer_spec import DayName, Schedule

_DAYS: tuple[DayName, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WHOLE_DAY = [(0, DAY_S)]
# Two zones may agree about an hour only while their clocks differ as they do in summer.
_LOOK_AHEAD_DAYS = 370
_REMEMBERED_DAYS = 4096


class Hours:
    """One schedule's opening hours. Keeps what it worked out: ask the same one again.

    Args:
        schedule: Windows, days and holidays; read in the zones that each question names.
    """

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._holidays = {day.toordinal() for day in schedule.holidays}
        self._workdays = {day.toordinal() for day in schedule.workdays}
        self._first = (
            schedule.valid_from.toordinal() if schedule.valid_from else date.min.toordinal()
        )
        self._last = (
            schedule.valid_until.toordinal() if schedule.valid_until else date.max.toordinal()
        )
        self._by_day = {
            name: [(_clock(w.begins), _clock(w.ends)) for w in schedule.windows if name in w.days]
            for name in _DAYS
        }
        self._is_unlimited = not schedule.windows
        self._is_always = (
            self._is_unlimited
            and not self._holidays
            and schedule.valid_from is None
            and schedule.valid_until is None
        )
        # Excluded days may follow each other; a window that a change of clock removes is back
        # within a week.
        self._look_ahead = _LOOK_AHEAD_DAYS + 7 * len(self._holidays)
        self._spans: dict[tuple[str, int], list[Span]] = {}
        self._answers: dict[tuple[str, ...], tuple[int, int, int | None]] = {}

    def zones(self, lead_zones: Sequence[str]) -> tuple[str, ...]:
        """Return the zones in which the windows and days of a lead are read."""
        if self._schedule.use_lead_zone and lead_zones:
            return tuple(lead_zones)
        return (self._schedule.zone,)

    def is_open(self, zones: Sequence[str], at: datetime) -> bool:
        """Whether a dial at this moment is inside the hours of every zone."""
        return self.next_open(zones, at) == at

    def next_open(self, zones: Sequence[str], at: datetime) -> datetime | None:
        """Return the first moment, not before ``at``, inside the hours of every zone.

        ``None``: there is none, or none within a year.
        """
        if self._is_always:
            return at
        second, key = seconds(at), tuple(zones)
        answer = self._answers.get(key)
        if answer is None or not answer[0] <= second < answer[1]:
            answer = self._answers[key] = self._work_out(key, second)
        opens = answer[2]
        if opens is None:
            return None
        return at if opens <= second else moment(opens)

    def open_until(self, zones: Sequence[str], at: datetime) -> datetime | None:
        """Return when the present hours end; ``None``: it is closed, or stays open for a day."""
        if self._is_always:
            return None
        second = begin = seconds(at)
        while second < begin + DAY_S:
            _, until, opens = self._work_out(tuple(zones), second)
            if opens is None or opens > second:
                return moment(second) if second > begin else None
            second = until
        return None

    def _work_out(self, zones: tuple[str, ...], second: int) -> tuple[int, int, int | None]:
        """Return (from, until, opens): for moments between these, it is open from ``opens`` on."""
        latest = max(second, midnight(self._first)) + DAY_S * self._look_ahead
        opens = second
        while opens <= latest:
            tried, until = opens, latest
            for zone in zones:
                span = self._span_from(zone, opens)
                if span is None:
                    return second, second + DAY_S, None
                opens, until = max(opens, span[0]), min(until, span[1])
            if opens == tried:
                return second, until, opens
        return second, second + DAY_S, None

    def _span_from(self, zone: str, second: int) -> Span | None:
        """Return the first span of a zone's hours that ends after ``second``."""
        day = max(local_day(zone, second) - 1, self._first)
        last = min(day + self._look_ahead + 2, self._last)
        while day <= last:
            for span in self._of_day(zone, day):
                if span[1] > second:
                    return span
            day += 1
        return None

    def _of_day(self, zone: str, day: int) -> list[Span]:
        if day in self._holidays or not self._first <= day <= self._last:
            return []
        key = (zone, day)
        spans = self._spans.get(key)
        if spans is None:
            if len(self._spans) >= _REMEMBERED_DAYS:
                self._spans.clear()
            spans = self._spans[key] = spans_of_day(zone, day, self._windows(day))
        return spans

    def _windows(self, day: int) -> list[Span]:
        if self._is_unlimited:
            return _WHOLE_DAY
        if day in self._workdays:
            return self._by_day["mon"]
        return self._by_day[_DAYS[date.fromordinal(day).weekday()]]


def _clock(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60
