"""The router's rules, one by one."""

from __future__ import annotations

import pytest

from ringway.acd.core.routing import (
    Offer,
    Overflow,
    OverflowReason,
    Queue,
    QueueInUse,
    Ring,
    Router,
    SkillNeed,
    Strategy,
    Waiting,
    Withdraw,
)

pytestmark = pytest.mark.unit

SKILLED = (
    Ring(0, (SkillNeed("german", 8),)),
    Ring(20, (SkillNeed("german", 4),)),
    Ring(40, ()),
)


def router_of(*queues: Queue, agents: dict[str, dict[str, int]] | None = None) -> Router:
    """A router with these queues, and these agents signed in and busy."""
    router = Router()
    for queue in queues:
        router.put_queue(0, queue)
    for agent_id, skills in (agents or {"ann": {}, "bob": {}}).items():
        router.put_agent(0, agent_id, skills)
    return router


# -- from the agent's side ------------------------------------------------------------------------


def test_agent_gets_the_longest_wait_over_all_his_queues() -> None:
    router = router_of(Queue("a"), Queue("b"), Queue("c", agent_ids=("bob",)))
    router.enqueue(1, Waiting("i1", "c", 1))
    router.enqueue(3, Waiting("i3", "a", 3))
    router.enqueue(2, Waiting("i2", "b", 2))
    assert router.ready(10, "ann", 10) == [Offer("i2", ("ann",))]


@pytest.mark.parametrize(
    ("queue", "better"),
    [
        (Queue("b", priority=10), Waiting("i2", "b", 50)),
        (Queue("b"), Waiting("i2", "b", 50, priority=10)),
        (Queue("b"), Waiting("i2", "b", 50, vip=True)),
        (Queue("b"), Waiting("i2", "b", 50, value_grade=5)),
    ],
)
def test_twice_the_weight_counts_waiting_twice(queue: Queue, better: Waiting) -> None:
    for at, expected in ((99, "i1"), (101, "i2")):
        router = router_of(Queue("a"), queue)
        router.enqueue(0, Waiting("i1", "a", 0))
        router.enqueue(50, better)
        assert router.ready(at, "ann", at) == [Offer(expected, ("ann",))]


def test_equal_claims_go_by_arrival_then_by_id() -> None:
    router = router_of(Queue("q"))
    for interaction_id in ("i2", "i1"):
        router.enqueue(5, Waiting(interaction_id, "q", 5))
    router.enqueue(5, Waiting("i3", "q", 0, priority=1))
    assert router.ready(5, "ann", 5) == [Offer("i3", ("ann",))], "others have not waited yet"
    assert router.ready(5, "bob", 5) == [Offer("i1", ("bob",))]


# -- skills ---------------------------------------------------------------------------------------


def test_skills_widen_over_time() -> None:
    router = router_of(
        Queue("q", rings=SKILLED), agents={"ann": {"german": 4}, "bob": {"german": 9}, "cid": {}}
    )
    router.ready(0, "cid", 0)
    router.ready(0, "ann", 0)
    assert router.enqueue(10, Waiting("i1", "q", 10)) == []
    assert router.enqueue(10, Waiting("i2", "q", 10)) == []
    assert router.next_deadline == 30
    assert router.tick(29.9) == []
    assert router.ready(29.9, "bob", 29) == [Offer("i1", ("bob",))]
    assert router.tick(30) == [Offer("i2", ("ann",))]
    assert router.enqueue(30, Waiting("i3", "q", 10)) == []
    assert router.tick(50) == [Offer("i3", ("cid",))]


def test_widening_does_not_wait_for_a_late_tick() -> None:
    router = router_of(Queue("q", rings=SKILLED), agents={"cid": {}})
    router.enqueue(0, Waiting("i", "q", 0))
    assert router.ready(41, "cid", 41) == [Offer("i", ("cid",))]
    assert router.tick(41) == []


def test_earlier_time_is_taken_as_no_time_passed() -> None:
    router = router_of(Queue("q", rings=(SKILLED[0], SKILLED[2])), agents={"ann": {}})
    router.enqueue(0, Waiting("i", "q", 0))
    router.tick(40)
    assert router.ready(39, "ann", 39) == [Offer("i", ("ann",))]


def test_interaction_that_waited_elsewhere_begins_at_its_ring() -> None:
    router = router_of(Queue("q", rings=SKILLED), agents={"cid": {}})
    router.ready(0, "cid", 0)
    assert router.enqueue(100, Waiting("i", "q", 60)) == [Offer("i", ("cid",))]


