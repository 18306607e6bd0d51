"""Moments and days from outside: text of RFC 3339, and nothing else that pydantic would read."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel, TypeAdapter, ValidationError

from ringway.crm_api.core.moments import Day, Moment, MomentOrLocal
from ringway.crm_api.strict import strict

pytestmark = pytest.mark.unit

MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)
LOCAL: TypeAdapter[datetime] = TypeAdapter(MomentOrLocal)
DAY: TypeAdapter[date] = TypeAdapter(Day)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(
    at=st.datetimes(
        min_value=datetime(2, 1, 1),  # noqa: DTZ001 - the zone is drawn
        max_value=datetime(9998, 12, 31),  # noqa: DTZ001
        timezones=ZONES,
    )
)
def test_a_moment_is_read_back(at: datetime) -> None:
    assert MOMENT.validate_python(at.isoformat()) == at
    assert MOMENT.validate_python(at) == at


@pytest.mark.parametrize("text", ["2026-11-20T08:00:00Z", "2026-11-20t08:00:00z"])
def test_utc_has_its_letter(text: str) -> None:
    assert MOMENT.validate_python(text) == datetime(2026, 11, 20, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        *(0, 0.5, "0", "0.5", 1_800_000_000, True, "now", "", b"2026-11-20T08:00:00Z"),
        *("2026-11-20", "2026-11-20T08:00:00", "2026-11-20T08:00Z", "20261120T080000Z"),
        *("2026-11-20T08:00:00+0100", " 2026-11-20T08:00:00Z", "2026-11-20T08:00:00Z\n"),
        *("2026-13-20T08:00:00Z", "2026-11-20T25:00:00Z", "٢٠٢٦-11-20T08:00:00Z"),
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
        *(datetime(2026, 11, 20, 8), date(2026, 11, 20)),  # noqa: DTZ001 - without a zone
    ],
)  # fmt: skip
def test_what_is_no_moment(value: Any) -> None:
    with pytest.raises(ValidationError):
        MOMENT.validate_python(value)


@given(day=st.dates())
def test_a_day_is_read_back(day: date) -> None:
    assert DAY.validate_python(day.isoformat()) == day
    assert DAY.validate_python(day) == day


@pytest.mark.parametrize(
    "value", [0, "0", 20_000, "20000", "2026-11-20T00:00:00Z", "20261120", "2026-02-30", "", None]
)
def test_what_is_no_day(value: Any) -> None:
    with pytest.raises(ValidationError):
        DAY.validate_python(value)


@pytest.mark.parametrize("text", ["2026-11-20", "2026-11-20T00:00:00", "2026-11-20T00:00:00Z"])
def test_a_day_may_be_said_as_a_moment_of_it(text: str) -> None:
    assert LOCAL.validate_python(text).date() == date(2026, 11, 20)


@pytest.mark.parametrize("value", [0, "0", 0.5, "20261120", "2026-11", None])
def test_what_is_no_moment_of_a_day(value: Any) -> None:
    with pytest.raises(ValidationError):
        LOCAL.validate_python(value)


def test_a_message_that_comes_as_a_body_takes_text_only() -> None:
    class Message(BaseModel):
        at: AwareDatetime
        until: AwareDatetime | None = None

    good = {"at": "2026-11-20T08:00:00Z", "until": None}
    assert strict(Message).model_validate(good)
    for name in good:
        assert Message.model_validate(good | {name: 0.5})
        with pytest.raises(ValidationError):
            strict(Message).model_validate(good | {name: 0.5})
