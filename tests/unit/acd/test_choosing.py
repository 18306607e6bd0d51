"""Agents who choose their campaigns, one story a test."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from ringway.acd import snapshot
from ringway.acd.core import model as m
from ringway.acd.core.floor import Floor, NoAgentReady
from ringway.acd.core.routing import Queue
from ringway.proto.acd import AgentState, LegMode
from ringway.proto.acd_choice import ChosenBy

pytestmark = pytest.mark.unit

BOTH = frozenset({"ann", "bob"})


def floor_with(*ready: str, mode: LegMode = LegMode.NAILED_UP) -> Floor:
    """Ann and Bob serve sales and survey, and the queue help."""
    floor = Floor()
    for campaign in ("sales", "survey"):
        floor.handle(m.CampaignSet(0, campaign, BOTH, 2.0, 0))
    floor.handle(m.QueueSet(0, Queue("help", agent_ids=("ann", "bob")), wrap_up_s=0))
    for at, agent in enumerate(ready):
        floor.handle(m.SignedIn(at, agent, "1001", f"session-{agent}", mode))
        floor.handle(m.Chose(at, agent, True))
    return floor


def choose(floor: Floor, at: float, agent: str, *campaigns: str) -> list[m.Command]:
    return list(floor.handle(m.CampaignsChosen(at, agent, frozenset(campaigns) or None)))


def arrives(floor: Floor, name: str, at: float, campaign: str = "sales") -> list[m.Command]:
    return list(floor.handle(m.Arrived(at, name, campaign, f"attempt-{name}", at)))


def test_a_customer_goes_past_who_waits_longer_but_chose_another_campaign() -> None:
    floor = floor_with("ann", "bob")
    told = choose(floor, 5, "ann", "survey")
    chosen = frozenset({"survey"})
    assert told == [m.ChoiceChanged(5, "ann", "session-ann", chosen, ChosenBy.AGENT)]
    assert m.Connect("i1", "bob") in arrives(floor, "i1", 10)
    assert m.Connect("i2", "ann") in arrives(floor, "i2", 10, "survey")


def test_nobody_who_chose_it_means_nobody_is_offered_and_nobody_counts() -> None:
    floor = floor_with("ann")
    choose(floor, 5, "ann", "survey")
    arrives(floor, "i1", 10)
    assert floor.calls["i1"].offers == {}
    assert (floor.counts("sales").ready, floor.counts("survey").ready) == (0, 1)
    with pytest.raises(NoAgentReady):
        floor.handle(m.Reserve(10, "sales", "a9", 30, "ann"))


def test_who_comes_to_a_campaign_is_given_who_waits_there() -> None:
    floor = floor_with("ann")
    choose(floor, 5, "ann", "survey")
    arrives(floor, "i1", 10)
    assert m.Connect("i1", "ann") in choose(floor, 10.5, "ann")


def test_a_change_in_a_talk_is_for_the_next_call() -> None:
    floor = floor_with("ann")
    arrives(floor, "i1", 10)
    floor.handle(m.Bridged(10, "i1"))
    choose(floor, 12, "ann", "survey")
    assert (floor.counts("sales").talking, floor.counts("survey").talking) == (1, 1)
    arrives(floor, "i2", 19)
    assert floor.handle(m.CustomerGone(20, "i1"))
    assert floor.agents["ann"].state is AgentState.READY
    assert floor.counts("sales").ready == 0


def test_an_offer_that_rings_goes_on_and_is_not_made_again() -> None:
    floor = floor_with("ann", mode=LegMode.ON_DEMAND)
    arrives(floor, "i1", 10)
    choose(floor, 10.1, "ann", "survey")
    assert "ann" in floor.calls["i1"].offers
    floor.handle(m.OfferFailed(10.2, "i1", "ann", interrupted=True))
    assert floor.agents["ann"].state is AgentState.READY
    assert floor.calls["i1"].offers == {}


def test_a_call_that_is_made_for_him_is_his_but_none_after_it() -> None:
    floor = floor_with("ann")
    floor.handle(m.Reserve(10, "sales", "a1", 60))
    choose(floor, 11, "ann", "survey")
    assert floor.counts("sales").reserved == 1
    floor.handle(m.Release(12, "a1", "a2"))
    assert floor.reserved_for("a2") is None
    assert floor.agents["ann"].state is AgentState.READY
    choose(floor, 13, "ann", "sales")
    floor.handle(m.Reserve(14, "sales", "a3", 60))
    choose(floor, 15, "ann", "survey")
    assert m.Connect("i1", "ann") in floor.handle(m.Arrived(16, "i1", "sales", "a3", 16))


def test_inbound_queues_are_not_touched() -> None:
    floor = floor_with("ann")
    choose(floor, 5, "ann", "survey")
    assert m.Connect("i1", "ann") in floor.handle(m.Enqueued(10, "i1", "help", 10))


def test_the_choice_ends_with_the_session() -> None:
    floor = floor_with("ann", "bob")
    choose(floor, 5, "ann", "survey")
    floor.handle(m.SignOut(6, "ann"))
    assert floor.choice_of("ann") is None
    floor.handle(m.SignedIn(7, "ann", "1001", "next", LegMode.NAILED_UP))
    floor.handle(m.Chose(7, "ann", True))
    assert floor.counts("sales").ready == 2


def test_a_lost_phone_does_not_end_it() -> None:
    floor = floor_with("ann")
    choose(floor, 5, "ann", "survey")
    floor.handle(m.LegLost(6, "ann"))
    floor.handle(m.SignedIn(7, "ann", "1001", "session-ann", LegMode.NAILED_UP))
    assert floor.choice_of("ann") == frozenset({"survey"})


def test_a_campaign_that_is_his_no_more_drops_out_and_the_last_leaves_none() -> None:
    floor = floor_with("ann")
    choose(floor, 5, "ann", "sales", "survey")
    told = floor.handle(m.CampaignSet(6, "survey", frozenset({"bob"}), 2.0, 0))
    left = frozenset({"sales"})
    assert told == [m.ChoiceChanged(6, "ann", "session-ann", left, ChosenBy.UNASSIGNED)]
    floor.handle(m.CampaignSet(7, "sales", frozenset(), 2.0, 0))
    assert floor.choice_of("ann") == frozenset()
    for campaign in ("sales", "survey"):
        floor.handle(m.CampaignSet(8, campaign, BOTH, 2.0, 0))
        assert floor.counts(campaign).ready == 0  # not silently all


def test_where_a_choice_is_wanted_who_has_none_gets_none() -> None:
    floor = floor_with("ann")
    floor.handle(m.ChoiceRequired(5, True))
    assert floor.choice_of("ann") == frozenset()
    assert floor.counts("sales").ready == 0
    choose(floor, 6, "ann", "sales")
    assert floor.counts("sales").ready == 1
    floor.handle(m.SignedIn(7, "bob", "1002", "s", LegMode.NAILED_UP))
    floor.handle(m.Chose(7, "bob", True))
    assert m.Connect("i1", "ann") in arrives(floor, "i1", 10)
    floor.handle(m.ChoiceRequired(11, False))
    assert m.Connect("i2", "bob") in arrives(floor, "i2", 12)


def test_a_restored_floor_knows_the_choice() -> None:
    floor = floor_with("ann", "bob")
    choose(floor, 5, "ann", "survey")
    restored = m.Restored(list(floor.campaigns.values()), list(floor.agents.values()))
    after = Floor()
    after.restore(restored)
    for agent in ("ann", "bob"):
        after.handle(m.Chose(6, agent, True))
    assert (after.counts("sales").ready, after.counts("survey").ready) == (1, 2)
    assert m.Connect("i1", "bob") in arrives(after, "i1", 10)


def test_a_snapshot_of_an_older_release_is_read_as_no_choice() -> None:
    floor = floor_with("ann")
    choose(floor, 5, "ann", "survey")
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    runner: Any = SimpleNamespace(
        floor=floor, legs={}, wall=lambda at: moment, floor_time=lambda at: 0.0
    )
    stored = snapshot.of_agent(runner, "ann")
    assert stored is not None
    after: Any = SimpleNamespace(floor=Floor(), floor_time=lambda at: 0.0)
    snapshot.restore(after, {"agent.t.ann": stored})
    assert after.floor.choice_of("ann") == frozenset({"survey"})
    raw = orjson.loads(stored)
    del raw["chosen"]
    after.floor = Floor()
    snapshot.restore(after, {"agent.t.ann": orjson.dumps(raw)})
    assert after.floor.choice_of("ann") is None
