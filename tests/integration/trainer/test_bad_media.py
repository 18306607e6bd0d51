"""Audio over a bad network, and what RTCP tells about it: between phones and to Asterisk."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from tests.support.exchange import exchange
from tests.support.waiting import eventually

from ringway.runtime.ari import MIXING
from ringway.trainer.core.impairment import Impairment
from ringway.trainer.core.rtcp import Quality
from ringway.trainer.media import MediaOptions
from ringway.trainer.phone import Phone
from ringway.trainer.phone_call import PhoneCall
from ringway.trainer.waiting import until

pytestmark = pytest.mark.integration

REPORTS = MediaOptions(rtcp_every_s=0.3)


def _quality(call: PhoneCall) -> Quality:
    assert call.quality is not None
    return call.quality


async def _connected(
    stack: AsyncExitStack, media: MediaOptions = REPORTS
) -> tuple[PhoneCall, PhoneCall]:
    ann = await stack.enter_async_context(Phone.open("ann", media=REPORTS))
    bob = await stack.enter_async_context(Phone.open("bob", tone_hz=500, media=REPORTS))
    call = await ann.call(f"sip:bob@127.0.0.1:{bob.address[1]}", media=media)
    other = await bob.next_call()
    await call.until_answered()
    return call, other


async def test_lost_packets_are_told_to_their_sender() -> None:
    bad = MediaOptions(rtcp_every_s=0.3, impairment=Impairment(drop_every=4))
    async with AsyncExitStack() as stack:
        call, other = await _connected(stack, bad)
        mine, theirs = _quality(call), _quality(other)
        await until(lambda: (mine.remote_loss_rate or 0) > 0.1, 15, "the sender knows of the loss")
        assert mine.remote_loss_rate == pytest.approx(0.25, abs=0.15)
        assert theirs.reception.lost > 0
        assert other.listener is not None
        assert other.listener.lost > 0
        await until(lambda: theirs.remote_loss_rate is not None, 15)
        assert theirs.remote_loss_rate == 0  # only one way is bad
        call.impair(None)
        await until(lambda: mine.remote_loss_rate == 0, 15, "the line is good again")


async def _round_trip(quality: Quality) -> float:
    await until(lambda: quality.rtt_s is not None, 15, "a round trip")
    assert quality.rtt_s is not None
    return quality.rtt_s


async def test_both_sides_measure_the_round_trip() -> None:
    async with AsyncExitStack() as stack:
        call, other = await _connected(stack)
        for each in (call, other):
            rtt_s = await _round_trip(_quality(each))
            assert 0 <= rtt_s < 1
            assert _quality(each).reports >= 1


async def test_jitter_is_measured_and_delay_is_heard() -> None:
    async with AsyncExitStack() as stack:
        call, other = await _connected(stack)
        await other.until_hears(700)
        call.impair(Impairment(delay_s=1.0))
        loop = asyncio.get_running_loop()
        began = loop.time()
        call.say(1200)
        await other.until_hears(1200)
        assert loop.time() - began > 1.0
        call.impair(Impairment(jitter_s=0.06))
        await until(lambda: _quality(other).reception.jitter > 8000 * 0.008, 15, "jitter")
        await until(lambda: (_quality(call).remote_jitter_s or 0) > 0.008, 15, "jitter is told")


async def test_without_rtcp_there_is_none() -> None:
    async with AsyncExitStack() as stack:
        call, _ = await _connected(stack, MediaOptions())
        assert call.quality is None


@pytest.mark.timeout(90)  # Asterisk reports every five seconds
async def test_asterisk_computes_loss_jitter_and_round_trip(tmp_path: Path) -> None:
    bad = MediaOptions(
        rtcp_every_s=0.5, impairment=Impairment(loss_rate=0.2, jitter_s=0.05, seed=3)
    )
    async with exchange(tmp_path) as centre, Phone.open("customer", media=bad) as phone:
        await centre.trunk("customer", phone.address)
        call = await phone.call(centre.uri("+442088"))
        channel = (await centre.arrived("+442088")).channel.id
        node = centre.ari.node
        await node.answer(channel)
        await node.create_bridge("b", MIXING)
        await node.start_bridge_moh("b")
        await node.add_to_bridge("b", channel)
        await call.until_answered()
        seen: dict[str, float] = {}

        async def all_known() -> bool:
            raw = await node.rtp_statistics(channel)
            seen.update(
                {key: value for key, value in raw.items() if isinstance(value, int | float)}
            )
            return all(seen.get(key, 0) > 0 for key in ("rxploss", "rxjitter", "rtt"))

        await eventually(all_known, within_s=40, what=lambda: f"loss, jitter and rtt in {seen}")
        share = seen["rxploss"] / (seen["rxcount"] + seen["rxploss"])
        assert share == pytest.approx(0.2, abs=0.1)
        assert seen["rtt"] < 1
        quality = _quality(call)
        await until(lambda: quality.reports > 0 and quality.remote_loss_rate is not None, 15)
        assert quality.remote_loss_rate == pytest.approx(0.2, abs=0.15)
