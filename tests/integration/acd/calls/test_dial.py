"""Calls that agents dial, on real phones: who hears whom, and what is told when nobody answers."""

from __future__ import annotations

import pytest
from tests.support.acd_centre import CUSTOMER_HZ
from tests.support.call_desk import ANN_HZ, BOB_HZ, OUTSIDE_HZ, Desk, hears, hears_not
from tests.support.waiting import eventually

from ringway.proto import acd as p
from ringway.proto import acd_calls as calls
from ringway.proto.base import Done
from ringway.runtime.errors import Refused
from ringway.trainer.core.talking import RINGBACK
from ringway.trainer.phone_call import PhoneCall

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(120),
    pytest.mark.asyncio(loop_scope="module"),
]

CID_HZ = 1400.0
NUMBER = "+442079460001"
MODES = tuple(p.LegMode)


async def dial(desk: Desk, agent_id: str, number: str = NUMBER) -> calls.DialingV1:
    return await desk.centre.ask(
        calls.DialV1, calls.DialingV1, agent_id=agent_id, number=number, customer_id="c-17"
    )


@pytest.mark.parametrize("mode", MODES)
async def test_a_dialed_number_talks_with_the_agent(desk: Desk, mode: p.LegMode) -> None:
    ann = await desk.agent(mode=mode)
    dialing = await dial(desk, ann.agent_id, "0044 20 7946 0001")
    assert dialing.number == NUMBER
    assert (await dial(desk, ann.agent_id)).interaction_id == dialing.interaction_id  # a repeat
    await desk.answers(ann)
    outside = await desk.outside()
    await hears(ann.leg, OUTSIDE_HZ)
    await hears(outside, ANN_HZ)
    await desk.centre.until_state(ann.agent_id, p.AgentState.TALKING)
    started = await desk.centre.fact("started", dialing.interaction_id)
    assert (started["direction"], started["agent_id"]) == ("outbound", ann.agent_id)
    assert started["customer_id"] == "c-17"
    await desk.centre.fact("connected", dialing.interaction_id)
    outside.hang_up()
    told = await desk.centre.fact("disconnected", dialing.interaction_id)
    assert told["recording_customer"]
    assert told["is_last"]
    await desk.until_free(ann)
    await desk.until_nothing_left(dialing.interaction_id)


async def until_sounds(call: PhoneCall) -> None:
    """Wait until a phone that heard nothing so far hears something."""
    await eventually(
        lambda: call.listener is not None and call.listener.first_sound_at is not None,
        within_s=15,
        what="words",
    )


async def test_the_agent_hears_how_it_rings(desk: Desk) -> None:
    ann = await desk.agent()
    desk.centre.customer.early_media = True
    try:
        await dial(desk, ann.agent_id)
        outside = await desk.outside(answer=False)
        await hears(ann.leg, RINGBACK[0].hz)
        outside.answer()
        await hears(outside, ANN_HZ)
    finally:
        desk.centre.customer.early_media = False


async def test_the_agent_hears_it_ring_without_early_media(desk: Desk) -> None:
    ann = await desk.agent()
    dialing = await dial(desk, ann.agent_id)
    outside = await desk.outside(answer=False)
    listed = await desk.centre.ask(calls.ListInteractionsV1, calls.InteractionListV1)
    (seen,) = [i for i in listed.interactions if i.interaction_id == dialing.interaction_id]
    assert seen.called == NUMBER
    assert [x.state for x in seen.parties] == ["talking", "ringing"]
    await eventually(
        lambda: any(ann.leg.hears(hz) for hz in (425, 440, 450, 480)), within_s=10, what="it rings"
    )
    outside.answer()
    await outside.until_answered()
    outside.say(OUTSIDE_HZ)
    await hears(ann.leg, OUTSIDE_HZ)
    await hears_not(ann.leg, 425, 440, 450, 480)


