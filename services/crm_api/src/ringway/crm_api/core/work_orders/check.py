"""Checks a design as a whole: every order can be brought to an end, and nothing runs in circles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from ringway.crm_api.core.work_orders.design import (
    Assign,
    AssignKind,
    Design,
    Party,
    PartyKind,
    Step,
    StepKind,
    TimerKind,
)

_WITH_TEAM = (AssignKind.TEAM, AssignKind.ROUND_ROBIN, AssignKind.LEAST_LOADED)


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong. ``where`` is its place, such as ``transitions.2.to``."""

    where: str
    code: str
    reason: str


def check(design: Design) -> list[Flaw]:
    """Return what is wrong with a design; nothing: it can be used.

    Codes: ``step_twice``, ``step_unknown``, ``start_is_end``, ``action_twice``,
    ``end_has_way_out``, ``end_has_timer``, ``timer_twice``, ``timer_incomplete``, ``no_done``,
    ``unreachable``, ``no_way_out``, ``no_end``, ``timer_loop``, ``assign_incomplete``,
    ``party_incomplete``.
    """
    flaws = [*_names(design), *_parts(design)]
    if flaws:
        return flaws  # what follows from a wrong name would only hide it
    return [*_ways(design), *_loops(design)]


def _names(design: Design) -> Iterator[Flaw]:
    keys = [step.key for step in design.steps]
    known = {step.key: step for step in design.steps}
    for n, key in enumerate(keys):
        if key in keys[:n]:
            yield Flaw(f"steps.{n}.key", "step_twice", f'There are two steps "{key}".')
    references = [("start", design.start)]
    references += [("reopen_to", design.reopen_to)] if design.reopen_to is not None else []
    for place, key in references:
        if key not in known:
            yield _unknown(place, key)
        elif known[key].kind.is_end:
            yield Flaw(place, "start_is_end", f'An order cannot begin in "{key}", an end.')
    taken: set[tuple[str, str]] = set()
    for n, transition in enumerate(design.transitions):
        if transition.to not in known:
            yield _unknown(f"transitions.{n}.to", transition.to)
        for m, source in enumerate(transition.sources):
            place = f"transitions.{n}.sources.{m}"
            if source not in known:
                yield _unknown(place, source)
            elif known[source].kind.is_end:
                reason = f'"{source}" is an end: use reopen_to, or make it another kind.'
                yield Flaw(place, "end_has_way_out", reason)
            if (source, transition.key) in taken:
                reason = f'"{source}" has two actions "{transition.key}".'
                yield Flaw(place, "action_twice", reason)
            taken.add((source, transition.key))
    for n, step in enumerate(design.steps):
        yield from _timers(n, step, known)


def _timers(n: int, step: Step, known: Mapping[str, Step]) -> Iterator[Flaw]:
    seen: set[str] = set()
    for m, timer in enumerate(step.timers):
        place = f"steps.{n}.timers.{m}"
        if step.kind.is_end:
            yield Flaw(place, "end_has_timer", f'"{step.key}" is an end: nothing happens there.')
        if timer.key in seen:
            yield Flaw(f"{place}.key", "timer_twice", f'There are two timers "{timer.key}".')
        seen.add(timer.key)
        if timer.kind is TimerKind.MOVE and timer.to is None:
            yield Flaw(f"{place}.to", "timer_incomplete", "Say where the order moves.")
        elif timer.kind is not TimerKind.MOVE and timer.to is not None:
            yield Flaw(f"{place}.to", "timer_incomplete", "Only a timer that moves has `to`.")
        elif timer.to is not None and timer.to not in known:
            yield _unknown(f"{place}.to", timer.to)
        if timer.kind is TimerKind.REMIND and timer.assign is not None:
            reason = "A reminder does not assign; escalate instead."
            yield Flaw(f"{place}.assign", "timer_incomplete", reason)
        if timer.kind is not TimerKind.MOVE and not timer.tell and timer.assign is None:
            yield Flaw(f"{place}.tell", "timer_incomplete", "It would do nothing: tell somebody.")


