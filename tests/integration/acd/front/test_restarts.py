"""The ACD is killed while customers are between agents: nobody is lost or left in silence."""

from __future__ import annotations

import asyncio

import pytest
from tests.support.acd_centre import AGENT_HZ, CUSTOMER_HZ
from tests.support.front_centre import FrontCentre
from tests.support.waiting import eventually

from ringway.proto import acd as p
from ringway.proto.base import Done

# One centre serves the whole module; each test uses its own numbers, queues and agents.
pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(90),
]


async def restart(centre: FrontCentre) -> None:
    centre.acd.acd.kill()
    await centre.acd.start_acd()


async def test_a_caller_in_voicemail_begins_again_and_his_message_is_kept(
    centre: FrontCentre,
) -> None:
    await centre.put("voicemail_box", "v-kill", name="kill")
    did = await centre.route({"kind": "voicemail", "value": "v-kill"})
    call = await centre.call(did)
    await call.until_answered()
    interaction = await centre.started(did)
    await centre.until_sounds(call)
    await restart(centre)
    await centre.until_sounds(call)
    call.press("#")
    recordings = centre.acd.asterisk.recordings
    await eventually(
        lambda: any(
            interaction in file.name and file.stat().st_size > 40_000
            for file in recordings.iterdir()
        ),
        within_s=20,
        what="more than two seconds are recorded",
    )
    call.hang_up()
    await centre.until_told("voicemail_left", interaction_id=interaction, within_s=20)
    finished = await centre.until_told("finished", interaction_id=interaction)
    assert finished["outcome"] == "voicemail"
    assert len(centre.told("started", called=did)) == 1
    await centre.until_nothing_is_left()


async def test_a_rating_that_is_broken_off_ends_the_call(centre: FrontCentre) -> None:
    await centre.agent("sam")
    did = await centre.queue("q-kill-rating", "sam", rating={"enabled": True, "timeout_s": 30})
    call = await centre.call(did)
    await call.until_hears(AGENT_HZ)
    await centre.acd.ask(p.HangUpV1, Done, agent_id="sam")
    interaction = await centre.started(did)
    await centre.until_told("disconnected", interaction_id=interaction)
    await eventually(lambda: not call.hears(AGENT_HZ), what="the agent has gone")
    await centre.acd.until_state("sam", p.AgentState.READY)
    await restart(centre)
    await call.until_over(20)
    finished = await centre.until_told("finished", interaction_id=interaction)
    assert finished["outcome"] == "talked"
    await centre.sign_out("sam")
    await centre.until_nothing_is_left()


async def test_waiting_callers_keep_their_order(centre: FrontCentre) -> None:
    phone = await centre.agent("tom")
    await centre.ready("tom", ready=False)
    did = await centre.queue("q-kill-order", "tom")
    calls = []
    for _ in range(3):
        calls.append(await centre.call(did))
        await calls[-1].until_answered()
        interaction = await centre.started(did)
        await centre.until_told("queued", interaction_id=interaction)
    await restart(centre)
    await asyncio.gather(*(centre.until_sounds(call) for call in calls))
    await centre.ready("tom")
    leg = await phone.next_call()
    for call in calls:
        await call.until_hears(AGENT_HZ, within_s=15)
        await leg.until_hears(CUSTOMER_HZ)
        call.hang_up()
    await eventually(
        lambda: len(centre.told("connected", queue_id="q-kill-order")) >= 3, what="all are told"
    )
    assert len(centre.told("queued", queue_id="q-kill-order")) == 3
    connected = centre.told("connected", queue_id="q-kill-order")
    queued = centre.told("queued", queue_id="q-kill-order")
    assert [c["interaction_id"] for c in connected] == [q["interaction_id"] for q in queued]
    await centre.sign_out("tom")
    await centre.until_nothing_is_left()