@pytest.mark.parametrize(
    ("status", "q850", "code"),
    [
        (486, None, "busy"),
        (404, None, "number_unknown"),
        (603, None, "refused"),
        (480, None, "no_answer"),
        (503, None, "trunks_busy"),
    ],
)
async def test_a_number_that_is_not_reached_is_told_and_frees_the_agent(
    desk: Desk, status: int, q850: int | None, code: str
) -> None:
    ann = await desk.agent(mode=p.LegMode.ON_DEMAND)
    desk.centre.customer.refuse_with = status
    try:
        dialing = await dial(desk, ann.agent_id)
        await until_sounds(await desk.answers(ann))  # why, in words
    finally:
        desk.centre.customer.refuse_with = None
    ann.leg.hang_up()
    told = await desk.centre.fact("finished", dialing.interaction_id)
    await desk.centre.customer.next_call()
    assert (told["outcome"], told["detail"]) == ("not_answered", code)
    assert told["cause_q850"]
    await desk.until_free(ann)
    await desk.until_nothing_left(dialing.interaction_id)


@pytest.mark.parametrize("mode", MODES)
async def test_after_the_words_why_the_call_is_over_or_the_agent_dials_again(
    desk: Desk, mode: p.LegMode
) -> None:
    ann = await desk.agent(mode=mode)
    desk.centre.customer.refuse_with = 486
    try:
        first = await dial(desk, ann.agent_id)
        await until_sounds(await desk.answers(ann))
        await desk.centre.customer.next_call()
        again = await dial(desk, ann.agent_id)
        assert again.interaction_id != first.interaction_id
        assert (await desk.centre.fact("finished", first.interaction_id))["detail"] == "busy"
        await desk.centre.customer.next_call()
        told = await desk.centre.fact("finished", again.interaction_id, within_s=20)
    finally:
        desk.centre.customer.refuse_with = None
    assert told["detail"] == "busy"
    await desk.until_free(ann)
    await desk.until_nothing_left(again.interaction_id)
    if mode is p.LegMode.NAILED_UP:
        assert ann.leg.is_up
    else:
        await ann.leg.until_over(10)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("way", ["asks", "phone"])
async def test_an_agent_gives_up_a_call_that_rings(desk: Desk, mode: p.LegMode, way: str) -> None:
    ann = await desk.agent(mode=mode)
    dialing = await dial(desk, ann.agent_id)
    await desk.answers(ann)
    outside = await desk.outside(answer=False)
    if way == "asks":
        await desk.centre.ask(p.HangUpV1, Done, agent_id=ann.agent_id)
    else:
        ann.leg.hang_up()
    await outside.until_over()
    told = await desk.centre.fact("finished", dialing.interaction_id)
    assert told["detail"] == "given_up"
    await desk.until_nothing_left(dialing.interaction_id)
    await desk.until_free(ann)


async def test_an_agents_phone_that_does_not_come(desk: Desk) -> None:
    ann = await desk.agent(mode=p.LegMode.ON_DEMAND, refuse_with=486)
    dialing = await dial(desk, ann.agent_id)
    told = await desk.centre.fact("finished", dialing.interaction_id)
    assert told["detail"] == "phone_not_answered"
    await desk.until_free(ann)
    await ann.phone._goodbye()  # it unregisters

    async def is_gone() -> bool:
        return (await desk.centre.node.endpoint("PJSIP", ann.phone.username)).state != "online"

    await eventually(is_gone, what="the phone is not registered any more")
    with pytest.raises(Refused, match="phone_not_registered"):
        await dial(desk, ann.agent_id)
    await desk.until_free(ann)


@pytest.mark.parametrize(
    ("number", "code"), [("12", "number_"), ("abc", "number_"), ("own", "target_not_possible")]
)
async def test_a_wrong_number_is_refused_before_anything_rings(
    desk: Desk, number: str, code: str
) -> None:
    ann = await desk.agent(mode=p.LegMode.ON_DEMAND)
    with pytest.raises(Refused, match=code):
        await dial(desk, ann.agent_id, ann.number if number == "own" else number)
    await desk.centre.until_state(ann.agent_id, p.AgentState.READY)


async def test_an_agent_who_talks_cannot_dial(desk: Desk) -> None:
    ann = await desk.agent()
    _, customer = await desk.talk(ann)
    with pytest.raises(Refused, match="not_now"):
        await dial(desk, ann.agent_id)
    await hears(customer, ANN_HZ)
    with pytest.raises(Refused, match="agent_logged_out"):
        await dial(desk, "nobody")


