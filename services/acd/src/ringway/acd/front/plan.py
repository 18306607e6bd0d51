"""The tenant's configured routes, calendars and blocked callers as the inbound core knows them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from ringway.acd.configuration import Configuration
from ringway.acd.core import inbound_rules as r
from ringway.acd.core.calendar import Calendar, Interval
from ringway.acd.core.inbound import follow, resolve
from ringway.proto import acd_config as c
from ringway.proto.acd_config import Target, TargetKind

_KINDS = frozenset(
    kind.KIND
    for kind in (c.InboundRoute, c.Calendar, c.BlockedCaller, c.TimeCondition, c.CallerGroup)
)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Plan:
    """Resolves calls by what is configured now. What is costly to build is built once a change."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._plan: r.InboundPlan | None = None
        self._calendars: dict[str, Calendar] = {}
        self._blocked: dict[str, datetime | None] = {}
        self._customers: dict[str, r.Customer] = {}
        configuration.on_change(self._changed)

    def resolve(self, called: str, caller: str, moment: datetime, trunk_id: str) -> r.Resolution:
        """Return where a call goes now. ``called`` and ``caller`` as E.164 or as the trunk says."""
        plan = self._plan or self._build()
        until = self._blocked.get(caller, moment)
        blocked = (caller,) if until is None or until > moment else ()
        return resolve(
            plan,
            called,
            caller,
            moment,
            self._calendars,
            blocked,
            self._customers.get,
            trunk_id=trunk_id or None,
        )

    def follow(self, target: Target, moment: datetime) -> Target:
        """Return where time conditions lead a call now that is sent to ``target``."""
        plan = self._plan or self._build()
        return target_of(follow(plan, _target(target), moment, self._calendars))

    def is_open(self, calendar_id: str | None, moment: datetime) -> bool:
        """Return whether a calendar is open; without one always."""
        if self._plan is None:
            self._build()
        calendar = self._calendars.get(calendar_id or "")
        return calendar is None or calendar.is_open(moment)

    def _changed(
        self, kind: str, object_id: str, old: c.Config | None, new: c.Config | None
    ) -> None:
        if kind in _KINDS:
            self._plan = None

    def _build(self) -> r.InboundPlan:
        routes = self._configuration.all(c.InboundRoute)
        self._calendars = {
            calendar_id: calendar_of(calendar)
            for calendar_id, calendar in self._configuration.all(c.Calendar).items()
        }
        self._blocked = {
            blocked.number: blocked.until
            for blocked in self._configuration.all(c.BlockedCaller).values()
        }
        groups = self._configuration.all(c.CallerGroup)
        self._customers = {
            number: r.Customer(group_id, owner_agent_id=groups[group_id].owner_agent_id)
            for group_id in sorted(groups, reverse=True)  # the first by id wins
            for number in groups[group_id].numbers
        }
        conditions = self._configuration.all(c.TimeCondition)
        self._plan = r.InboundPlan(
            [_route(i, routes[i]) for i in sorted(routes)],
            {
                i: _hours(each.target, each.calendar_id, each.closed_target, each.duty)
                for i, each in conditions.items()
            },
            {i: _rule(i, group) for i, group in groups.items()},
        )
        return self._plan


def calendar_of(calendar: c.Calendar) -> Calendar:
    """Return a configured calendar as the core's.

    Raises:
        CalendarInvalid, ValueError: It contradicts itself; what is stored does not.
    """
    closed: dict[date, str] = {}
    work: dict[date, tuple[Interval, ...] | int] = {}
    for day in calendar.days:
        on = date.fromisoformat(day.date)
        if day.like is not None:
            work[on] = _DAYS.index(day.like)
        elif day.slots:
            work[on] = _intervals(day.slots)
        else:
            closed[on] = day.name
    weekly = {_DAYS.index(name): _intervals(slots) for name, slots in calendar.weekly.items()}
    return Calendar(ZoneInfo(calendar.time_zone), weekly, closed, work)


def target_of(target: r.Target) -> Target:
    """Return a resolved target in the words of the contract."""
    match target:
        case r.ToQueue(queue_id):
            return Target(kind=TargetKind.QUEUE, value=queue_id)
        case r.ToAgent(agent_id):
            return Target(kind=TargetKind.AGENT, value=agent_id)
        case r.ToVoicemail(box_id):
            return Target(kind=TargetKind.VOICEMAIL, value=box_id)
        case r.ToNumber(number):
            return Target(kind=TargetKind.NUMBER, value=number)
        case r.ToFlow(flow_id):
            return Target(kind=TargetKind.FLOW, value=flow_id)
        case r.ToConference(conference_id):
            return Target(kind=TargetKind.CONFERENCE, value=conference_id)
        case r.Announcement(sound):
            return Target(kind=TargetKind.ANNOUNCEMENT, value=sound)
        case r.Busy():
            return Target(kind=TargetKind.BUSY)
        case _:
            return Target(kind=TargetKind.HANG_UP)


def _target(target: Target) -> r.Target:
    made: Mapping[TargetKind, r.Target] = {
        TargetKind.QUEUE: r.ToQueue(target.value),
        TargetKind.AGENT: r.ToAgent(target.value),
        TargetKind.NUMBER: r.ToNumber(target.value),
        TargetKind.FLOW: r.ToFlow(target.value),
        TargetKind.VOICEMAIL: r.ToVoicemail(target.value),
        TargetKind.ANNOUNCEMENT: r.Announcement(target.value),
        TargetKind.CONFERENCE: r.ToConference(target.value),
        TargetKind.TIME_CONDITION: r.ToTimeCondition(target.value),
        TargetKind.BUSY: r.Busy(),
    }
    return made.get(target.kind, r.HangUp())


def _route(route_id: str, route: c.InboundRoute) -> r.InboundRoute:
    hours = _hours(route.target, route.calendar_id, route.closed_target, route.duty)
    rules = tuple(
        r.NumberRule(
            rule.prefix,
            _target(rule.target) if rule.target is not None else None,
            priority=rule.priority,
            vip=rule.vip,
            value_grade=rule.value_grade,
            owner_agent_id=rule.owner_agent_id,
        )
        for rule in route.caller_rules
    )
    return r.InboundRoute(route_id, route.did, hours, rules, route.trunk_id, route.priority)


def _hours(
    target: Target,
    calendar_id: str | None,
    closed_target: Target | None,
    duty: tuple[c.DutySlot, ...],
) -> r.Hours:
    return r.Hours(
        _target(target),
        calendar_id,
        _target(closed_target) if closed_target is not None else r.HangUp(),
        tuple(r.DutySlot(slot.calendar_id, _target(slot.target)) for slot in duty),
    )


def _rule(group_id: str, group: c.CallerGroup) -> r.CustomerRule:
    return r.CustomerRule(
        group_id,
        priority=group.priority,
        vip=group.vip,
        value_grade=group.value_grade,
        queue_ids=group.queues,
    )


def _intervals(slots: tuple[c.TimeSlot, ...]) -> tuple[Interval, ...]:
    return tuple(sorted((_minutes(slot.start), _minutes(slot.end)) for slot in slots))


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return 60 * int(hours) + int(minutes)
