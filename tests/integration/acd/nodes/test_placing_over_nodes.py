"""What changes while a customer is brought to another node, or back."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from tests.support.acd_centre import CUSTOMER_HZ
from tests.support.call_desk import BOB_HZ, Desk, configure, hears, hears_not
from tests.support.cut_proxy import CutProxy
from tests.support.node_pair import NodePair
from tests.support.waiting import eventually

from ringway.proto import acd_calls as calls
from ringway.proto import acd_conferences as conferences
from ringway.proto.acd import AgentState
from ringway.proto.base import Done

pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120),
]


@pytest.fixture
def proxy(pair: NodePair) -> CutProxy:
    assert pair.centre.proxy is not None
    return pair.centre.proxy


async def test_a_customer_who_was_brought_is_moved_at_home_when_his_links_room_has_ended(
    desk: Desk, pair: NodePair, proxy: CutProxy
) -> None:
    ann = await desk.agent(**pair.over_there)
    bob = await desk.agent(BOB_HZ)
    _, customer = await desk.talk(ann, wrap_up_s=0)
    of_bob = {"agent_ids": [bob.agent_id], "after_call": "none"}
    await configure(desk.centre, "queue", "q-home", name="home", **of_bob)
    proxy.hold(b"DELETE /ari/bridges/")
    await desk.ask(calls.TransferV1, ann, target={"kind": "queue", "value": "q-home"})
    await eventually(lambda: proxy.is_held, what="the room of the link ends")
    await hears_not(customer, BOB_HZ)
    assert await desk.centre.state(bob.agent_id) is AgentState.RESERVED
    proxy.mend()
    await hears(customer, BOB_HZ)
    await hears(bob.leg, CUSTOMER_HZ)
    customer.hang_up()
    await desk.until_free(ann, bob)


async def test_a_customer_who_leaves_while_he_is_brought_to_a_conference_is_no_member(
    desk: Desk, pair: NodePair, proxy: CutProxy
) -> None:
    ann = await desk.agent(**pair.over_there)
    conference_id = str(uuid4())
    of_ann = {"agent_id": ann.agent_id, "conference_id": conference_id}
    await desk.centre.ask(conferences.StartConferenceV1, conferences.ConferenceStatusV1, **of_ann)
    bob = await desk.agent(BOB_HZ)
    interaction, customer = await desk.talk(bob, wrap_up_s=0)
    proxy.hold(b".c%2C")  # him and the link to there
    going = asyncio.ensure_future(
        desk.ask(calls.TransferV1, bob, target={"kind": "conference", "value": conference_id})
    )
    await eventually(lambda: proxy.is_held, what="he is brought there")
    customer.hang_up()
    await desk.centre.fact("finished", interaction)
    proxy.mend()
    await going
    await eventually(pair.has_no_links, what="no link is left")
    status = await desk.centre.ask(
        conferences.GetConferenceV1, conferences.ConferenceStatusV1, **of_ann
    )
    assert [member.agent_id for member in status.members] == [ann.agent_id]
    await desk.centre.ask(conferences.EndConferenceV1, Done, **of_ann)
    await desk.until_free(ann, bob)
