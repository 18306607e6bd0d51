"""Commands on channels, bridges, prompts and accounts, each on a real Asterisk."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.support.ari import Ari, ari_on, clear
from tests.support.asterisk import RealAsterisk, real_asterisk
from tests.support.sip_peer import SipPeer, sip_peer
from tests.support.waiting import eventually

from ringway.runtime.ari import (
    MIXING,
    ApplicationMoveFailed,
    AriConflict,
    AriError,
    AriNotFound,
    AriUnprocessable,
    BridgeDestroyed,
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelEnteredBridge,
    ChannelHangupRequest,
    ChannelHold,
    ChannelLeftBridge,
    ChannelUnhold,
    ContactStatusChange,
    Dial,
    EndpointStateChange,
    PlaybackFinished,
    PlaybackStarted,
    StasisEnd,
    StasisStart,
)

# One Asterisk serves the whole module; each test leaves it without channels.
pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

ECHO = "Local/*43@from-agent"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asterisk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RealAsterisk]:
    async with real_asterisk(tmp_path_factory.mktemp("asterisk")) as asterisk:
        yield asterisk


@pytest_asyncio.fixture(loop_scope="module")
async def ari(asterisk: RealAsterisk) -> AsyncIterator[Ari]:
    async with ari_on(asterisk, "acd-0") as ari:
        yield ari
        await clear(ari.node)


async def trunk_to(ari: Ari, peer: SipPeer) -> str:
    """Make ``PJSIP/<number>@<the returned name>`` lead to the peer."""
    name = f"trunk-{peer.port}"
    await ari.node.put_dynamic(
        "res_pjsip", "aor", name, {"contact": f"sip:trunk@127.0.0.1:{peer.port}"}
    )
    await ari.node.put_dynamic(
        "res_pjsip",
        "endpoint",
        name,
        {"aors": name, "disallow": "all", "allow": "ulaw", "context": "from-trunk"},
    )
    return name


async def echo_call(ari: Ari, channel_id: str) -> None:
    await ari.node.originate(ECHO, channel_id=channel_id, app=ari.app)
    await ari.log.until(StasisStart, channel_id)


async def test_answered_call_to_a_sip_peer(ari: Ari) -> None:
    async with sip_peer() as peer:
        trunk = await trunk_to(ari, peer)
        state = json.dumps({"tenant": "t1", "role": "customer"})
        await ari.node.originate(
            f"PJSIP/+40215550100@{trunk}",
            channel_id="i1.c",
            app="acd-0",
            app_args=["dial", "x"],
            caller_id='"Shop" <+40215550999>',
            variables={"CC_STATE": state},
        )
        start = await ari.log.until(StasisStart, "i1.c")
        assert start.args == ("dial", "x")
        assert start.channel.state == "Up"
        assert start.channel.protocol_id
        assert json.loads(start.channel.channelvars["CC_STATE"]) == json.loads(state)
        assert peer.dialled == ["+40215550100"]
        assert await ari.node.get_variable("i1.c", "CC_STATE") == state
        assert (await ari.node.rtp_statistics("i1.c"))["channel_uniqueid"] == "i1.c"
        await peer.hang_up()
        gone = await ari.log.until(ChannelDestroyed, "i1.c")
        assert gone.tech_cause is None
        with pytest.raises(AriNotFound):
            await ari.node.get_channel("i1.c")


@pytest.mark.parametrize(
    ("status", "dialstatus", "cause"),
    [(486, "BUSY", 17), (404, "NOANSWER", 1), (503, "CONGESTION", 34), (603, "NOANSWER", 21)],
)
async def test_refused_call_tells_the_sip_status(
    ari: Ari, status: int, dialstatus: str, cause: int
) -> None:
    async with sip_peer(status=status) as peer:
        trunk = await trunk_to(ari, peer)
        await ari.node.originate(f"PJSIP/1@{trunk}", channel_id="i1.c", app="acd-0")
        gone = await ari.log.until(ChannelDestroyed, "i1.c")
        assert (gone.cause, gone.tech_cause) == (cause, status)
        last = [e for e in ari.log.events if isinstance(e, Dial)][-1]
        assert last.dialstatus == dialstatus


async def test_ringing_call_is_given_up_by_us(ari: Ari) -> None:
    async with sip_peer(status=None) as peer:
        trunk = await trunk_to(ari, peer)
        await ari.node.originate(f"PJSIP/1@{trunk}", channel_id="i1.c", app="acd-0")
        await ari.log.until(Dial, "i1.c", lambda dial: dial.dialstatus == "RINGING")
        assert await ari.node.hangup("i1.c")
        await ari.log.until(ChannelDestroyed, "i1.c")
        await eventually(peer.ended.is_set)


async def test_same_channel_id_twice_is_one_call(ari: Ari) -> None:
    async with sip_peer() as peer:
        trunk = await trunk_to(ari, peer)
        first = await ari.node.originate(f"PJSIP/1@{trunk}", channel_id="i1.c", app="acd-0")
        with pytest.raises(AriConflict, match="exists already"):
            await ari.node.originate(f"PJSIP/1@{trunk}", channel_id="i1.c", app="acd-0")
        again = await ari.node.originate(
            f"PJSIP/1@{trunk}", channel_id="i1.c", app="acd-0", exists_ok=True
        )
        assert again.id == first.id == "i1.c"
        await ari.log.until(StasisStart, "i1.c")
        assert peer.dialled == ["1"]


async def test_unknown_endpoint_is_no_conflict_even_after_one(ari: Ari) -> None:
    """Asterisk answers 409 for any failure on a connection that had a true conflict before."""
    await echo_call(ari, "i1.c")
    for attempt in range(2):
        with pytest.raises(AriError, match="Allocation failed") as refused:
            await ari.node.originate("PJSIP/1@nowhere", channel_id=f"i2.{attempt}", app="acd-0")
        assert refused.value.status == 500
        assert not isinstance(refused.value, AriConflict)
        with pytest.raises(AriConflict):
            await ari.node.originate(ECHO, channel_id="i1.c", app="acd-0")


async def test_early_media_path_create_bridge_dial(ari: Ari) -> None:
    async with sip_peer() as peer:
        trunk = await trunk_to(ari, peer)
        await ari.node.create(f"PJSIP/1@{trunk}", channel_id="i1.c", app="acd-0", app_args="out")
        await ari.log.until(StasisStart, "i1.c")
        await ari.node.create_bridge("b1")
        await ari.node.add_to_bridge("b1", "i1.c")
        await ari.node.dial("i1.c", timeout_s=10)
        await ari.log.until(Dial, "i1.c", lambda dial: dial.dialstatus == "ANSWER")


async def test_two_legs_talk_in_a_bridge(ari: Ari) -> None:
    await echo_call(ari, "i1.c")
    await echo_call(ari, "i1.a")
    made = await ari.node.create_bridge("b1", name="i1")
    assert (made.id, made.name) == ("b1", "i1")
    await ari.node.subscribe("acd-0", "bridge:b1")
    with pytest.raises(AriConflict):
        await ari.node.create_bridge("b1")
    assert (await ari.node.create_bridge("b1", MIXING, exists_ok=True)).id == "b1"
    await ari.node.add_to_bridge("b1", "i1.c", "i1.a")
    await ari.log.until(ChannelEnteredBridge, "i1.c")
    both = await ari.log.until(ChannelEnteredBridge, "i1.a")
    assert set(both.bridge.channels) == {"i1.c", "i1.a"}
    assert set((await ari.node.get_bridge("b1")).channels) == {"i1.c", "i1.a"}
    await ari.node.remove_from_bridge("b1", "i1.a")
    await ari.log.until(ChannelLeftBridge, "i1.a")
    with pytest.raises(AriUnprocessable):
        await ari.node.remove_from_bridge("b1", "i1.a")
    assert await ari.node.destroy_bridge("b1")
    assert not await ari.node.destroy_bridge("b1")
    await ari.log.until(BridgeDestroyed)
    assert await ari.node.get_channel("i1.c")
    with pytest.raises(AriNotFound):
        await ari.node.add_to_bridge("b1", "i1.c")


async def test_holding_bridge_with_music(ari: Ari) -> None:
    await echo_call(ari, "i1.c")
    await ari.node.create_bridge("wait", "holding")
    await ari.node.add_to_bridge("wait", "i1.c", role="participant", mute=True)
    await ari.node.start_bridge_moh("wait")
    await ari.node.stop_bridge_moh("wait")
    await ari.node.remove_from_bridge("wait", "i1.c")
    await ari.node.start_moh("i1.c")
    await ari.node.stop_moh("i1.c")
    await ari.node.mute("i1.c", "in")
    await ari.node.unmute("i1.c", "in")
    await ari.node.hold("i1.c")
    await ari.node.unhold("i1.c")


async def test_moved_channel_belongs_to_the_other_application(asterisk: RealAsterisk) -> None:
    """The first application stays subscribed: it learns the cause of the end."""
    async with ari_on(asterisk, "dialer-0") as dialer, ari_on(asterisk, "acd-0") as acd:
        await dialer.node.originate(ECHO, channel_id="i1.c", app="dialer-0", app_args="dial")
        await dialer.log.until(StasisStart, "i1.c")
        await dialer.node.move("i1.c", "acd-0", ["outbound", "t1", "-"])
        assert (await acd.log.until(StasisStart, "i1.c")).args == ("outbound", "t1", "-")
        await dialer.log.until(StasisEnd, "i1.c")
        assert "i1.c" in (await acd.node.get_application("acd-0")).channel_ids
        await acd.node.hangup("i1.c", reason_code=17)
        await acd.log.until(StasisEnd, "i1.c")
        assert (await dialer.log.until(ChannelDestroyed, "i1.c")).cause == 17


async def test_move_to_nobody_fails_with_an_event_and_keeps_the_channel(ari: Ari) -> None:
    await echo_call(ari, "i1.c")
    await ari.node.move("i1.c", "nobody-0", ["a", "b"])
    failed = await ari.log.until(ApplicationMoveFailed, "i1.c")
    assert (failed.destination, failed.args) == ("nobody-0", ("a", "b"))
    await ari.node.set_variable("i1.c", "STILL", "ours")


async def test_continue_in_the_dialplan_leaves_the_application(ari: Ari) -> None:
    await echo_call(ari, "i1.c")
    await ari.node.continue_("i1.c", "from-agent", "*43", 1)
    await ari.log.until(StasisEnd, "i1.c")

    async def is_out_of_reach() -> bool:
        try:
            await ari.node.set_variable("i1.c", "WHOSE", "ours")
        except AriConflict as conflict:
            return "not in Stasis" in conflict.message
        return False

    await eventually(is_out_of_reach)


async def test_variables_of_any_content(ari: Ari) -> None:
    await echo_call(ari, "i1.c")
    odd = 'a&b=c+d%20,"ü€",{"x": true};$ {}'
    await ari.node.set_variable("i1.c", "ODD", odd)
    assert await ari.node.get_variable("i1.c", "ODD") == odd
    assert await ari.node.get_variable("i1.c", "UNSET") is None
    assert await ari.node.get_variable("i1.c", "CHANNEL(state)") == "Up"
    with pytest.raises(AriNotFound):
        await ari.node.get_variable("gone", "ODD")


async def test_ending_what_is_gone_is_no_error(ari: Ari) -> None:
    assert not await ari.node.hangup("gone")
    assert not await ari.node.destroy_bridge("gone")
    assert not await ari.node.stop_playback("gone")
    assert not await ari.node.stop_recording("gone")
    assert not await ari.node.delete_stored_recording("gone")
    assert not await ari.node.delete_dynamic("res_pjsip", "endpoint", "gone")


async def test_hangup_by_word_and_by_number(ari: Ari) -> None:
    await echo_call(ari, "i1.c")
    assert await ari.node.hangup("i1.c", reason="busy")
    assert (await ari.log.until(ChannelDestroyed, "i1.c")).cause == 17
    await echo_call(ari, "i2.c")
    assert await ari.node.hangup("i2.c", 34)
    assert (await ari.log.until(ChannelDestroyed, "i2.c")).cause == 34
    assert not await ari.node.hangup("i2.c")
    assert any(isinstance(e, ChannelHangupRequest) for e in ari.log.events)


async def test_prompts_to_a_channel_and_to_a_bridge(ari: Ari) -> None:
    await echo_call(ari, "i1.c")
    await ari.node.play(
        ["sound:ss-noservice", "sound:please-try-call-later"], channel="i1.c", playback_id="p1"
    )
    await ari.log.until(PlaybackStarted, "i1.c")
    assert await ari.node.stop_playback("p1")
    finished = await ari.log.until(PlaybackFinished, "i1.c")
    assert finished.playback.id == "p1"
    await ari.node.create_bridge("b1")
    await ari.node.add_to_bridge("b1", "i1.c")
    await ari.node.play("sound:ss-noservice", bridge="b1", playback_id="p2")
    heard = await ari.log.until(PlaybackStarted)
    assert heard.bridge_id == "b1"
    await ari.node.play("sound:no-such-file", channel="i1.c", playback_id="p3")
    failed = await ari.log.until(PlaybackFinished, "i1.c")
    assert failed.playback.state == "failed"
    with pytest.raises(ValueError, match="exactly one"):
        await ari.node.play("sound:hello", playback_id="p4")


async def test_keys_arrive_one_by_one(ari: Ari) -> None:
    await echo_call(ari, "i1.c")
    # The echoing half sends back what it hears.
    await ari.node.dtmf("i1.c", "4#", between_ms=60, duration_ms=60)
    assert (await ari.log.until(ChannelDtmfReceived, "i1.c")).digit == "4"
    assert (await ari.log.until(ChannelDtmfReceived, "i1.c")).digit == "#"


async def test_phone_puts_us_on_hold(ari: Ari) -> None:
    async with sip_peer() as peer:
        trunk = await trunk_to(ari, peer)
        await ari.node.originate(f"PJSIP/1@{trunk}", channel_id="i1.c", app="acd-0")
        await ari.log.until(StasisStart, "i1.c")
        assert await peer.hold(True) == 200
        await ari.log.until(ChannelHold, "i1.c")
        assert await peer.hold(False) == 200
        await ari.log.until(ChannelUnhold, "i1.c")


async def test_pushed_account_registers_and_is_called(asterisk: RealAsterisk, ari: Ari) -> None:
    await ari.node.subscribe("acd-0", "endpoint:PJSIP")
    put = ari.node.put_dynamic
    auth = {"auth_type": "userpass", "username": "ann", "password": "s3cret"}
    await put("res_pjsip", "auth", "ann", auth)
    await put("res_pjsip", "aor", "ann", {"max_contacts": "1", "remove_existing": "yes"})
    account = {"aors": "ann", "auth": "ann", "disallow": "all", "allow": "ulaw"}
    await put("res_pjsip", "endpoint", "ann", account)
    await put("res_pjsip", "endpoint", "ann", account)
    assert (await ari.node.get_dynamic("res_pjsip", "aor", "ann"))["max_contacts"] == "1"
    async with sip_peer("ann", password="s3cret") as phone:
        assert await phone.register(asterisk.sip_port) == 200
        contact = await ari.log.until(
            ContactStatusChange, where=lambda e: e.endpoint.resource == "ann"
        )
        assert contact.contact.aor == "ann"
        await ari.log.until(EndpointStateChange, where=lambda e: e.endpoint.state == "online")
        assert (await ari.node.endpoint("PJSIP", "ann")).state == "online"
        await ari.node.originate("PJSIP/ann", channel_id="i1.a", app="acd-0")
        await ari.log.until(StasisStart, "i1.a")
        await ari.node.hangup("i1.a")
        await eventually(phone.ended.is_set)
        assert await phone.register(asterisk.sip_port, expires_s=0) == 200
    assert await ari.node.delete_dynamic("res_pjsip", "endpoint", "ann")
    async with sip_peer("ann", password="s3cret") as phone:
        assert await phone.register(asterisk.sip_port) in (401, 403, 404)
    with pytest.raises(AriError, match="400"):
        await put("res_pjsip", "aor", "ann", {"no_such_field": "1"})


async def test_subscription_to_something_that_does_not_exist_is_refused(ari: Ari) -> None:
    with pytest.raises(AriUnprocessable):
        await ari.node.subscribe("acd-0", "channel:gone")


async def test_node_tells_who_it_is(ari: Ari) -> None:
    info = await ari.node.info()
    assert info.version.startswith("22.")
    assert await ari.node.ping() == info.entity_id
    assert [a.name for a in await ari.node.get_applications()] == ["acd-0"]
    assert "ringway-placeholder" in [e.resource for e in await ari.node.endpoints("PJSIP")]
