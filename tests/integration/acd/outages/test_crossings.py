"""What is decided while something else ends: nobody rings, waits or is kept for what is over."""

from __future__ import annotations

import pytest
from tests.support.call_desk import ANN_HZ, BOB_HZ, Desk, hears
from tests.support.cut_proxy import CutProxy
from tests.support.front_centre import FrontCentre
from tests.support.outages import Outages
from tests.support.races import ends, queue_of
from tests.support.supervision_desk import group, supervise
from tests.support.waiting import eventually

from ringway.proto import acd as p
from ringway.proto.acd_config import SupervisionMode

# One centre serves the whole module; each test uses its own numbers, queues and agents.
pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120),
]


@pytest.fixture
def proxy(centre: FrontCentre) -> CutProxy:
    assert centre.acd.proxy is not None
    return centre.acd.proxy


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