@pytest.mark.parametrize("mode", MODES)
async def test_colleagues_call_each_other(desk: Desk, mode: p.LegMode) -> None:
    ann, bob = await desk.agent(mode=mode), await desk.agent(BOB_HZ, mode)
    dialing = await dial(desk, ann.agent_id, bob.number)
    await desk.answers(ann)
    await desk.answers(bob)
    await hears(ann.leg, BOB_HZ)
    await hears(bob.leg, ANN_HZ)
    for agent in (ann, bob):
        await desk.centre.until_state(agent.agent_id, p.AgentState.TALKING)
    started = await desk.centre.fact("started", dialing.interaction_id)
    assert started["direction"] == "internal"
    await desk.centre.ask(p.HangUpV1, Done, agent_id=bob.agent_id)
    await desk.until_free(ann, bob)
    await desk.until_nothing_left(dialing.interaction_id)
    if mode is p.LegMode.NAILED_UP:
        assert ann.leg.is_up
        assert bob.leg.is_up
        await hears_not(ann.leg, BOB_HZ)


@pytest.mark.parametrize("end", ["complete", "merge"])
async def test_a_colleague_is_held_consulted_about_and_handed_on(desk: Desk, end: str) -> None:
    ann, bob, cid = await desk.agent(), await desk.agent(BOB_HZ), await desk.agent(CID_HZ)
    await dial(desk, ann.agent_id, bob.number)
    await hears(ann.leg, BOB_HZ)
    await hears(bob.leg, ANN_HZ)
    for _ in range(2):
        await desk.ask(calls.HoldV1, ann)
        await hears_music(bob.leg, ANN_HZ)
        await hears_not(ann.leg, BOB_HZ)
        await desk.ask(calls.ResumeV1, ann)
        await hears(bob.leg, ANN_HZ)
        await hears(ann.leg, BOB_HZ)
    await desk.ask(calls.ConsultV1, ann, target=cid.target)
    await hears(cid.leg, ANN_HZ)
    await hears(ann.leg, CID_HZ)
    await hears_music(bob.leg, ANN_HZ, CID_HZ)
    await desk.ask(calls.ResumeV1, ann)  # swap
    await hears(bob.leg, ANN_HZ)
    await hears(ann.leg, BOB_HZ)
    await hears_music(cid.leg, ANN_HZ, BOB_HZ)
    await desk.ask(calls.HoldV1, ann)
    await hears(cid.leg, ANN_HZ)
    await hears_music(bob.leg, ANN_HZ, CID_HZ)
    await desk.ask(calls.CancelConsultV1, ann)
    await hears(bob.leg, ANN_HZ)
    await hears(ann.leg, BOB_HZ)
    await hears_not(cid.leg, ANN_HZ, BOB_HZ)
    await desk.until_free(cid)
    await desk.ask(calls.ConsultV1, ann, target=cid.target)
    await hears(cid.leg, ANN_HZ)
    if end == "complete":
        await desk.ask(calls.CompleteTransferV1, ann)
    else:
        await desk.ask(calls.MergeV1, ann)
        await hears(ann.leg, BOB_HZ, CID_HZ)
        await hears(bob.leg, ANN_HZ, CID_HZ)
        await hears(cid.leg, ANN_HZ, BOB_HZ)
        await desk.ask(calls.LeaveV1, ann)
    await hears(bob.leg, CID_HZ)
    await hears(cid.leg, BOB_HZ)
    await hears_not(bob.leg, ANN_HZ)
    await hears_not(ann.leg, BOB_HZ, CID_HZ)


async def hears_music(call: PhoneCall, *hz: float) -> None:
    """Wait until packets come to a phone in which there are none of these tones."""
    await hears_not(call, *hz)
    listener = call.listener
    assert listener is not None
    before = listener.packets
    await eventually(lambda: listener.packets > before + 10, within_s=10, what="music")


async def test_a_colleague_who_does_not_want_to_be_disturbed_is_busy(desk: Desk) -> None:
    ann, bob = await desk.agent(), await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND)
    await desk.centre.ask(calls.SetDoNotDisturbV1, Done, agent_id=bob.agent_id, on=True)
    dialing = await dial(desk, ann.agent_id, bob.number)
    told = await desk.centre.fact("finished", dialing.interaction_id)
    assert told["detail"] == "busy"
    await desk.until_free(ann)
    await desk.centre.ask(calls.SetDoNotDisturbV1, Done, agent_id=bob.agent_id, on=False)
    await dial(desk, ann.agent_id, bob.number)
    await desk.answers(bob)
    await hears(ann.leg, BOB_HZ)


