"""Every rule of the gate alone, the order of reasons, and rules that take turns."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringway.dialer.core.law import (
    Allowed,
    Decision,
    DncHit,
    Facts,
    Hours,
    Refused,
    Rules,
    decide,
    zone_key,
    zones_of_key,
)
from ringway.proto.dialer_law import DncScope, RefusalReason
from ringway.proto.dialer_spec import Caps, DialWindow, Schedule

pytestmark = pytest.mark.property

NOW = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
R = RefusalReason


def rules(*, schedule: Schedule | None = None, caps: Caps | None = None, **more: object) -> Rules:
    made = Rules(Hours(schedule or Schedule()), caps or Caps())
    return replace(made, **more)  # type: ignore[arg-type]


def nine_to_five(zone: str = "UTC") -> Schedule:
    return Schedule(zone=zone, windows=(DialWindow(begins="09:00", ends="17:00"),))


def test_nothing_known_is_nothing_against_it() -> None:
    assert decide(Facts(), rules(), NOW) == Allowed()


@pytest.mark.parametrize("scope", list(DncScope))
def test_a_number_on_a_list_is_never_dialed(scope: DncScope) -> None:
    reason = R(f"dnc_{scope}")
    assert decide(Facts(dnc=(DncHit(scope),)), rules(), NOW) == Refused(reason, None)


def test_an_entry_that_expires_refuses_until_then() -> None:
    hits = (DncHit(DncScope.CAMPAIGN, NOW + HOUR), DncHit(DncScope.CAMPAIGN, NOW + 2 * HOUR))
    assert decide(Facts(dnc=hits), rules(), NOW) == Refused(R.DNC_CAMPAIGN, NOW + 2 * HOUR)
    assert decide(Facts(dnc=hits), rules(), NOW + 2 * HOUR) == Allowed()


def test_consent_is_asked_for_where_the_campaign_needs_it() -> None:
    assert decide(Facts(), rules(needs_consent=True), NOW) == Refused(R.NO_CONSENT, None)
    assert decide(Facts(has_consent=True), rules(needs_consent=True), NOW) == Allowed()


def test_a_lead_is_dialed_so_often_and_no_more() -> None:
    assert decide(Facts(attempts=2), rules(max_attempts=3), NOW) == Allowed()
    assert decide(Facts(attempts=3), rules(max_attempts=3), NOW) == Refused(
        R.TOO_MANY_ATTEMPTS, None
    )


def test_hours_are_those_of_the_numbers_zone() -> None:
    facts = Facts(zones=("Asia/Tokyo",))  # 21:00 there
    assert decide(facts, rules(schedule=nine_to_five()), NOW) == Refused(
        R.OUTSIDE_HOURS, datetime(2026, 3, 4, 0, 0, tzinfo=UTC)
    )
    assert decide(Facts(), rules(schedule=nine_to_five()), NOW) == Allowed()


@pytest.mark.parametrize(
    ("caps", "reason", "until"),
    [
        (Caps(lead_per_day=2), R.LEAD_PER_DAY, datetime(2026, 3, 4, tzinfo=UTC)),
        (Caps(lead_per_week=3), R.LEAD_PER_WEEK, datetime(2026, 3, 6, tzinfo=UTC)),
        (Caps(number_per_day=2), R.NUMBER_PER_DAY, datetime(2026, 3, 4, tzinfo=UTC)),
        (Caps(number_per_week=3), R.NUMBER_PER_WEEK, datetime(2026, 3, 6, tzinfo=UTC)),
    ],
)
def test_caps_count_calendar_days(caps: Caps, reason: R, until: datetime) -> None:
    early = datetime(2026, 2, 27, 23, 59, tzinfo=UTC)
    dials = (early, NOW - 11 * HOUR, NOW - HOUR)
    facts = Facts(lead_dials=dials, number_dials=dials)
    assert decide(facts, rules(caps=caps), NOW) == Refused(reason, until)
    assert decide(facts, rules(caps=caps), until) == Allowed()


def test_the_day_of_a_cap_is_the_partys() -> None:
    facts = Facts(zones=("Asia/Tokyo",), number_dials=(NOW - HOUR,))
    later = NOW + 3 * HOUR  # midnight there
    assert decide(facts, rules(caps=Caps(number_per_day=1)), NOW) == Refused(
        R.NUMBER_PER_DAY, later
    )
    assert decide(facts, rules(caps=Caps(number_per_day=1)), later) == Allowed()


def test_two_dials_keep_their_distance() -> None:
    caps = Caps(min_interval_s=7200)
    facts = Facts(last_dial_at=NOW - HOUR)
    assert decide(facts, rules(caps=caps), NOW) == Refused(R.MIN_INTERVAL, NOW + HOUR)


def test_who_was_abandoned_is_left_in_peace_unless_an_agent_is_booked() -> None:
    facts = Facts(abandoned_at=NOW - HOUR)
    assert decide(facts, rules(), NOW) == Refused(R.COOL_OFF, NOW - HOUR + 3 * DAY)
    assert decide(facts, rules(books_agents=True), NOW) == Allowed()


def test_a_number_that_is_being_dialed_is_not_dialed_again() -> None:
    facts = Facts(busy_until=NOW + timedelta(seconds=30))
    assert decide(facts, rules(), NOW) == Refused(R.NUMBER_BUSY, NOW + timedelta(seconds=30))


def test_until_waits_for_every_rule_and_the_reason_is_the_first() -> None:
    facts = Facts(number_dials=(NOW,), last_dial_at=NOW)
    both = rules(schedule=nine_to_five(), caps=Caps(number_per_day=1, min_interval_s=22 * 3600))
    evening = NOW + 6 * HOUR
    assert decide(facts, both, evening) == Refused(
        R.OUTSIDE_HOURS, datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
    )
    assert decide(facts, both, NOW) == Refused(
        R.NUMBER_PER_DAY, datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
    )


def test_a_passing_reason_has_no_end_when_a_lasting_one_follows() -> None:
    facts = Facts(dnc=(DncHit(DncScope.TENANT, NOW + HOUR),), attempts=3)
    assert decide(facts, rules(max_attempts=3), NOW) == Refused(R.DNC_TENANT, None)


# -- properties ----------------------------------------------------------------------------------

moments = st.integers(-10 * 1440, 0).map(lambda m: NOW + timedelta(minutes=m))
soon = st.integers(1, 5000).map(lambda m: NOW + timedelta(minutes=m))
caps_s = st.builds(
    Caps,
    lead_per_day=st.none() | st.integers(1, 3),
    lead_per_week=st.none() | st.integers(1, 6),
    number_per_day=st.none() | st.integers(1, 3),
    number_per_week=st.none() | st.integers(1, 6),
    min_interval_s=st.sampled_from([0, 60, 5400, 90_000]),
)
schedules = st.sampled_from(
    [
        Schedule(),
        nine_to_five(),
        Schedule(windows=(DialWindow(days=("mon", "thu"), begins="22:00", ends="24:00"),)),
    ]
)
zone_sets = st.sampled_from([(), ("Asia/Tokyo",), ("America/New_York", "America/Los_Angeles")])
ends = st.none() | soon


@st.composite
def facts_s(draw: st.DrawFn) -> Facts:
    dials = sorted(draw(st.lists(moments, max_size=8)))
    mine = tuple(d for d in dials if draw(st.booleans()))
    return Facts(
        zones=draw(zone_sets),
        dnc=tuple(
            draw(
                st.lists(st.builds(DncHit, st.sampled_from(DncScope), st.none() | soon), max_size=1)
            )
        ),
        has_consent=draw(st.booleans()),
        lead_dials=mine,
        number_dials=tuple(dials),
        last_dial_at=dials[-1] if dials else None,
        abandoned_at=draw(st.none() | moments),
        attempts=draw(st.integers(0, 4)),
        busy_until=draw(st.none() | soon),
    )


rules_s = st.builds(
    lambda schedule, caps, **more: rules(schedule=schedule, caps=caps, **more),
    schedules,
    caps_s,
    needs_consent=st.booleans(),
    books_agents=st.booleans(),
    max_attempts=st.none() | st.integers(1, 4),
)


@settings(max_examples=80, deadline=None)
@given(facts_s(), rules_s)
def test_until_is_the_first_moment_that_is_allowed(facts: Facts, obeyed: Rules) -> None:
    match decide(facts, obeyed, NOW):
        case Refused(_, datetime() as until):
            assert until > NOW
            assert decide(facts, obeyed, until) == Allowed()
            steps = 40
            for n in range(steps):
                at = NOW + (until - NOW) * n / steps
                assert isinstance(decide(facts, obeyed, at), Refused)
            assert isinstance(decide(facts, obeyed, until - timedelta(microseconds=1)), Refused)
        case Refused(_, None):
            for days in (0.5, 1, 3, 8, 30):
                assert isinstance(decide(facts, obeyed, NOW + days * DAY), Refused)
        case Allowed():
            pass


@settings(max_examples=80, deadline=None)
@given(facts_s(), rules_s)
def test_the_reason_is_the_first_that_alone_would_refuse(facts: Facts, obeyed: Rules) -> None:
    def alone(reason: R) -> Decision:
        kept = Facts(zones=facts.zones, has_consent=True)
        free = replace(obeyed, hours=Hours(Schedule()), needs_consent=False, max_attempts=None)
        scope = reason.value.removeprefix("dnc_")
        cap = {reason.value: getattr(obeyed.caps, reason.value, None)}
        match reason:
            case R.DNC_TENANT | R.DNC_CAMPAIGN | R.DNC_NATIONAL:
                kept = replace(kept, dnc=tuple(h for h in facts.dnc if h.scope == scope))
            case R.NO_CONSENT:
                kept = replace(kept, has_consent=facts.has_consent)
                free = replace(free, needs_consent=obeyed.needs_consent)
            case R.TOO_MANY_ATTEMPTS:
                kept = replace(kept, attempts=facts.attempts)
                free = replace(free, max_attempts=obeyed.max_attempts)
            case R.OUTSIDE_HOURS:
                free = replace(free, hours=obeyed.hours)
            case R.LEAD_PER_DAY | R.LEAD_PER_WEEK:
                kept = replace(kept, lead_dials=facts.lead_dials)
                free = replace(free, caps=Caps.model_validate(cap))
            case R.NUMBER_PER_DAY | R.NUMBER_PER_WEEK:
                kept = replace(kept, number_dials=facts.number_dials)
                free = replace(free, caps=Caps.model_validate(cap))
            case R.MIN_INTERVAL:
                kept = replace(kept, last_dial_at=facts.last_dial_at)
                free = replace(free, caps=Caps(min_interval_s=obeyed.caps.min_interval_s))
            case R.COOL_OFF:
                kept = replace(kept, abandoned_at=facts.abandoned_at)
            case R.NUMBER_BUSY:
                kept = replace(kept, busy_until=facts.busy_until)
        return decide(kept, free, NOW)

    first = next((r for r in R if isinstance(alone(r), Refused)), None)
    decision = decide(facts, obeyed, NOW)
    assert (decision.reason if isinstance(decision, Refused) else None) == first


@settings(max_examples=60, deadline=None)
@given(
    caps=caps_s,
    zones=zone_sets,
    waits=st.lists(st.integers(0, 900), min_size=1, max_size=60),
    leads=st.lists(st.integers(0, 1), min_size=60, max_size=60),
)
def test_no_sequence_of_dials_breaks_a_cap(
    caps: Caps, zones: tuple[str, ...], waits: list[int], leads: list[int]
) -> None:
    """Two leads have one number; whoever asks is dialed when the gate allows it."""
    obeyed, at = rules(caps=caps), NOW
    dials: list[tuple[datetime, int]] = []
    for wait, lead in zip(waits, leads, strict=False):
        at += timedelta(minutes=wait)
        facts = Facts(
            zones=zones,
            lead_dials=tuple(d for d, who in dials if who == lead),
            number_dials=tuple(d for d, _ in dials),
            last_dial_at=dials[-1][0] if dials else None,
        )
        if decide(facts, obeyed, at) == Allowed():
            dials.append((at, lead))
    _assert_within([d for d, _ in dials], caps.number_per_day, caps.number_per_week, zones)
    for lead in (0, 1):
        mine = [d for d, who in dials if who == lead]
        _assert_within(mine, caps.lead_per_day, caps.lead_per_week, zones)
    for (before, _), (after, _) in pairwise(dials):
        assert (after - before).total_seconds() >= caps.min_interval_s


def _assert_within(
    dials: list[datetime], per_day: int | None, per_week: int | None, zones: tuple[str, ...]
) -> None:
    for zone in zones or ("UTC",):
        days = [d.astimezone(ZoneInfo(zone)).date() for d in dials]
        for day in days:
            assert per_day is None or days.count(day) <= per_day
            week = [d for d in days if day - timedelta(days=6) <= d <= day]
            assert per_week is None or len(week) <= per_week


# -- zones of numbers ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "zone", "key"),
    [
        ("+12125550123", None, "America/New_York"),
        ("+442071838750", None, "Europe/London"),
        ("+8613800138000", None, "Asia/Shanghai"),
        ("+18765550123", None, "America/Jamaica"),  # in North America mobiles are of a place too
        ("+61412345678", None, "+61"),  # elsewhere they may be anywhere
        ("+61212345678", None, "Australia/Sydney"),
        ("+18005550123", None, "+1"),
        ("+883510012345", None, "-"),  # of no country
        ("+61412345678", "Australia/Perth", "Australia/Perth"),
    ],
)
def test_a_number_tells_where_its_owner_may_be(number: str, zone: str | None, key: str) -> None:
    assert zone_key(number, zone) == key
    zones = zones_of_key(key)
    assert bool(zones) == (key != "-")
    assert (len(zones) > 1) == key.startswith("+")
