"""What agents do with their calls, on real phones: who hears whom after each operation."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest
from tests.support.acd_centre import CUSTOMER_HZ
from tests.support.audio import tones
from tests.support.call_desk import ANN_HZ, BOB_HZ, OUTSIDE_HZ, Desk, hears, hears_not
from tests.support.waiting import eventually

from ringway.proto import acd as p
from ringway.proto import acd_calls as calls
from ringway.proto.acd_config import ConfigV1, PutConfigV1, Target, TargetKind
from ringway.proto.base import Done, Reply
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import Refused

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(120),
    pytest.mark.asyncio(loop_scope="module"),
]

OUTSIDE = Target(kind=TargetKind.NUMBER, value="+442079460001")
MODES = tuple(p.LegMode)
RING_HZ = 450.0


@pytest.mark.parametrize("mode", MODES)
async def test_a_held_customer_hears_music_and_nobody_hears_him(
    desk: Desk, mode: p.LegMode
) -> None:
    ann = await desk.agent(mode=mode)
    interaction, customer = await desk.talk(ann)
    for _ in range(2):  # a repeat changes nothing
        await desk.ask(calls.HoldV1, ann)
    assert await desk.is_on_hold(interaction)
    await desk.centre.until_state(ann.agent_id, p.AgentState.HOLD)
    await hears_not(customer, ANN_HZ)
    await hears_not(ann.leg, CUSTOMER_HZ)
    for _ in range(2):
        await desk.ask(calls.ResumeV1, ann)
    await hears(customer, ANN_HZ)
    await hears(ann.leg, CUSTOMER_HZ)
    await desk.centre.until_state(ann.agent_id, p.AgentState.TALKING)
    told = await desk.centre.fact("held", interaction)
    assert told["held_s"] > 0.2
    assert desk.centre.count("held", interaction) == 1


async def test_a_muted_agent_hears_and_is_not_heard(desk: Desk) -> None:
    ann = await desk.agent()
    _, customer = await desk.talk(ann, wrap_up_s=0)
    await desk.ask(calls.MuteV1, ann, muted=True)
    await hears_not(customer, ANN_HZ)
    await hears(ann.leg, CUSTOMER_HZ)
    await desk.ask(calls.MuteV1, ann, muted=False)
    await hears(customer, ANN_HZ)
    # Muted at the end of a talk, he is heard in the next.
    await desk.ask(calls.MuteV1, ann, muted=True)
    customer.hang_up()
    await desk.until_free(ann)
    await desk.talk(ann)


async def test_keys_and_sounds_reach_the_customer(desk: Desk) -> None:
    ann = await desk.agent()
    _, customer = await desk.talk(ann)
    await desk.ask(calls.SendDigitsV1, ann, digits="12#")
    await customer.until_keys("12#")
    await desk.ask(calls.PlayV1, ann, digits="7")
    with pytest.raises(Refused, match="no_voice"):
        await desk.ask(calls.PlayV1, ann, text="hello")
    await desk.ask(calls.HoldV1, ann)
    with pytest.raises(Refused, match="not_now"):
        await desk.ask(calls.PlayV1, ann, digits="7")


@pytest.mark.parametrize("mode", MODES)
async def test_consulting_swapping_and_back(desk: Desk, mode: p.LegMode) -> None:
    ann, bob = await desk.agent(mode=mode), await desk.agent(BOB_HZ, mode)
    interaction, customer = await desk.talk(ann)
    await desk.ask(calls.ConsultV1, ann, target=bob.target)
    await desk.answers(bob)
    await hears(ann.leg, BOB_HZ)
    await hears(bob.leg, ANN_HZ)
    await hears_not(customer, ANN_HZ, BOB_HZ)
    assert await desk.is_on_hold(interaction)
    await desk.centre.until_state(bob.agent_id, p.AgentState.TALKING)
    await desk.ask(calls.ResumeV1, ann)  # swap: bob waits with music
    await hears(customer, ANN_HZ)
    await hears_not(bob.leg, ANN_HZ, CUSTOMER_HZ)
    await hears_not(customer, BOB_HZ)
    await desk.ask(calls.HoldV1, ann)
    await hears(bob.leg, ANN_HZ)
    await hears_not(customer, ANN_HZ, BOB_HZ)
    await desk.ask(calls.CancelConsultV1, ann)
    await hears(customer, ANN_HZ)
    await hears(ann.leg, CUSTOMER_HZ)
    await hears_not(customer, BOB_HZ)
    await desk.until_free(bob)
    assert (await desk.centre.fact("consulted", interaction))["outcome"] == "returned"


@pytest.mark.parametrize("mode", MODES)
async def test_an_attended_transfer_leaves_the_customer_with_the_other_agent(
    desk: Desk, mode: p.LegMode
) -> None:
    ann, bob = await desk.agent(mode=mode), await desk.agent(BOB_HZ, mode)
    interaction, customer = await desk.talk(ann)
    await desk.ask(calls.ConsultV1, ann, target=bob.target)
    await desk.answers(bob)
    await hears(bob.leg, ANN_HZ)
    for _ in range(2):
        await desk.ask(calls.CompleteTransferV1, ann)
    await hears(customer, BOB_HZ)
    await hears(bob.leg, CUSTOMER_HZ)
    await hears_not(customer, ANN_HZ)
    if mode is p.LegMode.NAILED_UP:
        await hears_not(ann.leg, CUSTOMER_HZ, BOB_HZ)
    else:
        await ann.leg.until_over()
    await desk.centre.until_state(ann.agent_id, p.AgentState.WRAP_UP)
    assert (await desk.centre.fact("transferred", interaction))["is_attended"]
    status = await desk.centre.ask(
        calls.GetInteractionV1, calls.InteractionStatusV1, interaction_id=interaction
    )
    assert status.agent_id == bob.agent_id
    assert len(status.parties) == 2
    customer.hang_up()
    await desk.centre.until_state(bob.agent_id, p.AgentState.WRAP_UP)
    await desk.until_nothing_left(interaction)


async def test_who_consults_hears_it_ring_and_the_customer_does_not(desk: Desk) -> None:
    ann = await desk.agent()
    bob = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND, answer_after_s=None)
    _, customer = await desk.talk(ann)
    await desk.ask(calls.ConsultV1, ann, target=bob.target)
    await hears(ann.leg, RING_HZ)
    assert not customer.heard(RING_HZ)
    (await bob.phone.next_call()).answer()
    await hears(ann.leg, BOB_HZ)
    await hears_not(ann.leg, RING_HZ)
    await desk.ask(calls.CancelConsultV1, ann)
    await hears(ann.leg, CUSTOMER_HZ)
    await desk.until_free(bob)
    # The same for a number, and it ends with the wish for it.
    await desk.ask(calls.ConsultV1, ann, target=OUTSIDE)
    outside = await desk.outside(answer=False)
    await hears(ann.leg, RING_HZ)
    await desk.ask(calls.CancelConsultV1, ann)
    await hears_not(ann.leg, RING_HZ)
    await outside.until_over()
    assert not customer.heard(RING_HZ)


async def test_a_transfer_can_be_completed_while_the_phone_rings(desk: Desk) -> None:
    ann = await desk.agent()
    bob = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND, answer_after_s=None)
    interaction, customer = await desk.talk(ann)
    await desk.ask(calls.ConsultV1, ann, target=bob.target)
    call = await bob.phone.next_call()
    await desk.ask(calls.CompleteTransferV1, ann)
    assert await desk.is_on_hold(interaction)
    await hears_not(customer, ANN_HZ)
    await hears_not(ann.leg, RING_HZ)
    call.answer()
    await hears(customer, BOB_HZ)
    await hears(call, CUSTOMER_HZ)


async def test_a_blind_transfer_to_an_agent(desk: Desk) -> None:
    ann, bob = await desk.agent(), await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND)
    interaction, customer = await desk.talk(ann)
    for _ in range(2):
        await desk.ask(calls.TransferV1, ann, target=bob.target)
    await desk.answers(bob)
    await hears(customer, BOB_HZ)
    await hears_not(customer, ANN_HZ)
    await hears_not(ann.leg, CUSTOMER_HZ)
    assert not (await desk.centre.fact("transferred", interaction))["is_attended"]


@pytest.mark.parametrize("status", [486, 603, 500])
async def test_a_target_that_does_not_come_brings_the_customer_back(
    desk: Desk, status: int
) -> None:
    ann = await desk.agent()
    bob = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND, refuse_with=status)
    interaction, customer = await desk.talk(ann)
    await desk.ask(calls.TransferV1, ann, target=bob.target)
    await eventually(
        lambda: desk.centre.count("connected", interaction) == 2, within_s=10, what="recalled"
    )
    await desk.centre.until_state(ann.agent_id, p.AgentState.TALKING)
    await hears(customer, ANN_HZ)
    await hears(ann.leg, CUSTOMER_HZ)
    assert desk.centre.count("transferred", interaction) == 0
    await desk.until_free(bob)


async def test_a_three_way_call_and_leaving_it(desk: Desk) -> None:
    ann, bob = await desk.agent(), await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND)
    interaction, customer = await desk.talk(ann)
    await desk.ask(calls.ConsultV1, ann, target=bob.target)
    await desk.answers(bob)
    await hears(bob.leg, ANN_HZ)
    await desk.ask(calls.MergeV1, ann)
    await hears(customer, ANN_HZ, BOB_HZ)
    await hears(ann.leg, CUSTOMER_HZ, BOB_HZ)
    await hears(bob.leg, CUSTOMER_HZ, ANN_HZ)
    with pytest.raises(Refused, match="not_now"):
        await desk.ask(calls.HoldV1, bob)  # ann has the customer
    await desk.ask(calls.LeaveV1, ann)
    await hears_not(customer, ANN_HZ)
    await hears(customer, BOB_HZ)
    await hears_not(ann.leg, CUSTOMER_HZ, BOB_HZ)
    assert (await desk.centre.fact("consulted", interaction))["outcome"] == "merged"
    await desk.ask(calls.HoldV1, bob)  # now he has
    await hears_not(customer, BOB_HZ)


async def test_a_party_is_removed_from_a_three_way_call(desk: Desk) -> None:
    ann = await desk.agent()
    interaction, customer = await desk.talk(ann)
    await desk.ask(calls.ConsultV1, ann, target=OUTSIDE)
    outside = await desk.outside()
    await hears(ann.leg, OUTSIDE_HZ)
    await desk.ask(calls.SendDigitsV1, ann, digits="5")
    await outside.until_keys("5")
    await desk.ask(calls.MergeV1, ann)
    await hears(customer, OUTSIDE_HZ)
    listed = await desk.centre.ask(calls.ListInteractionsV1, calls.InteractionListV1)
    (status,) = [i for i in listed.interactions if i.interaction_id == interaction]
    (third,) = [x for x in status.parties if x.role is calls.PartyRole.MEMBER]
    for _ in range(2):
        await desk.ask(calls.RemovePartyV1, ann, leg_id=third.leg_id)
    await outside.until_over()
    await hears(customer, ANN_HZ)
    await hears(ann.leg, CUSTOMER_HZ)


async def test_an_outside_party_gets_the_customer_and_both_ends_end_together(desk: Desk) -> None:
    ann = await desk.agent()
    interaction, customer = await desk.talk(ann)
    await desk.ask(calls.ConsultV1, ann, target=OUTSIDE)
    outside = await desk.outside()
    await hears(outside, ANN_HZ)
    await hears_not(customer, ANN_HZ, OUTSIDE_HZ)
    await desk.ask(calls.CompleteTransferV1, ann)
    await hears(customer, OUTSIDE_HZ)
    await hears(outside, CUSTOMER_HZ)
    await hears_not(outside, ANN_HZ)
    await desk.centre.until_state(ann.agent_id, p.AgentState.WRAP_UP)
    outside.hang_up()
    await customer.until_over()
    await desk.until_nothing_left(interaction)


@pytest.mark.parametrize("status", [404, 486, 503])
async def test_an_outside_party_that_refuses_gives_the_customer_back(
    desk: Desk, status: int
) -> None:
    ann = await desk.agent()
    interaction, customer = await desk.talk(ann)
    await desk.ask(calls.ConsultV1, ann, target=OUTSIDE)
    outside = await desk.outside(answer=False)
    assert await desk.is_on_hold(interaction)
    outside.refuse(status)
    await hears(customer, ANN_HZ)
    assert (await desk.centre.fact("consulted", interaction))["outcome"] == "not_answered"


async def test_a_transfer_to_a_queue_rings_somebody_else(desk: Desk) -> None:
    ann, bob = await desk.agent(), await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND)
    queue = f"queue-{ann.number}"
    put = PutConfigV1(
        occurred_at=utcnow(),
        tenant=desk.centre.tenant,
        kind="queue",
        object_id=queue,
        body={"name": queue, "agent_ids": [ann.agent_id, bob.agent_id], "after_call": "none"},
    )
    await desk.centre.bus.request(put, ConfigV1, timeout_s=15)
    interaction, customer = await desk.talk(ann, wrap_up_s=0)
    target = Target(kind=TargetKind.QUEUE, value=queue)
    for _ in range(2):
        await desk.ask(calls.TransferV1, ann, target=target)
    await desk.answers(bob)
    await hears(customer, BOB_HZ)
    await hears_not(customer, ANN_HZ)
    assert (await desk.centre.fact("transferred", interaction))["target"]["value"] == queue


@pytest.mark.parametrize(
    ("target", "code"),
    [
        (Target(kind=TargetKind.NUMBER, value="12"), "number_"),
        (Target(kind=TargetKind.AGENT, value="nobody"), "target_unknown"),
        (Target(kind=TargetKind.QUEUE, value="nowhere"), "target_unknown"),
        (Target(kind=TargetKind.BUSY), "target_not_possible"),
    ],
)
async def test_a_wrong_target_is_refused_and_changes_nothing(
    desk: Desk, target: Target, code: str
) -> None:
    ann = await desk.agent()
    _, customer = await desk.talk(ann)
    with pytest.raises(Refused, match=code):
        await desk.ask(calls.TransferV1, ann, target=target)
    await hears(customer, ANN_HZ)
    await hears(ann.leg, CUSTOMER_HZ)


async def test_an_agent_who_talks_cannot_be_consulted(desk: Desk) -> None:
    ann, bob = await desk.agent(), await desk.agent(BOB_HZ)
    await desk.talk(bob)
    _, customer = await desk.talk(ann)
    with pytest.raises(Refused, match="agent_busy"):
        await desk.ask(calls.ConsultV1, ann, target=bob.target)
    await hears(customer, ANN_HZ)


async def test_a_call_of_somebody_else_does_not_exist(desk: Desk) -> None:
    ann, bob = await desk.agent(), await desk.agent(BOB_HZ)
    interaction, customer = await desk.talk(ann)
    with pytest.raises(Refused, match="interaction_unknown"):
        await desk.ask(calls.HoldV1, bob, interaction_id=interaction)
    with pytest.raises(Refused, match="interaction_unknown"):
        await desk.ask(calls.HoldV1, bob)
    about = {"occurred_at": utcnow(), "tenant": str(uuid4()), "interaction_id": interaction}
    for request in (
        calls.GetInteractionV1(**about),
        calls.HoldV1(agent_id=ann.agent_id, **about),
        calls.TransferV1(agent_id=ann.agent_id, target=bob.target, **about),
    ):
        with pytest.raises(Refused, match="interaction_unknown"):
            await desk.centre.bus.request(request, Reply, timeout_s=15)
    await hears(customer, ANN_HZ)


@pytest.mark.parametrize("moment", ["held", "rings", "consults", "swapped", "merged", "handed"])
async def test_a_customer_who_hangs_up_ends_everything(desk: Desk, moment: str) -> None:
    ann = await desk.agent()
    slow = moment in ("rings", "handed")
    bob = await desk.agent(
        BOB_HZ, p.LegMode.ON_DEMAND, **({"answer_after_s": None} if slow else {})
    )
    interaction, customer = await desk.talk(ann, wrap_up_s=0)
    if moment == "held":
        await desk.ask(calls.HoldV1, ann)
    else:
        await desk.ask(calls.ConsultV1, ann, target=bob.target)
        bob.call = await bob.phone.next_call()
    if not slow and moment != "held":
        await hears(bob.leg, ANN_HZ)
    if moment == "swapped":
        await desk.ask(calls.ResumeV1, ann)
    elif moment == "merged":
        await desk.ask(calls.MergeV1, ann)
    elif moment == "handed":
        await desk.ask(calls.CompleteTransferV1, ann)
    customer.hang_up()
    if bob.call is not None:
        await bob.call.until_over()
    await desk.until_free(ann, bob)
    await desk.until_nothing_left(interaction)
    assert ann.leg.is_up
    await hears_not(ann.leg, CUSTOMER_HZ, BOB_HZ)
    await desk.talk(ann)  # and he serves the next one


@pytest.mark.parametrize("moment", ["plain", "consults", "merged"])
async def test_a_phone_that_hangs_up_ends_only_what_depends_on_it(desk: Desk, moment: str) -> None:
    ann, bob = (
        await desk.agent(mode=p.LegMode.ON_DEMAND),
        await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND),
    )
    interaction, customer = await desk.talk(ann)
    if moment != "plain":
        await desk.ask(calls.ConsultV1, ann, target=bob.target)
        await desk.answers(bob)
        await hears(bob.leg, ANN_HZ)
    if moment == "merged":
        await desk.ask(calls.MergeV1, ann)
        await hears(customer, BOB_HZ)
    ann.leg.hang_up()
    if moment == "merged":
        await hears_not(customer, ANN_HZ)
        await hears(customer, BOB_HZ)
        await hears(bob.leg, CUSTOMER_HZ)
        customer.hang_up()
    await customer.until_over()
    await desk.until_nothing_left(interaction)
    await desk.centre.until_state(ann.agent_id, p.AgentState.WRAP_UP)


async def test_a_consulted_agent_who_hangs_up_gives_the_customer_back(desk: Desk) -> None:
    ann, bob = await desk.agent(), await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND)
    _, customer = await desk.talk(ann)
    await desk.ask(calls.ConsultV1, ann, target=bob.target)
    await desk.answers(bob)
    await hears(bob.leg, ANN_HZ)
    await desk.centre.ask(p.HangUpV1, Done, agent_id=bob.agent_id)
    await bob.leg.until_over()
    await hears(customer, ANN_HZ)
    await hears(ann.leg, CUSTOMER_HZ)


async def test_one_recording_covers_a_transferred_call(desk: Desk, tmp_path: Path) -> None:
    ann, bob = await desk.agent(), await desk.agent(BOB_HZ)
    interaction, customer = await desk.talk(ann)
    await asyncio.sleep(0.7)  # something to record
    await desk.ask(calls.TransferV1, ann, target=bob.target)
    await hears(customer, BOB_HZ)
    await asyncio.sleep(0.7)
    customer.hang_up()

    def last() -> list[str]:
        return [
            data["recording_agent"]
            for subject, data in desk.centre.facts
            if subject.endswith(".disconnected")
            and data["interaction_id"] == interaction
            and data["is_last"]
        ]

    await eventually(lambda: bool(last()), within_s=10, what="the last segment is told")
    name = last()[0]
    file = tmp_path / "agents.wav"
    await eventually(lambda: _stored(desk, name), within_s=10, what="the recording is stored")
    file.write_bytes(await desk.centre.node.get_stored_recording(name))
    found = tones(file, 0, (ANN_HZ, BOB_HZ, CUSTOMER_HZ))
    # The level is that of the whole file, and the machine may have been slow meanwhile.
    assert found[ANN_HZ] > -50
    assert found[BOB_HZ] > -50
    assert found[CUSTOMER_HZ] < min(found[ANN_HZ], found[BOB_HZ]) - 15


async def _stored(desk: Desk, name: str) -> bool:
    stored = {r.name for r in await desk.centre.node.list_stored_recordings()}
    live = [c.id for c in await desk.centre.node.get_channels() if c.id.startswith(name[:36])]
    return name in stored and not live
