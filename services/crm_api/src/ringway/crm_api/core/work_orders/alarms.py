"""When the platform must look at a work order by itself: timers of its step, and promises."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ringway.crm_api.core.work_orders.design import Design, Sla
from ringway.crm_api.core.work_orders.hours import Always, AnyHours
from ringway.crm_api.core.work_orders.model import PromiseDue, State, TimerDue


@dataclass(frozen=True, slots=True)
class Alarm:
    """When the platform must look at an order by itself. ``key`` is unique within an order."""

    key: str
    due_at: datetime
    event: TimerDue | PromiseDue


def alarms_of_step(state: State, design: Design, hours: AnyHours) -> list[Alarm]:
    """Return the timers of the step that was just entered."""
    made: list[Alarm] = []
    step = design.step(state.step)
    for timer in step.timers if step is not None else ():
        counted = hours if timer.business_hours else Always()
        due_at = counted.after(state.step_since, timer.after_s)
        if due_at is not None:
            made.append(Alarm(f"step:{timer.key}", due_at, TimerDue(state.step, timer.key)))
    return made


def alarms_of_promises(state: State, sla: Sla, hours: AnyHours) -> list[Alarm]:
    """Return when promises are to be warned of, and when they are broken."""
    made: list[Alarm] = []
    for promise, clock in state.clocks.items():
        warn_at, due_at = clock.due_at(hours, sla.warn_share), clock.due_at(hours)
        if warn_at is not None and clock.warned_at is None and clock.breached_at is None:
            made.append(Alarm(f"{promise}:warning", warn_at, PromiseDue(promise, True)))
        if due_at is not None and clock.breached_at is None:
            made.append(Alarm(f"{promise}:broken", due_at, PromiseDue(promise, False)))
    return made
