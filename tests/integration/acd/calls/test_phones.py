"""What agents' phones do by themselves: hold, transfer by REFER; and a process that dies."""

from __future__ import annotations

import asyncio

import pytest
from tests.support.acd_centre import CUSTOMER_HZ
from tests.support.call_desk import ANN_HZ, BOB_HZ, OUTSIDE_HZ, Desk, hears, hears_not

from ringway.proto import acd as p
from ringway.proto import acd_calls as calls
from ringway.proto.acd_config import Target, TargetKind

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(120),
    pytest.mark.asyncio(loop_scope="module"),
]

MODES = tuple(p.LegMode)
OUTSIDE = Target(kind=TargetKind.NUMBER, value="+442079460001")


async def test_hold_on_the_phone_itself_is_hold(desk: Desk) -> None:
    ann = await desk.agent(mode=p.LegMode.ON_DEMAND)
    interaction, customer = await desk.talk(ann)
    await ann.leg.hold()
    await desk.centre.until_state(ann.agent_id, p.AgentState.HOLD)
    await desk.until_on_hold(interaction)
    await hears_not(customer, ANN_HZ)
    await ann.leg.resume()
    await desk.centre.until_state(ann.agent_id, p.AgentState.TALKING)
    await hears(customer, ANN_HZ)
    await hears(ann.leg, CUSTOMER_HZ)
    assert (await desk.centre.fact("held", interaction))["held_s"] > 0


@pytest.mark.parametrize("then_hang_up", [False, True])
@pytest.mark.parametrize("mode", MODES)
async def test_a_phones_transfer_is_followed(
    desk: Desk, mode: p.LegMode, then_hang_up: bool
) -> None:
    ann, bob = await desk.agent(mode=mode), await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND)
    interaction, customer = await desk.talk(ann)
    status = await ann.leg.refer(bob.number, then_hang_up=then_hang_up)
    assert status == 200
    if then_hang_up and mode is p.LegMode.NAILED_UP:
        ann.call = await ann.phone.next_call()  # his line is there again by itself
    await desk.answers(bob)
    await hears(customer, BOB_HZ)
    await hears(bob.leg, CUSTOMER_HZ)
    await hears_not(customer, ANN_HZ)
    assert not (await desk.centre.fact("transferred", interaction))["is_attended"]
    # Every answer to the phone comes back as an event: none of them begins a transfer.
    await asyncio.sleep(0.5)
    with pytest.raises(TimeoutError):
        await bob.phone.next_call(0.1)
    assert desk.centre.count("transferred", interaction) == 1


@pytest.mark.parametrize("refusal", [486, 603])
async def test_a_phones_transfer_that_fails_leaves_the_talk_as_it_was(
    desk: Desk, refusal: int
) -> None:
    ann = await desk.agent(mode=p.LegMode.ON_DEMAND)
    bob = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND, refuse_with=refusal)
    interaction, customer = await desk.talk(ann)
    assert await ann.leg.refer(bob.number) >= 400
    await desk.centre.until_state(ann.agent_id, p.AgentState.TALKING)
    await hears(customer, ANN_HZ)
    await hears(ann.leg, CUSTOMER_HZ)
    assert desk.centre.count("transferred", interaction) == 0


async def test_a_phones_transfer_to_nowhere_is_refused(desk: Desk) -> None:
    ann = await desk.agent(mode=p.LegMode.ON_DEMAND)
    _, customer = await desk.talk(ann)
    for target in ("12", ann.number, "sip:somebody@example.com"):
        assert await ann.leg.refer(target) >= 400
    await hears(customer, ANN_HZ)
    await hears(ann.leg, CUSTOMER_HZ)


async def test_a_phone_that_leaves_after_its_transfer_leaves_the_customer_ringing(
    desk: Desk,
) -> None:
    ann = await desk.agent(mode=p.LegMode.ON_DEMAND)
    bob = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND, answer_after_s=None)
    interaction, customer = await desk.talk(ann)
    referring = asyncio.get_running_loop().create_task(ann.leg.refer(bob.number))
    call = await bob.phone.next_call()
    ann.leg.hang_up()
    await desk.centre.until_state(ann.agent_id, p.AgentState.WRAP_UP)
    assert await desk.is_on_hold(interaction)
    call.answer()
    await hears(customer, BOB_HZ)
    referring.cancel()


