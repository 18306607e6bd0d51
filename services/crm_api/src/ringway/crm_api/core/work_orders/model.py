"""What the machine of a work order is told, and what it says: values without behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from ringway.crm_api.core.work_orders.design import Assign, Design, Party, StepKind
from ringway.crm_api.core.work_orders.sla import Clock, Promise


@dataclass(frozen=True, slots=True)
class State:
    """What of an order the machine decides on. ``assignee_id`` and ``team_id`` may be missing."""

    step: str
    kind: StepKind
    step_since: datetime
    created_by: UUID | None
    design_version: int
    assignee_id: UUID | None = None
    team_id: UUID | None = None
    priority: int = 3
    clocks: Mapping[Promise, Clock] = field(default_factory=dict)
    milestones: tuple[str, ...] = ()
    times_reopened: int = 0


@dataclass(frozen=True, slots=True)
class Who:
    """Who does something. ``leads`` are the teams that he leads, with all below.

    Args:
        is_manager: May work on every order, whatever a design says of roles and teams.
    """

    user_id: UUID
    roles: frozenset[str] = frozenset()
    teams: frozenset[UUID] = frozenset()
    leads: frozenset[UUID] = frozenset()
    is_manager: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What else counts: fields that have a value, sub-tasks that must be finished first."""

    filled: frozenset[str] = frozenset()
    open_tasks: int = 0
    has_comment: bool = False


@dataclass(frozen=True, slots=True)
class Act:
    """Go the way that an action of the present step means."""

    action: str


@dataclass(frozen=True, slots=True)
class Take:
    """Take an order that nobody works on."""


@dataclass(frozen=True, slots=True)
class GiveBack:
    """Return an order to the team that owns it."""


@dataclass(frozen=True, slots=True)
class AssignTo:
    """Give an order to somebody, or to a team; None leaves it to nobody."""

    assignee_id: UUID | None
    team_id: UUID | None


@dataclass(frozen=True, slots=True)
class Reopen:
    """Open an order again that was done or cancelled."""


@dataclass(frozen=True, slots=True)
class TimerDue:
    """A timer of ``step`` has run out."""

    step: str
    key: str


@dataclass(frozen=True, slots=True)
class PromiseDue:
    """A promise is soon to be broken, or is broken."""

    promise: Promise
    is_warning: bool


@dataclass(frozen=True, slots=True)
class Migrate:
    """Go on by another version of the design; None: in the step of the same key."""

    design: Design
    version: int
    step: str | None = None


Event = Act | Take | GiveBack | AssignTo | Reopen | TimerDue | PromiseDue | Migrate


@dataclass(frozen=True, slots=True)
class Tell:
    """Somebody is told. ``reason`` says of what, such as ``step_entered``."""

    party: Party
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What follows of an event.

    Args:
        has_entered: A step was entered, perhaps the same one again: its timers begin.
        choose: Somebody must be found by this rule, and be given the order.
    """

    state: State
    has_entered: bool = False
    choose: Assign | None = None
    tells: tuple[Tell, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why it cannot be. Codes: ``order_ended``, ``order_not_ended``, ``action_unknown``,
    ``action_not_yours``, ``fields_missing``, ``comment_missing``, ``tasks_open``,
    ``order_taken``, ``order_not_assigned``, ``step_unknown``, ``late``.
    """

    code: str
    detail: str
    fields: tuple[str, ...] = ()
