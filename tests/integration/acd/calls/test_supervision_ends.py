"""What supervision leaves behind: ends of talks and phones, recordings, restarts."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.support.acd_centre import CUSTOMER_HZ
from tests.support.audio import heard, read_wav, tones
from tests.support.call_desk import ANN_HZ, BOB_HZ, Desk, hears, hears_not
from tests.support.standstill import Standstill
from tests.support.supervision_desk import (
    SUE_HZ,
    Undisturbed,
    group,
    seat,
    stop,
    supervise,
    told,
    until_no_ears,
    until_told,
)
from tests.support.waiting import eventually

from ringway.proto import acd as p
from ringway.proto import acd_calls as calls
from ringway.proto.acd_config import SupervisionMode as Mode

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(90),
    pytest.mark.asyncio(loop_scope="module"),
]

MODES = tuple(p.LegMode)


@pytest.mark.parametrize("how", [Mode.LISTEN, Mode.WHISPER, Mode.BARGE])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("end", ["customer", "agent's phone"])
async def test_a_talk_that_ends_leaves_nothing(
    desk: Desk, how: Mode, mode: p.LegMode, end: str
) -> None:
    ann, sue = await desk.agent(mode=mode), await seat(desk)
    await group(desk, sue, ann)
    interaction, customer = await desk.talk(ann)
    await supervise(desk, sue, how, ann)
    sue.call = await sue.phone.next_call()
    await hears(sue.leg, CUSTOMER_HZ)
    (customer if end == "customer" else ann.leg).hang_up()
    await customer.until_over()
    await until_no_ears(desk)
    await desk.until_nothing_left(interaction)
    (ended,) = await until_told(desk, sue, "ended")
    assert ended["interaction_id"] == interaction
    await hears_not(sue.leg, ANN_HZ, CUSTOMER_HZ)
    assert sue.leg.is_up  # for the next talk


async def test_a_supervisors_phone_that_vanishes_is_noticed_by_its_silence(desk: Desk) -> None:
    ann, sue = await desk.agent(), await seat(desk)
    await group(desk, sue, ann)
    _, customer = await desk.talk(ann)
    await supervise(desk, sue, Mode.BARGE, ann)
    sue.call = await sue.phone.next_call()
    await hears(customer, SUE_HZ)
    with Undisturbed(customer, ann):
        await sue.phone.vanish()
        await hears_not(customer, SUE_HZ)

        await eventually(
            lambda: bool(told(desk, sue, "ended")), within_s=60, what="the phone is given up"
        )
    await hears(customer, ANN_HZ)


async def test_scope_that_is_taken_away_ends_the_listening(desk: Desk) -> None:
    ann, sue = await desk.agent(), await seat(desk)
    await group(desk, sue, ann)
    _, customer = await desk.talk(ann)
    await supervise(desk, sue, Mode.LISTEN, ann)
    sue.call = await sue.phone.next_call()
    await hears(sue.leg, CUSTOMER_HZ)
    with Undisturbed(customer, ann):
        await group(desk, sue)
        await sue.leg.until_over()
        await until_no_ears(desk)


async def test_what_is_recorded_is_the_talk_alone(desk: Desk, tmp_path: Path) -> None:
    ann, sue = await desk.agent(), await seat(desk)
    await group(desk, sue, ann)
    with Standstill() as stood_still:
        interaction, customer = await desk.talk(ann)
        await supervise(desk, sue, Mode.LISTEN, ann)
        sue.call = await sue.phone.next_call()
        await hears(sue.leg, CUSTOMER_HZ)
        await supervise(desk, sue, Mode.WHISPER, ann)
        await hears(ann.leg, SUE_HZ)
        await stop(desk, sue)
        await hears_not(ann.leg, SUE_HZ)
        customer.hang_up()
    # Nowhere a gap of a tenth, but for what the phones did not say: it touches up to two more.
    excused = sum(int((to_s - from_s) * 10) + 2 for from_s, to_s in stood_still.spans)
    done = await desk.centre.fact("disconnected", interaction)
    for half, hz in (("recording_agent", ANN_HZ), ("recording_customer", CUSTOMER_HZ)):
        name = done[half]
        await eventually(partial(_stored, desk, name), within_s=10, what="it is stored")
        file = tmp_path / f"{half}.wav"
        file.write_bytes(await desk.centre.node.get_stored_recording(name))
        found = tones(file, 0, (hz, SUE_HZ))
        assert found[hz] > -35
        assert found[SUE_HZ] < found[hz] - 30
        _, samples = read_wav(file)
        tenths = range(2, len(samples) // 8000 * 10 - 4)
        gaps = [
            at for at in tenths if not heard(file, 0, hz, at / 10, at / 10 + 0.1, above_dbfs=-40)
        ]
        assert len(gaps) <= excused, (gaps, stood_still.spans)


async def test_what_is_recorded_of_many_agents_misses_none(desk: Desk, tmp_path: Path) -> None:
    """There and back: packets of one of the two have the lower numbers, see TalkControl."""
    ann, bob = await desk.agent(), await desk.agent(BOB_HZ)
    interaction, customer = await desk.talk(ann, wrap_up_s=0)
    await desk.ask(calls.TransferV1, ann, target=bob.target)
    await hears(customer, BOB_HZ)
    await asyncio.sleep(0.7)
    await desk.ask(calls.TransferV1, bob, target=ann.target)
    await hears_not(customer, BOB_HZ)
    await hears(customer, ANN_HZ)
    await asyncio.sleep(0.7)
    customer.hang_up()
    await eventually(lambda: bool(_last(desk, interaction)), within_s=10, what="the end is told")
    name = _last(desk, interaction)[0]["recording_agent"]
    await eventually(partial(_stored, desk, name), within_s=10, what="it is stored")
    file = tmp_path / "agents.wav"
    file.write_bytes(await desk.centre.node.get_stored_recording(name))
    _, samples = read_wav(file)
    end_s = len(samples) / 8000
    assert any(heard(file, 0, BOB_HZ, at / 10, at / 10 + 0.3) for at in range(int(end_s * 10)))
    assert heard(file, 0, ANN_HZ, end_s - 0.6, end_s - 0.2)


def _last(desk: Desk, interaction: str) -> list[dict[str, Any]]:
    """Return what was told of the interaction's last segment."""
    return [
        data
        for subject, data in desk.centre.facts
        if subject.endswith(f"{interaction}.disconnected") and data["is_last"]
    ]


