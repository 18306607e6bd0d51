"""The ACD dies, or loses Asterisk for a while, in the midst of everything that a call can be in."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable

import pytest
from tests.support.acd_centre import CUSTOMER_HZ
from tests.support.call_desk import ANN_HZ, BOB_HZ, OUTSIDE_HZ, Agent, Desk, hears, hears_not
from tests.support.front_centre import FrontCentre
from tests.support.outages import Outages
from tests.support.waiting import eventually

from ringway.proto import acd as p
from ringway.proto import acd_calls as calls
from ringway.proto.acd_config import Target, TargetKind
from ringway.proto.base import Done
from ringway.runtime.ids import uuid7
from ringway.trainer.phone_call import PhoneCall

# One centre serves the whole module; each test uses its own numbers, queues and agents.
pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120),
]

OUTSIDE = Target(kind=TargetKind.NUMBER, value="+8613700000033")
_names = itertools.count(1)
Outage = Callable[[], Awaitable[None]]


@pytest.fixture(params=["kill", "cut"])
def outage(request: pytest.FixtureRequest, outages: Outages) -> Outage:
    return outages.kill if request.param == "kill" else outages.cut


async def queue_of(centre: FrontCentre, *agents: Agent, **body: object) -> str:
    """Make a queue of these agents; returns its number."""
    return await centre.queue(f"q-{next(_names)}", *(a.agent_id for a in agents), **body)


async def goes_away(desk: Desk, outages: Outages, *agents: Agent) -> None:
    """End it all and see that nothing is left."""
    for agent in agents:
        status = await desk.centre.ask(p.GetAgentV1, p.AgentStatusV1, agent_id=agent.agent_id)
        if status.state is p.AgentState.WRAP_UP:
            await desk.centre.ask(
                p.FinishWrapUpV1,
                Done,
                agent_id=agent.agent_id,
                interaction_id=status.interaction_id,
            )
        await outages.centre.sign_out(agent.agent_id)
    await outages.nothing_is_left()


async def by_queue(
    desk: Desk, centre: FrontCentre, agent: Agent, **body: object
) -> tuple[str, PhoneCall]:
    """Have an agent talk to a customer of a queue."""
    did = await queue_of(centre, agent, **body)
    customer = await centre.call(did)
    await agent_has(desk, agent, customer)
    return await centre.started(did), customer


async def agent_has(desk: Desk, agent: Agent, customer: PhoneCall) -> None:
    leg = await desk.answers(agent)
    await hears(customer, agent.hz)
    await hears(leg, CUSTOMER_HZ)


async def test_waiting_callers_keep_place_and_music(
    desk: Desk, centre: FrontCentre, outages: Outages, outage: Outage
) -> None:
    ann = await desk.agent()
    await centre.ready(ann.agent_id, ready=False)
    did = await queue_of(centre, ann, announcements={"first_after_s": 3, "every_s": 10})
    callers = []
    for _ in range(2):
        callers.append(await centre.call(did))
        await callers[-1].until_answered()
        await centre.until_sounds(callers[-1])
    first, second = callers
    await outage()
    for caller in callers:
        await centre.until_sounds(caller)
    await centre.ready(ann.agent_id)
    await agent_has(desk, ann, first)
    assert not second.hears(ANN_HZ)
    first.hang_up()
    await hears(second, ANN_HZ)
    second.hang_up()
    await goes_away(desk, outages, ann)


async def test_a_prompt_that_ends_unheard_of_is_over(
    desk: Desk, centre: FrontCentre, outages: Outages, outage: Outage
) -> None:
    did = await centre.route({"kind": "announcement", "value": "vm-goodbye"})
    call = await centre.call(did)
    await call.until_answered()
    await centre.until_sounds(call)
    await outage()
    await call.until_over(25)
    assert (await centre.until_told("finished", called=did))["outcome"] == "announced"
    await outages.nothing_is_left()


@pytest.mark.parametrize("mode", p.LegMode)
async def test_an_offer_goes_on(
    desk: Desk, centre: FrontCentre, outages: Outages, outage: Outage, mode: p.LegMode
) -> None:
    """On demand the phone rings; nailed up the agent is shown the caller and has a key."""
    on_demand = mode is p.LegMode.ON_DEMAND
    ann = await desk.agent(mode=mode, answer_after_s=None if on_demand else 0.2)
    if not on_demand:
        await centre.put("agent_profile", ann.agent_id, auto_answer=False)
    did = await queue_of(centre, ann, ring_timeout_s=60)
    customer = await centre.call(did)
    await customer.until_answered()
    await centre.acd.until_state(ann.agent_id, p.AgentState.RESERVED)
    if on_demand:
        ringing = await ann.phone.next_call()
    await outage()
    await centre.until_sounds(customer)
    await centre.acd.until_state(ann.agent_id, p.AgentState.RESERVED)
    if on_demand:
        ringing = await outages.rings_on(outage, ringing, ann.phone.next_call)
        ringing.answer()
        ann.call = ringing
    else:
        await desk.ask(calls.AnswerV1, ann)
    await agent_has(desk, ann, customer)
    interaction = await centre.started(did)
    assert centre.told("rona", interaction_id=interaction) == []
    customer.hang_up()
    await goes_away(desk, outages, ann)


async def test_a_talk_and_its_after_call_work_go_on(
    desk: Desk, centre: FrontCentre, outages: Outages, outage: Outage
) -> None:
    ann = await desk.agent()
    interaction, customer = await by_queue(desk, centre, ann, after_call="until_released")
    await outage()
    await agent_has(desk, ann, customer)
    await centre.acd.until_state(ann.agent_id, p.AgentState.TALKING)
    customer.hang_up()
    await centre.acd.until_state(ann.agent_id, p.AgentState.WRAP_UP)
    await outage()
    await centre.acd.until_state(ann.agent_id, p.AgentState.WRAP_UP)
    await centre.acd.ask(p.FinishWrapUpV1, Done, agent_id=ann.agent_id, interaction_id=interaction)
    await centre.acd.until_state(ann.agent_id, p.AgentState.READY)
    ended = await centre.until_told("ended", interaction_id=interaction)
    assert ended["is_last"]
    await goes_away(desk, outages, ann)


@pytest.mark.parametrize("mode", p.LegMode)
async def test_agents_who_were_ready_get_the_next_call(
    desk: Desk, centre: FrontCentre, outages: Outages, outage: Outage, mode: p.LegMode
) -> None:
    ann = await desk.agent(mode=mode)
    did = await queue_of(centre, ann)
    await outage()
    began = asyncio.get_running_loop().time()
    customer = await centre.call(did)
    await agent_has(desk, ann, customer)
    # At once: nobody waits for a next round of anything. The rest is a busy machine's.
    assert asyncio.get_running_loop().time() - began < 8
    customer.hang_up()
    await goes_away(desk, outages, ann)


@pytest.mark.parametrize("mode", p.LegMode)
async def test_a_talk_that_ends_unseen_has_ended(
    desk: Desk, centre: FrontCentre, outages: Outages, outage: Outage, mode: p.LegMode
) -> None:
    ann = await desk.agent(mode=mode)
    interaction, customer = await by_queue(desk, centre, ann)

    async def hangs_up() -> None:
        customer.hang_up()
        await customer.until_over()

    await (outages.kill if outage == outages.kill else outages.cut)(hangs_up)
    told = await centre.until_told("disconnected", interaction_id=interaction)
    assert not told["ended_exactly"]
    await centre.acd.until_state(ann.agent_id, p.AgentState.READY, 10)
    did = await queue_of(centre, ann)
    ann.call = ann.call if mode is p.LegMode.NAILED_UP else None
    again = await centre.call(did)
    await agent_has(desk, ann, again)
    again.hang_up()
    await goes_away(desk, outages, ann)


async def test_a_held_customer_stays_held(
    desk: Desk, centre: FrontCentre, outages: Outages, outage: Outage
) -> None:
    ann = await desk.agent()
    _, customer = await by_queue(desk, centre, ann)
    await desk.ask(calls.HoldV1, ann)
    await hears_not(customer, ANN_HZ)
    await outage()
    await centre.until_sounds(customer)
    await centre.acd.until_state(ann.agent_id, p.AgentState.HOLD)
    await desk.ask(calls.ResumeV1, ann)
    await agent_has(desk, ann, customer)
    await desk.ask(calls.HoldV1, ann)
    await hears_not(customer, ANN_HZ)
    await centre.until_sounds(customer)
    customer.hang_up()
    await goes_away(desk, outages, ann)


@pytest.mark.parametrize("way", ["agent", "outside"])
async def test_a_consultation_that_rings_fails_or_goes_on(
    desk: Desk, centre: FrontCentre, outages: Outages, outage: Outage, way: str
) -> None:
    ann = await desk.agent()
    bob = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND, answer_after_s=None)
    _, customer = await by_queue(desk, centre, ann)
    target = bob.target if way == "agent" else OUTSIDE
    await desk.ask(calls.ConsultV1, ann, target=target)
    ringing = await (bob.phone.next_call() if way == "agent" else centre.rings_outside())
    await outage()
    if not ringing.is_over:
        ringing.answer()
    # What the customer hears tells nothing yet: he may be put on hold when the ACD is back only.
    await eventually(
        lambda: ringing.is_over or ringing.hears(ANN_HZ), within_s=20, what="it fails or goes on"
    )
    if not ringing.is_over:
        await desk.ask(calls.CancelConsultV1, ann)
    await agent_has(desk, ann, customer)
    await desk.until_free(bob)
    await ringing.until_over(10)
    customer.hang_up()
    await goes_away(desk, outages, ann, bob)


@pytest.mark.parametrize("way", ["agent", "outside"])
async def test_a_phone_rings_no_more_when_nobody_told_us_that_it_does(
    desk: Desk, centre: FrontCentre, outages: Outages, way: str
) -> None:
    """Asterisk is asked to call, and is lost before it has answered."""
    ann = await desk.agent()
    bob = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND, answer_after_s=None)
    _, customer = await by_queue(desk, centre, ann)
    proxy = centre.acd.proxy
    assert proxy is not None
    proxy.deafen(b"POST /ari/channels?")
    await desk.ask(calls.ConsultV1, ann, target=bob.target if way == "agent" else OUTSIDE)
    ringing = await (bob.phone.next_call() if way == "agent" else centre.rings_outside())
    await outages.cut()
    await agent_has(desk, ann, customer)
    await ringing.until_over(10)
    await desk.until_free(bob)
    customer.hang_up()
    await goes_away(desk, outages, ann, bob)


@pytest.mark.parametrize("answers", [True, False])
@pytest.mark.parametrize("way", ["agent", "outside"])
async def test_a_phone_that_is_answered_or_declined_unseen_rings_no_more(
    desk: Desk, centre: FrontCentre, outages: Outages, way: str, answers: bool
) -> None:
    """Asterisk hangs up who answers when nobody is there for him."""
    ann = await desk.agent()
    bob = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND, answer_after_s=None)
    _, customer = await by_queue(desk, centre, ann)
    await desk.ask(calls.ConsultV1, ann, target=bob.target if way == "agent" else OUTSIDE)
    ringing = await (bob.phone.next_call() if way == "agent" else centre.rings_outside())

    async def unseen() -> None:
        if answers:
            ringing.answer()
        else:
            ringing.refuse()
        await ringing.until_over()

    await outages.cut(unseen)
    await agent_has(desk, ann, customer)
    await desk.until_free(bob)
    customer.hang_up()
    await goes_away(desk, outages, ann, bob)


@pytest.mark.parametrize("what", ["hold", "resume", "merge"])
async def test_what_was_asked_for_in_the_moment_of_a_loss_is_done_after_it(
    desk: Desk, centre: FrontCentre, outages: Outages, what: str
) -> None:
    ann, bob = await desk.agent(), await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND)
    _, customer = await by_queue(desk, centre, ann)
    if what == "resume":
        await desk.ask(calls.HoldV1, ann)
        await hears_not(customer, ANN_HZ)
    elif what == "merge":
        await desk.ask(calls.ConsultV1, ann, target=bob.target)
        await hears(await desk.answers(bob), ANN_HZ)
    assert centre.acd.proxy is not None
    centre.acd.proxy.cut_at(b"/addChannel")
    kinds = {"hold": calls.HoldV1, "resume": calls.ResumeV1, "merge": calls.MergeV1}
    await desk.ask(kinds[what], ann)
    await outages.cut()
    if what == "hold":
        await hears_not(customer, ANN_HZ)
        await centre.until_sounds(customer)
        await desk.ask(calls.ResumeV1, ann)
    await agent_has(desk, ann, customer)
    if what == "merge":
        await hears(customer, BOB_HZ)
    customer.hang_up()
    await goes_away(desk, outages, ann, bob)


async def test_a_desk_phone_that_hangs_up_before_asterisk_answered_is_called_again(
    desk: Desk, centre: FrontCentre, outages: Outages
) -> None:
    ann, bob = await desk.agent(), await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND)
    _, customer = await desk.talk(ann, wrap_up_s=0)
    assert centre.acd.proxy is not None
    centre.acd.proxy.hold(b"transfer_progress?states=channel_answered")
    assert await ann.leg.refer(bob.number) == 200
    assert centre.acd.proxy.is_held
    await ann.leg.until_over()

    async def is_gone() -> bool:
        return ann.number not in str([c.name for c in await desk.centre.node.get_channels()])

    await eventually(is_gone, what="the phone's line is gone")
    centre.acd.proxy.mend()
    ann.call = await ann.phone.next_call()
    await desk.answers(bob)
    await hears(customer, BOB_HZ)
    customer.hang_up()
    await goes_away(desk, outages, ann, bob)


async def test_who_answers_in_the_moment_of_a_loss_is_in_the_conference_after_it(
    desk: Desk, centre: FrontCentre, outages: Outages
) -> None:
    ann = await desk.agent()
    conference_id = str(uuid7())
    await centre.acd.ask(
        calls.StartConferenceV1,
        calls.ConferenceStatusV1,
        conference_id=conference_id,
        agent_id=ann.agent_id,
        invite=[OUTSIDE],
    )
    ringing = await centre.rings_outside()
    assert centre.acd.proxy is not None
    centre.acd.proxy.cut_at(b"/addChannel")
    ringing.answer()
    await ringing.until_answered()
    ringing.say(OUTSIDE_HZ)
    await outages.cut()
    await hears(ringing, ANN_HZ)
    await hears(ann.leg, OUTSIDE_HZ)
    await centre.acd.ask(
        calls.EndConferenceV1, Done, conference_id=conference_id, agent_id=ann.agent_id
    )
    await ringing.until_over()
    await goes_away(desk, outages, ann)


@pytest.mark.parametrize("merged", [False, True])
async def test_three_people_hear_each_other_as_before(
    desk: Desk, centre: FrontCentre, outages: Outages, outage: Outage, merged: bool
) -> None:
    ann, bob = await desk.agent(), await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND)
    interaction, customer = await by_queue(desk, centre, ann)
    await desk.ask(calls.ConsultV1, ann, target=bob.target)
    await hears(await desk.answers(bob), ANN_HZ)
    if merged:
        await desk.ask(calls.MergeV1, ann)
        await hears(customer, ANN_HZ, BOB_HZ)
    await outage()
    await hears(bob.leg, ANN_HZ)
    await hears(ann.leg, BOB_HZ)
    if merged:
        await hears(customer, ANN_HZ, BOB_HZ)
        await desk.ask(calls.LeaveV1, ann)
    else:
        await hears_not(customer, ANN_HZ, BOB_HZ)
        await desk.ask(calls.CompleteTransferV1, ann)
    await hears(customer, BOB_HZ)
    await hears_not(customer, ANN_HZ)
    customer.hang_up()
    await goes_away(desk, outages, ann, bob)

    def segments() -> list[int]:
        return [d["segment"] for d in centre.told("disconnected", interaction_id=interaction)]

    await eventually(lambda: len(segments()) >= 2, what="both talks are told to have ended")
    assert segments() == [1, 2]


@pytest.mark.parametrize("ends", ["customer", "outside"])
async def test_a_customer_with_an_outside_party_talks_on(
    desk: Desk, centre: FrontCentre, outages: Outages, outage: Outage, ends: str
) -> None:
    ann = await desk.agent()
    _, customer = await by_queue(desk, centre, ann)
    await desk.ask(calls.TransferV1, ann, target=OUTSIDE)
    outside = await desk.outside()
    await hears(customer, OUTSIDE_HZ)
    await outage()
    await hears(customer, OUTSIDE_HZ)
    await hears(outside, CUSTOMER_HZ)
    (customer if ends == "customer" else outside).hang_up()
    await (outside if ends == "customer" else customer).until_over(10)
    await goes_away(desk, outages, ann)


async def test_a_callback_that_rings_is_called_by_somebody_who_lives(
    desk: Desk, centre: FrontCentre, outages: Outages, outage: Outage
) -> None:
    ann = await desk.agent()
    await centre.ready(ann.agent_id, ready=False)
    offer = {"enabled": True, "key": "5", "offer_after_s": 0, "ring_s": 60}
    did = await queue_of(centre, ann, callback=offer)
    call = await centre.call(did, "+8613800000777")
    await call.until_answered()
    interaction = await centre.started(did)
    await centre.until_sounds(call)
    call.press("5")
    await centre.until_sounds(call)
    call.press("1")
    await centre.until_told("callback_requested", interaction_id=interaction)
    await call.until_over(20)
    await outage()
    assert centre.acd.proxy is not None
    if outage == outages.cut:  # before the ACD has heard that the phone rings
        centre.acd.proxy.deafen(b"POST /ari/channels?")
    await centre.ready(ann.agent_id)
    ringing = await centre.rings_outside()
    await outage()
    ringing = await outages.rings_on(outage, ringing, centre.rings_outside)
    ringing.answer()
    # Who answers in the moment in which it is ended is called again.
    await eventually(lambda: ringing.is_over or ringing.hears(ANN_HZ), within_s=15, what="a talk")
    if ringing.is_over:
        ringing = await centre.rings_outside()
        ringing.answer()
    await agent_has(desk, ann, ringing)
    ended = await centre.until_told("callback_ended", interaction_id=interaction)
    assert ended["outcome"] == "connected"
    ringing.hang_up()
    await goes_away(desk, outages, ann)
    assert all(c.is_over for c in centre.acd.customer.calls.values())


async def test_a_message_can_be_left(
    desk: Desk, centre: FrontCentre, outages: Outages, outage: Outage
) -> None:
    await centre.put("voicemail_box", "v1", name="v1")
    did = await centre.route({"kind": "voicemail", "value": "v1"})
    call = await centre.call(did)
    await call.until_answered()
    interaction = await centre.started(did)
    await centre.until_sounds(call)
    call.press("#")
    folder = centre.acd.asterisk.recordings

    def recordings() -> int:
        return sum(interaction in file.name for file in folder.iterdir())

    await eventually(lambda: recordings() > 0, within_s=15, what="it is recorded")
    await outage()
    await asyncio.sleep(1.5)  # a message of more than a second
    call.press("#")
    await call.until_over(25)
    assert recordings() == 1
    left = await centre.until_told("voicemail_left", interaction_id=interaction, within_s=15)
    assert left["duration_s"] >= 1
    await outages.nothing_is_left()


async def test_a_message_that_ends_unseen_is_kept(
    desk: Desk, centre: FrontCentre, outages: Outages
) -> None:
    await centre.put("voicemail_box", "v1", name="v1")
    did = await centre.route({"kind": "voicemail", "value": "v1"})
    call = await centre.call(did)
    await call.until_answered()
    interaction = await centre.started(did)
    await centre.until_sounds(call)
    call.press("#")
    folder = centre.acd.asterisk.recordings
    await eventually(lambda: any(interaction in f.name for f in folder.iterdir()), within_s=15)

    async def ends_it() -> None:
        await asyncio.sleep(1.5)  # a message of more than a second
        call.press("#")
        await asyncio.sleep(0.5)

    await outages.cut(ends_it)
    left = await centre.until_told("voicemail_left", interaction_id=interaction, within_s=15)
    assert left["duration_s"] >= 1
    await call.until_over(20)
    await outages.nothing_is_left()


async def test_a_rating_is_given_or_broken_off(
    desk: Desk, centre: FrontCentre, outages: Outages, outage: Outage
) -> None:
    ann = await desk.agent()
    interaction, customer = await by_queue(
        desk, centre, ann, rating={"enabled": True, "timeout_s": 20}
    )
    await centre.acd.ask(p.HangUpV1, Done, agent_id=ann.agent_id)
    await hears_not(customer, ANN_HZ)
    await outage()
    await centre.acd.until_state(ann.agent_id, p.AgentState.READY, 10)
    if not customer.is_over:
        customer.press("4")
    await customer.until_over(25)
    finished = await centre.until_told("finished", interaction_id=interaction)
    assert finished["outcome"] == "talked"
    await goes_away(desk, outages, ann)
