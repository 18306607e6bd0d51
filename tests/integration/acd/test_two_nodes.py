"""Two Asterisk nodes: agents and customers on either hear each other, and one is drained."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from tests.support.acd_centre import AGENT_HZ, CUSTOMER_HZ, AcdCentre, acd_centre, acd_environment
from tests.support.asterisk import RealAsterisk, real_asterisk
from tests.support.front_centre import FrontCentre
from tests.support.node_pair import NodePair
from tests.support.postgres import PostgresServer
from tests.support.shared import Parts, Shared, parts, shared
from tests.support.waiting import eventually

from ringway.proto import acd as p
from ringway.proto import acd_calls as calls
from ringway.proto import acd_nodes as an
from ringway.proto.base import Done, Request
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import Refused
from ringway.trainer.phone import Phone
from ringway.trainer.phone_call import PhoneCall

# One pair of nodes serves the whole module.
pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120),
]


@dataclass
class TwoNodes:
    """A centre on two nodes; phones register where they are told to."""

    front: FrontCentre
    other: RealAsterisk

    @property
    def acd(self) -> AcdCentre:
        return self.front.acd

    async def agent(self, agent: str, number: str, at: RealAsterisk, mode: p.LegMode) -> Phone:
        account = await self.acd.account(agent, number)
        phone = await self.phone(account, at)
        await self.acd.ask(p.SignInV1, p.AgentStatusV1, agent_id=agent, leg_mode=mode)
        await self.front.ready(agent)
        return phone

    async def phone(self, account: p.AgentAccountV1, at: RealAsterisk) -> Phone:
        phone = await self.acd.stack.enter_async_context(
            Phone.open(
                account.sip_username,
                account.sip_password or "",
                registrar=("127.0.0.1", at.sip_port),
                tone_hz=AGENT_HZ,
            )
        )
        await phone.register()
        return phone

    async def call(self, did: str, at: RealAsterisk) -> PhoneCall:
        return await self.acd.customer.call(f"sip:{did}@127.0.0.1:{at.sip_port}", caller="+8613900")

    async def ask(self, kind: type[Request], **fields: Any) -> an.NodeStatus:
        """Ask about a node as the platform's operator does."""
        question = kind(occurred_at=utcnow(), tenant=an.PLATFORM, **fields)
        return (await self.acd.bus.request(question, an.NodeV1, timeout_s=15)).node

    async def status(self, of: RealAsterisk) -> an.NodeStatus:
        question = an.ListNodesV1(occurred_at=utcnow(), tenant=an.PLATFORM)
        answer = await self.acd.bus.request(question, an.NodeListV1, timeout_s=15)
        return next(node for node in answer.nodes if node.node == of.node)

    async def left(self, at: RealAsterisk) -> list[str]:
        async with at.http() as session, session.get(f"{at.ari_url}/ari/channels") as answer:
            return [channel["id"] for channel in await answer.json()]


@asynccontextmanager
async def _two_nodes(on: Parts) -> AsyncIterator[TwoNodes]:
    async with (
        real_asterisk(on.folder / "b", node="ast-1") as other,
        acd_centre(on.folder, on.database, on.nats) as centre,
    ):
        port = int(centre.health.rsplit(":", 1)[1].split("/")[0])
        centre.acd.kill()
        both = json.dumps([_node(centre.asterisk), _node(other)])
        centre.acd._environment = acd_environment(
            centre.asterisk, on.database, on.nats, port, ari_nodes=both
        )
        await centre.start_acd()
        pair = NodePair(centre, other)
        await eventually(pair.is_whole, within_s=30, what="both nodes are connected")
        yield TwoNodes(FrontCentre(centre), other)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def all_nodes(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer
) -> AsyncIterator[Shared[TwoNodes]]:
    @asynccontextmanager
    async def make() -> AsyncIterator[TwoNodes]:
        async with parts(tmp_path_factory, postgres, "acd") as on, _two_nodes(on) as nodes:
            yield nodes

    async with shared(make) as all_nodes:
        yield all_nodes


@pytest_asyncio.fixture(loop_scope="module")
async def nodes(all_nodes: Shared[TwoNodes], request: pytest.FixtureRequest) -> TwoNodes:
    return await all_nodes.for_test(request.node)


def _node(asterisk: RealAsterisk) -> dict[str, str]:
    return {
        "name": asterisk.node,
        "url": asterisk.ari_url,
        "username": "acd",
        "password": asterisk.passwords["acd"],
        "sip": f"127.0.0.1:{asterisk.sip_port}",
    }