async def test_a_phones_transfer_to_an_outside_number(desk: Desk) -> None:
    ann = await desk.agent(mode=p.LegMode.ON_DEMAND)
    _, customer = await desk.talk(ann)
    async with asyncio.TaskGroup() as group:
        status = group.create_task(ann.leg.refer(OUTSIDE.value))
        outside = await desk.outside()
    assert status.result() == 200
    await hears(customer, OUTSIDE_HZ)
    await hears(outside, CUSTOMER_HZ)
    customer.hang_up()
    await outside.until_over()


@pytest.mark.parametrize("moment", ["held", "consults", "merged", "outside"])
async def test_a_killed_acd_finds_its_talk_as_it_was(desk: Desk, moment: str) -> None:
    centre = desk.centre
    ann, bob = await desk.agent(), await desk.agent(BOB_HZ)
    interaction, customer = await desk.talk(ann)
    if moment == "held":
        await desk.ask(calls.HoldV1, ann)
    else:
        target = OUTSIDE if moment == "outside" else bob.target
        await desk.ask(calls.ConsultV1, ann, target=target)
        if moment == "outside":
            outside = await desk.outside()
        else:
            await hears(bob.leg, ANN_HZ)
    if moment == "merged":
        await desk.ask(calls.MergeV1, ann)
        await hears(customer, BOB_HZ)
    centre.acd.kill()
    if moment == "outside":
        outside.hang_up()  # while nobody watches
        await outside.until_over()
    await centre.start_acd()
    if moment == "held":
        assert await desk.is_on_hold(interaction)
        await desk.ask(calls.ResumeV1, ann)
        await hears(customer, ANN_HZ)
    elif moment == "consults":
        await hears(ann.leg, BOB_HZ)
        await hears_not(customer, ANN_HZ, BOB_HZ)
        await desk.ask(calls.CompleteTransferV1, ann)
        await hears(customer, BOB_HZ)
        await hears_not(ann.leg, BOB_HZ, CUSTOMER_HZ)
    elif moment == "merged":
        await hears(customer, ANN_HZ)
        await hears(customer, BOB_HZ)
        await desk.ask(calls.LeaveV1, ann)
        await hears_not(customer, ANN_HZ)
    else:
        await hears(customer, ANN_HZ)
    customer.hang_up()
    await desk.until_nothing_left(interaction)


@pytest.mark.parametrize("mode", MODES)
async def test_an_attended_transfer_between_two_lines_of_a_phone(
    desk: Desk, mode: p.LegMode
) -> None:
    ann, bob = await desk.agent(mode=mode), await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND)
    interaction, customer = await desk.talk(ann)
    await ann.leg.hold()
    await desk.until_on_hold(interaction)
    line = await ann.phone.call(bob.number)
    await desk.answers(bob)
    await line.until_answered()
    await hears(line, BOB_HZ)
    await hears(bob.leg, ANN_HZ)
    await hears_not(customer, ANN_HZ, BOB_HZ)
    assert await ann.leg.refer(replaces=line) == 200  # and the phone hangs both lines up
    await hears(customer, BOB_HZ)
    await hears(bob.leg, CUSTOMER_HZ)
    await line.until_over()
    assert (await desk.centre.fact("transferred", interaction))["is_attended"]
    if mode is p.LegMode.NAILED_UP:
        ann.call = await ann.phone.next_call()  # his line is there again by itself
    customer.hang_up()
    await desk.until_nothing_left(interaction)


async def test_a_second_line_that_is_not_taken_leaves_the_customer_on_the_first(
    desk: Desk,
) -> None:
    ann = await desk.agent(mode=p.LegMode.ON_DEMAND)
    bob = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND, answer_after_s=None)
    interaction, customer = await desk.talk(ann)
    await ann.leg.hold()
    await desk.until_on_hold(interaction)
    line = await ann.phone.call(bob.number)
    call = await bob.phone.next_call()
    await line.until_rings(180)
    call.refuse(486)
    await line.until_over()
    assert await desk.is_on_hold(interaction)
    line = await ann.phone.call("12")  # no number
    await line.until_over()
    line = await ann.phone.call(bob.number)
    call = await bob.phone.next_call()
    call.answer()
    await line.until_hears(BOB_HZ)
    line.hang_up()
    await call.until_over()
    await ann.leg.resume()
    await hears(customer, ANN_HZ)
    await hears(ann.leg, CUSTOMER_HZ)
