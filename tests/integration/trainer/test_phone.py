"""Two phones on loopback: real sockets, real audio."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from ringway.trainer.core.call import EndedBy
from ringway.trainer.media import Pacer
from ringway.trainer.phone import Phone
from ringway.trainer.phone_call import PhoneCall
from ringway.trainer.waiting import until

pytestmark = pytest.mark.integration


@pytest.fixture
async def phones() -> AsyncIterator[tuple[Phone, Phone]]:
    async with AsyncExitStack() as stack:
        pacer = await stack.enter_async_context(Pacer.running())
        ann = await stack.enter_async_context(Phone.open("ann", tone_hz=700, pacer=pacer))
        bob = await stack.enter_async_context(Phone.open("bob", tone_hz=500, pacer=pacer))
        yield ann, bob


async def _connected(ann: Phone, bob: Phone) -> tuple[PhoneCall, PhoneCall]:
    ours = await ann.call(f"sip:bob@127.0.0.1:{bob.address[1]}")
    theirs = await bob.next_call()
    await ours.until_answered()
    return ours, theirs


async def test_two_phones_hear_each_other(phones: tuple[Phone, Phone]) -> None:
    ours, theirs = await _connected(*phones)
    await ours.until_hears(500)
    await theirs.until_hears(700)
    assert not ours.heard(700)
    ours.hang_up()
    assert (await theirs.until_over()).by is EndedBy.PEER
    assert (await ours.until_over()).by is EndedBy.US
    assert theirs.ended is not None
    assert theirs.ended.q850 == 16
    assert ours.listener is not None
    assert ours.listener.lost == 0
    assert not phones[0].calls
    assert phones[1].finished == 1


async def test_the_called_party_may_hang_up_and_refuse(phones: tuple[Phone, Phone]) -> None:
    ann, bob = phones
    ours, theirs = await _connected(ann, bob)
    theirs.hang_up()
    assert (await ours.until_over()).by is EndedBy.PEER
    bob.answer_after_s = None
    ours = await ann.call(f"sip:bob@127.0.0.1:{bob.address[1]}")
    theirs = await bob.next_call()
    theirs.refuse(486)
    assert (await ours.until_over()).status == 486


async def test_a_ringing_call_is_given_up(phones: tuple[Phone, Phone]) -> None:
    ann, bob = phones
    bob.answer_after_s = None
    ours = await ann.call(f"sip:bob@127.0.0.1:{bob.address[1]}")
    theirs = await bob.next_call()
    ours.hang_up()
    assert (await ours.until_over()).status == 487
    assert (await theirs.until_over()).status == 487
    assert theirs.answered_at is None


async def test_an_answer_by_hand(phones: tuple[Phone, Phone]) -> None:
    ann, bob = phones
    bob.answer_after_s = None
    ours = await ann.call(f"sip:bob@127.0.0.1:{bob.address[1]}")
    theirs = await bob.next_call()
    theirs.answer()
    await ours.until_answered()
    await theirs.until_hears(700)


async def test_keys_arrive_once_and_in_order(phones: tuple[Phone, Phone]) -> None:
    ours, theirs = await _connected(*phones)
    ours.press("12#*")
    await until(lambda: theirs.keys == "12#*", 15)
    await theirs.until_hears(700)  # and it goes on talking


async def test_hold_silences_the_other_side_and_resume_brings_it_back(
    phones: tuple[Phone, Phone],
) -> None:
    ours, _ = await _connected(*phones)
    await ours.until_hears(500)
    await ours.hold()
    await until(lambda: not ours.hears(500), 15)
    await ours.resume()
    await ours.until_hears(500)


async def test_another_tone_is_heard_when_it_changes(phones: tuple[Phone, Phone]) -> None:
    ours, theirs = await _connected(*phones)
    await theirs.until_hears(700)
    ours.say(1200)
    await theirs.until_hears(1200)


class _Lossy:
    """A datagram transport that loses a third and repeats another of what is sent."""

    def __init__(self, real: asyncio.DatagramTransport, chance: random.Random) -> None:
        self._real = real
        self._chance = chance

    def sendto(self, data: bytes, addr: Any = None) -> None:
        for _ in range(self._chance.choice((0, 1, 2))):
            self._real.sendto(data, addr)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


@pytest.mark.timeout(90)  # repeating what was lost takes its half seconds
async def test_calls_survive_loss_and_repeats(phones: tuple[Phone, Phone]) -> None:
    chance = random.Random(7)
    for phone in phones:
        endpoint = phone._endpoint
        endpoint.transport = _Lossy(endpoint.transport, chance)  # type: ignore[assignment,arg-type]
    ann, bob = phones
    for _ in range(2):
        ours = await ann.call(f"sip:bob@127.0.0.1:{bob.address[1]}")
        theirs = await bob.next_call(25)
        await ours.until_answered(25)
        await ours.until_hears(500)
        ours.hang_up()
        await theirs.until_over(25)
    assert bob.finished == 2


async def test_a_phone_that_disappears_is_noticed(phones: tuple[Phone, Phone]) -> None:
    ann, _ = phones
    async with AsyncExitStack() as stack:
        gone = await stack.enter_async_context(Phone.open("gone"))
        ours, _ = await _connected(ann, gone)
        await ours.until_hears(700)
        # Killed: neither SIP nor RTP is sent or answered any more.
        endpoint = gone._endpoint
        assert endpoint.transport is not None
        endpoint.transport.close()
        for call in gone.calls.values():
            assert call.session is not None
            call.session.close()
        ended = await ours.until_over(15)
        assert ended.by is EndedBy.FAULT
