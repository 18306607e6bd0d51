"""Offers taken and declined by key, and requests that come all at once."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from typing import Any

import pytest
from tests.support.acd_centre import CUSTOMER_HZ
from tests.support.call_desk import ANN_HZ, BOB_HZ, Agent, Desk, configure, hears, hears_not
from tests.support.waiting import eventually

from ringway.proto import acd as p
from ringway.proto import acd_calls as calls
from ringway.proto.acd_config import ConfigV1, PutConfigV1
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import Refused
from ringway.trainer.phone_call import PhoneCall

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(120),
    pytest.mark.asyncio(loop_scope="module"),
]


async def by_key(desk: Desk, hz: float) -> Agent:
    """An agent whose nailed-up phone is joined only when he presses the key."""
    agent = await desk.agent(hz)
    put = PutConfigV1(
        occurred_at=utcnow(),
        tenant=desk.centre.tenant,
        kind="agent_profile",
        object_id=agent.agent_id,
        body={"auto_answer": False},
    )
    await desk.centre.bus.request(put, ConfigV1, timeout_s=15)
    return agent


async def test_an_offer_is_taken_by_the_key(desk: Desk) -> None:
    ann = await by_key(desk, ANN_HZ)
    with pytest.raises(Refused, match="interaction_unknown"):
        await desk.ask(calls.AnswerV1, ann)
    await desk.centre.campaign(ann.agent_id)
    interaction, customer = await desk.centre.customer_answers()
    await desk.centre.until_state(ann.agent_id, p.AgentState.RESERVED)
    await hears_not(customer, ANN_HZ)
    for _ in range(2):
        await desk.ask(calls.AnswerV1, ann, interaction_id=interaction)
    await hears(customer, ANN_HZ)


async def test_of_two_agents_who_press_at_once_one_gets_the_call(desk: Desk) -> None:
    ann, bob = await by_key(desk, ANN_HZ), await by_key(desk, BOB_HZ)
    queue = f"queue-{ann.number}"
    put = PutConfigV1(
        occurred_at=utcnow(),
        tenant=desk.centre.tenant,
        kind="queue",
        object_id=queue,
        body={
            "name": queue,
            "agent_ids": [ann.agent_id, bob.agent_id],
            "strategy": "ring_all",
            "after_call": "none",
        },
    )
    await desk.centre.bus.request(put, ConfigV1, timeout_s=15)
    cid = await desk.agent(1500.0)
    interaction, customer = await desk.talk(cid, wrap_up_s=0)
    await desk.ask(calls.TransferV1, cid, target={"kind": "queue", "value": queue})
    for agent in (ann, bob):
        await desk.centre.until_state(agent.agent_id, p.AgentState.RESERVED)
    await asyncio.gather(
        *(desk.ask(calls.AnswerV1, agent, interaction_id=interaction) for agent in (ann, bob)),
        return_exceptions=True,
    )
    await eventually(
        lambda: customer.hears(ANN_HZ) or customer.hears(BOB_HZ), within_s=10, what="one talks"
    )
    assert not (customer.hears(ANN_HZ) and customer.hears(BOB_HZ))

    async def one_is_free() -> bool:
        states = [await desk.centre.state(agent.agent_id) for agent in (ann, bob)]
        return sorted(states) == [p.AgentState.READY, p.AgentState.TALKING]

    await eventually(one_is_free, what="one talks and the other one is free")


async def test_a_consultation_is_taken_or_declined_by_the_key(desk: Desk) -> None:
    ann, bob = await desk.agent(), await by_key(desk, BOB_HZ)
    interaction, customer = await desk.talk(ann)
    await desk.ask(calls.ConsultV1, ann, target=bob.target)
    await hears_not(bob.leg, ANN_HZ)
    await desk.ask(calls.DeclineV1, bob)
    await hears(customer, ANN_HZ)
    await desk.until_free(bob)
    await desk.ask(calls.ConsultV1, ann, target=bob.target)
    await desk.ask(calls.AnswerV1, bob, interaction_id=interaction)
    await hears(bob.leg, ANN_HZ)
    await hears_not(customer, ANN_HZ, BOB_HZ)


@pytest.mark.parametrize("seed", range(3))
async def test_requests_that_come_all_at_once_leave_nothing_behind(desk: Desk, seed: int) -> None:
    chance = random.Random(seed)
    ann = await desk.agent()
    bob = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND, answer_after_s=0.05)
    interaction, customer = await desk.talk(ann, wrap_up_s=0)
    operations: tuple[tuple[type[calls.ControlRequest], dict[str, Any]], ...] = (
        (calls.HoldV1, {}),
        (calls.ResumeV1, {}),
        (calls.MuteV1, {"muted": True}),
        (calls.MuteV1, {"muted": False}),
        (calls.ConsultV1, {"target": bob.target}),
        (calls.CancelConsultV1, {}),
        (calls.MergeV1, {}),
        (calls.LeaveV1, {}),
        (calls.CompleteTransferV1, {}),
    )

    async def one() -> None:
        await asyncio.sleep(chance.uniform(0, 1.5))
        kind, fields = chance.choice(operations)
        who = chance.choice((ann, ann, bob))
        with suppress(Refused):
            await desk.ask(kind, who, interaction_id=interaction, **fields)

    async with asyncio.TaskGroup() as group:
        for _ in range(40):
            group.create_task(one())
    assert not customer.is_over
    customer.hang_up()
    await desk.until_nothing_left(interaction)
    await desk.until_free(ann, bob)
    assert ann.leg.is_up
    _, customer = await desk.talk(ann)  # heard in the next call, and alone with the customer
    await hears_not(ann.leg, BOB_HZ)
    await hears(ann.leg, CUSTOMER_HZ)


async def ringing(
    desk: Desk, ring_s: float = 15, **kwargs: Any
) -> tuple[Agent, PhoneCall, PhoneCall]:
    """An agent whose phone rings for a caller of a queue; his ring, and the caller."""
    ann = await desk.agent(ANN_HZ, p.LegMode.ON_DEMAND, answer_after_s=None, **kwargs)
    queue = f"queue-{ann.number}"
    body = {"name": queue, "agent_ids": [ann.agent_id], "after_call": "none"}
    await configure(desk.centre, "queue", queue, **body, ring_timeout_s=ring_s)
    cid = await desk.agent(1500.0)
    _, customer = await desk.talk(cid, wrap_up_s=0)
    await desk.ask(calls.TransferV1, cid, target={"kind": "queue", "value": queue})
    return ann, await ann.phone.next_call(), customer


async def test_a_phone_that_rings_is_answered_by_the_key(desk: Desk) -> None:
    ann, ring, customer = await ringing(desk, auto_answers=True, lines=1)
    began = asyncio.get_running_loop().time()
    await asyncio.gather(*(desk.ask(calls.AnswerV1, ann) for _ in range(3)))
    ann.call = await ann.phone.next_call()
    await hears(customer, ANN_HZ)
    print(f"heard {asyncio.get_running_loop().time() - began:.3f} s after the key")
    await hears(ann.leg, CUSTOMER_HZ)
    await ring.until_over()
    await desk.ask(calls.AnswerV1, ann)  # a repeat
    assert ann.leg.is_up
    assert not ring.is_up
    customer.hang_up()
    await desk.until_free(ann)
    await desk.centre.until_state(ann.agent_id, p.AgentState.READY)
    await eventually(lambda: len(ann.phone.recent) == 2, what="it was called twice, not more")


async def test_a_phone_that_answers_only_by_hand_rings_on(desk: Desk) -> None:
    ann, ring, customer = await ringing(desk)
    await desk.ask(calls.AnswerV1, ann)
    ann.call = await ann.phone.next_call()
    await ring.until_over()
    await desk.ask(calls.AnswerV1, ann)
    assert not ann.leg.is_over
    ann.leg.answer()
    await hears(customer, ANN_HZ)
    await hears(ann.leg, CUSTOMER_HZ)


async def test_a_phone_that_rings_on_in_vain_was_not_answered_in_time(desk: Desk) -> None:
    ann, _, customer = await ringing(desk, 5)
    began = asyncio.get_running_loop().time()
    await desk.ask(calls.AnswerV1, ann)
    again = await ann.phone.next_call()
    await again.until_over(20)
    took = asyncio.get_running_loop().time() - began
    assert took < 10  # counted from the first ring; a busy machine may add a little
    await desk.centre.until_state(ann.agent_id, p.AgentState.NOT_READY)
    assert not customer.is_over


@pytest.mark.parametrize("moment", ["before", "after", "between"])
async def test_a_caller_who_leaves_while_a_phone_is_called_again(desk: Desk, moment: str) -> None:
    ann, ring, customer = await ringing(desk, auto_answers=moment != "after")
    asked = desk.spawn(desk.ask(calls.AnswerV1, ann)) if moment != "before" else None
    if moment == "after":
        ring = await ann.phone.next_call()
    customer.hang_up()
    if asked is None:
        asked = desk.spawn(desk.ask(calls.AnswerV1, ann))
    with suppress(Refused):
        await asked
    await desk.until_free(ann)
    await ring.until_over()
    await eventually(lambda: not ann.phone.calls, within_s=10, what="no call is left")
    await desk.centre.until_state(ann.agent_id, p.AgentState.READY)


async def test_a_phone_answered_by_hand_and_by_key_at_once_is_answered(desk: Desk) -> None:
    ann, ring, customer = await ringing(desk, auto_answers=True)
    asked = desk.spawn(desk.ask(calls.AnswerV1, ann))
    ring.answer()
    await asked
    await hears(customer, ANN_HZ)

    def up() -> list[PhoneCall]:
        return [call for call in ann.phone.calls.values() if call.is_up]

    await eventually(lambda: len(up()) == 1, what="one call is up")
    (ann.call,) = up()
    await hears(ann.leg, CUSTOMER_HZ)
    assert up() == [ann.call]


async def test_a_consulted_phone_that_rings_is_answered_by_the_key(desk: Desk) -> None:
    ann = await desk.agent()
    bob = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND, answer_after_s=None, auto_answers=True)
    _, customer = await desk.talk(ann)
    asked = desk.spawn(desk.ask(calls.ConsultV1, ann, target=bob.target))
    await bob.phone.next_call()
    await desk.ask(calls.AnswerV1, bob)
    bob.call = await bob.phone.next_call()
    await asked
    await hears(bob.leg, ANN_HZ)
    await hears(ann.leg, BOB_HZ)
    await hears_not(customer, ANN_HZ, BOB_HZ)
    await desk.ask(calls.CompleteTransferV1, ann)
    await hears(customer, BOB_HZ)


async def test_an_ordinary_telephone_is_answered_by_hand(desk: Desk) -> None:
    ann = await desk.agent(ANN_HZ, p.LegMode.ON_DEMAND)
    await configure(
        desk.centre, "agent_profile", ann.agent_id, phone="number", phone_number="+8613700000077"
    )
    cid = await desk.agent(1500.0)
    _, customer = await desk.talk(cid)
    await desk.ask(calls.ConsultV1, cid, target=ann.target)
    outside = await desk.outside(answer=False)
    with pytest.raises(Refused, match="ordinary telephone"):
        await desk.ask(calls.AnswerV1, ann)
    outside.answer()
    await outside.until_answered()
    await desk.centre.until_state(ann.agent_id, p.AgentState.TALKING)
    customer.hang_up()