async def _stored(desk: Desk, name: str) -> bool:
    stored = {r.name for r in await desk.centre.node.list_stored_recordings()}
    live = [c.id for c in await desk.centre.node.get_channels() if c.id.startswith(name[:36])]
    return name in stored and not live


@pytest.mark.parametrize(
    ("lent", "mode"), [(False, Mode.BARGE), (False, Mode.LISTEN), (True, Mode.WHISPER)]
)
async def test_supervision_goes_on_after_a_restart(desk: Desk, lent: bool, mode: Mode) -> None:
    ann = await desk.agent()
    sue = await desk.agent(SUE_HZ) if lent else await seat(desk)
    await group(desk, sue, ann)
    interaction, customer = await desk.talk(ann)
    await supervise(desk, sue, mode, ann)
    if not lent:
        sue.call = await sue.phone.next_call()
    await hears(sue.leg, ANN_HZ)
    await hears(sue.leg, CUSTOMER_HZ)
    phone = sue.leg
    if mode is Mode.WHISPER:
        await hears(ann.leg, SUE_HZ)
    with Undisturbed(customer, ann, 1.0):  # the start of a process takes the machine
        desk.centre.acd.kill()
        await desk.centre.start_acd()
        await desk.centre.until_state(ann.agent_id, p.AgentState.TALKING, within_s=15)
    assert sue.leg is phone
    await hears(phone, ANN_HZ)
    await (hears if mode is Mode.BARGE else hears_not)(customer, SUE_HZ)
    await (hears_not if mode is Mode.LISTEN else hears)(ann.leg, SUE_HZ)
    assert told(desk, sue, "ended") == []
    # It can be changed and ended as ever.
    other = Mode.LISTEN if mode is Mode.BARGE else Mode.BARGE
    await supervise(desk, sue, other, ann)
    await (hears_not if mode is Mode.BARGE else hears)(customer, SUE_HZ)
    await stop(desk, sue)
    await hears_not(customer, SUE_HZ)
    (ended,) = await until_told(desk, sue, "ended")
    assert (ended["interaction_id"], ended["reason"]) == (interaction, "")
    assert ended["listened_s"] > 1
    await until_no_ears(desk)
    if lent:
        assert phone.is_up
        await desk.talk(sue)
    else:
        await phone.until_over()
    await hears(customer, ANN_HZ)


async def test_what_a_supervisor_left_unseen_is_told(desk: Desk) -> None:
    ann, sue = await desk.agent(), await seat(desk)
    await group(desk, sue, ann)
    interaction, customer = await desk.talk(ann)
    await supervise(desk, sue, Mode.LISTEN, ann)
    sue.call = await sue.phone.next_call()
    await hears(sue.leg, ANN_HZ)
    desk.centre.acd.kill()
    sue.leg.hang_up()
    await sue.leg.until_over()
    await desk.centre.start_acd()
    (ended,) = await until_told(desk, sue, "ended")
    assert ended["interaction_id"] == interaction
    await until_no_ears(desk)
    await hears(customer, ANN_HZ)
