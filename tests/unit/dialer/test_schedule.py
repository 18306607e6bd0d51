"""A campaign and its own hours."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from tests.support.campaign_core import agent, agents, only, running

from ringway.dialer.core.campaign import Campaign
from ringway.dialer.core.law.hours import Hours
from ringway.dialer.core.messages import Claim, Claimed, ClockRead, Configured, Finish, Tick
from ringway.proto.dialer_spec import Schedule

pytestmark = pytest.mark.unit

# A Sunday evening in Shanghai.
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
WORK = {"days": ["mon", "tue", "wed", "thu", "fri"], "begins": "09:00", "ends": "18:00"}


def _schedule(**more: Any) -> dict[str, Any]:
    return {"zone": "Asia/Shanghai", "use_lead_zone": False, **more}


def _seen(campaign: Campaign, at: float) -> list[Claim]:
    """Tell of one ready agent; answer the question whether the list is at its end."""
    out = campaign.handle(agents(at, [agent("ann")]))
    if Claim(0) in out:
        campaign.handle(Claimed(at, (), 0))
    return [c for c in only(out, Claim) if c.count]


def _at(campaign: Campaign, moment: datetime, at: float) -> None:
    campaign.handle(ClockRead(at, moment.timestamp()))


def test_outside_its_hours_nothing_is_claimed_and_it_says_when_it_opens() -> None:
    campaign = running(schedule=_schedule(windows=[WORK]))
    _at(campaign, NOW, 0)
    assert _seen(campaign, 1) == []
    opens = "Outside its hours; opens at 2026-11-23 09:00 (Asia/Shanghai)."
    assert campaign.explanation == opens
    assert campaign.next_deadline is not None
    later = (datetime(2026, 11, 23, 1, 0, tzinfo=UTC) - NOW).total_seconds()
    _seen(campaign, later - 1)
    assert campaign.explanation == opens
    assert _seen(campaign, later) == [Claim(1)]


def test_a_clock_that_is_set_counts_at_once() -> None:
    campaign = running(schedule=_schedule(windows=[WORK]))
    _at(campaign, NOW, 0)
    _seen(campaign, 1)
    monday = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
    assert campaign.handle(ClockRead(2, monday.timestamp())) == [Claim(1)]


def test_hours_of_leads_are_no_matter_of_the_campaign() -> None:
    campaign = running(schedule={"zone": "Asia/Shanghai", "windows": [WORK]})
    _at(campaign, NOW, 0)
    assert _seen(campaign, 1) == [Claim(1)]


def test_new_hours_take_effect_at_once() -> None:
    campaign = running(schedule=_schedule(windows=[WORK]))
    _at(campaign, NOW, 0)
    _seen(campaign, 1)
    sunday = _schedule(windows=[{**WORK, "days": ["sun"], "ends": "24:00"}])
    spec = campaign.spec.model_copy(update={"schedule": Schedule.model_validate(sunday)})
    assert only(campaign.handle(Configured(2, spec)), Claim) == [Claim(1)]


def test_after_its_last_day_it_finishes_whatever_leads_are_left() -> None:
    campaign = running(schedule=_schedule(valid_until=date(2026, 11, 21)))
    out = campaign.handle(ClockRead(0, NOW.timestamp()))
    assert out == [Finish(is_over=True)]
    campaign = running(schedule=_schedule(valid_until=date(2026, 11, 22)))
    _at(campaign, NOW, 0)
    _seen(campaign, 1)
    four_hours = 4 * 3600.0
    assert only(campaign.handle(Tick(four_hours - 1)), Finish) == []
    campaign.handle(Claimed(four_hours - 1, (), 60))
    assert only(campaign.handle(Tick(four_hours + 1)), Finish) == [Finish(is_over=True)]


def test_with_leads_zones_the_last_day_lasts_until_it_is_over_everywhere() -> None:
    campaign = running(schedule={"zone": "Asia/Shanghai", "valid_until": date(2026, 11, 21)})
    assert campaign.handle(ClockRead(0, NOW.timestamp())) == [Finish(is_over=True)]
    campaign = running(schedule={"zone": "Asia/Shanghai", "valid_until": date(2026, 11, 21)})
    early = datetime(2026, 11, 22, 11, 59, tzinfo=UTC)
    assert only(campaign.handle(ClockRead(0, early.timestamp())), Finish) == []


def test_hours_tell_when_they_end() -> None:
    hours = Hours(Schedule.model_validate(_schedule(windows=[WORK])))
    zones = hours.zones(())
    assert hours.open_until(zones, NOW) is None
    monday = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    assert hours.open_until(zones, monday) == datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
    days = Hours(Schedule.model_validate(_schedule(valid_until=date(2026, 11, 22))))
    assert days.open_until(zones, NOW) == datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
    long = Hours(Schedule.model_validate(_schedule(valid_until=date(2026, 11, 25))))
    assert long.open_until(zones, NOW) is None