def test_learning_a_skill_while_ready_brings_the_interaction_that_needs_it() -> None:
    router = router_of(Queue("q", rings=SKILLED[:1]), agents={"ann": {"german": 7}})
    router.ready(0, "ann", 0)
    router.enqueue(1, Waiting("i", "q", 1))
    assert router.put_agent(2, "ann", {"german": 8}) == [Offer("i", ("ann",))]
    assert router.put_agent(3, "ann", {}) == [], "an open offer stands"
    assert router.accept(4, "i", "ann") == (True, [])


def test_queue_without_a_list_is_served_by_whose_skills_fit() -> None:
    router = router_of(
        Queue("q", rings=SKILLED[:2]),
        Queue("r", agent_ids=("cid",)),
        agents={"ann": {"german": 8}, "bob": {"german": 5}, "cid": {"german": 3}},
    )
    assert [router.signed_in_for(q) for q in ("q", "r", "unknown")] == [2, 1, 0]
    router.ready(1, "bob", 1)
    router.ready(1, "cid", 1)
    assert [router.ready_in(q) for q in ("q", "r", "unknown")] == [1, 1, 0]


# -- preference -----------------------------------------------------------------------------------


def prefers_ann(interaction_id: str = "i", until: float = 30) -> Waiting:
    return Waiting(interaction_id, "q", 10, preferred_agent_id="ann", prefer_until=until)


def test_preferred_agent_gets_it_at_once_although_another_is_idle_longer() -> None:
    router = router_of(Queue("q"))
    router.ready(1, "bob", 1)
    router.ready(2, "ann", 2)
    assert router.enqueue(10, prefers_ann()) == [Offer("i", ("ann",))]


def test_preferred_agent_need_not_serve_the_queue() -> None:
    router = router_of(Queue("q", agent_ids=("bob",), leave_when_empty=True))
    router.remove_agent(1, "bob")
    assert router.enqueue(10, prefers_ann()) == []
    assert router.ready(11, "ann", 11) == [Offer("i", ("ann",))]


def test_preference_is_bounded_and_then_anybody_gets_it() -> None:
    router = router_of(Queue("q"))
    router.ready(1, "bob", 1)
    assert router.enqueue(10, prefers_ann()) == []
    assert router.next_deadline == 30
    assert router.tick(30) == [Offer("i", ("bob",))]


def test_preference_ends_when_the_agent_signs_out_and_holds_again_when_he_is_back() -> None:
    router = router_of(Queue("q"))
    router.enqueue(10, prefers_ann("i1"))
    router.enqueue(10, prefers_ann("i2"))
    router.ready(11, "bob", 11)
    assert router.remove_agent(12, "ann") == [Offer("i1", ("bob",))]
    router.put_agent(13, "ann", {})
    router.accept(14, "i1", "bob")
    assert router.ready(15, "bob", 15) == []
    assert router.ready(16, "ann", 16) == [Offer("i2", ("ann",))]


def test_preference_ends_when_the_agent_lets_it_ring() -> None:
    router = router_of(Queue("q"))
    router.ready(1, "ann", 1)
    router.ready(1, "bob", 1)
    router.enqueue(10, prefers_ann())
    assert router.decline(20, "i", "ann", exclude=True) == [Offer("i", ("bob",))]


# -- offers that fail -----------------------------------------------------------------------------


def test_failed_offer_leaves_the_interaction_its_place() -> None:
    router = router_of(Queue("q"))
    router.ready(0, "ann", 0)
    router.enqueue(1, Waiting("i1", "q", 1))
    router.enqueue(2, Waiting("i2", "q", 2))
    assert router.decline(20, "i1", "ann", exclude=False) == []
    assert router.ready_in("q") == 0, "he is busy until he is ready again"
    assert router.position("i1") == (1, 2)
    assert router.ready(30, "ann", 30) == [Offer("i1", ("ann",))]


def test_who_let_it_ring_does_not_get_it_again_while_another_serves() -> None:
    router = router_of(Queue("q"))
    router.ready(0, "ann", 0)
    router.enqueue(1, Waiting("i1", "q", 1))
    router.enqueue(2, Waiting("i2", "q", 2))
    router.decline(20, "i1", "ann", exclude=True)
    assert router.ready(21, "ann", 21) == [Offer("i2", ("ann",))]
    assert router.leave(22, "i2") == [Withdraw("i2", "ann")]
    assert router.remove_agent(23, "bob") == [Offer("i1", ("ann",))], "nobody else is left"


