"""Customers who call a queue: music, agents, full and empty queues, what is told of it all."""

from __future__ import annotations

import pytest
from tests.support.acd_centre import AGENT_HZ, CUSTOMER_HZ
from tests.support.front_centre import FrontCentre
from tests.support.waiting import eventually

from ringway.proto import acd as p
from ringway.proto.base import Done

# One centre serves the whole module; each test uses its own numbers, queues and agents.
pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(90),
]


@pytest.mark.parametrize("mode", p.LegMode)
async def test_a_caller_hears_music_then_the_agent_and_is_heard(
    centre: FrontCentre, mode: p.LegMode
) -> None:
    name = f"ann-{mode}"
    phone = await centre.agent(name, mode)
    await centre.ready(name, ready=False)
    did = await centre.queue(f"q-{mode}", name)
    call = await centre.call(did, "+8613800000001")
    await call.until_answered()
    interaction = await centre.started(did)
    await centre.until_told("queued", interaction_id=interaction, queue_id=f"q-{mode}")
    await centre.until_sounds(call)
    await centre.ready(name)
    leg = await phone.next_call()
    await call.until_hears(AGENT_HZ)
    await leg.until_hears(CUSTOMER_HZ)
    told = await centre.until_told("connected", interaction_id=interaction)
    assert (told["agent_id"], told["queue_id"]) == (name, f"q-{mode}")
    call.hang_up()
    told = await centre.until_told("disconnected", interaction_id=interaction)
    assert told["direction"] == "inbound"
    assert (told["caller"], told["called"]) == ("+8613800000001", did)
    assert told["recording_agent"]
    await centre.acd.until_state(name, p.AgentState.READY)
    await centre.sign_out(name)
    await centre.until_nothing_is_left()


async def test_a_full_queue_sounds_busy_and_a_closed_one_says_so(centre: FrontCentre) -> None:
    await centre.agent("fay")
    await centre.ready("fay", ready=False)
    did = await centre.queue("q-full", "fay", max_waiting=1)
    first = await centre.call(did)
    await first.until_answered()
    await centre.until_told("queued", queue_id="q-full")
    second = await centre.call(did)
    ended = await second.until_over()
    assert (ended.status, second.answered_at) == (486, None)
    told = await centre.until_told("overflowed", queue_id="q-full", reason="full")
    finished = await centre.until_told("finished", interaction_id=told["interaction_id"])
    assert finished["outcome"] == "refused"
    first.hang_up()
    abandoned = await centre.until_told("abandoned", queue_id="q-full")
    assert not abandoned["by_limit"]

    await centre.put("calendar", "never", name="never open", time_zone="UTC", weekly={})
    closed = await centre.queue(
        "q-closed",
        "fay",
        calendar_id="never",
        on_closed={"kind": "announcement", "value": "vm-goodbye"},
    )
    call = await centre.call(closed)
    await call.until_answered()
    await call.until_over(15)
    interaction = await centre.started(closed)
    assert (await centre.until_told("finished", interaction_id=interaction))[
        "outcome"
    ] == "announced"
    assert centre.told("queued", interaction_id=interaction) == []
    await centre.sign_out("fay")
    await centre.until_nothing_is_left()


async def test_an_overflow_keeps_the_place_in_line(centre: FrontCentre) -> None:
    """Who has waited in one queue is before who came later to the next."""
    phone = await centre.agent("gil")
    await centre.ready("gil", ready=False)
    late = await centre.queue("q-second", "gil")
    early = await centre.queue(
        "q-first",
        "gil",
        max_wait_s=3,
        on_timeout={"kind": "queue", "value": "q-second"},
    )
    first = await centre.call(early)
    await first.until_answered()
    second = await centre.call(late)
    await second.until_answered()
    told = await centre.until_told("overflowed", queue_id="q-first", reason="timeout")
    assert told["target"] == {"kind": "queue", "value": "q-second"}
    await centre.until_told("queued", interaction_id=told["interaction_id"], queue_id="q-second")
    await centre.ready("gil")
    await (await phone.next_call()).until_hears(CUSTOMER_HZ)
    await first.until_hears(AGENT_HZ)
    assert not second.hears(AGENT_HZ)
    connected = await centre.until_told("connected", agent_id="gil")
    assert connected["wait_s"] > 3
    first.hang_up()
    await second.until_hears(AGENT_HZ)
    second.hang_up()
    await centre.sign_out("gil")
    await centre.until_nothing_is_left()


