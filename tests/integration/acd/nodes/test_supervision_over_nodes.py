"""Supervisors on another node than the talk: who hears whom, and what is left."""

from __future__ import annotations

import pytest
from tests.support.acd_centre import CUSTOMER_HZ
from tests.support.call_desk import ANN_HZ, BOB_HZ, Agent, Desk, hears, hears_not
from tests.support.node_pair import NodePair
from tests.support.supervision_desk import SUE_HZ, group, seat, stop, supervise, until_told
from tests.support.waiting import eventually

from ringway.proto import acd as p
from ringway.proto import acd_calls as calls
from ringway.proto.acd_config import SupervisionMode as Mode
from ringway.trainer.phone_call import PhoneCall

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(180),
    pytest.mark.asyncio(loop_scope="module"),
]


async def listens_whispers_barges(
    desk: Desk, sue: Agent, agent: Agent, customer: PhoneCall
) -> None:
    """Go through all of it on one phone, which is called once."""
    await supervise(desk, sue, Mode.LISTEN, agent)
    await desk.answers(sue)
    await hears(sue.leg, agent.hz, CUSTOMER_HZ)
    await hears_not(customer, SUE_HZ)
    await hears_not(agent.leg, SUE_HZ)
    await supervise(desk, sue, Mode.WHISPER, agent)
    await hears(agent.leg, SUE_HZ, CUSTOMER_HZ)
    await hears(sue.leg, agent.hz, CUSTOMER_HZ)
    await hears_not(customer, SUE_HZ)
    await supervise(desk, sue, Mode.BARGE, agent)
    await hears(customer, SUE_HZ, agent.hz)
    await hears(agent.leg, SUE_HZ, CUSTOMER_HZ)
    await hears(sue.leg, agent.hz, CUSTOMER_HZ)
    await supervise(desk, sue, Mode.LISTEN, agent)
    await hears_not(customer, SUE_HZ)
    await hears_not(agent.leg, SUE_HZ)
    await hears(sue.leg, agent.hz, CUSTOMER_HZ)
    await hears(customer, agent.hz)
    await hears(agent.leg, CUSTOMER_HZ)


@pytest.mark.parametrize("where", ["talk here", "talk there", "agent there"])
async def test_listen_whisper_and_barge_over_nodes(desk: Desk, pair: NodePair, where: str) -> None:
    """Sue is never where the talk is."""
    is_here = where != "talk there"
    ann = await desk.agent(**pair.phones_at(pair.here if is_here else pair.there))
    sue = await seat(desk, **pair.phones_at(pair.there if is_here else pair.here))
    _, customer = await desk.talk(ann)
    heard = ann
    if where == "agent there":  # he took a talk over that is here
        heard = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND, **pair.over_there)
        await desk.ask(calls.ConsultV1, ann, target=heard.target)
        await hears(await desk.answers(heard), ANN_HZ)
        await desk.ask(calls.CompleteTransferV1, ann)
        await hears(customer, BOB_HZ)
    await group(desk, sue, heard)
    await listens_whispers_barges(desk, sue, heard, customer)
    await stop(desk, sue)
    await sue.leg.until_over()
    await hears(customer, heard.hz)
    customer.hang_up()


async def test_a_supervisor_follows_an_agent_from_node_to_node(desk: Desk, pair: NodePair) -> None:
    """Sue listens with her own nailed-up phone, which goes home after."""
    ann = await desk.agent()
    bob, sue = await desk.agent(BOB_HZ, **pair.over_there), await desk.agent(SUE_HZ)
    await group(desk, sue, bob)
    _, customer = await desk.talk(ann, wrap_up_s=0)
    await desk.ask(calls.ConsultV1, ann, target=bob.target)
    await hears(bob.leg, ANN_HZ)
    await supervise(desk, sue, Mode.LISTEN, bob)  # the talk is here, as Sue is
    await hears(sue.leg, ANN_HZ, BOB_HZ)
    await desk.ask(calls.CancelConsultV1, ann)
    await hears_not(sue.leg, ANN_HZ)
    customer.hang_up()
    await desk.until_free(ann, bob)
    _, customer = await desk.talk(bob, wrap_up_s=0)  # and this one is there
    await hears(sue.leg, BOB_HZ, CUSTOMER_HZ)
    await supervise(desk, sue, Mode.BARGE, bob)
    await hears(customer, SUE_HZ)
    await stop(desk, sue)
    await hears_not(sue.leg, BOB_HZ, CUSTOMER_HZ)
    await hears_not(customer, SUE_HZ)
    assert sue.leg.is_up
    assert len(sue.phone.calls) == 1
    customer.hang_up()
    await desk.until_free(bob)


@pytest.mark.parametrize("is_agent", [True, False], ids=["an agent", "nobody's agent"])
async def test_a_supervisor_takes_the_customer_to_another_node(
    desk: Desk, pair: NodePair, is_agent: bool
) -> None:
    ann = await desk.agent()
    if is_agent:
        sue = await desk.agent(SUE_HZ, **pair.over_there)
    else:
        sue = await seat(desk, **pair.over_there)
    await group(desk, sue, ann)
    interaction, customer = await desk.talk(ann, wrap_up_s=0)
    await supervise(desk, sue, Mode.INTERCEPT, ann)
    await desk.answers(sue)
    await hears(customer, SUE_HZ)
    await hears(sue.leg, CUSTOMER_HZ)
    await hears_not(ann.leg, CUSTOMER_HZ, SUE_HZ)
    await desk.until_free(ann)
    if is_agent:
        await desk.ask(calls.HoldV1, sue)
        await desk.until_on_hold(interaction)
        await desk.ask(calls.ResumeV1, sue)
        await hears(customer, SUE_HZ)
        customer.hang_up()
        await desk.until_free(sue)
        assert sue.leg.is_up
    else:
        sue.leg.hang_up()
        await customer.until_over()


@pytest.mark.parametrize("how", [Mode.LISTEN, Mode.BARGE])
async def test_a_link_that_breaks_ends_the_supervision_only(
    desk: Desk, pair: NodePair, how: Mode
) -> None:
    ann, sue = await desk.agent(), await seat(desk, **pair.over_there)
    await group(desk, sue, ann)
    _, customer = await desk.talk(ann, wrap_up_s=0)
    await supervise(desk, sue, how, ann)
    await hears(await desk.answers(sue), ANN_HZ, CUSTOMER_HZ)
    await pair.break_link()
    await sue.leg.until_over()
    await until_told(desk, sue, "ended")
    await hears_not(customer, SUE_HZ)
    await hears(customer, ANN_HZ)
    await hears(ann.leg, CUSTOMER_HZ)
    await eventually(pair.has_no_links, within_s=10, what="no link is left")
    customer.hang_up()
