"""May this number be dialed now? One reason when it may not, and from when on it may.

Rule 1: no IO and no clock here; the store brings the facts, the runner the time.
Rule 2: whatever forbids a dial is one line of ``_RULES``; the first that forbids is the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from ringway.dialer.core.law.caps import WEEK_DAYS, next_within_cap
from ringway.dialer.core.law.hours import Hours
from ringway.proto.dialer_law import DncScope, RefusalReason
from ringway.proto.dialer_spec import CampaignSpec, Caps

# Rules of time take turns until they agree; further away than this they never will.
_LOOK_AHEAD = timedelta(days=800)


@dataclass(frozen=True, slots=True)
class DncHit:
    """A list that says not to call; ``expires_at`` None: for ever."""

    scope: DncScope
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one lead's number at one moment.

    Attributes:
        zones: Where the party may be, the lead's own zone if it is known; empty: not known.
        dnc: Lists that name the number, and are the campaign's business.
        has_consent: Whether a consent for the campaign's purpose is on record and not withdrawn.
        lead_dials: When the lead was dialed, at least in the last eight days.
        number_dials: When the number was dialed, by whichever campaign, as long.
        last_dial_at: When the number was dialed last, however long ago.
        abandoned_at: When the number's party last answered and was left without an agent.
        attempts: How often the lead was dialed.
        busy_until: The number is being dialed for another lead; when to look again.
    """

    zones: tuple[str, ...] = ()
    dnc: tuple[DncHit, ...] = ()
    has_consent: bool = False
    lead_dials: tuple[datetime, ...] = ()
    number_dials: tuple[datetime, ...] = ()
    last_dial_at: datetime | None = None
    abandoned_at: datetime | None = None
    attempts: int = 0
    busy_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """What one campaign obeys."""

    hours: Hours
    caps: Caps
    needs_consent: bool = False
    books_agents: bool = False  # an agent waits for each call: nobody can be abandoned
    max_attempts: int | None = None

    @classmethod
    def of(cls, spec: CampaignSpec) -> Rules:
        """Return the rules of a campaign's settings."""
        return cls(
            hours=Hours(spec.schedule),
            caps=spec.caps,
            needs_consent=spec.needs_consent,
            books_agents=spec.mode.books_agents,
            max_attempts=spec.max_attempts,
        )


@dataclass(frozen=True, slots=True)
class Allowed:
    """Nothing is against it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Not now, for this reason. From ``until`` on nothing that is known now is against it.

    ``is_final``: the reason itself has no end, whatever the campaign's hours become.
    """

    reason: RefusalReason
    until: datetime | None  # None: never
    is_final: bool = field(default=False, compare=False)


Decision = Allowed | Refused
# The first moment, not before the one given, at which the rule allows a dial; None: never.
Rule = Callable[[Facts, Rules, datetime], datetime | None]


def decide(facts: Facts, rules: Rules, now: datetime) -> Decision:
    """Decide about one dial. Of several reasons the first in the order of RefusalReason counts."""
    for reason, rule in _RULES:
        then = rule(facts, rules, now)
        if then != now:
            is_final = then is None and reason is not RefusalReason.OUTSIDE_HOURS
            return Refused(reason, _when(facts, rules, now), is_final)
    return Allowed()


def _when(facts: Facts, rules: Rules, now: datetime) -> datetime | None:
    """Return the first moment at which every rule allows; None: there is none."""
    at, moved = now, True
    while moved:
        moved = False
        for _, rule in _RULES:
            then = rule(facts, rules, at)
            if then is None or then > now + _LOOK_AHEAD:
                return None
            moved = moved or then > at
            at = then
    return at


def _dnc(scope: DncScope, facts: Facts, _: Rules, at: datetime) -> datetime | None:
    for hit in facts.dnc:
        if hit.scope is scope:
            if hit.expires_at is None:
                return None
            at = max(at, hit.expires_at)
    return at


def _consent(facts: Facts, rules: Rules, at: datetime) -> datetime | None:
    return at if facts.has_consent or not rules.needs_consent else None


def _attempts(facts: Facts, rules: Rules, at: datetime) -> datetime | None:
    too_many = rules.max_attempts is not None and facts.attempts >= rules.max_attempts
    return None if too_many else at


def _hours(facts: Facts, rules: Rules, at: datetime) -> datetime | None:
    return rules.hours.next_open(rules.hours.zones(facts.zones), at)


def _cap(
    cap: Callable[[Caps], int | None],
    dials: Callable[[Facts], Sequence[datetime]],
    days: int,
    facts: Facts,
    rules: Rules,
    at: datetime,
) -> datetime | None:
    zones = rules.hours.zones(facts.zones)
    return next_within_cap(dials(facts), cap(rules.caps), days, zones, at)


def _interval(facts: Facts, rules: Rules, at: datetime) -> datetime | None:
    if facts.last_dial_at is None:
        return at
    return max(at, facts.last_dial_at + timedelta(seconds=rules.caps.min_interval_s))


def _cool_off(facts: Facts, rules: Rules, at: datetime) -> datetime | None:
    if facts.abandoned_at is None or rules.books_agents:
        return at
    return max(at, facts.abandoned_at + timedelta(seconds=rules.caps.abandoned_cool_off_s))


def _busy(facts: Facts, _: Rules, at: datetime) -> datetime | None:
    return at if facts.busy_until is None else max(at, facts.busy_until)


_RULES: tuple[tuple[RefusalReason, Rule], ...] = (
    (RefusalReason.DNC_TENANT, partial(_dnc, DncScope.TENANT)),
    (RefusalReason.DNC_CAMPAIGN, partial(_dnc, DncScope.CAMPAIGN)),
    (RefusalReason.DNC_NATIONAL, partial(_dnc, DncScope.NATIONAL)),
    (RefusalReason.NO_CONSENT, _consent),
    (RefusalReason.TOO_MANY_ATTEMPTS, _attempts),
    (RefusalReason.OUTSIDE_HOURS, _hours),
    (
        RefusalReason.LEAD_PER_DAY,
        partial(_cap, lambda c: c.lead_per_day, lambda f: f.lead_dials, 1),
    ),
    (
        RefusalReason.LEAD_PER_WEEK,
        partial(_cap, lambda c: c.lead_per_week, lambda f: f.lead_dials, WEEK_DAYS),
    ),
    (
        RefusalReason.NUMBER_PER_DAY,
        partial(_cap, lambda c: c.number_per_day, lambda f: f.number_dials, 1),
    ),
    (
        RefusalReason.NUMBER_PER_WEEK,
        partial(_cap, lambda c: c.number_per_week, lambda f: f.number_dials, WEEK_DAYS),
    ),
    (RefusalReason.MIN_INTERVAL, _interval),
    (RefusalReason.COOL_OFF, _cool_off),
    (RefusalReason.NUMBER_BUSY, _busy),
)
