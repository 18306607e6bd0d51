"""Calls that ring for agents whom callers of queues took: given up late, few, and never early."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.campaign_core import agent, agents, leads, only, running

from ringway.dialer.core import messages as m
from ringway.dialer.core.campaign import Campaign
from ringway.dialer.core.giving_up import Floor, Ringing, to_give_up
from ringway.proto.acd import AgentState
from ringway.proto.dialer import AttemptDisposition as D
from ringway.proto.dialer import CampaignMode

pytestmark = pytest.mark.unit

_few = st.integers(0, 8)
_floors = st.builds(
    Floor,
    ready=_few, reserved=_few, finishing=_few, talking=_few, waiting=_few, callers=_few,
    talk_s=st.none() | st.floats(1, 600), calls_per_agent=st.floats(1, 10),
)  # fmt: skip
_ringing = st.lists(st.floats(0, 60), max_size=30).map(
    lambda ages: [Ringing(str(n), age) for n, age in enumerate(ages)]
)


@given(ringing=_ringing, floor=_floors, min_ring_s=st.floats(0, 30), timeout_s=st.floats(5, 60))
def test_nobody_is_given_up_early_or_while_agents_may_be_there(
    ringing: list[Ringing], floor: Floor, min_ring_s: float, timeout_s: float
) -> None:
    rule = {"min_ring_s": min_ring_s, "ring_timeout_s": timeout_s}
    gone = to_give_up(ringing, floor, **rule)
    rang = {call.attempt_id: call.rang_s for call in ringing}
    assert len(set(gone)) == len(gone)
    assert all(rang[attempt_id] >= min_ring_s for attempt_id in gone)
    left = [call for call in ringing if call.attempt_id not in gone]
    room = math.ceil(floor.expected(timeout_s - min_ring_s) * floor.calls_per_agent - 1e-9)
    assert not gone or len(left) >= room
    # Who may be given up and goes on ringing rang longer than those who were.
    if gone and len(left) > room:
        assert all(call.rang_s < min_ring_s for call in left)
    longest = max((rang[attempt_id] for attempt_id in gone), default=0.0)
    assert all(call.rang_s >= longest for call in left if call.rang_s >= min_ring_s)
    assert to_give_up(left, floor, **rule) == []  # once is enough
    free = len(ringing) + floor.callers + floor.waiting
    plenty = Floor(free, 0, 0, 0, floor.waiting, floor.callers, None, 1.0)
    assert to_give_up(ringing, plenty, **rule) == []


def _campaign(**spec: Any) -> Campaign:
    """Three calls that ring since 1 for one agent."""
    campaign = running(CampaignMode.PROGRESSIVE, ratio=3, **spec)
    campaign.handle(agents(0, [agent("ann")]))
    campaign.handle(m.Claimed(0, leads("a", "b", "c"), 0))
    for name in "abc":
        campaign.handle(m.Placed(0.5, name))
        campaign.handle(m.Rang(1, name))
    return campaign


def _busy(at: float, work: m.Work = m.Work.INBOUND, **more: Any) -> m.AgentsSeen:
    return agents(at, [agent("ann", AgentState.TALKING, at, work=work)], **more)


def _know_talks(campaign: Campaign, talk_s: float) -> None:
    """Have it known how long talks are."""
    for n in range(20):
        campaign.picture.logs.talks.append((float(n), talk_s, "ann"))


def test_when_a_caller_takes_the_agent_what_rang_long_enough_is_given_up() -> None:
    campaign = _campaign()
    _know_talks(campaign, 10_000)
    assert only(campaign.handle(_busy(10)), m.HangUp) == []  # it rang for 9 s
    # Nobody but the one agent could come, and hardly soon: one call is kept for him ...
    first = only(campaign.handle(_busy(16)), m.HangUp)
    # ... until it is known that another caller gets him.
    last = only(campaign.handle(_busy(16.5, inbound_waiting=1)), m.HangUp)
    assert (len(first), len(last)) == (2, 1)
    assert {c.attempt_id for c in (*first, *last)} == {"a", "b", "c"}
    assert campaign.figures["given_up"] == 3
    out = campaign.handle(m.ChannelGone(17, "a", 16, 0, hangup_requested=True))
    (close,) = only(out, m.Close)
    assert close.disposition is D.NO_ANSWER  # its phone rang, and it is retried as such
    assert list(campaign.picture.logs.outcomes) == []  # it teaches nothing
    # An answer that crosses our hang-up is a person who got nobody, and counts as such.
    campaign.handle(m.Answered(17, "b"))
    (close,) = only(campaign.handle(m.ChannelGone(18, "b", 16, 0, hangup_requested=True)), m.Close)
    assert close.disposition is D.ABANDONED
    assert campaign.counts.abandoned == 1


@pytest.mark.parametrize(
    ("work", "callers", "spec"),
    [
        (m.Work.OURS, 0, {}),  # its own talk: that is what over-dialing is
        (m.Work.INBOUND, 1, {"min_ring_s": None}),
        (m.Work.INBOUND, 1, {"min_ring_s": 20}),
    ],
)
def test_otherwise_they_ring_on(work: m.Work, callers: int, spec: dict[str, Any]) -> None:
    campaign = _campaign(**spec)
    _know_talks(campaign, 10_000)
    assert only(campaign.handle(_busy(17, work, inbound_waiting=callers)), m.HangUp) == []


def test_a_call_with_an_agent_of_its_own_rings_on() -> None:
    campaign = running(CampaignMode.PROGRESSIVE)
    campaign.handle(agents(0, [agent("ann"), agent("bob")]))
    campaign.handle(m.Claimed(0, (m.ClaimedLead("a", "a", 1, "bob"),), 0))
    campaign.handle(m.AgentBooked(0, "a", "bob"))
    campaign.handle(m.Placed(0.5, "a"))
    kept = agent("bob", AgentState.RESERVED)
    out = campaign.handle(
        agents(20, [agent("ann", AgentState.TALKING, 1, work=m.Work.INBOUND), kept],
               inbound_waiting=3)
    )  # fmt: skip
    assert only(out, m.HangUp) == []