async def test_a_colleague_who_talks_is_shown_that_a_call_waits(desk: Desk) -> None:
    ann, bob = await desk.agent(), await desk.agent(BOB_HZ)
    _, customer = await desk.talk(bob, wrap_up_s=0)
    shown = await desk.offers()
    await dial(desk, ann.agent_id, bob.number)
    await eventually(
        lambda: any(s.agent_id == bob.agent_id and s.is_waiting for s in shown),
        within_s=10,
        what="call waiting is shown",
    )
    await hears(customer, BOB_HZ)
    await hears_not(ann.leg, BOB_HZ, CUSTOMER_HZ)
    customer.hang_up()
    await hears(ann.leg, BOB_HZ)
    await hears(bob.leg, ANN_HZ)


@pytest.mark.parametrize("mode", MODES)
async def test_a_desk_phone_dials_by_itself(desk: Desk, mode: p.LegMode) -> None:
    ann = await desk.agent(mode=mode)
    own = await ann.phone.call("00442079460001")
    outside = await desk.outside()
    if mode is p.LegMode.ON_DEMAND:
        await hears(own, OUTSIDE_HZ)
        await hears(outside, ANN_HZ)
        await desk.centre.until_state(ann.agent_id, p.AgentState.TALKING)
        own.hang_up()
    else:
        await own.until_over()
        await hears(ann.leg, OUTSIDE_HZ)
        await desk.centre.ask(p.HangUpV1, Done, agent_id=ann.agent_id)
    await outside.until_over()
    await desk.until_free(ann)


async def test_a_desk_phone_that_dials_nonsense_is_refused(desk: Desk) -> None:
    ann = await desk.agent(mode=p.LegMode.ON_DEMAND)
    own = await ann.phone.call("12")
    await own.until_over()
    await desk.until_free(ann)


@pytest.mark.parametrize("who", ["caller", "called"])
async def test_either_colleague_hangs_up_while_it_rings(desk: Desk, who: str) -> None:
    ann = await desk.agent()
    bob = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND, answer_after_s=None)
    dialing = await dial(desk, ann.agent_id, bob.number)
    ringing = await bob.phone.next_call()
    if who == "caller":
        await desk.centre.ask(p.HangUpV1, Done, agent_id=ann.agent_id)
        await ringing.until_over()
    else:
        await desk.centre.ask(p.HangUpV1, Done, agent_id=bob.agent_id)
        await ringing.until_over()
        told = await desk.centre.fact("finished", dialing.interaction_id)
        assert told["detail"] == "no_answer"
    await desk.until_free(ann, bob)
    await desk.until_nothing_left(dialing.interaction_id)


async def test_a_colleague_who_is_not_there_is_told_at_once(desk: Desk) -> None:
    ann, bob = await desk.agent(), await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND)
    await desk.centre.ask(p.SignOutV1, p.AgentStatusV1, agent_id=bob.agent_id)
    dialing = await dial(desk, ann.agent_id, bob.number)
    told = await desk.centre.fact("finished", dialing.interaction_id)
    assert told["detail"] == "unreachable"
    await desk.until_free(ann)


async def test_a_dialed_customer_is_held_consulted_about_and_transferred(desk: Desk) -> None:
    ann, bob = await desk.agent(), await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND)
    dialing = await dial(desk, ann.agent_id)
    outside = await desk.outside()
    await hears(ann.leg, OUTSIDE_HZ)
    await desk.ask(calls.HoldV1, ann)
    await desk.until_on_hold(dialing.interaction_id)
    await desk.ask(calls.TransferV1, ann, target=bob.target)
    await desk.answers(bob)
    await hears(outside, BOB_HZ)
    await hears_not(outside, ANN_HZ)
    outside.hang_up()
    await desk.until_free(ann, bob)
    await desk.until_nothing_left(dialing.interaction_id)


async def test_a_call_that_is_being_made_when_the_acd_dies_is_ended(desk: Desk) -> None:
    ann = await desk.agent()
    dialing = await dial(desk, ann.agent_id)
    outside = await desk.outside(answer=False)
    desk.centre.acd.kill()
    await desk.centre.start_acd()
    await outside.until_over()
    told = await desk.centre.fact("finished", dialing.interaction_id)
    assert told["outcome"] == "lost"
    await desk.until_free(ann)
    assert ann.leg.is_up
    await desk.until_nothing_left(dialing.interaction_id)
    await dial(desk, ann.agent_id)
    again = await desk.outside()
    await hears(again, ANN_HZ)
