"""Callbacks: asked for by keys, kept in line, called when the turn comes."""

from __future__ import annotations

import pytest
from tests.support.acd_centre import AGENT_HZ, CUSTOMER_HZ
from tests.support.front_centre import FrontCentre
from tests.support.waiting import eventually

from ringway.proto import acd as p
from ringway.trainer.phone_call import PhoneCall

# One centre serves the whole module; each test uses its own numbers, queues and agents.
pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(90),
]

OFFER = {"enabled": True, "key": "5", "offer_after_s": 0, "ring_s": 10}


async def asks_for_a_callback(centre: FrontCentre, did: str, number: str) -> tuple[str, PhoneCall]:
    """Have a caller wait, press the key and confirm his number."""
    call = await centre.call(did, number)
    await call.until_answered()
    interaction = await centre.started(did)
    await centre.until_told("queued", interaction_id=interaction)
    await centre.until_sounds(call)
    call.press("5")
    await centre.until_sounds(call)
    call.press("1")
    told = await centre.until_told("callback_requested", interaction_id=interaction)
    assert told["number"] == number
    return interaction, call


@pytest.mark.parametrize("mode", p.LegMode)
async def test_a_callback_keeps_its_place_and_is_called_once(
    centre: FrontCentre, mode: p.LegMode
) -> None:
    name = f"cat-{mode}"
    phone = await centre.agent(name, mode)
    await centre.ready(name, ready=False)
    did = await centre.queue(f"q-cb-{mode}", name, callback=OFFER)
    interaction, call = await asks_for_a_callback(centre, did, "+8613800000123")
    await call.until_over(20)  # hung up after the good-bye
    behind = await centre.call(did)
    await behind.until_answered()
    shown = await centre.until_shown("queue", queue_id=f"q-cb-{mode}", waiting=2)
    assert shown["callbacks"] == 1
    await centre.ready(name)
    ringing = await centre.rings_outside()
    assert ringing.called == "+8613800000123"
    assert not behind.hears(AGENT_HZ)
    await centre.acd.until_state(name, p.AgentState.RESERVED)
    ringing.answer()
    await ringing.until_hears(AGENT_HZ)
    leg = await phone.next_call()
    await leg.until_hears(CUSTOMER_HZ)
    told = await centre.until_told("connected", interaction_id=interaction)
    assert told["agent_id"] == name
    ended = await centre.until_told("callback_ended", interaction_id=interaction)
    assert (ended["outcome"], ended["attempts"]) == ("connected", 1)
    ringing.hang_up()
    await centre.until_told("disconnected", interaction_id=interaction)
    await behind.until_hears(AGENT_HZ, within_s=15)
    behind.hang_up()
    await centre.acd.until_state(name, p.AgentState.READY)
    await centre.sign_out(name)
    await centre.until_nothing_is_left()


async def test_who_does_not_answer_lets_the_agent_go_at_once(centre: FrontCentre) -> None:
    await centre.agent("dee")
    await centre.ready("dee", ready=False)
    did = await centre.queue("q-cb-no", "dee", callback=OFFER)
    interaction, call = await asks_for_a_callback(centre, did, "+8613800000456")
    call.hang_up()  # in the midst of the good-bye: what he asked for stands
    await centre.ready("dee")
    ringing = await centre.rings_outside()
    ringing.refuse(486)
    ended = await centre.until_told("callback_ended", interaction_id=interaction)
    assert (ended["outcome"], ended["attempts"]) == ("not_answered", 1)
    finished = await centre.until_told("finished", interaction_id=interaction)
    assert finished["outcome"] == "not_answered"
    await centre.acd.until_state("dee", p.AgentState.READY)
    assert centre.told("rona", interaction_id=interaction) == []
    await centre.sign_out("dee")
    await centre.until_nothing_is_left()


async def test_another_number_is_entered_and_called(centre: FrontCentre) -> None:
    await centre.agent("eli")
    await centre.ready("eli", ready=False)
    did = await centre.queue("q-cb-other", "eli", callback=OFFER)
    call = await centre.call(did, "+8613800000789")
    await call.until_answered()
    interaction = await centre.started(did)
    await centre.until_sounds(call)
    call.press("5")
    await centre.until_sounds(call)
    call.press("2")
    await centre.until_sounds(call)
    call.press("13900000321#")
    await centre.until_sounds(call)
    call.press("1")
    told = await centre.until_told("callback_requested", interaction_id=interaction, within_s=20)
    assert told["number"] == "+8613900000321"
    await call.until_over(20)
    await centre.ready("eli")
    ringing = await centre.rings_outside()
    assert ringing.called == "+8613900000321"
    ringing.answer()
    await ringing.until_hears(AGENT_HZ)
    ringing.hang_up()
    await centre.sign_out("eli")
    await centre.until_nothing_is_left()


async def test_a_callback_and_a_waiting_caller_survive_the_acd(centre: FrontCentre) -> None:
    phone = await centre.agent("flo")
    await centre.ready("flo", ready=False)
    did = await centre.queue("q-cb-kill", "flo", callback=OFFER)
    interaction, call = await asks_for_a_callback(centre, did, "+8613800000555")
    await call.until_over(20)
    behind = await centre.call(did)
    await behind.until_answered()
    other = await centre.started(did)
    await centre.until_told("queued", interaction_id=other)
    await centre.until_sounds(behind)
    centre.acd.acd.kill()
    await centre.until_sounds(behind)  # Asterisk plays on
    await centre.acd.start_acd()
    await centre.until_sounds(behind)
    await centre.ready("flo")
    ringing = await centre.rings_outside()
    ringing.answer()
    await ringing.until_hears(AGENT_HZ)
    await (await phone.next_call()).until_hears(CUSTOMER_HZ)
    ringing.hang_up()
    await behind.until_hears(AGENT_HZ, within_s=15)
    await centre.until_told("connected", interaction_id=other)
    behind.hang_up()
    await eventually(
        lambda: len(centre.told("disconnected", interaction_id=other)) == 1, within_s=10
    )
    assert len(centre.told("queued", interaction_id=interaction)) == 1
    await centre.sign_out("flo")
    await centre.until_nothing_is_left()
