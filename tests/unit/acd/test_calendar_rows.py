"""Rows that a tenant imports become a calendar, or say what is wrong with them."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from ringway.acd.core.calendar import DutyWhen
from ringway.acd.core.calendar_rows import CalendarRowsInvalid, calendar_from_rows

pytestmark = pytest.mark.unit

ZONE = "Asia/Shanghai"
HOURS = {"kind": "hours", "day": "mon-fri", "from": "9:00", "to": "18:00"}


def test_rows_of_every_kind_make_a_calendar() -> None:
    calendar = calendar_from_rows(
        ZONE,
        [
            HOURS,
            {"kind": "hours", "day": "周六", "from": "22:00", "to": "02:00"},
            {"kind": "closed", "date": "2026-10-01", "until": "2026-10-07", "name": "国庆节"},
            {"kind": "workday", "date": "2026-10-10", "like": "Thursday"},
            {"kind": "workday", "date": "2026-09-27", "from": "13:00", "to": "15:00"},
            {"kind": "workday", "date": "2026-09-27", "from": "09:00", "to": "12:00"},
            {
                "kind": "duty",
                "name": "night",
                "day": "fri至mon",
                "from": "20:00",
                "to": "24:00",
                "when": "closed",
                "agents": "ann bob",
                "teams": "t1",
            },
            {"kind": "duty", "name": "night", "day": "mon", "from": "00:00", "to": "06:00",
             "when": "closed"},
        ],
    )  # fmt: skip
    assert calendar.weekly == {
        **dict.fromkeys(range(5), ((540, 1080),)),
        5: ((1320, 1440),),
        6: ((0, 120),),
    }
    assert len(calendar.closed_days) == 7
    assert calendar.work_days == {
        date(2026, 10, 10): 3,
        date(2026, 9, 27): ((540, 720), (780, 900)),
    }
    night = calendar.duty("night")
    assert night is not None
    assert night.when is DutyWhen.CLOSED
    assert (night.agent_ids, night.team_ids) == (("ann", "bob"), ("t1",))
    assert sorted(night.weekly) == [0, 4, 5, 6]
    assert night.weekly[0] == ((0, 360), (1200, 1440))
    assert calendar.is_open(datetime(2026, 10, 10, 17, tzinfo=ZoneInfo(ZONE)))


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        ({}, "kind", "missing"),
        ({"kind": "lunch"}, "kind", "bad_kind"),
        ({**HOURS, "day": "someday"}, "day", "bad_day"),
        ({**HOURS, "day": ""}, "day", "missing"),
        ({**HOURS, "from": "9"}, "from", "bad_time"),
        ({**HOURS, "to": "24:30"}, "to", "bad_time"),
        ({**HOURS, "from": "24:00"}, "from", "bad_time"),
        ({**HOURS, "to": "9:00"}, "to", "end_before_start"),
        ({**HOURS, "day": "wed", "from": "17:00", "to": "19:00"}, "from", "overlap"),
        ({"kind": "closed", "date": "2026-02-29"}, "date", "bad_date"),
        ({"kind": "closed", "date": "1026-02-20"}, "date", "bad_date"),
        (
            {"kind": "closed", "date": "2026-05-01", "until": "2026-04-30"},
            "until",
            "end_before_start",
        ),
        ({"kind": "closed", "date": "2026-05-01", "until": "2027-06-30"}, "until", "too_long"),
        ({"kind": "closed", "date": "2026-01-01"}, "date", "duplicate"),
        ({"kind": "closed", "date": "2026-01-04"}, "date", "contradiction"),
        ({"kind": "workday", "date": "2026-01-01", "like": "mon"}, "date", "contradiction"),
        ({"kind": "workday", "date": "2026-01-04", "like": "mon"}, "date", "duplicate"),
        (
            {"kind": "workday", "date": "2026-01-04", "from": "9:00", "to": "10:00"},
            "date",
            "duplicate",
        ),
        ({"kind": "workday", "date": "2026-01-05", "like": "1"}, "like", "bad_day"),
        (
            {"kind": "workday", "date": "2026-01-05", "from": "22:00", "to": "2:00"},
            "to",
            "end_before_start",
        ),
        ({**HOURS, "kind": "duty"}, "name", "missing"),
        ({**HOURS, "kind": "duty", "name": "n"}, "agents", "missing"),
        (
            {**HOURS, "kind": "duty", "name": "n", "agents": "a", "when": "full moon"},
            "when",
            "bad_when",
        ),
    ],
)
def test_a_bad_row_is_named_with_its_column(row: dict[str, str], column: str, code: str) -> None:
    good = [
        HOURS,
        {"kind": "closed", "date": "2026-01-01", "name": "元旦"},
        {"kind": "workday", "date": "2026-01-04", "like": "fri"},
    ]
    calendar_from_rows(ZONE, good)
    with pytest.raises(CalendarRowsInvalid) as caught:
        calendar_from_rows(ZONE, [*good, row])
    assert [(e.row, e.column, e.code) for e in caught.value.errors] == [(4, column, code)]


def test_all_bad_rows_are_named_at_once() -> None:
    with pytest.raises(CalendarRowsInvalid) as caught:
        calendar_from_rows("Asia/Atlantis", [{"kind": "x"}, HOURS, {"kind": "hours"}])
    assert [(e.row, e.code) for e in caught.value.errors] == [
        (0, "bad_zone"),
        (1, "bad_kind"),
        (3, "missing"),
    ]
    assert "row 3: day is empty." in str(caught.value)
