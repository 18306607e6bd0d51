"""Where calls to a number go: blocked, unassigned, by hours, to agents, numbers and voicemail."""

from __future__ import annotations

import asyncio

import pytest
from tests.support.acd_centre import AGENT_HZ, CUSTOMER_HZ
from tests.support.front_centre import FrontCentre
from tests.support.waiting import eventually

from ringway.proto import acd as p
from ringway.proto.acd_calls import ConferenceStatusV1, EndConferenceV1, StartConferenceV1
from ringway.proto.base import Done
from ringway.runtime.ari import AriClient, StasisStart
from ringway.runtime.settings import AriNodeSettings
from ringway.trainer.phone import Phone

# One centre serves the whole module; each test uses its own numbers, queues and agents.
pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(90),
]


HOURS = {"kind": "time_condition", "value": "hours"}
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


async def test_a_blocked_caller_hears_busy_and_is_never_answered(centre: FrontCentre) -> None:
    did = await centre.route({"kind": "announcement", "value": "vm-goodbye"})
    await centre.put("blocked_caller", "b1", number="+8613900000666", reason="rude")
    call = await centre.call(did, "013900000666")  # however the carrier writes it
    ended = await call.until_over()
    assert (ended.status, call.answered_at) == (486, None)
    interaction = await centre.started(did)
    finished = await centre.until_told("finished", interaction_id=interaction)
    assert (finished["outcome"], finished["caller"]) == ("blocked", "+8613900000666")
    await centre.until_nothing_is_left()


async def test_a_number_without_a_route_does_not_exist(centre: FrontCentre) -> None:
    call = await centre.call("+862199999999")
    assert (await call.until_over()).status == 404
    assert (await centre.until_told("finished", called="+862199999999"))["outcome"] == "refused"


async def test_a_trunk_that_is_full_refuses_callers_without_answering(
    centre: FrontCentre,
) -> None:
    did = await centre.queue("full", leave_when_empty=False)
    target = f"sip:{did}@127.0.0.1:{centre.acd.asterisk.sip_port}"
    async with Phone.open("line") as line:
        host, port = line.address
        limited = {"trunk_id": "t-full", "name": "t", "host": host, "port": port}
        await centre.acd.ask(p.PutTrunkV1, p.TrunkV1, **limited, max_channels=2)
        # All at once: as many as there is room for are let in.
        calls = [await line.call(target, caller=f"+861390000070{n}") for n in range(4)]
        await eventually(lambda: sum(c.is_over for c in calls) == 2, within_s=15, what="refusals")
        let_in = [call for call in calls if not call.is_over]
        for call in let_in:
            await call.until_answered()
        assert {call.status for call in calls if call.is_over} == {503}
        refused = {"outcome": "refused", "detail": "trunk_full", "cause_q850": 34, "called": did}
        await eventually(lambda: len(centre.told("finished", **refused)) == 2, what="two refused")
        let_in[0].hang_up()
        await let_in[0].until_over()
        call = await line.call(target)
        await call.until_answered()
        for each in (call, let_in[1]):
            each.hang_up()
            await each.until_over()
        await centre.acd.ask(p.DeleteTrunkV1, Done, trunk_id="t-full")
    await centre.until_nothing_is_left()


async def test_outside_of_hours_the_closed_target_counts_and_duty_comes_first(
    centre: FrontCentre,
) -> None:
    await centre.put("calendar", "never", name="never", time_zone="UTC", weekly={})
    always = {d: [{"start": "00:00", "end": "24:00"}] for d in DAYS}
    await centre.put("calendar", "always", name="always", time_zone="UTC", weekly=always)
    closed = {"kind": "announcement", "value": "vm-goodbye"}
    did = await centre.route({"kind": "busy"}, calendar_id="never", closed_target=closed)
    call = await centre.call(did)
    await call.until_answered()
    await call.until_over(15)
    assert (await centre.until_told("finished", called=did))["outcome"] == "announced"
    duty = await centre.route(
        {"kind": "busy"},
        calendar_id="never",
        closed_target={"kind": "busy"},
        duty=[{"calendar_id": "always", "target": closed}],
    )
    call = await centre.call(duty)
    await call.until_answered()
    started = await centre.until_told("started", called=duty)
    assert started["trail"][1:] == ["duty:always"]
    await call.until_over(15)
    await centre.until_nothing_is_left()


