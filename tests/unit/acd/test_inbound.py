"""Calls to the tenant's numbers, by number, caller, hour and customer."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from ringway.acd.core.calendar import Calendar, Duty, DutyWhen
from ringway.acd.core.inbound import resolve
from ringway.acd.core.inbound_rules import (
    Announcement,
    Busy,
    Customer,
    CustomerRule,
    DutySlot,
    HangUp,
    Hours,
    InboundPlan,
    InboundRoute,
    NumberRule,
    Target,
    ToAgent,
    ToFlow,
    ToNumber,
    ToQueue,
    ToTimeCondition,
    ToVoicemail,
)

pytestmark = pytest.mark.unit

ALL_DAY = dict.fromkeys(range(7), ((0, 1440),))
OFFICE = Calendar(
    ZoneInfo("Asia/Shanghai"),
    dict.fromkeys(range(5), ((540, 1080),)),
    {date(2026, 10, 1): "国庆节"},
    duties=(Duty("night", ALL_DAY, DutyWhen.CLOSED, ("ann",)),),
)
CALENDARS = {"office": OFFICE, "never": Calendar(ZoneInfo("UTC"), {})}
OPEN = datetime(2026, 3, 2, 2, tzinfo=UTC)
CLOSED = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOTLINE = "+861062000000"
CALLER = "+8613800138000"


def plan(hours: Hours, *rules: NumberRule, **conditions: Hours) -> InboundPlan:
    return InboundPlan((InboundRoute("hotline", HOTLINE, hours, rules),), conditions)


def goes(a_plan: InboundPlan, moment: datetime = OPEN, caller: str = CALLER) -> Target:
    return resolve(a_plan, HOTLINE, caller, moment, CALENDARS).target


OFFICE_HOURS = Hours(ToQueue("sales"), "office", ToVoicemail("box"))


def test_hours_decide() -> None:
    assert goes(plan(OFFICE_HOURS)) == ToQueue("sales")
    assert goes(plan(OFFICE_HOURS), CLOSED) == ToVoicemail("box")
    holiday = datetime(2026, 10, 1, 2, tzinfo=UTC)
    assert goes(plan(OFFICE_HOURS), holiday) == ToVoicemail("box")
    assert goes(plan(Hours(ToQueue("sales"))), CLOSED) == ToQueue("sales")
    assert goes(plan(Hours(ToQueue("sales"), "office")), CLOSED) == HangUp()


def test_a_blocked_caller_hears_busy() -> None:
    found = resolve(plan(OFFICE_HOURS), HOTLINE, CALLER, OPEN, CALENDARS, blocked={CALLER})
    assert (found.target, found.trail) == (Busy("blocked"), ("blocked",))
    assert resolve(
        plan(OFFICE_HOURS), HOTLINE, "", OPEN, CALENDARS, blocked={""}
    ).target == ToQueue("sales")


def test_a_number_without_a_route_is_busy() -> None:
    found = resolve(plan(OFFICE_HOURS), "+861062000009", CALLER, OPEN, CALENDARS)
    assert found.target == Busy("unassigned")
    assert found.route_id is None


@pytest.mark.parametrize(
    ("called", "trunk_id", "route_id"),
    [
        ("+861062000000", None, "exact"),
        ("+861062000001", None, "long"),
        ("+861069999999", None, "short"),
        ("+861062000000", "t1", "exact"),
        ("+40215550100", None, "any"),
        ("+40215550100", "t1", "any_of_t1"),
    ],
)
def test_the_best_fitting_route_wins(called: str, trunk_id: str | None, route_id: str) -> None:
    hours = Hours(ToQueue("q"))
    routes = (
        InboundRoute("any", "*", hours),
        InboundRoute("any_of_t1", "*", hours, trunk_id="t1"),
        InboundRoute("short", "+8610*", hours),
        InboundRoute("long", "+861062*", hours),
        InboundRoute("exact", "+861062000000", hours),
    )
    found = resolve(InboundPlan(routes), called, CALLER, OPEN, CALENDARS, trunk_id=trunk_id)
    assert found.route_id == route_id


def test_the_duty_of_the_hour_comes_before_closed() -> None:
    hours = Hours(
        ToQueue("sales"),
        "office",
        ToVoicemail("box"),
        (DutySlot("never", ToFlow("f")), DutySlot("office", ToAgent("ann"), "night")),
    )
    assert goes(plan(hours)) == ToQueue("sales")
    assert goes(plan(hours), CLOSED) == ToAgent("ann")
    found = resolve(plan(hours), HOTLINE, CALLER, CLOSED, CALENDARS)
    assert found.trail == ("route:hotline", "duty:night")


def test_a_duty_slot_without_a_name_counts_while_its_calendar_is_open() -> None:
    hours = Hours(ToFlow("menu"), duty=(DutySlot("office", ToQueue("day")),))
    assert goes(plan(hours)) == ToQueue("day")
    assert goes(plan(hours), CLOSED) == ToFlow("menu")


def test_the_callers_number_is_recognised_by_its_longest_prefix() -> None:
    rules = (
        NumberRule("+86", ToQueue("china")),
        NumberRule("+86138", ToQueue("mobile"), priority=2, vip=True, owner_agent_id="bob"),
        NumberRule("+40", ToNumber("+40215550100"), also_closed=True),
        NumberRule("anonymous", ToFlow("who_are_you")),
    )
    a_plan = plan(OFFICE_HOURS, *rules)
    found = resolve(a_plan, HOTLINE, CALLER, OPEN, CALENDARS)
    assert found.target == ToQueue("mobile")
    assert (found.priority, found.vip, found.owner_agent_id) == (2, True, "bob")
    assert goes(a_plan, caller="+8613900000000") == ToQueue("china")
    assert goes(a_plan, caller="") == ToFlow("who_are_you")
    assert goes(a_plan, caller="+12125550100") == ToQueue("sales")
    assert goes(a_plan, CLOSED) == ToVoicemail("box")
    assert goes(a_plan, CLOSED, "+40215550199") == ToNumber("+40215550100")


def test_time_conditions_are_followed_also_behind_announcements() -> None:
    a_plan = plan(
        Hours(Announcement("ringway/welcome", ToTimeCondition("day"))),
        day=Hours(ToTimeCondition("sales"), "office", Announcement("ringway/closed")),
        sales=Hours(ToQueue("sales")),
    )
    assert goes(a_plan) == Announcement("ringway/welcome", ToQueue("sales"))
    assert goes(a_plan, CLOSED) == Announcement(
        "ringway/welcome", Announcement("ringway/closed", HangUp())
    )
    found = resolve(a_plan, HOTLINE, CALLER, OPEN, CALENDARS)
    assert found.trail == ("route:hotline", "condition:day", "condition:sales")


def test_customers_of_a_group_are_treated_differently() -> None:
    rules = {
        "gold": CustomerRule(
            "gold", priority=9, vip=True, value_grade=3, queue_ids={"sales": "gold_sales"}
        ),
        "late": CustomerRule("late", priority=1, queue_ids={"*": "debts"}),
    }
    a_plan = InboundPlan(
        (InboundRoute("hotline", HOTLINE, Hours(Announcement("hi", ToQueue("sales")))),),
        {},
        rules,
    )

    def of(customer: Customer | None) -> tuple[Target, int, bool, int, str | None]:
        found = resolve(a_plan, HOTLINE, CALLER, OPEN, CALENDARS, customers=lambda number: customer)
        return (
            found.target, found.priority, found.vip, found.value_grade, found.owner_agent_id,
        )  # fmt: skip

    gold = Announcement("hi", ToQueue("gold_sales"))
    debts = Announcement("hi", ToQueue("debts"))
    usual = Announcement("hi", ToQueue("sales"))
    assert of(Customer("gold", "ann")) == (gold, 9, True, 3, "ann")
    # 10 comes first, and a group takes nothing away.
    assert of(Customer("late")) == (debts, 5, False, 0, None)
    assert of(Customer("none", "ann")) == (usual, 5, False, 0, None)
    assert of(None) == (usual, 5, False, 0, None)


def test_a_withheld_number_is_no_customers() -> None:
    def customers(number: str) -> Customer:
        raise AssertionError(number)

    found = resolve(plan(OFFICE_HOURS), HOTLINE, "", OPEN, CALENDARS, customers=customers)
    assert found.target == ToQueue("sales")


def test_a_loop_ends_the_call() -> None:
    a_plan = plan(
        Hours(ToTimeCondition("a")),
        a=Hours(ToQueue("q"), "never", Announcement("x", ToTimeCondition("b"))),
        b=Hours(ToQueue("q"), duty=(DutySlot("office", ToTimeCondition("a")),)),
        c=Hours(ToTimeCondition("a")),
        d=Hours(ToTimeCondition("d")),
    )
    found = resolve(a_plan, HOTLINE, CALLER, OPEN, CALENDARS)
    assert found.target == Announcement("x", HangUp())
    assert found.trail[-1] == "loop"


def test_what_does_not_exist_loses_no_calls() -> None:
    a_plan = InboundPlan(
        (
            InboundRoute("one", HOTLINE, Hours(ToQueue("sales"), "gone")),
            InboundRoute(
                "two",
                HOTLINE,
                Hours(
                    ToQueue("q"),
                    duty=(DutySlot("gone", HangUp()), DutySlot("office", HangUp(), "noon")),
                ),
                (NumberRule("+1", ToTimeCondition("gone")),),
            ),
        )
    )
    assert goes(a_plan) == ToQueue("sales")
    assert goes(plan(Hours(ToTimeCondition("gone")))) == HangUp()
    gone_duty = Hours(ToQueue("q"), duty=(DutySlot("gone", HangUp()),))
    assert goes(plan(gone_duty)) == ToQueue("q")
