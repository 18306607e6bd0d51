"""What the ACD tells of agents, as each campaign may count on it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ringway.dialer.core.messages import AgentsSeen, Work
from ringway.dialer.core.sharing import Standing
from ringway.dialer.roster import Roster
from ringway.proto.acd import AgentState, CampaignAgent, CampaignAgentsV1

pytestmark = pytest.mark.unit

BEGIN = datetime(2026, 11, 22, tzinfo=UTC)


def _told(
    campaign_id: str, at: float, *agents: CampaignAgent, whole: bool = True, **more: int
) -> CampaignAgentsV1:
    counts = dict.fromkeys(("reserved", "talking", "wrap_up", "not_ready", "waiting"), 0)
    ready = sum(a.state is AgentState.READY for a in agents)
    return CampaignAgentsV1(
        occurred_at=BEGIN + timedelta(seconds=at), tenant="t", campaign_id=campaign_id,
        is_whole=whole, agents=agents, **{"ready": ready, **counts, **more},
    )  # fmt: skip


def _agent(agent_id: str, state: AgentState = AgentState.READY, **more: Any) -> CampaignAgent:
    return CampaignAgent(agent_id=agent_id, state=state, for_s=2, **more)


def _only(out: list[tuple[str, AgentsSeen]]) -> AgentsSeen:
    ((_, seen),) = out
    return seen


def test_changes_are_merged_into_what_was_told_as_a_whole() -> None:
    roster = Roster(lambda _: [Standing("a")])
    seen = _only(roster.heard(_told("a", 1, _agent("ann"), _agent("bob")), 100.0))
    assert seen.agents is not None
    assert seen.agents["ann"].since == 98.0
    talks = _agent("ann", AgentState.TALKING, campaign_id="a")
    seen = _only(roster.heard(_told("a", 2, talks, whole=False, ready=1), 101.0))
    assert seen.agents is not None
    assert (seen.agents["ann"].work, len(seen.agents), seen.ready) == (Work.OURS, 2, 1)
    gone = _agent("bob", AgentState.LOGGED_OUT)
    seen = _only(roster.heard(_told("a", 3, gone, whole=False), 102.0))
    assert set(seen.agents or ()) == {"ann"}
    late = _only(roster.heard(_told("a", 2.5, _agent("bob"), whole=False), 102.1))
    assert set(late.agents or ()) == {"ann"}


def test_an_acd_that_tells_no_single_agents_is_believed_in_its_counts() -> None:
    roster = Roster(lambda _: [Standing("a")])
    seen = _only(roster.heard(_told("a", 1, whole=False, ready=3), 100.0))
    assert (seen.ready, seen.agents) == (3, None)


@pytest.mark.parametrize(
    ("told", "work"),
    [
        ({"campaign_id": "a"}, Work.OURS),
        ({"campaign_id": "b"}, Work.OTHERS),
        ({"queue_id": "help"}, Work.INBOUND),
        ({}, Work.OWN),
    ],
)
def test_what_an_agent_is_busy_with(told: dict[str, str], work: Work) -> None:
    roster = Roster(lambda _: [Standing("a")])
    seen = _only(roster.heard(_told("a", 1, _agent("ann", AgentState.TALKING, **told)), 5.0))
    assert seen.agents is not None
    assert seen.agents["ann"].work is work


def test_a_shared_agent_counts_for_one_campaign_also_when_the_other_has_just_come() -> None:
    standings = {"a": Standing("a", 1), "b": Standing("b", 10)}
    roster = Roster(lambda _: list(standings.values()))
    assert _only(roster.heard(_told("a", 1, _agent("ann")), 100.0)).ready == 1
    told = dict(roster.heard(_told("b", 1.05, _agent("ann")), 100.05))
    assert (told["b"].ready, told["a"].ready) == (1, 0)
    assert told["a"].away == {"ann"}
    standings["b"] = Standing("b", 10, can_dial=False)
    told = dict(roster.heard(_told("b", 2, _agent("ann")), 101.0))
    assert (told["b"].ready, told["a"].ready) == (0, 1)
    standings["a"] = Standing("a", 1, can_dial=False)
    told = dict(roster.heard(_told("b", 3, _agent("ann")), 102.0))
    assert (told["b"].ready, told["a"].ready) == (0, 0)
    roster.forget("t", "b")
    del standings["b"]
    assert _only(roster.heard(_told("a", 4, _agent("ann")), 103.0)).ready == 1


def test_a_campaign_that_dials_for_its_only_agent_keeps_him_when_another_comes() -> None:
    standings = {"a": Standing("a", 1), "b": Standing("b", 10)}
    roster = Roster(lambda _: list(standings.values()))
    assert _only(roster.heard(_told("a", 1, _agent("ann")), 100.0)).ready == 1
    standings["a"] = Standing("a", 1, needed=1)
    told = dict(roster.heard(_told("b", 1.05, _agent("ann")), 100.05))
    assert told["b"].ready == 0
    talks = _agent("ann", AgentState.TALKING, campaign_id="a")
    standings["a"] = Standing("a", 1)
    roster.heard(_told("a", 2, talks), 101.0)
    roster.heard(_told("b", 2, talks), 101.1)
    told = dict(roster.heard(_told("b", 9, _agent("ann")), 108.0))
    assert told["b"].ready == 1


def test_who_has_chosen_another_campaign_counts_for_that_one_while_he_finishes_here() -> None:
    roster = Roster(lambda _: [Standing("a"), Standing("b")])
    talks: dict[str, Any] = {"state": AgentState.TALKING, "campaign_id": "a"}
    roster.heard(_told("a", 1, _agent("ann", **talks, leaves=True), talking=1), 100.0)
    roster.heard(_told("b", 1, _agent("ann", **talks), _agent("bob"), talking=1), 100.1)
    seen = dict(roster.heard(_told("b", 2, _agent("ann", **talks), _agent("bob")), 101.0))
    assert "ann" not in seen["b"].away
    assert seen["b"].agents is not None
    assert not seen["b"].agents["ann"].leaves
