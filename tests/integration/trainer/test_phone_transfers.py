"""Phones that transfer by REFER, followed by Asterisk itself and by an application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
import pytest_asyncio
from tests.support.ari import clear
from tests.support.exchange import Exchange, exchange

from ringway.runtime.ari import MIXING, ChannelTransfer, StasisStart
from ringway.trainer.phone import Phone
from ringway.trainer.phone_call import PhoneCall
from ringway.trainer.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


@dataclass
class Room:
    """A customer outside (700 Hz), an agent (500 Hz) and an expert (900 Hz)."""

    exchange: Exchange
    customer: Phone
    agent: Phone
    expert: Phone

    async def talk(self) -> tuple[PhoneCall, PhoneCall]:
        """The customer's and the agent's ends of a call, both heard."""
        theirs = await self.customer.call(self.exchange.uri("to-agent"))
        ours = await self.agent.next_call()
        await theirs.until_hears(500, 10)
        await ours.until_hears(700, 10)
        return theirs, ours


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Room]:
    async with AsyncExitStack() as stack:
        made = await stack.enter_async_context(exchange(tmp_path_factory.mktemp("asterisk")))
        phones = []
        for name, hz in (("customer", 700), ("agent", 500), ("expert", 900)):
            phone = await stack.enter_async_context(Phone.open(name, tone_hz=hz))
            await made.trunk(name, phone.address)
            phones.append(phone)
        yield Room(made, *phones)


@pytest_asyncio.fixture(loop_scope="module")
async def room(shared: Room) -> AsyncIterator[Room]:
    yield shared
    await clear(shared.exchange.ari.node)


async def test_a_blind_transfer_reaches_its_target(room: Room) -> None:
    theirs, ours = await room.talk()
    assert await ours.refer("to-expert") == 200
    assert ours.transfer[-1] == 200
    expert = await room.expert.next_call()
    await ours.until_over()
    await theirs.until_hears(900, 10)
    await expert.until_hears(700, 10)
    theirs.hang_up()


async def test_a_blind_transfer_to_nowhere_leaves_the_call(room: Room) -> None:
    theirs, ours = await room.talk()
    assert await ours.refer("nowhere") == 404
    assert ours.is_up
    await theirs.until_hears(500)
    theirs.hang_up()
    await ours.until_over()
    with pytest.raises(ValueError, match="up"):
        await ours.refer("to-expert")


async def test_an_attended_transfer_joins_the_two_others(room: Room) -> None:
    theirs, ours = await room.talk()
    consult = await room.agent.call(room.exchange.uri("to-expert"))
    expert = await room.expert.next_call()
    await consult.until_hears(900, 10)
    await ours.hold()
    assert await ours.refer(replaces=consult) == 200
    await ours.until_over()
    await consult.until_over()
    await theirs.until_hears(900, 10)
    await expert.until_hears(700, 10)
    theirs.hang_up()
    await expert.until_over()


async def test_a_registered_phone_holds_and_transfers_a_call_it_took(room: Room) -> None:
    node = room.exchange.ari.node
    auth = {"auth_type": "digest", "username": "desk", "password": "a secret of desk"}
    await node.put_dynamic("res_pjsip", "auth", "desk", auth)
    await node.put_dynamic("res_pjsip", "aor", "desk", {"max_contacts": "1"})
    endpoint = {"allow": "!all,ulaw", "direct_media": "no", "context": "inbound"}
    await node.put_dynamic(
        "res_pjsip", "endpoint", "desk", endpoint | {"auth": "desk", "aors": "desk"}
    )
    async with Phone.open(
        "desk", "a secret of desk", registrar=room.exchange.address, tone_hz=1100
    ) as desk:
        await desk.register()
        theirs = await room.customer.call(room.exchange.uri("to-desk"))
        ours = await desk.next_call()
        await ours.until_hears(700, 10)
        await ours.hold()
        await until(lambda: not ours.hears(700), 10)
        await ours.resume()
        await ours.until_hears(700)
        await theirs.until_hears(1100)
        assert await ours.refer("to-expert") == 200
        await room.expert.next_call()
        await theirs.until_hears(900, 10)
        theirs.hang_up()


@pytest.mark.parametrize(
    ("state", "told"),
    [("channel_answered", 200), ("channel_declined", 603), ("channel_unavailable", 503)],
)
async def test_an_application_decides_about_a_transfer(room: Room, state: str, told: int) -> None:
    ari = room.exchange.ari
    channel = f"agent-{state}"
    await ari.node.originate(
        "PJSIP/agent",
        channel_id=channel,
        app=ari.app,
        variables={"PJSIP_TRANSFER_HANDLING()": "ari-only"},
    )
    ours = await room.agent.next_call()
    await ari.log.until(StasisStart, channel, within_s=10)
    await ari.node.create_bridge(channel, MIXING)
    await ari.node.add_to_bridge(channel, channel)
    await ours.until_answered()
    async with asyncio.TaskGroup() as group:
        transfer = group.create_task(ours.refer("+442066"))
        await ari.log.until(ChannelTransfer, channel, lambda event: not event.state, within_s=10)
        # Told before it has accepted the REFER itself, Asterisk crashes; no event says when.
        await asyncio.sleep(0.2)
        async with (
            room.exchange.asterisk.http() as session,
            session.post(
                f"{room.exchange.asterisk.ari_url}/ari/channels/{channel}/transfer_progress",
                params={"states": state},
            ) as answer,
        ):
            assert answer.status < 300, await answer.text()
    assert transfer.result() == told
    assert ours.transfer == [100, told]
    assert ours.is_up is (told >= 300)
    await ari.node.destroy_bridge(channel)
