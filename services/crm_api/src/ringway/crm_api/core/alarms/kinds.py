"""Which alarms there are, how grave each is, and what it is about."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AlarmKind(StrEnum):
    """What does not work."""

    TRUNK_DOWN = "trunk_down"
    NODE_AWAY = "node_away"  # an Asterisk node does not answer
    NODE_DRAINING = "node_draining"  # nothing new is placed there
    SERVICE_AWAY = "service_away"  # nobody answers for a service
    DEAD_LETTERS = "dead_letters"  # facts that a consumer could not digest
    WEBHOOK_FAILING = "webhook_failing"
    WEBHOOK_OFF = "webhook_off"  # it failed for so long that it was switched off
    HAND_OVER_FAILING = "hand_over_failing"  # call-backs of somebody who left
    LENT_TRUNK_FAILING = "lent_trunk_failing"  # the ACD does not take a lent trunk
    JOB_FAILING = "job_failing"  # a job on many customers
    QUERIER_FAILING = "querier_failing"  # a schedule of a querier
    DELETION_FAILING = "deletion_failing"  # of an enterprise


class Severity(StrEnum):
    """How grave an alarm is, gravest first."""

    CRITICAL = "critical"  # calls are lost, or will be
    MAJOR = "major"  # a part of the service is away
    MINOR = "minor"  # something waits
    WARNING = "warning"  # somebody should know


class AlarmCode(StrEnum):
    """Which sentence people are shown; the alarm's params stand in it."""

    TRUNK_UNREACHABLE = "trunk_unreachable"
    TRUNK_UNREGISTERED = "trunk_unregistered"
    NODE_AWAY = "node_away"
    NODE_DRAINING = "node_draining"
    SERVICE_AWAY = "service_away"
    DEAD_LETTERS = "dead_letters"
    WEBHOOK_FAILING = "webhook_failing"
    WEBHOOK_OFF = "webhook_off"
    HAND_OVER_FAILING = "hand_over_failing"
    LENT_TRUNK_FAILING = "lent_trunk_failing"
    JOB_FAILING = "job_failing"
    QUERIER_FAILING = "querier_failing"
    DELETION_FAILING = "deletion_failing"


@dataclass(frozen=True, slots=True)
class _Nature:
    severity: Severity
    object_type: str  # the words of the audit log


_NATURES: dict[AlarmKind, _Nature] = {
    AlarmKind.TRUNK_DOWN: _Nature(Severity.MAJOR, "trunk"),
    AlarmKind.NODE_AWAY: _Nature(Severity.CRITICAL, "node"),
    AlarmKind.NODE_DRAINING: _Nature(Severity.WARNING, "node"),
    AlarmKind.SERVICE_AWAY: _Nature(Severity.CRITICAL, "service"),
    AlarmKind.DEAD_LETTERS: _Nature(Severity.MAJOR, "consumer"),
    AlarmKind.WEBHOOK_FAILING: _Nature(Severity.MINOR, "webhook"),
    AlarmKind.WEBHOOK_OFF: _Nature(Severity.MAJOR, "webhook"),
    AlarmKind.HAND_OVER_FAILING: _Nature(Severity.MINOR, "callback_hand_over"),
    AlarmKind.LENT_TRUNK_FAILING: _Nature(Severity.MAJOR, "trunk"),
    AlarmKind.JOB_FAILING: _Nature(Severity.MINOR, "customer_job"),
    AlarmKind.QUERIER_FAILING: _Nature(Severity.MINOR, "querier_schedule"),
    AlarmKind.DELETION_FAILING: _Nature(Severity.MAJOR, "tenant"),
}


# Without another service a part of the work waits: no call is lost.
_CALLS_NEED = frozenset({"acd", "dialer", "nats"})


def severity_of(kind: AlarmKind, object_id: str) -> Severity:
    """Return how grave an alarm of a kind about a thing is."""
    if kind is AlarmKind.SERVICE_AWAY and object_id not in _CALLS_NEED:
        return Severity.MAJOR
    return _NATURES[kind].severity


def object_type_of(kind: AlarmKind) -> str:
    """Return what alarms of a kind are about."""
    return _NATURES[kind].object_type
