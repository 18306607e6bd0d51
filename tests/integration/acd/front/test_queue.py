"""Customers who call a queue: music, agents, full and empty queues, what is told of it all."""

from __future__ import annotations

import pytest
from tests.support.acd_centre import AGENT_HZ, CUSTOMER_HZ
from tests.support.front_centre import FrontCentre

from ringway.proto import acd as p

# One centre serves the whole module; each test uses its own numbers, queues and agents.
pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(90),
]


@pytest.mark.parametrize("mode", p.LegMode)
async def test_a_caller_hears_music_then_the_agent_and_is_heard(
    centre: FrontCentre, mode: p.LegMode
) -> None:
    name = f"ann-{mode}"
    phone = await centre.agent(name, mode)
    await centre.ready(name, ready=False)
    did = await centre.queue(f"q-{mode}", name)
    call = await centre.call(did, "+8613800000001")
    await call.until_answered()
    interaction = await centre.started(did)
    await centre.until_told("queued", interaction_id=interaction, queue_id=f"q-{mode}")
    await centre.until_sounds(call)
    await centre.ready(name)
    leg = await phone.next_call()
    await call.until_hears(AGENT_HZ)
    await leg.until_hears(CUSTOMER_HZ)
    told = await centre.until_told("connected", interaction_id=interaction)
    assert (told["agent_id"], told["queue_id"]) == (name, f"q-{mode}")
    call.hang_up()
    told = await centre.until_told("disconnected", interaction_id=interaction)
    assert told["direction"] == "inbound"
    assert (told["caller"], told["called"]) == ("+8613800000001", did)
    assert told["recording_agent"]
    await centre.acd.until_state(name, p.AgentState.READY)
    await centre.sign_out(name)
    await centre.until_nothing_is_left()
