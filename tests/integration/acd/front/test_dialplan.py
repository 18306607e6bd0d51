"""A caller reaches the ACD that serves the tenant, and is told when there is none."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.support.ari import Ari, ari_on, clear
from tests.support.asterisk import RealAsterisk, real_asterisk

from ringway.runtime.ari import CallBroadcast, StasisStart
from ringway.trainer.phone import Phone
from ringway.trainer.phone_call import PhoneCall

# One Asterisk and one caller serve the whole module.
pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asterisk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RealAsterisk]:
    async with real_asterisk(tmp_path_factory.mktemp("asterisk")) as asterisk:
        yield asterisk


@pytest_asyncio.fixture(loop_scope="module")
async def ari(asterisk: RealAsterisk) -> AsyncIterator[Ari]:
    async with ari_on(asterisk, "acd-0") as ari:
        for name, context, tenant in (
            ("trunk-t1", "from-trunk", "t-1"),
            ("ann", "from-agent", "t-1"),
            ("stray", "from-trunk", ""),
        ):
            fields = {"context": context, "allow": "!all,ulaw", "accountcode": tenant}
            await ari.node.put_dynamic("res_pjsip", "endpoint", name, fields)
        yield ari
        await clear(ari.node)


@pytest_asyncio.fixture(loop_scope="module")
async def phone() -> AsyncIterator[Phone]:
    async with Phone.open("caller", tone_hz=500) as phone:
        yield phone


async def call(phone: Phone, asterisk: RealAsterisk, called: str, endpoint: str) -> PhoneCall:
    """Call in through an endpoint, which Asterisk knows by the name in From."""
    return await phone.call(f"sip:{called}@127.0.0.1:{asterisk.sip_port}", caller=endpoint)


@pytest.mark.parametrize(
    ("endpoint", "called", "kind"),
    [
        ("trunk-t1", "+862150001000", "inbound"),
        ("trunk-t1", "7", "inbound"),
        ("ann", "*97", "dialed"),
        ("ann", "1002", "dialed"),
    ],
)
async def test_a_call_is_offered_to_every_acd_and_claimed_by_one(
    ari: Ari, phone: Phone, asterisk: RealAsterisk, endpoint: str, called: str, kind: str
) -> None:
    caller = await call(phone, asterisk, called, endpoint)
    offered = await ari.log.until(CallBroadcast)
    assert json.loads(offered.channel.channelvars["CC_STATE"]) == {
        "tenant": "t-1",
        "endpoint": endpoint,
        "kind": kind,
        "dialled": called,
    }
    assert await ari.node.claim(offered.channel.id, "acd-0")
    assert not await ari.node.claim(offered.channel.id, "acd-0")
    start = await ari.log.until(StasisStart, offered.channel.id)
    assert start.args == (kind, "t-1", endpoint, called)
    await ari.node.continue_(offered.channel.id, "refused", "17", 1)
    await caller.until_over()
    assert caller.status == 486


@pytest.mark.parametrize(("endpoint", "at_least_s"), [("trunk-t1", 4.0), ("stray", 0.0)])
async def test_a_call_that_nobody_claims_is_told_so_without_being_answered(
    ari: Ari, phone: Phone, asterisk: RealAsterisk, endpoint: str, at_least_s: float
) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    caller = await call(phone, asterisk, "+862150001000", endpoint)
    await caller.until_rings(183, within_s=20)
    assert at_least_s < loop.time() - began < at_least_s + 8  # most of it a busy machine's
    caller.hang_up()
    await caller.until_over()
    assert caller.answered_at is None
