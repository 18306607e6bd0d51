"""Keys on real trunks, in each of the ways carriers send them, in both directions."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.conftest import MakeDatabase
from tests.support.ari import ari_on, clear
from tests.support.asterisk import RealAsterisk, real_asterisk
from tests.support.trunk_bench import TrunkBench, trunk_bench

from ringway.proto.acd import DtmfMode
from ringway.runtime.ari import ChannelDtmfReceived, StasisStart
from ringway.trainer.media import MediaOptions
from ringway.trainer.phone import Phone
from ringway.trainer.phone_call import KeyMode, PhoneCall

# One Asterisk serves the whole module; each test leaves it without trunks and channels.
pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(90),
]

KEYS = "159*#"
# Long enough for a machine that is too busy to send every packet in time.
_HOLD_S = 0.2
# How the far end of a trunk presses keys, what it negotiates, and the trunk's mode.
WAYS: dict[str, tuple[DtmfMode, KeyMode, MediaOptions]] = {
    "rfc4733": (DtmfMode.RFC4733, "rfc4733", MediaOptions(dtmf=101)),
    "rfc4733 as 96": (DtmfMode.RFC4733, "rfc4733", MediaOptions(dtmf=96)),
    "info": (DtmfMode.INFO, "info", MediaOptions(dtmf=None)),
    "inband": (DtmfMode.INBAND, "inband", MediaOptions(dtmf=None, hears_inband=True)),
    "auto, by events": (DtmfMode.AUTO, "rfc4733", MediaOptions(dtmf=101)),
    "auto, audible": (DtmfMode.AUTO, "inband", MediaOptions(dtmf=None, hears_inband=True)),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asterisk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RealAsterisk]:
    async with real_asterisk(tmp_path_factory.mktemp("asterisk")) as asterisk:
        yield asterisk


@pytest_asyncio.fixture(loop_scope="module")
async def bench(asterisk: RealAsterisk, make_database: MakeDatabase) -> AsyncIterator[TrunkBench]:
    database = await make_database("acd")
    async with ari_on(asterisk, "acd-0") as ari, trunk_bench(ari, database) as bench:
        yield bench
        await clear(ari.node)


async def _talk(
    bench: TrunkBench, one: Phone, two: Phone, modes: tuple[DtmfMode, DtmfMode]
) -> tuple[PhoneCall, PhoneCall]:
    """Have the far ends of two trunks in one bridge."""
    node = bench.ari.node
    calls: list[PhoneCall] = []
    await node.create_bridge("i1.b", "mixing,proxy_media")
    for phone, mode, leg in ((one, modes[0], "t1"), (two, modes[1], "t2")):
        await bench.put(leg, phone.address, dtmf=mode)
        await node.originate(f"PJSIP/1@trunk-{leg}", channel_id=leg, app="acd-0")
        calls.append(await phone.next_call())
        await bench.ari.log.until(StasisStart, leg)
        await node.add_to_bridge("i1.b", leg)
    return calls[0], calls[1]


@pytest.mark.parametrize("way", WAYS)
async def test_keys_arrive_from_the_trunk_and_pass_to_the_other_leg_and_back(
    bench: TrunkBench, way: str
) -> None:
    mode, pressed, media = WAYS[way]
    # Silent phones: what a person says may well sound like a key, and this is not about that.
    async with (
        Phone.open("one", tone_hz=0, media=media) as one,
        Phone.open("two", tone_hz=0) as two,
    ):
        trunk, other = await _talk(bench, one, two, (mode, DtmfMode.RFC4733))
        trunk.press(KEYS, pressed, hold_s=_HOLD_S)
        for key in KEYS:
            event = await bench.ari.log.until(ChannelDtmfReceived, "t1", within_s=10)
            assert event.digit == key
        await other.until_keys(KEYS)
        other.press(KEYS, hold_s=_HOLD_S)
        await trunk.until_keys(KEYS)
        assert other.keys == KEYS  # once, and no echo


async def test_keys_pass_between_trunks_of_unlike_modes(bench: TrunkBench) -> None:
    async with (
        Phone.open("one", tone_hz=0, media=WAYS["inband"][2]) as one,
        Phone.open("two", tone_hz=0, media=WAYS["info"][2]) as two,
    ):
        audible, informed = await _talk(bench, one, two, (DtmfMode.INBAND, DtmfMode.INFO))
        audible.press(KEYS, "inband", hold_s=_HOLD_S)
        await informed.until_keys(KEYS)
        informed.press(KEYS, "info", hold_s=_HOLD_S)
        await audible.until_keys(KEYS)


async def test_keys_are_sent_by_command_in_the_way_of_the_trunk(bench: TrunkBench) -> None:
    for n, way in enumerate(("rfc4733", "info", "inband", "auto, audible")):
        mode, _, media = WAYS[way]
        async with Phone.open("one", tone_hz=0, media=media) as phone:
            await bench.put("t1", phone.address, dtmf=mode)
            channel = f"c{n}"
            await bench.ari.node.originate("PJSIP/1@trunk-t1", channel_id=channel, app="acd-0")
            call = await phone.next_call()
            await bench.ari.log.until(StasisStart, channel)
            await bench.ari.node.dtmf(channel, "59#", duration_ms=200, between_ms=200)
            await call.until_keys("59#")
