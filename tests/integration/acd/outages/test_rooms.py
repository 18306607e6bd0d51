"""An agent's room outlives him while somebody is being moved out of it."""

from __future__ import annotations

import pytest
from tests.support.acd_centre import CUSTOMER_HZ
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
from tests.support.races import ends
from tests.support.supervision_desk import group, supervise
from tests.support.waiting import eventually

from ringway.proto import acd as p
from ringway.proto import acd_calls as calls
from ringway.proto.acd_config import SupervisionMode
from ringway.trainer.phone_call import PhoneCall

# One centre serves the whole module; each test uses its own numbers, queues and agents.
pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120),
]


async def three(desk: Desk, ann: Agent, bob: Agent) -> tuple[PhoneCall, str]:
    """Have two agents and a customer talk in the first one's room."""
    interaction, customer = await desk.talk(ann, wrap_up_s=0)
    await desk.ask(calls.ConsultV1, ann, target=bob.target)
    await desk.answers(bob)
    await hears(bob.leg, ANN_HZ)
    await desk.ask(calls.MergeV1, ann)
    await hears(customer, BOB_HZ)
    await hears(bob.leg, CUSTOMER_HZ)
    room = await room_with(desk, f"{interaction}.c")
    assert room is not None
    return customer, room


async def test_a_room_stays_until_those_whom_an_agents_phone_leaves_have_been_moved(
    desk: Desk, centre: FrontCentre, outages: Outages, proxy: CutProxy
) -> None:
    ann = await desk.agent(mode=p.LegMode.ON_DEMAND)
    bob = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND)
    customer, room = await three(desk, ann, bob)
    proxy.hold(b"/addChannel")
    ann.leg.hang_up()
    await eventually(lambda: proxy.is_held, what="the others are being moved")
    await hears_not(customer, ANN_HZ)
    assert await is_there(desk, room)
    proxy.mend()
    await until_room_ends(desk, room)
    await hears(customer, BOB_HZ)
    await hears(bob.leg, CUSTOMER_HZ)
    customer.hang_up()
    await ends(centre, outages, ann, bob)


async def test_a_room_stays_until_the_phones_of_others_are_home(
    desk: Desk, centre: FrontCentre, outages: Outages, proxy: CutProxy
) -> None:
    ann = await desk.agent(mode=p.LegMode.ON_DEMAND)
    bob = await desk.agent(BOB_HZ)  # nailed up: his phone goes home from her room
    customer, room = await three(desk, ann, bob)
    proxy.hold(b"/addChannel")
    customer.hang_up()
    await eventually(lambda: proxy.is_held, what="his phone is being moved")
    await ann.leg.until_over()
    await hears_not(bob.leg, ANN_HZ)
    assert await is_there(desk, room)
    proxy.mend()
    await until_room_ends(desk, room)
    await desk.until_free(bob)
    _, second = await desk.talk(bob, wrap_up_s=0)  # his phone is where the next customer comes to
    await hears(second, BOB_HZ)
    second.hang_up()
    await ends(centre, outages, ann, bob)


async def test_a_room_stays_until_the_phone_of_who_barged_in_has_left(
    desk: Desk, centre: FrontCentre, outages: Outages, proxy: CutProxy
) -> None:
    ann = await desk.agent(mode=p.LegMode.ON_DEMAND)
    bob = await desk.agent(BOB_HZ)
    await group(desk, bob, ann)
    interaction, customer = await desk.talk(ann, wrap_up_s=0)
    room = await room_with(desk, f"{interaction}.c")
    assert room is not None
    await supervise(desk, bob, SupervisionMode.BARGE, ann)
    await hears(customer, BOB_HZ)
    proxy.hold(b"/addChannel")
    customer.hang_up()
    await eventually(lambda: proxy.is_held, what="the supervisor's phone is being moved")
    await ann.leg.until_over()
    await hears_not(bob.leg, ANN_HZ)
    assert await is_there(desk, room)
    proxy.mend()
    await until_room_ends(desk, room)
    ann.call = None
    _, second = await desk.talk(ann, wrap_up_s=0)  # he follows his agent, and hears her
    await hears(bob.leg, ANN_HZ)
    second.hang_up()
    await ends(centre, outages, ann, bob)
