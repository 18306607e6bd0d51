"""What is told of a campaign's agents."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ringway.acd.core import model as m
from ringway.acd.core.floor import Floor
from ringway.acd.core.routing import Queue
from ringway.acd.presence import _inbound_waiting, _seen
from ringway.proto.acd import AgentState, CampaignAgent, LegMode

pytestmark = pytest.mark.unit


def _floor(*ready: str) -> Floor:
    floor = Floor()
    floor.handle(m.CampaignSet(0, "sales", frozenset({"ann", "bob", "cat"}), 2.0, 30))
    floor.handle(m.QueueSet(0, Queue("help", agent_ids=("ann", "bob"))))
    for agent in ready:
        floor.handle(m.SignedIn(0, agent, "1001", f"s-{agent}", LegMode.NAILED_UP))
        floor.handle(m.Chose(1, agent, True))
    return floor


def _runner(floor: Floor, now: float) -> Any:
    return SimpleNamespace(floor=floor, now=lambda: now)


def _of(floor: Floor, now: float) -> dict[str, CampaignAgent]:
    return {a.agent_id: a for a in _seen(_runner(floor, now), ("ann", "bob", "cat"), "sales")}


def test_an_agent_is_told_with_his_time_his_work_and_what_he_will_do_then() -> None:
    floor = _floor("ann", "bob")
    floor.handle(m.Arrived(10, "i1", "sales", "a1", 10))
    floor.handle(m.Bridged(10, "i1"))
    floor.handle(m.Chose(12, "ann", False, "lunch"))
    seen = _of(floor, 15)
    assert seen["ann"] == CampaignAgent(
        agent_id="ann", state=AgentState.TALKING, for_s=5, leaves=True, campaign_id="sales"
    )
    assert seen["bob"] == CampaignAgent(agent_id="bob", state=AgentState.READY, for_s=14)
    assert "cat" not in seen


def test_an_agent_in_an_inbound_call_is_told_with_its_queue() -> None:
    floor = _floor("ann")
    floor.handle(m.Enqueued(10, "i1", "help", 10))
    floor.handle(m.Bridged(10, "i1"))
    assert _of(floor, 11)["ann"].queue_id == "help"
    assert _of(floor, 11)["ann"].campaign_id is None


def test_callers_who_wait_are_counted_at_most_once_for_each_agent_who_can_serve_them() -> None:
    floor = _floor("cat")
    for n in range(3):
        floor.handle(m.Enqueued(10, f"i{n}", "help", 10))
    assert _inbound_waiting(_runner(floor, 11)) == {"help": 3}
    assert floor.router.serving("help", ("ann", "cat")) == 0
    floor.handle(m.SignedIn(11, "bob", "1002", "s", LegMode.NAILED_UP))
    assert floor.router.serving("help", ("ann", "bob", "cat")) == 1


def test_who_chose_another_campaign_leaves_after_his_call_and_is_then_told_as_gone() -> None:
    floor = _floor("ann", "bob")
    floor.handle(m.Arrived(10, "i1", "sales", "a1", 10))
    floor.handle(m.Bridged(10, "i1"))
    for agent in ("ann", "bob"):
        floor.handle(m.CampaignsChosen(12, agent, frozenset({"other"})))
    seen = _of(floor, 15)
    assert (seen["ann"].state, seen["ann"].leaves) == (AgentState.TALKING, True)
    assert seen["bob"].state is AgentState.LOGGED_OUT