def _parts(design: Design) -> Iterator[Flaw]:
    for n, step in enumerate(design.steps):
        yield from check_assign(f"steps.{n}.assign", step.assign)
        yield from check_parties(f"steps.{n}.tell", step.tell)
        for m, timer in enumerate(step.timers):
            yield from check_assign(f"steps.{n}.timers.{m}.assign", timer.assign)
            yield from check_parties(f"steps.{n}.timers.{m}.tell", timer.tell)
    for n, transition in enumerate(design.transitions):
        yield from check_assign(f"transitions.{n}.assign", transition.assign)
        yield from check_parties(f"transitions.{n}.tell", transition.tell)


def check_assign(where: str, assign: Assign | None) -> Iterator[Flaw]:
    """Yield what an assignment rule lacks."""
    if assign is None:
        return
    if (assign.kind is AssignKind.USER) != (assign.user_id is not None):
        reason = "`user_id` belongs to the kind user, and to no other."
        yield Flaw(f"{where}.user_id", "assign_incomplete", reason)
    if (assign.kind in _WITH_TEAM) != (assign.team_id is not None):
        reason = f"`team_id` belongs to the kinds {', '.join(_WITH_TEAM)}, and to no other."
        yield Flaw(f"{where}.team_id", "assign_incomplete", reason)


def check_parties(where: str, parties: Iterable[Party]) -> Iterator[Flaw]:
    """Yield what recipients lack."""
    for n, party in enumerate(parties):
        if (party.kind in (PartyKind.ROLE, PartyKind.USER)) != bool(party.id):
            reason = "`id` belongs to the kinds role and user, and to no other."
            yield Flaw(f"{where}.{n}.id", "party_incomplete", reason)
        elif party.kind is PartyKind.USER and not _is_uuid(party.id):
            yield Flaw(f"{where}.{n}.id", "party_incomplete", "A user's id is a UUID.")


def _ways(design: Design) -> Iterator[Flaw]:
    if not any(step.kind is StepKind.DONE for step in design.steps):
        yield Flaw("steps", "no_done", "At least one step must be of the kind done.")
    onward: dict[str, set[str]] = {step.key: set() for step in design.steps}
    for transition in design.transitions:
        for source in transition.sources:
            onward[source].add(transition.to)
    for step in design.steps:
        onward[step.key] |= {timer.to for timer in step.timers if timer.to is not None}
    backward: dict[str, set[str]] = {key: set() for key in onward}
    for key, targets in onward.items():
        for target in targets:
            backward[target].add(key)
    begins = {design.start} | ({design.reopen_to} if design.reopen_to is not None else set())
    reached = _reach(begins, onward)
    ends = {step.key for step in design.steps if step.kind.is_end}
    can_end = _reach(ends, backward)
    for n, step in enumerate(design.steps):
        if step.key not in reached:
            yield Flaw(f"steps.{n}", "unreachable", f'Nothing leads to "{step.key}".')
        if step.kind.is_end:
            continue
        if not onward[step.key] - {step.key}:
            yield Flaw(f"steps.{n}", "no_way_out", f'Nothing leads out of "{step.key}".')
        elif step.key not in can_end:
            yield Flaw(f"steps.{n}", "no_end", f'No end can be reached from "{step.key}".')


def _loops(design: Design) -> Iterator[Flaw]:
    """Timers alone must not move an order in a ring: it would turn for ever."""
    moves = {
        step.key: {timer.to for timer in step.timers if timer.to is not None}
        for step in design.steps
    }
    for n, step in enumerate(design.steps):
        if step.key in _reach(moves[step.key], moves):
            reason = f'Timers alone lead from "{step.key}" back to it.'
            yield Flaw(f"steps.{n}.timers", "timer_loop", reason)


def _reach(begins: Iterable[str], onward: Mapping[str, set[str]]) -> set[str]:
    reached, todo = set(begins), list(begins)
    while todo:
        new = onward[todo.pop()] - reached
        reached |= new
        todo += new
    return reached


def _unknown(where: str, key: str) -> Flaw:
    return Flaw(where, "step_unknown", f'There is no step "{key}".')


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
