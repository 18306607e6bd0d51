"""Two replicas of the ACD: one dies, leaves, sleeps or joins, and nobody on the phone notices."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import pytest_asyncio
from tests.support.acd_centre import AGENT_HZ, CUSTOMER_HZ
from tests.support.postgres import PostgresServer
from tests.support.replicas import Pair, pair_of_acds
from tests.support.shared import Shared, parts, shared
from tests.support.standstill import Standstill
from tests.support.waiting import eventually

from ringway.proto import acd as p
from ringway.proto import acd_calls as calls
from ringway.proto.base import Done
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import Refused, RequestTimedOut
from ringway.runtime.ids import shard_of
from ringway.trainer.phone_call import PhoneCall

# One pair of replicas serves the whole module; each test leaves both of them running.
pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(150),
]

# The lease's three seconds, and what the next one needs to look around: some 3.4 s.
SERVED_AGAIN_S = 5.0
GAP_S = 0.5  # a loaded machine lets phones wait by itself; nobody is there for seconds
WORK_S = 20.0
stood_still = Standstill()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pairs(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer
) -> AsyncIterator[Shared[Pair]]:
    @asynccontextmanager
    async def make() -> AsyncIterator[Pair]:
        async with (
            parts(tmp_path_factory, postgres, "acd") as on,
            on.nats.bus("dialer") as bus,
            pair_of_acds(on.folder, on.database, on.nats, bus) as pair,
        ):
            yield pair

    async with shared(make) as pairs:
        yield pairs


@pytest_asyncio.fixture(loop_scope="module")
async def pair(pairs: Shared[Pair], request: pytest.FixtureRequest) -> AsyncIterator[Pair]:
    with stood_still:
        yield await pairs.for_test(request.node)


def gaps_since(call: PhoneCall, since: float) -> list[float]:
    """Return how long each silence of packets was since a moment of the loop's clock."""
    assert call.listener is not None
    gaps = [b - a - stood_still.within(a, b) for a, b in call.listener.gaps if b >= since]
    return [gap_s for gap_s in gaps if gap_s > GAP_S]


async def served_again(pair: Pair, agent: str) -> float:
    """Ask until somebody knows that an agent talks; returns how many seconds that took."""

    async def is_known() -> bool:
        try:
            return await pair.front.acd.state(agent) is p.AgentState.TALKING
        except Refused as refused:
            if refused.code != "unavailable":
                raise
            return False

    return await eventually(is_known, within_s=20, what=f"{agent} is served again")


async def test_whoever_is_asked_the_one_who_serves_the_tenant_answers(pair: Pair) -> None:
    await pair.until_both_serve()
    front = pair.front
    await front.acd.account("req", "3001")
    for _ in range(20):  # chance decides which replica gets a request
        assert await front.acd.state("req") is p.AgentState.LOGGED_OUT


