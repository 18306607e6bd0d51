"""What happens at the same moment, what changes under a call, what many calls leave behind."""

from __future__ import annotations

import asyncio
import itertools
import random
from contextlib import suppress

import pytest
from tests.support.call_desk import ANN_HZ, BOB_HZ, Agent, Desk, hears
from tests.support.front_centre import FrontCentre
from tests.support.outages import Outages
from tests.support.races import delete, ends, live, queue_of, until_live
from tests.support.waiting import eventually

from ringway.proto import acd as p
from ringway.proto import acd_calls as calls
from ringway.proto import acd_config as c
from ringway.proto.base import Done
from ringway.runtime.errors import Refused
from ringway.trainer.phone_call import PhoneCall

# One centre serves the whole module; each test uses its own numbers, queues and agents.
pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120),
]

MANY = 200
AT_ONCE = 6
TONES = (700.0, 900.0, 1150.0, 1500.0)


@pytest.mark.parametrize("mode", p.LegMode)
async def test_a_caller_who_hangs_up_at_the_moment_of_joining_leaves_nothing(
    desk: Desk, centre: FrontCentre, outages: Outages, mode: p.LegMode
) -> None:
    chance = random.Random(1)
    ann = await desk.agent(mode=mode, answer_after_s=0.05)
    _, did = await queue_of(centre, ann, after_call="none")
    for _ in range(15):
        call = await centre.call(did)
        await call.until_answered()
        await asyncio.sleep(chance.uniform(0, 0.15))
        call.hang_up()
        await call.until_over()
        await centre.acd.until_state(ann.agent_id, p.AgentState.READY, 10)
    await ends(centre, outages, ann)


async def test_a_caller_whose_end_is_heard_together_with_his_arrival_is_offered_to_nobody(
    desk: Desk, centre: FrontCentre, outages: Outages
) -> None:
    ann = await desk.agent(mode=p.LegMode.ON_DEMAND, answer_after_s=None)
    _, did = await queue_of(centre, ann, ring_timeout_s=5)
    proxy = centre.acd.proxy
    assert proxy is not None
    proxy.join(b"StasisStart", b"StasisEnd")
    call = await centre.call(did)
    await eventually(lambda: proxy.is_joining, what="the ACD is about to be told of the caller")
    call.hang_up()
    interaction = await centre.started(did)
    end = await centre.until_told("finished", interaction_id=interaction)
    assert end["outcome"] == "left"
    await until_live(centre, dict.fromkeys(await live(centre), 0.0))
    await centre.acd.until_state(ann.agent_id, p.AgentState.READY)
    second = await centre.call(did)
    ringing = await ann.phone.next_call()
    assert centre.acd.count("offered", interaction) == 0
    second.hang_up()
    await ringing.until_over()
    await ends(centre, outages, ann)


async def test_an_agent_who_signs_out_during_an_offer_goes_after_it(
    desk: Desk, centre: FrontCentre, outages: Outages
) -> None:
    ann = await desk.agent(mode=p.LegMode.ON_DEMAND, answer_after_s=None)
    bob = await desk.agent(BOB_HZ)
    await centre.ready(bob.agent_id, ready=False)
    _, did = await queue_of(centre, ann, bob, ring_timeout_s=5)
    call = await centre.call(did)
    ringing = await ann.phone.next_call()
    await centre.sign_out(ann.agent_id)
    await centre.ready(bob.agent_id)
    await hears(call, BOB_HZ)
    await ringing.until_over(15)
    await centre.acd.until_state(ann.agent_id, p.AgentState.LOGGED_OUT)
    call.hang_up()
    await ends(centre, outages, ann, bob)


async def test_a_queue_that_is_deleted_lets_its_callers_go_and_its_talks_go_on(
    desk: Desk, centre: FrontCentre, outages: Outages
) -> None:
    ann = await desk.agent()
    queue_id, did = await queue_of(centre, ann)
    talking = await centre.call(did)
    await hears(talking, ANN_HZ)
    waiting = [await centre.call(did) for _ in range(3)]
    for call in waiting:
        await call.until_answered()
    with suppress(Refused):  # a route leads to it: that one goes first
        await delete(centre, "queue", queue_id)
    await delete(centre, "inbound_route", f"r{int(did[-5:])}")
    await delete(centre, "queue", queue_id)
    for call in waiting:
        await call.until_over(15)
    await hears(talking, ANN_HZ)
    talking.hang_up()
    await centre.until_told("disconnected", agent_id=ann.agent_id)
    await ends(centre, outages, ann)


