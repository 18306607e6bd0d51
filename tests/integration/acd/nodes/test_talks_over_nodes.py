"""Agents and customers on two nodes: what a talk can do, who hears whom, and what is left."""

from __future__ import annotations

from uuid import uuid4

import pytest
from tests.support.acd_centre import CUSTOMER_HZ
from tests.support.call_desk import ANN_HZ, BOB_HZ, Agent, Desk, configure, hears, hears_not
from tests.support.node_pair import NodePair
from tests.support.waiting import eventually

from ringway.proto import acd as p
from ringway.proto import acd_calls as calls
from ringway.proto.base import Done
from ringway.trainer.phone_call import PhoneCall

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(180),
    pytest.mark.asyncio(loop_scope="module"),
]

MODES = tuple(p.LegMode)


async def consulted(desk: Desk, ann: Agent, bob: Agent) -> None:
    """Have Ann talk to Bob; Bob's phone answers by itself."""
    await desk.ask(calls.ConsultV1, ann, target=bob.target)
    await desk.answers(bob)
    await hears(bob.leg, ANN_HZ)
    await hears(ann.leg, BOB_HZ)


async def both(customer: PhoneCall, agent: Agent) -> None:
    """They hear each other."""
    await hears(customer, agent.hz)
    await hears(agent.leg, CUSTOMER_HZ)


@pytest.mark.parametrize("mode", MODES)
async def test_a_colleague_on_the_other_node_is_consulted_and_takes_over(
    desk: Desk, pair: NodePair, mode: p.LegMode
) -> None:
    ann = await desk.agent(mode=mode)
    bob = await desk.agent(BOB_HZ, mode, **pair.over_there)
    interaction, customer = await desk.talk(ann)
    await consulted(desk, ann, bob)
    await hears_not(customer, ANN_HZ, BOB_HZ)
    await desk.ask(calls.ResumeV1, ann)  # swap
    await both(customer, ann)
    await hears_not(bob.leg, ANN_HZ, CUSTOMER_HZ)
    await desk.ask(calls.HoldV1, ann)
    await hears(bob.leg, ANN_HZ)
    await desk.ask(calls.CancelConsultV1, ann)
    await both(customer, ann)
    await desk.until_free(bob)
    await consulted(desk, ann, bob)
    await desk.ask(calls.CompleteTransferV1, ann)
    await both(customer, bob)
    await desk.centre.until_state(bob.agent_id, p.AgentState.TALKING)
    # Bob has the customer now, and all that he asks is done over the link.
    await desk.ask(calls.HoldV1, bob)
    await desk.until_on_hold(interaction)
    await hears_not(bob.leg, CUSTOMER_HZ)
    await desk.ask(calls.ResumeV1, bob)
    await both(customer, bob)
    await desk.ask(calls.MuteV1, bob, muted=True)
    await hears_not(customer, BOB_HZ)
    await hears(bob.leg, CUSTOMER_HZ)
    await desk.ask(calls.MuteV1, bob, muted=False)
    await hears(customer, BOB_HZ)
    await desk.ask(calls.SendDigitsV1, bob, digits="42")
    count, seconds = [await pair.measure(f"acd_link_seconds_{each}") for each in ("count", "sum")]
    print(f"{mode}: a stand-in was there after {1000 * seconds / count:.0f} ms, {count:.0f} links")
    customer.hang_up()
    await desk.centre.until_state(bob.agent_id, p.AgentState.WRAP_UP)
    assert (await desk.centre.fact("disconnected", interaction))["node"] == pair.here.node
    await eventually(pair.has_no_links, what="no link is left")


async def test_a_customer_who_was_brought_is_sent_on_at_once(desk: Desk, pair: NodePair) -> None:
    ann = await desk.agent(**pair.over_there)
    bob = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND)
    interaction, customer = await desk.talk(ann, wrap_up_s=0)
    await desk.ask(calls.TransferV1, ann, target=bob.target)
    await desk.answers(bob)
    await both(customer, bob)
    await hears_not(ann.leg, CUSTOMER_HZ, BOB_HZ)
    await desk.until_free(ann)
    told = await desk.centre.fact("transferred", interaction)
    assert (told["agent_id"], told["is_attended"]) == (ann.agent_id, False)
    bob.leg.hang_up()
    await customer.until_over()