async def test_a_number_leads_to_a_time_condition_that_changes_at_once(
    centre: FrontCentre,
) -> None:
    await centre.put("calendar", "never", name="never", time_zone="UTC", weekly={})
    condition = {"name": "hours", "calendar_id": "never", "target": {"kind": "busy"}}
    await centre.put("time_condition", "hours", **condition)
    did = await centre.route({"kind": "time_condition", "value": "hours"})
    call = await centre.call(did)
    assert (await call.until_over()).status == 403
    told = await centre.until_told("started", called=did)
    assert told["trail"][1:] == ["condition:hours", "closed:never"]
    await centre.put("time_condition", "hours", **condition, closed_target={"kind": "busy"})
    call = await centre.call(did)
    assert (await call.until_over()).status == 486
    # A group counts on every number, and a queue may lead to a condition, too.
    await centre.put("queue", "away", name="away", calendar_id="never", on_closed=HOURS)
    did = await centre.queue("front", leave_when_empty=False)
    await centre.put(
        "caller_group", "gold", name="gold", numbers=["+8613900000801"], priority=9,
        queues={"front": "away"},
    )  # fmt: skip
    call = await centre.call(did, "+8613900000801")
    assert (await call.until_over()).status == 486
    told = await centre.until_told("started", called=did)
    assert told["trail"][1:] == ["group:gold", "queue:away"]
    await centre.until_nothing_is_left()


async def test_callers_join_a_conference_by_its_pin_and_wait_for_its_beginning(
    centre: FrontCentre,
) -> None:
    await centre.put("conference_room", "weekly", name="weekly", pin="4711")
    did = await centre.route({"kind": "conference", "value": "weekly"})
    phone = await centre.agent("olga", p.LegMode.ON_DEMAND)
    call = await centre.call(did, "+8613900000901")
    await call.until_answered()
    for pin in ("0000#", "4711#"):
        await centre.until_sounds(call)
        call.press(pin)

    async def has_music() -> bool:
        return any(
            b.bridge_type == "holding" and b.channels for b in await centre.acd.node.get_bridges()
        )

    await eventually(has_music, within_s=20, what="he waits with music")
    await centre.acd.ask(
        StartConferenceV1, ConferenceStatusV1, conference_id="weekly", agent_id="olga"
    )
    organiser = await phone.next_call()
    await organiser.until_hears(CUSTOMER_HZ, within_s=15)
    await call.until_hears(AGENT_HZ, within_s=15)
    # One more, from the same number, into a conference that runs.
    other = await centre.call(did, "+8613900000901")
    await other.until_answered()
    await centre.until_sounds(other)
    other.press("4711#")
    await other.until_hears(AGENT_HZ, within_s=15)
    await centre.acd.ask(EndConferenceV1, Done, conference_id="weekly", agent_id="olga")
    for each in (call, other):
        await each.until_over()
    await eventually(lambda: len(centre.told("finished", called=did)) == 2, what="both are told")
    told = centre.told("finished", called=did)[0]
    assert (told["outcome"], told["detail"]) == ("forwarded", "conference")
    await centre.sign_out("olga")
    await centre.until_nothing_is_left()


async def test_who_does_not_know_the_pin_is_not_let_in(centre: FrontCentre) -> None:
    await centre.put("conference_room", "secret", name="secret", pin="4711", wait_s=0)
    did = await centre.route({"kind": "conference", "value": "secret"})
    call = await centre.call(did)
    await call.until_answered()
    for _ in range(3):
        await centre.until_sounds(call)
        call.press("1#")
    await call.until_over(20)
    told = await centre.until_told("finished", called=did)
    assert (told["outcome"], told["detail"]) == ("refused", "conference_pin")
    await centre.until_nothing_is_left()


async def test_a_call_goes_to_an_outside_number_and_both_hear_each_other(
    centre: FrontCentre,
) -> None:
    did = await centre.route({"kind": "number", "value": "+8613700000001"})
    call = await centre.call(did)
    party = await centre.rings_outside()
    assert call.answered_at is None
    assert party.called == "+8613700000001"
    party.answer()
    await call.until_answered()
    party.say(AGENT_HZ)
    await call.until_hears(AGENT_HZ)
    await party.until_hears(CUSTOMER_HZ)
    party.hang_up()
    await call.until_over()
    assert (await centre.until_told("finished", called=did))["outcome"] == "forwarded"
    await centre.until_nothing_is_left()
    # The caller gives up while it rings: nobody rings on.
    call = await centre.call(did)
    party = await centre.rings_outside()
    call.hang_up()
    await party.until_over()
    await centre.until_nothing_is_left()


async def test_a_number_that_is_busy_ends_the_call(centre: FrontCentre) -> None:
    did = await centre.route({"kind": "number", "value": "+8613700000002"})
    call = await centre.call(did)
    (await centre.rings_outside()).refuse(486)
    await call.until_over()
    assert (await centre.until_told("finished", called=did))["outcome"] == "not_answered"
    await centre.until_nothing_is_left()