def test_excluded_agent_never_gets_it() -> None:
    router = router_of(Queue("q", leave_when_empty=True))
    router.ready(0, "ann", 0)
    assert router.enqueue(1, Waiting("i", "q", 1, excluded=frozenset({"ann"}))) == []
    assert router.remove_agent(2, "bob") == [Overflow("i", OverflowReason.NO_AGENTS)]


def test_who_has_declined_it_before_gets_it_when_nobody_else_is_there() -> None:
    router = router_of(Queue("q"))
    router.ready(0, "ann", 0)
    assert router.enqueue(1, Waiting("i", "q", 1, declined=frozenset({"ann"}))) == []
    assert router.remove_agent(2, "bob") == [Offer("i", ("ann",))]


@pytest.mark.parametrize("how", ["busy", "remove_agent"])
def test_offer_to_an_agent_who_goes_away_is_withdrawn_and_offered_on(how: str) -> None:
    router = router_of(Queue("q"))
    router.ready(0, "ann", 0)
    router.ready(1, "bob", 1)
    router.enqueue(2, Waiting("i", "q", 2))
    assert getattr(router, how)(3, "ann") == [Withdraw("i", "ann"), Offer("i", ("bob",))]
    assert router.accept(4, "i", "ann") == (False, [])
    assert router.decline(4, "i", "ann", exclude=True) == []
    assert router.accept(4, "i", "bob") == (True, [])


def test_caller_who_hangs_up_frees_the_agent_for_the_next() -> None:
    router = router_of(Queue("q"))
    router.ready(0, "ann", 0)
    router.enqueue(1, Waiting("i1", "q", 1))
    router.enqueue(2, Waiting("i2", "q", 2))
    assert router.leave(3, "i1") == [Withdraw("i1", "ann"), Offer("i2", ("ann",))]
    assert router.leave(3, "i1") == []
    assert router.accept(4, "i1", "ann") == (False, [])


@pytest.mark.parametrize("how", ["leave", "busy", "remove_agent"])
def test_nothing_that_is_due_rings_for_who_goes_away(how: str) -> None:
    router = router_of(Queue("q", rings=(SKILLED[0], SKILLED[2])), agents={"ann": {}})
    router.ready(0, "ann", 0)
    router.enqueue(1, Waiting("i", "q", 1))
    assert getattr(router, how)(50, "i" if how == "leave" else "ann") == [], "no tick came at 41"


def test_late_repeated_and_unknown_events_change_nothing() -> None:
    router = router_of(Queue("q"))
    for _ in range(2):
        assert router.leave(1, "i") == []
        assert router.busy(1, "nobody") == []
        assert router.ready(1, "nobody", 1) == []
        assert router.remove_agent(1, "nobody") == []
        assert router.decline(1, "i", "ann", exclude=True) == []
        assert router.remove_queue(1, "nothing") == []
    router.ready(2, "ann", 2)
    assert router.enqueue(3, Waiting("i", "q", 3)) == [Offer("i", ("ann",))]
    assert router.ready(3, "ann", 3) == []
    assert router.enqueue(3, Waiting("i", "q", 3)) == []
    assert router.position("unknown") == (0, 0)


# -- overflow -------------------------------------------------------------------------------------


def test_full_queue_refuses_the_newcomer_who_would_have_to_wait() -> None:
    router = router_of(Queue("q", max_waiting=1))
    router.enqueue(1, Waiting("i1", "q", 1))
    assert router.enqueue(2, Waiting("i2", "q", 2)) == [Overflow("i2", OverflowReason.FULL)]
    assert router.waiting_in("q") == 1
    router.ready(3, "ann", 3)
    router.ready(3, "bob", 3)
    assert router.enqueue(4, Waiting("i3", "q", 4)) == [Offer("i3", ("bob",))]


def test_longest_wait_counts_from_entering_the_queue() -> None:
    router = router_of(Queue("q", max_wait_s=60))
    router.enqueue(100, Waiting("i1", "q", 0))
    router.enqueue(100, Waiting("i2", "q", 0, queued_at=90))
    assert router.next_deadline == 150
    assert router.tick(150) == [Overflow("i2", OverflowReason.TIMEOUT)]
    assert router.tick(160) == [Overflow("i1", OverflowReason.TIMEOUT)]
    assert router.next_deadline is None
    assert router.waiting_in("q") == 0


