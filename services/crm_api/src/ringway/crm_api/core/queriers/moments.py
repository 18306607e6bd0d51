"""Periods relative to now, and when something is due next; days are those of a zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ringway.crm_api.core.queriers.query import Relative, Span


def days(relative: Relative, now: datetime, zone: str) -> tuple[date, date] | None:
    """Return the days of a period, the first included and the last not; None: not of days.

    Args:
        now: With a time zone.
        zone: An IANA name: where the day of ``now`` is looked up.
    """
    today = now.astimezone(ZoneInfo(zone)).date()
    monday = today - timedelta(days=today.weekday())
    first = today.replace(day=1)
    n = timedelta(days=relative.n or 0)
    day = timedelta(days=1)
    match relative.relative:
        case Span.TODAY:
            return today, today + day
        case Span.YESTERDAY:
            return today - day, today
        case Span.TOMORROW:
            return today + day, today + 2 * day
        case Span.THIS_WEEK:
            return monday, monday + 7 * day
        case Span.LAST_WEEK:
            return monday - 7 * day, monday
        case Span.THIS_MONTH:
            return first, (first + 31 * day).replace(day=1)
        case Span.LAST_MONTH:
            return (first - day).replace(day=1), first
        case Span.THIS_YEAR:
            return date(today.year, 1, 1), date(today.year + 1, 1, 1)
        case Span.LAST_YEAR:
            return date(today.year - 1, 1, 1), date(today.year, 1, 1)
        case Span.LAST_DAYS:
            return today - n + day, today + day
        case Span.NEXT_DAYS:
            return today, today + n
        case _:
            return None


def period(relative: Relative, now: datetime, zone: str) -> tuple[datetime, datetime]:
    """Return the moments of a period in UTC, the first included and the last not."""
    found = days(relative, now, zone)
    if found is not None:
        return midnight(found[0], zone), midnight(found[1], zone)
    unit = {Span.LAST_HOURS: timedelta(hours=1), Span.LAST_MINUTES: timedelta(minutes=1)}
    return now - unit[relative.relative] * (relative.n or 0), now


def midnight(day: date, zone: str) -> datetime:
    """Return the moment at which a day begins in a zone."""
    return at(day, time(), zone)


def at(day: date, clock: time, zone: str) -> datetime:
    """Return when clocks of a zone show a time on a day; one that is left out passed before."""
    return datetime.combine(day, clock, ZoneInfo(zone)).astimezone(UTC)


def next_at(after: datetime, clock: time, weekdays: frozenset[int], zone: str) -> datetime:
    """Return the first moment after ``after`` at which a zone's clocks show ``clock``.

    Args:
        weekdays: 1 is Monday; empty: every day.
    """
    day = after.astimezone(ZoneInfo(zone)).date() - timedelta(days=1)
    while True:
        if not weekdays or day.isoweekday() in weekdays:
            found = at(day, clock, zone)
            if found > after:
                return found
        day += timedelta(days=1)