async def test_a_flow_without_an_ivr_falls_back_to_the_closed_target(centre: FrontCentre) -> None:
    always = {day: [{"start": "00:00", "end": "24:00"}] for day in DAYS}
    await centre.put("calendar", "always", name="always", time_zone="UTC", weekly=always)
    did = await centre.route(
        {"kind": "flow", "value": "main"},
        calendar_id="always",
        closed_target={"kind": "announcement", "value": "vm-goodbye"},
    )
    call = await centre.call(did)
    await call.until_answered()
    await call.until_over(15)
    assert (await centre.until_told("finished", called=did))["outcome"] == "announced"
    await centre.until_nothing_is_left()


async def test_callers_keep_their_number_when_the_acd_starts_again_and_the_trunk_changes(
    centre: FrontCentre,
) -> None:
    did = await centre.route({"kind": "busy"})
    host, port = centre.acd.customer.address
    for codecs in (("ulaw",), ("alaw", "ulaw"), ("ulaw", "alaw")):
        await centre.acd.ask(
            p.PutTrunkV1, p.TrunkV1, trunk_id="t1", name="t", host=host, port=port, codecs=codecs
        )
        call = await centre.call(did, "013900000777")
        await call.until_over()
        told = await centre.until_told("started", called=did, caller="+8613900000777")
        centre.acd.facts.clear()
        assert told["trunk_id"] == "t1"
    centre.acd.acd.kill()
    await centre.acd.start_acd()
    await (await centre.call(did, "013900000777")).until_over()
    await centre.until_told("started", called=did, caller="+8613900000777")


async def test_a_direct_call_rings_the_agent_and_else_goes_to_voicemail(
    centre: FrontCentre,
) -> None:
    await centre.put("voicemail_box", "v-max", name="max", agent_ids=[], max_s=10)
    phone = await centre.agent("max", p.LegMode.ON_DEMAND)
    await centre.put("agent_profile", "max", voicemail_id="v-max")
    did = await centre.route({"kind": "agent", "value": "max"})
    call = await centre.call(did)
    await (await phone.next_call()).until_hears(CUSTOMER_HZ)
    await call.until_hears(AGENT_HZ)
    call.hang_up()
    await centre.acd.until_state("max", p.AgentState.READY)
    await centre.sign_out("max")
    call = await centre.call(did)
    await call.until_answered()
    interaction = await centre.started(did)
    await centre.until_sounds(call)
    call.press("#")  # no greeting, please
    recordings = centre.acd.asterisk.recordings
    await eventually(
        lambda: any(
            interaction in file.name and file.stat().st_size > 24_000
            for file in recordings.iterdir()
        ),
        what="more than a second is recorded",
    )
    call.hang_up()
    left = await centre.until_told("voicemail_left", interaction_id=interaction, within_s=15)
    assert left["duration_s"] >= 1
    assert (await centre.until_told("finished", interaction_id=interaction))[
        "outcome"
    ] == "voicemail"
    await centre.until_nothing_is_left()


async def test_a_talk_with_an_outside_number_goes_on_when_the_acd_dies(
    centre: FrontCentre,
) -> None:
    did = await centre.route({"kind": "number", "value": "+8613700000003"})
    call = await centre.call(did)
    party = await centre.rings_outside()
    party.answer()
    await call.until_answered()
    party.say(AGENT_HZ)
    await call.until_hears(AGENT_HZ)
    centre.acd.acd.kill()
    await centre.acd.start_acd()
    await call.until_hears(AGENT_HZ)
    await party.until_hears(CUSTOMER_HZ)
    party.hang_up()
    await call.until_over()
    assert (await centre.until_told("finished", called=did))["outcome"] == "forwarded"
    await centre.until_nothing_is_left()


async def test_an_ivr_takes_the_caller_and_sends_him_on(centre: FrontCentre) -> None:
    did = await centre.route({"kind": "flow", "value": "main"})
    asterisk = centre.acd.asterisk
    settings = AriNodeSettings(
        name=asterisk.node,
        url=asterisk.ari_url,
        username="dialer",
        password=asterisk.passwords["dialer"],
    )
    async with AriClient.open((settings,), "ivr-0") as ivr, asyncio.TaskGroup() as group:
        came: asyncio.Queue[StasisStart] = asyncio.Queue()
        ivr.on_event(lambda _, e: came.put_nowait(e) if isinstance(e, StasisStart) else None)
        running = group.create_task(ivr.run())
        await ivr.wait_connected(10)
        call = await centre.call(did)
        start = await asyncio.wait_for(came.get(), 10)
        interaction = await centre.started(did)
        assert start.args == ("inbound", centre.acd.tenant, interaction, "main")
        node = ivr.nodes[asterisk.node]
        args = ("target", centre.acd.tenant, interaction, "announcement", "vm-goodbye")
        await node.move(start.channel.id, "acd-0", args)
        await call.until_answered()
        await call.until_over(15)
        running.cancel()
    finished = await centre.until_told("finished", interaction_id=interaction)
    assert finished["outcome"] == "announced"
    assert len(centre.told("finished", interaction_id=interaction)) == 1
    await centre.until_nothing_is_left()
