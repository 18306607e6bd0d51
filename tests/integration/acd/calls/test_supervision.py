"""Supervision on real phones: who hears whom, who does not, and what is left undisturbed."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from tests.support.acd_centre import CUSTOMER_HZ
from tests.support.call_desk import (
    ANN_HZ,
    BOB_HZ,
    OUTSIDE_HZ,
    Desk,
    configure,
    hears,
    hears_not,
)
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
    watched,
)

from ringway.proto import acd as p
from ringway.proto import acd_calls as calls
from ringway.proto.acd_config import ConfigV1, PutConfigV1, Target, TargetKind
from ringway.proto.acd_config import SupervisionMode as Mode
from ringway.runtime.clock import utcnow
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
        await supervise(desk, sue, Mode.LISTEN, ann, tenant=str(uuid4()), everywhere=True)
    with pytest.raises(Refused, match="agent_unknown"):
        await supervise(desk, sue, Mode.LISTEN, sue, everywhere=True)
    with pytest.raises(Refused, match="not_in_call"):
        await supervise(desk, sue, Mode.LISTEN, bob)
    with pytest.raises(Refused, match="not_allowed"):
        await supervise(desk, sue, Mode.BARGE, bob)
    await hears(customer, ANN_HZ)
    acts = await until_told(desk, sue, "acted", len(Mode) + 3)
    assert {a["outcome"] for a in acts} == {"agent_unknown", "not_in_call", "not_allowed"}
    assert not told(desk, sue, "ended")
    await supervise(desk, sue, Mode.LISTEN, ann, everywhere=True)
    await hears(await sue.phone.next_call(), ANN_HZ)


# -- what the agent does meanwhile -----------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
async def test_the_supervisor_follows_hold_and_consultation(desk: Desk, mode: p.LegMode) -> None:
    ann, bob, sue = await desk.agent(mode=mode), await desk.agent(BOB_HZ, mode), await seat(desk)
    await group(desk, sue, ann)
    interaction, customer = await desk.talk(ann)
    await supervise(desk, sue, Mode.WHISPER, ann)
    sue.call = await sue.phone.next_call()
    await hears(sue.leg, ANN_HZ, CUSTOMER_HZ)
    await desk.ask(calls.HoldV1, ann)
    assert await desk.is_on_hold(interaction)
    await hears_not(sue.leg, CUSTOMER_HZ)
    await hears(sue.leg, ANN_HZ)
    await desk.ask(calls.ResumeV1, ann)
    await hears(sue.leg, CUSTOMER_HZ)
    await desk.ask(calls.ConsultV1, ann, target=bob.target)
    await desk.answers(bob)
    await hears(sue.leg, ANN_HZ, BOB_HZ)
    await hears_not(sue.leg, CUSTOMER_HZ)
    await hears(ann.leg, SUE_HZ, BOB_HZ)
    assert not bob.leg.heard(SUE_HZ)
    await supervise(desk, sue, Mode.BARGE, ann)
    await hears(bob.leg, SUE_HZ, ANN_HZ)
    assert await desk.is_on_hold(interaction)
    assert not customer.heard(SUE_HZ)
    await supervise(desk, sue, Mode.LISTEN, ann)
    await hears_not(bob.leg, SUE_HZ)
    await desk.ask(calls.CancelConsultV1, ann)
    await hears(customer, ANN_HZ)
    await hears(sue.leg, ANN_HZ, CUSTOMER_HZ)
    assert not customer.heard(SUE_HZ)


async def test_a_muted_agent_does_not_mute_who_barged_in(desk: Desk) -> None:
    ann, sue = await desk.agent(), await seat(desk)
    await group(desk, sue, ann)
    _, customer = await desk.talk(ann)
    await desk.ask(calls.MuteV1, ann, muted=True)
    await hears_not(customer, ANN_HZ)
    await supervise(desk, sue, Mode.BARGE, ann)
    sue.call = await sue.phone.next_call()
    await hears(customer, SUE_HZ)
    await hears(sue.leg, CUSTOMER_HZ)
    await hears_not(customer, ANN_HZ)


@pytest.mark.parametrize("mode", MODES)
async def test_the_supervisor_stays_for_the_next_talk_and_only_listens(
    desk: Desk, mode: p.LegMode
) -> None:
    ann, sue = await desk.agent(mode=mode), await seat(desk)
    await group(desk, sue, ann)
    first, customer = await desk.talk(ann, wrap_up_s=0)
    await supervise(desk, sue, Mode.BARGE, ann)
    sue.call = await sue.phone.next_call()
    await hears(customer, SUE_HZ)
    customer.hang_up()
    await desk.until_free(ann)
    await until_no_ears(desk)
    await hears_not(sue.leg, ANN_HZ, CUSTOMER_HZ)  # an open microphone is nobody's business
    if mode is p.LegMode.NAILED_UP:
        await hears_not(ann.leg, SUE_HZ)
    else:
        ann.call = None
    second, customer = await desk.talk(ann)
    await hears(sue.leg, ANN_HZ, CUSTOMER_HZ)
    await hears_not(customer, SUE_HZ)
    assert not customer.heard(SUE_HZ)
    acts = await until_told(desk, sue, "acted", 2)
    assert [(a["mode"], a["interaction_id"]) for a in acts] == [
        ("barge", first),
        ("listen", second),
    ]
    assert sue.leg.is_up
    await desk.centre.ask(p.SignOutV1, p.AgentStatusV1, agent_id=ann.agent_id)
    customer.hang_up()
    await desk.centre.until_state(ann.agent_id, p.AgentState.LOGGED_OUT)
    await sue.leg.until_over()  # nobody is left to supervise


async def test_another_agent_is_heard_on_the_same_phone(desk: Desk) -> None:
    ann, bob, sue = await desk.agent(), await desk.agent(BOB_HZ), await seat(desk)
    await group(desk, sue, ann, bob)
    _, hers = await desk.talk(ann)
    _, his = await desk.talk(bob)
    await supervise(desk, sue, Mode.BARGE, ann)
    sue.call = await sue.phone.next_call()
    await hears(hers, SUE_HZ)
    await supervise(desk, sue, Mode.LISTEN, bob)
    await hears(sue.leg, BOB_HZ)
    await hears_not(sue.leg, ANN_HZ)
    await hears_not(hers, SUE_HZ)
    assert not his.heard(SUE_HZ)
    assert len(await until_told(desk, sue, "ended")) == 1


# -- the supervisor's phone ------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
async def test_a_supervisor_who_is_an_agent_uses_his_phone_until_a_call_comes(
    desk: Desk, mode: p.LegMode
) -> None:
    ann, sue = await desk.agent(), await desk.agent(SUE_HZ, mode)
    await group(desk, sue, ann)
    _, customer = await desk.talk(ann)
    await supervise(desk, sue, Mode.WHISPER, ann)
    if mode is p.LegMode.ON_DEMAND:
        sue.call = await sue.phone.next_call()
    await hears(sue.leg, ANN_HZ, CUSTOMER_HZ)
    await hears(ann.leg, SUE_HZ)
    listening = sue.leg
    sue.call = None if mode is p.LegMode.ON_DEMAND else sue.call
    with Undisturbed(customer, ann):
        _, his = await desk.talk(sue)  # his own customer
        await hears_not(ann.leg, SUE_HZ)
        await hears_not(sue.leg, ANN_HZ)
    assert not customer.heard(SUE_HZ)
    assert not his.heard(ANN_HZ)
    await until_no_ears(desk)
    assert await until_told(desk, sue, "ended")
    if mode is p.LegMode.ON_DEMAND:
        await listening.until_over()
    with pytest.raises(Refused, match="not_now"):
        await supervise(desk, sue, Mode.LISTEN, ann)
    await hears(his, SUE_HZ)


async def test_a_lent_phone_goes_home(desk: Desk) -> None:
    ann, sue = await desk.agent(), await desk.agent(SUE_HZ)
    await group(desk, sue, ann)
    await desk.talk(ann)
    await supervise(desk, sue, Mode.LISTEN, ann)
    await hears(sue.leg, ANN_HZ)
    await stop(desk, sue)
    await hears_not(sue.leg, ANN_HZ)
    assert sue.leg.is_up
    await until_no_ears(desk)
    await desk.talk(sue)


async def test_a_phone_that_does_not_come_is_told(desk: Desk) -> None:
    ann = await desk.agent()
    busy, slow = await seat(desk, refuse_with=486), await seat(desk, answer_after_s=None)
    gone = await seat(desk, register=False)
    _, customer = await desk.talk(ann)
    for supervisor, code in ((busy, "phone_not_answered"), (gone, "phone_not_registered")):
        await group(desk, supervisor, ann)
        with pytest.raises(Refused, match=code):
            await supervise(desk, supervisor, Mode.LISTEN, ann)
        (act,) = await until_told(desk, supervisor, "acted")
        assert act["outcome"] == code
    await group(desk, slow, ann)
    asked = asyncio.ensure_future(supervise(desk, slow, Mode.BARGE, ann))
    call = await slow.phone.next_call()
    await stop(desk, slow)  # while it rings
    await call.until_over()
    with pytest.raises(Refused, match="not_now"):
        await asked
    await until_no_ears(desk)
    await hears(customer, ANN_HZ)


# -- acting ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
async def test_a_forced_disconnect_ends_the_call_for_all(desk: Desk, mode: p.LegMode) -> None:
    ann, bob, sue = await desk.agent(mode=mode), await desk.agent(BOB_HZ, mode), await seat(desk)
    await group(desk, sue, ann)
    interaction, customer = await desk.talk(ann)
    await desk.ask(calls.ConsultV1, ann, target=bob.target)
    await desk.answers(bob)
    await hears(bob.leg, ANN_HZ)
    await desk.ask(calls.MergeV1, ann)
    await hears(customer, BOB_HZ)
    message_id = uuid4().hex
    await supervise(desk, sue, Mode.DISCONNECT, ann, message_id=message_id)
    await customer.until_over()
    assert (await desk.centre.fact("disconnected", interaction))["hung_up_by"] == "system"
    await desk.centre.until_state(ann.agent_id, p.AgentState.WRAP_UP)
    await desk.until_free(bob)
    await desk.until_nothing_left(interaction)
    await supervise(desk, sue, Mode.DISCONNECT, ann, message_id=message_id)  # a repeat
    with pytest.raises(Refused, match="not_in_call"):
        await supervise(desk, sue, Mode.DISCONNECT, ann)
    assert [a["outcome"] for a in await until_told(desk, sue, "acted", 2)] == [
        "done",
        "not_in_call",
    ]


@pytest.mark.parametrize("kind", [TargetKind.AGENT, TargetKind.NUMBER, TargetKind.QUEUE])
async def test_a_forced_transfer_takes_the_customer_to_any_target(
    desk: Desk, kind: TargetKind
) -> None:
    ann, bob, sue = await desk.agent(), await desk.agent(BOB_HZ), await seat(desk)
    await group(desk, sue, ann)
    queue = f"queue-{ann.number}"
    put = PutConfigV1(
        occurred_at=utcnow(),
        tenant=desk.centre.tenant,
        kind="queue",
        object_id=queue,
        body={"name": queue, "agent_ids": [bob.agent_id], "after_call": "none"},
    )
    await desk.centre.bus.request(put, ConfigV1, timeout_s=15)
    value = {TargetKind.AGENT: bob.agent_id, TargetKind.QUEUE: queue}.get(kind, "+442079460001")
    target = Target(kind=kind, value=value)
    interaction, customer = await desk.talk(ann)
    await desk.ask(calls.HoldV1, ann)  # whatever the agent does with the customer
    await supervise(desk, sue, Mode.LISTEN, ann)
    sue.call = await sue.phone.next_call()
    await supervise(desk, sue, Mode.TRANSFER, ann, target=target)
    if kind is TargetKind.NUMBER:
        await hears(await desk.outside(), CUSTOMER_HZ)
        await hears(customer, OUTSIDE_HZ)
    else:
        await hears(customer, BOB_HZ)
        await hears(bob.leg, CUSTOMER_HZ)
    await hears_not(customer, ANN_HZ)
    await hears_not(ann.leg, CUSTOMER_HZ)
    await hears_not(sue.leg, CUSTOMER_HZ, BOB_HZ)  # she stays with the agent
    assert (await desk.centre.fact("transferred", interaction))["by"] == "supervisor"
    await desk.centre.until_state(ann.agent_id, p.AgentState.WRAP_UP)


async def test_a_forced_transfer_that_cannot_be_changes_nothing(desk: Desk) -> None:
    ann, sue = await desk.agent(), await seat(desk)
    await group(desk, sue, ann)
    _, customer = await desk.talk(ann)
    with Undisturbed(customer, ann):
        for target, code in (
            (None, "invalid"),
            (Target(kind=TargetKind.QUEUE, value="nowhere"), "target_unknown"),
            (ann.target, "target_not_possible"),
            (Target(kind=TargetKind.NUMBER, value="12"), "number_"),
        ):
            with pytest.raises(Refused, match=code):
                await supervise(desk, sue, Mode.TRANSFER, ann, target=target)


@pytest.mark.parametrize("who", ["phone", *MODES])
async def test_a_supervisor_takes_the_customer(desk: Desk, who: str) -> None:
    ann, bob = await desk.agent(), await desk.agent(BOB_HZ)
    is_agent = who != "phone"
    sue = await desk.agent(SUE_HZ, p.LegMode(who)) if is_agent else await seat(desk)
    await group(desk, sue, ann)
    interaction, customer = await desk.talk(ann)
    await desk.ask(calls.ConsultV1, ann, target=bob.target)  # does not stand in the way
    await desk.answers(bob)
    await hears(bob.leg, ANN_HZ)
    await supervise(desk, sue, Mode.INTERCEPT, ann)
    if who != p.LegMode.NAILED_UP:
        sue.call = await sue.phone.next_call()
    await hears(customer, SUE_HZ)
    await hears(sue.leg, CUSTOMER_HZ)
    await hears_not(customer, ANN_HZ)
    await hears_not(ann.leg, CUSTOMER_HZ, SUE_HZ)
    await hears_not(sue.leg, ANN_HZ)
    await until_no_ears(desk)
    await desk.centre.until_state(ann.agent_id, p.AgentState.WRAP_UP)
    await desk.until_free(bob)
    status = await desk.centre.ask(
        calls.GetInteractionV1, calls.InteractionStatusV1, interaction_id=interaction
    )
    assert status.agent_id == (sue.agent_id if is_agent else None)
    if is_agent:  # and it is a call of his own
        await desk.ask(calls.HoldV1, sue)
        assert await desk.is_on_hold(interaction)
        await desk.ask(calls.ResumeV1, sue)
        await hears(customer, SUE_HZ)
        customer.hang_up()
        await desk.centre.until_state(sue.agent_id, p.AgentState.WRAP_UP)
    else:
        sue.leg.hang_up()
        await customer.until_over()
    await desk.until_nothing_left(interaction)
    told_of = await desk.centre.fact("transferred", interaction)
    assert (told_of["by"], told_of["target"]["value"]) == ("supervisor", sue.agent_id)


async def test_states_are_changed_and_agents_logged_out(desk: Desk) -> None:
    ann, sue = await desk.agent(), await seat(desk)
    await group(desk, sue, ann)
    await supervise(desk, sue, Mode.STATE, ann, ready=False, reason="meeting")
    (line,) = await watched(desk, sue)
    assert (line.state, line.reason) == (p.AgentState.NOT_READY, "meeting")
    await supervise(desk, sue, Mode.STATE, ann, ready=True)
    await desk.centre.until_state(ann.agent_id, p.AgentState.READY)
    with pytest.raises(Refused, match="invalid"):
        await supervise(desk, sue, Mode.STATE, ann)
    await supervise(desk, sue, Mode.STATE, ann, campaign_ids=("survey",))
    (line,) = await watched(desk, sue)
    assert (line.state, line.chosen_campaigns) == (p.AgentState.READY, ("survey",))
    await supervise(desk, sue, Mode.STATE, ann, campaign_ids=())
    assert [line.chosen_campaigns for line in await watched(desk, sue)] == [None]
    await configure(desk.centre, "settings", "tenant", must_choose_campaigns=True)
    try:
        assert [line.chosen_campaigns for line in await watched(desk, sue)] == [()]
        with pytest.raises(Refused, match="campaign_choice_required"):
            await supervise(desk, sue, Mode.STATE, ann, campaign_ids=())
    finally:
        await configure(desk.centre, "settings", "tenant")
    for _ in range(2):
        await supervise(desk, sue, Mode.LOG_OUT, ann)
    await ann.leg.until_over()
    await desk.centre.until_state(ann.agent_id, p.AgentState.LOGGED_OUT)
    with pytest.raises(Refused, match="agent_logged_out"):
        await supervise(desk, sue, Mode.STATE, ann, ready=True)


async def test_groups_show_live_states_with_the_number_on_line(desk: Desk) -> None:
    ann, bob, sue = await desk.agent(), await desk.agent(BOB_HZ), await seat(desk)
    group_id = await group(desk, sue, ann)
    interaction, _ = await desk.talk(ann)
    (line,) = await watched(desk, sue, group_id=group_id)
    assert (line.agent_id, line.number) == (ann.agent_id, ann.number)
    assert line.state is p.AgentState.TALKING
    assert (line.interaction_id, line.other_number) == (interaction, "+447700900123")
    everybody = await watched(desk, sue, everywhere=True)
    assert {ann.agent_id, bob.agent_id, sue.agent_id} <= {a.agent_id for a in everybody}
    assert [a.number for a in everybody] == sorted(a.number for a in everybody)
    page = await watched(desk, sue, everywhere=True, after=ann.number, limit=1)
    assert [a.number for a in page] == [bob.number]
    with pytest.raises(Refused, match="group_unknown"):
        await watched(desk, bob, group_id=group_id)
    assert await watched(desk, bob) == ()


# -- bad days --------------------------------------------------------------------------------------