async def test_three_on_two_nodes_hear_each_other_and_one_leaves(
    desk: Desk, pair: NodePair
) -> None:
    ann, bob = await desk.agent(), await desk.agent(BOB_HZ, **pair.over_there)
    _, customer = await desk.talk(ann)
    await consulted(desk, ann, bob)
    await desk.ask(calls.MergeV1, ann)
    await hears(customer, ANN_HZ, BOB_HZ)
    await hears(ann.leg, CUSTOMER_HZ, BOB_HZ)
    await hears(bob.leg, CUSTOMER_HZ, ANN_HZ)
    await desk.ask(calls.LeaveV1, ann)
    await both(customer, bob)
    await hears_not(customer, ANN_HZ)
    await hears_not(ann.leg, CUSTOMER_HZ, BOB_HZ)
    # And on to a third one, beside the customer: the talk is where it was.
    cid = await desk.agent(1500.0)
    await desk.ask(calls.ConsultV1, bob, target=cid.target)
    await hears(cid.leg, BOB_HZ)
    await desk.ask(calls.CompleteTransferV1, bob)
    await both(customer, cid)
    await eventually(pair.has_no_links, within_s=10, what="no link is left")
    await desk.ask(calls.HoldV1, cid)
    await desk.ask(calls.ResumeV1, cid)
    await both(customer, cid)
    customer.hang_up()


async def test_who_is_parked_is_taken_from_the_other_node(desk: Desk, pair: NodePair) -> None:
    ann = await desk.agent()
    bob = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND, auto_answers=True, **pair.over_there)
    _, customer = await desk.talk(ann, wrap_up_s=0)
    parked = await desk.centre.ask(calls.ParkV1, calls.ParkedV1, agent_id=ann.agent_id)
    await desk.until_free(ann)
    await desk.centre.ask(calls.RetrieveV1, Done, agent_id=bob.agent_id, slot=parked.slot)
    await desk.answers(bob)
    await both(customer, bob)
    # Parked again and taken back by who is beside him.
    parked = await desk.centre.ask(calls.ParkV1, calls.ParkedV1, agent_id=bob.agent_id)
    await bob.leg.until_over()
    await desk.centre.ask(calls.RetrieveV1, Done, agent_id=ann.agent_id, slot=parked.slot)
    await both(customer, ann)
    customer.hang_up()


async def test_what_rings_is_picked_up_on_the_other_node(desk: Desk, pair: NodePair) -> None:
    ann = await desk.agent(ANN_HZ, p.LegMode.ON_DEMAND, answer_after_s=None)
    bob = await desk.agent(BOB_HZ, **pair.over_there)
    queue = f"queue-{ann.number}"
    body = {"name": queue, "agent_ids": [ann.agent_id], "after_call": "none"}
    await configure(desk.centre, "queue", queue, **body)
    cid = await desk.agent(1500.0)
    _, customer = await desk.talk(cid, wrap_up_s=0)
    await desk.ask(calls.TransferV1, cid, target={"kind": "queue", "value": queue})
    ring = await ann.phone.next_call()
    await desk.centre.ask(calls.PickUpV1, Done, agent_id=bob.agent_id, from_agent_id=ann.agent_id)
    await both(customer, bob)
    await ring.until_over()
    bob.leg.hang_up()
    await customer.until_over()


async def test_a_colleague_on_the_other_node_is_dialed(desk: Desk, pair: NodePair) -> None:
    """Ann's phone is known to the other node only, too."""
    ann = await desk.agent(ANN_HZ, p.LegMode.ON_DEMAND, auto_answers=True, **pair.over_there)
    bob = await desk.agent(BOB_HZ)
    await desk.centre.ask(calls.DialV1, calls.DialingV1, agent_id=ann.agent_id, number=bob.number)
    await desk.answers(ann)
    await hears(ann.leg, BOB_HZ)
    await hears(bob.leg, ANN_HZ)
    bob.leg.hang_up()
    await ann.leg.until_over()


