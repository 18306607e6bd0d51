"""Trunks on a real Asterisk: who is let in, what changes leave alone, how a trunk's state shows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from tests.conftest import MakeDatabase
from tests.support.ari import Ari, ari_on, clear
from tests.support.asterisk import RealAsterisk, real_asterisk
from tests.support.trunk_bench import TrunkBench, trunk_bench
from tests.support.waiting import eventually

from ringway.acd import trunk_watch, trunks
from ringway.acd.core.trunk import Trunk, must_be_made_anew, objects
from ringway.acd.outbound import NotCarried
from ringway.acd.trunk_push import push, take_off
from ringway.acd.trunks import Trunks
from ringway.proto.acd import TrunkInbound
from ringway.runtime.ari import AriError, AriNode, AriNotFound, CallBroadcast, StasisStart
from ringway.runtime.errors import Refused
from ringway.runtime.postgres import Pool
from ringway.trainer.phone import Phone
from ringway.trainer.provider import Provider

# One Asterisk serves the whole module; each test leaves it without trunks and channels.
pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(90),
]


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


async def _offered(ari: Ari) -> dict[str, str]:
    """Return whose the caller is who comes in next, as the dialplan says."""
    offered = await ari.log.until(CallBroadcast, within_s=10)
    found = json.loads(offered.channel.channelvars["CC_STATE"])
    await ari.node.hangup(offered.channel.id)
    return {name: found[name] for name in ("tenant", "endpoint")}


async def _is_offered(bench: TrunkBench, phone: Phone, asterisk: RealAsterisk) -> dict[str, str]:
    await phone.call(f"sip:+862150001000@127.0.0.1:{asterisk.sip_port}", caller="+8613900000001")
    return await _offered(bench.ari)


# -- who is let in -------------------------------------------------------------------------------


async def test_trunks_of_two_tenants_behind_one_address_are_told_apart(
    bench: TrunkBench, asterisk: RealAsterisk
) -> None:
    other = str(uuid4())
    async with Phone.open("one") as one, Phone.open("two") as two, Phone.open("three") as three:
        await bench.put("t1", one.address)
        await bench.put("t2", ("127.0.0.2", 5060), other, sources=(f"127.0.0.1:{two.address[1]}",))
        for phone, tenant, trunk_id in ((one, bench.tenant, "t1"), (two, other, "t2")):
            said = await _is_offered(bench, phone, asterisk)
            assert said == {"tenant": tenant, "endpoint": f"trunk-{trunk_id}"}
        call = await three.call(f"sip:1@127.0.0.1:{asterisk.sip_port}", caller="trunk-t1")
        assert (await call.until_over()).status == 401


async def test_an_address_is_one_trunks_only(bench: TrunkBench) -> None:
    await bench.put("t1", ("192.0.2.1", 5060), sources=("192.0.2.0/24", "198.51.100.7:5080"))
    for taken in ("192.0.2.8", "192.0.2.0/28", "192.0.2.77:5060", "198.51.100.7"):
        with pytest.raises(Refused, match="trunk_source_taken"):
            await bench.put("t2", ("203.0.113.1", 5060), str(uuid4()), sources=(taken,))
    made = await bench.put("t2", ("203.0.113.1", 5060), sources=("198.51.100.7:5081",))
    assert made.inbound is TrunkInbound.ADDRESS
    # A host that happens to be another's carrier, too, is no reason to refuse outbound calls.
    late = await bench.put("t3", ("192.0.2.9", 5060), str(uuid4()))
    assert (late.inbound, late.known_sources) == (TrunkInbound.NONE, ())
    await bench.trunks.delete(bench.tenant, "t1")
    again = await bench.put("t3", ("192.0.2.9", 5060), late.tenant)
    assert again.inbound is TrunkInbound.ADDRESS


async def test_trunk_follows_a_host_that_moves(
    bench: TrunkBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: dict[str, list[str]] = {}

    async def addresses(host: str) -> list[str]:
        return names.get(host, [])

    monkeypatch.setattr(trunks, "_addresses", addresses)
    made = await bench.put("t1", ("sip.example", 5060))
    assert made.inbound is TrunkInbound.NONE  # no such name yet
    for there in (["192.0.2.1"], ["192.0.2.2", "2001:db8::2"], []):
        names["sip.example"] = there
        await bench.trunks.resolve_again()
        await bench.trunks.resolve_again()
        now = bench.trunks.get(bench.tenant, "t1")
        assert now is not None
        assert now.inbound is TrunkInbound.ADDRESS
        if there:
            assert {str(each.network.network_address) for each in now.known_sources} == set(there)
    known_by = await bench.ari.node.get_dynamic("res_pjsip", "identify", "trunk-t1")
    assert "192.0.2.2:5060" in known_by["match"]
    assert "[2001:db8::2]:5060" in known_by["match"]
    assert "192.0.2.1:" not in known_by["match"]


async def test_far_end_with_a_password_is_let_in_from_anywhere(
    bench: TrunkBench, asterisk: RealAsterisk
) -> None:
    made = await bench.put("t1", ("192.0.2.1", 5060), username="acme.pbx", password="s3cret")
    assert made.inbound is TrunkInbound.DIGEST
    with pytest.raises(Refused, match="trunk_username_taken"):
        await bench.put("t2", ("192.0.2.2", 5060), str(uuid4()), username="acme.pbx", password="x")
    async with Phone.open("acme.pbx", "s3cret") as phone:
        said = await _is_offered(bench, phone, asterisk)
        assert said["endpoint"] == "trunk-t1"
    for name, password in (("acme.pbx", "wrong"), ("acmexpbx", "s3cret")):
        async with Phone.open(name, password) as phone:
            call = await phone.call(f"sip:1@127.0.0.1:{asterisk.sip_port}")
            assert (await call.until_over()).status in (401, 403)


async def test_what_does_not_fit_together_is_refused(bench: TrunkBench) -> None:
    for fields, word in (
        ({"sources": ("0.0.0.0/0",)}, "too wide"),
        ({"sources": ("192.0.2.1:0",)}, "sources"),
        ({"sources": ("sip.example",)}, "sources"),
        ({"register_at": True}, "register_at"),
        ({"codecs": ("ulaw", "smoke")}, "codecs"),
        ({"username": "u"}, "password"),
        ({"username": 'u">;x', "password": "p"}, "username"),
        ({"from_domain": "a b"}, "from_domain"),
    ):
        with pytest.raises(Refused, match=word):
            await bench.put("t1", ("192.0.2.1", 5060), **fields)
    with pytest.raises(Refused, match="host"):
        await bench.put("t1", ("192.0.2.1;maddr=203.0.113.1", 5060))
    with pytest.raises(Refused, match="trunk_transport_missing"):
        await bench.put("t1", ("192.0.2.1", 5061), transport="tls")
    assert bench.trunks.of(bench.tenant) == []


async def test_password_is_for_the_acd_alone_and_kept_when_it_is_not_given(
    bench: TrunkBench, make_database: MakeDatabase
) -> None:
    made = await bench.put("t1", ("192.0.2.1", 5060), username="u", password="s3cret")
    assert "s3cret" not in repr(made)
    changed = await bench.put("t1", ("192.0.2.1", 5060), username="u2")
    assert changed.password == "s3cret"
    fresh = Trunks(bench.pool, bench.ari.client)
    await fresh.load(bench.tenant)
    assert fresh.get(bench.tenant, "t1") == changed
    dsn = bench.pool.dsn.replace("ringway_acd", "ringway_crm_api", 1)
    async with Pool.open(dsn, max_size=1, application_name="test") as pool:
        async with pool.tenant(bench.tenant) as conn:
            row = await conn.fetchrow("SELECT * FROM acd.trunk_v")
            assert row is not None
            assert "s3cret" not in str(row)
        for table in ("trunk_secret", "trunk_source"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with pool.tenant(bench.tenant) as conn:
                    await conn.fetch(f"SELECT * FROM acd.{table}")
    none = await bench.put("t1", ("192.0.2.1", 5060))
    assert none.password == ""


# -- registration --------------------------------------------------------------------------------


async def test_registered_trunk_is_called_back_and_shows_whether_it_stands(
    bench: TrunkBench, asterisk: RealAsterisk
) -> None:
    async with Provider.open({"acme": "s3cret"}) as provider:
        account: dict[str, Any] = {"username": "acme", "register_at": True}
        made = await bench.put("t1", provider.address, password="wrong", **account)
        assert made.inbound is TrunkInbound.REGISTRATION
        await bench.until_up("t1", is_up=False)
        await bench.put("t1", provider.address, password="s3cret", **account)
        await provider.until_registered("acme")
        await bench.until_up("t1", is_up=True)
        assert bench.told.states("t1") == [False, True]
        assert bench.watch.state(bench.tenant, "t1").is_registered is True

        await provider.call("acme", "+862150001000", caller="+8613900000001")
        said = await _offered(bench.ari)
        assert said == {"tenant": bench.tenant, "endpoint": "trunk-t1"}

        placed = await bench.call("+8613900000002")
        assert placed.is_answered
        assert provider.users == ["acme"]  # the challenge was answered
        await bench.put("t1", provider.address, enabled=False, **account)
        await eventually(lambda: not provider.is_registered("acme"), within_s=15)
        assert [c.id for c in await bench.ari.node.get_channels()] == [placed.channel_id]


async def test_a_late_goodbye_to_the_old_host_does_not_end_the_new_registration(
    bench: TrunkBench,
) -> None:
    # No letter to escape: Asterisk's metrics have one name for both registrations.
    account: dict[str, Any] = {"username": "_", "password": "s3cret", "register_at": True}
    passwords = {"_": "s3cret"}
    async with Provider.open(passwords) as old, Provider.open(passwords) as new:
        before = await bench.put("t1", old.address, **account)
        await bench.until_up("t1", is_up=True)
        old.go_down()
        moving = asyncio.create_task(bench.put("t1", new.address, **account))
        with suppress(TimeoutError):
            await new.until_registered("_", within_s=1)
        old.come_back()
        after = await moving
        assert before.registration is not None
        assert after.registration is not None
        assert before.registration[0] == after.registration[0]
        await eventually(lambda: not old.is_registered("_"), what="the goodbye came")
        await new.until_registered("_")
        await bench.until_up("t1", is_up=True)


async def test_a_registration_that_asterisk_let_go_of_is_begun_again(
    bench: TrunkBench, asterisk: RealAsterisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trunk_watch, "_AGAIN_AFTER_S", 0.5)
    async with Provider.open({"acme": "s3cret"}) as provider:
        await bench.put(
            "t1", provider.address, username="acme", password="s3cret", register_at=True
        )
        await bench.until_up("t1", is_up=True)
        await bench.watch.look_at_all()  # the last look may have been just before it stood
        await asterisk.command("pjsip send unregister *all")
        await eventually(lambda: not provider.is_registered("acme"))

        async def is_back() -> bool:
            await bench.watch.look_at_all()
            return provider.is_registered("acme")

        await eventually(is_back)
        await bench.until_up("t1", is_up=True)


async def test_a_stranger_who_knows_a_registered_trunk_is_not_let_in(
    bench: TrunkBench, asterisk: RealAsterisk
) -> None:
    async with Provider.open({"acme": "s3cret"}) as provider, Phone.open("x") as stranger:
        await bench.put(
            "t1", provider.address, username="acme", password="s3cret", register_at=True
        )
        await provider.until_registered("acme")
        for target in ("acme", "trunk-t1"):
            call = await stranger.call(
                f"sip:{target}@127.0.0.1:{asterisk.sip_port}", caller="trunk-t1"
            )
            assert (await call.until_over()).status == 401


# -- changes -------------------------------------------------------------------------------------


async def test_calls_go_on_while_their_trunk_changes_is_disabled_and_deleted(
    bench: TrunkBench,
) -> None:
    async with Provider.open() as provider:
        await bench.put("t1", provider.address)
        placed = await bench.call("+8613900000001")
        call = await provider.next_call()
        node = bench.ari.node
        # Asterisk itself speaks to the far end, so a call that hears is a call that lives.
        await node.play(("tone:440/60000",), channel=placed.channel_id, playback_id="p")

        async def is_undisturbed() -> None:
            seen = call.listener
            assert seen is not None
            await call.until_hears(440)
            assert not call.is_over

        async def is_counted() -> None:
            trunk = bench.trunks.get(bench.tenant, "t1")
            assert trunk is not None
            assert await bench.watch.channels(trunk) == {placed.channel_id}

        await is_undisturbed()
        await is_counted()
        await bench.put("t1", provider.address, codecs=("alaw",), dtmf="info", qualify_s=5)
        await is_undisturbed()
        await is_counted()
        await bench.put("t1", provider.address, enabled=False)
        await is_undisturbed()
        await is_counted()
        with pytest.raises(AriError):
            await node.originate("PJSIP/1@trunk-t1", channel_id="none", app="acd-0")
        await bench.put("t1", provider.address)
        assert (await bench.call("+8613900000002", channel_id="i2.x")).is_answered
        await bench.trunks.delete(bench.tenant, "t1")
        await is_undisturbed()
        with pytest.raises(AriNotFound):
            await node.get_dynamic("res_pjsip", "endpoint", "trunk-t1")
        await bench.trunks.delete(bench.tenant, "t1")  # a repeat
        await node.hangup(placed.channel_id)
        await call.until_over()


async def test_calls_from_before_a_change_take_their_places_on_the_trunk(
    bench: TrunkBench,
) -> None:
    async with Provider.open() as provider:
        await bench.put("t1", provider.address, max_channels=1)
        placed = await bench.call("+8613900000001")
        trunk = await bench.put("t1", provider.address, max_channels=1, dtmf="info")
        with pytest.raises(NotCarried):
            await bench.outbound.choices(bench.tenant, "+8613900000002")
        assert not await bench.outbound.has_room(trunk, "i2.x")
        await bench.ari.node.hangup(placed.channel_id)

        async def is_free() -> bool:
            return await bench.watch.active(trunk) == 0

        await eventually(is_free)
        assert await bench.outbound.choices(bench.tenant, "+8613900000002")


async def test_a_call_while_its_trunk_is_made_anew_is_carried(
    bench: TrunkBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Provider.open() as provider:
        await bench.put("t1", provider.address)
        choices = await bench.outbound.choices(bench.tenant, "+8613900000001")
        is_off, go_on = asyncio.Event(), asyncio.Event()

        async def slow_push(node: AriNode, trunk: Trunk, left: set[str]) -> None:
            await take_off(node, trunk.endpoint)
            is_off.set()
            await go_on.wait()
            await push(node, trunk, left)

        monkeypatch.setattr(trunks, "push", slow_push)
        changing = asyncio.create_task(bench.put("t1", provider.address, dtmf="info"))
        await is_off.wait()
        asks = bench.trunks.changed

        async def asks_and_goes_on(tenant: str, trunk_id: str) -> bool:
            asyncio.get_running_loop().call_soon(go_on.set)
            return await asks(tenant, trunk_id)

        monkeypatch.setattr(bench.trunks, "changed", asks_and_goes_on)
        try:
            assert (await bench.place(choices)).is_answered
        finally:
            go_on.set()
            await changing
            monkeypatch.undo()


async def test_node_gets_its_trunks_at_connect_and_loses_those_deleted_meanwhile(
    bench: TrunkBench,
) -> None:
    node = bench.ari.node
    for trunk_id in ("t1", "t2", "t3"):
        await bench.put(trunk_id, ("192.0.2.1", 5060 + int(trunk_id[1])))
    await bench.put("t4", ("192.0.2.4", 5060), str(uuid4()))
    await take_off(node, "trunk-t1")
    async with bench.pool.tenant(bench.tenant) as conn:
        await conn.execute("DELETE FROM acd.trunk WHERE trunk_id = 't2'")
    fresh = Trunks(bench.pool, bench.ari.client)
    await fresh.load(bench.tenant)
    await fresh.push_all(node)
    left: set[str] = set()

    async def is_told() -> bool:  # Asterisk lists an endpoint until nothing of its own needs it
        found = await node.endpoints("PJSIP")
        left.clear()
        left.update(e.resource for e in found if e.resource.startswith("trunk-"))
        return left == {"trunk-t1", "trunk-t3", "trunk-t4"}  # t4 is not this replica's to judge

    await eventually(is_told, within_s=10, what=lambda: f"other endpoints than {left}")
    assert (
        "192.0.2.1:5061" in (await node.get_dynamic("res_pjsip", "identify", "trunk-t1"))["match"]
    )


async def test_trunks_that_are_made_anew_stay_listed(bench: TrunkBench) -> None:
    names = [f"t{n}" for n in range(1, 13)]

    async def put(trunk_id: str, dtmf: str) -> None:
        await bench.put(trunk_id, ("192.0.2.1", 5060 + int(trunk_id[1:])), dtmf=dtmf)

    for dtmf in ("rfc4733", "info", "inband", "rfc4733", "info"):
        await asyncio.gather(*(put(trunk_id, dtmf) for trunk_id in names))
    await take_off(bench.ari.node, "trunk-t1")  # what was to be struck off before this, is
    listed = {each.resource for each in await bench.ari.node.endpoints("PJSIP")}
    assert {f"trunk-{each}" for each in names[1:]} <= listed


async def test_pushing_what_is_missing_takes_back_no_change(
    bench: TrunkBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for trunk_id in ("t1", "t2"):
        await bench.put(trunk_id, ("192.0.2.1", 5060))
    waiting, go_on = asyncio.Event(), asyncio.Event()

    async def late_push(node: AriNode, trunk: Trunk, left: set[str]) -> None:
        if trunk.trunk_id == "t1":
            waiting.set()
            await go_on.wait()
        await push(node, trunk, left)

    monkeypatch.setattr(trunks, "push", late_push)
    node = bench.ari.node
    pushing = asyncio.create_task(bench.trunks.push_missing(node, bench.tenant, ()))
    await waiting.wait()
    await bench.put("t2", ("192.0.2.2", 5060))
    go_on.set()
    await pushing
    assert (await node.get_dynamic("res_pjsip", "aor", "trunk-t2"))["contact"] == (
        "sip:192.0.2.2:5060"
    )


async def test_putting_the_same_again_makes_nothing_anew(bench: TrunkBench) -> None:
    account = {"username": "a.b@c+d", "password": 'p;," x', "from_domain": "carrier.example"}
    for trunk_id, fields in (
        ("t1", {"sources": ("192.0.2.0/28", "198.51.100.7:5080", "[2001:db8::1]:5060")}),
        ("t2", {**account, "register_at": True, "transport": "tcp"}),
        ("t3", {**account, "qualify_s": 5}),
    ):
        trunk = await bench.put(trunk_id, ("192.0.2.200", 5060), "", **fields)
        for kind, wanted in objects(trunk).items():
            there = await bench.ari.node.get_dynamic("res_pjsip", kind, trunk.endpoint)
            assert not must_be_made_anew(kind, there, wanted), (kind, there)


async def test_trunk_that_asterisk_refuses_keeps_no_other_from_working(
    bench: TrunkBench, caplog: pytest.LogCaptureFixture
) -> None:
    for trunk_id in ("t1", "t2"):
        await bench.put(trunk_id, ("192.0.2.1", 5060 + int(trunk_id[1])))
    async with bench.pool.tenant(bench.tenant) as conn:
        await conn.execute("UPDATE acd.trunk SET codecs = '{smoke}' WHERE trunk_id = 't1'")
    await take_off(bench.ari.node, "trunk-t2")
    fresh = Trunks(bench.pool, bench.ari.client)
    await fresh.load(bench.tenant)
    await fresh.push_all(bench.ari.node)
    assert await bench.ari.node.get_dynamic("res_pjsip", "endpoint", "trunk-t2")
    assert "A node refuses a trunk." in caplog.messages


# -- state ---------------------------------------------------------------------------------------


async def test_trunk_that_does_not_answer_options_is_down_until_it_does(
    bench: TrunkBench,
) -> None:
    async with Provider.open() as provider:
        await bench.put("t1", provider.address, qualify_s=1)
        await bench.until_up("t1", is_up=True)
        told = len(bench.told.states("t1"))  # it may have begun slowly
        provider.go_down()
        await bench.until_up("t1", is_up=False, within_s=30)
        provider.come_back()
        await bench.until_up("t1", is_up=True, within_s=30)
        assert bench.told.states("t1")[told:] == [False, True]


async def test_state_tells_channels_and_nothing_that_was_not_asked_for(bench: TrunkBench) -> None:
    async with Provider.open() as provider:
        trunk = await bench.put("t1", provider.address)
        state, active = await bench.watch.look(trunk)
        assert (state.is_reachable, state.is_registered, active) == (None, None, 0)
        assert state.is_up
        await bench.call("+8613900000001")
        await bench.ari.log.until(StasisStart, "i1.x")
        assert await bench.watch.active(trunk) == 1


async def test_nothing_of_the_old_settings_stays(bench: TrunkBench, asterisk: RealAsterisk) -> None:
    async with Phone.open("old") as old, Phone.open("new") as new, Phone.open("u", "p") as third:
        await bench.put("t1", old.address, from_user="acme", username="u", password="p")
        await bench.put("t1", old.address)
        for phone in (old, new):
            await bench.put("t1", phone.address, dtmf="info")
            placed = await bench.call("+8613900000001", channel_id=f"{phone.username}.x")
            call = await phone.next_call()
            assert placed.is_answered
            assert "acme" not in call.header("From")
        assert (await _is_offered(bench, new, asterisk))["endpoint"] == "trunk-t1"
        for stranger in (old, third):
            refused = await stranger.call(f"sip:1@127.0.0.1:{asterisk.sip_port}")
            assert (await refused.until_over()).status in (401, 403)
        fresh = Trunks(bench.pool, bench.ari.client)
        await fresh.load(bench.tenant)
        for _ in range(2):
            await fresh.push_all(bench.ari.node)
        aor = await bench.ari.node.get_dynamic("res_pjsip", "aor", "trunk-t1")
        assert aor["contact"] == f"sip:127.0.0.1:{new.address[1]}"
        known_by = await bench.ari.node.get_dynamic("res_pjsip", "identify", "trunk-t1")
        assert str(old.address[1]) not in known_by["match"]
