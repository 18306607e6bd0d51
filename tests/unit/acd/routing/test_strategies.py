"""Whom a queue picks when an interaction comes and several agents are ready."""

from __future__ import annotations

import pytest

from ringway.acd.core.routing import Offer, Queue, Router, Strategy, Waiting, Withdraw

pytestmark = pytest.mark.unit


def team(strategy: Strategy, agent_ids: tuple[str, ...] | None = ("ann", "bob", "cid")) -> Router:
    """Three ready agents of one queue: cid is idle longest, then bob, then ann."""
    router = Router()
    router.put_queue(0, Queue("q", agent_ids=agent_ids, strategy=strategy))
    for agent_id, idle_since in (("ann", 3), ("bob", 2), ("cid", 1)):
        router.put_agent(3, agent_id, {})
        router.ready(3, agent_id, idle_since)
    return router


def who_gets(router: Router, interaction_id: str, at: float = 10) -> tuple[str, ...]:
    (offer,) = router.enqueue(at, Waiting(interaction_id, "q", at))
    assert isinstance(offer, Offer)
    return offer.agent_ids


def handles(router: Router, at: float, interaction_id: str) -> str:
    """The chosen agent takes the interaction and is ready again a second later."""
    (agent_id,) = who_gets(router, interaction_id, at)
    assert router.accept(at, interaction_id, agent_id) == (True, [])
    assert router.ready(at + 1, agent_id, at + 1) == []
    return agent_id


def test_longest_idle_picks_who_has_waited_longest() -> None:
    router = team(Strategy.LONGEST_IDLE)
    assert [handles(router, at, f"i{at}") for at in (10, 20, 30, 40)] == [
        "cid",
        "bob",
        "ann",
        "cid",
    ]


def test_round_robin_picks_in_turn_whatever_the_idle_times() -> None:
    router = team(Strategy.ROUND_ROBIN)
    first = [handles(router, at, f"i{at}") for at in (10, 20, 30)]
    router.busy(35, first[0])
    router.ready(36, first[0], 0)  # idle for longest, yet it was his turn
    router.busy(37, first[1])
    assert sorted(first) == ["ann", "bob", "cid"]
    assert [handles(router, at, f"i{at}") for at in (40, 50)] == [first[0], first[2]]


def test_round_robin_turns_are_each_queues_own() -> None:
    router = team(Strategy.ROUND_ROBIN)
    router.put_queue(4, Queue("other", strategy=Strategy.ROUND_ROBIN))
    first = handles(router, 10, "i1")
    (offer,) = router.enqueue(20, Waiting("i2", "other", 20))
    assert offer == Offer("i2", ("bob",)), "longest idle of those never offered one of this queue"
    assert first == "cid"


def test_least_calls_picks_who_talked_least_often() -> None:
    router = team(Strategy.LEAST_CALLS)
    for agent_id, talks in (("ann", 1), ("bob", 3), ("cid", 2)):
        for _ in range(talks):
            router.note_talk(agent_id, 10)
    assert who_gets(router, "i1") == ("ann",)
    assert who_gets(router, "i2") == ("cid",)


def test_fewest_seconds_picks_who_talked_shortest() -> None:
    router = team(Strategy.FEWEST_SECONDS)
    for agent_id, talk_s in (("ann", 30), ("bob", 20), ("cid", 40)):
        router.note_talk(agent_id, talk_s)
    router.note_talk("bob", 5)
    assert who_gets(router, "i1") == ("bob",)
    assert who_gets(router, "i2") == ("ann",)


def test_talks_count_over_sign_out() -> None:
    router = team(Strategy.LEAST_CALLS)
    router.remove_agent(4, "cid")
    router.note_talk("cid", 10, calls=7)
    router.put_agent(5, "cid", {})
    router.ready(5, "cid", 0)
    assert [who_gets(router, f"i{n}") for n in range(3)] == [("bob",), ("ann",), ("cid",)]


