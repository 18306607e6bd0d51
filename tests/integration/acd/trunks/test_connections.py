"""Calls over trunks that speak TCP and TLS, with another Asterisk as the carrier."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from tests.conftest import MakeDatabase
from tests.support.ari import ari_on, clear
from tests.support.asterisk import RealAsterisk, real_asterisk
from tests.support.trunk_bench import TrunkBench, trunk_bench
from tests.support.waiting import eventually

from ringway.proto.acd import TrunkInbound
from ringway.runtime.ari import CallBroadcast, StasisEnd, StasisStart
from ringway.runtime.ids import uuid7
from ringway.trainer.phone import Phone

# Two Asterisks serve the whole module: ours, and a carrier that sends every word back.
pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(90),
    pytest.mark.parametrize("transport", ["tcp", "tls"]),
]

DID = "+862150001000"
TONE_HZ = 700.0
_EXTENSIONS = """
[carrier]
exten => _[+0-9].,1,Answer()
 same => n,Echo()
exten => s,1,Echo()
"""
_PJSIP = """
[common](!)
type = endpoint
context = carrier
allow = !all,ulaw
direct_media = no
from_user = +8613900000001

; Knows us by our address.
[plain-tcp](common)
aors = plain-tcp
[plain-tcp]
type = aor
contact = sip:127.0.0.1:{sip_port}\\;transport=tcp
[plain-tls](common)
aors = plain-tls
[plain-tls]
type = aor
contact = sip:127.0.0.1:{tls_port}\\;transport=tls
[us]
type = identify
endpoint = plain-tcp
match = 127.0.0.1

; Wants a registration.
[acme](common)
aors = acme
auth = acme
[acme]
type = aor
max_contacts = 1
remove_existing = yes
[acme]
type = auth
auth_type = userpass
username = acme
password = s3cret
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asterisk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RealAsterisk]:
    async with real_asterisk(tmp_path_factory.mktemp("ours"), tls=True) as asterisk:
        yield asterisk


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def carrier(
    asterisk: RealAsterisk, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[RealAsterisk]:
    async with real_asterisk(
        tmp_path_factory.mktemp("carrier"),
        node="carrier",
        tls=True,
        pjsip=_PJSIP.format(sip_port=asterisk.sip_port, tls_port=asterisk.tls_port),
        extensions=_EXTENSIONS,
    ) as carrier:
        yield carrier


@pytest_asyncio.fixture(loop_scope="module")
async def bench(asterisk: RealAsterisk, make_database: MakeDatabase) -> AsyncIterator[TrunkBench]:
    database = await make_database("acd")
    async with ari_on(asterisk, "acd-0") as ari, trunk_bench(ari, database) as bench:
        yield bench
        await clear(ari.node)


def _address(carrier: RealAsterisk, transport: str) -> tuple[str, int]:
    return "127.0.0.1", carrier.tls_port if transport == "tls" else carrier.sip_port


async def _caller(bench: TrunkBench, carrier: RealAsterisk, contact: str) -> tuple[str, str]:
    """Have the carrier call, and answer; return our channel and by which endpoint it came."""
    call = {"endpoint": contact, "context": "carrier", "extension": "s", "priority": 1}
    async with carrier.http() as session:
        answer = await session.post(f"{carrier.ari_url}/ari/channels", json=call)
        assert answer.status == 200
    offered = await bench.ari.log.until(CallBroadcast, within_s=15)
    channel_id = offered.channel.id
    assert await bench.ari.node.claim(channel_id, bench.ari.app)
    await bench.ari.log.until(StasisStart, channel_id, within_s=15)
    await bench.ari.node.answer(channel_id)
    return channel_id, json.loads(offered.channel.channelvars["CC_STATE"])["endpoint"]


async def _is_heard_both_ways(bench: TrunkBench, channel_id: str) -> None:
    """Join the carrier, who sends every word back, with a phone that hears itself then."""
    node = bench.ari.node
    async with Phone.open("phone", tone_hz=TONE_HZ) as phone:
        await bench.put("phone", phone.address)
        leg, room = str(uuid7()), str(uuid7())
        await node.originate("PJSIP/1@trunk-phone", channel_id=leg, app=bench.ari.app)
        await bench.ari.log.until(StasisStart, leg, within_s=15)
        await node.create_bridge(room)
        await node.add_to_bridge(room, leg, channel_id)
        await (await phone.next_call()).until_hears(TONE_HZ)
        await node.hangup(channel_id)
        await bench.ari.log.until(StasisEnd, channel_id, within_s=15)
        await clear(node)


async def test_calls_out_and_in_are_heard(
    bench: TrunkBench, carrier: RealAsterisk, transport: str
) -> None:
    await bench.put("t1", _address(carrier, transport), transport=transport, qualify_s=1)
    await bench.until_up("t1", is_up=True)
    placed = await bench.call("+8613900000002")
    assert placed.is_answered
    await _is_heard_both_ways(bench, placed.channel_id)

    channel_id, endpoint = await _caller(bench, carrier, f"PJSIP/{DID}@plain-{transport}")
    assert endpoint == "trunk-t1"
    await _is_heard_both_ways(bench, channel_id)
    await eventually(lambda: _is_empty(carrier), within_s=15, what="the carrier's calls are over")


async def test_registered_trunk_carries_calls_both_ways(
    bench: TrunkBench, carrier: RealAsterisk, transport: str
) -> None:
    account: dict[str, Any] = {
        "username": "acme",
        "password": "s3cret",
        "from_user": "acme",
        "register_at": True,
    }
    await bench.put("t1", _address(carrier, "udp"), **account)
    await bench.until_up("t1", is_up=True)
    made = await bench.put("t1", _address(carrier, transport), transport=transport, **account)
    assert made.inbound is TrunkInbound.REGISTRATION
    await bench.until_up("t1", is_up=True)
    placed = await bench.call("+8613900000002")
    assert placed.is_answered
    await _is_heard_both_ways(bench, placed.channel_id)

    channel_id, endpoint = await _caller(bench, carrier, "PJSIP/acme")
    assert endpoint == "trunk-t1"
    await _is_heard_both_ways(bench, channel_id)


async def _is_empty(carrier: RealAsterisk) -> bool:
    return "0 active channels" in await carrier.command("core show channels count")
