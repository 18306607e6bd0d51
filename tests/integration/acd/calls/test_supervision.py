"""Supervision on real phones: who hears whom, who does not, and what is left undisturbed."""

from __future__ import annotations

import asyncio

import pytest
from tests.support.acd_centre import CUSTOMER_HZ
from tests.support.call_desk import ANN_HZ, BOB_HZ, Desk, hears, hears_not
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

from ringway.proto import acd as p
from ringway.proto.acd_config import SupervisionMode as Mode
from ringway.runtime.errors import Refused

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(90),
    pytest.mark.asyncio(loop_scope="module"),
]

MODES = tuple(p.LegMode)


@pytest.mark.parametrize("mode", MODES)
async def test_listen_whisper_barge_and_back_on_one_phone(desk: Desk, mode: p.LegMode) -> None:
    ann, sue = await desk.agent(mode=mode), await seat(desk)
    await group(desk, sue, ann)
    interaction, customer = await desk.talk(ann)
    with Undisturbed(customer, ann):
        await supervise(desk, sue, Mode.LISTEN, ann)
        sue.call = await sue.phone.next_call()
        await hears(sue.leg, ANN_HZ, CUSTOMER_HZ)
        await hears_not(customer, SUE_HZ)
        await hears_not(ann.leg, SUE_HZ)
        await supervise(desk, sue, Mode.WHISPER, ann)
        await hears(ann.leg, SUE_HZ, CUSTOMER_HZ)
        await hears(sue.leg, ANN_HZ, CUSTOMER_HZ)
        await hears_not(customer, SUE_HZ)
        await hears_not(sue.leg, SUE_HZ)  # no echo of himself
    assert not customer.heard(SUE_HZ)  # not even for a moment
    await supervise(desk, sue, Mode.BARGE, ann)
    await hears(customer, SUE_HZ, ANN_HZ)
    await hears(ann.leg, SUE_HZ, CUSTOMER_HZ)
    await hears(sue.leg, ANN_HZ, CUSTOMER_HZ)
    await supervise(desk, sue, Mode.LISTEN, ann)
    await hears_not(customer, SUE_HZ)
    await hears_not(ann.leg, SUE_HZ)
    await hears(sue.leg, ANN_HZ, CUSTOMER_HZ)
    await hears(customer, ANN_HZ)
    await hears(ann.leg, CUSTOMER_HZ)
    with Undisturbed(customer, ann):
        for _ in range(2):
            await stop(desk, sue)
        await sue.leg.until_over()
        await asyncio.sleep(0.5)
    assert len(sue.phone.calls) <= 1  # called once
    await until_no_ears(desk)
    acts = await until_told(desk, sue, "acted", 4)
    assert [a["mode"] for a in acts] == ["listen", "whisper", "barge", "listen"]
    assert {(a["outcome"], a["interaction_id"]) for a in acts} == {("done", interaction)}
    (ended,) = await until_told(desk, sue, "ended")
    assert (ended["agent_id"], ended["interaction_id"]) == (ann.agent_id, interaction)
    assert ended["listened_s"] > 0.5


@pytest.mark.parametrize("how", [Mode.LISTEN, Mode.WHISPER, Mode.BARGE])
async def test_a_supervisor_who_hangs_up_leaves_the_talk_undisturbed(desk: Desk, how: Mode) -> None:
    ann, sue = await desk.agent(), await seat(desk)
    await group(desk, sue, ann)
    _, customer = await desk.talk(ann)
    await supervise(desk, sue, how, ann)
    sue.call = await sue.phone.next_call()
    await hears(sue.leg, ANN_HZ)
    if how is not Mode.LISTEN:
        await hears(ann.leg, SUE_HZ)
    if how is Mode.BARGE:
        await hears(customer, SUE_HZ)
    with Undisturbed(customer, ann):
        sue.leg.hang_up()
        await until_told(desk, sue, "ended")
        await hears_not(customer, SUE_HZ)
        await hears_not(ann.leg, SUE_HZ)
    await until_no_ears(desk)


async def test_outside_his_groups_agents_do_not_exist(desk: Desk) -> None:
    ann, bob, sue = await desk.agent(), await desk.agent(BOB_HZ), await seat(desk)
    await group(desk, sue, bob, allowed=(Mode.LISTEN,))
    _, customer = await desk.talk(ann)
    for act in Mode:
        with pytest.raises(Refused, match="agent_unknown"):
            await supervise(desk, sue, act, ann)
    with pytest.raises(Refused, match="agent_unknown"):
        await supervise(desk, sue, Mode.LISTEN, ann, tenant="stranger", everywhere=True)
    with pytest.raises(Refused, match="agent_unknown"):
        await supervise(desk, sue, Mode.LISTEN, sue, everywhere=True)
    with pytest.raises(Refused, match="not_in_call"):
        await supervise(desk, sue, Mode.LISTEN, bob)
    with pytest.raises(Refused, match="not_allowed"):
        await supervise(desk, sue, Mode.BARGE, bob)
    assert customer.hears(ANN_HZ)
    acts = await until_told(desk, sue, "acted", len(Mode) + 3)
    assert {a["outcome"] for a in acts} == {"agent_unknown", "not_in_call", "not_allowed"}
    assert not told(desk, sue, "ended")
    await supervise(desk, sue, Mode.LISTEN, ann, everywhere=True)
    await hears(await sue.phone.next_call(), ANN_HZ)