@pytest.mark.parametrize("mode", p.LegMode)
async def test_a_customer_on_one_node_talks_to_an_agent_on_the_other(
    nodes: TwoNodes, mode: p.LegMode
) -> None:
    front, here, there = nodes.front, nodes.acd.asterisk, nodes.other
    name = f"far-{mode}"
    phone = await nodes.agent(
        name, "40" + ("1" if mode is p.LegMode.NAILED_UP else "2"), there, mode
    )
    did = await front.queue(f"q-far-{mode}", name)
    call = await nodes.call(did, here)
    await call.until_hears(AGENT_HZ)
    leg = await phone.next_call()
    await leg.until_hears(CUSTOMER_HZ)
    interaction = await front.started(did)
    told = await front.until_told("connected", interaction_id=interaction)
    print(f"{mode}: joined over the link in {told['wait_s'] * 1000:.0f} ms")
    latency_s = min([await _latency(call, leg, hz) for hz in (1300.0, 1600.0, 1900.0)])
    print(f"{mode}: over the link a new tone is recognised after {latency_s * 1000:.0f} ms")
    assert latency_s < 1.0
    # What talks do is done to the link.
    await front.acd.ask(calls.HoldV1, Done, agent_id=name)
    await front.acd.until_state(name, p.AgentState.HOLD)
    await front.until_sounds(call)
    await front.acd.ask(calls.ResumeV1, Done, agent_id=name)
    await call.until_hears(AGENT_HZ)
    if mode is p.LegMode.ON_DEMAND:
        # A process that begins anew knows both ends of the link. Wait for what was written down.
        await front.until_told("held", interaction_id=interaction)
        await front.acd.until_state(name, p.AgentState.TALKING)
        nodes.acd.acd.kill()
        await nodes.acd.start_acd()
        await front.acd.until_state(name, p.AgentState.TALKING, within_s=15)
    call.hang_up()
    told = await front.until_told("disconnected", interaction_id=interaction)
    assert told["node"] == here.node
    assert told["ended_exactly"]
    await front.acd.until_state(name, p.AgentState.READY)
    # The agent's end is the customer's end, too.
    again = await nodes.call(did, here)
    await again.until_hears(AGENT_HZ)
    await front.acd.ask(p.HangUpV1, Done, agent_id=name)
    await again.until_over()
    await front.sign_out(name)

    async def nothing_is_left() -> bool:
        return not await nodes.left(here) and not await nodes.left(there)

    await eventually(nothing_is_left, within_s=10, what="no channel is left on either node")


async def _latency(call: PhoneCall, leg: PhoneCall, hz: float) -> float:
    """Return how long a change of the customer's tone takes to the agent's ear.

    Most of it is the window over which a tone is measured: compare it with a call on one node.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    call.say(hz)
    await leg.until_hears(hz)
    return loop.time() - began


async def test_a_drained_node_gets_nothing_new_and_loses_no_call(nodes: TwoNodes) -> None:
    front, here, there = nodes.front, nodes.acd.asterisk, nodes.other
    account = await nodes.acd.account("mover", "4101")
    at_home = await nodes.phone(account, there)
    await front.acd.ask(p.SignInV1, p.AgentStatusV1, agent_id="mover", leg_mode=p.LegMode.NAILED_UP)
    await front.ready("mover")
    did = await front.queue("q-drain", "mover")
    call = await nodes.call(did, there)
    await call.until_hears(AGENT_HZ)
    leg = await at_home.next_call()
    # His telephone knows both nodes.
    elsewhere = await nodes.phone(account.model_copy(), here)
    seen = await nodes.ask(an.DrainNodeV1, node=there.node, by="ops")
    assert (seen.calls, seen.agent_legs, seen.drained_by) == (1, 1, "ops")
    again = await nodes.ask(an.DrainNodeV1, node=there.node, by="somebody else")
    assert (again.draining_since, again.drained_by) == (seen.draining_since, "ops")
    with pytest.raises(Refused, match="last_node"):
        await nodes.ask(an.DrainNodeV1, node=here.node)
    with pytest.raises(Refused, match="node_unknown"):
        await nodes.ask(an.DrainNodeV1, node="ast-9")
    with pytest.raises(Refused, match="node_unknown"):  # tenants know of no nodes
        await front.acd.ask(an.DrainNodeV1, an.NodeV1, node=here.node, force=True)
    # A process that begins anew knows it.
    nodes.acd.acd.kill()
    await nodes.acd.start_acd()
    await call.until_hears(AGENT_HZ)
    await leg.until_hears(CUSTOMER_HZ)
    assert not leg.is_over
    call.hang_up()
    await leg.until_over(20)  # when he is free his phone is called from the other node
    new_leg = await elsewhere.next_call(20)
    await front.acd.until_state("mover", p.AgentState.READY, within_s=20)
    later = await nodes.call(did, here)
    await later.until_hears(AGENT_HZ)
    await new_leg.until_hears(CUSTOMER_HZ)
    latency_s = min([await _latency(later, new_leg, hz) for hz in (1300.0, 1600.0, 1900.0)])
    print(f"on one node a new tone is recognised after {latency_s * 1000:.0f} ms")
    empty = await nodes.status(there)
    assert (empty.calls, empty.agent_legs, empty.channels) == (0, 0, 0)
    assert empty.draining_since == seen.draining_since
    busy = await nodes.status(here)
    assert (busy.calls, busy.agent_legs, busy.draining_since) == (1, 1, None)
    later.hang_up()
    await front.sign_out("mover")
    for _ in range(2):  # a repeat does nothing
        assert (await nodes.ask(an.UndrainNodeV1, node=there.node)).draining_since is None
    # Now the other one may go; the last one only by force.
    await nodes.ask(an.DrainNodeV1, node=here.node)
    with pytest.raises(Refused, match="last_node"):
        await nodes.ask(an.DrainNodeV1, node=there.node)
    assert (await nodes.ask(an.DrainNodeV1, node=there.node, force=True)).draining_since
    for node in (here, there):
        await nodes.ask(an.UndrainNodeV1, node=node.node)