async def test_an_agent_who_is_disabled_ends_his_talk_in_peace(
    desk: Desk, centre: FrontCentre, outages: Outages
) -> None:
    ann = await desk.agent()
    _, did = await queue_of(centre, ann, after_call="none")
    call = await centre.call(did)
    await hears(call, ANN_HZ)
    await centre.acd.ask(
        p.PutAgentV1, p.AgentAccountV1, agent_id=ann.agent_id, number=ann.number, enabled=False
    )
    await hears(call, ANN_HZ)
    await desk.ask(calls.HoldV1, ann)
    await desk.ask(calls.ResumeV1, ann)
    await hears(call, ANN_HZ)
    call.hang_up()
    await ends(centre, outages, ann)


async def test_settings_that_change_all_the_time_disturb_no_call(
    desk: Desk, centre: FrontCentre, outages: Outages
) -> None:
    ann, bob = await desk.agent(), await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND)
    queue_id, did = await queue_of(centre, ann, bob, after_call="none")
    storm = asyncio.Event()

    async def change(n: int) -> None:
        chance = random.Random(n)
        while not storm.is_set():
            agent = chance.choice((ann, bob))
            with suppress(Refused):  # of two changes at once one wins
                await centre.put(
                    "agent_profile", agent.agent_id, skills={"s": chance.randint(1, 10)}
                )
                await centre.put(
                    "queue",
                    queue_id,
                    name=queue_id,
                    agent_ids=[ann.agent_id, bob.agent_id],
                    after_call="none",
                    strategy=chance.choice(list(c.QueueStrategy)),
                    announcements={"position": False, "expected_wait": False},
                )

    async with asyncio.TaskGroup() as group:
        for n in range(3):
            group.create_task(change(n))
        for _ in range(8):
            both = [await centre.call(did) for _ in range(2)]
            for call in both:
                await eventually(
                    lambda call=call: call.hears(ANN_HZ) or call.hears(BOB_HZ),  # type: ignore[misc]
                    within_s=15,
                    what="somebody talks",
                )
            for call in both:
                call.hang_up()
                await call.until_over()
        storm.set()
    await ends(centre, outages, ann, bob)


async def test_many_calls_leave_nothing_behind(
    desk: Desk, centre: FrontCentre, outages: Outages
) -> None:
    modes = itertools.cycle(p.LegMode)
    agents = [await desk.agent(hz, next(modes), answer_after_s=0.05) for hz in TONES]
    _, did = await queue_of(centre, *agents, after_call="none")
    before = await live(centre)
    left = iter(range(MANY))

    async def caller() -> None:
        for n in left:
            call = await centre.call(did)
            heard: list[Agent] = []

            def hears_one(call: PhoneCall = call, heard: list[Agent] = heard) -> bool:
                heard[:] = [agent for agent in agents if call.hears(agent.hz)]
                return bool(heard)

            await eventually(hears_one, within_s=20, what="an agent")
            if n % 2:
                call.hang_up()
            else:
                [agent] = heard
                await centre.acd.ask(p.HangUpV1, Done, agent_id=agent.agent_id)
            await call.until_over(15)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(caller())
    # Phones that are nailed up are listened to from their first talk on.
    await until_live(centre, before | {"watched_channels": before["legs"]})
    await ends(centre, outages, *agents)
    await eventually(lambda: len(centre.told("disconnected")) >= MANY, what="all ends are told")


async def test_who_signs_out_while_his_phone_is_called_back_stays_signed_out(
    desk: Desk, centre: FrontCentre, outages: Outages
) -> None:
    ann = await desk.agent()
    ann.phone.answer_after_s = None

    async def loses_its_line() -> None:
        ann.leg.hang_up()
        await ann.leg.until_over()

    await outages.cut(loses_its_line)
    ringing = await ann.phone.next_call()
    await centre.sign_out(ann.agent_id)
    if not ringing.is_over:
        ringing.answer()  # he sees it too late
    await ringing.until_over()
    await outages.nothing_is_left()
    assert await centre.acd.state(ann.agent_id) is p.AgentState.LOGGED_OUT


async def test_who_signs_in_again_while_his_phone_is_called_back_is_called_once(
    desk: Desk, centre: FrontCentre, outages: Outages
) -> None:
    ann = await desk.agent()
    ann.phone.answer_after_s = None

    async def loses_its_line() -> None:
        ann.leg.hang_up()
        await ann.leg.until_over()

    await outages.cut(loses_its_line)
    ringing = await ann.phone.next_call()
    again = desk.spawn(
        centre.acd.ask(
            p.SignInV1,
            p.AgentStatusV1,
            agent_id=ann.agent_id,
            leg_mode=p.LegMode.NAILED_UP,
        )
    )
    await asyncio.sleep(0)
    ringing.answer()
    await again
    assert [call for call in ann.phone.calls.values() if not call.is_over] == [ringing]
    await centre.sign_out(ann.agent_id)
    await ringing.until_over()
    await outages.nothing_is_left()