@pytest.mark.parametrize("mode", MODES)
async def test_a_conference_has_members_on_both_nodes(
    desk: Desk, pair: NodePair, mode: p.LegMode
) -> None:
    ann, bob = await desk.agent(), await desk.agent(BOB_HZ, mode, **pair.over_there)
    cid = await desk.agent(1500.0, **pair.over_there)
    _, customer = await desk.talk(cid, wrap_up_s=0)  # who is brought there, and is here again then
    conference_id = str(uuid4())
    of_ann = {"agent_id": ann.agent_id, "conference_id": conference_id}
    await desk.centre.ask(
        calls.StartConferenceV1, calls.ConferenceStatusV1, **of_ann, invite=(bob.target,)
    )
    await hears(await desk.answers(bob), ANN_HZ)
    await desk.ask(calls.TransferV1, cid, target={"kind": "conference", "value": conference_id})
    await hears(customer, ANN_HZ, BOB_HZ)
    await hears(bob.leg, CUSTOMER_HZ)
    await hears(ann.leg, CUSTOMER_HZ, BOB_HZ)
    bob.leg.hang_up()
    await hears_not(customer, BOB_HZ)
    await desk.centre.ask(calls.EndConferenceV1, Done, **of_ann)
    await customer.until_over()
    await desk.until_free(ann, cid)


@pytest.mark.parametrize("moment", ["ringing", "consulting", "merged", "handed", "taken", "parked"])
async def test_a_customer_hangs_up(desk: Desk, pair: NodePair, moment: str) -> None:
    """Whatever is under way between the nodes ends; the fixture sees that nothing is left."""
    ann = await desk.agent()
    answer_s = None if moment in ("ringing", "handed") else 0.05
    bob = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND, answer_after_s=answer_s, **pair.over_there)
    interaction, customer = await desk.talk(ann, wrap_up_s=0)
    if moment == "handed":
        await desk.ask(calls.TransferV1, ann, target=bob.target)
    else:
        await desk.ask(calls.ConsultV1, ann, target=bob.target)
    await desk.answers(bob)
    if moment in ("consulting", "merged", "taken", "parked"):
        await hears(bob.leg, ANN_HZ)
    if moment == "merged":
        await desk.ask(calls.MergeV1, ann)
        await hears(bob.leg, CUSTOMER_HZ)
    if moment in ("taken", "parked"):
        await desk.ask(calls.CompleteTransferV1, ann)
        await both(customer, bob)
    if moment == "parked":
        await desk.centre.ask(calls.ParkV1, calls.ParkedV1, agent_id=bob.agent_id)
    customer.hang_up()
    await bob.leg.until_over()
    await desk.until_free(ann, bob)
    await desk.until_nothing_left(interaction)


@pytest.mark.parametrize("moment", ["while the link is made", "consulting", "owning"])
async def test_an_agent_on_the_other_node_hangs_up(desk: Desk, pair: NodePair, moment: str) -> None:
    ann = await desk.agent()
    bob = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND, answer_after_s=0.05, **pair.over_there)
    _, customer = await desk.talk(ann, wrap_up_s=0)
    await desk.ask(calls.ConsultV1, ann, target=bob.target)
    await desk.answers(bob)
    if moment == "while the link is made":
        await bob.leg.until_answered()
    else:
        await hears(ann.leg, BOB_HZ)
    if moment == "owning":
        await desk.ask(calls.CompleteTransferV1, ann)
        await both(customer, bob)
    bob.leg.hang_up()
    if moment == "owning":
        await customer.until_over()
    else:
        await both(customer, ann)
        customer.hang_up()
    await desk.until_free(ann, bob)


async def test_a_link_that_breaks_ends_what_it_stood_for(desk: Desk, pair: NodePair) -> None:
    ann, bob = await desk.agent(), await desk.agent(BOB_HZ, **pair.over_there)
    _, customer = await desk.talk(ann, wrap_up_s=0)
    for owns in (False, True):
        await consulted(desk, ann, bob)
        if owns:
            await desk.ask(calls.CompleteTransferV1, ann)
            await both(customer, bob)
        await eventually(pair.has_one_link, what="there is one link")
        await pair.break_link()
        if owns:
            await customer.until_over()
        else:
            await both(customer, ann)
        await desk.until_free(bob)
        assert bob.leg.is_up


