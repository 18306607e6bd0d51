"""What is decided while something else ends: nobody rings, waits or is kept for what is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from uuid import uuid4

import pytest
from tests.support.ari import node_settings
from tests.support.asterisk import RealAsterisk
from tests.support.call_desk import ANN_HZ, BOB_HZ, Agent, Desk, hears, hears_not
from tests.support.cut_proxy import CutProxy
from tests.support.front_centre import FrontCentre
from tests.support.outages import Outages
from tests.support.races import delete, ends, live, queue_of, until_live
from tests.support.supervision_desk import group, seat, supervise
from tests.support.waiting import eventually

from ringway.proto import acd as p
from ringway.proto import acd_calls as calls
from ringway.proto.acd_config import SupervisionMode
from ringway.proto.base import Done
from ringway.runtime.ari import AriClient
from ringway.runtime.errors import Refused
from ringway.trainer.phone_call import PhoneCall

# One centre serves the whole module; each test uses its own numbers, queues and agents.
pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120),
]


OFFER = {"enabled": True, "key": "5", "offer_after_s": 0, "ring_s": 20}


async def until_no_channel(centre: FrontCentre) -> None:
    """Wait until Asterisk has no channel more: all ends have been told."""

    async def is_so() -> bool:
        return not await centre.acd.node.get_channels()

    await eventually(is_so, what="no channel is left")


@asynccontextmanager
async def ari_app(asterisk: RealAsterisk, name: str) -> AsyncIterator[None]:
    """An application that is there and does nothing."""
    async with AriClient.open([node_settings(asterisk)], name) as client:
        running = asyncio.get_running_loop().create_task(client.run())
        try:
            await client.wait_connected(10)
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def is_called_back(
    desk: Desk, centre: FrontCentre, agent: Agent, did: str
) -> tuple[PhoneCall, str]:
    """Have a caller wait at home until his phone rings for an agent who is there."""
    await centre.ready(agent.agent_id, ready=False)
    call = await centre.call(did)
    await call.until_answered()
    interaction = await centre.started(did)
    await centre.until_sounds(call)
    call.press("5")
    await centre.until_sounds(call)
    call.press("1")
    await centre.until_told("callback_requested", interaction_id=interaction)
    await call.until_over(20)
    await centre.ready(agent.agent_id)
    return await centre.rings_outside(), interaction


async def test_a_phone_does_not_ring_for_an_offer_that_another_takes_at_once(
    desk: Desk, centre: FrontCentre, outages: Outages
) -> None:
    ann = await desk.agent()  # nailed up: she has the caller before a phone could ring
    bob = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND, answer_after_s=None)
    _, did = await queue_of(centre, ann, bob, strategy="ring_all", after_call="none")
    first = await centre.call(did)
    await hears(first, ANN_HZ)
    second = await centre.call(did)
    ringing = await bob.phone.next_call()
    ringing.answer()
    await hears(second, BOB_HZ)
    assert list(bob.phone.calls.values()) == [ringing]
    first.hang_up()
    second.hang_up()
    await ends(centre, outages, ann, bob)


async def test_a_supervisors_phone_does_not_ring_for_a_caller_who_left_while_it_was_freed(
    desk: Desk, centre: FrontCentre, outages: Outages, proxy: CutProxy
) -> None:
    ann = await desk.agent()
    bob = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND)
    await group(desk, bob, ann)
    _, anns = await queue_of(centre, ann, after_call="none")
    _, bobs = await queue_of(centre, bob, after_call="none")
    talking = await centre.call(anns)
    await hears(talking, ANN_HZ)
    await supervise(desk, bob, SupervisionMode.LISTEN, ann)
    listening = await bob.phone.next_call()
    bob.phone.answer_after_s = None
    proxy.hold(b"DELETE ")
    caller = await centre.call(bobs)
    await eventually(lambda: proxy.is_held, what="his phone is being freed")
    caller.hang_up()
    interaction = await centre.started(bobs)
    await centre.until_told("abandoned", interaction_id=interaction)
    proxy.mend()
    await listening.until_over()
    second = await centre.call(bobs)
    ringing = await bob.phone.next_call()
    ringing.answer()
    await hears(second, BOB_HZ)
    assert list(bob.phone.calls.values()) == [ringing]
    second.hang_up()
    talking.hang_up()
    await ends(centre, outages, ann, bob)


async def test_a_caller_who_hangs_up_on_his_way_to_the_ivr_is_told_to_have_left(
    centre: FrontCentre, outages: Outages, proxy: CutProxy
) -> None:
    did = await centre.route({"kind": "flow", "value": "main"})
    asterisk = centre.acd.asterisk
    async with ari_app(asterisk, "ivr-0"):
        proxy.hold(b"/variable")
        call = await centre.call(did)
        await eventually(lambda: proxy.is_held, what="his way is being prepared")
        interaction = await centre.started(did)
        call.hang_up()
        await centre.until_nothing_is_left()
        proxy.mend()
        end = await centre.until_told("finished", interaction_id=interaction)
    assert end["outcome"] == "left"
    await ends(centre, outages)


async def test_a_phone_that_is_put_down_while_its_room_is_made_signs_nobody_in(
    desk: Desk, centre: FrontCentre, outages: Outages, proxy: CutProxy
) -> None:
    sue = await seat(desk)
    proxy.hold(b"/addChannel")
    signing_in = desk.spawn(
        centre.acd.ask(
            p.SignInV1, p.AgentStatusV1, agent_id=sue.agent_id, leg_mode=p.LegMode.NAILED_UP
        )
    )
    ringing = await sue.phone.next_call()
    await eventually(lambda: proxy.is_held, what="the phone is put into its room")
    ringing.hang_up()
    await until_no_channel(centre)
    proxy.mend()
    with pytest.raises(Refused) as refused:
        await signing_in
    assert refused.value.code == "phone_not_answered"
    assert await centre.acd.state(sue.agent_id) is p.AgentState.LOGGED_OUT
    await ends(centre, outages)


async def test_a_phone_that_dials_and_is_put_down_at_once_leaves_nothing(
    desk: Desk, centre: FrontCentre, outages: Outages, proxy: CutProxy
) -> None:
    ann = await desk.agent(mode=p.LegMode.ON_DEMAND)
    proxy.hold(b"/answer")
    own = await ann.phone.call("00442079460001")
    await eventually(lambda: proxy.is_held, what="his call is taken")
    own.hang_up()
    await until_no_channel(centre)
    proxy.mend()
    await until_live(centre, dict.fromkeys(await live(centre), 0.0))
    await centre.acd.until_state(ann.agent_id, p.AgentState.READY)
    await ends(centre, outages, ann)


async def test_a_call_between_agents_that_ends_as_it_comes_is_told_to_be_over(
    desk: Desk, centre: FrontCentre, outages: Outages, proxy: CutProxy
) -> None:
    ann, bob = await desk.agent(), await desk.agent(BOB_HZ)
    proxy.join(b'["internal"', b"StasisEnd")
    await centre.acd.ask(calls.DialV1, calls.DialingV1, agent_id=ann.agent_id, number=bob.number)
    await eventually(lambda: proxy.is_joining, what="the ACD is about to be told of the call")
    [far] = [c.id for c in await centre.acd.node.get_channels() if c.name.endswith(";2")]
    await centre.acd.node.hangup(far)
    sides = {
        (await centre.until_told("started", caller=ann.number, agent_id=by))["interaction_id"]
        for by in (ann.agent_id, None)
    }
    for side in sides:
        await centre.until_told("finished", interaction_id=side)
    await centre.sign_out(ann.agent_id)
    await centre.sign_out(bob.agent_id)
    await ends(centre, outages)


async def test_who_is_called_back_hears_music_when_the_agent_has_gone_meanwhile(
    desk: Desk, centre: FrontCentre, outages: Outages
) -> None:
    ann = await desk.agent(mode=p.LegMode.ON_DEMAND)
    _, did = await queue_of(centre, ann, after_call="none", callback=OFFER)
    ringing, _ = await is_called_back(desk, centre, ann, did)
    (await ann.phone.next_call()).hang_up()
    await centre.acd.until_state(ann.agent_id, p.AgentState.NOT_READY)
    ringing.answer()
    await ringing.until_answered()
    await centre.until_sounds(ringing)
    await centre.ready(ann.agent_id)
    await hears(ringing, ANN_HZ)
    ringing.hang_up()
    await ends(centre, outages, ann)


async def test_who_is_called_back_for_a_queue_that_is_gone_is_not_kept(
    desk: Desk, centre: FrontCentre, outages: Outages
) -> None:
    ann = await desk.agent(mode=p.LegMode.ON_DEMAND)
    queue_id, did = await queue_of(centre, ann, after_call="none", callback=OFFER)
    ringing, interaction = await is_called_back(desk, centre, ann, did)
    (await ann.phone.next_call()).hang_up()
    await centre.acd.until_state(ann.agent_id, p.AgentState.NOT_READY)
    await delete(centre, "inbound_route", f"r{int(did[-5:])}")
    await delete(centre, "queue", queue_id)
    ended = await centre.until_told("callback_ended", interaction_id=interaction)
    assert ended["outcome"] == "cancelled"
    ringing.answer()
    await ringing.until_over(15)
    await ends(centre, outages, ann)


async def test_a_customer_who_hangs_up_while_his_floor_opens_is_not_counted_as_abandoned(
    centre: FrontCentre, outages: Outages, proxy: CutProxy
) -> None:
    before = await live(centre)
    other = replace(centre.acd, tenant=str(uuid4()), facts=[])
    proxy.hold(b"GET /ari/bridges")
    _, call = await other.customer_answers()
    await eventually(lambda: proxy.is_held, what="the floor is being opened")
    call.hang_up()
    await until_no_channel(centre)
    proxy.mend()
    assert (await other.ask(p.ListAgentsV1, p.AgentListV1)).agents == ()
    await until_live(centre, before)


async def test_a_conference_that_is_ended_while_its_organiser_brings_his_customer_leaves_nothing(
    desk: Desk, centre: FrontCentre, outages: Outages, proxy: CutProxy
) -> None:
    ann = await desk.agent()
    _, did = await queue_of(centre, ann, after_call="none")
    call = await centre.call(did)
    await hears(call, ANN_HZ)
    ids = {"conference_id": str(uuid4()), "agent_id": ann.agent_id}
    proxy.hold(b"/addChannel")
    starting = desk.spawn(centre.acd.ask(calls.StartConferenceV1, calls.ConferenceStatusV1, **ids))
    await eventually(lambda: proxy.is_held, what="the customer is brought in")
    await centre.acd.ask(calls.EndConferenceV1, Done, **ids)
    proxy.mend()
    with suppress(Refused):
        await starting
    await call.until_over()
    await centre.sign_out(ann.agent_id)
    await ends(centre, outages)


async def test_a_phone_that_hears_its_messages_is_forgotten_when_it_is_put_down(
    desk: Desk, centre: FrontCentre, outages: Outages
) -> None:
    ann = await desk.agent(mode=p.LegMode.ON_DEMAND)
    own = await ann.phone.call("*97")
    await own.until_answered()
    own.hang_up()
    await own.until_over()
    await ends(centre, outages, ann)


async def test_who_declines_while_the_customer_is_called_back_is_not_joined_to_him(
    desk: Desk, centre: FrontCentre, outages: Outages
) -> None:
    ann = await desk.agent()
    _, did = await queue_of(centre, ann, after_call="none", callback=OFFER)
    ringing, _ = await is_called_back(desk, centre, ann, did)
    await centre.ready(ann.agent_id, ready=False)
    await centre.acd.ask(calls.DeclineV1, Done, agent_id=ann.agent_id)
    ringing.answer()
    await ringing.until_answered()
    await centre.until_sounds(ringing)
    await hears_not(ringing, ANN_HZ)
    assert ringing.listener is not None
    assert all(abs(span.hz - ANN_HZ) > 10 for span in ringing.listener.tones.spans())
    ringing.hang_up()
    await ends(centre, outages, ann)


async def test_who_declines_as_he_is_joined_hears_the_caller_no_more(
    desk: Desk, centre: FrontCentre, outages: Outages, proxy: CutProxy
) -> None:
    ann = await desk.agent()
    bob = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND, answer_after_s=None)
    await centre.ready(bob.agent_id, ready=False)
    _, did = await queue_of(centre, ann, bob, after_call="none", ring_timeout_s=60)
    proxy.hold(b"/addChannel")
    call = await centre.call(did)
    await eventually(lambda: proxy.is_held, what="they are being joined")
    await centre.ready(bob.agent_id)
    await centre.acd.ask(calls.DeclineV1, Done, agent_id=ann.agent_id)
    ringing = await bob.phone.next_call()
    await hears(call, ANN_HZ)
    proxy.mend()
    await hears_not(call, ANN_HZ)
    ringing.answer()
    await hears(call, BOB_HZ)
    call.hang_up()
    await ends(centre, outages, ann, bob)


async def test_a_telephone_that_is_put_down_while_its_room_is_made_signs_nobody_in(
    desk: Desk, centre: FrontCentre, outages: Outages, proxy: CutProxy
) -> None:
    sue = await seat(desk, register=False)
    await centre.put("agent_profile", sue.agent_id, phone="number", phone_number="+447700900777")
    proxy.hold(b"/addChannel")
    signing_in = desk.spawn(
        centre.acd.ask(
            p.SignInV1, p.AgentStatusV1, agent_id=sue.agent_id, leg_mode=p.LegMode.NAILED_UP
        )
    )
    telephone = await desk.outside()
    await eventually(lambda: proxy.is_held, what="the telephone is put into its room")
    telephone.hang_up()
    await until_no_channel(centre)
    proxy.mend()
    with pytest.raises(Refused) as refused:
        await signing_in
    assert refused.value.code == "phone_not_answered"
    await ends(centre, outages)


@pytest.mark.parametrize("how", ["signs out", "is disabled", "is removed"])
async def test_who_is_to_go_while_his_phone_rings_for_signing_in_is_not_signed_in(
    desk: Desk, centre: FrontCentre, outages: Outages, how: str
) -> None:
    sue = await seat(desk, answer_after_s=None)
    signing_in = desk.spawn(
        centre.acd.ask(
            p.SignInV1, p.AgentStatusV1, agent_id=sue.agent_id, leg_mode=p.LegMode.NAILED_UP
        )
    )
    ringing = await sue.phone.next_call()
    who = {"agent_id": sue.agent_id}
    if how == "signs out":
        await centre.acd.ask(p.SignOutV1, p.AgentStatusV1, **who)
    elif how == "is disabled":
        await centre.acd.ask(
            p.PutAgentV1, p.AgentAccountV1, **who, number=sue.number, enabled=False
        )
    else:
        await centre.acd.ask(p.RemoveAgentV1, Done, **who)
    if not ringing.is_over:
        ringing.answer()  # too late
    await ringing.until_over()
    with pytest.raises(Refused):
        await signing_in
    if how == "is removed":
        assert sue.agent_id not in [
            agent.agent_id for agent in (await centre.acd.ask(p.ListAgentsV1, p.AgentListV1)).agents
        ]
    else:
        assert await centre.acd.state(sue.agent_id) is p.AgentState.LOGGED_OUT
    await ends(centre, outages)
