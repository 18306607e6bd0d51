"""What is wrong with a plan of inbound calls, found before it takes effect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ringway.acd.core.calendar import Calendar
from ringway.acd.core.inbound_rules import (
    Announcement,
    Hours,
    InboundPlan,
    Target,
    ToTimeCondition,
)


def flaws(plan: InboundPlan, calendars: Mapping[str, Calendar]) -> list[str]:
    """Return what is wrong with a plan, in sentences; empty when nothing is.

    Finds time conditions that lead back to themselves, references to conditions, calendars and
    duties that do not exist, and routes that can never be reached because another has their
    number.
    """
    found: list[str] = []
    numbers: dict[tuple[str, str | None], str] = {}
    for route in plan.routes:
        has = numbers.setdefault((route.did, route.trunk_id), route.route_id)
        if has != route.route_id:
            found.append(f"Routes {has} and {route.route_id} have the same number {route.did}.")
        where = f"Route {route.route_id}"
        targets = [rule.target for rule in route.number_rules if rule.target is not None]
        found += _hours_flaws(where, route.hours, targets, plan.conditions, calendars)
    for name, hours in plan.conditions.items():
        where = f"Time condition {name}"
        found += _hours_flaws(where, hours, (), plan.conditions, calendars)
    found += [
        f"Time condition {name} leads back to itself: {' > '.join(path)}."
        for name in sorted(plan.conditions)
        if (path := _path_back(name, plan.conditions))
    ]
    return found


def _hours_flaws(
    where: str,
    hours: Hours,
    more: Sequence[Target],
    conditions: Mapping[str, Hours],
    calendars: Mapping[str, Calendar],
) -> Iterator[str]:
    if hours.calendar_id is not None and hours.calendar_id not in calendars:
        yield f"{where} names calendar {hours.calendar_id}, which does not exist."
    for slot in hours.duty:
        calendar = calendars.get(slot.calendar_id)
        if calendar is None:
            yield f"{where} names calendar {slot.calendar_id}, which does not exist."
        elif slot.duty is not None and calendar.duty(slot.duty) is None:
            yield f"{where} names duty {slot.duty}, which calendar {slot.calendar_id} lacks."
    for target in (*_targets(hours), *more):
        name = _condition_of(target)
        if name is not None and name not in conditions:
            yield f"{where} names time condition {name}, which does not exist."


def _targets(hours: Hours) -> tuple[Target, ...]:
    return (hours.target, hours.closed_target, *(slot.target for slot in hours.duty))


def _condition_of(target: Target) -> str | None:
    """Return the condition that a target leads to, also behind announcements."""
    while isinstance(target, Announcement):
        target = target.then
    return target.condition_id if isinstance(target, ToTimeCondition) else None


def _path_back(start: str, conditions: Mapping[str, Hours]) -> list[str]:
    """Return one way from a condition to itself, empty when there is none."""
    came_from: dict[str, str] = {}
    open_ends = [start]
    while open_ends:
        name = open_ends.pop()
        hours = conditions.get(name)
        for target in _targets(hours) if hours is not None else ():
            following = _condition_of(target)
            if following is None or following in came_from:
                continue
            came_from[following] = name
            if following == start:
                path = [start, name]
                while path[-1] != start:
                    path.append(came_from[path[-1]])
                return path[::-1]
            open_ends.append(following)
    return []
