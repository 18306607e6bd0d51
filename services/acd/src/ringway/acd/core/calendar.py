"""Business hours, holidays and duty of one tenant's calendar.

Hours are what the clock on the wall shows in the calendar's time zone. They are turned into spans
of absolute time per local date, so a change to or from summer time neither loses nor repeats an
opening: what opens at an hour that is skipped opens when the skip ends, what closes at an hour
that comes twice closes at the second one.

A closed day (a holiday) is closed from midnight to midnight. A work day (a Saturday that makes up
for a holiday, 调休) has hours of its own or those of another weekday.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

DAY_MINUTES = 1440
# A calendar that does not change within this many days is taken for one that never does.
HORIZON_DAYS = 800
_DAY = timedelta(days=1)

Interval = tuple[int, int]
"""Start and end in minutes since local midnight; the end does not belong to it, 1440 is 24:00."""
Weekly = Mapping[int, tuple[Interval, ...]]
"""Weekday, 0 is Monday, to its intervals. A weekday that is missing is closed."""


class CalendarInvalid(ValueError):
    """Hours that contradict themselves; the message names the day."""


class DutyWhen(StrEnum):
    """At which of its hours a duty counts."""

    ALWAYS = "always"
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Duty:
    """Who serves at certain hours (值班座席).

    Args:
        weekly: The duty's hours; several duties may overlap, the first in the calendar wins.
        when: Whether it counts only while the business is open, or only while it is closed.
    """

    name: str
    weekly: Weekly
    when: DutyWhen = DutyWhen.ALWAYS
    agent_ids: tuple[str, ...] = ()
    team_ids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_weekly(self.weekly, f"duty {self.name}")


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a business is open.

    Args:
        weekly: Hours of a usual week. A range over midnight is given as two intervals.
        closed_days: Holidays with their names.
        work_days: Days with hours of their own: intervals, or the weekday whose hours apply.

    Raises:
        CalendarInvalid: Intervals overlap or end before they begin, or a day is both closed and
            a work day.
    """

    time_zone: ZoneInfo
    weekly: Weekly
    closed_days: Mapping[date, str] = field(default_factory=dict)
    work_days: Mapping[date, tuple[Interval, ...] | int] = field(default_factory=dict)
    duties: tuple[Duty, ...] = ()

    def __post_init__(self) -> None:
        check_weekly(self.weekly, "weekly hours")
        for day, hours in self.work_days.items():
            if day in self.closed_days:
                raise CalendarInvalid(f"{day} is a closed day and a work day.")
            if isinstance(hours, int):
                if not 0 <= hours <= 6:
                    raise CalendarInvalid(f"{day} follows weekday {hours}, which is none.")
            else:
                check_intervals(hours, str(day))
        names = [duty.name for duty in self.duties]
        if len(set(names)) != len(names):
            raise CalendarInvalid("Two duties have the same name.")

    def is_open(self, moment: datetime) -> bool:
        """Return whether the business is open.

        Raises:
            ValueError: ``moment`` has no time zone.
        """
        at = _utc(moment)
        return any(start <= at < end for day in self._around(at) for start, end in self._spans(day))

    def next_change(self, moment: datetime) -> datetime | None:
        """Return when it opens or closes next, after ``moment``, in UTC.

        Returns:
            ``None`` when nothing changes within ``HORIZON_DAYS``.

        Raises:
            ValueError: ``moment`` has no time zone.
        """
        at = _utc(moment)
        first = at.astimezone(self.time_zone).date() - _DAY
        last = at + HORIZON_DAYS * _DAY
        open_until: datetime | None = None
        for number in range(HORIZON_DAYS + 2):
            for start, end in self._spans(first + number * _DAY):
                if end <= at:
                    continue
                if open_until is None:
                    if start > at:
                        return start if start <= last else None
                    open_until = end
                elif start <= open_until:
                    open_until = max(open_until, end)
                else:
                    return open_until
            # Tomorrow's spans begin at or after tomorrow's midnight.
            if open_until is not None and open_until < self._absolute(
                first + (number + 1) * _DAY, 0, is_end=False
            ):
                return open_until
        return None

    def closed_day(self, moment: datetime) -> str | None:
        """Return the name of the holiday on that local date, or ``None``."""
        return self.closed_days.get(_utc(moment).astimezone(self.time_zone).date())

    def duty_at(self, moment: datetime) -> str | None:
        """Return the name of the duty that counts at that moment, or ``None``."""
        at = _utc(moment)
        is_open: bool | None = None
        for duty in self.duties:
            if not any(
                start <= at < end
                for day in self._around(at)
                for start, end in self._absolutes(day, duty.weekly.get(day.weekday(), ()))
            ):
                continue
            if duty.when is DutyWhen.ALWAYS:
                return duty.name
            is_open = self.is_open(at) if is_open is None else is_open
            if is_open is (duty.when is DutyWhen.OPEN):
                return duty.name
        return None

    def duty(self, name: str) -> Duty | None:
        """Return a duty by its name."""
        return next((duty for duty in self.duties if duty.name == name), None)

    def hours_of(self, day: date) -> tuple[Interval, ...]:
        """Return the intervals of one local date."""
        special = self.work_days.get(day)
        if special is not None:
            return self.weekly.get(special, ()) if isinstance(special, int) else special
        return () if day in self.closed_days else self.weekly.get(day.weekday(), ())

    def _around(self, at: datetime) -> tuple[date, date, date]:
        # Around a change of the clock a moment may belong to the date before or after its own.
        day = at.astimezone(self.time_zone).date()
        return day - _DAY, day, day + _DAY

    def _spans(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        return self._absolutes(day, self.hours_of(day))

    def _absolutes(
        self, day: date, hours: Sequence[Interval]
    ) -> Iterator[tuple[datetime, datetime]]:
        for first, last in sorted(hours):
            start = self._absolute(day, first, is_end=False)
            end = self._absolute(day, last, is_end=True)
            if start < end:
                yield start, end

    def _absolute(self, day: date, minute: int, *, is_end: bool) -> datetime:
        if minute == DAY_MINUTES:
            # The next date's first moment, of two midnights the first.
            day, minute, is_end = day + _DAY, 0, False
        wall = datetime.combine(day, time(minute // 60, minute % 60), self.time_zone)
        early = wall.replace(fold=0).astimezone(UTC)
        late = wall.replace(fold=1).astimezone(UTC)
        if early <= late:
            return late if is_end else early
        return self._skip(late, early)

    def _skip(self, before: datetime, after: datetime) -> datetime:
        """Return when the clock is put forward, to the second, between two moments."""
        offset = after.astimezone(self.time_zone).utcoffset()
        while after - before > timedelta(seconds=1):
            middle = before + timedelta(seconds=(after - before).total_seconds() // 2)
            if middle.astimezone(self.time_zone).utcoffset() == offset:
                after = middle
            else:
                before = middle
        return after


def check_weekly(weekly: Weekly, what: str) -> None:
    """Refuse hours of a week that contradict themselves.

    Raises:
        CalendarInvalid: See ``Calendar``.
    """
    for weekday, hours in weekly.items():
        if not 0 <= weekday <= 6:
            raise CalendarInvalid(f"{what}: weekday {weekday} is none; 0 is Monday, 6 Sunday.")
        check_intervals(hours, f"{what}, weekday {weekday}")


def check_intervals(hours: Sequence[Interval], what: str) -> None:
    """Refuse intervals that are empty, outside of a day, or overlap.

    Raises:
        CalendarInvalid: See ``Calendar``.
    """
    previous = 0
    for start, end in sorted(hours):
        if not 0 <= start < end <= DAY_MINUTES:
            raise CalendarInvalid(f"{what}: {start} to {end} is no interval of a day's minutes.")
        if start < previous:
            raise CalendarInvalid(f"{what}: two intervals overlap at minute {start}.")
        previous = end


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("A moment without a time zone says nothing.")
    return moment.astimezone(UTC)
