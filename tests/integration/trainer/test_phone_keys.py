"""Keys in three modes: between two phones, and through Asterisk as its endpoints see them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
from tests.support.ari import clear
from tests.support.exchange import Exchange, exchange

from ringway.runtime.ari import MIXING, ChannelDtmfReceived
from ringway.trainer.media import MediaOptions
from ringway.trainer.phone import Phone
from ringway.trainer.phone_call import KeyMode, PhoneCall
from ringway.trainer.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

MODES: tuple[KeyMode, ...] = ("rfc4733", "info", "inband")
ALL = "0123456789*#ABCD"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Exchange]:
    async with exchange(tmp_path_factory.mktemp("asterisk")) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def centre(world: Exchange) -> AsyncIterator[Exchange]:
    yield world
    await clear(world.ari.node)


async def _connected(stack: AsyncExitStack, ours: MediaOptions, theirs: MediaOptions) -> tuple[
    PhoneCall, PhoneCall
]:  # fmt: skip
    ann = await stack.enter_async_context(Phone.open("ann", media=ours))
    bob = await stack.enter_async_context(Phone.open("bob", tone_hz=500, media=theirs))
    call = await ann.call(f"sip:bob@127.0.0.1:{bob.address[1]}")
    other = await bob.next_call()
    await call.until_answered()
    return call, other


@pytest.mark.parametrize("mode", MODES)
async def test_every_key_is_heard_once_both_ways(mode: KeyMode) -> None:
    hearing = MediaOptions(hears_inband=True)
    async with AsyncExitStack() as stack:
        call, other = await _connected(stack, hearing, hearing)
        call.press(ALL, mode)
        other.press("5511", mode)
        await other.until_keys(ALL)
        await call.until_keys("5511")
        await other.until_hears(700)  # and it goes on talking
        assert call.status == 0


async def test_a_long_press_is_one_key() -> None:
    hearing = MediaOptions(hears_inband=True)
    async with AsyncExitStack() as stack:
        call, other = await _connected(stack, hearing, hearing)
        call.press("7", hold_s=0.6)
        call.press("8", "inband", hold_s=0.6)
        await until(lambda: sorted(other.keys) == ["7", "8"], 10)


@pytest.mark.parametrize("number", [96, 110])
async def test_the_offered_payload_type_counts(number: int) -> None:
    async with AsyncExitStack() as stack:
        call, other = await _connected(stack, MediaOptions(dtmf=number), MediaOptions())
        assert call.session is not None
        assert other.session is not None
        assert other.session.talker.dtmf == call.session.talker.dtmf == number
        call.press("12")
        other.press("34")
        await other.until_keys("12")
        await call.until_keys("34")


async def test_events_that_are_not_agreed_cannot_be_pressed() -> None:
    async with AsyncExitStack() as stack:
        call, _ = await _connected(stack, MediaOptions(dtmf=None), MediaOptions())
        with pytest.raises(ValueError, match="no key events"):
            call.press("1")
        with pytest.raises(ValueError, match="no telephone key"):
            call.press("x", "info")


@pytest.mark.parametrize(
    ("mode", "asterisk_mode", "media"),
    [
        ("rfc4733", "rfc4733", MediaOptions(dtmf=110)),
        ("info", "info", MediaOptions(dtmf=None)),
        ("inband", "inband", MediaOptions(dtmf=None, hears_inband=True)),
    ],
)
async def test_asterisk_hears_and_presses_keys(
    centre: Exchange, mode: KeyMode, asterisk_mode: str, media: MediaOptions
) -> None:
    async with (
        Phone.open("customer", tone_hz=0, media=media) as phone,
        Phone.open("agent", tone_hz=0) as agent,
    ):
        await centre.trunk(f"t-{mode}", phone.address, dtmf_mode=asterisk_mode)
        await centre.trunk("agent", agent.address)
        call = await phone.call(centre.uri("+442044"))
        other = await agent.call(centre.uri("+442055"))
        channel = (await centre.arrived("+442044")).channel.id
        partner = (await centre.arrived("+442055")).channel.id
        node = centre.ari.node
        for each in (channel, partner):
            await node.answer(each)
        bridge = f"b-{mode}"
        await node.create_bridge(bridge, MIXING)
        await node.add_to_bridge(bridge, channel, partner)
        await call.until_answered()
        await other.until_answered()
        call.press("19#", mode)
        for key in "19#":
            pressed = await centre.ari.log.until(ChannelDtmfReceived, channel, within_s=10)
            assert pressed.digit == key
        await other.until_keys("19#")  # Asterisk passes them on in the other leg's own way
        other.press("2*8")
        await call.until_keys("2*8")
        await node.destroy_bridge(bridge)
