"""What makes an object of the configuration acceptable beside the others. Pure.

The typed models of the contract check each field alone; here is what concerns several fields or
several objects. Every refusal names the field and says what to do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ringway.acd.config_references import (
    AGENT,
    REFERRING,
    TRUNK,
    references,
    targets,
    unique_fields,
)
from ringway.proto import acd_config as c
from ringway.runtime.errors import Refused

SETTINGS_ID = "tenant"
_PARK_SPACES_AT_MOST = 500
_NAMED_USERS_AT_MOST = 5
_SOUND = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*")
_NUMBER = re.compile(r"\+?[0-9]{2,20}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,128}")
# These kinds of target take no value.
_BARE = frozenset({c.TargetKind.CALLBACK, c.TargetKind.BUSY, c.TargetKind.HANG_UP})

# What sends calls on to others of the same kind, which must not lead back.
_PASSING_ON = {
    c.TargetKind.QUEUE: c.Queue.KIND,
    c.TargetKind.TIME_CONDITION: c.TimeCondition.KIND,
}
_Node = tuple[str, str]

M = TypeVar("M", bound=c.Config)


class Objects(Protocol):
    """Every object of one tenant."""

    def all(self, model: type[M], /) -> Mapping[str, M]:
        """Return the objects of a kind by their ids."""

    def holder(self, kind: str, field: str, value: Hashable, /) -> str | None:
        """Return which object of a kind has this value of a unique field."""


@dataclass(frozen=True, slots=True)
class Known:
    """Who exists that is not configured here: agents and trunks, by their ids."""

    has_agent: Callable[[str], bool]
    has_trunk: Callable[[str], bool]


def check_put(objects: Objects, object_id: str, new: c.Config, known: Known) -> None:
    """Check an object before it is stored.

    Raises:
        Refused: ``config_invalid``, ``reference_unknown`` or ``name_taken``.
    """
    _check_alone(object_id, new)
    _check_references(objects, object_id, new, known)
    _check_unique(objects, object_id, new)
    if new.KIND in _PASSING_ON.values():
        _check_circles(objects, object_id, new)


def check_delete(objects: Objects, kind: str, object_id: str) -> None:
    """Check that nobody names the object.

    Raises:
        Refused: ``config_in_use``, with who uses it.
    """
    users = [
        f"{model.KIND} {_label(other_id, config)} ({reference.field})"
        for model in REFERRING
        for other_id, config in objects.all(model).items()
        if (model.KIND, other_id) != (kind, object_id)
        for reference in references(config)
        if (reference.kind, reference.object_id) == (kind, object_id)
    ]
    if users:
        named = ", ".join(users[:_NAMED_USERS_AT_MOST])
        more = len(users) - _NAMED_USERS_AT_MOST
        raise Refused(
            "config_in_use",
            f"This {kind} is used by {named}{f' and {more} more' if more > 0 else ''}; "
            "let them use another one first.",
        )


# -- one object alone ----------------------------------------------------------------------------


def _check_alone(object_id: str, new: c.Config) -> None:
    for field, target in targets(new):
        _check_target(field, target, is_queue=isinstance(new, c.Queue))
    match new:
        case c.Queue():
            _check_rings(new.rings)
            _refuse_repeats("agent_ids", new.agent_ids or ())
        case c.CallerGroup():
            _refuse_repeats("numbers", new.numbers)
        case c.AgentProfile():
            if new.phone is c.PhoneKind.NUMBER and not _NUMBER.fullmatch(new.phone_number):
                raise _invalid("phone_number", "give the number of the agent's telephone")
        case c.Calendar():
            _check_calendar(new)
        case c.InboundRoute():
            if new.closed_target is not None and new.calendar_id is None:
                raise _invalid("closed_target", "give calendar_id, which says when it is closed")
            _refuse_repeats("caller_rules", [rule.prefix for rule in new.caller_rules])
        case c.OutboundRoute():
            _refuse_repeats("trunk_ids", new.trunk_ids)
            if new.caller_id is c.CallerIdRule.FIXED and not new.fixed_caller_id:
                raise _invalid("fixed_caller_id", "give the number that the called party sees")
        case c.VoicemailBox() if new.time_zone:
            _check_zone(new.time_zone)
        case c.AcdSettings():
            _check_settings(object_id, new)
        case _:
            pass


def _check_target(field: str, target: c.Target, *, is_queue: bool) -> None:
    kind, value = target.kind, target.value
    if kind is c.TargetKind.CALLBACK and not is_queue:
        raise _invalid(field, "a callback is offered by queues only; send the call to a queue")
    if kind in _BARE:
        if value:
            raise _invalid(f"{field}.value", f"leave it out: {kind} takes none")
        return
    patterns = {
        c.TargetKind.NUMBER: (_NUMBER, "a telephone number of 2 to 20 digits"),
        c.TargetKind.ANNOUNCEMENT: (_SOUND, "the name of a sound"),
    }
    pattern, wanted = patterns.get(kind, (_TOKEN, f"the id of the {kind}"))
    if not pattern.fullmatch(value):
        raise _invalid(f"{field}.value", f"give {wanted}")


def _check_rings(rings: tuple[c.Ring, ...]) -> None:
    if not rings or rings[0].after_s != 0:
        raise _invalid("rings.0.after_s", "the first ring begins after 0 seconds")
    for n, (before, after) in enumerate(pairwise(rings), 1):
        if after.after_s <= before.after_s:
            raise _invalid(f"rings.{n}.after_s", "each ring begins later than the one before")
    for n, ring in enumerate(rings):
        _refuse_repeats(f"rings.{n}.needs", [need.skill_id for need in ring.needs])


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise _invalid(
            "time_zone", "this zone does not exist; write one such as Asia/Shanghai"
        ) from None


def _check_calendar(calendar: c.Calendar) -> None:
    _check_zone(calendar.time_zone)
    for name, slots in calendar.weekly.items():
        _check_slots(f"weekly.{name}", slots)
    _refuse_repeats("days", [day.date for day in calendar.days])
    for n, day in enumerate(calendar.days):
        try:
            date.fromisoformat(day.date)
        except ValueError:
            raise _invalid(f"days.{n}.date", f"there is no day {day.date}") from None
        if day.like is not None and day.slots:
            raise _invalid(f"days.{n}.like", "give either a weekday or slots, not both")
        _check_slots(f"days.{n}.slots", day.slots)


def _check_slots(field: str, slots: tuple[c.TimeSlot, ...]) -> None:
    # HH:MM sorts as time does.
    for n, slot in enumerate(slots):
        if slot.start >= slot.end:
            raise _invalid(
                f"{field}.{n}", "a slot ends after it starts; one over midnight is two slots"
            )
    for before, after in pairwise(sorted(slots, key=lambda slot: slot.start)):
        if after.start < before.end:
            raise _invalid(field, f"slots overlap at {after.start}; make them one")


def _check_settings(object_id: str, settings: c.AcdSettings) -> None:
    if object_id != SETTINGS_ID:
        raise _invalid("object_id", f"the settings are one object with the id {SETTINGS_ID}")
    _check_zone(settings.time_zone)
    spaces = settings.park_last - settings.park_first + 1
    if not 1 <= spaces <= _PARK_SPACES_AT_MOST:
        raise _invalid("park_last", f"give 1 to {_PARK_SPACES_AT_MOST} spaces from park_first on")


# -- beside the others ---------------------------------------------------------------------------


def _check_references(objects: Objects, object_id: str, new: c.Config, known: Known) -> None:
    if isinstance(new, c.AgentProfile) and not known.has_agent(object_id):
        raise Refused(
            "reference_unknown",
            f"object_id: there is no agent {object_id}; create the user with a seat first.",
        )
    for each in references(new):
        if each.kind == AGENT:
            exists = known.has_agent(each.object_id)
        elif each.kind == TRUNK:
            exists = known.has_trunk(each.object_id)
        else:
            is_itself = (each.kind, each.object_id) == (new.KIND, object_id)
            exists = is_itself or each.object_id in objects.all(c.CONFIGS[each.kind])
        if not exists:
            raise Refused(
                "reference_unknown",
                f"{each.field}: there is no {each.kind} {each.object_id}; "
                "create it first or name one that exists.",
            )


def _check_unique(objects: Objects, object_id: str, new: c.Config) -> None:
    for field, value in unique_fields(new):
        holder_id = objects.holder(new.KIND, field, value)
        if holder_id is not None and holder_id != object_id:
            holder = objects.all(type(new)).get(holder_id)
            label = _label(holder_id, holder) if holder is not None else holder_id
            raise Refused(
                "name_taken",
                f"{field}: {new.KIND} {label} has it already; choose another one or change that.",
            )


def _check_circles(objects: Objects, object_id: str, new: c.Config) -> None:
    """Refuse targets that lead back: a caller would wander for ever."""
    itself = (new.KIND, object_id)

    def found(node: _Node) -> c.Config | None:
        return new if node == itself else objects.all(c.CONFIGS[node[0]]).get(node[1])

    def following(node: _Node) -> list[tuple[str, _Node]]:
        config = found(node)
        return [
            (field, (_PASSING_ON[target.kind], target.value))
            for field, target in (targets(config) if config is not None else ())
            if target.kind in _PASSING_ON
        ]

    for field, first in following(itself):
        came_from: dict[_Node, _Node | None] = {first: None}
        todo = [first]
        while todo:
            here = todo.pop()
            if here == itself:
                way = " → ".join(_name(node, found(node)) for node in _circle(came_from, itself))
                raise _invalid(field, f"calls would go in a circle: {way}")
            for _, following_node in following(here):
                if following_node not in came_from:
                    came_from[following_node] = here
                    todo.append(following_node)


def _circle(came_from: Mapping[_Node, _Node | None], itself: _Node) -> list[_Node]:
    way = [itself]
    step = came_from[itself]
    while step is not None:
        way.append(step)
        step = came_from[step]
    return [itself, *reversed(way)]


def _name(node: _Node, config: c.Config | None) -> str:
    return str(getattr(config, "name", "")) or node[1]


# -- small parts ---------------------------------------------------------------------------------


def _invalid(field: str, advice: str) -> Refused:
    return Refused("config_invalid", f"{field}: {advice}.")


def _refuse_repeats(field: str, values: Iterable[str]) -> None:
    seen: set[str] = set()
    for n, value in enumerate(values):
        if value in seen:
            raise _invalid(f"{field}.{n}", f"{value} is named twice; name it once")
        seen.add(value)


def _label(object_id: str, config: c.Config) -> str:
    name = getattr(config, "name", "") or getattr(config, "number", "")
    return f"{name} ({object_id})" if name else object_id
