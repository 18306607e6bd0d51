"""One of two nodes dies in the midst of talks over both."""

from __future__ import annotations

import pytest
from tests.support.acd_centre import CUSTOMER_HZ
from tests.support.call_desk import ANN_HZ, BOB_HZ, Desk, hears
from tests.support.node_pair import NodePair
from tests.support.supervision_desk import group, seat, supervise
from tests.support.waiting import eventually

from ringway.proto import acd as p
from ringway.proto import acd_calls as calls
from ringway.proto.acd_config import SupervisionMode

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(240),
    pytest.mark.asyncio(loop_scope="module"),
]


async def test_a_node_dies_and_only_who_was_there_is_lost(desk: Desk, pair: NodePair) -> None:
    """Bob is consulted and Sue listens there, Dan has taken a talk over: all three are lost."""
    ann, cid = await desk.agent(), await desk.agent(1500.0)
    bob = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND, **pair.over_there)
    dan = await desk.agent(1700.0, p.LegMode.ON_DEMAND, **pair.over_there)
    sue = await seat(desk, **pair.over_there)
    await group(desk, sue, ann)
    interaction, taken = await desk.talk(cid, wrap_up_s=0)
    await desk.ask(calls.TransferV1, cid, target=dan.target)
    await hears(await desk.answers(dan), CUSTOMER_HZ)
    await hears(taken, dan.hz)
    _, customer = await desk.talk(ann, wrap_up_s=0)
    await desk.ask(calls.ConsultV1, ann, target=bob.target)
    await hears(await desk.answers(bob), ANN_HZ)
    await hears(ann.leg, BOB_HZ)
    await supervise(desk, sue, SupervisionMode.LISTEN, ann)
    await hears(await desk.answers(sue), BOB_HZ)
    for phone in (bob.phone, dan.phone, sue.phone):
        phone.cut()
    await pair.there.kill()
    # Nobody says goodbye: it is the silence that ends the links, here within some ten seconds.
    await taken.until_over(30)
    await eventually(pair.has_no_links_here, within_s=30, what="no link is left here")
    await hears(customer, ANN_HZ)
    await hears(ann.leg, CUSTOMER_HZ)
    customer.hang_up()
    await desk.until_free(ann, cid, bob, dan)

    def ends() -> list[tuple[str, str]]:
        return [
            (fact["agent_id"], fact["hung_up_by"])
            for subject, fact in desk.centre.facts
            if subject.endswith(".disconnected") and fact["interaction_id"] == interaction
        ]

    await eventually(lambda: len(ends()) >= 2, what="both parts of the talk are told to be over")
    assert ends() == [(cid.agent_id, "agent"), (dan.agent_id, "system")]
    await pair.there.start()
    await eventually(pair.is_whole, within_s=40, what="the node is back")
    eve = await desk.agent(1900.0, p.LegMode.ON_DEMAND, **pair.over_there)
    _, customer = await desk.talk(ann, wrap_up_s=0)
    await desk.ask(calls.ConsultV1, ann, target=eve.target)
    await hears(await desk.answers(eve), ANN_HZ)
    customer.hang_up()
