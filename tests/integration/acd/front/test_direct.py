"""Calls for one agent who talks, is not there, or does not want to be disturbed."""

from __future__ import annotations

import pytest
from tests.support.acd_centre import AGENT_HZ, CUSTOMER_HZ
from tests.support.front_centre import FrontCentre
from tests.support.waiting import eventually

from ringway.proto import acd as p
from ringway.proto.acd_calls import OfferV1, SetDoNotDisturbV1
from ringway.proto.base import Done

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(120),
    pytest.mark.asyncio(loop_scope="module"),
]


async def test_who_does_not_want_to_be_disturbed_is_not_rung(centre: FrontCentre) -> None:
    phone = await centre.agent("una", p.LegMode.ON_DEMAND)
    await centre.acd.ask(SetDoNotDisturbV1, Done, agent_id="una", on=True)
    await centre.until_shown("agent", agent_id="una", do_not_disturb=True)
    assert (await centre.acd.ask(p.GetAgentV1, p.AgentStatusV1, agent_id="una")).do_not_disturb
    did = await centre.route({"kind": "agent", "value": "una"})
    call = await centre.call(did)
    await call.until_over(20)
    told = await centre.until_told("finished", called=did)
    assert told["outcome"] == "not_answered"
    with pytest.raises(TimeoutError):
        await phone.next_call(0.1)
    await centre.acd.until_state("una", p.AgentState.READY)
    await centre.sign_out("una")
    await centre.until_nothing_is_left()


async def test_further_phones_are_called_for_who_is_not_there(centre: FrontCentre) -> None:
    await centre.agent("vic", p.LegMode.ON_DEMAND)
    numbers = ("+8613700000011", "+8613700000012")
    await centre.put(
        "agent_profile", "vic", follow_me=[{"number": n, "ring_s": 10} for n in numbers]
    )
    await centre.sign_out("vic")
    did = await centre.route({"kind": "agent", "value": "vic"})
    call = await centre.call(did)
    first = await centre.rings_outside()
    assert first.called.endswith("13700000011")
    first.refuse(486)
    second = await centre.rings_outside()
    assert second.called.endswith("13700000012")
    second.answer()
    await call.until_answered()
    second.say(AGENT_HZ)
    await call.until_hears(AGENT_HZ)
    await second.until_hears(CUSTOMER_HZ)
    second.hang_up()
    await call.until_over()
    assert (await centre.until_told("finished", called=did))["outcome"] == "forwarded"
    await centre.until_nothing_is_left()


async def test_who_talks_is_shown_that_a_call_waits_and_has_it_next(centre: FrontCentre) -> None:
    shown: list[OfferV1] = []

    async def on_offer(offer: OfferV1) -> None:
        shown.append(offer)

    await centre.acd.bus.subscribe(OfferV1, on_offer)
    phone = await centre.agent("wes")
    leg = await phone.next_call()
    did = await centre.route({"kind": "agent", "value": "wes"})
    first = await centre.call(did)
    await first.until_hears(AGENT_HZ)
    second = await centre.call(did)
    await second.until_answered()
    await eventually(
        lambda: any(o.agent_id == "wes" and o.is_waiting for o in shown),
        within_s=10,
        what="call waiting is shown",
    )
    assert not second.hears(AGENT_HZ)
    first.hang_up()
    await second.until_hears(AGENT_HZ, 10)
    second.hang_up()
    await centre.acd.until_state("wes", p.AgentState.READY)
    assert leg.is_up
    await centre.sign_out("wes")
    await centre.until_nothing_is_left()
