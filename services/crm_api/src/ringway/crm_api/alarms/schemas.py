"""Payloads of alarms."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from ringway.crm_api.core.alarms.kinds import (
    AlarmCode,
    AlarmKind,
    Severity,
    object_type_of,
    severity_of,
)
from ringway.crm_api.core.alarms.rules import Alarm, Param
from ringway.crm_api.schemas import Body, Text, View


class AlarmState(StrEnum):
    """Open: nobody has acknowledged it. Acknowledged: somebody knows; it is not over."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLEARED = "cleared"


class AlarmView(View):
    """Something that does not work, or did not."""

    alarm_id: UUID
    tenant_id: UUID = Field(description="The enterprise; all zeros: the platform itself.")
    state: AlarmState
    kind: AlarmKind
    severity: Severity
    code: AlarmCode = Field(description="Which sentence people are shown.")
    params: dict[str, Param] = Field(
        description="What stands in the sentence.", examples=[{"name": "Carrier A"}]
    )
    object_type: str = Field(examples=["trunk"])
    object_id: str = Field(description="What it is about.")
    times_seen: int = Field(
        description="How often it was raised: what comes back within five minutes, or grows, is "
        "the same alarm."
    )
    raised_at: datetime
    last_raised_at: datetime
    cleared_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str
    acknowledged_note: str


class Acknowledgement(Body):
    """What somebody says who knows of an alarm."""

    note: Text = Field(default="", max_length=500, examples=["The carrier is told."])


def view(alarm: Alarm) -> AlarmView:
    """Return an alarm as it is shown."""
    state = AlarmState.OPEN if alarm.acknowledged_at is None else AlarmState.ACKNOWLEDGED
    return AlarmView(
        alarm_id=alarm.alarm_id,
        tenant_id=alarm.tenant_id,
        state=AlarmState.CLEARED if alarm.cleared_at is not None else state,
        kind=alarm.kind,
        severity=severity_of(alarm.kind, alarm.object_id),
        code=alarm.code,
        params=dict(alarm.params),
        object_type=object_type_of(alarm.kind),
        object_id=alarm.object_id,
        times_seen=alarm.times_seen,
        raised_at=alarm.raised_at,
        last_raised_at=alarm.last_raised_at,
        cleared_at=alarm.cleared_at,
        acknowledged_at=alarm.acknowledged_at,
        acknowledged_by=alarm.acknowledged_by,
        acknowledged_note=alarm.acknowledged_note,
    )
