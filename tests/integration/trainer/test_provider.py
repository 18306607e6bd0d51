"""A provider that Asterisk registers with, calls through, and is called by."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
from tests.support.ari import clear
from tests.support.exchange import Exchange, exchange
from tests.support.waiting import eventually

from ringway.runtime.ari import ChannelDestroyed, StasisStart
from ringway.trainer.core.call import EndedBy
from ringway.trainer.phone import Phone
from ringway.trainer.provider import Provider
from ringway.trainer.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

SECRET = "a secret of acme"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Exchange]:
    async with exchange(tmp_path_factory.mktemp("asterisk")) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def centre(shared: Exchange) -> AsyncIterator[Exchange]:
    yield shared
    await clear(shared.ari.node)


async def _customer_of(
    centre: Exchange, provider: Provider, name: str, password: str = SECRET
) -> None:
    """Make Asterisk a registered customer called ``name``; calls are known by their line."""
    node, place = centre.ari.node, f"127.0.0.1:{provider.address[1]}"
    auth = {
        "auth_type": "digest",
        "username": name,
        "password": password,
        "supported_algorithms_uac": "SHA-256,MD5",
    }
    await node.put_dynamic("res_pjsip", "auth", name, auth)
    await node.put_dynamic(
        "res_pjsip",
        "aor",
        name,
        {"contact": f"sip:{place}", "qualify_frequency": "1", "qualify_timeout": "1"},
    )
    endpoint = {
        "allow": "!all,alaw,ulaw",
        "direct_media": "no",
        "context": "inbound",
        "aors": name,
        "outbound_auth": name,
        "from_user": name,
    }
    await node.put_dynamic("res_pjsip", "endpoint", name, endpoint)
    await node.put_dynamic(
        "res_pjsip",
        "registration",
        name,
        {
            "server_uri": f"sip:{place}",
            "client_uri": f"sip:{name}@{place}",
            "contact_user": name,
            "outbound_auth": name,
            "line": "yes",
            "endpoint": name,
            "expiration": "60",
            "retry_interval": "1",
            "forbidden_retry_interval": "1",
        },
    )


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
async def test_asterisk_registers_and_is_called_at_its_contact(
    centre: Exchange, algorithm: str
) -> None:
    async with AsyncExitStack() as stack:
        names = [f"{algorithm.lower()}-{letter}" for letter in "ab"]
        providers = []
        for name in names:
            provider = await stack.enter_async_context(
                Provider.open({name: SECRET}, algorithm=algorithm, tone_hz=600)
            )
            await _customer_of(centre, provider, name)
            providers.append(provider)
        for name, provider in zip(names, providers, strict=True):
            await provider.until_registered(name)
            call = await provider.call(name, "+442077", caller="+8613800000001")
            arrived = await centre.arrived("+442077")
            # Both send from one address: the line of the registration tells them apart.
            assert arrived.channel.name.startswith(f"PJSIP/{name}-")
            assert arrived.channel.caller_number == "+8613800000001"
            await centre.ari.node.answer(arrived.channel.id)
            await call.until_answered()
            assert provider.calls_in_progress == 1
            call.hang_up()


async def test_a_wrong_password_is_refused_until_it_is_right(centre: Exchange) -> None:
    async with Provider.open({"heals": SECRET}) as provider:
        await _customer_of(centre, provider, "heals", "wrong")
        await until(lambda: provider.requests["REGISTER"] >= 2, 15, "a REGISTER with the password")
        assert not provider.is_registered("heals")
        with pytest.raises(LookupError):
            await provider.call("heals", caller="1")
        await centre.ari.node.put_dynamic(
            "res_pjsip",
            "auth",
            "heals",
            {"auth_type": "digest", "username": "heals", "password": SECRET},
        )
        await provider.until_registered("heals")


async def test_calls_of_a_customer_need_its_password(centre: Exchange) -> None:
    ari = centre.ari
    async with Provider.open({"pays": SECRET}, tone_hz=600) as provider:
        await _customer_of(centre, provider, "pays")
        await ari.node.originate("PJSIP/+8613800000001@pays", channel_id="out", app=ari.app)
        call = await provider.next_call()
        await ari.log.until(StasisStart, "out", within_s=10)
        assert (call.called, provider.users) == ("+8613800000001", ["pays"])
        assert provider.requests["INVITE"] == 2  # the first one had no proof
        await ari.node.hangup("out")
        assert (await call.until_over()).by is EndedBy.PEER
        stranger_is_refused = await _stranger(provider)
        assert stranger_is_refused == 403


async def _stranger(provider: Provider) -> int:
    async with Phone.open("pays", "guessed") as phone:
        call = await phone.call(f"sip:1@127.0.0.1:{provider.address[1]}")
        return (await call.until_over()).status


async def test_capacity_refusals_and_what_asterisk_makes_of_them(centre: Exchange) -> None:
    ari = centre.ari
    async with Provider.open(answer_after_s=0) as provider:
        await centre.trunk("plain", provider.address)
        provider.max_calls = 2
        for number in "12":
            channel = f"full-{number}"
            await ari.node.originate(f"PJSIP/{number}@plain", channel_id=channel, app=ari.app)
            await ari.log.until(StasisStart, channel, within_s=10)
        await ari.node.originate("PJSIP/3@plain", channel_id="full-3", app=ari.app)
        third = await ari.log.until(ChannelDestroyed, "full-3", within_s=10)
        assert (third.tech_cause, third.cause) == (503, 34)
        assert (provider.most_calls, provider.refused[503]) == (2, 1)
        provider.max_calls, provider.refuse_calls = None, (603, 21)
        await ari.node.originate("PJSIP/4@plain", channel_id="full-4", app=ari.app)
        fourth = await ari.log.until(ChannelDestroyed, "full-4", within_s=10)
        assert (fourth.tech_cause, fourth.cause) == (603, 21)


@pytest.mark.timeout(90)  # Asterisk asks every second, and waits for a second each time
async def test_asterisk_notices_that_it_is_down(centre: Exchange) -> None:
    async with Provider.open({"flaky": SECRET}) as provider:
        await _customer_of(centre, provider, "flaky")
        await provider.until_registered("flaky")

        async def contact() -> str:
            lines = (await centre.asterisk.command("pjsip show contacts")).splitlines()
            return next(line for line in lines if " flaky/" in line)

        async def becomes(state: str) -> None:
            async def is_so() -> bool:
                return state in await contact()

            await eventually(is_so, within_s=30, what=f"the contact is {state}")

        await becomes("Avail")
        provider.go_down()
        await becomes("Unavail")
        provider.come_back()
        await becomes("Avail")
        assert provider.requests["OPTIONS"] > 1
