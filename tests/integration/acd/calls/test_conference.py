"""Conferences with real phones: who hears whom when there are many."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest
from tests.support.acd_centre import CUSTOMER_HZ
from tests.support.audio import read_wav, tones
from tests.support.call_desk import ANN_HZ, BOB_HZ, OUTSIDE_HZ, Agent, Desk, hears, hears_not
from tests.support.waiting import eventually

from ringway.proto import acd as p
from ringway.proto import acd_calls as calls
from ringway.proto.acd_config import Target, TargetKind
from ringway.proto.base import Done
from ringway.runtime.errors import Refused
from ringway.trainer.phone_call import PhoneCall

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(120),
    pytest.mark.asyncio(loop_scope="module"),
]

MANY = 32
MODES = tuple(p.LegMode)


def number(n: int) -> Target:
    return Target(kind=TargetKind.NUMBER, value=f"+4420794601{n:02}")


async def start(desk: Desk, agent: Agent, *invite: Target, **fields: object) -> str:
    conference_id = str(uuid4())
    await desk.centre.ask(
        calls.StartConferenceV1,
        calls.ConferenceStatusV1,
        conference_id=conference_id,
        agent_id=agent.agent_id,
        invite=invite,
        **fields,
    )
    return conference_id


async def status(desk: Desk, agent: Agent, conference_id: str) -> calls.ConferenceStatusV1:
    return await desk.centre.ask(
        calls.GetConferenceV1,
        calls.ConferenceStatusV1,
        conference_id=conference_id,
        agent_id=agent.agent_id,
    )


async def control(
    desk: Desk,
    kind: type[calls.ConferenceRequest],
    agent: Agent,
    conference_id: str,
    **fields: object,
) -> calls.ConferenceStatusV1:
    return await desk.centre.ask(
        kind,
        calls.ConferenceStatusV1,
        conference_id=conference_id,
        agent_id=agent.agent_id,
        **fields,
    )


async def end(desk: Desk, agent: Agent, conference_id: str) -> None:
    await desk.centre.ask(
        calls.EndConferenceV1, Done, conference_id=conference_id, agent_id=agent.agent_id
    )


async def until_present(desk: Desk, agent: Agent, conference_id: str, count: int) -> None:
    async def is_so() -> bool:
        members = (await status(desk, agent, conference_id)).members
        return sum(m.state is calls.PartyState.TALKING for m in members) == count

    await eventually(is_so, within_s=20, what=f"{count} are there")


async def leg_of(desk: Desk, agent: Agent, conference_id: str, number: str) -> str:
    members = (await status(desk, agent, conference_id)).members
    return next(m.leg_id for m in members if m.number == number)


async def test_more_than_thirty_hear_one_and_not_who_is_muted(desk: Desk, tmp_path: Path) -> None:
    ann, bob = await desk.agent(), await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND)
    conference_id = await start(desk, ann, bob.target, *(number(n) for n in range(MANY)))
    outside: list[PhoneCall] = []
    for _ in range(MANY):
        call = await desk.centre.customer.next_call()
        call.answer()
        outside.append(call)
    await desk.answers(bob)
    await until_present(desk, ann, conference_id, MANY + 2)
    for call in outside:
        call.say(0)
    speaker, *others = outside
    speaker.say(OUTSIDE_HZ)
    for call in (*others, ann.leg, bob.leg):
        await hears(call, OUTSIDE_HZ)
    await hears(speaker, ANN_HZ, BOB_HZ)
    assert not speaker.hears(OUTSIDE_HZ)  # nobody hears himself
    now = await status(desk, ann, conference_id)
    muted = next(m for m in now.members if m.number and speaker.called.endswith(m.number[1:]))
    for _ in range(2):
        await control(desk, calls.MuteMemberV1, ann, conference_id, leg_id=muted.leg_id, muted=True)
    await hears_not(ann.leg, OUTSIDE_HZ)
    await asyncio.gather(*(hears_not(call, OUTSIDE_HZ) for call in (*others, bob.leg)))
    await hears(speaker, ANN_HZ)  # he goes on hearing
    await control(desk, calls.MuteMemberV1, ann, conference_id, leg_id=muted.leg_id, muted=False)
    await hears(others[-1], OUTSIDE_HZ)
    await control(desk, calls.MuteMemberV1, ann, conference_id, muted=True)  # all but ann
    await hears_not(others[-1], OUTSIDE_HZ, BOB_HZ)
    await hears(others[-1], ANN_HZ)
    for _ in range(2):
        await control(desk, calls.RemoveMemberV1, ann, conference_id, leg_id=muted.leg_id)
    await speaker.until_over()
    await end(desk, ann, conference_id)
    await end(desk, ann, conference_id)  # a repeat
    for call in outside:
        await call.until_over()
    await bob.leg.until_over()
    await desk.until_free(ann, bob)
    assert ann.leg.is_up
    await hears_not(ann.leg, OUTSIDE_HZ, BOB_HZ)
    await desk.until_nothing_left(now.interaction_id)
    told = await desk.centre.fact("ended", now.interaction_id)
    assert told["most_members"] == MANY + 2
    finished = await desk.centre.fact("finished", now.interaction_id)
    assert finished["recording_agent"] == told["recording"]
    file = tmp_path / "conference.wav"
    file.write_bytes(await desk.centre.node.get_stored_recording(told["recording"]))
    rate_hz, samples = read_wav(file)
    for hz in (ANN_HZ, BOB_HZ, OUTSIDE_HZ):
        seconds = range(len(samples) // rate_hz)
        assert max(tones(file, 0, (hz,), at, at + 1)[hz] for at in seconds) > -30, hz


async def test_only_the_organiser_asks(desk: Desk) -> None:
    ann, bob = await desk.agent(), await desk.agent(BOB_HZ)
    conference_id = await start(desk, ann, bob.target)
    await hears(ann.leg, BOB_HZ)
    for kind in (calls.EndConferenceV1, calls.GetConferenceV1, calls.MuteMemberV1):
        with pytest.raises(Refused, match="conference_unknown"):
            await control(desk, kind, bob, conference_id)
    with pytest.raises(Refused, match="conference_unknown"):
        await start_again(desk, bob, conference_id)
    await start_again(desk, ann, conference_id)  # a repeat
    with pytest.raises(Refused, match="member_unknown"):
        await control(desk, calls.RemoveMemberV1, ann, conference_id, leg_id="p99")
    await hears(bob.leg, ANN_HZ)
    await end(desk, ann, conference_id)
    await desk.until_free(ann, bob)


async def start_again(desk: Desk, agent: Agent, conference_id: str) -> None:
    await desk.centre.ask(
        calls.StartConferenceV1,
        calls.ConferenceStatusV1,
        conference_id=conference_id,
        agent_id=agent.agent_id,
    )


@pytest.mark.parametrize("mode", MODES)
async def test_members_come_and_go(desk: Desk, mode: p.LegMode) -> None:
    ann, bob = await desk.agent(mode=mode), await desk.agent(BOB_HZ, mode)
    conference_id = await start(desk, ann, bob.target, record=False)
    await desk.answers(ann)
    await desk.answers(bob)
    await hears(ann.leg, BOB_HZ)
    await control(desk, calls.InviteV1, ann, conference_id, target=number(50))
    outside = await desk.outside()
    await hears(outside, ANN_HZ, BOB_HZ)
    await hears(bob.leg, OUTSIDE_HZ)
    await control(desk, calls.InviteV1, ann, conference_id, target=number(51))
    busy = await desk.outside(answer=False)
    busy.refuse(486)
    await until_present(desk, ann, conference_id, 3)
    await desk.centre.ask(p.HangUpV1, Done, agent_id=bob.agent_id)
    await hears_not(outside, BOB_HZ)
    await desk.until_free(bob)
    outside.hang_up()
    await until_present(desk, ann, conference_id, 1)  # the organiser may call others
    interaction = (await status(desk, ann, conference_id)).interaction_id
    await desk.centre.ask(p.HangUpV1, Done, agent_id=ann.agent_id)
    told = await desk.centre.fact("ended", interaction)
    assert told["recording"] == ""
    await desk.until_free(ann, bob)
    await desk.until_nothing_left(interaction)
    with pytest.raises(Refused, match="conference_unknown"):
        await status(desk, ann, conference_id)


@pytest.mark.parametrize("mode", MODES)
async def test_an_agent_who_talks_takes_his_customer_into_a_conference(
    desk: Desk, mode: p.LegMode
) -> None:
    ann, bob = await desk.agent(mode=mode), await desk.agent(BOB_HZ)
    interaction, customer = await desk.talk(ann, wrap_up_s=0)
    conference_id = await start(desk, ann, bob.target)
    if mode is p.LegMode.ON_DEMAND:
        await ann.leg.until_over()
        await desk.answers(ann)
    await hears(customer, ANN_HZ, BOB_HZ)
    await hears(ann.leg, CUSTOMER_HZ, BOB_HZ)
    await hears(bob.leg, CUSTOMER_HZ, ANN_HZ)
    customer.hang_up()
    await desk.centre.fact("finished", interaction)
    await until_present(desk, ann, conference_id, 2)
    await hears(ann.leg, BOB_HZ)
    await end(desk, ann, conference_id)
    await desk.until_free(ann, bob)
    await desk.until_nothing_left(interaction)


async def test_a_busy_agent_is_told_and_the_conference_goes_on(desk: Desk) -> None:
    ann, bob = await desk.agent(), await desk.agent(BOB_HZ)
    _, customer = await desk.talk(bob)
    conference_id = await start(desk, ann, number(60))
    outside = await desk.outside()
    await hears(ann.leg, OUTSIDE_HZ)
    with pytest.raises(Refused, match="agent_busy"):
        await control(desk, calls.InviteV1, ann, conference_id, target=bob.target)
    await hears(customer, BOB_HZ)
    outside.hang_up()
    await end(desk, ann, conference_id)


async def test_a_conference_goes_on_when_the_acd_dies(desk: Desk) -> None:
    ann, bob = await desk.agent(), await desk.agent(BOB_HZ)
    conference_id = await start(desk, ann, bob.target, number(61))
    outside = await desk.outside()
    await hears(outside, ANN_HZ, BOB_HZ)
    desk.centre.acd.kill()
    await desk.centre.start_acd()
    await hears(outside, ANN_HZ)
    await until_present(desk, ann, conference_id, 3)
    outside.hang_up()
    await until_present(desk, ann, conference_id, 2)
    leg = await leg_of(desk, ann, conference_id, bob.number)
    await control(desk, calls.RemoveMemberV1, ann, conference_id, leg_id=leg)
    await hears_not(ann.leg, BOB_HZ)
    await end(desk, ann, conference_id)
    await desk.until_free(ann, bob)
    assert bob.leg.is_up
