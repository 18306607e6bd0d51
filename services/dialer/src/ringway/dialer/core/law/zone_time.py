"""Local days and hours of a zone as spans of UTC, exact where clocks change.

Moments are whole seconds since the epoch, days are ordinals of ``datetime.date``. A zone's year is
cut once into stretches of one offset each; a span is found by arithmetic on them, so an hour that
does not exist is empty and one that comes twice counts twice.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

DAY_S = 86_400
_EPOCH = date(1970, 1, 1).toordinal()
_SAMPLE_S = 6 * 3600  # no zone changes its clock twice within this
_LARGEST_OFFSET_S = 16 * 3600

Span = tuple[int, int]  # from the first second to just before the second


def seconds(at: datetime) -> int:
    """Return the second in which ``at`` lies."""
    return int((at - datetime.fromtimestamp(0, UTC)).total_seconds() // 1)


def moment(second: int) -> datetime:
    """Return the beginning of a second."""
    return datetime.fromtimestamp(second, UTC)


def midnight(day: int) -> int:
    """Return when a day begins in UTC."""
    return (day - _EPOCH) * DAY_S


def local_day(zone: str, second: int) -> int:
    """Return the day that a zone's calendar shows."""
    return (second + _offset(zone, second)) // DAY_S + _EPOCH


def begin_of_day(zone: str, day: int) -> int | None:
    """Return the first second of a day in a zone; None: the zone skipped that day."""
    spans = spans_of_day(zone, day, [(0, DAY_S)])
    return spans[0][0] if spans else None


def spans_of_day(zone: str, day: int, windows: Sequence[Span]) -> list[Span]:
    """Return when a zone's clock shows a time inside ``windows`` (seconds of the day), in order."""
    zero = midnight(day)
    found = []
    for begins, ends, offset in _stretches(
        zone, zero - _LARGEST_OFFSET_S, zero + DAY_S + _LARGEST_OFFSET_S
    ):
        for opens, closes in windows:
            span = (
                max(begins, zero + opens - offset),
                min(ends, zero + closes - offset),
            )
            if span[0] < span[1]:
                found.append(span)
    return joined(found)


def joined(spans: Sequence[Span]) -> list[Span]:
    """Return spans in order, those that touch or overlap made one."""
    out: list[Span] = []
    for begins, ends in sorted(spans):
        if out and begins <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], ends))
        else:
            out.append((begins, ends))
    return out


def _offset(zone: str, second: int) -> int:
    starts, offsets = _year(zone, moment(second).year)
    return offsets[bisect_right(starts, second) - 1]


def _stretches(zone: str, begins: int, ends: int) -> Iterator[tuple[int, int, int]]:
    """Yield (from, until, offset) that together are ``begins`` to ``ends``."""
    for year in range(moment(begins).year, moment(ends).year + 1):
        starts, offsets = _year(zone, year)
        bounds = [*starts, _begin_of_year(year + 1)]
        for (start, end), offset in zip(pairwise(bounds), offsets, strict=True):
            if start < ends and end > begins:
                yield max(start, begins), min(end, ends), offset


@lru_cache(maxsize=2048)
def _year(zone: str, year: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return where the stretches of a year (UTC) begin, and the offset of each."""
    info = ZoneInfo(zone)

    def offset(second: int) -> int:
        away = datetime.fromtimestamp(second, info).utcoffset()
        assert away is not None
        return int(away.total_seconds())

    begin, end = _begin_of_year(year), _begin_of_year(year + 1)
    starts, offsets = [begin], [offset(begin)]
    for later in range(begin + _SAMPLE_S, end + _SAMPLE_S, _SAMPLE_S):
        high = min(later, end - 1)
        if offset(high) != offsets[-1]:
            low = max(later - _SAMPLE_S, starts[-1])
            while high - low > 1:
                middle = (low + high) // 2
                if offset(middle) == offsets[-1]:
                    low = middle
                else:
                    high = middle
            starts.append(high)
            offsets.append(offset(high))
    return tuple(starts), tuple(offsets)


def _begin_of_year(year: int) -> int:
    return midnight(date(year, 1, 1).toordinal())
