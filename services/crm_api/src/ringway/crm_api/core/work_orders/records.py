"""States and clocks as JSON can hold them, and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ringway.crm_api.core.work_orders.model import State
from ringway.crm_api.core.work_orders.sla import Clock, Promise


def clocks_to(clocks: Mapping[Promise, Clock]) -> dict[str, dict[str, Any]]:
    """Return clocks as JSON."""
    return {
        promise.value: {
            "target_s": clock.target_s,
            "spent_s": clock.spent_s,
            "since": _text(clock.since),
            "stopped_at": _text(clock.stopped_at),
            "warned_at": _text(clock.warned_at),
            "breached_at": _text(clock.breached_at),
        }
        for promise, clock in clocks.items()
    }


def clocks_from(record: Mapping[str, Mapping[str, Any]]) -> dict[Promise, Clock]:
    """Return the clocks that :func:`clocks_to` made JSON of."""
    return {
        Promise(name): Clock(
            target_s=each["target_s"],
            spent_s=each["spent_s"],
            since=_moment(each["since"]),
            stopped_at=_moment(each["stopped_at"]),
            warned_at=_moment(each["warned_at"]),
            breached_at=_moment(each["breached_at"]),
        )
        for name, each in record.items()
    }


def record_of(state: State) -> dict[str, Any]:
    """Return what history keeps of a state. What is None is as if it were not there."""
    return {
        "step": state.step,
        "step_kind": state.kind.value,
        "design_version": state.design_version,
        "assignee_id": str(state.assignee_id) if state.assignee_id is not None else None,
        "team_id": str(state.team_id) if state.team_id is not None else None,
        "priority": state.priority,
        "milestones": list(state.milestones),
        "times_reopened": state.times_reopened,
        "promises": clocks_to(state.clocks),
    }


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text is not None else None
