"""What is configured, as the inbound core is told it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from ringway.acd.configuration import Configuration, OnChange
from ringway.acd.core.inbound_rules import Busy, HangUp, ToAgent, ToQueue
from ringway.acd.front.plan import Plan, calendar_of, target_of
from ringway.proto import acd_config as c
from ringway.proto.acd_config import Target, TargetKind

pytestmark = pytest.mark.unit

# A Monday, ten o'clock in Shanghai.
AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
OFFICE = c.Calendar(
    name="office",
    weekly={"mon": (c.TimeSlot(start="09:00", end="18:00"),)},
    days=(
        c.Day(date="2026-11-30", name="holiday"),
        c.Day(date="2026-11-29", like="mon"),
        c.Day(date="2026-12-06", slots=(c.TimeSlot(start="08:00", end="24:00"),)),
    ),
)
SALES = Target(kind=TargetKind.QUEUE, value="sales")


class Stored:
    """A configuration that is only held in memory."""

    def __init__(self, **objects: c.Config) -> None:
        self.objects: dict[tuple[str, str], c.Config] = {
            (config.KIND, name): config for name, config in objects.items()
        }
        self.callbacks: list[OnChange] = []

    def all(self, model: type[c.Config]) -> Mapping[str, Any]:
        return {name: o for (kind, name), o in self.objects.items() if kind == model.KIND}

    def get(self, model: type[c.Config], object_id: str) -> Any:
        return self.objects.get((model.KIND, object_id))

    def on_change(self, callback: OnChange) -> None:
        self.callbacks.append(callback)

    def put(self, name: str, config: c.Config) -> None:
        self.objects[config.KIND, name] = config
        for callback in self.callbacks:
            callback(config.KIND, name, None, config)

    def plan(self) -> Plan:
        return Plan(cast(Configuration, self))


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        (AT, True),
        (AT - timedelta(hours=2), False),
        (AT + timedelta(days=1), False),
        (AT + timedelta(days=7), False),  # the holiday
        (AT + timedelta(days=6), True),  # the Sunday that is worked like a Monday
        (datetime(2026, 12, 6, 15, 59, tzinfo=UTC), True),  # until midnight in Shanghai
        (datetime(2026, 12, 6, 16, 0, tzinfo=UTC), False),
    ],
)
def test_calendars_keep_holidays_and_make_up_days(moment: datetime, is_open: bool) -> None:
    assert calendar_of(OFFICE).is_open(moment) is is_open


def test_a_route_follows_hours_duty_and_the_callers_rule() -> None:
    night = c.DutySlot(calendar_id="night", target=Target(kind=TargetKind.AGENT, value="ann"))
    route = c.InboundRoute(
        name="main",
        did="+862150001000",
        target=SALES,
        calendar_id="office",
        duty=(night,),
        caller_rules=(
            c.CallerRule(prefix="+86138", vip=True, value_grade=3, priority=9),
            c.CallerRule(prefix="+86", value_grade=1, owner_agent_id="bob"),
        ),
    )
    late = c.Calendar(name="night", weekly={"mon": (c.TimeSlot(start="20:00", end="24:00"),)})
    plan = Stored(office=OFFICE, night=late, r1=route).plan()
    found = plan.resolve("+862150001000", "+8613800000001", AT, "t1")
    assert (found.target, found.vip, found.priority) == (ToQueue("sales"), True, 9)
    assert found.value_grade == 3
    found = plan.resolve("+862150001000", "+8621111111", AT, "t1")
    assert (found.owner_agent_id, found.value_grade) == ("bob", 1)
    at_night = plan.resolve("+862150001000", "", AT + timedelta(hours=11), "t1")
    assert at_night.target == ToAgent("ann")
    assert at_night.value_grade == 0
    closed = plan.resolve("+862150001000", "", AT + timedelta(days=1), "t1")
    assert closed.target == HangUp()


def test_a_block_ends_by_itself_and_a_new_one_counts_at_once() -> None:
    route = c.InboundRoute(name="all", did="*", target=SALES)
    stored = Stored(
        r1=route, b1=c.BlockedCaller(number="+8613800000001", until=AT + timedelta(hours=1))
    )
    plan = stored.plan()
    assert plan.resolve("1", "+8613800000001", AT, "").target == Busy("blocked")
    later = AT + timedelta(hours=2)
    assert plan.resolve("1", "+8613800000001", later, "").target == ToQueue("sales")
    stored.put("b2", c.BlockedCaller(number="+8613800000002"))
    assert plan.resolve("1", "+8613800000002", later, "").target == Busy("blocked")


def test_a_time_condition_is_shared_by_routes_and_queues_and_changes_at_once() -> None:
    hours = Target(kind=TargetKind.TIME_CONDITION, value="hours")
    condition = c.TimeCondition(name="hours", calendar_id="office", target=SALES)
    route = c.InboundRoute(name="r", did="*", target=hours)
    stored = Stored(office=OFFICE, hours=condition, r1=route)
    plan = stored.plan()
    assert plan.resolve("1", "", AT, "").target == ToQueue("sales")
    assert plan.resolve("1", "", AT + timedelta(days=1), "").target == HangUp()
    assert plan.follow(hours, AT) == SALES
    stored.put("hours", condition.model_copy(update={"closed_target": SALES}))
    assert plan.follow(hours, AT + timedelta(days=1)) == SALES


def test_callers_of_a_group_are_treated_alike_on_every_number() -> None:
    gold = c.CallerGroup(
        name="gold", numbers=("+8613800000001",), priority=9, vip=True, value_grade=4,
        owner_agent_id="ann", queues={"sales": "gold-sales"},
    )  # fmt: skip
    late = c.CallerGroup(name="late", numbers=("+8613800000001", "+8613800000002"), priority=1)
    rule = c.CallerRule(prefix="+86", value_grade=1, owner_agent_id="bob", priority=7)
    routes = {
        "r1": c.InboundRoute(name="one", did="1", target=SALES),
        "r2": c.InboundRoute(name="two", did="2", target=SALES, caller_rules=(rule,)),
    }
    plan = Stored(g1=gold, g2=late, **routes).plan()
    found = plan.resolve("1", "+8613800000001", AT, "")
    assert (found.target, found.priority, found.vip) == (ToQueue("gold-sales"), 9, True)
    assert (found.value_grade, found.owner_agent_id) == (4, "ann")
    found = plan.resolve("2", "+8613800000001", AT, "")
    assert (found.priority, found.value_grade, found.owner_agent_id) == (9, 4, "bob")
    found = plan.resolve("2", "+8613800000002", AT, "")
    assert (found.target, found.priority, found.value_grade) == (ToQueue("sales"), 7, 1)
    assert plan.resolve("1", "+8613800000003", AT, "").priority == 5


@pytest.mark.parametrize(
    "kind", sorted(set(TargetKind) - {TargetKind.CALLBACK, TargetKind.TIME_CONDITION})
)
def test_every_target_comes_through_unchanged(kind: TargetKind) -> None:
    value = "" if kind in (TargetKind.BUSY, TargetKind.HANG_UP) else "x1"
    target = Target(kind=kind, value=value)
    plan = Stored(r1=c.InboundRoute(name="r", did="*", target=target)).plan()
    assert target_of(plan.resolve("1", "", AT, "").target) == target


def test_without_a_calendar_it_is_always_open() -> None:
    plan = Stored(office=OFFICE).plan()
    assert plan.is_open(None, AT)
    assert plan.is_open("office", AT)
    assert not plan.is_open("office", AT + timedelta(days=1))