async def test_a_killed_replica_is_replaced_while_everybody_talks_waits_or_works(
    pair: Pair,
) -> None:
    await pair.until_both_serve()
    front, loop = pair.front, asyncio.get_running_loop()
    earlier = list(front.told("started"))
    # (a) talks, (b) waits, (c) is offered, (d) works after a call, (e) is on hold.
    talker = await front.agent("talker")
    talking_did = await front.queue("q-talk", "talker")
    talking = await front.call(talking_did)
    await talking.until_hears(AGENT_HZ)
    talk_leg = await talker.next_call()
    await talk_leg.until_hears(CUSTOMER_HZ)
    talk = await front.started(talking_did)
    holder = await front.agent("holder")
    held_did = await front.queue("q-held", "holder")
    held = await front.call(held_did)
    await held.until_hears(AGENT_HZ)
    hold_leg = await holder.next_call()
    held_talk = await front.started(held_did)
    await front.acd.ask(calls.HoldV1, Done, agent_id="holder")
    await front.acd.until_state("holder", p.AgentState.HOLD)
    await front.agent("worker")
    worked_did = await front.queue("q-work", "worker", after_call_s=WORK_S)
    worked = await front.call(worked_did)
    await worked.until_hears(AGENT_HZ)
    worked.hang_up()
    await front.acd.until_state("worker", p.AgentState.WRAP_UP)
    await front.agent("waited-for")
    await front.ready("waited-for", ready=False)
    wait_did = await front.queue("q-wait", "waited-for", announcements={"position": True})
    waiting = []
    for _ in range(2):  # one after the other: who came first is to be known
        waiting.append(await front.call(wait_did))
        await waiting[-1].until_answered()
        await front.until_sounds(waiting[-1])
    waits = [told["interaction_id"] for told in front.told("started") if told["called"] == wait_did]
    bell = await front.agent("bell", p.LegMode.ON_DEMAND, answer_after_s=None)
    offered_did = await front.queue("q-offer", "bell")
    offered = await front.call(offered_did)
    ringing = await bell.next_call()
    assert await front.acd.state("worker") is p.AgentState.WRAP_UP

    victim, survivor = await pair.owner(), await pair.other()
    victim.kill()
    killed_at = loop.time()
    # A call that comes in this very moment, and a question.
    late = asyncio.create_task(front.call(talking_did))
    served_s = await served_again(pair, "talker")
    assert served_s < SERVED_AGAIN_S
    await pair.until_owned_by(survivor)
    print(f"kill to an answered request: {served_s:.2f} s")

    # (c) the phone that rang for a dead process stops, and rings again.
    again = await bell.next_call(10)
    print(f"kill to the offer again: {loop.time() - killed_at:.2f} s")
    again.answer()
    await again.until_hears(CUSTOMER_HZ)
    await offered.until_hears(AGENT_HZ)
    offer_s = loop.time() - killed_at
    print(f"kill to the connect of who was offered: {offer_s:.2f} s")
    assert ringing.is_over
    # (a)
    await talking.until_hears(AGENT_HZ)
    await talk_leg.until_hears(CUSTOMER_HZ)
    assert not gaps_since(talking, killed_at)
    assert not gaps_since(talk_leg, killed_at)
    # (b) the same place, the same music
    for each in waiting:
        assert not gaps_since(each, killed_at)
        assert not each.is_over
    # (e)
    assert await front.acd.state("holder") is p.AgentState.HOLD
    assert not gaps_since(held, killed_at)
    await front.acd.ask(calls.ResumeV1, Done, agent_id="holder")
    await held.until_hears(AGENT_HZ)
    await hold_leg.until_hears(CUSTOMER_HZ)
    # (d) the timer goes on from where it was
    await front.acd.until_state("worker", p.AgentState.READY, within_s=WORK_S + 15)
    told = await front.until_told("state_changed", agent_id="worker", previous="wrap_up")
    assert WORK_S - 1 < told["previous_s"] < WORK_S + 4
    # Who came meanwhile waits, and the first in the queue is served first.
    newcomer = await late
    await newcomer.until_answered()
    await front.ready("waited-for")
    told = await front.until_told("connected", agent_id="waited-for")
    assert told["interaction_id"] == waits[0]

    for each in (talking, held, offered, *waiting, newcomer):
        each.hang_up()
    for interaction in (talk, held_talk):
        told = await front.until_told("disconnected", interaction_id=interaction)
        assert told["ended_exactly"]
        assert (told["segment"], told["is_last"]) == (1, True)
    everyone = ("talker", "holder", "worker", "bell", "waited-for")
    for agent in everyone:
        await front.sign_out(agent)
    await front.until_nothing_is_left()
    await eventually(lambda: len(front.told("started")) >= len(earlier) + 7, what="all are told")
    told_started = [told for told in front.told("started") if told not in earlier]
    started = {told["interaction_id"] for told in told_started}
    assert len(told_started) == len(started) == 7
    for interaction in started:
        ends: dict[str, list[object]] = {}

        def has_end(interaction: str = interaction, ends: dict[str, list[object]] = ends) -> bool:
            for event in ("disconnected", "abandoned"):
                ends[event] = list(front.told(event, interaction_id=interaction))
            return any(ends.values())

        await eventually(has_end, what=f"the end of {interaction} is told")
        talked = front.told("connected", interaction_id=interaction)
        last = "disconnected" if talked else "abandoned"
        assert len(front.told("queued", interaction_id=interaction)) == 1
        assert len(front.told(last, interaction_id=interaction)) == 1
        if talked:
            await front.until_told("ended", interaction_id=interaction, within_s=15)
        assert len(talked) == len(front.told("ended", interaction_id=interaction)) <= 1


async def test_a_replica_that_leaves_hands_over_while_people_talk_and_wait(pair: Pair) -> None:
    await pair.until_both_serve()
    front, loop = pair.front, asyncio.get_running_loop()
    talker = await front.agent("stayer")
    did = await front.queue("q-stay", "stayer")
    talking = await front.call(did)
    await talking.until_hears(AGENT_HZ)
    leg = await talker.next_call()
    waiting = await front.call(did)
    await waiting.until_answered()
    await front.until_sounds(waiting)
    leaving, staying = await pair.owner(), await pair.other()
    left_at = loop.time()
    ending = asyncio.create_task(leaving.stop())
    longest_s = 0.0
    asked = 0
    while not ending.done() or asked < 20:
        asked_at = loop.time()
        assert await front.acd.state("stayer") is p.AgentState.TALKING
        longest_s, asked = max(longest_s, loop.time() - asked_at), asked + 1
    await ending
    print(f"leaving took {loop.time() - left_at:.2f} s; the slowest answer {longest_s:.2f} s")
    assert longest_s < 2.0  # no lease had to end
    await pair.until_owned_by(staying)
    for each in (talking, leg, waiting):
        assert not each.is_over
        assert not gaps_since(each, left_at)
    await leg.until_hears(CUSTOMER_HZ)
    # Who comes back gets his share again, and still nobody notices.
    came_at = loop.time()
    await pair.until_both_serve()
    assert await pair.owner() is leaving
    assert await front.acd.state("stayer") is p.AgentState.TALKING  # the new owner answers
    for each in (talking, leg, waiting):
        assert not gaps_since(each, came_at)
    talking.hang_up()
    await waiting.until_hears(AGENT_HZ)
    waiting.hang_up()
    await front.sign_out("stayer")
    await front.until_nothing_is_left()

    def ends() -> list[bool]:
        told = front.told("disconnected", agent_id="stayer")
        return [each["ended_exactly"] for each in told]

    await eventually(lambda: len(ends()) >= 2, within_s=10, what="both talks are told to be over")
    assert ends() == [True, True]


