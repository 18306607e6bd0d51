"""Business hours as spans of absolute time, and arithmetic on them.

Hours are what the clock on the wall shows in the calendar's time zone. What opens at an hour that
is skipped opens when the skip ends; what closes at an hour that comes twice closes at the second
one. So a change to or from summer time neither loses nor repeats an opening.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ringway.proto.acd_config import Calendar, TimeSlot

_DAY_MINUTES = 1440
_DAY = timedelta(days=1)
# A calendar that offers too little within this is taken for one that never opens again.
HORIZON_DAYS = 1100
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Interval = tuple[int, int]
"""Start and end in minutes since local midnight; the end does not belong to it, 1440 is 24:00."""


class HoursInvalid(ValueError):
    """A calendar that cannot be read; the message names what is wrong."""


@dataclass(frozen=True, slots=True)
class Hours:
    """When a business is open.

    Args:
        weekly: Weekday, 0 is Monday, to its intervals. One that is missing is closed.
        days: Dates that are not like their weekday, to their intervals; none: closed.
    """

    zone: ZoneInfo
    weekly: Mapping[int, Sequence[Interval]]
    days: Mapping[date, Sequence[Interval]] = field(default_factory=dict)

    def between(self, begin: datetime, end: datetime) -> float:
        """Return the open seconds between two moments; 0 when ``end`` is not after ``begin``."""
        total = 0.0
        for start, stop in self._spans_from(begin):
            if start >= end:
                break
            total += max(0.0, (min(stop, end) - max(start, begin)).total_seconds())
            if stop >= end:
                break
        return total

    def after(self, begin: datetime, seconds: float) -> datetime | None:
        """Return the moment at which so many open seconds have passed since ``begin``.

        With 0 seconds or less it is ``begin`` itself. None: not within ``HORIZON_DAYS``.
        """
        if seconds <= 0:
            return begin
        left = seconds
        for start, stop in self._spans_from(begin):
            open_s = (stop - max(start, begin)).total_seconds()
            if open_s >= left:
                return max(start, begin) + timedelta(seconds=left)
            left -= max(0.0, open_s)
        return None

    def _spans_from(self, begin: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield spans in UTC that end after ``begin``, in order, never overlapping."""
        first = begin.astimezone(self.zone).date() - _DAY
        until = begin
        for n in count():
            if n > HORIZON_DAYS:
                return
            day = first + n * _DAY
            for start_minute, end_minute in sorted(self._intervals(day)):
                start = self._absolute(day, start_minute, is_end=False)
                stop = self._absolute(day, end_minute, is_end=True)
                start = max(start, until)  # of two hours that meet at a change, one counts
                if stop > start:
                    yield start, stop
                    until = stop

    def _intervals(self, day: date) -> Sequence[Interval]:
        special = self.days.get(day)
        return special if special is not None else self.weekly.get(day.weekday(), ())

    def _absolute(self, day: date, minute: int, *, is_end: bool) -> datetime:
        if minute == _DAY_MINUTES:
            # The next date's first moment, of two midnights the first.
            day, minute, is_end = day + _DAY, 0, False
        wall = datetime.combine(day, time(minute // 60, minute % 60), self.zone)
        early = wall.replace(fold=0).astimezone(UTC)
        late = wall.replace(fold=1).astimezone(UTC)
        if early <= late:
            return late if is_end else early
        return self._skip(late, early)

    def _skip(self, before: datetime, after: datetime) -> datetime:
        """Return when the clock is put forward, to the second, between two moments."""
        offset = after.astimezone(self.zone).utcoffset()
        while after - before > timedelta(seconds=1):
            middle = before + timedelta(seconds=(after - before).total_seconds() // 2)
            if middle.astimezone(self.zone).utcoffset() == offset:
                after = middle
            else:
                before = middle
        return after


@dataclass(frozen=True, slots=True)
class Always:
    """No business hours: every second counts."""

    def between(self, begin: datetime, end: datetime) -> float:
        """Return the seconds between two moments, never negative."""
        return max(0.0, (end - begin).total_seconds())

    def after(self, begin: datetime, seconds: float) -> datetime | None:
        """Return the moment so many seconds after ``begin``."""
        return begin + timedelta(seconds=max(0.0, seconds))


AnyHours = Hours | Always


def hours_of(calendar: Calendar) -> Hours:
    """Return the hours of a calendar as the ACD keeps it. Its make-up workdays are in them.

    Raises:
        HoursInvalid: Its time zone or a date does not exist, or an interval ends before it begins.
    """
    try:
        zone = ZoneInfo(calendar.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise HoursInvalid(f"There is no time zone {calendar.time_zone}.") from error
    weekly = {
        _DAYS.index(name): _intervals_of(slots, name) for name, slots in calendar.weekly.items()
    }
    days: dict[date, Sequence[Interval]] = {}
    for day in calendar.days:
        try:
            when = date.fromisoformat(day.date)
        except ValueError as error:
            raise HoursInvalid(f"There is no date {day.date}.") from error
        like = weekly.get(_DAYS.index(day.like), ()) if day.like is not None else ()
        days[when] = like if day.like is not None else _intervals_of(day.slots, day.date)
    return Hours(zone, weekly, days)


def _intervals_of(slots: Sequence[TimeSlot], what: str) -> tuple[Interval, ...]:
    intervals = tuple((_minutes(slot.start), _minutes(slot.end)) for slot in slots)
    if any(start >= end for start, end in intervals):
        raise HoursInvalid(f"{what}: hours end after they begin; use two slots over midnight.")
    return intervals


def _minutes(clock_time: str) -> int:
    hour, minute = clock_time.split(":")
    return int(hour) * 60 + int(minute)