def test_longest_wait_does_not_cut_a_ringing_phone_short() -> None:
    router = router_of(Queue("q", max_wait_s=60))
    router.ready(0, "ann", 0)
    for interaction_id in ("i1", "i2"):
        router.enqueue(1, Waiting(interaction_id, "q", 1))
    assert router.tick(61) == [Overflow("i2", OverflowReason.TIMEOUT)]
    router.ready(62, "bob", 62)
    assert router.decline(63, "i1", "ann", exclude=True) == [
        Overflow("i1", OverflowReason.TIMEOUT)
    ], "no new offer begins after the longest wait"


def test_queue_left_by_its_last_agent_overflows_if_it_is_set_to() -> None:
    router = router_of(Queue("q", agent_ids=("ann",), leave_when_empty=True), Queue("r"))
    router.enqueue(1, Waiting("i1", "q", 1))
    router.enqueue(1, Waiting("i2", "r", 1))
    assert router.remove_agent(2, "ann") == [Overflow("i1", OverflowReason.NO_AGENTS)]
    assert router.remove_agent(2, "bob") == []
    assert router.enqueue(3, Waiting("i3", "q", 3)) == [Overflow("i3", OverflowReason.NO_AGENTS)]


def test_agent_of_a_later_ring_keeps_the_caller_waiting() -> None:
    router = router_of(
        Queue("q", rings=SKILLED[:2], leave_when_empty=True), agents={"ann": {"german": 4}}
    )
    assert router.enqueue(1, Waiting("i", "q", 1)) == []
    assert router.put_agent(2, "ann", {"german": 3}) == [Overflow("i", OverflowReason.NO_AGENTS)]


def test_unknown_queue_has_no_agents() -> None:
    waiting = Waiting("i", "nothing", 1)
    assert Router().enqueue(1, waiting) == [Overflow("i", OverflowReason.NO_AGENTS)]


# -- changing queues ------------------------------------------------------------------------------


def test_changed_queue_keeps_who_waits_and_serves_them_by_the_new_rules() -> None:
    router = router_of(Queue("q", agent_ids=("bob",)))
    router.ready(0, "ann", 0)
    router.enqueue(1, Waiting("i1", "q", 1))
    router.enqueue(2, Waiting("i2", "q", 2))
    assert router.put_queue(3, Queue("q", priority=10)) == [Offer("i1", ("ann",))]
    assert router.position("i2") == (2, 2)
    assert router.put_queue(4, Queue("q", max_wait_s=2)) == [Overflow("i2", OverflowReason.TIMEOUT)]


def test_queue_is_removed_only_when_nobody_waits() -> None:
    router = router_of(Queue("q"))
    router.ready(0, "ann", 0)
    router.enqueue(1, Waiting("i", "q", 1))
    with pytest.raises(QueueInUse):
        router.remove_queue(2, "q")
    router.accept(3, "i", "ann")
    assert router.remove_queue(4, "q") == []
    assert router.signed_in_for("q") == 0
    assert router.ready(5, "ann", 5) == []


# -- figures --------------------------------------------------------------------------------------


def test_position_is_in_serving_order() -> None:
    router = router_of(Queue("q"))
    for number in range(3):
        router.enqueue(number, Waiting(f"i{number}", "q", number))
    router.enqueue(8, Waiting("vip", "q", 8, vip=True))
    assert [router.position(i) for i in ("i0", "i1", "i2", "vip")] == [
        (1, 4), (2, 4), (3, 4), (4, 4),
    ]  # fmt: skip
    router.tick(100)
    assert router.position("vip") == (1, 4)
    assert router.longest_wait_since("q") == 0
    router.leave(100, "i0")
    assert router.longest_wait_since("q") == 1
    assert router.position("i1") == (2, 3)
    assert router.longest_wait_since("unknown") is None


# -- what cannot be -------------------------------------------------------------------------------


@pytest.mark.parametrize("priority", [0, 11])
def test_priorities_are_between_1_and_10(priority: int) -> None:
    with pytest.raises(ValueError, match="priority"):
        Queue("q", priority=priority)
    with pytest.raises(ValueError, match="priority"):
        Waiting("i", "q", 0, priority=priority)
    with pytest.raises(ValueError, match="level"):
        SkillNeed("german", priority)


def test_rings_begin_at_once_and_ascend() -> None:
    for rings in ((), (Ring(1, ()),), (Ring(0, ()), Ring(5, ()), Ring(5, ()))):
        with pytest.raises(ValueError, match="ring"):
            Queue("q", rings=rings)


def test_strategies_have_plain_names() -> None:
    assert [s.value for s in Strategy] == [s.name.lower() for s in Strategy]