async def test_a_replica_that_slept_finds_its_tenant_taken_and_harms_nobody(pair: Pair) -> None:
    await pair.until_both_serve()
    front, loop = pair.front, asyncio.get_running_loop()
    agent = await front.agent("dreamer", p.LegMode.ON_DEMAND)
    did = await front.queue("q-dream", "dreamer", after_call_s=2)
    call = await front.call(did)
    await call.until_hears(AGENT_HZ)
    leg = await agent.next_call()
    sleeper, awake = await pair.owner(), await pair.other()
    sleeper.process.send(signal.SIGSTOP)
    slept_at = loop.time()
    await pair.until_owned_by(awake)

    async def is_served() -> bool:
        # Half of the requests still go to the sleeper, who says nothing.
        with suppress(RequestTimedOut):
            request = p.GetAgentV1(
                occurred_at=utcnow(), tenant=front.acd.tenant, agent_id="dreamer"
            )
            status = await front.acd.bus.request(request, p.AgentStatusV1, timeout_s=0.5)
            return status.state is p.AgentState.TALKING
        return False

    await eventually(is_served, within_s=20, what="the other serves")
    print(f"frozen to served: {loop.time() - slept_at:.2f} s")
    sleeper.process.send(signal.SIGCONT)
    await eventually(lambda: not sleeper.process.is_running, within_s=15, what="the sleeper ends")
    assert "LeaseTaken" in sleeper.process.log()
    assert not call.is_over
    assert not leg.is_over
    await leg.until_hears(CUSTOMER_HZ)
    assert not gaps_since(call, slept_at)
    call.hang_up()
    interaction = await front.started(did)
    told = await front.until_told("disconnected", interaction_id=interaction)
    assert told["ended_exactly"]
    await front.acd.until_state("dreamer", p.AgentState.READY)
    await front.sign_out("dreamer")
    await front.until_nothing_is_left()
    for event in ("started", "queued", "connected", "disconnected", "ended"):
        await front.until_told(event, interaction_id=interaction)
        assert len(front.told(event, interaction_id=interaction)) == 1


async def test_a_replica_alone_that_slept_goes_on(pair: Pair) -> None:
    await pair.until_both_serve()
    front = pair.front
    agent = await front.agent("lonely")
    did = await front.queue("q-alone", "lonely", after_call_s=0.2)
    call = await front.call(did)
    await call.until_hears(AGENT_HZ)
    await agent.next_call()
    owner, other = await pair.owner(), await pair.other()
    other.kill()
    owner.process.send(signal.SIGSTOP)
    key = f"acd.shard.{shard_of(front.acd.tenant)}"

    async def has_ended() -> bool:
        return await pair.leases.owner_of(key) is None

    await eventually(has_ended, within_s=15, what="the lease ends")
    await asyncio.sleep(2)  # so that every lease of it, also its name, has long ended
    call.hang_up()
    owner.process.send(signal.SIGCONT)
    await front.acd.until_state("lonely", p.AgentState.READY, within_s=20)
    interaction = await front.started(did)
    await front.until_told("disconnected", interaction_id=interaction)
    assert owner.process.is_running
    await front.sign_out("lonely")
    await front.until_nothing_is_left()
    await other.start()


@pytest.mark.soak
@pytest.mark.timeout(600)
async def test_many_kills_in_a_row_cut_no_talk_and_count_nothing_twice(pair: Pair) -> None:
    await pair.until_both_serve()
    front, loop = pair.front, asyncio.get_running_loop()
    talker = await front.agent("survivor")
    did = await front.queue("q-survive", "survivor", after_call_s=0.2)
    talking = await front.call(did)
    await talking.until_hears(AGENT_HZ)
    leg = await talker.next_call()
    waiting = await front.call(did)
    await waiting.until_answered()
    began_at = loop.time()
    served: list[float] = []
    for _ in range(10):
        victim = await pair.owner()
        victim.kill()
        served.append(await served_again(pair, "survivor"))
        await victim.start()
    print("kill to an answered request: " + ", ".join(f"{each:.2f}" for each in served))
    assert max(served) < SERVED_AGAIN_S
    for each in (talking, leg, waiting):
        assert not gaps_since(each, began_at)
    talking.hang_up()
    await waiting.until_hears(AGENT_HZ)
    waiting.hang_up()
    for interaction in [told["interaction_id"] for told in front.told("started", called=did)]:
        await front.until_told("ended", interaction_id=interaction)
        for event in ("queued", "connected", "disconnected", "ended"):
            assert len(front.told(event, interaction_id=interaction)) == 1
    await front.sign_out("survivor")
    await front.until_nothing_is_left()
