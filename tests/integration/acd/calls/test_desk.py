"""Parking, taking back, picking up and not being disturbed, on real phones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.support.acd_centre import CUSTOMER_HZ, AcdCentre
from tests.support.call_desk import ANN_HZ, BOB_HZ, Agent, Desk, configure, hears, hears_not

from ringway.proto import acd as p
from ringway.proto import acd_calls as calls
from ringway.proto.base import Done
from ringway.runtime.errors import Refused
from ringway.trainer.phone_call import PhoneCall

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(120),
    pytest.mark.asyncio(loop_scope="module"),
]

MODES = tuple(p.LegMode)


async def park(desk: Desk, agent: Agent) -> str:
    parked = await desk.centre.ask(calls.ParkV1, calls.ParkedV1, agent_id=agent.agent_id)
    return parked.slot


async def retrieve(desk: Desk, agent: Agent, slot: str) -> None:
    await desk.centre.ask(calls.RetrieveV1, Done, agent_id=agent.agent_id, slot=slot)


@pytest_asyncio.fixture(loop_scope="module")
async def quick_park(centre: AcdCentre) -> AsyncIterator[None]:
    """One slot, from which customers come back after ten seconds."""
    await configure(centre, "settings", "tenant", park_first=701, park_last=701, park_timeout_s=10)
    yield
    await configure(centre, "settings", "tenant")


@pytest.mark.parametrize("mode", MODES)
async def test_a_parked_customer_is_taken_by_somebody_else(desk: Desk, mode: p.LegMode) -> None:
    ann, bob = await desk.agent(mode=mode), await desk.agent(BOB_HZ, mode)
    interaction, customer = await desk.talk(ann, wrap_up_s=0)
    slot = await park(desk, ann)
    assert await park(desk, ann) == slot  # a repeat
    assert await desk.is_on_hold(interaction)
    await hears_not(customer, ANN_HZ)
    await desk.until_free(ann)
    status = await desk.centre.ask(
        calls.GetInteractionV1, calls.InteractionStatusV1, interaction_id=interaction
    )
    assert status.park_slot == slot
    assert status.parties[0].state is calls.PartyState.PARKED
    for _ in range(2):
        await retrieve(desk, bob, slot)
    await desk.answers(bob)
    await hears(customer, BOB_HZ)
    await hears(bob.leg, CUSTOMER_HZ)
    await hears_not(customer, ANN_HZ)
    await desk.centre.until_state(bob.agent_id, p.AgentState.TALKING)
    with pytest.raises(Refused, match="slot_empty"):
        await retrieve(desk, ann, slot)
    customer.hang_up()
    await desk.until_free(ann, bob)
    await desk.until_nothing_left(interaction)


async def test_two_agents_ask_for_one_slot_and_one_has_him(desk: Desk) -> None:
    ann, bob, cat = [await desk.agent(hz) for hz in (ANN_HZ, BOB_HZ, 1400)]
    _, customer = await desk.talk(ann, wrap_up_s=0)
    slot = await park(desk, ann)
    asked = await asyncio.gather(
        retrieve(desk, bob, slot), retrieve(desk, cat, slot), return_exceptions=True
    )
    refused = [a for a in asked if isinstance(a, BaseException)]
    assert len(refused) == 1
    assert isinstance(refused[0], Refused)
    assert refused[0].code == "slot_empty"
    winner, other = (bob, cat) if isinstance(asked[1], Refused) else (cat, bob)
    await hears(customer, winner.hz)
    await hears_not(customer, other.hz)
    await desk.centre.until_state(other.agent_id, p.AgentState.READY)


async def test_two_customers_are_never_in_one_slot(desk: Desk, quick_park: None) -> None:
    ann, bob = await desk.agent(), await desk.agent(BOB_HZ)
    await desk.talk(ann, wrap_up_s=0)
    await desk.talk(bob, wrap_up_s=0)
    asked = await asyncio.gather(park(desk, ann), park(desk, bob), return_exceptions=True)
    refused = [a for a in asked if isinstance(a, Refused)]
    assert [r.code for r in refused] == ["no_slot"]
    loser = ann if isinstance(asked[0], Refused) else bob
    await desk.centre.until_state(loser.agent_id, p.AgentState.TALKING)
    await hears(loser.leg, CUSTOMER_HZ)


@pytest.mark.parametrize("way", ["parker", "nobody"])
async def test_nobody_takes_a_parked_customer(desk: Desk, quick_park: None, way: str) -> None:
    ann = await desk.agent()
    _, customer = await desk.talk(ann, wrap_up_s=0)
    await park(desk, ann)
    if way == "parker":
        await customer.until_hears(ANN_HZ, 20)
        await hears(ann.leg, CUSTOMER_HZ)
    else:
        await desk.centre.ask(p.SignOutV1, p.AgentStatusV1, agent_id=ann.agent_id)
        await customer.until_over(20)


async def test_a_parked_customer_hangs_up(desk: Desk) -> None:
    ann = await desk.agent()
    interaction, customer = await desk.talk(ann, wrap_up_s=0)
    slot = await park(desk, ann)
    customer.hang_up()
    told = await desk.centre.fact("finished", interaction)
    assert told["outcome"] == "talked"
    await desk.until_nothing_left(interaction)
    with pytest.raises(Refused, match="slot_empty"):
        await retrieve(desk, ann, slot)


async def test_a_phone_that_does_not_come_leaves_the_customer_parked(desk: Desk) -> None:
    ann = await desk.agent()
    bob = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND, refuse_with=486)
    interaction, customer = await desk.talk(ann, wrap_up_s=0)
    slot = await park(desk, ann)
    await retrieve(desk, bob, slot)
    await desk.until_free(bob)
    assert await desk.is_on_hold(interaction)
    await retrieve(desk, ann, slot)
    await hears(customer, ANN_HZ)


async def test_a_desk_phone_dials_the_slot(desk: Desk) -> None:
    ann, bob = await desk.agent(), await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND)
    interaction, customer = await desk.talk(ann, wrap_up_s=0)
    slot = await park(desk, ann)
    own = await bob.phone.call(slot)
    await hears(customer, BOB_HZ)
    await hears(own, CUSTOMER_HZ)
    own.hang_up()
    await customer.until_over()
    await desk.until_nothing_left(interaction)
    await desk.until_free(bob)


async def test_a_customer_hangs_up_while_the_phone_rings_that_takes_him(desk: Desk) -> None:
    ann = await desk.agent()
    bob = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND, answer_after_s=None)
    interaction, customer = await desk.talk(ann, wrap_up_s=0)
    slot = await park(desk, ann)
    await retrieve(desk, bob, slot)
    ringing = await bob.phone.next_call()
    customer.hang_up()
    await ringing.until_over()
    await desk.until_free(ann, bob)
    await desk.until_nothing_left(interaction)


async def test_parked_customers_outlive_the_acd(desk: Desk) -> None:
    ann = await desk.agent()
    interaction, customer = await desk.talk(ann, wrap_up_s=0)
    slot = await park(desk, ann)
    await desk.until_free(ann)
    desk.centre.acd.kill()
    await desk.centre.start_acd()
    assert await desk.is_on_hold(interaction)
    await retrieve(desk, ann, slot)
    await hears(customer, ANN_HZ)
    await hears(ann.leg, CUSTOMER_HZ)


# -- pick up -------------------------------------------------------------------------------------


async def waits_at(desk: Desk, agent: Agent, *others: Agent) -> tuple[str, PhoneCall]:
    """Have a customer transferred to a queue of one agent, whose phone rings."""
    queue = f"queue-{agent.number}"
    await configure(
        desk.centre, "queue", queue, name=queue, agent_ids=[agent.agent_id], after_call="none"
    )
    interaction, customer = await desk.talk(others[0], wrap_up_s=0)
    await desk.ask(calls.TransferV1, others[0], target={"kind": "queue", "value": queue})
    agent.call = await agent.phone.next_call()
    return interaction, customer


@pytest.mark.parametrize("way", ["asks", "phone"])
async def test_a_ringing_call_is_picked_up(desk: Desk, way: str) -> None:
    ann = await desk.agent()
    bob = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND, answer_after_s=None)
    cat = await desk.agent(1400, p.LegMode.ON_DEMAND)
    interaction, customer = await waits_at(desk, bob, ann)
    if way == "asks":
        for _ in range(2):
            await desk.centre.ask(
                calls.PickUpV1, Done, agent_id=cat.agent_id, from_agent_id=bob.agent_id
            )
        await desk.answers(cat)
    else:
        cat.call = await cat.phone.call(f"*8{bob.number}")
    await hears(customer, 1400)
    await hears(cat.leg, CUSTOMER_HZ)
    await bob.leg.until_over()
    await desk.centre.until_state(bob.agent_id, p.AgentState.READY)
    await desk.centre.until_state(cat.agent_id, p.AgentState.TALKING)
    with pytest.raises(Refused, match="nothing_rings"):
        await desk.centre.ask(
            calls.PickUpV1, Done, agent_id=ann.agent_id, from_agent_id=bob.agent_id
        )
    customer.hang_up()
    await desk.until_free(ann, bob, cat)
    await desk.until_nothing_left(interaction)


async def test_two_pick_up_at_once_and_one_has_the_call(desk: Desk) -> None:
    ann = await desk.agent()
    bob = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND, answer_after_s=None)
    cat, dan = await desk.agent(1400), await desk.agent(1700)
    _, customer = await waits_at(desk, bob, ann)
    asked = await asyncio.gather(
        *(
            desk.centre.ask(calls.PickUpV1, Done, agent_id=who.agent_id, from_agent_id=bob.agent_id)
            for who in (cat, dan)
        ),
        return_exceptions=True,
    )
    assert [r.code for r in asked if isinstance(r, Refused)] == ["nothing_rings"]
    winner, other = (cat, dan) if isinstance(asked[1], Refused) else (dan, cat)
    await hears(customer, winner.hz)
    await hears_not(customer, other.hz, BOB_HZ)


async def test_who_picks_up_and_does_not_come_leaves_the_customer_in_his_queue(desk: Desk) -> None:
    ann = await desk.agent()
    bob = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND, answer_after_s=None)
    cat = await desk.agent(1400, p.LegMode.ON_DEMAND, refuse_with=486)
    _, customer = await waits_at(desk, bob, ann)
    await desk.centre.ask(calls.PickUpV1, Done, agent_id=cat.agent_id, from_agent_id=bob.agent_id)
    again = await bob.phone.next_call()
    again.answer()
    await hears(customer, BOB_HZ)


async def test_a_call_between_colleagues_is_picked_up(desk: Desk) -> None:
    ann = await desk.agent()
    bob = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND, answer_after_s=None)
    cat = await desk.agent(1400)
    await desk.centre.ask(calls.DialV1, calls.DialingV1, agent_id=ann.agent_id, number=bob.number)
    call = await bob.phone.next_call()
    await desk.centre.ask(calls.PickUpV1, Done, agent_id=cat.agent_id, from_agent_id=bob.agent_id)
    await hears(ann.leg, 1400)
    await hears(cat.leg, ANN_HZ)
    await call.until_over()


@pytest.mark.parametrize("whose", ["nobody", "own", "idle"])
async def test_nothing_rings_there(desk: Desk, whose: str) -> None:
    ann, bob = await desk.agent(), await desk.agent(BOB_HZ)
    whom = {"nobody": "nobody", "own": ann.agent_id, "idle": bob.agent_id}[whose]
    with pytest.raises(Refused, match="nothing_rings"):
        await desk.centre.ask(calls.PickUpV1, Done, agent_id=ann.agent_id, from_agent_id=whom)


async def test_a_customer_hangs_up_while_the_phone_rings_that_picks_him_up(desk: Desk) -> None:
    ann = await desk.agent()
    bob = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND, answer_after_s=None)
    cat = await desk.agent(1400, p.LegMode.ON_DEMAND, answer_after_s=None)
    interaction, customer = await waits_at(desk, bob, ann)
    await desk.centre.ask(calls.PickUpV1, Done, agent_id=cat.agent_id, from_agent_id=bob.agent_id)
    ringing = await cat.phone.next_call()
    customer.hang_up()
    await ringing.until_over()
    await desk.until_free(ann, bob, cat)
    await desk.until_nothing_left(interaction)


async def test_a_phone_that_transfers_to_its_own_number_keeps_its_call(desk: Desk) -> None:
    ann = await desk.agent(mode=p.LegMode.ON_DEMAND)
    _, customer = await desk.talk(ann)
    assert await ann.leg.refer(ann.number, then_hang_up=False) >= 400
    await hears(customer, ANN_HZ)
    await hears(ann.leg, CUSTOMER_HZ)
    await desk.centre.until_state(ann.agent_id, p.AgentState.TALKING)
