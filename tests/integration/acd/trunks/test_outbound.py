"""Calls to outside numbers by real trunks: routes, capacity, failover, the number that is shown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.conftest import MakeDatabase
from tests.support.ari import ari_on, clear
from tests.support.asterisk import RealAsterisk, real_asterisk
from tests.support.trunk_bench import TrunkBench, trunk_bench
from tests.support.waiting import eventually

from ringway.acd import outbound
from ringway.acd.core.outbound import NoTrunk
from ringway.acd.outbound import NotCarried
from ringway.proto.acd_config import AcdSettings, AgentProfile, CallerIdRule, OutboundRoute
from ringway.trainer.phone import Phone
from ringway.trainer.provider import Provider

# One Asterisk serves the whole module; each test leaves it without trunks and channels.
pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(90),
]

NUMBER = "+8613900000001"
DEAD = ("127.0.0.1", 9)  # nobody listens there


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


async def _route(bench: TrunkBench, name: str, *trunk_ids: str, **fields: object) -> None:
    values = {"name": name, "trunk_ids": trunk_ids, **fields}
    await bench.configure(name, OutboundRoute.model_validate(values))


async def _refusal(bench: TrunkBench, number: str = NUMBER) -> NoTrunk:
    with pytest.raises(NotCarried) as refused:
        await bench.outbound.choices(bench.tenant, number)
    return refused.value.reason


async def test_tenant_without_routes_calls_by_its_first_enabled_trunk(bench: TrunkBench) -> None:
    assert await _refusal(bench) is NoTrunk.NO_ROUTE
    async with Provider.open() as provider:
        await bench.put("t1", DEAD, enabled=False)
        await bench.put("t2", provider.address, caller_id="+862150001000")
        placed = await bench.call(NUMBER)
        call = await provider.next_call()
        assert (placed.is_answered, placed.trunk_id, placed.channel_id) == (True, "t2", "i1.x")
        assert NUMBER in call.header("To")
        assert "+862150001000" in call.header("From")
    assert (await bench.outbound.choices(bench.tenant, "110"))[0].dial_string == "110"
    assert await _refusal(bench, "1;x=y") is NoTrunk.NO_ROUTE


async def test_longest_prefix_decides_and_says_how_the_number_is_dialled(
    bench: TrunkBench,
) -> None:
    await bench.put("t1", DEAD)
    await bench.put("t2", DEAD, tenant=bench.tenant, transport="tcp")
    await _route(bench, "all", "t1")
    await _route(bench, "home", "t2", prefix="+86", strip=2, prepend="0")
    await _route(bench, "dear", "t1", prefix="+8816", is_allowed=False)
    (home,) = await bench.outbound.choices(bench.tenant, NUMBER)
    assert (home.trunk_id, home.dial_string) == ("t2", "013900000001")
    (abroad,) = await bench.outbound.choices(bench.tenant, "+447700900123")
    assert (abroad.trunk_id, abroad.dial_string) == ("t1", "447700900123")
    assert await _refusal(bench, "+881612345") is NoTrunk.NOT_ALLOWED
    await bench.put("t2", DEAD, enabled=False)
    assert await _refusal(bench) is NoTrunk.TRUNKS_DOWN


async def test_number_shown_is_the_routes_the_agents_the_trunks_or_the_tenants(
    bench: TrunkBench,
) -> None:
    await bench.put("t1", DEAD)
    await bench.configure("tenant", AcdSettings(caller_id="+862150001111"))
    await bench.configure("ann", AgentProfile(caller_id="+862150001001"))
    tenant, choices = bench.tenant, bench.outbound.choices

    async def shown(**kwargs: str) -> str:
        return (await choices(tenant, NUMBER, **kwargs))[0].caller_id

    assert await shown() == "+862150001111"
    await bench.put("t1", DEAD, caller_id="+862150002222")
    assert await shown() == "+862150002222"
    assert await shown(caller_id="+8613700000000") == "+8613700000000"
    await _route(bench, "all", "t1", caller_id=CallerIdRule.AGENT)
    assert await shown(agent_id="ann", caller_id="+8613700000000") == "+862150001001"
    await _route(bench, "all", "t1", caller_id=CallerIdRule.FIXED, fixed_caller_id="+862150003333")
    assert await shown(agent_id="ann") == "+862150003333"


async def test_account_of_the_provider_stands_in_from_and_the_caller_in_the_asserted_identity(
    bench: TrunkBench,
) -> None:
    async with Provider.open({"acme": "s3cret"}) as provider:
        await bench.put(
            "t1", provider.address, username="acme", password="s3cret", from_user="acme",
            from_domain="sip.example", caller_id="+862150001000",
        )  # fmt: skip
        assert (await bench.call(NUMBER)).is_answered
        call = await provider.next_call()
        assert "sip:acme@sip.example" in call.header("From")
        assert "+862150001000" in call.header("P-Asserted-Identity")


async def test_full_trunk_is_passed_over_and_two_calls_never_share_its_last_line(
    bench: TrunkBench,
) -> None:
    async with Provider.open() as small, Provider.open() as large:
        await bench.put("t1", small.address, max_channels=1)
        await bench.put("t2", large.address)
        await _route(bench, "all", "t1", "t2")
        both = await bench.outbound.choices(bench.tenant, NUMBER)
        placed = await asyncio.gather(*(bench.place(both, channel_id=f"i{n}.x") for n in range(3)))
        assert sorted(each.trunk_id for each in placed) == ["t1", "t2", "t2"]
        assert (small.most_calls, large.most_calls) == (1, 2)
        assert [c.trunk_id for c in await bench.outbound.choices(bench.tenant, NUMBER)] == ["t2"]
        await _route(bench, "all", "t1")
        assert await _refusal(bench) is NoTrunk.TRUNKS_BUSY
        first = next(each for each in placed if each.trunk_id == "t1")
        await bench.ari.node.hangup(first.channel_id)

        async def has_a_line() -> bool:
            trunk = bench.trunks.get(bench.tenant, "t1")
            return trunk is not None and await bench.watch.active(trunk) == 0

        await eventually(has_a_line)
        assert (await bench.call(NUMBER, channel_id="i9.x")).trunk_id == "t1"


@pytest.mark.parametrize("status", [503, 500, 408, 488])
async def test_next_trunk_carries_what_the_first_refuses(bench: TrunkBench, status: int) -> None:
    async with Provider.open() as bad, Provider.open() as good:
        bad.refuse_calls = (status, None)
        await bench.put("t1", bad.address)
        await bench.put("t2", good.address)
        await _route(bench, "all", "t1", "t2")
        placed = await bench.call(NUMBER)
        assert (placed.is_answered, placed.trunk_id, placed.channel_id) == (True, "t2", "i1~2.x")
        assert [(f.trunk_id, f.sip_code) for f in placed.failures] == [("t1", status)]
        # For a while the other one comes first.
        order = [c.trunk_id for c in await bench.outbound.choices(bench.tenant, NUMBER)]
        assert order == ["t2", "t1"]


@pytest.mark.parametrize(("status", "q850"), [(486, 17), (404, 1), (480, 19), (403, 21), (603, 21)])
async def test_what_the_called_party_says_is_final(
    bench: TrunkBench, status: int, q850: int
) -> None:
    async with Provider.open() as first, Provider.open() as second:
        first.refuse_calls = (status, None)
        await bench.put("t1", first.address)
        await bench.put("t2", second.address)
        await _route(bench, "all", "t1", "t2")
        placed = await bench.call(NUMBER)
        assert (placed.is_answered, placed.sip_code) == (False, status)
        assert placed.cause_q850 == q850
        assert second.requests["INVITE"] == 0


async def test_nobody_else_is_called_once_it_rang(bench: TrunkBench) -> None:
    async with Phone.open("a", answer_after_s=None) as first, Provider.open() as second:
        await bench.put("t1", first.address)
        await bench.put("t2", second.address)
        await _route(bench, "all", "t1", "t2")
        placing = asyncio.get_running_loop().create_task(bench.call(NUMBER))
        call = await first.next_call()

        async def rings() -> bool:
            return (await bench.ari.node.get_channel("i1.x")).state == "Ringing"

        await eventually(rings)
        call.refuse(503)
        placed = await placing
        assert (placed.is_answered, placed.sip_code, placed.channel_id) == (False, 503, "i1.x")
        assert second.requests["INVITE"] == 0
        unanswered = await bench.call(NUMBER, channel_id="i2.x", ring_s=3)
        assert (unanswered.is_answered, unanswered.sip_code) == (False, 0)
        assert second.requests["INVITE"] == 0


async def test_dead_and_unknown_trunks_are_passed_over(
    bench: TrunkBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound, "_SILENCE_S", 3.0)
    async with Provider.open() as good, Provider.open() as silent:
        await bench.put("t1", silent.address)
        await bench.put("t2", DEAD)
        await bench.put("t3", good.address)
        await _route(bench, "all", "t1", "t2", "t3")
        silent.go_down()
        choices = await bench.outbound.choices(bench.tenant, NUMBER)
        await bench.ari.node.delete_dynamic("res_pjsip", "endpoint", "trunk-t2")
        placed = await bench.place(choices)
        assert (placed.is_answered, placed.trunk_id) == (True, "t3")
        assert [f.trunk_id for f in placed.failures] == ["t1", "t2"]

        async def is_alone() -> bool:
            channels = await bench.ari.node.get_channels()
            return [channel.id for channel in channels] == [placed.channel_id]

        await eventually(is_alone, what="the vain calls are over")


async def test_trunk_that_is_known_to_be_down_is_not_tried(bench: TrunkBench) -> None:
    async with Provider.open() as good, Provider.open() as down:
        down.go_down()
        await bench.put("t1", down.address, qualify_s=1)
        await bench.put("t2", good.address, qualify_s=1)
        await _route(bench, "all", "t1", "t2")
        await bench.until_up("t1", is_up=False)
        await bench.until_up("t2", is_up=True)
        assert [c.trunk_id for c in await bench.outbound.choices(bench.tenant, NUMBER)] == ["t2"]


async def test_call_that_nobody_waits_for_any_more_is_hung_up(bench: TrunkBench) -> None:
    async with Phone.open("a", answer_after_s=None) as phone:
        await bench.put("t1", phone.address)
        placing = asyncio.get_running_loop().create_task(bench.call(NUMBER))
        call = await phone.next_call()
        placing.cancel()
        await call.until_over()
        await asyncio.gather(placing, return_exceptions=True)
        assert placing.cancelled()


async def test_call_whose_end_is_never_told_ends_all_the_same(
    bench: TrunkBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound, "_LATE_S", 0.5)
    async with Phone.open("a", answer_after_s=None) as phone:
        await bench.put("t1", phone.address)
        placing = asyncio.get_running_loop().create_task(bench.call(NUMBER, ring_s=4))
        await phone.next_call()
        bench.channels.handlers.clear()  # as after a lost connection to the node
        bench.channels.handlers["i1.x"] = []
        monkeypatch.setattr(bench.channels, "unwatch", lambda *_: None)
        placed = await placing
        assert (placed.is_answered, placed.cause_q850) == (False, 41)

        async def is_silent() -> bool:
            return await bench.ari.node.get_channels() == ()

        await eventually(is_silent, what="no channel is left")
