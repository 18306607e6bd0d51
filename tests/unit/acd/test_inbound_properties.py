"""Whatever the plan: every call ends somewhere."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.acd.core.calendar import Calendar
from ringway.acd.core.inbound import resolve
from ringway.acd.core.inbound_rules import (
    Announcement,
    DutySlot,
    Hours,
    InboundPlan,
    InboundRoute,
    NumberRule,
    Target,
    ToQueue,
    ToTimeCondition,
)

pytestmark = pytest.mark.property

NAMES = ("a", "b", "c", "d")
CALENDARS = {
    "day": Calendar(ZoneInfo("UTC"), dict.fromkeys(range(7), ((480, 1200),))),
    "never": Calendar(ZoneInfo("UTC"), {}),
}
_calendar_ids = st.sampled_from(("day", "never", "gone"))
_targets: st.SearchStrategy[Target] = st.recursive(
    st.builds(ToTimeCondition, st.sampled_from((*NAMES, "gone")))
    | st.builds(ToQueue, st.sampled_from(("q1", "q2"))),
    lambda inner: st.builds(Announcement, st.just("hello"), inner),
    max_leaves=2,
)
_hours = st.builds(
    Hours,
    _targets,
    st.none() | _calendar_ids,
    _targets,
    st.lists(st.builds(DutySlot, _calendar_ids, _targets), max_size=2).map(tuple),
)
_routes = st.builds(
    InboundRoute,
    st.sampled_from(("r1", "r2")),
    st.sampled_from(("+86*", "+8610*", "+8610555", "*")),
    _hours,
    st.lists(
        st.builds(NumberRule, st.sampled_from(("+", "+40", "anonymous")), st.none() | _targets),
        max_size=2,
    ).map(tuple),
)
_plans = st.builds(
    InboundPlan, st.lists(_routes, max_size=3), st.dictionaries(st.sampled_from(NAMES), _hours)
)
_moments = st.datetimes(
    datetime(2026, 3, 1),  # noqa: DTZ001
    datetime(2026, 3, 9),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@given(_plans, _moments, st.sampled_from(("+8610555", "+86", "+1")), st.sampled_from(("", "+40")))
def test_every_call_ends_somewhere(
    plan: InboundPlan, moment: datetime, called: str, caller: str
) -> None:
    found = resolve(plan, called, caller, moment, CALENDARS)
    end = found.target
    while isinstance(end, Announcement):
        end = end.then
    assert not isinstance(end, ToTimeCondition)
