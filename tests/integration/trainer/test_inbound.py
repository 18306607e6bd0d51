"""Customers who call in through trunks that Asterisk knows by address and port."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
from tests.support.ari import clear
from tests.support.exchange import Exchange, exchange

from ringway.runtime.ari import ChannelHangupRequest
from ringway.trainer.core.call import EndedBy
from ringway.trainer.phone import Phone

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[Exchange, Phone, Phone]]:
    async with AsyncExitStack() as stack:
        made = await stack.enter_async_context(exchange(tmp_path_factory.mktemp("asterisk")))
        one = await stack.enter_async_context(Phone.open("one", tone_hz=700))
        two = await stack.enter_async_context(Phone.open("two", tone_hz=500))
        await made.trunk("tenant-a", one.address)
        await made.trunk("tenant-b", two.address)
        yield made, one, two


@pytest_asyncio.fixture(loop_scope="module")
async def outside(
    world: tuple[Exchange, Phone, Phone],
) -> AsyncIterator[tuple[Exchange, Phone, Phone]]:
    yield world
    await clear(world[0].ari.node)


async def test_trunks_on_one_address_are_told_apart_by_port(
    outside: tuple[Exchange, Phone, Phone],
) -> None:
    exchange, one, two = outside
    await one.call(exchange.uri("+442011"), caller="+8613800000001", name="Li")
    await two.call(
        exchange.uri("+442022"), caller="+8613800000002", asserted="+8613900000009", name="Wang"
    )
    first = await exchange.arrived("+442011")
    second = await exchange.arrived("+442022")
    assert first.channel.name.startswith("PJSIP/tenant-a-")
    assert second.channel.name.startswith("PJSIP/tenant-b-")
    assert (first.channel.caller_number, first.channel.caller_name) == ("+8613800000001", "Li")
    assert second.channel.caller_number == "+8613900000009"  # the asserted one counts


async def test_a_stranger_is_refused(outside: tuple[Exchange, Phone, Phone]) -> None:
    async with Phone.open("stranger") as stranger:
        call = await stranger.call(outside[0].uri("+442011"))
        assert (await call.until_over()).status == 401


async def test_early_media_is_heard_before_the_answer(
    outside: tuple[Exchange, Phone, Phone],
) -> None:
    exchange, phone, _ = outside
    call = await phone.call(exchange.uri("early"))
    await call.until_rings(180)
    await call.until_rings(183)
    await call.until_hears(450)
    assert call.answered_at is None
    await call.until_answered()
    assert call.ringing_at is not None
    assert call.answered_at is not None
    assert call.answered_at - call.ringing_at > 1.2
    assert call.progress == [180, 183]
    await call.until_hears(700)  # itself: it is an echo
    call.hang_up()
    assert (await call.until_over()).by is EndedBy.US


@pytest.mark.parametrize(("cause", "status"), [(17, 486), (34, 503), (1, 404), (19, 480)])
async def test_refusals_are_told_with_status_and_cause(
    outside: tuple[Exchange, Phone, Phone], cause: int, status: int
) -> None:
    exchange, phone, _ = outside
    call = await phone.call(exchange.uri(f"refuse-{cause}"))
    await call.until_over()
    assert (call.status, call.q850) == (status, cause)
    assert call.answered_at is None


async def test_a_caller_gives_up_while_it_rings(outside: tuple[Exchange, Phone, Phone]) -> None:
    exchange, phone, _ = outside
    call = await phone.call(exchange.uri("rings"))
    await call.until_rings(180)
    call.hang_up_after(0.2)
    assert (await call.until_over()).status == 487
    assert call.ended_by is EndedBy.US
    assert call.answered_at is None


async def test_a_caller_hangs_up_after_a_while(outside: tuple[Exchange, Phone, Phone]) -> None:
    exchange, phone, _ = outside
    call = await phone.call(exchange.uri("+442033"))
    channel = (await exchange.arrived("+442033")).channel.id
    await exchange.ari.node.answer(channel)
    await call.until_answered()
    call.hang_up_after(0.3, q850=127)
    request = await exchange.ari.log.until(ChannelHangupRequest, channel, within_s=10)
    assert request.cause == 127
    assert call.answered_at is not None
    assert call.ended_at is not None
    assert 0.2 < call.ended_at - call.answered_at < 5


async def test_one_phone_has_several_calls_with_their_own_audio(
    outside: tuple[Exchange, Phone, Phone],
) -> None:
    exchange, phone, _ = outside
    calls = [await phone.call(exchange.uri("echo")) for _ in range(3)]
    for hz, call in zip((600, 900, 1300), calls, strict=True):
        await call.until_answered()
        call.say(hz)
    for hz, call in zip((600, 900, 1300), calls, strict=True):
        await call.until_hears(hz)
    assert not calls[0].heard(900)
    assert not calls[0].heard(1300)
    for call in calls:
        call.hang_up()