def test_linear_always_picks_the_first_of_the_list_who_is_ready() -> None:
    router = team(Strategy.LINEAR, ("bob", "cid", "ann"))
    assert [handles(router, at, f"i{at}") for at in (10, 20)] == ["bob", "bob"]
    router.busy(30, "bob")
    assert [handles(router, at, f"i{at}") for at in (40, 50)] == ["cid", "cid"]


def test_linear_goes_on_to_the_next_who_is_ready_when_nobody_answers() -> None:
    router = team(Strategy.LINEAR, ("bob", "cid", "ann"))
    assert who_gets(router, "i") == ("bob",)
    assert router.decline(20, "i", "bob", exclude=False) == [Offer("i", ("cid",))]
    assert router.decline(30, "i", "cid", exclude=False) == [Offer("i", ("ann",))]
    assert router.decline(40, "i", "ann", exclude=False) == []


def test_agent_named_twice_has_his_first_place() -> None:
    assert who_gets(team(Strategy.LINEAR, ("bob", "cid", "bob")), "i") == ("bob",)


def test_turns_outlive_a_change_of_the_queue_but_not_a_sign_out() -> None:
    router = team(Strategy.ROUND_ROBIN)
    assert [handles(router, at, f"i{at}") for at in (10, 20)] == ["cid", "bob"]
    router.put_queue(25, Queue("q", strategy=Strategy.ROUND_ROBIN, priority=6))
    assert handles(router, 30, "i30") == "ann"
    router.remove_agent(35, "ann")
    router.put_agent(36, "ann", {})
    router.ready(36, "ann", 36)
    assert [handles(router, at, f"i{at}") for at in (40, 50)] == ["ann", "cid"]


def test_linear_without_a_list_goes_by_agent_id() -> None:
    assert who_gets(team(Strategy.LINEAR, None), "i") == ("ann",)


def test_ring_all_rings_everybody_and_has_one_winner() -> None:
    router = team(Strategy.RING_ALL)
    assert who_gets(router, "i") == ("cid", "bob", "ann")
    assert router.accept(11, "i", "bob") == (
        True,
        [Withdraw("i", "cid"), Withdraw("i", "ann")],
    )
    assert router.accept(11, "i", "ann") == (False, [])
    assert router.accept(11, "i", "bob") == (False, []), "his only once"
    assert router.waiting_in("q") == 0


def test_ring_all_losers_get_what_waits() -> None:
    router = team(Strategy.RING_ALL)
    who_gets(router, "i1")
    assert router.enqueue(11, Waiting("i2", "q", 11)) == [], "who rings is not free for others"
    assert router.accept(12, "i1", "bob")[1] == [
        Withdraw("i1", "cid"),
        Withdraw("i1", "ann"),
        Offer("i2", ("cid",)),
        Offer("i2", ("ann",)),
    ]


def test_ring_all_is_joined_by_who_becomes_ready_unless_another_waits() -> None:
    router = team(Strategy.RING_ALL)
    router.put_queue(4, Queue("other"))
    router.busy(5, "ann")
    router.busy(5, "bob")
    assert who_gets(router, "i1") == ("cid",)
    assert router.ready(11, "ann", 11) == [Offer("i1", ("ann",))]
    router.enqueue(12, Waiting("i2", "other", 12))
    assert router.ready(13, "bob", 13) == [Offer("i2", ("bob",))]


def test_ring_all_goes_on_while_one_still_rings() -> None:
    router = team(Strategy.RING_ALL)
    who_gets(router, "i")
    assert router.decline(20, "i", "cid", exclude=True) == []
    assert router.busy(20, "ann") == [Withdraw("i", "ann")]
    assert router.accept(21, "i", "bob") == (True, [])


def test_ring_all_stops_for_a_caller_who_hangs_up() -> None:
    router = team(Strategy.RING_ALL)
    who_gets(router, "i")
    assert router.leave(11, "i") == [Withdraw("i", a) for a in ("cid", "bob", "ann")]
    assert router.ready_in("q") == 3
