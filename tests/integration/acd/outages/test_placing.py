"""A customer is put to one place at a time, and no room ends while he is on his way out of it."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from tests.support.acd_centre import CAMPAIGN, CUSTOMER_HZ
from tests.support.call_desk import (
    ANN_HZ,
    BOB_HZ,
    Agent,
    Desk,
    hears,
    hears_not,
    is_there,
    room_with,
    until_room_ends,
)
from tests.support.cut_proxy import CutProxy
from tests.support.front_centre import FrontCentre
from tests.support.outages import Outages
from tests.support.races import ends, queue_of
from tests.support.supervision_desk import group, supervise
from tests.support.waiting import eventually

from ringway.proto import acd as p
from ringway.proto import acd_calls as calls
from ringway.proto.acd_config import SupervisionMode
from ringway.proto.base import Done
from ringway.trainer.phone_call import PhoneCall

# One centre serves the whole module; each test uses its own numbers, queues and agents.
pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120),
]


async def patient_campaign(desk: Desk, *agents: Agent) -> None:
    """Have a campaign of these agents whose customers wait longer than a test lasts."""
    await desk.centre.ask(
        p.SetCampaignAgentsV1,
        Done,
        campaign_id=CAMPAIGN,
        agent_ids=[agent.agent_id for agent in agents],
        abandonment_limit_s=60.0,
        wrap_up_s=0.0,
    )


async def is_being_joined(desk: Desk, proxy: CutProxy) -> tuple[str, PhoneCall]:
    """Have a campaign's customer who is just put into an agent's room; the answer is held back."""
    proxy.hold(b"/addChannel")
    interaction, customer = await desk.centre.customer_answers()
    await eventually(lambda: proxy.is_held, what="customer and agent are being joined")
    return interaction, customer


async def declines(desk: Desk, agent: Agent, interaction: str) -> None:
    await desk.ask(calls.DeclineV1, agent, interaction_id=interaction)


async def stranger(desk: Desk, room: str) -> PhoneCall:
    """Have somebody of another process in a room."""
    channel = f"{uuid4()}.c"
    answered = desk.centre.answered[channel] = asyncio.Event()
    await desk.centre.node.originate(
        "PJSIP/+447700900123@trunk-t1", channel_id=channel, app="dialer-0"
    )
    call = await desk.centre.customer.next_call()
    call.answer()
    await answered.wait()
    await desk.centre.node.add_to_bridge(room, channel)
    return call


async def test_who_is_declined_while_he_is_joined_is_taken_out_of_the_agents_room(
    desk: Desk, centre: FrontCentre, outages: Outages, proxy: CutProxy
) -> None:
    ann = await desk.agent()
    await patient_campaign(desk, ann)
    interaction, customer = await is_being_joined(desk, proxy)
    await centre.ready(ann.agent_id, ready=False)
    await declines(desk, ann, interaction)
    await centre.acd.until_state(ann.agent_id, p.AgentState.NOT_READY)
    proxy.mend()

    async def is_alone() -> bool:
        return await room_with(desk, f"{interaction}.c") is None

    await eventually(is_alone, what="he is in no room")
    await hears_not(customer, ANN_HZ)
    await hears_not(ann.leg, CUSTOMER_HZ)
    await centre.ready(ann.agent_id)  # nobody else is there
    await hears(customer, ANN_HZ)
    await hears(ann.leg, CUSTOMER_HZ)
    customer.hang_up()
    await ends(centre, outages, ann)


async def test_who_is_declined_is_joined_to_the_next_agent_when_the_first_joining_is_over(
    desk: Desk, centre: FrontCentre, outages: Outages, proxy: CutProxy
) -> None:
    ann, bob = await desk.agent(), await desk.agent(BOB_HZ)
    await patient_campaign(desk, ann, bob)
    interaction, customer = await is_being_joined(desk, proxy)
    await centre.acd.until_state(ann.agent_id, p.AgentState.RESERVED)
    await declines(desk, ann, interaction)
    await centre.acd.until_state(bob.agent_id, p.AgentState.RESERVED)
    await hears_not(customer, BOB_HZ)
    proxy.mend()
    await hears(customer, BOB_HZ)
    await hears_not(customer, ANN_HZ)
    await centre.acd.until_state(ann.agent_id, p.AgentState.READY)
    customer.hang_up()
    await ends(centre, outages, ann, bob)


async def test_a_room_stays_until_who_is_being_joined_in_it_is_out_of_it(
    desk: Desk, centre: FrontCentre, outages: Outages, proxy: CutProxy
) -> None:
    ann, bob = await desk.agent(mode=p.LegMode.ON_DEMAND), await desk.agent(BOB_HZ)
    await patient_campaign(desk, ann)
    interaction, customer = await is_being_joined(desk, proxy)
    ann.call = await ann.phone.next_call()
    await hears(customer, ANN_HZ)  # as far as Asterisk is concerned
    room = await room_with(desk, f"{interaction}.c")
    assert room is not None
    await patient_campaign(desk, bob)
    await declines(desk, ann, interaction)
    await ann.leg.until_over()
    await hears_not(customer, ANN_HZ)
    assert await is_there(desk, room)
    proxy.mend()
    await until_room_ends(desk, room)
    await hears(customer, BOB_HZ)
    customer.hang_up()
    await ends(centre, outages, ann, bob)


async def test_a_room_stays_until_the_customer_has_left_it_for_his_rating(
    desk: Desk, centre: FrontCentre, outages: Outages, proxy: CutProxy
) -> None:
    ann = await desk.agent(mode=p.LegMode.ON_DEMAND)
    rating = {"enabled": True, "timeout_s": 20}
    _, did = await queue_of(centre, ann, after_call="none", rating=rating)
    customer = await centre.call(did)
    ann.call = await ann.phone.next_call()
    await hears(customer, ANN_HZ)
    interaction = await centre.started(did)
    await centre.acd.until_state(ann.agent_id, p.AgentState.TALKING)
    (room,) = [x.id for x in await desk.centre.node.get_bridges() if x.bridge_type != "holding"]
    proxy.hold(b"/addChannel")
    await centre.acd.ask(p.HangUpV1, Done, agent_id=ann.agent_id)
    await eventually(lambda: proxy.is_held, what="the customer is moved to where he is asked")
    await ann.leg.until_over()
    await hears_not(customer, ANN_HZ)
    assert await is_there(desk, room)
    proxy.mend()
    await until_room_ends(desk, room)
    await centre.until_sounds(customer)
    customer.press("4")
    assert (await centre.until_told("rated", interaction_id=interaction))["score"] == 4
    await customer.until_over()
    await ends(centre, outages, ann)


async def test_a_supervisors_room_stays_until_the_talk_has_his_phone(
    desk: Desk, centre: FrontCentre, outages: Outages, proxy: CutProxy
) -> None:
    ann, bob = await desk.agent(), await desk.agent(BOB_HZ)
    await group(desk, bob, ann)
    _, customer = await desk.talk(ann, wrap_up_s=0)
    await supervise(desk, bob, SupervisionMode.LISTEN, ann)
    await hears(bob.leg, ANN_HZ)
    (room,) = [x.id for x in await desk.centre.node.get_bridges() if x.id.endswith(".l")]
    proxy.hold(b"/addChannel")
    taking = asyncio.ensure_future(supervise(desk, bob, SupervisionMode.INTERCEPT, ann))
    await eventually(lambda: proxy.is_held, what="his phone is moved to the customer")
    await hears(customer, BOB_HZ)
    await hears(bob.leg, CUSTOMER_HZ)
    assert await is_there(desk, room)
    proxy.mend()
    await taking
    await until_room_ends(desk, room)
    await hears_not(bob.leg, ANN_HZ)
    await hears(bob.leg, CUSTOMER_HZ)
    customer.hang_up()
    await ends(centre, outages, ann, bob)


async def test_who_is_just_told_his_place_is_joined_when_that_can_be_stopped(
    desk: Desk, centre: FrontCentre, outages: Outages, proxy: CutProxy
) -> None:
    ann = await desk.agent()
    await centre.ready(ann.agent_id, ready=False)
    says = {"position": True, "expected_wait": False, "first_after_s": 0.5, "every_s": 30}
    _, did = await queue_of(centre, ann, after_call="none", announcements=says)
    proxy.keep(b"/play/")
    customer = await centre.call(did)
    await eventually(lambda: proxy.is_held, what="he is told his place")
    await centre.ready(ann.agent_id)
    await centre.acd.until_state(ann.agent_id, p.AgentState.RESERVED)
    await hears_not(customer, ANN_HZ)
    proxy.mend()
    await hears(customer, ANN_HZ)
    await hears(ann.leg, CUSTOMER_HZ)
    customer.hang_up()
    await ends(centre, outages, ann)


async def test_music_begins_for_two_who_come_to_it_at_once(
    desk: Desk, centre: FrontCentre, outages: Outages, proxy: CutProxy
) -> None:
    ann = await desk.agent()
    await centre.ready(ann.agent_id, ready=False)
    _, did = await queue_of(centre, ann, after_call="none")
    proxy.keep(b"GET /ari/bridges/")
    first = await centre.call(did)
    await eventually(lambda: proxy.is_held, what="those who wait there are just counted")
    bridges = await desk.centre.node.get_bridges()
    (music,) = [x for x in bridges if x.bridge_type == "holding" and x.channels]
    second = await stranger(desk, music.id)
    proxy.mend()
    await centre.until_sounds(first)
    await centre.until_sounds(second)
    first.hang_up()
    second.hang_up()
    await ends(centre, outages, ann)


async def test_who_is_told_the_agents_number_is_put_on_hold_at_once(
    desk: Desk, centre: FrontCentre, outages: Outages, proxy: CutProxy
) -> None:
    ann = await desk.agent()
    _, did = await queue_of(centre, ann, after_call="none", announce_agent_number=True)
    proxy.hold(b"/play/")
    customer = await centre.call(did)
    await eventually(lambda: proxy.is_held, what="the number is told")
    await centre.acd.until_state(ann.agent_id, p.AgentState.TALKING)
    interaction = await centre.started(did)
    proxy.mend()
    proxy.hold(b"DELETE /ari/playbacks/")
    holding = asyncio.ensure_future(desk.ask(calls.HoldV1, ann))
    await eventually(lambda: proxy.is_held, what="it is told no more")
    proxy.mend()
    await holding
    bridges = await desk.centre.node.get_bridges()
    assert any(x.bridge_type == "holding" and x.channels for x in bridges)
    await desk.ask(calls.ResumeV1, ann)
    await hears(customer, ANN_HZ)
    assert centre.told("connected", interaction_id=interaction)
    customer.hang_up()
    await ends(centre, outages, ann)
