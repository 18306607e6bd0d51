"""Targets and rules of calls to the tenant's numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

DEFAULT_PRIORITY = 5
ANONYMOUS = "anonymous"
ANY = "*"


# -- targets -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ToQueue:
    queue_id: str


@dataclass(frozen=True, slots=True)
class ToAgent:
    agent_id: str


@dataclass(frozen=True, slots=True)
class ToVoicemail:
    box_id: str


@dataclass(frozen=True, slots=True)
class ToNumber:
    """An outside number, dialled by the outbound routes."""

    number: str


@dataclass(frozen=True, slots=True)
class ToFlow:
    """An IVR flow."""

    flow_id: str


@dataclass(frozen=True, slots=True)
class ToConference:
    conference_id: str


@dataclass(frozen=True, slots=True)
class Busy:
    """The caller hears busy. ``reason``: blocked, unassigned, or empty when a route says so."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class HangUp:
    pass


@dataclass(frozen=True, slots=True)
class Announcement:
    """A sound is played first."""

    sound: str
    then: Target = field(default_factory=HangUp)


@dataclass(frozen=True, slots=True)
class ToTimeCondition:
    """The target of the hour, by a condition that several routes may share."""

    condition_id: str


Target = (
    ToQueue
    | ToAgent
    | ToVoicemail
    | ToNumber
    | ToFlow
    | ToConference
    | Busy
    | HangUp
    | Announcement
    | ToTimeCondition
)


# -- rules ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DutySlot:
    """Calls go to ``target`` while the calendar is open, or while its named duty is on."""

    calendar_id: str
    target: Target
    duty: str | None = None


@dataclass(frozen=True, slots=True)
class Hours:
    """A target that depends on the time.

    The first duty slot that counts wins; then ``target`` while the calendar is open, or always
    when there is no calendar; else ``closed_target``.
    """

    target: Target
    calendar_id: str | None = None
    closed_target: Target = field(default_factory=HangUp)
    duty: tuple[DutySlot, ...] = ()


@dataclass(frozen=True, slots=True)
class NumberRule:
    """What a caller's number changes; the longest matching prefix of a route wins.

    ``prefix`` may be ``anonymous``. A ``target`` counts while the route is open, with
    ``also_closed`` at any time.
    """

    prefix: str
    target: Target | None = None
    also_closed: bool = False
    priority: int | None = None
    vip: bool = False
    value_grade: int = 0
    owner_agent_id: str | None = None


@dataclass(frozen=True, slots=True)
class InboundRoute:
    """A number of the tenant's and where its calls go.

    ``did`` is a number, a prefix with a star behind (``+861062*``), or ``*`` for all others.
    ``trunk_id`` restricts the route to calls that come by that trunk.
    """

    route_id: str
    did: str
    hours: Hours
    number_rules: tuple[NumberRule, ...] = ()
    trunk_id: str | None = None
    priority: int = DEFAULT_PRIORITY


@dataclass(frozen=True, slots=True)
class Customer:
    """What is known of a caller."""

    group: str
    owner_agent_id: str | None = None


@dataclass(frozen=True, slots=True)
class CustomerRule:
    """How customers of a group are treated.

    Args:
        queue_ids: Where queues are replaced: the queue meant to the queue for these customers;
            ``*`` stands for all queues.
    """

    group: str
    priority: int | None = None
    vip: bool = False
    value_grade: int = 0
    queue_ids: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InboundPlan:
    """All that decides where a tenant's inbound calls go."""

    routes: Sequence[InboundRoute] = ()
    conditions: Mapping[str, Hours] = field(default_factory=dict)
    customer_rules: Mapping[str, CustomerRule] = field(default_factory=dict)  # by group


@dataclass(frozen=True, slots=True)
class Resolution:
    """Where a call goes. ``target`` has no time conditions any more, nor those in its ``then``.

    ``priority`` 10 is served first. ``owner_agent_id`` is preferred, with a bounded wait.
    """

    target: Target
    trail: tuple[str, ...]
    route_id: str | None = None
    priority: int = DEFAULT_PRIORITY
    vip: bool = False
    value_grade: int = 0
    owner_agent_id: str | None = None
