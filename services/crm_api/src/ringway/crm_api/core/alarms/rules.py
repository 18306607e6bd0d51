"""When an alarm is raised, raised again, changed and cleared.

There is at most one open alarm of a kind about one thing. What comes and goes within minutes is one
alarm that was seen several times, not many.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from ringway.crm_api.core.alarms.kinds import AlarmCode, AlarmKind

Param = str | int | bool | None
# What is raised so soon after it was cleared is the same alarm.
SAME_WITHIN = timedelta(minutes=5)
# What may be gone for a moment (a restart) is believed after so long.
BELIEVED_AFTER = timedelta(seconds=20)
# A service that somebody knows to be away for so long is no part of the installation any more.
GIVEN_UP_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that does not work now.

    Args:
        object_id: What it is about; with tenant and kind it says which alarm it is.
        params: What the sentence says; it may change while the alarm is open.
        weight: When it grows, there is more to be looked at: the alarm is raised again.
    """

    tenant_id: UUID
    kind: AlarmKind
    object_id: str
    code: AlarmCode
    params: Mapping[str, Param] = field(default_factory=dict)
    weight: int = 0

    @property
    def key(self) -> tuple[UUID, AlarmKind, str]:
        """Which alarm it is."""
        return self.tenant_id, self.kind, self.object_id


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm as it is stored. ``raised_at`` is the first time, ``last_raised_at`` the last."""

    tenant_id: UUID
    alarm_id: UUID
    kind: AlarmKind
    object_id: str
    code: AlarmCode
    params: Mapping[str, Param]
    weight: int
    times_seen: int
    raised_at: datetime
    last_raised_at: datetime
    cleared_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str
    acknowledged_note: str

    @property
    def key(self) -> tuple[UUID, AlarmKind, str]:
        """Which alarm it is."""
        return self.tenant_id, self.kind, self.object_id

    @property
    def condition(self) -> Condition:
        """What it says does not work."""
        return Condition(
            self.tenant_id, self.kind, self.object_id, self.code, self.params, self.weight
        )


class Step(StrEnum):
    """What becomes of an alarm."""

    NOTHING = "nothing"
    RAISE = "raise"  # a new one
    REOPEN = "reopen"  # the last one, which was cleared a moment ago
    REPEAT = "repeat"  # it is open and there is more of it: whoever acknowledged it looks again
    REFRESH = "refresh"  # it is open and only says something else


def on_seen(last: Alarm | None, seen: Condition, at: datetime) -> Step:
    """Return what follows when something does not work at ``at``.

    Args:
        last: The newest alarm of this kind about this thing.
    """
    if last is None:
        return Step.RAISE
    if last.cleared_at is None:
        if seen.weight > last.weight:
            return Step.REPEAT
        same = (last.code, dict(last.params), last.weight)
        return Step.NOTHING if same == (seen.code, dict(seen.params), seen.weight) else Step.REFRESH
    if at <= last.cleared_at:
        return Step.NOTHING  # told late: it is over
    return Step.REOPEN if at - last.cleared_at <= SAME_WITHIN else Step.RAISE


def is_over(last: Alarm | None, at: datetime) -> bool:
    """Return whether an alarm is cleared when its thing works at ``at``."""
    return last is not None and last.cleared_at is None and at >= last.last_raised_at


def given_up(known: Iterable[Alarm], now: datetime) -> frozenset[str]:
    """Return the services that were taken out for good, by the open alarms.

    Nobody can tell one that was taken out from one that broke by how it ended: both end on a signal
    when a machine is emptied and no other takes them. So a person says it, by acknowledging.
    """
    return frozenset(
        alarm.object_id
        for alarm in known
        if alarm.kind is AlarmKind.SERVICE_AWAY
        and alarm.acknowledged_at is not None
        and now - max(alarm.acknowledged_at, alarm.last_raised_at) >= GIVEN_UP_AFTER
    )


def differences(
    seen: Iterable[Condition], known: Iterable[Alarm], unknown: Collection[AlarmKind]
) -> tuple[list[Condition], list[Alarm]]:
    """Compare what was found with the open alarms; return what to raise and what to clear.

    Args:
        unknown: Kinds that could not be looked at; they stay as they are.
    """
    found = {each.key: each for each in seen if each.kind not in unknown}
    open_now = {each.key: each for each in known}
    raised = [
        condition
        for key, condition in found.items()
        if key not in open_now or _differs(open_now[key], condition)
    ]
    cleared = [
        alarm for key, alarm in open_now.items() if key not in found and alarm.kind not in unknown
    ]
    return raised, cleared


def _differs(known: Alarm, seen: Condition) -> bool:
    return on_seen(known, seen, known.last_raised_at) is not Step.NOTHING


def settle(
    suspects: Mapping[str, datetime], present: Sequence[str], now: datetime
) -> tuple[dict[str, datetime], set[str]]:
    """Return the suspects after a look, and which of them are believed.

    Args:
        suspects: Since when each was found at every look.
        present: What was found at this look.
    """
    kept = {name: min(suspects.get(name, now), now) for name in present}
    return kept, {name for name, since in kept.items() if now - since >= BELIEVED_AFTER}
