"""What callers are told, as sounds."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ringway.acd.front import sounds

pytestmark = pytest.mark.unit

LEFT_AT = datetime(2026, 3, 1, 16, 5, tzinfo=UTC)
NOW = datetime(2026, 3, 1, 16, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("time_zone", "clock"),
    [
        ("Asia/Shanghai", ["digits/today", "digits/at", "digits/12", "digits/oh", "digits/5"]),
        ("UTC", ["digits/today", "digits/at", "digits/4", "digits/oh", "digits/5"]),
        ("America/New_York", ["digits/today", "digits/at", "digits/11", "digits/oh", "digits/5"]),
    ],
)
def test_times_are_those_of_the_listeners_clock(time_zone: str, clock: list[str]) -> None:
    said = sounds.envelope("", LEFT_AT, NOW, time_zone, "en")
    assert said[2 : 2 + len(clock)] == clock


def test_what_was_yesterday_for_the_listener_is_said_so() -> None:
    later = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
    assert "digits/yesterday" in sounds.envelope("", LEFT_AT, later, "UTC", "en")
    assert "digits/today" in sounds.envelope("", LEFT_AT, later, "Asia/Shanghai", "en")