async def test_a_queue_without_agents_lets_nobody_wait(centre: FrontCentre) -> None:
    await centre.acd.account("away", "2001")
    did = await centre.queue("q-empty", "away")
    call = await centre.call(did)
    await call.until_over()
    assert call.answered_at is None
    assert (await centre.until_told("overflowed", queue_id="q-empty"))["reason"] == "no_agents"


async def test_waiting_callers_are_told_their_place(
    centre: FrontCentre,
) -> None:
    await centre.agent("hal")
    await centre.ready("hal", ready=False)
    did = await centre.queue(
        "q-told",
        "hal",
        music="none",  # so that what is heard is an announcement
        announcements={"first_after_s": 0.5, "every_s": 10, "comfort": ["vm-goodbye"]},
    )
    call = await centre.call(did)
    await call.until_answered()
    await centre.until_sounds(call, within_s=15)
    figures = await centre.until_shown("queue", queue_id="q-told", waiting=1)
    assert figures["agents_signed_in"] == 1
    await centre.until_sounds(call)
    call.hang_up()
    await centre.until_shown("queue", queue_id="q-told", waiting=0)
    await centre.sign_out("hal")
    await centre.until_nothing_is_left()


async def test_the_agents_number_is_announced_and_the_talk_is_rated(centre: FrontCentre) -> None:
    phone = await centre.agent("ida")
    did = await centre.queue(
        "q-rated", "ida", announce_agent_number=True, rating={"enabled": True, "timeout_s": 20}
    )
    call = await centre.call(did, "+8613800000077")
    await call.until_hears(AGENT_HZ, within_s=20)
    interaction = await centre.started(did)
    await (await phone.next_call()).until_hears(CUSTOMER_HZ)
    await centre.acd.ask(p.HangUpV1, Done, agent_id="ida")
    await centre.until_told("disconnected", interaction_id=interaction)
    await centre.acd.until_state("ida", p.AgentState.READY)  # the caller still rates
    assert not call.is_over
    await eventually(lambda: not call.hears(AGENT_HZ), what="the agent is not heard any more")
    await centre.until_sounds(call)  # keys before the question are not its answer
    call.press("4")
    rated = await centre.until_told("rated", interaction_id=interaction)
    assert (rated["score"], rated["agent_id"], rated["queue_id"]) == (4, "ida", "q-rated")
    await call.until_over(15)
    finished = await centre.until_told("finished", interaction_id=interaction)
    assert finished["outcome"] == "talked"
    await centre.sign_out("ida")
    await centre.until_nothing_is_left()


async def test_a_caller_who_hangs_up_first_is_not_asked_to_rate(centre: FrontCentre) -> None:
    await centre.agent("jan")
    did = await centre.queue("q-unrated", "jan", rating={"enabled": True})
    call = await centre.call(did)
    await call.until_hears(AGENT_HZ)
    call.hang_up()
    interaction = await centre.started(did)
    told = await centre.until_told("disconnected", interaction_id=interaction)
    assert told["is_last"]
    await centre.sign_out("jan")
    await centre.until_nothing_is_left()
    assert centre.told("rated", interaction_id=interaction) == []


async def test_a_returning_caller_may_choose_the_agent_of_the_last_talk(
    centre: FrontCentre,
) -> None:
    kim, lou = await centre.agent("kim"), await centre.agent("lou")
    await centre.ready("lou", ready=False)
    did = await centre.queue("q-again", "kim", "lou", last_agent={"enabled": True})
    first = await centre.call(did, "+8613800000099")
    await (await kim.next_call()).until_hears(CUSTOMER_HZ)
    first.hang_up()
    await centre.acd.until_state("kim", p.AgentState.READY)
    # Lou has been idle for longer now: without the wish the second call were his.
    await centre.ready("lou")
    await lou.next_call()
    await centre.ready("kim", ready=False)
    await centre.ready("kim")
    again = await centre.call(did, "+8613800000099")
    await again.until_answered()
    await centre.until_sounds(again)  # keys before the question are not its answer
    again.press("1")
    interaction = await centre.started(did)
    told = await centre.until_told("connected", interaction_id=interaction)
    assert told["agent_id"] == "kim"
    again.hang_up()
    for agent in ("kim", "lou"):
        await centre.sign_out(agent)
    await centre.until_nothing_is_left()
