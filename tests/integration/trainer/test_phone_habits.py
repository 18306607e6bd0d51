"""What a phone does by itself, seen by another that calls it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from ringway.trainer.core.call import EndedBy
from ringway.trainer.core.g711 import Law
from ringway.trainer.media import MediaOptions, Pacer
from ringway.trainer.phone import Phone
from ringway.trainer.phone_call import PhoneCall
from ringway.trainer.waiting import until

pytestmark = pytest.mark.integration

Pair = tuple[Phone, Phone]


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    async with AsyncExitStack() as stack:
        pacer = await stack.enter_async_context(Pacer.running())
        ann = await stack.enter_async_context(Phone.open("ann", tone_hz=700, pacer=pacer))
        bob = await stack.enter_async_context(Phone.open("bob", tone_hz=500, pacer=pacer))
        yield ann, bob


async def _dial(pair: Pair, user: str = "bob", *headers: tuple[str, str]) -> PhoneCall:
    ann, bob = pair
    return await ann.call(f"sip:{user}@127.0.0.1:{bob.address[1]}", extra=headers)


async def test_it_takes_calls_to_any_number_and_tells_who_calls(pair: Pair) -> None:
    ann, bob = pair
    await ann.call(
        f"sip:+8613800000001@127.0.0.1:{bob.address[1]}",
        caller="+442011",
        name='The "best" company',
        asserted="+442000",
        extra=(("X-Campaign", "c1"),),
    )
    call = await bob.next_call()
    assert (call.called, call.number, call.name) == (
        "+8613800000001",
        "+442011",
        'The "best" company',
    )
    assert "sip:+442000@" in call.header("P-Asserted-Identity")
    assert call.header("X-Campaign") == "c1"
    assert call.header("X-Unknown") == ""


@pytest.mark.parametrize(("status", "q850"), [(404, 1), (480, 19), (486, 17), (503, 34), (603, 21)])
async def test_it_refuses_with_any_status_and_cause(pair: Pair, status: int, q850: int) -> None:
    _, bob = pair
    bob.refuse_with, bob.refuse_q850 = status, q850
    call = await _dial(pair)
    await call.until_over()
    assert (call.status, call.q850, call.ended_by) == (status, q850, EndedBy.PEER)
    assert call.progress == []


async def test_habits_are_arguments_too(pair: Pair) -> None:
    ann, _ = pair
    refusing = Phone.open("r", refuse_with=480, refuse_q850=20, auto_answers=True, lines=1)
    async with refusing as one, Phone.open("e", early_media=True, answer_after_s=None) as two:
        refused = await ann.call(f"sip:r@127.0.0.1:{one.address[1]}")
        early = await ann.call(f"sip:e@127.0.0.1:{two.address[1]}")
        await refused.until_over()
        assert (refused.status, refused.q850) == (480, 20)
        await early.until_rings(183)
        early.hang_up()
        assert (await early.until_over()).status == 487


async def test_a_refusal_by_hand_after_ringing(pair: Pair) -> None:
    _, bob = pair
    bob.answer_after_s = None
    call = await _dial(pair)
    theirs = await bob.next_call()
    await call.until_rings(180)
    theirs.refuse(302, extra=(("Contact", "<sip:other@127.0.0.1>"),))
    await call.until_over()
    assert (call.status, call.q850) == (302, None)


async def test_early_media_then_an_answer(pair: Pair) -> None:
    _, bob = pair
    bob.early_media, bob.answer_after_s = True, None
    call = await _dial(pair)
    await call.until_hears(450)
    assert call.progress == [183]
    assert call.answered_at is None
    (await bob.next_call()).answer()
    await call.until_hears(500)


async def test_it_answers_after_its_delay(pair: Pair) -> None:
    _, bob = pair
    bob.answer_after_s = 0.7
    call = await _dial(pair)
    await call.until_answered()
    assert call.ringing_at is not None
    assert call.answered_at is not None
    assert call.answered_at - call.ringing_at > 0.6


@pytest.mark.parametrize(
    "header",
    [
        ("Call-Info", "<sip:127.0.0.1>;answer-after=0"),
        ("Alert-Info", "<http://127.0.0.1>;info=alert-autoanswer"),
        ("Answer-Mode", "Auto"),
    ],
)
async def test_a_header_makes_it_answer_at_once(pair: Pair, header: tuple[str, str]) -> None:
    _, bob = pair
    bob.answer_after_s, bob.auto_answers = None, True
    ignored = await _dial(pair)
    call = await _dial(pair, "bob", header)
    await call.until_answered()
    assert ignored.answered_at is None


async def test_a_second_call_waits_and_a_third_is_busy(pair: Pair) -> None:
    _, bob = pair
    bob.lines, bob.answer_after_s = 2, None
    one, two, three = [await _dial(pair) for _ in range(3)]
    await three.until_over()
    assert (three.status, three.q850) == (486, 17)
    first, second = await bob.next_call(), await bob.next_call()
    first.answer()
    await one.until_answered()
    first.say(900)
    await one.until_hears(900)
    await first.until_hears(700)
    await first.hold()
    second.answer()  # the waiting call is taken, the first one is on hold
    await two.until_hears(500)
    await until(lambda: not first.hears(700), 10)
    second.hang_up()
    await two.until_over()
    await first.resume()
    await first.until_hears(700)
    assert not two.heard(900)


async def test_a_phone_vanishes_without_a_word(pair: Pair) -> None:
    ann, _ = pair
    async with Phone.open("gone") as gone:
        call = await ann.call(f"sip:gone@127.0.0.1:{gone.address[1]}")
        await call.until_hears(700)
        await gone.vanish()
        ended = await call.until_over(20)
        assert ended.by is EndedBy.FAULT


async def test_a_line_is_cut_and_mended(pair: Pair) -> None:
    _, bob = pair
    call = await _dial(pair)
    await call.until_hears(500)
    bob.cut()
    await until(lambda: not call.hears(500), 10)
    assert call.is_up
    bob.cut(is_cut=False)
    await call.until_hears(500)


async def test_two_phones_agree_on_the_only_law_both_speak(pair: Pair) -> None:
    ann, bob = pair
    bob.media = MediaOptions(laws=(Law.ALAW,))
    call = await _dial(pair)
    await call.until_hears(500)
    ann.media = MediaOptions(laws=(Law.ULAW,))
    refused = await _dial(pair)
    await refused.until_over()
    assert refused.status == 488
