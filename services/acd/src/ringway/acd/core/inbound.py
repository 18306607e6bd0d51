"""Where a call to one of the tenant's numbers goes, and how it is treated there.

The order is fixed: a blocked caller hears busy; the number's route decides by hours and duty;
a rule for the caller's number may send the call elsewhere; time conditions and announcements are
followed to where the call ends up; then the customer's group changes queue and priority.
Every step leaves a word in the trail, which is kept with the interaction.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from ringway.acd.core.calendar import Calendar
from ringway.acd.core.inbound_rules import (
    ANONYMOUS,
    ANY,
    Announcement,
    Busy,
    Customer,
    CustomerRule,
    HangUp,
    Hours,
    InboundPlan,
    InboundRoute,
    NumberRule,
    Resolution,
    Target,
    ToQueue,
    ToTimeCondition,
)


def resolve(
    plan: InboundPlan,
    called: str,
    caller: str,
    moment: datetime,
    calendars: Mapping[str, Calendar],
    blocked: Container[str] = (),
    customers: Callable[[str], Customer | None] = lambda _: None,
    trunk_id: str | None = None,
) -> Resolution:
    """Return where a call goes now.

    A calendar that does not exist counts as open, for a slip of the pen must not lose the calls
    of a day; a time condition that does not exist ends the call. Neither can be configured.

    Args:
        called: As E.164 or as the trunk gave it.
        caller: As E.164; empty when it is withheld.
        moment: Timezone-aware.
    """
    if caller and caller in blocked:
        return Resolution(Busy("blocked"), ("blocked",))
    route = find_route(plan.routes, called, trunk_id)
    if route is None:
        return Resolution(Busy("unassigned"), ("unassigned",))
    trail = [f"route:{route.route_id}"]
    target, is_open = _by_hours(route.hours, moment, calendars, trail)
    found = Resolution(target, (), route.route_id, route.priority)
    rule = _number_rule(route.number_rules, caller)
    if rule is not None:
        trail.append(f"caller:{rule.prefix}")
        if rule.target is not None and (is_open or rule.also_closed):
            target = rule.target
        found = replace(
            found,
            priority=found.priority if rule.priority is None else rule.priority,
            vip=rule.vip,
            value_grade=rule.value_grade,
            owner_agent_id=rule.owner_agent_id,
        )
    target = _follow(target, plan.conditions, moment, calendars, trail)
    customer = customers(caller) if caller else None
    if customer is not None:
        found, target = _treat(found, target, customer, plan.customer_rules, trail)
    return replace(found, target=target, trail=tuple(trail))


def follow(
    plan: InboundPlan, target: Target, moment: datetime, calendars: Mapping[str, Calendar]
) -> Target:
    """Return where time conditions lead a call now that is sent to ``target``."""
    return _follow(target, plan.conditions, moment, calendars, [])


def find_route(
    routes: Sequence[InboundRoute], called: str, trunk_id: str | None = None
) -> InboundRoute | None:
    """Return the route of a number: the exact one, else the longest prefix, else ``*``.

    Of two that fit as well the one for the trunk wins over the one for any, then the first.
    """
    best: InboundRoute | None = None
    best_rank = (-1, False)
    for route in routes:
        if route.trunk_id is not None and route.trunk_id != trunk_id:
            continue
        length = _fit(route.did, called)
        rank = (length, route.trunk_id is not None)
        if length >= 0 and rank > best_rank:
            best, best_rank = route, rank
    return best


def _fit(did: str, called: str) -> int:
    """Return how well a pattern fits, -1 when it does not."""
    if did == called:
        return len(called) + 1
    if did.endswith(ANY) and called.startswith(did[:-1]):
        return len(did) - 1
    return -1


def _by_hours(
    hours: Hours, moment: datetime, calendars: Mapping[str, Calendar], trail: list[str]
) -> tuple[Target, bool]:
    """Return the target of the hour, and whether the business is open."""
    calendar = calendars.get(hours.calendar_id) if hours.calendar_id is not None else None
    if hours.calendar_id is not None and calendar is None:
        trail.append(f"no_calendar:{hours.calendar_id}")
    is_open = calendar is None or calendar.is_open(moment)
    for slot in hours.duty:
        its = calendars.get(slot.calendar_id)
        if its is None:
            continue
        if its.duty_at(moment) == slot.duty if slot.duty is not None else its.is_open(moment):
            trail.append(f"duty:{slot.duty or slot.calendar_id}")
            return slot.target, is_open
    if not is_open:
        trail.append(f"closed:{hours.calendar_id}")
        return hours.closed_target, False
    return hours.target, True


def _number_rule(rules: Sequence[NumberRule], caller: str) -> NumberRule | None:
    fitting = [
        rule
        for rule in rules
        if (rule.prefix == ANONYMOUS if not caller else caller.startswith(rule.prefix))
    ]
    return max(fitting, key=lambda rule: len(rule.prefix), default=None)


def _follow(
    target: Target,
    conditions: Mapping[str, Hours],
    moment: datetime,
    calendars: Mapping[str, Calendar],
    trail: list[str],
    seen: frozenset[str] = frozenset(),
) -> Target:
    while isinstance(target, ToTimeCondition):
        name = target.condition_id
        trail.append(f"condition:{name}")
        if name in seen or name not in conditions:
            trail.append("loop" if name in seen else f"no_condition:{name}")
            return HangUp()
        seen |= {name}
        target, _ = _by_hours(conditions[name], moment, calendars, trail)
    if isinstance(target, Announcement):
        then = _follow(target.then, conditions, moment, calendars, trail, seen)
        return Announcement(target.sound, then)
    return target


def _treat(
    found: Resolution,
    target: Target,
    customer: Customer,
    rules: Mapping[str, CustomerRule],
    trail: list[str],
) -> tuple[Resolution, Target]:
    rule = rules.get(customer.group)
    if rule is None:
        return found, target
    trail.append(f"group:{rule.group}")
    found = replace(
        found,
        # The better of the two: neither rule takes away what the other gives.
        priority=max(found.priority, rule.priority or 0),
        vip=found.vip or rule.vip,
        value_grade=max(found.value_grade, rule.value_grade),
        owner_agent_id=found.owner_agent_id or customer.owner_agent_id,
    )
    return found, _queue_of(target, rule.queue_ids, trail)


def _queue_of(target: Target, queue_ids: Mapping[str, str], trail: list[str]) -> Target:
    match target:
        case ToQueue(queue_id):
            other = queue_ids.get(queue_id, queue_ids.get(ANY, queue_id))
            if other != queue_id:
                trail.append(f"queue:{other}")
            return ToQueue(other)
        case Announcement(sound, then):
            return Announcement(sound, _queue_of(then, queue_ids, trail))
        case _:
            return target