async def test_the_next_process_goes_on_with_talks_over_nodes(desk: Desk, pair: NodePair) -> None:
    """One where somebody is consulted, one that has been taken over."""
    ann, bob = await desk.agent(), await desk.agent(BOB_HZ, **pair.over_there)
    cid, dan = await desk.agent(1500.0), await desk.agent(1700.0, **pair.over_there)
    _, taken = await desk.talk(cid, wrap_up_s=0)
    await desk.ask(calls.ConsultV1, cid, target=dan.target)
    await hears(dan.leg, cid.hz)
    await desk.ask(calls.CompleteTransferV1, cid)
    await both(taken, dan)
    _, customer = await desk.talk(ann, wrap_up_s=0)
    await consulted(desk, ann, bob)
    for agent in (bob, dan):
        await desk.centre.until_state(agent.agent_id, p.AgentState.TALKING)
    await desk.until_free(cid)
    desk.centre.acd.kill()
    await desk.centre.start_acd()
    await eventually(pair.is_whole, within_s=30, what="both nodes are connected")
    await both(taken, dan)
    await desk.ask(calls.HoldV1, dan)
    await hears_not(dan.leg, CUSTOMER_HZ)
    await desk.ask(calls.ResumeV1, dan)
    await both(taken, dan)
    taken.hang_up()
    await hears(bob.leg, ANN_HZ)
    await desk.ask(calls.CompleteTransferV1, ann)
    await both(customer, bob)
    customer.hang_up()
    await desk.until_free(ann, bob, dan)
    assert bob.leg.is_up
    assert dan.leg.is_up


async def taken_over(desk: Desk, pair: NodePair) -> tuple[Agent, str, PhoneCall]:
    """Have an agent there with a talk that is here."""
    cid = await desk.agent(1500.0)
    ann = await desk.agent(ANN_HZ, p.LegMode.ON_DEMAND, **pair.over_there)
    interaction, customer = await desk.talk(cid, wrap_up_s=0)
    await desk.ask(calls.TransferV1, cid, target=ann.target)
    await desk.answers(ann)
    await both(customer, ann)
    return ann, interaction, customer


@pytest.mark.parametrize("where", ["here", "there"])
async def test_a_phones_two_lines_are_joined_over_nodes(
    desk: Desk, pair: NodePair, where: str
) -> None:
    ann, interaction, customer = await taken_over(desk, pair)
    node = pair.here if where == "here" else pair.there
    bob = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND, **pair.phones_at(node))
    await ann.leg.hold()
    await desk.until_on_hold(interaction)
    line = await ann.phone.call(bob.number)
    await desk.answers(bob)
    await hears(line, BOB_HZ)
    await hears(bob.leg, ANN_HZ)
    await hears_not(customer, ANN_HZ, BOB_HZ)
    assert await ann.leg.refer(replaces=line) == 200
    await both(customer, bob)
    await line.until_over()
    assert len(desk.agents) == 3
    customer.hang_up()
    await desk.until_free(ann, bob)


async def test_a_second_line_that_gets_nobody_leaves_nothing(desk: Desk, pair: NodePair) -> None:
    ann, _, customer = await taken_over(desk, pair)
    bob = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND, answer_after_s=None)
    await ann.leg.hold()
    line = await ann.phone.call(bob.number)
    ring = await bob.phone.next_call()
    await line.until_rings(180)
    ring.refuse(486)
    await line.until_over()
    line = await ann.phone.call(bob.number)
    ring = await bob.phone.next_call()
    ring.answer()
    await hears(line, BOB_HZ)
    line.hang_up()
    await ring.until_over()
    await ann.leg.resume()
    await both(customer, ann)
    customer.hang_up()
    await desk.until_free(ann, bob)


async def test_a_phone_on_the_other_node_transfers_by_itself(desk: Desk, pair: NodePair) -> None:
    ann, _, customer = await taken_over(desk, pair)
    bob = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND)
    assert await ann.leg.refer(bob.number) == 200
    await desk.answers(bob)
    await both(customer, bob)
    await hears_not(customer, ANN_HZ)
    customer.hang_up()
    await desk.until_free(ann, bob)
