"""Agents at any telephone, and the further phones of those who do not answer."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.acd_centre import CUSTOMER_HZ
from tests.support.call_desk import ANN_HZ, BOB_HZ, Agent, Desk, configure, hears, hears_not

from ringway.proto import acd as p
from ringway.proto import acd_calls as calls
from ringway.proto.base import Done

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(90),
    pytest.mark.asyncio(loop_scope="module"),
]

MOBILE, SECOND, THIRD = "+447700900777", "+447700900778", "+447700900779"
MODES = tuple(p.LegMode)


async def mobile_agent(desk: Desk, agent_id: str, number: str, **profile: Any) -> None:
    await desk.centre.account(agent_id, number)
    await configure(
        desk.centre, "agent_profile", agent_id, phone="number", phone_number=MOBILE, **profile
    )


@pytest.mark.parametrize("mode", MODES)
async def test_an_agent_at_a_mobile_phone_talks_like_any_other(desk: Desk, mode: p.LegMode) -> None:
    agent_id = f"mobile-{mode}"
    await mobile_agent(desk, agent_id, "301" if mode is p.LegMode.NAILED_UP else "302")
    signing_in = desk.spawn(
        desk.centre.ask(p.SignInV1, p.AgentStatusV1, agent_id=agent_id, leg_mode=mode)
    )
    mobile = None
    if mode is p.LegMode.NAILED_UP:
        mobile = await desk.outside()
        mobile.say(BOB_HZ)
    await signing_in
    await desk.centre.ask(p.SetAgentStateV1, p.AgentStatusV1, agent_id=agent_id, ready=True)
    await desk.centre.campaign(agent_id, wrap_up_s=0)
    interaction, customer = await desk.centre.customer_answers()
    if mobile is None:
        mobile = await desk.outside()
        mobile.say(BOB_HZ)
    assert mobile.called.endswith("447700900777")
    await hears(customer, BOB_HZ)
    await hears(mobile, CUSTOMER_HZ)
    await desk.centre.ask(calls.HoldV1, Done, agent_id=agent_id)
    await desk.until_on_hold(interaction)
    await hears_not(mobile, CUSTOMER_HZ)
    await desk.centre.ask(calls.ResumeV1, Done, agent_id=agent_id)
    await hears(customer, BOB_HZ)
    customer.hang_up()
    await desk.centre.until_state(agent_id, p.AgentState.READY)
    if mode is p.LegMode.ON_DEMAND:
        await mobile.until_over()
    else:
        assert mobile.is_up
        mobile.hang_up()
        await desk.centre.until_state(agent_id, p.AgentState.NOT_READY)
    await desk.until_nothing_left(interaction)
    await desk.centre.ask(p.SignOutV1, p.AgentStatusV1, agent_id=agent_id)


async def test_a_mobile_phone_that_hangs_up_ends_the_talk(desk: Desk) -> None:
    await mobile_agent(desk, "mobile-3", "303")
    await desk.centre.ask(
        p.SignInV1, p.AgentStatusV1, agent_id="mobile-3", leg_mode=p.LegMode.ON_DEMAND
    )
    await desk.centre.ask(p.SetAgentStateV1, p.AgentStatusV1, agent_id="mobile-3", ready=True)
    await desk.centre.campaign("mobile-3", wrap_up_s=0)
    interaction, customer = await desk.centre.customer_answers()
    mobile = await desk.outside()
    mobile.say(BOB_HZ)
    await hears(customer, BOB_HZ)
    mobile.hang_up()
    await customer.until_over()
    told = await desk.centre.fact("disconnected", interaction)
    assert told["hung_up_by"] == "agent"
    await desk.until_nothing_left(interaction)
    await desk.centre.ask(p.SignOutV1, p.AgentStatusV1, agent_id="mobile-3")


async def follows(desk: Desk, agent: Agent, *numbers: str) -> None:
    follow_me = [{"number": number, "ring_s": 5} for number in numbers]
    await configure(desk.centre, "agent_profile", agent.agent_id, follow_me=follow_me)


@pytest.mark.parametrize("first", ["refuses", "rings", "is_gone"])
async def test_further_phones_ring_one_after_another(desk: Desk, first: str) -> None:
    ann = await desk.agent()
    options: dict[str, Any] = {"refuse_with": 486} if first == "refuses" else {}
    bob = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND, answer_after_s=None, **options)
    await follows(desk, bob, SECOND, THIRD)
    if first == "is_gone":
        await bob.phone._goodbye()
    await desk.centre.ask(calls.DialV1, calls.DialingV1, agent_id=ann.agent_id, number=bob.number)
    second = await desk.centre.customer.next_call(30)
    assert second.called.endswith("447700900778")
    second.refuse(486)
    third = await desk.outside()
    assert third.called.endswith("447700900779")
    third.say(BOB_HZ)
    await hears(ann.leg, BOB_HZ)
    await hears(third, ANN_HZ)
    third.hang_up()
    await desk.until_free(ann, bob)


async def test_a_colleague_who_is_signed_out_is_followed(desk: Desk) -> None:
    ann, bob = await desk.agent(), await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND)
    await follows(desk, bob, SECOND, THIRD)
    await desk.centre.ask(p.SignOutV1, p.AgentStatusV1, agent_id=bob.agent_id)
    dialing = await desk.centre.ask(
        calls.DialV1, calls.DialingV1, agent_id=ann.agent_id, number=bob.number
    )
    second = await desk.outside(answer=False)
    second.refuse(486)
    third = await desk.outside()
    third.say(BOB_HZ)
    await hears(ann.leg, BOB_HZ)
    await hears(third, ANN_HZ)
    third.hang_up()
    await desk.until_free(ann)
    await desk.until_nothing_left(dialing.interaction_id)


async def test_nobody_at_any_phone_frees_the_agent(desk: Desk) -> None:
    ann = await desk.agent()
    bob = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND, refuse_with=486)
    await follows(desk, bob, SECOND)
    dialing = await desk.centre.ask(
        calls.DialV1, calls.DialingV1, agent_id=ann.agent_id, number=bob.number
    )
    second = await desk.outside(answer=False)
    second.refuse(486)
    told = await desk.centre.fact("finished", dialing.interaction_id)
    assert told["detail"] == "no_answer"
    await desk.until_free(ann, bob)
    await desk.until_nothing_left(dialing.interaction_id)


async def test_who_gives_up_ends_what_rings(desk: Desk) -> None:
    ann = await desk.agent()
    bob = await desk.agent(BOB_HZ, p.LegMode.ON_DEMAND, refuse_with=486)
    await follows(desk, bob, SECOND, THIRD)
    await desk.centre.ask(calls.DialV1, calls.DialingV1, agent_id=ann.agent_id, number=bob.number)
    second = await desk.outside(answer=False)
    await desk.centre.ask(p.HangUpV1, Done, agent_id=ann.agent_id)
    await second.until_over()
    await desk.until_free(ann, bob)
    with pytest.raises(TimeoutError):
        await desk.centre.customer.next_call(1)  # the third does not ring any more
