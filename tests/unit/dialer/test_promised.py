"""Call-backs that were promised with an agent, in the campaign's core."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.campaign_core import agent, agents, leads, only, running

from ringway.dialer.core import messages as m
from ringway.dialer.core.pacing import Pacer
from ringway.dialer.core.picture import Snapshot
from ringway.proto.acd import AgentState
from ringway.proto.dialer import CampaignMode

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("mode", [CampaignMode.PROGRESSIVE, CampaignMode.PRECISE])
def test_its_agent_is_reserved_in_every_mode_and_no_other_is(mode: CampaignMode) -> None:
    campaign = running(mode)
    asked = campaign.handle(agents(1, [agent("ann"), agent("bob")]))
    assert only(asked, m.Claim) != []
    assert campaign.free_agents(1) == {"ann", "bob"}
    promised = m.ClaimedLead("a", "a", 1, "bob")
    out = campaign.handle(m.Claimed(1, (promised, *leads("b")), 0))
    booked = {b.attempt_id: b.agent_id for b in only(out, m.Book)}
    assert booked["a"] == "bob"
    assert campaign.free_agents(1) == {"ann"}  # he is being booked
    out = campaign.handle(m.AgentBooked(2, "a", "bob"))
    assert m.Originate("a") in out
    campaign.handle(m.Placed(2, "a"))
    answered = campaign.handle(m.Answered(3, "a"))
    assert m.HandOver("a", "bob") in answered


def test_pacing_dials_neither_for_its_call_nor_for_its_agent() -> None:
    shown: list[Snapshot] = []

    class Looks(Pacer):
        def decide(self, now: float, state: Any) -> int:
            shown.append(state)
            return 2 if len(shown) == 1 else 0

    campaign = running(CampaignMode.PREDICTIVE, make_pacer=Looks)
    seen = [agent("ann"), agent("bob"), agent("cat")]
    campaign.handle(agents(1, seen))
    promised = m.ClaimedLead("a", "a", 1, "bob")
    campaign.handle(m.Claimed(1, (promised, *leads("b")), 0))
    campaign.handle(m.Placed(1, "b"))
    # The ACD has not said yet that bob is kept; then it has.
    for at, state in ((2, AgentState.READY), (3, AgentState.RESERVED)):
        campaign.handle(agents(at, [agent("ann"), agent("bob", state), agent("cat")]))
        assert (shown[-1].n_idle, shown[-1].n_ringing, shown[-1].n_dialing) == (2, 1, 1)
        campaign.handle(m.AgentBooked(at, "a", "bob"))
    campaign.handle(m.Placed(3, "a"))
    campaign.handle(m.Answered(4, "b"))
    campaign.handle(agents(4, [agent("ann"), agent("bob", AgentState.RESERVED), agent("cat")]))
    # Bob is kept for the other customer: this one still waits.
    assert (shown[-1].n_dialing, shown[-1].n_waiting) == (0, 1)


def test_who_is_not_ready_leaves_or_was_just_refused_is_not_free() -> None:
    campaign = running(CampaignMode.PROGRESSIVE)
    assert campaign.free_agents(1) == frozenset()
    seen = [agent("ann", AgentState.TALKING), agent("bob"), agent("eve", leaves=True)]
    campaign.handle(agents(1, seen))
    assert campaign.free_agents(1) == {"bob"}
    campaign.handle(m.Claimed(1, (m.ClaimedLead("a", "a", 1, "bob"),), 0))
    out = campaign.handle(m.BookingRefused(1.5, "a"))
    assert m.GiveBack("a") in out
    campaign.handle(agents(2, seen))
    assert campaign.free_agents(2) == frozenset()
    campaign.handle(agents(5, seen))
    assert campaign.free_agents(5) == {"bob"}
    assert campaign.free_agents(60) == frozenset()  # nothing was heard since
