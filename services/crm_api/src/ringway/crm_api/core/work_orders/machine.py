"""The state machine of one work order: what may be done, by whom, and what follows.

Rule 1: no IO and no clock here. Moments come in with every event.
Rule 2: everything that decides where an order goes lives in this file.
Rule 3: late and repeated events are normal: a timer of a step that was left is refused as late.

Whom a rule such as "in turn" means is looked up outside: the outcome says ``choose``, and the one
who was found comes back as an :class:`AssignTo`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from ringway.crm_api.core.work_orders.design import (
    Assign,
    Design,
    Party,
    PartyKind,
    Sla,
    Step,
    StepKind,
    TimerKind,
    Transition,
)
from ringway.crm_api.core.work_orders.hours import AnyHours
from ringway.crm_api.core.work_orders.model import (
    Act,
    AssignTo,
    Event,
    Facts,
    GiveBack,
    Migrate,
    Outcome,
    PromiseDue,
    Refusal,
    Reopen,
    State,
    Take,
    Tell,
    TimerDue,
    Who,
)
from ringway.crm_api.core.work_orders.sla import Clock, Promise

MOST_URGENT = 5


def begin(
    design: Design,
    version: int,
    sla: Sla,
    *,
    created_by: UUID | None,
    priority: int,
    assign: Assign | None,
    now: datetime,
    hours: AnyHours,
) -> Outcome:
    """Return a new order's state. ``assign`` is the type's rule, used where the step has none."""
    step = _step(design, design.start)
    targets = {Promise.RESPONSE: sla.response_s, Promise.RESOLUTION: sla.resolution_s}
    clocks = {
        promise: Clock(target_s=target) for promise, target in targets.items() if target is not None
    }
    state = State(step.key, step.kind, now, created_by, version, priority=priority, clocks=clocks)
    return _enter(state, step, step.assign or assign, (), now, hours)


def apply(
    event: Event,
    state: State,
    design: Design,
    *,
    who: Who | None,
    facts: Facts,
    now: datetime,
    hours: AnyHours,
) -> Outcome | Refusal:
    """Return what follows of an event, or why it cannot be.

    Args:
        design: Of the version that the order is on.
        who: None: the platform itself, for timers.
    """
    match event:
        case Act(action):
            return _act(action, state, design, who, facts, now, hours)
        case Take():
            return _take(state, who, now, hours)
        case GiveBack():
            return _give_back(state, who)
        case AssignTo(assignee_id, team_id):
            return _assign(state, assignee_id, team_id)
        case Reopen():
            return _reopen(state, design, now)
        case TimerDue(step, key):
            return _timer(step, key, state, design, now, hours)
        case PromiseDue(promise, is_warning):
            return _promise(promise, is_warning, state, now, hours)
        case Migrate(new, version, step):
            return _migrate(new, version, step, state, now, hours)


def possible(state: State, design: Design, who: Who) -> list[Transition]:
    """Return the ways that somebody may go from where an order is."""
    return [
        transition
        for transition in design.transitions
        if state.step in transition.sources and may_go(transition, state, who)
    ]


def may_go(transition: Transition, state: State, who: Who) -> bool:
    """Return whether a design lets somebody go a way."""
    if who.is_manager:
        return True
    if transition.roles and not who.roles & set(transition.roles):
        return False
    if transition.team_ids and not (who.teams | who.leads) & set(transition.team_ids):
        return False
    if transition.assignee_only:
        return who.user_id == state.assignee_id or state.team_id in who.leads
    return True


def _act(
    action: str,
    state: State,
    design: Design,
    who: Who | None,
    facts: Facts,
    now: datetime,
    hours: AnyHours,
) -> Outcome | Refusal:
    if state.kind.is_end:
        return Refusal("order_ended", "The order is over; open it again first.")
    transition = design.transition(state.step, action)
    if transition is None:
        known = sorted({t.key for t in design.transitions if state.step in t.sources})
        there = f"In {state.step} there is no action {action}; there are {', '.join(known)}."
        return Refusal("action_unknown", there)
    if who is not None and not may_go(transition, state, who):
        return Refusal("action_not_yours", f"The design lets others do {action}.")
    missing = tuple(key for key in transition.required if key not in facts.filled)
    if missing:
        return Refusal("fields_missing", f"Fill these first: {', '.join(missing)}.", missing)
    if transition.needs_comment and not facts.has_comment:
        return Refusal("comment_missing", f"Say why with `comment`: {action} needs one.")
    step = _step(design, transition.to)
    if step.kind is StepKind.DONE and facts.open_tasks:
        return Refusal("tasks_open", f"{facts.open_tasks} tasks must be finished first.")
    cared_for = responded(state, now, hours)
    return _enter(cared_for, step, transition.assign or step.assign, transition.tell, now, hours)


def _take(state: State, who: Who | None, now: datetime, hours: AnyHours) -> Outcome | Refusal:
    if who is None or state.kind.is_end:
        return Refusal("order_ended", "The order is over; open it again first.")
    if state.assignee_id == who.user_id:
        return Outcome(state)
    if state.assignee_id is not None:
        return Refusal("order_taken", "Somebody works on it already; ask him to return it.")
    return Outcome(replace(responded(state, now, hours), assignee_id=who.user_id))


def _give_back(state: State, who: Who | None) -> Outcome | Refusal:
    if state.kind.is_end:
        return Refusal("order_ended", "The order is over; open it again first.")
    if state.assignee_id is None:
        return Refusal("order_not_assigned", "Nobody works on it.")
    is_his = who is None or who.is_manager or who.user_id == state.assignee_id
    if not is_his and (who is None or state.team_id not in who.leads):
        return Refusal("action_not_yours", "It is returned by its assignee, or by his leader.")
    told = (Tell(Party(kind=PartyKind.TEAM), "returned"),)
    return Outcome(replace(state, assignee_id=None), tells=told)


def _assign(state: State, assignee_id: UUID | None, team_id: UUID | None) -> Outcome | Refusal:
    if state.kind.is_end:
        return Refusal("order_ended", "The order is over; open it again first.")
    to = PartyKind.ASSIGNEE if assignee_id is not None else PartyKind.TEAM
    is_new = (assignee_id, team_id) != (state.assignee_id, state.team_id)
    told = (Tell(Party(kind=to), "assigned"),) if is_new else ()
    return Outcome(replace(state, assignee_id=assignee_id, team_id=team_id), tells=told)


def _reopen(state: State, design: Design, now: datetime) -> Outcome | Refusal:
    if not state.kind.is_end:
        return Refusal("order_not_ended", "The order is open.")
    step = _step(design, design.reopen_to or design.start)
    clocks = dict(state.clocks)
    if Promise.RESOLUTION in clocks:
        clock = clocks[Promise.RESOLUTION]
        is_open = step.kind is StepKind.OPEN
        clocks[Promise.RESOLUTION] = (
            clock.reopen(now) if is_open else replace(clock, stopped_at=None)
        )
    again = replace(
        state,
        step=step.key,
        kind=step.kind,
        step_since=now,
        clocks=clocks,
        times_reopened=state.times_reopened + 1,
        milestones=_milestones(state, step),
    )
    told = (Tell(Party(kind=PartyKind.ASSIGNEE), "reopened"), *_tells(step))
    return Outcome(again, has_entered=True, choose=step.assign, tells=told)


def _timer(
    step_key: str, key: str, state: State, design: Design, now: datetime, hours: AnyHours
) -> Outcome | Refusal:
    step = _step(design, state.step)
    timer = next((each for each in step.timers if each.key == key), None)
    if state.step != step_key or timer is None:
        return Refusal("late", "The order has left the step of this timer.")
    told = tuple(Tell(party, f"timer:{key}") for party in timer.tell)
    if timer.kind is TimerKind.REMIND:
        return Outcome(state, tells=told)
    if timer.kind is TimerKind.ESCALATE:
        raised = replace(state, priority=min(state.priority + 1, MOST_URGENT))
        return Outcome(raised, choose=timer.assign, tells=told)
    target = _step(design, timer.to or "")
    moved = _enter(state, target, timer.assign or target.assign, (), now, hours)
    return replace(moved, tells=(*told, *moved.tells))


def _promise(
    promise: Promise, is_warning: bool, state: State, now: datetime, hours: AnyHours
) -> Outcome | Refusal:
    clock = state.clocks.get(promise)
    if clock is None or clock.since is None or clock.breached_at is not None:
        return Refusal("late", "The promise is kept, or was found broken already.")
    if is_warning:
        if clock.warned_at is not None:
            return Refusal("late", "It was warned of already.")
        return Outcome(_with(state, promise, replace(clock, warned_at=now)))
    if not clock.is_broken(now, hours):
        return Refusal("late", "There is time left.")
    return Outcome(_with(state, promise, replace(clock, breached_at=now)))


def _migrate(
    new: Design, version: int, to: str | None, state: State, now: datetime, hours: AnyHours
) -> Outcome | Refusal:
    if state.kind.is_end:
        return Refusal("order_ended", "The order is over; open it again first.")
    step = new.step(to or state.step)
    if step is None:
        return Refusal(
            "step_unknown", f"Version {version} has no step {to or state.step}; name one."
        )
    return _enter(replace(state, design_version=version), step, None, (), now, hours)


def _enter(
    state: State,
    step: Step,
    assign: Assign | None,
    told: tuple[Party, ...],
    now: datetime,
    hours: AnyHours,
) -> Outcome:
    clocks: dict[Promise, Clock] = {}
    for promise, clock in state.clocks.items():
        if step.kind is StepKind.OPEN:
            clocks[promise] = clock.run(now)
        elif step.kind is StepKind.WAITING:
            clocks[promise] = clock.pause(now, hours)
        else:
            clocks[promise] = clock.stop(now, hours)
    entered = replace(
        state,
        step=step.key,
        kind=step.kind,
        step_since=now,
        clocks=clocks,
        milestones=_milestones(state, step),
    )
    tells = (*(Tell(party, "moved") for party in told), *_tells(step))
    return Outcome(
        entered,
        has_entered=True,
        choose=None if step.kind.is_end else assign,
        tells=tells,
    )


def _tells(step: Step) -> tuple[Tell, ...]:
    return tuple(Tell(party, "step_entered") for party in step.tell)


def _milestones(state: State, step: Step) -> tuple[str, ...]:
    if not step.milestone or step.milestone in state.milestones:
        return state.milestones
    return (*state.milestones, step.milestone)


def responded(state: State, now: datetime, hours: AnyHours) -> State:
    """Return the state after somebody took care of an order, such as by a comment."""
    clock = state.clocks.get(Promise.RESPONSE)
    return state if clock is None else _with(state, Promise.RESPONSE, clock.stop(now, hours))


def _with(state: State, promise: Promise, clock: Clock) -> State:
    return replace(state, clocks={**state.clocks, promise: clock})


def _step(design: Design, key: str) -> Step:
    step = design.step(key)
    if step is None:
        raise ValueError(f"the design has no step {key}")
    return step
